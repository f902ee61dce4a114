//! `sealog`: the one binary. Arguments in, printing and exit codes out; everything else lives in the other rooms.
//!
//! Results go to standard output, progress and logs to standard error. Exit codes: see [`exit::Exit`].

mod args;
mod commands;
mod exit;
mod logging;
mod print;

use clap::Parser as _;

use crate::args::{Cli, Command};
use crate::exit::{Exit, Failure};

fn main() -> std::process::ExitCode {
    let cli = Cli::parse();
    logging::start(cli.log_format);
    let exit = match run(cli) {
        Ok(exit) => exit,
        Err(failure) => {
            print::error(&failure.to_string());
            failure.exit
        }
    };
    std::process::ExitCode::from(exit.code())
}

fn run(cli: Cli) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::unreachable(format!("the machine gives no threads: {error}")))?;
    let exit = runtime.block_on(async {
        match cli.command {
            Command::Demo(args) => commands::demo::run(&args).await,
            Command::Run(args) => commands::run::run(&args).await,
            Command::Verify(args) => commands::verify::run(&args).await,
            Command::Status(args) => commands::status::run(&args).await,
            Command::Doctor(args) => commands::doctor::run(&args).await,
            Command::Cost(args) => commands::cost::run(&args).await,
            Command::Config(args) => commands::config::run(&args).await,
            Command::Gaps(args) => commands::gaps::run(&args).await,
            Command::Archive(args) => commands::archive::run(&args).await,
            Command::Hold(args) => commands::hold::run(&args).await,
            Command::Prove(args) => commands::prove::run(&args).await,
            Command::CheckProof(args) => commands::check_proof::run(&args),
            Command::Tiles(args) => commands::tiles::run(&args).await,
            Command::Lake(args) => commands::lake::run(&args).await,
            Command::Compact(args) => commands::compact::run(&args).await,
            Command::Query(args) => commands::query::run(&args).await,
            Command::History(args) => commands::history::run(&args).await,
            Command::AsOf(args) => commands::as_of::run(&args).await,
            Command::Diff(args) => commands::diff::run(&args).await,
            Command::Athena(args) => commands::athena::run(&args).await,
            Command::Keys(args) => commands::keys::run(&args).await,
            Command::Filter(args) => commands::filter::run(&args).await,
            Command::FilterCompile => Ok(Exit::Child(sealog_filter::compile_child_main())),
            Command::Signals(args) => commands::signals::run(&args),
            Command::Simulator(args) => commands::simulator::run(&args).await,
            Command::Completions(args) => commands::completions::run(&args),
        }
    });
    // What a stopped pipeline left behind (a connection that hangs) must not hold the process up.
    runtime.shutdown_background();
    exit
}
