//! What can be found, how bad each is, and where (FORMAT.md, section 8, "Findings").

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

/// How bad a finding is; the worst of a log decides its outcome. Ordered from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing, proves nothing.
    Notice,
    /// Changes that could no longer be read were admitted.
    Gap,
    /// Nothing from outside vouches for it.
    Unattested,
    /// Nothing newer than the heartbeat allows.
    Stale,
    /// It could not be judged. Not the same as tampered.
    Unverifiable,
    /// It is not as it was sealed.
    Tampered,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $text:literal $level:ident,)*) => {
        /// What was found; the texts and levels are those of FORMAT.md's table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code's text, such as `object-changed`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }
        }
    };
}

codes! {
    /// A number below the highest is not there.
    CommitMissing "commit-missing" Tampered,
    /// Bytes are not a commit in its only form, or contradict themselves.
    CommitMalformed "commit-malformed" Tampered,
    /// A commit of a format that a newer reader may know.
    FormatUnknown "format-unknown" Unverifiable,
    /// A commit says another number than its name.
    CommitMisplaced "commit-misplaced" Tampered,
    /// A commit's hash is not what the next one states.
    CommitChanged "commit-changed" Tampered,
    /// A commit of another log.
    OriginMismatch "origin-mismatch" Tampered,
    /// A commit is dated before its predecessor.
    ClockBackwards "clock-backwards" Tampered,
    /// Commit 0 does not begin with a genesis.
    GenesisMissing "genesis-missing" Tampered,
    /// Records between two segments of a shard are missing.
    SegmentHole "segment-hole" Tampered,
    /// A segment repeats records, or its shard had ended.
    SegmentReplayed "segment-replayed" Tampered,
    /// Rows of a shard were committed before its parent had ended.
    ParentOrder "parent-order" Tampered,
    /// Any other rule of the fold is broken.
    FactContradiction "fact-contradiction" Tampered,
    /// Not a checkpoint, or of another origin.
    CheckpointMalformed "checkpoint-malformed" Tampered,
    /// A signature by the key to check with does not hold.
    BadSignature "bad-signature" Tampered,
    /// No signature by the key to check with, or that key is not trusted.
    WrongKey "wrong-key" Tampered,
    /// A checkpoint covers more commits than there are.
    CheckpointAhead "checkpoint-ahead" Tampered,
    /// A checkpoint's root is not that of its commits.
    RootMismatch "root-mismatch" Tampered,
    /// An evidence object is not there.
    ObjectMissing "object-missing" Tampered,
    /// An evidence object has other bytes than its commit states.
    ObjectChanged "object-changed" Tampered,
    /// The right bytes, but no evidence.
    ObjectUnreadable "object-unreadable" Tampered,
    /// A row is not what its stored leaf says.
    RowChanged "row-changed" Tampered,
    /// A row is not of its segment's shard.
    RowForeign "row-foreign" Tampered,
    /// A row does not lie behind the one before it.
    RowOrder "row-order" Tampered,
    /// The last row of a segment is not its `last`.
    SegmentMismatch "segment-mismatch" Tampered,
    /// Rows or decisions differ from the commit's counts.
    CountsMismatch "counts-mismatch" Tampered,
    /// The root over the rows is not the commit's.
    RecordsRootMismatch "records-root-mismatch" Tampered,
    /// A name that is created once was written again.
    SecondVersion "second-version" Tampered,
    /// A name that is created once was deleted.
    DeleteMarker "delete-marker" Tampered,
    /// A tile says something else than the commits.
    TileMismatch "tile-mismatch" Tampered,
    /// An object could not be read.
    Unreadable "unreadable" Unverifiable,
    /// There are no commits.
    NoLog "no-log" Unverifiable,
    /// The newest commit is older than the heartbeat allows.
    Stale "stale" Stale,
    /// Neither key nor checkpoint from outside.
    NoTrust "no-trust" Unattested,
    /// A key was given, but the log has no checkpoint.
    Unsigned "unsigned" Unattested,
    /// Commits that nothing from outside vouches for.
    UnsignedTail "unsigned-tail" Unattested,
    /// Changes that could no longer be read, as the log admits.
    GapDeclared "gap-declared" Gap,
    /// A name that has no place where it lies.
    ForeignObject "foreign-object" Notice,
    /// A shard ended and nothing continues it.
    ChildrenMissing "children-missing" Notice,
    /// The store kept versions once and does no more.
    VersioningSuspended "versioning-suspended" Notice,
    /// Versions could not be looked at.
    VersionsUnseen "versions-unseen" Notice,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing that was found, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What.
    pub code: Code,
    /// How bad.
    pub level: Level,
    /// Commit number, or a checkpoint's size for the codes that name one.
    pub commit: Option<u64>,
    /// Object, by its name within the log.
    pub object: Option<String>,
    /// Shard.
    pub shard: Option<String>,
    /// Row within the object, from 0.
    pub row: Option<u64>,
    /// For people: what was found, what was expected, what it means.
    pub message: String,
}

/// Where something was found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) commit: Option<u64>,
    pub(crate) object: Option<String>,
    pub(crate) shard: Option<String>,
    pub(crate) row: Option<u64>,
}

impl Place {
    pub(crate) fn commit(number: u64) -> Self {
        Self { commit: Some(number), ..Self::default() }
    }

    pub(crate) fn object(key: &str) -> Self {
        Self { object: Some(key.to_owned()), ..Self::default() }
    }

    pub(crate) fn shard(self, shard: &str) -> Self {
        Self { shard: Some(shard.to_owned()), ..self }
    }

    pub(crate) fn within(self, object: &str) -> Self {
        Self { object: Some(object.to_owned()), ..self }
    }

    pub(crate) fn row(self, row: u64) -> Self {
        Self { row: Some(row), ..self }
    }
}

type Order = (Option<u64>, &'static str, Option<u64>, Option<String>, Option<String>);

/// Findings in the report's order: by commit (none first), code, row. Of several at one place the first is kept.
#[derive(Debug, Default)]
pub(crate) struct Findings(BTreeMap<Order, Finding>);

impl Findings {
    pub(crate) fn add(&mut self, code: Code, place: Place, message: impl Into<String>) {
        let Place { commit, object, shard, row } = place;
        let order = (commit, code.as_str(), row, object.clone(), shard.clone());
        self.0.entry(order).or_insert_with(|| Finding {
            code,
            level: code.level(),
            commit,
            object,
            shard,
            row,
            message: message.into(),
        });
    }

    pub(crate) fn append(&mut self, other: Self) {
        for (order, finding) in other.0 {
            self.0.entry(order).or_insert(finding);
        }
    }

    pub(crate) fn worst(&self) -> Option<Level> {
        self.0.values().map(|finding| finding.level).max()
    }

    pub(crate) fn into_ordered(self) -> Vec<Finding> {
        self.0.into_values().collect()
    }
}
