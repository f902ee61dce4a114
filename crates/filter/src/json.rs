//! A reader of JSON text that finds members and skips the rest.
//!
//! It is made for text that was read as JSON before, and looks at little more than quotes and brackets, whose places
//! ([`Marks`]) are known before it begins. On any other text it finds less; it never fails.

mod marks;

use std::borrow::Cow;
use std::ops::Range;

use self::marks::Brackets;
pub(crate) use self::marks::Marks;

/// A place in a text: between members or elements, or before a value.
#[derive(Clone)]
pub(crate) struct Scanner<'t, 'm> {
    text: &'t str,
    /// None where they do not hold: behind a bare word with a quote or an opening bracket in it.
    marks: Option<&'m Marks>,
    /// Those from `at` on, as long as there are marks.
    brackets: Brackets,
    at: usize,
}

/// A member's name as it stands in the text.
pub(crate) struct Name<'t> {
    raw: &'t [u8],
    has_escapes: bool,
}

impl Name<'_> {
    /// Whether it is this name, escapes decoded.
    #[inline]
    pub(crate) fn is(&self, name: &str) -> bool {
        if self.has_escapes {
            unescaped(self.raw).is_some_and(|own| own == name)
        } else {
            self.raw == name.as_bytes()
        }
    }
}

/// Says quickly of most names that they are not among some: a bit for each first byte and length.
#[derive(Debug, Default)]
pub(crate) struct Sieve(u64);

impl Sieve {
    pub(crate) fn add(&mut self, name: &str) {
        self.0 |= Self::bit(name.as_bytes());
    }

    /// Whether it may be one of those that were added.
    #[inline]
    pub(crate) fn lets_through(&self, name: &Name<'_>) -> bool {
        name.has_escapes || self.0 & Self::bit(name.raw) != 0
    }

    #[inline]
    fn bit(name: &[u8]) -> u64 {
        let first = name.first().copied().map_or(0, usize::from);
        1 << (first.wrapping_add(name.len().wrapping_mul(7)) % 64)
    }
}

impl<'t, 'm> Scanner<'t, 'm> {
    /// At the beginning of a text that `marks` were read from.
    pub(crate) fn new(text: &'t str, marks: &'m Marks) -> Self {
        Self { text, marks: Some(marks), brackets: marks.brackets(0), at: 0 }
    }

    /// Before a value that was found, which is all there is.
    #[inline(always)]
    pub(crate) fn within(&self, value: Range<usize>) -> Self {
        let text = self.text.get(..value.end).unwrap_or_default();
        let brackets = self.marks.map_or(self.brackets, |marks| marks.brackets(value.start));
        Self { text, marks: self.marks, brackets, at: value.start }
    }

    /// What is left.
    #[inline]
    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Where that is.
    pub(crate) fn range(&self) -> Range<usize> {
        self.at..self.text.len()
    }

    /// The value, if it is an object of one member with a text in it, all as the service writes it: the name, which is one
    /// byte long, and the text, which has no escapes.
    #[inline]
    pub(crate) fn usual_scalar(&self) -> Option<(u8, &'t str)> {
        let marks = self.marks.filter(|marks| !marks.has_escapes())?;
        let [b'{', b'"', kind, b'"', b':', b'"', .., b'"', b'}'] = self.rest().as_bytes() else {
            return None;
        };
        let (start, end) = (self.at + 6, self.text.len() - 2);
        if marks.quote(start)? != end {
            return None;
        }
        Some((*kind, self.text.get(start..end)?))
    }

    /// Enters an object or list, if there is one.
    pub(crate) fn open(&mut self, bracket: u8) -> Option<()> {
        self.white();
        self.eat(bracket)?;
        if let Some(marks) = self.marks {
            (_, _, self.brackets) = marks.next(self.brackets)?;
        }
        Some(())
    }

    /// Goes over the next member of an object that was entered: its name, and where its value is.
    #[inline(always)]
    pub(crate) fn entry(&mut self) -> Option<(Name<'t>, Range<usize>)> {
        self.usual_entry().or_else(|| self.any_entry())
    }

    /// A member without white space whose value has brackets, as the service writes attributes; otherwise stays.
    #[inline(always)]
    fn usual_entry(&mut self) -> Option<(Name<'t>, Range<usize>)> {
        let marks = self.marks?;
        let bytes = self.text.as_bytes();
        let quote = self.at + usize::from(*bytes.get(self.at)? == b',');
        let (b'"', rest) = bytes.get(quote..)?.split_first()? else { return None };
        let end = marks.quote(quote + 1)?;
        let (raw, rest) = rest.split_at_checked(end - quote - 1)?;
        let (b"\":{" | b"\":[") = rest.first_chunk()? else { return None };
        let (last, behind) = marks.closing(self.brackets)?;
        if last >= bytes.len() {
            return None;
        }
        self.brackets = behind;
        self.at = last + 1;
        Some((self.name(raw), end + 2..self.at))
    }

    #[inline(never)]
    fn any_entry(&mut self) -> Option<(Name<'t>, Range<usize>)> {
        let name = self.member()?;
        Some((name, self.value()?))
    }

    /// The next member of an object that was entered: its name; its value is next. Skip it before asking again.
    pub(crate) fn member(&mut self) -> Option<Name<'t>> {
        self.separator();
        self.eat(b'"')?;
        let name = self.string()?;
        self.white();
        self.eat(b':')?;
        self.white();
        Some(self.name(name.as_bytes()))
    }

    /// Goes over the next element of a list that was entered, and says where it is.
    pub(crate) fn element(&mut self) -> Option<Range<usize>> {
        self.separator();
        if self.peek()? == b']' { None } else { self.value() }
    }

    /// Skips a value and says where it is.
    pub(crate) fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.peek()? {
            b'{' | b'[' => self.skip_nested()?,
            b'"' => {
                self.at += 1;
                self.string()?;
            }
            _ => self.skip_bare()?,
        }
        Some(start..self.at)
    }

    /// Skips a value and says how it stands there.
    pub(crate) fn value_text(&mut self) -> Option<&'t str> {
        let range = self.value()?;
        self.text.get(range)
    }

    /// A text that is next, decoded.
    pub(crate) fn text(&mut self) -> Option<Cow<'t, str>> {
        self.eat(b'"')?;
        let raw = self.string()?;
        if self.has_escapes(raw.as_bytes()) {
            unescaped(raw.as_bytes()).map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(raw))
        }
    }

    /// Whether nothing but this bracket is left.
    pub(crate) fn closes(&mut self, bracket: u8) -> bool {
        self.white();
        self.eat(bracket).is_some()
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    #[inline(always)]
    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    #[inline(always)]
    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn separator(&mut self) {
        self.white();
        if self.eat(b',').is_some() {
            self.white();
        }
    }

    #[inline(always)]
    fn name(&self, raw: &'t [u8]) -> Name<'t> {
        Name { raw, has_escapes: self.has_escapes(raw) }
    }

    #[inline(always)]
    fn has_escapes(&self, raw: &[u8]) -> bool {
        self.marks.is_none_or(Marks::has_escapes) && raw.contains(&b'\\')
    }

    /// What stands up to the closing quote; the opening one is behind us.
    fn string(&mut self) -> Option<&'t str> {
        let end = match self.marks {
            Some(marks) => marks.quote(self.at)?,
            None => closing_quote(self.text.as_bytes(), self.at)?,
        };
        // The quote itself has to be there as well: a value ends before the text does.
        let string = self.text.get(..=end)?.get(self.at..end)?;
        self.at = end + 1;
        Some(string)
    }

    fn skip_nested(&mut self) -> Option<()> {
        let end = match self.marks {
            Some(marks) => {
                let (end, behind) = marks.closing(self.brackets)?;
                self.brackets = behind;
                end
            }
            None => closing_bracket(self.text.as_bytes(), self.at)?,
        };
        (end < self.text.len()).then(|| self.at = end + 1)
    }

    fn skip_bare(&mut self) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        let ends = |byte: &u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
        let word = rest.split(ends).next().filter(|word| !word.is_empty())?;
        if word.iter().any(|byte| matches!(byte, b'"' | b'{' | b'[')) {
            self.marks = None;
        }
        self.at += word.len();
        Some(())
    }
}

/// The quote that ends the string from `at` on.
#[cold]
fn closing_quote(text: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match text.get(at)? {
            b'"' => return Some(at),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The bracket that closes the one at `at`.
#[cold]
fn closing_bracket(text: &[u8], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match text.get(at)? {
            b'"' => at = closing_quote(text, at + 1)?,
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// Decodes what stands between quotes; `None` for half a surrogate pair, which no text can hold.
#[cold]
fn unescaped(raw: &[u8]) -> Option<String> {
    serde_json::from_slice(&[b"\"", raw, b"\""].concat()).ok()
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
