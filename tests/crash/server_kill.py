"""The S3 server is killed (SIGKILL) again and again while `sealog run` archives into it: nothing acknowledged is lost, and
the run goes on by itself.

    server_kill.py --sealog PATH [--kills N] [--server NAME] [--seed N] [--keep DIR]

One `sealog run`, started once. Each time it has committed something more, the server is killed at a drawn moment and
started again after a drawn while. Commits that were seen before a kill must be there, byte for byte, behind it. At last
everything the simulator offered must be committed, and a stop signal must end the run well.
"""

import argparse
import json
import random
import subprocess
import sys
import time

import common  # first: it says where the shared modules lie
import programs
import servers
from checks import Checks

PREFIX = "killed"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(bytes=600)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--server", choices=servers.NAMES, action="append")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    # So many that the run cannot be over before the last kill.
    options.records = options.kills * 4_000
    print(f"server_kill: --seed {seed} --kills {options.kills}", flush=True)
    checks = Checks("server_kill")
    for name in options.server or servers.NAMES:
        with checks.section(name), common.workplace(options, "server-kill") as folder, servers.serving(name, folder / name) as server:
            with common.simulator(options, folder, seed, 2 * options.kills) as simulator:
                run(checks, options, folder, simulator, server, random.Random(seed))
    return checks.finish()


def run(checks, options, folder, simulator, server, rng):
    key = programs.new_key(options.sealog, folder)
    config = programs.configuration(folder, [common.TABLE], rows_max=200)
    truth, log = simulator.truth(), folder / "run.log"
    env = servers.environment(server.endpoint, simulator.endpoint)
    words = [options.sealog, "run", "--config", str(config), "--archive", f"s3://{servers.BUCKET}/{PREFIX}"]
    with open(log, "wb") as output:
        process = subprocess.Popen(words, env=env, stdout=output, stderr=subprocess.STDOUT)
    archive = Archive(server)
    kept, busy = True, 0
    try:
        for _ in range(options.kills):
            archive.wait_for(archive.records + 1, process)
            time.sleep(rng.uniform(0, 0.5))
            archive.follow()
            seen = dict(archive.commits)
            server.kill()
            time.sleep(rng.uniform(0.1, 1))
            server.start()
            archive.look()
            busy += archive.records < len(truth)
            kept = kept and all(archive.commits.get(name) == body for name, body in seen.items())
        checks.check(f"{server.name}: every commit seen before a kill is there behind it", kept)
        checks.equal(f"{server.name}: kills that hit a run with work left", busy, options.kills)
        archive.wait_for(len(truth), process)
        checks.equal(f"{server.name}: the run goes on by itself", (process.poll(), archive.records), (None, len(truth)))
    finally:
        code = programs.stop(process, grace_s=60)
    checks.check(f"{server.name}: a stop ends it well", code == 0, lambda: f"exit code {code}\n{programs.tail(log)}")
    tries = log.read_text(errors="replace").count("the archive is written again")
    print(f"server_kill: {server.name}: {options.kills} kills, {len(archive.commits)} commits, {tries} times tried again", flush=True)
    servers.copy_down(server.endpoint, PREFIX, folder / "archive")
    common.compare_with_truth(checks, folder, truth)
    common.check_no_panic(checks, [log])
    done = subprocess.run([options.sealog, "verify", f"s3://{servers.BUCKET}/{PREFIX}", "--key", key, "--format", "json"], env=env,
                          capture_output=True, text=True, timeout=300, check=False)
    checks.equal(f"{server.name}: verify", (done.returncode, json.loads(done.stdout)["outcome"]), (0, "INTACT"))


class Archive:
    """The commits on the server, as far as they were looked at."""

    def __init__(self, server):
        self.server, self.client, self.commits, self.records = server, servers.client(server.endpoint), {}, 0

    def look(self):
        """Brings `commits` (bytes by name) up to what is there, reading each again."""
        names = self._names()
        self.commits = {name: self._read(name) for name in names}
        self.records = sum((json.loads(body).get("batch") or {}).get("records", 0) for body in self.commits.values())

    def wait_for(self, records, process, timeout_s=300):
        """Returns when so many records are committed; an error if the run ends or the time is over."""
        deadline = time.monotonic() + timeout_s
        while self.records < records:
            if process.poll() is not None:
                raise RuntimeError(f"the run ended with {process.returncode}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.records} of {records} records after {timeout_s} s")
            self.follow()
            time.sleep(0.05)

    def follow(self):
        """Reads what is new."""
        for name in self._names():
            if name not in self.commits:
                self.commits[name] = self._read(name)
                self.records += (json.loads(self.commits[name]).get("batch") or {}).get("records", 0)

    def _names(self):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=servers.BUCKET, Prefix=f"{PREFIX}/{common.TABLE}/commits/")
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def _read(self, name):
        return self.client.get_object(Bucket=servers.BUCKET, Key=name)["Body"].read()


if __name__ == "__main__":
    sys.exit(main())
