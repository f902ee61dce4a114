//! A scan of Parquet files of a log: conditions go down into the files, and what they exclude is not read.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, SchemaRef};
use datafusion::catalog::Session;
use datafusion::common::{Result, ScalarValue};
use datafusion::config::TableParquetOptions;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use sealog_lake::DATE;

use crate::adapt::Declared;

/// Where the archive stands among the stores that DataFusion knows.
pub(crate) const ARCHIVE_URL: &str = "archive://logs";

/// One file, by its name in the [`crate::bridge::Archive`].
#[derive(Debug, Clone)]
pub(crate) struct ScannedFile {
    pub(crate) path: String,
    pub(crate) bytes: u64,
    /// `2026-11-22`
    pub(crate) date: String,
}

/// How a table's files are read.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    /// Name of the log, for people.
    pub(crate) log: String,
    table: TableSchema,
}

impl Layout {
    pub(crate) fn new(log: &str, in_files: SchemaRef) -> Self {
        let date = Arc::new(Field::new(DATE, DataType::Utf8, false));
        Self {
            log: log.to_owned(),
            table: TableSchema::builder(in_files).with_table_partition_cols(vec![date]).build(),
        }
    }

    /// Columns of the table: those in files, then the date.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(self.table.table_schema())
    }

    /// Reads `projection` of these files. Conditions come down later, from the filter above.
    pub(crate) fn scan(
        &self,
        state: &dyn Session,
        files: Vec<ScannedFile>,
        projection: Option<&Vec<usize>>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        if files.is_empty() {
            let schema = self.schema();
            let schema = match projection {
                Some(places) => Arc::new(schema.project(places)?),
                None => schema,
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let url = ObjectStoreUrl::parse(ARCHIVE_URL)?;
        let options = state.config_options();
        let runtime = state.runtime_env();
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let factory = CachedParquetFileReaderFactory::new(runtime.object_store(&url)?, cache);
        let parquet = TableParquetOptions {
            global: options.execution.parquet.clone(),
            ..TableParquetOptions::default()
        };
        let mut source = ParquetSource::new(self.table.clone())
            .with_table_parquet_options(parquet)
            .with_parquet_file_reader_factory(Arc::new(factory));
        if let Some(hint) = options.execution.parquet.metadata_size_hint {
            source = source.with_metadata_size_hint(hint);
        }
        let partitioned = |file: ScannedFile| {
            let date = ScalarValue::Utf8(Some(file.date));
            PartitionedFile::new(file.path, file.bytes).with_partition_values(vec![date])
        };
        let group = FileGroup::new(files.into_iter().map(partitioned).collect());
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(group.split_files(options.execution.target_partitions.max(1)))
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .with_expr_adapter(Some(Arc::new(Declared { log: self.log.clone() })))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}
