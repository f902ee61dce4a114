//! What a month of archiving costs: calls, requests and bytes, from given or measured rates, and what AWS asks for them.
//!
//! DynamoDB Streams bills calls: **one unit is one `GetRecords` call**, empty or not, whatever it returns (DynamoDB
//! pricing, "DynamoDB Streams": "each GetRecords API call is billed as a streams read request unit"), and the first
//! 2.5 million of a month are free per account and Region. The customer's document counts units of 4 KB, which is a
//! table's unit; [`document`] does its two examples by both models.

pub mod document;

use std::time::Duration;

/// Days of a month in every figure here.
pub const MONTH_DAYS: f64 = 30.0;
const DAY_S: f64 = 86_400.0;
/// Most records and bytes of one reply (API reference, `GetRecords`).
const PAGE_RECORDS_MAX: f64 = 1000.0;
const PAGE_BYTES_MAX: f64 = 1_000_000.0;
/// A busy shard's wait behind an empty page (`sealog-source`, `reader/shard.rs`).
const POLL_S: f64 = 0.2;
/// Calls a second that a shard answers; who asks more often is throttled.
const POLLS_MAX: f64 = 5.0;
/// Listings of streams and shards, and looks at the table, by a reader of one table.
const LISTINGS_PER_DAY: f64 = 2.0 * DAY_S / 30.0;
/// Objects that a commit creates besides its evidence: itself, its kept checkpoint, and the newest one.
const PUTS_PER_COMMIT: f64 = 4.0;
/// Bytes of a commit with its signatures.
const COMMIT_BYTES: f64 = 2_500.0;

/// List prices in US dollars. Defaults: us-east-1, on demand, November 2026; say others where they differ.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prices {
    /// 100,000 calls of `GetRecords`.
    pub stream_reads: f64,
    /// Calls of `GetRecords` that cost nothing, a month.
    pub stream_reads_free: f64,
    /// 1,000 PUT or LIST requests.
    pub puts: f64,
    /// 1,000 GET requests.
    pub gets: f64,
    /// A gigabyte for a month.
    pub storage: f64,
    /// 10,000 signatures by an elliptic-curve key of KMS.
    pub signatures: f64,
}

impl Default for Prices {
    fn default() -> Self {
        Self {
            stream_reads: 0.02,
            stream_reads_free: 2_500_000.0,
            puts: 0.005,
            gets: 0.0004,
            storage: 0.023,
            signatures: 0.15,
        }
    }
}

/// What happens on a table, and how it is archived.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Changes a day.
    pub changes_per_day: f64,
    /// Bytes of a record on the wire.
    pub record_bytes: f64,
    /// Shards that are open at once; DynamoDB has one for each partition.
    pub shards: f64,
    /// Longest wait before an idle shard is asked (`latency`).
    pub latency: Duration,
    /// Age at which a batch is sealed (`[batch] age_max`).
    pub batch_age: Duration,
    /// Rows at which it is (`[batch] rows_max`).
    pub batch_rows: f64,
    /// Longest silence (`heartbeat`).
    pub heartbeat: Duration,
    /// Stored bytes for each byte on the wire.
    pub stored_part: f64,
    /// Whether each head is signed by KMS.
    pub kms: bool,
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            changes_per_day: 0.0,
            record_bytes: 2048.0,
            shards: 1.0,
            latency: Duration::from_secs(10),
            batch_age: Duration::from_secs(5),
            batch_rows: 10_000.0,
            heartbeat: Duration::from_secs(3600),
            stored_part: 0.25,
            kms: false,
        }
    }
}

/// A month in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Month {
    /// Changes.
    pub changes: f64,
    /// `GetRecords` calls that records need, if each page were full.
    pub get_records_full_pages: f64,
    /// `GetRecords` calls that are made: idle shards are asked too.
    pub get_records: f64,
    /// Calls of the streams and of the table that are not billed.
    pub other_calls: f64,
    /// Commits.
    pub commits: f64,
    /// PUT requests of the archive.
    pub puts: f64,
    /// GET requests of the archive.
    pub gets: f64,
    /// Signatures by KMS.
    pub signatures: f64,
    /// Bytes that are added to the archive.
    pub stored_bytes: f64,
}

/// A month in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bill {
    /// `GetRecords`, the free calls taken off.
    pub stream_reads: f64,
    /// Requests of the archive.
    pub requests: f64,
    /// What one month adds to the archive, kept for one month. It stays: after a year it is twelve times this.
    pub storage: f64,
    /// KMS.
    pub signatures: f64,
}

impl Bill {
    /// All together.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.stream_reads + self.requests + self.storage + self.signatures
    }
}

/// Calls that `changes` of so many bytes need if each page is full.
#[must_use]
pub fn full_pages(changes: f64, record_bytes: f64) -> f64 {
    (changes / records_of_a_page(record_bytes)).ceil()
}

/// Most records that one reply has room for.
#[must_use]
pub fn records_of_a_page(record_bytes: f64) -> f64 {
    (PAGE_BYTES_MAX / record_bytes.max(1.0)).floor().clamp(1.0, PAGE_RECORDS_MAX)
}

impl Month {
    /// What the rates come to.
    #[must_use]
    pub fn of(rates: &Rates) -> Self {
        let changes = rates.changes_per_day * MONTH_DAYS;
        let get_records_full_pages = full_pages(changes, rates.record_bytes);
        let polls = rates.shards * polls_of_a_shard(rates) * MONTH_DAYS * DAY_S;
        let get_records = polls.max(get_records_full_pages);
        let commits = commits_of_a_day(rates) * MONTH_DAYS;
        Self {
            changes,
            get_records_full_pages,
            get_records,
            other_calls: LISTINGS_PER_DAY * MONTH_DAYS,
            commits,
            puts: commits * PUTS_PER_COMMIT,
            gets: 2.0 * DAY_S / 60.0 * MONTH_DAYS,
            signatures: if rates.kms { commits } else { 0.0 },
            stored_bytes: changes * rates.record_bytes * rates.stored_part + commits * COMMIT_BYTES,
        }
    }

    /// What AWS asks for it.
    #[must_use]
    pub fn bill(&self, prices: &Prices) -> Bill {
        let billed = (self.get_records - prices.stream_reads_free).max(0.0);
        Bill {
            stream_reads: billed / 100_000.0 * prices.stream_reads,
            requests: self.puts / 1000.0 * prices.puts + self.gets / 1000.0 * prices.gets,
            storage: self.stored_bytes / 1e9 * prices.storage,
            signatures: self.signatures / 10_000.0 * prices.signatures,
        }
    }
}

/// Calls a second of one shard. Behind each page with records one is asked for at once; it is empty, and the wait doubles
/// from a fifth of a second up to the latency until records come again.
fn polls_of_a_shard(rates: &Rates) -> f64 {
    let latency_s = rates.latency.as_secs_f64().max(POLL_S);
    let arrivals = rates.changes_per_day / DAY_S / rates.shards.max(1.0);
    if arrivals <= 0.0 {
        return 1.0 / latency_s;
    }
    let mut calls = 1.0;
    let (mut waited_s, mut wait_s) = (0.0, POLL_S);
    let until_next_s = 1.0 / arrivals;
    while waited_s < until_next_s && wait_s < latency_s {
        calls += 1.0;
        waited_s += wait_s;
        wait_s *= 2.0;
    }
    let asleep_s = (until_next_s - waited_s).max(0.0);
    calls += (asleep_s / latency_s).ceil();
    (calls / waited_s.max(until_next_s)).min(POLLS_MAX)
}

/// A batch is sealed when it is full or old; an idle log has heartbeats.
fn commits_of_a_day(rates: &Rates) -> f64 {
    let by_rows = rates.changes_per_day / rates.batch_rows.max(1.0);
    let by_age = (DAY_S / rates.batch_age.as_secs_f64().max(0.1)).min(rates.changes_per_day);
    let heartbeats = DAY_S / rates.heartbeat.as_secs_f64().max(1.0);
    by_rows.max(by_age).max(heartbeats)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_idle_shard_is_asked_once_in_the_latency() {
        let month = Month::of(&Rates::default());
        assert_eq!(month.get_records, 259_200.0);
        let every_second = Rates { latency: Duration::from_secs(1), ..Rates::default() };
        assert_eq!(Month::of(&every_second).get_records, 2_592_000.0);
        let bill = Month::of(&every_second).bill(&Prices::default());
        assert!((bill.stream_reads - 0.0184).abs() < 1e-9, "{bill:?}: only what is not free is billed");
    }

    #[test]
    fn a_busy_table_is_billed_by_pages_and_a_trickle_by_polls() {
        let busy = Rates { changes_per_day: 500e6, record_bytes: 1000.0, ..Rates::default() };
        let month = Month::of(&busy);
        assert_eq!((month.get_records, month.get_records_full_pages), (15_000_000.0, 15_000_000.0));
        let trickle = Rates { changes_per_day: 1e6, ..Rates::default() };
        let month = Month::of(&trickle);
        assert!(month.get_records > 100.0 * month.get_records_full_pages, "{month:?}");
        let patient = Rates { changes_per_day: 24.0, ..Rates::default() };
        let calls = Month::of(&patient).get_records;
        assert!((259_200.0..300_000.0).contains(&calls), "{calls}");
    }

    #[test]
    fn commits_follow_age_and_never_outnumber_changes_but_for_heartbeats() {
        let commits = |changes_per_day| {
            let rates = Rates { changes_per_day, ..Rates::default() };
            Month::of(&rates).commits
        };
        assert_eq!(commits(0.0), 720.0);
        assert_eq!(commits(100.0), 3000.0);
        assert_eq!(commits(1e6), 518_400.0);
        assert_eq!(commits(1e9), 3_000_000.0);
    }

    #[test]
    fn a_page_has_room_for_a_thousand_records_or_a_megabyte() {
        assert_eq!(
            [1.0, 1000.0, 2048.0, 400_000.0, 3e6].map(records_of_a_page),
            [1000.0, 1000.0, 488.0, 2.0, 1.0]
        );
        assert_eq!(full_pages(1e6, 2048.0), 2050.0);
    }
}
