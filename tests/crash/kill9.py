"""kill -9 at random moments loses nothing and doubles nothing.

    kill9.py --sealog PATH [--trim] [--records N] [--kills N] [--seed N] [--keep DIR]

`sealog run` archives a simulated table whose shards roll and split; it is killed with SIGKILL at random moments and
started again each time; at last it runs until it has caught up. Then the archive must verify as INTACT and hold exactly
the records that the simulator offered. With `--trim` the service deletes records before they are read: then each record
is there once, or lies in a gap that the archive declares.
"""

import argparse
import random
import subprocess
import sys
import time

import common  # first: it says where the shared modules lie
import programs
from checks import Checks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--life", type=float, default=0.8, help="seconds that a process lives on average")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"kill9: {common.said(options, seed)} --kills {options.kills}", flush=True)

    checks = Checks("kill9")
    # A third more than the lives add up to, so that the last kills still hit a run in full work.
    duration_s = options.life * options.kills * 1.33
    with checks.section("the run"), common.workplace(options, "kill9") as folder:
        with common.simulator(options, folder, seed, duration_s) as simulator:
            run(checks, options, folder, simulator, random.Random(seed))
    return checks.finish()


def run(checks, options, folder, simulator, rng):
    key = programs.new_key(options.sealog, folder)
    # Small batches, so that kills hit many states between two commits and inside one.
    config = common.configuration(options, folder, rows_max=1_000)
    log = folder / "sealog.log"
    truth = simulator.truth()

    moments, trimmed_at = [], 0
    for _ in range(options.kills):
        process = programs.start_run(options.sealog, config, simulator.endpoint, log)
        try:
            process.wait(timeout=rng.uniform(0.02, 2 * options.life))
        except subprocess.TimeoutExpired:
            process.kill()
        code = process.wait()
        if code != -9:
            checks.check("the run goes on until it is killed", False, f"it ended with {code}\n{programs.tail(log)}")
            return
        moments.append(common.committed_records(folder))
        if options.trim and moments[-1] > trimmed_at + len(truth) // 10:
            trimmed_at = moments[-1]
            simulator.trim_ahead(folder, len(truth))
    print(f"kill9: records committed at each kill: {moments}", flush=True)
    last = moments[-1] if options.trim else len(truth)
    busy = sum(1 for committed in moments if committed < last)
    checks.check(f"{busy} of {options.kills} kills hit a run that had work left", busy * 2 >= options.kills,
                 "raise --records or lower --life: a kill of an idle process proves little")
    different = len(set(moments))
    checks.check(f"{different} different states were left behind", different >= min(5, options.kills),
                 "the lives are too short to commit anything: raise --life")

    begun = time.monotonic()
    code = programs.run_until_caught_up(options.sealog, config, simulator.endpoint, log)
    checks.check("the last run catches up", code == 0, lambda: f"exit code {code}\n{programs.tail(log)}")
    print(f"kill9: the last run took {time.monotonic() - begun:.1f} s", flush=True)
    common.check_no_panic(checks, [log])
    common.check_archive(checks, "after all kills", options, folder, truth, key)


if __name__ == "__main__":
    sys.exit(main())
