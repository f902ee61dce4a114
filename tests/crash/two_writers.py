"""Two `sealog run` on one archive at once: nothing doubled, nothing lost, one linear chain.

    two_writers.py --sealog PATH [--trim] [--records N] [--seed N] [--keep DIR]

Both read the same stream and race for every commit. One of them may give up, but must say why and leave with a
documented exit code; a last run then finishes what is left. Both logs are kept (`--keep`), and their ends are printed.
"""

import argparse
import random
import sys
import time

import common  # first: it says where the shared modules lie
import archive
import programs
from checks import Checks

# Good; try again (operate.md, "exit codes"): a writer that lost the archive to another may stop with the second.
MAY_END_WITH = {0, 75}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=40_000)
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"two_writers: {common.said(options, seed)}", flush=True)

    checks = Checks("two_writers")
    with checks.section("the run"), common.workplace(options, "two-writers") as folder:
        with common.simulator(options, folder, seed, 6) as simulator:
            run(checks, options, folder, simulator)
    return checks.finish()


def trim(options, folder, simulator, writers):
    """Trims ahead of both writers when the log has well begun."""
    while all(writer.poll() is None for writer in writers):
        if common.committed_records(folder) * 10 > options.records:
            return simulator.trim_ahead(folder, options.records)
        time.sleep(0.05)


def run(checks, options, folder, simulator):
    key = programs.new_key(options.sealog, folder)
    config = common.configuration(options, folder)
    logs = [folder / "first.log", folder / "second.log"]
    writers = [programs.start_run(options.sealog, config, simulator.endpoint, log, "--until-caught-up") for log in logs]
    try:
        if options.trim:
            trim(options, folder, simulator, writers)
        codes = [writer.wait(timeout=600) for writer in writers]
    finally:
        for writer in writers:
            programs.stop(writer)
    print(f"two_writers: exit codes {codes}", flush=True)
    for log in logs:
        print(f"two_writers: {log.name} ends with:\n{programs.tail(log, 8)}", flush=True)
    checks.check("each writer ends with a documented exit code", set(codes) <= MAY_END_WITH, codes)
    checks.check("one of them catches up", 0 in codes, codes)
    checks.check("each says something", all(log.stat().st_size > 0 for log in logs), "an empty log")
    writer_ids = {document["writer"]["id"] for _, document in archive.commits(folder / "archive", common.TABLE)}
    checks.check(f"the race took place: {len(writer_ids)} writers in the commits", len(writer_ids) >= 2 or 75 in codes,
                 "one of them neither committed anything nor gave up: raise --records")

    last = folder / "last.log"
    code = programs.run_until_caught_up(options.sealog, config, simulator.endpoint, last)
    checks.check("a third run finds the archive in order", code == 0, lambda: f"exit code {code}\n{programs.tail(last)}")
    common.check_no_panic(checks, [*logs, last])
    common.check_archive(checks, "after the race", options, folder, simulator.truth(), key)


if __name__ == "__main__":
    sys.exit(main())
