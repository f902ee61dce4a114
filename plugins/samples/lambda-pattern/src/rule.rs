//! What is asked of one value: the operators.

use std::cmp::Ordering;

use sealog_filter_sdk::Decimal;
use serde_json::Value as Json;

/// Digits of a JSON number that have gone through no rounding.
const DIGITS_EXACT: usize = 15;

/// A value at the end of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaf<'a> {
    Text(&'a str),
    Boolean(bool),
}

/// How the values that a list of rules is about are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Boolean,
}

/// A list of rules: one that matches is enough.
#[derive(Debug)]
pub(crate) struct Rules {
    rules: Vec<Rule>,
    /// One of them is `{"exists": false}`.
    absent: bool,
}

impl Rules {
    /// Whether a missing value is fine.
    pub(crate) const fn take_absence(&self) -> bool {
        self.absent
    }

    /// Whether a value that is there is fine.
    pub(crate) fn take(&self, leaf: Leaf<'_>) -> bool {
        self.rules.iter().any(|rule| rule.takes(leaf))
    }

    pub(crate) fn compile(list: &[Json], kind: Kind) -> Result<Self, String> {
        if list.is_empty() {
            return Err("an empty list matches nothing; name a value, or leave the name out".to_owned());
        }
        let absent = Json::from_iter([("exists", false)]);
        let present = list.iter().filter(|rule| **rule != absent);
        let rules: Vec<_> = present.map(|rule| Rule::compile(rule, kind)).collect::<Result<_, _>>()?;
        Ok(Self { absent: rules.len() < list.len(), rules })
    }
}

#[derive(Debug)]
enum Rule {
    Exactly(Literal),
    Exists,
    Text(TextRule),
    AnythingBut(Vec<Literal>),
    AnythingButText(Vec<TextRule>),
    Numeric(Vec<(Comparison, Decimal)>),
}

#[derive(Debug)]
enum Literal {
    /// No record has a JSON null in it; DynamoDB's is `{"NULL": true}`.
    Null,
    Text(String),
    Boolean(bool),
    Number(Decimal),
}

/// What looks at letters.
#[derive(Debug)]
struct TextRule {
    part: Part,
    ignore_case: bool,
    text: String,
}

#[derive(Debug, Clone, Copy)]
enum Part {
    Beginning,
    End,
    Whole,
}

#[derive(Debug, Clone, Copy)]
enum Comparison {
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

impl Rule {
    fn takes(&self, leaf: Leaf<'_>) -> bool {
        match self {
            Self::Exactly(literal) => literal.is(leaf),
            Self::Exists => true,
            Self::Text(rule) => rule.takes(leaf),
            Self::AnythingBut(literals) => !literals.iter().any(|literal| literal.is(leaf)),
            Self::AnythingButText(rules) => !rules.iter().any(|rule| rule.takes(leaf)),
            Self::Numeric(comparisons) => number(leaf)
                .is_some_and(|number| comparisons.iter().all(|(how, bound)| how.holds(number.cmp(bound)))),
        }
    }

    fn compile(rule: &Json, kind: Kind) -> Result<Self, String> {
        match rule {
            Json::Object(members) => match members.iter().next() {
                Some((operator, operand)) if members.len() == 1 => Self::operator(operator, operand, kind),
                _ => Err(format!("{rule} is not one operator such as {{\"prefix\": \"a\"}}")),
            },
            Json::Array(_) => Err(format!("{rule} is a list in a list")),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                Literal::compile(rule, kind).map(Self::Exactly)
            }
        }
    }

    fn operator(operator: &str, operand: &Json, kind: Kind) -> Result<Self, String> {
        match operator {
            "exists" if *operand == Json::Bool(true) => Ok(Self::Exists),
            "exists" => Err(format!("\"exists\" takes true or false, not {operand}")),
            "prefix" | "suffix" | "equals-ignore-case" => {
                TextRule::compile(operator, operand, kind).map(Self::Text)
            }
            "anything-but" => Self::anything_but(operand, kind),
            "numeric" if kind == Kind::Number => numeric(operand).map(Self::Numeric),
            "numeric" => Err("\"numeric\" compares numbers: it goes below N, NS or a time".to_owned()),
            "wildcard" | "cidr" => Err(format!("Lambda does not know \"{operator}\"; nor is it known here")),
            other => Err(format!(
                "unknown operator \"{other}\"; known are prefix, suffix, equals-ignore-case, anything-but, numeric, exists"
            )),
        }
    }

    fn anything_but(operand: &Json, kind: Kind) -> Result<Self, String> {
        let refused = || {
            format!("\"anything-but\" takes a value, a list of values, or a prefix or suffix, not {operand}")
        };
        if let Some(members) = operand.as_object().filter(|members| members.len() == 1) {
            let rules = members.iter().flat_map(|(operator, operand)| {
                one_or_more(operand).iter().map(move |it| TextRule::compile(operator, it, kind))
            });
            let rules = rules.collect::<Result<Vec<_>, _>>()?;
            return if rules.is_empty() { Err(refused()) } else { Ok(Self::AnythingButText(rules)) };
        }
        match one_or_more(operand) {
            [] | [Json::Null | Json::Object(_)] => Err(refused()),
            some => some
                .iter()
                .map(|it| Literal::compile(it, kind))
                .collect::<Result<_, _>>()
                .map(Self::AnythingBut),
        }
    }
}

/// What an operator takes: a list, or one thing without the list around it.
fn one_or_more(operand: &Json) -> &[Json] {
    operand.as_array().map_or(std::slice::from_ref(operand), Vec::as_slice)
}

impl TextRule {
    fn compile(operator: &str, operand: &Json, kind: Kind) -> Result<Self, String> {
        if kind == Kind::Boolean {
            return Err(format!("\"{operator}\" looks at text; a boolean is true or false"));
        }
        let part = match operator {
            "prefix" => Part::Beginning,
            "suffix" => Part::End,
            "equals-ignore-case" => Part::Whole,
            other => return Err(format!("unknown operator \"{other}\" in \"anything-but\"")),
        };
        let nested = operand.get("equals-ignore-case").filter(|_| !matches!(part, Part::Whole));
        let ignore_case = nested.is_some() || matches!(part, Part::Whole);
        let text = nested.unwrap_or(operand);
        let text = text.as_str().ok_or_else(|| format!("\"{operator}\" takes a text, not {text}"))?;
        Ok(Self { part, ignore_case, text: if ignore_case { folded(text) } else { text.to_owned() } })
    }

    fn takes(&self, leaf: Leaf<'_>) -> bool {
        let Leaf::Text(text) = leaf else { return false };
        if self.ignore_case { self.holds(&folded(text)) } else { self.holds(text) }
    }

    fn holds(&self, text: &str) -> bool {
        match self.part {
            Part::Beginning => text.starts_with(&self.text),
            Part::End => text.ends_with(&self.text),
            Part::Whole => text == self.text,
        }
    }
}

/// Letter by letter and without regard to a language: the same on every machine.
fn folded(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).collect()
}

impl Literal {
    fn compile(literal: &Json, kind: Kind) -> Result<Self, String> {
        match (literal, kind) {
            (Json::Null, _) => Ok(Self::Null),
            (Json::String(text), Kind::Text) => Ok(Self::Text(text.clone())),
            // By value: the service writes a number in one of its spellings only.
            (Json::String(text), Kind::Number) => {
                Ok(text.parse().map_or_else(|_| Self::Text(text.clone()), Self::Number))
            }
            (Json::Number(_), Kind::Number) => decimal(literal).map(Self::Number),
            (Json::Bool(value), Kind::Boolean) => Ok(Self::Boolean(*value)),
            (_, Kind::Text) => Err(format!("{literal} is no text; S holds text in quotes")),
            (_, Kind::Number) => Err(format!("{literal} is no number")),
            (_, Kind::Boolean) => Err(format!("{literal} is neither true nor false")),
        }
    }

    fn is(&self, leaf: Leaf<'_>) -> bool {
        match self {
            Self::Null => false,
            Self::Text(text) => leaf == Leaf::Text(text),
            Self::Boolean(value) => leaf == Leaf::Boolean(*value),
            Self::Number(value) => number(leaf) == Some(*value),
        }
    }
}

fn number(leaf: Leaf<'_>) -> Option<Decimal> {
    if let Leaf::Text(text) = leaf { text.parse().ok() } else { None }
}

fn numeric(operand: &Json) -> Result<Vec<(Comparison, Decimal)>, String> {
    let refused = || format!("\"numeric\" takes comparisons such as [\">\", 0, \"<=\", 100], not {operand}");
    let list =
        operand.as_array().filter(|list| !list.is_empty() && list.len() % 2 == 0).ok_or_else(refused)?;
    let pair = |pair: &[Json]| match pair {
        [Json::String(sign), bound] => Ok((Comparison::of(sign).ok_or_else(refused)?, decimal(bound)?)),
        _ => Err(refused()),
    };
    list.chunks(2).map(pair).collect()
}

/// From a JSON number, or from a text that holds one with more digits.
fn decimal(json: &Json) -> Result<Decimal, String> {
    let text = match json {
        Json::String(text) => text.clone(),
        Json::Number(number) => number.to_string(),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => {
            return Err(format!("{json} is no number"));
        }
    };
    let number: Decimal = text.parse().map_err(|error| format!("{text} is {error}"))?;
    let digits = text.split(['e', 'E']).next().unwrap_or_default().bytes().filter(u8::is_ascii_digit).count();
    if json.is_f64() && digits > DIGITS_EXACT {
        return Err(format!("{text} has more digits than JSON numbers keep; write it in quotes"));
    }
    Ok(number)
}

impl Comparison {
    fn of(sign: &str) -> Option<Self> {
        Some(match sign {
            "<" => Self::Less,
            "<=" => Self::LessOrEqual,
            "=" => Self::Equal,
            ">=" => Self::GreaterOrEqual,
            ">" => Self::Greater,
            _ => return None,
        })
    }

    const fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Equal => order.is_eq(),
            Self::GreaterOrEqual => order.is_ge(),
            Self::Greater => order.is_gt(),
        }
    }
}
