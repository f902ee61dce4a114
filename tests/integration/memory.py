"""FS-51: memory stays bounded in bytes, with 1,000 busy shards and a store that stalls.

    with-servers.sh PYTHON memory.py --sealog PATH

A simulator offers more than the bound in 1,000 shards. The archive lies on S3, behind a proxy that takes the first object
of rows and answers nothing from then on. Nothing can be committed, so reading has to stop; the kernel says how much memory
the process ever had. Then the store comes back, and the archive must be whole.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402
from stalling import StallingProxy  # noqa: E402

BUCKET = os.environ["SEALOG_TEST_S3"]
SHARDS = 1_000
PEAK_MAX_MB = 256
# The default of [memory] pages_max.
PAGES_MAX_MB = 64
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
items = {records}
bytes = {bytes}
[[table.event]]
at = "-5m"
does = "disable"
"""


def peak_mb(pid):
    """The most memory that a process ever had; `None` once it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return None


def rests(process, timeout_s=300):
    """Waits until a process has used next to no CPU for some seconds; whether it did, and lives."""
    def used_s():
        return sum(int(ticks) for ticks in Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]) \
            / os.sysconf("SC_CLK_TCK")
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline and process.poll() is None:
        before = used_s()
        time.sleep(8)
        if process.poll() is None and used_s() - before < 0.1:
            return True
    return False


def environment(streams, store):
    kept = programs.environment(streams)
    del kept["AWS_ENDPOINT_URL"]
    s3 = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")}
    return kept | s3 | {"AWS_ENDPOINT_URL_S3": store, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": streams}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the built binary")
    parser.add_argument("--records", type=int, default=240_000)
    parser.add_argument("--bytes", type=int, default=1_700, help="about so many bytes a record on the wire")
    parser.add_argument("--keep", help="work in this folder and leave everything there")
    options = parser.parse_args()
    checks = Checks("memory")
    with checks.section("the run"), common.workplace(options, "memory") as folder:
        scenario = folder / "scenario.toml"
        scenario.write_text(SCENARIO.format(table=common.TABLE, region=programs.REGION, shards=SHARDS,
                                            records=options.records, bytes=options.bytes))
        simulator = common.Simulator([options.sealog, "simulator"], ["--scenario", str(scenario)],
                                     folder / "simulator.log")
        try:
            run(checks, options, folder, simulator)
        finally:
            simulator.stop()
    return checks.finish()


def run(checks, options, folder, simulator):
    offered = len(simulator.truth())
    checks.check("more is offered than may be held", offered * options.bytes > (PEAK_MAX_MB << 20), f"{offered} records")
    real = urllib.parse.urlparse(os.environ["AWS_ENDPOINT_URL_S3"])
    proxy = StallingProxy(real.hostname, real.port, lambda data: data.startswith(b"PUT ") and b"/evidence/" in data[:200])
    key = programs.new_key(options.sealog, folder)
    config = programs.configuration(folder, [common.TABLE])
    config.write_text(config.read_text().replace(f'"{folder}/archive"', f'"s3://{BUCKET}/memory"'))
    env = environment(simulator.endpoint, proxy.endpoint)
    log = folder / "run.log"
    with open(log, "wb") as output:
        writer = subprocess.Popen([options.sealog, "run", "--config", str(config), "--until-caught-up"], env=env,
                                  stdout=output, stderr=subprocess.STDOUT)
    try:
        stalled = proxy.stalled.wait(timeout=120)
        checks.check("rows are on their way to the store when it stalls", stalled, lambda: programs.tail(log))
        checks.check("the process waits for its store", rests(writer), lambda: programs.tail(log))
        stalled_mb = peak_mb(writer.pid)
        checks.check("it reads as much as it may", stalled_mb >= PAGES_MAX_MB, f"{stalled_mb:.0f} MB")
        proxy.go_on()
        # Not `ru_maxrss` of the ended process: that counts what its parent had when it was started.
        whole_mb = stalled_mb
        while writer.poll() is None:
            whole_mb = max(whole_mb, peak_mb(writer.pid) or 0)
            time.sleep(0.1)
        print(f"{SHARDS} shards, {offered} records: at most {stalled_mb:.0f} MB while the store stalled, "
              f"{whole_mb:.0f} MB in the whole run", flush=True)
        checks.check(f"at most {PEAK_MAX_MB} MB", max(stalled_mb, whole_mb) <= PEAK_MAX_MB)
        checks.equal("it catches up once the store is back", writer.returncode, 0)
    finally:
        programs.stop(writer)
    env["AWS_ENDPOINT_URL_S3"] = os.environ["AWS_ENDPOINT_URL_S3"]
    done = subprocess.run([options.sealog, "verify", f"s3://{BUCKET}/memory", "--key", key, "--format", "json"], env=env,
                          capture_output=True, text=True, timeout=600, check=False)
    report = json.loads(done.stdout)
    checks.equal("the archive is whole", (report["outcome"], report["logs"][0]["records"]), ("INTACT", offered))


if __name__ == "__main__":
    sys.exit(main())
