//! Names of the objects of a log, relative to `<archive>/<log>/` (FORMAT.md, "Layout").

use sealog_record::TableArn;

use crate::Hash;

/// Newest checkpoint; the only object of a log that is overwritten.
pub const CHECKPOINT_KEY: &str = "checkpoint";

/// Name of commit `number`.
#[must_use]
pub fn commit_key(number: u64) -> String {
    format!("commits/{number:020}.json")
}

/// Name of the kept checkpoint over the first `size` commits.
#[must_use]
pub fn checkpoint_key(size: u64) -> String {
    format!("checkpoints/{size:020}")
}

/// Name of the snapshot after the first `size` commits.
#[must_use]
pub fn snapshot_key(size: u64) -> String {
    format!("snapshots/{size:020}")
}

/// Name of the evidence object with this hash.
#[must_use]
pub fn evidence_key(sha256: &Hash) -> String {
    format!("evidence/{sha256}.parquet")
}

/// Number in a commit's name; `None` for any other name.
#[must_use]
pub fn commit_number_of(key: &str) -> Option<u64> {
    twenty_digits(key.strip_prefix("commits/")?.strip_suffix(".json")?)
}

/// Size in a kept checkpoint's name; `None` for any other name.
#[must_use]
pub fn checkpoint_size_of(key: &str) -> Option<u64> {
    twenty_digits(key.strip_prefix("checkpoints/")?)
}

/// Size in a snapshot's name; `None` for any other name.
#[must_use]
pub fn snapshot_size_of(key: &str) -> Option<u64> {
    twenty_digits(key.strip_prefix("snapshots/")?)
}

/// Origin of the log of a table's changes.
#[must_use]
pub fn origin_of(table: &TableArn) -> String {
    format!("sealog/{table}")
}

fn twenty_digits(text: &str) -> Option<u64> {
    (text.len() == 20 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_numbers_and_other_names_do_not() {
        assert_eq!(commit_key(42), "commits/00000000000000000042.json");
        assert_eq!(commit_number_of(&commit_key(u64::MAX)), Some(u64::MAX));
        assert_eq!(checkpoint_size_of(&checkpoint_key(7)), Some(7));
        assert_eq!(snapshot_size_of(&snapshot_key(7)), Some(7));
        for key in
            ["commits/42.json", "commits/+0000000000000000042.json", "commits/00000000000000000042.json.bak"]
        {
            assert_eq!(commit_number_of(key), None, "{key}");
        }
    }
}
