"""The policies of deploy/iam, held against what Sealog asks of AWS: no request is refused, and nothing is allowed for nothing.

    with-servers.sh PYTHON iam.py --sealog PATH

Between Sealog and the servers stand proxies that turn each request into IAM actions and their resources, as AWS's service
reference has them: from X-Amz-Target, or from S3's method, query and headers; what S3 asks of KMS for its caller follows
from the encryption that an object was written with. versitygw, moto's KMS and our simulator answer.
Each policy is judged by the commands of those it is meant for. Athena's requests cannot be made here: analyst.json is not judged.
"""

import argparse
import fnmatch
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "crash"), str(HERE.parent / "integration")]

import boto3  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

POLICIES = HERE.parent.parent / "deploy" / "iam"
# The names in the policies.
BUCKET, PREFIX, TABLE = "acme-audit", "sealog", "orders"
ACCOUNT, REGION = "123456789012", "eu-west-1"
DATA_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
SIGNING_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/66666666-7777-8888-9999-000000000000"
HOP = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "proxy-authorization", "proxy-authenticate"}

# Asked without being allowed, on purpose.
TRIED = {("operator", "s3:DeleteObjectVersion"): "the canary's deletion has to be refused"}


class Recorder(ThreadingHTTPServer):
    """Passes requests on and keeps what they ask for: pairs of action and resource."""

    daemon_threads = True

    def __init__(self, endpoint):
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = urllib.parse.urlsplit(endpoint)
        self.lock, self.asked, self.requests = threading.Lock(), set(), []
        # Objects that were written with SSE-KMS; the server takes no notice of it.
        self.encrypted = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, address):
        """A client that is gone before its answer is none of our business; anything else is."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, address)

    def keep(self, line, pairs):
        with self.lock:
            self.asked |= set(pairs)
            self.requests.append((line, sorted(action for action, _ in pairs)))

    def take(self):
        """What was asked since the last time."""
        with self.lock:
            asked, requests = self.asked, self.requests
            self.asked, self.requests = set(), []
        return asked, requests


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def pass_on(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        upstream = http.client.HTTPConnection(self.server.upstream.hostname, self.server.upstream.port, timeout=120)
        try:
            # The host as the client signed it.
            upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in HOP:
                    upstream.putheader(name, value)
            upstream.endheaders(body)
            reply = upstream.getresponse()
            answer = reply.read()
            self.server.keep(f"{self.command} {self.path} {self.headers.get('X-Amz-Target', '')}".strip(),
                             asked_for(self.command, self.path, self.headers, body, self.server.encrypted))
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                if name.lower() not in HOP and name.lower() not in ("content-length", "date", "server"):
                    self.send_header(name, value)
            # An answer to HEAD has the length of what GET would send.
            length = reply.headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_header("Content-Length", length or str(len(answer)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer)
        finally:
            upstream.close()

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = pass_on

    def log_message(self, *_):
        pass


def asked_for(method, path, headers, body, encrypted):
    """The IAM actions that a request needs, each with its resource. `encrypted` has the objects that KMS is asked about."""
    target = headers.get("X-Amz-Target")
    if target:
        return service(target, json.loads(body or b"{}"))
    split = urllib.parse.urlsplit(path)
    query = {name for name, _ in urllib.parse.parse_qsl(split.query, keep_blank_values=True)} - {"x-id"}
    bucket, _, key = urllib.parse.unquote(split.path).lstrip("/").partition("/")
    arn = f"arn:aws:s3:::{bucket}"
    return of_object(method, query, headers, encrypted, f"{arn}/{key}") if key else [(of_bucket(method, query), arn)]


def service(target, body):
    """A call of DynamoDB, its streams, or KMS."""
    name, operation = target.split(".")
    if name == "TrentService":
        return [(f"kms:{operation}", SIGNING_KEY)]
    table = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}"
    resource = {"ListStreams": "*", "DescribeStream": body.get("StreamArn"), "GetShardIterator": body.get("StreamArn"),
                # Its iterator hides the stream, of which there is one.
                "GetRecords": f"{table}/stream/of-the-iterator",
                "DescribeTable": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{body.get('TableName')}",
                "DescribeContinuousBackups": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{body.get('TableName')}"}
    return [(f"dynamodb:{operation}", resource[operation])]


BUCKETS = {"list-type": "ListBucket", "versions": "ListBucketVersions", "versioning": "BucketVersioning",
           "object-lock": "BucketObjectLockConfiguration", "encryption": "EncryptionConfiguration", "policy": "BucketPolicy"}


def of_bucket(method, query):
    """A call on a bucket."""
    for part, action in BUCKETS.items():
        if part in query:
            return f"s3:{action}" if action.startswith("List") else f"s3:{ {'GET': 'Get', 'PUT': 'Put'}[method]}{action}"
    return {"HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket"}[method]


def of_object(method, query, headers, encrypted, arn):
    """A call on an object, and what S3 asks of KMS for it."""
    version = "Version" if "versionId" in query else ""
    pairs = []
    if query & {"retention", "legal-hold"}:
        what = "Retention" if "retention" in query else "LegalHold"
        return [(f"s3:{ {'GET': 'Get', 'PUT': 'Put'}[method]}Object{what}", arn)]
    if method == "PUT":
        pairs.append(("s3:PutObject", arn))
        if headers.get("x-amz-object-lock-mode"):
            pairs.append(("s3:PutObjectRetention", arn))
        if headers.get("x-amz-server-side-encryption") == "aws:kms":
            encrypted.add(arn)
            pairs.append(("kms:GenerateDataKey", DATA_KEY))
    elif method == "DELETE":
        pairs.append((f"s3:DeleteObject{version}", arn))
    else:
        pairs.append((f"s3:GetObject{version}", arn))
        if arn in encrypted:
            pairs.append(("kms:Decrypt", DATA_KEY))
    return pairs


def statements(policy):
    """A policy's statements, their lists as lists."""
    listed = lambda value: value if isinstance(value, list) else [value]  # noqa: E731
    return [(it["Sid"], listed(it["Action"]), listed(it["Resource"])) for it in policy["Statement"]]


def refused(policy, asked):
    """What was asked and no statement allows."""
    def allowed(action, resource):
        return any(action in actions and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources)
                   for _, actions, resources in statements(policy))

    return sorted((action, resource) for action, resource in asked if not allowed(action, resource))


def needless(policy, asked):
    """What a statement allows and nobody asked for."""
    def used(action, resources):
        return any(action == it and any(fnmatch.fnmatchcase(resource, pattern) for pattern in resources) for it, resource in asked)

    return sorted((sid, action) for sid, actions, resources in statements(policy) for action in actions if not used(action, resources))


SCENARIO = f"""\
version = 1
seed = 7
[[table]]
name = "{TABLE}"
region = "{REGION}"
created = "-3h"
shards = 2
[[table.writer]]
count = 3000
items = 200
bytes = 300
from = "-2h"
until = "-1m"
[[table.event]]
at = "-80m"
does = {{ split = {{ shard = 1 }} }}
"""


class Recording:
    """Sealog between recorders."""

    def __init__(self, checks, sealog, folder, streams, kms):
        self.checks, self.sealog, self.folder = checks, sealog, folder
        self.s3 = Recorder(os.environ["SEALOG_TEST_VERSITYGW"])
        self.streams, self.kms = Recorder(streams), Recorder(kms)
        self.env = programs.environment("http://127.0.0.1:9") | {
            name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
        } | {"AWS_ENDPOINT_URL_S3": self.s3.endpoint, "AWS_ENDPOINT_URL_KMS": self.kms.endpoint,
             "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": self.streams.endpoint, "AWS_ENDPOINT_URL_DYNAMODB": self.streams.endpoint}
        del self.env["AWS_ENDPOINT_URL"]

    def said(self, *words, codes=(0,)):
        """A command's standard output; a failed check if it ends otherwise than expected."""
        done = subprocess.run([self.sealog, *map(str, words)], env=self.env, capture_output=True, text=True, timeout=300, check=False)
        self.checks.check(f"sealog {words[0]} ends as it should", done.returncode in codes,
                          f"{words}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def asked(self):
        """What was asked of all three since the last time."""
        taken = [it.take() for it in (self.s3, self.streams, self.kms)]
        return set().union(*(asked for asked, _ in taken)), [line for _, lines in taken for line in lines]


def record(recording, key_id):
    """What each policy's people ask for."""
    config = recording.folder / "sealog.toml"
    config.write_text(f"""\
archive = "s3://{BUCKET}/{PREFIX}"
[signing]
key = "kms:{key_id}"
name = "acme"
[retention]
mode = "governance"
days = 1
[encryption]
mode = "sse-kms"
key = "alias/acme-data"
[batch]
rows_max = 100
[[table]]
name = "{TABLE}"
require_view_type = "NEW_AND_OLD_IMAGES"
""")
    archive = f"s3://{BUCKET}/{PREFIX}"
    # The second start reads what the first one left.
    for _ in range(2):
        recording.said("run", "--config", config, "--until-caught-up")
    ran, requests = recording.asked()
    commits(recording.checks, requests)
    vkey = recording.said("keys", "show", f"kms:{key_id}", "--name", "acme").split()[-1]
    shown, _ = recording.asked()
    of_kms = {pair for pair in ran | shown if pair[1] == SIGNING_KEY}

    recording.said("verify", archive, "--key", vkey)
    recording.said("status", archive)
    recording.said("gaps", archive)
    recording.said("prove", "1/1", "--archive", archive, "--log", TABLE, "--out", recording.folder / "proof")
    audited, _ = recording.asked()

    recording.said("archive", "check", "--config", config, codes=(0, 1))
    operated, _ = recording.asked()
    recording.said("doctor", "--config", config, codes=(0, 1))
    doctored, _ = recording.asked()
    return {"writer": ran - of_kms, "signer": of_kms, "auditor": audited, "operator": operated | {
        pair for pair in doctored if pair[0] == "dynamodb:DescribeContinuousBackups"}}, doctored


def commits(checks, requests):
    """What a commit costs, for deploy/README.md."""
    lines = [line for line, _ in requests]
    made = sum(line.startswith("PUT ") and "/commits/" in line for line in lines)
    puts = sum(line.startswith("PUT ") for line in lines)
    signs = sum(line.endswith("TrentService.Sign") for line in lines)
    print(f"{made} commits: {puts / max(1, made):.2f} PUT and {signs / max(1, made):.2f} Sign a commit", flush=True)
    checks.check("there are commits to count by", made >= 5, lines[:20])
    # Beside them a snapshot, tiles and their checkpoint, each now and then.
    checks.check("a commit is four PUTs and a signature, as deploy/README.md says", puts <= 4 * made + 8 and signs <= made + 4, (made, puts, signs))


def judge(checks, name, policy, asked):
    """Both directions."""
    tried = {action for role, action in TRIED if role == name}
    asked = {pair for pair in asked if pair[0] not in tried}
    checks.check(f"{name}: something was asked", asked)
    checks.equal(f"{name}: every request is allowed", refused(policy, asked), [])
    checks.equal(f"{name}: nothing is allowed that nobody asks for", needless(policy, asked), [])


def notices(checks, name, policy, asked):
    """Each action taken away is missed, and one more is noticed."""
    asked = {pair for pair in asked if pair[0] not in {action for role, action in TRIED if role == name}}
    for index, statement in enumerate(policy["Statement"]):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            less = json.loads(json.dumps(policy))
            less["Statement"][index]["Action"] = [it for it in actions if it != action]
            checks.check(f"{name}: without {action} of {statement['Sid']} something is refused", refused(less, asked))
    more = json.loads(json.dumps(policy))
    more["Statement"].append({"Sid": "More", "Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "*"})
    checks.equal(f"{name}: a permission to delete is noticed", needless(more, asked), [("More", "s3:DeleteObject")])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(seed=1)
    options = parser.parse_args()
    checks = Checks("iam")
    boto3.client("s3", region_name=os.environ["AWS_REGION"], endpoint_url=os.environ["SEALOG_TEST_VERSITYGW"]).create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    try:
        kms = "http://{}:{}".format(*moto.get_host_and_port())
        key = boto3.client("kms", region_name=os.environ["AWS_REGION"], endpoint_url=kms).create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        with checks.section("recorded"), common.workplace(options, "iam") as folder:
            scenario = folder / "scenario.toml"
            scenario.write_text(SCENARIO)
            simulator = common.Simulator([options.sealog, "simulator"], ["--scenario", str(scenario)], folder / "simulator.log")
            try:
                recorded, doctored = record(Recording(checks, options.sealog, folder, simulator.endpoint, kms), key)
            finally:
                simulator.stop()
            for name, asked in recorded.items():
                policy = json.loads((POLICIES / f"{name}.json").read_text())
                judge(checks, name, policy, asked)
                notices(checks, name, policy, asked)
            # Whoever diagnoses has the writer's rights, which are tried, and the operator's.
            together = {"Statement": [statement for name in ("writer", "signer", "operator")
                                      for statement in json.loads((POLICIES / f"{name}.json").read_text())["Statement"]]}
            tried = {pair for pair in doctored if ("operator", pair[0]) not in TRIED}
            checks.equal("doctor: writer, signer and operator together allow every request", refused(together, tried), [])
    finally:
        moto.stop()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
