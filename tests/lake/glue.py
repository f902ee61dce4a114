"""The text of a CREATE EXTERNAL TABLE, as what Athena would tell Glue to create."""

import re

import sqlglot
from sqlglot import exp


class NotUnderstood(Exception):
    """The text is no CREATE EXTERNAL TABLE of a Parquet table."""


def table_input(sql):
    """Database, and the `TableInput` of Glue's CreateTable."""
    parsed = sqlglot.parse_one(sql, read="athena")
    if not isinstance(parsed, exp.Create) or not isinstance(parsed.this, exp.Schema):
        raise NotUnderstood("not understood as CREATE TABLE")
    properties = parsed.args["properties"].expressions

    def one(kind):
        return next((it for it in properties if isinstance(it, kind)), None)

    form, location = one(exp.FileFormatProperty), one(exp.LocationProperty)
    if not one(exp.ExternalProperty) or not form or form.name.upper() != "PARQUET" or not location:
        raise NotUnderstood("EXTERNAL, STORED AS PARQUET and LOCATION are needed")
    parameters = {it.name: it.args["value"].name for it in properties if type(it) is exp.Property}
    table = parsed.this.this
    descriptor = {
        "Columns": [column(it) for it in parsed.this.expressions],
        "Location": location.this.name,
        "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe",
                      "Parameters": {"serialization.format": "1"}},
    }
    return table.db, {
        "Name": table.name.lower(), "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE", **parameters},
        "PartitionKeys": [column(it) for it in one(exp.PartitionedByProperty).this.expressions],
        "StorageDescriptor": descriptor,
    }


def column(definition):
    """Name and type of a column as Glue has them."""
    kind = re.sub(r"\s*([:,<>()])\s*", r"\1", definition.kind.sql("hive")).lower()
    return {"Name": definition.name.lower(), "Type": kind}
