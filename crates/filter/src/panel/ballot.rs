//! What the filters of a table said of one record, and what becomes of it.

use std::collections::BTreeMap;

use sealog_record::{ChangeRecord, Verdict};

use super::redact::{Place, redact};
use super::{Judgement, RedactionSecret};
use crate::json::quote;
use crate::{Answer, FaultClass, Filter, Tag};

/// Who did what, when several filters had a say. No guest can set a tag of this name.
const BY: &str = "sealog:by";

/// What one filter said, other than a plain keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Drop(String),
    With { tags: Vec<Tag>, redact: Vec<usize>, alert: Option<String> },
    Fault(FaultClass),
}

impl Word {
    pub(super) fn of(answer: Answer) -> Option<Self> {
        match answer {
            Answer::Keep => None,
            Answer::Drop(reason) => Some(Self::Drop(reason)),
            Answer::KeepWith { tags, redact, alert } => Some(Self::With { tags, redact, alert }),
        }
    }

    fn attribution(&self) -> String {
        match self {
            Self::Drop(_) => "drop".to_owned(),
            Self::Fault(_) => "fault".to_owned(),
            Self::With { tags, redact, alert } => {
                let effects =
                    [("redact", !redact.is_empty()), ("tag", !tags.is_empty()), ("alert", alert.is_some())];
                let effects: Vec<_> = effects.iter().filter(|(_, has)| *has).map(|(what, _)| *what).collect();
                effects.join("+")
            }
        }
    }
}

/// What the filters that enforce said of one record, in their order.
#[derive(Debug, Default)]
pub(super) struct Ballot {
    words: Vec<(usize, Word)>,
}

impl Ballot {
    pub(super) fn cast(&mut self, seat: usize, word: Word) {
        self.words.push((seat, word));
    }

    pub(super) fn is_dropped(&self) -> bool {
        matches!(self.words.last(), Some((_, Word::Drop(_))))
    }

    /// What becomes of the record. The first drop wins, redactions and tags unite, a fault by itself keeps the record.
    pub(super) fn judgement(
        &self,
        filters: &[&Filter],
        record: &ChangeRecord<'_>,
        place: Place<'_>,
        secret: Option<&RedactionSecret>,
    ) -> Judgement {
        let Some((first, _)) = self.words.first() else { return Judgement::KEEP };
        let drop = self.words.iter().find_map(|(seat, word)| match word {
            Word::Drop(reason) => Some((*seat, reason.clone())),
            Word::With { .. } | Word::Fault(_) => None,
        });
        let fault = self.words.iter().find_map(|(seat, word)| match word {
            Word::Fault(class) => Some((*seat, format!("fault:{class}"))),
            Word::With { .. } | Word::Drop(_) => None,
        });
        let alert = self.words.iter().find_map(|(_, word)| match word {
            Word::With { alert, .. } => alert.clone(),
            Word::Drop(_) | Word::Fault(_) => None,
        });
        let decided = drop.clone().or(fault);
        let author = decided.as_ref().map_or(*first, |(seat, _)| *seat);
        let mut judgement = Judgement {
            verdict: if drop.is_some() { Verdict::Drop } else { Verdict::Keep },
            reason: decided.map(|(_, reason)| reason).or(alert),
            tags: self.tags(filters),
            filter: filters.get(author).map(|filter| filter.digest().to_string()),
            ..Judgement::KEEP
        };
        if drop.is_none()
            && let Some(secret) = secret
        {
            let asked = self.asked(filters);
            if let Some(redacted) = redact(record, place, &asked, secret) {
                judgement.verdict = Verdict::Redact;
                judgement.redactions = Some(redacted.redactions);
                judgement.old_image = redacted.old_image;
                judgement.new_image = redacted.new_image;
            }
        }
        judgement
    }

    /// The columns that are to be redacted, filter by filter.
    fn asked<'a>(&'a self, filters: &[&'a Filter]) -> Vec<(&'a Filter, &'a [usize])> {
        self.words
            .iter()
            .filter_map(|(seat, word)| match word {
                Word::With { redact, .. } if !redact.is_empty() => {
                    Some((*filters.get(*seat)?, redact.as_slice()))
                }
                Word::With { .. } | Word::Drop(_) | Word::Fault(_) => None,
            })
            .collect()
    }

    /// All tags as a JSON object, names sorted. Of several filters that set one name the first has its way.
    fn tags(&self, filters: &[&Filter]) -> Option<String> {
        let mut tags: BTreeMap<&str, String> = BTreeMap::new();
        for (_, word) in &self.words {
            let Word::With { tags: own, .. } = word else { continue };
            for tag in own {
                tags.entry(&tag.name).or_insert_with(|| tag.value.clone());
            }
        }
        if self.words.len() > 1 {
            let by = |(seat, word): &(usize, Word)| {
                let name = filters.get(*seat).map_or("", |filter| filter.name());
                format!("{name}:{}", word.attribution())
            };
            tags.insert(BY, self.words.iter().map(by).collect::<Vec<_>>().join(","));
        }
        if tags.is_empty() {
            return None;
        }
        let mut out = String::from("{");
        for (place, (name, value)) in tags.iter().enumerate() {
            if place > 0 {
                out.push(',');
            }
            quote(name, &mut out);
            out.push(':');
            quote(value, &mut out);
        }
        out.push('}');
        Some(out)
    }
}
