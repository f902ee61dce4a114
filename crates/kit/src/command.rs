//! Other programs, run to their end.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::KitError;

/// So much of what a failing program wrote is shown: its end.
const OUTPUT_MAX: usize = 32 << 10;

/// Runs a program in a folder; what it wrote to standard output, or an error with all it wrote.
pub(crate) fn run(command: &mut Command, tool: &str, folder: &Path) -> Result<String, KitError> {
    let failed = |output: String| KitError::Failed { tool: tool.to_owned(), output };
    let done = command
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    if done.status.success() {
        return Ok(said);
    }
    let whole = format!("{}{said}", String::from_utf8_lossy(&done.stderr));
    let start = whole.len().saturating_sub(OUTPUT_MAX);
    let end = whole.get(whole.ceil_char_boundary(start)..).unwrap_or_default().trim_end();
    Err(failed(if end.is_empty() { format!("{} without a word", done.status) } else { end.to_owned() }))
}

/// First line of what a program says, if it can be run and is content.
pub(crate) fn ask(command: &mut Command) -> Option<String> {
    let done = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|done| done.status.success())?;
    let text = String::from_utf8_lossy(&done.stdout);
    Some(text.lines().next().unwrap_or_default().trim().to_owned())
}
