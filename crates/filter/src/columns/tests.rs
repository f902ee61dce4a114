mod oracle;

use proptest::prelude::*;

use super::*;

fn column(image: Image, path: &[&str]) -> Column {
    Column { image, path: path.iter().map(|name| (*name).to_owned()).collect() }
}

fn new_image<'a>(text: &'a str, paths: &[&[&str]]) -> Vec<Cell<'a>> {
    let columns: Vec<_> = paths.iter().map(|path| column(Image::NewImage, path)).collect();
    let mut cells = Vec::new();
    let record = ChangeRecord { sequence_number: "1", new_image: Some(text), ..ChangeRecord::default() };
    Columns::new(&columns).project(&record, &mut Marks::default(), &mut cells);
    cells
}

#[test]
fn scalars_are_typed_and_the_rest_stays_text() {
    let text = r#"{"s":{"S":"a\u00e4\"\\"},"n":{"N":"-1.50"},"b":{"B":"AQI="},"t":{"BOOL":true},"f": { "BOOL" : false } ,
        "z":{"NULL":true},"m":{"M":{"x":{"N":"1"}}},"l":{"L":[]},"ss":{"SS":["a"]},"odd":{"S":1},"two":{"S":"a","N":"1"},
        "bad":{"B":"?"},"half":{"S":"\ud800"},"raw":7}"#;
    let names = ["s", "n", "b", "t", "f", "z", "m", "l", "ss", "odd", "two", "bad", "half", "raw", "none"];
    let paths: Vec<[&str; 1]> = names.iter().map(|name| [*name]).collect();
    let paths: Vec<&[&str]> = paths.iter().map(<[&str; 1]>::as_slice).collect();
    let cells = new_image(text, &paths);
    assert_eq!(
        cells,
        [
            Cell::Text("aä\"\\".into()),
            Cell::Number("-1.50".into()),
            Cell::Bytes(vec![1, 2]),
            Cell::True,
            Cell::False,
            Cell::Null,
            Cell::Json(r#"{"M":{"x":{"N":"1"}}}"#),
            Cell::Json(r#"{"L":[]}"#),
            Cell::Json(r#"{"SS":["a"]}"#),
            Cell::Json(r#"{"S":1}"#),
            Cell::Json(r#"{"S":"a","N":"1"}"#),
            Cell::Json(r#"{"B":"?"}"#),
            Cell::Json(r#"{"S":"\ud800"}"#),
            Cell::Json("7"),
            Cell::Absent,
        ]
    );
}

#[test]
fn paths_lead_into_maps_and_lists() {
    let text = r#"{"a":{"M":{"b":{"L":[{"S":"0"},{"M":{"c":{"S":"deep"}}}]},"0":{"S":"name"}}}}"#;
    let cells = new_image(
        text,
        &[
            &["a", "b", "1", "c"],
            &["a", "b", "0"],
            &["a", "0"],
            &["a", "b", "01"],
            &["a", "b", "2"],
            &["a", "x"],
        ],
    );
    assert_eq!(cells[0], Cell::Text("deep".into()));
    assert_eq!(cells[1], Cell::Text("0".into()));
    assert_eq!(cells[2], Cell::Text("name".into()));
    assert_eq!(cells[3..], [Cell::Absent, Cell::Absent, Cell::Absent]);
}

#[test]
fn the_last_of_several_members_counts_and_all_are_found() {
    let text = r#"{"a":{"M":{"b":{"S":"1"}}},"\u0061":{"M":{"c":{"S":"2"}}},"x":{"S":"3"},"x":{"S":"4"}}"#;
    let paths: [&[&str]; 3] = [&["a", "b"], &["a", "c"], &["x"]];
    assert_eq!(new_image(text, &paths), [Cell::Absent, Cell::Text("2".into()), Cell::Text("4".into())]);
    let columns: Vec<_> = paths.iter().map(|path| column(Image::NewImage, path)).collect();
    let found = Columns::new(&columns).find(Image::NewImage, text);
    let found: Vec<_> = found.into_iter().map(|(place, range)| (place, &text[range])).collect();
    assert_eq!(found, [(0, r#"{"S":"1"}"#), (1, r#"{"S":"2"}"#), (2, r#"{"S":"3"}"#), (2, r#"{"S":"4"}"#)]);
}

#[test]
fn each_image_is_its_own() {
    let columns =
        [column(Image::Keys, &["id"]), column(Image::OldImage, &["id"]), column(Image::NewImage, &[])];
    let columns = Columns::new(&columns);
    let record = ChangeRecord {
        sequence_number: "1",
        keys: Some(r#"{"id":{"N":"1"}}"#),
        new_image: Some("{}"),
        ..ChangeRecord::default()
    };
    let mut cells = vec![Cell::Null];
    columns.project(&record, &mut Marks::default(), &mut cells);
    assert_eq!(cells, [Cell::Null, Cell::Number("1".into()), Cell::Absent, Cell::Json("{}")]);
    assert_eq!(columns.bytes_max(&record), 18);
}

/// Attribute values as the service writes them, with their JSON.
fn attribute() -> impl Strategy<Value = String> {
    let text = proptest::string::string_regex("[ -~äß\u{1f600}\n\"\\\\{}\\[\\],:]{0,12}").unwrap();
    let leaf = prop_oneof![
        text.prop_map(|text| format!(r#"{{"S":{}}}"#, serde_json::Value::String(text))),
        any::<i64>().prop_map(|number| format!(r#"{{"N":"{number}"}}"#)),
        Just(r#"{ "NULL" : true }"#.to_owned()),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|all| format!(r#"{{"L":[{}]}}"#, all.join(", "))),
            proptest::collection::vec(("[ab0\\\\]{1,2}", inner), 0..4).prop_map(|all| {
                let members = all
                    .iter()
                    .map(|(name, value)| format!("{} :{value}", serde_json::Value::String(name.clone())));
                format!(r#"{{"M":{{{}}}}}"#, members.collect::<Vec<_>>().join(","))
            }),
        ]
    })
}

/// What a whole JSON reader finds at a path; of two members of one name the last counts there too.
fn reference(image: &serde_json::Value, path: &[&str]) -> Option<serde_json::Value> {
    let (first, rest) = path.split_first()?;
    let mut value = image.get(first)?;
    for name in rest {
        value = match (value.get("M"), value.get("L")) {
            (Some(map), _) => map.get(name)?,
            (None, Some(list)) => list.get(index(name)?)?,
            _ => return None,
        };
    }
    Some(value.clone())
}

proptest! {
    #[test]
    fn it_finds_what_a_whole_reader_finds(members in proptest::collection::vec(("[ab]", attribute()), 0..5)) {
        let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}": {value}"#)).collect();
        let text = format!("{{{}}}", members.join(" , "));
        let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
        let paths: [&[&str]; 5] = [&["a"], &["b"], &["a", "a"], &["a", "0"], &["b", "b", "0"]];
        for (path, cell) in paths.iter().zip(new_image(&text, &paths)) {
            let expected = reference(&whole, path);
            match (&cell, expected) {
                (Cell::Absent, None) => {}
                (Cell::Null, Some(value)) => prop_assert_eq!(&value["NULL"], true),
                (Cell::Text(text), Some(value)) => prop_assert_eq!(value["S"].as_str(), Some(text.as_ref())),
                (Cell::Number(text), Some(value)) => prop_assert_eq!(value["N"].as_str(), Some(text.as_ref())),
                (Cell::Json(text), Some(value)) => {
                    prop_assert_eq!(serde_json::from_str::<serde_json::Value>(text).unwrap(), value);
                }
                (cell, expected) => prop_assert!(false, "{:?} for {:?}", cell, expected),
            }
        }
    }

    #[test]
    fn any_text_is_read_as_byte_by_byte(text in scrap()) {
        agrees(&text);
    }

    #[test]
    fn images_are_read_as_byte_by_byte(
        members in proptest::collection::vec(("[ab0]|\\\\u0061", attribute()), 0..6),
        broken in (any::<proptest::sample::Index>(), scrap()),
    ) {
        let members: Vec<_> = members.iter().map(|(name, value)| format!(r#""{name}":{value}"#)).collect();
        let text = format!("{{{}}}", members.join(","));
        agrees(&text);
        // One place of it is not as it was.
        let at = text.floor_char_boundary(broken.0.index(text.len()));
        agrees(&format!("{}{}{}", &text[..at], broken.1, &text[at..]));
        agrees(&text[..at]);
    }
}

/// Any text, and what is nearly JSON.
fn scrap() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,40}",
        "[\\[\\]{}\",:\\\\ MLSab0]{0,200}",
        r#"(\{"[abMLSN]":|"[ab]"|[\]},]|\\\\|\\"){0,60}"#
    ]
}

/// Whether cells and places are those that are found byte by byte, also where the text lies otherwise over the borders
/// of what is read at once.
fn agrees(text: &str) {
    let paths: [&[&str]; 6] = [&["a"], &["b"], &["a", "a"], &["a", "0"], &["a", "b"], &["b", "0", "a"]];
    let columns: Vec<_> = paths.iter().map(|path| column(Image::NewImage, path)).collect();
    let columns = Columns::new(&columns);
    let mut marks = Marks::default();
    for shift in [0, 1, 31, 62, 63] {
        let text = format!("{}{text}", " ".repeat(shift));
        let record = ChangeRecord { sequence_number: "1", new_image: Some(&text), ..ChangeRecord::default() };
        let mut cells = Vec::new();
        columns.project(&record, &mut marks, &mut cells);
        assert_eq!((cells, columns.find(Image::NewImage, &text)), oracle::read(&columns, &text), "{text}");
    }
}

#[test]
fn backslashes_count_at_every_place_of_a_block() {
    for before in 0..130 {
        for backslashes in 1..5 {
            let name = format!("{}{}", "x".repeat(before), "\\".repeat(backslashes));
            // With an odd number the string goes on to the next quote.
            agrees(&format!(r#"{{"{name}":{{"S":"}}"}},"a":{{"S":"{name}"}},"b":{{"N":"1"}}}}"#));
        }
    }
}

#[test]
fn deep_nesting_is_passed_over() {
    for depth in [1, 31, 64, 1_000] {
        let deep = format!("{}{}", r#"{"L":[{"M":{"a":"#.repeat(depth), "}}]}".repeat(depth));
        agrees(&format!(r#"{{"x":{deep},"a":{{"S":"found"}}}}"#));
        agrees(&format!(r#"{{"a":{deep},"b":{deep}}}"#));
        let half = deep.len() / 2;
        agrees(&format!(r#"{{"a":{},"b":{{"S":"lost"}}}}"#, &deep[..half]));
    }
}

#[test]
fn what_a_bare_word_hides_is_no_string_and_no_bracket() {
    for word in ["x\"y", "x{y", "x[y", "x\"{\"", "\\\"", "x}y", "x\\"] {
        agrees(&format!(r#"{{"q":{word},"a":{{"S":"1"}},"b":{{"M":{{"0":{word} ,"a":{{"N":"2"}}}}}}}}"#));
        agrees(&format!(r#"{{"a":{{"L":[{word},{{"S":"1"}}]}},"b":{{"BOOL":{word}}},"a":{{"S":{word}}}}}"#));
    }
}
