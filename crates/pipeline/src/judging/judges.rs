//! Who judged a batch, and what the log has to state before it may say so.

use std::collections::BTreeMap;
use std::sync::Arc;

use sealog_chain::{Decisions, Fact, FilterMode, FilterUse, Hash};
use sealog_filter::{Filter, Mode, Panel};

use super::Opinions;

/// Characters of the reason why a filter was set aside.
const REASON_MAX: usize = 200;

/// The filters that judge a table's records, in the order in which they are asked, as they stand. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Judges(Arc<[Judge]>);

/// One filter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Judge {
    /// As it is pinned.
    pinned: FilterUse,
    /// Why it was set aside.
    bypassed: Option<String>,
}

impl PartialEq for Judges {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
    }
}

impl Eq for Judges {}

impl Judges {
    /// A panel that has not judged yet.
    pub(crate) fn of(panel: &Panel) -> Self {
        let judge = |(filter, _)| Judge { pinned: pinned(filter), bypassed: None };
        Self(panel.filters().map(judge).collect())
    }

    /// The same with one set aside.
    pub(crate) fn without(&self, name: &str, reason: &str) -> Self {
        let judge = |judge: &Judge| {
            let is_meant = judge.pinned.name == name;
            let bypassed = if is_meant { Some(stated(reason)) } else { judge.bypassed.clone() };
            Judge { bypassed, ..judge.clone() }
        };
        Self(self.0.iter().map(judge).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nobody judges.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The `filters` of a batch on whose rows they said this.
    pub(crate) fn uses(&self, opinions: &Opinions) -> Vec<FilterUse> {
        let stand = |(place, judge): (usize, &Judge)| FilterUse {
            decisions: opinions.counts(place),
            mode: judge.mode(),
            ..judge.pinned.clone()
        };
        self.0.iter().enumerate().map(stand).collect()
    }

    /// What has to be stated so that they may judge in a log whose filters in force are `pinned`, however that came
    /// about: a start, another configuration, or another writer with other filters.
    pub(crate) fn facts(&self, pinned: &BTreeMap<String, FilterUse>) -> Vec<Fact> {
        let is_gone = |name: &str| self.0.iter().all(|judge| judge.pinned.name != name);
        let gone = pinned
            .values()
            .filter(|old| is_gone(&old.name))
            .map(|old| Fact::FilterRemoved { name: old.name.clone(), component: old.component });
        gone.chain(self.0.iter().flat_map(|judge| judge.facts(pinned.get(&judge.pinned.name)))).collect()
    }
}

impl Judge {
    fn mode(&self) -> FilterMode {
        if self.bypassed.is_some() { FilterMode::Bypassed } else { self.pinned.mode }
    }

    fn facts(&self, old: Option<&FilterUse>) -> Vec<Fact> {
        let known = old.map(FilterUse::uncounted);
        let stands = FilterUse { mode: self.mode(), ..self.pinned.clone() };
        if known.as_ref() == Some(&stands) {
            return Vec::new();
        }
        let pin = Fact::FilterPinned { filter: self.pinned.clone(), replaces: old.map(|old| old.component) };
        let pin = (known.as_ref() != Some(&self.pinned)).then_some(pin);
        let bypass = self.bypassed.clone().map(|reason| Fact::FilterBypassed {
            name: self.pinned.name.clone(),
            component: self.pinned.component,
            reason,
        });
        pin.into_iter().chain(bypass).collect()
    }
}

/// A reason as a commit has room for it.
fn stated(reason: &str) -> String {
    let is_plain = |c: &char| c.is_ascii() && !c.is_ascii_control() && !matches!(c, '"' | '\\');
    reason.chars().filter(is_plain).take(REASON_MAX).collect()
}

fn pinned(filter: &Filter) -> FilterUse {
    FilterUse {
        name: filter.name().to_owned(),
        component: Hash(filter.digest().0),
        config: Hash(filter.config_sha256()),
        world: filter.world().to_owned(),
        engine: filter.engine().to_owned(),
        limits: filter.limits().identity(),
        mode: match filter.mode() {
            Mode::Enforce => FilterMode::Enforce,
            Mode::Shadow => FilterMode::Shadow,
        },
        decisions: Decisions::default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(name: &str, component: u8) -> Judge {
        let pinned = FilterUse {
            name: name.to_owned(),
            component: Hash([component; 32]),
            config: Hash([9; 32]),
            world: "w".to_owned(),
            engine: "e".to_owned(),
            limits: "l".to_owned(),
            mode: FilterMode::Enforce,
            decisions: Decisions::default(),
        };
        Judge { pinned, bypassed: None }
    }

    /// Facts as kind and name, and the filters in force behind them.
    fn stated(judges: &[Judge], pinned: &mut BTreeMap<String, FilterUse>) -> Vec<String> {
        let judges = Judges(judges.iter().cloned().collect());
        let mut told = Vec::new();
        for fact in judges.facts(pinned) {
            if let Fact::FilterPinned { filter, replaces } = fact {
                told.push(format!("pin {} {}", filter.name, replaces.is_some()));
                pinned.insert(filter.name.clone(), filter);
            } else if let Fact::FilterRemoved { name, .. } = fact {
                pinned.remove(&name);
                told.push(format!("remove {name}"));
            } else if let Fact::FilterBypassed { name, reason, .. } = fact {
                pinned.get_mut(&name).unwrap().mode = FilterMode::Bypassed;
                told.push(format!("bypass {name} {reason}"));
            }
        }
        told
    }

    /// The longest texts that a filter can have, whatever the log had before.
    #[test]
    fn a_commit_has_room_for_each_filter() {
        let longest = |component| {
            let mut longest = judge(&"f".repeat(64), component);
            longest.pinned.world = sealog_filter::WORLD.to_owned();
            longest.pinned.engine = format!("{}0", sealog_filter::ENGINE);
            longest.pinned.limits = sealog_filter::Limits {
                fuel_configure: u64::MAX,
                fuel_per_record: u64::MAX,
                fuel_per_byte: u64::MAX,
                memory_max: usize::MAX,
                wall_max: std::time::Duration::from_secs(60),
            }
            .identity();
            longest
        };
        let judges = Judges([longest(1)].into()).without(&"f".repeat(64), &"x\"\n".repeat(500));
        let gone = FilterUse { name: "g".repeat(64), ..longest(2).pinned };
        let log = [longest(3).pinned, gone].map(|pinned| (pinned.name.clone(), pinned));
        let facts = judges.facts(&log.into());
        assert_eq!(facts.len(), 3);
        let mut uses = judges.uses(&Opinions::default());
        let most = (1 << 53) - 1;
        uses[0].decisions = Decisions { keep: most, drop: most, redact: most, fault: most };
        let bytes = |value: serde_json::Result<String>| value.unwrap().len() + 1;
        let all = bytes(serde_json::to_string(&facts)) + bytes(serde_json::to_string(&uses));
        assert!(all <= crate::gather::FILTER_BYTES, "{all}");
    }

    #[test]
    fn what_the_log_has_to_state_follows_from_what_it_has_stated() {
        let (a, b) = (judge("a", 1), judge("b", 2));
        let mut log = BTreeMap::new();
        assert_eq!(stated(&[a.clone(), b.clone()], &mut log), ["pin a false", "pin b false"]);
        assert!(stated(&[a.clone(), b.clone()], &mut log).is_empty(), "a restart states nothing");
        log.get_mut("a").unwrap().decisions.keep = 7;
        assert!(stated(&[a.clone(), b.clone()], &mut log).is_empty(), "counts are no difference");
        let aside = Judge { bypassed: Some("why".to_owned()), ..a.clone() };
        assert_eq!(stated(&[aside.clone(), b.clone()], &mut log), ["bypass a why"]);
        assert!(stated(&[aside.clone(), b.clone()], &mut log).is_empty());
        assert_eq!(stated(&[a.clone(), b.clone()], &mut log), ["pin a true"], "a restart tries it again");
        assert_eq!(stated(&[judge("a", 3)], &mut log), ["remove b", "pin a true"]);
        assert_eq!(stated(&[aside], &mut log), ["pin a true", "bypass a why"], "another writer had others");
        assert_eq!(stated(&[], &mut log), ["remove a"]);
        let mut shadow = a.clone();
        shadow.pinned.mode = FilterMode::Shadow;
        assert_eq!(stated(&[shadow], &mut log), ["pin a false"]);
        assert_eq!(stated(&[a], &mut log), ["pin a true"], "from shadow to enforce");
    }
}
