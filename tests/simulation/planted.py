#!/usr/bin/env python3
"""Plants one bug at a time in a copy of Sealog, and demands that the simulation finds it, or a scenario of the crash sweep.

Each `planted/*.patch` begins with a line that says what it breaks, which rule of the reader that is (FS-nn), and within
how many seeds it has to be found, or by which test of the pipeline. The copy lies outside the clone, its target directory is warm from the last run, or is
filled from the clone's own: a bug costs the build of what it touches and of what stands on that.

    planted.py [--only NAME ...]

The last line is `N passed, N failed`; the exit code is 0 only if every bug was found.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

CLONE = Path(__file__).resolve().parents[2]
PATCHES = CLONE / "tests" / "simulation" / "planted"
TOOLS = Path(os.environ.get("SEALOG_TOOLS") or Path.home() / ".cache" / "sealog" / "tools")
TREE = TOOLS / "planted" / "tree"
TARGET = TOOLS / "planted" / "target"
# What the simulation is built from. Members of the workspace have to be there, whether they are built or not.
PARTS = ["Cargo.toml", "Cargo.lock", "wit", "plugins", "crates", "tests/tidy", "tests/integration", "tests/simulation"]
HEADER = re.compile(r"^# (?P<what>.*) \((?P<rule>FS-\d+(?:, FS-\d+)*|filters); found (?:within (?P<seeds>\d+) seeds|by (?P<test>\w+::\w+))\)$")
# How the crash sweep names the point at which it failed.
POINT = re.compile(r"(call \d+, \w+ [^\n]*?: \w+(?:\(\w+\))?)")
# A seed that never ends is found too, but by the clock: much longer than any number of good seeds takes.
SECONDS_MAX = 600


class Failed(Exception):
    """A patch that proves nothing."""


def main() -> int:
    args = arguments()
    # Those that touch one crate stand together: the next one builds that crate and no other anew.
    patches = sorted(PATCHES.glob("*.patch"), key=lambda patch: (touched(patch), patch.stem))
    if args.only:
        patches = [patch for patch in patches if patch.stem in args.only]
    seed_target()
    passed = failed = 0
    copy_tree()
    if not args.only:
        # Without this every bug would be "found" by a simulation that finds bugs everywhere.
        good = verdict("(no bug)", unharmed)
        passed, failed = passed + good, failed + (not good)
    for patch in patches:
        good = verdict(patch.stem, lambda patch=patch: planted(patch))
        passed, failed = passed + good, failed + (not good)
    print(f"{passed} passed, {failed} failed")
    return 0 if failed == 0 and passed > 0 else 1


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these bugs, by the names of their patches")
    return parser.parse_args()


def touched(patch: Path) -> str:
    found = re.search(r"^\+\+\+ b/(\S+)", patch.read_text(), re.MULTILINE)
    return found[1] if found else ""


def verdict(name: str, check) -> bool:
    """Runs one check and prints its line of the table."""
    began = time.monotonic()
    try:
        said, good = check(), True
    except Failed as problem:
        said, good = str(problem), False
    print(f"{'ok  ' if good else 'FAIL'} {name:28} {said}  ({time.monotonic() - began:.0f} s)", flush=True)
    return good


def unharmed() -> str:
    build()
    code, out = simulate(40)
    if code != 0:
        raise Failed(f"the simulation fails without a bug:\n{out}")
    return "40 seeds, 0 failed"


def planted(patch: Path) -> str:
    header = HEADER.match(patch.read_text().splitlines()[0])
    if header is None:
        raise Failed("its first line is not `# what (FS-nn; found within N seeds)` or `… found by TEST)`")
    apply(patch)
    try:
        return f"{header['rule']:13} " + (found_by_test(header["test"]) if header["test"] else found_by_seed(int(header["seeds"])))
    finally:
        apply(patch, "--reverse")


def found_by_seed(seeds: int) -> str:
    build()
    code, out = simulate(seeds)
    found = re.search(r"simulate --seed (\d+)", out)
    if code == 0:
        raise Failed(f"not found within {seeds} seeds")
    if found is None:
        raise Failed(f"the simulation ended with {code} and named no seed:\n{out[-2000:]}")
    return f"seed {found[1]:>4} of {seeds:>4}"


def found_by_test(test: str) -> str:
    command = ["cargo", "test", "--quiet", "--locked", "--workspace", "--test", "pipeline"]
    build_only = subprocess.run([*command, "--no-run"], cwd=TREE, env=environment(), capture_output=True, text=True, check=False)
    if build_only.returncode != 0:
        raise Failed(f"it does not compile:\n{build_only.stderr[-3000:]}")
    run = subprocess.run([*command, "--", "--exact", test], cwd=TREE, env=environment(), capture_output=True, text=True,
                         check=False, timeout=SECONDS_MAX)
    out = run.stdout + run.stderr
    if run.returncode == 0:
        raise Failed(f"not found by {test}" + ("" if "1 passed" in out else ", which is no test"))
    found = POINT.search(out)
    return f"{test}: {found[1] if found else 'failed without a fault'}"


def apply(patch: Path, *options: str) -> None:
    command = ["patch", "--strip=1", "--silent", "--batch", "--no-backup-if-mismatch", "--reject-file=-"]
    run = subprocess.run([*command, *options, f"--input={patch}"], cwd=TREE, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        copy_tree()
        raise Failed(f"it does not apply; make it anew:\n{run.stdout}{run.stderr}")


def build() -> None:
    command = ["cargo", "build", "--quiet", "--locked", "--workspace", "--bin", "simulate"]
    run = subprocess.run(command, cwd=TREE, env=environment(), capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise Failed(f"it does not compile:\n{run.stderr[-3000:]}")


def environment() -> dict[str, str]:
    # Nobody debugs these builds; linking is most of their time.
    return os.environ | {"CARGO_TARGET_DIR": str(TARGET), "CARGO_PROFILE_DEV_DEBUG": "false"}


def simulate(seeds: int) -> tuple[int, str]:
    command = [TARGET / "debug" / "simulate", "--first", "--seeds", str(seeds)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS_MAX)
    except subprocess.TimeoutExpired as late:
        raise Failed(f"a seed did not end within {SECONDS_MAX} s: every run has to be bounded") from late
    return run.returncode, run.stdout + run.stderr


def copy_tree() -> None:
    """Brings the copy up to date; what did not change keeps its date, so that it is not built again."""
    wanted = {path.relative_to(CLONE) for part in PARTS for path in files(CLONE / part)}
    for path in list(files(TREE)):
        if path.relative_to(TREE) not in wanted:
            path.unlink()
    for name in wanted:
        source, copy = CLONE / name, TREE / name
        if copy.exists() and copy.read_bytes() == source.read_bytes():
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())


def files(path: Path):
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if name not in ("target", "__pycache__")]
        yield from (Path(folder) / name for name in names)


def seed_target() -> None:
    """Takes the built dependencies from the clone's target directory: the same compiler, lock file and features give the
    same artefacts. Our own crates are left out, because cargo would take those of another tree for those of this one."""
    there = Path(os.environ.get("CARGO_TARGET_DIR") or CLONE / "target") / "debug"
    if TARGET.exists() or not there.is_dir():
        return
    print(f"planted: taking built dependencies from {there}", file=sys.stderr)
    for part in ("deps", "build", ".fingerprint"):
        shutil.copytree(
            there / part, TARGET / "debug" / part,
            ignore=lambda folder, names: [name for name in names if not is_wanted(Path(folder) / name)],
        )


def is_wanted(path: Path) -> bool:
    ours = re.match(r"(lib)?sealog[-_]", path.name) or path.name == "sealog"
    is_program = path.parent.name == "deps" and path.suffix == "" and path.is_file()
    return not ours and not is_program


if __name__ == "__main__":
    sys.exit(main())
