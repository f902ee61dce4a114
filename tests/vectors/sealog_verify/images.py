"""Image continuity (FORMAT.md, section 8, "image-break")."""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from .report import Finding, Findings

BREAKS_MAX = 1000
KEYS_SHOWN_MAX = 200
DEPTH_MAX = 40
IN_DOUBT = {
    "segment-hole", "segment-replayed", "parent-order", "fact-contradiction", "object-missing",
    "object-changed", "object-unreadable", "row-changed", "row-foreign", "row-order",
    "segment-mismatch", "counts-mismatch",
}  # fmt: skip

# Values as nested tuples, which are equal if the values are.


class NotDynamoDb(ValueError):
    """No DynamoDB JSON."""


def item_of(text: bytes | None) -> Any:
    """The item's value; None if the text is null or no DynamoDB JSON."""
    if text is None:
        return None
    try:
        value = json.loads(text.decode("utf-8"), parse_constant=_no_constant)
        return _digest(_members(value, DEPTH_MAX))
    except (ValueError, RecursionError):
        return None


def _no_constant(name: str) -> Any:
    raise NotDynamoDb(name)


def _digest(value: Any) -> bytes:
    return sha256(repr(value).encode("ascii", "backslashreplace")).digest()[:16]


def _members(value: Any, depth: int) -> Any:
    if type(value) is not dict:
        raise NotDynamoDb("no object")
    return tuple(sorted((_text(name), _attribute(member, depth)) for name, member in value.items()))


def _attribute(value: Any, depth: int) -> Any:
    if depth == 0 or type(value) is not dict or len(value) != 1:
        raise NotDynamoDb("no attribute value")
    [(kind, inner)] = value.items()
    if kind in ("S", "N", "B"):
        return kind, _text(inner)
    if kind in ("BOOL", "NULL") and type(inner) is bool:
        return kind, inner
    if kind in ("SS", "NS", "BS") and type(inner) is list:
        return kind, tuple(sorted(_text(element) for element in inner))
    if kind == "L" and type(inner) is list:
        return kind, tuple(_attribute(element, depth - 1) for element in inner)
    if kind == "M":
        return kind, _members(inner, depth - 1)
    raise NotDynamoDb("no attribute value")


def _text(value: Any) -> str:
    if type(value) is not str:
        raise NotDynamoDb("no text")
    value.encode("utf-8")  # raises on half of a surrogate pair
    return value


# Continuity.

ABSENT, UNKNOWN = "absent", "unknown"


@dataclass(frozen=True)
class Place:
    commit: int
    index: int  # of the object within its commit
    object: str
    row: int

    @property
    def order(self) -> tuple[int, int, int]:
        return (self.commit, self.index, self.row)


@dataclass(frozen=True)
class Break:
    later: Place
    earlier: Place
    shard: str
    keys: str


class Images:
    """Takes rows in the log's order."""

    def __init__(self) -> None:
        self.opaque: set[int] = set()  # commits whose rows are not all known
        self._left: dict[bytes, tuple[Any, Place]] = {}  # by item: its image, and who left it
        self._breaks: list[Break] = []

    def take(self, place: Place, row: dict[str, Any]) -> None:
        item = item_of(row["keys"])
        if item is None:
            self.opaque.add(place.commit)
            return
        whole = (
            row["verdict"] == b"keep"
            and row["redactions"] is None
            and row["stream_view_type"] == b"NEW_AND_OLD_IMAGES"
        )
        old = _image(row["old_image"]) if whole else UNKNOWN
        before, earlier = self._left.get(item, (UNKNOWN, place))
        if UNKNOWN not in (before, old) and before != old:
            keys = row["keys"].decode("utf-8")[:KEYS_SHOWN_MAX]
            shard = row["shard_id"].decode("utf-8")
            self._breaks.append(Break(place, earlier, shard, keys))
        self._left[item] = (_image(row["new_image"]) if whole else UNKNOWN, place)

    def judge(self, interrupted: list[int], end: int, findings: Findings) -> None:
        """`interrupted`: commits before which something was missed; from `end` on nothing is judged."""
        within = self.opaque | {
            finding.commit
            for finding in findings.ordered()
            if finding.code in IN_DOUBT and finding.commit is not None
        }
        before, doubtful = sorted(set(interrupted)), sorted(within)
        found = [
            broken
            for broken in self._breaks
            if broken.later.commit < end
            and not _any(before, broken.earlier.commit + 1, broken.later.commit)
            and not _any(doubtful, broken.earlier.commit, broken.later.commit)
        ]
        for broken in sorted(found, key=lambda broken: broken.later.order)[:BREAKS_MAX]:
            _report(broken, findings)


def _image(text: bytes | None) -> Any:
    if text is None:
        return ABSENT
    value = item_of(text)
    return UNKNOWN if value is None else value


def _any(numbers: list[int], first: int, last: int) -> bool:
    index = bisect_left(numbers, first)
    return index < len(numbers) and numbers[index] <= last


def _report(broken: Break, findings: Findings) -> None:
    later, earlier = broken.later, broken.earlier
    message = f"item {broken.keys} begins from another image than its change before left"
    findings.put(
        Finding(
            "image-break", later.commit, later.object, broken.shard, later.row, message,
            key=broken.keys,
            earlier={"commit": earlier.commit, "object": earlier.object, "row": earlier.row},
        )
    )  # fmt: skip
