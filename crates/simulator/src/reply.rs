//! Replies as they go over the wire, and the errors of the service with their real names.

use bytes::Bytes;

/// What the service answers, and how it arrives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// HTTP headers, `content-length` apart.
    pub headers: Vec<(&'static str, String)>,
    /// The body, whole, also when `behaviour` says that only a part of it arrives.
    pub body: Bytes,
    /// What happens to it on the way. In-process callers decide themselves what they make of it.
    pub behaviour: Behaviour,
}

impl Reply {
    /// The value of a header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.as_str())
    }
}

/// What happens to a reply on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Behaviour {
    /// It starts so much later.
    pub delay_ms: u64,
    /// How it arrives.
    pub delivery: Delivery,
}

/// How a reply arrives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// As it should.
    #[default]
    Whole,
    /// Not at all: the connection is reset.
    Reset,
    /// Only the first bytes of the body, then the connection ends.
    Truncated {
        /// Bytes of the body that arrive.
        bytes: usize,
    },
    /// In small pieces.
    Drip {
        /// Bytes a piece.
        bytes: usize,
        /// The pause between two.
        pause_ms: u64,
    },
}

/// An error reply before it is rendered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WireError {
    pub(crate) code: String,
    pub(crate) status: u16,
    pub(crate) message: Option<String>,
}

/// Modelled errors live in the service's namespace, the others in those of its front end. `message` is spelled as
/// there: the authorisation layer writes `Message`.
const MODEL: &str = "com.amazonaws.dynamodb.v20120810";
const UNMODELLED: [(&str, &str, u16, &str); 10] = [
    ("ThrottlingException", "com.amazon.coral.availability", 400, "Rate exceeded"),
    ("ValidationException", "com.amazon.coral.validate", 400, "1 validation error detected"),
    (
        "SerializationException",
        "com.amazon.coral.service",
        400,
        "Start of structure or map found where not expected",
    ),
    ("UnknownOperationException", "com.amazon.coral.service", 400, ""),
    (
        "AccessDeniedException",
        "com.amazon.coral.service",
        400,
        "User is not authorized to perform this action",
    ),
    (
        "ExpiredTokenException",
        "com.amazon.coral.service",
        400,
        "The security token included in the request is expired",
    ),
    (
        "UnrecognizedClientException",
        "com.amazon.coral.service",
        400,
        "The security token included in the request is invalid.",
    ),
    ("InternalFailure", "com.amazon.coral.service", 500, ""),
    ("ServiceUnavailable", "com.amazon.coral.service", 503, "Service is unavailable"),
    ("RequestLimitExceeded", MODEL, 400, "Throughput exceeds the current throughput limit for your account"),
];
const MODELLED: [(&str, u16, &str); 6] = [
    ("ResourceNotFoundException", 400, "Requested resource not found"),
    ("LimitExceededException", 400, "Too many operations for a given subscriber."),
    ("ExpiredIteratorException", 400, "The provided iterator exceeds the maximum age allowed."),
    ("TrimmedDataAccessException", 400, "The data you are trying to access has been trimmed."),
    ("InternalServerError", 500, "Internal server error"),
    (
        "ProvisionedThroughputExceededException",
        400,
        "The level of configured provisioned throughput was exceeded.",
    ),
];

impl WireError {
    /// The error with its usual status and message; one that is not known gets status 400.
    pub(crate) fn usual(code: &str) -> Self {
        let modelled = MODELLED.iter().map(|(name, status, message)| (*name, *status, *message));
        let unmodelled = UNMODELLED.iter().map(|(name, _, status, message)| (*name, *status, *message));
        let (status, message) = modelled
            .chain(unmodelled)
            .find(|(name, _, _)| *name == code)
            .map_or((400, code), |(_, status, message)| (status, message));
        let message = (!message.is_empty()).then(|| message.to_owned());
        Self { code: code.to_owned(), status, message }
    }

    pub(crate) fn with(code: &str, message: impl Into<String>) -> Self {
        Self { message: Some(message.into()), ..Self::usual(code) }
    }

    pub(crate) fn validation(problem: &str) -> Self {
        Self::with("ValidationException", format!("1 validation error detected: {problem}"))
    }

    pub(crate) fn body(&self) -> Bytes {
        let namespace =
            UNMODELLED.iter().find(|(name, ..)| *name == self.code).map_or(MODEL, |(_, space, ..)| space);
        let mut body = serde_json::Map::new();
        body.insert("__type".to_owned(), format!("{namespace}#{}", self.code).into());
        if let Some(message) = &self.message {
            let key = if self.code == "AccessDeniedException" { "Message" } else { "message" };
            body.insert(key.to_owned(), message.as_str().into());
        }
        Bytes::from(serde_json::Value::Object(body).to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_their_real_bodies() {
        let body = |code| WireError::usual(code).body();
        assert_eq!(
            body("TrimmedDataAccessException"),
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#TrimmedDataAccessException","message":"The data you are trying to access has been trimmed."}"#
        );
        assert_eq!(
            body("UnknownOperationException"),
            r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#
        );
        assert!(body("AccessDeniedException").starts_with(br#"{"Message":"#));
        assert_eq!(WireError::usual("InternalServerError").status, 500);
    }
}
