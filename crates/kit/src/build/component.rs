//! Core modules to components, and bindings: wit-component and the generators of wit-bindgen as libraries.

use std::collections::BTreeMap;
use std::path::Path;

use wit_bindgen_core::WorldGenerator;
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::{Resolve, WorldId};

use crate::template::{WIT, files_of};
use crate::{KitError, Project};

/// Files by their path inside the bindings.
pub(super) type Bindings = BTreeMap<String, Vec<u8>>;

const WORLD: &str = "filter";
/// Where bindings lie in a project.
pub(super) const BINDINGS: &str = "bindings";

/// What wit-bindgen's bindings for Go need at run time. It ships inside the generator and the module proxy has not got it.
static GO_RUNTIME: include_dir::Dir<'_> = include_dir::include_dir!("$CARGO_MANIFEST_DIR/assets/go/wit");
/// Stands in for the operating system, of which Go's runtime asks clock and randomness: it answers always the same.
const GO_SYSTEM: &str = include_str!("../../assets/go/wasip1-stub.wat");
const GO_SYSTEM_NAME: &str = "wasi_snapshot_preview1";

/// A module that says in itself which world it is for (Rust, C).
pub(super) fn encode(core: &[u8], tool: &str) -> Result<Vec<u8>, KitError> {
    let encoded =
        ComponentEncoder::default().validate(true).module(core).and_then(|encoder| encoder.encode());
    encoded.map_err(|error| unfit(tool, said(&error)))
}

/// A module of Go, which does not.
pub(super) fn encode_go(core: &[u8], tool: &str) -> Result<Vec<u8>, KitError> {
    let encoded = || -> Result<Vec<u8>, String> {
        let (resolve, world) = interface()?;
        let mut module = core.to_vec();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false)
            .map_err(|error| said(&error))?;
        let system = wat::parse_str(GO_SYSTEM).map_err(|error| said(&error))?;
        let mut encoder = ComponentEncoder::default();
        let encoder = encoder
            .validate(true)
            .module(&module)
            .and_then(|encoder| encoder.adapter(GO_SYSTEM_NAME, &system));
        encoder.and_then(|encoder| encoder.encode()).map_err(|error| said(&error))
    };
    encoded().map_err(|why| unfit(tool, why))
}

/// An error of the component tools with all its causes.
fn said(error: &dyn std::fmt::Display) -> String {
    format!("{error:#}")
}

/// `filter.h`, `filter.c` and an object with the type.
pub(super) fn c_bindings() -> Result<Bindings, KitError> {
    generate(&mut *wit_bindgen_c::Opts::default().build(), "wit-bindgen-c")
}

/// The module `wit_component`, with the author's package `filter` behind its exports.
pub(super) fn go_bindings(name: &str) -> Result<Bindings, KitError> {
    let mut files = generate(&mut *wit_bindgen_go::Opts::default().build(), "wit-bindgen-go")?;
    files.extend(
        files_of(&GO_RUNTIME).into_iter().map(|(path, bytes)| (format!("pkg/wit/{path}"), bytes.to_vec())),
    );
    let own = [
        ("pkg/LICENSE", include_str!("../../assets/go/LICENSE")),
        ("pkg/go.mod", "module go.bytecodealliance.org/pkg\n\ngo 1.25\n"),
        ("go.mod", GO_MODULE),
        ("export_wit_world/filter.go", GO_EXPORTS),
    ];
    files.extend(own.map(|(path, text)| (path.to_owned(), text.replace("{{name}}", name).into_bytes())));
    Ok(files)
}

const GO_MODULE: &str = "module wit_component

go 1.25

require (
	go.bytecodealliance.org/pkg v0.0.0
	filters.example/{{name}} v0.0.0
)

replace (
	go.bytecodealliance.org/pkg => ./pkg
	filters.example/{{name}} => ../
)
";

const GO_EXPORTS: &str = "// Package export_wit_world hands what the host asks to the author's package.
package export_wit_world

import (
	filter \"filters.example/{{name}}\"

	. \"wit_component/sealog_filter_types\"

	wit \"go.bytecodealliance.org/pkg/wit/types\"
)

func Configure(config string) wit.Result[Manifest, string] { return filter.Configure(config) }

func Evaluate(batch []Change) wit.Result[[]Verdict, string] { return filter.Evaluate(batch) }
";

/// Puts bindings into the project. A file that is right already is left alone, so that compilers need not look at it again.
pub(super) fn write_bindings(project: &Project, files: &Bindings) -> Result<(), KitError> {
    let folder = project.root.join(BINDINGS);
    for (name, bytes) in files {
        let path = folder.join(name);
        if std::fs::read(&path).is_ok_and(|there| there == *bytes) {
            continue;
        }
        let parent = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(parent).map_err(KitError::file(parent))?;
        std::fs::write(&path, bytes).map_err(KitError::file(&path))?;
    }
    Ok(())
}

fn generate(generator: &mut dyn WorldGenerator, tool: &str) -> Result<Bindings, KitError> {
    let mut files = wit_bindgen_core::Files::default();
    let generated = interface().and_then(|(mut resolve, world)| {
        generator.generate(&mut resolve, world, &mut files).map_err(|error| said(&error))
    });
    generated.map_err(|why| unfit(tool, why))?;
    Ok(files.iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect())
}

fn interface() -> Result<(Resolve, WorldId), String> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("filter.wit", WIT).map_err(|error| said(&error))?;
    let world = resolve.select_world(&[package], Some(WORLD)).map_err(|error| said(&error))?;
    Ok((resolve, world))
}

fn unfit(tool: &str, mut why: String) -> KitError {
    if why.contains(GO_SYSTEM_NAME) {
        why.push_str(
            "\n  A filter has no operating system: no files, no standard output, no clock. Leave out what asks for it (in C: \
             printf, fopen, time, exit …); write to the log instead",
        );
    }
    KitError::Component { tool: tool.to_owned(), why }
}
