"""Somebody else's tool reads our log: Tessera's fsck, unmodified, over archives that `sealog run` wrote.

    fsck.py --sealog PATH --fsck PATH

Two runs make one log of more than 512 commits (full and partial bundles and tiles, and a tile of level 1). fsck reads it
over HTTP and from the directory, recomputes every hash from the entries, and says so; then single bytes are changed, and
it must not. `sealog tiles` makes the same again from the commits alone.
"""

import argparse
import functools
import http.server
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "crash")]

import common  # noqa: E402  (first: it says where the shared modules lie)
import programs  # noqa: E402
from checks import Checks  # noqa: E402

TABLE = "orders"
COMMITS_MIN = 512
SAID = "Successfully fsck'd"
SCENARIO = f"""\
version = 1
seed = 11
time = "virtual"
[[table]]
name = "{TABLE}"
region = "{programs.REGION}"
created = "-3h"
shards = 2
[table.pages]
records_max = 1
[[table.writer]]
count = 700
items = 20
bytes = 200
from = "-2h"
until = "2h"
"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


class Served:
    """A folder over HTTP on loopback."""

    def __init__(self, folder):
        handler = functools.partial(Quiet, directory=str(folder))
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


def fsck(program, url, origin, key_file):
    """(exit code, everything it said)."""
    command = [program, "--storage_url", url, "--origin", origin, "--public_key", str(key_file), "--ui=false", "--N=4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False,
                          env=programs.environment("http://127.0.0.1:9"))
    return done.returncode, done.stdout + done.stderr


def passes(result):
    return result[0] == 0 and SAID in result[1]


def advance(endpoint, hours):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{endpoint}/_simulator/advance?ms={hours * 3_600_000}", method="POST")
    opener.open(request, timeout=60).close()


def make(checks, sealog, folder):
    """An archive of two runs; gives the log's folder and the file of the verifier key."""
    (folder / "scenario.toml").write_text(SCENARIO)
    key_file = folder / "key"
    key = programs.new_key(sealog, folder)
    key_file.write_text(key)
    config = programs.configuration(folder, [TABLE], rows_max=1)
    simulator = common.Simulator([sealog, "simulator"], ["--scenario", str(folder / "scenario.toml")], folder / "simulator.log")
    try:
        codes = [programs.run_until_caught_up(sealog, config, simulator.endpoint, folder / "sealog.log")]
        advance(simulator.endpoint, 3)
        codes.append(programs.run_until_caught_up(sealog, config, simulator.endpoint, folder / "sealog.log"))
    finally:
        simulator.stop()
    checks.equal("each run catches up", codes, [0, 0])
    log = folder / "archive" / TABLE
    commits = len(list((log / "commits").iterdir()))
    checks.check(f"{commits} commits, more than {COMMITS_MIN}", commits > COMMITS_MIN)
    return log, key_file, commits


def names_of(commits):
    """The tiles and bundles that fsck reads of a tree of this size, fewer than 65,536 commits."""
    full, rest = divmod(commits, 256)
    widths = [f"{index:03}" for index in range(full)] + ([f"{full:03}.p/{rest}"] if rest else [])
    return [f"tile/{level}/{name}" for level in ("0", "entries") for name in widths] + [f"tile/1/000.p/{full}"]


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def changed_bytes(checks, fsck_of, tlog, names):
    """fsck fails for each file with one bit changed, and so does `sealog verify`."""
    for name in names:
        path = tlog / name
        right = path.read_bytes()
        for place in {0, len(right) // 2, len(right) - 1}:
            wrong = bytearray(right)
            wrong[place] ^= 1
            path.write_bytes(wrong)
            result = fsck_of()
            checks.check(f"fsck: byte {place} of {name} changed", SAID not in result[1] and "fsck failed" in result[1], result[1])
        path.write_bytes(right)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True)
    parser.add_argument("--fsck", required=True)
    options = parser.parse_args()
    checks = Checks("tlog")
    with tempfile.TemporaryDirectory(prefix="sealog-tlog-") as folder:
        folder = Path(folder)
        log, key_file, commits = make(checks, options.sealog, folder)
        tlog, key = log / "tlog", key_file.read_text()
        origin, size, _ = (tlog / "checkpoint").read_text().split("\n", 3)[:3]
        checks.equal("the tiles are those of all commits after a run", int(size), commits)
        names = names_of(commits)
        missing = [name for name in names if not (tlog / name).is_file()]
        checks.check("full, partial and level-1 tiles are there", not missing, missing)
        with Served(tlog) as url:
            result = fsck(options.fsck, url, origin, key_file)
            checks.check("fsck over HTTP", passes(result), result[1])
        result = fsck(options.fsck, f"file://{tlog}", origin, key_file)
        checks.check("fsck from the directory", passes(result), result[1])
        programs.check_intact(checks, "with tiles", options.sealog, folder / "archive", key)
        changed_bytes(checks, lambda: fsck(options.fsck, f"file://{tlog}", origin, key_file), tlog, [*names, "checkpoint"])
        remade(checks, options, folder, log, origin, key_file)
        named(checks, options.sealog, folder, tlog, names, key)
    return checks.finish()


def remade(checks, options, folder, log, origin, key_file):
    """`sealog tiles` gives what the writer gave, from nothing and from a part."""
    tlog = log / "tlog"
    before = files_of(tlog)
    shutil.rmtree(tlog / "tile" / "entries")
    done = subprocess.run([options.sealog, "tiles", str(folder / "archive")], capture_output=True, text=True, timeout=120, check=False)
    checks.check("sealog tiles over a part", done.returncode == 0, done.stdout + done.stderr)
    shutil.rmtree(tlog)
    done = subprocess.run([options.sealog, "tiles", str(folder / "archive")], capture_output=True, text=True, timeout=120, check=False)
    checks.check("sealog tiles from nothing", done.returncode == 0, done.stdout + done.stderr)
    after = files_of(tlog)
    differing = [name for name, data in after.items() if before.get(name) != data]
    checks.check("the same bytes under the same names", not differing and after, differing)
    result = fsck(options.fsck, f"file://{tlog}", origin, key_file)
    checks.check("fsck over tiles made anew", passes(result), result[1])


def named(checks, sealog, folder, tlog, names, key):
    """A changed tile is named by `sealog verify`, and `sealog tiles` does not pass over it."""
    for name in (names[0], names[-1], names[-2]):
        path = tlog / name
        right = path.read_bytes()
        path.write_bytes(right[:-1] + bytes([right[-1] ^ 1]))
        code, said = programs.verify(sealog, folder / "archive", key)
        checks.check(f"sealog verify names {name}", code == 1 and "tile-mismatch" in said and name in said, said)
        done = subprocess.run([sealog, "tiles", str(folder / "archive")], capture_output=True, text=True, timeout=120, check=False)
        checks.check(f"sealog tiles refuses {name}", done.returncode != 0 and name in done.stderr, done.stdout + done.stderr)
        path.write_bytes(right)


if __name__ == "__main__":
    sys.exit(main())
