//! `/_simulator/…`: looking at a scenario and meddling with it from outside (README, "From outside").
//!
//! Orders take effect before their reply. What is wrong with one is said in its reply, as a line of text.

mod write;

use bytes::Bytes;
use http::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::body::ReplyBody;
use super::plain;
use crate::scenario::{FaultSpec, Happening, Scenario};
use crate::simulator::Simulator;
use crate::truth::TruthDetail;

/// A request under `/_simulator/`.
pub(super) struct Order<'a> {
    pub(super) method: &'a Method,
    /// What follows `/_simulator/`.
    pub(super) action: &'a str,
    pub(super) query: &'a str,
    pub(super) body: &'a [u8],
}

/// An order that was not carried out, and what to do about it.
struct Refused(StatusCode, String);

pub(super) fn control(simulator: &Simulator, order: &Order<'_>) -> Response<ReplyBody> {
    let done = match (order.method, order.action) {
        (&Method::GET, "truth") => truth(simulator, order),
        (&Method::POST, "advance") => advance(simulator, order),
        (&Method::POST, "write") => write(simulator, order),
        (&Method::POST, "happen") => happen(simulator, order),
        (&Method::POST, "fault") => fault(simulator, order),
        _ => Err(Refused(
            StatusCode::NOT_FOUND,
            "GET truth[?detail=full], POST advance?ms=..., POST write?table=..., POST happen?table=... or POST fault"
                .to_owned(),
        )),
    };
    match done {
        Ok(body) => plain(StatusCode::OK, body),
        Err(Refused(status, problem)) => plain(status, Bytes::from(format!("{problem}\n"))),
    }
}

fn truth(simulator: &Simulator, order: &Order<'_>) -> Result<Bytes, Refused> {
    let detail = if order.query == "detail=full" { TruthDetail::Full } else { TruthDetail::Numbers };
    let mut lines = Vec::new();
    let written = simulator.engine().write_truth(detail, &mut lines);
    written.map_err(|error| Refused(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?;
    Ok(Bytes::from(lines))
}

fn advance(simulator: &Simulator, order: &Order<'_>) -> Result<Bytes, Refused> {
    let by_ms = order.query.strip_prefix("ms=").and_then(|digits| digits.parse::<i64>().ok());
    let by_ms = by_ms.ok_or_else(|| bad("say ?ms=<milliseconds>"))?;
    if simulator.clock().advance(by_ms) {
        Ok(Bytes::from(format!("{}\n", simulator.clock().now_ms())))
    } else {
        let problem = "the scenario's clock is real: set time = \"virtual\"";
        Err(Refused(StatusCode::CONFLICT, problem.to_owned()))
    }
}

/// The same as [`crate::Engine::write`], which does it.
fn write(simulator: &Simulator, order: &Order<'_>) -> Result<Bytes, Refused> {
    let name = table(order)?;
    let now_ms = simulator.clock().now_ms();
    let mut engine = simulator.engine();
    engine.advance(now_ms);
    let spec = engine.table(name).ok_or_else(|| no_table(name))?;
    let write = write::parse(spec, order.body).map_err(bad)?;
    if engine.write(now_ms, name, write) { Ok(Bytes::from_static(b"{}\n")) } else { Err(no_table(name)) }
}

/// The same as [`crate::Engine::happen`], which does it. The body is what `does` is in a scenario, as JSON.
fn happen(simulator: &Simulator, order: &Order<'_>) -> Result<Bytes, Refused> {
    let (name, what) = (table(order)?, json::<Happening>(order)?);
    let done = simulator.engine().happen(simulator.clock().now_ms(), name, &what);
    if done { Ok(Bytes::from_static(b"{}\n")) } else { Err(no_table(name)) }
}

/// The same as [`crate::Engine::inject`], which does it. The body is a `[[fault]]` of a scenario, as JSON.
fn fault(simulator: &Simulator, order: &Order<'_>) -> Result<Bytes, Refused> {
    let spec = json::<FaultSpec>(order)?;
    let mut engine = simulator.engine();
    if let Some(name) = spec.table.as_deref().filter(|name| engine.table(name).is_none()) {
        return Err(no_table(name));
    }
    let alone = Scenario::new(0).fault(FaultSpec { table: None, ..spec.clone() });
    alone.validate().map_err(|error| bad(error.to_string()))?;
    engine.inject(spec);
    Ok(Bytes::from_static(b"{}\n"))
}

fn table<'a>(order: &Order<'a>) -> Result<&'a str, Refused> {
    order.query.strip_prefix("table=").ok_or_else(|| bad("say ?table=<name>"))
}

fn json<T: DeserializeOwned>(order: &Order<'_>) -> Result<T, Refused> {
    serde_json::from_slice(order.body)
        .map_err(|error| bad(format!("the body is not what is asked for: {error}")))
}

fn bad(problem: impl Into<String>) -> Refused {
    Refused(StatusCode::BAD_REQUEST, problem.into())
}

fn no_table(name: &str) -> Refused {
    Refused(StatusCode::NOT_FOUND, format!("there is no table {name:?}: the scenario names them all"))
}
