"""The proof of one row (FORMAT.md, section 8, "Proof of a row")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .commit import Commit, Malformed, UnknownFormat, parse_commit
from .hashing import leaf_hash, node_hash
from .notes import Checkpoint, NotANote, VerifierKey, decode_base64, parse_checkpoint

MAX_BYTES = 16 << 20
FIRST_LINE = "c2sp.org/tlog-proof@v1"
MAGIC = b"sealog.proof/1\n"
COLUMNS = (
    "stream_label", "shard_id", "sequence_number", "event_id", "event_name", "event_version", "event_source",
    "aws_region", "created_at", "size_bytes", "stream_view_type", "user_identity_type",
    "user_identity_principal_id", "keys", "old_image", "new_image", "extra", "verdict", "reason", "tags",
    "redactions", "filter",
)  # fmt: skip
REQUIRED = {"stream_label", "shard_id", "sequence_number", "verdict"}
INTEGERS = {"created_at", "size_bytes"}
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,19})")
_INTEGER = re.compile(rb"0|-?[1-9][0-9]{0,18}")


class NoProof(ValueError):
    """The file proves nothing; the message says why."""


@dataclass(frozen=True)
class Proven:
    row: dict[str, str | None]
    place: int
    commit: Commit
    size: int


def check_proof(data: bytes, keys: list[VerifierKey]) -> Proven:
    """What the file proves if the holders of `keys` are believed. Raises NoProof."""
    if len(data) > MAX_BYTES:
        raise NoProof("it is too large")
    head, separator, note = data.partition(b"\n\n")
    if not separator:
        raise NoProof("there is no empty line")
    extra, index, path = _parse_head(head)
    try:
        checkpoint = parse_checkpoint(note)
    except NotANote as error:
        raise NoProof(f"no checkpoint: {error}") from None
    _check_signatures(checkpoint, keys)
    place, row_path, encoded, stored = _parse_extra(extra)
    if root_of(leaf_hash(stored), index, checkpoint.size, path) != checkpoint.root:
        raise NoProof("the commit does not lie in the log at that place")
    try:
        commit = parse_commit(stored)
    except (Malformed, UnknownFormat) as error:
        raise NoProof(f"no commit: {error}") from None
    if commit.number != index or commit.origin != checkpoint.origin:
        raise NoProof("the commit is of another place or log")
    if commit.batch is None:
        raise NoProof("the commit seals no rows")
    root = root_of(leaf_hash(encoded), place, commit.batch["records"], row_path)
    if root is None or root.hex() != commit.batch["records_root"]:
        raise NoProof("the row does not lie in the commit at that place")
    row = parse_row(encoded)
    _check_segment(row, place, commit)
    return Proven(row, place, commit, checkpoint.size)


def _parse_head(head: bytes) -> tuple[bytes, int, list[bytes]]:
    try:
        lines = head.decode("utf-8").split("\n")
        if len(lines) < 3 or lines[0] != FIRST_LINE or not lines[1].startswith("extra "):
            raise NoProof("it does not begin as a proof of a row")
        extra = decode_base64(lines[1].removeprefix("extra "))
        match = _INDEX.fullmatch(lines[2])
        if match is None:
            raise NoProof("it has no index")
        path = [decode_base64(line) for line in lines[3:]]
    except (UnicodeDecodeError, NotANote) as error:
        raise NoProof(str(error)) from None
    if len(path) > 64 or any(len(node) != 32 for node in path):
        raise NoProof("the path holds what is no hash")
    return extra, int(match[1]), path


def _check_signatures(checkpoint: Checkpoint, keys: list[VerifierKey]) -> None:
    seen = set()
    for line in checkpoint.lines:
        key = next((key for key in keys if (key.name, key.key_id) == (line.name, line.key_id)), None)
        if key is None or key in seen:
            raise NoProof(f"a signature by {line.name} that no given key can check")
        if not key.verifies(checkpoint.text, line.signature):
            raise NoProof(f"the signature of {line.name} does not hold")
        seen.add(key)


def _parse_extra(extra: bytes) -> tuple[int, list[bytes], bytes, bytes]:
    rest = extra

    def take(count: int) -> bytes:
        nonlocal rest
        if len(rest) < count:
            raise NoProof("its extra data is cut off")
        part, rest = rest[:count], rest[count:]
        return part

    if take(len(MAGIC)) != MAGIC:
        raise NoProof("its extra data is of another format")
    place = int.from_bytes(take(8), "big")
    row_path = [take(32) for _ in range(take(1)[0])]
    encoded = take(int.from_bytes(take(4), "big"))
    commit = take(int.from_bytes(take(2), "big"))
    if rest:
        raise NoProof("its extra data is too long")
    return place, row_path, encoded, commit


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """The root that a path of RFC 6962, section 2.1.1, leads to; None if it is no path of that place."""
    if index >= size:
        return None
    rest = list(path)

    def climb(place: int, count: int) -> bytes | None:
        """Root over `count` leaves of which `leaf` is number `place`. Siblings are taken from the top."""
        if count == 1:
            return leaf if not rest else None
        if not rest:
            return None
        sibling = rest.pop()
        split = 1 << (count - 1).bit_length() - 1
        if place < split:
            left = climb(place, split)
            return None if left is None else node_hash(left, sibling)
        right = climb(place - split, count - split)
        return None if right is None else node_hash(sibling, right)

    return climb(index, size)


def parse_row(encoded: bytes) -> dict[str, str | None]:
    """Columns 1 to 22 from their leaf encoding (section 4)."""
    row: dict[str, str | None] = {}
    place = 0
    for name in COLUMNS:
        presence = encoded[place : place + 1]
        place += 1
        if presence == b"\x00" and name not in REQUIRED:
            row[name] = None
            continue
        length = int.from_bytes(encoded[place : place + 4], "big")
        cell = encoded[place + 4 : place + 4 + length]
        if presence != b"\x01" or place + 4 > len(encoded) or len(cell) != length:
            raise NoProof(f"the row's {name} cannot be read")
        if name in INTEGERS and not (_INTEGER.fullmatch(cell) and -(1 << 63) <= int(cell) < 1 << 63):
            raise NoProof(f"the row's {name} is no integer")
        place += 4 + length
        try:
            row[name] = cell.decode("utf-8")
        except UnicodeDecodeError:
            raise NoProof(f"the row's {name} is not UTF-8") from None
    if place != len(encoded):
        raise NoProof("there are bytes behind the row")
    return row


def _check_segment(row: dict[str, str | None], place: int, commit: Commit) -> None:
    end = 0
    for segment in commit.batch["segments"] if commit.batch else []:
        end += segment["rows"]
        if place < end:
            if (segment["stream"], segment["shard"]) != (row["stream_label"], row["shard_id"]):
                raise NoProof("the row is not of the shard that the commit states in its place")
            return
    raise NoProof("the commit states no segment for the row")
