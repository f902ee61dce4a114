//! `[[table.filter]]`: who judges the records of a table.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sealog_filter::{FilterDigest, Mode, OnFault};
use serde::Deserialize;

/// Most filters of a table: what they state has to fit into a commit.
const FILTERS_MAX: usize = 8;
/// The least that any guest needs.
const MEMORY_MIN: usize = 1 << 20;
const MEMORY_MAX: usize = 1 << 30;
const WALL_MIN: Duration = Duration::from_millis(100);
const WALL_MAX: Duration = Duration::from_secs(60);

/// Keys of the section.
pub(super) const FILTER: &[&str] = &[
    "name",
    "component",
    "sha256",
    "mode",
    "enforce",
    "config",
    "on_fault",
    "fuel_per_record",
    "fuel_per_byte",
    "fuel_configure",
    "memory_max",
    "wall_max",
];

/// One filter of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterConfig {
    /// Its name in the log; the manifest's by default.
    pub name: Option<String>,
    /// The component's file.
    pub component: PathBuf,
    /// The only component that is accepted.
    pub sha256: Option<FilterDigest>,
    /// Whether what it says has an effect. In shadow mode, which is the default, it is asked and counted, and everything
    /// is kept: nothing is lost by a filter that nobody has seen at work.
    pub mode: Mode,
    /// What it is told when it is configured; JSON.
    pub config: serde_json::Value,
    /// What a failure of it does to the table. `halt` stops it before the record is archived, and changes are lost for
    /// ever 24 hours later if nobody comes.
    pub on_fault: OnFault,
    /// What it may use up.
    pub limits: FilterLimits,
}

/// What a filter may use up; `None`: what [`sealog_filter::Limits`] has. They are part of a filter's identity.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FilterLimits {
    /// Fuel for each record.
    pub fuel_per_record: Option<u64>,
    /// Fuel in addition, for each byte of its declared columns.
    pub fuel_per_byte: Option<u64>,
    /// Fuel for making an instance and configuring it, which happens anew for each batch.
    pub fuel_configure: Option<u64>,
    /// Bytes of memory.
    pub memory_max: Option<usize>,
    /// How long one call may take by the clock.
    pub wall_max: Option<Duration>,
}

impl FilterConfig {
    /// How a message names it.
    pub(crate) fn shown(&self) -> String {
        self.name.clone().map_or_else(|| self.component.display().to_string(), |name| format!("{name:?}"))
    }
}

/// The section as it stands.
#[derive(Deserialize)]
pub(super) struct FilterSection {
    name: Option<String>,
    component: PathBuf,
    sha256: Option<String>,
    mode: Option<ModeText>,
    enforce: Option<bool>,
    #[serde(default)]
    config: toml::Table,
    #[serde(default)]
    on_fault: OnFaultText,
    fuel_per_record: Option<u64>,
    fuel_per_byte: Option<u64>,
    fuel_configure: Option<u64>,
    memory_max: Option<usize>,
    wall_max: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum ModeText {
    Shadow,
    Enforce,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum OnFaultText {
    #[default]
    Keep,
    Halt,
}

/// The filters of a table.
pub(super) fn filters(sections: Vec<FilterSection>, folder: &Path) -> Result<Vec<FilterConfig>, String> {
    if sections.len() > FILTERS_MAX {
        return Err(format!("table.filter: a table has at most {FILTERS_MAX} filters"));
    }
    let filters =
        sections.into_iter().map(|section| section.checked(folder)).collect::<Result<Vec<_>, _>>()?;
    let twice = filters.iter().enumerate().find(|(place, filter)| {
        filter.name.is_some() && filters.iter().take(*place).any(|other| other.name == filter.name)
    });
    match twice {
        Some((_, filter)) => {
            Err(format!("table.filter: two filters are named {}; give one another name", filter.shown()))
        }
        None => Ok(filters),
    }
}

impl FilterSection {
    fn checked(self, folder: &Path) -> Result<FilterConfig, String> {
        let shown = self.name.clone().unwrap_or_else(|| self.component.display().to_string());
        let wrong = |problem: &str| format!("table.filter {shown}: {problem}");
        if self.name.as_deref().is_some_and(|name| !is_name(name)) {
            return Err(wrong("a name is 1 to 64 of a-z, 0-9 and '-'"));
        }
        let sha256 = self.sha256.as_deref().map(str::parse::<FilterDigest>).transpose();
        let sha256 = sha256.map_err(|problem| wrong(&format!("sha256: {problem}")))?;
        let mode = self.checked_mode(sha256).map_err(&wrong)?;
        Ok(FilterConfig {
            mode,
            component: folder.join(&self.component),
            limits: self.limits().map_err(|problem| wrong(&problem))?,
            config: json(toml::Value::Table(self.config)).map_err(|problem| wrong(&problem))?,
            name: self.name,
            sha256,
            on_fault: match self.on_fault {
                OnFaultText::Keep => OnFault::Keep,
                OnFaultText::Halt => OnFault::Halt,
            },
        })
    }

    /// From shadow to enforce is the risky direction: it is said twice, and of one component only.
    fn checked_mode(&self, sha256: Option<FilterDigest>) -> Result<Mode, &'static str> {
        match (self.mode, self.enforce.unwrap_or(false)) {
            (Some(ModeText::Enforce), false) => Err(
                "mode = \"enforce\" lets it drop and redact records: write enforce = true beside it, and sha256 = \"…\" \
                 (`sealog filter pin` prints it) once you have seen it at work in shadow mode",
            ),
            (Some(ModeText::Shadow), true) => {
                Err("mode = \"shadow\" and enforce = true contradict each other: leave one out")
            }
            (_, true) if sha256.is_none() => Err(
                "enforce = true needs the component's digest: `sealog filter pin` writes sha256 = \"…\", so that no other \
                 component can drop or redact records",
            ),
            (_, true) => Ok(Mode::Enforce),
            (_, false) => Ok(Mode::Shadow),
        }
    }

    fn limits(&self) -> Result<FilterLimits, String> {
        let wall_max = self.wall_max.as_deref().map(|text| super::duration("wall_max", text)).transpose()?;
        if wall_max.is_some_and(|wall| !(WALL_MIN..=WALL_MAX).contains(&wall)) {
            return Err("wall_max lies between 100ms and 60s".to_owned());
        }
        if self.memory_max.is_some_and(|memory| !(MEMORY_MIN..=MEMORY_MAX).contains(&memory)) {
            return Err(format!("memory_max lies between {MEMORY_MIN} and {MEMORY_MAX} bytes"));
        }
        let spent = [("fuel_per_record", self.fuel_per_record), ("fuel_configure", self.fuel_configure)];
        if let Some((key, _)) = spent.iter().find(|(_, fuel)| *fuel == Some(0)) {
            return Err(format!("{key} is at least 1"));
        }
        Ok(FilterLimits {
            fuel_per_record: self.fuel_per_record,
            fuel_per_byte: self.fuel_per_byte,
            fuel_configure: self.fuel_configure,
            memory_max: self.memory_max,
            wall_max,
        })
    }
}

fn is_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(is_plain)
}

/// What a filter is told, as the JSON that it reads.
fn json(value: toml::Value) -> Result<serde_json::Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => serde_json::Number::from_f64(number)
            .ok_or_else(|| format!("config: {number} is no number of JSON"))?
            .into(),
        toml::Value::Boolean(value) => value.into(),
        // JSON has no times.
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(values) => values.into_iter().map(json).collect::<Result<Vec<_>, _>>()?.into(),
        toml::Value::Table(members) => {
            let members = members.into_iter().map(|(name, value)| Ok((name, json(value)?)));
            members.collect::<Result<serde_json::Map<_, _>, String>>()?.into()
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Overrides};
    use super::*;

    const DIGEST: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    fn parse(section: &str) -> Result<Vec<FilterConfig>, String> {
        let text = format!(
            "archive = \"a\"\nredaction_secret = \"file:s\"\n[signing]\nkey = \"file:k\"\n[[table]]\nname = \"t\"\n{section}"
        );
        let mut config = Config::parse(&text, Path::new("/etc"), &Overrides::default())?;
        assert_eq!(config.redaction_secret.as_deref(), Some(Path::new("/etc/s")));
        Ok(config.tables.remove(0).filters)
    }

    #[test]
    fn a_filter_is_in_shadow_mode_until_it_is_told_otherwise_twice() {
        let filter = parse("[[table.filter]]\ncomponent = \"f.wasm\"\n").unwrap().remove(0);
        assert_eq!((filter.mode, filter.on_fault), (Mode::Shadow, OnFault::Keep));
        assert_eq!(filter.component, Path::new("/etc/f.wasm"));
        assert_eq!(filter.config, serde_json::json!({}));
        let full = format!(
            "[[table.filter]]\nname = \"x\"\ncomponent = \"f\"\nsha256 = \"{DIGEST}\"\nenforce = true\non_fault = \"halt\"\n\
             config = {{ threshold = \"10000\", deep = {{ list = [1, 2.5, true] }}, from = 2026-01-01 }}\nwall_max = \"2s\"\nmemory_max = 2000000\n\
             fuel_per_record = 1000\nfuel_per_byte = 2\nfuel_configure = 3000\n"
        );
        let filter = parse(&full).unwrap().remove(0);
        assert_eq!((filter.mode, filter.on_fault), (Mode::Enforce, OnFault::Halt));
        let config = serde_json::json!({ "deep": { "list": [1, 2.5, true] }, "from": "2026-01-01", "threshold": "10000" });
        assert_eq!(filter.config, config);
        let limits = FilterLimits {
            fuel_per_record: Some(1_000),
            fuel_per_byte: Some(2),
            fuel_configure: Some(3_000),
            memory_max: Some(2_000_000),
            wall_max: Some(Duration::from_secs(2)),
        };
        assert_eq!(filter.limits, limits);
        assert_eq!(filter.sha256.unwrap().to_string(), DIGEST);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_can() {
        let pinned = format!("sha256 = \"{DIGEST}\"\n");
        for (section, hint) in [
            ("mode = \"enforce\"\n", "enforce = true"),
            ("enforce = true\n", "sealog filter pin"),
            ("sha256 = \"AB\"\nenforce = true\n", "64 lower-case hex"),
            (&format!("{pinned}mode = \"shadow\"\nenforce = true\n"), "contradict"),
            ("mode = \"bypassed\"\n", "shadow"),
            ("on_fault = \"drop\"\n", "halt"),
            ("thresold = 1\n", "table.filter.thresold is unknown"),
            ("name = \"A B\"\n", "a-z"),
            ("wall_max = \"1ms\"\n", "100ms"),
            ("memory_max = 1\n", "memory_max lies"),
            ("fuel_per_record = 0\n", "fuel_per_record is at least 1"),
            ("fuel_configure = 0\n", "fuel_configure is at least 1"),
            ("config = { at = nan }\n", "no number"),
        ] {
            let problem = parse(&format!("[[table.filter]]\ncomponent = \"f.wasm\"\n{section}")).unwrap_err();
            assert!(problem.contains(hint), "{section}: {problem}");
        }
        assert!(parse("[[table.filter]]\nname = \"x\"\n").unwrap_err().contains("component"));
        let two = "[[table.filter]]\nname = \"x\"\ncomponent = \"f\"\n".repeat(2);
        assert!(parse(&two).unwrap_err().contains("two filters"));
        let many = "[[table.filter]]\ncomponent = \"f\"\n".repeat(9);
        assert!(parse(&many).unwrap_err().contains("at most 8"));
    }
}
