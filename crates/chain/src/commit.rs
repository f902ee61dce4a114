//! The commit: one link of the chain, and the only object that moves an archive forward (FORMAT.md, "Commit").

use sealog_record::{SequenceNumber, ShardId, StreamLabel, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ChainError, EMPTY_ROOT, Fact, Hash};

/// The format this program writes, and the only one it reads.
pub const FORMAT: &str = "sealog.commit/1";

/// The schema of the evidence objects it writes.
pub const SCHEMA: &str = "sealog.change/1";

/// Most bytes of a commit: the limit of a log entry in C2SP tlog-tiles.
pub const COMMIT_BYTES_MAX: usize = 65_535;

/// Largest integer in a commit: what every JSON reader holds exactly.
const INTEGER_MAX: u64 = (1 << 53) - 1;

/// One commit. Its rendered bytes are stored, hashed and chained; members stand in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// [`FORMAT`].
    pub format: String,
    /// Which log this is; fixed by the genesis.
    pub origin: String,
    /// Place in the log, from 0.
    pub number: u64,
    /// The commit before it; `None` for number 0.
    pub previous: Option<Previous>,
    /// When the writer made it; never before its predecessor.
    pub committed_at: Timestamp,
    /// Who made it.
    pub writer: Writer,
    /// What it seals; absent when it only states facts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// What it states; they take effect before the batch's segments.
    pub facts: Vec<Fact>,
}

/// The link to the commit before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Previous {
    /// SHA-256 of its stored bytes.
    pub sha256: Hash,
    /// Its version in a store that has versions.
    pub version_id: Option<String>,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Writer {
    /// Host, process and its start; tells writers apart, proves nothing.
    pub id: String,
    /// Program and version.
    pub build: String,
}

/// Rows sealed together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Batch {
    /// Rows over all objects.
    pub records: u64,
    /// RFC 6962 root over the leaves in row order, objects in listed order.
    pub records_root: Hash,
    /// Where the rows are.
    pub objects: Vec<BatchObject>,
    /// Which shards the rows belong to, in row order.
    pub segments: Vec<Segment>,
    /// How many rows got which decision; each row counts once.
    pub decisions: Decisions,
    /// Filters that judged, in order.
    pub filters: Vec<FilterUse>,
}

impl Batch {
    /// A batch without rows: its segments only close shards or say that we looked.
    #[must_use]
    pub fn without_rows(segments: Vec<Segment>) -> Self {
        Self {
            records: 0,
            records_root: EMPTY_ROOT,
            objects: Vec::new(),
            segments,
            decisions: Decisions::default(),
            filters: Vec::new(),
        }
    }
}

/// One evidence object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchObject {
    /// Name relative to the log; [`crate::evidence_key`] of its hash.
    pub key: String,
    /// Schema of its rows.
    pub schema: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of its bytes.
    pub sha256: Hash,
    /// Rows in it.
    pub rows: u64,
}

/// A contiguous run of one shard's records inside a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Segment {
    /// The stream.
    pub stream: StreamLabel,
    /// The shard.
    pub shard: ShardId,
    /// The shard it came from, as the service listed it.
    pub parent: Option<ShardId>,
    /// Where the run begins.
    pub from: SegmentFrom,
    /// With [`SegmentFrom::After`]: the shard's previous last record (exclusive).
    pub after: Option<SequenceNumber>,
    /// Last record of the run; `None` without rows.
    pub last: Option<SequenceNumber>,
    /// Rows of the run.
    pub rows: u64,
    /// Whether the shard ended with it.
    pub closed: bool,
}

/// Where a segment begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentFrom {
    /// At the oldest record that the service still had.
    TrimHorizon,
    /// At what was written from the stream's opening on.
    Latest,
    /// Behind the shard's previous last record.
    After,
}

/// How many rows got which decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decisions {
    /// Kept as they came.
    pub keep: u64,
    /// Tombstones.
    pub drop: u64,
    /// Kept with redactions.
    pub redact: u64,
    /// Kept because something failed: reason `fault:…`, whatever the verdict.
    pub fault: u64,
}

impl Decisions {
    /// Counts one row by its verdict and reason, as FORMAT.md defines it.
    pub fn count(&mut self, verdict: &str, reason: Option<&str>) {
        let place = match verdict {
            _ if reason.is_some_and(|reason| reason.starts_with("fault:")) => &mut self.fault,
            "drop" => &mut self.drop,
            "redact" => &mut self.redact,
            _ => &mut self.keep,
        };
        *place += 1;
    }

    /// Adds the counts of other rows.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.keep, other.keep),
            (&mut self.drop, other.drop),
            (&mut self.redact, other.redact),
            (&mut self.fault, other.fault),
        ] {
            *count = count.saturating_add(more);
        }
    }

    /// All four together; `None` when that is no number.
    #[must_use]
    pub fn sum(&self) -> Option<u64> {
        self.keep.checked_add(self.drop)?.checked_add(self.redact)?.checked_add(self.fault)
    }
}

/// A filter that judged a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilterUse {
    /// Its name.
    pub name: String,
    /// SHA-256 of the component.
    pub component: Hash,
    /// SHA-256 of its configuration.
    pub config: Hash,
    /// WIT world it was run as.
    pub world: String,
    /// Engine and version.
    pub engine: String,
    /// Profile of limits.
    pub limits: String,
    /// Whether what it says has an effect.
    pub mode: FilterMode,
    /// What it decided on the rows it saw, whether or not that was enforced.
    pub decisions: Decisions,
}

impl FilterUse {
    /// The same without counts: as a fact pins it.
    #[must_use]
    pub fn uncounted(&self) -> Self {
        Self { decisions: Decisions::default(), ..self.clone() }
    }
}

/// Whether what a filter says has an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FilterMode {
    /// It has.
    Enforce,
    /// It is only counted.
    Shadow,
    /// It was set aside; everything is kept.
    Bypassed,
}

impl Commit {
    /// The bytes to store: compact JSON, members in order.
    ///
    /// # Errors
    /// [`ChainError::TooLarge`] above [`COMMIT_BYTES_MAX`]; [`ChainError::Counts`] or [`ChainError::Malformed`] when the
    /// commit contradicts itself, so that nothing is written that no reader would take.
    pub fn render(&self) -> Result<Vec<u8>, ChainError> {
        self.check()?;
        let bytes = serde_json::to_vec(self).map_err(|error| ChainError::Malformed(error.to_string()))?;
        if bytes.len() > COMMIT_BYTES_MAX {
            return Err(ChainError::TooLarge { bytes: bytes.len(), max: COMMIT_BYTES_MAX });
        }
        Ok(bytes)
    }

    /// Reads stored bytes.
    ///
    /// A commit has exactly one rendering: white space, another member order, a duplicated or unknown member and
    /// trailing bytes are all refused, so that nobody reads more or less than was written.
    ///
    /// # Errors
    /// [`ChainError::Malformed`], [`ChainError::TooLarge`] or [`ChainError::Counts`].
    pub fn parse(bytes: &[u8]) -> Result<Self, ChainError> {
        if bytes.len() > COMMIT_BYTES_MAX {
            return Err(ChainError::TooLarge { bytes: bytes.len(), max: COMMIT_BYTES_MAX });
        }
        let commit: Self =
            serde_json::from_slice(bytes).map_err(|error| ChainError::Malformed(error.to_string()))?;
        if commit.render()? != bytes {
            return Err(ChainError::Malformed("it is not in the one form that a commit has".to_owned()));
        }
        Ok(commit)
    }

    /// What can be said of a commit without its log.
    fn check(&self) -> Result<(), ChainError> {
        if self.format != FORMAT {
            return Err(ChainError::Malformed(format!(
                "format {:?} is unknown; this reads {FORMAT:?}",
                self.format
            )));
        }
        if self.number > INTEGER_MAX || (self.number == 0) != self.previous.is_none() {
            return Err(ChainError::Malformed("only commit 0 has no predecessor".to_owned()));
        }
        self.facts.iter().try_for_each(Fact::check)?;
        match &self.batch {
            Some(batch) => batch.check(),
            None if self.facts.is_empty() => Err(ChainError::Malformed("neither batch nor facts".to_owned())),
            None => Ok(()),
        }
    }
}

impl Batch {
    fn check(&self) -> Result<(), ChainError> {
        let records = Some(self.records);
        if sum(self.objects.iter().map(|object| object.rows)) != records {
            return Err(ChainError::Counts("rows of the objects and records".to_owned()));
        }
        if sum(self.segments.iter().map(|segment| segment.rows)) != records {
            return Err(ChainError::Counts("rows of the segments and records".to_owned()));
        }
        if self.decisions.sum() != records {
            return Err(ChainError::Counts("decisions and records".to_owned()));
        }
        if self.segments.is_empty() {
            return Err(ChainError::Malformed("a batch without segments".to_owned()));
        }
        self.objects.iter().try_for_each(BatchObject::check)?;
        self.segments.iter().try_for_each(Segment::check)
    }
}

/// `None` when the sum is larger than a commit may state.
fn sum(mut counts: impl Iterator<Item = u64>) -> Option<u64> {
    counts.try_fold(0_u64, u64::checked_add).filter(|sum| *sum <= INTEGER_MAX)
}

impl BatchObject {
    fn check(&self) -> Result<(), ChainError> {
        if self.schema != SCHEMA {
            return Err(ChainError::Malformed(format!(
                "schema {:?} is unknown; this reads {SCHEMA:?}",
                self.schema
            )));
        }
        if self.key != crate::evidence_key(&self.sha256) || self.rows == 0 || self.bytes > INTEGER_MAX {
            return Err(ChainError::Malformed(format!(
                "object {:?} is not named by its hash or is empty",
                self.key
            )));
        }
        Ok(())
    }
}

impl Segment {
    fn check(&self) -> Result<(), ChainError> {
        let problem = |problem: &str| {
            Err(ChainError::Segment { shard: self.shard.to_string(), problem: problem.to_owned() })
        };
        if (self.from == SegmentFrom::After) != self.after.is_some() {
            return problem("`after` stands if and only if `from` is after");
        }
        if (self.rows == 0) != self.last.is_none() {
            return problem("`last` stands if and only if there are rows");
        }
        if self.last.is_some() && self.last <= self.after {
            return problem("`last` does not lie behind `after`");
        }
        Ok(())
    }
}
