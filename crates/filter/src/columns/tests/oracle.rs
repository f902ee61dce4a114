//! What columns are in a text, byte by byte: slow, plain, and independent of marks.

use super::*;

/// A place in a text.
struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn white(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn open(&mut self, bracket: u8) -> Option<()> {
        self.white();
        self.eat(bracket)
    }

    fn separator(&mut self) {
        self.white();
        if self.eat(b',').is_some() {
            self.white();
        }
    }

    fn string(&mut self) -> Option<&'t str> {
        self.eat(b'"')?;
        let start = self.at;
        while self.peek()? != b'"' {
            self.at += if self.peek()? == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        Some(&self.text[start..self.at - 1])
    }

    fn text(&mut self) -> Option<String> {
        let raw = self.string()?;
        if raw.contains('\\') {
            serde_json::from_str(&format!("\"{raw}\"")).ok()
        } else {
            Some(raw.to_owned())
        }
    }

    /// A member's name; `Some(None)` for one that no text can be.
    fn member(&mut self) -> Option<Option<String>> {
        self.separator();
        let start = self.at;
        self.string()?;
        let end = self.at;
        self.white();
        self.eat(b':')?;
        self.white();
        Some(Reader { text: &self.text[..end], at: start }.text())
    }

    fn value(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        match self.peek()? {
            b'"' => {
                self.string()?;
            }
            b'{' | b'[' => self.nested()?,
            _ => {
                let ends = |byte: u8| matches!(byte, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r');
                while self.peek().is_some_and(|byte| !ends(byte)) {
                    self.at += 1;
                }
                (self.at > start).then_some(())?;
            }
        }
        Some(start..self.at)
    }

    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
    }
}

type Hit<'h> = dyn FnMut(&Node, Range<usize>) + 'h;

fn object(text: &str, at: usize, nodes: &[Node], hit: &mut Hit<'_>) -> Option<()> {
    let mut reader = Reader { text, at };
    reader.open(b'{')?;
    while let Some(name) = reader.member() {
        let node = nodes.iter().find(|node| name.as_ref() == Some(&node.name));
        let range = reader.value()?;
        if let Some(node) = node {
            attribute(text, range, node, hit);
        }
    }
    Some(())
}

fn list(text: &str, at: usize, nodes: &[Node], hit: &mut Hit<'_>) -> Option<()> {
    let mut reader = Reader { text, at };
    reader.open(b'[')?;
    for place in 0.. {
        reader.separator();
        if reader.peek()? == b']' {
            break;
        }
        let range = reader.value()?;
        if let Some(node) = nodes.iter().find(|node| node.index == Some(place)) {
            attribute(text, range, node, hit);
        }
    }
    Some(())
}

fn attribute(text: &str, range: Range<usize>, node: &Node, hit: &mut Hit<'_>) {
    let start = range.start;
    hit(node, range);
    let mut reader = Reader { text, at: start };
    if node.children.nodes.is_empty() || reader.open(b'{').is_none() {
        return;
    }
    while let Some(kind) = reader.member() {
        let Some(inner) = reader.value() else { return };
        match kind.as_deref() {
            Some("M") => object(text, inner.start, &node.children.nodes, hit),
            Some("L") => list(text, inner.start, &node.children.nodes, hit),
            _ => None,
        };
    }
}

fn scalar(text: &str) -> Option<Cell<'static>> {
    let mut reader = Reader { text, at: 0 };
    reader.open(b'{')?;
    let kind = reader.member()??;
    let cell = match kind.as_str() {
        "S" => Cell::Text(reader.text()?.into()),
        "N" => Cell::Number(reader.text()?.into()),
        "B" => Cell::Bytes(STANDARD.decode(reader.text()?).ok()?),
        "BOOL" => match &text[reader.value()?] {
            "true" => Cell::True,
            "false" => Cell::False,
            _ => return None,
        },
        "NULL" if &text[reader.value()?] == "true" => Cell::Null,
        _ => return None,
    };
    reader.white();
    reader.eat(b'}').map(|()| cell)
}

/// The cells of an image, and each place at which one of its columns is found.
pub(super) fn read<'t>(columns: &Columns, text: &'t str) -> (Vec<Cell<'t>>, Vec<(usize, Range<usize>)>) {
    let mut cells = vec![Cell::Absent; columns.count];
    let mut found = Vec::new();
    let [_, _, tree] = &columns.trees;
    let _end = object(text, 0, &tree.children.nodes, &mut |node: &Node, range: Range<usize>| {
        for place in &node.beyond {
            cells[*place] = Cell::Absent;
        }
        for place in &node.columns {
            cells[*place] = scalar(&text[range.clone()]).unwrap_or(Cell::Json(&text[range.clone()]));
            found.push((*place, range.clone()));
        }
    });
    (cells, found)
}
