#!/usr/bin/env python3
"""Checks every kind of reply of the simulator against the service model that botocore ships.

    python3 crates/simulator/tests/model.py COMMAND...

COMMAND serves a scenario and prints its address as a line that contains `http://host:port`; the file of the scenario
is appended to it, such as `target/debug/examples/serve` or `sealog simulator --listen 127.0.0.1:0 --scenario`.
Each reply is checked twice: as raw JSON (member names, JSON types, lengths, patterns and enumerations of the model), and
parsed by boto3, which must accept requests and replies and raise its own modelled exceptions.
Needs boto3 and nothing else. Ends with `N passed, N failed` and exit code 1 if something failed.
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
import zlib

import boto3
import botocore.config
import botocore.exceptions
import botocore.session

SCENARIO = """
version = 1
seed = 4
time = "virtual"
[[table]]
name = "orders"
shards = 2
created = "-3h"
range_key = "at"
[[table.writer]]
shape = "all_types"
count = 400
removes = 0.1
ttl = 0.5
from = "-3h"
until = "-1m"
[[table.event]]
at = "-2h"
does = { split = { shard = 0 } }
[[table.event]]
at = "-1h"
does = { roll = { shard = 1 } }
[[table]]
name = "keys"
view_type = "KEYS_ONLY"
created_at = "exponent"
[[table.writer]]
count = 20
from = "-50m"
until = "-1m"
[[table]]
name = "busy"
view_type = "NEW_IMAGE"
created = "-3h"
[[table.writer]]
count = 30
from = "-3h"
until = "-2h"
[[table.event]]
at = "-90m"
does = "disable"
[[table.event]]
at = "-80m"
does = { enable = { view_type = "OLD_IMAGE", shards = 130 } }
[[table.event]]
at = "1s"
does = { trim = { shard = 0 } }
[[table.writer]]
rate = 1.0
items = 100000
from = "-70m"
[[table]]
name = "faulty"
%s
"""
CODES = {
    # What the service may answer: modelled for ListStreams or not, its HTTP status.
    "ResourceNotFoundException": 400,
    "InternalServerError": 500,
    "LimitExceededException": 400,
    "ExpiredIteratorException": 400,
    "TrimmedDataAccessException": 400,
    "ThrottlingException": 400,
    "ValidationException": 400,
    "AccessDeniedException": 400,
    "SerializationException": 400,
}
MODEL = botocore.session.get_session().get_service_model("dynamodbstreams")
TABLES = botocore.session.get_session().get_service_model("dynamodb")
PASSED, FAILED = 0, 0


def check(name, problems):
    global PASSED, FAILED
    if problems:
        FAILED += 1
        print(f"FAILED {name}")
        for problem in problems[:10]:
            print(f"       {problem}")
    else:
        PASSED += 1


def shape_problems(shape, value, path):
    """What is wrong with a JSON value, by the model."""
    kind, meta = shape.type_name, shape.metadata
    kinds = {
        "structure": dict, "map": dict, "list": list, "string": str, "blob": str, "boolean": bool,
        "integer": int, "long": int, "timestamp": (int, float),
    }
    if not isinstance(value, kinds[kind]) or (kind in ("integer", "long", "timestamp") and isinstance(value, bool)):
        return [f"{path}: {type(value).__name__} where the model has {kind}"]
    problems = []
    if kind == "structure":
        for name, member in value.items():
            if name in shape.members:
                problems += shape_problems(shape.members[name], member, f"{path}.{name}")
            else:
                problems.append(f"{path}: member {name!r} is not in the model")
        problems += [f"{path}: {name} is missing" for name in shape.required_members if name not in value]
        if shape.name == "AttributeValue" and len(value) != 1:
            problems.append(f"{path}: an attribute value has one type, this has {len(value)}")
    elif kind == "map":
        for name, member in value.items():
            problems += shape_problems(shape.value, member, f"{path}[{name}]")
    elif kind == "list":
        for index, member in enumerate(value):
            problems += shape_problems(shape.member, member, f"{path}[{index}]")
    elif kind == "string" and shape.enum and value not in shape.enum:
        problems.append(f"{path}: {value!r} is not one of {shape.enum}")
    size = value if kind in ("integer", "long") else len(value) if hasattr(value, "__len__") else 0
    if size < meta.get("min", size) or size > meta.get("max", size):
        problems.append(f"{path}: {size} is outside {meta.get('min')}..{meta.get('max')}")
    if "pattern" in meta and not re.fullmatch(meta["pattern"], value):
        problems.append(f"{path}: {value!r} does not match {meta['pattern']}")
    return problems


def model(operation):
    """The service model that an operation belongs to: DescribeTable is DynamoDB's own."""
    return TABLES if operation in TABLES.operation_names else MODEL


class Service:
    def __init__(self, url):
        self.url = url
        config = botocore.config.Config(
            retries={"max_attempts": 0}, region_name="eu-central-1", proxies={}, account_id_endpoint_mode="disabled"
        )
        self.boto, self.tables = (
            boto3.client(name, endpoint_url=url, config=config, aws_access_key_id="x", aws_secret_access_key="x")
            for name in ("dynamodbstreams", "dynamodb")
        )

    def raw(self, operation, body):
        """Status, headers and body of a reply."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Amz-Target": f"{model(operation).metadata['targetPrefix']}.{operation}", "Content-Type": "application/x-amz-json-1.0"}
        request = urllib.request.Request(self.url, data, headers)
        try:
            with urllib.request.urlopen(request) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as reply:
            return reply.code, reply.headers, reply.read()

    def head_problems(self, headers, body):
        problems = []
        if headers["Content-Type"] != "application/x-amz-json-1.0":
            problems.append(f"Content-Type {headers['Content-Type']}")
        if headers["x-amz-crc32"] != str(zlib.crc32(body)):
            problems.append(f"x-amz-crc32 {headers['x-amz-crc32']} for a body of {zlib.crc32(body)}")
        if not re.fullmatch("[0-9A-Z]{52}", headers["x-amzn-RequestId"] or ""):
            problems.append(f"x-amzn-RequestId {headers['x-amzn-RequestId']}")
        return problems

    def call(self, name, operation, **request):
        """A call that succeeds, checked raw and through boto3."""
        status, headers, body = self.raw(operation, request)
        problems = self.head_problems(headers, body) + ([] if status == 200 else [f"status {status}: {body[:200]}"])
        value = json.loads(body)
        if status == 200:
            problems += shape_problems(model(operation).operation_model(operation).output_shape, value, operation)
        method = getattr(self.tables if model(operation) is TABLES else self.boto, re.sub("(?<!^)([A-Z])", r"_\1", operation).lower())
        try:
            parsed = method(**request)
            parsed.pop("ResponseMetadata")
            if set(parsed) != set(value):
                problems.append(f"boto3 sees {sorted(parsed)}, the wire has {sorted(value)}")
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError) as error:
            problems.append(f"boto3: {error}")
        check(f"{operation}: {name}", problems)
        return value

    def refuse(self, name, operation, code, request):
        """A call that the service refuses, checked raw and, where the request is one that boto3 sends, through boto3."""
        status, headers, body = self.raw(operation, request)
        value = json.loads(body)
        problems = self.head_problems(headers, body)
        if status != CODES.get(code, 400):
            problems.append(f"status {status}")
        space, _, found = value.get("__type", "").partition("#")
        if found != code:
            problems.append(f"__type {value.get('__type')} where {code} was due")
        modelled = code in {shape.name for shape in MODEL.error_shapes}
        if modelled and space != "com.amazonaws.dynamodb.v20120810":
            problems.append(f"namespace {space}")
        rest = {key: text for key, text in value.items() if key != "__type"}
        if modelled:
            problems += shape_problems(MODEL.shape_for(code), rest, code)
        elif not all(key in ("message", "Message") and isinstance(text, str) for key, text in rest.items()):
            problems.append(f"members {sorted(rest)}")
        check(f"{operation}: {name}", problems)

    def refuse_boto(self, name, code, call):
        """boto3 must raise its own class for a modelled error."""
        try:
            call()
            check(name, [f"{code} was due"])
        except self.boto.exceptions.ClientError as error:
            problems = [] if error.response["Error"]["Code"] == code else [str(error)]
            cls = {getattr(client.exceptions, code, client.exceptions.ClientError) for client in (self.boto, self.tables)}
            check(name, problems + ([] if isinstance(error, tuple(cls)) else [f"raised as {type(error).__name__}"]))

    def advance(self, ms):
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/_simulator/advance?ms={ms}", b"")).close()

    def iterator(self, arn, shard, kind, **more):
        request = dict(StreamArn=arn, ShardId=shard, ShardIteratorType=kind, **more)
        return self.call(kind, "GetShardIterator", **request)["ShardIterator"]


def read_everything(service, arn, name):
    """All shards of a stream; returns the records."""
    records, after = [], {}
    while True:
        described = service.call(f"{name} {after}", "DescribeStream", StreamArn=arn, **after)["StreamDescription"]
        for shard in described["Shards"][:12]:
            iterator = service.iterator(arn, shard["ShardId"], "TRIM_HORIZON")
            for page in range(3):
                body = service.call(f"{name} page {page}", "GetRecords", ShardIterator=iterator, Limit=150)
                records += body["Records"]
                iterator = body.get("NextShardIterator")
                if iterator is None:
                    break
            closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
            check(f"{name}: only a closed shard ends", [] if closed == (iterator is None) else [shard["ShardId"]])
        if "LastEvaluatedShardId" not in described:
            return records
        after = {"ExclusiveStartShardId": described["LastEvaluatedShardId"]}


def replies(service):
    listed = service.call("all", "ListStreams")["Streams"]
    page = service.call("a page", "ListStreams", Limit=1)
    service.call("the next page", "ListStreams", Limit=1, ExclusiveStartStreamArn=page["LastEvaluatedStreamArn"])
    service.call("no such table", "ListStreams", TableName="nowhere")
    arns = {name: [s["StreamArn"] for s in listed if s["TableName"] == name] for name in ("orders", "keys", "busy")}
    check("a stream that was switched on again has two ARNs", [] if len(arns["busy"]) == 2 else [str(arns["busy"])])

    records = read_everything(service, arns["orders"][0], "orders")
    check("orders: all records", [] if len(records) > 300 else [f"{len(records)} records"])
    names = {record["eventName"] for record in records}
    check("orders: all kinds of changes", [] if names == {"INSERT", "MODIFY", "REMOVE"} else [str(names)])
    identities = [record["userIdentity"] for record in records if "userIdentity" in record]
    ttl = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
    check("orders: TTL deletes", [] if identities and all(i == ttl for i in identities) else [str(identities[:3])])
    for record in records:
        has = [image in record["dynamodb"] for image in ("OldImage", "NewImage")]
        due = {"INSERT": [False, True], "MODIFY": [True, True], "REMOVE": [True, False]}[record["eventName"]]
        if has != due:
            check("orders: images", [f"{record['eventName']} with {has}"])
    read_everything(service, arns["keys"][0], "keys")
    for name in arns:
        newest = service.call(name, "DescribeTable", TableName=name)["Table"]["LatestStreamArn"]
        check(f"DescribeTable: {name}: the newest stream", [] if newest == arns[name][-1] else [newest])
    for arn in arns["busy"]:
        read_everything(service, arn, "busy")

    arn = arns["orders"][0]
    shards = service.call("shards", "DescribeStream", StreamArn=arn)["StreamDescription"]["Shards"]
    parent = next(shard["ParentShardId"] for shard in shards if "ParentShardId" in shard)
    children = service.call(
        "children", "DescribeStream", StreamArn=arn, ShardFilter={"Type": "CHILD_SHARDS", "ShardId": parent}
    )["StreamDescription"]["Shards"]
    check("children", [] if children and all(c["ParentShardId"] == parent for c in children) else [str(children)])
    closed = next(shard for shard in shards if "EndingSequenceNumber" in shard["SequenceNumberRange"])
    first = service.call("first", "GetRecords", ShardIterator=service.iterator(arn, closed["ShardId"], "TRIM_HORIZON"))
    number = first["Records"][0]["dynamodb"]["SequenceNumber"]
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        service.iterator(arn, closed["ShardId"], kind, SequenceNumber=number)
    service.iterator(arn, shards[-1]["ShardId"], "LATEST")
    return arns, closed


def refusals(service, arns, shard):
    arn, lost = arns["orders"][0], "shardId-00000000000000000001-00000000"
    gone = arn[:-4] + ".999"
    iterate = dict(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    for name, operation, code, request in [
        ("no such stream", "DescribeStream", "ResourceNotFoundException", {"StreamArn": gone}),
        ("no such stream", "GetShardIterator", "ResourceNotFoundException", {**iterate, "StreamArn": gone}),
        ("no such shard", "GetShardIterator", "ResourceNotFoundException", {**iterate, "ShardId": lost}),
        ("no stream", "DescribeStream", "ValidationException", {}),
        ("odd kind", "GetShardIterator", "ValidationException", {**iterate, "ShardIteratorType": "OLDEST"}),
        ("rubbish", "GetRecords", "ValidationException", {"ShardIterator": "rubbish"}),
        ("wrong type", "ListStreams", "SerializationException", {"Limit": "many"}),
        ("not JSON", "ListStreams", "SerializationException", b"{"),
        ("no such operation", "PutRecords", "UnknownOperationException", {}),
        ("no such table", "DescribeTable", "ResourceNotFoundException", {"TableName": "nowhere"}),
        ("no table", "DescribeTable", "ValidationException", {}),
    ]:
        service.refuse(name, operation, code, request)
    lost = lambda: service.tables.describe_table(TableName="nowhere")
    service.refuse_boto("boto3 raises ResourceNotFoundException", "ResourceNotFoundException", lost)
    old = service.boto.get_shard_iterator(**iterate)["ShardIterator"]
    service.refuse("limit", "GetRecords", "LimitExceededException", {"ShardIterator": old, "Limit": 1001})
    newest = arns["busy"][1]
    described = service.boto.describe_stream(StreamArn=newest)["StreamDescription"]
    more = service.boto.describe_stream(StreamArn=newest, ExclusiveStartShardId=described["LastEvaluatedShardId"])
    held = [
        service.boto.get_shard_iterator(StreamArn=newest, ShardId=s["ShardId"], ShardIteratorType="TRIM_HORIZON")
        for s in described["Shards"] + more["StreamDescription"]["Shards"]
    ]
    service.advance(1_000)
    codes = set()
    for one in held:
        status, _, body = service.raw("GetRecords", {"ShardIterator": one["ShardIterator"]})
        codes.add("ok" if status == 200 else json.loads(body)["__type"].split("#")[1])
    check("one shard was trimmed", [] if codes == {"ok", "TrimmedDataAccessException"} else [str(codes)])
    service.advance(15 * 60_000)
    service.refuse("expired", "GetRecords", "ExpiredIteratorException", {"ShardIterator": old})
    expired = lambda: service.boto.get_records(ShardIterator=old)
    service.refuse_boto("boto3 raises ExpiredIteratorException", "ExpiredIteratorException", expired)


def faults(service):
    for code in CODES:
        service.refuse("by fault", "ListStreams", code, {"TableName": "faulty"})
        listing = lambda: service.boto.list_streams(TableName="faulty")
        service.refuse_boto(f"boto3 understands {code}", code, listing)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    lines = "".join(
        f'[[fault]]\ntable = "faulty"\nafter_calls = {2 * index}\ntimes = 2\ndoes = {{ error = {{ code = "{code}" }} }}\n'
        for index, code in enumerate(CODES)
    )
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "scenario.toml"
        path.write_text(SCENARIO % lines)
        server = subprocess.Popen([*sys.argv[1:], path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            url = None
            for line in server.stdout:
                url = re.search(r"http://[0-9.:]+", line)
                if url:
                    break
            if not url:
                sys.exit("the simulator did not say where it listens")
            service = Service(url.group())
            arns, closed = replies(service)
            refusals(service, arns, closed)
            faults(service)
        finally:
            server.terminate()
            server.wait()
    print(f"{PASSED} passed, {FAILED} failed")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
