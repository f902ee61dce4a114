//! `[signing]`: which key signs, and which one beside it.

use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where a key is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// A file that `sealog keys generate` made.
    File(PathBuf),
    /// A key of AWS KMS: its id, ARN or alias.
    Kms(String),
}

/// Who signs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signing {
    /// Signs each head; a new log begins with it.
    pub key: KeySource,
    /// Signs each head too, while one of both replaces the other.
    pub also: Option<KeySource>,
    /// Name of a KMS key in signatures; a file holds its own.
    pub name: String,
}

/// The section as it stands.
#[derive(Default, Deserialize)]
pub(super) struct SigningSection {
    key: Option<String>,
    also: Option<String>,
    name: Option<String>,
}

impl Signing {
    /// One key from a file.
    #[must_use]
    pub fn file(path: PathBuf) -> Self {
        Self { key: KeySource::File(path), also: None, name: DEFAULT_NAME.to_owned() }
    }

    /// From the section, with the environment's key over it.
    pub(super) fn checked(
        section: &SigningSection,
        over: Option<&str>,
        folder: &Path,
    ) -> Result<Self, String> {
        let key = over.or(section.key.as_deref()).ok_or(
            "[signing] key is missing; run `sealog keys generate --out sealog.key` and write key = \"file:sealog.key\"",
        )?;
        let name = section.name.clone().unwrap_or_else(|| DEFAULT_NAME.to_owned());
        if name.is_empty() || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+') {
            return Err(format!("[signing] name = {name:?} should have no white space and no '+'"));
        }
        let also = section.also.as_deref().map(|also| KeySource::parse(also, folder)).transpose();
        Ok(Self {
            key: KeySource::parse(key, folder).map_err(|problem| format!("[signing] key = {problem}"))?,
            also: also.map_err(|problem| format!("[signing] also = {problem}"))?,
            name,
        })
    }
}

const DEFAULT_NAME: &str = "sealog";

impl KeySource {
    /// Reads `file:<path>` or `kms:<key id>`; relative paths begin at `folder`.
    ///
    /// # Errors
    /// What would be right.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(folder.join(path))),
            Some(("kms", id)) if !id.is_empty() => Ok(Self::Kms(id.to_owned())),
            _ => Err(format!("{text:?} should be \"file:<path>\" or \"kms:<key id>\"")),
        }
    }
}
