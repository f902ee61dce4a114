//! What a filter is.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::{Change, Declare, Verdict};

/// A filter: declared once, then asked about one change after the other.
///
/// Both functions have to be deterministic: the same configuration gives the same declarations, the same change the
/// same verdict.
pub trait Filter: Sized {
    /// Its name for people: 1 to 64 of `a-z`, `0-9` and `-`.
    const NAME: &'static str;
    /// 1 to 32 visible ASCII characters; usually `env!("CARGO_PKG_VERSION")`.
    const VERSION: &'static str;
    /// JSON Schema (draft 2020-12) of the configuration, which the host holds every configuration against before it
    /// asks. `None`: the filter takes no configuration, [`NoConfig`].
    const CONFIG_SCHEMA: Option<&'static str> = None;
    /// The configuration. Unknown members should be refused (`#[serde(deny_unknown_fields)]`): a misspelt one would be
    /// taken for one that is not set.
    type Config: DeserializeOwned;

    /// Declares what the filter looks at and says under this configuration.
    ///
    /// # Errors
    /// A configuration that makes no sense. The table is then not read at all, and its operator gets this message: it
    /// should say what to write instead.
    fn configure(config: Self::Config, declare: &mut Declare) -> Result<Self, String>;

    /// Judges one change. A panic here costs no record: it is kept and flagged as `fault:trap`.
    fn judge(&self, change: &Change<'_>) -> Verdict;
}

/// The configuration of a filter that has none: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoConfig {}
