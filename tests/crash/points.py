"""Crash points on real S3 servers: kill -9 exactly before a request, exactly after it took effect, or its reply lost.

    points.py --sealog PATH [--points N] [--server NAME] [--seed N] [--keep DIR]

Between `sealog run` and the server stands a proxy that counts requests. A run that nothing happens to says how many there
are; then some of them are drawn (`--points 0`: all, in each way). At each the process is killed, or the request or its reply
is lost; the process is started again until it has caught up. Then the archive must verify as INTACT and hold exactly the
records that the simulator offered. The whole sweep, over more scenarios, runs in memory (crates/pipeline/tests/pipeline).
"""

import argparse
import http.client
import json
import random
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import common  # first: it says where the shared modules lie
import programs
import servers
from checks import Checks

WAYS = ["killed before it", "killed after it took effect", "lost on its way", "reply lost"]
# How often a request is looked for that a run may end before.
STRIKES_MAX = 5


class Way(ThreadingHTTPServer):
    """Passes requests on, one a connection; something happens to one of them."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream, self.lock = port, threading.Lock()
        self.expect(None, None)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def expect(self, number, way):
        """From now on requests are counted anew, and this happens to that one. What to kill is told in `victim`."""
        with self.lock:
            self.seen, self.number, self.way, self.victim, self.met = [], number, way, None, None

    def fate(self, line):
        """What happens to a request; each is counted."""
        with self.lock:
            at = len(self.seen)
            self.seen.append(line)
            if at != self.number:
                return None
            self.met = line
            return self.way

    def kill(self):
        self.victim.kill()
        self.victim.wait()


class Handler(BaseHTTPRequestHandler):
    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fate = self.server.fate(f"{self.command} {self.path.split('?')[0]}")
        self.close_connection = True
        if fate == WAYS[0]:
            self.server.kill()
        if fate in (WAYS[0], WAYS[2]):
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        reply = upstream.getresponse()
        content = reply.read()
        upstream.close()
        if fate == WAYS[1]:
            self.server.kill()
        if fate in (WAYS[1], WAYS[3]):
            return
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        length = reply.getheader("content-length") if self.command == "HEAD" else str(len(content))
        self.send_header("content-length", length or "0")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = pass_on

    def log_message(self, *_):
        """Quiet."""


class Case:
    """One server, one simulator, and one archive for each crash point."""

    def __init__(self, checks, options, folder, simulator, server):
        self.checks, self.options, self.folder, self.server = checks, options, folder, server
        self.key = programs.new_key(options.sealog, folder)
        self.config = programs.configuration(folder, [common.TABLE], rows_max=options.rows)
        self.truth = simulator.truth()
        self.way = Way(server.port)
        self.strikes = 0
        self.env = servers.environment(self.way.endpoint, simulator.endpoint)

    def run(self, prefix, log):
        """`sealog run` to its end, whatever that is."""
        words = [self.options.sealog, "run", "--config", str(self.config), "--archive", f"s3://{servers.BUCKET}/{prefix}",
                 "--until-caught-up"]
        with open(log, "ab") as output, subprocess.Popen(words, env=self.env, stdout=output, stderr=subprocess.STDOUT) as process:
            self.way.victim = process
            return process.wait(timeout=120)

    def clean(self):
        """How many requests a run makes that nothing happens to."""
        self.way.expect(None, None)
        log = self.folder / "clean.log"
        code = self.run("clean", log)
        self.checks.check(f"{self.server.name}: a run that nothing happens to", code == 0, lambda: programs.tail(log))
        self.look("clean", log)
        return len(self.way.seen)

    def point(self, at, way):
        prefix, code = self.strike(at, way)
        for _ in range(STRIKES_MAX - 1):
            if self.way.met is not None:
                break
            # A busy machine seals fewer, larger batches: the run had ended before that request. Its own last one exists.
            at = min(at, len(self.way.seen)) - 1
            prefix, code = self.strike(at, way)
        log = self.folder / f"{prefix}.log"
        met = self.way.met
        # The order of what two tasks ask at once may differ from run to run, so the name is part of what is printed.
        name = f"{self.server.name}: request {at} ({(met or '').split('/', 3)[-1]}), {way}"
        killed = way in WAYS[:2]
        self.checks.check(f"{name}: it happened", met is not None and (code == -9) == killed, f"exit code {code}\n{programs.tail(log)}")
        # A lost reply of the very first calls may end a process that could not begin; the next one does.
        starts = 0
        while code != 0 and starts < 3:
            code, starts = self.run(prefix, log), starts + 1
        self.checks.check(f"{name}: recovered", code == 0, lambda: f"exit code {code}\n{programs.tail(log)}")
        self.look(prefix, log)

    def strike(self, at, way):
        """A run to a new archive in which something happens to one request, if it comes so far; the archive, and how it ended."""
        self.strikes += 1
        prefix = f"{self.strikes}-at-{at}-{WAYS.index(way)}"
        self.way.expect(at, way)
        return prefix, self.run(prefix, self.folder / f"{prefix}.log")

    def look(self, prefix, log):
        """The archive is INTACT and equals the truth."""
        folder = self.folder / prefix
        servers.copy_down(self.server.endpoint, prefix, folder / "archive")
        done = subprocess.run([self.options.sealog, "verify", f"s3://{servers.BUCKET}/{prefix}", "--key", self.key, "--format", "json"],
                              env=servers.environment(self.server.endpoint), capture_output=True, text=True, timeout=120, check=False)
        self.checks.equal(f"{prefix}: verify", (done.returncode, json.loads(done.stdout)["outcome"]), (0, "INTACT"))
        common.compare_with_truth(self.checks, folder, self.truth)
        common.check_no_panic(self.checks, [log])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=600, bytes=400)
    parser.add_argument("--rows", type=int, default=100, help="rows of a batch")
    parser.add_argument("--points", type=int, default=40, help="crash points on each server; 0: every request in each way")
    parser.add_argument("--server", choices=servers.NAMES, action="append")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(1 << 32)
    print(f"points: --seed {seed} --points {options.points}", flush=True)
    checks = Checks("points")
    for name in options.server or servers.NAMES:
        with checks.section(name), common.workplace(options, "points") as folder, servers.serving(name, folder / name) as server:
            with common.simulator(options, folder, seed, 0.1) as simulator:
                sweep(checks, options, Case(checks, options, folder, simulator, server), random.Random(seed))
    return checks.finish()


def sweep(checks, options, case, rng):
    requests = case.clean()
    every = [(at, way) for at in range(requests) for way in WAYS]
    points = every if options.points == 0 else sorted(rng.sample(every, min(options.points, len(every))))
    for at, way in points:
        case.point(at, way)
    print(f"points: {case.server.name}: {requests} requests, {len(points)} of {len(every)} crash points, swept", flush=True)


if __name__ == "__main__":
    sys.exit(main())
