//! The lake as tables and views of Athena: one statement a file, tables before views.
//!
//! Tables are Hive's DDL, every name in backticks; views are Trino's SQL, every name in double quotes: several columns have
//! names that one of the two reserves. Partitions are projected, so that nobody has to add any: a mistake there gives fewer
//! rows and no error, which is why `tests/lake` executes these statements on Athena's own engine and counts.

mod views;

use arrow::datatypes::DataType;

use crate::columns::Columns;
use crate::names::{COMMITS, DAYS, FRESH, SORTED};
use crate::schema::{Tier, schema};
use crate::{commit_rows, marker};

pub use views::selects;

/// What the statements are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Athena {
    database: String,
    table: String,
    location: String,
    first_date: String,
    columns: Columns,
}

/// One statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// File to write it to; in the order of these names they can be executed.
    pub file: String,
    /// Its text, without a semicolon.
    pub sql: String,
}

impl Athena {
    /// Tables and views called `<table>_…` in `database`, over the log at `location` (`s3://bucket/prefix/<log>`), whose rows
    /// stand under `first_date` or later.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn new(
        database: &str,
        table: &str,
        location: &str,
        first_date: &str,
        columns: &Columns,
    ) -> Result<Self, String> {
        let is_name = |name: &str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain) && name.len() <= 100
        };
        for name in [database, table] {
            if !is_name(name) {
                return Err(format!("{name:?} should begin with a-z and go on with a-z, 0-9 and _"));
            }
        }
        let bare = location.trim_end_matches('/');
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./!*()@=+".contains(c);
        let path = bare.strip_prefix("s3://").filter(|path| !path.is_empty() && path.chars().all(plain));
        if path.is_none() {
            return Err(format!(
                "{location:?} should be where the archive lies for Athena, s3://bucket/prefix, without quotes, spaces and $"
            ));
        }
        Ok(Self {
            database: database.to_owned(),
            table: table.to_owned(),
            location: bare.to_owned(),
            first_date: first_date.to_owned(),
            columns: columns.clone(),
        })
    }

    /// A name that can stand in SQL, made of a log's.
    #[must_use]
    pub fn name_of(log: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        let name: String = log.chars().map(plain).collect();
        if name.starts_with(|c: char| c.is_ascii_lowercase()) { name } else { format!("t_{name}") }
    }

    /// All statements.
    #[must_use]
    pub fn statements(&self) -> Vec<Statement> {
        let database = Statement {
            file: "00_database.sql".to_owned(),
            sql: format!("CREATE DATABASE IF NOT EXISTS `{}`", self.database),
        };
        let rows = |tier| {
            let fields = schema(&self.columns, tier);
            let column = |field: &std::sync::Arc<arrow::datatypes::Field>| {
                (field.name().clone(), hive_type(field.data_type()))
            };
            fields.fields().iter().map(column).collect::<Vec<_>>()
        };
        let fixed = |columns: &mut dyn Iterator<Item = (&'static str, &'static str)>| {
            columns.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect::<Vec<_>>()
        };
        let tables = [
            ("fresh", FRESH, rows(Tier::Fresh)),
            ("sorted", SORTED, rows(Tier::Sorted)),
            ("days", DAYS, fixed(&mut marker::COLUMNS.into_iter())),
            ("commits", COMMITS, fixed(&mut commit_rows::columns())),
        ];
        let tables = tables.into_iter().enumerate().map(|(place, (name, folder, columns))| Statement {
            file: format!("1{place}_{}_{name}.sql", self.table),
            sql: self.external_table(name, folder, &columns),
        });
        let views = self.views().into_iter().enumerate().map(|(place, (name, select))| Statement {
            file: format!("2{place}_{}_{name}.sql", self.table),
            sql: format!("CREATE OR REPLACE VIEW {} AS\n{select}", self.quoted(name)),
        });
        std::iter::once(database).chain(tables).chain(views).collect()
    }

    /// `"database"."table_name"`
    fn quoted(&self, name: &str) -> String {
        format!("\"{}\".\"{}_{name}\"", self.database, self.table)
    }

    fn external_table(&self, name: &str, folder: &str, columns: &[(String, String)]) -> String {
        let columns: Vec<String> = columns.iter().map(|(name, kind)| format!("  `{name}` {kind}")).collect();
        let Self { database, table, location, first_date, .. } = self;
        let folder = format!("{location}/{folder}");
        format!(
            "CREATE EXTERNAL TABLE IF NOT EXISTS `{database}`.`{table}_{name}` (\n{}\n)\n\
             PARTITIONED BY (`dt` string)\nSTORED AS PARQUET\nLOCATION '{folder}'\nTBLPROPERTIES (\n  \
             'projection.enabled'='true',\n  'projection.dt.type'='date',\n  'projection.dt.format'='yyyy-MM-dd',\n  \
             'projection.dt.range'='{first_date},NOW',\n  'projection.dt.interval'='1',\n  \
             'projection.dt.interval.unit'='DAYS',\n  'storage.location.template'='{folder}dt=${{dt}}/'\n)",
            columns.join(",\n")
        )
    }

    /// Names of the columns of a change, the typed ones last.
    fn change_columns(&self) -> Vec<String> {
        schema(&self.columns, Tier::Fresh).fields().iter().map(|field| field.name().clone()).collect()
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "Arrow has dozens of types, the schema has these")]
fn hive_type(kind: &DataType) -> String {
    match kind {
        DataType::Utf8 => "string".to_owned(),
        DataType::Int64 => "bigint".to_owned(),
        DataType::Boolean => "boolean".to_owned(),
        DataType::Binary => "binary".to_owned(),
        DataType::Timestamp(..) => "timestamp".to_owned(),
        DataType::List(_) => "array<string>".to_owned(),
        DataType::Map(..) => "map<string,string>".to_owned(),
        DataType::Decimal128(precision, scale) => format!("decimal({precision},{scale})"),
        // The schema has no others; a table with this type is refused, not misread.
        other => format!("{other}"),
    }
}
