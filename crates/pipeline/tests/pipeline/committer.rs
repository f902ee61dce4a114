//! What a committer does when it is opened, and what it refuses.

use std::sync::Arc;

use sealog_batch::SealRule;
use sealog_chain::{ChainError, SegmentFrom};
use sealog_pipeline::{Committer, Gatherer, PipelineError, Sealed};
use sealog_source::{Clock, SourceEvent};
use sealog_store::{Memory, Store, StoreErrorKind};

use crate::events::{opened, page};
use sealog_simulation::clock::Paused;
use sealog_simulation::oracle::{self, latest_checkpoint};
use sealog_simulation::store::{Fault, Faulty};
use sealog_simulation::world::{TABLE, key, open};

async fn writer(store: Arc<dyn Store>) -> Result<Committer, PipelineError> {
    let clock: Arc<dyn Clock> = Arc::new(Paused::new());
    open(store, "w", clock).await
}

fn sealed(committer: &Committer, events: Vec<SourceEvent>) -> Sealed {
    let mut gatherer = Gatherer::new(committer.fold(), SealRule::default());
    for event in events {
        assert!(gatherer.take(event, 0).unwrap().is_empty());
    }
    gatherer.seal().unwrap().unwrap()
}

/// A crash between a commit and its checkpoint, or between the kept checkpoint and the newest: opening makes up for it.
#[tokio::test(start_paused = true)]
async fn opening_a_log_publishes_what_a_crash_left_unpublished() {
    // Three calls open an empty log; evidence and commit are the next two.
    for calls in [5, 6, 7] {
        let store = Arc::new(Memory::default());
        let faulty = Arc::new(Faulty::new(Arc::clone(&store), Some((calls, Fault::CrashBefore))));
        let mut committer = writer(Arc::clone(&faulty) as Arc<dyn Store>).await.unwrap();
        let batch = sealed(&committer, vec![opened(), page("a", &[1]).await]);
        tokio::select! {
            biased;
            () = faulty.crashed() => {}
            ended = committer.commit(batch) => assert!(calls == 7 && ended.is_ok(), "{:?}", faulty.names()),
        }
        drop(committer);
        let reopened = writer(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
        assert_eq!(reopened.fold().size(), 1, "{:?}", faulty.names());
        assert_eq!(latest_checkpoint(&store, TABLE).await, 1, "crash before call {calls}");
        oracle::read(&store, TABLE, &key()).await;
    }
}

/// Whatever a defect elsewhere may ask for: a commit that no reader would take is never stored, or the log would end there.
#[tokio::test(start_paused = true)]
async fn a_commit_that_does_not_continue_the_log_is_not_stored() {
    let store = Arc::new(Memory::default());
    let mut committer = writer(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
    let first = sealed(&committer, vec![opened(), page("a", &[1]).await]);
    committer.commit(first).await.unwrap();
    let mut wrong = sealed(&committer, vec![page("b", &[2]).await]);
    wrong.segments[0].from = SegmentFrom::Latest;
    let error = committer.commit(wrong).await.unwrap_err();
    assert!(matches!(error, PipelineError::Chain(ChainError::Segment { .. })), "{error}");
    assert_eq!(oracle::read(&store, TABLE, &key()).await.fold.size(), 1);
    let second = sealed(&committer, vec![page("a", &[2]).await]);
    committer.commit(second).await.unwrap();
    assert_eq!(oracle::read(&store, TABLE, &key()).await.numbers("a"), [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_by_itself_is_not_waited_for() {
    let store = Arc::new(Memory::default());
    for kind in [StoreErrorKind::Forbidden, StoreErrorKind::Gone, StoreErrorKind::NoCredentials] {
        let opening = Arc::new(Faulty::new(Arc::clone(&store), None));
        writer(Arc::clone(&opening) as Arc<dyn Store>).await.unwrap();
        let first = opening.calls();
        let faulty = Arc::new(Faulty::new(Arc::clone(&store), Some((first, Fault::Refuse(kind)))));
        let mut committer = writer(Arc::clone(&faulty) as Arc<dyn Store>).await.unwrap();
        let batch = sealed(&committer, vec![opened(), page("a", &[1]).await]);
        let error = committer.commit(batch).await.unwrap_err();
        assert!(matches!(&error, PipelineError::Store(error) if error.kind == kind), "{error}");
        assert_eq!(faulty.calls(), first + 1, "{:?}", faulty.names());
    }
}

/// Whichever call fails for a while after another writer was first, the batch that lost lands behind it by itself.
#[tokio::test(start_paused = true)]
async fn a_lost_race_is_made_up_for_through_a_store_that_fails_for_a_moment() {
    for failing in 0_usize.. {
        let store = Arc::new(Memory::default());
        let opening = Arc::new(Faulty::new(Arc::clone(&store), None));
        writer(Arc::clone(&opening) as Arc<dyn Store>).await.unwrap();
        let plan = (opening.calls() + failing, Fault::Refuse(StoreErrorKind::Unknown));
        let faulty = Arc::new(Faulty::new(Arc::clone(&store), Some(plan)));
        let mut second = writer(Arc::clone(&faulty) as Arc<dyn Store>).await.unwrap();
        let mut first = writer(Arc::clone(&store) as Arc<dyn Store>).await.unwrap();
        let theirs = sealed(&first, vec![opened(), page("a", &[1]).await]);
        first.commit(theirs).await.unwrap();
        let ours = sealed(&second, vec![opened(), page("a", &[1, 2]).await]);
        second.commit(ours).await.unwrap_or_else(|error| panic!("{error}: {:?}", faulty.names()));
        assert_eq!(oracle::read(&store, TABLE, &key()).await.numbers("a"), [1, 2]);
        if faulty.calls() <= plan.0 {
            assert!(failing > 5, "{:?}", faulty.names());
            return;
        }
    }
}
