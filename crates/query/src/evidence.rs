//! Tables over committed evidence itself, for a lake that is absent, behind or not trusted: commit by commit, in order,
//! with at most a few commits in memory.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use bytes::Bytes;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::Result;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use futures_util::{StreamExt as _, TryStreamExt as _};
use sealog_chain::Commit;
use sealog_lake::{
    Columns, LakeError, Table, change_schema, commit_lines, dated_schema, evidence_rows, possible_dates,
};
use sealog_store::Log;
use tokio::sync::mpsc::Sender;

use crate::known::{Conditions, Known, inexact};
use crate::metered::Meter;

/// Commits of which the evidence is in memory: one is decoded, the next is read.
const COMMITS_AT_ONCE: usize = 2;
/// Record batches that wait to be taken.
const BATCHES_WAITING: usize = 2;

/// Rows of evidence, or the commits themselves.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    /// The rows, as the lake would have them by this declaration.
    Changes(Columns),
    /// The commits, flattened.
    Commits,
}

impl Shown {
    fn schema(&self) -> SchemaRef {
        let in_files = match self {
            Self::Changes(columns) => change_schema(columns),
            Self::Commits => Table::Commits.schema(),
        };
        dated_schema(&in_files)
    }
}

/// A log's commits, settled when the session was opened.
#[derive(Clone)]
pub(crate) struct Evidence {
    log: Log,
    numbers: Arc<Vec<u64>>,
    shown: Shown,
    schema: SchemaRef,
    meter: Arc<Meter>,
}

/// A commit that was read, and its evidence as far as it is asked for.
struct Fetched {
    commit: Commit,
    stored: Bytes,
    evidence: Vec<Bytes>,
}

impl Evidence {
    pub(crate) fn new(log: &Log, numbers: Arc<Vec<u64>>, shown: Shown, meter: Arc<Meter>) -> Self {
        Self { log: log.clone(), numbers, schema: shown.schema(), shown, meter }
    }

    /// Commit `number` and its evidence, unless its rows cannot answer.
    async fn fetch(&self, number: u64, conditions: &Conditions) -> Result<Option<Fetched>> {
        let read = sealog_lake::read_commit(&self.log, number).await.map_err(external)?;
        let (commit, stored) = read.ok_or_else(|| {
            let what = format!(
                "commit {number} of log {} was there and is gone; run `sealog verify`",
                self.log.name()
            );
            DataFusionError::Execution(what)
        })?;
        if !self.can_answer(&commit, conditions)? {
            return Ok(None);
        }
        let evidence = match self.shown {
            Shown::Changes(_) => sealog_lake::read_evidence(&self.log, &commit).await.map_err(external)?,
            Shown::Commits => Vec::new(),
        };
        Ok(Some(Fetched { commit, stored, evidence }))
    }

    fn can_answer(&self, commit: &Commit, conditions: &Conditions) -> Result<bool> {
        let mut dates = possible_dates(commit.committed_at);
        let dates: Vec<String> = match self.shown {
            Shown::Changes(_) => {
                let objects = commit.batch.iter().flat_map(|batch| &batch.objects);
                objects.for_each(|object| self.meter.known(1, object.bytes));
                dates.collect()
            }
            Shown::Commits => dates.next_back().into_iter().collect(),
        };
        for date in dates {
            if conditions.admit(&known(Some(date), commit.number, Some(commit.committed_at.as_millis())))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Sends what the commits give until nobody takes it any more.
    async fn send(
        self,
        numbers: Vec<u64>,
        conditions: Arc<Conditions>,
        out: Sender<Result<RecordBatch>>,
    ) -> Result<()> {
        let fetches = futures_util::stream::iter(numbers).map(|number| self.fetch(number, &conditions));
        let mut fetched = std::pin::pin!(fetches.buffered(COMMITS_AT_ONCE));
        while let Some(fetched) = fetched.try_next().await? {
            let Some(fetched) = fetched else { continue };
            let (shown, out) = (self.shown.clone(), out.clone());
            // Decoding takes a moment that other tasks must not wait for.
            let decoding = tokio::task::spawn_blocking(move || shown.decode(&fetched, &out));
            let decoded = decoding.await.map_err(|error| DataFusionError::ExecutionJoin(Box::new(error)))?;
            if decoded.map_err(external)?.is_break() {
                break;
            }
        }
        Ok(())
    }
}

fn known(date: Option<String>, number: u64, committed_at: Option<i64>) -> Known {
    Known { date, commit_number: Some(i64::try_from(number).unwrap_or(i64::MAX)), committed_at }
}

fn external(error: LakeError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

impl Shown {
    fn decode(
        &self,
        Fetched { commit, stored, evidence }: &Fetched,
        out: &Sender<Result<RecordBatch>>,
    ) -> Result<ControlFlow<()>, LakeError> {
        let mut send = |batch| match out.blocking_send(Ok(batch)) {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        };
        match self {
            Self::Changes(columns) => evidence_rows(commit, evidence, columns, &mut send),
            Self::Commits => Ok(send(commit_lines(commit, stored)?)),
        }
    }
}

#[async_trait]
impl TableProvider for Evidence {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
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
        let by_number = Conditions::new(state, filters, &known(None, 0, None))?;
        let mut numbers = Vec::new();
        for number in self.numbers.iter() {
            if by_number.admit(&known(None, *number, None))? {
                numbers.push(*number);
            }
        }
        let conditions = Conditions::new(state, filters, &known(Some(String::new()), 0, Some(0)))?;
        let part = Part { evidence: self.clone(), numbers, conditions: Arc::new(conditions) };
        let scan =
            StreamingTableExec::try_new(self.schema(), vec![Arc::new(part)], projection, None, false, limit)?;
        Ok(Arc::new(scan))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(inexact(filters))
    }
}

/// What one scan reads.
struct Part {
    evidence: Evidence,
    numbers: Vec<u64>,
    conditions: Arc<Conditions>,
}

impl PartitionStream for Part {
    fn schema(&self) -> &SchemaRef {
        &self.evidence.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let mut stream = RecordBatchReceiverStreamBuilder::new(Arc::clone(self.schema()), BATCHES_WAITING);
        let (evidence, numbers, conditions) =
            (self.evidence.clone(), self.numbers.clone(), Arc::clone(&self.conditions));
        let out = stream.tx();
        stream.spawn(evidence.send(numbers, conditions, out));
        stream.build()
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} commits of {:?}", self.numbers.len(), self.evidence)
    }
}

impl fmt::Debug for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({})", self.log.name())
    }
}
