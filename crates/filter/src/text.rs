//! Text that a guest has a say in, made safe to print.

/// `text` on one line: control characters and what reorders or hides text are escaped, and what is longer than
/// `characters_max` is cut. A guest can forge neither lines nor colours.
pub(crate) fn escaped(text: &str, characters_max: usize) -> String {
    let mut out = String::with_capacity(text.len().min(characters_max));
    for (place, character) in text.chars().enumerate() {
        if place == characters_max {
            out.push('…');
            break;
        }
        if is_unsafe(character) {
            out.extend(character.escape_default());
        } else {
            out.push(character);
        }
    }
    out
}

/// Controls, line and paragraph separators, and the invisible characters that change how others are shown.
fn is_unsafe(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_can_forge_neither_lines_nor_colours() {
        assert_eq!(escaped("ok\n2026 ERROR \u{1b}[31mred\r", 100), "ok\\n2026 ERROR \\u{1b}[31mred\\r");
        assert_eq!(escaped("user\u{202e}nimda", 100), "user\\u{202e}nimda");
        assert_eq!(escaped("größer", 4), "größ…");
        assert_eq!(escaped("größ", 4), "größ");
    }
}
