//! Faults that pass by themselves: of every kind that the simulator has.

use sealog_simulator::{FaultEffect, FaultSpec, Millis, OperationName};

use super::Span;
use crate::Rng;

const MINUTE_MS: i64 = 60_000;

/// None of them hits a call after `trouble_ms`.
pub(super) fn draw(rng: &mut Rng, span: &Span, trouble_ms: u64) -> Vec<FaultSpec> {
    let until = Millis(i64::try_from(trouble_ms).unwrap());
    let count = rng.pick(&[0, 2, 4, 8, 12]);
    let mut faults = Vec::new();
    for _ in 0..count {
        let fault = FaultSpec { until: Some(until), ..fault(rng, span) };
        faults.push(timed(rng, fault));
    }
    if rng.percent(20) {
        // Listings of many pages, each of which fails now and then.
        let spec = FaultSpec::new(Some(OperationName::DescribeStream), error("ThrottlingException"));
        faults.push(FaultSpec { probability: Some(0.4), until: Some(until), ..spec });
    }
    faults
}

fn error(code: &str) -> FaultEffect {
    FaultEffect::Error { code: code.to_owned(), message: None, status: None }
}

/// Some last only for minutes.
fn timed(rng: &mut Rng, fault: FaultSpec) -> FaultSpec {
    let Some(Millis(until_ms)) = fault.until else { return fault };
    match fault.from {
        Some(Millis(from_ms)) => {
            let ends_ms = from_ms + rng.between(1, 10 * MINUTE_MS);
            FaultSpec { until: Some(Millis(ends_ms.min(until_ms))), ..fault }
        }
        None => fault,
    }
}

fn fault(rng: &mut Rng, span: &Span) -> FaultSpec {
    let does = effect(rng);
    let operation = operation(rng, &does);
    let spec = FaultSpec::new(operation, does);
    match &spec.does {
        // What cannot be understood stops a shard or a table: seldom.
        FaultEffect::CutJson
        | FaultEffect::NoSequenceNumber
        | FaultEffect::Body { .. }
        | FaultEffect::RepeatCursor => spec.calls(rng.below(40), 1 + rng.below(2)),
        // A right that is taken away: every call, for a while.
        FaultEffect::Error { code, .. } if code == "AccessDeniedException" => {
            FaultSpec { from: Some(Millis(rng.between(0, span.future_ms))), ..spec }
        }
        FaultEffect::Error { .. }
        | FaultEffect::Html503
        | FaultEffect::Reset
        | FaultEffect::Truncate { .. }
        | FaultEffect::Drip { .. }
        | FaultEffect::WrongCrc32
        | FaultEffect::Latency(_)
        | FaultEffect::EmptyPage
        | FaultEffect::Duplicate { .. } => often(rng, spec),
    }
}

fn often(rng: &mut Rng, spec: FaultSpec) -> FaultSpec {
    match rng.below(3) {
        0 => FaultSpec { every: Some(2 + rng.below(16)), times: Some(1 + rng.below(40)), ..spec },
        1 => FaultSpec { probability: Some(rng.pick(&[0.01, 0.1, 0.3])), ..spec },
        _ => spec.calls(rng.below(20), 1 + rng.below(6)),
    }
}

fn effect(rng: &mut Rng) -> FaultEffect {
    match rng.below(22) {
        0 | 1 => error("ThrottlingException"),
        2 => error("LimitExceededException"),
        3 => error("InternalServerError"),
        4 => error("ServiceUnavailable"),
        5 | 6 => error("ExpiredIteratorException"),
        7 => error("AccessDeniedException"),
        8 => error("ResourceNotFoundException"),
        9 => error("ProvisionedThroughputExceededException"),
        10 => FaultEffect::Html503,
        11 => FaultEffect::Reset,
        12 => FaultEffect::Truncate { bytes: u32::try_from(rng.below(400)).unwrap() },
        13 => FaultEffect::Drip { bytes: 64, pause: Millis(rng.between(1, 200)) },
        14 => FaultEffect::WrongCrc32,
        15 => FaultEffect::Latency(Millis(rng.between(1, 3_000))),
        16 => FaultEffect::EmptyPage,
        17 | 18 => FaultEffect::Duplicate { records: u32::try_from(1 + rng.below(5)).unwrap() },
        19 => FaultEffect::RepeatCursor,
        20 if rng.pick(&[true, false]) => FaultEffect::CutJson,
        20 => FaultEffect::NoSequenceNumber,
        _ => {
            let body = rng.pick(&["{\"Records\":{}}", "null", "[]", "", "{\"Records\":[{}]}"]);
            FaultEffect::Body { status: rng.pick(&[200, 200, 500]), body: body.to_owned() }
        }
    }
}

/// Only calls where the fault is one that passes: a stream that is not found once is taken for gone, by right.
fn operation(rng: &mut Rng, does: &FaultEffect) -> Option<OperationName> {
    use OperationName::{DescribeStream, GetRecords, GetShardIterator, ListStreams};
    match does {
        FaultEffect::Error { code, .. } => match code.as_str() {
            "ExpiredIteratorException" => Some(GetRecords),
            "ResourceNotFoundException" => Some(rng.pick(&[GetRecords, GetShardIterator])),
            "AccessDeniedException" => None,
            _ => rng.pick(&[
                None,
                Some(GetRecords),
                Some(GetRecords),
                Some(GetShardIterator),
                Some(DescribeStream),
                Some(ListStreams),
            ]),
        },
        FaultEffect::EmptyPage | FaultEffect::Duplicate { .. } | FaultEffect::NoSequenceNumber => {
            Some(GetRecords)
        }
        FaultEffect::RepeatCursor => Some(DescribeStream),
        FaultEffect::Html503
        | FaultEffect::Reset
        | FaultEffect::Truncate { .. }
        | FaultEffect::Drip { .. }
        | FaultEffect::WrongCrc32
        | FaultEffect::Latency(_)
        | FaultEffect::CutJson
        | FaultEffect::Body { .. } => {
            rng.pick(&[None, Some(GetRecords), Some(GetRecords), Some(DescribeStream)])
        }
    }
}
