//! Compiling, in a process of its own where there is one.
//!
//! The engine's compiler is not bounded by itself: what it needs grows faster than a hostile file. In a child process the
//! kernel bounds it; the process that reads the stream never sees more than the result.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use wasmtime::Engine;

use crate::structure::FILE_BYTES_MAX;
use crate::{FilterError, engine, text};

/// CPU seconds for one component: a Python interpreter of 18 MB needs 18.
const CPU_SECONDS_MAX: u64 = 120;
/// Bytes of memory for compiling one component.
const DATA_BYTES_MAX: u64 = 3 << 30;
/// Bytes of a compiled component.
const COMPILED_BYTES_MAX: u64 = 1 << 30;
/// Bytes that are taken of what the child says.
const SAID_BYTES_MAX: u64 = 4096;
const EXIT_REFUSED: u8 = 65;

/// The program that compiles.
#[derive(Debug, Clone)]
pub(crate) struct Compiler {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// How long it may take; the bound on CPU time does not end a process that waits.
    pub(crate) wall_max: Duration,
}

/// How long compiling may take by the wall clock, on a busy machine.
pub(crate) const WALL_MAX: Duration = Duration::from_secs(600);

/// Compiles a component whose structure was found harmless.
pub(crate) fn compile(
    engine: &Engine,
    compiler: Option<&Compiler>,
    component: &[u8],
) -> Result<Vec<u8>, FilterError> {
    match compiler {
        Some(compiler) => in_child(compiler, component),
        None => here(engine, component).map_err(|why| FilterError::Compile { why }),
    }
}

fn here(engine: &Engine, component: &[u8]) -> Result<Vec<u8>, String> {
    engine.precompile_component(component).map_err(|error| text::escaped(&format!("{error:#}"), 500))
}

fn in_child(compiler: &Compiler, component: &[u8]) -> Result<Vec<u8>, FilterError> {
    let failed = |why: String| FilterError::Compile { why };
    let unstarted = |error: std::io::Error| {
        failed(format!("its compiler {} does not run: {error}", compiler.program.display()))
    };
    let mut child = Command::new(&compiler.program)
        .args(&compiler.arguments)
        // A program that runs out of memory while it prints its stack may wait for itself for ever.
        .env("RUST_BACKTRACE", "0")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(unstarted)?;
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (done, ended) = mpsc::sync_channel::<()>(1);
    let (compiled, said, status) = std::thread::scope(|scope| {
        // A child that dies early closes the pipe; its exit code says why.
        scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(component)));
        let said = scope.spawn(move || read(stderr, SAID_BYTES_MAX));
        let compiled = scope.spawn(move || {
            let compiled = read(stdout, COMPILED_BYTES_MAX);
            drop(done);
            compiled
        });
        if ended.recv_timeout(compiler.wall_max) == Err(RecvTimeoutError::Timeout) {
            // One that is gone already needs no killing.
            let _killed = child.kill().is_ok();
        }
        let status = child.wait();
        (compiled.join().unwrap_or_default(), said.join().unwrap_or_default(), status)
    });
    let status = status.map_err(unstarted)?;
    if status.success() && !compiled.is_empty() {
        return Ok(compiled);
    }
    let said = text::escaped(String::from_utf8_lossy(&said).trim(), 500);
    Err(failed(match status.code() {
        Some(code) if code == i32::from(EXIT_REFUSED) => said,
        _ => format!(
            "it needs more than {CPU_SECONDS_MAX} CPU seconds or {} MiB to compile, or broke the compiler ({status}{}{said}): \
             build it optimised and stripped, with less generated code",
            DATA_BYTES_MAX >> 20,
            if said.is_empty() { "" } else { "; " },
        ),
    }))
}

fn read(from: Option<impl Read>, bytes_max: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let Some(from) = from else { return bytes };
    match from.take(bytes_max).read_to_end(&mut bytes) {
        Ok(_) => bytes,
        // Half a result is none.
        Err(_) => Vec::new(),
    }
}

/// What the program given to [`crate::HostBuilder::compiler`] has to do: reads a component from standard input, compiles
/// it within bounds on CPU time and memory, and writes the result to standard output, or what is wrong to standard error.
/// The return value is the exit code.
#[must_use]
pub fn compile_child_main() -> u8 {
    match child() {
        Ok(()) => 0,
        Err(why) => {
            // Nobody is left to tell if that fails.
            let _told = writeln!(std::io::stderr(), "{why}").is_ok();
            EXIT_REFUSED
        }
    }
}

fn child() -> Result<(), String> {
    let bound = |resource, max: u64| {
        // A bound that somebody set before and that is tighter stays.
        let max = getrlimit(resource).maximum.map_or(max, |before| before.min(max));
        setrlimit(resource, Rlimit { current: Some(max), maximum: Some(max) })
            .map_err(|error| format!("compiling cannot be bounded: {error}"))
    };
    bound(Resource::Cpu, CPU_SECONDS_MAX)?;
    bound(Resource::Data, DATA_BYTES_MAX)?;
    bound(Resource::Core, 0)?;
    let mut component = Vec::new();
    let input = std::io::stdin().lock().take(FILE_BYTES_MAX as u64 + 1).read_to_end(&mut component);
    input.map_err(|error| format!("the component cannot be read: {error}"))?;
    let engine = engine::new().map_err(|error| error.to_string())?;
    let compiled = here(&engine, &component)?;
    let mut out = std::io::stdout().lock();
    out.write_all(&compiled).and_then(|()| out.flush()).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_that_only_waits_is_ended() {
        let compiler = Compiler {
            program: "/bin/sleep".into(),
            arguments: vec!["600".into()],
            wall_max: Duration::from_millis(50),
        };
        let error = in_child(&compiler, b"").unwrap_err();
        assert!(matches!(error, FilterError::Compile { .. }), "{error}");
    }
}
