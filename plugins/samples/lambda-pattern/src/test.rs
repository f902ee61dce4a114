//! A compiled pattern, and whether a change passes it.

use sealog_filter_sdk::{Attribute, Change, ChangeKind, Column, Value};

use crate::rule::{Leaf, Rules};
use crate::tree::Tree;

/// What is asked of a change.
#[derive(Debug)]
pub(crate) enum Test {
    /// Names beside each other.
    All(Vec<Self>),
    /// `$or`.
    Any(Vec<Self>),
    /// Something beside the images.
    Field(Field, Rules),
    /// An attribute that is one value.
    Scalar(Column, Scalar, Rules),
    /// A list or a set, and what is in it. It comes as the text of one attribute, its type included.
    Inside(Column, Tree),
}

/// What a filter sees beside the images.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Field {
    EventName,
    EventSource,
    IdentityType,
    PrincipalId,
    SequenceNumber,
    CreationTime,
}

/// DynamoDB's types of one value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scalar {
    S,
    N,
    B,
    Boolean,
    Null,
}

impl Test {
    pub(crate) fn matches(&self, change: &Change<'_>) -> bool {
        match self {
            Self::All(tests) => tests.iter().all(|test| test.matches(change)),
            Self::Any(tests) => tests.iter().any(|test| test.matches(change)),
            Self::Field(field, rules) => field.passes(change, rules),
            Self::Scalar(column, scalar, rules) => scalar.passes(change, *column, rules),
            Self::Inside(column, tree) => {
                let attribute = change.json(*column).and_then(|text| serde_json::from_str(text).ok());
                tree.matches(attribute.as_ref())
            }
        }
    }
}

fn judge(rules: &Rules, leaf: Option<Leaf<'_>>) -> bool {
    leaf.map_or(rules.take_absence(), |leaf| rules.take(leaf))
}

impl Field {
    fn passes(self, change: &Change<'_>, rules: &Rules) -> bool {
        let seconds;
        let text = match self {
            Self::EventName => match change.kind() {
                ChangeKind::Insert => Some("INSERT"),
                ChangeKind::Modify => Some("MODIFY"),
                ChangeKind::Remove => Some("REMOVE"),
                ChangeKind::Other => None,
            },
            Self::EventSource => Some("aws:dynamodb"),
            Self::IdentityType => change.identity().map(|identity| identity.kind),
            Self::PrincipalId => change.identity().map(|identity| identity.principal),
            Self::SequenceNumber => Some(change.sequence()),
            Self::CreationTime => match change.created_ms() {
                Some(at_ms) => {
                    seconds = format!("{at_ms}E-3");
                    Some(seconds.as_str())
                }
                None => None,
            },
        };
        judge(rules, text.map(Leaf::Text))
    }
}

impl Scalar {
    fn passes(self, change: &Change<'_>, column: Column, rules: &Rules) -> bool {
        let leaf = match (self, change.value(column)) {
            (Self::S, Value::Text(text)) | (Self::N, Value::Number(text)) => Some(Leaf::Text(text)),
            (Self::Boolean, Value::Boolean(value)) => Some(Leaf::Boolean(*value)),
            (Self::Null, Value::Nil) => Some(Leaf::Boolean(true)),
            (Self::B, Value::Bytes(_)) => {
                // In a record they are base64.
                let Ok(Some(Attribute::Bytes(text))) = change.attribute(column) else { return false };
                return rules.take(Leaf::Text(&text));
            }
            _ => None,
        };
        judge(rules, leaf)
    }
}
