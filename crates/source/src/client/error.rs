//! What the service or the way to it answered instead of what was asked.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_dynamodbstreams::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

/// A call that failed, after the SDK's own few retries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation} failed: {message}. {}", kind.advice())]
pub struct ServiceError {
    /// The call, such as `GetRecords`.
    pub operation: &'static str,
    /// What went wrong.
    pub kind: ServiceErrorKind,
    /// The service's error code, where it sent one.
    pub code: Option<String>,
    /// The chain of causes, for people.
    pub message: String,
}

/// What went wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceErrorKind {
    /// Too many calls a second.
    Throttled,
    /// Too many readers of one shard, or too many calls of a kind.
    LimitExceeded,
    /// The iterator is older than 15 minutes.
    ExpiredIterator,
    /// What was asked for is no longer kept.
    Trimmed,
    /// No such stream, or no such shard in it.
    NotFound,
    /// The credentials may not do this, or are not valid.
    Denied,
    /// No credentials were found.
    NoCredentials,
    /// No region is set.
    NoRegion,
    /// No answer: name resolution, connection, time-out, or a reply that was cut or damaged.
    Unreachable,
    /// The service answered that it failed.
    ServerFault,
    /// The service does not accept the request.
    Invalid,
    /// The answer cannot be understood.
    Malformed,
}

/// Whether asking again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServiceErrorClass {
    /// It passes: ask again, later and later.
    Retry,
    /// The same call will get the same answer.
    Stop,
}

impl ServiceErrorKind {
    /// Whether asking the same again can help.
    #[must_use]
    pub const fn class(self) -> ServiceErrorClass {
        match self {
            Self::Throttled | Self::LimitExceeded | Self::Unreachable | Self::ServerFault => {
                ServiceErrorClass::Retry
            }
            Self::ExpiredIterator
            | Self::Trimmed
            | Self::NotFound
            | Self::Denied
            | Self::NoCredentials
            | Self::NoRegion
            | Self::Invalid
            | Self::Malformed => ServiceErrorClass::Stop,
        }
    }

    const fn advice(self) -> &'static str {
        match self {
            Self::Throttled => "It is asked again, more slowly",
            Self::LimitExceeded => {
                "At most two processes may read a shard at once: look for a third reader (Lambda triggers count)"
            }
            Self::ExpiredIterator => "A new iterator is fetched",
            Self::Trimmed => "The service keeps records for 24 hours: what was not read in time is lost",
            Self::NotFound => {
                "Check that the table exists in this region and account and that its stream is on"
            }
            Self::Denied => {
                "Allow dynamodb:ListStreams, DescribeStream, GetShardIterator and GetRecords to these credentials"
            }
            Self::NoCredentials => {
                "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role"
            }
            Self::NoRegion => "Set AWS_REGION, or `region` in the profile",
            Self::Unreachable => "Check the network, AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
            Self::ServerFault => "It is asked again",
            Self::Invalid => "Check AWS_REGION and AWS_ENDPOINT_URL_DYNAMODB_STREAMS",
            Self::Malformed => {
                "Check that the endpoint is DynamoDB Streams and that no proxy changes its answers"
            }
        }
    }
}

impl ServiceError {
    pub(super) fn malformed(operation: &'static str, message: impl Into<String>) -> Self {
        Self { operation, kind: ServiceErrorKind::Malformed, code: None, message: message.into() }
    }

    pub(super) fn no_region(operation: &'static str) -> Self {
        let message = "no AWS region is configured".to_owned();
        Self { operation, kind: ServiceErrorKind::NoRegion, code: None, message }
    }

    pub(super) fn from_sdk<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let code = error.as_service_error().and_then(ProvideErrorMetadata::code).map(str::to_owned);
        let status = error.raw_response().map(|response| response.status().as_u16());
        let kind = match (&error, credentials_error(&error)) {
            (_, Some(kind)) => kind,
            (SdkError::TimeoutError(_), None) => ServiceErrorKind::Unreachable,
            (SdkError::DispatchFailure(failure), None) if !failure.is_user() => ServiceErrorKind::Unreachable,
            (SdkError::ServiceError(_), None) => by_code(code.as_deref(), status),
            (SdkError::ResponseError(_), None) => by_status(status),
            _ => ServiceErrorKind::Invalid,
        };
        let message = match error.as_service_error().and_then(ProvideErrorMetadata::message) {
            // The SDK lists every place it looked at; what to do about it is shorter.
            None if kind == ServiceErrorKind::NoCredentials => "no AWS credentials were found".to_owned(),
            Some(said) => format!("{} ({said})", code.as_deref().unwrap_or("no error code")),
            None => chain(&error, code.as_deref(), status),
        };
        Self { operation, kind, code, message }
    }
}

/// Credentials fail before anything is sent; the SDK reports it like a failed connection.
fn credentials_error(error: &(dyn Error + 'static)) -> Option<ServiceErrorKind> {
    let mut cause = error;
    let found = loop {
        match cause.downcast_ref::<CredentialsError>() {
            Some(found) => break found,
            None => cause = cause.source()?,
        }
    };
    Some(match found {
        CredentialsError::CredentialsNotLoaded(_) | CredentialsError::InvalidConfiguration(_) => {
            ServiceErrorKind::NoCredentials
        }
        // A role's endpoint that does not answer for a while.
        CredentialsError::ProviderTimedOut(_)
        | CredentialsError::ProviderError(_)
        | CredentialsError::Unhandled(_)
        | _ => ServiceErrorKind::Unreachable,
    })
}

fn by_code(code: Option<&str>, status: Option<u16>) -> ServiceErrorKind {
    let Some(code) = code else { return by_status(status) };
    match code {
        "ExpiredIteratorException" => ServiceErrorKind::ExpiredIterator,
        "TrimmedDataAccessException" => ServiceErrorKind::Trimmed,
        "ResourceNotFoundException" => ServiceErrorKind::NotFound,
        "LimitExceededException" => ServiceErrorKind::LimitExceeded,
        "ThrottlingException"
        | "Throttling"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "RequestLimitExceeded"
        | "TooManyRequestsException"
        | "ProvisionedThroughputExceededException"
        | "SlowDown" => ServiceErrorKind::Throttled,
        "AccessDeniedException"
        | "AccessDenied"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "IncompleteSignature"
        | "IncompleteSignatureException"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "OptInRequired" => ServiceErrorKind::Denied,
        "InternalServerError" | "InternalFailure" | "ServiceUnavailable" | "ServiceUnavailableException" => {
            ServiceErrorKind::ServerFault
        }
        _ => by_status(status),
    }
}

/// What an error reply means: its code stands in the body, `{"__type":"<namespace>#<code>"}` (AWS JSON 1.0 protocol).
pub(super) fn kind_of_reply(status: u16, body: &[u8]) -> ServiceErrorKind {
    let named = std::str::from_utf8(body).ok().and_then(|text| {
        let (_, rest) = text.split_once("\"__type\"")?;
        rest.split('"').nth(1)
    });
    let code = named.map(|name| name.rsplit('#').next().unwrap_or(name));
    by_code(code, Some(status))
}

fn by_status(status: Option<u16>) -> ServiceErrorKind {
    match status {
        Some(429) => ServiceErrorKind::Throttled,
        Some(401 | 403) => ServiceErrorKind::Denied,
        Some(408 | 500..) => ServiceErrorKind::ServerFault,
        Some(200..300) | None => ServiceErrorKind::Malformed,
        Some(_) => ServiceErrorKind::Invalid,
    }
}

/// The causes in words, cut to a line that fits a log.
fn chain<E: Error>(error: &E, code: Option<&str>, status: Option<u16>) -> String {
    let mut text = match (code, status) {
        (Some(code), Some(status)) => format!("{code}, HTTP {status}: "),
        (None, Some(status)) => format!("HTTP {status}: "),
        (Some(code), None) => format!("{code}: "),
        (None, None) => String::new(),
    };
    let mut causes: Vec<String> = Vec::new();
    let mut cause: Option<&dyn Error> = Some(error);
    while let Some(error) = cause {
        let words = error.to_string();
        if !causes.contains(&words) {
            causes.push(words);
        }
        cause = error.source();
    }
    text.push_str(&causes.join(": "));
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(600).collect()
}
