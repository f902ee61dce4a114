//! `sealog simulator`: DynamoDB Streams on loopback, for people who test readers.

use std::io::Write as _;
use std::sync::Arc;

use sealog_simulator::{Scenario, Server, Simulator};

use crate::args::SimulatorArgs;
use crate::exit::{Exit, Failure};

pub(crate) async fn run(args: &SimulatorArgs) -> Result<Exit, Failure> {
    let scenario = match args.scenario.as_str() {
        "ledger" => Scenario::ledger().map_err(Failure::configuration)?,
        file => {
            let text = std::fs::read_to_string(file)
                .map_err(|error| Failure::configuration(format!("scenario {file}: {error}")))?;
            Scenario::from_toml(&text).map_err(Failure::configuration)?
        }
    };
    let simulator = Simulator::start(scenario).map_err(Failure::configuration)?;
    let server = Server::start(args.listen, Arc::new(simulator)).await.map_err(|error| {
        Failure::unreachable(format!("{}: {error}; choose another --listen", args.listen))
    })?;
    writeln!(std::io::stdout(), "http://{}", server.local_addr())?;
    super::stop_signal().await?;
    server.stop().await;
    Ok(Exit::Good)
}
