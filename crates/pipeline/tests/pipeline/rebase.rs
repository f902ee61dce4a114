//! What is left of a batch when another writer was first.
//!
//! Two writers stand at the same head. The winner commits; what the loser had gathered from the same head is then committed
//! behind it. The oracle reads the log after each: every row's leaf and every root is computed anew.

use std::sync::Arc;

use sealog_batch::SealRule;
use sealog_chain::Fact;
use sealog_pipeline::{Committer, Gatherer, PipelineError, Sealed};
use sealog_record::{Gap, Timestamp};
use sealog_source::{Clock, SourceEvent};
use sealog_store::{Memory, Store};

use crate::events::{end, found, gap, lost, number, opened, page, stream};
use sealog_simulation::clock::Paused;
use sealog_simulation::oracle::{self, Archived};
use sealog_simulation::world::{TABLE, key, open};

const NOTHING_IS_DUE: SealRule =
    SealRule { rows_max: 1_000_000, bytes_max: usize::MAX, age_max_ms: 1_000_000 };

struct Race {
    store: Arc<Memory>,
    winner: Committer,
    loser: Committer,
}

fn gather(committer: &Committer, events: Vec<SourceEvent>) -> Vec<Sealed> {
    let mut gatherer = Gatherer::new(committer.fold(), NOTHING_IS_DUE);
    let mut sealed: Vec<Sealed> =
        events.into_iter().flat_map(|event| gatherer.take(event, 0).unwrap()).collect();
    sealed.extend(gatherer.seal().unwrap());
    sealed
}

async fn commit(committer: &mut Committer, batches: Vec<Sealed>) -> Result<(), PipelineError> {
    for sealed in batches {
        committer.commit(sealed).await?;
    }
    Ok(())
}

impl Race {
    /// Both stand behind `before`.
    async fn behind(before: Vec<SourceEvent>) -> Self {
        let store = Arc::new(Memory::default());
        let writer = |name: &'static str| {
            let clock: Arc<dyn Clock> = Arc::new(Paused::new());
            open(Arc::clone(&store) as Arc<dyn Store>, name, clock)
        };
        let mut first = writer("first").await.unwrap();
        let batches = gather(&first, before);
        commit(&mut first, batches).await.unwrap();
        let (winner, loser) = (writer("winner").await.unwrap(), writer("loser").await.unwrap());
        Self { store, winner, loser }
    }

    /// The loser gathers first and commits last.
    async fn run(&mut self, winner: Vec<SourceEvent>, loser: Vec<SourceEvent>) -> Archived {
        let (first, last) = (gather(&self.winner, winner), gather(&self.loser, loser));
        commit(&mut self.winner, first).await.unwrap();
        commit(&mut self.loser, last).await.unwrap();
        let archived = oracle::read(&self.store, TABLE, &key()).await;
        for committer in [&self.winner, &self.loser] {
            assert!(committer.fold().size() <= archived.fold.size());
        }
        archived
    }

    async fn evidence(&self) -> Vec<String> {
        let listed = self.store.list(&format!("{TABLE}/evidence/"), None).await.unwrap();
        listed.into_iter().map(|entry| entry.key).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_the_winner_did_not_touch_lands_without_a_byte_rewritten() {
    let mut race = Race::behind(vec![opened(), found("a", None), found("b", None)]).await;
    let archived = race.run(vec![page("a", &[1, 2]).await], vec![page("b", &[3, 4]).await]).await;
    assert_eq!((archived.numbers("a"), archived.numbers("b")), (vec![1, 2], vec![3, 4]));
    assert_eq!(race.evidence().await.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_whose_beginning_the_winner_has_the_rest_lands() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let archived = race.run(vec![page("a", &[2, 3]).await], vec![page("a", &[2, 3, 4, 5]).await]).await;
    assert_eq!(archived.numbers("a"), [1, 2, 3, 4, 5]);
    assert_eq!(archived.commits.len(), 3);
    let last = archived.segments().last().unwrap();
    assert_eq!((last.after, last.rows), (Some(number(3)), 2));
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_that_the_winner_has_whole_or_more_nothing_lands() {
    for winner in [&[2, 3][..], &[2, 3, 4]] {
        let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
        let archived = race.run(vec![page("a", winner).await], vec![page("a", &[2, 3]).await]).await;
        assert_eq!(archived.commits.len(), 2, "nothing is left to say");
        assert_eq!(archived.numbers("a").len(), 1 + winner.len());
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_lands_even_if_the_winner_has_every_record() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let archived = race.run(vec![page("a", &[2, 3]).await], vec![end("a", &[2, 3]).await]).await;
    let last = archived.segments().last().unwrap();
    assert_eq!((last.after, last.last, last.rows, last.closed), (Some(number(3)), None, 0, true));
}

#[tokio::test(start_paused = true)]
async fn nothing_lands_in_a_shard_that_the_winner_has_ended() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let loser = vec![end("a", &[2, 3]).await, found("a1", Some("a"))];
    let archived = race.run(vec![end("a", &[2, 3]).await], loser).await;
    assert_eq!(archived.numbers("a"), [1, 2, 3]);
    assert_eq!(archived.segments().filter(|segment| segment.closed).count(), 1);
    assert!(archived.fold.positions().keys().any(|(_, id)| id.as_str() == "a1"), "what else it says lands");
}

#[tokio::test(start_paused = true)]
async fn several_segments_of_one_shard_are_cut_where_the_winner_stands() {
    for winner in [&[2][..], &[2, 3, 4], &[2, 3, 4, 7], &[2, 3, 4, 7, 8]] {
        let mut race = Race::behind(vec![opened(), page("a", &[1]).await, found("b", None)]).await;
        let loser = vec![
            page("a", &[2, 3, 4]).await,
            page("b", &[5, 6]).await,
            page("a", &[7, 8]).await,
            page("b", &[9]).await,
        ];
        let archived = race.run(vec![page("a", winner).await], loser).await;
        assert_eq!(archived.numbers("a"), [1, 2, 3, 4, 7, 8], "winner {winner:?}");
        assert_eq!(archived.numbers("b"), [5, 6, 9], "winner {winner:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_first_sight_is_stated_once() {
    let mut race = Race::behind(vec![opened()]).await;
    let shards = || vec![found("a", None), found("b", None)];
    let archived = race.run(shards(), vec![found("a", None), found("b", None), found("c", None)]).await;
    assert_eq!(archived.segments().count(), 3);
    let archived = race.run(shards(), shards()).await;
    assert_eq!(archived.commits.len(), 3, "nothing new, no commit");
}

#[tokio::test(start_paused = true)]
async fn of_two_who_begin_a_log_one_writes_the_genesis() {
    let mut race = Race::behind(vec![]).await;
    let both = || vec![opened(), found("a", None)];
    let mut loser = both();
    loser.push(page("a", &[1, 2]).await);
    let archived = race.run(both(), loser).await;
    assert_eq!(archived.numbers("a"), [1, 2]);
    let facts: Vec<&Fact> = archived.commits.iter().flat_map(|commit| &commit.facts).collect();
    assert!(matches!(facts[..], [Fact::Genesis { .. }, Fact::StreamOpened { .. }]), "{facts:?}");
}

#[tokio::test(start_paused = true)]
async fn the_same_gap_is_declared_once() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let seen = || async { vec![gap("a", Some(1), Some(5)), page("a", &[5, 6]).await] };
    let mut loser = seen().await;
    loser.push(page("a", &[7]).await);
    let archived = race.run(seen().await, loser).await;
    assert_eq!(archived.numbers("a"), [1, 5, 6, 7]);
    assert_eq!(archived.fold.gaps().len(), 1);
}

/// The winner read more before the rest was trimmed. Whether anything lies between what it read and what the loser found
/// nobody knows: a gap would be a guess. Who reads on from where the log stands will see.
#[tokio::test(start_paused = true)]
async fn a_gap_that_the_winner_has_read_into_is_not_declared_by_guess() {
    let seen_from = |after| async move { vec![gap("a", after, Some(9)), page("a", &[9, 10]).await] };
    for (before, after) in [(page("a", &[1]).await, Some(1)), (found("a", None), None)] {
        let mut race = Race::behind(vec![opened(), before]).await;
        let loser = gather(&race.loser, seen_from(after).await);
        let winner = gather(&race.winner, vec![page("a", &[2, 3]).await]);
        commit(&mut race.winner, winner).await.unwrap();
        let error = commit(&mut race.loser, loser).await.unwrap_err();
        assert!(matches!(&error, PipelineError::Overtaken(shard) if shard == "a"), "{error}");
        let archived = oracle::read(&race.store, TABLE, &key()).await;
        assert_eq!((archived.numbers("a").last(), archived.fold.gaps().len()), (Some(&3), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_gap_that_the_winner_has_read_through_is_none() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let loser = vec![gap("a", Some(1), Some(5)), page("a", &[5, 6, 7]).await];
    let archived = race.run(vec![page("a", &[2, 3, 4, 5, 6]).await], loser).await;
    assert_eq!(archived.numbers("a"), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(archived.fold.gaps(), []);
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_is_lost_is_lost_behind_what_the_winner_has() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let archived = race.run(vec![page("a", &[2]).await], vec![lost("a", Some(1))]).await;
    assert_eq!(archived.fold.gaps()[0].after, Some(number(2)));
    assert!(archived.fold.position(&stream(), &"a".parse().unwrap()).unwrap().done);
}

/// The loser read on before the records were trimmed, the winner could not: what the winner took for lost is there, but
/// what lies before the gap must not come a second time.
#[tokio::test(start_paused = true)]
async fn rows_from_before_the_winners_gap_do_not_land_behind_it() {
    for loser in [&[2, 3][..], &[2, 3, 4], &[2]] {
        let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
        let winner = vec![page("a", &[2, 3, 4]).await, gap("a", Some(4), None)];
        let archived = race.run(winner, vec![page("a", loser).await]).await;
        assert_eq!(archived.numbers("a"), [1, 2, 3, 4], "loser {loser:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn rows_on_both_sides_of_the_winners_gap_are_cut_at_it() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let winner = vec![page("a", &[2, 3]).await, gap("a", Some(3), None)];
    let archived = race.run(winner, vec![page("a", &[2, 3, 4, 5]).await]).await;
    assert_eq!(archived.numbers("a"), [1, 2, 3, 4, 5]);
}

/// After a gap nothing was committed of the shard, and a new process finds records trimmed once more: it knows of no last
/// record, the log does.
#[tokio::test(start_paused = true)]
async fn a_second_gap_begins_where_the_first_began() {
    let mut race = Race::behind(vec![opened(), page("a", &[1, 2]).await, gap("a", Some(2), None)]).await;
    let archived = race.run(vec![], vec![gap("a", None, Some(9)), page("a", &[9]).await]).await;
    assert_eq!(archived.numbers("a"), [1, 2, 9]);
    let after: Vec<_> = archived.fold.gaps().iter().map(|gap| gap.after).collect();
    assert_eq!(after, [Some(number(2)), Some(number(2))]);
}

/// A gap without an end says what was gone when it was noticed. What was written and forgotten since is a loss of its own.
#[tokio::test(start_paused = true)]
async fn a_gap_without_an_end_is_told_again_when_more_has_gone() {
    let minutes = |minutes: i64| {
        let SourceEvent::Gap(told) = gap("a", None, None) else { unreachable!() };
        let noticed_at = Timestamp::from_millis(told.noticed_at.as_millis() + minutes * 60_000);
        SourceEvent::Gap(Gap { noticed_at, ..told })
    };
    for (later, gaps) in [(1, 1), (120, 2)] {
        let mut race = Race::behind(vec![opened(), found("a", None)]).await;
        let archived = race.run(vec![minutes(0)], vec![minutes(later)]).await;
        assert_eq!(archived.fold.gaps().len(), gaps, "noticed {later} minutes later");
    }
}

/// A batch that begins behind what the log holds, and no gap between: a defect somewhere before. It must not be joined on.
#[tokio::test(start_paused = true)]
async fn a_batch_that_leaves_a_hole_is_refused_and_nothing_is_written() {
    let mut race = Race::behind(vec![opened(), page("a", &[1]).await]).await;
    let mut gatherer = Gatherer::new(race.loser.fold(), NOTHING_IS_DUE);
    gatherer.take(page("a", &[2, 3]).await, 0).unwrap();
    let forgotten = gatherer.seal().unwrap().unwrap();
    gatherer.take(page("a", &[4]).await, 0).unwrap();
    let holed = gatherer.seal().unwrap().unwrap();
    let before = race.loser.fold().size();
    assert!(race.loser.commit(holed).await.is_err());
    let archived = oracle::read(&race.store, TABLE, &key()).await;
    assert_eq!((archived.fold.size(), archived.numbers("a")), (before, vec![1]));
    assert_eq!(forgotten.rows(), 2);
}

/// The loser stood still until what the winner had read was trimmed, and began at the oldest record that was left. Only
/// the log knows that something lies between.
#[tokio::test(start_paused = true)]
async fn rows_that_begin_behind_the_log_are_refused() {
    let mut race = Race::behind(vec![opened(), found("a", None), found("b", None)]).await;
    let loser = gather(&race.loser, vec![page("b", &[4]).await, page("a", &[7, 8]).await]);
    let winner = gather(&race.winner, vec![page("a", &[1, 2, 3]).await]);
    commit(&mut race.winner, winner).await.unwrap();
    let error = commit(&mut race.loser, loser).await.unwrap_err();
    assert!(matches!(&error, PipelineError::Overtaken(shard) if shard == "a"), "{error}");
    let archived = oracle::read(&race.store, TABLE, &key()).await;
    assert_eq!((archived.numbers("a"), archived.numbers("b")), (vec![1, 2, 3], vec![]));
}
