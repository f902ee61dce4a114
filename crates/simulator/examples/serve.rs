//! Serves a scenario over HTTP: `serve [--listen ADDR] [SCENARIO.toml | ledger]`. Prints the address, then serves until
//! its standard input ends.

#![allow(clippy::print_stdout, reason = "the address on standard output is this program's interface")]

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::sync::Arc;

use sealog_simulator::{Scenario, Server, Simulator};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut listen = "127.0.0.1:0".to_owned();
    let mut scenario = "ledger".to_owned();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--listen" => listen = args.next().ok_or("--listen needs an address")?,
            _ => scenario = arg,
        }
    }
    let scenario = match scenario.as_str() {
        "ledger" => Scenario::ledger()?,
        path => Scenario::from_toml(&std::fs::read_to_string(path)?)?,
    };
    let server = Server::start(listen.parse()?, Arc::new(Simulator::start(scenario)?)).await?;
    println!("http://{}", server.local_addr());
    std::io::stdout().flush()?;
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    server.stop().await;
    Ok(())
}
