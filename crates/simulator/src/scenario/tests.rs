use super::*;

fn problem(text: &str) -> String {
    Scenario::from_toml(text).unwrap_err().to_string()
}

#[test]
fn a_file_and_the_builder_give_the_same_scenario() {
    let text = r#"
        version = 1
        seed = 9
        [[table]]
        name = "orders"
        shards = 2
        [[table.writer]]
        rate = 2.5
        from = "-10m"
        [[table.event]]
        at = "-5m"
        does = { roll = { shard = 1, listed_after = "3s" } }
        [[fault]]
        operation = "GetRecords"
        after_calls = 2
        times = 1
        does = { error = { code = "ThrottlingException" } }
    "#;
    let error = FaultEffect::Error { code: "ThrottlingException".into(), message: None, status: None };
    let built = Scenario::new(9)
        .table(TableSpec::new("orders").shards(2).writer(WriterSpec::rate(2.5, Millis::minutes(-10))).event(
            Millis::minutes(-5),
            Happening::Roll { shard: 1, listed_after: Millis::seconds(3), closes_after: Millis(0) },
        ))
        .fault(FaultSpec::new(Some(OperationName::GetRecords), error).calls(2, 1));
    assert_eq!(Scenario::from_toml(text).unwrap(), built);
}

#[test]
fn unknown_keys_and_other_versions_are_refused_by_name() {
    assert!(problem("version = 1\nretension = \"1h\"").contains("retension"));
    assert!(problem("version = 1\n[[table]]\nname = \"abc\"\nshard = 1").contains("shard"));
    assert!(problem("version = 2").contains("version 2"));
    assert!(problem("seed = 1").contains("version none"));
    assert!(problem("version = 1\nretention = \"soon\"").contains("250ms"));
    let fault = "version = 1\n[[fault]]\ndoes = { error = { code = \"X\", kode = 1 } }";
    assert!(problem(fault).contains("kode"));
}

#[test]
fn contradictions_name_their_place() {
    let both = "version = 1\n[[table]]\nname = \"orders\"\n[[table.writer]]\ncount = 1\nrate = 1.0";
    assert_eq!(
        problem(both),
        "the scenario is not playable: table \"orders\", writer 1: set either count or rate"
    );
    assert!(problem("version = 1\n[[table]]\nname = \"x\"").contains("3 to 255"));
    let ledger = "version = 1\n[[table]]\nname = \"orders\"\n[[table.writer]]\ncount = 1\nshape = \"ledger\"";
    assert!(problem(ledger).contains("account_id"));
}

#[test]
fn every_fault_can_be_written() {
    for does in [
        "\"html503\"",
        "\"reset\"",
        "{ truncate = { bytes = 10 } }",
        "{ drip = { bytes = 10, pause = \"5ms\" } }",
        "\"wrong_crc32\"",
        "{ latency = \"300ms\" }",
        "\"empty_page\"",
        "{ duplicate = { records = 3 } }",
        "\"repeat_cursor\"",
        "\"cut_json\"",
        "\"no_sequence_number\"",
        "{ body = { status = 200, body = \"[]\" } }",
    ] {
        let text = format!("version = 1\n[[fault]]\ndoes = {does}");
        assert!(Scenario::from_toml(&text).is_ok(), "{does}: {}", problem(&text));
    }
}

#[test]
fn the_demo_is_playable() {
    assert_eq!(Scenario::ledger().unwrap().tables.len(), 1);
}

#[test]
fn every_example_in_the_readme_is_playable() {
    let readme = include_str!("../../README.md");
    let examples: Vec<_> =
        readme.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    assert_eq!(examples.len(), 5);
    for example in examples {
        let scenario = Scenario::from_toml(example).unwrap_or_else(|e| panic!("{e}\n{example}"));
        crate::Engine::new(scenario, 1_763_769_600_000).unwrap();
    }
}

#[test]
fn the_readme_states_the_defaults() {
    let readme = include_str!("../../README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let written = Scenario::from_toml(example).unwrap();
    let writer = written.tables[0].writers[0].clone();
    let (count, from, until) = (writer.count, writer.from, writer.until);
    assert_eq!(writer, WriterSpec { count, from, until, ..WriterSpec::default() });
    assert_eq!(written, Scenario::new(1).table(TableSpec::new("orders").writer(writer)));
}
