//! Where an archive is, as a person writes it.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::{Directory, S3, S3Options, Store, StoreError};

/// `s3://bucket/prefix`, or a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A local directory.
    Directory(PathBuf),
    /// A bucket and the prefix in it; the prefix has no slash at its ends and may be empty.
    S3 {
        /// The bucket.
        bucket: String,
        /// The prefix.
        prefix: String,
    },
}

/// A text that names no archive.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} names no archive: write a directory, or s3://bucket/prefix")]
pub struct LocationError(String);

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let error = || LocationError(text.to_owned());
        let Some(rest) = text.strip_prefix("s3://") else {
            return if text.is_empty() || text.contains("://") {
                Err(error())
            } else {
                Ok(Self::Directory(text.into()))
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '-');
        if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(plain) {
            return Err(error());
        }
        Ok(Self::S3 { bucket: bucket.to_owned(), prefix: prefix.trim_matches('/').to_owned() })
    }
}

impl Location {
    /// Opens the archive for reading and writing. A directory is made if need be, and has neither retention nor
    /// encryption; S3 is not asked yet.
    ///
    /// # Errors
    /// When the directory cannot be made.
    pub async fn open(&self, options: S3Options) -> Result<Arc<dyn Store>, StoreError> {
        match self {
            Self::Directory(path) => Ok(Arc::new(Directory::create(path).await?)),
            Self::S3 { bucket, prefix } => Ok(Arc::new(S3::connect(bucket, prefix, options).await)),
        }
    }

    /// Opens the archive for reading only; nothing is made.
    pub async fn open_to_read(&self) -> Arc<dyn Store> {
        match self {
            Self::Directory(path) => Arc::new(Directory::existing(path)),
            Self::S3 { bucket, prefix } => Arc::new(S3::connect(bucket, prefix, S3Options::default()).await),
        }
    }
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, prefix } if prefix.is_empty() => write!(f, "s3://{bucket}"),
            Self::S3 { bucket, prefix } => write!(f, "s3://{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_and_directories_are_told_apart() {
        let s3 = |bucket: &str, prefix: &str| Location::S3 {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        };
        assert_eq!("s3://acme-audit/sealog/".parse(), Ok(s3("acme-audit", "sealog")));
        assert_eq!("s3://acme-audit".parse(), Ok(s3("acme-audit", "")));
        assert_eq!("./archive".parse(), Ok(Location::Directory("./archive".into())));
        for text in ["", "s3://", "s3://A/b", "https://x/y", "s3:///x"] {
            assert!(text.parse::<Location>().is_err(), "{text}");
        }
    }
}
