"""Reads pages with boto3, its transport replaced by bodies from a folder: CPU seconds, the best of some rounds, as JSON."""

import json
import sys
import time
from pathlib import Path

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

ROUNDS = 3
HEADERS = {"Content-Type": "application/x-amz-json-1.0"}

folder = Path(sys.argv[1])
pages = [path.read_bytes() for path in sorted(folder.glob("*.json"))]
waiting = []


def answer(request, **_):
    reply = AWSResponse(request.url, 200, HEADERS, None)
    reply._content = waiting.pop()
    return reply


client = boto3.client("dynamodbstreams", region_name="eu-central-1", endpoint_url="http://127.0.0.1:9",
                      aws_access_key_id="id", aws_secret_access_key="secret", config=Config(retries={"max_attempts": 0}))
client.meta.events.register("before-send.dynamodb-streams.GetRecords", answer)


def read(bodies):
    """One call for each body: (CPU seconds, records that have a new image)."""
    waiting[:] = bodies
    began, seen = time.process_time(), 0
    for _ in bodies:
        records = client.get_records(ShardIterator="x")["Records"]
        seen += sum("NewImage" in record["dynamodb"] for record in records)
    return time.process_time() - began, seen


empties = [(folder / "empty").read_bytes()] * len(pages)
read(empties)
runs = [(read(pages), read(empties)) for _ in range(ROUNDS)]
seen = {records for (_, records), _ in runs}
assert len(seen) == 1 and min(seen) > 0, seen
print(json.dumps({"records": seen.pop(), "pages_s": min(run[0][0] for run in runs),
                  "empty_s": min(run[1][0] for run in runs), "version": boto3.__version__}))
