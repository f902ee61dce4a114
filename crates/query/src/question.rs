//! From SQL to a plan: what is no query is refused, and wrong names are answered with right ones.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::execution::FunctionRegistry as _;
use datafusion::execution::context::{SQLOptions, SessionState};
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement;
use datafusion::sql::sqlparser::ast::{Expr, TableFactor, Visit as _, Visitor, visit_expressions};

use crate::error::QueryError;
use crate::functions::instead_of;
use crate::tables::{CATALOG, DATABASE};

/// The plan of one query.
pub(crate) async fn plan(context: &SessionContext, sql: &str) -> Result<LogicalPlan, QueryError> {
    let state = context.state();
    let dialect = state.config_options().sql_parser.dialect;
    let statement = state.sql_to_statement(sql, &dialect)?;
    let parts = Parts::of(&statement);
    if let Some(unnest) = parts.unnest {
        return Err(QueryError::Question(format!(
            "{unnest} in FROM is not here; take the elements in a subquery: FROM (SELECT *, unnest(changed) AS element FROM changes)"
        )));
    }
    let plan = match state.statement_to_plan(statement.clone()).await {
        Ok(plan) => plan,
        Err(error) => return Err(advised(context, &state, &statement, &parts.functions, error)),
    };
    let only_queries =
        SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    only_queries.verify_plan(&plan).map_err(|error| {
        let said = QueryError::from(error);
        QueryError::Question(format!(
            "{said}; only queries are accepted: SELECT, WITH, EXPLAIN, SHOW, DESCRIBE"
        ))
    })?;
    Ok(plan)
}

/// The error, and what is known to help.
fn advised(
    context: &SessionContext,
    state: &SessionState,
    statement: &Statement,
    functions: &BTreeSet<String>,
    error: DataFusionError,
) -> QueryError {
    let error = QueryError::from(error);
    if !matches!(error, QueryError::Question(_)) {
        return error;
    }
    let unknown = state.resolve_table_references(statement).unwrap_or_default();
    let is_unknown = |table: &&TableReference| !context.table_exist((*table).clone()).unwrap_or(false);
    if let Some(table) = unknown.iter().find(is_unknown) {
        return QueryError::Question(format!(
            "there is no table {table}; there are {}",
            tables(context).join(", ")
        ));
    }
    match functions.iter().find_map(|name| missing(state, name)) {
        Some(instead) => QueryError::Question(instead),
        None => error,
    }
}

/// What to write instead of a function that is not here.
fn missing(state: &SessionState, name: &str) -> Option<String> {
    let is_here = state.udf(name).is_ok() || state.udaf(name).is_ok() || state.udwf(name).is_ok();
    let instead = instead_of(name).filter(|_| !is_here)?;
    Some(format!("there is no function {name}; write {instead}"))
}

/// Names of the tables and views that can be asked.
fn tables(context: &SessionContext) -> Vec<String> {
    let schema = context.catalog(CATALOG).and_then(|catalog| catalog.schema(DATABASE));
    let mut names = schema.map(|schema| schema.table_names()).unwrap_or_default();
    names.sort();
    names
}

/// What a statement is made of, as far as advice needs it.
#[derive(Debug, Default)]
struct Parts {
    /// Names of the functions that are called, in small letters.
    functions: BTreeSet<String>,
    /// An `UNNEST` in FROM that takes a column of another table.
    unnest: Option<String>,
}

impl Parts {
    fn of(statement: &Statement) -> Self {
        let mut parts = Self::default();
        if let Statement::Statement(statement) = statement {
            // Nothing breaks off.
            let (ControlFlow::Continue(()) | ControlFlow::Break(())) = statement.visit(&mut parts);
        }
        parts
    }
}

impl Visitor for Parts {
    type Break = ();

    fn pre_visit_expr(&mut self, expression: &Expr) -> ControlFlow<()> {
        if let Expr::Function(function) = expression {
            self.functions.insert(function.name.to_string().to_ascii_lowercase());
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        if let TableFactor::UNNEST { array_exprs, .. } = factor {
            let column = visit_expressions(array_exprs, |expression| {
                if matches!(expression, Expr::Identifier(_) | Expr::CompoundIdentifier(_)) {
                    return ControlFlow::Break(expression.to_string());
                }
                ControlFlow::Continue(())
            });
            if let ControlFlow::Break(column) = column {
                self.unnest.get_or_insert(format!("UNNEST({column})"));
            }
        }
        ControlFlow::Continue(())
    }
}
