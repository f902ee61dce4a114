//! The customer's document on costs, done by its own model and by AWS's.
//!
//! Its model: a read request unit is up to 4 KB of records. That is a unit of a **table** (`GetItem`); DynamoDB Streams
//! bills calls, whatever they return.

use super::{Month, Prices, Rates, full_pages};

/// Bytes of the document's unit.
const UNIT_BYTES: f64 = 4096.0;
/// Its records.
const RECORD_BYTES: f64 = 2048.0;

/// One of the document's examples.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// What it is about.
    pub title: &'static str,
    /// The document's units.
    pub document_units: f64,
    /// The document's price.
    pub document_price: f64,
    /// Calls that the records need when each page is full: what a catch-up costs.
    pub full_pages: f64,
    /// Their price, nothing being free.
    pub full_pages_price: f64,
    /// Calls that a reader makes in a month that keeps up with them, with the default latency.
    pub calls: f64,
    /// Their price, the free ones taken off.
    pub calls_price: f64,
    /// Where the document is wrong.
    pub verdict: &'static str,
}

/// Both examples.
#[must_use]
pub fn examples(prices: &Prices) -> [Example; 2] {
    [
        example(
            "1,000,000 records of 2 KB",
            1e6,
            prices,
            "The document counts units of 4 KB: $0.10. DynamoDB Streams bills GetRecords calls, each of up to 1,000 records \
             or 1 MB: 2,050 calls, less than a thousandth of a dollar, and the first 2.5 million calls of a month are free.",
        ),
        example(
            "1,000,000 writes a day for a month, of 2 KB",
            30e6,
            prices,
            "The document counts 15 million units of 4 KB: $3.00. What is billed is how often one asks: 61,476 calls would \
             carry everything, a reader that keeps up within a second makes millions, most of them short or empty. Its \
             table price ($37.50) holds for items of up to 1 KB at $1.25, or of 2 KB at today's $0.625 a million write units.",
        ),
    ]
}

fn example(title: &'static str, records: f64, prices: &Prices, verdict: &'static str) -> Example {
    let units = records * RECORD_BYTES / UNIT_BYTES;
    let pages = full_pages(records, RECORD_BYTES);
    let rates = Rates {
        changes_per_day: records / super::MONTH_DAYS,
        record_bytes: RECORD_BYTES,
        ..Rates::default()
    };
    let month = Month::of(&rates);
    Example {
        title,
        document_units: units,
        document_price: price(units, prices),
        full_pages: pages,
        full_pages_price: price(pages, prices),
        calls: month.get_records,
        calls_price: month.bill(prices).stream_reads,
        verdict,
    }
}

fn price(calls: f64, prices: &Prices) -> f64 {
    calls / 100_000.0 * prices.stream_reads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_own_model_gives_its_own_figures() {
        let [first, second] = examples(&Prices::default());
        assert_eq!((first.document_units, first.document_price), (500_000.0, 0.1));
        assert_eq!((second.document_units, second.document_price), (15_000_000.0, 3.0));
    }

    #[test]
    fn awss_model_counts_calls_and_the_words_say_the_same_figures() {
        let [first, second] = examples(&Prices::default());
        assert_eq!((first.full_pages, second.full_pages), (2050.0, 61_476.0));
        assert!(first.full_pages_price < 0.001 && first.verdict.contains("2,050 calls"));
        assert!(second.verdict.contains("61,476 calls"));
        assert!(second.calls > 1e6, "{second:?}");
    }
}
