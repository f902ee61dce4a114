use super::*;
use crate::{Attribute, Change, ChangeKind, Column, Decimal, Declare, NoConfig, Verdict};

/// Says of each column what it sees.
struct Looks(Vec<Column>);

impl Filter for Looks {
    const NAME: &'static str = "looks";
    const VERSION: &'static str = "1";
    type Config = NoConfig;

    fn configure(_config: NoConfig, declare: &mut Declare) -> Result<Self, String> {
        let paths = ["s", "n", "flag", "nil", "b", "m", "l.1", "ss", "m.deep.n", "gone", "s.gone"];
        let mut columns: Vec<_> =
            paths.into_iter().map(|path| declare.column(Image::NewImage, path)).collect();
        columns.push(declare.image(Image::OldImage));
        columns.push(declare.column(Image::Keys, ["p.k"]));
        Ok(Self(columns))
    }

    #[expect(clippy::cognitive_complexity, reason = "one look at each kind of column")]
    fn judge(&self, change: &Change<'_>) -> Verdict {
        let [s, n, flag, nil, b, m, l, ss, deep, gone, inside, old, key] = self.0[..] else {
            return Verdict::keep();
        };
        assert_eq!(change.kind(), ChangeKind::Modify);
        assert_eq!(change.created_ms(), Some(1_678_831_218_000));
        assert_eq!(change.text(s), Some("é"));
        assert_eq!(change.number_text(n), Some("1.50"));
        assert_eq!(change.number(n), "1.5".parse::<Decimal>().ok());
        assert_eq!((change.text(n), change.number(s)), (None, None));
        assert_eq!(change.boolean(flag), Some(false));
        assert!(change.is_present(nil) && matches!(change.value(nil), Value::Nil));
        assert_eq!(change.bytes(b), Some(&b"foo"[..]));
        assert_eq!(change.attribute(b), Ok(Some(Attribute::Bytes("Zm9v".to_owned()))));
        assert_eq!(change.json(m), Some(r#"{"M": {"deep":{"M":{"n":{"N":"7"}}}}}"#));
        assert_eq!(change.text(l), Some("second"));
        assert_eq!(change.json(ss), Some(r#"{"SS":["b","a"]}"#));
        assert_eq!(change.number_text(deep), Some("7"));
        assert!(!change.is_present(gone) && !change.is_present(inside));
        assert_eq!(change.json(old), Some(r#"{"a": {"S":"x"}}"#));
        assert_eq!(change.text(key), Some("k"));
        Verdict::keep()
    }
}

#[test]
fn a_filter_sees_what_the_service_wrote() {
    let record = r#"{"eventName":"MODIFY","eventID":"1","dynamodb":{"ApproximateCreationDateTime":1678831218.0,
        "Keys":{"p.k":{"S":"k"}},"OldImage":{"a": {"S":"x"}},"NewImage":{"s":{"S":"\u00e9"},"n":{"N":"1.50"},
        "flag":{"BOOL":false},"nil":{"NULL":true},"b":{"B":"Zm9v"},"m":{"M": {"deep":{"M":{"n":{"N":"7"}}}}},
        "l":{"L":[{"S":"first"},{"S":"second"}]},"ss":{"SS":["b","a"]}},"SequenceNumber":"111"}}"#;
    let said = Harness::<Looks>::new("{}").unwrap().judge(record).unwrap();
    assert_eq!(said.verdict, "keep");
}

#[test]
fn a_configuration_that_does_not_fit_is_refused() {
    let message = Harness::<Looks>::new(r#"{"tresh":1}"#).unwrap_err();
    assert!(message.contains("tresh"), "{message}");
}

#[test]
fn what_is_no_record_is_refused() {
    let filter = Harness::<Looks>::new("{}").unwrap();
    for record in ["", "{}", "[]", r#"{"dynamodb":{"NewImage":{"s":{"S":1}}}}"#] {
        assert!(filter.judge(record).is_err(), "{record}");
    }
}

/// Refuses everything.
struct Refuses;

impl Filter for Refuses {
    const NAME: &'static str = "refuses";
    const VERSION: &'static str = "1";
    type Config = NoConfig;

    fn configure(_config: NoConfig, _declare: &mut Declare) -> Result<Self, String> {
        Ok(Self)
    }

    fn judge(&self, _change: &Change<'_>) -> Verdict {
        Verdict::refuse("not today")
    }
}

#[test]
fn a_refused_change_is_an_error_of_the_batch() {
    let filter = Harness::<Refuses>::new("{}").unwrap();
    assert_eq!(filter.judge(r#"{"dynamodb":{}}"#), Err("not today".to_owned()));
}

#[test]
fn names_of_columns_escape_what_separates_them() {
    let column = types::Column { image: Image::NewImage, path: vec!["a/b".to_owned(), "c~d".to_owned()] };
    assert_eq!(column_name(&column), "new_image/a~1b/c~0d");
}
