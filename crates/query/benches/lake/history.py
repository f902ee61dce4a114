"""The history of each item that is asked for, by DuckDB: milliseconds each, as JSON."""

import json
import sys
import time

import duckdb

with open(sys.argv[1], encoding="utf-8") as file:
    asked = json.load(file)
db = duckdb.connect()
db.execute("SET threads = 1")
took = []
for pk, sk, changes in asked["items"]:
    began = time.perf_counter()
    rows = db.execute(
        "SELECT * FROM read_parquet($files) WHERE pk = $pk AND sk = $sk ORDER BY stream_label, lpad(sequence_number, 40, '0')",
        {"files": asked["files"], "pk": pk, "sk": sk},
    ).fetchall()
    took.append((time.perf_counter() - began) * 1e3)
    assert len(rows) == changes, (pk, sk, len(rows), changes)
json.dump({"ms": took, "version": duckdb.__version__}, sys.stdout)
