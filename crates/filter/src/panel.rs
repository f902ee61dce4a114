//! The filters of one table, and what they decide together.

mod ballot;
mod breaker;
mod redact;
mod round;
mod search;

use sealog_record::{ChangeRecord, Decision, Verdict};

use self::ballot::Ballot;
use self::breaker::Breaker;
use self::redact::Place;
use self::round::{Opinions, Round};
use self::search::Stride;
use crate::{Fault, Filter, FilterError, LogLine, Mode};

/// Most filters of a table.
const FILTERS_MAX: usize = 16;

/// The secret that salts redactions are derived from. Whoever has it can prove what was removed.
#[derive(Clone)]
pub struct RedactionSecret(pub [u8; 32]);

impl std::fmt::Debug for RedactionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedactionSecret(…)")
    }
}

impl std::str::FromStr for RedactionSecret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut bytes = [0; 32];
        match hex::decode_to_slice(text.trim(), &mut bytes) {
            Ok(()) => Ok(Self(bytes)),
            Err(_) => {
                Err("a redaction secret is 64 hex digits; make one with `sealog keys generate --redaction`"
                    .to_owned())
            }
        }
    }
}

/// How a filter of a panel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its word counts.
    Enforce,
    /// It is only counted.
    Shadow,
    /// It failed too often and is asked no more.
    Bypassed,
}

/// The filters of one table, in order.
#[derive(Debug)]
pub struct Panel {
    seats: Vec<Seat>,
    secret: Option<RedactionSecret>,
}

/// A filter, and what is remembered of it from record to record: nothing that its verdicts could depend on.
#[derive(Debug)]
struct Seat {
    filter: Filter,
    is_bypassed: bool,
    breaker: Breaker,
    stride: Stride,
}

/// What one filter said of the rows it saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Kept, with or without marks.
    pub keep: u64,
    /// Dropped.
    pub drop: u64,
    /// Redacted.
    pub redact: u64,
    /// Failed at.
    pub fault: u64,
}

/// What one filter said of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum Opinion {
    /// It was not asked: it is bypassed, or a filter before it dropped the row.
    #[default]
    Unasked,
    /// Keep it, with or without marks.
    Keep,
    /// Drop it.
    Drop,
    /// Redact something of it.
    Redact,
    /// It failed.
    Fault,
}

/// Something that somebody should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A filter failed at a record, which is kept and flagged.
    Fault {
        /// The filter's name.
        filter: String,
        /// The record.
        sequence: String,
        /// What happened.
        fault: Fault,
    },
    /// A filter raised an alert.
    Alert {
        /// The filter's name.
        filter: String,
        /// The record.
        sequence: String,
        /// The code.
        reason: String,
        /// Whether the filter is in shadow mode: the row does not show it.
        shadow: bool,
    },
    /// A filter failed too often and is asked no more; everything is kept.
    Bypassed {
        /// The filter's name.
        filter: String,
        /// Place of the last row that it was asked about; those behind it are judged without it.
        row: usize,
        /// Why.
        reason: String,
    },
    /// A filter wrote to its log.
    Log {
        /// The filter's name.
        filter: String,
        /// What it wrote.
        line: LogLine,
    },
}

/// What becomes of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What was decided.
    pub verdict: Verdict,
    /// Reason code, or `fault:<class>`.
    pub reason: Option<String>,
    /// JSON object of texts, keys sorted.
    pub tags: Option<String>,
    /// JSON array of what was redacted.
    pub redactions: Option<String>,
    /// SHA-256 (hex) of the component that decided.
    pub filter: Option<String>,
    /// The old image with its redactions, if it has any.
    pub old_image: Option<String>,
    /// The new image with its redactions, if it has any.
    pub new_image: Option<String>,
}

impl Judgement {
    /// What a record gets that no filter has anything to say of.
    pub const KEEP: Self = Self {
        verdict: Verdict::Keep,
        reason: None,
        tags: None,
        redactions: None,
        filter: None,
        old_image: None,
        new_image: None,
    };

    /// The decision as the evidence row carries it.
    #[must_use]
    pub fn decision(&self) -> Decision<'_> {
        Decision {
            verdict: self.verdict.as_str(),
            reason: self.reason.as_deref(),
            tags: self.tags.as_deref(),
            redactions: self.redactions.as_deref(),
            filter: self.filter.as_deref(),
        }
    }

    /// The record as it is archived: `original` itself, without images if it is dropped, with edited ones if it is
    /// redacted.
    #[must_use]
    pub fn archived<'a>(&'a self, original: &ChangeRecord<'a>) -> ChangeRecord<'a> {
        match self.verdict {
            Verdict::Keep => *original,
            Verdict::Drop => ChangeRecord { old_image: None, new_image: None, ..*original },
            Verdict::Redact => ChangeRecord {
                old_image: self.old_image.as_deref().or(original.old_image),
                new_image: self.new_image.as_deref().or(original.new_image),
                ..*original
            },
        }
    }
}

/// What becomes of a run of records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judged {
    /// One per record, in order.
    pub rows: Vec<Judgement>,
    /// What each filter said of each row: as many for each row as the panel has filters, row by row.
    pub opinions: Vec<Opinion>,
    /// One per filter of the panel, in order.
    pub counts: Vec<Counts>,
    /// In the order of filters, and within one filter in the order of records.
    pub notices: Vec<Notice>,
}

/// A filter that is to halt its table at a fault met one. Nothing of this run of records may be archived.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("filter {filter:?} failed at record {sequence} (shard {shard}) and is configured to halt: {fault}")]
pub struct Halted {
    /// The filter's name.
    pub filter: String,
    /// The shard.
    pub shard: String,
    /// The record.
    pub sequence: String,
    /// What happened.
    pub fault: Fault,
}

impl Panel {
    /// The filters of one table, in the order in which they are asked.
    ///
    /// # Errors
    /// [`FilterError::Panel`] when two filters have one name, there are more than 16, or a filter that enforces may redact
    /// and there is no secret.
    pub fn new(filters: Vec<Filter>, secret: Option<RedactionSecret>) -> Result<Self, FilterError> {
        let refused =
            |filter: &Filter, why: String| FilterError::Panel { filter: filter.name().to_owned(), why };
        for (place, filter) in filters.iter().enumerate() {
            if place >= FILTERS_MAX {
                return Err(refused(filter, format!("a table has at most {FILTERS_MAX} filters")));
            }
            if filters.iter().take(place).any(|other| other.name() == filter.name()) {
                return Err(refused(
                    filter,
                    "two filters of a table have this name: give one another".to_owned(),
                ));
            }
            if filter.mode() == Mode::Enforce && filter.manifest().verdicts.redact && secret.is_none() {
                let why = "it may redact, which needs a secret for the commitments that stay: make one with `sealog keys \
                           generate --redaction` and name it by `redaction_secret`";
                return Err(refused(filter, why.to_owned()));
            }
        }
        let seat = |filter| Seat {
            filter,
            is_bypassed: false,
            breaker: Breaker::default(),
            stride: Stride::default(),
        };
        Ok(Self { seats: filters.into_iter().map(seat).collect(), secret })
    }

    /// The filters, with how they stand.
    pub fn filters(&self) -> impl ExactSizeIterator<Item = (&Filter, Standing)> {
        self.seats.iter().map(|seat| (&seat.filter, seat.standing()))
    }

    /// Judges records of one shard, in order. Blocks, as long as the limits of the filters allow: keep it off threads that
    /// must not wait.
    ///
    /// # Errors
    /// [`Halted`].
    pub fn judge(
        &mut self,
        stream: &str,
        shard: &str,
        records: &[ChangeRecord<'_>],
    ) -> Result<Judged, Halted> {
        let opinions = vec![Opinion::Unasked; records.len() * self.seats.len()];
        let mut judged = Judged { opinions, ..Judged::default() };
        let seats = self.seats.len();
        let mut ballots: Vec<Ballot> = Vec::new();
        ballots.resize_with(records.len(), Ballot::default);
        for (seat, filter) in self.seats.iter_mut().enumerate() {
            let mut round = Round {
                seat,
                shard,
                records,
                ballots: &mut ballots,
                opinions: Opinions { said: &mut judged.opinions, filters: seats, seat },
                notices: &mut judged.notices,
            };
            judged.counts.push(round.hold(filter)?);
        }
        let filters: Vec<_> = self.seats.iter().map(|seat| &seat.filter).collect();
        for (record, ballot) in records.iter().zip(&ballots) {
            let place = Place { stream, shard, sequence: record.sequence_number };
            judged.rows.push(ballot.judgement(&filters, record, place, self.secret.as_ref()));
        }
        Ok(judged)
    }
}

impl Seat {
    fn standing(&self) -> Standing {
        match self.filter.mode() {
            _ if self.is_bypassed => Standing::Bypassed,
            Mode::Enforce => Standing::Enforce,
            Mode::Shadow => Standing::Shadow,
        }
    }
}
