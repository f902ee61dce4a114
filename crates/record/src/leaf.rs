//! The bytes that a record's leaf hash is made of (FORMAT.md, "Record leaf").

use crate::EvidenceRow;

/// Appends the leaf encoding of `row` to `out`.
///
/// Each column in schema order, one presence byte (0 or 1) and, if present, a big-endian u32 length and the bytes as
/// stored: texts as UTF-8, integers and the time as decimal ASCII. The encoding is injective, so two different rows
/// never share bytes.
pub fn encode_leaf(row: &EvidenceRow<'_>, out: &mut Vec<u8>) {
    let EvidenceRow { stream_label, shard_id, change, decision } = row;
    for text in [Some(*stream_label), Some(shard_id), Some(change.sequence_number)] {
        text_cell(text, out);
    }
    for text in
        [change.event_id, change.event_name, change.event_version, change.event_source, change.aws_region]
    {
        text_cell(text, out);
    }
    integer_cell(change.created_at, out);
    integer_cell(change.size_bytes, out);
    for text in [change.stream_view_type, change.user_identity_type, change.user_identity_principal_id] {
        text_cell(text, out);
    }
    for text in [change.keys, change.old_image, change.new_image, change.extra] {
        text_cell(text, out);
    }
    for text in [Some(decision.verdict), decision.reason, decision.tags, decision.redactions, decision.filter]
    {
        text_cell(text, out);
    }
}

fn integer_cell(value: Option<i64>, out: &mut Vec<u8>) {
    match value {
        Some(value) => text_cell(Some(itoa::Buffer::new().format(value)), out),
        None => out.push(0),
    }
}

fn text_cell(text: Option<&str>, out: &mut Vec<u8>) {
    let Some(text) = text else { return out.push(0) };
    out.push(1);
    // A page is at most some megabytes, far below 4 GiB; a longer text would saturate and could not verify.
    let len = u32::try_from(text.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&len.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChangeRecord, Decision};

    #[test]
    fn absent_and_empty_differ_and_integers_are_decimal_text() {
        let change = ChangeRecord {
            sequence_number: "7",
            event_id: Some(""),
            created_at: Some(-1),
            ..ChangeRecord::default()
        };
        let row = EvidenceRow { stream_label: "l", shard_id: "s", change, decision: Decision::KEEP };
        let mut out = Vec::new();
        encode_leaf(&row, &mut out);
        let mut expected = Vec::new();
        for text in ["l", "s", "7", ""] {
            expected.push(1);
            expected.extend_from_slice(&u32::try_from(text.len()).unwrap().to_be_bytes());
            expected.extend_from_slice(text.as_bytes());
        }
        expected.extend_from_slice(&[0, 0, 0, 0]);
        expected.extend_from_slice(b"\x01\x00\x00\x00\x02-1");
        expected.extend_from_slice(&[0; 8]);
        expected.extend_from_slice(b"\x01\x00\x00\x00\x04keep");
        expected.extend_from_slice(&[0; 4]);
        assert_eq!(out, expected);
    }
}
