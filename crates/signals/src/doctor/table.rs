//! The table itself: its stream, and what protects it.

use std::sync::Arc;

use sealog_pipeline::TableConfig;
use sealog_record::{StreamArn, ViewType};
use sealog_source::{Calls, ServiceError, ServiceErrorKind, StreamClient as _, TableFacts, TableStream};

use super::{Doctor, Finding, stream};

pub(super) async fn examine(doctor: &Doctor<'_>, table: &TableConfig, calls: &Arc<Calls>) -> Vec<Finding> {
    let subject = format!("table {}", table.name);
    let mut found = Vec::new();
    let facts = match calls.counting(doctor.client.table_facts(&table.name)).await {
        Ok(Some(facts)) => Some(facts),
        Ok(None) => {
            let remedy = "check its name, AWS_REGION and the account of these credentials";
            return vec![Finding::bad(
                "table",
                &subject,
                "there is no such table in this Region and account",
                remedy,
            )];
        }
        Err(error) => {
            found.push(may_not_watch(&subject, &error));
            None
        }
    };
    if let Some(facts) = &facts {
        found.extend(of_facts(&subject, facts, table.require_view_type));
        found.push(recovery(doctor, &subject, &table.name).await);
    }
    let newest = match calls.counting(doctor.client.list_streams(&table.name)).await {
        Ok(streams) => streams.into_iter().max_by_key(StreamArn::label),
        Err(error) => {
            found.push(stream::refused(&subject, &error, "*"));
            None
        }
    };
    let known = newest.or_else(|| facts.as_ref()?.latest_stream.clone());
    match known {
        Some(arn) => found.extend(stream::examine(doctor, &subject, &arn, calls).await),
        None if facts.is_none() => {
            found.push(Finding::unknown("stream", &subject, "no stream of it was found"))
        }
        None => {}
    }
    found
}

/// A reader without `DescribeTable` loses an alarm and nothing else.
fn may_not_watch(subject: &str, error: &ServiceError) -> Finding {
    match error.kind {
        ServiceErrorKind::Denied => Finding::weak(
            "permission-describe-table",
            subject,
            "dynamodb:DescribeTable is refused: nobody is told when the stream is switched off or shows less",
            r#"allow it: {"Effect":"Allow","Action":"dynamodb:DescribeTable","Resource":"arn:aws:dynamodb:<region>:<account>:table/<table>"}"#,
        ),
        ServiceErrorKind::Throttled
        | ServiceErrorKind::LimitExceeded
        | ServiceErrorKind::ExpiredIterator
        | ServiceErrorKind::Trimmed
        | ServiceErrorKind::NotFound
        | ServiceErrorKind::NoCredentials
        | ServiceErrorKind::NoRegion
        | ServiceErrorKind::Unreachable
        | ServiceErrorKind::ServerFault
        | ServiceErrorKind::Invalid
        | ServiceErrorKind::Malformed => Finding::unknown("table", subject, error.to_string()),
    }
}

fn of_facts(subject: &str, facts: &TableFacts, required: Option<ViewType>) -> Vec<Finding> {
    let table = subject.trim_start_matches("table ");
    let mut found = Vec::new();
    match facts.stream {
        TableStream::On(view_type) => found.push(of_view_type(subject, view_type, required)),
        TableStream::Off | TableStream::NoTable => {
            found.push(Finding::bad(
                "stream",
                subject,
                "its stream is off: changes are recorded nowhere",
                format!(
                    "aws dynamodb update-table --table-name {table} --stream-specification \
                     StreamEnabled=true,StreamViewType=NEW_AND_OLD_IMAGES"
                ),
            ));
        }
    }
    found.push(match facts.deletion_protection {
        Some(false) => Finding::weak(
            "deletion-protection",
            subject,
            "deletion protection is off: one call removes the table, and its stream with it 24 hours later",
            format!("aws dynamodb update-table --table-name {table} --deletion-protection-enabled"),
        ),
        Some(true) => Finding::good("deletion-protection", subject, "deletion protection is on"),
        None => Finding::unseen(
            "deletion-protection",
            subject,
            "the service does not say whether it is protected",
        ),
    });
    if !facts.replicas.is_empty() {
        let replicas = facts.replicas.join(", ");
        let text = format!(
            "a global table ({replicas}): each Region has a stream of its own, with the changes of all"
        );
        found.push(Finding::good("replicas", subject, text));
    }
    found
}

fn of_view_type(subject: &str, found: ViewType, required: Option<ViewType>) -> Finding {
    const CODE: &str = "view-type";
    let again = "a view type cannot be changed: switch the stream off and on again with it (the time between is a declared gap)";
    match required {
        Some(required) if !found.satisfies(required) => Finding::bad(
            CODE,
            subject,
            format!("its stream shows {}, and {} is required", found.as_str(), required.as_str()),
            format!("{again}, or require less"),
        ),
        _ if found != ViewType::NewAndOldImages => Finding::weak(
            CODE,
            subject,
            format!("its stream shows {}: what a change replaced cannot be proved from it", found.as_str()),
            format!("{again}: NEW_AND_OLD_IMAGES for an audit"),
        ),
        None => Finding::weak(
            CODE,
            subject,
            "its stream shows both images, and nothing requires it",
            "write require_view_type = \"NEW_AND_OLD_IMAGES\", so that a lesser stream is refused",
        ),
        Some(_) => Finding::good(CODE, subject, "its stream is on and shows both images"),
    }
}

async fn recovery(doctor: &Doctor<'_>, subject: &str, table: &str) -> Finding {
    const CODE: &str = "point-in-time-recovery";
    match doctor.client.point_in_time_recovery(table).await {
        Ok(true) => Finding::good(CODE, subject, "point-in-time recovery is on"),
        Ok(false) => Finding::weak(
            CODE,
            subject,
            "point-in-time recovery is off: the archive proves what happened, and cannot bring the table back",
            format!(
                "aws dynamodb update-continuous-backups --table-name {table} --point-in-time-recovery-specification \
                 PointInTimeRecoveryEnabled=true"
            ),
        ),
        Err(error) => {
            Finding::unseen(CODE, subject, format!("dynamodb:{}: {}", error.operation, error.message))
        }
    }
}
