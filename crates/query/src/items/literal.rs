//! Texts and instants inside SQL. Nothing that a person gives becomes SQL in any other way.

use sealog_record::Timestamp;

/// A text as an SQL literal. DataFusion's dialect has no escapes but the doubled quote.
pub(crate) fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// An instant as an SQL expression of the type of `created_at`.
pub(crate) fn instant(at: Timestamp) -> String {
    format!("arrow_cast({}, 'Timestamp(Millisecond, Some(\"UTC\"))')", at.as_millis())
}
