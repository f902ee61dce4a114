//! The filter that `make bench` measures: drops orders that are drafts, by four columns or by a whole image. It does what a
//! filter of a few rules does, so what it costs is mostly what being asked costs.

use sealog_filter_sdk::{
    Attribute, AttributePath, Change, Column, Declare, DropCode, Filter, Image, Verdict,
};
use serde::Deserialize;

/// What the filter sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum See {
    /// Four columns.
    Columns,
    /// The whole new image, which is parsed here.
    Image,
}

/// How the filter is configured.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    see: See,
}

/// The filter.
#[derive(Debug)]
pub struct Drafts {
    seen: Seen,
    draft: DropCode,
}

#[derive(Debug)]
enum Seen {
    Columns { before: Column, status: Column, amount: Column, tenant: Column },
    Image { image: Column, status: AttributePath, amount: AttributePath, tenant: AttributePath },
}

const STATUS: &str = "status";
const AMOUNT: &str = "amount";
const TENANT: &str = "customer.tenant";

impl Filter for Drafts {
    const NAME: &'static str = "drafts";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        let seen = match config.see {
            See::Columns => Seen::Columns {
                before: declare.column(Image::OldImage, STATUS),
                status: declare.column(Image::NewImage, STATUS),
                amount: declare.column(Image::NewImage, AMOUNT),
                tenant: declare.column(Image::NewImage, TENANT),
            },
            See::Image => Seen::Image {
                image: declare.image(Image::NewImage),
                status: STATUS.into(),
                amount: AMOUNT.into(),
                tenant: TENANT.into(),
            },
        };
        Ok(Self { seen, draft: declare.drop("draft") })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        let is_draft = match &self.seen {
            Seen::Columns { before, status, amount, tenant } => {
                change.text(*status) == Some("DRAFT")
                    && change.text(*before).is_some()
                    && change.number_text(*amount).is_some()
                    && change.text(*tenant).is_some()
            }
            Seen::Image { image, status, amount, tenant } => {
                let Some(Ok(mut item)) = change.json(*image).map(Attribute::item) else {
                    return Verdict::keep();
                };
                matches!(status.take_from(&mut item), Some(Attribute::Text(status)) if status == "DRAFT")
                    && matches!(amount.take_from(&mut item), Some(Attribute::Number(_)))
                    && matches!(tenant.take_from(&mut item), Some(Attribute::Text(_)))
            }
        };
        if is_draft { Verdict::drop(&self.draft) } else { Verdict::keep() }
    }
}

sealog_filter_sdk::export!(Drafts);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::Harness;

    use super::*;

    #[test]
    fn both_ways_of_seeing_tell_drafts() {
        for see in ["columns", "image"] {
            let filter = Harness::<Drafts>::new(&format!(r#"{{"see":"{see}"}}"#)).unwrap();
            for (status, reason) in [("DRAFT", Some("draft")), ("PAID", None)] {
                let image = format!(
                    r#"{{"status":{{"S":"{status}"}},"amount":{{"N":"1"}},"customer":{{"M":{{"tenant":{{"S":"t"}}}}}}}}"#
                );
                let record = format!(
                    r#"{{"eventName":"MODIFY","dynamodb":{{"OldImage":{image},"NewImage":{image}}}}}"#
                );
                assert_eq!(filter.judge(&record).unwrap().reason.as_deref(), reason, "{see}: {status}");
            }
        }
    }
}
