//! What `everything.wasm` was compiled from, once, against `sealog:filter@1.0.0` as it was released; neither is ever made
//! again. It looks at a value of each kind and says everything that can be said.

use sealog_filter_sdk::{
    AlertCode, Change, ChangeKind, Column, Declare, DropCode, Filter, Image, Keep, Redactable, TagName, Value, Verdict,
};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    greeting: String,
}

struct Everything {
    greeting: String,
    columns: Vec<(Column, TagName)>,
    secret: Redactable,
    kind: TagName,
    who: TagName,
    when: TagName,
    said: TagName,
    noise: DropCode,
    loud: AlertCode,
}

impl Filter for Everything {
    const NAME: &'static str = "everything";
    const VERSION: &'static str = "1.0.0";
    const CONFIG_SCHEMA: Option<&'static str> = Some(
        r#"{"type":"object","required":["greeting"],"properties":{"greeting":{"type":"string"}},"additionalProperties":false}"#,
    );
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        let new = ["text", "number", "flag", "nil", "bytes", "map.inner", "list.1", "texts"];
        let mut columns: Vec<_> =
            new.into_iter().map(|path| (declare.column(Image::NewImage, path), declare.tag(path))).collect();
        columns.push((declare.column(Image::Keys, "pk"), declare.tag("key")));
        columns.push((declare.image(Image::OldImage), declare.tag("old")));
        Ok(Self {
            greeting: config.greeting,
            columns,
            secret: declare.redactable(Image::NewImage, "secret"),
            kind: declare.tag("kind"),
            who: declare.tag("who"),
            when: declare.tag("when"),
            said: declare.tag("said"),
            noise: declare.drop("noise"),
            loud: declare.alert("loud"),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        sealog_filter_sdk::log::info(&self.greeting);
        let text = self.columns.first().and_then(|(column, _)| change.text(*column));
        match text {
            Some("noise") => return Verdict::drop(&self.noise),
            Some("refuse") => return Verdict::refuse("refused as asked"),
            _ => {}
        }
        if change.kind() == ChangeKind::Insert {
            return Verdict::keep();
        }
        let kind = match change.kind() {
            ChangeKind::Insert => "insert",
            ChangeKind::Modify => "modify",
            ChangeKind::Remove => "remove",
            ChangeKind::Other => "other",
        };
        let mut keep = Keep::new().tag(&self.kind, kind).tag(&self.said, &self.greeting);
        for (column, tag) in &self.columns {
            keep = match shown(change.value(*column)) {
                Some(shown) => keep.tag(tag, shown),
                None => keep,
            };
        }
        if let Some(identity) = change.identity() {
            keep = keep.tag(&self.who, format!("{} {}", identity.kind, identity.principal));
        }
        if let Some(at_ms) = change.created_ms() {
            keep = keep.tag(&self.when, format!("{at_ms} {}", change.sequence()));
        }
        if change.is_present(self.secret.column()) {
            keep = keep.redact(self.secret).alert(&self.loud);
        }
        keep.into()
    }
}

fn shown(value: &Value) -> Option<String> {
    Some(match value {
        Value::Absent => return None,
        Value::Nil => "nil".to_owned(),
        Value::Boolean(value) => format!("boolean {value}"),
        Value::Number(text) => format!("number {text}"),
        Value::Text(text) => format!("text {text}"),
        Value::Bytes(bytes) => format!("bytes {bytes:?}"),
        Value::Json(text) => format!("json {text}"),
    })
}

sealog_filter_sdk::export!(Everything);
