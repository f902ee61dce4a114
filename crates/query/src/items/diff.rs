//! What differs between two items, attribute by attribute.

use super::path::Path;
use super::value::{Item, Value};

/// How an attribute differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// It was not there.
    Added,
    /// It is there no more.
    Removed,
    /// It has another value, or another type.
    Changed,
    /// It was redacted, so nobody can tell.
    Unknown,
}

impl Difference {
    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
        }
    }
}

/// One attribute that differs: the outermost of which all is new or gone, the innermost that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeChange {
    /// Where it stands.
    pub path: Path,
    /// How it differs.
    pub difference: Difference,
    /// Its value before; `None` if it was not there.
    pub old: Option<Value>,
    /// Its value after; `None` if it is there no more.
    pub new: Option<Value>,
}

/// What differs, in order of name; an item that is not there has no attributes. Maps are compared member by member, lists
/// element by element by their index, sets as sets, numbers by value.
#[must_use]
pub fn differences(old: Option<&Item>, new: Option<&Item>) -> Vec<AttributeChange> {
    let mut found = Vec::new();
    let none = Item::new();
    items(&Path::default(), old.unwrap_or(&none), new.unwrap_or(&none), &mut found);
    found
}

fn items(at: &Path, old: &Item, new: &Item, found: &mut Vec<AttributeChange>) {
    let mut names: Vec<&String> = old.keys().chain(new.keys()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        values(at.member(name), old.get(name), new.get(name), found);
    }
}

fn values(path: Path, old: Option<&Value>, new: Option<&Value>, found: &mut Vec<AttributeChange>) {
    let difference = match (old, new) {
        (None, None) => return,
        (None, Some(_)) => Difference::Added,
        (Some(_), None) => Difference::Removed,
        (Some(old), Some(new)) if old == new => return,
        (Some(Value::Map(old)), Some(Value::Map(new))) => return items(&path, old, new, found),
        (Some(Value::List(old)), Some(Value::List(new))) => {
            for index in 0..old.len().max(new.len()) {
                values(path.index(index), old.get(index), new.get(index), found);
            }
            return;
        }
        (Some(Value::Redacted(_)), Some(_)) | (Some(_), Some(Value::Redacted(_))) => Difference::Unknown,
        (Some(_), Some(_)) => Difference::Changed,
    };
    found.push(AttributeChange { path, difference, old: old.cloned(), new: new.cloned() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::items::value::parse;
    use proptest::prelude::*;

    fn said(old: Option<&str>, new: Option<&str>) -> Vec<String> {
        let (old, new) = (old.map(|text| parse(text).unwrap()), new.map(|text| parse(text).unwrap()));
        differences(old.as_ref(), new.as_ref())
            .iter()
            .map(|change| format!("{} {}", change.difference.as_str(), change.path))
            .collect()
    }

    #[test]
    fn nested_values_are_named_by_their_path() {
        let old = r#"{"a":{"M":{"x":{"N":"1"},"l":{"L":[{"S":"p"},{"M":{"k":{"N":"1"}}},{"S":"q"}]}}},"s":{"SS":["a","b"]},"t":{"N":"1"},"gone":{"S":""}}"#;
        let new = r#"{"a":{"M":{"x":{"N":"1.0"},"l":{"L":[{"S":"p"},{"M":{"k":{"N":"2"}}}]}}},"s":{"SS":["b","c"]},"t":{"S":"1"},"new":{"M":{}}}"#;
        assert_eq!(
            said(Some(old), Some(new)),
            ["changed a.l[1].k", "removed a.l[2]", "removed gone", "added new", "changed s", "changed t"]
        );
        assert_eq!(said(None, Some(r#"{"b":{"N":"1"},"a":{"N":"1"}}"#)), ["added a", "added b"]);
        assert_eq!(said(Some(r#"{"b":{"N":"1"}}"#), None), ["removed b"]);
    }

    #[test]
    fn of_what_was_redacted_nothing_is_claimed() {
        let item = |value: Value| Item::from([("a".to_owned(), value)]);
        let (one, two) = (Value::Redacted("1".to_owned()), Value::Redacted("2".to_owned()));
        let kind = |old: &Item, new: &Item| {
            differences(Some(old), Some(new)).first().map(|change| change.difference)
        };
        assert_eq!(kind(&item(one.clone()), &item(two)), Some(Difference::Unknown));
        assert_eq!(kind(&item(one.clone()), &item(Value::Null)), Some(Difference::Unknown));
        assert_eq!(kind(&item(one.clone()), &item(one.clone())), None);
        assert_eq!(kind(&Item::new(), &item(one)), Some(Difference::Added));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            "[a-c]{0,2}".prop_map(Value::String),
            any::<bool>().prop_map(Value::Bool),
            prop::collection::btree_set("[a-c]", 1..3).prop_map(Value::StringSet),
        ];
        leaf.prop_recursive(3, 12, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::List),
                prop::collection::btree_map("[a-c]", inner, 0..3).prop_map(Value::Map),
            ]
        })
    }

    /// Undoes what a difference says.
    fn undo(item: &mut Item, changes: &[AttributeChange]) {
        // From the last on, so that elements leave a list at its end.
        for change in changes.iter().rev() {
            put(item, change.path.steps(), change.old.clone());
        }
        // Elements that come back have come in reverse.
        for change in changes.iter().filter(|change| change.difference == Difference::Removed) {
            put(item, change.path.steps(), change.old.clone());
        }
    }

    fn put(item: &mut Item, steps: &[crate::items::path::Step], value: Option<Value>) {
        use crate::items::path::Step;
        let [Step::Member(name), rest @ ..] = steps else { panic!("{steps:?}") };
        match (rest, value) {
            ([], Some(value)) => drop(item.insert(name.clone(), value)),
            ([], None) => drop(item.remove(name)),
            (rest, value) => put_in(item.get_mut(name).unwrap(), rest, value),
        }
    }

    fn put_in(at: &mut Value, steps: &[crate::items::path::Step], value: Option<Value>) {
        use crate::items::path::Step;
        match (at, steps) {
            (Value::Map(item), steps) => put(item, steps, value),
            (Value::List(elements), [Step::Index(index), rest @ ..]) => match (rest, value) {
                ([], None) => elements.truncate(*index),
                ([], Some(value)) if *index < elements.len() => elements[*index] = value,
                ([], Some(value)) if *index == elements.len() => elements.push(value),
                // Its turn comes when those before it are back.
                ([], Some(_)) => {}
                (rest, value) => put_in(&mut elements[*index], rest, value),
            },
            (at, steps) => panic!("{at:?} {steps:?}"),
        }
    }

    proptest! {
        #[test]
        fn differences_lead_from_one_item_to_the_other(
            old in prop::collection::btree_map("[a-c]", value(), 0..4),
            new in prop::collection::btree_map("[a-c]", value(), 0..4),
        ) {
            let changes = differences(Some(&old), Some(&new));
            let mut item = new;
            undo(&mut item, &changes);
            prop_assert_eq!(item, old);
        }
    }
}
