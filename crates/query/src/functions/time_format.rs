//! `date_format(instant, format)`, by the letters that Trino takes from MySQL: some of them mean something else to DataFusion.

use arrow::datatypes::DataType;
use datafusion::common::{Result, plan_err};
use datafusion::functions::expr_fn::to_char;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, ScalarUDF, lit};

use super::rewritten::{rewritten, taken};

/// MySQL's letter, and the same to DataFusion.
const LETTERS: [(char, &str); 26] = [
    ('%', "%%"),
    ('H', "%H"),
    ('I', "%I"),
    ('M', "%B"),
    ('S', "%S"),
    ('T', "%H:%M:%S"),
    ('W', "%A"),
    ('Y', "%Y"),
    ('a', "%a"),
    ('b', "%b"),
    ('c', "%-m"),
    ('d', "%d"),
    ('e', "%-d"),
    ('f', "%6f"),
    ('h', "%I"),
    ('i', "%M"),
    ('j', "%j"),
    ('k', "%-H"),
    ('l', "%-I"),
    ('m', "%m"),
    ('p', "%p"),
    ('r', "%I:%M:%S %p"),
    ('s', "%S"),
    ('v', "%V"),
    ('x', "%G"),
    ('y', "%y"),
];

pub(super) fn functions() -> Vec<ScalarUDF> {
    vec![rewritten("date_format", 2, |_| Ok(DataType::Utf8), date_format)]
}

fn date_format(_: &'static str, arguments: Vec<Expr>, _: &SimplifyContext) -> Result<Expr> {
    let [of, format] = taken(arguments)?;
    let known = if let Expr::Literal(format, _) = &format { format.try_as_str().flatten() } else { None };
    let Some(format) = known else {
        return plan_err!(
            "date_format takes the format as a text: date_format(created_at, '%Y-%m-%d %H:%i:%s')"
        );
    };
    match translated(format) {
        Some(format) => Ok(to_char(of, lit(format))),
        None => plan_err!(
            "date_format knows the letters of MySQL, such as '%Y-%m-%d %H:%i:%s', not all of {format:?}; to_char has others"
        ),
    }
}

fn translated(format: &str) -> Option<String> {
    let (mut translated, mut letters) = (String::new(), format.chars());
    while let Some(c) = letters.next() {
        if c == '%' {
            let letter = letters.next()?;
            translated.push_str(LETTERS.iter().find(|(known, _)| *known == letter)?.1);
        } else {
            translated.push(c);
        }
    }
    Some(translated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_mysqls() {
        assert_eq!(translated("%Y-%m-%d %H:%i:%s").as_deref(), Some("%Y-%m-%d %H:%M:%S"));
        assert_eq!(translated("100%% %M").as_deref(), Some("100%% %B"));
        assert_eq!((translated("%u"), translated("%")), (None, None));
    }
}
