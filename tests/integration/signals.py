"""What a run tells those who watch it: metrics, readiness, status, CloudWatch's lines; and that it is true.

    signals.py --sealog PATH --promtool PATH

The simulator goes on writing while `sealog run` archives into an S3 server of the test's own (SEALOG_VERSITYGW), which is
killed on the way. Names are held against `sealog signals list`, the text format against promtool, counts against the
simulator's truth.
"""

import argparse
import json
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402
import servers  # noqa: E402
from checks import Checks  # noqa: E402

OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))
SECRET = "customer-4711"
SCENARIO = f"""\
version = 1
[[table]]
name = "orders"
region = "{programs.REGION}"
created = "-3h"
shards = 2
[[table.writer]]
count = 500
from = "-2h"
until = "-1m"
items = 50
bytes = 400
"""
# Exported only while there is something to say of them.
SOMETIMES = {"sealog_filter_records_total", "sealog_filter_bypassed", "sealog_lake_lag_seconds", "sealog_lake_caught_up"}
BY_VERIFY = {"sealog_verification_outcome", "sealog_verification_timestamp_seconds"}


def get(address, path, method="GET"):
    """Status, content type and body of a reply."""
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with OPENER.open(request, timeout=30) as reply:
            return reply.status, reply.headers["content-type"], reply.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers["content-type"], error.read().decode()


def wait_for(what, timeout_s=90):
    """The first true answer of `what`, or its last one."""
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            answer = what()
        except OSError as error:
            answer = None if time.monotonic() < deadline else error
        if (answer and not isinstance(answer, OSError)) or time.monotonic() > deadline:
            return answer
        time.sleep(0.2)


def samples(text):
    """Every sample of a page: {(name, frozenset of labels): value}."""
    found = {}
    for line in text.splitlines():
        if line.startswith("#") or not line:
            continue
        name, labels, value = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line).groups()
        found[(name, frozenset(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', labels or "")))] = float(value)
    return found


def value(page, name, **labels):
    """The sample of a metric whose labels include these."""
    wanted = set(labels.items())
    return next((it for (found, has), it in page.items() if found == name and wanted <= has), None)


class Case:
    """One folder, one simulator, one archive."""

    def __init__(self, checks, options, folder, streams, s3):
        self.checks, self.sealog, self.promtool = checks, options.sealog, options.promtool
        self.folder, self.streams, self.s3 = folder, streams, s3
        self.env = servers.environment(s3.endpoint, streams.endpoint)
        self.key = programs.new_key(options.sealog, folder)
        self.address = f"127.0.0.1:{programs.free_port()}"
        self.config = folder / "sealog.toml"
        self.configure("orders")

    def configure(self, *tables, more="", signals="emf = true\nemf_interval = \"1s\"\n"):
        self.config.write_text(
            f'archive = "s3://{servers.BUCKET}/acme"\n[signing]\nkey = "file:sealog.key"\n[batch]\nage_max = "200ms"\n'
            f'[signals]\nlisten = "{self.address}"\n{signals}{more}'
            + "".join(f'[[table]]\nname = "{it}"\nlatency = "500ms"\n' for it in tables))

    def start(self):
        self.out = open(self.folder / "out", "wb")
        self.log = open(self.folder / "log", "ab")
        return subprocess.Popen([self.sealog, "run", "--config", str(self.config)], env=self.env, stdout=self.out, stderr=self.log)

    def says(self, *words, timeout=60):
        done = subprocess.run([self.sealog, *map(str, words)], env=self.env, capture_output=True, text=True, timeout=timeout,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def page(self):
        return samples(get(self.address, "/metrics")[2])

    def truth(self, table="orders"):
        """How many records the simulator has offered of a table."""
        with OPENER.open(f"{self.streams.endpoint}/_simulator/truth", timeout=60) as reply:
            return sum(f":table/{table}/" in json.loads(line)["stream_arn"] for line in reply)

    def readyz(self):
        status, _, body = get(self.address, "/readyz")
        return status, body

    def run(self):
        process = self.start()
        try:
            self.good()
            self.errors()
            self.store_goes_away()
            self.shown()
            self.watched()
        finally:
            code = programs.stop(process)
        self.checks.equal("the run ends well", code, 0)
        self.cloudwatch()
        self.verified()

    def good(self):
        ready = wait_for(lambda: self.readyz()[0] == 200)
        self.checks.check("/readyz says ready once reading has begun", ready, lambda: (self.readyz(), programs.tail(self.folder / "log")))
        self.checks.equal("/livez", get(self.address, "/livez"), (200, "text/plain; charset=utf-8", "ok\n"))
        truth = self.truth()
        done = wait_for(lambda: value(self.page(), "sealog_records_committed_total", table="orders") == truth)
        page = self.page()
        self.checks.check("every record is counted as committed", done, value(page, "sealog_records_committed_total"))
        self.checks.equal("and as read", value(page, "sealog_records_read_total", table="orders", log="orders"), truth)
        for name in ("sealog_commits_total", "sealog_read_bytes_total", "sealog_written_bytes_total",
                     "sealog_last_poll_timestamp_seconds", "sealog_last_commit_timestamp_seconds", "process_resident_memory_bytes",
                     "process_cpu_seconds_total", "sealog_commit_duration_seconds_count"):
            self.checks.check(f"{name} is counted", (value(page, name) or 0) > 0, value(page, name))
        commits = value(page, "sealog_commits_total")
        self.checks.equal("each commit has a duration", value(page, "sealog_commit_duration_seconds_bucket", le="+Inf"), commits)
        self.checks.check("the loss clock is near 24 h", 86_000 < value(page, "sealog_loss_clock_seconds") <= 86_400, page)
        self.checks.equal("two shards", sum(it for (name, _), it in page.items() if name == "sealog_shards"), 2)
        calls = value(page, "sealog_stream_calls_total", operation="GetRecords", outcome="ok")
        self.checks.check("GetRecords calls are counted", calls and calls > 2, calls)
        puts = value(page, "sealog_store_calls_total", operation="create", outcome="ok")
        self.checks.check("writes of the archive are counted", puts and puts >= commits, puts)
        self.names(page)
        status, kind, text = get(self.address, "/metrics")
        self.checks.equal("content type", (status, kind), (200, "text/plain; version=0.0.4; charset=utf-8"))
        self.promtool_takes("the page", text)
        self.checks.equal("another path", get(self.address, "/x")[0], 404)
        self.checks.equal("another method", get(self.address, "/metrics", "POST")[0], 405)

    def names(self, page):
        code, out, err = self.says("signals", "list", "--format", "json")
        self.checks.equal("signals list", code, 0)
        self.list = json.loads(out)
        known = {it["name"]: it for it in self.list["metrics"]}
        found = {re.sub("_(bucket|sum|count)$", "", name) if name.startswith("sealog_commit_duration") else name for name, _ in page}
        self.checks.equal("exactly the listed metrics are exported", found, set(known) - SOMETIMES - BY_VERIFY)
        labels = {name: {label for found, has in page if found == name for label, _ in has} for name in found}
        for name in sorted(found - {"sealog_commit_duration_seconds"}):
            self.checks.equal(f"{name} has its labels", labels[name], set(known[name]["labels"]))

    def promtool_takes(self, name, text):
        done = subprocess.run([self.promtool, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        self.checks.check(f"promtool takes {name} without a word", done.returncode == 0 and not said, said)

    def fault(self, code, status=None, times=1):
        does = {"error": {"code": code} | ({"status": status} if status else {})}
        self.streams.post("fault", {"operation": "GetRecords", "times": times, "does": does})

    def errors(self):
        for code, outcome, status in [("ThrottlingException", "throttled", None), ("InternalServerError", "system_error", 500),
                                      ("ExpiredIteratorException", "user_error", None)]:
            self.fault(code, status)
            seen = wait_for(lambda: value(self.page(), "sealog_stream_calls_total", operation="GetRecords", outcome=outcome))
            self.checks.check(f"{code} is counted as {outcome}", seen and seen >= 1, seen)
        self.streams.post("write?table=orders", {"keys": {"id": {"S": SECRET}}, "image": {"id": {"S": SECRET}, "v": {"N": "1"}}})
        truth = self.truth()
        done = wait_for(lambda: value(self.page(), "sealog_records_committed_total") == truth)
        self.checks.check("reading goes on behind them", done, (truth, self.page()))
        self.streams.post("fault", {"operation": "GetRecords", "times": 12, "does": "no_sequence_number"})
        self.streams.post("write?table=orders", {"keys": {"id": {"S": SECRET}}, "image": {"id": {"S": SECRET}, "v": {"N": "2"}}})
        trouble = wait_for(lambda: self.readyz()[0] == 503 and "cannot be read" in self.readyz()[1], 30)
        state = value(self.page(), "sealog_shards", state="in_trouble")
        self.checks.check("a shard in trouble: not ready, and /readyz names it", trouble and "shardId-" in self.readyz()[1], self.readyz())
        self.checks.check("and the metric counts it", state and state >= 1, state)
        self.checks.check("ready again once it can be read", wait_for(lambda: self.readyz()[0] == 200), self.readyz())

    def store_goes_away(self):
        self.s3.kill()
        self.streams.post("write?table=orders", {"keys": {"id": {"S": "x"}}, "image": {"id": {"S": "x"}, "v": {"N": "1"}}})
        gone = wait_for(lambda: self.readyz()[0] == 503)
        self.checks.check("the archive's server is killed: not ready", gone, self.readyz())
        self.checks.check("and the reason names the archive", "archive" in self.readyz()[1], self.readyz())
        self.checks.equal("alive all the same", get(self.address, "/livez")[0], 200)
        self.checks.equal("sealog_ready says it too", value(self.page(), "sealog_ready"), 0)
        failed = wait_for(lambda: sum(it for (name, has), it in self.page().items()
                                      if name == "sealog_store_calls_total" and ("outcome", "failed") in has) > 0)
        self.checks.check("failed calls of the archive are counted", failed)
        self.s3.start()
        self.checks.check("ready again once it is back", wait_for(lambda: self.readyz()[0] == 200), self.readyz())
        truth = self.truth()
        done = wait_for(lambda: value(self.page(), "sealog_records_committed_total") == truth)
        self.checks.check("and nothing is lost", done, (truth, self.page()))

    def shown(self):
        at_rest = wait_for(lambda: all(it["state"] == "caught_up" for it in json.loads(get(self.address, "/status")[2])["tables"][0]["shards"]))
        self.checks.check("a shard that was followed is soon at its end again", at_rest)
        status, kind, body = get(self.address, "/status")
        live = json.loads(body)
        self.checks.equal("/status", (status, kind, live["format"], live["ready"]), (200, "application/json", "sealog.live/1", True))
        table = live["tables"][0]
        self.checks.equal("its shards", [it["lag_ms"] < 60_000 for it in table["shards"]], [True] * 2)
        code, out, err = self.says("status", f"s3://{servers.BUCKET}/acme", "--from", self.address, "--format", "json")
        report = json.loads(out)
        log = report["logs"][0]
        self.checks.check("sealog status shows archive and run", code == 0 and log["records"] == table["records_committed"]
                          and report["live"]["tables"][0]["log"] == "orders" and log["last_day"]["records"] == log["records"], out + err)
        code, out, err = self.says("status", "--from", f"http://{self.address}")
        self.checks.check("and the run alone", code == 0 and "ready" in out and "GetRecords calls" in out and "loss clock 23 h" in out, out + err)
        code, out, err = self.says("status", "--from", "127.0.0.1:1")
        self.checks.check("nobody there", code == 69 and "listen" in err, out + err)
        everything = get(self.address, "/metrics")[2] + body
        self.checks.check("no item's key is in it", SECRET not in everything)

    def watched(self):
        watching = subprocess.Popen([self.sealog, "status", f"s3://{servers.BUCKET}/acme", "--from", self.address, "--watch"],
                                    env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(5)
        watching.send_signal(signal.SIGTERM)
        out, err = watching.communicate(timeout=30)
        self.checks.check("a watched status looks again, and stops well", watching.returncode == 0 and out.count("log orders") >= 2, out + err)
        code, out, err = self.says("cost", "--from", self.address)
        good = code == 0 and "GetRecords calls" in out if code != 75 else "60 s" in err
        self.checks.check("what the run costs, or that it is too early to say", good, out + err)
        code, out, err = self.says("run", "--config", self.config)
        self.checks.check("an address that is taken", code == 78 and "listen" in err, out + err)

    def cloudwatch(self):
        lines = [json.loads(line) for line in (self.folder / "out").read_text().splitlines() if line.startswith("{")]
        self.checks.check("lines of CloudWatch", len(lines) > 3, len(lines))
        known = {it["name"]: it for it in self.list["cloudwatch"]["metrics"]}
        wrong, seen = [], set()
        for line in lines:
            for directive in line["_aws"]["CloudWatchMetrics"]:
                metric = directive["Metrics"][0]
                seen.add(metric["Name"])
                sets = known[metric["Name"]]["dimensions"]
                good = (directive["Namespace"] == "Sealog" and metric["Unit"] == known[metric["Name"]]["unit"] and directive["Dimensions"]
                        and all(it in sets and all(isinstance(line.get(member), str) for member in it) for it in directive["Dimensions"])
                        and isinstance(line[metric["Name"]], int))
                if not good:
                    wrong.append(line)
        self.checks.equal("each says what it should", wrong, [])
        self.checks.check("the document's four are there", {"IteratorAgeMilliseconds", "UserErrors", "SystemErrors", "ReturnedRecordsCount"} <= seen, seen)
        self.checks.equal("all of them are", set(known) - seen, set())
        of_table = [line for line in lines if "Operation" not in line]
        total = lambda name: sum(line.get(name, 0) for line in of_table)  # noqa: E731
        truth = self.truth()
        self.checks.check("returned records add up", 0.9 * truth <= total("ReturnedRecordsCount") <= truth, (total("ReturnedRecordsCount"), truth))
        self.checks.check("errors add up", total("UserErrors") >= 1 and total("SystemErrors") >= 1 and total("ThrottledRequests") >= 1, of_table[-1])
        self.checks.check("not ready while the archive was gone", any(line["NotReady"] for line in of_table))
        self.checks.check("no item's key is in them", SECRET not in (self.folder / "out").read_text())

    def verified(self):
        file = self.folder / "sealog.prom"
        code, out, err = self.says("verify", f"s3://{servers.BUCKET}/acme", "--key", self.key, "--metrics", file)
        self.checks.equal("verify", code, 0)
        text = file.read_text()
        page = samples(text)
        self.checks.equal("its metrics", (value(page, "sealog_verification_outcome", log="orders", outcome="intact"),
                                          value(page, "sealog_verification_outcome", outcome="tampered")), (1, 0))
        self.checks.equal("and no others", {name for name, _ in page}, BY_VERIFY)
        self.promtool_takes("what verify writes", text)
        self.halted()

    def halted(self):
        """What was not read is trimmed while nobody reads: the table halts, and another one goes on."""
        self.streams.post("write?table=orders", {"keys": {"id": {"S": "y"}}, "image": {"id": {"S": "y"}, "v": {"N": "1"}}})
        time.sleep(1.5)
        self.streams.post("write?table=orders", {"keys": {"id": {"S": "y"}}, "image": {"id": {"S": "y"}, "v": {"N": "2"}}})
        self.streams.post("happen?table=orders", {"trim_older": {"age": "1s"}})
        self.configure("orders", "other", signals="")
        process = self.start()
        try:
            halted = wait_for(lambda: self.readyz()[0] == 503 and "stopped" in self.readyz()[1])
            self.checks.check("halted on a gap: not ready, and why", halted and "table orders" in self.readyz()[1], self.readyz)
            page = self.page()
            self.checks.equal("the alarm", value(page, "sealog_alarm", table="orders", kind="halted"), 1)
            self.checks.equal("of the other table there is none", value(page, "sealog_alarm", table="other", kind="halted"), 0)
            reads = wait_for(lambda: (value(self.page(), "sealog_records_committed_total", table="other") or 0) > 0)
            self.checks.check("which goes on", reads, self.page())
        finally:
            programs.stop(process)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--promtool", required=True, help="what tests/setup/promtool.sh prints")
    options = parser.parse_args()
    checks = Checks("signals")
    with checks.section("the run"), common.workplace(options, "signals") as folder:
        scenario = folder / "scenario.toml"
        scenario.write_text(SCENARIO + SCENARIO.replace("version = 1\n", "").replace("orders", "other"))
        streams = common.Simulator([options.sealog, "simulator"], ["--scenario", str(scenario)], folder / "simulator.log")
        try:
            with servers.serving("versitygw", folder / "s3") as s3:
                Case(checks, options, folder, streams, s3).run()
        finally:
            streams.stop()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
