//! Shard iterators: opaque texts that carry their whole state, so that one can be used again until it expires.

use sealog_record::StreamArn;

/// Where a page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Birth order of the shard in its stream.
    pub(crate) shard: usize,
    /// Index of the first record, counted from the shard's birth.
    pub(crate) position: usize,
    /// When the iterator was issued.
    pub(crate) issued_ms: i64,
    /// So many empty pages come first.
    pub(crate) empties: u32,
}

const PLACE_BYTES: usize = 28;
/// Not a secret: it only keeps readers from looking inside.
const MASK: [u8; 8] = [0x5E, 0xA1, 0x06, 0xD4, 0x93, 0x7C, 0x2B, 0xF8];

/// `<stream ARN>|1|<hex>`; the service's look alike.
pub(crate) fn encode(stream: &StreamArn, place: &Place) -> String {
    let mut bytes = Vec::with_capacity(PLACE_BYTES + 4);
    bytes.extend_from_slice(&u64::try_from(place.shard).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(&u64::try_from(place.position).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend_from_slice(&place.issued_ms.to_be_bytes());
    bytes.extend_from_slice(&place.empties.to_be_bytes());
    let check = check(stream.as_str(), &bytes);
    bytes.extend_from_slice(&check.to_be_bytes());
    let salt = check.to_be_bytes();
    let hex: String =
        (0_u8..).zip(&bytes).map(|(i, byte)| format!("{:02x}", byte ^ mask(i, &salt, &bytes))).collect();
    format!("{stream}|1|{hex}")
}

/// The stream's ARN and the place; `None` for a text that was not issued here.
pub(crate) fn decode(text: &str) -> Option<(&str, Place)> {
    let (arn, rest) = text.split_once('|')?;
    let hex = rest.strip_prefix("1|")?;
    if hex.len() != 2 * (PLACE_BYTES + 4) || !hex.is_ascii() {
        return None;
    }
    let masked: Option<Vec<u8>> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok()).collect();
    let masked = masked?;
    // The last four bytes hold the salt: undo them first.
    let tail: Vec<u8> =
        (0_u8..).zip(&masked).skip(PLACE_BYTES).map(|(i, byte)| byte ^ plain_mask(i)).collect();
    let salt: [u8; 4] = tail.try_into().ok()?;
    let bytes: Vec<u8> =
        (0_u8..).zip(&masked).take(PLACE_BYTES).map(|(i, byte)| byte ^ salted_mask(i, &salt)).collect();
    if check(arn, &bytes) != u32::from_be_bytes(salt) {
        return None;
    }
    let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    Some((
        arn,
        Place {
            shard: usize::try_from(word(0)?).ok()?,
            position: usize::try_from(word(8)?).ok()?,
            issued_ms: i64::from_be_bytes(bytes.get(16..24)?.try_into().ok()?),
            empties: u32::from_be_bytes(bytes.get(24..28)?.try_into().ok()?),
        },
    ))
}

fn check(arn: &str, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(arn.as_bytes());
    hasher.update(bytes);
    hasher.finalize()
}

fn mask(index: u8, salt: &[u8; 4], bytes: &[u8]) -> u8 {
    if usize::from(index) < bytes.len().saturating_sub(4) {
        salted_mask(index, salt)
    } else {
        plain_mask(index)
    }
}

fn salted_mask(index: u8, salt: &[u8; 4]) -> u8 {
    let salted = salt.get(usize::from(index) % 4).copied().unwrap_or_default();
    salted.wrapping_mul(index | 1) ^ plain_mask(index)
}

fn plain_mask(index: u8) -> u8 {
    MASK.get(usize::from(index) % MASK.len()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn arn() -> StreamArn {
        "arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/2026-11-22T00:00:00.000".parse().unwrap()
    }

    proptest! {
        #[test]
        fn a_place_survives_and_a_changed_text_does_not(shard in 0_usize..2000, position: usize, issued_ms: i64, empties: u32, at in 0_usize..64) {
            let place = Place { shard, position, issued_ms, empties };
            let arn = arn();
            let text = encode(&arn, &place);
            prop_assert!(text.len() <= 2048);
            prop_assert_eq!(decode(&text), Some((arn.as_str(), place)));
            let mut changed = text.into_bytes();
            let end = changed.len();
            let byte = &mut changed[end - 64 + at];
            *byte = if *byte == b'0' { b'1' } else { b'0' };
            prop_assert_eq!(decode(std::str::from_utf8(&changed).unwrap()), None);
        }

        #[test]
        fn rubbish_is_refused(text in "\\PC{0,120}") {
            prop_assert_eq!(decode(&text), None);
        }
    }
}
