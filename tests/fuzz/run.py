#!/usr/bin/env python3
"""Feeds the parsers of bytes from outside what no test thought of. Ends with the line `N passed, N failed`.

    run.py [--seconds N] [--target NAME]… [--seed N] [--keep DIR]     what CI runs, as long as SECONDS says
    run.py --target NAME --input FILE                                 one input again, to see a finding
    run.py --target NAME --merge DIR                                  takes up into the corpus what DIR adds to it

A target is a file `src/bin/NAME.rs` with a folder `corpus/NAME` and, if it helps, a dictionary `src/bin/NAME.dict`. Files
of the corpus with a name were written by hand; those in `found` reached something new in a long run. Each target is
compiled with coverage counters (stable rustc has them; libFuzzer comes as source with libfuzzer-sys and needs a C++
compiler), run over its corpus, then on mutants for a bounded time, in bounded memory. A finding is left in
$SEALOG_TOOLS/fuzz-findings and printed; once mended, it belongs into the corpus under a name that says what it was.
"""

import argparse
import os
import random
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]

from checks import Checks  # noqa: E402

TOOLS = Path(os.environ.get("SEALOG_TOOLS")
             or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "sealog" / "tools")
BYTES_MAX = 1 << 16
# How long each target is fuzzed: what reads the network, and has the most states, longest.
SECONDS = {"page": 60}
SECONDS_OTHERS = 15
RSS_MAX_MB = 512
ONE_INPUT_MAX_S = 10
CORPUS_BYTES_MAX = 300_000
# Counters on every edge, and comparisons reported, so that the fuzzer can aim at constants.
COVERAGE = ["--cfg", "fuzzing", "-Cpasses=sancov-module", "-Cllvm-args=-sanitizer-coverage-level=4",
            "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters", "-Cllvm-args=-sanitizer-coverage-pc-table",
            "-Cllvm-args=-sanitizer-coverage-trace-compares"]
# Fewer mutants than this, or fewer counters, and nothing was fuzzed: the flags above have lost their effect.
MUTANTS_MIN_PER_S = 50
COUNTERS_MIN = 500


def build(targets):
    """Compiles outside the clone; gives the folder of the programs."""
    said = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=True).stdout
    # With --target, RUSTFLAGS do not reach build scripts and macros, which must not be instrumented.
    host = re.search(r"^host: (\S+)", said, re.MULTILINE).group(1)
    place = Path(os.environ["CARGO_TARGET_DIR"]) / "fuzz" if "CARGO_TARGET_DIR" in os.environ else TOOLS / "fuzz-target"
    environment = {name: value for name, value in os.environ.items() if name != "CARGO_ENCODED_RUSTFLAGS"}
    environment |= {"RUSTFLAGS": " ".join(COVERAGE), "CARGO_TARGET_DIR": str(place.absolute())}
    command = ["cargo", "build", "--release", "--locked", "--quiet", "--target", host]
    for target in targets:
        command += ["--bin", target]
    subprocess.run(command, cwd=HERE, env=environment, check=True)
    return place.absolute() / host / "release"


def run(program, *arguments, timeout_s=None):
    """Runs a target: (exit code, what it said). What is no UTF-8 in a finding must not stop us."""
    command = [str(program), *map(str, arguments)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=timeout_s, check=False)
    return done.returncode, done.stdout.decode(errors="replace")


def tail(said, lines=40):
    return "\n".join(line[:2000] for line in said.splitlines()[-lines:])


def limits(target):
    findings = TOOLS / "fuzz-findings" / target
    findings.mkdir(parents=True, exist_ok=True)
    dictionary = HERE / "src" / "bin" / f"{target}.dict"
    return [f"-max_len={BYTES_MAX}", f"-rss_limit_mb={RSS_MAX_MB}", f"-timeout={ONE_INPUT_MAX_S}",
            f"-artifact_prefix={findings}/", *([f"-dict={dictionary}"] if dictionary.exists() else [])]


def again(target, said):
    """How a person looks at the finding once more."""
    found = re.search(r"Test unit written to (\S+)", said)
    return f"{tail(said)}\nto see it again: tests/fuzz/run.py --target {target} --input {shlex.quote(found[1])}" \
        if found else tail(said)


def number(pattern, said):
    found = re.findall(pattern, said)
    return int(found[-1]) if found else 0


def fuzz(checks, program, target, seconds, seed, folder):
    corpus = HERE / "corpus" / target
    files = [path for path in corpus.rglob("*") if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    checks.check(f"{target}: a corpus of 1 to {CORPUS_BYTES_MAX} bytes", 0 < size <= CORPUS_BYTES_MAX, f"{size} bytes")
    code, said = run(program, *limits(target), "-runs=0", corpus, timeout_s=300)
    if not checks.check(f"{target}: all {len(files)} inputs of the corpus", code == 0, again(target, said)):
        return
    counters = number(r"\((\d+) inline 8-bit counters\)", said)
    checks.check(f"{target}: compiled with counters", counters >= COUNTERS_MIN, f"{counters} counters")
    grown = folder / target
    grown.mkdir(parents=True, exist_ok=True)
    # Larger inputs sooner than by default: a bounded run would otherwise see small ones only.
    code, said = run(program, *limits(target), f"-max_total_time={seconds}", f"-seed={seed}", "-len_control=30",
                     "-print_final_stats=1", grown, corpus, timeout_s=seconds + 120)
    mutants = number(r"stat::number_of_executed_units: *(\d+)", said)
    edges, peak_mb = number(r"cov: (\d+)", said), number(r"stat::peak_rss_mb: *(\d+)", said)
    print(f"{target}: {mutants} mutants in {seconds} s, {edges} edges seen, {peak_mb} MB, seed {seed}")
    if checks.check(f"{target}: nothing found in {seconds} s", code == 0, again(target, said)):
        checks.check(f"{target}: enough mutants", mutants >= MUTANTS_MIN_PER_S * seconds, tail(said))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", action="append", help="default: all of them")
    parser.add_argument("--seconds", type=int, help="for each target; default: see SECONDS")
    parser.add_argument("--seed", type=int, help="default: drawn, and printed")
    parser.add_argument("--keep", type=Path, help="leave the inputs that reached something new here, for --merge")
    parser.add_argument("--input", type=Path, help="run this one only")
    parser.add_argument("--merge", type=Path, help="a folder of inputs")
    options = parser.parse_args()
    all_targets = sorted(path.stem for path in (HERE / "src" / "bin").glob("*.rs"))
    targets = options.target or all_targets
    if unknown := set(targets) - set(all_targets):
        parser.error(f"there is no target {', '.join(sorted(unknown))}; there are: {', '.join(all_targets)}")
    if (options.input or options.merge) and len(targets) != 1:
        parser.error("--input and --merge need one --target")
    programs = build(targets)
    if options.input:
        os.execv(programs / targets[0], [targets[0], *limits(targets[0]), str(options.input)])
    if options.merge:
        os.execv(programs / targets[0], [targets[0], *limits(targets[0]), "-merge=1", "-use_counters=0",
                                         str(HERE / "corpus" / targets[0] / "found"), str(HERE / "corpus" / targets[0]),
                                         str(options.merge)])
    seed = random.randrange(1, 1 << 31) if options.seed is None else options.seed
    checks = Checks("fuzz")
    with tempfile.TemporaryDirectory(prefix="sealog-fuzz-") as folder:
        for target in targets:
            seconds = options.seconds or SECONDS.get(target, SECONDS_OTHERS)
            fuzz(checks, programs / target, target, seconds, seed, options.keep or Path(folder))
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
