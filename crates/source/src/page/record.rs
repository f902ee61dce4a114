//! One record: where its members lie, and what of it we do not know.

use sealog_record::{ChangeRecord, SequenceNumber};

use super::PageRecord;
use super::error::{PageError, SequenceProblem};
use super::parse::Parser;
use super::scan::{Kind, Quoted, Value};
use super::span::Span;
use super::time;

/// A parsed record: spans, and the numbers.
#[derive(Debug, Clone)]
pub(super) struct Fields {
    pub(super) sequence: SequenceNumber,
    known: Known,
    unreadable: bool,
}

/// The members that we know; [`Span::NONE`] where absent.
#[derive(Debug, Clone, Copy)]
struct Known {
    sequence_number: Span,
    event_id: Span,
    event_name: Span,
    event_version: Span,
    event_source: Span,
    aws_region: Span,
    created_at: Option<i64>,
    size_bytes: Option<i64>,
    stream_view_type: Span,
    user_identity_type: Span,
    user_identity_principal_id: Span,
    keys: Span,
    old_image: Span,
    new_image: Span,
    extra: Span,
}

impl Known {
    const NONE: Self = Self {
        sequence_number: Span::NONE,
        event_id: Span::NONE,
        event_name: Span::NONE,
        event_version: Span::NONE,
        event_source: Span::NONE,
        aws_region: Span::NONE,
        created_at: None,
        size_bytes: None,
        stream_view_type: Span::NONE,
        user_identity_type: Span::NONE,
        user_identity_principal_id: Span::NONE,
        keys: Span::NONE,
        old_image: Span::NONE,
        new_image: Span::NONE,
        extra: Span::NONE,
    };
}

impl Fields {
    #[inline]
    pub(super) fn resolve<'a>(&self, text: impl Fn(Span) -> Option<&'a str>) -> PageRecord<'a> {
        let known = &self.known;
        let change = ChangeRecord {
            sequence_number: text(known.sequence_number).unwrap_or_default(),
            event_id: text(known.event_id),
            event_name: text(known.event_name),
            event_version: text(known.event_version),
            event_source: text(known.event_source),
            aws_region: text(known.aws_region),
            created_at: known.created_at,
            size_bytes: known.size_bytes,
            stream_view_type: text(known.stream_view_type),
            user_identity_type: text(known.user_identity_type),
            user_identity_principal_id: text(known.user_identity_principal_id),
            keys: text(known.keys),
            old_image: text(known.old_image),
            new_image: text(known.new_image),
            extra: text(known.extra),
        };
        PageRecord { change, unreadable: self.unreadable }
    }
}

/// Today's model has a handful of members; so many unknown ones are no newer model, and only a bound keeps what is held
/// of them small.
pub(super) const UNKNOWN_MAX: usize = 1_000;

/// Members that we do not know, gathered while one record is parsed; reused from record to record.
#[derive(Default)]
pub(super) struct Unknown {
    record: Vec<Member>,
    dynamodb: Vec<Member>,
    user_identity: Vec<Member>,
}

#[derive(Clone, Copy)]
struct Member {
    name: Span,
    value: Span,
}

impl Unknown {
    fn clear(&mut self) {
        self.record.clear();
        self.dynamodb.clear();
        self.user_identity.clear();
    }

    /// Takes up one more; `false`: there are too many.
    fn push(&mut self, place: Place, member: Member) -> bool {
        if self.record.len() + self.dynamodb.len() + self.user_identity.len() == UNKNOWN_MAX {
            return false;
        }
        match place {
            Place::Record => self.record.push(member),
            Place::Dynamodb => self.dynamodb.push(member),
            Place::UserIdentity => self.user_identity.push(member),
        }
        true
    }

    fn is_empty(&self) -> bool {
        self.record.is_empty() && self.dynamodb.is_empty() && self.user_identity.is_empty()
    }

    /// Appends them to `out` as one JSON object (FORMAT.md, "Unknown members").
    fn render(&self, body: &str, out: &mut String) {
        out.push('{');
        members(&self.record, body, out);
        let mut separate = !self.record.is_empty();
        for (name, nested) in [("dynamodb", &self.dynamodb), ("userIdentity", &self.user_identity)] {
            if nested.is_empty() {
                continue;
            }
            if separate {
                out.push(',');
            }
            separate = true;
            out.extend(["\"", name, "\":{"]);
            members(nested, body, out);
            out.push('}');
        }
        out.push('}');
    }
}

fn members(members: &[Member], body: &str, out: &mut String) {
    let raw = |span: Span| span.in_text(body, "").unwrap_or_default();
    for (index, member) in members.iter().enumerate() {
        let separator = if index == 0 { "\"" } else { ",\"" };
        out.extend([separator, raw(member.name), "\":", raw(member.value)]);
    }
}

/// A known member; its number is its bit in [`Building::seen`].
#[derive(Clone, Copy)]
enum Slot {
    EventId,
    EventName,
    EventVersion,
    EventSource,
    AwsRegion,
    Dynamodb,
    UserIdentity,
    CreatedAt,
    SizeBytes,
    StreamViewType,
    Keys,
    OldImage,
    NewImage,
    SequenceNumber,
    IdentityType,
    PrincipalId,
}

#[inline]
fn record_member(name: &str) -> Option<Slot> {
    Some(match name {
        "eventID" => Slot::EventId,
        "eventName" => Slot::EventName,
        "eventVersion" => Slot::EventVersion,
        "eventSource" => Slot::EventSource,
        "awsRegion" => Slot::AwsRegion,
        "dynamodb" => Slot::Dynamodb,
        "userIdentity" => Slot::UserIdentity,
        _ => return None,
    })
}

#[inline]
fn dynamodb_member(name: &str) -> Option<Slot> {
    Some(match name {
        "ApproximateCreationDateTime" => Slot::CreatedAt,
        "Keys" => Slot::Keys,
        "NewImage" => Slot::NewImage,
        "OldImage" => Slot::OldImage,
        "SequenceNumber" => Slot::SequenceNumber,
        "SizeBytes" => Slot::SizeBytes,
        "StreamViewType" => Slot::StreamViewType,
        _ => return None,
    })
}

/// The API model spells them with a capital, records delivered to Lambda without.
#[inline]
fn identity_member(name: &str) -> Option<Slot> {
    Some(match name {
        "Type" | "type" => Slot::IdentityType,
        "PrincipalId" | "principalId" => Slot::PrincipalId,
        _ => return None,
    })
}

/// The objects of a record in which we know members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Record,
    Dynamodb,
    UserIdentity,
}

impl Place {
    #[inline]
    fn member(self, name: &str) -> Option<Slot> {
        match self {
            Self::Record => record_member(name),
            Self::Dynamodb => dynamodb_member(name),
            Self::UserIdentity => identity_member(name),
        }
    }
}

/// A record under construction.
struct Building {
    index: usize,
    seen: u32,
    known: Known,
    sequence: Option<SequenceNumber>,
    unreadable: bool,
    /// Where an escaped name is decoded.
    buffer: String,
}

/// Parses the record that comes next.
pub(super) fn parse(parser: &mut Parser<'_>, index: usize) -> Result<Fields, PageError> {
    parser.unknown.clear();
    let mut building = Building {
        index,
        seen: 0,
        known: Known::NONE,
        sequence: None,
        unreadable: false,
        buffer: String::new(),
    };
    parser.scanner.token();
    let start = parser.scanner.position();
    building.object(parser, Place::Record)?;
    let whole = Span::body(start, parser.scanner.position());
    let sequence = building.sequence.ok_or_else(|| building.problem(SequenceProblem::Missing))?;
    let mut known = building.known;
    if building.unreadable {
        known = Known { sequence_number: known.sequence_number, extra: whole, ..Known::NONE };
    } else if !parser.unknown.is_empty() {
        let start = parser.side.len();
        parser.unknown.render(parser.text, &mut parser.side);
        known.extra = Span::side(start, parser.side.len());
    }
    Ok(Fields { sequence, known, unreadable: building.unreadable })
}

impl Building {
    const fn problem(&self, problem: SequenceProblem) -> PageError {
        PageError::SequenceNumber { record: self.index, problem }
    }

    /// Steps over the next value and takes up its members, if it is an object.
    fn object(&mut self, parser: &mut Parser<'_>, place: Place) -> Result<(), PageError> {
        if !parser.scanner.take(b'{') {
            let value = self.value(parser)?;
            self.unreadable |= value.kind != Kind::Null;
            return Ok(());
        }
        let mut first = true;
        let index = Some(self.index);
        while let Some(name) = parser.scanner.member(first).map_err(|wrong| parser.wrong(index, wrong))? {
            first = false;
            match parser.name(name, &mut self.buffer).and_then(|name| place.member(name)) {
                Some(known) => self.member(parser, known, name)?,
                None => self.unknown(parser, place, name)?,
            }
        }
        Ok(())
    }

    #[inline]
    fn value(&self, parser: &mut Parser<'_>) -> Result<Value, PageError> {
        parser.scanner.value().map_err(|wrong| parser.wrong(Some(self.index), wrong))
    }

    fn unknown(&mut self, parser: &mut Parser<'_>, place: Place, name: Quoted) -> Result<(), PageError> {
        let member = Member { name: name.inner, value: self.value(parser)?.span };
        self.unreadable |= !parser.unknown.push(place, member);
        Ok(())
    }

    fn member(&mut self, parser: &mut Parser<'_>, known: Slot, name: Quoted) -> Result<(), PageError> {
        let bit = 1 << known as u32;
        let again = self.seen & bit != 0;
        self.seen |= bit;
        self.unreadable |= again;
        match known {
            Slot::Dynamodb => return self.object(parser, Place::Dynamodb),
            Slot::UserIdentity => return self.object(parser, Place::UserIdentity),
            Slot::SequenceNumber => return self.sequence_number(parser, again),
            Slot::CreatedAt => return self.created_at(parser, name),
            Slot::SizeBytes => return self.size_bytes(parser),
            Slot::EventId => self.known.event_id = self.text(parser)?,
            Slot::EventName => self.known.event_name = self.text(parser)?,
            Slot::EventVersion => self.known.event_version = self.text(parser)?,
            Slot::EventSource => self.known.event_source = self.text(parser)?,
            Slot::AwsRegion => self.known.aws_region = self.text(parser)?,
            Slot::StreamViewType => self.known.stream_view_type = self.text(parser)?,
            Slot::IdentityType => self.known.user_identity_type = self.text(parser)?,
            Slot::PrincipalId => self.known.user_identity_principal_id = self.text(parser)?,
            Slot::Keys => self.known.keys = self.image(parser)?,
            Slot::OldImage => self.known.old_image = self.image(parser)?,
            Slot::NewImage => self.known.new_image = self.image(parser)?,
        }
        Ok(())
    }

    fn text(&mut self, parser: &mut Parser<'_>) -> Result<Span, PageError> {
        let value = self.value(parser)?;
        let text = value.text().and_then(|quoted| parser.decoded(quoted));
        self.unreadable |= text.is_none() && value.kind != Kind::Null;
        Ok(text.unwrap_or(Span::NONE))
    }

    fn image(&mut self, parser: &mut Parser<'_>) -> Result<Span, PageError> {
        let value = self.value(parser)?;
        if value.kind == Kind::Object {
            return Ok(value.span);
        }
        self.unreadable |= value.kind != Kind::Null;
        Ok(Span::NONE)
    }

    fn sequence_number(&mut self, parser: &mut Parser<'_>, again: bool) -> Result<(), PageError> {
        if again {
            return Err(self.problem(SequenceProblem::Duplicate));
        }
        let value = self.value(parser)?;
        if value.kind == Kind::Null {
            return Ok(());
        }
        let malformed = self.problem(SequenceProblem::Malformed);
        let Some(span) = value.text().and_then(|quoted| parser.decoded(quoted)) else {
            return Err(malformed);
        };
        let text = span.in_text(parser.text, &parser.side).unwrap_or_default();
        self.sequence = Some(text.parse().map_err(|_| malformed)?);
        self.known.sequence_number = span;
        Ok(())
    }

    fn created_at(&mut self, parser: &mut Parser<'_>, name: Quoted) -> Result<(), PageError> {
        let value = self.value(parser)?;
        if value.kind != Kind::Number {
            self.unreadable |= value.kind != Kind::Null;
            return Ok(());
        }
        let millis = time::millis(value.span.in_text(parser.text, "").unwrap_or_default());
        self.known.created_at = millis.floor;
        if !millis.exact {
            // What milliseconds cannot say is kept as it came.
            let member = Member { name: name.inner, value: value.span };
            self.unreadable |= !parser.unknown.push(Place::Dynamodb, member);
        }
        Ok(())
    }

    fn size_bytes(&mut self, parser: &mut Parser<'_>) -> Result<(), PageError> {
        let value = self.value(parser)?;
        if value.kind == Kind::Null {
            return Ok(());
        }
        let number = value.span.in_text(parser.text, "").filter(|_| value.kind == Kind::Number);
        self.known.size_bytes = number.and_then(|number| number.parse().ok());
        self.unreadable |= self.known.size_bytes.is_none();
        Ok(())
    }
}
