//! Patterns that look into a list or a set, over the record's JSON.
//!
//! As AWS matches events: a list is looked through, names below one list have to match within the same element, and
//! `{"exists": false}` asks for a value that is in no element at all.

use serde_json::Value as Json;

use crate::rule::{Leaf, Rules};

/// What is asked of a JSON value.
#[derive(Debug)]
pub(crate) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Member(String, Box<Self>),
    Value(Rules),
}

impl Tree {
    /// Whether the value, which may be missing, passes.
    pub(crate) fn matches(&self, value: Option<&Json>) -> bool {
        let all: Vec<_> = value.into_iter().collect();
        self.passes(value, &all)
    }

    /// `value` is the element at hand, `all` are the values at this place of all elements.
    fn passes(&self, value: Option<&Json>, all: &[&Json]) -> bool {
        if let Some(Json::Array(elements)) = value {
            let all: Vec<_> = flat(all).collect();
            // An empty list is like none.
            return match elements.as_slice() {
                [] => self.passes(None, &all),
                some => some.iter().any(|element| self.passes(Some(element), &all)),
            };
        }
        match self {
            Self::All(trees) => trees.iter().all(|tree| tree.passes(value, all)),
            Self::Any(trees) => trees.iter().any(|tree| tree.passes(value, all)),
            Self::Member(name, tree) => {
                let all: Vec<_> = flat(all).filter_map(|it| it.get(name)).collect();
                tree.passes(value.and_then(|value| value.get(name)), &all)
            }
            Self::Value(rules) => {
                let absent = rules.take_absence() && !flat(all).any(|it| leaf(it).is_some());
                absent || value.and_then(leaf).is_some_and(|leaf| rules.take(leaf))
            }
        }
    }
}

/// The elements of lists, and what is no list.
fn flat<'a>(values: &[&'a Json]) -> impl Iterator<Item = &'a Json> {
    values.iter().flat_map(|value| value.as_array().map_or(std::slice::from_ref(*value), Vec::as_slice))
}

fn leaf(value: &Json) -> Option<Leaf<'_>> {
    match value {
        Json::String(text) => Some(Leaf::Text(text)),
        Json::Bool(value) => Some(Leaf::Boolean(*value)),
        Json::Null | Json::Number(_) | Json::Array(_) | Json::Object(_) => None,
    }
}
