//! Watches the table itself for what its streams do not tell: a stream that was switched off, or shows less than is
//! required, or a table that is gone.
//!
//! It only sounds alarms. What is read, and what is recorded as lost, the streams decide. Who may not call
//! `DescribeTable` loses the alarm and nothing else.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::Shared;
use crate::{Alarm, AlarmKind, ServiceErrorClass, StreamClient, TableStream};

const INTERVAL: Duration = Duration::from_secs(300);

impl<C: StreamClient> Shared<C> {
    /// Looks now and then; never ends.
    pub(super) async fn watch_for_drift(&self) {
        let mut told = false;
        loop {
            match self.client.describe_table(&self.table).await {
                Ok(found) => self.compare(found),
                Err(error) if error.kind.class() == ServiceErrorClass::Stop && !told => {
                    told = true;
                    tracing::info!(
                        table = %self.table, %error,
                        "the table itself cannot be watched: a stream that is switched off is noticed by its shards alone"
                    );
                }
                Err(error) => {
                    tracing::debug!(table = %self.table, %error, "the table could not be looked at")
                }
            }
            let early = Duration::from_secs(u64::from(self.rng(&self.table).below(60)));
            self.clock.sleep(INTERVAL.saturating_sub(early)).await;
        }
    }

    fn compare(&self, found: TableStream) {
        self.table_is_gone.store(found == TableStream::NoTable, Ordering::Relaxed);
        match found {
            TableStream::NoTable => self.sound(Alarm::NoTable),
            TableStream::Off | TableStream::On(_) => self.health.settle(AlarmKind::NoTable),
        }
        match found {
            TableStream::Off => self.sound(Alarm::StreamOff),
            TableStream::NoTable | TableStream::On(_) => self.health.settle(AlarmKind::StreamOff),
        }
        let found = if let TableStream::On(found) = found { Some(found) } else { None };
        match (found, self.options.require_view_type) {
            (Some(found), Some(required)) if !found.satisfies(required) => {
                self.sound(Alarm::ViewType { found, required });
            }
            _ => self.health.settle(AlarmKind::ViewType),
        }
    }

    /// Raises an alarm, and says so once.
    pub(super) fn sound(&self, alarm: Alarm) {
        let words = alarm.to_string();
        if self.health.raise(alarm) {
            tracing::error!(table = %self.table, "{words}");
        }
    }
}
