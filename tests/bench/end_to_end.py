"""Records a second and core over HTTP: from a simulator in one process to commits in a directory by `sealog run` in another.

    end_to_end.py --sealog PATH [--records N] [--bytes N] [--rounds N] [--shards N] [--filter FILE]

Each round runs once without a filter and once with the filter of the demo, enforced: what judging costs is the difference.
What counts is the CPU time (user and system, all threads, start-up included) of the `sealog run` process alone, as the
kernel reports it when the process ends; the simulator's is not in it. Machines differ, and so does one machine from hour to
hour: each round also hashes as many bytes as the records have on the wire (SHA-256, OpenSSL's), and the ratio is printed.
The archive lies in memory (/dev/shm) where there is such a place. Every run is checked: its commits hold as many records as
the simulator offered. A run that finds nothing to read shows what starting and stopping cost.
"""

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402

TABLE = common.TABLE
GOALS = {"without a filter": (120_000, 100_000), "with a filter": (105_000, 90_000)}
SCENARIO = """\
version = 1
seed = 1
[[table]]
name = "{table}"
region = "{region}"
created = "-3h"
shards = {shards}
[[table.writer]]
count = {records}
from = "-2h"
until = "-10m"
items = 40000
bytes = {bytes}
[[table.event]]
at = "-5m"
does = "disable"
"""


class Usage:
    """What one process took."""

    def __init__(self, wall_s, used):
        self.wall_s = wall_s
        self.user_s, self.system_s = used.ru_utime, used.ru_stime
        self.cpu_s = used.ru_utime + used.ru_stime


def run(sealog, config, endpoint, log):
    """`sealog run --until-caught-up`, and what the kernel says of it."""
    began = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen([sealog, "run", "--config", str(config), "--until-caught-up"], stdout=output,
                                   stderr=subprocess.STDOUT, env=programs.environment(endpoint))
        _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"sealog run ended with {process.returncode}:\n{programs.tail(log)}")
    return Usage(time.monotonic() - began, used)


def archived(sealog, config, endpoint, folder, expected):
    """One run into an empty archive."""
    shutil.rmtree(folder / "archive", ignore_errors=True)
    usage = run(sealog, config, endpoint, folder / "run.log")
    found = common.committed_records(folder)
    if found != expected:
        raise RuntimeError(f"{expected} records were offered and {found} are committed")
    return usage


def judged(sealog, config, component, configured=None):
    """The configuration once more, with a filter that is enforced; that of the demo unless it is said how it is configured."""
    secret, path = config.with_name("redaction.secret"), config.with_name("judged.toml")
    subprocess.run([sealog, "keys", "generate", "--redaction", "--out", str(secret)], check=True, capture_output=True)
    digest = hashlib.sha256(component.read_bytes()).hexdigest()
    path.write_text(f'redaction_secret = "file:{secret}"\nfilter_cache = "{config.parent}/cache"\n{config.read_text()}'
                    f'[[table.filter]]\ncomponent = "{component}"\nsha256 = "{digest}"\nenforce = true\n'
                    f"config = {inline(configured or {'threshold': '10000'})}\n")
    return path


def inline(members):
    """A filter's configuration of texts and numbers as a table in a line of TOML."""
    return "{ " + ", ".join(f"{name} = {json.dumps(value)}" for name, value in members.items()) + " }"


def hashed(count):
    """CPU seconds that this process takes to hash so many bytes."""
    piece = bytes(range(256)) * 4096
    began, digest = time.process_time(), hashlib.sha256()
    for _ in range(count // len(piece)):
        digest.update(piece)
    return time.process_time() - began


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the binary, built as a release")
    parser.add_argument("--records", type=int, default=240_000)
    parser.add_argument("--bytes", type=int, default=1_700, help="about so many bytes a record on the wire")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--filter", type=Path, default=HERE.parent.parent / "plugins/demo/ledger.wasm",
                        help="a filter that takes the demo's configuration")
    options = parser.parse_args()
    memory = "/dev/shm" if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(prefix="sealog-bench-", dir=memory) as folder:
        measure(options, Path(folder))


def measure(options, folder):
    scenario = folder / "scenario.toml"
    scenario.write_text(SCENARIO.format(table=TABLE, region=programs.REGION, shards=options.shards,
                                        records=options.records, bytes=options.bytes))
    programs.new_key(options.sealog, folder)
    plain = programs.configuration(folder, [TABLE])
    ways = dict(zip(GOALS, (plain, judged(options.sealog, plain, options.filter.resolve()))))
    simulator = common.Simulator([options.sealog, "simulator"], ["--scenario", str(scenario)], folder / "simulator.log")
    try:
        offered = len(simulator.truth())
        for config in ways.values():
            archived(options.sealog, config, simulator.endpoint, folder, offered)
        usages, references = {way: [] for way in ways}, []
        for _ in range(options.rounds):
            for way, config in ways.items():
                usages[way].append(archived(options.sealog, config, simulator.endpoint, folder, offered))
            references.append(hashed(offered * options.bytes))
        size = sum(path.stat().st_size for path in (folder / "archive").rglob("*") if path.is_file())
        idle = {way: [run(options.sealog, config, simulator.endpoint, folder / "run.log") for _ in range(3)]
                for way, config in ways.items()}
    finally:
        simulator.stop()
    print(f"end to end over HTTP: {offered} records of about {options.bytes} bytes in {options.shards} shards, "
          f"{options.rounds} runs after one to warm up, {size / offered:.0f} bytes a record in the archive")
    for way in ways:
        report(way, offered, usages[way], references, idle[way])
    took = [statistics.median(usage.cpu_s for usage in usages[way]) for way in ways]
    print(f"the filter costs {(took[1] - took[0]) / offered * 1e6:.2f} us a record")


def report(way, offered, usages, references, idle):
    print(f"{way}\n{'run':<8}{'CPU s':>8}{'user':>8}{'system':>8}{'us/record':>11}{'records/s/core':>16}{'wall s':>8}")
    rows = [(str(at + 1), usage) for at, usage in enumerate(usages)]
    for name, it in [*rows, ("nothing", min(idle, key=lambda it: it.cpu_s))]:
        each = f"{it.cpu_s / offered * 1e6:>11.2f}{offered / it.cpu_s:>16.0f}" if name != "nothing" else f"{'':>27}"
        print(f"{name:<8}{it.cpu_s:>8.2f}{it.user_s:>8.2f}{it.system_s:>8.2f}{each}{it.wall_s:>8.2f}")
    took, reference = statistics.median(usage.cpu_s for usage in usages), statistics.median(references)
    print(f"reference: SHA-256 over as many bytes {reference:.2f} CPU s ({offered / reference:.0f} records/s/core); "
          f"end to end costs {took / reference:.2f} times that")
    middle, (goal, least) = offered / took, GOALS[way]
    word = "the goal is reached" if middle >= goal else "less than the goal" if middle >= least else "LESS THAN THE LEAST"
    print(f"middle: {middle:.0f} records/s/core; goal {goal}, the least {least}: {word}")


if __name__ == "__main__":
    main()
