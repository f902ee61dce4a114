"""What goes wrong for an operator gives one clear message and a documented exit code, and loses nothing.

    failures.py --sealog PATH

Each case runs `sealog run` against a simulator under one fault, checks the exit code and what was said, and then runs it
again without the fault: the archive must verify as INTACT and hold everything.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

# README, "Verify without trusting us".
UNREACHABLE, TRY_AGAIN, CONFIGURATION = 69, 75, 78


class Case:
    """One configuration in a folder of its own, and the runs of it."""

    def __init__(self, checks, sealog, endpoint, folder):
        self.checks, self.sealog, self.endpoint, self.folder = checks, sealog, endpoint, Path(folder)
        self.key = programs.new_key(sealog, folder)
        self.config = programs.configuration(folder, [common.TABLE])

    def run(self, environment=None, **options):
        """`sealog run --until-caught-up`: (exit code, everything it said)."""
        environment = programs.environment(self.endpoint) if environment is None else environment
        done = subprocess.run([self.sealog, "run", "--config", str(self.config), "--until-caught-up"], text=True,
                              capture_output=True, timeout=300, check=False, env=environment, **options)
        return done.returncode, done.stdout + done.stderr

    def expect(self, name, result, code, *words):
        """Checks exit code and words of a failed run; no panic, no backtrace."""
        got, said = result
        good = got == code and all(word in said for word in words) and "panicked" not in said
        self.checks.check(f"{name}: exit code {code}, says {', '.join(words)}", good, f"exit code {got}\n{said}")

    def recovers(self, name, truth):
        """Runs without the fault and compares with the truth."""
        code, said = self.run()
        self.checks.check(f"{name}: the next run catches up", code == 0, f"exit code {code}\n{said}")
        common.compare_with_truth(self.checks, self.folder, truth)
        programs.check_intact(self.checks, name, self.sealog, self.folder / "archive", self.key)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=20_000, seed=1)
    options = parser.parse_args()
    if os.geteuid() != 0:
        # Full and read-only file systems have to be mounted: in a namespace of its own, everybody may.
        os.execvp("unshare", ["unshare", "--map-root-user", "--mount", sys.executable, *sys.argv])
    checks = Checks("failures")
    with checks.section("the cases"), common.workplace(options, "failures") as folder:
        with common.simulator(options, folder, options.seed, 1) as simulator:
            truth = simulator.truth()
            for case in (configuration, service, key_file, read_only_directory, full_disk, other_table):
                place = folder / case.__name__
                place.mkdir()
                with checks.section(case.__name__):
                    case(Case(checks, options.sealog, simulator.endpoint, place), truth)
    return checks.finish()


def configuration(case, _truth):
    """An unknown key, a missing file, no table of that name."""
    good = case.config.read_text()
    case.config.write_text(good.replace("archive =", "archve ="))
    case.expect("unknown key", case.run(), CONFIGURATION, "archve is unknown; did you mean archive?")
    case.config.write_text(good.replace(common.TABLE, "nobody"))
    case.expect("table without a stream", case.run(), CONFIGURATION, "nobody has no stream", "switch it on")
    case.config.unlink()
    case.expect("no configuration", case.run(), CONFIGURATION, "sealog.toml", "--config")


def service(case, truth):
    """Wrong endpoint, no region, no credentials; then all is well."""
    environment = programs.environment("http://127.0.0.1:1")
    case.expect("wrong endpoint", case.run(environment), UNREACHABLE, "Connection refused", "AWS_ENDPOINT_URL")
    environment = programs.environment(case.endpoint)
    del environment["AWS_REGION"]
    case.expect("no region", case.run(environment), CONFIGURATION, "AWS_REGION")
    environment = programs.environment(case.endpoint)
    del environment["AWS_ACCESS_KEY_ID"], environment["AWS_SECRET_ACCESS_KEY"]
    case.expect("no credentials", case.run(environment), CONFIGURATION, "no AWS credentials", "AWS_PROFILE")
    environment = programs.environment("http://127.0.0.1:1")
    config = case.config.read_text()
    case.config.write_text(config.replace(f'"{case.folder}/archive"', '"s3://sealog-nowhere/x"'))
    case.expect("unreachable bucket", case.run(environment), UNREACHABLE, "s3://sealog-nowhere/x", "endpoint")
    case.config.write_text(config)
    case.recovers("service", truth)


def key_file(case, truth):
    """A key that others can read, another key than the log's."""
    key = case.folder / "sealog.key"
    key.chmod(0o644)
    case.expect("key readable by others", case.run(), CONFIGURATION, "chmod 600")
    key.chmod(0o600)
    case.recovers("key file", truth)
    key.rename(case.folder / "first.key")
    programs.new_key(case.sealog, case.folder)
    case.expect("another key", case.run(), CONFIGURATION, "is signed by", "configure the right key")


def read_only_directory(case, truth):
    """A directory on a file system that is mounted read-only."""
    archive = case.folder / "archive"
    archive.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(archive)], check=True)
    try:
        case.expect("read-only directory", case.run(), UNREACHABLE, "archive", "read-only")
        subprocess.run(["mount", "-o", "remount,rw", str(archive)], check=True)
        case.recovers("read-only directory", truth)
    finally:
        subprocess.run(["umount", str(archive)], check=True)


def full_disk(case, truth):
    """A file system of two megabytes that fills up in the middle of a run, and is then made larger."""
    archive = case.folder / "archive"
    archive.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(archive)], check=True)
    try:
        case.expect("disk full", case.run(), TRY_AGAIN, "make room")
        before = common.committed_records(case.folder)
        case.expect("disk still full", case.run(), TRY_AGAIN, "make room")
        case.checks.check("what was committed stays", common.committed_records(case.folder) >= before)
        subprocess.run(["mount", "-o", "remount,size=200m", str(archive)], check=True)
        case.recovers("full disk", truth)
    finally:
        subprocess.run(["umount", str(archive)], check=True)


def other_table(case, truth):
    """The log of one table is configured for another."""
    case.recovers("other table", truth)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "other.toml"
        path.write_text(common.scenario(folder, 100, 500, 2, 1).read_text().replace(common.TABLE, "others"))
        other = common.Simulator([case.sealog, "simulator"], ["--scenario", str(path)], Path(folder) / "log")
        try:
            case.endpoint = other.endpoint
            case.config.write_text(case.config.read_text().replace(f'name = "{common.TABLE}"', f'name = "others"\nlog = "{common.TABLE}"'))
            case.expect("another table's log", case.run(), CONFIGURATION, "holds arn:aws:dynamodb", "another name")
        finally:
            other.stop()


if __name__ == "__main__":
    sys.exit(main())
