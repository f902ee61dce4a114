//! The configuration file: TOML, every key with a default or a clear error.
//!
//! Relative paths are relative to the file's own directory, so that a configuration works from anywhere.

mod check;
mod filters;
mod lake;
mod protection;
mod signals;
mod signing;

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealog_batch::SealRule;
use sealog_chain::{OnGap, StartAt};
use sealog_lake::Columns;
use sealog_record::ViewType;
use sealog_store::Location;
use serde::Deserialize;

pub use filters::{FilterConfig, FilterLimits};
pub use lake::LakeOptions;
pub use protection::Protection;
use signals::SignalsSection;
pub use signals::{LOSS_CLOCK_MIN, Signals};
use signing::SigningSection;
pub use signing::{KeySource, Signing};

/// A configuration that cannot be used. The message names the place and what to write there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("configuration {file}: {problem}")]
pub struct ConfigError {
    /// The file.
    pub file: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// What `sealog run` is told.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// Where the archive is.
    pub archive: Location,
    /// How its objects are kept and encrypted.
    pub protection: Protection,
    /// Who signs.
    pub signing: Signing,
    /// Longest time between two commits while capture runs. Verifiers call an archive stale after twice that; a shorter
    /// one bounds how much a cut-off tail can hide, and costs one small commit each time.
    pub heartbeat: Duration,
    /// When a batch is sealed.
    pub seal: SealRule,
    /// Most bytes of pages in memory over all tables.
    pub memory_max: usize,
    /// Where compiled filters are kept; none: they are compiled at each start. It must be writable by this user alone: what
    /// lies there is executed.
    pub filter_cache: Option<PathBuf>,
    /// The file of the secret that redactions are salted from. Who has it can prove what was redacted; without it nobody
    /// can, and a filter that redacts is refused.
    pub redaction_secret: Option<PathBuf>,
    /// What those who watch are told.
    pub signals: Signals,
    /// How copies for queries are written; `None`: none are.
    pub lake: Option<LakeOptions>,
    /// The tables.
    pub tables: Vec<TableConfig>,
}

/// One table to archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableConfig {
    /// The table's name.
    pub name: String,
    /// Name of its log in the archive; the table's name by default.
    pub log: String,
    /// Refuse to start on a stream that shows less.
    pub require_view_type: Option<ViewType>,
    /// Where a new log begins; without effect on one that has positions.
    pub start: StartAt,
    /// What to do when changes can no longer be read.
    pub on_gap: OnGap,
    /// Longest time that a change waits in an idle shard before anyone asks. Shorter costs more calls.
    pub latency: Duration,
    /// Filters that judge each record, in the order in which they are asked.
    pub filters: Vec<FilterConfig>,
    /// Key attributes and typed columns of its lake.
    pub columns: Columns,
}

/// The file as it stands; [`check`] has seen every key before.
#[derive(Deserialize)]
struct File {
    archive: Option<String>,
    heartbeat: Option<String>,
    #[serde(default)]
    signing: SigningSection,
    #[serde(default)]
    batch: Batch,
    #[serde(default)]
    memory: Memory,
    filter_cache: Option<PathBuf>,
    redaction_secret: Option<String>,
    #[serde(default)]
    signals: SignalsSection,
    retention: Option<protection::RetentionSection>,
    encryption: Option<protection::EncryptionSection>,
    lake: Option<lake::LakeSection>,
    #[serde(default)]
    table: Vec<Table>,
}

#[derive(Default, Deserialize)]
struct Batch {
    rows_max: Option<usize>,
    bytes_max: Option<usize>,
    age_max: Option<String>,
}

#[derive(Default, Deserialize)]
struct Memory {
    pages_max: Option<usize>,
}

#[derive(Deserialize)]
struct Table {
    name: String,
    log: Option<String>,
    require_view_type: Option<ViewType>,
    #[serde(default)]
    start: StartAt,
    #[serde(default)]
    on_gap: OnGap,
    latency: Option<String>,
    #[serde(default)]
    filter: Vec<filters::FilterSection>,
    #[serde(default)]
    keys: Vec<String>,
    columns: Option<toml::Table>,
}

/// Values that the environment puts over those of the file.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// `SEALOG_ARCHIVE`.
    pub archive: Option<String>,
    /// `SEALOG_SIGNING_KEY`.
    pub signing_key: Option<String>,
}

impl Config {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`ConfigError`], for a file that cannot be read too.
    pub fn load(path: &Path, overrides: &Overrides) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError {
            file: path.display().to_string(),
            problem: format!("{error}; name a file with --config"),
        })?;
        let folder = path.parent().unwrap_or(Path::new("."));
        Self::parse(&text, folder, overrides)
            .map_err(|problem| ConfigError { file: path.display().to_string(), problem })
    }

    /// Reads a configuration's text; `folder` is what relative paths start from.
    ///
    /// # Errors
    /// What is wrong, and what would be right.
    pub fn parse(text: &str, folder: &Path, overrides: &Overrides) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| error.to_string())?;
        check::known_keys(&table)?;
        let file: File = table.try_into().map_err(|error: toml::de::Error| error.to_string())?;
        let archive = overrides.archive.as_deref().or(file.archive.as_deref());
        let archive =
            archive.ok_or("archive is missing; write archive = \"s3://bucket/prefix\" or a directory")?;
        let signing = Signing::checked(&file.signing, overrides.signing_key.as_deref(), folder)?;
        let tables =
            file.table.into_iter().map(|table| table.checked(folder)).collect::<Result<Vec<_>, _>>()?;
        check::tables(&tables)?;
        let archive = location(archive, folder)?;
        Ok(Self {
            protection: protection::protection(&archive, file.retention, file.encryption)?,
            archive,
            signing,
            heartbeat: heartbeat(file.heartbeat.as_deref())?,
            seal: file.batch.rule()?,
            memory_max: file.memory.pages_max.unwrap_or(64 << 20).max(4 << 20),
            filter_cache: file.filter_cache.map(|cache| folder.join(cache)),
            redaction_secret: file
                .redaction_secret
                .as_deref()
                .map(|text| secret(text, folder))
                .transpose()?,
            signals: file.signals.checked()?,
            lake: file.lake.map(|section| section.checked(folder)).transpose()?,
            tables,
        })
    }
}

fn location(text: &str, folder: &Path) -> Result<Location, String> {
    Ok(match text.parse().map_err(|error| format!("archive: {error}"))? {
        Location::Directory(path) => Location::Directory(folder.join(path)),
        s3 @ Location::S3 { .. } => s3,
    })
}

fn secret(text: &str, folder: &Path) -> Result<PathBuf, String> {
    let file = text.strip_prefix("file:").filter(|path| !path.is_empty());
    file.map(|path| folder.join(path)).ok_or_else(|| {
        format!(
            "redaction_secret = {text:?} should be \"file:<path>\"; make one with `sealog keys generate --redaction --out <path>`"
        )
    })
}

fn heartbeat(text: Option<&str>) -> Result<Duration, String> {
    let heartbeat = text.map_or(Ok(Duration::from_secs(3600)), |text| duration("heartbeat", text))?;
    if heartbeat < Duration::from_secs(10) || heartbeat > Duration::from_secs(12 * 3600) {
        return Err("heartbeat should lie between 10s and 12h".to_owned());
    }
    Ok(heartbeat)
}

fn duration(key: &str, text: &str) -> Result<Duration, String> {
    let wrong = || format!("{key} = {text:?} should be a time such as \"500ms\", \"10s\" or \"1h\"");
    let parsed: jiff::SignedDuration = text.parse().map_err(|_| wrong())?;
    Duration::try_from(parsed).map_err(|_| wrong())
}

impl Batch {
    fn rule(&self) -> Result<SealRule, String> {
        let standard = SealRule::default();
        let age = self.age_max.as_deref().map(|text| duration("batch.age_max", text)).transpose()?;
        let age_max_ms =
            age.map_or(standard.age_max_ms, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX));
        let rule = SealRule {
            rows_max: self.rows_max.unwrap_or(standard.rows_max),
            bytes_max: self.bytes_max.unwrap_or(standard.bytes_max),
            age_max_ms,
        };
        if rule.rows_max == 0 || rule.rows_max > 1_000_000 || rule.bytes_max == 0 || rule.bytes_max > 1 << 30
        {
            return Err(
                "batch: rows_max lies between 1 and 1000000, bytes_max between 1 and 1073741824".to_owned()
            );
        }
        Ok(rule)
    }
}

impl Table {
    fn checked(self, folder: &Path) -> Result<TableConfig, String> {
        let latency = self.latency.as_deref().map(|text| duration("table.latency", text)).transpose()?;
        // Iterators live for 15 minutes.
        let latency = latency.unwrap_or(Duration::from_secs(10));
        if latency < Duration::from_millis(200) || latency > Duration::from_secs(600) {
            return Err("table.latency should lie between 200ms and 10m".to_owned());
        }
        Ok(TableConfig {
            columns: lake::columns(&self.keys, self.columns.as_ref())?,
            log: self.log.unwrap_or_else(|| self.name.clone()),
            name: self.name,
            require_view_type: self.require_view_type,
            start: self.start,
            on_gap: self.on_gap,
            latency,
            filters: filters::filters(self.filter, folder)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = "archive = \"a\"\n[signing]\nkey = \"file:k\"\n[[table]]\nname = \"orders\"\n";

    fn parse(text: &str) -> Result<Config, String> {
        Config::parse(text, Path::new("/etc/sealog"), &Overrides::default())
    }

    #[test]
    fn the_smallest_file_has_the_stated_defaults() {
        let config = parse(SMALLEST).unwrap();
        assert_eq!(config.archive, Location::Directory("/etc/sealog/a".into()));
        assert_eq!(config.signing, Signing::file("/etc/sealog/k".into()));
        assert_eq!(config.heartbeat, Duration::from_secs(3600));
        let table = &config.tables[0];
        assert_eq!(
            (table.log.as_str(), table.start, table.on_gap),
            ("orders", StartAt::TrimHorizon, OnGap::Halt)
        );
    }

    #[test]
    fn the_environment_stands_over_the_file() {
        let overrides = Overrides { archive: Some("s3://bucket/p".to_owned()), signing_key: None };
        let config = Config::parse(SMALLEST, Path::new("."), &overrides).unwrap();
        assert_eq!(config.archive.to_string(), "s3://bucket/p");
    }

    #[test]
    fn keys_are_files_or_of_the_key_service_and_two_may_overlap() {
        let with = |more: &str| {
            parse(&SMALLEST.replace("[[table]]", &format!("{more}\n[[table]]"))).map(|it| it.signing)
        };
        let signing = with("also = \"kms:alias/sealog\"\nname = \"acme\"").unwrap();
        assert_eq!(signing.also, Some(KeySource::Kms("alias/sealog".to_owned())));
        assert_eq!((signing.key, signing.name), (KeySource::File("/etc/sealog/k".into()), "acme".to_owned()));
        for wrong in ["also = \"kms:\"", "also = \"file:\"", "also = \"k\"", "name = \"a b\"", "name = \"\""]
        {
            assert!(with(wrong).unwrap_err().contains("[signing]"), "{wrong}");
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_right_one() {
        for (text, hint) in [
            (SMALLEST.replace("archive", "archiv"), "archiv is unknown; did you mean archive?"),
            (format!("{SMALLEST}on-gap = \"halt\"\n"), "table.on-gap is unknown; did you mean on_gap?"),
            (SMALLEST.replace("key =", "keyfile ="), "signing.keyfile is unknown; did you mean key?"),
            (format!("{SMALLEST}zzz = 1\n"), "table.zzz is unknown; known are"),
        ] {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }

    #[test]
    fn wrong_values_say_what_is_right() {
        for (text, hint) in [
            (format!("{SMALLEST}latency = \"soon\"\n"), "such as"),
            (format!("{SMALLEST}latency = \"15m\"\n"), "10m"),
            (format!("{SMALLEST}start = \"now\"\n"), "trim_horizon"),
            (format!("{SMALLEST}require_view_type = \"ALL\"\n"), "NEW_AND_OLD_IMAGES"),
            (format!("{SMALLEST}[[table]]\nname = \"orders\"\n"), "twice"),
            (format!("{SMALLEST}log = \"../x\"\n"), "log"),
            ("archive = \"a\"\n[signing]\nkey = \"file:k\"\n".to_owned(), "[[table]]"),
            ("archive = 1\n".to_owned(), "archive"),
        ] {
            let problem = parse(&text).unwrap_err();
            assert!(problem.contains(hint), "{problem}");
        }
    }
}
