"""The bucket of an archive on real S3 servers: made, checked, retained, held, and what its versions tell.

    with-servers.sh PYTHON bucket.py --sealog PATH
"""

import argparse
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import boto3
from botocore.exceptions import ClientError

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import common  # noqa: E402
import programs  # noqa: E402
import s3  # noqa: E402
from checks import Checks  # noqa: E402

PREFIX = "acme/sealog"
LOG = f"{PREFIX}/{common.TABLE}"
SERVERS = {"versitygw": "SEALOG_TEST_VERSITYGW", "minio": "SEALOG_TEST_MINIO"}
RETENTION = '[retention]\nmode = "governance"\ndays = 2\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=5_000, seed=1)
    options = parser.parse_args()
    checks = Checks("bucket")
    for server, variable in SERVERS.items():
        os.environ["AWS_ENDPOINT_URL_S3"] = os.environ[variable]
        with checks.section(server), common.workplace(options, "bucket") as folder:
            with common.simulator(options, folder, options.seed, 2) as simulator:
                Case(checks, options.sealog, server, folder, s3.environment(simulator.endpoint)).run()
    with checks.section("a directory"), common.workplace(options, "bucket") as folder:
        directory(checks, options.sealog, folder)
    return checks.finish()


class Case:
    """One archive in a bucket of its own."""

    def __init__(self, checks, sealog, server, folder, env):
        self.checks, self.sealog, self.server, self.folder, self.env = checks, sealog, server, folder, env
        self.bucket = f"sealog-{server}"
        self.client = boto3.client("s3")
        self.key = programs.new_key(sealog, folder)
        self.config = self.configured(self.bucket, RETENTION)

    def configured(self, bucket, more=""):
        config = programs.configuration(self.folder, [common.TABLE], rows_max=1000)
        text = config.read_text().replace(f'"{self.folder}/archive"', f'"s3://{bucket}/{PREFIX}"')
        config = self.folder / f"{bucket}.toml"
        config.write_text(text + more)
        return config

    def sealog_says(self, *words):
        done = subprocess.run([self.sealog, *map(str, words)], env=self.env, capture_output=True, text=True, timeout=300,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def check(self, name, good, detail=""):
        self.checks.check(f"{self.server}: {name}", good, detail)

    def expect(self, name, result, code, *words):
        got, out, err = result
        good = got == code and all(word in out + err for word in words) and "panicked" not in err
        self.check(f"{name}: exit code {code}, says {', '.join(words) or 'anything'}", good, f"exit code {got}\n{out}{err}")

    def run(self):
        self.made()
        self.written()
        self.held()
        self.unprotected()
        self.versions()

    def aspects(self, *words):
        code, out, err = self.sealog_says("archive", *words, "--format", "json")
        report = json.loads(out) if out else {"aspects": []}
        return code, {it["name"]: it["state"] for it in report["aspects"]}, out + err

    def made(self):
        code, states, said = self.aspects("init", "--config", self.config)
        proved = {name: states.get(name) for name in ("bucket", "versioning", "object lock", "canary")}
        self.check("a bucket is made", code == 0 and set(proved.values()) == {"good"}, said)
        again = self.aspects("init", "--config", self.config)
        expected = {name: state for name, state in states.items() if name != "default retention"}
        self.check("and made again without harm", again[0] == 0 and again[1] == expected, f"{states}\n{again[2]}")
        lock = self.client.get_object_lock_configuration(Bucket=self.bucket)["ObjectLockConfiguration"]
        retention = lock["Rule"]["DefaultRetention"]
        self.check("its default retention is the configured one", (retention["Mode"], retention["Days"]) == ("GOVERNANCE", 2),
                   retention)
        code, states, said = self.aspects("check", f"s3://{self.bucket}/{PREFIX}")
        self.check("checked by name alone", code == 0 and states["canary"] == "good", said)
        code, out, _ = self.sealog_says("archive", "policy", "--config", self.config)
        policy = json.loads(out)
        once = policy["Statement"][1]
        self.check("the policy is JSON and denies unconditional writes", code == 0 and once["Effect"] == "Deny"
                   and once["Condition"] == {"Null": {"s3:if-none-match": "true"}}, out)

    def names(self, folder):
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{LOG}/{folder}")
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def head(self, key):
        return self.client.head_object(Bucket=self.bucket, Key=key)

    def written(self):
        self.expect("the run", self.sealog_says("run", "--config", self.config, "--until-caught-up"), 0, "sealed in")
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=2)
        for folder in ("commits/", "evidence/", "checkpoints/"):
            heads = [self.head(key) for key in self.names(folder)]
            modes = {head.get("ObjectLockMode") for head in heads}
            near = all(abs(head["ObjectLockRetainUntilDate"] - soon) < datetime.timedelta(minutes=10) for head in heads)
            self.check(f"each object under {folder} is retained", heads and modes == {"GOVERNANCE"} and near, modes)
        genesis = self.client.get_object(Bucket=self.bucket, Key=self.names("commits/")[0])["Body"].read()
        policies = json.loads(genesis)["facts"][0]["policies"]
        self.check("the genesis states it", policies["retention"] == {"mode": "governance", "days": 2}, policies)
        self.verdict("written", 0, "INTACT")

    def verdict(self, name, code, outcome, *findings):
        got, out, err = self.sealog_says("verify", f"s3://{self.bucket}/{PREFIX}", "--key", self.key, "--format", "json")
        report = json.loads(out)
        found = [finding["code"] for finding in report["logs"][0]["findings"]]
        self.check(f"{name}: verify says {outcome} {' '.join(findings)}", (got, report["outcome"]) == (code, outcome)
                   and set(findings) <= set(found), f"exit code {got}\n{out[:2000]}{err}")

    def is_held(self, key):
        return self.head(key).get("ObjectLockLegalHoldStatus") == "ON"

    def objects_of(self, number):
        key = self.names("commits/")[number]
        commit = json.loads(self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        evidence = [f"{LOG}/{it['key']}" for it in commit.get("batch", {}).get("objects", [])]
        return [key, f"{LOG}/checkpoints/{number + 1:020d}", *evidence]

    def held(self):
        hold = ("--config", self.config, "--reason", "case 7")
        self.expect("a hold", self.sealog_says("hold", "add", "case-7", *hold, "--first", 1, "--last", 2), 0, "case-7 is on")
        self.check("what the commits name is held", all(self.is_held(key) for n in (1, 2) for key in self.objects_of(n)))
        self.check("and nothing else", not any(self.is_held(key) for key in self.objects_of(0) + self.objects_of(3)))
        self.expect("another over the same", self.sealog_says("hold", "add", "other", *hold, "--first", 2, "--last", 3), 0)
        self.expect("a name that is taken", self.sealog_says("hold", "add", "other", *hold, "--first", 0, "--last", 0), 78, "other")
        self.expect("a range that is not there",
                    self.sealog_says("hold", "add", "more", *hold, "--first", 0, "--last", 100_000), 78, "no range")
        self.refused_deletion(self.objects_of(1)[0])
        self.expect("a hold is lifted", self.sealog_says("hold", "remove", "case-7", *hold), 0, "lifted")
        self.check("what no other hold covers is free", not any(self.is_held(key) for key in self.objects_of(1)))
        self.check("what another covers is not", all(self.is_held(key) for n in (2, 3) for key in self.objects_of(n)))
        self.expect("lifting again goes on", self.sealog_says("hold", "remove", "case-7", *hold), 0)
        self.expect("the list", self.sealog_says("hold", "list", f"s3://{self.bucket}/{PREFIX}"), 0,
                    "case-7", "lifted", "other", "in force", "case 7")
        self.verdict("with holds", 0, "INTACT")

    def refused_deletion(self, key):
        try:
            self.client.delete_object(Bucket=self.bucket, Key=key, VersionId=self.head(key)["VersionId"],
                                      BypassGovernanceRetention=True)
            self.check("a held version cannot be deleted, whoever bypasses retention", False)
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            self.check("a held version cannot be deleted, whoever bypasses retention", status in (400, 403), status)

    def unprotected(self):
        plain = f"sealog-{self.server}-plain"
        self.client.create_bucket(Bucket=plain)
        code, states, said = self.aspects("check", f"s3://{plain}/{PREFIX}")
        self.check("a bucket without protection is called bad", code == 1 and states["versioning"] == "bad"
                   and states["object lock"] == "bad" and states["canary"] in ("bad", "unknown"), said)
        self.expect("and is not written with retention",
                    self.sealog_says("run", "--config", self.configured(plain, RETENTION), "--until-caught-up"), 69,
                    "sealog archive check")
        self.expect("a bucket that is not there",
                    self.sealog_says("archive", "check", f"s3://no-such-{self.server}/x"), 69)

    def versions(self):
        """A key that was deleted and created anew, and one that was written twice."""
        key = self.objects_of(4)[0]
        body = self.client.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.verdict("written twice", 1, "TAMPERED", "second-version")
        self.client.delete_object(Bucket=self.bucket, Key=key)
        self.verdict("deleted", 1, "TAMPERED", "commit-missing", "delete-marker")
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)
        self.verdict("created anew", 1, "TAMPERED", "delete-marker")


def directory(checks, sealog, folder):
    env = programs.environment("http://127.0.0.1:1")
    programs.new_key(sealog, folder)
    config = programs.configuration(folder, [common.TABLE])

    def says(name, code, word, *words):
        done = subprocess.run([sealog, *map(str, words)], env=env, capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        checks.check(f"directory: {name}", done.returncode == code and word in said, f"exit code {done.returncode}\n{said}")

    says("archive check", 78, "is a directory", "archive", "check", folder / "archive")
    says("hold", 78, "no legal hold", "hold", "add", "x", "--first", 0, "--last", 0, "--reason", "y", "--config", config)
    config.write_text(config.read_text().replace("[signing]", f"{RETENTION}[signing]", 1))
    says("[retention]", 78, "a directory has none", "run", "--config", config)


if __name__ == "__main__":
    sys.exit(main())
