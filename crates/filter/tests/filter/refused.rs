//! Files that are not used as filters: why, and what to do.

use sealog_filter::{FilterDigest, FilterError, FilterOptions, Host, Limits};

use crate::guest::{Guest, guest};
use crate::judging::{compiler, host};

fn refusal(component: &[u8]) -> String {
    let error = host().load(component, FilterOptions::default()).unwrap_err();
    assert!(matches!(error, FilterError::Unsuited { .. }), "{error:?}");
    let inspection = host().inspect(component, &serde_json::json!({}));
    assert!(!inspection.violations.is_empty() && inspection.manifest.is_none());
    assert_eq!(inspection.size, component.len());
    error.to_string()
}

fn wat(text: &str) -> Vec<u8> {
    wat::parse_str(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn a_core_module_is_named_as_one() {
    let said = refusal(&wat("(module (func (export \"configure\")))"));
    assert!(said.contains("core module") && said.contains("sealog filter build"), "{said}");
}

#[test]
fn wasi_is_refused_with_the_flag_that_removes_it() {
    let said = refusal(&wat(r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance))
        (import "wasi:cli/environment@0.2.0" (instance)))"#));
    for expected in [
        "wasi:cli/environment@0.2.0 and 1 more",
        "wasm32-unknown-unknown",
        "--stub-wasi",
        "--backend-qjs-stub-wasi",
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn unknown_imports_and_exports_are_named() {
    for (component, expected) in [
        (
            r#"(component (import "evil\u{202e}" (func)))"#.replace("\\u{202e}", ""),
            "it imports evil: a filter may import",
        ),
        (
            r#"(component (import "sealog:filter/log@2.0.0" (instance)))"#.to_owned(),
            "this sealog does not know",
        ),
        (
            r#"(component (import "net:sockets/tcp@1.0.0" (instance)))"#.to_owned(),
            "imports net:sockets/tcp@1.0.0",
        ),
        ("(component)".to_owned(), "does not export configure and evaluate"),
    ] {
        let said = refusal(&wat(&component));
        assert!(said.contains(expected), "{said}");
    }
    // The right names with other types.
    let said = refusal(&wat(r#"(component
            (core module $m (func (export "f")))
            (core instance $i (instantiate $m))
            (func $f (canon lift (core func $i "f")))
            (export "configure" (func $f)) (export "evaluate" (func $f)))"#));
    assert!(said.contains("sealog:filter/filter@1.0.0"), "{said}");
}

#[test]
fn an_import_of_our_own_types_is_normal() {
    let component = guest().component();
    let inspection = host().inspect(&component, &serde_json::json!({}));
    assert_eq!(inspection.violations, [] as [String; 0]);
    assert_eq!(inspection.imports, ["sealog:filter/log@1.0.0", "sealog:filter/types@1.0.0"]);
    assert_eq!(inspection.exports, ["configure", "evaluate"]);
    assert_eq!(inspection.world, Some(sealog_filter::WORLD));
    assert_eq!(inspection.digest, FilterDigest::of(&component));
    assert_eq!(inspection.manifest.unwrap().name, "letters");
}

#[test]
fn another_component_than_the_pinned_one_is_refused_before_anything_else() {
    let component = guest().component();
    let pinned = Some(FilterDigest([3; 32]));
    let error = host().load(&component, FilterOptions { pinned, ..FilterOptions::default() }).unwrap_err();
    let said = error.to_string();
    assert!(matches!(error, FilterError::OtherThanPinned { .. }));
    assert!(
        said.contains(&FilterDigest::of(&component).to_string()) && said.contains("sealog filter pin"),
        "{said}"
    );
    let pinned = Some(FilterDigest::of(&component));
    assert!(host().load(&component, FilterOptions { pinned, ..FilterOptions::default() }).is_ok());
}

#[test]
fn cut_off_and_random_bytes_are_refused() {
    let component = guest().component();
    let step = component.len() / 300;
    for length in (0..component.len()).step_by(step) {
        let error = host().load(&component[..length], FilterOptions::default()).unwrap_err();
        assert!(
            matches!(error, FilterError::Unsuited { .. } | FilterError::Compile { .. }),
            "{length}: {error:?}"
        );
    }
    // Bytes of a generator that is the same everywhere, behind a right beginning as often as not.
    let mut state = 88_172_645_463_325_252_u64;
    for round in 0..300 {
        let mut bytes = if round % 2 == 0 { component[..8].to_vec() } else { Vec::new() };
        for _ in 0..200 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.push(state.to_le_bytes()[0]);
        }
        assert!(host().load(&bytes, FilterOptions::default()).is_err());
    }
    // One byte changed: whatever is still a filter is one, but nothing breaks.
    for place in (8..component.len()).step_by(step) {
        let mut bent = component.clone();
        bent[place] ^= 0x55;
        let limits = Limits { fuel_configure: 1_000_000, ..Limits::default() };
        let _loaded = host().load(&bent, FilterOptions { limits, ..FilterOptions::default() });
    }
}

#[test]
fn huge_or_foreign_memories_are_refused() {
    let huge = Guest { pages: 65_536, ..guest() }.component();
    let said = refusal(&huge);
    assert!(said.contains("4294967296 bytes") && said.contains("memory_max"), "{said}");
    let limits = Limits { memory_max: 100 << 10, ..Limits::default() };
    let error =
        host().load(&guest().component(), FilterOptions { limits, ..FilterOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("102400"), "{error}");
    for memory in ["i64 1", "1 2 shared"] {
        let said = refusal(&wat(&format!("(component (core module (memory {memory})))")));
        assert!(said.contains("plain wasm32"), "{said}");
    }
    // Each is small enough, together they are not: the limit is on all of them.
    let limits = Limits { memory_max: 1 << 20, ..Limits::default() };
    let many = Guest { fields: "(memory $more 14)".to_owned(), ..guest() };
    let error =
        host().load(&many.component(), FilterOptions { limits, ..FilterOptions::default() }).unwrap_err();
    assert!(error.to_string().contains("out-of-memory"), "{error}");
    // So are tables.
    let table = Guest { fields: "(table 9000000 funcref)".to_owned(), ..guest() };
    let error = host().load(&table.component(), FilterOptions::default()).unwrap_err();
    assert!(error.to_string().contains("out-of-memory"), "{error}");
}

#[test]
fn a_file_of_more_than_64_mib_is_not_even_read() {
    let said = refusal(&vec![0; (64 << 20) + 1]);
    assert!(said.contains("67108865 bytes"), "{said}");
}

/// Components in each other, each of which instantiates the one in it several times.
fn nested_instances(depth: usize, times: usize) -> String {
    let mut text = String::from("(core module $m) ");
    text = format!("(component $c0 {text} (core instance (instantiate $m)))");
    for level in 1..=depth {
        let inner = level - 1;
        let instances = format!("(instance (instantiate $c{inner})) ").repeat(times);
        text = format!("(component $c{level} {text} {instances})");
    }
    format!("(component {text} (instance (instantiate $c{depth})))")
}

/// The same without any nesting: each component takes the one before it from outside.
fn chained_instances(depth: usize, times: usize) -> String {
    let mut text =
        String::from("(component (component $c0 (core module $m) (core instance (instantiate $m)))");
    for level in 1..=depth {
        let inner = level - 1;
        let instances = format!("(instance (instantiate $c{inner})) ").repeat(times);
        text += &format!("(component $c{level} (alias outer 1 $c{inner} (component $c{inner})) {instances})");
    }
    format!("{text} (instance (instantiate $c{depth})))")
}

/// A component that comes out of an instance, where its size cannot be told.
fn exported_instances(times: usize) -> String {
    let inner = "(core instance (instantiate $m)) ".repeat(100);
    let outer = "(instance (instantiate $again)) ".repeat(times);
    format!(
        r#"(component (component $maker (component $heavy (core module $m) {inner}) (export "c" (component $heavy)))
            (instance $i (instantiate $maker)) (alias export $i "c" (component $again)) {outer})"#
    )
}

#[test]
fn bombs_are_told_by_their_structure() {
    let bomb = |text: &str| refusal(&wat(text));
    let said = bomb(&nested_instances(6, 8));
    assert!(said.contains("more than 500 instances"), "{said}");
    let said = bomb(&chained_instances(40, 2));
    assert!(said.contains("more than 500 instances"), "{said}");
    let said = bomb(&exported_instances(10));
    assert!(said.contains("more than 500 instances"), "{said}");
    let said = bomb(&nested_instances(9, 1));
    assert!(said.contains("more than 8 components in each other"), "{said}");
    let said = bomb(&format!("(component {})", "(component) ".repeat(20_000)));
    assert!(said.contains("more than 100 components"), "{said}");
    let said = bomb(&format!("(component (core module {}))", "(func) ".repeat(60_001)));
    assert!(said.contains("more than 60000 functions"), "{said}");
    let said = bomb("(component (core module (func (local i32 i64) (drop (i32.const 1)))))");
    assert!(said.contains("does not export"), "{said}");
    let locals = "i32 ".repeat(1_001);
    let said = bomb(&format!("(component (core module (func (local {locals}))))"));
    assert!(said.contains("more than 1000 locals"), "{said}");
    let said = bomb(&format!("(component (core module {}))", "(memory 1) ".repeat(17)));
    assert!(said.contains("more than 16 memories"), "{said}");
    let blocks = format!("{}{}", "block ".repeat(1_000_000), "end ".repeat(1_000_000));
    let said = bomb(&format!("(component (core module (func {blocks})))"));
    assert!(said.contains("more than 2097152 bytes in one function"), "{said}");
}

/// Loads with a compiler in a child process, under a tighter bound (of `ulimit`) than its own.
fn in_child(component: &[u8], bound: &str) -> Result<(), FilterError> {
    let script = format!("ulimit {bound} && exec '{}'", compiler().display());
    let host = Host::builder().compiler("/bin/sh", vec!["-c".into(), script.into()]).build().unwrap();
    host.load(component, FilterOptions::default()).map(|_| ())
}

#[test]
fn a_child_compiles_what_this_process_does() {
    in_child(&guest().component(), "-t 60").unwrap();
    // What is right by its structure and wrong inside is refused in the child's own words.
    let mut component = guest().component();
    let place = component.windows(2).rposition(|bytes| bytes == [0x0f, 0x0b]).unwrap_or(component.len() / 2);
    component[place] = 0xff;
    let error = in_child(&component, "-t 60").unwrap_err();
    assert!(!error.to_string().contains("CPU seconds"), "{error}");
}

#[test]
fn compiling_is_bounded_in_time_and_memory() {
    // Hundreds of variables that live through thousands of loops.
    let variables = "i32 ".repeat(900);
    let each = |number: usize| {
        format!("(loop (local.set {} (local.get 0)) (br_if 0 (local.get 0)))", number % 900 + 1)
    };
    let sum = |number: usize| format!("(local.set 0 (i32.add (local.get 0) (local.get {number})))");
    let (loops, sums): (String, String) = ((0..20_000).map(each).collect(), (1..=900).map(sum).collect());
    let slow = Guest {
        fields: format!("(func (param i32) (result i32) (local {variables}) {loops} {sums} (local.get 0))"),
        ..guest()
    };
    let slow = slow.component();
    // It does not even fit into the child's memory.
    let large = Guest { fields: format!("(data \"{}\")", "a".repeat(16 << 20)), ..guest() }.component();
    for (component, bound) in [(&slow, "-t 2"), (&large, "-d 12000")] {
        let error = in_child(component, bound).expect_err(bound);
        let said = error.to_string();
        assert!(matches!(error, FilterError::Compile { .. }), "{error:?}");
        assert!(said.contains("CPU seconds") || said.contains("out of memory"), "{said}");
    }
}

#[test]
fn deeply_nested_types_harm_nobody_but_the_child() {
    // A type section in which each component type declares another one; by hand, since no assembler writes it.
    let nested = [[0x41_u8, 1, 1].repeat(50_000), vec![0x41, 0]].concat();
    let length = nested.len() + 1;
    let low = |number: usize| u8::try_from(number & 0x7f).unwrap();
    let mut component = guest().component();
    component.push(7);
    component.extend([low(length) | 0x80, low(length >> 7) | 0x80, low(length >> 14), 1]);
    component.extend(nested);
    let error = in_child(&component, "-t 60").unwrap_err();
    assert!(matches!(error, FilterError::Compile { .. }), "{error:?}");
}

#[test]
fn a_compiler_that_cannot_be_used_is_named() {
    for (program, expected) in
        [("/no/such/program", "/no/such/program"), ("/bin/false", "broke the compiler")]
    {
        let host = Host::builder().compiler(program, Vec::new()).build().unwrap();
        let error = host.load(&guest().component(), FilterOptions::default()).unwrap_err();
        assert!(matches!(error, FilterError::Compile { .. }));
        assert!(error.to_string().contains(expected), "{error}");
    }
}
