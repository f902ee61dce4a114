"""The log as C2SP tlog-tiles, held against the commits (FORMAT.md, sections 7 and 8, "Tiles")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .fold import Fold
from .hashing import leaf_hash, tree_root
from .notes import NotANote, parse_checkpoint
from .report import Findings
from .store import Store, Unreadable

WIDTH = 256
_NAME = re.compile(
    r"tile/(?P<level>entries|[0-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})(?:\.p/(?P<width>[0-9]{1,3}))?"
)


@dataclass(frozen=True)
class Known:
    """The commits that could be judged as a log, and whether these are all that there are."""

    leaves: list[bytes]
    whole: bool
    origin: str | None
    fold: Fold


@dataclass(frozen=True)
class Tile:
    name: str
    level: int | None  # None: entries
    index: int
    width: int

    @property
    def span(self) -> int:
        """Commits under one hash."""
        return WIDTH ** (self.level or 0)

    @property
    def end(self) -> int:
        return (self.index * WIDTH + self.width) * self.span


class Mismatch(ValueError):
    """The tile is not that of the commits; the message says why."""


def parse_name(name: str) -> Tile | None:
    """A name below `tlog/`."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    groups = match["index"].replace("x", "").split("/")
    if len(groups) > 1 and groups[0] == "000":
        return None  # leading zeros
    width = match["width"]
    if width is not None and not (width[0] != "0" and int(width) < WIDTH):
        return None
    index = int("".join(groups))
    if index >= 1 << 64:
        return None
    level = None if match["level"] == "entries" else int(match["level"])
    return Tile(f"tlog/{name}", level, index, WIDTH if width is None else int(width))


class Tiles:
    """What lies under `tlog/`, listed before the commits are."""

    def __init__(self, store: Store, findings: Findings) -> None:
        self._store = store
        self._findings = findings
        self._tiles: list[Tile] = []
        self._head: bytes | None = None
        self._foreign: list[str] = []
        try:
            names = store.names("tlog")
        except Unreadable as error:
            findings.add("unreadable", str(error), object="tlog")
            return
        for name in names:
            tile = parse_name(name)
            if tile is not None:
                self._tiles.append(tile)
            elif name == "checkpoint":
                self._head = self._read("tlog/checkpoint")
            else:
                findings.add("foreign-object", "no name of a tile", object=f"tlog/{name}")

    def check(self, known: Known) -> None:
        if self._head is not None:
            self._judge("tlog/checkpoint", lambda: _check_head(self._head or b"", known))
        for tile in self._tiles:
            data = self._read(tile.name)
            if data is not None:
                self._judge(tile.name, lambda: _check_tile(tile, data, known))

    def _judge(self, name, check) -> None:
        try:
            check()
        except Mismatch as error:
            self._findings.add("tile-mismatch", str(error), object=name)

    def _read(self, name: str) -> bytes | None:
        try:
            return self._store.read(name)
        except Unreadable as error:
            self._findings.add("unreadable", str(error), object=name)
            return None


def _check_head(data: bytes, known: Known) -> None:
    try:
        head = parse_checkpoint(data)
    except NotANote as error:
        raise Mismatch(f"no checkpoint: {error}") from None
    if known.origin is not None and head.origin != known.origin:
        raise Mismatch(f"is of origin {head.origin}")
    if head.size > len(known.leaves):
        if known.whole:
            raise Mismatch(f"covers {head.size} commits")
        return
    if tree_root(known.leaves[: head.size]) != head.root:
        raise Mismatch("states another root")
    in_force = known.fold.key_index_at(head.size)
    if in_force is None:
        return
    key = known.fold.keys()[in_force]
    lines = head.lines_by(key)
    if len(lines) != 1 or not key.verifies(head.text, lines[0].signature):
        raise Mismatch("no good signature by the key in force")


def _check_tile(tile: Tile, data: bytes, known: Known) -> None:
    if tile.end > len(known.leaves):
        if known.whole:
            raise Mismatch("covers commits that are not there")
        return
    stated = parse_entries(tile, data) if tile.level is None else parse_hashes(tile, data)
    first = tile.index * WIDTH * tile.span
    expected = [
        tree_root(known.leaves[start : start + tile.span])
        for start in range(first, tile.end, tile.span)
    ]
    if stated != expected:
        raise Mismatch("states other hashes than the commits have")


def parse_hashes(tile: Tile, data: bytes) -> list[bytes]:
    if len(data) != 32 * tile.width:
        raise Mismatch(f"{len(data)} bytes are not {tile.width} hashes")
    return [data[start : start + 32] for start in range(0, len(data), 32)]


def parse_entries(tile: Tile, data: bytes) -> list[bytes]:
    """Leaves of a bundle's entries."""
    leaves, place = [], 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 2], "big")
        entry = data[place + 2 : place + 2 + length]
        if place + 2 > len(data) or len(entry) != length:
            raise Mismatch("an entry ends behind the bundle's end")
        leaves.append(leaf_hash(entry))
        place += 2 + length
    if len(leaves) != tile.width:
        raise Mismatch(f"{len(leaves)} entries, not {tile.width}")
    return leaves
