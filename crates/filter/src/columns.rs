//! Declared columns, looked up in the text of images.
//!
//! An image is read once, from its first byte to its last, and only members that lead to a column are looked at. Of two
//! members of one name the last counts; [`Columns::find`] finds both.

use std::borrow::Cow;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_record::ChangeRecord;

use crate::json::Scanner;
use crate::{Column, Image, wit};

/// A declared attribute as it was found in an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cell<'a> {
    Absent,
    Null,
    Boolean(bool),
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
            Self::Boolean(yes) => wit::Value::Boolean(*yes),
            Self::Number(text) => wit::Value::Number(text),
            Self::Text(text) => wit::Value::Text(text),
            Self::Bytes(bytes) => wit::Value::Bytes(bytes),
            Self::Json(text) => wit::Value::Json(text),
        }
    }

    /// Bytes that a guest is given.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Absent | Self::Null | Self::Boolean(_) => 0,
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
    children: Vec<Node>,
}

/// The columns of one image.
#[derive(Debug, Default)]
struct Tree {
    /// Columns that are the whole image.
    whole: Vec<usize>,
    children: Vec<Node>,
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

    /// Appends one cell per column.
    pub(crate) fn project<'a>(&self, record: &ChangeRecord<'a>, cells: &mut Vec<Cell<'a>>) {
        let start = cells.len();
        cells.resize_with(start + self.count, || Cell::Absent);
        let Some(cells) = cells.get_mut(start..) else { return };
        for (tree, image) in self.trees.iter().zip(IMAGES) {
            let Some(text) = text_of(record, image).filter(|_| !tree.is_empty()) else { continue };
            for place in &tree.whole {
                set(cells, *place, Cell::Json(text));
            }
            walk(text, tree, &mut |node: &Node, range: Range<usize>| {
                for place in &node.beyond {
                    set(cells, *place, Cell::Absent);
                }
                let Some(value) = text.get(range) else { return };
                for place in &node.columns {
                    set(cells, *place, cell(value));
                }
            });
        }
    }

    /// Each place in an image at which one of its columns is found, duplicates included, in the order of the text.
    pub(crate) fn find(&self, image: Image, text: &str) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        for (tree, _) in self.trees.iter().zip(IMAGES).filter(|(_, own)| *own == image) {
            walk(text, tree, &mut |node: &Node, range: Range<usize>| {
                found.extend(node.columns.iter().map(|place| (*place, range.clone())));
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
        self.whole.is_empty() && self.children.is_empty()
    }

    fn add(&mut self, place: usize, path: &[String]) {
        match path.split_first() {
            None => self.whole.push(place),
            Some((name, rest)) => Node::add(&mut self.children, place, name, rest),
        }
    }
}

impl Node {
    fn add(nodes: &mut Vec<Self>, place: usize, name: &str, rest: &[String]) {
        let at = nodes.iter().position(|node| node.name == name).unwrap_or_else(|| {
            nodes.push(Self { name: name.to_owned(), index: index(name), ..Self::default() });
            nodes.len() - 1
        });
        let Some(node) = nodes.get_mut(at) else { return };
        match rest.split_first() {
            None => node.columns.push(place),
            Some((name, rest)) => {
                node.beyond.push(place);
                Self::add(&mut node.children, place, name, rest);
            }
        }
    }
}

/// A name as a place in a list: decimal digits, no leading zero.
fn index(name: &str) -> Option<usize> {
    let is_canonical = name == "0" || !name.starts_with('0');
    (is_canonical && name.bytes().all(|byte| byte.is_ascii_digit())).then(|| name.parse().ok())?
}

fn walk(text: &str, tree: &Tree, hit: &mut impl FnMut(&Node, Range<usize>)) {
    if !tree.children.is_empty() {
        // Where the text stops being JSON, the search ends.
        let _end = object(text, 0, &tree.children, hit);
    }
}

fn object(text: &str, at: usize, nodes: &[Node], hit: &mut impl FnMut(&Node, Range<usize>)) -> Option<()> {
    let mut scanner = Scanner::new(text, at);
    scanner.open(b'{')?;
    while let Some(name) = scanner.member() {
        let node = nodes.iter().find(|node| name.is(&node.name));
        let range = scanner.value()?;
        if let Some(node) = node {
            attribute(text, range, node, hit);
        }
    }
    Some(())
}

fn list(text: &str, at: usize, nodes: &[Node], hit: &mut impl FnMut(&Node, Range<usize>)) -> Option<()> {
    let mut scanner = Scanner::new(text, at);
    scanner.open(b'[')?;
    let mut place = 0;
    while scanner.element().is_some() {
        let range = scanner.value()?;
        if let Some(node) = nodes.iter().find(|node| node.index == Some(place)) {
            attribute(text, range, node, hit);
        }
        place += 1;
    }
    Some(())
}

/// An attribute's value that a path leads to, and what lies in it. The depth is that of the columns, at most 32.
fn attribute(text: &str, range: Range<usize>, node: &Node, hit: &mut impl FnMut(&Node, Range<usize>)) {
    let start = range.start;
    hit(node, range);
    if node.children.is_empty() {
        return;
    }
    let mut scanner = Scanner::new(text, start);
    if scanner.open(b'{').is_none() {
        return;
    }
    while let Some(kind) = scanner.member() {
        let Some(inner) = scanner.value() else { return };
        let _end = if kind.is("M") {
            object(text, inner.start, &node.children, hit)
        } else if kind.is("L") {
            list(text, inner.start, &node.children, hit)
        } else {
            None
        };
    }
}

/// An attribute's value, typed if it is a scalar; whatever is not as DynamoDB writes it stays the text it is.
fn cell(text: &str) -> Cell<'_> {
    scalar(text).unwrap_or(Cell::Json(text))
}

fn scalar(text: &str) -> Option<Cell<'_>> {
    let mut scanner = Scanner::new(text, 0);
    scanner.open(b'{')?;
    let kind = scanner.member()?;
    let cell = if kind.is("S") {
        Cell::Text(scanner.text()?)
    } else if kind.is("N") {
        Cell::Number(scanner.text()?)
    } else if kind.is("B") {
        Cell::Bytes(STANDARD.decode(scanner.text()?.as_bytes()).ok()?)
    } else if kind.is("BOOL") {
        match text.get(scanner.value()?)? {
            "true" => Cell::Boolean(true),
            "false" => Cell::Boolean(false),
            _ => return None,
        }
    } else if kind.is("NULL") {
        (text.get(scanner.value()?)? == "true").then_some(Cell::Null)?
    } else {
        return None;
    };
    scanner.closes(b'}').then_some(cell)
}

#[cfg(test)]
mod tests;
