"""Evidence: Parquet objects, their rows and what a commit says of them (FORMAT.md, sections 4 and 8)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha256
from itertools import repeat
from typing import Any, Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from .commit import DECISIONS, Commit
from .filters import FilterCheck
from .footer import codecs
from .hashing import tree_root
from .images import Images, Place
from .report import Findings
from .store import Store, Unreadable

TEXT, INTEGER, TIME, HASH = "text", "integer", "time", "hash"
COLUMNS: list[tuple[str, str]] = [
    ("stream_label", TEXT),
    ("shard_id", TEXT),
    ("sequence_number", TEXT),
    ("event_id", TEXT),
    ("event_name", TEXT),
    ("event_version", TEXT),
    ("event_source", TEXT),
    ("aws_region", TEXT),
    ("created_at", TIME),
    ("size_bytes", INTEGER),
    ("stream_view_type", TEXT),
    ("user_identity_type", TEXT),
    ("user_identity_principal_id", TEXT),
    ("keys", TEXT),
    ("old_image", TEXT),
    ("new_image", TEXT),
    ("extra", TEXT),
    ("verdict", TEXT),
    ("reason", TEXT),
    ("tags", TEXT),
    ("redactions", TEXT),
    ("filter", TEXT),
    ("leaf_hash", HASH),
]
DECODED_MAX_BYTES = 64 << 20
CODECS = {0, 6}  # none, ZSTD
REQUIRED = {"stream_label", "shard_id", "sequence_number", "verdict", "leaf_hash"}
_INDEX = {name: index for index, (name, _) in enumerate(COLUMNS)}

IMAGE_COLUMNS = (
    "shard_id", "keys", "old_image", "new_image", "verdict", "redactions", "stream_view_type",
)  # fmt: skip

Cell = bytes | int | None


class NotEvidence(ValueError):
    """No Parquet of section 4's schema."""


@dataclass
class Rows:
    """What the checks need of an object's rows; the list at one index is one row."""

    leaves: list[bytes] = field(default_factory=list)
    stored_leaves: list[Cell] = field(default_factory=list)
    streams: list[Cell] = field(default_factory=list)
    shards: list[Cell] = field(default_factory=list)
    sequence_numbers: list[Cell] = field(default_factory=list)
    verdicts: list[Cell] = field(default_factory=list)
    reasons: list[Cell] = field(default_factory=list)
    filters: list[Cell] = field(default_factory=list)
    images: dict[str, list[Cell]] = field(default_factory=dict)  # the columns named in IMAGE_COLUMNS

    def extend(self, columns: list[list[Cell]]) -> None:
        self.leaves += record_leaves(columns[:-1])
        self.stored_leaves += columns[_INDEX["leaf_hash"]]
        self.streams += columns[_INDEX["stream_label"]]
        self.shards += columns[_INDEX["shard_id"]]
        self.sequence_numbers += columns[_INDEX["sequence_number"]]
        self.verdicts += columns[_INDEX["verdict"]]
        self.reasons += columns[_INDEX["reason"]]
        self.filters += columns[_INDEX["filter"]]
        for name in IMAGE_COLUMNS:
            self.images.setdefault(name, []).extend(columns[_INDEX[name]])


# Leaves.


def record_leaves(columns: list[list[Cell]]) -> list[bytes]:
    """Record leaves of rows that are given as columns 1 to 22."""
    pieces = [_pieces(column) for column in columns]
    return [sha256(b"\x00" + b"".join(row)).digest() for row in zip(*pieces)]


def _pieces(column: list[Cell]) -> Iterable[bytes]:
    if not any(cell is not None for cell in column):
        return repeat(b"\x00", len(column))
    return [b"\x00" if cell is None else _piece(cell) for cell in column]


def _piece(cell: bytes | int) -> bytes:
    data = b"%d" % cell if type(cell) is int else cell
    return b"\x01" + len(data).to_bytes(4, "big") + data


# Parquet.


def read_row_groups(data: bytes) -> Iterator[list[list[Cell]]]:
    """The columns' cells, row group by row group. Raises NotEvidence, or whatever the reader raises."""
    parquet = pq.ParquetFile(pa.BufferReader(data))
    _check_schema(parquet.schema)
    if unknown := codecs(data) - CODECS:
        raise NotEvidence(f"compressed with codec {min(unknown)}")
    for group in range(parquet.num_row_groups):
        table = parquet.read_row_group(group)
        yield [
            _cells(table.column(index), kind, name in REQUIRED)
            for index, (name, kind) in enumerate(COLUMNS)
        ]


def _check_schema(schema: pq.ParquetSchema) -> None:
    names = [schema.column(index).path for index in range(len(schema.names))]
    if names != [name for name, _ in COLUMNS]:
        raise NotEvidence(f"columns are {names}")
    for index, (name, kind) in enumerate(COLUMNS):
        column = schema.column(index)
        if column.max_repetition_level or column.max_definition_level > 1:
            raise NotEvidence(f"column {name} is not flat")
        if (name in REQUIRED) == bool(column.max_definition_level):
            raise NotEvidence(f"column {name} is required or optional, and should be the other")
        if not _is_kind(column, kind):
            raise NotEvidence(f"column {name} is {column.physical_type} {column.logical_type}")


def _is_kind(column: pq.ColumnSchema, kind: str) -> bool:
    logical = str(column.logical_type)
    if kind == TEXT:
        return column.physical_type == "BYTE_ARRAY" and logical == "String"
    if kind == HASH:
        return column.physical_type == "BYTE_ARRAY" and logical == "None"
    if kind == INTEGER:
        signed = "Int(bitWidth=64, isSigned=true)"
        return column.physical_type == "INT64" and logical in ("None", signed)
    millis = logical.startswith("Timestamp(isAdjustedToUTC=true, timeUnit=milliseconds")
    return column.physical_type == "INT64" and millis


def _cells(column: pa.ChunkedArray, kind: str, required: bool) -> list[Cell]:
    cells: list[Cell] = []
    for chunk in column.chunks:
        if required and chunk.null_count:
            raise NotEvidence("a required cell is null")
        if kind == TEXT:
            chunk.validate(full=True)  # raises on bytes that are not UTF-8
        cells += _integers(chunk, kind) if kind in (INTEGER, TIME) else _byte_strings(chunk)
    return cells


def _integers(chunk: pa.Array, kind: str) -> list[Cell]:
    # Milliseconds as integers: a datetime cannot hold all of them.
    if kind == TIME:
        chunk = chunk.cast(pa.timestamp("ms", tz="UTC"))
    return chunk.cast(pa.int64()).to_pylist()


def _byte_strings(chunk: pa.Array) -> list[Cell]:
    """Cells as the bytes that are stored."""
    if chunk.null_count == len(chunk):
        return [None] * len(chunk)
    if isinstance(chunk, pa.DictionaryArray):
        chunk = chunk.dictionary_decode()
    chunk = chunk.cast(pa.large_binary())
    _, offsets_buffer, data_buffer = chunk.buffers()
    offsets = memoryview(offsets_buffer).cast("q")[chunk.offset : chunk.offset + len(chunk) + 1]
    data = memoryview(data_buffer) if data_buffer is not None else memoryview(b"")
    ends = iter(offsets.tolist())
    start = next(ends)
    cells: list[Cell] = []
    for end in ends:
        cells.append(data[start:end].tobytes())
        start = end
    if chunk.null_count:
        valid = chunk.is_valid().to_pylist()
        cells = [cell if there else None for cell, there in zip(cells, valid)]
    return cells


# Checks.


def check_evidence(
    store: Store,
    commit: Commit,
    floors: list[str | None],
    findings: Findings,
    images: Images,
) -> None:
    """`floors`: for each segment the last record before a gap; empty where the log could not be followed."""
    batch = commit.batch
    if batch is None:
        return
    objects = [_check_object(store, item, commit.number, findings) for item in batch["objects"]]
    segments = _SegmentCheck(batch, commit.number, floors, findings)
    judges = FilterCheck(batch["filters"])
    for index, (item, rows) in enumerate(zip(batch["objects"], objects)):
        if rows is None:
            images.opaque.add(commit.number)
            segments.skip(item["rows"])
        else:
            _take_images(Place(commit.number, index, item["key"], 0), rows, images)
            segments.check(item["key"], rows)
            for row, problem in judges.take(rows.verdicts, rows.reasons, rows.filters):
                findings.add("filter-foreign", problem, commit=commit.number, object=item["key"], row=row)
    readable = [rows for rows in objects if rows is not None]
    if len(readable) == len(objects):
        segments.check_counts(readable)
        if problem := judges.contradiction():
            findings.add("counts-mismatch", problem, commit=commit.number)
        root = tree_root([leaf for rows in readable for leaf in rows.leaves]).hex()
        if root != batch["records_root"]:
            message = f"records_root is {batch['records_root']}, the rows give {root}"
            findings.add("records-root-mismatch", message, commit=commit.number)


def _take_images(first: Place, rows: Rows, images: Images) -> None:
    names = list(rows.images)
    for row, cells in enumerate(zip(*rows.images.values())):
        images.take(replace(first, row=row), dict(zip(names, cells)))


def _check_object(
    store: Store, item: dict[str, Any], number: int, findings: Findings
) -> Rows | None:
    """The object's rows if its bytes are as committed and can be read."""
    key = item["key"]
    try:
        data = store.read(key, max(2 * item["bytes"], DECODED_MAX_BYTES))
    except Unreadable as error:
        findings.add("unreadable", str(error), object=key)
        return None
    if data is None:
        findings.add("object-missing", "is not there", commit=number, object=key)
        return None
    changed = len(data) != item["bytes"] or sha256(data).hexdigest() != item["sha256"]
    if changed:
        message = f"{len(data)} bytes that are not the {item['bytes']} committed"
        findings.add("object-changed", message, commit=number, object=key)
    if len(data) > max(2 * item["bytes"], DECODED_MAX_BYTES):
        return None
    rows, problem = _read_rows(data)
    if changed or problem is None:
        _check_leaves(key, rows, number, findings)
    if changed:
        return None
    if problem is not None:
        findings.add("object-unreadable", problem, commit=number, object=key)
        return None
    if len(rows.leaves) != item["rows"]:
        message = f"{key} holds {len(rows.leaves)} rows, not {item['rows']}"
        findings.add("counts-mismatch", message, commit=number)
    return rows


def _read_rows(data: bytes) -> tuple[Rows, str | None]:
    """All rows up to the first problem, and that problem."""
    rows = Rows()
    try:
        for columns in read_row_groups(data):
            if len({len(column) for column in columns}) != 1:
                raise NotEvidence("columns differ in length")
            rows.extend(columns)
    except Exception as error:  # hostile bytes: whatever the reader raises, they are not readable
        return rows, f"{type(error).__name__}: {error}"
    return rows, None


def _check_leaves(key: str, rows: Rows, number: int, findings: Findings) -> None:
    for row, (leaf, stored) in enumerate(zip(rows.leaves, rows.stored_leaves)):
        if leaf != stored:
            message = f"the row's leaf is {leaf.hex()}"
            findings.add("row-changed", message, commit=number, object=key, row=row)


def _number(cell: Cell) -> int | None:
    """A sequence number; isdigit() of bytes knows ASCII digits only."""
    return int(cell) if isinstance(cell, bytes) and cell.isdigit() and len(cell) <= 40 else None


class _SegmentCheck:
    """Walks the rows of a batch along its segments."""

    def __init__(
        self, batch: dict[str, Any], number: int, floors: list[str | None], findings: Findings
    ) -> None:
        self._batch = batch
        self._commit = number
        self._findings = findings
        behind = floors or [None] * len(batch["segments"])
        self._segments = [pair for pair in zip(batch["segments"], behind) if pair[0]["rows"]]
        self._left = 0  # rows still to come of the current segment
        self._segment: dict[str, Any] | None = None
        self._before: int | None = None  # sequence number of the row before

    def _enter(self) -> bool:
        """Makes sure that there is a segment for the next row."""
        if self._left == 0:
            if not self._segments:
                self._segment = None
                return False
            self._segment, floor = self._segments.pop(0)
            self._left = self._segment["rows"]
            before = self._segment["after"] or floor
            self._before = before and int(before)
        return True

    def skip(self, rows: int) -> None:
        """Passes over rows that cannot be looked at."""
        while rows and self._enter():
            step = min(rows, self._left)
            self._left -= step
            rows -= step

    def check(self, key: str, rows: Rows) -> None:
        place = zip(rows.streams, rows.shards, rows.sequence_numbers)
        for row, (stream, shard, text) in enumerate(place):
            if not self._enter():
                return  # more rows than the segments have: counts-mismatch says so
            segment = self._segment
            assert segment is not None
            if (stream, shard) != (segment["stream"].encode(), segment["shard"].encode()):
                message = "the row is not of its segment's shard"
                self._row("row-foreign", message, key, row)
            self._check_order(key, row, text)
            self._left -= 1
            if self._left == 0 and text != segment["last"].encode():
                message = f"the last row is not {segment['last']}"
                self._findings.add(
                    "segment-mismatch", message, commit=self._commit, shard=segment["shard"]
                )

    def _check_order(self, key: str, row: int, text: Cell) -> None:
        number = _number(text)
        if number is None:
            self._row("row-order", "no sequence number", key, row)
            return
        if self._before is not None and number <= self._before:
            self._row("row-order", f"{number} does not lie behind {self._before}", key, row)
        self._before = number

    def _row(self, code: str, message: str, key: str, row: int) -> None:
        self._findings.add(code, message, commit=self._commit, object=key, row=row)

    def check_counts(self, objects: list[Rows]) -> None:
        counts = dict.fromkeys(DECISIONS, 0)
        for rows in objects:
            for verdict, reason in zip(rows.verdicts, rows.reasons):
                if isinstance(reason, bytes) and reason.startswith(b"fault:"):
                    counts["fault"] += 1
                elif verdict in (b"keep", b"drop", b"redact"):
                    counts[verdict.decode()] += 1
        if counts != self._batch["decisions"]:
            message = f"the rows give {counts}, the commit says {self._batch['decisions']}"
            self._findings.add("counts-mismatch", message, commit=self._commit)
