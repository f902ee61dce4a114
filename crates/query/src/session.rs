//! A session: which files answer, settled when it is opened, and the questions that are put to them.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{FairSpillPool, TrackConsumersPool};
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::{displayable, execute_stream};
use datafusion::prelude::{SessionConfig, SessionContext};
use sealog_lake::{Columns, Table, change_schema, declared, reach, view};
use sealog_record::Timestamp;
use sealog_store::{Log, Store};

use crate::error::QueryError;
use crate::evidence::{Evidence, Shown};
use crate::files::{Changes, Listed};
use crate::metered::{Meter, Metered, Reading};
use crate::scan::ARCHIVE_URL;
use crate::tables::{self, Base, CATALOG, DATABASE};
use crate::{bridge, functions, question};

/// What a question may use unless it is said otherwise, in bytes.
const MEMORY: usize = 512 << 20;
/// Of a file's end read at once: footers and page indexes of most files, and little of what a question does not need.
const FOOTER_BYTES: usize = 64 << 10;
/// Rows that go together from step to step: images are wide, and a step holds several such batches at least.
const ROWS_AT_ONCE: usize = 1024;
/// The part of memory that sorts keep for merging what they moved to disk.
const SORT_RESERVED_PART: usize = 8;
/// Largest users of memory that are named where it does not suffice.
const NAMED_CONSUMERS: NonZeroUsize = NonZeroUsize::MIN;

/// How a session works.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// Bytes that questions may use together; what does not fit goes to `spill`. Rows of evidence that are being decoded
    /// (at most two commits) come on top.
    pub memory: usize,
    /// Folder for what does not fit; must exist.
    pub spill: PathBuf,
    /// Ask committed evidence itself instead of the lake.
    pub evidence: bool,
    /// The typed columns of a log, by its name, where its lake does not say them: for evidence.
    pub columns: BTreeMap<String, Columns>,
    /// Now; says where to begin to look for what is published.
    pub now: Timestamp,
}

impl SessionOptions {
    /// The usual: the lake, 512 MiB, the system's temporary folder.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        Self { memory: MEMORY, spill: std::env::temp_dir(), evidence: false, columns: BTreeMap::new(), now }
    }
}

/// Commits of a log whose rows are not in its lake yet, so that they do not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The log.
    pub log: String,
    /// How many.
    pub commits: u64,
}

/// An answer that has begun.
pub struct Answer {
    /// Its rows.
    pub rows: SendableRecordBatchStream,
    /// How they are found: one step a line, the last step first.
    pub plan: String,
}

/// Some logs that can be asked.
pub struct Session {
    context: SessionContext,
    meter: Arc<Meter>,
    behind: Vec<Behind>,
}

impl Session {
    /// Opens logs of an archive; a log's tables are called by its name. Which files answer is settled here: a question sees
    /// neither what is published nor what is compacted later. Files stay for the lake's grace period.
    ///
    /// # Errors
    /// [`QueryError::NoLog`], [`QueryError::NoLake`], or what the store says.
    pub async fn open(logs: &[Log], options: &SessionOptions) -> Result<Self, QueryError> {
        let meter = Arc::new(Meter::default());
        let metered = |log: &Log| {
            let store = Metered::new(Arc::clone(log.store()), Arc::clone(&meter));
            Log::new(Arc::new(store) as Arc<dyn Store>, log.name())
        };
        let logs: Vec<Log> = logs.iter().map(metered).collect();
        let context = context(options)?;
        let url = ObjectStoreUrl::parse(ARCHIVE_URL)?;
        context.register_object_store(url.as_ref(), bridge::shared(logs.clone()));
        let mut session = Self { context, meter, behind: Vec::new() };
        for (place, log) in logs.iter().enumerate() {
            let (base, columns) = if options.evidence {
                session.over_evidence(place, log, options).await?
            } else {
                session.over_lake(place, log, options.now).await?
            };
            tables::register(&session.context, log, &columns, base, logs.len() == 1).await?;
        }
        session.meter.begin();
        Ok(session)
    }

    async fn over_lake(
        &mut self,
        place: usize,
        log: &Log,
        now: Timestamp,
    ) -> Result<(Base, Columns), QueryError> {
        let reach = reach(log, now).await?;
        if reach.commits == 0 {
            return Err(QueryError::NoLog(log.name().to_owned()));
        }
        let days = view(log).await?;
        if reach.published.is_none() && days.is_empty() {
            return Err(QueryError::NoLake(log.name().to_owned()));
        }
        if reach.behind() > 0 {
            self.behind.push(Behind { log: log.name().to_owned(), commits: reach.behind() });
        }
        let columns = declared(log, &days).await?.unwrap_or_default();
        let changes = Changes::new((place, log), change_schema(&columns), &days);
        let (files, bytes) = changes.extent();
        self.meter.known(files, bytes);
        let listed = |table| Arc::new(Listed::new((place, log), table, Arc::clone(&self.meter)));
        let base =
            Base { changes: Arc::new(changes), commits: listed(Table::Commits), days: listed(Table::Days) };
        Ok((base, columns))
    }

    async fn over_evidence(
        &self,
        place: usize,
        log: &Log,
        options: &SessionOptions,
    ) -> Result<(Base, Columns), QueryError> {
        let listed = log.listed(None).await?;
        if listed.is_empty() {
            return Err(QueryError::NoLog(log.name().to_owned()));
        }
        self.meter.known(listed.len() as u64, listed.iter().map(|(_, bytes)| bytes).sum());
        let columns = match options.columns.get(log.name()) {
            Some(columns) => columns.clone(),
            None => declared(log, &view(log).await?).await?.unwrap_or_default(),
        };
        let numbers = Arc::new(listed.into_iter().map(|(number, _)| number).collect());
        let evidence =
            |shown| Arc::new(Evidence::new(log, Arc::clone(&numbers), shown, Arc::clone(&self.meter)));
        let base = Base {
            changes: evidence(Shown::Changes(columns.clone())),
            commits: evidence(Shown::Commits),
            days: Arc::new(Listed::new((place, log), Table::Days, Arc::clone(&self.meter))),
        };
        Ok((base, columns))
    }

    /// A streaming answer to one query. Nothing but queries is accepted. Errors in the stream become [`QueryError`] by
    /// `From`.
    ///
    /// # Errors
    /// [`QueryError::Question`] where it is no query or does not fit the tables; else what the store says.
    pub async fn sql(&self, sql: &str) -> Result<SendableRecordBatchStream, QueryError> {
        Ok(self.ask(sql, None).await?.rows)
    }

    /// As [`Session::sql`], of at most so many rows, and with the plan.
    ///
    /// # Errors
    /// As [`Session::sql`].
    pub async fn ask(&self, sql: &str, rows_max: Option<usize>) -> Result<Answer, QueryError> {
        let plan = question::plan(&self.context, sql).await?;
        // EXPLAIN has to be the last step of a plan.
        let explains = matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_));
        let mut question = self.context.execute_logical_plan(plan).await?;
        if let Some(rows_max) = rows_max.filter(|_| !explains) {
            question = question.limit(0, Some(rows_max))?;
        }
        let task = Arc::new(question.task_ctx());
        let plan = question.create_physical_plan().await?;
        let shown = displayable(plan.as_ref()).indent(false).to_string();
        Ok(Answer { rows: execute_stream(plan, task)?, plan: shown })
    }

    /// What was read since it was opened, opening included.
    #[must_use]
    pub fn reading(&self) -> Reading {
        self.meter.reading()
    }

    /// Logs whose lake does not hold all of their commits.
    #[must_use]
    pub fn behind(&self) -> &[Behind] {
        &self.behind
    }
}

fn context(options: &SessionOptions) -> Result<SessionContext, QueryError> {
    let pool = TrackConsumersPool::new(FairSpillPool::new(options.memory), NAMED_CONSUMERS);
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(pool))
        .with_temp_file_path(&options.spill)
        .build_arc()?;
    let mut config = SessionConfig::new()
        .with_default_catalog_and_schema(CATALOG, DATABASE)
        .with_batch_size(ROWS_AT_ONCE)
        .with_information_schema(true);
    let settings = config.options_mut();
    let reserved = options.memory / SORT_RESERVED_PART / settings.execution.target_partitions.max(1);
    settings.execution.sort_spill_reservation_bytes =
        reserved.min(settings.execution.sort_spill_reservation_bytes);
    settings.execution.parquet.pushdown_filters = true;
    settings.execution.parquet.reorder_filters = true;
    settings.execution.parquet.schema_force_view_types = false;
    settings.execution.parquet.metadata_size_hint = Some(FOOTER_BYTES);
    settings.sql_parser.map_string_types_to_utf8view = false;
    // As in Trino: 0.1 is exact, and NULL comes last.
    settings.sql_parser.parse_float_as_decimal = true;
    settings.sql_parser.default_null_ordering = "nulls_last".to_owned();
    let context = SessionContext::new_with_config_rt(config, runtime);
    functions::register(&context);
    Ok(context)
}
