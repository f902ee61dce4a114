"""Reads an archive the way a stranger would: from FORMAT.md, with pyarrow, sharing no code with Sealog.

Only directories. Evidence is found through commits, never by listing, as the format demands.
"""

import hashlib
import json
import struct
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

TEXT_1 = ["stream_label", "shard_id", "sequence_number", "event_id", "event_name", "event_version", "event_source",
          "aws_region"]
TEXT_2 = ["stream_view_type", "user_identity_type", "user_identity_principal_id", "keys", "old_image", "new_image",
          "extra", "verdict", "reason", "tags", "redactions", "filter"]
# The columns of `sealog.change/1` in the order of schema and leaf; `leaf_hash` is not part of the leaf.
LEAF_COLUMNS = [*TEXT_1, "created_at", "size_bytes", *TEXT_2]
COLUMNS = [*LEAF_COLUMNS, "leaf_hash"]


class Damaged(Exception):
    """The archive is not what the format says; the message names the file."""


def commits(archive, log):
    """All commits of a log, in order, as (bytes, document). The numbers must run from 0 without a hole."""
    found = sorted((Path(archive) / log / "commits").glob("*.json"))
    documents = []
    for number, path in enumerate(found):
        if path.name != f"{number:020}.json":
            raise Damaged(f"{path}: commit {number} expected here")
        body = path.read_bytes()
        document = json.loads(body)
        if document["number"] != number:
            raise Damaged(f"{path}: says that it is number {document['number']}")
        if number and document["previous"]["sha256"] != hashlib.sha256(documents[-1][0]).hexdigest():
            raise Damaged(f"{path}: does not follow the commit before it")
        documents.append((body, document))
    return documents


def evidence(archive, log, columns=None):
    """All evidence rows of a log in commit order, as one table; `columns` narrows what is read."""
    tables = []
    for _, document in commits(archive, log):
        for entry in (document.get("batch") or {}).get("objects", []):
            path = Path(archive) / log / entry["key"]
            body = path.read_bytes()
            if (len(body), hashlib.sha256(body).hexdigest()) != (entry["bytes"], entry["sha256"]):
                raise Damaged(f"{path}: size or hash differ from commit {document['number']}")
            table = pq.read_table(pa.BufferReader(body), columns=columns)
            if table.num_rows != entry["rows"]:
                raise Damaged(f"{path}: {table.num_rows} rows, commit {document['number']} says {entry['rows']}")
            if columns is None and table.column_names != COLUMNS:
                raise Damaged(f"{path}: columns are {table.column_names}")
            tables.append(table)
    return pa.concat_tables(tables) if tables else None


def rows(archive, log):
    """The evidence rows as dictionaries. Texts come as bytes, so that a comparison is one of bytes; integers and the
    time (epoch milliseconds) as int; `leaf_hash` as bytes."""
    table = evidence(archive, log)
    if table is None:
        return []
    columns = {}
    for name in COLUMNS:
        column = table.column(name)
        if name == "created_at":
            if column.type != pa.timestamp("ms", tz="UTC"):
                raise Damaged(f"{log}: created_at is {column.type}, not milliseconds UTC")
            values = column.cast(pa.int64()).to_pylist()
        elif name == "size_bytes":
            if column.type != pa.int64():
                raise Damaged(f"{log}: size_bytes is {column.type}")
            values = column.to_pylist()
        elif name == "leaf_hash":
            values = column.cast(pa.binary()).to_pylist()
        else:
            values = column.cast(pa.string()).cast(pa.binary()).to_pylist()
        columns[name] = values
    return [dict(zip(columns, values)) for values in zip(*columns.values())]


def leaf_hash(row):
    """The leaf hash of a row as `rows` gives it (FORMAT.md, "Record leaf")."""
    encoded = [b"\x00"]
    for name in LEAF_COLUMNS:
        value = row[name]
        if value is None:
            encoded.append(b"\x00")
            continue
        value = str(value).encode() if isinstance(value, int) else value
        encoded.append(b"\x01" + struct.pack(">I", len(value)) + value)
    return hashlib.sha256(b"".join(encoded)).digest()
