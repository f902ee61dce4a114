//! The DynamoDB Streams service as a scripted simulator: the same engine in process and over HTTP on loopback.
//!
//! A [`Scenario`] (data: TOML or built in Rust) says what tables, writers, shards and faults there are; an [`Engine`] plays
//! it, driven by nothing but calls and the time they come at; a [`Simulator`] adds a clock, a [`Server`] the wire. The
//! truth ledger ([`Engine::truth`]) keeps every record that was ever offered, so that a test can ask whether a reader
//! lost, doubled or changed one.
//!
//! Sources of the rules: the DynamoDB Streams API reference, the service model `dynamodbstreams/2012-08-10` that botocore
//! ships (the authority for names and types, checked by `tests/model.py`), and what `README.md` says where they are silent.

mod clock;
mod engine;
mod faults;
mod generate;
mod iterator;
mod operations;
mod reply;
mod rng;
mod scenario;
mod server;
mod simulator;
mod throttle;
mod truth;
mod world;

pub use clock::{Clock, ScaledClock, VirtualClock};
pub use engine::Engine;
pub use reply::{Behaviour, Delivery, Reply};
pub use scenario::{
    CreatedAt, EventSpec, FaultEffect, FaultSpec, Happening, ListingOrder, ListingSpec, Millis,
    OperationName, PagesSpec, Scenario, ScenarioError, Shape, ShardEnd, TableSpec, Time, WriterSpec,
};
pub use server::Server;
pub use simulator::Simulator;
pub use truth::{TruthDetail, TruthRecord, TruthShard};
pub use world::{Identity, Write};
