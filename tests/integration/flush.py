"""An archive in a directory survives a power failure: what is acknowledged was flushed, the file first, then its folder.

    flush.py --sealog PATH

`sealog run` is traced (strace), and a disk is imagined that keeps only what was flushed: bytes of a file as of its last
fsync, names of a folder as of that folder's last fsync. At each moment the archive on that disk must be one that a crash may
leave: a commit only with its evidence, a checkpoint only over commits that are there, every file whole.
"""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import archive  # noqa: E402
import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

CALLS = "openat,write,pwrite64,writev,ftruncate,fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,unlink,unlinkat"
# `1234  name(arguments) = result`, as strace prints it with -f; -y adds <path> to each descriptor.
LINE = re.compile(r"^(?P<pid>\d+)\s+(?P<name>\w+)\((?P<arguments>.*)\)\s+=\s+(?P<result>-?\d+)")
UNFINISHED = re.compile(r"^(?P<pid>\d+)\s+(?P<name>\w+)\((?P<arguments>.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(?P<pid>\d+)\s+<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
DESCRIPTOR = re.compile(r"^\d+<(?P<path>[^>]*)>")
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=4_000, seed=1)
    options = parser.parse_args()
    checks = Checks("flush")
    with checks.section("a traced run"), common.workplace(options, "flush") as folder:
        with common.simulator(options, folder, options.seed, 2) as simulator:
            traced(checks, options, folder, simulator.endpoint)
    with checks.section("the test itself"):
        can_fail(checks)
    return checks.finish()


def traced(checks, options, folder, endpoint):
    programs.new_key(options.sealog, folder)
    config = programs.configuration(folder, [common.TABLE], rows_max=500)
    trace = folder / "trace"
    command = ["strace", "-f", "-y", "-s", "256", "-e", f"trace={CALLS}", "-o", str(trace),
               options.sealog, "run", "--config", str(config), "--until-caught-up"]
    done = subprocess.run(command, env=programs.environment(endpoint), capture_output=True, text=True, timeout=600, check=False)
    checks.check("the traced run catches up", done.returncode == 0, done.stdout + done.stderr)
    root = os.path.realpath(folder / "archive")
    disk = Disk(root)
    for name, arguments in calls(trace.read_text(errors="replace").splitlines()):
        disk.call(name, arguments)
    for problem in disk.problems[:10]:
        checks.check("what a crash leaves is an archive", False, problem)
    commits = [commit["number"] for _, commit in archive.commits(folder / "archive", common.TABLE)]
    checks.check(f"no moment of {disk.moments} leaves anything else", not disk.problems and disk.moments > 20, disk.moments)
    kept = {path.removeprefix(f"{root}/{common.TABLE}/") for path in disk.kept}
    wanted = {f"commits/{number:020d}.json" for number in commits} | {"checkpoint"}
    checks.check(f"{len(commits)} acknowledged commits are on the disk at the end", len(commits) > 5 and wanted <= kept,
                 sorted(wanted - kept))


def calls(lines):
    """(name, arguments) of each call that succeeded, in the order in which they ended."""
    begun = {}
    for line in lines:
        if match := UNFINISHED.match(line):
            begun[match["pid"]] = match["arguments"]
            continue
        if match := RESUMED.match(line):
            line = f"{match['pid']} {match['name']}({begun.pop(match['pid'], '')}{match['rest']}"
        match = LINE.match(line)
        if match and int(match["result"]) >= 0:
            yield match["name"], match["arguments"]


class Disk:
    """What would be there after the power has failed."""

    def __init__(self, root):
        self.root, self.moments, self.problems = root, 0, []
        self.dirty = set()    # files with bytes that were not flushed
        self.names = {}       # folder: names in it, as running programs see them
        self.kept = set()     # paths that survive
        self.whole = {}       # path: whether its bytes were flushed when it got its name

    def call(self, name, arguments):
        texts = [bytes(text, "ascii", "replace").decode("unicode_escape") for text in TEXT.findall(arguments)]
        descriptor = DESCRIPTOR.match(arguments)
        path = descriptor["path"] if descriptor else None
        if name in ("write", "pwrite64", "writev", "ftruncate") and self.is_ours(path):
            self.dirty.add(path)
        elif name in ("fsync", "fdatasync") and path:
            self.flushed(path)
        elif name.startswith(("rename", "link")) and len(texts) >= 2:
            self.moved(texts[-2], texts[-1])
        elif name.startswith("mkdir") and texts:
            self.appears(texts[-1], True)

    def is_ours(self, path):
        return path is not None and path.startswith(f"{self.root}/")

    def moved(self, old, new):
        if self.is_ours(new):
            self.appears(new, old not in self.dirty)

    def appears(self, path, whole):
        self.names.setdefault(os.path.dirname(path), set()).add(path)
        self.whole[path] = whole

    def flushed(self, path):
        self.dirty.discard(path)
        news = self.names.pop(path, set())
        if not news:
            return
        self.kept |= news
        self.moments += 1
        self.problems += [f"{new} has its name before its bytes are on the disk" for new in news if not self.whole[new]]
        # A name is reached only through folders that are kept themselves.
        for new in news:
            folder = os.path.dirname(new)
            if self.is_ours(folder) and folder not in self.kept:
                self.problems.append(f"{new} is flushed, but its folder {folder} would be gone")
            self.problems += self.lacks(new)

    def lacks(self, path):
        """What `path` speaks of and the disk does not have."""
        log, name = f"{self.root}/{common.TABLE}", path.removeprefix(f"{self.root}/{common.TABLE}/")
        if match := re.fullmatch(r"commits/(\d{20})\.json", name):
            objects = re.findall(r'"key":"(evidence/[^"]*)"', Path(path).read_text())
            before = [f"commits/{int(match[1]) - 1:020d}.json"] if int(match[1]) else []
            return [f"{name} is kept without {it}" for it in objects + before if f"{log}/{it}" not in self.kept]
        if match := re.fullmatch(r"checkpoints/(\d{20})", name):
            last = f"commits/{int(match[1]) - 1:020d}.json"
            return [] if f"{log}/{last}" in self.kept else [f"{name} is kept without {last}"]
        return []


def can_fail(checks):
    """The disk above finds what it is for."""
    staged, named = "/a/.staging/x", "/a/accounts/checkpoint"
    written = [("mkdir", '"/a/accounts", 0777'), ("fsync", "9</a>"), ("write", f'3<{staged}>, "x", 1')]
    move = ("renameat2", f'AT_FDCWD</>, "{staged}", AT_FDCWD</>, "{named}", RENAME_NOREPLACE')
    cases = {
        "in order": ([*written, ("fsync", f"3<{staged}>"), move, ("fsync", "4</a/accounts>")], 0, True),
        "bytes not flushed": ([*written, move, ("fsync", "4</a/accounts>")], 1, True),
        "folder not flushed": ([*written, ("fsync", f"3<{staged}>"), move], 0, False),
        "folder of the folder not flushed": ([written[0], *written[2:], ("fsync", f"3<{staged}>"), move,
                                              ("fsync", "4</a/accounts>")], 1, True),
    }
    for name, (happened, problems, kept) in cases.items():
        disk = Disk("/a")
        for call in happened:
            disk.call(*call)
        checks.equal(f"the test tells: {name}", (len(disk.problems), named in disk.kept), (problems, kept))
    resumed = ["7 fsync(3</a/x> <unfinished ...>", "8 fsync(4</a/y>) = 0", "7 <... fsync resumed>) = 0", "7 fsync(3</a/x>) = -1 EIO"]
    checks.equal("the trace is read in the order of its ends", list(calls(resumed)), [("fsync", "4</a/y>"), ("fsync", "3</a/x>")])


if __name__ == "__main__":
    sys.exit(main())
