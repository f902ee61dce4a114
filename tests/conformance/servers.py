"""The services that the conformance suite runs against, behind one face: reading through boto3, writing as each can.

A suite's table is made before anything is asked of it; on the simulator all tables are in the scenario.
"""

import base64
import json
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]

import boto3  # noqa: E402
from botocore.config import Config  # noqa: E402

import programs  # noqa: E402

REGION = "eu-central-1"
TTL = {"PrincipalId": "dynamodb.amazonaws.com", "Type": "Service"}
TARGETS = {"DescribeTable": "DynamoDB_20120810"}


class Table:
    """A table that a behaviour asks for. Keys are `id` (text) and, with `range_key`, `at` (number)."""

    def __init__(self, name, view_type="NEW_AND_OLD_IMAGES", range_key=False):
        self.name, self.view_type, self.range_key = name, view_type, range_key

    def key(self, item):
        """The key attributes of an item."""
        return {name: item[name] for name in (("id", "at") if self.range_key else ("id",))}


class Server:
    """What both servers have: boto3 clients that send requests unchecked and never retry."""

    name = "?"

    def __init__(self, folder):
        self.folder, self.port = folder, programs.free_port()
        self.endpoint = f"http://127.0.0.1:{self.port}"
        config = Config(retries={"total_max_attempts": 1}, proxies={}, parameter_validation=False,
                        account_id_endpoint_mode="disabled", read_timeout=60)
        self.streams, self.tables = (
            boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id="test",
                         aws_secret_access_key="test", config=config)
            for service in ("dynamodbstreams", "dynamodb"))

    def start(self, tables):
        """Starts the server with these tables; it is usable on return."""
        with open(self.folder / f"{self.name}.log", "wb") as log:
            self.process = subprocess.Popen(self.command(tables), stdout=log, stderr=log)
        programs.wait_until_listening(self.process, self.port)

    def stop(self):
        # moto ignores SIGTERM while it holds connections; neither server has anything to save.
        programs.stop(self.process, grace_s=0)

    def raw(self, operation, body):
        """One call over plain HTTP: status, headers, bytes. `body` is a value, or bytes that are sent as they are."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        scope = f"test/20260101/{REGION}/dynamodb/aws4_request"
        target = TARGETS.get(operation, "DynamoDBStreams_20120810")
        headers = {"X-Amz-Target": f"{target}.{operation}", "Content-Type": "application/x-amz-json-1.0",
                   "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        return self._http("/", data, headers)

    def _http(self, path, data, headers=None):
        request = urllib.request.Request(self.endpoint + path, data, headers or {})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as reply:
                return reply.status, reply.headers, reply.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.headers, refused.read()


class Moto(Server):
    """moto's server. Writes go through DynamoDB's own API."""

    name = "moto"

    def command(self, _tables):
        return [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]

    def start(self, tables):
        super().start(tables)
        for table in tables:
            keys = [("id", "S", "HASH")] + ([("at", "N", "RANGE")] if table.range_key else [])
            self.tables.create_table(
                TableName=table.name, BillingMode="PAY_PER_REQUEST",
                KeySchema=[{"AttributeName": name, "KeyType": role} for name, _, role in keys],
                AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind, _ in keys],
                StreamSpecification={"StreamEnabled": True, "StreamViewType": table.view_type})

    def put(self, table, item):
        self.tables.put_item(TableName=table.name, Item=item)

    def delete(self, table, key):
        self.tables.delete_item(TableName=table.name, Key=key)

    def expire(self, table, item):
        """Lets TTL delete an item: its time is over since 1970. The service would do it within some days."""
        self.tables.update_time_to_live(
            TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"})
        self.put(table, item | {"expires": {"N": "1"}})

    def disable(self, table):
        self.tables.update_table(TableName=table.name, StreamSpecification={"StreamEnabled": False})

    def enable(self, table, view_type):
        self.tables.update_table(
            TableName=table.name, StreamSpecification={"StreamEnabled": True, "StreamViewType": view_type})

    def delete_table(self, table):
        self.tables.delete_table(TableName=table.name)

    def replace_shard(self, _table, _how):
        """moto has no way to be told; its one shard stays."""


class Simulator(Server):
    """Our simulator. Writes and events are orders under `/_simulator/`."""

    name = "simulator"

    def __init__(self, folder, command):
        super().__init__(folder)
        self.sealog = command

    def command(self, tables):
        lines = ["version = 1"]
        for table in tables:
            # Created a second ago, so that what happens now lies behind it.
            lines += ["[[table]]", f'name = "{table.name}"', f'view_type = "{table.view_type}"', 'created = "-1s"']
            lines += ['range_key = "at"'] if table.range_key else []
        scenario = self.folder / "scenario.toml"
        scenario.write_text("\n".join(lines) + "\n")
        return [self.sealog, "simulator", "--listen", f"127.0.0.1:{self.port}", "--scenario", str(scenario)]

    def put(self, table, item):
        self._order(f"write?table={table.name}", {"keys": table.key(item), "image": item})

    def delete(self, table, key):
        self._order(f"write?table={table.name}", {"keys": key, "image": None})

    def expire(self, table, item):
        """Puts an item and deletes it as TTL does."""
        self.put(table, item)
        self._order(f"write?table={table.name}", {"keys": table.key(item), "image": None, "identity": TTL})

    def disable(self, table):
        self._order(f"happen?table={table.name}", "disable")

    def enable(self, table, view_type):
        self._order(f"happen?table={table.name}", {"enable": {"view_type": view_type}})

    def delete_table(self, table):
        self._order(f"happen?table={table.name}", "delete_table")

    def replace_shard(self, table, how):
        """`how` is `split` or `roll`."""
        self._order(f"happen?table={table.name}", {how: {"shard": 0}})

    def _order(self, path, body):
        status, _, said = self._http(f"/_simulator/{path}", json.dumps(body, default=_base64).encode())
        if status != 200:
            raise RuntimeError(f"the simulator refused {path}: {status} {said.decode()}")


def _base64(value):
    return base64.b64encode(value).decode()


def crc32(body):
    """What `x-amz-crc32` must say about a body."""
    return str(zlib.crc32(body))
