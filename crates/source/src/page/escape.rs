//! Decodes the escapes of a JSON text (RFC 8259, section 7).

/// Half of a surrogate pair without the other: legal JSON, but not a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LoneSurrogate;

/// Appends the decoded text to `out`; on an error `out` holds a part of it. `raw` has passed the scanner.
pub(super) fn unescape(raw: &str, out: &mut String) -> Result<(), LoneSurrogate> {
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut after = escape.chars();
        let letter = after.next().unwrap_or('\\');
        rest = after.as_str();
        let decoded = match letter {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => code_point(&mut rest)?,
            same => same,
        };
        out.push(decoded);
    }
    out.push_str(rest);
    Ok(())
}

fn code_point(rest: &mut &str) -> Result<char, LoneSurrogate> {
    let high = unit(rest).ok_or(LoneSurrogate)?;
    if !(0xd800..0xdc00).contains(&high) {
        return char::from_u32(high).ok_or(LoneSurrogate);
    }
    let mut low_half = rest.strip_prefix("\\u").ok_or(LoneSurrogate)?;
    let low = unit(&mut low_half).filter(|low| (0xdc00..0xe000).contains(low)).ok_or(LoneSurrogate)?;
    *rest = low_half;
    char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)).ok_or(LoneSurrogate)
}

fn unit(rest: &mut &str) -> Option<u32> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn agrees_with_serde_json(raw in r#"([a-zé😀]|\\[bfnrt/"\\]|\\u[0-9a-fA-F]{4}|\\ud8[0-9a-f]{2}\\udc[0-9a-f]{2}){0,12}"#) {
            let mut out = String::new();
            let ours = unescape(&raw, &mut out).map(|()| out).ok();
            prop_assert_eq!(ours, serde_json::from_str::<String>(&format!("\"{raw}\"")).ok());
        }
    }
}
