//! Tells somebody of amounts at or above a threshold. Numbers are compared as DynamoDB stores them, up to 38 digits: what
//! is a cent below the threshold is below it.

use std::collections::BTreeMap;

use sealog_filter_sdk::{
    AlertCode, AttributePath, Change, Column, Decimal, Declare, Filter, Image, Keep, TagName, Verdict,
};
use serde::Deserialize;

/// What is large.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Path of the amount.
    amount: AttributePath,
    /// From where on it is large, sign left out.
    threshold: Decimal,
    /// What is compared.
    #[serde(default)]
    measure: Measure,
    /// Thresholds that depend on another attribute.
    #[serde(default)]
    by: Option<By>,
}

/// What is compared with the threshold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Measure {
    /// The amount, when it is new or not what it was.
    #[default]
    Value,
    /// How far it moved. An item that is not there counts as zero.
    Delta,
}

/// Thresholds that depend on another attribute, such as the currency.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// Its path.
    attribute: AttributePath,
    /// By its text; for any other text, the general threshold holds.
    thresholds: BTreeMap<String, Decimal>,
}

/// An attribute in both images.
#[derive(Debug, Clone, Copy)]
struct Both {
    old: Column,
    new: Column,
}

impl Both {
    fn declare(path: &AttributePath, declare: &mut Declare) -> Self {
        Self { old: declare.column(Image::OldImage, path), new: declare.column(Image::NewImage, path) }
    }
}

/// The filter.
#[derive(Debug)]
pub struct LargeTransfers {
    amount: Both,
    threshold: Decimal,
    measure: Measure,
    by: Option<(Both, BTreeMap<String, Decimal>)>,
    large: AlertCode,
    not_a_number: AlertCode,
    tag: TagName,
}

impl Filter for LargeTransfers {
    const NAME: &'static str = "large-transfers";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        let all = config.by.iter().flat_map(|by| by.thresholds.values());
        if let Some(small) = all.chain([&config.threshold]).find(|it| **it <= Decimal::ZERO) {
            return Err(format!("the threshold {small} is not above zero: every amount would be large"));
        }
        Ok(Self {
            amount: Both::declare(&config.amount, declare),
            threshold: config.threshold,
            measure: config.measure,
            by: config.by.map(|by| (Both::declare(&by.attribute, declare), by.thresholds)),
            large: declare.alert("large-transfer"),
            not_a_number: declare.alert("amount-not-a-number"),
            tag: declare.tag("large-transfer"),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        let Both { old, new } = self.amount;
        let strange = [old, new].into_iter().any(|it| change.is_present(it) && change.number(it).is_none());
        if strange {
            return Keep::new().alert(&self.not_a_number).into();
        }
        let (before, after) = (change.number(old), change.number(new));
        let threshold = self.threshold_for(change);
        let large = match self.measure {
            Measure::Value => before != after && after.is_some_and(|after| after.abs() >= threshold),
            Measure::Delta => {
                before.unwrap_or(Decimal::ZERO).is_apart_by(after.unwrap_or(Decimal::ZERO), threshold)
            }
        };
        if !large {
            return Verdict::keep();
        }
        let amount = change.number_text(new).or_else(|| change.number_text(old)).unwrap_or_default();
        Keep::new().tag(&self.tag, amount).alert(&self.large).into()
    }
}

impl LargeTransfers {
    fn threshold_for(&self, change: &Change<'_>) -> Decimal {
        let special = self.by.as_ref().and_then(|(attribute, thresholds)| {
            let text = change.text(attribute.new).or_else(|| change.text(attribute.old))?;
            thresholds.get(text)
        });
        special.copied().unwrap_or(self.threshold)
    }
}

sealog_filter_sdk::export!(LargeTransfers);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    /// The alert for a change of `amount` from one image to the other.
    fn alert(config: &str, before: Option<&str>, after: Option<&str>) -> Option<String> {
        let image = |name: &str, amount: Option<&str>| {
            amount.map(|amount| format!(r#""{name}":{{"amount":{{"N":"{amount}"}}}}"#))
        };
        let images: Vec<_> =
            [image("OldImage", before), image("NewImage", after)].into_iter().flatten().collect();
        let record = format!(r#"{{"eventName":"MODIFY","dynamodb":{{{}}}}}"#, images.join(","));
        Harness::<LargeTransfers>::new(config).unwrap().judge(&record).unwrap().alert
    }

    const VALUE: &str = r#"{"amount":"amount","threshold":"10000"}"#;
    const DELTA: &str = r#"{"amount":"amount","threshold":"10000","measure":"delta"}"#;

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<LargeTransfers>(env!("CARGO_MANIFEST_DIR")), Ok(8));
    }

    #[test]
    fn the_threshold_itself_is_large_and_a_digit_below_is_not() {
        for (amount, large) in [
            ("10000", true),
            ("1E4", true),
            ("-10000.00", true),
            ("9999.9999999999999999999999999999999999", false),
            ("10000.000000000000000000000000000000001", true),
            ("0", false),
        ] {
            assert_eq!(alert(VALUE, None, Some(amount)).is_some(), large, "{amount}");
            assert_eq!(alert(DELTA, None, Some(amount)).is_some(), large, "delta {amount}");
            assert_eq!(alert(DELTA, Some(amount), None).is_some(), large, "removed {amount}");
        }
    }

    #[test]
    fn a_value_is_told_of_once() {
        assert!(alert(VALUE, Some("20000"), Some("20000.0")).is_none());
        assert!(alert(VALUE, Some("20000"), Some("20000.01")).is_some());
        assert!(alert(VALUE, Some("20000"), None).is_none());
    }

    #[test]
    fn a_delta_looks_at_the_way_and_not_at_the_end() {
        assert!(alert(DELTA, Some("990000"), Some("1000000")).is_some());
        assert!(alert(DELTA, Some("990000.01"), Some("1000000")).is_none());
        assert!(alert(DELTA, Some("-5000"), Some("5000")).is_some());
        assert!(
            alert(DELTA, Some("10000000000000000000000.01"), Some("10000000000000000010000.00")).is_none()
        );
    }

    #[test]
    fn a_threshold_of_zero_is_refused() {
        for threshold in ["0", "-1", "0.00"] {
            let config = format!(r#"{{"amount":"amount","threshold":"{threshold}"}}"#);
            assert!(Harness::<LargeTransfers>::new(&config).unwrap_err().contains("not above zero"));
        }
    }
}
