//! One change, as a filter sees it.

use crate::bindings::sealog::filter::types;
use crate::{Attribute, AttributeError, ChangeKind, Column, Decimal, Value};

/// One change of one item: what happened, and the declared attributes.
///
/// A column is asked for by type. An attribute that is not there, or is of another type, is `None`: who has to tell the
/// two apart looks at [`Change::value`].
#[derive(Debug, Clone, Copy)]
pub struct Change<'a>(&'a types::Change);

/// Who made a change, where the service says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Such as `Service`.
    pub kind: &'a str,
    /// Such as `dynamodb.amazonaws.com`.
    pub principal: &'a str,
}

impl<'a> Change<'a> {
    pub(crate) const fn new(change: &'a types::Change) -> Self {
        Self(change)
    }

    /// What happened to the item.
    #[must_use]
    pub const fn kind(&self) -> ChangeKind {
        self.0.kind
    }

    /// When, in milliseconds since 1970-01-01 UTC. The service rounds it down to the second: never order by it.
    #[must_use]
    pub const fn created_ms(&self) -> Option<i64> {
        self.0.created_ms
    }

    /// Place in the shard: 1 to 40 decimal digits, ordered as a number.
    #[must_use]
    pub fn sequence(&self) -> &'a str {
        &self.0.sequence
    }

    /// Who made the change. A change by an application has no identity.
    #[must_use]
    pub fn identity(&self) -> Option<Identity<'a>> {
        self.0.identity.as_ref().map(|it| Identity { kind: &it.kind, principal: &it.principal })
    }

    /// Whether the table's time to live removed the item.
    #[must_use]
    pub fn is_ttl_delete(&self) -> bool {
        let ttl = Identity { kind: "Service", principal: "dynamodb.amazonaws.com" };
        self.kind() == ChangeKind::Remove && self.identity() == Some(ttl)
    }

    /// The value of a column as it came.
    #[must_use]
    pub fn value(&self, column: Column) -> &'a Value {
        usize::try_from(column.index())
            .ok()
            .and_then(|index| self.0.cells.get(index))
            .unwrap_or(&Value::Absent)
    }

    /// Whether the attribute is there; NULL is there.
    #[must_use]
    pub fn is_present(&self, column: Column) -> bool {
        !matches!(self.value(column), Value::Absent)
    }

    /// The text of an attribute of type S.
    #[must_use]
    pub fn text(&self, column: Column) -> Option<&'a str> {
        if let Value::Text(text) = self.value(column) { Some(text) } else { None }
    }

    /// The number of an attribute of type N. `None` also for what DynamoDB would not have taken for a number.
    #[must_use]
    pub fn number(&self, column: Column) -> Option<Decimal> {
        self.number_text(column)?.parse().ok()
    }

    /// The decimal text of an attribute of type N, as the service wrote it.
    #[must_use]
    pub fn number_text(&self, column: Column) -> Option<&'a str> {
        if let Value::Number(text) = self.value(column) { Some(text) } else { None }
    }

    /// An attribute of type BOOL.
    #[must_use]
    pub fn boolean(&self, column: Column) -> Option<bool> {
        if let Value::Boolean(value) = self.value(column) { Some(*value) } else { None }
    }

    /// The bytes of an attribute of type B.
    #[must_use]
    pub fn bytes(&self, column: Column) -> Option<&'a [u8]> {
        if let Value::Bytes(bytes) = self.value(column) { Some(bytes) } else { None }
    }

    /// The DynamoDB JSON of an attribute of type M, L, SS, NS or BS, or of a whole image.
    #[must_use]
    pub fn json(&self, column: Column) -> Option<&'a str> {
        if let Value::Json(text) = self.value(column) { Some(text) } else { None }
    }

    /// An attribute of any type, taken apart; not for whole images, see [`Attribute::item`]. Parsing costs: text, number
    /// and boolean are had for less.
    ///
    /// # Errors
    /// The JSON is not an attribute, or a number is none.
    pub fn attribute(&self, column: Column) -> Result<Option<Attribute>, AttributeError> {
        Attribute::from_value(self.value(column))
    }
}
