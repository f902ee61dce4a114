"""Engines that are asked the same: each takes SQL and gives its rows, every cell as the text that a document would print.

DuckDB and Spark are set up by the blocks of docs/queries.md themselves.
"""

import datetime
import json
import os
import re
import subprocess
import time
from decimal import Decimal

ISO = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d+))?(?:Z|\+00:00)")


class Refused(Exception):
    """An engine refuses a text; the message is its own."""


def text(value):
    """A value as a document prints it: nothing for NULL, instants in UTC to the second, or to the millisecond if need be."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime.datetime):
        if value.tzinfo:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, str) and (found := ISO.fullmatch(value)):
        part = (found[3] or "").rstrip("0")
        return f"{found[1]} {found[2]}" + (f".{part.ljust(3, '0')}" if part else "")
    if isinstance(value, (list, tuple)):
        return json.dumps(list(value), ensure_ascii=False)
    return str(value)


def cells(rows):
    """Rows of values as rows of texts."""
    return [tuple(text(value) for value in row) for row in rows]


class Athena:
    """Athena's engine over its views."""

    name = "athena"

    def __init__(self, running):
        self.running = running

    def rows(self, sql):
        return cells(self.running.sql(sql))


class Sealog:
    """`sealog query`, of the lake or of the evidence."""

    name = "sealog"

    def __init__(self, program, folder, config, *more):
        self.program, self.folder, self.config, self.more = program, folder, config, more

    def rows(self, sql):
        command = [self.program, "query", "-", "--config", str(self.config), "--format", "json", *self.more]
        done = subprocess.run(command, cwd=self.folder, input=sql, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode != 0:
            raise Refused(f"exit code {done.returncode}: {done.stdout[-500:]}{done.stderr[-1500:]}")
        # By line feeds alone: a key may hold other things that Python takes for the end of a line.
        return cells(json.loads(line).values() for line in done.stdout.split("\n") if line)


class DuckDb:
    """DuckDB, set up by a block that leaves `db`."""

    name = "duckdb"

    def __init__(self, setup):
        import duckdb
        self.error, self.names = duckdb.Error, {}
        exec(setup, self.names)  # noqa: S102 - the document's own text is what is tested

    def rows(self, sql):
        try:
            return cells(self.names["db"].execute(sql).fetchall())
        except self.error as error:
            raise Refused(str(error)) from error

    def close(self):
        self.names["db"].close()


class Spark:
    """Spark, set up by a block that leaves `spark`; small, on loopback, and with its files in `folder`."""

    name = "spark"

    def __init__(self, setup, folder):
        os.environ["TZ"] = "UTC"
        time.tzset()
        os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
        quiet = folder / "log4j2.properties"
        quiet.write_text("rootLogger.level = fatal\nrootLogger.appenderRef.console.ref = console\nappender.console.type = Console\n"
                         "appender.console.name = console\nappender.console.layout.type = PatternLayout\n")
        small = {
            "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.sql.shuffle.partitions": "1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1", "spark.sql.warehouse.dir": str(folder / "warehouse"),
            "spark.driver.extraJavaOptions": f"-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dlog4j2.configurationFile={quiet} "
                                             f"-Dderby.system.home={folder}",
        }
        options = " ".join(f"--conf '{name}={value}'" for name, value in small.items())
        os.environ["PYSPARK_SUBMIT_ARGS"] = f"--master 'local[1]' {options} pyspark-shell"
        self.names = {}
        exec(setup, self.names)  # noqa: S102 - the document's own text is what is tested

    def rows(self, sql):
        from pyspark.errors import PySparkException
        try:
            return cells(self.names["spark"].sql(sql).collect())
        except PySparkException as error:
            raise Refused(str(error)[:1500]) from error

    def close(self):
        self.names["spark"].stop()
