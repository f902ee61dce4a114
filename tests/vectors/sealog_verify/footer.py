"""Codecs of a Parquet file, from its footer (Thrift's compact protocol).

pyarrow aborts the process when it is asked for a codec that does not exist, so it is not asked.
"""

from __future__ import annotations

from typing import Any

DEPTH_MAX = 32
BYTES_OF_A_ROW_MIN = 32


class BadFooter(ValueError):
    """No Parquet footer."""


def codecs(data: bytes) -> set[int]:
    """The codecs of all column chunks, as the format numbers them."""
    if len(data) < 12 or data[-4:] != b"PAR1":
        raise BadFooter("no Parquet")
    size = int.from_bytes(data[-8:-4], "little")
    if size > len(data) - 8:
        raise BadFooter("the footer is longer than the file")
    file = _Reader(data[-8 - size : -8]).structure(DEPTH_MAX)
    groups = _list(file.get(4))
    rows = sum(group.get(3) or 0 for group in map(_dict, groups) if type(group.get(3)) is int)
    if rows > len(data) // BYTES_OF_A_ROW_MIN:
        raise BadFooter("more rows than leaf hashes fit into its bytes")
    columns = [column for group in groups for column in _list(_dict(group).get(1))]
    found = [_dict(_dict(column).get(3)).get(4) for column in columns]
    return {codec if type(codec) is int else -1 for codec in found}


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _dict(value: Any) -> dict[int, Any]:
    return value if type(value) is dict else {}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def _bytes(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        if len(taken) != count:
            raise BadFooter("the footer ends too early")
        self._at += count
        return taken

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise BadFooter("a number has no end")

    def _signed(self) -> int:
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def structure(self, depth: int) -> dict[int, Any]:
        """A structure's members by their number."""
        if depth == 0:
            raise BadFooter("nested too deep")
        members: dict[int, Any] = {}
        number = 0
        while (head := self._byte()) != 0:
            following = number + (head >> 4) if head >> 4 else self._signed()
            if following <= number:
                raise BadFooter("members are not numbered upwards")
            number, kind = following, head & 0x0F
            members[number] = kind == 1 if kind in (1, 2) else self._value(kind, depth - 1)
        return members

    def _value(self, kind: int, depth: int) -> Any:
        if kind in (1, 2, 3):
            return self._byte()
        if kind in (4, 5, 6):
            return self._signed()
        if kind == 7:
            return self._bytes(8)
        if kind == 8:
            return self._bytes(self._varint())
        if kind in (9, 10):
            return self._elements(depth)
        if kind == 12:
            return self.structure(depth)
        raise BadFooter(f"a member of kind {kind}")

    def _elements(self, depth: int) -> list[Any]:
        if depth <= 0:
            raise BadFooter("nested too deep")
        head = self._byte()
        count = head >> 4 if head >> 4 < 15 else self._varint()
        if count > len(self._data):
            raise BadFooter("a list is longer than the footer")
        if count and head & 0x0F in (1, 2):
            raise BadFooter("a list of truth values")
        return [self._value(head & 0x0F, depth - 1) for _ in range(count)]
