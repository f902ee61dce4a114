//! What {{name}} decides. `configure` says which attributes it looks at; nothing else reaches it.
//! A verdict depends on the configuration and on the one change: no clock, no randomness, nothing remembered.

use sealog_filter_sdk::{
    AlertCode, Change, Column, Declare, DropCode, Filter, Image, Keep, Redactable, TagName, Verdict,
};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Config {
    #[serde(default = "draft")]
    drop_status: String,
}

fn draft() -> String {
    "DRAFT".to_owned()
}

/// What was declared: whatever `judge` looks at, removes or says takes one of these.
struct Orders {
    drop_status: String,
    old_status: Column,
    new_status: Column,
    emails: [Redactable; 2],
    deleted_by: TagName,
    draft: DropCode,
    paid_cancelled: AlertCode,
}

impl Filter for Orders {
    const NAME: &'static str = "{{name}}";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(
        r#"{"type":"object","properties":{"drop_status":{"type":"string"}},"additionalProperties":false}"#,
    );
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        Ok(Self {
            drop_status: config.drop_status,
            old_status: declare.column(Image::OldImage, "status"),
            new_status: declare.column(Image::NewImage, "status"),
            emails: [Image::OldImage, Image::NewImage].map(|image| declare.redactable(image, "email")),
            deleted_by: declare.tag("deleted-by"),
            draft: declare.drop("draft"),
            paid_cancelled: declare.alert("paid-cancelled"),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        let (old, new) = (change.text(self.old_status), change.text(self.new_status));
        if new == Some(self.drop_status.as_str()) {
            return Verdict::drop(&self.draft);
        }
        let mut keep = Keep::new();
        for email in self.emails {
            if change.is_present(email.column()) {
                keep = keep.redact(email);
            }
        }
        if change.is_ttl_delete() {
            keep = keep.tag(&self.deleted_by, "ttl");
        }
        if old == Some("PAID") && new == Some("CANCELLED") {
            keep = keep.alert(&self.paid_cancelled);
        }
        keep.into()
    }
}

sealog_filter_sdk::export!(Orders);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::check_project;

    use super::*;

    /// `cargo test`: the fixtures, natively; `sealog filter test` asks the component.
    #[test]
    fn fixtures_are_judged_as_expected() {
        assert!(check_project::<Orders>(env!("CARGO_MANIFEST_DIR")).is_ok_and(|records| records > 0));
    }
}
