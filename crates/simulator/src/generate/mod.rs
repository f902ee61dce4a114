//! Writers: who changes which item when, drawn from the scenario's seed.

mod ledger;
mod plain;
mod types;

use crate::rng::Rng;
use crate::scenario::{Millis, Shape, TableSpec, WriterSpec};
use crate::world::Write;

/// A writer in play.
#[derive(Debug)]
pub(crate) struct Writer {
    pace: Pace,
    made: u64,
    rng: Rng,
    generator: Generator,
}

#[derive(Debug)]
enum Generator {
    Plain(plain::Plain),
    Types(types::Types),
    Ledger(ledger::Ledger),
}

impl Writer {
    pub(crate) fn new(table: &TableSpec, spec: &WriterSpec, zero_ms: i64, (seed, lane): (u64, u64)) -> Self {
        let generator = match spec.shape {
            Shape::Plain => Generator::Plain(plain::Plain::new(table, spec)),
            Shape::AllTypes => Generator::Types(types::Types::new(table, spec, types::Spelling::Usual)),
            Shape::OddJson => Generator::Types(types::Types::new(table, spec, types::Spelling::Odd)),
            Shape::Ledger => Generator::Ledger(ledger::Ledger::new(spec)),
        };
        Self { pace: Pace::new(spec, zero_ms), made: 0, rng: Rng::new(seed, lane.wrapping_add(1)), generator }
    }

    /// When the next change is due; `None` when all are made.
    pub(crate) fn due_ms(&self) -> Option<i64> {
        self.pace.due_ms(self.made)
    }

    /// Makes the next change.
    pub(crate) fn step(&mut self) -> Option<Write> {
        let at_ms = self.due_ms()?;
        self.made += 1;
        Some(match &mut self.generator {
            Generator::Plain(generator) => generator.step(&mut self.rng),
            Generator::Types(generator) => generator.step(&mut self.rng),
            Generator::Ledger(generator) => generator.step(at_ms, &mut self.rng),
        })
    }
}

/// When changes come.
#[derive(Debug)]
struct Pace {
    from_ms: i64,
    until_ms: i64,
    count: u64,
    per_second: f64,
}

impl Pace {
    fn new(spec: &WriterSpec, zero_ms: i64) -> Self {
        let from_ms = zero_ms.saturating_add(spec.from.0);
        let open_end =
            if spec.rate.is_some() { i64::MAX } else { from_ms.saturating_add(Millis::minutes(1).0) };
        let until_ms = spec.until.map_or(open_end, |until| zero_ms.saturating_add(until.0));
        let count = spec.count.unwrap_or(u64::MAX);
        let seconds = until_ms.saturating_sub(from_ms) as f64 / 1_000.0;
        let per_second = spec.rate.unwrap_or(count as f64 / seconds);
        Self { from_ms, until_ms, count, per_second }
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float to integer cast saturates, and the end is checked"
    )]
    fn due_ms(&self, made: u64) -> Option<i64> {
        let after_ms = (made as f64 * 1_000.0 / self.per_second) as i64;
        let at_ms = self.from_ms.saturating_add(after_ms);
        (made < self.count && at_ms < self.until_ms).then_some(at_ms)
    }
}

/// The key attributes of an item: a string, and a number where the table has a range key.
fn keys(table: &TableKeys, partition: &str, range: u64) -> String {
    match &table.range {
        Some(name) => format!("{{{}:{{\"S\":\"{partition}\"}},{name}:{{\"N\":\"{range}\"}}}}", table.hash),
        None => format!("{{{}:{{\"S\":\"{partition}\"}}}}", table.hash),
    }
}

/// Key names as JSON texts.
#[derive(Debug)]
struct TableKeys {
    hash: String,
    range: Option<String>,
}

impl TableKeys {
    fn new(table: &TableSpec) -> Self {
        let json = |name: &str| serde_json::Value::from(name).to_string();
        Self { hash: json(&table.hash_key), range: table.range_key.as_deref().map(json) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_spread_over_its_time_and_ends() {
        let pace = Pace::new(&WriterSpec::count(4, Millis::seconds(-4), Millis(0)), 10_000);
        let due: Vec<_> = (0..6).map(|made| pace.due_ms(made)).collect();
        assert_eq!(due, [Some(6_000), Some(7_000), Some(8_000), Some(9_000), None, None]);
    }

    #[test]
    fn a_rate_has_no_end_of_its_own() {
        let pace = Pace::new(&WriterSpec::rate(0.5, Millis(0)), 0);
        assert_eq!(pace.due_ms(3), Some(6_000));
        assert!(pace.due_ms(1_000_000).is_some());
    }
}
