//! What a filter says it is.

/// Where a column is looked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Image {
    /// The key attributes.
    Keys,
    /// The item before the change.
    OldImage,
    /// The item after the change.
    NewImage,
}

impl Image {
    /// The name of its column in an evidence row.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::OldImage => "old_image",
            Self::NewImage => "new_image",
        }
    }
}

/// One attribute that a filter wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// The image it is looked up in.
    pub image: Image,
    /// Names from the image inwards; empty for the whole image.
    pub path: Vec<String>,
}

/// What a filter may say at all, besides a plain keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdicts {
    /// It may drop.
    pub drop: bool,
    /// It may redact.
    pub redact: bool,
    /// It may tag.
    pub tag: bool,
    /// It may raise an alert.
    pub alert: bool,
}

/// What a filter says it is, under one configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its name: 1 to 64 of `a-z`, `0-9` and `-`.
    pub name: String,
    /// Its version: 1 to 32 visible ASCII characters.
    pub version: String,
    /// What it wants to see.
    pub columns: Vec<Column>,
    /// The codes of its drops and alerts.
    pub reasons: Vec<String>,
    /// What it may say.
    pub verdicts: Verdicts,
    /// JSON Schema of its configuration, as the guest gave it.
    pub config_schema: Option<String>,
}
