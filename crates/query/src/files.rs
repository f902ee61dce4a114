//! Tables over files of the lake.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use sealog_lake::{DayFiles, LakeError, Table, dated_files};
use sealog_store::Log;
use tokio::sync::OnceCell;

use crate::bridge::Archive;
use crate::known::{Conditions, Known, inexact};
use crate::metered::Meter;
use crate::scan::{Layout, ScannedFile};

/// A file, and what is known of its rows.
#[derive(Debug, Clone)]
struct LakeFile {
    scanned: ScannedFile,
    known: Known,
}

/// Every row once: files that were settled when the session was opened.
#[derive(Debug)]
pub(crate) struct Changes {
    layout: Layout,
    files: Vec<LakeFile>,
}

impl Changes {
    /// `place` is that of the log in the archive.
    pub(crate) fn new((place, log): (usize, &Log), in_files: SchemaRef, days: &[DayFiles]) -> Self {
        let files = days.iter().flat_map(|day| {
            day.sorted.iter().chain(&day.fresh).map(|file| LakeFile {
                scanned: ScannedFile {
                    path: Archive::path(place, log, &file.key),
                    bytes: file.bytes,
                    date: day.date.clone(),
                },
                known: Known {
                    date: Some(day.date.clone()),
                    commit_number: file.commit_number,
                    committed_at: None,
                },
            })
        });
        Self { layout: Layout::new(log.name(), in_files), files: files.collect() }
    }

    /// How many files there are, and their bytes.
    pub(crate) fn extent(&self) -> (u64, u64) {
        (self.files.len() as u64, self.files.iter().map(|file| file.scanned.bytes).sum())
    }
}

/// Files that can hold rows which the filters admit.
fn admitted(state: &dyn Session, filters: &[Expr], files: &[LakeFile]) -> Result<Vec<ScannedFile>> {
    let (of_one, of_many): (Vec<_>, Vec<_>) =
        files.iter().partition(|file| file.known.commit_number.is_some());
    let mut admitted = Vec::new();
    for files in [of_many, of_one] {
        let Some(first) = files.first() else { continue };
        let conditions = Conditions::new(state, filters, &first.known)?;
        for file in files {
            if conditions.admit(&file.known)? {
                admitted.push(file.scanned.clone());
            }
        }
    }
    Ok(admitted)
}

#[async_trait]
impl TableProvider for Changes {
    fn schema(&self) -> SchemaRef {
        self.layout.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        self.layout.scan(state, admitted(state, filters, &self.files)?, projection, limit)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(inexact(filters))
    }
}

/// A table whose files are listed when it is first asked, and then stay the same for the session.
pub(crate) struct Listed {
    place: usize,
    log: Log,
    table: Table,
    layout: Layout,
    meter: Arc<Meter>,
    files: OnceCell<Vec<LakeFile>>,
}

impl Listed {
    /// `place` is that of the log in the archive.
    pub(crate) fn new((place, log): (usize, &Log), table: Table, meter: Arc<Meter>) -> Self {
        let layout = Layout::new(log.name(), table.schema());
        Self { place, log: log.clone(), table, layout, meter, files: OnceCell::new() }
    }

    async fn list(&self) -> Result<Vec<LakeFile>, LakeError> {
        let listed = dated_files(&self.log, self.table).await?;
        self.meter.known(listed.len() as u64, listed.iter().map(|file| file.bytes).sum());
        let files = listed.into_iter().map(|file| LakeFile {
            known: Known { date: Some(file.date.clone()), ..Known::default() },
            scanned: ScannedFile {
                path: Archive::path(self.place, &self.log, &file.key),
                bytes: file.bytes,
                date: file.date,
            },
        });
        Ok(files.collect())
    }
}

#[async_trait]
impl TableProvider for Listed {
    fn schema(&self) -> SchemaRef {
        self.layout.schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.files.get_or_try_init(|| self.list()).await;
        let files = files.map_err(|error| DataFusionError::External(Box::new(error)))?;
        self.layout.scan(state, admitted(state, filters, files)?, projection, limit)
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(inexact(filters))
    }
}

impl fmt::Debug for Listed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listed").field("log", &self.log.name()).field("table", &self.table).finish()
    }
}
