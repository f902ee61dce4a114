"""Many writers on one log on a real S3 server with Object Lock: one winner per number, every acknowledged record there.

    many_writers.py --sealog PATH --writer PATH [--writers N] [--commits N] [--kills N] [--server NAME] [--seed N]

Starts its own servers (SEALOG_VERSITYGW, SEALOG_MINIO). Each writer is a process (`race_writer`) that commits rows of a
shard one by one; some share a shard. On each server: one writer alone, for the rate; all at once; all at once while the
server is killed (SIGKILL) and started again. `sealog verify` must say INTACT each time.
"""

import argparse
import json
import random
import subprocess
import sys
import threading
import time
from pathlib import Path

import common  # first: it says where the shared modules lie
import programs
import servers
from checks import Checks

VECTOR = Path(__file__).resolve().parent.parent / "vectors" / "clean-ledger" / "vector.txt"


class Writers:
    """Processes that race; what each printed is what was acknowledged to it."""

    def __init__(self, options, archive, count, endpoint):
        env = servers.environment(endpoint)
        # Each quarter of them shares its shards two by two.
        shards = [f"shard-{n - n % 2 if n >= 3 * count // 4 else n}" for n in range(count)]
        self.acknowledged, self.begun, self.pumps = set(), set(), []
        self.processes = [
            subprocess.Popen([options.writer, archive, f"writer-{n}", shard, str(options.commits)], env=env, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            for n, shard in enumerate(shards)
        ]
        self.said = [[] for _ in self.processes]
        self.wanted = {(shard, number) for shard in shards for number in range(1, options.commits + 1)}
        for process, said in zip(self.processes, self.said):
            self.pumps += [threading.Thread(target=self._acknowledge, args=(process,)),
                           threading.Thread(target=lambda p=process, s=said: s.extend(p.stderr))]
        for pump in self.pumps:
            pump.start()

    def _acknowledge(self, process):
        for line in process.stdout:
            shard, number = line.split()
            self.acknowledged.add((shard, int(number)))
            self.begun.add(process.pid)

    def have_begun(self):
        """Each has opened its log: a store that is away then is an error, and no crash to be survived."""
        return len(self.begun) == len(self.processes)

    def wait(self, timeout_s):
        deadline = time.monotonic() + timeout_s
        try:
            codes = [process.wait(timeout=max(1, deadline - time.monotonic())) for process in self.processes]
        finally:
            for process in self.processes:
                programs.stop(process)
        for pump in self.pumps:
            pump.join()
        return codes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--writer", required=True, help="the built race_writer")
    parser.add_argument("--writers", type=int, default=16)
    parser.add_argument("--commits", type=int, default=500)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--server", choices=servers.NAMES, action="append")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"many_writers: --seed {seed} --writers {options.writers} --commits {options.commits}", flush=True)
    checks = Checks("many_writers")
    for name in options.server or servers.NAMES:
        with checks.section(name), common.workplace(options, "many") as folder, servers.serving(name, folder / name) as server:
            race(checks, options, server, "alone", 1, None)
            race(checks, options, server, "together", options.writers, None)
            race(checks, options, server, "killed", options.writers, random.Random(seed))
    return checks.finish()


def race(checks, options, server, prefix, count, dice):
    name, archive = f"{server.name}, {prefix}", f"s3://{servers.BUCKET}/{prefix}"
    begun = time.monotonic()
    writers = Writers(options, archive, count, server.endpoint)
    kills = 0
    while dice and kills < options.kills and any(process.poll() is None for process in writers.processes):
        time.sleep(0.2)
        if writers.have_begun():
            time.sleep(dice.uniform(0.2, 1.5))
            server.kill()
            time.sleep(dice.uniform(0, 0.5))
            server.start()
            kills += 1
    codes = writers.wait(3600)
    seconds = time.monotonic() - begun
    said = "".join(line for lines in writers.said for line in lines if "WARN" not in line)[-2000:]
    checks.check(f"{name}: each writer ends well", set(codes) == {0}, f"{codes}\n{said}")
    if dice:
        checks.check(f"{name}: the server was killed {kills} times", kills == options.kills, "raise --commits")
    checks.equal(f"{name}: every record was acknowledged", writers.acknowledged, writers.wanted)
    report, code = verify(options, archive, server.endpoint)
    log = report["logs"][0]
    checks.equal(f"{name}: verify", (code, report["outcome"], log["records"]), (0, "INTACT", len(writers.wanted)))
    print(f"many_writers: {name}: {log['commits']} commits in {seconds:.1f} s, {log['commits'] / seconds:.1f} commits/s "
          f"by {count} writers", flush=True)


def verify(options, archive, endpoint):
    key = next(line.removeprefix("key: ") for line in VECTOR.read_text().splitlines() if line.startswith("key: "))
    env = servers.environment(endpoint)
    done = subprocess.run([options.sealog, "verify", archive, "--key", key, "--format", "json"], env=env, capture_output=True,
                          text=True, timeout=1800, check=False)
    return json.loads(done.stdout), done.returncode


if __name__ == "__main__":
    sys.exit(main())
