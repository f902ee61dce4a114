//! The table's newest stream: each call that a reader makes is made once.

use std::sync::Arc;

use sealog_record::{Shard, StreamArn};
use sealog_source::{
    Calls, IteratorStart, Page, ServiceError, ServiceErrorKind, StreamClient as _, StreamStatus,
};

use super::{Doctor, Finding};

pub(super) async fn examine(
    doctor: &Doctor<'_>,
    subject: &str,
    arn: &StreamArn,
    calls: &Arc<Calls>,
) -> Vec<Finding> {
    calls.counting(read(doctor, subject, arn)).await
}

async fn read(doctor: &Doctor<'_>, subject: &str, arn: &StreamArn) -> Vec<Finding> {
    let page = match doctor.client.describe_stream(arn, None).await {
        Ok(page) => page,
        Err(error) => return vec![refused(subject, &error, arn.as_str())],
    };
    let mut found = Vec::new();
    if matches!(page.status, StreamStatus::Disabled | StreamStatus::Disabling) {
        let remedy =
            "`sealog run` reads it to its end within 24 hours; switch a stream on again for what comes";
        found.push(Finding::bad("stream-status", subject, format!("its newest stream {arn} is off"), remedy));
    }
    let Some(shard) = oldest(&page.shards) else {
        found.push(Finding::good(
            "permissions",
            subject,
            "the stream can be listed and described; it has no shard yet",
        ));
        return found;
    };
    found.push(match try_shard(doctor, arn, shard).await {
        Ok(records) => Finding::good(
            "permissions",
            subject,
            format!("DescribeStream, GetShardIterator and GetRecords are allowed ({records} records came)"),
        ),
        Err(error) => refused(subject, &error, arn.as_str()),
    });
    found
}

/// The one that others wait for.
fn oldest(shards: &[Shard]) -> Option<&Shard> {
    shards.iter().min_by(|a, b| a.id.as_str().cmp(b.id.as_str()))
}

async fn try_shard(doctor: &Doctor<'_>, arn: &StreamArn, shard: &Shard) -> Result<usize, ServiceError> {
    let iterator = doctor.client.shard_iterator(arn, &shard.id, IteratorStart::TrimHorizon).await?;
    let body = doctor.client.get_records(&iterator).await?;
    // What a reply that cannot be parsed means, the reader says when it meets it.
    Ok(Page::parse(body).map_or(0, |page| page.len()))
}

/// A call that a reader cannot do without.
pub(super) fn refused(subject: &str, error: &ServiceError, resource: &str) -> Finding {
    let action = format!("dynamodb:{}", error.operation);
    let resource = resource
        .rsplit_once("/stream/")
        .map_or(resource.to_owned(), |(table, _)| format!("{table}/stream/*"));
    let code = match error.operation {
        "ListStreams" => "permission-list-streams",
        "DescribeStream" => "permission-describe-stream",
        "GetShardIterator" => "permission-get-shard-iterator",
        "GetRecords" => "permission-get-records",
        _ => "stream",
    };
    match error.kind {
        ServiceErrorKind::Denied => Finding::bad(
            code,
            subject,
            format!("{action} is refused: {}", error.message),
            format!(r#"allow it: {{"Effect":"Allow","Action":"{action}","Resource":"{resource}"}}"#),
        ),
        ServiceErrorKind::LimitExceeded => Finding::bad(
            "readers",
            subject,
            format!("{action}: {}", error.message),
            "two processes may read a shard at once; look for a third (Lambda triggers, Kinesis adapters) and stop it",
        ),
        ServiceErrorKind::NoCredentials | ServiceErrorKind::NoRegion => Finding::bad(
            "credentials",
            subject,
            error.to_string(),
            "the usual AWS conventions hold: profile, variables, role",
        ),
        ServiceErrorKind::Throttled
        | ServiceErrorKind::ExpiredIterator
        | ServiceErrorKind::Trimmed
        | ServiceErrorKind::NotFound
        | ServiceErrorKind::Unreachable
        | ServiceErrorKind::ServerFault
        | ServiceErrorKind::Invalid
        | ServiceErrorKind::Malformed => Finding::unknown("stream", subject, error.to_string()),
    }
}
