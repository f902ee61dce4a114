//! Logs on standard error.

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// `SEALOG_LOG` filters (`info` by default): levels and targets as in `RUST_LOG`.
pub(crate) fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SEALOG_LOG")
        .unwrap_or_else(|_| EnvFilter::new("warn,sealog=info,sealog_pipeline=info,sealog_source=info"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let colour = crate::print::colour_on_stderr();
    match format {
        LogFormat::Text => lines.with_ansi(colour).with_target(false).init(),
        LogFormat::Json => lines.json().flatten_event(true).init(),
    }
}
