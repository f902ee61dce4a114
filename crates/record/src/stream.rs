//! Streams and tables: their ARNs, labels and view types.

use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{MalformedText, text_serde};

/// The ARN of a table: `arn:<partition>:dynamodb:<region>:<account>:table/<name>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableArn(Arc<str>);

impl TableArn {
    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The table's name: what stands after `table/`.
    #[must_use]
    pub fn table_name(&self) -> &str {
        self.0.split_once(":table/").map_or("", |(_, name)| name)
    }
}

impl FromStr for TableArn {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let malformed = || {
            MalformedText::new("table ARN", text, "arn:<partition>:dynamodb:<region>:<account>:table/<name>")
        };
        let resource = arn_resource(text).ok_or_else(malformed)?;
        let name = resource.strip_prefix("table/").ok_or_else(malformed)?;
        if is_table_name(name) { Ok(Self(Arc::from(text))) } else { Err(malformed()) }
    }
}

text_serde!(TableArn);

/// The ARN of a stream: the table's ARN, `/stream/`, and the label.
///
/// A table gets a new one each time its stream is switched on; positions never carry over from one to the next.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamArn(Arc<str>);

impl StreamArn {
    /// The whole ARN.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The table that the stream belongs to.
    #[must_use]
    pub fn table(&self) -> TableArn {
        TableArn(Arc::from(self.split().0))
    }

    /// The part that tells the streams of one table apart: the instant at which it was switched on.
    #[must_use]
    pub fn label(&self) -> StreamLabel {
        StreamLabel(Arc::from(self.split().1))
    }

    fn split(&self) -> (&str, &str) {
        self.0.split_once("/stream/").unwrap_or((&self.0, ""))
    }
}

impl FromStr for StreamArn {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        let malformed = || MalformedText::new("stream ARN", text, "<table ARN>/stream/<label>");
        let (table, label) = text.split_once("/stream/").ok_or_else(malformed)?;
        table.parse::<TableArn>().map_err(|_| malformed())?;
        label.parse::<StreamLabel>().map_err(|_| malformed())?;
        Ok(Self(Arc::from(text)))
    }
}

text_serde!(StreamArn);

/// The label of a stream, such as `2026-11-22T00:00:00.000`; unique among the streams of one table.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamLabel(Arc<str>);

impl StreamLabel {
    /// The label as the service wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for StreamLabel {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        if (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'/') {
            Ok(Self(Arc::from(text)))
        } else {
            Err(MalformedText::new("stream label", text, "1 to 64 visible ASCII characters without '/'"))
        }
    }
}

text_serde!(StreamLabel);

/// What a stream writes of each change (API reference, `StreamViewType`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ViewType {
    /// Only the key attributes.
    KeysOnly,
    /// The item as it is after the change.
    NewImage,
    /// The item as it was before the change.
    OldImage,
    /// Both images: the only one that proves what changed.
    NewAndOldImages,
}

impl ViewType {
    const ALL: [Self; 4] = [Self::KeysOnly, Self::NewImage, Self::OldImage, Self::NewAndOldImages];

    /// The name the API uses.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KeysOnly => "KEYS_ONLY",
            Self::NewImage => "NEW_IMAGE",
            Self::OldImage => "OLD_IMAGE",
            Self::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    /// Whether a stream of this type carries all that `required` promises.
    #[must_use]
    pub fn satisfies(self, required: Self) -> bool {
        self == required || self == Self::NewAndOldImages || required == Self::KeysOnly
    }
}

impl FromStr for ViewType {
    type Err = MalformedText;

    fn from_str(text: &str) -> Result<Self, MalformedText> {
        Self::ALL.into_iter().find(|view| view.as_str() == text).ok_or_else(|| {
            MalformedText::new("view type", text, "KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES")
        })
    }
}

text_serde!(ViewType);

fn arn_resource(arn: &str) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let head = [parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()?];
    let resource = parts.next()?;
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let [scheme, partition, service, region, account] = head;
    (scheme == "arn" && service == "dynamodb" && [partition, region, account].into_iter().all(plain))
        .then_some(resource)
}

/// API reference, `TableName`: 3–255 of `[a-zA-Z0-9_.-]`; one character is enough here.
fn is_table_name(name: &str) -> bool {
    (1..=255).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// Why a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamEnd {
    /// It was switched off and read to its end.
    Disabled,
    /// It is no longer found.
    Vanished,
    /// The table is gone.
    TableDeleted,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000";

    #[test]
    fn stream_arn_splits_into_table_and_label() {
        let arn: StreamArn = ARN.parse().unwrap();
        assert_eq!(arn.table().as_str(), "arn:aws:dynamodb:eu-west-1:123456789012:table/orders");
        assert_eq!(arn.table().table_name(), "orders");
        assert_eq!(arn.label().as_str(), "2026-11-22T00:00:00.000");
    }

    #[test]
    fn other_partitions_are_accepted_and_other_services_are_not() {
        assert!("arn:aws-us-gov:dynamodb:us-gov-west-1:1:table/t".parse::<TableArn>().is_ok());
        for text in [
            "arn:aws:s3:eu-west-1:1:table/t",
            "arn:aws:dynamodb:eu-west-1:1:index/t",
            "arn:aws:dynamodb:eu-west-1:1:table/a b",
            "table/t",
        ] {
            assert!(text.parse::<TableArn>().is_err(), "{text}");
        }
    }

    #[test]
    fn both_images_satisfy_every_requirement_and_keys_only_satisfies_its_own() {
        for required in ViewType::ALL {
            assert!(ViewType::NewAndOldImages.satisfies(required));
            assert_eq!(ViewType::KeysOnly.satisfies(required), required == ViewType::KeysOnly);
        }
        assert!(!ViewType::NewImage.satisfies(ViewType::OldImage));
    }
}
