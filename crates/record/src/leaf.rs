//! The bytes that a record's leaf hash is made of (FORMAT.md, "Record leaf").

use crate::{ChangeRecord, Decision, EvidenceRow};

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

/// Reads a row back from its leaf encoding; `None` for bytes that no row has. Borrows all texts.
#[must_use]
pub fn decode_leaf(bytes: &[u8]) -> Option<EvidenceRow<'_>> {
    let mut cells = Cells(bytes);
    let (stream_label, shard_id, sequence_number) = (cells.text()??, cells.text()??, cells.text()??);
    let change = ChangeRecord {
        sequence_number,
        event_id: cells.text()?,
        event_name: cells.text()?,
        event_version: cells.text()?,
        event_source: cells.text()?,
        aws_region: cells.text()?,
        created_at: cells.integer()?,
        size_bytes: cells.integer()?,
        stream_view_type: cells.text()?,
        user_identity_type: cells.text()?,
        user_identity_principal_id: cells.text()?,
        keys: cells.text()?,
        old_image: cells.text()?,
        new_image: cells.text()?,
        extra: cells.text()?,
    };
    let decision = Decision {
        verdict: cells.text()??,
        reason: cells.text()?,
        tags: cells.text()?,
        redactions: cells.text()?,
        filter: cells.text()?,
    };
    let row = EvidenceRow { stream_label, shard_id, change, decision };
    // An integer has one text; a plus sign or a leading zero is another one.
    let mut again = Vec::with_capacity(bytes.len());
    encode_leaf(&row, &mut again);
    (again == bytes).then_some(row)
}

/// What is left of a leaf encoding. The outer `Option` of a cell says whether it can be read, the inner one whether it
/// is present.
struct Cells<'a>(&'a [u8]);

impl<'a> Cells<'a> {
    #[expect(clippy::option_option, reason = "unreadable and absent are two things")]
    fn text(&mut self) -> Option<Option<&'a str>> {
        let (presence, rest) = self.0.split_first()?;
        if *presence == 0 {
            self.0 = rest;
            return Some(None);
        }
        let (length, rest) = rest.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let (text, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(std::str::from_utf8(text).ok()?))
    }

    #[expect(clippy::option_option, reason = "unreadable and absent are two things")]
    fn integer(&mut self) -> Option<Option<i64>> {
        match self.text()? {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        }
    }
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
        assert_eq!(decode_leaf(&out), Some(row));
        for place in 0..out.len() {
            assert_eq!(decode_leaf(&out[..place]), None, "cut off at {place}");
        }
        for other in ["+1", "01", "-0", "x", ""] {
            let mut bent = out.clone();
            let place = bent.windows(2).position(|pair| pair == b"-1").unwrap();
            bent.splice(place..place + 2, other.bytes());
            bent[place - 1] = u8::try_from(other.len()).unwrap();
            assert_eq!(decode_leaf(&bent), None, "{other:?}");
        }
    }
}
