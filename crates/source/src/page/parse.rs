//! The page envelope: `Records` and `NextShardIterator`, each at most once; other members are stepped over.

use bytes::Bytes;

use super::error::PageError;
use super::record::{self, Fields};
use super::scan::{Kind, LEVELS_MAX, Quoted, Scanner, Value, Wrong};
use super::span::Span;
use super::{PAGE_BYTES_MAX, Page, RECORDS_MAX, escape};

/// A parse under way: the text, the place in it, and what does not lie in it.
pub(super) struct Parser<'a> {
    pub(super) text: &'a str,
    pub(super) scanner: Scanner<'a>,
    pub(super) side: String,
    pub(super) unknown: record::Unknown,
}

impl Parser<'_> {
    /// A member's name, decoded into `buffer` where it must be; `None` if it is no text and so no name that we know.
    #[inline]
    pub(super) fn name<'b>(&'b self, name: Quoted, buffer: &'b mut String) -> Option<&'b str> {
        let raw = name.inner.in_text(self.text, "")?;
        if !name.escaped {
            return Some(raw);
        }
        buffer.clear();
        escape::unescape(raw, buffer).ok()?;
        Some(buffer)
    }

    /// A text's decoded form; `None` if half a surrogate pair makes it no text.
    #[inline]
    pub(super) fn decoded(&mut self, quoted: Quoted) -> Option<Span> {
        if !quoted.escaped {
            return Some(quoted.inner);
        }
        let start = self.side.len();
        escape::unescape(quoted.inner.in_text(self.text, "")?, &mut self.side).ok()?;
        Some(Span::side(start, self.side.len()))
    }

    pub(super) fn wrong(&self, record: Option<usize>, wrong: Wrong) -> PageError {
        PageError::Json { at: self.scanner.position(), record, expected: wrong.expected() }
    }
}

pub(super) fn page(body: Bytes) -> Result<Page, PageError> {
    if body.len() > PAGE_BYTES_MAX {
        return Err(PageError::TooLarge { bytes: body.len(), bytes_max: PAGE_BYTES_MAX });
    }
    let text = simdutf8::basic::from_utf8(&body).map_err(|_| PageError::NotUtf8)?;
    let mut parser = Parser {
        text,
        scanner: Scanner::new(text.as_bytes()),
        side: String::new(),
        unknown: record::Unknown::default(),
    };
    let (records, next_iterator) = envelope(&mut parser)?;
    let side = parser.side;
    Ok(Page { side, records, next_iterator, body })
}

fn envelope(parser: &mut Parser<'_>) -> Result<(Vec<Fields>, Span), PageError> {
    if !parser.scanner.take(b'{') {
        parser.scanner.value().map_err(|wrong| parser.wrong(None, wrong))?;
        return Err(PageError::WrongType { member: "the whole", expected: "an object" });
    }
    let (mut records, mut next_iterator) = (None, None);
    let mut buffer = String::new();
    let mut first = true;
    while let Some(name) = parser.scanner.member(first).map_err(|wrong| parser.wrong(None, wrong))? {
        first = false;
        match parser.name(name, &mut buffer) {
            Some("Records") => once(&mut records, "Records", self::records(parser)?)?,
            Some("NextShardIterator") => {
                once(&mut next_iterator, "NextShardIterator", self::next_iterator(parser)?)?;
            }
            Some(_) | None => {
                parser.scanner.value().map_err(|wrong| parser.wrong(None, wrong))?;
            }
        }
    }
    parser.scanner.end().map_err(|wrong| parser.wrong(None, wrong))?;
    Ok((records.unwrap_or_default(), next_iterator.unwrap_or(Span::NONE)))
}

fn once<T>(slot: &mut Option<T>, member: &'static str, value: T) -> Result<(), PageError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(PageError::DuplicateMember { member }),
    }
}

fn next_iterator(parser: &mut Parser<'_>) -> Result<Span, PageError> {
    let value: Value = parser.scanner.value().map_err(|wrong| parser.wrong(None, wrong))?;
    if value.kind == Kind::Null {
        return Ok(Span::NONE);
    }
    value
        .text()
        .and_then(|quoted| parser.decoded(quoted))
        .ok_or(PageError::WrongType { member: "NextShardIterator", expected: "a text" })
}

fn records(parser: &mut Parser<'_>) -> Result<Vec<Fields>, PageError> {
    if !parser.scanner.take(b'[') {
        let value = parser.scanner.value().map_err(|wrong| parser.wrong(None, wrong))?;
        return match value.kind {
            Kind::Null => Ok(Vec::new()),
            Kind::Object | Kind::Array | Kind::Text { .. } | Kind::Number | Kind::Boolean => {
                Err(PageError::WrongType { member: "Records", expected: "an array" })
            }
        };
    }
    let mut records = Vec::new();
    let mut first = true;
    while parser.scanner.element(first).map_err(|wrong| parser.wrong(Some(records.len()), wrong))? {
        first = false;
        if records.len() == RECORDS_MAX {
            return Err(PageError::TooManyRecords { records_max: RECORDS_MAX });
        }
        records.push(record::parse(parser, records.len())?);
    }
    Ok(records)
}

const _: () = assert!(PAGE_BYTES_MAX < i32::MAX as usize / 8 && LEVELS_MAX >= 64);
