//! What a filter says it is.

use crate::text::escaped;
use crate::wit;

/// Where a column is looked up.
#[expect(clippy::enum_variant_names, reason = "the names of the interface and of the row's columns")]
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

    fn of(said: wit::Image) -> Self {
        match said {
            wit::Image::Keys => Self::Keys,
            wit::Image::OldImage => Self::OldImage,
            wit::Image::NewImage => Self::NewImage,
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

/// Most columns of a filter.
pub(crate) const COLUMNS_MAX: usize = 64;
const REASONS_MAX: usize = 64;
const PATH_MAX: usize = 32;
const NAME_BYTES_MAX: usize = 65_535;
const SCHEMA_BYTES_MAX: usize = 256 << 10;

impl Manifest {
    /// What a guest said it is, if that keeps to the interface; else which rule it breaks.
    pub(crate) fn checked(said: wit::Manifest) -> Result<Self, String> {
        let shown = |text: &str| escaped(text, 80);
        if !is_name(&said.name) {
            return Err(format!("its name \"{}\" is not 1 to 64 of a-z, 0-9 and -", shown(&said.name)));
        }
        if !(1..=32).contains(&said.version.len())
            || !said.version.bytes().all(|byte| byte.is_ascii_graphic())
        {
            let version = shown(&said.version);
            return Err(format!("its version \"{version}\" is not 1 to 32 visible ASCII characters"));
        }
        if said.columns.len() > COLUMNS_MAX {
            return Err(format!(
                "it declares {} columns, at most {COLUMNS_MAX} are allowed",
                said.columns.len()
            ));
        }
        if said.reasons.len() > REASONS_MAX {
            return Err(format!(
                "it declares {} reasons, at most {REASONS_MAX} are allowed",
                said.reasons.len()
            ));
        }
        if let Some(reason) = said.reasons.iter().find(|reason| !is_code(reason)) {
            return Err(format!("its reason \"{}\" is not 1 to 64 of a-z, 0-9, -, _ and .", shown(reason)));
        }
        if said.config_schema.as_ref().is_some_and(|schema| schema.len() > SCHEMA_BYTES_MAX) {
            return Err(format!("its config-schema is longer than {SCHEMA_BYTES_MAX} bytes"));
        }
        let columns = said.columns.into_iter().map(Column::checked).collect::<Result<_, _>>()?;
        Ok(Self {
            name: said.name,
            version: said.version,
            columns,
            reasons: said.reasons,
            verdicts: Verdicts::of(&said.verdicts),
            config_schema: said.config_schema,
        })
    }
}

impl Manifest {
    /// Whether a guest said the same again.
    pub(crate) fn is(&self, said: &wit::Manifest) -> bool {
        let columns_match = self.columns.len() == said.columns.len()
            && self
                .columns
                .iter()
                .zip(&said.columns)
                .all(|(own, said)| own.image == Image::of(said.image) && own.path == said.path);
        columns_match
            && self.name == said.name
            && self.version == said.version
            && self.reasons == said.reasons
            && self.verdicts == Verdicts::of(&said.verdicts)
            && self.config_schema == said.config_schema
    }
}

impl Verdicts {
    fn of(said: &wit::VerdictKinds) -> Self {
        Self {
            drop: said.contains(wit::VerdictKinds::DROP),
            redact: said.contains(wit::VerdictKinds::REDACT),
            tag: said.contains(wit::VerdictKinds::TAG),
            alert: said.contains(wit::VerdictKinds::ALERT),
        }
    }
}

impl Column {
    /// Whether a filter may redact it.
    #[must_use]
    pub fn is_redactable(&self) -> bool {
        self.image != Image::Keys && !self.path.is_empty()
    }

    fn checked(said: wit::Column) -> Result<Self, String> {
        if said.path.len() > PATH_MAX {
            return Err(format!(
                "a column's path has {} names, at most {PATH_MAX} are allowed",
                said.path.len()
            ));
        }
        if let Some(name) = said.path.iter().find(|name| !(1..=NAME_BYTES_MAX).contains(&name.len())) {
            return Err(format!(
                "a name of a column's path has {} bytes, not 1 to {NAME_BYTES_MAX}",
                name.len()
            ));
        }
        Ok(Self { image: Image::of(said.image), path: said.path })
    }
}

/// Whether a text is the name of a filter.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

/// Whether a text is a reason or the name of a tag.
pub(crate) fn is_code(text: &str) -> bool {
    let allowed =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_' | b'.');
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
