//! What DynamoDB says of tables, for people who set one up or look for a fault. Nothing is read or left out because of it.

use sealog_record::{StreamArn, ViewType};

use super::aws::{AwsStreamClient, parsed};
use super::{ServiceError, TableStream};

/// A table, as far as its archive is concerned (API reference, `TableDescription`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableFacts {
    /// Its ARN.
    pub arn: Option<String>,
    /// `ACTIVE`, or what is being done to it.
    pub status: String,
    /// Its stream.
    pub stream: TableStream,
    /// Its newest stream, which may be off.
    pub latest_stream: Option<StreamArn>,
    /// Whether it can only be deleted after this was switched off; `None`: not said.
    pub deletion_protection: Option<bool>,
    /// Regions that hold a replica of it.
    pub replicas: Vec<String>,
}

impl AwsStreamClient {
    /// What `DescribeTable` says; `None`: there is no such table.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn table_facts(&self, table: &str) -> Result<Option<TableFacts>, ServiceError> {
        const CALL: &str = "DescribeTable";
        let reply = self.tables(CALL)?.describe_table().table_name(table).send().await;
        let reply = match reply.map_err(|error| ServiceError::from_sdk(CALL, error)) {
            Err(error) if error.kind == super::ServiceErrorKind::NotFound => return Ok(None),
            reply => reply?,
        };
        let found = reply.table().ok_or_else(|| ServiceError::malformed(CALL, "Table is missing"))?;
        let stream = found.stream_specification().filter(|stream| stream.stream_enabled());
        let view_type = stream.map(|stream| {
            parsed::<ViewType>(CALL, "StreamViewType", stream.stream_view_type().map(|view| view.as_str()))
        });
        let latest = found.latest_stream_arn().filter(|arn| !arn.is_empty());
        Ok(Some(TableFacts {
            arn: found.table_arn().map(str::to_owned),
            status: found.table_status().map_or("unknown", |status| status.as_str()).to_owned(),
            stream: view_type.transpose()?.map_or(TableStream::Off, TableStream::On),
            latest_stream: latest.map(|arn| parsed(CALL, "LatestStreamArn", Some(arn))).transpose()?,
            deletion_protection: found.deletion_protection_enabled(),
            replicas: found.replicas().iter().filter_map(|it| it.region_name().map(str::to_owned)).collect(),
        }))
    }

    /// Whether point-in-time recovery is on.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn point_in_time_recovery(&self, table: &str) -> Result<bool, ServiceError> {
        const CALL: &str = "DescribeContinuousBackups";
        let reply = self.tables(CALL)?.describe_continuous_backups().table_name(table).send().await;
        let reply = reply.map_err(|error| ServiceError::from_sdk(CALL, error))?;
        let backups = reply.continuous_backups_description();
        let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description());
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
        Ok(status.is_some_and(|status| status.as_str() == "ENABLED"))
    }

    /// Names of the account's tables in the Region, in order.
    ///
    /// # Errors
    /// [`ServiceError`].
    pub async fn list_tables(&self) -> Result<Vec<String>, ServiceError> {
        const CALL: &str = "ListTables";
        let mut pages = self.tables(CALL)?.list_tables().into_paginator().send();
        let mut names = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ServiceError::from_sdk(CALL, error))?;
            names.extend(page.table_names().iter().cloned());
        }
        Ok(names)
    }
}
