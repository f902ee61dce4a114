"""The whole way with the archive on real S3 servers, one after the other.

    with-servers.sh PYTHON s3.py --sealog PATH

`sealog run` archives a simulated table into a bucket with versions and Object Lock, twice at once; `sealog verify` reads it
back from there; a changed and a removed object are named; a server that goes away for a while costs nothing.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import boto3

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "crash")]

import archive  # noqa: E402
import common  # noqa: E402
import programs  # noqa: E402
from checks import Checks  # noqa: E402

BUCKET = os.environ["SEALOG_TEST_S3"]
PREFIX = "acme/sealog"


def environment(streams):
    """S3's endpoint and credentials as with-servers.sh set them; DynamoDB Streams at `streams`."""
    s3 = {name: os.environ[name] for name in ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")}
    kept = programs.environment(streams)
    del kept["AWS_ENDPOINT_URL"]
    return kept | s3 | {"AWS_ENDPOINT_URL_DYNAMODB_STREAMS": streams}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.set_defaults(records=20_000, seed=1)
    options = parser.parse_args()
    checks = Checks("s3")
    for server in ("SEALOG_TEST_VERSITYGW", "SEALOG_TEST_MINIO"):
        os.environ["AWS_ENDPOINT_URL_S3"] = os.environ[server]
        with checks.section(f"the run on {server}"), common.workplace(options, "s3") as folder:
            with common.simulator(options, folder, options.seed, 2) as simulator:
                run(checks, options, folder, simulator)
    return checks.finish()


def run(checks, options, folder, simulator):
    key = programs.new_key(options.sealog, folder)
    config = programs.configuration(folder, [common.TABLE])
    config.write_text(config.read_text().replace(f'"{folder}/archive"', f'"s3://{BUCKET}/{PREFIX}"') + "[lake]\n")
    env = environment(simulator.endpoint)
    command = [options.sealog, "run", "--config", str(config), "--until-caught-up"]
    writers = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(2)]
    for writer in writers:
        said, _ = writer.communicate(timeout=300)
        checks.check("a writer catches up", writer.returncode == 0, said)

    code, report = verify(options.sealog, key, env)
    truth = simulator.truth()
    checks.equal("outcome", (code, report["outcome"]), (0, "INTACT"))
    checks.equal("records sealed", report["logs"][0]["records"], len(truth))
    check_lake(checks, options.sealog, config, key, env, truth)
    copy_down(folder)
    common.compare_with_truth(checks, folder, truth)
    code, report = verify(options.sealog, key, env, archive=str(folder / "archive"))
    checks.equal("a copy in a directory verifies as the bucket does", (code, report["outcome"]), (0, "INTACT"))
    code, report = verify(options.sealog, key, env, "--level", "objects")
    checked = report["logs"][0]["checked"]
    checks.equal("without a download", (code, checked["bytes"], checked["rows"]), (0, 0, 0))
    checks.equal("the bucket states every SHA-256", checked["hashed"], checked["objects"])

    client = boto3.client("s3")
    evidence = committed_object(folder)
    body = client.get_object(Bucket=BUCKET, Key=evidence)["Body"].read()
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 1
    # The bucket computes the checksum of what it is given: a forger cannot make it state another one.
    client.put_object(Bucket=BUCKET, Key=evidence, Body=bytes(changed), ChecksumAlgorithm="SHA256")
    expect_findings(checks, options.sealog, key, env, ["object-changed", "second-version"], evidence)
    expect_findings(checks, options.sealog, key, env, ["object-changed", "second-version"], evidence, "--level", "objects")
    client.delete_object(Bucket=BUCKET, Key=evidence)
    expect_findings(checks, options.sealog, key, env, ["delete-marker", "object-missing"], evidence)
    expect_findings(checks, options.sealog, key, env, ["delete-marker", "object-missing"], evidence, "--level", "objects")
    client.put_object(Bucket=BUCKET, Key=evidence, Body=body)
    expect_findings(checks, options.sealog, key, env, ["delete-marker"], evidence)

    env["AWS_ENDPOINT_URL_S3"] = "http://127.0.0.1:1"
    code, report = verify(options.sealog, key, env)
    checks.equal("unreachable is not tampered", (code, report["outcome"]), (69, "UNVERIFIABLE"))


def check_questions(checks, ask, truth):
    """The bucket answers as its evidence does: every record once, one item's history, and the table as it is."""
    def said(*command):
        return [json.loads(line) for line in ask(*command, "--format", "json", codes=(0, 3)).splitlines()]

    lake, evidence = ((lambda *command, more=more: said(*command, *more)) for more in ([], ["--evidence"]))
    rows = "SELECT stream_label, shard_id, sequence_number FROM changes"
    for name, asked in (("lake", lake), ("evidence", evidence)):
        found = sorted((it["stream_label"], it["shard_id"], it["sequence_number"]) for it in asked("query", rows))
        checks.equal(f"records that the bucket's {name} answers with", found, sorted(truth))
    key = lake("query", "SELECT keys FROM changes ORDER BY sequence_number LIMIT 1")[0]["keys"]
    history = lake("history", common.TABLE, "--key", key)
    checks.check("an item has a history", any("change" in line for line in history), history)
    checks.equal("its history by the evidence", evidence("history", common.TABLE, "--key", key), history)
    items = lake("as-of", common.TABLE, "--at", "2999-01-01")
    checks.check("the table has items", any("item" in line for line in items), items)
    checks.equal("the table by the evidence", evidence("as-of", common.TABLE, "--at", "2999-01-01"), items)


def check_lake(checks, sealog, config, key, env, truth):
    """Both writers have published; the lake is sorted; a removed file of it and a foreign one are named, and made good."""
    def lake(*command, codes=(0,)):
        done = subprocess.run([sealog, *command, "--config", str(config)], env=env, capture_output=True, text=True, timeout=300, check=False)
        checks.check(" ".join(command), done.returncode in codes, done.stdout + done.stderr)
        return done.stdout

    checks.check("the lake holds every commit", "nothing behind" in lake("lake", "status"))
    for when in ("published", "sorted"):
        code, report = verify(sealog, key, env, "--level", "lake")
        checks.equal(f"the lake, {when}, says what the evidence says", (code, report["outcome"]), (0, "INTACT"))
        said = lake("compact")
    checks.check("nothing is left to sort", "rows in" not in said, said)
    check_questions(checks, lake, truth)
    client = boto3.client("s3")
    keys = [it["Key"] for it in client.list_objects_v2(Bucket=BUCKET, Prefix=f"{PREFIX}/{common.TABLE}/lake/sorted/")["Contents"]]
    body = client.get_object(Bucket=BUCKET, Key=keys[0])["Body"].read()
    client.delete_object(Bucket=BUCKET, Key=keys[0])
    foreign = f"{PREFIX}/{common.TABLE}/lake/fresh/x.parquet"
    client.put_object(Bucket=BUCKET, Key=foreign, Body=b"?")
    code, report = verify(sealog, key, env, "--level", "lake")
    found = {(it["code"], it["object"]) for it in report["logs"][0]["findings"] if it["object"]}
    names = [name.removeprefix(f"{PREFIX}/{common.TABLE}/") for name in (keys[0], foreign)]
    checks.equal("a removed and a foreign file", (code, found), (1, {("lake-mismatch", name) for name in names}))
    client.put_object(Bucket=BUCKET, Key=keys[0], Body=body)
    client.delete_object(Bucket=BUCKET, Key=foreign)
    code, report = verify(sealog, key, env, "--level", "lake")
    checks.equal("and made good", (code, report["outcome"]), (0, "INTACT"))
    lake("lake", "rebuild")
    code, report = verify(sealog, key, env, "--level", "lake")
    checks.equal("made anew", (code, report["outcome"]), (0, "INTACT"))


def verify(sealog, key, env, *more, archive=f"s3://{BUCKET}/{PREFIX}"):
    done = subprocess.run([sealog, "verify", archive, "--key", key, "--format", "json", *more], env=env,
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, json.loads(done.stdout)


def expect_findings(checks, sealog, key, env, codes, evidence, *more):
    exit_code, report = verify(sealog, key, env, *more)
    name = evidence.removeprefix(f"{PREFIX}/{common.TABLE}/")
    found = sorted((it["code"], it["object"]) for it in report["logs"][0]["findings"] if it["code"] != "row-changed")
    checks.equal(" ".join([", ".join(codes), *more]), (exit_code, found), (1, [(code, name) for code in codes]))


def copy_down(folder):
    """The archive as a directory, for the comparison with the truth."""
    client = boto3.client("s3")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{PREFIX}/"):
        for entry in page.get("Contents", []):
            target = folder / "archive" / entry["Key"].removeprefix(f"{PREFIX}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(BUCKET, entry["Key"], str(target))


def committed_object(folder):
    """Name of an object that a commit names; the loser of a race leaves others behind, which prove nothing."""
    for _, commit in archive.commits(folder / "archive", common.TABLE):
        for entry in commit.get("batch", {}).get("objects", []):
            return f"{PREFIX}/{common.TABLE}/{entry['key']}"
    raise RuntimeError("no commit names an object")


if __name__ == "__main__":
    sys.exit(main())
