//! What a seed decides before anything runs: how processes live and die, what the store is like, what the service does.

mod faults;
mod filters;
mod tables;

use std::time::Duration;

use sealog_chain::OnGap;
use sealog_pipeline::{FilterConfig, TableConfig};
use sealog_record::StartAt;
use sealog_simulator::{Millis, Scenario};

use crate::law::SKEW_MAX_MS;
use crate::moody::Mood;
use crate::{Rng, world};

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;
/// How long children may go unlisted, and parents look open.
pub(crate) const LATE_MAX_MS: i64 = 20 * 60 * 1_000;
/// Polls of an idle shard that one life may make: what bounds the cost of a seed.
const POLLS_MAX: u64 = 150;

/// Everything that will happen.
#[derive(Debug)]
pub struct Plan {
    /// What the service does.
    pub scenario: Scenario,
    /// What processes are told of each table.
    pub tables: Vec<TableConfig>,
    /// For each table, the filters that processes may be told of, and last those of the last process.
    pub filters: Vec<Vec<Vec<FilterConfig>>>,
    /// Longest time between two commits.
    pub heartbeat: Duration,
    /// For each machine, the processes that live on it, one after the other.
    pub machines: Vec<Vec<Life>>,
    /// When trouble ends, in milliseconds from the start. Then one sound process reads what is left.
    pub trouble_ms: u64,
    /// Nothing can be lost: whatever is missing is a defect.
    pub lossless: bool,
}

/// One process.
#[derive(Debug, Clone)]
pub struct Life {
    /// It starts so long after the one before it ended.
    pub wait_ms: u64,
    /// It ends when it has caught up, if it is not ended before.
    pub until_caught_up: bool,
    /// It ends after so long.
    pub length_ms: u64,
    /// It is asked to stop; else it is killed.
    pub is_asked: bool,
    /// It stands still: from, in milliseconds since its start, and for how long.
    pub pauses: Vec<(u64, u64)>,
    /// How the store treats it.
    pub mood: Mood,
    /// How far its clock is ahead.
    pub skew_ms: i64,
    /// Most rows of its batches.
    pub rows_max: usize,
    /// How long a row waits in an open batch.
    pub age_max_ms: u64,
    /// How long a change may wait in an idle shard.
    pub latency: Duration,
    /// Which of the filters of each table it is told of; beyond the last, the last.
    pub filters: usize,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: u64) -> Self {
        let rng = &mut Rng::lane(seed, 1);
        let lossless = rng.percent(40);
        let retention = if lossless { 24 * HOUR } else { rng.pick(&[HOUR, 2 * HOUR, 6 * HOUR, 24 * HOUR]) };
        let mut machines = machines(rng, lossless, retention);
        let length = |life: &Life| life.wait_ms + life.length_ms;
        let longest = machines.iter().map(|lives| lives.iter().map(length).sum::<u64>()).max().unwrap_or(0);
        let span = Span {
            past_ms: i64::try_from(5 * MINUTE + rng.below((retention - 10 * MINUTE).min(4 * HOUR))).unwrap(),
            future_ms: i64::try_from(longest.max(MINUTE)).unwrap(),
        };
        let trouble_ms = longest.max(MINUTE) + u64::try_from(LATE_MAX_MS).unwrap() + 5 * MINUTE;
        let mut scenario = Scenario {
            retention: Millis(i64::try_from(retention).unwrap()),
            iterator_lifetime: rng.pick(&[
                Millis::minutes(15),
                Millis::minutes(15),
                Millis::minutes(2),
                Millis::seconds(5),
                Millis::seconds(2),
            ]),
            get_records_per_second: rng.pick(&[None, None, Some(5), Some(1)]),
            describe_stream_per_second: rng.pick(&[None, None, Some(10), Some(3)]),
            accept_after_trimmed: rng.percent(30),
            ..Scenario::new(seed)
        };
        let judging = &mut Rng::lane(seed, 3);
        for lives in &mut machines {
            // Whoever starts later is told of the later ones.
            let changes_at = judging.below(1 + lives.len() as u64);
            for (number, life) in (0..).zip(lives) {
                life.filters = usize::from(number >= changes_at);
            }
        }
        let (mut tables, mut filters) = (Vec::new(), Vec::new());
        let names: &[&str] = if rng.percent(40) { &["orders", "customers"] } else { &["orders"] };
        for (lane, name) in (10..).zip(names) {
            scenario = scenario.table(tables::draw(&mut Rng::lane(seed, lane), name, &span, lossless));
            let start = if !lossless && rng.percent(20) { StartAt::Latest } else { StartAt::TrimHorizon };
            let on_gap = if rng.percent(15) { OnGap::Halt } else { OnGap::RecordAndContinue };
            tables.push(TableConfig { start, on_gap, ..world::table(name) });
            filters.push(filters::draw(judging));
        }
        let faults = faults::draw(&mut Rng::lane(seed, 2), &span, trouble_ms);
        scenario.faults.extend(faults);
        let heartbeat = Duration::from_secs(rng.pick(&[600, 3600, 3600]));
        Self { scenario, tables, filters, heartbeat, machines, trouble_ms, lossless }
    }
}

/// When things happen, in milliseconds before and after the start.
pub(crate) struct Span {
    pub(crate) past_ms: i64,
    pub(crate) future_ms: i64,
}

impl Span {
    /// Any instant of it.
    pub(crate) fn any(&self, rng: &mut Rng) -> i64 {
        // Half of all instants lie in the past, however long the future is.
        if rng.percent(50) { rng.between(-self.past_ms, 0) } else { rng.between(0, self.future_ms) }
    }
}

fn machines(rng: &mut Rng, lossless: bool, retention: u64) -> Vec<Vec<Life>> {
    let absences_max = if lossless { HOUR } else { retention + retention / 2 };
    let count = if rng.percent(60) { 2 } else { 1 };
    // Processes that start at nearly the same time read the same, and race for each commit.
    let is_duel = count == 2 && rng.percent(40);
    let lives = |rng: &mut Rng, most: u64| {
        let count = 1 + rng.below(most);
        let mut lives: Vec<Life> = (0..count).map(|_| life(rng, absences_max)).collect();
        if is_duel {
            let Life { wait_ms, mood, .. } = &mut lives[0];
            *wait_ms = rng.below(500);
            mood.way_max_ms = mood.way_max_ms.max(40);
        }
        lives
    };
    (0..count).map(|machine| lives(rng, if machine == 0 { 5 } else { 3 })).collect()
}

fn life(rng: &mut Rng, absence_max_ms: u64) -> Life {
    let waits = [0, SECOND, MINUTE, 20 * MINUTE, absence_max_ms];
    let lengths = [2 * SECOND, 20 * SECOND, 2 * MINUTE, 20 * MINUTE, 2 * HOUR];
    let wait_max = rng.pick(&waits);
    let length_max = rng.pick(&lengths);
    let (wait_ms, mut length_ms) = (rng.below(wait_max + 1), 1 + rng.below(length_max));
    let mut pauses = Vec::new();
    if rng.percent(30) {
        let pause_max = rng.pick(&[10 * SECOND, 10 * MINUTE, absence_max_ms]);
        let pause = 1 + rng.below(pause_max);
        pauses.push((rng.below(length_ms), pause));
        length_ms += pause;
    }
    let awake_ms = length_ms - pauses.iter().map(|(_, pause)| pause).sum::<u64>();
    Life {
        wait_ms,
        until_caught_up: rng.percent(40),
        length_ms,
        is_asked: rng.percent(40),
        pauses,
        mood: mood(rng),
        skew_ms: rng.between(-SKEW_MAX_MS / 2, SKEW_MAX_MS / 2),
        rows_max: rng.pick(&[1, 5, 10, 10, 50, 1000]),
        age_max_ms: rng.pick(&[0, 100, 1000, 5000, 60_000]),
        latency: Duration::from_millis((10 * SECOND).max(awake_ms / POLLS_MAX)),
        filters: 0,
    }
}

fn mood(rng: &mut Rng) -> Mood {
    if rng.percent(25) {
        return Mood::SOUND;
    }
    Mood {
        way_max_ms: rng.pick(&[0, 40, 40, 2_000]),
        stalls_one_in: rng.pick(&[0, 0, 12, 60]),
        stall_max_ms: rng.pick(&[10 * SECOND, 5 * MINUTE]),
        fails_one_in: rng.pick(&[0, 4, 12, 40]),
        fills_up: rng.percent(20),
    }
}
