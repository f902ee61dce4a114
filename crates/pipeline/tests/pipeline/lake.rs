//! The lake beside the work: whole when a run has ended, and never in its way.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use sealog_lake::Spill;
use sealog_pipeline::LakeOptions;
use sealog_record::Timestamp;
use sealog_simulator::{Millis, Scenario, TableSpec, WriterSpec};
use sealog_store::{Created, Entry, Log, Memory, Object, Replaced, Store, StoreError, StoreErrorKind};

use sealog_simulation::law::Missing;
use sealog_simulation::world::{TABLE, World, only};

fn world(count: u64) -> World {
    let writer = WriterSpec::count(count, Millis::minutes(-30), Millis::minutes(-1));
    let mut world = World::new(Scenario::new(5).table(TableSpec::new(TABLE).shards(2).writer(writer)));
    world.config.lake = Some(LakeOptions::default());
    world
}

async fn check(world: &World) -> sealog_lake::Checked {
    let log = Log::new(Arc::clone(&world.store) as Arc<dyn Store>, TABLE);
    let now = Timestamp::from_millis(sealog_source::Clock::now_ms(&*world.clock));
    sealog_lake::check(&log, now, Spill { folder: std::env::temp_dir(), memory: 1 << 20 }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_run_that_has_ended_has_published_every_row_it_committed() {
    let world = world(200);
    let process = world.process(Arc::clone(&world.store) as Arc<dyn Store>, "w");
    let progress = process.progress()[0].1.clone();
    only(process.run().await).unwrap();
    let archived = world.assert_archived(Missing::Nothing).await;
    let checked = check(&world).await;
    assert_eq!((checked.rows, checked.flaws), (archived.records() as u64, Vec::new()));
    assert_eq!(checked.published, Some(archived.fold.size() - 1));
    let lake = progress.lake();
    assert_eq!((lake.published, lake.caught_up, lake.stopped), (checked.published, true, false));
}

#[tokio::test(start_paused = true)]
async fn a_running_process_sorts_the_lake_now_and_then() {
    let world = world(200);
    let (run, cancel) = world.until_stopped("w");
    let hours = async {
        world.pass(Duration::from_secs(26 * 3600)).await;
        cancel.cancel();
    };
    let (results, ()) = tokio::join!(run.run(), hours);
    only(results).unwrap();
    let sorted = world.store.list(&format!("{TABLE}/lake/sorted/"), None).await.unwrap();
    assert!(!sorted.is_empty());
    let checked = check(&world).await;
    assert_eq!((checked.rows, checked.flaws), (200, Vec::new()));
}

/// A store that takes everything but the lake.
struct WithoutLake {
    inner: Arc<Memory>,
    kind: StoreErrorKind,
}

#[async_trait]
impl Store for WithoutLake {
    async fn create(&self, key: &str, bytes: Bytes) -> Result<Created, StoreError> {
        self.inner.create(key, bytes).await
    }

    async fn replace(&self, key: &str, bytes: Bytes, seen: Option<&Object>) -> Result<Replaced, StoreError> {
        if key.contains("/lake/") {
            let (key, message) = (key.to_owned(), "scripted".to_owned());
            return Err(StoreError { operation: "replace", key, kind: self.kind, message });
        }
        self.inner.replace(key, bytes, seen).await
    }

    async fn read(&self, key: &str) -> Result<Option<Object>, StoreError> {
        self.inner.read(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>) -> Result<Vec<Entry>, StoreError> {
        self.inner.list(prefix, after).await
    }

    async fn folders(&self) -> Result<Vec<String>, StoreError> {
        self.inner.folders().await
    }

    fn describe(&self) -> String {
        "without a lake".to_owned()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lake_that_cannot_be_written_delays_nothing_but_itself_and_is_made_up_for() {
    for kind in [StoreErrorKind::Unknown, StoreErrorKind::Forbidden] {
        let world = world(200);
        let store = Arc::new(WithoutLake { inner: Arc::clone(&world.store), kind });
        let process = world.process(store, "w");
        let progress = process.progress()[0].1.clone();
        only(process.run().await).unwrap();
        let archived = world.assert_archived(Missing::Nothing).await;
        assert!(progress.lake().stopped && !progress.lake().caught_up, "{kind:?}");
        assert_eq!(check(&world).await.published, None);
        world.pass(Duration::from_secs(60)).await;
        world.catch_up().await.unwrap();
        let checked = check(&world).await;
        assert_eq!((checked.rows, checked.flaws), (archived.records() as u64, Vec::new()));
    }
}
