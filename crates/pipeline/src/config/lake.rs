//! `[lake]`: copies for queries, written beside the work; and each table's typed columns.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::duration;
use sealog_lake::Columns;

/// A compaction that takes longer would lose its own files.
const GRACE_MIN: Duration = Duration::from_secs(3600);

/// How the lake is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LakeOptions {
    /// Time between two compactions; `None`: `sealog compact` does it. Longer leaves more small files to a query.
    pub compact_every: Option<Duration>,
    /// So long after it was superseded, a file is kept for queries that still read it.
    pub grace: Duration,
    /// Most bytes of rows that a compaction reads in a second: what it leaves of the machine to the capture.
    pub bytes_per_second: u64,
    /// Bytes of rows that a compaction sorts in memory; it needs about three times as much in all.
    pub memory: usize,
    /// Folder for its temporary files; the system's by default.
    pub spill: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
pub(super) struct LakeSection {
    compact: Option<String>,
    grace: Option<String>,
    bytes_per_second: Option<u64>,
    memory: Option<usize>,
    spill: Option<PathBuf>,
}

impl Default for LakeOptions {
    fn default() -> Self {
        Self {
            compact_every: Some(Duration::from_secs(3600)),
            grace: Duration::from_secs(7 * 86_400),
            bytes_per_second: 16 << 20,
            memory: 128 << 20,
            spill: None,
        }
    }
}

impl LakeSection {
    pub(super) fn checked(self, folder: &Path) -> Result<LakeOptions, String> {
        let standard = LakeOptions::default();
        let compact_every = match self.compact.as_deref() {
            None => standard.compact_every,
            Some("off") => None,
            Some(text) => Some(duration("lake.compact", text)?),
        };
        let grace = self.grace.as_deref().map_or(Ok(standard.grace), |text| duration("lake.grace", text))?;
        let options = LakeOptions {
            compact_every,
            grace,
            bytes_per_second: self.bytes_per_second.unwrap_or(standard.bytes_per_second),
            memory: self.memory.unwrap_or(standard.memory),
            spill: self.spill.map(|spill| folder.join(spill)),
        };
        if options.compact_every.is_some_and(|every| every < Duration::from_secs(60)) {
            return Err("lake.compact should be \"off\" or at least 1m".to_owned());
        }
        if options.grace < GRACE_MIN {
            return Err(
                "lake.grace should be at least 1h: queries and compactions still need what it removes"
                    .to_owned(),
            );
        }
        if options.bytes_per_second < 1 << 20 || options.memory < 16 << 20 {
            return Err(
                "lake: bytes_per_second should be at least 1048576, memory at least 16777216".to_owned()
            );
        }
        Ok(options)
    }
}

/// A table's keys and typed columns.
pub(super) fn columns(keys: &[String], declared: Option<&toml::Table>) -> Result<Columns, String> {
    let mut pairs = Vec::new();
    for (path, kind) in declared.into_iter().flatten() {
        let kind = kind.as_str().ok_or_else(|| {
            format!(
                "columns: {path:?} should be a text such as \"decimal(38,2)\"; quote a name that has dots"
            )
        })?;
        pairs.push((path.as_str(), kind));
    }
    Columns::declared(keys, pairs.into_iter())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Config, Overrides};

    fn parse(lake: &str, table: &str) -> Result<Config, String> {
        let text = format!(
            "archive = \"a\"\n[signing]\nkey = \"file:k\"\n{lake}\n[[table]]\nname = \"orders\"\n{table}\n"
        );
        Config::parse(&text, Path::new("/etc/sealog"), &Overrides::default())
    }

    #[test]
    fn a_lake_is_written_if_its_section_is_there() {
        assert_eq!(parse("", "").unwrap().lake, None);
        assert_eq!(parse("[lake]", "").unwrap().lake, Some(LakeOptions::default()));
        let lake =
            parse("[lake]\ncompact = \"off\"\ngrace = \"24h\"\nspill = \"tmp\"", "").unwrap().lake.unwrap();
        assert_eq!((lake.compact_every, lake.grace), (None, Duration::from_secs(86_400)));
        assert_eq!(lake.spill, Some("/etc/sealog/tmp".into()));
        for (wrong, hint) in [
            ("[lake]\ncompact = \"1s\"", "1m"),
            ("[lake]\ncompact = \"often\"", "such as"),
            ("[lake]\nmemory = 1", "16777216"),
            ("[lake]\ngrace = \"1m\"", "at least 1h"),
            ("[lake]\ngracious = \"1h\"", "did you mean grace"),
        ] {
            let problem = parse(wrong, "").unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }

    #[test]
    fn keys_and_columns_are_declared_with_the_table() {
        let declared =
            "keys = [\"id\", \"at\"]\ncolumns = { amount = \"decimal(38,2)\", \"address.city\" = \"text\" }";
        let config = parse("[lake]", declared).unwrap();
        let columns = &config.tables[0].columns;
        assert_eq!(columns.keys(), ["id", "at"]);
        let names: Vec<_> = columns.typed().iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["address_city", "amount"]);
        for (wrong, hint) in [
            ("columns = { amount = \"float\" }", "decimal(p,s)"),
            ("columns = { address.city = \"text\" }", "quote"),
            ("keys = [\"a\", \"b\", \"c\"]", "sort key"),
        ] {
            let problem = parse("[lake]", wrong).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }
}
