"""The lake and the evidence by readers that nobody here wrote, in each state that a lake can be in.

    readers.py --sealog PATH --home DIR

DIR is what tests/setup/lake.sh prints, whose Python this must be. Two days of a ledger are read while there are only fresh files;
when one day is sorted and newer files have more columns; when all is sorted; and when late rows have come behind that. DuckDB,
pandas, pyarrow, Polars, Spark, DataFusion and Trino must give the counts, exact sums and histories that the evidence gives, from
fresh, sorted and evidence files and from all that counts; the views of docs/queries.md and `sealog query` the same. Then keys of
every type and of odd letters.
"""

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "integration"), str(HERE.parent / "crash")]

import archive  # noqa: E402
import common  # noqa: E402
import document  # noqa: E402
import engine  # noqa: E402
import engines  # noqa: E402
import glue  # noqa: E402
import many  # noqa: E402
import odd  # noqa: E402
import programs  # noqa: E402
import story  # noqa: E402
from checks import Checks  # noqa: E402

# As docs/queries.md has them, so that its set-up can be executed as it stands.
PLACE, LOG, PREFIX = "sealog-demo", "accounts", "sealog"
RECORDS = 900
BALANCE = {"balance": "decimal(38,2)"}
MORE = BALANCE | {"limits.daily": "decimal(18,0)"}
COLUMNS = ["new_balance", "new_limits_daily"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True, help="the built binary")
    parser.add_argument("--home", required=True, help="what tests/setup/lake.sh prints")
    options = parser.parse_args()
    checks = Checks("readers")
    with tempfile.TemporaryDirectory(prefix="sealog-readers-") as folder, checks.section("the states"):
        os.chdir(folder)
        with Lake(checks, Path(options.sealog).resolve(), Path(folder)) as lake:
            lake.run(BALANCE)
            lake.first_day = min(lake.days())
            with engine.Engine(options.home, folder) as running, contextlib.closing(Readers(lake, running)) as readers:
                readers.check("fresh only")
                lake.sealog("compact", "--day", lake.first_day, "--log", LOG)
                lake.write(40)
                lake.run(MORE)
                readers.check("partly sorted")
                lake.sealog("compact")
                readers.check("sorted")
                lake.write(25)
                lake.run(MORE)
                readers.check("sorted, and late rows")
    return checks.finish()


class Lake:
    """An archive that grows, and what its evidence says."""

    def __init__(self, checks, program, folder):
        self.checks, self.program, self.folder = checks, program, folder
        self.home = folder / PLACE
        self.home.mkdir()
        self.config, self.archive = self.home / "sealog.toml", self.home / "archive"
        self.path = self.archive / LOG / "lake"
        programs.new_key(program, self.home)
        # The ledger's 22 hours end at 11:00 of the service's clock: two days, whatever the hour.
        skew_s = 39_600 - int(time.time()) % 86_400
        scenario = folder / "scenario.toml"
        scenario.write_text(odd.scenario(LOG, RECORDS, skew_s))
        self.simulator = common.Simulator([program, "simulator"], ["--scenario", str(scenario)], folder / "simulator.log")
        self.written, self.declared_from, self.first_day = 0, None, None

    def __enter__(self):
        for table, keys in odd.KEYS.items():
            for key in keys:
                for version in (1, 2):
                    self.put(table, key, {**key, "version": {"N": str(version)}})
        return self

    def __exit__(self, *_):
        self.simulator.stop()

    def put(self, table, keys, image):
        self.simulator.post(f"write?table={table}", {"keys": keys, "image": image})

    def write(self, count):
        """More changes of one account."""
        for _ in range(count):
            self.written += 1
            key = {"account_id": {"S": odd.LATE}}
            self.put(LOG, key, {**key, "balance": {"N": f"{self.written}.07"}, "limits": {"M": {"daily": {"N": "500"}}}})

    def run(self, columns):
        """`sealog run` until it has caught up, with these columns declared."""
        if columns is MORE and self.declared_from is None:
            self.declared_from = len(archive.commits(self.archive, LOG))
        self.config.write_text(odd.configuration(LOG, columns))
        code = programs.run_until_caught_up(self.program, self.config, self.simulator.endpoint, self.folder / "run.log")
        self.checks.check("sealog run", code == 0, programs.tail(self.folder / "run.log"))
        self.told = story.read(self.archive, LOG)

    def sealog(self, *arguments, quiet=False):
        done = subprocess.run([self.program, *arguments, "--config", str(self.config)], capture_output=True, text=True, timeout=300,
                              check=False, env=programs.environment("http://127.0.0.1:9"))
        if not quiet or done.returncode != 0:
            self.checks.check(f"sealog {' '.join(arguments)}", done.returncode == 0, done.stdout + done.stderr)
        return done.stdout

    def days(self):
        return Counter(change.day for change in self.told.changes)

    def evidence(self):
        """Evidence is found through commits, never by listing."""
        return [str(self.archive / LOG / entry["key"]) for _, commit in archive.commits(self.archive, LOG)
                for entry in (commit.get("batch") or {}).get("objects", [])]


class Readers:
    """All readers, and what they are asked in each state."""

    def __init__(self, lake, running):
        self.lake, self.checks, self.running = lake, lake.checks, running
        self.setup = {block.words[0]: block.text for asked in document.read(HERE.parent.parent / "docs/queries.md")
                      for block in asked.blocks if block.language == "python" and "setup" in block.words}
        self.rule = {}
        exec(self.setup["files"], self.rule)  # noqa: S102 - the document's own text is what is tested
        self.spark, self.known = None, {}
        self.trino = many.Trino(running)
        self.others = [many.DuckDb(), many.PyArrow(), many.Pandas(), many.Polars(), many.DataFusion()]

    def close(self):
        if self.spark:
            self.spark.close()

    def check(self, state):
        with self.checks.section(state):
            found = sorted(self.rule["files"](str(self.lake.path)))
            kinds = {"all that counts": found, "fresh": [it for it in found if "/fresh/" in it],
                     "sorted": [it for it in found if "/sorted/" in it]}
            self.known = {}
            self.views(state, sorted_too=bool(kinds["sorted"]))
            self.trino.tables = {tuple(found): "accounts_changes", tuple(self.lake.evidence()): "accounts_evidence"}
            if not kinds["sorted"]:
                self.trino.tables[tuple(kinds["fresh"])] = "accounts_fresh"
            for reader in [*self.others, many.Spark(self.session()), self.trino]:
                for kind, paths in kinds.items():
                    if paths and (reader is not self.trino or tuple(paths) in self.trino.tables):
                        self.compare(f"{state}, {reader.name}, {kind}", reader, paths)
                balances = [it for it in (story.number(it.new, "balance") for it in self.lake.told.changes) if it is not None]
                self.checks.equal(f"{state}, {reader.name}, evidence", reader.evidence(self.lake.evidence()),
                                  (len(self.lake.told.changes), sum(balances)))

    def session(self):
        if self.spark is None:
            # Its views need sorted files; until then it only reads lists.
            only = self.setup["spark"].split("spark.sql(")[0]
            self.spark = engines.Spark(only, self.lake.folder)
        return self.spark.names["spark"]

    def expected(self, paths):
        """The changes that these files hold, in order, with the values of each column: NULL where its file does not know it."""
        if tuple(paths) not in self.known:
            held = {}
            for path in paths:
                table = many.pyarrow.parquet.read_table(path, columns=["commit_number", "row_index"], partitioning=None)
                held |= {place: path for place in zip(*(column.to_pylist() for column in table.columns))}
            self.known[tuple(paths)] = [
                (it, {"new_balance": story.number(it.new, "balance"), "new_limits_daily": self.daily(it, held[it.commit, it.row])})
                for it in self.lake.told.changes if (it.commit, it.row) in held]
        return self.known[tuple(paths)]

    def daily(self, change, path):
        """A column that was declared later: known to what was written since, in fresh files and in sorted ones."""
        since = self.lake.declared_from
        known = since is not None and ("/sorted/" in path and change.day != self.lake.first_day or change.commit >= since)
        return story.number(change.new, "limits", "daily", scale=0) if known else None

    def compare(self, name, reader, paths):
        expected = self.expected(paths)
        columns = [it for it in COLUMNS if it in many.schema_of(paths).names]
        sums = []
        for column in columns:
            values = [values[column] for _, values in expected if values[column] is not None]
            sums.append((len(values), sum(values) if values else None))
        self.checks.equal(f"{name}: rows, values and exact sums", reader.totals(paths, columns), (len(expected), sums))
        busiest = Counter(it.account for it, _ in expected).most_common(1)[0][0]
        for account in {busiest, odd.LATE} & {it.account for it, _ in expected}:
            history = [(str(it.sequence), it.event, story.number(it.old, "balance"), story.number(it.new, "balance"))
                       for it, _ in expected if it.account == account]
            self.checks.equal(f"{name}: history of {account}, {len(history)} changes", reader.history(paths, account), history)
        places = sorted(((it.commit, it.row, it.account, None) for it, _ in expected), key=str)
        self.checks.equal(f"{name}: every row once", reader.places(paths), places)

    def views(self, state, sorted_too):
        """The views that docs/queries.md sets up, and `sealog query` on the lake and on the evidence."""
        ddl = self.lake.folder / "ddl"
        self.lake_ddl(ddl)
        self.running.upload(self.lake.archive, PREFIX)
        self.running.make(sorted(ddl.iterdir()))
        self.evidence_table(ddl)
        own = [engines.Sealog(self.lake.program, self.lake.folder, self.lake.config, *more) for more in ([], ["--evidence"])]
        asked = {"Athena": engines.Athena(self.running), "sealog query": own[0], "sealog query --evidence": own[1]}
        if state in ("fresh only", "sorted"):
            self.odd_keys(state, dict(asked))
        if sorted_too:
            asked["DuckDB"] = engines.DuckDb(self.setup["duckdb"])
        if state.endswith("late rows"):
            self.session()
            exec(self.setup["spark"], self.spark.names)  # noqa: S102 - the document's own text is what is tested
            asked["Spark"] = self.spark
        changes = self.lake.told.changes
        balances = [it for it in (story.number(it.new, "balance") for it in changes) if it is not None]
        want = engines.cells([(len(changes), len({(it.commit, it.row) for it in changes}), sum(balances))])
        sql = "SELECT count(*), count(DISTINCT commit_number * 1000000 + row_index), sum(new_balance) FROM accounts_changes"
        for name, one in asked.items():
            with self.checks.section(f"{state}, the views, {name}"):
                self.checks.equal(f"{state}, the views, {name}", one.rows(sql), want)

    def odd_keys(self, state, asked):
        """Keys of every type and of odd letters, by readers of files, by engines with views, and one by one."""
        for table, keys in odd.KEYS.items():
            found = [json.loads(row["keys"]) for row in archive.rows(self.lake.archive, table)]
            want = sorted(((*odd.texts(table, key), count) for key, count in
                           ((json.loads(text), count) for text, count in Counter(map(json.dumps, found)).items())), key=str)
            self.checks.equal(f"{state}, {table}: keys in the evidence", [row[:-1] for row in want],
                              sorted((odd.texts(table, key) for key in keys), key=lambda key: str((*key, 2))))
            paths = sorted(self.rule["files"](str(self.lake.archive / table / "lake")))
            for reader in [*self.others, many.Spark(self.session())]:
                got = sorted(((*key, count) for key, count in Counter(row[2:] for row in reader.places(paths)).items()), key=str)
                self.checks.equal(f"{state}, {table}, {reader.name}: keys", got, want)
            for name, one in asked.items():
                with self.checks.section(f"{state}, {table}, {name}: keys"):
                    got = sorted(one.rows(f"SELECT pk, sk, count(*) AS changes FROM {table}_changes GROUP BY pk, sk"))
                    self.checks.equal(f"{state}, {table}, {name}: keys", got, sorted(engines.cells(want)))
            for key in keys:
                said = self.lake.sealog("history", table, "--key", json.dumps(key), "--format", "json", quiet=True)
                versions = [line for line in said.split("\n") if line.startswith('{"change"')]
                self.checks.equal(f"{state}, history of {table} {json.dumps(key)[:60]}", len(versions), 2)

    def lake_ddl(self, out):
        done = subprocess.run([self.lake.program, "athena", "ddl", "--archive", str(self.lake.archive), "--location",
                               f"s3://{engine.BUCKET}/{PREFIX}", "--out", str(out)], capture_output=True, text=True, timeout=60, check=False)
        self.checks.check("sealog athena ddl", done.returncode == 0, done.stdout + done.stderr)

    def evidence_table(self, ddl):
        """A table on the evidence files: the columns of the fresh files up to the leaf hash, and no partitions."""
        database, table = glue.table_input((ddl / f"10_{LOG}_fresh.sql").read_text())
        storage = table["StorageDescriptor"]
        names = [column["Name"] for column in storage["Columns"]]
        storage["Columns"] = storage["Columns"][:names.index("leaf_hash") + 1]
        storage["Location"] = f"s3://{engine.BUCKET}/{PREFIX}/{LOG}/evidence/"
        table |= {"Name": f"{LOG}_evidence", "PartitionKeys": [], "Parameters": {"EXTERNAL": "TRUE"}}
        self.running.put_table(database, table)


if __name__ == "__main__":
    sys.exit(main())
