//! How objects are kept and encrypted: `[retention]` and `[encryption]`.

use sealog_chain::{Retention, RetentionMode};
use sealog_store::{Encryption, Location, Retaining, S3Options};
use serde::Deserialize;

/// Most days that a retention may last: a century. A slip of the finger in compliance mode cannot be taken back.
const DAYS_MAX: u32 = 36_525;

/// How the objects of an archive are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Protection {
    /// Retention by Object Lock of each commit, evidence object and kept checkpoint; stated in the log as a policy.
    pub retention: Option<Retention>,
    /// Encryption at rest.
    pub encryption: Encryption,
}

impl Protection {
    /// As a bucket is opened with it; `now_ms` is the clock that retention is counted from.
    #[must_use]
    pub fn s3(&self, now_ms: fn() -> i64) -> S3Options {
        let retention = self.retention.map(|retention| Retaining { retention, now_ms });
        S3Options { retention, encryption: self.encryption.clone() }
    }
}

#[derive(Deserialize)]
pub(super) struct RetentionSection {
    mode: RetentionMode,
    days: u32,
}

#[derive(Deserialize)]
pub(super) struct EncryptionSection {
    mode: EncryptionMode,
    key: Option<String>,
    bucket_key: Option<bool>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum EncryptionMode {
    SseS3,
    SseKms,
}

/// Both sections, held against where the archive is.
pub(super) fn protection(
    archive: &Location,
    retention: Option<RetentionSection>,
    encryption: Option<EncryptionSection>,
) -> Result<Protection, String> {
    let sections = [("retention", retention.is_some()), ("encryption", encryption.is_some())];
    if let (Location::Directory(_), Some((name, _))) = (archive, sections.iter().find(|(_, given)| *given)) {
        return Err(format!(
            "[{name}] is for an archive on S3, and a directory has none: leave it out, or write archive = \"s3://bucket/prefix\""
        ));
    }
    let retention = retention.map(|section| Retention { mode: section.mode, days: section.days });
    if retention.is_some_and(|retention| retention.days == 0 || retention.days > DAYS_MAX) {
        return Err(format!("[retention] days lies between 1 and {DAYS_MAX}"));
    }
    let encryption = encryption.map_or(Ok(Encryption::BucketDefault), EncryptionSection::checked)?;
    Ok(Protection { retention, encryption })
}

impl EncryptionSection {
    fn checked(self) -> Result<Encryption, String> {
        match self.mode {
            EncryptionMode::SseS3 if self.key.is_some() || self.bucket_key.is_some() => {
                Err("[encryption] key and bucket_key go with mode = \"sse-kms\"".to_owned())
            }
            EncryptionMode::SseS3 => Ok(Encryption::S3),
            EncryptionMode::SseKms => {
                Ok(Encryption::Kms { key: self.key, bucket_key: self.bucket_key.unwrap_or(true) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::{Config, Overrides};
    use super::*;

    fn parse(archive: &str, sections: &str) -> Result<Protection, String> {
        let text = format!(
            "archive = \"{archive}\"\n[signing]\nkey = \"file:k\"\n[[table]]\nname = \"t\"\n{sections}"
        );
        Config::parse(&text, Path::new("."), &Overrides::default()).map(|config| config.protection)
    }

    #[test]
    fn retention_and_encryption_are_read() {
        let sections = "[retention]\nmode = \"compliance\"\ndays = 2557\n[encryption]\nmode = \"sse-kms\"\nkey = \"alias/a\"\n";
        let protection = parse("s3://bucket/p", sections).unwrap();
        assert_eq!(protection.retention, Some(Retention { mode: RetentionMode::Compliance, days: 2557 }));
        let key = Some("alias/a".to_owned());
        assert_eq!(protection.encryption, Encryption::Kms { key, bucket_key: true });
        assert_eq!(parse("s3://bucket/p", "").unwrap(), Protection::default());
        let sse = parse("s3://bucket/p", "[encryption]\nmode = \"sse-s3\"\n").unwrap();
        assert_eq!(sse.encryption, Encryption::S3);
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        for (archive, sections, hint) in [
            ("a", "[retention]\nmode = \"compliance\"\ndays = 1\n", "a directory has none"),
            ("a", "[encryption]\nmode = \"sse-s3\"\n", "a directory has none"),
            ("s3://bucket/p", "[retention]\nmode = \"compliance\"\ndays = 0\n", "between 1 and"),
            ("s3://bucket/p", "[retention]\nmode = \"compliance\"\n", "days"),
            ("s3://bucket/p", "[retention]\nmode = \"forever\"\ndays = 1\n", "governance"),
            (
                "s3://bucket/p",
                "[retention]\nmode = \"governance\"\ndays = 1\nday = 2\n",
                "retention.day is unknown",
            ),
            ("s3://bucket/p", "[encryption]\nmode = \"sse-s3\"\nkey = \"x\"\n", "sse-kms"),
            ("s3://bucket/p", "[encryption]\nmode = \"none\"\n", "sse-s3"),
        ] {
            let problem = parse(archive, sections).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }
}
