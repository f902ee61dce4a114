//! A validating scanner for JSON text (RFC 8259): it finds where values begin and end and builds nothing.
//!
//! Promises: whatever it steps over is valid JSON, nested at most [`LEVELS_MAX`] deep. Relies on: the bytes are UTF-8.
//! Duplicate names and lone surrogates are valid JSON; who cares about them looks at the spans.

use super::span::Span;

/// How deep values may nest below the one that is scanned. DynamoDB's 32 levels take 64; the bound keeps hostile input
/// from using up the stack.
pub(super) const LEVELS_MAX: u32 = 256;

/// What was expected where the text goes wrong; the place is [`Scanner::position`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrong {
    Value,
    Name,
    Colon,
    CommaOrEnd,
    Digit,
    TextOrQuote,
    Escape,
    Levels,
    End,
}

impl Wrong {
    pub(super) const fn expected(self) -> &'static str {
        match self {
            Self::Value => "a JSON value",
            Self::Name => "a member name in quotes",
            Self::Colon => "':'",
            Self::CommaOrEnd => "',' or the closing bracket",
            Self::Digit => "a digit",
            Self::TextOrQuote => "text without control characters, then a closing quote",
            Self::Escape => "a valid escape",
            Self::Levels => "at most 256 levels of nesting",
            Self::End => "nothing after the page",
        }
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Array,
    Text { escaped: bool },
    Number,
    Boolean,
    Null,
}

/// A value that was stepped over: `span` covers all of it, quotes and brackets included.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value {
    pub(super) kind: Kind,
    pub(super) span: Span,
}

impl Value {
    /// What stands between the quotes, undecoded; `None` if this is not a text.
    pub(super) fn text(self) -> Option<Quoted> {
        match self.kind {
            Kind::Text { escaped } => Some(Quoted { inner: self.span.without_quotes(), escaped }),
            Kind::Object | Kind::Array | Kind::Number | Kind::Boolean | Kind::Null => None,
        }
    }
}

/// A text or member name: `inner` lies between the quotes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Quoted {
    pub(super) inner: Span,
    pub(super) escaped: bool,
}

/// A place in a text.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub(super) const fn position(&self) -> usize {
        self.at
    }

    /// Skips white space and shows the next byte; 0, which no token begins with, at the end.
    #[inline]
    pub(super) fn token(&mut self) -> u8 {
        let mut byte = self.peek();
        while matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
            byte = self.peek();
        }
        byte
    }

    /// Takes `byte` if it comes next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.token() == byte;
        if found {
            self.at += 1;
        }
        found
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), Wrong> {
        self.token();
        if self.at == self.bytes.len() { Ok(()) } else { Err(Wrong::End) }
    }

    /// Steps to the next member of the object whose `{` was taken and over its name and colon; `None`: over the `}`.
    #[inline]
    pub(super) fn member(&mut self, first: bool) -> Result<Option<Quoted>, Wrong> {
        if !self.separator(b'}', first)? {
            return Ok(None);
        }
        if !self.take(b'"') {
            return Err(Wrong::Name);
        }
        let start = self.at;
        let escaped = self.text_rest()?;
        let inner = Span::body(start, self.at - 1);
        if !self.take(b':') {
            return Err(Wrong::Colon);
        }
        Ok(Some(Quoted { inner, escaped }))
    }

    /// Steps to the next element of the array whose `[` was taken; `false`: over the `]`.
    #[inline]
    pub(super) fn element(&mut self, first: bool) -> Result<bool, Wrong> {
        self.separator(b']', first)
    }

    /// Steps over the next value.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Value, Wrong> {
        self.token();
        let start = self.at;
        let kind = self.skip(LEVELS_MAX)?;
        Ok(Value { kind, span: Span::body(start, self.at) })
    }

    #[inline]
    fn peek(&self) -> u8 {
        self.bytes.get(self.at).copied().unwrap_or(0)
    }

    #[inline]
    fn separator(&mut self, close: u8, first: bool) -> Result<bool, Wrong> {
        let byte = self.token();
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if !first {
            if byte != b',' {
                return Err(Wrong::CommaOrEnd);
            }
            self.at += 1;
        }
        Ok(true)
    }

    fn skip(&mut self, levels: u32) -> Result<Kind, Wrong> {
        let byte = self.token();
        self.at += 1;
        match byte {
            b'"' => Ok(Kind::Text { escaped: self.text_rest()? }),
            b'{' => self.object_rest(levels),
            b'[' => self.array_rest(levels),
            b'-' | b'0'..=b'9' => self.number_rest(byte),
            b't' => self.literal(b"rue", Kind::Boolean),
            b'f' => self.literal(b"alse", Kind::Boolean),
            b'n' => self.literal(b"ull", Kind::Null),
            _ => {
                self.at -= 1;
                Err(Wrong::Value)
            }
        }
    }

    fn object_rest(&mut self, levels: u32) -> Result<Kind, Wrong> {
        let levels = levels.checked_sub(1).ok_or(Wrong::Levels)?;
        let mut first = true;
        while self.member(first)?.is_some() {
            self.skip(levels)?;
            first = false;
        }
        Ok(Kind::Object)
    }

    fn array_rest(&mut self, levels: u32) -> Result<Kind, Wrong> {
        let levels = levels.checked_sub(1).ok_or(Wrong::Levels)?;
        let mut first = true;
        while self.element(first)? {
            self.skip(levels)?;
            first = false;
        }
        Ok(Kind::Array)
    }

    fn literal(&mut self, rest: &[u8], kind: Kind) -> Result<Kind, Wrong> {
        if self.bytes.get(self.at..).is_some_and(|tail| tail.starts_with(rest)) {
            self.at += rest.len();
            Ok(kind)
        } else {
            Err(Wrong::Value)
        }
    }

    fn number_rest(&mut self, first: u8) -> Result<Kind, Wrong> {
        let leading = if first == b'-' {
            let digit = self.peek();
            self.at += 1;
            digit
        } else {
            first
        };
        match leading {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => {
                self.at -= 1;
                return Err(Wrong::Digit);
            }
        }
        if self.peek() == b'.' {
            self.at += 1;
            self.digits_some()?;
        }
        if matches!(self.peek(), b'e' | b'E') {
            self.at += 1;
            if matches!(self.peek(), b'+' | b'-') {
                self.at += 1;
            }
            self.digits_some()?;
        }
        Ok(Kind::Number)
    }

    fn digits_some(&mut self) -> Result<(), Wrong> {
        let before = self.at;
        self.digits();
        if self.at == before { Err(Wrong::Digit) } else { Ok(()) }
    }

    #[inline]
    fn digits(&mut self) {
        while self.peek().is_ascii_digit() {
            self.at += 1;
        }
    }

    /// From behind the opening quote to behind the closing one; whether there was an escape.
    #[inline]
    fn text_rest(&mut self) -> Result<bool, Wrong> {
        let mut escaped = false;
        loop {
            self.plain_text();
            match self.peek() {
                b'"' => {
                    self.at += 1;
                    return Ok(escaped);
                }
                b'\\' => {
                    self.at += 1;
                    self.escape()?;
                    escaped = true;
                }
                _ => return Err(Wrong::TextOrQuote),
            }
        }
    }

    /// Stops at the next quote, backslash or control character, or at the end.
    #[inline]
    fn plain_text(&mut self) {
        while let Some(eight) = self.bytes.get(self.at..).and_then(|tail| tail.first_chunk::<8>()) {
            let special = special_bytes(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at += (special.trailing_zeros() / 8) as usize;
                return;
            }
            self.at += 8;
        }
        while self.bytes.get(self.at).is_some_and(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\') {
            self.at += 1;
        }
    }

    fn escape(&mut self) -> Result<(), Wrong> {
        match self.peek() {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {
                self.at += 1;
                Ok(())
            }
            b'u' => {
                let digits = self.bytes.get(self.at + 1..self.at + 5).ok_or(Wrong::Escape)?;
                if !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(Wrong::Escape);
                }
                self.at += 5;
                Ok(())
            }
            _ => Err(Wrong::Escape),
        }
    }
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGHS: u64 = 0x8080_8080_8080_8080;

/// High bits set where a byte is a quote, a backslash or below 0x20. Above the lowest set bit there may be false ones
/// (a borrow runs upwards); the lowest is always true.
#[inline]
const fn special_bytes(eight: u64) -> u64 {
    let quote = eight ^ (ONES * b'"' as u64);
    let backslash = eight ^ (ONES * b'\\' as u64);
    let is_quote = quote.wrapping_sub(ONES) & !quote;
    let is_backslash = backslash.wrapping_sub(ONES) & !backslash;
    let is_control = eight.wrapping_sub(ONES * 0x20) & !eight;
    (is_quote | is_backslash | is_control) & HIGHS
}
