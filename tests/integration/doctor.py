"""`sealog doctor` on a good set-up, and on the same with one thing wrong at a time.

    with-servers.sh PYTHON doctor.py --sealog PATH

DynamoDB is moto behind a proxy that refuses actions and shifts the service's clock; the bucket lies on a real S3 server
behind one that refuses requests. Every fault must be found, under its code and with a remedy, and nothing else: a doctor
that always finds something is no help.
"""

import argparse
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

TABLE = "orders"
PREFIX = "acme/sealog"
# versitygw and MinIO know no other.
REGION = "us-east-1"
RETENTION = '[retention]\nmode = "governance"\ndays = 2\n'
ENCRYPTION = '[encryption]\nmode = "sse-s3"\n'


class Between(ThreadingHTTPServer):
    """Passes requests on, but for those that it is told to answer itself."""

    daemon_threads = True

    def __init__(self, upstream, *standing):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = int(upstream.rsplit(":", 1)[1])
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"
        self.standing = [(re.compile(matches), status, body) for matches, status, body in standing]
        self.honest()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def honest(self):
        self.answers, self.shift_s = list(self.standing), 0

    def answer(self, matches, status, body):
        """Answers requests whose `METHOD path target` matches."""
        self.answers.insert(0, (re.compile(matches), status, body))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        line = f"{self.command} {self.path} {self.headers.get('x-amz-target', '')}"
        for matches, status, answer in self.server.answers:
            if matches.search(line):
                return self.reply(status, {"content-type": "application/x-amz-json-1.0"}, answer.encode())
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            upstream.putheader(name, value)
        upstream.endheaders(body)
        got = upstream.getresponse()
        content = got.read()
        upstream.close()
        kept = {name: value for name, value in got.getheaders()
                if name.lower() not in ("transfer-encoding", "connection", "content-length", "date", "server")}
        length = got.getheader("content-length") if self.command == "HEAD" else None
        date = got.getheader("date")
        return self.reply(got.status, kept, content, length, date and parsedate_to_datetime(date))

    def reply(self, status, headers, content, length=None, date=None):
        date = (date or datetime.now(timezone.utc)) + timedelta(seconds=self.server.shift_s)
        self.send_response_only(status)
        self.send_header("Date", format_datetime(date.astimezone(timezone.utc), usegmt=True))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", length or str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def error(code, message="said no"):
    return json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": message})


DENIED_BY_S3 = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>'


ENCRYPTED = ('<?xml version="1.0" encoding="UTF-8"?><ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>'
             '<SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>')


class Case:
    """One good set-up, and what becomes of it."""

    def __init__(self, checks, sealog, folder, moto, s3):
        self.checks, self.sealog, self.folder = checks, sealog, folder
        self.dynamo = Between(moto)
        # AWS has a default for each bucket; versitygw knows none.
        self.s3 = Between(s3, (r"^GET /[^/]+/?\?encryption", 200, ENCRYPTED))
        self.env = programs.environment(self.dynamo.endpoint) | {
            name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")} | {
            "AWS_ENDPOINT_URL_S3": self.s3.endpoint, "AWS_REGION": REGION}
        keys = {"aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"], "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"]}
        self.tables = boto3.client("dynamodb", endpoint_url=moto, region_name=REGION, **keys)
        self.bucket = boto3.client("s3", endpoint_url=s3, region_name=REGION, **keys)
        self.bucket_name = "sealog-doctor"
        programs.new_key(sealog, folder)

    # How it is set up ------------------------------------------------------------------------------------------------

    def table(self, name, view_type="NEW_AND_OLD_IMAGES", protected=True):
        stream = {"StreamEnabled": True, "StreamViewType": view_type} if view_type else {"StreamEnabled": False}
        self.tables.create_table(
            TableName=name, BillingMode="PAY_PER_REQUEST", StreamSpecification=stream, DeletionProtectionEnabled=protected,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}])
        if protected:
            self.tables.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def configure(self, name="good", table=TABLE, archive=None, key="sealog.key", sections=RETENTION + ENCRYPTION,
                  require='require_view_type = "NEW_AND_OLD_IMAGES"\n', log=None):
        path = self.folder / f"{name}.toml"
        path.write_text(f'archive = "{archive or f"s3://{self.bucket_name}/{PREFIX}"}"\n[signing]\nkey = "file:{key}"\n{sections}'
                        f'[[table]]\nname = "{table}"\n{require}' + (f'log = "{log}"\n' if log else ""))
        return path

    def says(self, *words, env=None):
        done = subprocess.run([self.sealog, *map(str, words)], env=env or self.env, capture_output=True, text=True, timeout=120,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def examine(self, config, *more, env=None):
        code, out, err = self.says("doctor", "--config", config, "--format", "json", *more, env=env)
        findings = json.loads(out)["findings"] if out else []
        return code, findings, out + err

    def expect(self, name, config, found, *more, env=None):
        """Exactly these codes are not good: {code: state}; `found` also says the exit code."""
        code, findings, said = self.examine(config, *more, env=env)
        wrong = [it for it in findings if it["state"] not in ("good", "unseen")]
        got = {it["code"]: it["state"] for it in wrong}
        exit_code = 1 if "bad" in found.values() else 69 if "unknown" in found.values() else 0
        helped = all(it["remedy"] for it in wrong if it["state"] in ("bad", "weak"))
        shown = "\n".join(f'{it["state"]} {it["code"]} {it["subject"]}: {it["found"]}' for it in findings)
        self.checks.check(f"{name}: {', '.join(found) or 'nothing'} and nothing else", got == found and code == exit_code and helped,
                          f"exit code {code}, want {exit_code}; got {got}, want {found}\n{shown}\n{said if not findings else ''}")

    # What is looked at -----------------------------------------------------------------------------------------------

    def run(self):
        self.table(TABLE)
        for number in range(20):
            self.tables.put_item(TableName=TABLE, Item={"id": {"S": str(number)}, "v": {"N": "1"}})
        good = self.configure()
        code, out, err = self.says("archive", "init", "--config", good)
        self.checks.check("its bucket is made", code == 0, out + err)
        self.bucket.put_bucket_policy(Bucket=self.bucket_name, Policy=self.policy())
        self.expect("a good set-up that has not begun", good, {})
        code, out, err = self.says("run", "--config", good, "--until-caught-up")
        self.checks.check("it runs", code == 0, out + err)
        self.expect("a good set-up", good, {})
        code, out, err = self.says("doctor", "--config", good)
        self.checks.check("and says so to people", code == 0 and "0 bad, 0 weak, 0 unknown" in out, out + err)
        self.permissions(good)
        self.clock(good)
        self.streams()
        self.positions(good)
        self.keys(good)
        self.buckets()
        self.directories()
        self.first_configuration()
        self.usage(good)

    def policy(self):
        """Both statements that `sealog archive policy` has; without the condition, which only AWS knows."""
        of = [f"arn:aws:s3:::{self.bucket_name}/{PREFIX}/*/{it}/*" for it in ("commits", "evidence", "checkpoints")]
        deny = {"Effect": "Deny", "Principal": "*", "Resource": of}
        return json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": "All", "Effect": "Allow", "Principal": "*", "Action": "s3:*",
             "Resource": [f"arn:aws:s3:::{self.bucket_name}", f"arn:aws:s3:::{self.bucket_name}/*"]},
            deny | {"Sid": "SealogNoDelete", "Action": ["s3:DeleteObject", "s3:DeleteObjectVersion"]},
            deny | {"Sid": "SealogCreateOnly", "Action": "s3:DeleteObject"}]})

    def permissions(self, good):
        for action, code, state in [("ListStreams", "list-streams", "bad"), ("DescribeStream", "describe-stream", "bad"),
                                    ("GetShardIterator", "get-shard-iterator", "bad"), ("GetRecords", "get-records", "bad"),
                                    ("DescribeTable", "describe-table", "weak")]:
            self.dynamo.answer(rf"\.{action}$", 400, error("AccessDeniedException", f"not authorized to perform: dynamodb:{action}"))
            self.expect(f"{action} refused", good, {f"permission-{code}": state})
            _, findings, _ = self.examine(good)
            remedy = next(it["remedy"] for it in findings if it["code"] == f"permission-{code}")
            self.checks.check(f"{action} refused: the remedy allows it", f'"Action":"dynamodb:{action}"' in remedy, remedy)
            self.dynamo.honest()
        self.dynamo.answer(r"\.DescribeContinuousBackups$", 400, error("AccessDeniedException"))
        self.expect("an action that nothing depends on refused", good, {})
        self.dynamo.honest()
        self.dynamo.answer(r"\.GetRecords$", 400, error("LimitExceededException", "too many readers"))
        self.expect("a third reader", good, {"readers": "bad"})
        self.dynamo.honest()
        self.s3.answer(rf"^PUT /{self.bucket_name}/", 403, DENIED_BY_S3)
        self.expect("no s3:PutObject", good, {"bucket-canary": "bad"})
        self.s3.honest()
        self.s3.answer(rf"^GET /{self.bucket_name}/?\?.*list-type", 403, DENIED_BY_S3)
        self.expect("no s3:ListBucket", good, {"permission-read-archive": "bad"})
        self.s3.honest()
        self.s3.answer(rf"^GET /{self.bucket_name}/{PREFIX}/", 403, DENIED_BY_S3)
        self.expect("no s3:GetObject", good, {"permission-read-archive": "bad"})
        self.s3.honest()
        self.s3.answer(rf"^GET /{self.bucket_name}/?\?(versioning|object-lock|encryption|policy)", 403, DENIED_BY_S3)
        self.expect("a writer that may not read the bucket's settings", good, {})
        self.s3.honest()
        bare = {name: value for name, value in self.env.items() if name not in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        _, findings, said = self.examine(good, env=bare)
        self.checks.check("no credentials", any(it["code"] == "credentials" and it["state"] == "bad" for it in findings), said)

    def clock(self, good):
        for shift_s, state in [(600, "bad"), (-600, "bad"), (60, "weak")]:
            self.dynamo.shift_s = shift_s
            self.expect(f"the service's clock {shift_s} s from ours", good, {"clock": state})
        self.dynamo.shift_s = 600
        self.dynamo.answer("DynamoDB", 400, error("InvalidSignatureException", "Signature expired"))
        _, findings, said = self.examine(good)
        self.checks.check("a service that refuses us for our clock", any(it["code"] == "clock" and it["state"] == "bad" for it in findings), said)
        self.dynamo.honest()
        self.dynamo.shift_s = 5
        self.expect("five seconds are no matter", good, {})
        self.dynamo.honest()

    def streams(self):
        self.table("nostream", view_type=None)
        self.expect("no stream", self.configure("nostream", "nostream"), {"stream": "bad"})
        self.table("keysonly", view_type="KEYS_ONLY")
        self.expect("less than required", self.configure("keysonly", "keysonly"), {"view-type": "bad"})
        self.expect("less than an audit needs", self.configure("keysonly", "keysonly", require=""), {"view-type": "weak"})
        self.table("unrequired")
        self.expect("nothing required", self.configure("unrequired", "unrequired", require=""), {"view-type": "weak"})
        self.table("bare", protected=False)
        self.expect("neither recovery nor protection", self.configure("bare", "bare"),
                    {"point-in-time-recovery": "weak", "deletion-protection": "weak"})
        self.expect("no such table", self.configure("missing", "missing"), {"table": "bad"})

    def positions(self, good):
        at = lambda hours: (datetime.now(timezone.utc) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.000Z")  # noqa: E731
        self.expect("a position near 24 h", good, {"loss-clock": "bad", "silence": "weak"}, "--now", at(19))
        self.expect("a position behind 24 h", good, {"loss-clock": "bad", "silence": "weak"}, "--now", at(25))
        self.expect("a writer that is silent", good, {"silence": "weak"}, "--now", at(3))
        self.dynamo.answer(r"\.GetShardIterator$", 400, error("TrimmedDataAccessException", "too old"))
        _, findings, said = self.examine(good)
        self.checks.check("a position that was trimmed", any(it["code"] == "position-lost" and it["state"] == "bad" for it in findings), said)
        self.dynamo.honest()

    def keys(self, good):
        key = self.folder / "sealog.key"
        key.chmod(0o644)
        self.expect("a key that others can read", good, {"signing-key": "bad"})
        key.chmod(0o600)
        self.expect("no key", self.configure("nokey", key="no.key"), {"signing-key": "bad"})
        subprocess.run([self.sealog, "keys", "generate", "--out", self.folder / "other.key"], check=True, capture_output=True, timeout=60)
        self.expect("another key than the log's", self.configure("otherkey", key="other.key"), {"log": "bad"})
        self.expect("another table's log", self.configure("othertable", "unrequired", log=TABLE), {"log": "bad"})

    def buckets(self):
        bucket = "sealog-doctor-plain"
        self.bucket.create_bucket(Bucket=bucket)
        plain = self.configure("plain", "unrequired", archive=f"s3://{bucket}/{PREFIX}")
        _, findings, said = self.examine(plain)
        states = {it["code"]: it["state"] for it in findings}
        self.checks.check("an unversioned bucket without Object Lock", (states["bucket-versioning"], states["bucket-object-lock"],
                          states["bucket-canary"]) == ("bad", "bad", "bad"), said)
        self.bucket.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        _, findings, said = self.examine(plain)
        states = {it["code"]: it["state"] for it in findings}
        self.checks.check("versions without Object Lock", (states["bucket-versioning"], states["bucket-object-lock"]) == ("good", "bad")
                          and states["bucket-canary"] == "bad", said)
        self.bucket.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
        _, findings, said = self.examine(plain)
        states = {it["code"]: it["state"] for it in findings}
        self.checks.check("suspended versions", states["bucket-versioning"] == "bad", said)
        self.expect("no bucket", self.configure("nobucket", "unrequired", archive=f"s3://no-such-bucket-here/{PREFIX}"),
                    {"bucket": "bad", "archive": "bad"})
        self.s3.answers = []
        self.expect("a bucket without default encryption", self.configure(), {"bucket-encryption": "weak"})
        self.s3.honest()
        self.bucket.delete_bucket_policy(Bucket=self.bucket_name)
        self.expect("a bucket whose policy denies nothing", self.configure(), {"bucket-policy": "weak"})
        self.bucket.put_bucket_policy(Bucket=self.bucket_name, Policy=self.policy())
        self.expect("no retention", self.configure("noretention", sections=ENCRYPTION), {"retention": "weak"})
        longer = self.configure("longer", sections=RETENTION.replace("2", "3000") + ENCRYPTION)
        self.expect("a bucket that retains for less than is asked for", longer, {"bucket-object-lock": "weak"})

    def directories(self):
        plain = self.configure("directory", "unrequired", archive=str(self.folder / "archive"), sections="")
        self.expect("a directory", plain, {"archive-kind": "weak"})
        (self.folder / "archive").mkdir()
        self.expect("a directory that is there", plain, {"archive-kind": "weak"})
        (self.folder / "sealog.key").rename(self.folder / "archive" / "sealog.key")
        inside = self.configure("inside", "unrequired", archive=str(self.folder / "archive"), sections="", key="archive/sealog.key")
        self.expect("a key inside the archive", inside, {"archive-kind": "weak", "key-in-archive": "bad"})
        (self.folder / "archive" / "sealog.key").rename(self.folder / "sealog.key")
        (self.folder / "file").write_text("no folder")
        broken = self.configure("file", "unrequired", archive=str(self.folder / "file"), sections="")
        _, findings, said = self.examine(broken)
        self.checks.check("a file in the archive's place", any(it["code"] == "archive" and it["state"] == "bad" for it in findings), said)

    def first_configuration(self):
        """`sealog config init` asks for the tables; what it writes is read, and lacks only what it cannot know."""
        file = self.folder / "first.toml"
        words = ("config", "init", "--archive", f"s3://{self.bucket_name}/{PREFIX}")
        code, out, err = self.says(*words, "--out", file, "--table", TABLE, "--table", "nostream")
        text = file.read_text() if file.exists() else ""
        self.checks.check("config init writes the tables that were named", code == 0 and f'\nname = "{TABLE}"' in text
                          and '\n# name = "nostream"' in text and 'require_view_type = "NEW_AND_OLD_IMAGES"' in text, text + out + err)
        code, out, err = self.says(*words, "--out", file)
        self.checks.check("and nothing over what is there", code == 2 and "name a new file" in err and file.read_text() == text, out + err)
        code, out, err = self.says("config", "check", "--config", file, "--format", "json")
        report = json.loads(out)
        self.checks.check("config check reads it, and warns of retention alone", code == 0 and report["good"]
                          and len(report["warnings"]) == 1 and "[retention]" in report["warnings"][0], out + err)
        self.expect("and so does the doctor", file, {"retention": "weak"})
        code, out, err = self.says(*words, "--out", "-")
        named = set(re.findall(r'^name = "(.*)"$', out, re.MULTILINE))
        self.checks.check("config init takes every table with a stream", code == 0 and named == {TABLE, "keysonly", "unrequired", "bare"},
                          out + err)
        code, out, err = self.says(*words, "--out", "-", "--table", "nobody")
        self.checks.check("a table that there is not", code == 2 and "nobody" in err, out + err)
        file.write_text(text.replace("on_gap", "on_gaps"))
        code, out, err = self.says("config", "check", "--config", file)
        self.checks.check("config check names a wrong key, and the right one", code == 78 and "did you mean on_gap?" in err, out + err)
        code, out, err = self.says("config", "check", "--config", file, "--format", "json")
        self.checks.check("for programs, too", code == 78 and not json.loads(out)["good"], out + err)

    def usage(self, good):
        code, _, err = self.says("doctor", "--config", good, "--table", "nobody")
        self.checks.check("a table that is not configured", code == 2 and "nobody" in err, err)
        self.dynamo.shutdown()
        self.dynamo.server_close()
        _, findings, said = self.examine(good)
        unknown = {it["code"] for it in findings if it["state"] == "unknown"}
        self.checks.check("a service that is not there is no finding of its own", {"clock", "stream"} <= unknown and not
                          any(it["state"] == "bad" for it in findings), said)


def lost(checks, options, folder):
    """A log that declares a gap, on the simulator."""
    with common.simulator(options, folder, 1, 1) as simulator:
        programs.new_key(options.sealog, folder)
        config = programs.configuration(folder, [common.TABLE])
        config.write_text(config.read_text() + 'on_gap = "record-and-continue"\nrequire_view_type = "NEW_AND_OLD_IMAGES"\n')
        env = programs.environment(simulator.endpoint)
        code = programs.run_until_caught_up(options.sealog, config, simulator.endpoint, folder / "log")
        checks.equal("a run", code, 0)
        for number in (1, 2):
            item = {"keys": {"id": {"S": "a"}}, "image": {"id": {"S": "a"}, "v": {"N": str(number)}}}
            simulator.post(f"write?table={common.TABLE}", item)
            time.sleep(1.2)
        simulator.post(f"happen?table={common.TABLE}", {"trim_older": {"age": "1s"}})
        simulator.post(f"write?table={common.TABLE}", item | {"image": {"id": {"S": "a"}, "v": {"N": "3"}}})

        def codes():
            done = subprocess.run([options.sealog, "doctor", "--config", str(config), "--format", "json"], env=env, capture_output=True,
                                  text=True, timeout=120, check=False)
            return {it["code"]: it["state"] for it in json.loads(done.stdout)["findings"]}, done.stdout + done.stderr

        found, said = codes()
        checks.check("what was trimmed behind a position is lost", found.get("position-lost") == "bad", said)
        code = programs.run_until_caught_up(options.sealog, config, simulator.endpoint, folder / "log")
        checks.check("it is declared", code == 0, lambda: programs.tail(folder / "log"))
        found, said = codes()
        checks.check("and a declared gap afterwards", found.get("gaps") == "weak" and "position-lost" not in found, said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=2_000)
    options = parser.parse_args()
    checks = Checks("doctor")
    with checks.section("the set-up"), common.workplace(options, "doctor") as folder:
        port = programs.free_port()
        with open(folder / "moto.log", "wb") as log:
            moto = subprocess.Popen([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
                                    stdout=log, stderr=subprocess.STDOUT, env=programs.environment("http://127.0.0.1:9"))
        try:
            programs.wait_until_listening(moto, port)
            Case(checks, options.sealog, folder, f"http://127.0.0.1:{port}", os.environ["SEALOG_TEST_VERSITYGW"]).run()
        finally:
            # moto ignores SIGTERM while it holds connections, and has nothing to save.
            programs.stop(moto, grace_s=0)
    with checks.section("what is lost"), common.workplace(options, "doctor") as folder:
        lost(checks, options, folder)
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
