//! A reader of JSON text that finds members and skips the rest.
//!
//! It is made for text that was read as JSON before, and remembers nothing but offsets. On any other text it finds less;
//! it never fails and never looks twice at a byte.

use std::borrow::Cow;
use std::ops::Range;

/// A place in a text.
#[derive(Clone)]
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// A member's name as it stands in the text.
pub(crate) struct Name<'a> {
    raw: &'a str,
    has_escapes: bool,
}

impl Name<'_> {
    /// Whether it is this name, escapes decoded.
    pub(crate) fn is(&self, name: &str) -> bool {
        if self.has_escapes { unescaped(self.raw).is_some_and(|own| own == name) } else { self.raw == name }
    }
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self { text, at }
    }

    /// Enters an object or list, if there is one.
    pub(crate) fn open(&mut self, bracket: u8) -> Option<()> {
        self.white();
        self.eat(bracket)
    }

    /// The next member of an object that was entered: its name; its value is next. Skip it before asking again.
    #[inline]
    pub(crate) fn member(&mut self) -> Option<Name<'a>> {
        self.separator();
        self.eat(b'"')?;
        let name = self.string()?;
        self.white();
        self.eat(b':')?;
        self.white();
        Some(name)
    }

    /// Goes to the next element of a list that was entered. Skip it before asking again.
    pub(crate) fn element(&mut self) -> Option<()> {
        self.separator();
        (self.peek()? != b']').then_some(())
    }

    /// Skips a value and says where it is.
    #[inline]
    pub(crate) fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.text.as_bytes().get(self.at..)? {
            // A scalar attribute, as the service writes it: one text in braces.
            [b'{', b'"', _, b'"', b':', b'"', ..] => {
                self.at += 6;
                self.skip_string()?;
                if self.eat(b'}').is_none() {
                    self.at = start;
                    self.skip_nested()?;
                }
            }
            [b'"', ..] => {
                self.at += 1;
                self.skip_string()?;
            }
            [b'{' | b'[', ..] => self.skip_nested()?,
            rest => {
                let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                let length = rest.iter().position(ends).unwrap_or(rest.len());
                self.at += length;
                (length > 0).then_some(())?;
            }
        }
        Some(start..self.at)
    }

    /// A text that is next, decoded.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        self.eat(b'"')?;
        let Name { raw, has_escapes } = self.string()?;
        if has_escapes { unescaped(raw).map(Cow::Owned) } else { Some(Cow::Borrowed(raw)) }
    }

    /// Whether nothing but this bracket is left.
    pub(crate) fn closes(&mut self, bracket: u8) -> bool {
        self.white();
        self.eat(bracket).is_some()
    }

    /// The first byte of what is next.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    #[inline]
    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    #[inline]
    fn separator(&mut self) {
        self.white();
        if self.eat(b',').is_some() {
            self.white();
        }
    }

    /// What stands up to the closing quote; the opening one is behind us.
    #[inline]
    fn string(&mut self) -> Option<Name<'a>> {
        let start = self.at;
        let has_escapes = self.skip_string()?;
        Some(Name { raw: self.text.get(start..self.at - 1)?, has_escapes })
    }

    #[inline]
    fn skip_string(&mut self) -> Option<bool> {
        let bytes = self.text.as_bytes();
        let mut has_escapes = false;
        loop {
            let rest = bytes.get(self.at..)?;
            let length = quote_or_backslash(rest)?;
            if rest.get(length) == Some(&b'"') {
                self.at += length + 1;
                return Some(has_escapes);
            }
            has_escapes = true;
            self.at += length + 2;
        }
    }

    #[inline(never)]
    fn skip_nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            // Between two strings there are a few bytes, and most of them do not matter.
            let rest = self.text.as_bytes().get(self.at..)?;
            let length = rest.iter().position(|byte| matches!(byte, b'"' | b'{' | b'[' | b'}' | b']'))?;
            self.at += length + 1;
            match rest.get(length)? {
                b'"' => {
                    self.skip_string()?;
                }
                b'{' | b'[' => depth += 1,
                _ => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 {
                        return Some(());
                    }
                }
            }
        }
    }
}

/// The place of the first quote or backslash. Eight bytes are looked at at a time: a loop over single ones is wrongly
/// predicted at the end of each string, which costs more than all the rest.
#[inline]
fn quote_or_backslash(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    // The lowest marked byte is one that is nought; higher ones may be marked wrongly.
    let noughts = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut place = 0;
    let mut rest = bytes;
    while let Some((word, behind)) = rest.split_first_chunk::<8>() {
        let word = u64::from_le_bytes(*word);
        let found = noughts(word ^ (ONES * u64::from(b'"'))) | noughts(word ^ (ONES * u64::from(b'\\')));
        if found != 0 {
            return Some(place + (found.trailing_zeros() / 8) as usize);
        }
        place += 8;
        rest = behind;
    }
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|last| place + last)
}

/// Decodes what stands between quotes; `None` for half a surrogate pair, which no text can hold.
#[cold]
fn unescaped(raw: &str) -> Option<String> {
    serde_json::from_str(&format!("\"{raw}\"")).ok()
}

/// Writes a JSON string.
pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                out.push_str("\\u00");
                out.push_str(&hex::encode([control as u8]));
            }
            other => out.push(other),
        }
    }
    out.push('"');
}
