//! Values, keys and changes in words. What comes from a table can hold anything: no control character reaches a terminal.

use sealog_query::items::{AttributeChange, Difference, Item, Path, Unknown, Value};

use crate::print;

/// A text within quotes, as JSON has it, and with every character escaped that a terminal would obey.
pub(in crate::commands) fn quoted(text: &str) -> String {
    visible(&serde_json::Value::from(text).to_string())
}

/// Escapes what a terminal would obey: control characters, and those that turn the direction of writing.
pub(in crate::commands) fn visible(text: &str) -> String {
    let is_harmful = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_harmful(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// `"a"`, `12.50`, `base64:AAE=`, `true`, `null`, `{"a", "b"}`, `[1, 2]`, `{x: 1}`.
pub(in crate::commands) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Number(number) => number.as_str().to_owned(),
        Value::Binary(text) => format!("base64:{}", visible(text)),
        Value::Bool(value) => value.to_string(),
        Value::Null => "null".to_owned(),
        Value::StringSet(elements) => set(elements.iter().map(|text| quoted(text))),
        Value::NumberSet(elements) => set(elements.iter().map(|number| number.as_str().to_owned())),
        Value::BinarySet(elements) => set(elements.iter().map(|text| format!("base64:{}", visible(text)))),
        Value::List(elements) => {
            format!("[{}]", elements.iter().map(self::value).collect::<Vec<_>>().join(", "))
        }
        Value::Map(item) => format!("{{{}}}", members(item)),
        Value::Redacted(_) => "(redacted)".to_owned(),
        Value::Other(value) => visible(&value.to_string()),
    }
}

fn set(elements: impl Iterator<Item = String>) -> String {
    format!("{{{}}}", elements.collect::<Vec<_>>().join(", "))
}

fn members(item: &Item) -> String {
    let member = |(name, value): (&String, &Value)| format!("{}: {}", visible(name), self::value(value));
    item.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// Key attributes: `id="a", at=7`.
pub(in crate::commands) fn keys(item: &Item) -> String {
    let key = |(name, value): (&String, &Value)| format!("{}={}", visible(name), self::value(value));
    item.iter().map(key).collect::<Vec<_>>().join(", ")
}

/// The attributes of an item, one a line, without those of its key.
pub(in crate::commands) fn attributes(item: &Item, keys: &Item, indent: &str) -> String {
    let rest = item.iter().filter(|(name, _)| !keys.contains_key(*name));
    let rest: Vec<(String, String)> = rest.map(|(name, value)| (visible(name), self::value(value))).collect();
    let width = rest.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    rest.iter().map(|(name, value)| format!("{indent}{name:width$}  {value}\n")).collect()
}

/// Attributes that differ, one a line: `+` new, `-` gone, `~` another value, `?` redacted.
pub(in crate::commands) fn changes(changes: &[AttributeChange], indent: &str) -> String {
    let name = |change: &AttributeChange| visible(&change.path.to_string());
    let width = changes.iter().map(|change| name(change).chars().count()).max().unwrap_or(0);
    let line = |change: &AttributeChange| {
        let (mark, what) = (mark(change.difference), what(change));
        format!("{indent}{mark} {:width$}  {what}\n", name(change))
    };
    changes.iter().map(line).collect()
}

fn mark(difference: Difference) -> String {
    match difference {
        Difference::Added => print::verdict("+", true),
        Difference::Removed => print::verdict("-", false),
        Difference::Changed => print::bold("~"),
        Difference::Unknown => print::bold("?"),
    }
}

fn what(change: &AttributeChange) -> String {
    let side = |side: &Option<Value>| side.as_ref().map_or_else(String::new, value);
    match (change.difference, &change.old, &change.new) {
        (Difference::Unknown, ..) => "redacted: whether it changed cannot be known".to_owned(),
        (_, Some(old), Some(new)) => {
            sets(old, new).unwrap_or_else(|| format!("{} -> {}", value(old), value(new)))
        }
        (_, old, None) => side(old),
        (_, None, new) => side(new),
    }
}

/// What came into a set and what left it.
fn sets(old: &Value, new: &Value) -> Option<String> {
    fn elements<T: Ord>(
        old: &std::collections::BTreeSet<T>,
        new: &std::collections::BTreeSet<T>,
        show: impl Fn(&T) -> String,
    ) -> String {
        let part = |sign: &str, elements: Vec<&T>| {
            let shown = elements.into_iter().map(&show).collect::<Vec<_>>().join(", ");
            (!shown.is_empty()).then(|| format!("{sign}{{{shown}}}"))
        };
        let (added, removed) = (new.difference(old).collect(), old.difference(new).collect());
        [part("+", added), part("-", removed)].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
    match (old, new) {
        (Value::StringSet(old), Value::StringSet(new)) => Some(elements(old, new, |text| quoted(text))),
        (Value::NumberSet(old), Value::NumberSet(new)) => {
            Some(elements(old, new, |number| number.as_str().to_owned()))
        }
        (Value::BinarySet(old), Value::BinarySet(new)) => {
            Some(elements(old, new, |text| format!("base64:{}", visible(text))))
        }
        _ => None,
    }
}

/// Paths of what was redacted.
pub(in crate::commands) fn paths(paths: &[Path]) -> String {
    paths.iter().map(|path| visible(&path.to_string())).collect::<Vec<_>>().join(", ")
}

/// Why something is not known.
pub(in crate::commands) fn unknown(why: &Unknown) -> String {
    match why {
        Unknown::Dropped { reason } => {
            format!("a filter dropped the record ({}), and only a tombstone is archived", visible(reason))
        }
        Unknown::ViewType(view) => format!("a stream of view type {} does not show it", visible(view)),
        Unknown::Unreadable => "the record could not be read".to_owned(),
        Unknown::Contradiction => "changes that are not in the log must lie around that time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_shown() {
        let text = value(&Value::String("a\u{1b}[31m\u{9b}\u{7f}\u{202e}\n\"é".to_owned()));
        assert_eq!(text, r#""a\u001b[31m\u{9b}\u{7f}\u{202e}\n\"é""#);
        assert!(!visible("x\ty").contains('\t'));
    }

    #[test]
    fn sets_show_what_came_and_went() {
        let set = |elements: &[&str]| Value::StringSet(elements.iter().map(|it| (*it).to_owned()).collect());
        assert_eq!(sets(&set(&["a", "b"]), &set(&["b", "c"])).unwrap(), r#"+{"c"} -{"a"}"#);
        assert_eq!(sets(&set(&["a"]), &Value::Null), None);
    }
}
