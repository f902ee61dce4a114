"""Keys: in files and in KMS, replaced by one another, and what both verifiers say to it.

    kms.py --sealog PATH

ECDSA P-256 signs in moto's KMS, which nobody here wrote. moto has no Ed25519 keys, so for these a stub of the wire
answers GetPublicKey and Sign; it also refuses and throttles on command.
"""

import argparse
import base64
import http.server
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "crash"), str(HERE.parent / "integration")]

import boto3  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: E402
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: E402
from moto.server import ThreadedMotoServer  # noqa: E402

import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

VERIFY = HERE.parent / "vectors" / "verify.py"
CHECK_PROOF = HERE.parent / "vectors" / "check_proof.py"
TABLE = "orders"
SCENARIO = f"""\
version = 1
seed = 5
time = "virtual"
[[table]]
name = "{TABLE}"
region = "{programs.REGION}"
created = "-3h"
shards = 1
[[table.writer]]
count = 120
items = 5
bytes = 200
from = "-2h"
until = "6h"
"""


class Stub(http.server.BaseHTTPRequestHandler):
    """KMS with one Ed25519 key."""

    key = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    refusals = []  # (operation, times, code): answered with that error
    signed = 0

    def do_POST(self):
        operation = self.headers["X-Amz-Target"].split(".")[-1]
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        for refusal in Stub.refusals:
            if refusal[0] == operation and refusal[1] > 0:
                refusal[1] -= 1
                return self.answer(400, {"__type": refusal[2], "message": "as ordered"})
        if operation == "GetPublicKey":
            public = Stub.key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            return self.answer(200, {"KeyId": asked["KeyId"], "KeySpec": "ECC_NIST_EDWARDS25519", "KeyUsage": "SIGN_VERIFY",
                                     "SigningAlgorithms": ["ED25519_SHA_512"], "PublicKey": base64.b64encode(public).decode()})
        if (operation, asked.get("SigningAlgorithm"), asked.get("MessageType")) != ("Sign", "ED25519_SHA_512", "RAW"):
            return self.answer(400, {"__type": "ValidationException", "message": f"{operation} {asked}"})
        Stub.signed += 1
        signature = Stub.key.sign(base64.b64decode(asked["Message"]))
        return self.answer(200, {"KeyId": asked["KeyId"], "Signature": base64.b64encode(signature).decode(),
                                 "SigningAlgorithm": "ED25519_SHA_512"})

    def answer(self, status, body):
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


class Suite:
    def __init__(self, sealog, folder, streams, checks):
        self.sealog, self.folder, self.streams, self.checks = sealog, folder, streams, checks
        self.kms = None

    def run(self, *words):
        environment = programs.environment(self.streams) | {"AWS_ENDPOINT_URL_KMS": self.kms or "http://127.0.0.1:9"}
        done = subprocess.run([self.sealog, *map(str, words)], capture_output=True, text=True, timeout=120, check=False,
                              env=environment, cwd=self.folder)
        return done.returncode, done.stdout + done.stderr

    def later(self):
        """An hour passes at the service: there is something to read."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        opener.open(urllib.request.Request(f"{self.streams}/_simulator/advance?ms=3600000", method="POST"), timeout=60).close()

    def good(self, name, *words):
        code, said = self.run(*words)
        self.checks.check(name, code == 0, f"exit code {code}\n{said}")
        return said

    def refused(self, name, expected, parts, *words):
        code, said = self.run(*words)
        self.checks.check(name, code == expected and all(part in said for part in parts), f"exit code {code}\n{said}")

    def configure(self, key, also=None, archive="archive"):
        lines = [f'archive = "{archive}"', "[signing]", f'key = "{key}"', 'name = "acme"']
        lines += [f'also = "{also}"'] if also else []
        (self.folder / "sealog.toml").write_text("\n".join([*lines, "[[table]]", f'name = "{TABLE}"', ""]))

    def intact(self, name, key, archive="archive"):
        """Both verifiers say INTACT with this key."""
        path = self.folder / archive
        programs.check_intact(self.checks, name, self.sealog, path, key)
        done = subprocess.run([sys.executable, VERIFY, path, "--key", key], capture_output=True, text=True, timeout=120, check=False)
        self.checks.check(f"{name}: verify.py says INTACT", done.returncode == 0 and done.stdout.strip() == "INTACT", done.stdout + done.stderr)

    def lines(self, archive="archive"):
        """Names in the signature lines of the newest head."""
        text = (self.folder / archive / TABLE / "checkpoint").read_text()
        return [line.split(" ")[1] for line in text.split("\n") if line.startswith("— ")]

    def proves(self, name, key):
        """A proof of a row holds by both checkers, and does not with another key's."""
        proof = self.folder / f"{len(list(self.folder.glob('*.tlog-proof')))}.tlog-proof"
        commit = next(number for number in range(50) if self.has_rows(number))
        self.good(f"{name}: sealog prove", "prove", f"{commit}/3", "--signer", key, "--out", proof)
        said = self.good(f"{name}: sealog check-proof", "check-proof", proof, "--key", key)
        self.checks.check(f"{name}: it says what it proves", all(part in said for part in (key, f"commit {commit}", "PROVEN")), said)
        done = subprocess.run([sys.executable, CHECK_PROOF, proof, "--key", key], capture_output=True, text=True, timeout=60, check=False)
        self.checks.check(f"{name}: check_proof.py", done.returncode == 0 and "PROVEN" in done.stdout, done.stdout + done.stderr)
        for number, (place, data) in enumerate(changed(proof.read_bytes())):
            bent = self.folder / "bent"
            bent.write_bytes(data)
            self.refused(f"{name}: change {number} is refused", 1, ["proves nothing"], "check-proof", bent, "--key", key)

    def has_rows(self, number):
        path = self.folder / "archive" / TABLE / "commits" / f"{number:020}.json"
        return (json.loads(path.read_bytes()).get("batch") or {"records": 0})["records"] > 3


def changed(data):
    """The file with one bit changed in some twenty places."""
    for place in range(0, len(data), len(data) // 20):
        yield place, data[:place] + bytes([data[place] ^ 1]) + data[place + 1:]


def ecdsa_and_rotation(suite, moto):
    checks = suite.checks
    suite.kms = moto
    client = boto3.client("kms", endpoint_url=moto, region_name=programs.REGION, aws_access_key_id="test", aws_secret_access_key="test")
    key_id = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    old = suite.good("keys show kms:", "keys", "show", f"kms:{key_id}", "--name", "acme").strip()
    checks.check("its type is 0x02", base64.b64decode(old.split("+", 2)[2])[0] == 2, old)
    suite.configure(f"kms:{key_id}")
    suite.good("a run signed by P-256 in KMS", "run", "--until-caught-up")
    suite.intact("P-256", old)
    suite.proves("P-256", old)
    new = suite.good("keys generate", "keys", "generate", "--out", "new.key", "--name", "acme-2").strip()
    suite.good("keys rotate", "keys", "rotate", "--to", "file:new.key")
    suite.good("keys rotate again changes nothing", "keys", "rotate", "--to", "file:new.key")
    checks.equal("the head bears both signatures", suite.lines(), ["acme", "acme-2"])
    suite.intact("after the rotation, with the old key", old)
    suite.intact("after the rotation, with the new key", new)
    suite.refused("the old key alone signs no more", 78, ["configure the right key", new], "run", "--until-caught-up")
    suite.configure("file:new.key", f"kms:{key_id}")
    suite.later()
    suite.good("a run in the overlap", "run", "--until-caught-up")
    checks.equal("its heads bear both", suite.lines(), ["acme-2", "acme"])
    suite.configure("file:new.key")
    suite.later()
    suite.good("a run with the new key alone", "run", "--until-caught-up")
    checks.equal("its heads bear the new one", suite.lines(), ["acme-2"])
    suite.intact("by the new key alone, with the old key", old)
    suite.intact("by the new key alone, with the new key", new)
    suite.proves("a row from before the rotation, with the old key", old)
    suite.proves("a row from before the rotation, with the new key", new)
    other_key(suite)
    suite.refused("only the key in force names the next", 78, [new], "keys", "rotate", "--to", "file:third.key")
    suite.configure("file:new.key")
    os.chmod(suite.folder / "new.key", 0o640)
    suite.refused("a key file that others can read is refused", 78, ["chmod 600"], "run", "--until-caught-up")


def other_key(suite):
    """A configuration whose key is not that of the log, and a third key to rotate to."""
    for name in ("stranger", "third"):
        suite.good(f"keys generate {name}", "keys", "generate", "--out", f"{name}.key", "--name", name)
    suite.configure("file:stranger.key")


def ed25519(suite, stub):
    suite.kms = stub
    suite.configure("kms:alias/sealog", archive="second")
    key = suite.good("keys show, Ed25519", "keys", "show", "kms:alias/sealog", "--name", "acme").strip()
    Stub.refusals = [["Sign", 2, "ThrottlingException"]]
    suite.good("a run signed by Ed25519 in KMS, throttled at first", "run", "--until-caught-up")
    suite.checks.check("the stub was throttled and signed", Stub.refusals[0][1] == 0 and Stub.signed > 0, str(Stub.signed))
    suite.intact("Ed25519 in KMS", key, "second")
    Stub.refusals = [["Sign", 100, "AccessDeniedException"]]
    suite.configure("kms:alias/sealog", archive="third")
    suite.refused("a refused signature names the action", 69, ["allow kms:Sign"], "run", "--until-caught-up")
    Stub.refusals = []
    suite.good("once it is allowed, the run goes on", "run", "--until-caught-up")
    suite.intact("after the refusal", key, "third")
    Stub.refusals = [["GetPublicKey", 100, "NotFoundException"]]
    suite.refused("a key that is not there", 69, ["check the key's id"], "keys", "show", "kms:nowhere")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True)
    options = parser.parse_args()
    checks = Checks("keys")
    moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    moto.start()
    stub = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=stub.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="sealog-keys-") as folder:
        folder = Path(folder)
        (folder / "scenario.toml").write_text(SCENARIO)
        streams = common.Simulator([options.sealog, "simulator"], ["--scenario", str(folder / "scenario.toml")], folder / "simulator.log")
        suite = Suite(os.path.abspath(options.sealog), folder, streams.endpoint, checks)
        try:
            with checks.section("P-256 in moto, and rotation"):
                ecdsa_and_rotation(suite, "http://{}:{}".format(*moto.get_host_and_port()))
            with checks.section("Ed25519 in a stub"):
                ed25519(suite, "http://{}:{}".format(*stub.server_address))
        finally:
            streams.stop()
            stub.shutdown()
            moto.stop()
    return checks.finish()


if __name__ == "__main__":
    sys.exit(main())
