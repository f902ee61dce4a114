"""The lake by other people's programs: Hive's grammar, Glue, Athena's engine and DuckDB over what `sealog` publishes.

    run.py --sealog PATH --home DIR

DIR is what tests/setup/lake.sh prints, whose Python this must be. A simulated bank's ledger is archived, published, described
by `sealog athena ddl`, and asked for: rows per day, sums of decimals, each item's history and every leaf hash must be what the
evidence says, before and after compaction. Then mistakes are planted in the DDL, and each must be found: most of them give
fewer rows and no error.
"""

import argparse
import datetime
import json
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "crash")]

import duckdb  # noqa: E402

import common  # noqa: E402
import engine  # noqa: E402
import glue  # noqa: E402
import programs  # noqa: E402
import truth  # noqa: E402
from checks import Checks  # noqa: E402

LOG = "ledger"
PREFIX = "sealog"
LOCATION = f"s3://{engine.BUCKET}/{PREFIX}"
RECORDS = 1_500

SCENARIO = f"""\
version = 1
seed = 7
[[table]]
name = "{LOG}"
region = "{programs.REGION}"
created = "-23h"
hash_key = "account_id"
[[table.writer]]
count = {RECORDS}
shape = "ledger"
items = 60
from = "-22h"
until = "-1m"
"""

LAKE = """\
columns = { balance = "decimal(38,2)", "limits.daily" = "decimal(18,0)", currency = "text", expires_at = "timestamp", \
"last_posting.amount" = "decimal(38,2) as posted" }
[lake]
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the built binary")
    parser.add_argument("--home", required=True, help="what tests/setup/lake.sh prints")
    options = parser.parse_args()
    checks = Checks("lake")
    with tempfile.TemporaryDirectory(prefix="sealog-lake-") as folder:
        folder = Path(folder)
        with checks.section("the archive"):
            lake = Lake(checks, options, folder)
            lake.archive()
            statements = lake.ddl()
            check_grammar(checks, options, folder, statements)
            with engine.Engine(options.home, folder) as athena:
                lake.make(athena, statements)
                lake.check(athena, "fresh")
                lake.compact()
                athena.upload(lake.path, PREFIX)
                lake.check(athena, "sorted")
                check_duckdb(checks, lake)
                check_planted(checks, lake, athena, statements)
                check_tampered(checks, lake, athena)
    return checks.finish()


class Lake:
    """The archive under test, and what its evidence says."""

    def __init__(self, checks, options, folder):
        self.checks, self.options, self.folder, self.path = checks, options, folder, folder / "archive"

    def sealog(self, *arguments):
        done = subprocess.run([self.options.sealog, *arguments], capture_output=True, text=True, timeout=600, check=False,
                              env=programs.environment("http://127.0.0.1:9"))
        self.checks.check(f"sealog {' '.join(arguments[:2])}", done.returncode == 0, done.stdout + done.stderr)
        return done.stdout

    def archive(self):
        scenario = self.folder / "scenario.toml"
        scenario.write_text(SCENARIO)
        self.key = programs.new_key(self.options.sealog, self.folder)
        self.config = programs.configuration(self.folder, [LOG], rows_max=100)
        self.config.write_text(self.config.read_text() + LAKE)
        command = [self.options.sealog, "simulator"]
        simulator = common.Simulator(command, ["--scenario", str(scenario)], self.folder / "simulator.log")
        try:
            code = programs.run_until_caught_up(self.options.sealog, self.config, simulator.endpoint, self.folder / "run.log")
        finally:
            simulator.stop()
        self.checks.check("the run ends well", code == 0, programs.tail(self.folder / "run.log"))
        self.rows = truth.rows(self.path, LOG)
        self.checks.equal("records in the evidence", len(self.rows), RECORDS)
        said = self.sealog("lake", "publish", "--config", str(self.config))
        self.checks.check("the run has published everything", "0 commits published" in said, said)
        said = self.sealog("lake", "status", "--config", str(self.config))
        self.checks.check("status says so", "nothing behind" in said, said)

    def ddl(self):
        out = self.folder / "ddl"
        self.sealog("athena", "ddl", "--archive", str(self.path), "--location", LOCATION, "--out", str(out))
        files = sorted(out.iterdir())
        self.checks.equal("statements", [path.name for path in files], [
            "00_database.sql", *(f"1{n}_{LOG}_{name}.sql" for n, name in enumerate(["fresh", "sorted", "days", "commits"])),
            *(f"2{n}_{LOG}_{name}.sql" for n, name in enumerate(
                ["changes", "item_history", "deletes_per_day", "gaps", "decisions_by_filter", "leaf_check"]))])
        return files

    def make(self, athena, statements):
        athena.upload(self.path, PREFIX)
        athena.make(statements)
        self.checks.check("tables and views are made", True)

    def check(self, athena, when):
        """Everything that can be compared with the evidence."""
        checks, rows = self.checks, [row for _, _, row, _ in self.rows]
        per_day = athena.sql(f"SELECT dt, count(*) FROM {LOG}_changes GROUP BY dt")
        checks.equal(f"{when}: rows per day", dict(per_day), dict(truth.per_day(self.rows)))
        places = athena.sql(f"SELECT commit_number, row_index FROM {LOG}_changes")
        checks.equal(f"{when}: each row once", sorted(places), sorted((commit, index) for commit, index, _, _ in self.rows))
        for column, path in (("balance", ["balance"]), ("limits_daily", ["limits", "daily"]), ("posted", ["last_posting", "amount"])):
            numbers = [truth.number(row["new_image"], *path) for row in rows]
            expected = (sum((it for it in numbers if it is not None), Decimal(0)), sum(it is not None for it in numbers))
            got = athena.sql(f"SELECT sum(new_{column}), count(new_{column}) FROM {LOG}_changes")[0]
            checks.equal(f"{when}: sum and count of new_{column}", got, expected)
        at = [truth.number(row["new_image"], "expires_at") for row in rows]
        got = athena.sql(f"SELECT count(new_expires_at), max(to_unixtime(new_expires_at)) FROM {LOG}_changes")[0]
        present = [it for it in at if it is not None]
        checks.equal(f"{when}: expires_at", (got[0], got[1]), (len(present), float(max(present)) if present else None))
        currencies = [truth.text(row["new_image"], "currency") for row in rows]
        got = athena.sql(f"SELECT new_currency, count(*) FROM {LOG}_changes GROUP BY new_currency")
        checks.equal(f"{when}: currencies", dict(got), {it: currencies.count(it) for it in set(currencies)})
        leaves = athena.sql(f"SELECT good, count(*) FROM {LOG}_leaf_check GROUP BY good")
        checks.equal(f"{when}: every leaf hash, recomputed in SQL", leaves, [(True, len(rows))])
        self.check_history(athena, when)
        removed = [row for row in rows if row["event_name"] == b"REMOVE"]
        by_ttl = [row for row in removed if row["user_identity_type"] == b"Service"]
        got = athena.sql(f"SELECT sum(deletes), sum(by_ttl) FROM {LOG}_deletes_per_day")[0]
        checks.equal(f"{when}: deletes", got, (len(removed), len(by_ttl)))
        got = athena.sql(f"SELECT count(*) FROM {LOG}_gaps")[0][0] + athena.sql(f"SELECT count(*) FROM {LOG}_decisions_by_filter")[0][0]
        checks.equal(f"{when}: neither gaps nor filters", got, 0)
        got = athena.sql(f"SELECT sum(records) FROM {LOG}_commits WHERE kind = 'segment'")[0][0]
        checks.equal(f"{when}: records of the segments", got, len(rows))

    def check_history(self, athena, when):
        """The items that changed most: every version in order, what changed, both balances."""
        items = {}
        for _, _, row, _ in self.rows:
            items.setdefault(json.loads(row["keys"])["account_id"]["S"], []).append(row)
        for item in sorted(items, key=lambda it: -len(items[it]))[:5]:
            expected = [(n, truth.changed(row), truth.number(row["old_image"], "balance"), truth.number(row["new_image"], "balance"))
                        for n, row in enumerate(sorted(items[item], key=lambda row: int(row["sequence_number"])), 1)]
            got = athena.sql(f"SELECT version, changed, old_balance, new_balance FROM {LOG}_item_history WHERE pk = '{item}' ORDER BY version")
            self.checks.equal(f"{when}: history of {item}, {len(expected)} versions", [(v, list(c), o, n) for v, c, o, n in got], expected)

    def compact(self):
        said = self.sealog("compact", "--config", str(self.config))
        self.checks.check("every day is sorted", said.count("rows in 1 file") == len(truth.per_day(self.rows)), said)


def check_grammar(checks, options, folder, statements):
    """Hive's grammar takes every table; an unquoted reserved word it refuses."""
    tables = [path for path in statements if path.read_text().startswith(("CREATE EXTERNAL", "CREATE DATABASE"))]
    code, said = hive(options, tables)
    checks.check("Hive's grammar takes the DDL", code == 0 and said.count("good ") == len(tables), said)
    fresh = next(path for path in tables if path.name.endswith("_fresh.sql"))
    for planted, (old, new) in {
        "an unquoted reserved word": ("`commit_number` bigint", "date bigint"),
        "an unquoted name with a dash": (f"`{LOG}_fresh`", f"{LOG}-fresh"),
        "no comma": ("`shard_id` string,", "`shard_id` string"),
    }.items():
        bad = folder / "planted.sql"
        bad.write_text(replaced(fresh.read_text(), old, new))
        code, said = hive(options, [bad])
        checks.check(f"planted, {planted}: Hive's grammar refuses it", code == 1 and said.startswith("bad "), said)


def hive(options, files):
    done = subprocess.run(["java", "-cp", f"{options.home}/hive/*", str(HERE / "HiveParse.java"), *map(str, files)],
                          capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout


def replaced(text, old, new):
    """A mistake that is not there would be found by nobody."""
    if old not in text:
        raise RuntimeError(f"{old!r} does not stand in\n{text}")
    return text.replace(old, new)


def check_planted(checks, lake, athena, statements):
    """Each mistake in a table's text gives other rows, other sums, or an error: the comparison finds it."""
    # What the sorted table holds must be asked without the marker: the mistakes are in one table at a time.
    sql = next(path for path in statements if path.name.endswith("_sorted.sql")).read_text()
    days = sorted(truth.per_day(lake.rows))
    late = str(datetime.date.fromisoformat(days[0]) + datetime.timedelta(days=1))
    first = next(line for line in sql.splitlines() if "projection.dt.range" in line).split("'")[3].split(",")[0]
    expected = answers(athena, athena.make_table(sql, "planted"))
    checks.equal("the table without a mistake", expected[0], dict(truth.per_day(lake.rows)))
    mistakes = {
        "a wrong prefix": ("dt=${dt}/", "day=${dt}/"),
        "a template without the partition": ("dt=${dt}/", ""),
        "a wrong date format": ("'yyyy-MM-dd'", "'yyyy/MM/dd'"),
        "a range that starts late": (f"{first},NOW", f"{late},NOW"),
        "projection off": ("'projection.enabled'='true'", "'projection.enabled'='false'"),
        "an interval in other units": ("'DAYS'", "'MONTHS'"),
        "a wrong scale": ("`new_balance` decimal(38,2)", "`new_balance` decimal(38,0)"),
        "a column of another name": ("`new_balance` decimal", "`new_balanse` decimal"),
        "a column of another type": ("`new_balance` decimal(38,2)", "`new_balance` string"),
    }
    for planted, (old, new) in mistakes.items():
        with checks.section(f"planted, {planted}"):
            try:
                got = answers(athena, athena.make_table(replaced(sql, old, new), "planted"))
            except (engine.Refused, glue.NotUnderstood) as error:
                got = f"an error: {error}"
            checks.check(f"planted, {planted}: found", got != expected, got)


def answers(athena, table):
    """What tells a wrong table from a right one: rows per day, and the exact sum of a decimal."""
    rows = dict(athena.sql(f"SELECT dt, count(*) FROM {table} GROUP BY dt"))
    return rows, athena.sql(f"SELECT sum(new_balance) FROM {table}")[0][0]


def check_tampered(checks, lake, athena):
    """A changed cell of a lake row is found by the leaf check."""
    import pyarrow.parquet as pq
    path = next(iter(sorted((lake.path / LOG / "lake/sorted").rglob("*.parquet"))))
    table = pq.read_table(path, partitioning=None)
    at = table.column_names.index("new_image")
    images = table.column("new_image").to_pylist()
    place = next(n for n, image in enumerate(images) if image)
    images[place] = images[place].replace('"', ' "', 1)
    import pyarrow as pa
    kind = table.schema.field("new_image").type
    changed = table.set_column(at, "new_image", pa.array(images, kind))
    whole = path.read_bytes()
    pq.write_table(changed, path)
    athena.upload(lake.path, PREFIX)
    got = athena.sql(f"SELECT commit_number, row_index FROM {LOG}_leaf_check WHERE NOT good")
    want = [(table.column("commit_number")[place].as_py(), table.column("row_index")[place].as_py())]
    checks.equal("a changed image is found by its leaf", got, want)
    path.write_bytes(whole)


def check_duckdb(checks, lake):
    """Another reader over the same files, a directory this time."""
    base, sql = lake.path / LOG / "lake", duckdb.connect()
    markers = f"(SELECT DISTINCT gen FROM read_parquet('{base}/days/**/*.parquet', hive_partitioning=false) WHERE valid)"
    rows, balance = sql.execute(
        f"SELECT count(*), sum(new_balance) FROM read_parquet('{base}/sorted/**/*.parquet') WHERE gen IN {markers}").fetchone()
    numbers = [truth.number(row["new_image"], "balance") for _, _, row, _ in lake.rows]
    checks.equal("DuckDB: rows and exact sum", (rows, balance), (len(lake.rows), sum(it for it in numbers if it is not None)))
    fresh = sql.execute(f"SELECT count(*), sum(new_balance) FROM read_parquet('{base}/fresh/**/*.parquet', union_by_name=true)").fetchone()
    checks.equal("DuckDB: fresh files say the same", fresh, (rows, balance))


if __name__ == "__main__":
    sys.exit(main())
