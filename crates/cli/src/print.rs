//! How things look: numbers, sizes, errors, colour.

use std::io::{IsTerminal as _, Write as _};

/// Whether standard error may be coloured: a terminal, and NO_COLOR is not set.
pub(crate) fn colour_on_stderr() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// Whether standard output may be coloured.
pub(crate) fn colour_on_stdout() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// `sealog: message` on standard error.
pub(crate) fn error(message: &str) {
    let mark = if colour_on_stderr() { "\u{1b}[31msealog:\u{1b}[0m" } else { "sealog:" };
    // Nobody is left to be told when standard error itself is gone.
    drop(writeln!(std::io::stderr(), "{mark} {message}"));
}

/// `sealog: message` on standard error, of something that stops nothing.
pub(crate) fn warning(message: &str) {
    let mark = if colour_on_stderr() { "\u{1b}[33msealog:\u{1b}[0m" } else { "sealog:" };
    drop(writeln!(std::io::stderr(), "{mark} {message}"));
}

/// `1234567` as `1,234,567`.
pub(crate) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 commit`, `2 commits`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", count(number))
}

/// Bytes in the unit that leaves one to three digits before the point.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    for (size, unit) in UNITS {
        if number >= size {
            let tenths = number.saturating_mul(10) / size;
            return format!("{}.{} {unit}", tenths / 10, tenths % 10);
        }
    }
    format!("{number} B")
}

/// A length of time in the two largest units that say something: `3 h 12 min`.
pub(crate) fn span(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min {} s", seconds % 60),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// Text in bold on a terminal.
pub(crate) fn bold(text: &str) -> String {
    if colour_on_stdout() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// Text in green (good) or red on a terminal.
pub(crate) fn verdict(text: &str, good: bool) -> String {
    let colour = if good { 32 } else { 31 };
    if colour_on_stdout() { format!("\u{1b}[1;{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_easily() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [900, 62_000, 11_520_000, 90_000_000].map(span),
            ["0 s", "1 min 2 s", "3 h 12 min", "1 d 1 h"]
        );
        assert_eq!([0, 1023, 1536, 5 << 30].map(bytes), ["0 B", "1023 B", "1.5 KiB", "5.0 GiB"]);
    }
}
