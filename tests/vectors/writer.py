"""Writes small Sealog archives for the verifier's own tests, from FORMAT.md alone. Not a model of a good writer."""

from __future__ import annotations

import base64
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealog_verify.evidence import COLUMNS, REQUIRED, record_leaves
from sealog_verify.hashing import GrowingTree, leaf_hash, tree_root
from sealog_verify.notes import rotation_message

ARN = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders"
ORIGIN = f"sealog/{ARN}"
STREAM = "2026-11-22T00:00:00.000"
NOW = "2026-11-22T10:30:00.000Z"
POLICIES = {"heartbeat_seconds": 3600, "retention": None, "on_gap": "halt"}


class Signer:
    def __init__(self, name: str, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        data = b"\x01" + self._key.public_key().public_bytes_raw()
        self.name = name
        self.key_id = hashlib.sha256(name.encode() + b"\n" + data).digest()[:4]
        self.vkey = f"{name}+{self.key_id.hex()}+{base64.b64encode(data).decode()}"

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)

    def line(self, text: bytes) -> bytes:
        data = base64.b64encode(self.key_id + self.sign(text))
        return b"\xe2\x80\x94 " + self.name.encode() + b" " + data + b"\n"


EXAMPLE = Signer("example", b"\x01" * 32)
OTHER = Signer("other", b"\x02" * 32)


def render(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def row(sequence_number: str, shard: str = "shardId-1", **cells: Any) -> dict[str, Any]:
    return {
        "stream_label": STREAM,
        "shard_id": shard,
        "sequence_number": sequence_number,
        "event_name": "INSERT",
        "created_at": 1795342529000,
        "size_bytes": 26,
        "keys": '{"id":{"S":"a"}}',
        "verdict": "keep",
        **cells,
    }


def leaves_of(rows: list[dict[str, Any]]) -> list[bytes]:
    def cell(value: Any) -> Any:
        return value.encode() if isinstance(value, str) else value

    return record_leaves([[cell(r.get(name)) for r in rows] for name, _ in COLUMNS[:-1]])


def parquet(rows: list[dict[str, Any]], **options: Any) -> bytes:
    """`leaf_hash` is filled in for rows that do not bring one."""
    types = {
        "text": pa.string(),
        "integer": pa.int64(),
        "time": pa.timestamp("ms", tz="UTC"),
        "hash": pa.binary(),
    }
    types |= options.pop("types", {})
    required = options.pop("required", REQUIRED)
    schema = pa.schema([pa.field(n, types[k], nullable=n not in required) for n, k in COLUMNS])
    full = [{"leaf_hash": leaf} | r for r, leaf in zip(rows, leaves_of(rows))]
    columns = [
        pa.array([r.get(field.name) for r in full], type=field.type) for field in schema
    ]
    out = io.BytesIO()
    options = {"compression": "zstd"} | options
    pq.write_table(pa.Table.from_arrays(columns, schema=schema), out, **options)
    return out.getvalue()


def segment(rows: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    return {
        "stream": STREAM,
        "shard": rows[0]["shard_id"] if rows else "shardId-1",
        "parent": None,
        "from": "trim_horizon",
        "after": None,
        "last": rows[-1]["sequence_number"] if rows else None,
        "rows": len(rows),
        "closed": False,
    } | members


def decisions(rows: list[dict[str, Any]]) -> dict[str, int]:
    counts = dict.fromkeys(("keep", "drop", "redact", "fault"), 0)
    for r in rows:
        fault = (r.get("reason") or "").startswith("fault:")
        counts["fault" if fault else r["verdict"]] += 1
    return counts


def genesis(**members: Any) -> dict[str, Any]:
    return {
        "kind": "genesis",
        "holds": "dynamodb-changes",
        "table_arn": ARN,
        "view_type": "NEW_AND_OLD_IMAGES",
        "key": EXAMPLE.vkey,
        "policies": POLICIES,
    } | members


def stream_opened(label: str = STREAM, start: str = "trim_horizon") -> dict[str, Any]:
    return {
        "kind": "stream_opened",
        "arn": f"{ARN}/stream/{label}",
        "view_type": "NEW_AND_OLD_IMAGES",
        "start": start,
        "at": "2026-11-22T10:00:00.000Z",
    }


def gap(**members: Any) -> dict[str, Any]:
    return {
        "kind": "gap",
        "stream": STREAM,
        "shard": "shardId-1",
        "after": None,
        "first": None,
        "cause": "trimmed",
        "ends_shard": False,
        "noticed_at": "2026-11-22T10:00:00.000Z",
    } | members


def judge(name: str = "pii", component: str = "aa" * 32, **members: Any) -> dict[str, Any]:
    return {
        "name": name,
        "component": component,
        "config": "bb" * 32,
        "world": "filter/1",
        "engine": "engine 1",
        "limits": "none",
        "mode": "enforce",
        "decisions": dict.fromkeys(("keep", "drop", "redact", "fault"), 0),
    } | members


def rotation(old: Signer, new: Signer, **members: Any) -> dict[str, Any]:
    signature = old.sign(rotation_message(ORIGIN, old.vkey, new.vkey))
    return {
        "kind": "key_rotated",
        "from": old.vkey,
        "to": new.vkey,
        "signature": base64.b64encode(signature).decode(),
    } | members


HEARTBEAT = {"kind": "heartbeat", "polled_since": None}


class Log:
    """Commits are kept as values until save(), so that a test can bend them; links are made there."""

    def __init__(self, root: Path, name: str = "orders") -> None:
        self.path = root / name
        self.commits: list[dict[str, Any]] = []
        self.objects: dict[str, bytes] = {}
        self.signers: dict[int, list[Signer]] = {}  # by size; EXAMPLE where nothing else is said

    def commit(self, facts: list[dict[str, Any]] | None = None, **batch: Any) -> dict[str, Any]:
        number = len(self.commits)
        value: dict[str, Any] = {
            "format": "sealog.commit/1",
            "origin": ORIGIN,
            "number": number,
            "previous": None if number == 0 else {"sha256": "", "version_id": None},
            "committed_at": f"2026-11-22T10:{15 + number:02d}:00.000Z",
            "writer": {"id": "host-1-0", "build": "test"},
        }
        if batch:
            value["batch"] = self._batch(**batch)
        value["facts"] = facts or []
        self.commits.append(value)
        return value

    def _batch(
        self,
        segments: list[dict[str, Any]],
        objects: list[list[dict[str, Any]]] = [],
        filters: list[dict[str, Any]] = [],
        files: list[bytes] | None = None,
    ) -> dict[str, Any]:
        rows = [r for rows in objects for r in rows]
        files = files or [parquet(rows) for rows in objects]
        named = []
        for data, rows_of in zip(files, objects):
            digest = hashlib.sha256(data).hexdigest()
            key = f"evidence/{digest}.parquet"
            self.objects[key] = data
            named.append(
                {
                    "key": key,
                    "schema": "sealog.change/1",
                    "bytes": len(data),
                    "sha256": digest,
                    "rows": len(rows_of),
                }
            )
        return {
            "records": len(rows),
            "records_root": tree_root(leaves_of(rows)).hex(),
            "objects": named,
            "segments": segments,
            "decisions": decisions(rows),
            "filters": list(filters),
        }

    def save(self) -> None:
        stored = self._stored_commits()
        tree = GrowingTree()
        for number, data in enumerate(stored):
            self.write(f"commits/{number:020d}.json", data)
            tree.add(leaf_hash(data))
            note = self.checkpoint(number + 1, tree.root())
            self.write(f"checkpoints/{number + 1:020d}", note)
            self.write("checkpoint", note)
        for key, data in self.objects.items():
            self.write(key, data)

    def checkpoint(self, size: int, root: bytes, origin: str = ORIGIN) -> bytes:
        text = f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n".encode()
        signers = self.signers.get(size, [EXAMPLE])
        return text + b"\n" + b"".join(signer.line(text) for signer in signers)

    def _stored_commits(self) -> list[bytes]:
        stored: list[bytes] = []
        for value in self.commits:
            previous = value.get("previous")
            if previous is not None and previous.get("sha256") == "":
                previous["sha256"] = hashlib.sha256(stored[-1]).hexdigest()
            stored.append(render(value))
        return stored

    def write(self, name: str, data: bytes) -> None:
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def read(self, name: str) -> bytes:
        return (self.path / name).read_bytes()

    def object_key(self, commit: int, index: int = 0) -> str:
        return self.commits[commit]["batch"]["objects"][index]["key"]
