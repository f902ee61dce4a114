//! Guests that mean harm. Each is contained: within its time and memory, with the other records judged, and with a message
//! that names the record.

use std::time::{Duration, Instant};

use sealog_filter::{
    Counts, Fault, FaultClass, FilterError, FilterOptions, Limits, Mode, Notice, OnFault, Panel,
};
use sealog_record::Verdict as RowVerdict;

use crate::guest::{self, Edits, Guest, SAID, Verdict, drop, guest};
use crate::judging::{host, records};

/// Fuel for some milliseconds, so that an endless loop costs no more.
fn tight() -> Limits {
    Limits { fuel_per_record: 2_000_000, fuel_configure: 2_000_000, ..Limits::default() }
}

fn enforced(guest: &Guest, limits: Limits) -> Panel {
    let options = FilterOptions { mode: Mode::Enforce, limits, ..FilterOptions::default() };
    let filter = host().load(&guest.component(), options).unwrap();
    Panel::new(vec![filter], Some(sealog_filter::RedactionSecret([7; 32]))).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a bound on the time that a guest is given is what is tested")]
fn now() -> Instant {
    Instant::now()
}

/// One record of forty asks for the misdeed: it is kept and flagged, all others are dropped as they ask for.
fn one_of_forty(guest: &Guest, letter: &str, limits: Limits) -> Fault {
    let mut letters = vec!["b"; 40];
    letters[29] = letter;
    let began = now();
    let mut panel = enforced(guest, limits);
    let judged = panel.judge("label", "shard", &records(&letters).all()).unwrap();
    assert!(began.elapsed() < Duration::from_secs(20), "{letter} took {:?}", began.elapsed());
    for (place, row) in judged.rows.iter().enumerate() {
        if place == 29 {
            assert_eq!(row.verdict, RowVerdict::Keep);
            assert!(row.filter.is_some());
        } else {
            assert_eq!((row.verdict, row.reason.as_deref()), (RowVerdict::Drop, Some("why")), "{place}");
        }
    }
    assert_eq!(judged.counts, [Counts { drop: 39, fault: 1, ..Counts::default() }]);
    let faults: Vec<_> = judged
        .notices
        .into_iter()
        .filter_map(|notice| match notice {
            Notice::Fault { filter, sequence, fault } => {
                assert_eq!((filter.as_str(), sequence.as_str()), ("letters", "1029"));
                Some(fault)
            }
            Notice::Alert { .. } | Notice::Bypassed { .. } | Notice::Log { .. } => None,
        })
        .collect();
    let [fault] = faults.try_into().unwrap();
    assert_eq!(judged.rows[29].reason, Some(format!("fault:{}", fault.class)));
    fault
}

fn usual() -> Guest {
    guest().answers(&[Verdict::Keep, drop("why")])
}

fn answering(verdict: Verdict) -> Guest {
    guest().answers(&[Verdict::Keep, drop("why"), verdict])
}

#[test]
fn a_trap_names_the_function() {
    let fault = one_of_forty(&usual(), "T", Limits::default());
    assert_eq!(fault.class, FaultClass::Trap);
    assert!(
        fault.message.contains("unreachable") && fault.message.contains("deep_inside < misdeed"),
        "{fault}"
    );
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    assert_eq!(one_of_forty(&usual(), "L", tight()).class, FaultClass::OutOfFuel);
}

#[test]
fn an_endless_loop_on_the_usual_fuel_ends_in_time() {
    assert_eq!(one_of_forty(&usual(), "L", Limits::default()).class, FaultClass::OutOfFuel);
}

#[test]
fn a_memory_bomb_is_told_from_a_trap() {
    let fault = one_of_forty(&usual(), "M", Limits::default());
    assert_eq!(fault.class, FaultClass::OutOfMemory);
    assert!(fault.message.contains("134217728"), "{fault}");
}

#[test]
fn a_refused_growth_that_harms_nobody_is_no_fault() {
    // Alone it lives with less memory; among others it is not asked to.
    let mut letters = vec!["b"; 10];
    letters[3] = "G";
    let judged =
        enforced(&usual(), Limits::default()).judge("label", "shard", &records(&letters).all()).unwrap();
    assert_eq!(judged.counts, [Counts { keep: 1, drop: 9, ..Counts::default() }]);
}

#[test]
fn a_deep_recursion_is_a_trap() {
    let fault = one_of_forty(&usual(), "R", Limits::default());
    assert_eq!(fault.class, FaultClass::Trap);
    assert!(fault.message.contains("stack"), "{fault}");
}

#[test]
fn a_wrong_number_of_verdicts_is_nobodys_verdict() {
    for (letter, said) in [("C", "gave 2 verdicts for 1 changes"), ("S", "gave 0 verdicts for 1 changes")] {
        let fault = one_of_forty(&usual(), letter, Limits::default());
        assert_eq!(fault.class, FaultClass::Count);
        assert!(fault.message.contains(said), "{fault}");
    }
}

#[test]
fn what_is_not_declared_is_a_fault_of_that_record() {
    let redacting = |columns: &[u32]| guest::redact(columns);
    for (verdict, said) in [
        (drop("another"), "does not declare the reason \"another\""),
        (drop("why\n"), "does not declare the reason \"why\\n\""),
        (guest::alert("nothing"), "does not declare the reason \"nothing\""),
        (redacting(&[1]), "redacts column 1, it declares 1 (from 0)"),
        (redacting(&[0, u32::MAX]), "redacts column 4294967295, it declares 1 (from 0)"),
    ] {
        let fault = one_of_forty(&answering(verdict), "c", Limits::default());
        assert_eq!(fault.class, FaultClass::Undeclared);
        assert!(fault.message.contains(said), "{fault}");
    }
    for (verdicts, verdict, kind) in [
        (14, drop("large"), "drop"),
        (13, redacting(&[0]), "redact"),
        (11, guest::tag("a", "b"), "tag"),
        (7, guest::alert("why"), "alert"),
    ] {
        let guest = Guest { verdicts, ..guest().answers(&[Verdict::Keep, verdict]) };
        let judged =
            enforced(&guest, Limits::default()).judge("l", "s", &records(&["a", "b"]).all()).unwrap();
        assert_eq!(judged.rows[1].reason.as_deref(), Some("fault:undeclared"));
        let Some(Notice::Fault { fault, .. }) = judged.notices.first() else { panic!() };
        assert!(fault.message.contains(&format!("`{kind}`")), "{fault}");
    }
}

#[test]
fn keys_and_whole_images_cannot_be_redacted() {
    for column in [('k', &["id"] as &[_]), ('n', &[]), ('o', &[])] {
        let guest = answering(guest::redact(&[1])).columns(&[('n', &["t"]), column]);
        assert_eq!(one_of_forty(&guest, "c", Limits::default()).class, FaultClass::Undeclared);
    }
}

#[test]
fn marks_have_bounds() {
    let tags = |names: &[&str], value: &str| {
        let tags = names.iter().map(|name| ((*name).to_owned(), value.to_owned())).collect();
        Verdict::With(Edits { tags, ..Edits::default() })
    };
    let many: Vec<String> = (0..17).map(|number| format!("t{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    for verdict in [
        tags(&many, ""),
        tags(&["a", "a"], ""),
        tags(&["A"], ""),
        tags(&[""], ""),
        tags(&["sealog:by"], "me"),
        tags(&[&"x".repeat(65)], ""),
        tags(&["a"], &"x".repeat(257)),
        Verdict::With(Edits { redact: vec![0; 65], ..Edits::default() }),
    ] {
        assert_eq!(one_of_forty(&answering(verdict), "c", Limits::default()).class, FaultClass::Limit);
    }
    // As much as is allowed.
    let judged = enforced(&answering(tags(&many[1..], &"ü".repeat(128))), Limits::default())
        .judge("l", "s", &records(&["c"]).all())
        .unwrap();
    assert_eq!((judged.counts[0].keep, judged.counts[0].fault), (1, 0));
}

#[test]
fn an_answer_that_cannot_be_read_is_malformed() {
    for verdict in [
        Verdict::Case(3),
        Verdict::Case(u32::MAX),
        Verdict::DropBytes(vec![b'w', 0xff, 0xfe]),
        // Beyond its memory, and far into it.
        Verdict::DropAt(1024, u32::MAX),
        Verdict::DropAt(u32::MAX - 2, 8),
    ] {
        assert_eq!(one_of_forty(&answering(verdict), "c", Limits::default()).class, FaultClass::Malformed);
    }
    assert_eq!(one_of_forty(&usual(), "H", Limits::default()).class, FaultClass::Malformed);
}

#[test]
fn giant_answers_are_not_taken_over() {
    // Both lie within the guest's memory of 100 MiB; nothing of that size is made on our side.
    let large = Guest { pages: 1600, ..answering(Verdict::DropAt(0, 90 << 20)) };
    assert_eq!(one_of_forty(&large, "c", Limits::default()).class, FaultClass::Malformed);
    let list = Guest {
        pages: 1600,
        evaluate: "(if (i32.eq (local.get $count) (i32.const 1)) (then
            (i32.store offset=4 (i32.const 512) (i32.const 65536))
            (i32.store offset=8 (i32.const 512) (i32.const 3000000))
            (return (i32.const 512))))",
        ..usual()
    };
    let judged = enforced(&list, Limits::default()).judge("l", "s", &records(&["a"]).all()).unwrap();
    assert_eq!(judged.rows[0].reason.as_deref(), Some("fault:malformed"));
}

#[test]
fn an_error_is_a_refusal_and_cannot_forge_lines() {
    let refusing = Guest {
        evaluate: "(i32.store8 (i32.const 512) (i32.const 1))
            (i32.store offset=4 (i32.const 512) (i32.const 544)) (i32.store offset=8 (i32.const 512) (i32.const 4))
            (i32.store (i32.const 544) (i32.const 0x0a1b0d41)) (return (i32.const 512))",
        ..usual()
    };
    let judged = enforced(&refusing, Limits::default()).judge("l", "s", &records(&["a"]).all()).unwrap();
    let Some(Notice::Fault { fault, .. }) = judged.notices.first() else { panic!() };
    assert_eq!(fault.class, FaultClass::Refused);
    assert_eq!(fault.message, "it answered with an error: \"A\\r\\u{1b}\\n\"");
}

#[test]
fn the_log_is_bounded_and_escaped() {
    let guest = Guest { evaluate: "(call $log (i32.const 1) (i32.const 131072) (i32.const 60000))
        (call $log (i32.const 3) (i32.const 131072) (i32.const 60000)) (call $log (i32.const 3) (i32.const 131072) (i32.const 60000))",
        ..usual() };
    let filter = host().load(&guest.component(), FilterOptions::default()).unwrap();
    let usage = filter.evaluate(&records(&["a"]).all()).usage;
    assert_eq!(usage.log.iter().map(|line| line.level).collect::<Vec<_>>(), ["info", "error"]);
    assert!(usage.log_cut);
    // Nothing but noughts, each of six characters.
    assert!(usage.log[0].message.starts_with("\\u{0}\\u{0}"));

    let judged = enforced(&usual(), Limits::default()).judge("l", "s", &records(&["a", "W"]).all()).unwrap();
    let Some(Notice::Log { line, .. }) = judged.notices.first() else { panic!("{:?}", judged.notices) };
    assert_eq!((line.level, line.message.as_str()), ("warn", "said\\u{1b}[31m\\nERROR forged"));
    assert!(SAID.contains('\n'));

    let many = Guest {
        evaluate: "(loop $ever (call $log (i32.const 1) (i32.const 0) (i32.const 0)) (br $ever))",
        ..usual()
    };
    let filter =
        host().load(&many.component(), FilterOptions { limits: tight(), ..FilterOptions::default() });
    let usage = filter.unwrap().evaluate(&records(&["a"]).all()).usage;
    assert!(usage.log.len() <= 4096 && usage.log_cut, "{}", usage.log.len());

    let torn = Guest {
        evaluate: "(i32.store8 (i32.const 512) (i32.const 255)) (call $log (i32.const 1) (i32.const 512) (i32.const 1))",
        ..usual()
    };
    let judged = enforced(&torn, Limits::default()).judge("l", "s", &records(&["a"]).all()).unwrap();
    assert_eq!(judged.rows[0].reason.as_deref(), Some("fault:malformed"));
}

#[test]
fn realloc_may_trap_loop_or_point_anywhere() {
    let when_asked = "(if (i32.eq (local.get $size) (i32.const 1313))";
    for (deed, class) in [
        ("(then (unreachable)))", FaultClass::Trap),
        ("(then (loop $ever (br $ever))))", FaultClass::OutOfFuel),
        ("(then (return (i32.const -16))))", FaultClass::Malformed),
    ] {
        // The record's text has 1,313 letters; no other allocation has that size.
        let realloc: &'static str = Box::leak(format!("{when_asked} {deed}").into_boxed_str());
        let guest = Guest { realloc, ..usual() };
        let fault = one_of_forty(&guest, &"a".repeat(1_313), tight());
        assert_eq!(fault.class, class, "{fault}");
    }
}

/// Loads a guest that does not start, within its time.
fn refused(guest: &Guest, limits: Limits) -> String {
    let began = now();
    let options = FilterOptions { limits, ..FilterOptions::default() };
    let error = host().load(&guest.component(), options).unwrap_err();
    assert!(matches!(error, FilterError::Configure { .. } | FilterError::Manifest { .. }), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(20));
    error.to_string()
}

#[test]
fn what_fails_at_configure_is_not_loaded() {
    let configured = |configure| Guest { configure, ..guest() };
    for (configure, said) in [
        ("(unreachable)", "trap: wasm trap: wasm `unreachable`"),
        ("(loop $ever (br $ever))", "out-of-fuel"),
        ("(call $bomb)", "out-of-memory"),
        ("(return (i32.const -4))", "malformed"),
    ] {
        let message = refused(&configured(configure), tight());
        assert!(message.contains("the filter does not start") && message.contains(said), "{message}");
    }
    let looping = Guest { realloc: "(loop $ever (br $ever))", ..guest() };
    assert!(refused(&looping, tight()).contains("out-of-fuel"));
    let trapping = Guest { realloc: "(unreachable)", ..guest() };
    assert!(refused(&trapping, tight()).contains("trap"));
}

#[test]
fn a_start_function_that_loops_is_stopped() {
    let guest =
        Guest { fields: "(func $begin (loop $ever (br $ever))) (start $begin)".to_owned(), ..guest() };
    assert!(refused(&guest, tight()).contains("out-of-fuel"));
    assert!(refused(&guest, Limits::default()).contains("out-of-fuel"));
}

#[test]
fn a_manifest_keeps_to_its_bounds() {
    let long: &'static str = Box::leak("x".repeat(65_536).into_boxed_str());
    let deep: &'static [&'static str] = Box::leak(vec!["a"; 33].into_boxed_slice());
    let empty: Guest = Guest { columns: vec![('n', &[""])], ..guest() };
    for (guest, said) in [
        (Guest { name: "Not\nA Name", ..guest() }, "its name \"Not\\nA Name\" is not 1 to 64"),
        (Guest { version: "", ..guest() }, "its version"),
        (Guest { columns: vec![('n', &["a"]); 65], ..guest() }, "declares 65 columns"),
        (Guest { columns: vec![('n', deep)], ..guest() }, "path has 33 names"),
        (Guest { columns: vec![('n', Box::leak(Box::new([long])))], ..guest() }, "65536 bytes"),
        (empty, "0 bytes"),
        (Guest { reasons: vec!["a"; 65], ..guest() }, "declares 65 reasons"),
        (Guest { reasons: vec!["fault:trap"], ..guest() }, "its reason \"fault:trap\""),
        (Guest { image_case: Some(3), ..guest() }, "malformed"),
        (
            Guest { refusal: Some("no\u{1b}[1m\nway"), ..guest() },
            "refuses its configuration: \"no\\u{1b}[1m\\nway\"",
        ),
    ] {
        let message = refused(&guest, Limits::default());
        assert!(message.contains(said), "{message}");
    }
}

#[test]
fn the_wall_clock_is_the_second_fuse() {
    let limits =
        Limits { fuel_per_record: 1 << 60, wall_max: Duration::from_millis(100), ..Limits::default() };
    let fault = one_of_forty(&usual(), "L", limits);
    assert_eq!(fault.class, FaultClass::HostTimeout);
    assert!(!fault.class.is_reproducible());
}

#[test]
fn a_filter_may_halt_its_table() {
    let options = FilterOptions {
        mode: Mode::Enforce,
        on_fault: OnFault::Halt,
        name: Some("strict".to_owned()),
        ..FilterOptions::default()
    };
    let filter = host().load(&usual().component(), options.clone()).unwrap();
    let mut panel = Panel::new(vec![filter], Some(sealog_filter::RedactionSecret([7; 32]))).unwrap();
    let halted = panel.judge("label", "shard-1", &records(&["b", "a", "T", "b"]).all()).unwrap_err();
    assert_eq!((halted.sequence.as_str(), halted.fault.class), ("1002", FaultClass::Trap));
    let said = halted.to_string();
    assert!(said.contains("\"strict\"") && said.contains("1002") && said.contains("shard-1"), "{said}");

    let shadow = host().load(&usual().component(), FilterOptions { mode: Mode::Shadow, ..options }).unwrap();
    let judged = Panel::new(vec![shadow], None).unwrap().judge("l", "s", &records(&["T"]).all()).unwrap();
    assert_eq!((judged.rows[0].reason.as_deref(), judged.counts[0].fault), (None, 1));
}
