"""The archive reader on a small archive that is written here, whole and damaged; and the leaf hash on a known value."""

import hashlib
import json
import sys
import tempfile
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

import archive  # noqa: E402
from checks import run_unittest  # noqa: E402


def row(sequence, **more):
    """A row of the least that is allowed, with its leaf hash."""
    values = dict.fromkeys(archive.LEAF_COLUMNS)
    values |= {"stream_label": b"2026-11-22T00:00:00.000", "shard_id": b"shardId-0", "verdict": b"keep",
               "sequence_number": str(sequence).encode()} | more
    return values | {"leaf_hash": archive.leaf_hash(values)}


def parquet(rows):
    """The rows as a Parquet object of `sealog.change/1`."""
    kinds = {"created_at": pa.timestamp("ms", tz="UTC"), "size_bytes": pa.int64(), "leaf_hash": pa.binary()}
    columns = {}
    for name in archive.COLUMNS:
        values = [it[name].decode() if isinstance(it[name], bytes) and name != "leaf_hash" else it[name] for it in rows]
        columns[name] = pa.array(values, kinds.get(name, pa.string()))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


class Reading(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.batches = [[row(1, new_image=b'{"a": {"S":"\\u0041"}}', created_at=1795426594115)], [row(2), row(3, size_bytes=7)]]
        (self.folder / "t" / "commits").mkdir(parents=True)
        (self.folder / "t" / "evidence").mkdir()
        self.commits, previous = [], None
        for number, rows in enumerate(self.batches):
            body = parquet(rows)
            digest = hashlib.sha256(body).hexdigest()
            (self.folder / "t" / "evidence" / f"{digest}.parquet").write_bytes(body)
            entry = {"key": f"evidence/{digest}.parquet", "bytes": len(body), "sha256": digest, "rows": len(rows)}
            commit = {"number": number, "previous": previous, "batch": {"objects": [entry]}}
            path = self.folder / "t" / "commits" / f"{number:020}.json"
            path.write_text(json.dumps(commit))
            previous = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
            self.commits.append(path)

    def test_rows_come_back_byte_for_byte_in_order(self):
        self.assertEqual(archive.rows(self.folder, "t"), [it for rows in self.batches for it in rows])

    def test_an_empty_log_has_no_rows(self):
        self.assertEqual(archive.rows(self.folder, "other"), [])

    def test_a_missing_commit_is_named(self):
        self.commits[0].unlink()
        with self.assertRaisesRegex(archive.Damaged, "commit 0 expected"):
            archive.rows(self.folder, "t")

    def test_a_changed_commit_is_named(self):
        self.commits[0].write_bytes(self.commits[0].read_bytes() + b"\n")
        with self.assertRaisesRegex(archive.Damaged, "does not follow"):
            archive.rows(self.folder, "t")

    def test_a_changed_object_is_named(self):
        path = next((self.folder / "t" / "evidence").iterdir())
        path.write_bytes(path.read_bytes() + b"x")
        with self.assertRaisesRegex(archive.Damaged, "size or hash differ"):
            archive.rows(self.folder, "t")


class Leaf(unittest.TestCase):
    def test_the_encoding_is_presence_length_and_bytes(self):
        values = dict.fromkeys(archive.LEAF_COLUMNS)
        values |= {"stream_label": b"", "created_at": -1}
        encoded = b"\x00" + b"\x01\0\0\0\0" + b"\0" * 7 + b"\x01\0\0\0\x02-1" + b"\0" * 13
        self.assertEqual(archive.leaf_hash(values), hashlib.sha256(encoded).digest())


if __name__ == "__main__":
    run_unittest(__name__)
