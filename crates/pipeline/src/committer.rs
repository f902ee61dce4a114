//! Owns the head of one log and moves it, one commit at a time.
//!
//! Recovery is the same function as the first attempt: whatever became of a commit, the bytes under its number decide.

use std::sync::Arc;

use bytes::Bytes;
use sealog_chain::{
    CHECKPOINT_KEY, Checkpoint, Commit, FORMAT, Fact, Fold, Policies, SignedCheckpoint, Writer,
};
use sealog_record::{ShardId, StreamLabel, TableArn, Timestamp};
use sealog_source::{Clock, CommittedShard};
use sealog_store::{Log, LogError, Object, Settled};
use tokio_util::sync::CancellationToken;

use crate::patience::Patience;
use crate::rebase::rebase;
use crate::snapshots::Snapshots;
use crate::stage::{Staged, Stager};
use crate::tiles::Tiles;
use crate::{PipelineError, Progress, Sealed, Signer};

/// What every committer of a process shares.
#[derive(Clone)]
pub struct Identity {
    /// Stands in each commit.
    pub writer: Writer,
    /// Signs heads.
    pub signer: Arc<dyn Signer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Ends patience with a store that does not answer.
    pub cancel: CancellationToken,
}

/// The one who commits to a log.
pub struct Committer {
    log: Log,
    fold: Fold,
    policies: Policies,
    identity: Identity,
    stager: Stager,
    progress: Arc<Progress>,
    /// What lies under `checkpoint`, as far as is known here.
    newest: Option<Object>,
    snapshots: Snapshots,
    tiles: Tiles,
}

impl Committer {
    /// Reads the log, checks that it is ours to write, and publishes what a crash left unpublished.
    ///
    /// # Errors
    /// [`PipelineError`]; nothing was written unless the checkpoint was.
    pub async fn open(
        log: Log,
        policies: Policies,
        identity: Identity,
        progress: Arc<Progress>,
    ) -> Result<Self, PipelineError> {
        let mut fold = log.restore(identity.signer.verifier()).await.unwrap_or_default();
        let snapshots = Snapshots::since(fold.size());
        log.follow(&mut fold, |_, _| ()).await?;
        let stager = Stager::new(log.clone(), identity.clone());
        let tiles = Tiles::since(fold.size(), identity.clock.now_ms());
        let mut committer =
            Self { log, fold, policies, identity, stager, progress, newest: None, snapshots, tiles };
        committer.check_ours()?;
        committer.publish_if_behind().await?;
        committer.progress.stands(committer.fold.committed_at(), None);
        Ok(committer)
    }

    /// State of the log.
    #[must_use]
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// The log it commits to.
    #[must_use]
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Stores rows for it, ahead of their commit.
    pub(crate) fn stager(&self) -> Stager {
        self.stager.clone()
    }

    /// What it tells the time by.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.identity.clock
    }

    /// Refuses a table of another name than the log's, before anything is asked of the service.
    ///
    /// # Errors
    /// [`PipelineError::OtherTable`].
    pub fn check_table_name(&self, name: &str) -> Result<(), PipelineError> {
        self.refuse_table(name, |held| held.table_name() != name)
    }

    /// Refuses a table that is not the log's.
    fn check_table(&self, table: &TableArn) -> Result<(), PipelineError> {
        self.refuse_table(table.as_str(), |held| held != table)
    }

    fn refuse_table(&self, table: &str, is_other: impl Fn(&TableArn) -> bool) -> Result<(), PipelineError> {
        match self.fold.table() {
            Some(held) if is_other(held) => Err(PipelineError::OtherTable {
                log: self.log.name().to_owned(),
                held: held.to_string(),
                table: table.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Commits what still holds of `sealed`; returns where its shards stand now, by whoever committed them.
    ///
    /// # Errors
    /// [`PipelineError`] when the store refuses for good; nothing of `sealed` may be assumed then.
    pub async fn commit(&mut self, sealed: impl Into<Staged>) -> Result<Vec<CommittedShard>, PipelineError> {
        let Staged { sealed, stored } = sealed.into();
        for fact in &sealed.facts {
            if let Fact::StreamOpened { arn, .. } = fact {
                self.check_table(&arn.table())?;
            }
        }
        let touched = touched(&sealed);
        let began_ms = self.identity.clock.now_ms();
        let mut sealed = rebase(sealed, &self.fold)?;
        while !sealed.is_empty() {
            // Before this: nothing, or rows that were stored ahead. A crash after it leaves an object that no commit names.
            self.stager.ensure_stored(&sealed, stored.as_ref()).await?;
            let bytes = self.render(&sealed)?;
            // What is stored stays: a commit that no reader would take would end the log.
            let mut next = self.fold.clone();
            next.apply(&bytes, None)?;
            // A crash after it leaves a commit whose checkpoint the next start publishes.
            match self.put(self.fold.size(), &bytes).await? {
                Put::Ours(version_id) => {
                    self.fold = next.stored_as(version_id);
                    let evidence = sealed.object.as_ref().map_or(0, |object| object.bytes.len());
                    self.progress.commit(sealed.rows(), (evidence + bytes.len()) as u64);
                    self.progress.gaps(gaps(&sealed));
                    let head = self.publish().await?;
                    let took_ms = self.identity.clock.now_ms().saturating_sub(began_ms);
                    self.progress.stands(self.fold.committed_at(), u64::try_from(took_ms).ok());
                    self.snapshots.put_if_due(&self.log, &self.fold, &*self.identity.signer).await;
                    self.tiles
                        .put_if_due(&self.log, &head, self.identity.clock.now_ms(), ends(&sealed))
                        .await;
                    break;
                }
                Put::Theirs(object) => sealed = self.give_way(&object, sealed).await?,
            }
        }
        Ok(self.standing(touched))
    }

    fn standing(&self, touched: Vec<(StreamLabel, ShardId)>) -> Vec<CommittedShard> {
        let stands = |(stream, shard): (_, _)| {
            let position = self.fold.position(&stream, &shard)?.clone();
            Some(CommittedShard { stream, shard, position })
        };
        touched.into_iter().filter_map(stands).collect()
    }

    fn check_ours(&self) -> Result<(), PipelineError> {
        let log = self.log.name().to_owned();
        if self.fold.is_closed() {
            return Err(PipelineError::Closed(log));
        }
        let signer = &self.identity.signer;
        match self.fold.key() {
            Some(expected) if !signer.has(expected) => {
                let (expected, found) = (expected.to_owned(), signer.verifier().to_string());
                Err(PipelineError::OtherKey { log, expected, found })
            }
            _ => Ok(()),
        }
    }

    fn render(&self, sealed: &Sealed) -> Result<Bytes, PipelineError> {
        let clock = Timestamp::from_millis(self.identity.clock.now_ms());
        let previous_at = self.fold.committed_at().unwrap_or(clock);
        let mut facts = self.genesis(sealed).into_iter().collect::<Vec<_>>();
        if clock < previous_at {
            facts.push(Fact::ClockWentBack { clock });
        }
        if let Some(judges) = &sealed.judges {
            facts.extend(judges.facts(self.fold.filters()));
        }
        facts.extend(sealed.facts.iter().cloned());
        let begins = facts.iter().find_map(|fact| {
            let Fact::Genesis { table_arn, .. } = fact else { return None };
            Some(sealog_chain::origin_of(table_arn))
        });
        let origin = self.fold.origin().map(str::to_owned).or(begins);
        let commit = Commit {
            format: FORMAT.to_owned(),
            origin: origin.ok_or(sealog_chain::ChainError::Genesis("the table of a new log is not known"))?,
            number: self.fold.size(),
            previous: self.fold.previous(),
            committed_at: clock.max(previous_at),
            writer: self.identity.writer.clone(),
            batch: sealed.batch(),
            facts,
        };
        Ok(Bytes::from(commit.render()?))
    }

    /// A new log begins with what it holds and by which rules.
    fn genesis(&self, sealed: &Sealed) -> Option<Fact> {
        let opened = sealed.facts.iter().find_map(|fact| {
            let Fact::StreamOpened { arn, view_type, .. } = fact else { return None };
            Some((arn.table(), *view_type))
        });
        let (table_arn, view_type) = opened.filter(|_| self.fold.size() == 0)?;
        Some(Fact::Genesis {
            holds: sealog_chain::HOLDS.to_owned(),
            table_arn,
            view_type,
            key: self.identity.signer.verifier().to_string(),
            policies: self.policies.clone(),
        })
    }

    async fn put(&self, number: u64, bytes: &Bytes) -> Result<Put, PipelineError> {
        let mut patience = self.patience();
        loop {
            match self.log.put_commit(number, bytes.clone()).await {
                Settled::Ours { version_id } => return Ok(Put::Ours(version_id)),
                Settled::Theirs(object) => return Ok(Put::Theirs(object)),
                Settled::Undecided(error) => patience.wait(error).await?,
            }
        }
    }

    /// Another writer was first: fold in what it did, and keep of ours what still joins.
    async fn give_way(&mut self, theirs: &Object, sealed: Sealed) -> Result<Sealed, PipelineError> {
        let (number, rows) = (self.fold.size(), sealed.rows());
        let winner = self.log.fold_in(&mut self.fold, theirs)?.writer;
        self.follow().await?;
        self.check_ours()?;
        let rest = rebase(sealed, &self.fold)?;
        self.progress.lost_race();
        let kept = rest.rows();
        tracing::warn!(
            log = self.log.name(),
            "another writer ({}) made commit {number} first; of {rows} records here {} were in the archive already, \
             {kept} are committed behind it",
            winner.id,
            rows - kept,
        );
        Ok(rest)
    }

    /// Folds in what others committed. What was folded in stays so when the store fails half-way.
    async fn follow(&mut self) -> Result<(), PipelineError> {
        let mut patience = Patience::new(&self.identity, self.log.name());
        loop {
            match self.log.follow(&mut self.fold, |_, _| ()).await {
                Ok(()) => return Ok(()),
                Err(LogError::Store(error)) => patience.wait(error).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn publish(&mut self) -> Result<SignedCheckpoint, PipelineError> {
        let origin = self.fold.origin().unwrap_or_default().to_owned();
        let head = Checkpoint { origin, size: self.fold.size(), root: self.fold.tree().root() };
        let signed = self.identity.signer.sign(head).await?;
        let mut newest = self.newest.take();
        let mut patience = self.patience();
        loop {
            match self.log.publish(&signed, &mut newest).await {
                Ok(()) => break,
                Err(error) => patience.wait(error).await?,
            }
        }
        self.newest = newest;
        Ok(signed)
    }

    /// Makes up for a crash between a commit and its checkpoint. Leaves a larger one alone: another writer is ahead.
    async fn publish_if_behind(&mut self) -> Result<(), PipelineError> {
        if self.fold.size() == 0 {
            return Ok(());
        }
        self.newest = self.log.read(CHECKPOINT_KEY).await?;
        let newest = self.newest.as_ref().and_then(|object| SignedCheckpoint::parse(&object.bytes).ok());
        if newest.is_some_and(|signed| signed.checkpoint.size >= self.fold.size()) {
            return Ok(());
        }
        self.publish().await.map(drop)
    }

    fn patience(&self) -> Patience<'_> {
        Patience::new(&self.identity, self.log.name())
    }
}

enum Put {
    Ours(Option<String>),
    Theirs(Object),
}

/// Whether nothing may follow for a while.
fn ends(sealed: &Sealed) -> bool {
    sealed.facts.iter().any(|fact| matches!(fact, Fact::CaptureStopped { .. } | Fact::LogClosed { .. }))
}

fn gaps(sealed: &Sealed) -> usize {
    sealed.facts.iter().filter(|fact| matches!(fact, Fact::Gap(_))).count()
}

fn touched(sealed: &Sealed) -> Vec<(StreamLabel, ShardId)> {
    let segments = sealed.segments.iter().map(|segment| (segment.stream.clone(), segment.shard.clone()));
    let gaps = sealed.facts.iter().filter_map(|fact| {
        let Fact::Gap(gap) = fact else { return None };
        Some((gap.stream.clone(), gap.shard.clone()?))
    });
    let mut touched: Vec<_> = segments.chain(gaps).collect();
    touched.sort();
    touched.dedup();
    touched
}
