//! From a pattern to what is asked of a change, and which columns that takes.

use sealog_filter_sdk::{AttributePath, Declare, Image};
use serde_json::{Map, Value as Json};

use crate::rule::{Kind, Rules};
use crate::test::{Field, Scalar, Test};
use crate::tree::Tree;

/// Compiles one pattern. The message of an error names the place in the pattern.
pub(crate) fn pattern(pattern: &Json, declare: &mut Declare) -> Result<Test, String> {
    members(object(pattern, "the pattern")?, &mut |name, inner| match name {
        "eventName" => field(Field::EventName, Kind::Text, name, inner),
        "eventSource" => field(Field::EventSource, Kind::Text, name, inner),
        "userIdentity" => members(object(inner, name)?, &mut identity),
        "dynamodb" => members(object(inner, name)?, &mut |name, inner| dynamodb(name, inner, declare)),
        other => {
            Err(format!("a filter does not see {other:?}; it sees eventName, userIdentity and dynamodb"))
        }
    })
}

fn identity(name: &str, inner: &Json) -> Result<Test, String> {
    match name {
        "type" => field(Field::IdentityType, Kind::Text, name, inner),
        "principalId" => field(Field::PrincipalId, Kind::Text, name, inner),
        other => Err(format!("userIdentity has type and principalId, not {other:?}")),
    }
}

fn dynamodb(name: &str, inner: &Json, declare: &mut Declare) -> Result<Test, String> {
    let image = match name {
        "Keys" => Image::Keys,
        "NewImage" => Image::NewImage,
        "OldImage" => Image::OldImage,
        "SequenceNumber" => return field(Field::SequenceNumber, Kind::Text, name, inner),
        "ApproximateCreationDateTime" => return field(Field::CreationTime, Kind::Number, name, inner),
        other => {
            return Err(format!(
                "a filter does not see dynamodb.{other}; it sees Keys, NewImage, OldImage, SequenceNumber and \
                 ApproximateCreationDateTime"
            ));
        }
    };
    Place { image, path: Vec::new() }.attributes(inner, name, declare)
}

fn field(field: Field, kind: Kind, name: &str, rules: &Json) -> Result<Test, String> {
    compile_rules(rules, kind, name).map(|rules| Test::Field(field, rules))
}

/// Where in an item the pattern is.
#[derive(Clone)]
struct Place {
    image: Image,
    path: Vec<String>,
}

impl Place {
    /// Names of attributes.
    fn attributes(&self, inner: &Json, at: &str, declare: &mut Declare) -> Result<Test, String> {
        let attributes = object(inner, at).map_err(|error| {
            format!("{error}; a list of rules goes below an attribute's type, such as {{\"status\": {{\"S\": […]}}}}")
        })?;
        members(attributes, &mut |name, inner| {
            let mut place = self.clone();
            place.path.push(name.to_owned());
            place.types(inner, &format!("{at}.{name}"), declare)
        })
    }

    /// Types of one attribute.
    fn types(&self, inner: &Json, at: &str, declare: &mut Declare) -> Result<Test, String> {
        let types = object(inner, at).map_err(|error| {
            format!("{error}; between an attribute and its rules stands its type: {{\"S\": […]}}, for existence too")
        })?;
        members(types, &mut |kind, inner| {
            let at = format!("{at}.{kind}");
            let (scalar, kind_of_rules) = match kind {
                "S" => (Scalar::S, Kind::Text),
                "N" => (Scalar::N, Kind::Number),
                "B" => (Scalar::B, Kind::Text),
                "BOOL" => (Scalar::Boolean, Kind::Boolean),
                "NULL" => (Scalar::Null, Kind::Boolean),
                "M" => return self.attributes(inner, &at, declare),
                "L" | "SS" | "NS" | "BS" => {
                    let tree = Tree::Member(kind.to_owned(), Box::new(inside(kind, inner, &at)?));
                    return Ok(Test::Inside(declare.column(self.image, self.attribute()), tree));
                }
                other => return Err(unknown_type(other, &at)),
            };
            let rules = compile_rules(inner, kind_of_rules, &at)?;
            Ok(Test::Scalar(declare.column(self.image, self.attribute()), scalar, rules))
        })
    }

    fn attribute(&self) -> AttributePath {
        AttributePath::from(self.path.clone())
    }
}

/// What is asked of the elements of a list or set.
fn inside(kind: &str, inner: &Json, at: &str) -> Result<Tree, String> {
    match kind {
        "L" => branch(object(inner, at)?, &mut |kind, inner| inside(kind, inner, &format!("{at}.{kind}"))),
        "M" => branch(object(inner, at)?, &mut |name, inner| {
            let at = format!("{at}.{name}");
            branch(object(inner, &at)?, &mut |kind, inner| inside(kind, inner, &format!("{at}.{kind}")))
        }),
        "S" | "B" | "SS" | "BS" => compile_rules(inner, Kind::Text, at).map(Tree::Value),
        "N" | "NS" => compile_rules(inner, Kind::Number, at).map(Tree::Value),
        "BOOL" | "NULL" => compile_rules(inner, Kind::Boolean, at).map(Tree::Value),
        other => Err(unknown_type(other, at)),
    }
}

fn unknown_type(name: &str, at: &str) -> String {
    format!("{at}: {name:?} is none of DynamoDB's types S, N, B, BOOL, NULL, M, L, SS, NS, BS")
}

/// Names beside each other, all of which have to match; `$or` among them is a list of alternatives.
fn members(
    object: &Map<String, Json>,
    member: &mut dyn FnMut(&str, &Json) -> Result<Test, String>,
) -> Result<Test, String> {
    let mut all = Vec::new();
    for (name, inner) in object {
        all.push(match alternatives(name, inner)? {
            Some(list) => {
                Test::Any(list.into_iter().map(|it| members(it, member)).collect::<Result<_, _>>()?)
            }
            None => member(name, inner)?,
        });
    }
    Ok(Test::All(all))
}

/// As [`members`], below a list.
fn branch(
    object: &Map<String, Json>,
    member: &mut dyn FnMut(&str, &Json) -> Result<Tree, String>,
) -> Result<Tree, String> {
    let mut all = Vec::new();
    for (name, inner) in object {
        all.push(match alternatives(name, inner)? {
            Some(list) => Tree::Any(list.into_iter().map(|it| branch(it, member)).collect::<Result<_, _>>()?),
            None => Tree::Member(name.clone(), Box::new(member(name, inner)?)),
        });
    }
    Ok(Tree::All(all))
}

fn alternatives<'a>(name: &str, inner: &'a Json) -> Result<Option<Vec<&'a Map<String, Json>>>, String> {
    if name != "$or" {
        return Ok(None);
    }
    let list = inner.as_array().filter(|list| !list.is_empty());
    let list = list.ok_or_else(|| "\"$or\" takes a list of patterns".to_owned())?;
    list.iter().map(|it| object(it, "$or")).collect::<Result<_, _>>().map(Some)
}

fn object<'a>(json: &'a Json, at: &str) -> Result<&'a Map<String, Json>, String> {
    match json.as_object() {
        Some(members) if members.is_empty() => Err(format!("{at} is empty: it would match everything")),
        Some(members) => Ok(members),
        None => Err(format!("{at} is not an object")),
    }
}

fn compile_rules(rules: &Json, kind: Kind, at: &str) -> Result<Rules, String> {
    let list = rules.as_array().ok_or_else(|| format!("{at}: rules stand in a list, such as [\"a\"]"))?;
    Rules::compile(list, kind).map_err(|error| format!("{at}: {error}"))
}
