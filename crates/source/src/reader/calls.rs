//! What is done about a call that failed, whoever made it.

use std::sync::atomic::Ordering;

use super::Shared;
use crate::backoff::{Backoff, Rng};
use crate::{ServiceError, ServiceErrorClass, ServiceErrorKind, SourceError};

/// How often the first call is tried (each with the SDK's own attempts): a wrong endpoint must not look like patience.
pub(super) const FIRST_TRIES: u32 = 4;

impl<C> Shared<C> {
    pub(super) fn may_be_allowed_again(&self, error: &ServiceError) -> bool {
        matches!(error.kind, ServiceErrorKind::Denied | ServiceErrorKind::NoCredentials)
            && self.was_allowed.load(Ordering::Relaxed)
    }

    pub(super) fn failed(&self, source: ServiceError) -> SourceError {
        SourceError::Service { table: self.table.clone(), source }
    }

    pub(super) fn rng(&self, name: &str) -> Rng {
        Rng::new(self.options.seed, name)
    }

    pub(super) fn backoff(&self, name: &str) -> Backoff {
        Backoff::for_calls(self.rng(name))
    }

    /// Waits before a failed call is made again; an error, if it is of no use or was made `tries` times.
    pub(super) async fn wait(
        &self,
        error: ServiceError,
        backoff: &mut Backoff,
        tries: Option<u32>,
    ) -> Result<(), SourceError> {
        let spent = tries.is_some_and(|tries| backoff.failures() + 1 >= tries);
        let of_no_use = error.kind.class() == ServiceErrorClass::Stop && !self.may_be_allowed_again(&error);
        if spent || of_no_use {
            return Err(self.failed(error));
        }
        let pause = backoff.next();
        tracing::warn!(table = %self.table, %error, pause_ms = pause.as_millis(), "the service is asked again");
        self.clock.sleep(pause).await;
        Ok(())
    }
}
