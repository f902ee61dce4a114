//! What a filter answers.

use crate::bindings::sealog::filter::types;
use crate::declare::{AlertCode, DropCode, Redactable, TagName};

/// Longest value of a tag, in bytes.
const TAG_VALUE_MAX: usize = 256;

/// The answer for one change.
#[derive(Debug, Clone)]
pub struct Verdict(Said);

#[derive(Debug, Clone)]
enum Said {
    Keep(Keep),
    Drop(String),
    Refuse(String),
}

impl Verdict {
    /// The change is kept as it is.
    #[must_use]
    pub fn keep() -> Self {
        Self(Said::Keep(Keep::new()))
    }

    /// A tombstone takes the change's place.
    #[must_use]
    pub fn drop(code: &DropCode) -> Self {
        Self(Said::Drop(code.0.clone()))
    }

    /// The filter cannot judge this change: it is kept and flagged, and the message is logged. Enough of these, and the
    /// filter is set aside.
    #[must_use]
    pub fn refuse(message: impl Into<String>) -> Self {
        Self(Said::Refuse(message.into()))
    }

    pub(crate) fn into_wit(self) -> Result<types::Verdict, String> {
        match self.0 {
            Said::Keep(keep) if keep.is_plain() => Ok(types::Verdict::Keep),
            Said::Keep(keep) => {
                let Keep { tags, redact, alert } = keep;
                Ok(types::Verdict::KeepWith(types::Edits { tags, redact, alert }))
            }
            Said::Drop(reason) => Ok(types::Verdict::Drop(reason)),
            Said::Refuse(message) => Err(message),
        }
    }
}

impl From<Keep> for Verdict {
    fn from(keep: Keep) -> Self {
        Self(Said::Keep(keep))
    }
}

/// A change that is kept, and what is done to it. Without anything it is a plain keep.
#[derive(Debug, Clone, Default)]
pub struct Keep {
    tags: Vec<types::Tag>,
    redact: Vec<u32>,
    alert: Option<String>,
}

impl Keep {
    /// Nothing is done yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { tags: Vec::new(), redact: Vec::new(), alert: None }
    }

    /// Stores a mark with the row. What is longer than 256 bytes is cut at a character: a tag is for finding rows, the
    /// whole value is in the image. A second value for a name takes the place of the first.
    #[must_use]
    pub fn tag(mut self, name: &TagName, value: impl Into<String>) -> Self {
        let mut value = value.into();
        value.truncate(value.floor_char_boundary(TAG_VALUE_MAX));
        self.tags.retain(|tag| tag.name != name.0);
        self.tags.push(types::Tag { name: name.0.clone(), value });
        self
    }

    /// Removes an attribute's value before anything is stored; a salted hash of it stays. Where the attribute is not
    /// there, nothing happens.
    #[must_use]
    pub fn redact(mut self, what: Redactable) -> Self {
        let index = what.column().index();
        if !self.redact.contains(&index) {
            self.redact.push(index);
        }
        self
    }

    /// Tells somebody. One alert a change: a second takes the place of the first.
    #[must_use]
    pub fn alert(mut self, code: &AlertCode) -> Self {
        self.alert = Some(code.0.clone());
        self
    }

    const fn is_plain(&self) -> bool {
        self.tags.is_empty() && self.redact.is_empty() && self.alert.is_none()
    }
}
