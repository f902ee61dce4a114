"""What the crash tests share: a simulator with a large table, and the question whether the archive equals its truth."""

import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]

import archive  # noqa: E402
import programs  # noqa: E402

TABLE = "accounts"
SHARDS = 4
PAGE_RECORDS = 200


def scenario(folder, records, bytes_per_record, seed, duration_s):
    """Writes a scenario: everything is in the past, shards roll and split on the way, and each GetRecords takes so long
    that reading all of it takes about `duration_s`. Without that the run would be over before it could be killed."""
    latency_ms = max(1, int(duration_s * 1000 * SHARDS * PAGE_RECORDS / records))
    path = Path(folder) / "scenario.toml"
    path.write_text(f"""\
version = 1
seed = {seed}
[[table]]
name = "{TABLE}"
region = "{programs.REGION}"
created = "-3h"
shards = {SHARDS}
[table.pages]
records_max = {PAGE_RECORDS}
[[table.writer]]
count = {records}
from = "-2h"
until = "-1m"
items = {max(1, records // 20)}
bytes = {bytes_per_record}
removes = 0.05
ttl = 0.3
[[table.event]]
at = "-100m"
does = {{ roll = {{ shard = 0 }} }}
[[table.event]]
at = "-80m"
does = {{ split = {{ shard = 1 }} }}
[[table.event]]
at = "-40m"
does = {{ split = {{ shard = 2 }} }}
[[fault]]
operation = "GetRecords"
does = {{ latency = "{latency_ms}ms" }}
""")
    return path


class Simulator:
    """A running simulator; `endpoint` is its address."""

    def __init__(self, command, scenario_path, log):
        self.log = log
        with open(log, "wb") as errors:
            # A simulator that ends when its standard input does cannot outlive us.
            self.process = subprocess.Popen([*command, "--listen", "127.0.0.1:0", *scenario_path], stdin=subprocess.PIPE,
                                            stdout=subprocess.PIPE, stderr=errors)
        self.endpoint = self._address()

    def _address(self, timeout_s=120):
        lines = queue.Queue()
        threading.Thread(target=self._pump, args=(lines,), daemon=True).start()
        said = []
        while True:
            try:
                line = lines.get(timeout=timeout_s)
            except queue.Empty:
                line = None
            if line is None:
                programs.stop(self.process)
                raise RuntimeError(f"the simulator printed no address:\n{''.join(said)}{programs.tail(self.log)}")
            said.append(line)
            found = re.search(r"127\.0\.0\.1:(\d+)", line)
            if found and found.group(1) != "0":
                return f"http://127.0.0.1:{found.group(1)}"

    def _pump(self, lines):
        for line in self.process.stdout:
            lines.put(line.decode(errors="replace"))
        lines.put(None)

    def truth(self):
        """Every record ever offered, in order: (stream label, shard, sequence number)."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{self.endpoint}/_simulator/truth", timeout=300) as reply:
            found = [json.loads(line) for line in reply]
        return [(it["stream_label"], it["shard_id"], it["sequence_number"]) for it in found]

    def trim_ahead(self, folder, records):
        """Trims what a reader that has committed what lies in `folder` cannot have read yet: up to 20 minutes of records
        beyond it, in all shards."""
        left = 1 - committed_records(folder) / records
        age_m = max(1, int(left * 119) - 20)
        self.post(f"happen?table={TABLE}", {"trim_older": {"age": f"{age_m}m"}})

    def post(self, what, body):
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        request = urllib.request.Request(f"{self.endpoint}/_simulator/{what}", json.dumps(body).encode(), method="POST")
        opener.open(request, timeout=60).close()

    def stop(self):
        self.process.stdin.close()
        programs.stop(self.process)


def arguments(parser):
    """The options that both tests have."""
    parser.add_argument("--sealog", required=True, help="the built binary")
    parser.add_argument("--simulator", help="another simulator program than `sealog simulator`; called as PROGRAM --listen ADDRESS SCENARIO")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--bytes", type=int, default=1_600, help="about so many bytes a record on the wire")
    parser.add_argument("--trim", action="store_true", help="records are trimmed before they are read: declared gaps are due")
    parser.add_argument("--seed", type=int, help="default: drawn, and printed")
    parser.add_argument("--keep", help="work in this folder and leave everything there (logs, archive, scenario)")


def said(options, seed):
    """What repeats this run."""
    return f"--seed {seed} --records {options.records}{' --trim' if options.trim else ''}"


@contextmanager
def workplace(options, name):
    """A folder to work in: `--keep`'s, or one that is deleted at the end."""
    if options.keep:
        Path(options.keep).mkdir(parents=True, exist_ok=True)
        yield Path(options.keep).resolve()
    else:
        with tempfile.TemporaryDirectory(prefix=f"sealog-{name}-") as folder:
            yield Path(folder)


@contextmanager
def simulator(options, folder, seed, duration_s):
    """A simulator that serves `scenario`."""
    path = str(scenario(folder, options.records, options.bytes, seed, duration_s))
    command, place = ([options.simulator], [path]) if options.simulator else (
        [options.sealog, "simulator"], ["--scenario", path])
    running = Simulator(command, place, folder / "simulator.log")
    try:
        yield running
    finally:
        running.stop()


def committed_records(folder):
    """How many records the commits say they hold; tolerates a commit that is being written."""
    total = 0
    for path in (Path(folder) / "archive" / TABLE / "commits").glob("*.json"):
        try:
            total += (json.loads(path.read_bytes()).get("batch") or {}).get("records", 0)
        except (OSError, ValueError):
            continue
    return total


def configuration(options, folder, **more):
    """The configuration of a run; with `--trim` a table goes on behind a gap."""
    path = programs.configuration(folder, [TABLE], **more)
    if options.trim:
        path.write_text(path.read_text() + 'on_gap = "record-and-continue"\n')
    return path


def check_archive(checks, name, options, folder, truth, key):
    """Checks that the archive equals the truth, declared gaps included, and that it verifies."""
    gaps = programs.gaps(options.sealog, folder / "archive")
    checks.check(f"{len(gaps)} gaps are declared, and were due", bool(gaps) == options.trim, gaps[:3])
    compare_with_truth(checks, folder, truth, gaps)
    check = programs.check_intact_with_gaps if options.trim else programs.check_intact
    check(checks, name, options.sealog, folder / "archive", key)


def compare_with_truth(checks, folder, truth, gaps=()):
    """Checks that the archive holds what the simulator offered: each record once, each shard in order, nothing else; what
    is missing lies in one of the gaps."""
    checks.check("the simulator offered records", len(truth) == len(set(truth)) > 0, f"{len(truth)} lines")
    table = archive.evidence(folder / "archive", TABLE, ["stream_label", "shard_id", "sequence_number"])
    got = list(zip(*(table.column(name).to_pylist() for name in table.column_names))) if table is not None else []
    there = set(got)
    lost, foreign = set(truth) - there, there - set(truth)
    silent = [place for place in lost if not any(programs.lies_in(gap, place) for gap in gaps)]
    checks.check(f"{len(got)} of {len(truth)} records are there, and none is missing without a word", not silent,
                 lambda: f"{len(silent)} are, such as {sorted(silent)[:3]}")
    checks.check("a tenth at least is there", len(got) * 10 > len(truth), len(got))
    twice = [place for place, count in Counter(got).items() if count > 1]
    checks.check("no record is there twice", not twice, lambda: f"{len(twice)} are, such as {twice[:3]}")
    checks.check("nothing else is there", not foreign, lambda: f"{len(foreign)} rows, such as {sorted(foreign)[:3]}")
    checks.check("each shard is in order", by_shard(got) == by_shard(place for place in truth if place in there),
                 "the sequence numbers of a shard differ in order")


def by_shard(places):
    """The sequence numbers of each shard, in the order given."""
    order = {}
    for label, shard, sequence in places:
        order.setdefault((label, shard), []).append(sequence)
    return order


def check_no_panic(checks, logs):
    """Checks that no process panicked: a crash test must not hide a crash that nobody ordered."""
    for log in logs:
        text = Path(log).read_text(errors="replace")
        checks.check(f"{Path(log).name}: no panic", "panicked at" not in text, lambda: programs.tail(log))
