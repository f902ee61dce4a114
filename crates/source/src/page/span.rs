//! Where a text lies: in the page's body, or in its side text, where decoded and gathered texts are kept.

/// A range of bytes in 8 bytes of memory, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    len: u32,
}

const SIDE: u32 = 1 << 31;

impl Span {
    /// No text at all.
    pub(super) const NONE: Self = Self { start: 0, len: u32::MAX };

    /// `start..end` of the body.
    #[inline]
    pub(super) fn body(start: usize, end: usize) -> Self {
        Self { start: narrow(start), len: narrow(end - start) }
    }

    /// `start..end` of the side text.
    pub(super) fn side(start: usize, end: usize) -> Self {
        Self { start: narrow(start) | SIDE, len: narrow(end - start) }
    }

    /// The same without its first and last byte.
    #[inline]
    pub(super) const fn without_quotes(self) -> Self {
        Self { start: self.start + 1, len: self.len.saturating_sub(2) }
    }

    /// The text, looked up in an already validated body.
    #[inline]
    pub(super) fn in_text<'a>(self, body: &'a str, side: &'a str) -> Option<&'a str> {
        let (range, aside) = self.range()?;
        if aside { side.get(range) } else { body.get(range) }
    }

    /// The text, validated on the way; for a few look-ups, where validating the whole body would cost more.
    pub(super) fn in_body<'a>(self, body: &'a [u8], side: &'a str) -> Option<&'a str> {
        let (range, aside) = self.range()?;
        if aside { side.get(range) } else { simdutf8::basic::from_utf8(body.get(range)?).ok() }
    }

    #[inline]
    fn range(self) -> Option<(std::ops::Range<usize>, bool)> {
        if self == Self::NONE {
            return None;
        }
        let start = (self.start & !SIDE) as usize;
        Some((start..start + self.len as usize, self.start & SIDE != 0))
    }
}

/// A page is refused long before an offset could need more than 31 bits (`PAGE_BYTES_MAX`).
#[inline]
fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(SIDE - 1)
}
