//! Declared columns, looked up in the text of images.
//!
//! An image is read from its first byte to its last, and only members that lead to a column are looked at. Of two
//! members of one name the last counts; [`Columns::find`] finds both.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_record::ChangeRecord;

use crate::json::{Marks, Name, Scanner, Sieve};
use crate::{Column, Image, wit};

/// A declared attribute as it was found in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Absent,
    Null,
    // Not one case with a value in it: moving its single byte about costs more than reading an attribute.
    True,
    False,
    Number(Cow<'a, str>),
    Text(Cow<'a, str>),
    Bytes(Vec<u8>),
    Json(&'a str),
}

impl Cell<'_> {
    /// The cell as the interface says it.
    pub(crate) fn value(&self) -> wit::Value<'_> {
        match self {
            Self::Absent => wit::Value::Absent,
            Self::Null => wit::Value::Nil,
            Self::True => wit::Value::Boolean(true),
            Self::False => wit::Value::Boolean(false),
            Self::Number(text) => wit::Value::Number(text),
            Self::Text(text) => wit::Value::Text(text),
            Self::Bytes(bytes) => wit::Value::Bytes(bytes),
            Self::Json(text) => wit::Value::Json(text),
        }
    }

    /// Bytes that a guest is given.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Absent | Self::Null | Self::True | Self::False => 0,
            Self::Number(text) | Self::Text(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Json(text) => text.len(),
        }
    }
}

/// A step of one or several columns' paths.
#[derive(Debug, Default)]
struct Node {
    name: String,
    /// The name as a place in a list.
    index: Option<usize>,
    /// Columns that end here.
    columns: Vec<usize>,
    /// Columns that end further in.
    beyond: Vec<usize>,
    children: Level,
}

/// What paths lead to from one place.
#[derive(Debug, Default)]
struct Level {
    nodes: Vec<Node>,
    names: Sieve,
}

/// The columns of one image.
#[derive(Debug, Default)]
struct Tree {
    /// Columns that are the whole image.
    whole: Vec<usize>,
    children: Level,
}

/// All columns of a manifest, in the order in which images are walked.
#[derive(Debug)]
pub(crate) struct Columns {
    count: usize,
    trees: [Tree; 3],
}

const IMAGES: [Image; 3] = [Image::Keys, Image::OldImage, Image::NewImage];

impl Columns {
    pub(crate) fn new(columns: &[Column]) -> Self {
        let mut trees = [Tree::default(), Tree::default(), Tree::default()];
        for (tree, image) in trees.iter_mut().zip(IMAGES) {
            for (place, column) in columns.iter().enumerate().filter(|(_, column)| column.image == image) {
                tree.add(place, &column.path);
            }
        }
        Self { count: columns.len(), trees }
    }

    /// How many columns there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// Bytes of the images that are looked at: what a record's cells need at most.
    pub(crate) fn bytes_max(&self, record: &ChangeRecord<'_>) -> usize {
        let wanted = self.trees.iter().zip(IMAGES).filter(|(tree, _)| !tree.is_empty());
        wanted.filter_map(|(_, image)| text_of(record, image)).map(str::len).sum()
    }

    /// Appends one cell per column. `marks` are worked with.
    pub(crate) fn project<'t>(
        &self,
        record: &ChangeRecord<'t>,
        marks: &mut Marks,
        cells: &mut Vec<Cell<'t>>,
    ) {
        let start = cells.len();
        cells.resize_with(start + self.count, || Cell::Absent);
        let Some(cells) = cells.get_mut(start..) else { return };
        for (tree, image) in self.trees.iter().zip(IMAGES) {
            let Some(text) = text_of(record, image).filter(|_| !tree.is_empty()) else { continue };
            for place in &tree.whole {
                set(cells, *place, Cell::Json(text));
            }
            tree.walk(text, marks, &mut |node: &Node, value: &Scanner<'t, '_>| {
                for place in &node.beyond {
                    set(cells, *place, Cell::Absent);
                }
                for place in &node.columns {
                    set(cells, *place, cell(value));
                }
            });
        }
    }

    /// Each place in an image at which one of its columns is found, duplicates included, in the order of the text.
    pub(crate) fn find(&self, image: Image, text: &str) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        let mut marks = Marks::default();
        for (tree, _) in self.trees.iter().zip(IMAGES).filter(|(_, own)| *own == image) {
            tree.walk(text, &mut marks, &mut |node: &Node, value: &Scanner<'_, '_>| {
                found.extend(node.columns.iter().map(|place| (*place, value.range())));
            });
        }
        found
    }
}

/// The text of an image.
pub(crate) fn text_of<'a>(record: &ChangeRecord<'a>, image: Image) -> Option<&'a str> {
    match image {
        Image::Keys => record.keys,
        Image::OldImage => record.old_image,
        Image::NewImage => record.new_image,
    }
}

fn set<'a>(cells: &mut [Cell<'a>], place: usize, cell: Cell<'a>) {
    if let Some(own) = cells.get_mut(place) {
        *own = cell;
    }
}

impl Tree {
    fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.children.nodes.is_empty()
    }

    fn add(&mut self, place: usize, path: &[String]) {
        match path.split_first() {
            None => self.whole.push(place),
            Some((name, rest)) => self.children.add(place, name, rest),
        }
    }

    /// Says each value in `text` that one of the paths leads to or through. Where the text stops being JSON, the search
    /// ends.
    fn walk<'t>(&self, text: &'t str, marks: &mut Marks, hit: &mut impl FnMut(&Node, &Scanner<'t, '_>)) {
        if !self.children.nodes.is_empty() {
            marks.read(text);
            object(Scanner::new(text, marks), &self.children, hit);
        }
    }
}

impl Level {
    fn add(&mut self, place: usize, name: &str, rest: &[String]) {
        self.names.add(name);
        let at = self.nodes.iter().position(|node| node.name == name).unwrap_or_else(|| {
            self.nodes.push(Node { name: name.to_owned(), index: index(name), ..Node::default() });
            self.nodes.len() - 1
        });
        let Some(node) = self.nodes.get_mut(at) else { return };
        match rest.split_first() {
            None => node.columns.push(place),
            Some((name, rest)) => {
                node.beyond.push(place);
                node.children.add(place, name, rest);
            }
        }
    }

    #[inline]
    fn named(&self, name: &Name<'_>) -> Option<&Node> {
        if !self.names.lets_through(name) {
            return None;
        }
        self.nodes.iter().find(|node| name.is(&node.name))
    }
}

/// A name as a place in a list: decimal digits, no leading zero.
fn index(name: &str) -> Option<usize> {
    let is_canonical = name == "0" || !name.starts_with('0');
    (is_canonical && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok())?
}

fn object<'t>(mut value: Scanner<'t, '_>, level: &Level, hit: &mut impl FnMut(&Node, &Scanner<'t, '_>)) {
    if value.open(b'{').is_none() {
        return;
    }
    while let Some((name, range)) = value.entry() {
        if let Some(node) = level.named(&name) {
            attribute(value.within(range), node, hit);
        }
    }
}

fn list<'t>(mut value: Scanner<'t, '_>, level: &Level, hit: &mut impl FnMut(&Node, &Scanner<'t, '_>)) {
    if value.open(b'[').is_none() {
        return;
    }
    let mut place = 0;
    while let Some(range) = value.element() {
        if let Some(node) = level.nodes.iter().find(|node| node.index == Some(place)) {
            attribute(value.within(range), node, hit);
        }
        place += 1;
    }
}

/// An attribute's value that a path leads to, and what lies in it. The depth is that of the columns, at most 32.
fn attribute<'t>(mut value: Scanner<'t, '_>, node: &Node, hit: &mut impl FnMut(&Node, &Scanner<'t, '_>)) {
    hit(node, &value);
    if node.children.nodes.is_empty() || value.open(b'{').is_none() {
        return;
    }
    while let Some((kind, range)) = value.entry() {
        if kind.is("M") {
            object(value.within(range), &node.children, hit);
        } else if kind.is("L") {
            list(value.within(range), &node.children, hit);
        }
    }
}

/// An attribute's value, typed if it is a scalar; whatever is not as DynamoDB writes it stays the text it is.
fn cell<'t>(value: &Scanner<'t, '_>) -> Cell<'t> {
    match value.usual_scalar() {
        Some((b'S', text)) => Cell::Text(Cow::Borrowed(text)),
        Some((b'N', text)) => Cell::Number(Cow::Borrowed(text)),
        _ => scalar(value.clone()).unwrap_or(Cell::Json(value.rest())),
    }
}

fn scalar<'t>(mut value: Scanner<'t, '_>) -> Option<Cell<'t>> {
    value.open(b'{')?;
    let kind = value.member()?;
    let cell = if kind.is("S") {
        Cell::Text(value.text()?)
    } else if kind.is("N") {
        Cell::Number(value.text()?)
    } else if kind.is("B") {
        Cell::Bytes(STANDARD.decode(value.text()?.as_bytes()).ok()?)
    } else if kind.is("BOOL") {
        match value.value_text()? {
            "true" => Cell::True,
            "false" => Cell::False,
            _ => return None,
        }
    } else if kind.is("NULL") {
        (value.value_text()? == "true").then_some(Cell::Null)?
    } else {
        return None;
    };
    value.closes(b'}').then_some(cell)
}

#[cfg(test)]
mod tests;
