//! The types of `wit/filter-1.0.0/filter.wit` as the engine reads and writes them. Names and order are the interface's.

use wasmtime::component::{ComponentType, Lift, Lower, flags};

/// `change-kind`.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum ChangeKind {
    #[component(name = "insert")]
    Insert,
    #[component(name = "modify")]
    Modify,
    #[component(name = "remove")]
    Remove,
    #[component(name = "other")]
    Other,
}

/// `image`.
#[expect(dead_code, reason = "made by the derived `Lift`, which the lint does not see")]
#[expect(clippy::enum_variant_names, reason = "the names of the interface")]
#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum Image {
    #[component(name = "keys")]
    Keys,
    #[component(name = "old-image")]
    OldImage,
    #[component(name = "new-image")]
    NewImage,
}

/// `column`.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Column {
    pub(crate) image: Image,
    pub(crate) path: Vec<String>,
}

flags! {
    VerdictKinds {
        #[component(name = "drop")]
        const DROP;
        #[component(name = "redact")]
        const REDACT;
        #[component(name = "tag")]
        const TAG;
        #[component(name = "alert")]
        const ALERT;
    }
}

/// `manifest`.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Manifest {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) columns: Vec<Column>,
    pub(crate) reasons: Vec<String>,
    pub(crate) verdicts: VerdictKinds,
    #[component(name = "config-schema")]
    pub(crate) config_schema: Option<String>,
}

/// `value`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower)]
#[component(variant)]
pub(crate) enum Value<'a> {
    #[component(name = "absent")]
    Absent,
    #[component(name = "nil")]
    Nil,
    #[component(name = "boolean")]
    Boolean(bool),
    #[component(name = "number")]
    Number(&'a str),
    #[component(name = "text")]
    Text(&'a str),
    #[component(name = "bytes")]
    Bytes(&'a [u8]),
    #[component(name = "json")]
    Json(&'a str),
}

/// `identity`.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Identity<'a> {
    pub(crate) kind: &'a str,
    pub(crate) principal: &'a str,
}

/// `change`.
#[derive(Debug, Clone, Copy, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Change<'a> {
    pub(crate) kind: ChangeKind,
    #[component(name = "created-ms")]
    pub(crate) created_ms: Option<i64>,
    pub(crate) sequence: &'a str,
    pub(crate) identity: Option<Identity<'a>>,
    pub(crate) cells: &'a [Value<'a>],
}

/// `tag`.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Tag {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// `edits`.
#[derive(Debug, ComponentType, Lift)]
#[component(record)]
pub(crate) struct Edits {
    pub(crate) tags: Vec<Tag>,
    pub(crate) redact: Vec<u32>,
    pub(crate) alert: Option<String>,
}

/// `verdict`.
#[derive(Debug, ComponentType, Lift)]
#[component(variant)]
pub(crate) enum Verdict {
    #[component(name = "keep")]
    Keep,
    #[component(name = "drop")]
    Drop(String),
    #[component(name = "keep-with")]
    KeepWith(Edits),
}

/// `level`.
#[expect(dead_code, reason = "made by the derived `Lift`, which the lint does not see")]
#[derive(Debug, Clone, Copy, ComponentType, Lift)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum Level {
    #[component(name = "debug")]
    Debug,
    #[component(name = "info")]
    Info,
    #[component(name = "warn")]
    Warn,
    #[component(name = "error")]
    Error,
}

/// Parameters and result of `configure`.
pub(crate) type ConfigureParams<'a> = (&'a str,);
pub(crate) type ConfigureResult = (Result<Manifest, String>,);
/// Parameters and result of `evaluate`.
pub(crate) type EvaluateParams<'a> = (&'a [Change<'a>],);
pub(crate) type EvaluateResult = (Result<Vec<Verdict>, String>,);
