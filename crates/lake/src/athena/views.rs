//! The views, in SQL that older Trino knows, too.

use super::Athena;
use crate::columns::Columns;

/// The views over `changes`, `commits` and `days` of a log whose tables are called `<table>_…` in `database`: name and text of
/// each, `changes` left out, for engines that have these tables otherwise.
#[must_use]
pub fn selects(database: &str, table: &str, columns: &Columns) -> Vec<(&'static str, String)> {
    let athena = Athena {
        database: database.to_owned(),
        table: table.to_owned(),
        location: String::new(),
        first_date: String::new(),
        columns: columns.clone(),
    };
    let mut views = athena.views();
    views.retain(|(name, _)| *name != "changes");
    views
}

impl Athena {
    /// Name and text of each, in an order in which they can be made.
    pub(super) fn views(&self) -> Vec<(&'static str, String)> {
        vec![
            ("changes", self.changes()),
            ("item_history", self.item_history()),
            ("deletes_per_day", self.deletes_per_day()),
            ("gaps", self.gaps()),
            ("decisions_by_filter", self.decisions_by_filter()),
            ("leaf_check", self.leaf_check()),
        ]
    }

    /// Every row once: those of the generation that the day's marker names, and fresh ones of later commits. The markers are
    /// read once for both, so that a compaction in the midst of it is seen by both or by none.
    fn changes(&self) -> String {
        let list = |prefix: &str| {
            let columns = self.change_columns();
            columns.iter().map(|name| format!("{prefix}\"{name}\"")).collect::<Vec<_>>().join(", ")
        };
        let (sorted, fresh, days) = (self.quoted("sorted"), self.quoted("fresh"), self.quoted("days"));
        format!(
            "WITH \"all_rows\" AS (\n  SELECT {columns}, \"dt\", \"gen\" FROM {sorted}\n  UNION ALL\n  \
             SELECT {columns}, \"dt\", CAST(NULL AS varchar) AS \"gen\" FROM {fresh}\n),\n\
             \"markers\" AS (\n  SELECT \"dt\", max(\"gen\") AS \"valid_gen\", max(\"through_commit\") AS \"through_commit\"\n  \
             FROM {days} WHERE \"valid\" GROUP BY \"dt\"\n)\n\
             SELECT {qualified}, r.\"dt\"\nFROM \"all_rows\" r LEFT JOIN \"markers\" m ON r.\"dt\" = m.\"dt\"\n\
             WHERE (r.\"gen\" IS NOT NULL AND r.\"gen\" = m.\"valid_gen\")\n   \
             OR (r.\"gen\" IS NULL AND (m.\"through_commit\" IS NULL OR r.\"commit_number\" > m.\"through_commit\"))",
            columns = list(""),
            qualified = list("r."),
        )
    }

    /// What became of each item, version by version: ask `WHERE "pk" = '…'`, order by `"version"`.
    fn item_history(&self) -> String {
        let typed =
            self.columns.typed().iter().flat_map(|column| {
                [format!(", \"old_{}\"", column.name), format!(", \"new_{}\"", column.name)]
            });
        format!(
            "SELECT \"pk\", \"sk\",\n  row_number() OVER (PARTITION BY \"pk\", \"sk\" ORDER BY \"stream_label\", \
             lpad(\"sequence_number\", 40, '0')) AS \"version\",\n  \"created_at\", \"event_name\", \"changed\", \
             \"old_image\", \"new_image\", \"user_identity_type\", \"user_identity_principal_id\", \"verdict\", \"reason\", \
             \"filter\", \"tags_map\", \"sequence_number\", \"commit_number\", \"row_index\", \"committed_at\"{typed}, \"dt\"\n\
             FROM {changes}",
            typed = typed.collect::<String>(),
            changes = self.quoted("changes"),
        )
    }

    /// Deletions, and how many of them time-to-live made.
    fn deletes_per_day(&self) -> String {
        format!(
            "SELECT \"dt\", count(*) AS \"deletes\",\n  count_if(\"user_identity_type\" = 'Service' AND \
             \"user_identity_principal_id\" = 'dynamodb.amazonaws.com') AS \"by_ttl\"\nFROM {}\n\
             WHERE \"event_name\" = 'REMOVE' GROUP BY \"dt\"",
            self.quoted("changes")
        )
    }

    /// What the log admits to lack.
    fn gaps(&self) -> String {
        format!(
            "SELECT \"commit_number\", \"committed_at\", \"noticed_at\", \"stream\", \"shard\", \"after_sequence\", \
             \"first_sequence\", \"cause\", \"closed\" AS \"ends_shard\", \"dt\"\nFROM {} WHERE \"kind\" = 'gap'",
            self.quoted("commits")
        )
    }

    /// What each filter said of the rows it saw, in shadow mode too.
    fn decisions_by_filter(&self) -> String {
        format!(
            "SELECT \"name\" AS \"filter_name\", \"detail\" AS \"component\", \"mode\", min(\"commit_number\") AS \
             \"first_commit\", max(\"commit_number\") AS \"last_commit\",\n  sum(\"kept\") AS \"kept\", sum(\"dropped\") AS \
             \"dropped\", sum(\"redacted\") AS \"redacted\", sum(\"faults\") AS \"faults\"\nFROM {} WHERE \"kind\" = 'filter' \
             GROUP BY \"name\", \"detail\", \"mode\"",
            self.quoted("commits")
        )
    }

    /// Recomputes every leaf hash (FORMAT.md, section 4, "Leaf encoding"): `"good"` is false where a row is not what was sealed.
    fn leaf_check(&self) -> String {
        let cells: Vec<String> = LEAF.iter().map(|(name, kind)| cell(name, *kind)).collect();
        format!(
            "SELECT \"dt\", \"commit_number\", \"row_index\", \"leaf_hash\", \"computed\",\n  \
             NOT (\"leaf_hash\" IS DISTINCT FROM \"computed\") AS \"good\"\nFROM (\n  SELECT \"dt\", \"commit_number\", \
             \"row_index\", \"leaf_hash\", sha256(concat(X'00',\n    {})) AS \"computed\"\n  FROM {}\n)",
            cells.join(",\n    "),
            self.quoted("changes")
        )
    }
}

#[derive(Clone, Copy)]
enum Bytes {
    Text,
    Integer,
    Time,
}

/// Columns of a leaf, in its order.
const LEAF: [(&str, Bytes); 22] = [
    ("stream_label", Bytes::Text),
    ("shard_id", Bytes::Text),
    ("sequence_number", Bytes::Text),
    ("event_id", Bytes::Text),
    ("event_name", Bytes::Text),
    ("event_version", Bytes::Text),
    ("event_source", Bytes::Text),
    ("aws_region", Bytes::Text),
    ("created_at", Bytes::Time),
    ("size_bytes", Bytes::Integer),
    ("stream_view_type", Bytes::Text),
    ("user_identity_type", Bytes::Text),
    ("user_identity_principal_id", Bytes::Text),
    ("keys", Bytes::Text),
    ("old_image", Bytes::Text),
    ("new_image", Bytes::Text),
    ("extra", Bytes::Text),
    ("verdict", Bytes::Text),
    ("reason", Bytes::Text),
    ("tags", Bytes::Text),
    ("redactions", Bytes::Text),
    ("filter", Bytes::Text),
];

/// A presence byte and, if present, length and bytes.
fn cell(name: &str, kind: Bytes) -> String {
    let bytes = match kind {
        Bytes::Text => format!("to_utf8(\"{name}\")"),
        Bytes::Integer => format!("to_utf8(CAST(\"{name}\" AS varchar))"),
        Bytes::Time => format!(
            "to_utf8(CAST(date_diff('millisecond', timestamp '1970-01-01 00:00:00', \"{name}\") AS varchar))"
        ),
    };
    format!("coalesce(X'01' || to_big_endian_32(CAST(length({bytes}) AS integer)) || {bytes}, X'00')")
}
