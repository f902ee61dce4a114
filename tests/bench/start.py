"""How long `sealog run` takes from its start to its first GetRecords, with a filter that was compiled before and without one.

    start.py --sealog PATH [--rounds N] [--filter FILE --config JSON]

Elapsed time, as somebody who restarts a process sees it: reading the configuration, opening the archive, loading the filter
from the cache, listing streams, describing the shards, the first page. A proxy in front of the simulator notes when the first
GetRecords arrives. The archive is a directory; each run finds one record, and an archive that was begun before.
"""

import argparse
import http.server
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "crash")]

import common  # noqa: E402
import end_to_end  # noqa: E402
import programs  # noqa: E402

GOAL_MS = 200
ASKS = "DynamoDBStreams_20120810.GetRecords"


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on, and keeps the instant of the first GetRecords."""

    daemon_threads = True

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), Passing)
        self.endpoint, self.first = endpoint, None
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Passing(http.server.BaseHTTPRequestHandler):
    """One request, passed on."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave at once: else each reply waits 40 ms for an acknowledgement.
    wbufsize, disable_nagle_algorithm = -1, True

    def do_POST(self):  # noqa: N802
        if self.headers["X-Amz-Target"] == ASKS and self.server.first is None:
            self.server.first = time.monotonic()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "content-length")}
        request = urllib.request.Request(self.server.endpoint, body, passed)
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
            said = reply.read()
            self.send_response(reply.status)
            for name in ("Content-Type", "x-amz-crc32", "x-amzn-RequestId"):
                if reply.headers[name]:
                    self.send_header(name, reply.headers[name])
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        """Says nothing."""


def started(sealog, config, proxy):
    """Milliseconds from the start of the process to its first GetRecords."""
    proxy.first, began = None, time.monotonic()
    done = subprocess.run([sealog, "run", "--config", str(config), "--until-caught-up"], capture_output=True, text=True,
                          env=programs.environment(f"http://127.0.0.1:{proxy.server_port}"), timeout=300, check=False)
    if done.returncode != 0 or proxy.first is None:
        raise RuntimeError(f"sealog run ended with {done.returncode}:\n{done.stderr}")
    return (proxy.first - began) * 1e3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the binary, built as a release")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--filter", type=Path, default=HERE.parent.parent / "plugins/demo/ledger.wasm")
    parser.add_argument("--config", type=json.loads, default={"threshold": "10000"}, help="the filter's configuration, as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sealog-bench-") as folder:
        measure(options, Path(folder))


def measure(options, folder):
    # Left on: who has read all of a stream that is on asks for it at the next start, too.
    scenario = end_to_end.SCENARIO.split("[[table.event]]", maxsplit=1)[0]
    (folder / "scenario.toml").write_text(scenario.format(table=common.TABLE, region=programs.REGION, shards=1, records=1, bytes=400))
    programs.new_key(options.sealog, folder)
    plain = programs.configuration(folder, [common.TABLE])
    ways = {"without a filter": plain,
            f"with {options.filter.name}": end_to_end.judged(options.sealog, plain, options.filter.resolve(), options.config)}
    simulator = common.Simulator([options.sealog, "simulator"], ["--scenario", str(folder / "scenario.toml")], folder / "simulator.log")
    proxy = Proxy(simulator.endpoint)
    try:
        first = {way: started(options.sealog, config, proxy) for way, config in ways.items()}
        took = {way: [] for way in ways}
        for _ in range(options.rounds):
            for way, config in ways.items():
                took[way].append(started(options.sealog, config, proxy))
    finally:
        proxy.shutdown()
        simulator.stop()
    for way, times in took.items():
        middle = statistics.median(times)
        print(f"start to first poll {way:<28} {middle:>7.0f} ms ({min(times):.0f} to {max(times):.0f}; the very first {first[way]:.0f}; "
              f"goal {GOAL_MS} ms: {'reached' if middle <= GOAL_MS else 'MISSED'})")


if __name__ == "__main__":
    main()
