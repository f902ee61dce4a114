//! Drops modifications that changed nothing but configured attributes, such as `updated_at`: a tombstone stays of each.
//!
//! To say that nothing else changed, everything has to be looked at: so both images come whole and are compared as values.
//! Members and sets have no order, numbers are equal by value; the service promises no more. Whatever cannot be compared
//! is kept.

use sealog_filter_sdk::{
    Attribute, AttributePath, Change, ChangeKind, Column, Declare, DropCode, Filter, Image, Verdict,
};
use serde::Deserialize;

/// What does not count as a change.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Paths through maps.
    attributes: Vec<AttributePath>,
}

/// The filter.
#[derive(Debug)]
pub struct HeartbeatOnly {
    attributes: Vec<AttributePath>,
    old: Column,
    new: Column,
    heartbeat: DropCode,
}

impl Filter for HeartbeatOnly {
    const NAME: &'static str = "heartbeat-only";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        Ok(Self {
            attributes: config.attributes,
            old: declare.image(Image::OldImage),
            new: declare.image(Image::NewImage),
            heartbeat: declare.drop("heartbeat"),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        if change.kind() == ChangeKind::Modify && self.is_heartbeat(change) == Some(true) {
            return Verdict::drop(&self.heartbeat);
        }
        Verdict::keep()
    }
}

impl HeartbeatOnly {
    /// `None` where it cannot be told.
    fn is_heartbeat(&self, change: &Change<'_>) -> Option<bool> {
        let mut old = Attribute::item(change.json(self.old)?).ok()?;
        let mut new = Attribute::item(change.json(self.new)?).ok()?;
        let mut moved = false;
        for path in &self.attributes {
            moved |= path.take_from(&mut old) != path.take_from(&mut new);
        }
        Some(moved && old == new)
    }
}

sealog_filter_sdk::export!(HeartbeatOnly);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    fn verdict(old: &str, new: &str) -> String {
        let config = r#"{"attributes":["updated_at","stats.last_seen"]}"#;
        let record = format!(r#"{{"eventName":"MODIFY","dynamodb":{{"OldImage":{old},"NewImage":{new}}}}}"#);
        Harness::<HeartbeatOnly>::new(config).unwrap().judge(&record).unwrap().verdict
    }

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<HeartbeatOnly>(env!("CARGO_MANIFEST_DIR")), Ok(8));
    }

    #[test]
    fn order_and_spelling_are_no_change() {
        let old = r#"{"updated_at":{"N":"1"},"m":{"M":{"a":{"N":"1.0"},"b":{"SS":["x","y"]}}}}"#;
        let new = r#"{"m":{"M":{"b":{"SS":["y","x"]},"a":{"N":"1"}}},"updated_at":{"N":"2"}}"#;
        assert_eq!(verdict(old, new), "drop");
    }

    #[test]
    fn the_last_digit_and_the_order_of_a_list_are_a_change() {
        for (old, new) in [
            (r#"{"N":"0.1000000000000000000000000000001"}"#, r#"{"N":"0.1000000000000000000000000000002"}"#),
            (r#"{"L":[{"S":"a"},{"S":"b"}]}"#, r#"{"L":[{"S":"b"},{"S":"a"}]}"#),
            (r#"{"S":"1"}"#, r#"{"N":"1"}"#),
            (r#"{"M":{}}"#, r#"{"M":{"updated_at":{"N":"1"}}}"#),
        ] {
            let image = |at: &str, value: &str| format!(r#"{{"updated_at":{{"N":"{at}"}},"a":{value}}}"#);
            assert_eq!(verdict(&image("1", old), &image("2", new)), "keep", "{old} {new}");
        }
    }

    #[test]
    fn a_change_that_cannot_be_compared_is_kept() {
        let fine = r#"{"updated_at":{"N":"1"}}"#;
        for strange in [r#"{"updated_at":{"N":"2"},"x":{"VECTOR":[1]}}"#, r#"{"updated_at":{"N":"two"}}"#] {
            assert_eq!(verdict(fine, strange), "keep", "{strange}");
        }
        let filter = Harness::<HeartbeatOnly>::new(r#"{"attributes":["updated_at"]}"#).unwrap();
        let without_old = r#"{"eventName":"MODIFY","dynamodb":{"NewImage":{"updated_at":{"N":"1"}}}}"#;
        assert_eq!(filter.judge(without_old).unwrap().verdict, "keep");
    }
}
