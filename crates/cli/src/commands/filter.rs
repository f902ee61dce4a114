//! `sealog filter`: from nothing to a filter that is reviewed, pinned and watched.

mod bench;
mod build;
mod doctor;
mod inspect;
mod new;
mod pattern;
mod pin;
mod replay;
mod run;
mod subject;
mod test;

use clap::{Args, Subcommand};
use sealog_kit::{KitError, Remedy};

use crate::exit::{Exit, Failure};

#[derive(Debug, Args)]
pub(crate) struct FilterArgs {
    #[command(subcommand)]
    command: FilterCommand,
}

#[derive(Debug, Subcommand)]
enum FilterCommand {
    /// Make a project that builds and passes its own tests
    New(new::NewArgs),
    /// Compile the project to a component
    Build(build::BuildArgs),
    /// Ask the component about the project's fixtures
    Test(test::TestArgs),
    /// Show what a component is; exit code 1 if it would be refused
    Inspect(inspect::InspectArgs),
    /// Ask the component about records of yours
    Run(run::RunArgs),
    /// Compare the component with what an archive recorded, or with an older component, over archived history
    Replay(replay::ReplayArgs),
    /// Measure how fast the component is, and what it needs
    Bench(bench::BenchArgs),
    /// Write the digests of the configured components into the configuration
    Pin(pin::PinArgs),
    /// Show which languages this machine can build filters in, and how to get the others
    Doctor(doctor::DoctorArgs),
    /// Turn patterns of Lambda's event filtering into the configuration of a ready filter
    FromLambdaPattern(pattern::PatternArgs),
}

pub(crate) async fn run(args: &FilterArgs) -> Result<Exit, Failure> {
    match &args.command {
        FilterCommand::New(args) => new::run(args),
        FilterCommand::Build(args) => build::run(args),
        FilterCommand::Test(args) => test::run(args),
        FilterCommand::Inspect(args) => inspect::run(args),
        FilterCommand::Run(args) => run::run(args).await,
        FilterCommand::Replay(args) => replay::run(args).await,
        FilterCommand::Bench(args) => bench::run(args),
        FilterCommand::Pin(args) => pin::run(args),
        FilterCommand::Doctor(args) => doctor::run(args),
        FilterCommand::FromLambdaPattern(args) => pattern::run(args),
    }
}

impl From<KitError> for Failure {
    fn from(error: KitError) -> Self {
        let exit = match error.remedy() {
            Remedy::CallOtherwise => Exit::Usage,
            Remedy::ChangeProject => Exit::Verdict(1),
            Remedy::Install | Remedy::CheckMachine => Exit::Unreachable,
        };
        Self::new(exit, error)
    }
}

impl From<sealog_filter::FilterError> for Failure {
    fn from(error: sealog_filter::FilterError) -> Self {
        KitError::from(error).into()
    }
}
