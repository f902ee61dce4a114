//! What S3 answered, and what that means: told apart by HTTP status and error code, never by message text.
//!
//! The SDK does not model 412 and 409 on `PutObject`, so its own error types would not do.

use std::fmt::Debug;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::display::DisplayErrorContext;

use crate::StoreErrorKind;

/// What a failed call showed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) cause: String,
}

impl Failure {
    pub(super) fn of<E: ProvideErrorMetadata + Debug + std::error::Error + 'static>(
        error: &SdkError<E, HttpResponse>,
    ) -> Self {
        Self {
            status: error.raw_response().map(|response| response.status().as_u16()),
            code: error.code().map(str::to_owned),
            cause: DisplayErrorContext(error).to_string(),
        }
    }

    /// A reply that began well and did not end.
    pub(super) fn broken_off(cause: impl Into<String>) -> Self {
        Self { status: None, code: None, cause: cause.into() }
    }

    /// No object of that name or version; a bucket that is not there is another matter.
    pub(super) fn is_absent(&self) -> bool {
        self.status == Some(404) && self.code.as_deref() != Some("NoSuchBucket")
    }

    /// A server that is not AWS and does not know the question.
    pub(super) fn is_unknown_to_it(&self) -> bool {
        matches!(self.status, Some(405 | 501))
    }

    /// The condition of a write did not hold.
    pub(super) fn is_refused_condition(&self) -> bool {
        self.status == Some(412)
    }

    pub(super) fn seen(&self) -> String {
        match (self.status, &self.code) {
            (Some(status), Some(code)) => format!("S3 answered {status} {code}"),
            (Some(status), None) => format!("S3 answered {status}"),
            (None, _) => self.cause.clone(),
        }
    }

    /// S3 API reference, "Error responses"; 409 and 412 of conditional writes: user guide, "Conditional requests".
    pub(super) fn kind(&self) -> StoreErrorKind {
        use StoreErrorKind::{Conflict, Forbidden, Gone, Invalid, NoCredentials, Unknown};
        match (self.status, self.code.as_deref()) {
            (_, Some("ExpiredToken" | "InvalidToken" | "InvalidAccessKeyId" | "SignatureDoesNotMatch")) => {
                NoCredentials
            }
            (_, Some("NoSuchBucket" | "AuthorizationHeaderMalformed" | "PermanentRedirect")) => Gone,
            (_, Some("RequestTimeTooSkewed")) => Invalid,
            (_, Some("RequestTimeout" | "SlowDown" | "InternalError" | "ServiceUnavailable")) => Unknown,
            (Some(301 | 307 | 308), _) => Gone,
            (Some(409), _) => Conflict,
            (Some(501), _) => Invalid,
            (Some(401 | 403), _) => Forbidden,
            (Some(408 | 429 | 500..), _) | (None, _) => Unknown,
            // Whatever else has a status was refused before it took effect.
            (Some(_), _) => Invalid,
        }
    }

    /// What a person can do; permissions have a page of their own.
    pub(super) fn advice(&self) -> &'static str {
        match (self.kind(), self.code.as_deref()) {
            (StoreErrorKind::NoCredentials, _) => {
                "the credentials are not accepted; renew them or name another profile"
            }
            (_, Some("NoSuchBucket")) => "the bucket does not exist; check its name, region and endpoint",
            (_, Some("RequestTimeTooSkewed")) => "this machine's clock is off; set it",
            (StoreErrorKind::Gone, _) => "the bucket lies in another region; set AWS_REGION to it",
            (StoreErrorKind::Conflict, _) => "another request for this name is under way; it is tried again",
            (StoreErrorKind::Unknown, _) if self.status.is_some() => "it is tried again",
            (StoreErrorKind::Unknown, _) => {
                "check credentials, region, endpoint and network; the outcome is looked at before anything else is written"
            }
            (_, Some("InvalidRequest")) => {
                "the bucket does not take it as asked; `sealog archive check` says what it lacks"
            }
            (StoreErrorKind::Forbidden | StoreErrorKind::Full | StoreErrorKind::Invalid, _) => {
                "the service does not take this request"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_status_and_code() {
        use StoreErrorKind::{Conflict, Forbidden, Gone, Invalid, NoCredentials, Unknown};
        for (status, code, kind) in [
            (Some(409), Some("ConditionalRequestConflict"), Conflict),
            (Some(409), Some("OperationAborted"), Conflict),
            (Some(403), Some("AccessDenied"), Forbidden),
            (Some(403), None, Forbidden),
            (Some(403), Some("ExpiredToken"), NoCredentials),
            (Some(403), Some("RequestTimeTooSkewed"), Invalid),
            (Some(404), Some("NoSuchBucket"), Gone),
            (Some(301), Some("PermanentRedirect"), Gone),
            (Some(400), Some("RequestTimeout"), Unknown),
            (Some(400), Some("InvalidRequest"), Invalid),
            (Some(501), Some("NotImplemented"), Invalid),
            (Some(503), Some("SlowDown"), Unknown),
            (Some(500), None, Unknown),
            (None, None, Unknown),
        ] {
            let failure = Failure { status, code: code.map(str::to_owned), cause: String::new() };
            assert_eq!(failure.kind(), kind, "{status:?} {code:?}");
            assert!(!failure.advice().is_empty());
        }
    }

    #[test]
    fn an_absent_object_is_no_absent_bucket() {
        let failure = |code: Option<&str>| Failure {
            status: Some(404),
            code: code.map(str::to_owned),
            cause: String::new(),
        };
        assert!(failure(Some("NoSuchKey")).is_absent() && failure(None).is_absent());
        assert!(!failure(Some("NoSuchBucket")).is_absent());
    }
}
