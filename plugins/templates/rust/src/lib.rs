//! What {{name}} decides. `configure` says which attributes it looks at; nothing else reaches it.

wit_bindgen::generate!({ path: "wit", world: "filter" });

use sealog::filter::types::{ChangeKind, Column, Edits, Image, Tag, Value, VerdictKinds};

const DRAFT: &str = "draft";
const PAID_CANCELLED: &str = "paid-cancelled";

/// Places in the list of columns that `configure` gives, and so in `Change::cells`.
const OLD_STATUS: usize = 0;
const NEW_STATUS: usize = 1;
const OLD_EMAIL: usize = 2;
const NEW_EMAIL: usize = 3;

struct Filter;
export!(Filter);

impl Guest for Filter {
    fn configure(config: String) -> Result<Manifest, String> {
        drop_status(&config)?;
        let column = |image, name: &str| Column { image, path: vec![name.to_owned()] };
        Ok(Manifest {
            name: "{{name}}".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            columns: vec![
                column(Image::OldImage, "status"),
                column(Image::NewImage, "status"),
                column(Image::OldImage, "email"),
                column(Image::NewImage, "email"),
            ],
            reasons: vec![DRAFT.to_owned(), PAID_CANCELLED.to_owned()],
            verdicts: VerdictKinds::DROP | VerdictKinds::REDACT | VerdictKinds::TAG | VerdictKinds::ALERT,
            config_schema: Some(
                r#"{"type":"object","properties":{"drop_status":{"type":"string"}},"additionalProperties":false}"#
                    .to_owned(),
            ),
        })
    }

    fn evaluate(batch: Vec<Change>) -> Result<Vec<Verdict>, String> {
        let dropped = DROP_STATUS.get().ok_or("not configured")?;
        Ok(batch.iter().map(|change| judge(change, dropped)).collect())
    }
}

static DROP_STATUS: std::sync::OnceLock<String> = std::sync::OnceLock::new();

fn drop_status(config: &str) -> Result<(), String> {
    let config: serde_json::Value = serde_json::from_str(config).map_err(|error| error.to_string())?;
    let status = config.get("drop_status").and_then(|value| value.as_str()).unwrap_or("DRAFT");
    DROP_STATUS.set(status.to_owned()).map_err(|_| "configured twice".to_owned())
}

fn judge(change: &Change, dropped: &str) -> Verdict {
    let (old, new) = (text(change, OLD_STATUS), text(change, NEW_STATUS));
    if new == Some(dropped) {
        return Verdict::Drop(DRAFT.to_owned());
    }
    let mut edits = Edits { tags: Vec::new(), redact: Vec::new(), alert: None };
    for column in [OLD_EMAIL, NEW_EMAIL] {
        if !matches!(change.cells[column], Value::Absent) {
            edits.redact.push(column as u32);
        }
    }
    if change.kind == ChangeKind::Remove && by_ttl(change) {
        edits.tags.push(Tag { name: "deleted-by".to_owned(), value: "ttl".to_owned() });
    }
    if old == Some("PAID") && new == Some("CANCELLED") {
        edits.alert = Some(PAID_CANCELLED.to_owned());
    }
    if edits.tags.is_empty() && edits.redact.is_empty() && edits.alert.is_none() {
        return Verdict::Keep;
    }
    Verdict::KeepWith(edits)
}

fn by_ttl(change: &Change) -> bool {
    change.identity.as_ref().is_some_and(|by| by.kind == "Service" && by.principal == "dynamodb.amazonaws.com")
}

fn text(change: &Change, column: usize) -> Option<&str> {
    match &change.cells[column] {
        Value::Text(text) => Some(text),
        _ => None,
    }
}
