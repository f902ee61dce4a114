//! Rust source without what only looks like code.
//!
//! Not a parser: enough of the lexical rules (Rust Reference, "Tokens" and "Comments") to know comments, strings and
//! characters from the rest, for source that compiles.

/// The source with the contents of comments, strings and character literals replaced by blanks. Line breaks stay, so
/// lines keep their numbers.
#[must_use]
pub fn code_only(source: &str) -> String {
    let mut rest = source;
    let mut code = String::with_capacity(source.len());
    let mut previous = ' ';
    while let Some(first) = rest.chars().next() {
        let literal = if is_word(previous) && first != '"' { 0 } else { literal_len(rest) };
        if literal > 0 {
            let (text, after) = rest.split_at(literal);
            code.extend(text.chars().map(|it| if it == '\n' { '\n' } else { ' ' }));
            (previous, rest) = (' ', after);
        } else {
            code.push(first);
            (previous, rest) = (first, rest.split_at(first.len_utf8()).1);
        }
    }
    code
}

/// The attributes of source from [`code_only`]: line number (from 1) and the text between the brackets.
#[must_use]
pub fn attributes(code: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, _) in code.match_indices('#') {
        let after = code.split_at(at).1;
        let open = if after.starts_with("#![") { 3 } else { 2 };
        if after.starts_with("#[") || open == 3 {
            let inside = after.split_at(open).1;
            let line = code.split_at(at).0.matches('\n').count() + 1;
            found.push((line, until_closed(inside)));
        }
    }
    found
}

/// The start of `text` up to the bracket that closes what was opened before it; all of it if none does.
#[must_use]
pub fn until_closed(text: &str) -> &str {
    let mut depth = 0_usize;
    for (at, mark) in text.char_indices() {
        match mark {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' if depth == 0 => return text.split_at(at).0,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
    }
    text
}

fn is_word(mark: char) -> bool {
    mark.is_alphanumeric() || mark == '_'
}

/// Length of the comment or literal that `text` begins with; 0 if it begins with neither.
fn literal_len(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return block_comment_len(text);
    }
    let prefix = ["br", "cr", "b", "c", "r", ""].into_iter().find(|prefix| {
        let body = text.strip_prefix(prefix).unwrap_or_default();
        body.starts_with('"') || (prefix.ends_with('r') && body.trim_start_matches('#').starts_with('"'))
    });
    match prefix {
        Some(prefix) if prefix.ends_with('r') => prefix.len() + raw_string_len(text.split_at(prefix.len()).1),
        Some(prefix) => prefix.len() + quoted_len(text.split_at(prefix.len()).1, '"'),
        None => character_len(text),
    }
}

fn block_comment_len(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = rest.chars().next().map_or(1, char::len_utf8);
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += step;
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

fn raw_string_len(text: &str) -> usize {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let close = format!("\"{}", "#".repeat(hashes));
    let body = text.split_at(hashes + 1).1;
    body.find(&close).map_or(text.len(), |at| hashes + 1 + at + close.len())
}

fn quoted_len(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, mark) in text.char_indices().skip(1) {
        match mark {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if mark == quote => return at + mark.len_utf8(),
            _ => {}
        }
    }
    text.len()
}

/// A character literal, told from a lifetime by its closing quote.
fn character_len(text: &str) -> usize {
    let body = text.strip_prefix('b').unwrap_or(text);
    let Some(inside) = body.strip_prefix('\'') else { return 0 };
    let mut marks = inside.chars();
    let first = marks.next();
    if first == Some('\\') || (first != Some('\'') && marks.next() == Some('\'')) {
        text.len() - body.len() + quoted_len(body, '\'')
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_blanked() {
        for (source, want) in [
            ("a // #[x]\nb", "a        \nb"),
            ("a /* /* */ é */ b", "a               b"),
            (r#"f("a\"b", 1)"#, "f(      , 1)"),
            (r###"f(r#"a"b"#, b"x", br"\", c"é")"###, "f(        ,     ,      ,     )"),
            (r"m('\'', 'é', b'x', '\u{1}')", "m(    ,    ,     ,        )"),
            ("fn f<'a>(x: &'a str) -> &'static str", "fn f<'a>(x: &'a str) -> &'static str"),
            ("\"two\nlines\" x", "    \n       x"),
            ("for r in b {}", "for r in b {}"),
            ("r#type x", "r#type x"),
        ] {
            assert_eq!(code_only(source), want, "{source}");
        }
    }

    #[test]
    fn cut_source_ends() {
        for source in ["\"abc", "/* abc", "r#\"abc", "'\\", "//", "'"] {
            assert_eq!(code_only(source).chars().count(), source.chars().count(), "{source}");
        }
    }

    #[test]
    fn attributes_are_found_with_their_lines() {
        let code = "#![a(b[1])]\nfn f() {\n    #[cfg_attr(x, allow(y))] let z = w[0];\n}\n";
        assert_eq!(attributes(code), [(1, "a(b[1])"), (3, "cfg_attr(x, allow(y))")]);
    }
}
