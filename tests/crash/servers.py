"""S3 servers that a test starts by itself, because it kills them: versitygw and MinIO (SEALOG_VERSITYGW, SEALOG_MINIO).

Each has a bucket with versions and Object Lock, and keeps what it acknowledged in its folder.
"""

import os
import subprocess
import time
from contextlib import contextmanager

import boto3

import programs

NAMES = ["versitygw", "minio"]
KEYS = {"AWS_ACCESS_KEY_ID": "sealogtest", "AWS_SECRET_ACCESS_KEY": "sealogtestsecret", "AWS_REGION": "us-east-1"}
BUCKET = "sealog-test"


def client(endpoint):
    """A client of one of them."""
    return boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"], region_name=KEYS["AWS_REGION"])


def environment(endpoint, streams="http://127.0.0.1:9"):
    """The environment of a process that archives from `streams` into the server at `endpoint`."""
    kept = programs.environment(streams)
    del kept["AWS_ENDPOINT_URL"]
    return kept | KEYS | {"AWS_ENDPOINT_URL_S3": endpoint, "AWS_ENDPOINT_URL_DYNAMODB_STREAMS": streams}


def copy_down(endpoint, prefix, folder):
    """What lies under `prefix` in the bucket, as files in `folder`."""
    s3 = client(endpoint)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/"):
        for entry in page.get("Contents", []):
            target = folder / entry["Key"].removeprefix(f"{prefix}/")
            target.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(BUCKET, entry["Key"], str(target))


class Server:
    """An S3 server that can be killed and started again; what it acknowledged lies in `folder`."""

    def __init__(self, name, folder):
        self.name, self.folder, self.port, self.process = name, folder, programs.free_port(), None
        for part in ("data", "iam", "versions"):
            (folder / part).mkdir(parents=True)
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.start()
        s3 = client(self.endpoint)
        for attempt in range(100):
            try:
                s3.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
                break
            except Exception:
                if attempt == 99:
                    raise
                time.sleep(0.1)

    def start(self):
        if self.name == "versitygw":
            words = [os.environ["SEALOG_VERSITYGW"], "--port", f"127.0.0.1:{self.port}", "--iam-dir", self.folder / "iam", "--quiet",
                     "posix", "--versioning-dir", self.folder / "versions", self.folder / "data"]
            env = {"ROOT_ACCESS_KEY": KEYS["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": KEYS["AWS_SECRET_ACCESS_KEY"]}
        else:
            words = [os.environ["SEALOG_MINIO"], "server", "--quiet", "--address", f"127.0.0.1:{self.port}", self.folder / "data"]
            env = {"MINIO_ROOT_USER": KEYS["AWS_ACCESS_KEY_ID"], "MINIO_ROOT_PASSWORD": KEYS["AWS_SECRET_ACCESS_KEY"],
                   "MINIO_BROWSER": "off", "MINIO_UPDATE": "off"}
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([*map(str, words)], env=os.environ | env, stdout=log, stderr=log)
        programs.wait_until_listening(self.process, self.port)

    def kill(self):
        self.process.kill()
        self.process.wait()


@contextmanager
def serving(name, folder):
    server = Server(name, folder)
    try:
        yield server
    finally:
        server.kill()
