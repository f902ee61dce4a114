use proptest::prelude::*;

use super::*;

fn number(text: &str) -> Decimal {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn one_value_has_many_spellings() {
    for (one, other) in [
        ("1", "1.0"),
        ("1", "+1"),
        ("100", "1E2"),
        ("0.01", "1e-2"),
        ("0", "-0.000"),
        ("007.50", "7.5"),
        (".5", "5E-1"),
        ("5.", "5"),
    ] {
        assert_eq!(number(one), number(other), "{one} {other}");
    }
}

#[test]
fn order_is_exact_at_the_38th_digit() {
    let nines = "99999999999999999999999999999999999999";
    assert!(number(nines) > number("99999999999999999999999999999999999998"));
    assert!(number("10000") >= number("10000.00"));
    assert!(number("9999.9999999999999999999999999999999999") < number("10000"));
    assert!(number("10000.000000000000000000000000000000001") > number("10000"));
    assert!(number("10000000000000000.01") < number("10000000000000000.02"));
}

#[test]
fn order_goes_over_signs_and_powers() {
    let ascending = [
        "-9.9E125", "-2", "-1.5", "-1", "-1E-130", "0", "1E-130", "0.001", "0.5", "1", "9", "10", "1E2",
        "9.9E125",
    ];
    let numbers = ascending.map(number);
    for (at, one) in numbers.iter().enumerate() {
        for (other_at, other) in numbers.iter().enumerate() {
            assert_eq!(one.cmp(other), at.cmp(&other_at), "{one} {other}");
        }
    }
}

#[test]
fn what_dynamodb_does_not_store_is_refused() {
    for text in
        ["", "-", ".", "1e", "1e+", "e5", "1,5", "0x10", "NaN", "Infinity", "1 ", " 1", "--1", "1.2.3", "١"]
    {
        assert_eq!(text.parse::<Decimal>(), Err(DecimalError::NotANumber), "{text:?}");
    }
    assert_eq!("123456789012345678901234567890123456789".parse::<Decimal>(), Err(DecimalError::TooLong));
    assert!(
        "100000000000000000000000000000000000000000".parse::<Decimal>().is_ok(),
        "only one digit is significant"
    );
    for text in ["1E126", "9.9E-131", "1E99999999999", "1E-99999999999"] {
        assert_eq!(text.parse::<Decimal>(), Err(DecimalError::OutOfRange), "{text}");
    }
    assert_eq!(number("0E99999"), Decimal::ZERO);
}

#[test]
fn printing_is_plain_where_that_is_readable() {
    for (text, want) in [
        ("0", "0"),
        ("-12.50", "-12.5"),
        ("0.00000001", "0.00000001"),
        ("1E3", "1000"),
        ("1.5E-130", "1.5E-130"),
        ("-2E125", "-2E+125"),
    ] {
        assert_eq!(number(text).to_string(), want);
    }
}

#[test]
fn a_configuration_gives_it_as_text_or_as_a_whole_number() {
    let read = |json: &str| serde_json::from_str::<Decimal>(json).map_err(|error| error.to_string());
    assert_eq!(read("\"10000.10\"").unwrap(), number("10000.1"));
    assert_eq!(read("10000").unwrap(), number("10000"));
    assert!(read("10000.1").unwrap_err().contains("in quotes"));
    assert!(read("\"ten\"").unwrap_err().contains("\"ten\" is not a decimal number"));
}

#[test]
fn distances_are_exact_however_far_the_numbers_are_apart() {
    let apart = |a: &str, b: &str, distance: &str| number(a).is_apart_by(number(b), number(distance));
    assert!(apart("10000", "0", "10000"));
    assert!(!apart("9999.99", "0", "10000"));
    assert!(apart("-5000", "5000", "10000"));
    assert!(apart("1", "1", "0") && apart("1", "1", "-1"));
    assert!(apart("1E125", "-1E-130", "1E125"));
    assert!(!apart("1E125", "1E-130", "1E125"));
    assert!(apart("9E125", "-9E125", "9.9E125"), "the distance itself is out of range");
    assert!(!apart("0.3", "0.1", "0.20000000000000000000000000000000000001"));
}

prop_compose! {
    fn any_decimal()(negative: bool, digits in 0_u128..10_u128.pow(38), cut in 0_u32..38, exponent in -130_i32..88) -> String {
        format!("{}{}E{exponent}", if negative { "-" } else { "" }, digits / 10_u128.pow(cut))
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(text in any_decimal()) {
        let one = number(&text);
        prop_assert_eq!(one, number(&one.to_string()), "{}", text);
    }

    #[test]
    fn the_narrow_way_agrees_with_the_wide_one(a in any_decimal(), b in any_decimal(), distance in any_decimal()) {
        let [a, b, distance] = [&a, &b, &distance].map(|text| number(text));
        let wide = wide::distance(a, b) >= wide::Digits::of(distance);
        prop_assert_eq!(a.is_apart_by(b, distance.abs()), wide);
        prop_assert_eq!(b.is_apart_by(a, distance.abs()), wide);
    }

    #[test]
    fn small_numbers_agree_with_integers(a in -99_999_i64..99_999, b in -99_999_i64..99_999, distance in 1_i64..199_999) {
        let cents = |value: i64| number(&format!("{value}E-2"));
        prop_assert_eq!(cents(a).cmp(&cents(b)), a.cmp(&b));
        prop_assert_eq!(cents(a).is_apart_by(cents(b), cents(distance)), (a - b).abs() >= distance);
    }
}
