//! The table that is printed.

use std::fmt::Write as _;

/// Figures of one part.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) seconds: f64,
    pub(crate) spread: f64,
    pub(crate) records: usize,
    pub(crate) bytes: usize,
}

/// Ratios are to the first row, which is the reference.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut text = format!(
        "\n{:<58}{:>10}{:>13}{:>10}{:>11}{:>9}\n",
        "part (CPU time)", "us/record", "records/s", "MB/s", "x RawValue", "spread"
    );
    let reference = rows.first().map_or(1.0, |row| row.seconds);
    for row in rows {
        let records = row.records as f64;
        let line = writeln!(
            text,
            "{:<58}{:>10.2}{:>13.0}{:>10.0}{:>11.2}{:>8.0}%",
            row.name,
            row.seconds * 1e6 / records,
            records / row.seconds,
            row.bytes as f64 / 1e6 / row.seconds,
            row.seconds / reference,
            row.spread / row.seconds * 100.0,
        );
        debug_assert!(line.is_ok());
    }
    text
}
