//! Compares an archive with the simulator's ledger of what it ever offered.

use std::collections::BTreeMap;

use bytes::Bytes;
use sealog_record::{Decision, EvidenceRow, Gap, GapCause, SequenceNumber, encode_leaf};
use sealog_simulator::Engine;
use sealog_source::Page;

use super::oracle::{Archived, Place, Row};

/// What an archive may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing.
    Nothing,
    /// What lies in a declared gap, and each gap lacks something.
    Declared,
}

/// The archive is the truth: every record byte for byte, in order, in its shard, and nothing else.
pub(crate) fn assert_is_truth(archived: &Archived, engine: &Engine, missing: Missing) {
    let truth = truth(engine);
    for (place, rows) in &archived.rows {
        let offered = truth.get(place).map_or(&[][..], Vec::as_slice);
        let offered: BTreeMap<SequenceNumber, &Row> = offered.iter().map(|row| (row.number, row)).collect();
        for row in rows {
            assert_eq!(offered.get(&row.number), Some(&row), "{place:?}: archived as offered");
        }
    }
    let gaps = archived.fold.gaps();
    let mut lacking = vec![0; gaps.len()];
    for (place, offered) in &truth {
        let empty = Vec::new();
        let rows = archived.rows.get(place).unwrap_or(&empty);
        let held: BTreeMap<SequenceNumber, ()> = rows.iter().map(|row| (row.number, ())).collect();
        for row in offered.iter().filter(|row| !held.contains_key(&row.number)) {
            let gap = gaps.iter().position(|gap| lies_in(gap, place, row.number));
            assert!(missing == Missing::Declared && gap.is_some(), "{place:?}: {} is missing", row.number);
            lacking[gap.unwrap()] += 1;
        }
        for row in rows {
            let gap = gaps.iter().find(|gap| gap.shard.is_some() && lies_in(gap, place, row.number));
            assert_eq!(gap, None, "{place:?}: {} lies in a gap and is there", row.number);
        }
    }
    let for_nothing = |(gap, lacking): (&Gap, &usize)| gap.shard.is_some() && *lacking == 0;
    assert!(!gaps.iter().zip(&lacking).any(for_nothing), "a gap without loss: {gaps:?} {lacking:?}");
}

fn lies_in(gap: &Gap, (stream, shard): &Place, number: SequenceNumber) -> bool {
    let here = match &gap.shard {
        Some(id) => id == shard,
        None => gap.cause == GapCause::StreamVanished,
    };
    gap.stream == *stream
        && here
        && gap.after.is_none_or(|after| after < number)
        && gap.first.is_none_or(|first| number < first)
}

/// Every record as the row that it has to become.
fn truth(engine: &Engine) -> BTreeMap<Place, Vec<Row>> {
    let mut rows: BTreeMap<Place, Vec<Row>> = BTreeMap::new();
    for record in engine.truth() {
        let body = [b"{\"Records\":[", &record.json[..], b"]}"].concat();
        let page = Page::parse(Bytes::from(body)).unwrap();
        let read = page.record(0).unwrap();
        let (label, decision) =
            (record.stream.label(), if read.unreadable { Decision::UNREADABLE } else { Decision::KEEP });
        let evidence = EvidenceRow {
            stream_label: label.as_str(),
            shard_id: record.shard.as_str(),
            change: read.change,
            decision,
        };
        let mut leaf = Vec::new();
        encode_leaf(&evidence, &mut leaf);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        // Of an unreadable record the whole is kept, and nothing is taken out of it.
        let image = |bytes: Option<&[u8]>| bytes.filter(|_| !read.unreadable).map(text);
        let row = Row {
            number: record.sequence_number().parse().unwrap(),
            keys: image(Some(record.keys())),
            old_image: image(record.old_image()),
            new_image: image(record.new_image()),
            leaf,
        };
        rows.entry((label.clone(), record.shard.clone())).or_default().push(row);
    }
    rows
}
