//! What a table is like: its writers, its stream's shards, and how the service shows them.

use sealog_record::ViewType;
use sealog_simulator::{
    CreatedAt, EventSpec, Happening, ListingOrder, ListingSpec, Millis, PagesSpec, Shape, ShardEnd,
    TableSpec, WriterSpec,
};

use super::{LATE_MAX_MS, Span};
use crate::Rng;

const SHARDS_MAX: usize = 16;
const VIEWS: [ViewType; 4] =
    [ViewType::NewAndOldImages, ViewType::NewImage, ViewType::OldImage, ViewType::KeysOnly];

pub(super) fn draw(rng: &mut Rng, name: &str, span: &Span, lossless: bool) -> TableSpec {
    let shards = rng.pick(&[1, 1, 2, 3, 6]);
    let mut script = Script::new(shards, -span.past_ms);
    let mut instants: Vec<i64> = (0..rng.below(9)).map(|_| span.any(rng)).collect();
    instants.sort_unstable();
    for at_ms in instants {
        script.step(rng, at_ms, lossless);
    }
    let shape = rng.pick(&[Shape::Plain, Shape::Plain, Shape::AllTypes, Shape::OddJson, Shape::Ledger]);
    let is_ledger = shape == Shape::Ledger;
    let hide = if lossless { Vec::new() } else { script.hidden(rng) };
    TableSpec {
        hash_key: if is_ledger { "account_id" } else { "id" }.to_owned(),
        range_key: (!is_ledger && rng.percent(30)).then(|| "at".to_owned()),
        view_type: rng.pick(&VIEWS),
        created: Millis(-span.past_ms),
        shards,
        sequence_start: sequence_start(rng),
        created_at: rng.pick(&[CreatedAt::Integer, CreatedAt::Exponent, CreatedAt::Absent]),
        clock_skew: Millis::seconds(rng.pick(&[0, 0, -120, 3, 120])),
        unknown_members: rng.percent(30),
        event_version: rng.pick(&["1.0", "1.1"]).to_owned(),
        writers: (0..=rng.below(3)).map(|_| writer(rng, shape, span)).collect(),
        events: script.events,
        listing: listing(rng, hide),
        pages: pages(rng),
        ..TableSpec::new(name)
    }
}

/// A stream that is off is closed for good once nothing new was listed for about a minute: what is listed later is lost,
/// and no reader could know of it. Scenarios stay within that.
const LISTED_AFTER_THE_END_MS: i64 = 20_000;

/// Half of them just below a power of ten, where a comparison as text goes wrong.
fn sequence_start(rng: &mut Rng) -> String {
    let digits = rng.pick(&[21_usize, 22, 25, 30, 38]);
    if rng.percent(50) {
        return format!("{}{:05}", "9".repeat(digits - 5), rng.below(100_000));
    }
    format!("{}{}", 1 + rng.below(8), "0".repeat(digits - 1))
}

fn writer(rng: &mut Rng, shape: Shape, span: &Span) -> WriterSpec {
    let (one, other) = (span.any(rng), span.any(rng));
    let (from, until) = (one.min(other), one.max(other) + 1);
    WriterSpec {
        shape,
        items: rng.pick(&[1, 5, 20, 100]),
        bytes: rng.pick(&[400, 700, 2_000]),
        removes: rng.pick(&[0.0, 0.1, 0.4]),
        ttl: rng.pick(&[0.0, 0.5]),
        unreadable: rng.pick(&[0.0, 0.0, 0.05]),
        ..WriterSpec::count(5 + rng.below(120), Millis(from), Millis(until))
    }
}

fn listing(rng: &mut Rng, hide: Vec<u32>) -> ListingSpec {
    ListingSpec {
        page_size: rng.pick(&[1, 1, 2, 3, 100]),
        empty_first_page: rng.percent(25),
        order: rng.pick(&[ListingOrder::Lexical, ListingOrder::Lexical, ListingOrder::ChildrenFirst]),
        hide,
    }
}

fn pages(rng: &mut Rng) -> PagesSpec {
    PagesSpec {
        records_max: rng.pick(&[1, 2, 3, 7, 50, 1000]),
        bytes_max: rng.pick(&[2_000, 1 << 20, 1 << 20]),
        empty_after_data: rng.pick(&[0, 0, 0, 1, 2, 15]),
        end: rng.pick(&[ShardEnd::WithRecords, ShardEnd::AfterRecords]),
    }
}

/// What happens to a stream, written so that it could happen at the service: only what is open splits, only what has
/// ended vanishes, and no child is listed before its parent.
struct Script {
    events: Vec<EventSpec>,
    open: Vec<Born>,
    /// With the instant from which on it looks ended.
    ended: Vec<(u32, i64)>,
    /// The parent of each shard, by order of birth.
    parents: Vec<Option<u32>>,
    is_on: bool,
    was_off: bool,
}

#[derive(Clone, Copy)]
struct Born {
    shard: u32,
    listed_ms: i64,
}

impl Script {
    fn new(shards: u32, at_ms: i64) -> Self {
        let mut script = Self {
            events: Vec::new(),
            open: Vec::new(),
            ended: Vec::new(),
            parents: Vec::new(),
            is_on: true,
            was_off: false,
        };
        script.bear(shards, None, at_ms);
        script
    }

    fn bear(&mut self, shards: u32, parent: Option<u32>, listed_ms: i64) {
        for _ in 0..shards {
            self.open.push(Born { shard: self.born(), listed_ms });
            self.parents.push(parent);
        }
    }

    fn born(&self) -> u32 {
        u32::try_from(self.parents.len()).unwrap()
    }

    /// A shard and those it came from: the service forgets the older ones first.
    fn line_of(&self, shard: u32) -> Vec<u32> {
        let mut line = vec![shard];
        while let Some(parent) = self.parents[line[line.len() - 1] as usize] {
            line.push(parent);
        }
        line
    }

    fn add(&mut self, at_ms: i64, does: Happening) {
        self.events.push(EventSpec { at: Millis(at_ms), does });
    }

    fn step(&mut self, rng: &mut Rng, at_ms: i64, lossless: bool) {
        if !self.is_on {
            return self.switch_on(rng, at_ms);
        }
        match rng.below(20) {
            0..12 => self.replace(rng, at_ms),
            12..15 if !lossless => {
                let shard = u32::try_from(rng.below(u64::from(self.born()))).unwrap();
                self.add(at_ms, Happening::Trim { shard, keep: rng.below(8) });
            }
            15..17 if !lossless => self.vanish(rng, at_ms),
            17..19 if !lossless && self.all_listed(at_ms + LISTED_AFTER_THE_END_MS) => {
                let last = rng.percent(20);
                self.add(at_ms, if last { Happening::DeleteTable } else { Happening::Disable });
                (self.is_on, self.was_off) = (false, true);
            }
            _ => self.replace(rng, at_ms),
        }
    }

    fn all_listed(&self, at_ms: i64) -> bool {
        self.open.iter().all(|born| born.listed_ms <= at_ms)
    }

    fn switch_on(&mut self, rng: &mut Rng, at_ms: i64) {
        let shards = rng.pick(&[1, 2, 3]);
        let view_type = rng.pick(&VIEWS);
        self.add(at_ms, Happening::Enable { view_type, shards });
        self.open.clear();
        self.ended.clear();
        self.parents.clear();
        self.is_on = true;
        self.bear(shards, None, at_ms);
    }

    fn replace(&mut self, rng: &mut Rng, at_ms: i64) {
        if self.open.is_empty() || self.open.len() + self.ended.len() >= SHARDS_MAX {
            return;
        }
        let place = usize::try_from(rng.below(self.open.len() as u64)).unwrap();
        let Born { shard, listed_ms } = self.open.remove(place);
        let late = |rng: &mut Rng| {
            let most = rng.pick(&[0, 0, 60_000, LATE_MAX_MS]);
            rng.between(0, most)
        };
        let listed_after = Millis(late(rng).max(listed_ms - at_ms));
        let closes_after = Millis(late(rng));
        let splits = rng.percent(50);
        self.add(
            at_ms,
            if splits {
                Happening::Split { shard, listed_after, closes_after }
            } else {
                Happening::Roll { shard, listed_after, closes_after }
            },
        );
        self.ended.push((shard, at_ms + closes_after.0));
        self.bear(if splits { 2 } else { 1 }, Some(shard), at_ms + listed_after.0);
    }

    fn vanish(&mut self, rng: &mut Rng, at_ms: i64) {
        let gone: Vec<u32> =
            self.ended.iter().filter(|(_, ended_ms)| *ended_ms < at_ms).map(|(shard, _)| *shard).collect();
        if !gone.is_empty() {
            for shard in self.line_of(rng.pick(&gone)) {
                self.add(at_ms, Happening::Vanish { shard });
            }
        }
    }

    /// Parents that the service trimmed before anybody looked. Shards are named by their number in any stream of the
    /// table, so this goes with one stream only.
    fn hidden(&self, rng: &mut Rng) -> Vec<u32> {
        let early: Vec<u32> =
            self.ended.iter().filter(|(_, ended_ms)| *ended_ms < 0).map(|(shard, _)| *shard).collect();
        if self.was_off || early.is_empty() || !rng.percent(30) {
            Vec::new()
        } else {
            self.line_of(rng.pick(&early))
        }
    }
}
