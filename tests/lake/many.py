"""Readers that nobody here wrote, over the same lists of files; each gives the same three answers in Python's own values.

`totals`: rows, and of each named column how many values there are and their exact sum. `history`: an item's changes in order.
`places`: where every row is, and its key. Evidence has neither keys in columns nor typed columns: there, the sum is taken from the
digits in the image.
"""

import functools
import re
from decimal import Decimal

import pyarrow
import pyarrow.compute
import pyarrow.dataset
import pyarrow.parquet

# The images of the ledger have balances at one place only, so that any reader finds the digits by this.
BALANCE = r'"balance": *\{"N": *"([^"]*)"\}'


def schema_of(paths):
    """The columns of all files together: older ones lack what was declared later."""
    return pyarrow.unify_schemas([pyarrow.parquet.read_schema(path) for path in paths])


class Sql:
    """Whatever takes SQL: a subclass makes the files a relation `t` and runs a text; `digits` is its way to a balance."""

    def totals(self, paths, columns):
        sums = "".join(f", count({column}), sum({column})" for column in columns)
        [row] = self.ask(paths, f"SELECT count(*){sums} FROM t")
        return row[0], [tuple(row[n:n + 2]) for n in range(1, len(row), 2)]

    def history(self, paths, key):
        return [tuple(row) for row in self.ask(paths, "SELECT sequence_number, event_name, old_balance, new_balance FROM t "
                                               f"WHERE pk = '{key}' ORDER BY stream_label, lpad(sequence_number, 40, '0')")]

    def places(self, paths):
        return sorted(map(tuple, self.ask(paths, "SELECT commit_number, row_index, pk, sk FROM t")), key=str)

    def evidence(self, paths):
        [row] = self.ask(paths, f"SELECT count(*), sum(CAST({self.digits} AS decimal(38, 2))) FROM t")
        return tuple(row)


class DuckDb(Sql):
    name = "DuckDB"
    digits = f"nullif(regexp_extract(new_image, '{BALANCE}', 1), '')"

    def __init__(self):
        import duckdb
        self.session = duckdb.connect()

    def ask(self, paths, sql):
        files = ", ".join(f"'{path}'" for path in paths)
        self.session.execute(f"CREATE OR REPLACE TEMP VIEW t AS SELECT * FROM read_parquet([{files}], union_by_name = true)")
        return self.session.execute(sql).fetchall()


class DataFusion(Sql):
    name = "DataFusion"
    digits = f"regexp_match(new_image, '{BALANCE}')[1]"

    def ask(self, paths, sql):
        import datafusion
        session = datafusion.SessionContext()
        schema = schema_of(paths)
        frames = [session.read_parquet(path, schema=schema) for path in paths]
        session.register_view("t", functools.reduce(lambda one, other: one.union(other), frames))
        return [tuple(row.values()) for batch in session.sql(sql).collect() for row in batch.to_pylist()]


class Spark(Sql):
    """`session` is a Spark session that somebody else owns."""

    name = "Spark"
    digits = f"nullif(regexp_extract(new_image, r'{BALANCE}', 1), '')"

    def __init__(self, session):
        self.session, self.seen = session, None

    def ask(self, paths, sql):
        if paths != self.seen:
            self.session.read.option("mergeSchema", "true").parquet(*paths).createOrReplaceTempView("t")
            self.seen = paths
        return [tuple(row) for row in self.session.sql(sql).collect()]


class Trino(Sql):
    """Trino reads folders, not files: `tables` says which of its tables holds a list."""

    name = "Trino"
    digits = f"regexp_extract(new_image, '{BALANCE}', 1)"

    def __init__(self, running):
        self.running, self.tables = running, {}

    def ask(self, paths, sql):
        return self.running.sql(re.sub(r"\bt\b", self.tables[tuple(paths)], sql))


class PyArrow:
    name = "pyarrow"

    def table(self, paths, columns):
        return pyarrow.dataset.dataset(paths, schema=schema_of(paths)).to_table(columns=columns)

    def totals(self, paths, columns):
        table = self.table(paths, columns)
        count, total = pyarrow.compute.count, pyarrow.compute.sum
        return len(table), [(count(table[name]).as_py(), total(table[name]).as_py()) for name in columns]

    def history(self, paths, key):
        wanted = ["stream_label", "sequence_number", "event_name", "old_balance", "new_balance"]
        dataset = pyarrow.dataset.dataset(paths, schema=schema_of(paths))
        rows = dataset.to_table(columns=wanted, filter=pyarrow.dataset.field("pk") == key).to_pylist()
        rows.sort(key=lambda row: (row["stream_label"], int(row["sequence_number"])))
        return [tuple(row[name] for name in wanted[1:]) for row in rows]

    def places(self, paths):
        rows = self.table(paths, ["commit_number", "row_index", "pk", "sk"]).to_pylist()
        return sorted((tuple(row.values()) for row in rows), key=str)

    def evidence(self, paths):
        images = self.table(paths, ["new_image"])["new_image"].to_pylist()
        found = (re.search(BALANCE, image) for image in images if image)
        return len(images), sum(Decimal(match[1]) for match in found if match)


class Pandas(PyArrow):
    """By pandas' own reader; decimals stay Python's."""

    name = "pandas"

    def frame(self, paths, columns):
        import pandas
        frames = []
        for path in paths:
            there = set(pyarrow.parquet.read_schema(path).names)
            frames.append(pandas.read_parquet(path, columns=[name for name in columns if name in there], partitioning=None,
                                              dtype_backend="pyarrow"))
        return pandas.concat(frames, ignore_index=True).reindex(columns=columns)

    def totals(self, paths, columns):
        # A column more, for rows to count where no file has any of the others.
        frame = self.frame(paths, ["commit_number", *columns])
        values = [[value for value in frame[name].tolist() if isinstance(value, Decimal)] for name in columns]
        return len(frame), [(len(found), sum(found) if found else None) for found in values]

    def history(self, paths, key):
        frame = self.frame(paths, ["pk", "stream_label", "sequence_number", "event_name", "old_balance", "new_balance"])
        rows = [row[1:] for row in frame[frame["pk"] == key].itertuples(index=False, name=None)]
        rows.sort(key=lambda row: (row[0], int(row[1])))
        return [tuple(None if str(value) in ("nan", "<NA>", "None") else value for value in row[1:]) for row in rows]

    def places(self, paths):
        rows = self.frame(paths, ["commit_number", "row_index", "pk", "sk"]).itertuples(index=False, name=None)
        return sorted((tuple(None if str(value) in ("nan", "<NA>", "None") else value for value in row) for row in rows), key=str)

    def evidence(self, paths):
        digits = self.frame(paths, ["new_image"])["new_image"].str.extract(BALANCE)[0]
        return len(digits), sum(Decimal(text) for text in digits.dropna().tolist())


class Polars:
    name = "Polars"

    def frame(self, paths):
        import polars
        return polars.concat([polars.scan_parquet(path, hive_partitioning=False) for path in paths], how="diagonal")

    def totals(self, paths, columns):
        import polars
        asked = [expression for name in columns for expression in
                 (polars.col(name).count().alias(f"n_{name}"), polars.col(name).sum().alias(f"s_{name}"))]
        row = self.frame(paths).select(polars.len(), *asked).collect().row(0)
        # The sum of no values is NULL in SQL and 0 here.
        return row[0], [(row[n], row[n + 1] if row[n] else None) for n in range(1, len(row), 2)]

    def history(self, paths, key):
        import polars
        order = [polars.col("stream_label"), polars.col("sequence_number").str.pad_start(40, "0")]
        found = self.frame(paths).filter(polars.col("pk") == key).sort(order)
        return found.select("sequence_number", "event_name", "old_balance", "new_balance").collect().rows()

    def places(self, paths):
        return sorted(self.frame(paths).select("commit_number", "row_index", "pk", "sk").collect().rows(), key=str)

    def evidence(self, paths):
        import polars
        digits = polars.col("new_image").str.extract(BALANCE).str.to_decimal(scale=2)
        return self.frame(paths).select(polars.len(), digits.sum()).collect().row(0)
