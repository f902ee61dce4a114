//! A `GetRecords` reply, parsed where it lies: one pass over the body that validates every byte and copies no image.
//!
//! Promises: images, keys and unknown members come out byte for byte as they came in; a page is either understood down
//! to its last byte or refused, and never loses a record. A record whose sequence number can be read and whose rest
//! cannot is handed on whole, marked `unreadable`. Whether sequence numbers grow is the reader's question.
//!
//! Sources of the rules: DynamoDB Streams API reference (`GetRecords`, `Record`, `StreamRecord`), RFC 8259,
//! FORMAT.md ("Unknown members").

mod error;
mod escape;
mod parse;
mod record;
mod scan;
mod span;
mod time;

#[cfg(any(test, fuzzing))]
pub(crate) mod agreement;
#[cfg(any(test, fuzzing))]
mod oracle;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use sealog_record::{ChangeRecord, SequenceNumber};

pub use error::PageError;

use record::Fields;
use span::Span;

/// The largest body that is accepted. The service promises at most 1 MB of records; JSON escapes can make a body some
/// times larger.
pub const PAGE_BYTES_MAX: usize = 64 << 20;

/// The most records that are accepted in one page: ten times what the service promises at most. Without a bound, a reply
/// of tiny records would take many times its size in memory.
pub const RECORDS_MAX: usize = 10_000;

/// One parsed reply; owns its bytes.
pub struct Page {
    body: Bytes,
    side: String,
    records: Vec<Fields>,
    next_iterator: Span,
}

/// One record of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRecord<'a> {
    /// The change; of an unreadable record only `sequence_number`, and `extra` = the whole record verbatim.
    pub change: ChangeRecord<'a>,
    /// A known member occurred twice or had the wrong type, or there are more unknown members than a record can mean
    /// (1,000). Archive it with `Decision::UNREADABLE`.
    pub unreadable: bool,
}

impl Page {
    /// Parses the body of a `GetRecords` reply.
    ///
    /// # Errors
    /// [`PageError`]: the body is not a page, or a record in it has no sequence number. The same bytes give the same
    /// error, so parsing again is no use; asking the service again may be.
    pub fn parse(body: Bytes) -> Result<Self, PageError> {
        parse::page(body)
    }

    /// How many records the page holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether the page holds no record; that says neither "end" nor "caught up".
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Length of the body in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Bytes of memory held, the index included.
    pub(crate) fn footprint(&self) -> usize {
        self.body.len() + self.side.capacity() + self.records.capacity() * size_of::<Fields>()
    }

    /// Where the next page begins; `None`: the shard is closed and this was its last page.
    #[must_use]
    pub fn next_iterator(&self) -> Option<&str> {
        self.next_iterator.in_body(&self.body, &self.side)
    }

    /// The `index`-th record's place in the shard.
    #[must_use]
    pub fn sequence(&self, index: usize) -> Option<SequenceNumber> {
        self.records.get(index).map(|fields| fields.sequence)
    }

    /// The `index`-th record. To go through many, [`Self::records`] is cheaper.
    #[must_use]
    pub fn record(&self, index: usize) -> Option<PageRecord<'_>> {
        let fields = self.records.get(index)?;
        Some(fields.resolve(|span| span.in_body(&self.body, &self.side)))
    }

    /// The records in the order received.
    #[must_use]
    pub fn records(&self) -> Records<'_> {
        // Parsing has shown that the body is UTF-8. The type has forgotten it, and asking again takes 0.05 µs a record.
        let body = simdutf8::basic::from_utf8(&self.body).unwrap_or_default();
        Records { body, side: &self.side, fields: self.records.iter() }
    }
}

/// Shows sizes only: images are other people's data and do not belong in a log.
impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page")
            .field("records", &self.len())
            .field("bytes", &self.bytes())
            .finish_non_exhaustive()
    }
}

/// Iterator over the records of a page; see [`Page::records`].
#[derive(Debug, Clone)]
pub struct Records<'a> {
    body: &'a str,
    side: &'a str,
    fields: std::slice::Iter<'a, Fields>,
}

impl<'a> Records<'a> {
    #[inline]
    fn resolve(&self, fields: &Fields) -> PageRecord<'a> {
        fields.resolve(|span| span.in_text(self.body, self.side))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = PageRecord<'a>;

    #[inline]
    fn next(&mut self) -> Option<PageRecord<'a>> {
        self.fields.next().map(|fields| self.resolve(fields))
    }

    fn nth(&mut self, n: usize) -> Option<PageRecord<'a>> {
        self.fields.nth(n).map(|fields| self.resolve(fields))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.fields.size_hint()
    }
}

impl ExactSizeIterator for Records<'_> {}
