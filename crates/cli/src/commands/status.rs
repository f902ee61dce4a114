//! `sealog status`: what the commits of an archive say, and what a run that goes on says beside them.

mod archive;
mod live;

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use sealog_source::{Clock as _, SystemClock};
use serde_json::json;

use crate::args::{ArchiveArgs, Format, StatusArgs};
use crate::exit::{Exit, Failure};

use archive::Archive;

/// How often a watched status is looked at anew.
const INTERVAL: Duration = Duration::from_secs(2);

pub(crate) async fn run(args: &StatusArgs) -> Result<Exit, Failure> {
    let mut archive = match (&args.archive, &args.config) {
        (None, None) => None,
        (archive, config) => {
            let args =
                ArchiveArgs { archive: archive.clone(), config: config.clone(), logs: args.logs.clone() };
            Some(Archive::open(&args).await?)
        }
    };
    loop {
        let text = look(args, archive.as_mut()).await?;
        if !args.watch {
            write!(std::io::stdout(), "{text}")?;
            return Ok(Exit::Good);
        }
        // On a terminal each look replaces the one before.
        let clear = if std::io::stdout().is_terminal() { "\u{1b}[H\u{1b}[2J" } else { "" };
        write!(std::io::stdout(), "{clear}{text}")?;
        std::io::stdout().flush()?;
        tokio::select! {
            biased;
            stopped = super::stop_signal() => return stopped.map(|()| Exit::Good).map_err(Failure::from),
            () = SystemClock.sleep(INTERVAL) => {}
        }
    }
}

async fn look(args: &StatusArgs, archive: Option<&mut Archive>) -> Result<String, Failure> {
    let live = match &args.from {
        Some(address) => Some(live::fetch(address).await?),
        None => None,
    };
    let now_ms = super::now_ms();
    let logs = match archive {
        Some(archive) => Some(archive.follow().await?),
        None => None,
    };
    if args.format == Format::Json {
        let logs: Vec<_> = logs.into_iter().flatten().map(|log| log.as_json(now_ms)).collect();
        let report = match live {
            Some(live) => json!({ "format": "sealog.status/1", "logs": logs, "live": live }),
            None => json!({ "format": "sealog.status/1", "logs": logs }),
        };
        return Ok(format!("{report}\n"));
    }
    let mut text = String::new();
    for log in logs.into_iter().flatten() {
        text.push_str(&log.as_table(now_ms));
    }
    if let Some(live) = &live {
        text.push_str(&live::as_table(live));
    }
    Ok(text)
}
