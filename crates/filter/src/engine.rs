//! The engine: what guests can do at all.

use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig};

use crate::FilterError;

/// Elements that all tables of an instance may have together.
pub(crate) const TABLE_ELEMENTS_MAX: usize = 1_000_000;
/// Most bytes of stack that a guest's calls may use; half of what the smallest usual thread has.
const STACK_BYTES_MAX: usize = 1 << 20;
/// Instances that the pool has room for at once.
pub(crate) const POOLED_MAX: u32 = 16;
/// What an instance of the pool may consist of: guests from Rust, C, Go and JavaScript do. A component with more of
/// something is no candidate.
const POOLED_CORE_INSTANCES_MAX: u32 = 32;
const POOLED_MEMORIES_MAX: u32 = 2;
const POOLED_TABLES_MAX: u32 = 8;
/// Bytes that were written to in a memory of the pool and stay with it, set back to nought: what a batch needs.
const POOLED_BYTES_KEPT: usize = 2 << 20;

/// What decides how a component is compiled and what it may do. No clock, randomness, files, network or threads: they
/// are not linked into this program.
fn config() -> Config {
    let mut config = Config::new();
    config
        .consume_fuel(true)
        .epoch_interruption(true)
        // One program, one answer, on every processor.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        // Components made from JavaScript have two memories; without this the engine panics on them.
        .wasm_multi_memory(true)
        .max_wasm_stack(STACK_BYTES_MAX);
    config
}

pub(crate) fn new() -> Result<Engine, FilterError> {
    Engine::new(&config()).map_err(|error| FilterError::Engine { why: format!("{error:#}") })
}

/// An engine as that of [`new`], which takes what was compiled for it, but with a pool of instances: a memory that is set
/// back costs a third of a new one. `None`: this process may not reserve so many addresses.
///
/// A pool is never a reason to fail: nothing that fits into it is refused for lack of room in an instance, and where it is
/// full, the other engine has room.
pub(crate) fn pooled() -> Option<Engine> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(POOLED_MAX)
        .total_core_instances(POOLED_MAX * POOLED_CORE_INSTANCES_MAX)
        .max_core_instances_per_component(POOLED_CORE_INSTANCES_MAX)
        .total_memories(POOLED_MAX * POOLED_MEMORIES_MAX)
        .max_memories_per_component(POOLED_MEMORIES_MAX)
        .max_memories_per_module(POOLED_MEMORIES_MAX)
        .total_tables(POOLED_MAX * POOLED_TABLES_MAX)
        .max_tables_per_component(POOLED_TABLES_MAX)
        .max_tables_per_module(POOLED_TABLES_MAX)
        .table_elements(TABLE_ELEMENTS_MAX)
        .linear_memory_keep_resident(POOLED_BYTES_KEPT)
        .pagemap_scan(Enabled::Auto);
    let mut config = config();
    config.allocation_strategy(pool);
    match Engine::new(&config) {
        Ok(engine) => Some(engine),
        Err(error) => {
            tracing::debug!(%error, "filters run without a pool of instances");
            None
        }
    }
}
