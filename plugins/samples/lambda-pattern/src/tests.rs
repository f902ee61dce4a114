use sealog_filter_sdk::testing::{Harness, check_project};
use serde_json::json;

use super::*;

fn configured(patterns: &Json) -> Result<Harness<LambdaPattern>, String> {
    Harness::new(&json!({ "patterns": patterns }).to_string())
}

/// Whether a record passes one pattern.
fn passes(pattern: Json, record: &Json) -> bool {
    let filter = configured(&json!([pattern])).unwrap_or_else(|error| panic!("{error}"));
    filter.judge(&record.to_string()).unwrap().verdict == "keep"
}

/// Whether an attribute `a` of the new image passes what is written below its name.
fn attribute(types: Json, value: Json) -> bool {
    let pattern = json!({"dynamodb": {"NewImage": {"a": types}}});
    passes(pattern, &json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"a": value}}}))
}

fn refused(pattern: Json) -> String {
    configured(&json!([pattern])).unwrap_err()
}

#[test]
fn fixtures_are_judged_as_expected() {
    assert_eq!(check_project::<LambdaPattern>(env!("CARGO_MANIFEST_DIR")), Ok(8));
}

#[test]
fn a_value_of_the_list_matches() {
    assert!(attribute(json!({"S": ["x", "y"]}), json!({"S": "y"})));
    assert!(!attribute(json!({"S": ["x", "y"]}), json!({"S": "Y"})));
    assert!(!attribute(json!({"S": ["1"]}), json!({"N": "1"})), "the type is part of the path");
    assert!(attribute(json!({"S": [""]}), json!({"S": ""})));
    assert!(attribute(json!({"BOOL": [true]}), json!({"BOOL": true})));
    assert!(!attribute(json!({"BOOL": [true]}), json!({"BOOL": false})));
    assert!(attribute(json!({"NULL": [true]}), json!({"NULL": true})));
    assert!(attribute(json!({"B": ["Zm9v"]}), json!({"B": "Zm9v"})));
    assert!(!attribute(json!({"S": [null]}), json!({"NULL": true})), "DynamoDB's NULL is no JSON null");
}

#[test]
fn letters_match_at_the_beginning_at_the_end_and_in_either_case() {
    for (rule, text, want) in [
        (json!({"prefix": "cust"}), "customer", true),
        (json!({"prefix": "Cust"}), "customer", false),
        (json!({"prefix": {"equals-ignore-case": "CUST"}}), "customer", true),
        (json!({"suffix": ".png"}), "a.png", true),
        (json!({"suffix": ".png"}), "a.png.gz", false),
        (json!({"suffix": {"equals-ignore-case": ".PNG"}}), "a.Png", true),
        (json!({"equals-ignore-case": "Alice"}), "aLICE", true),
        (json!({"equals-ignore-case": "ÄRGER"}), "ärger", true),
        (json!({"equals-ignore-case": "Alice"}), "Alicia", false),
    ] {
        assert_eq!(attribute(json!({"S": [rule]}), json!({"S": text})), want, "{rule} {text}");
    }
}

#[test]
fn anything_but_takes_what_is_there_and_not_named() {
    for (rule, text, want) in [
        (json!("x"), "y", true),
        (json!("x"), "x", false),
        (json!(["x", "y"]), "y", false),
        (json!(["x", "y"]), "z", true),
        (json!({"prefix": "us-"}), "eu-west-1", true),
        (json!({"prefix": "us-"}), "us-east-1", false),
        (json!({"prefix": ["us-", "eu-"]}), "eu-west-1", false),
        (json!({"suffix": "-1"}), "eu-west-1", false),
        (json!({"equals-ignore-case": ["EU", "US"]}), "eu", false),
    ] {
        assert_eq!(
            attribute(json!({"S": [{"anything-but": rule}]}), json!({"S": text})),
            want,
            "{rule} {text}"
        );
    }
    let missing = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"b": {"S": "y"}}}});
    assert!(!passes(json!({"dynamodb": {"NewImage": {"a": {"S": [{"anything-but": "x"}]}}}}), &missing));
}

#[test]
fn numbers_are_compared_exactly() {
    for (rule, number, want) in [
        (json!({"numeric": ["=", 100]}), "100.00", true),
        (json!({"numeric": [">", 0, "<=", 100]}), "100", true),
        (json!({"numeric": [">", 0, "<=", 100]}), "100.00000000000000000000000000000000001", false),
        (json!({"numeric": [">=", "12345678901234567890.01"]}), "12345678901234567890.00", false),
        (json!({"numeric": ["<", -1.5]}), "-1.51", true),
        (json!(100), "1E2", true),
        (json!("100"), "100.0", true),
        (json!({"anything-but": [100, 200]}), "200.0", false),
        (json!({"prefix": "49"}), "4915112345678", true),
    ] {
        assert_eq!(attribute(json!({"N": [rule]}), json!({"N": number})), want, "{rule} {number}");
    }
}

#[test]
fn existence_is_asked_of_a_value() {
    let there = json!({"eventName": "MODIFY", "dynamodb": {"NewImage": {"a": {"S": "x"}, "m": {"M": {"b": {"N": "1"}}}}}});
    let new = |below: Json| json!({"dynamodb": {"NewImage": below}});
    assert!(passes(new(json!({"a": {"S": [{"exists": true}]}})), &there));
    assert!(!passes(new(json!({"a": {"S": [{"exists": false}]}})), &there));
    assert!(passes(new(json!({"a": {"N": [{"exists": false}]}})), &there), "another type is not there");
    assert!(passes(new(json!({"m": {"M": {"b": {"N": [{"exists": true}]}}}})), &there));
    assert!(passes(new(json!({"m": {"M": {"c": {"N": [{"exists": false}]}}}})), &there));
    assert!(
        passes(json!({"dynamodb": {"OldImage": {"a": {"S": [{"exists": false}]}}}}), &there),
        "no such image"
    );
    assert!(passes(new(json!({"z": {"S": [{"exists": false}, "x"]}})), &there));
    assert!(passes(new(json!({"a": {"S": ["y", {"exists": false}, "x"]}})), &there));
}

#[test]
fn names_beside_each_other_all_match_and_alternatives_need_one() {
    let record = json!({"eventName": "MODIFY", "dynamodb": {"NewImage": {"a": {"S": "x"}, "b": {"N": "5"}}}});
    assert!(passes(
        json!({"eventName": ["MODIFY"], "dynamodb": {"NewImage": {"a": {"S": ["x"]}, "b": {"N": [5]}}}}),
        &record
    ));
    assert!(!passes(
        json!({"eventName": ["INSERT"], "dynamodb": {"NewImage": {"a": {"S": ["x"]}}}}),
        &record
    ));
    let or = |first: Json, second: Json| json!({"dynamodb": {"NewImage": {"b": {"N": [5]}, "$or": [first, second]}}});
    assert!(passes(or(json!({"a": {"S": ["z"]}}), json!({"a": {"S": ["x"]}})), &record));
    assert!(!passes(or(json!({"a": {"S": ["z"]}}), json!({"a": {"S": ["y"]}})), &record));
    assert!(passes(
        json!({"$or": [{"eventName": ["REMOVE"]}, {"dynamodb": {"NewImage": {"a": {"S": ["x"]}}}}]}),
        &record
    ));
}

#[test]
fn lists_and_sets_are_looked_through() {
    let list = json!({"L": [{"M": {"sku": {"S": "1"}, "n": {"N": "1"}}}, {"M": {"sku": {"S": "2"}, "n": {"N": "2"}}}]});
    let below = |members: Json| json!({"L": {"M": members}});
    assert!(attribute(below(json!({"sku": {"S": ["2"]}})), list.clone()));
    assert!(attribute(below(json!({"sku": {"S": ["2"]}, "n": {"N": [2]}})), list.clone()));
    assert!(!attribute(below(json!({"sku": {"S": ["2"]}, "n": {"N": [1]}})), list.clone()), "two elements");
    assert!(!attribute(below(json!({"n": {"N": [{"exists": false}]}})), list.clone()));
    assert!(attribute(below(json!({"gone": {"N": [{"exists": false}]}})), list));
    let half = json!({"L": [{"M": {"sku": {"S": "1"}}}, {"M": {}}]});
    assert!(!attribute(below(json!({"sku": {"S": [{"exists": false}]}})), half), "it is in one of them");
    assert!(attribute(json!({"SS": ["b"]}), json!({"SS": ["a", "b"]})));
    assert!(attribute(json!({"NS": [{"numeric": [">", 2]}]}), json!({"NS": ["1", "3"]})));
    assert!(!attribute(json!({"NS": [{"numeric": [">", 3]}]}), json!({"NS": ["1", "3"]})));
    assert!(attribute(json!({"L": {"S": [{"exists": false}]}}), json!({"L": []})));
    assert!(!attribute(json!({"L": {"S": ["a"]}}), json!({"S": "a"})));
}

#[test]
fn what_stands_beside_the_images_is_seen_too() {
    let ttl = json!({"eventName": "REMOVE", "userIdentity": {"type": "Service", "principalId": "dynamodb.amazonaws.com"},
        "dynamodb": {"SequenceNumber": "111", "ApproximateCreationDateTime": 1_678_831_218}});
    let pattern = json!({"userIdentity": {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}});
    assert!(passes(pattern.clone(), &ttl));
    assert!(!passes(pattern, &json!({"eventName": "REMOVE", "dynamodb": {}})));
    assert!(passes(
        json!({"userIdentity": {"type": [{"exists": false}]}}),
        &json!({"eventName": "REMOVE", "dynamodb": {}})
    ));
    assert!(passes(json!({"dynamodb": {"SequenceNumber": [{"prefix": "11"}]}}), &ttl));
    assert!(passes(
        json!({"dynamodb": {"ApproximateCreationDateTime": [{"numeric": [">=", 1_678_831_218]}]}}),
        &ttl
    ));
    assert!(passes(
        json!({"eventSource": ["aws:dynamodb"], "eventName": [{"anything-but": ["INSERT"]}]}),
        &ttl
    ));
}

#[test]
fn patterns_come_as_lambda_has_them() {
    let text = r#"{"dynamodb":{"NewImage":{"a":{"S":["x"]}}}}"#;
    let record = json!({"eventName": "INSERT", "dynamodb": {"NewImage": {"a": {"S": "x"}}}});
    assert!(passes(json!(text), &record));
    assert!(passes(json!({"Pattern": text}), &record));
    assert!(refused(json!({"Pattern": "{"})).contains("pattern 0: not JSON"));
}

#[test]
fn what_could_never_match_is_refused() {
    let new = |below: Json| json!({"dynamodb": {"NewImage": below}});
    for (pattern, word) in [
        (json!({}), "empty"),
        (json!("x"), "not JSON"),
        (json!({"eventID": ["1"]}), "does not see \"eventID\""),
        (json!({"dynamodb": {"SizeBytes": [1]}}), "dynamodb.SizeBytes"),
        (new(json!({"a": [{"exists": true}]})), "its type"),
        (new(json!([{"exists": true}])), "below an attribute's type"),
        (new(json!({"a": {"S": "x"}})), "rules stand in a list"),
        (new(json!({"a": {"S": []}})), "empty list"),
        (new(json!({"a": {"S": [1]}})), "is no text"),
        (new(json!({"a": {"BOOL": ["true"]}})), "neither true nor false"),
        (new(json!({"a": {"X": ["x"]}})), "none of DynamoDB's types"),
        (new(json!({"a": {"S": [{"numeric": [">", 1]}]}})), "below N"),
        (new(json!({"a": {"N": [{"numeric": [">"]}]}})), "comparisons"),
        (new(json!({"a": {"N": [{"numeric": ["~", 1]}]}})), "comparisons"),
        (new(json!({"a": {"N": [{"numeric": [">", 0.123_456_789_012_345_67]}]}})), "in quotes"),
        (new(json!({"a": {"S": [{"wildcard": "*"}]}})), "wildcard"),
        (new(json!({"a": {"S": [{"like": "x"}]}})), "unknown operator"),
        (new(json!({"a": {"S": [{"prefix": "a", "suffix": "b"}]}})), "one operator"),
        (new(json!({"a": {"S": [{"exists": "yes"}]}})), "true or false"),
        (new(json!({"a": {"S": [{"anything-but": []}]}})), "anything-but"),
        (new(json!({"a": {"S": [{"anything-but": {"prefix": []}}]}})), "anything-but"),
        (json!({"$or": {"eventName": ["INSERT"]}}), "$or"),
        (json!({"userIdentity": {"name": ["x"]}}), "type and principalId"),
    ] {
        let message = refused(pattern.clone());
        assert!(message.contains(word), "{pattern}: {message}");
    }
    assert!(configured(&json!([])).unwrap_err().contains("no pattern"));
}

#[test]
fn more_columns_than_there_can_be_are_named() {
    let many = Json::from_iter((0..65).map(|number| (format!("a{number}"), json!({"S": ["x"]}))));
    assert!(refused(json!({"dynamodb": {"NewImage": many}})).contains("65 columns"));
}
