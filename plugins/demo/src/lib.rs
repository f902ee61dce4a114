//! The filter of `make demo`, for the accounts of a simulated bank.
//!
//! Who was invited and never came is no customer: their names and IBAN are removed before anything is stored, and what is
//! left when the invitation expires is a tombstone. Large postings are told of and marked with their amount, and so is
//! what a person did by hand.

use sealog_filter_sdk::{
    AlertCode, Change, ChangeKind, Column, Decimal, Declare, DropCode, Filter, Image, Keep, Redactable,
    TagName, Verdict,
};
use serde::Deserialize;

/// What is personal in an account.
const PERSONAL: [&str; 3] = ["holders", "iban", "owner"];

/// What is large.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// From where on a posting is large, sign left out.
    threshold: Decimal,
}

/// The filter.
#[derive(Debug)]
pub struct Ledger {
    threshold: Decimal,
    old: State,
    new: State,
    amount: Column,
    changed_by: Column,
    expired: DropCode,
    large: AlertCode,
    amount_tag: TagName,
    by_hand: TagName,
}

/// What is looked at in each image.
#[derive(Debug)]
struct State {
    status: Column,
    posting: Column,
    personal: [Redactable; PERSONAL.len()],
}

impl State {
    fn declare(image: Image, declare: &mut Declare) -> Self {
        Self {
            status: declare.column(image, "status"),
            posting: declare.column(image, "last_posting.id"),
            personal: PERSONAL.map(|name| declare.redactable(image, name)),
        }
    }

    fn is_invited(&self, change: &Change<'_>) -> bool {
        change.text(self.status) == Some("INVITED")
    }

    fn redact(&self, change: &Change<'_>, keep: Keep) -> Keep {
        let personal = self.personal.iter().filter(|_| self.is_invited(change));
        personal.fold(keep, |keep, it| keep.redact(*it))
    }
}

impl Filter for Ledger {
    const NAME: &'static str = "ledger";
    const VERSION: &'static str = env!("CARGO_PKG_VERSION");
    const CONFIG_SCHEMA: Option<&'static str> = Some(include_str!("../config.schema.json"));
    type Config = Config;

    fn configure(config: Config, declare: &mut Declare) -> Result<Self, String> {
        Ok(Self {
            threshold: config.threshold,
            old: State::declare(Image::OldImage, declare),
            new: State::declare(Image::NewImage, declare),
            amount: declare.column(Image::NewImage, "last_posting.amount"),
            changed_by: declare.column(Image::NewImage, "updated_by"),
            expired: declare.drop("invitation-expired"),
            large: declare.alert("large-posting"),
            amount_tag: declare.tag("large-posting"),
            by_hand: declare.tag("by-hand"),
        })
    }

    fn judge(&self, change: &Change<'_>) -> Verdict {
        if change.is_ttl_delete() && self.old.is_invited(change) {
            return Verdict::drop(&self.expired);
        }
        let mut keep = self.new.redact(change, self.old.redact(change, Keep::new()));
        if let Some(amount) = self.large_posting(change) {
            keep = keep.tag(&self.amount_tag, amount).alert(&self.large);
        }
        // Services have names, people have addresses.
        if let Some(person) = change.text(self.changed_by).filter(|by| by.contains('@')) {
            keep = keep.tag(&self.by_hand, person);
        }
        keep.into()
    }
}

impl Ledger {
    /// The amount of a large posting that this change made; later changes of the account still carry it.
    fn large_posting<'a>(&self, change: &Change<'a>) -> Option<&'a str> {
        let posted = change.kind() != ChangeKind::Remove
            && change.text(self.new.posting) != change.text(self.old.posting);
        let amount = change.number_text(self.amount).filter(|_| posted)?;
        (amount.parse::<Decimal>().ok()?.abs() >= self.threshold).then_some(amount)
    }
}

sealog_filter_sdk::export!(Ledger);

#[cfg(test)]
mod tests {
    use sealog_filter_sdk::testing::{Harness, check_project};

    use super::*;

    #[test]
    fn fixtures_are_judged_as_expected() {
        assert_eq!(check_project::<Ledger>(env!("CARGO_MANIFEST_DIR")), Ok(9));
    }

    #[test]
    fn a_filter_without_a_threshold_is_refused() {
        assert!(Harness::<Ledger>::new("{}").unwrap_err().contains("threshold"));
    }
}
