//! Marks removals by who removed the item: the table's time to live, another service, or an application. Afterwards nobody
//! can tell any more: the identity is in the stream's record and nowhere else.

use sealog_filter_sdk::{Change, ChangeKind, Declare, Filter, Keep, TagName, Verdict};
use serde::Deserialize;

/// How the mark is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Its name.
    #[serde(default = "deleted_by")]
    tag: String,
    /// Only what time to live removed is marked.
    #[serde(default)]
    ttl_only: bool,
}

fn deleted_by() -> String {
    "deleted-by".to_owned()
}

/// The filter.
#[derive(Debug)]
pub struct TtlDeletes {
    tag: TagName,
    ttl_only: bool,
}

impl Filter for TtlDeletes {
    const NAME: &'static str = "ttl-deletes";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        Ok(Self { tag: declare.tag(config.tag), ttl_only: config.ttl_only })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        if change.kind() != ChangeKind::Remove {
            return Verdict::keep();
        }
        let by = match change.identity() {
            _ if change.is_ttl_delete() => "ttl",
            _ if self.ttl_only => return Verdict::keep(),
            Some(_) => "service",
            None => "application",
        };
        Keep::new().tag(&self.tag, by).into()
    }
}

sealog_filter_sdk::export!(TtlDeletes);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<TtlDeletes>(env!("CARGO_MANIFEST_DIR")), Ok(5));
    }

    #[test]
    fn only_time_to_live_is_marked_if_so_configured() {
        let filter = Harness::<TtlDeletes>::new(r#"{"ttl_only":true,"tag":"expired"}"#).unwrap();
        let said = filter.judge(r#"{"eventName":"REMOVE","dynamodb":{}}"#).unwrap();
        assert!(said.tags.is_empty());
        let record = r#"{"eventName":"REMOVE","dynamodb":{},"userIdentity":{"Type":"Service","PrincipalId":"dynamodb.amazonaws.com"}}"#;
        assert_eq!(filter.judge(record).unwrap().tags["expired"], "ttl");
    }

    #[test]
    fn the_identity_alone_makes_no_removal() {
        let filter = Harness::<TtlDeletes>::new("{}").unwrap();
        let record = r#"{"eventName":"MODIFY","dynamodb":{},"userIdentity":{"type":"Service","principalId":"dynamodb.amazonaws.com"}}"#;
        assert!(filter.judge(record).unwrap().tags.is_empty());
    }
}
