//! Whether what a component imports and exports is the world of filters.

use wasmparser::ComponentExternalKind;

use super::Structure;

const IMPORTS: [&str; 2] = ["sealog:filter/log@1.0.0", "sealog:filter/types@1.0.0"];
const EXPORTS: [&str; 2] = ["configure", "evaluate"];
const OURS: &str = "sealog:filter/";

/// Each toolchain links WASI in unless it is told not to.
const WITHOUT_WASI: &str = "a filter has no files, clock, randomness or network. `sealog filter build` leaves them out; by \
    hand: Rust `--target wasm32-unknown-unknown` instead of wasm32-wasip2 or wasm32-wasip1; Python `componentize-py … \
    --stub-wasi`; JavaScript `jco componentize … --backend qjs --backend-qjs-stub-wasi` (with StarlingMonkey `--disable \
    all`); Go and C: adapt the core module with a stub of wasi_snapshot_preview1 instead of the usual adapter";

/// Adds what is wrong to `found.violations`.
pub(super) fn check(found: &mut Structure, kinds: &[ComponentExternalKind]) {
    let mut wasi: Vec<&str> =
        found.imports.iter().map(String::as_str).filter(|name| name.starts_with("wasi:")).collect();
    wasi.sort_unstable();
    if let Some(first) = wasi.first() {
        let more = match wasi.len() {
            1 => String::new(),
            count => format!(" and {} more of wasi:", count - 1),
        };
        found.violations.push(format!("it imports {}{more}: {WITHOUT_WASI}", shown(first)));
    }
    for import in &found.imports {
        if IMPORTS.contains(&import.as_str()) || import.starts_with("wasi:") {
            continue;
        }
        found.violations.push(if import.starts_with(OURS) {
            format!(
                "it imports {}, an interface that this sealog does not know: build it against sealog:filter@1.0.0, or \
                 use the sealog that it was built for",
                shown(import)
            )
        } else {
            format!("it imports {}: a filter may import nothing but sealog:filter/log@1.0.0", shown(import))
        });
    }
    let has = |name: &str| {
        let place = found.exports.iter().position(|export| export == name);
        place.and_then(|place| kinds.get(place)) == Some(&ComponentExternalKind::Func)
    };
    let missing: Vec<_> = EXPORTS.into_iter().filter(|name| !has(name)).collect();
    found.fits_world = missing.is_empty();
    if !missing.is_empty() {
        found.violations.push(format!(
            "it does not export {}: build it for the world `filter` of sealog:filter@1.0.0 (`sealog filter new` makes a \
             project that does)",
            missing.join(" and ")
        ));
    }
    // What else it exports is never called: componentize-py and jco add a function or an instance of their own.
}

fn shown(name: &str) -> String {
    crate::text::escaped(name, 100)
}
