//! What auditors' questions need and DataFusion lacks, or means otherwise, under Trino's names and with Trino's meaning.

mod binary;
mod collections;
mod count_if;
mod hints;
mod json;
mod json_path;
mod rewritten;
mod text;
mod time;
mod time_format;

use datafusion::prelude::SessionContext;

pub(crate) use hints::instead_of;

/// Makes the functions known. Where DataFusion has one of the same name that means something else, ours is found.
pub(crate) fn register(context: &SessionContext) {
    let scalar = [
        binary::functions(),
        collections::functions(),
        json::functions(),
        text::functions(),
        time::functions(),
        time_format::functions(),
    ];
    scalar.into_iter().flatten().for_each(|function| context.register_udf(function));
    context.register_udaf(count_if::function());
}
