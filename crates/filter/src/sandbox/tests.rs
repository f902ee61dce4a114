//! Instances in the pool and beside it.

#[path = "../../tests/filter/guest.rs"]
#[expect(dead_code, reason = "the tests of filters need more of it")]
mod guest;

use super::*;
use crate::engine::POOLED_MAX;
use crate::{FilterDigest, Host};
use guest::{Guest, guest};

fn program(guest: &Guest) -> (Host, Program) {
    let host = Host::new(None).unwrap();
    let component = guest.component();
    let program = host.program(&component, FilterDigest::of(&component)).unwrap();
    (host, program)
}

fn change<'a>(cells: &'a [wit::Value<'a>]) -> wit::Change<'a> {
    wit::Change { kind: wit::ChangeKind::Insert, created_ms: None, sequence: "1", identity: None, cells }
}

/// Whether an instance keeps what the usual guest keeps, and whether it is one of the pool.
fn asked(program: &Program, running: Running<'_>) -> bool {
    let is_pooled = program.pooled.as_ref().is_some_and(|pooled| std::ptr::eq(pooled, running.program));
    let limits = Limits::default();
    let (answer, _) = running.evaluate(&[change(&[wit::Value::Text("a")])], limits.fuel_for(1), &limits);
    assert!(matches!(answer.as_deref(), Ok([wit::Verdict::Keep])), "{answer:?}");
    is_pooled
}

fn started(program: &Program) -> (Running<'_>, wit::Manifest) {
    let (started, _) = program.start(&Limits::default(), "{}");
    let (running, said) = started.unwrap();
    (running, said.unwrap())
}

#[test]
fn a_full_pool_fails_no_filter() {
    let (_host, program) = program(&guest());
    for _ in 0..2 {
        let all: Vec<_> = (0..3 * POOLED_MAX).map(|_| started(&program).0).collect();
        let pooled = all.into_iter().map(|running| asked(&program, running));
        assert_eq!(pooled.filter(|is_pooled| *is_pooled).count(), POOLED_MAX as usize);
    }
}

#[test]
fn what_no_place_of_the_pool_takes_runs_beside_it() {
    let tables = "(table 1 funcref)".repeat(9);
    for (fields, fits) in [("", true), ("(table 1 funcref)", true), (tables.as_str(), false)] {
        let (_host, program) = program(&Guest { fields: fields.to_owned(), ..guest() });
        assert_eq!(asked(&program, started(&program).0), fits, "{fields}");
    }
}

#[test]
fn a_guest_finds_its_memory_and_tables_as_they_were_made() {
    // Each instance finds noughts behind its data, in its first table and in pages that it is given; then it fills them.
    let configure = r#"
        (if (i64.ne (i64.load (i32.const 200000)) (i64.const 0)) (then unreachable))
        (if (i32.ne (table.size $own) (i32.const 2)) (then unreachable))
        (if (i32.eqz (ref.is_null (table.get $own (i32.const 1)))) (then unreachable))
        (if (i32.ne (memory.grow (i32.const 64)) (i32.const 4)) (then unreachable))
        (if (i64.ne (i64.load (i32.const 4194304)) (i64.const 0)) (then unreachable))
        (memory.fill (i32.const 196608) (i32.const 255) (i32.const 4194304))
        (table.set $own (i32.const 1) (ref.func $log))
        (drop (table.grow $own (ref.func $log) (i32.const 5000)))"#;
    let fields = "(table $own 2 100000 funcref) (elem declare func $log)".to_owned();
    let (_host, program) = program(&Guest { configure, fields, ..guest() });
    for _ in 0..2 * POOLED_MAX {
        assert!(asked(&program, started(&program).0));
    }
}

#[test]
fn a_guest_needs_as_much_in_the_pool_as_beside_it() {
    let (_host, program) = program(&Guest { configure: "(drop (memory.grow (i32.const 7)))", ..guest() });
    let usage = |program: &Program| {
        let limits = Limits::default();
        let (started, before) = program.start(&limits, "{}");
        let (running, _) = started.unwrap();
        let (_, after) = running.evaluate(&[change(&[wit::Value::Text("a")])], limits.fuel_for(1), &limits);
        (before, after)
    };
    let pooled = usage(&program);
    let Program { pooled: Some(_), on_demand, clock } = program else { panic!("there is no pool") };
    assert_eq!(usage(&Program { pooled: None, on_demand, clock }), pooled);
}
