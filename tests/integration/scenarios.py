"""Scenarios over HTTP, with the real SDK client: whatever the service does, the archive equals the truth, gaps included.

    scenarios.py --sealog PATH [--only NAME]

Each scenario is a table and its faults. `sealog run --until-caught-up` reads it, hours pass (in the simulator's time),
and it reads again. Then one question: is every record that the simulator ever offered in the archive, once, or in a gap
that the archive declares, and does the archive verify?
"""

import argparse
import json
import subprocess
import sys
import tempfile
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "crash")]

import common  # noqa: E402  (first: it says where the shared modules lie)
import archive  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

TABLE = "orders"
HOURS = 3
HEAD = f"""\
version = 1
seed = 7
time = "virtual"
[[table]]
name = "{TABLE}"
region = "{programs.REGION}"
created = "-3h"
shards = 3
"""
WRITER = """\
[[table.writer]]
count = 600
items = 40
bytes = 600
from = "-2h"
until = "2h"
removes = 0.1
ttl = 0.3
"""
TREE = """\
[[table.event]]
at = "-90m"
does = { split = { shard = 0 } }
[[table.event]]
at = "-60m"
does = { roll = { shard = 1, closes_after = "20m" } }
[[table.event]]
at = "1h"
does = { split = { shard = 2 } }
"""


def fault(does, operation=None, **when):
    lines = ["[[fault]]", *([f'operation = "{operation}"'] if operation else [])]
    lines += [f"{name} = {value}" for name, value in when.items()] + [f"does = {does}"]
    return "\n".join(lines) + "\n"


def error(code, operation="GetRecords", **when):
    return fault(f'{{ error = {{ code = "{code}" }} }}', operation, **(when or {"every": 4, "times": 12}))


def event(at, does):
    return f'[[table.event]]\nat = "{at}"\ndoes = {does}\n'


PAGES = "[table.pages]\nrecords_max = 40\n"
# Name: what follows the head, and whether something is lost.
SCENARIOS = {
    "calm": (PAGES + WRITER + TREE, False),
    "last page without records, empty pages between": (
        '[table.pages]\nrecords_max = 40\nempty_after_data = 3\nend = "after_records"\n' + WRITER + TREE, False),
    "listings of two, children first, an empty page before them": (
        '[table.listing]\npage_size = 2\norder = "children_first"\nempty_first_page = true\n' + PAGES + WRITER + TREE, False),
    "throttled, and limits in force": (
        PAGES + WRITER + TREE + error("ThrottlingException") + error("LimitExceededException", "DescribeStream", times=2), False),
    "servers that fail": (
        PAGES + WRITER + TREE + error("InternalServerError") + fault('"html503"', "DescribeStream", times=2)
        + error("ServiceUnavailable", "GetShardIterator", every=3, times=4), False),
    "connections that break": (
        PAGES + WRITER + TREE + fault('"reset"', "GetRecords", every=5, times=6)
        + fault("{ truncate = { bytes = 300 } }", "GetRecords", every=7, times=5)
        + fault('{ drip = { bytes = 2000, pause = "2ms" } }', "GetRecords", every=6, times=5), False),
    "damage on the way": (
        PAGES + WRITER + TREE + fault('"wrong_crc32"', "GetRecords", every=5, times=6)
        + fault('"cut_json"', "GetRecords", every=9, times=3)
        + fault('"no_sequence_number"', "GetRecords", every=11, times=3), False),
    "expired iterators": (PAGES + WRITER + TREE + error("ExpiredIteratorException"), False),
    "delivered again, and nothing for a while": (
        PAGES + WRITER + TREE + fault("{ duplicate = { records = 5 } }", "GetRecords", every=3, times=15)
        + fault('"empty_page"', "GetRecords", every=4, times=20), False),
    "a permission taken away": (
        PAGES + WRITER + TREE + error("AccessDeniedException", after_calls=6, times=4), False),
    "all types in odd JSON, unknown members, unreadable records": (
        PAGES.replace("[table.pages]", "[table.pages]") + WRITER.replace("items = 40", 'items = 40\nshape = "odd_json"\nunreadable = 0.05')
        + TREE, False),
    "a shard that is trimmed, read and unread": (
        PAGES + WRITER + TREE + event("100m", "{ trim = { shard = 1, keep = 1 } }") + event("100m", "{ trim = { shard = 5, keep = 2 } }"), True),
    "a shard that vanishes": (PAGES + WRITER + TREE + event("90m", "{ vanish = { shard = 2 } }"), True),
    "switched off and on": (
        PAGES + WRITER + TREE + event("70m", '"disable"') + event("80m", '{ enable = { view_type = "NEW_IMAGE", shards = 2 } }'), True),
    "the table is deleted": (PAGES + WRITER + TREE + event("70m", '"delete_table"'), False),
}


def advance(endpoint, hours):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{endpoint}/_simulator/advance?ms={hours * 3_600_000}", method="POST")
    opener.open(request, timeout=60).close()


def play(sealog, name):
    """Plays one scenario; gives (exit codes, truth, rows, gaps, verdict, the log's end)."""
    text, _ = SCENARIOS[name]
    with tempfile.TemporaryDirectory(prefix="sealog-scenario-") as folder:
        folder = Path(folder)
        (folder / "scenario.toml").write_text(HEAD + text)
        key = programs.new_key(sealog, folder)
        config = programs.configuration(folder, [TABLE])
        config.write_text(config.read_text() + 'on_gap = "record-and-continue"\n')
        simulator = common.Simulator([sealog, "simulator"], ["--scenario", str(folder / "scenario.toml")], folder / "simulator.log")
        log = folder / "sealog.log"
        try:
            codes = []
            for _ in range(2):
                codes.append(programs.run_until_caught_up(sealog, config, simulator.endpoint, log))
                advance(simulator.endpoint, HOURS)
            codes.append(programs.run_until_caught_up(sealog, config, simulator.endpoint, log))
            truth = simulator.truth()
        finally:
            simulator.stop()
        table = archive.evidence(folder / "archive", TABLE, ["stream_label", "shard_id", "sequence_number"])
        rows = list(zip(*(table.column(column).to_pylist() for column in table.column_names))) if table is not None else []
        said = subprocess.run([sealog, "gaps", str(folder / "archive"), "--format", "json"], capture_output=True, text=True,
                              timeout=60, check=True).stdout
        gaps = [gap["gap"] for of in json.loads(said)["logs"] for gap in of["gaps"]]
        return codes, truth, rows, gaps, programs.verify(sealog, folder / "archive", key), programs.tail(log)


def lies_in(gap, place):
    stream, shard, number = place
    if gap["stream"] != stream or gap["shard"] not in (shard, None):
        return False
    if gap["shard"] is None:
        return gap["cause"] == "stream_vanished"
    after, first = gap["after"], gap["first"]
    return (after is None or int(after) < int(number)) and (first is None or int(number) < int(first))


def judge(checks, name, played):
    codes, truth, rows, gaps, (code, verdict), log = played
    lossy = SCENARIOS[name][1]
    checks.check(f"{name}: each run catches up", set(codes) == {0}, lambda: f"{codes}\n{log}")
    checks.check(f"{name}: no record twice, none invented", len(rows) == len(set(rows)) and set(rows) <= set(truth), f"{len(rows)} rows")
    silent = [place for place in set(truth) - set(rows) if not any(lies_in(gap, place) for gap in gaps)]
    checks.check(f"{name}: {len(rows)} of {len(truth)} records, the rest in {len(gaps)} declared gaps", not silent and len(rows) > 50,
                 lambda: f"{len(silent)} are missing without a word, such as {sorted(silent)[:3]}\n{gaps}\n{log}")
    checks.check(f"{name}: a gap only where something is lost", bool(gaps) == lossy, lambda: f"{gaps}\n{log}")
    checks.check(f"{name}: it verifies", code == (3 if lossy else 0), lambda: f"exit code {code}\n{verdict}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True)
    parser.add_argument("--only", help="the scenario of this name")
    options = parser.parse_args()
    checks = Checks("scenarios")
    names = [name for name in SCENARIOS if options.only in (None, name)]
    # They wait more than they work.
    with ThreadPoolExecutor(max_workers=5) as pool:
        for name, played in zip(names, pool.map(lambda name: attempt(options.sealog, name), names)):
            with checks.section(name):
                if isinstance(played, Exception):
                    raise played
                judge(checks, name, played)
    return checks.finish()


def attempt(sealog, name):
    try:
        return play(sealog, name)
    except Exception as problem:  # noqa: BLE001  (told by the check of that name)
        return problem


if __name__ == "__main__":
    sys.exit(main())
