"""Real input, written by someone else: what boto3 wrote into moto's DynamoDB comes out of the archive byte for byte.

    run.py --sealog PATH [--keep DIR] [--seed N]

moto's server holds two tables with streams; boto3 changes them; this program keeps the raw GetRecords replies; then
`sealog run` archives the same streams through the AWS SDK. Every column of every row is compared with bytes cut from the
raw replies by `raw_json.py`. A second round continues the archive, a third finds nothing new.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import urllib.request
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402

import archive  # noqa: E402
import programs  # noqa: E402
import raw_json  # noqa: E402
from changes import TABLES, TYPES, Writer  # noqa: E402
from checks import Checks  # noqa: E402


def streams_call(endpoint, operation, body):
    """One call over plain HTTP: the reply's bytes. moto reads the Region from the header and checks no signature."""
    scope = f"test/20260101/{programs.REGION}/dynamodb/aws4_request"
    request = urllib.request.Request(endpoint, data=json.dumps(body).encode(), headers={
        "X-Amz-Target": f"DynamoDBStreams_20120810.{operation}", "Content-Type": "application/x-amz-json-1.0",
        "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
        return reply.read()


def raw_records(endpoint, table, kept):
    """All records of a table's stream since TRIM_HORIZON, as expected rows, in the order of the replies. The raw
    replies are left in the folder `kept`, numbered."""
    kept.mkdir(parents=True, exist_ok=True)
    stream = json.loads(streams_call(endpoint, "ListStreams", {"TableName": table}))["Streams"][0]
    description = json.loads(streams_call(endpoint, "DescribeStream", {"StreamArn": stream["StreamArn"]}))
    expected = []
    for shard in description["StreamDescription"]["Shards"]:
        start = {"StreamArn": stream["StreamArn"], "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = json.loads(streams_call(endpoint, "GetShardIterator", start))["ShardIterator"]
        for number in range(10_000):
            body = streams_call(endpoint, "GetRecords", {"ShardIterator": iterator})
            (kept / f"{shard['ShardId']}-{number:04}.json").write_bytes(body)
            page = {name: span for name, _, span in raw_json.members(body, raw_json.blank(body, 0))}
            found = [expected_row(body, span, stream["StreamLabel"], shard["ShardId"])
                     for span in raw_json.elements(body, page["Records"][0])]
            # moto's shards never close, and an empty page of moto's means that there is no more.
            if not found:
                break
            expected += found
            iterator = json.loads(body[slice(*page["NextShardIterator"])])
    return expected


# Where each known member of a record goes, and whether it stays as it is (raw) or is decoded (text, integer, time).
ENVELOPE = {"eventID": ("event_id", "text"), "eventName": ("event_name", "text"),
            "eventVersion": ("event_version", "text"), "eventSource": ("event_source", "text"),
            "awsRegion": ("aws_region", "text")}
DYNAMODB = {"SequenceNumber": ("sequence_number", "text"), "StreamViewType": ("stream_view_type", "text"),
            "SizeBytes": ("size_bytes", "integer"), "ApproximateCreationDateTime": ("created_at", "time"),
            "Keys": ("keys", "raw"), "OldImage": ("old_image", "raw"), "NewImage": ("new_image", "raw")}


def expected_row(body, span, stream_label, shard):
    """The evidence row that a record must become, from its bytes in the reply."""
    row = dict.fromkeys(archive.LEAF_COLUMNS)
    row |= {"stream_label": stream_label.encode(), "shard_id": shard.encode(), "verdict": b"keep"}
    for name, _, value in raw_json.members(body, span[0]):
        if name == "dynamodb":
            for inner, _, inner_value in raw_json.members(body, value[0]):
                fill(row, DYNAMODB, inner, body[slice(*inner_value)])
        else:
            fill(row, ENVELOPE, name, body[slice(*value)])
    return row | {"leaf_hash": archive.leaf_hash(row)}


def fill(row, known, name, raw):
    if name not in known:
        raise ValueError(f"moto sent the member {name!r}; teach this test what must become of it (FORMAT.md)")
    column, how = known[name]
    row[column] = {"raw": lambda: raw, "text": lambda: json.loads(raw).encode(), "integer": lambda: int(raw),
                   "time": lambda: milliseconds(raw)}[how]()


def milliseconds(raw):
    """Seconds with at most three decimals, as exact milliseconds."""
    whole, _, part = raw.decode().partition(".")
    if len(part) > 3:
        raise ValueError(f"moto sent the time {raw!r}, finer than a millisecond; FORMAT.md says more of that case")
    return int(whole + part.ljust(3, "0"))


class Suite:
    """One run: server, tables, archive, rounds."""

    def __init__(self, arguments, folder):
        self.sealog, self.folder, self.checks = arguments.sealog, folder, Checks("moto")
        self.rng = random.Random(arguments.seed)
        self.port = programs.free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.config = programs.configuration(folder, TABLES)
        self.log = folder / "sealog.log"
        self.before, self.lengths = {}, {}

    def run(self):
        with open(self.folder / "moto.log", "wb") as log:
            server = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                                      stdout=log, stderr=log)
        try:
            programs.wait_until_listening(server, self.port)
            key = programs.new_key(self.sealog, self.folder) if self.sealog else None
            for number, calls in enumerate([400, 80, 0], start=1):
                with self.checks.section(f"round {number}"):
                    self.round(number, calls, key)
        finally:
            # moto ignores SIGTERM while it holds connections, and has nothing to save.
            programs.stop(server, grace_s=0)
        return self.checks.finish()

    def round(self, number, calls, key):
        """Changes, raw replies, archive, comparison. A round without changes must leave the archive's rows alone."""
        if number == 1:
            client = boto3.client("dynamodb", endpoint_url=self.endpoint, region_name=programs.REGION,
                                  aws_access_key_id="test", aws_secret_access_key="test",
                                  config=Config(retries={"total_max_attempts": 1}, proxies={}))
            self.writers = [Writer(client, table, self.rng) for table in TABLES]
            for writer in self.writers:
                writer.create()
        for writer in self.writers:
            writer.change(calls)
        replies = {table: raw_records(self.endpoint, table, self.folder / f"replies-{number}" / table) for table in TABLES}
        self.check_input(number, calls, replies)
        if self.sealog:
            code = programs.run_until_caught_up(self.sealog, self.config, self.endpoint, self.log)
            self.checks.check(f"round {number}: sealog run ends with 0", code == 0,
                              lambda: f"exit code {code}\n{programs.tail(self.log)}")
            for table, expected in replies.items():
                with self.checks.section(f"round {number}: {table}: the archive can be read"):
                    self.compare(f"round {number}: {table}", expected, archive.rows(self.folder / "archive", table))
            # moto sends two INSERTs for an update that makes an item, the second without the first as its old image (DynamoDB
            # sends one): its images do not join. What it sent is in the archive byte for byte, see above.
            programs.check_intact(self.checks, f"round {number}", self.sealog, self.folder / "archive", key, "--images", "off")

    def check_input(self, number, calls, replies):
        """The input is what it claims to be; otherwise all comparisons below would prove little."""
        checks = self.checks
        for table, expected in replies.items():
            before = self.before.get(table, [])
            checks.check(f"round {number}: {table}: moto serves old records unchanged", expected[: len(before)] == before)
            grown = len(expected) > len(before) if calls else len(expected) == len(before)
            checks.check(f"round {number}: {table}: {len(expected) - len(before)} new records", grown)
        self.before = replies
        if number == 1:
            everything = [row for expected in replies.values() for row in expected]
            checks.check(f"{len(everything)} changes, at least 2,000", len(everything) >= 2000)
            checks.check("more than one page a table", all(len(expected) > 1000 for expected in replies.values()),
                         {table: len(expected) for table, expected in replies.items()})
            checks.equal("each event name", {row["event_name"] for row in everything}, {b"INSERT", b"MODIFY", b"REMOVE"})
            used = sum((writer.used for writer in self.writers), Counter())
            checks.equal("all ten attribute types", set(used), set(TYPES))
            made = sum((writer.made for writer in self.writers), Counter())
            checks.equal("each kind of write", set(made), {"put", "update", "delete", "batch_write", "transact_write"})

    def compare(self, name, expected, got):
        """Counts, order, and every column of every row."""
        checks = self.checks
        checks.equal(f"{name}: number of rows", len(got), len(expected))
        places = Counter((row["stream_label"], row["shard_id"], row["sequence_number"]) for row in got)
        checks.equal(f"{name}: each record once", [place for place, count in places.items() if count > 1], [])
        wanted_order, order = by_shard(expected), by_shard(got)
        checks.equal(f"{name}: order in each shard", order, wanted_order)
        wanted = {place(row): row for row in expected}
        for column in archive.COLUMNS:
            wrong = [(place(row), row[column], wanted[place(row)][column]) for row in got
                     if place(row) in wanted and row[column] != wanted[place(row)][column]]
            checks.check(f"{name}: column {column}", bool(got) and not wrong,
                         lambda: f"{len(wrong)} rows differ; the first (place, got, want): {wrong[:1]}")


def place(row):
    """What names a record."""
    return row["stream_label"], row["shard_id"], row["sequence_number"]


def by_shard(rows):
    """The sequence numbers of each shard, in the order of the rows."""
    order = {}
    for row in rows:
        order.setdefault((row["stream_label"], row["shard_id"]), []).append(row["sequence_number"])
    return order


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", help="the built binary; without it only the input half runs")
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--keep", help="work in this folder and leave everything there")
    arguments = parser.parse_args()
    if arguments.sealog:
        arguments.sealog = os.path.abspath(arguments.sealog)
    if arguments.keep:
        os.makedirs(arguments.keep, exist_ok=True)
        return Suite(arguments, Path(arguments.keep).resolve()).run()
    with tempfile.TemporaryDirectory(prefix="sealog-moto-") as folder:
        return Suite(arguments, Path(folder)).run()


if __name__ == "__main__":
    sys.exit(main())
