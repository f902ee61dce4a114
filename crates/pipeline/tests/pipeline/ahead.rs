//! While one commit is being put, the rows of the next are stored; within one commit the order stays.

use std::sync::Arc;
use std::time::Duration;

use sealog_simulator::{Millis, Scenario, TableSpec, WriterSpec};
use sealog_store::Store;

use sealog_simulation::law::Missing;
use sealog_simulation::timed::{Call, Timed};
use sealog_simulation::world::{TABLE, World, only};

#[tokio::test(start_paused = true)]
async fn the_rows_of_the_next_commit_are_stored_while_one_is_put() {
    let writer = WriterSpec::count(100, Millis::minutes(-30), Millis::minutes(-1));
    let mut table = TableSpec::new(TABLE).writer(writer);
    table.pages.records_max = 10;
    let world = World::new(Scenario::new(5).table(table));
    let inner = Arc::clone(&world.store) as Arc<dyn Store>;
    let store = Arc::new(Timed::new(inner, world.time(), Duration::from_millis(50)));
    only(world.process(Arc::clone(&store) as Arc<dyn Store>, "one").run().await).unwrap();

    let archived = world.assert_archived(Missing::Nothing).await;
    let calls = store.calls();
    let of = |key: &str| find(&calls, key);
    let mut ahead = 0;
    for pair in archived.commits.windows(2) {
        let [before, commit] = pair else { unreachable!() };
        let Some(batch) = commit.batch.as_ref().filter(|batch| batch.records > 0) else { continue };
        let rows = of(&batch.objects[0].key);
        let put = of(&sealog_chain::commit_key(commit.number));
        assert!(rows.ended_ms <= put.began_ms, "rows are there before their commit: {rows:?}, {put:?}");
        let previous = of(&sealog_chain::commit_key(before.number));
        let published = of(&sealog_chain::checkpoint_key(before.number + 1));
        assert!(published.ended_ms <= put.began_ms, "one commit after the other: {published:?}, {put:?}");
        ahead += usize::from(rows.overlaps(previous) || rows.overlaps(published));
    }
    assert!(ahead >= 7, "{ahead} of 9 uploads overlap the commit before: {calls:#?}");
}

fn find<'a>(calls: &'a [Call], key: &str) -> &'a Call {
    let name = format!("{TABLE}/{key}");
    let found = |call: &&Call| call.key == name && call.operation == "create";
    calls.iter().find(found).unwrap_or_else(|| panic!("{name} is not among {calls:#?}"))
}
