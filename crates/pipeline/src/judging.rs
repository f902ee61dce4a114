//! Between reader and gatherer: the filters of a table judge each page, while the gatherer has the page before.
//!
//! Promises: order stays; a page keeps its share of memory while it is judged; a filter holds up nobody but its table.
//! Where no filter is configured, none of this runs.

mod judges;
mod murmur;
mod opinions;
mod workshop;

use std::sync::Arc;

use sealog_filter::{Halted, Judged, Judgement, Notice, Opinion, Panel};
use sealog_record::{ChangeRecord, ShardId, StreamLabel};
use sealog_source::{Alarm, Page, SourceEvent};
use tokio::sync::mpsc;

use crate::{Identity, PipelineError, Progress};
pub use judges::Judges;
use murmur::Murmur;
pub use opinions::Opinions;
pub use workshop::Workshop;

/// Judged pages that wait for the gatherer; one is judged meanwhile.
pub(crate) const JUDGED_QUEUED: usize = 2;

/// A run of a page's records that was judged by the same filters, standing alike.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) judges: Judges,
    /// One per record; `None` of one that cannot be read, which no filter sees.
    pub(crate) rows: Vec<Option<Judgement>>,
    pub(crate) opinions: Opinions,
}

/// An event, with what became of its page's fresh records; no runs: no filter judges.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) event: SourceEvent,
    pub(crate) runs: Vec<Run>,
}

/// Where the gatherer takes events from.
pub(crate) enum Inlet {
    /// From the reader itself.
    Read(mpsc::Receiver<SourceEvent>),
    /// From the filters.
    Judged(mpsc::Receiver<Arrived>),
}

impl Inlet {
    /// The next one; `None`: there are no more.
    pub(crate) async fn recv(&mut self) -> Option<Arrived> {
        match self {
            Self::Read(events) => Some(Arrived { event: events.recv().await?, runs: Vec::new() }),
            Self::Judged(arrived) => arrived.recv().await,
        }
    }
}

/// The one who asks a table's filters.
pub(crate) struct Judging {
    bench: Option<Bench>,
    workshop: Workshop,
    murmur: Murmur,
    progress: Arc<Progress>,
    identity: Identity,
}

/// The filters, and how they stand.
struct Bench {
    panel: Panel,
    judges: Judges,
}

/// What became of one page.
#[derive(Default)]
struct Verdicts {
    runs: Vec<Run>,
    notices: Vec<Notice>,
}

impl Judging {
    pub(crate) fn new(
        panel: Panel,
        workshop: Workshop,
        table: &str,
        progress: Arc<Progress>,
        identity: Identity,
    ) -> Self {
        let judges = Judges::of(&panel);
        progress.filters().begin(&panel);
        let bench = Some(Bench { panel, judges });
        Self { bench, workshop, murmur: Murmur::new(table), progress, identity }
    }

    /// Who judges.
    pub(crate) fn judges(&self) -> Judges {
        self.bench.as_ref().map(|bench| bench.judges.clone()).unwrap_or_default()
    }

    /// Judges what the reader sends until there is no more of it, nobody takes it, or a filter is to halt the table.
    ///
    /// # Errors
    /// [`PipelineError::FilterHalted`]: nothing of the page goes on, what came before it does.
    pub(crate) async fn run(
        mut self,
        mut events: mpsc::Receiver<SourceEvent>,
        arrived: mpsc::Sender<Arrived>,
    ) -> Result<(), PipelineError> {
        while let Some(event) = events.recv().await {
            let next = tokio::select! {
                biased;
                // After a stop that takes too long nobody waits for what is being judged; it is read again.
                () = arrived.closed() => return Ok(()),
                next = self.judge(event) => next?,
            };
            if arrived.send(next).await.is_err() {
                return Ok(());
            }
        }
        Ok(())
    }

    async fn judge(&mut self, event: SourceEvent) -> Result<Arrived, PipelineError> {
        let SourceEvent::Page { stream, shard, page, first, closes, permit } = event else {
            return Ok(Arrived { event, runs: Vec::new() });
        };
        if page.len() <= first {
            let event = SourceEvent::Page { stream, shard, page, first, closes, permit };
            return Ok(Arrived { event, runs: Vec::new() });
        }
        let lost = || PipelineError::Defect("a page was judged while another one was".to_owned());
        let mut bench = self.bench.take().ok_or_else(lost)?;
        let place = (stream, shard, page);
        let (bench, (stream, shard, page), verdicts) = self
            .workshop
            .work(move || {
                let verdicts = bench.judge(&place.0, &place.1, &place.2, first);
                (bench, place, verdicts)
            })
            .await?;
        self.bench = Some(bench);
        let Verdicts { runs, notices } = verdicts?;
        self.tell(&runs, notices);
        Ok(Arrived { event: SourceEvent::Page { stream, shard, page, first, closes, permit }, runs })
    }

    /// Counts, warns, and sounds the alarm for what was set aside.
    fn tell(&mut self, runs: &[Run], notices: Vec<Notice>) {
        for run in runs {
            self.progress.filters().count(&run.opinions);
        }
        let now_ms = self.identity.clock.now_ms();
        for notice in notices {
            self.progress.filters().note(&notice);
            if let Notice::Bypassed { filter, reason, .. } = &notice {
                self.progress.health().raise(Alarm::FilterBypassed(format!("{filter}: {reason}")));
            }
            self.murmur.say(&notice, now_ms);
        }
    }
}

impl Bench {
    /// Judges the records of a page from `first` on.
    fn judge(
        &mut self,
        stream: &StreamLabel,
        shard: &ShardId,
        page: &Page,
        first: usize,
    ) -> Result<Verdicts, PipelineError> {
        let fresh = || page.records().skip(first);
        let readable: Vec<ChangeRecord<'_>> =
            fresh().filter(|record| !record.unreadable).map(|record| record.change).collect();
        let judged = self.panel.judge(stream.as_str(), shard.as_str(), &readable).map_err(halted)?;
        let Judged { rows, opinions, notices, .. } = judged;
        let answers = rows.len();
        if (answers, opinions.len()) != (readable.len(), readable.len() * self.judges.len()) {
            let problem = format!("filters answered {answers} of {} records", readable.len());
            return Err(PipelineError::Defect(problem));
        }
        let mut verdicts = Verdicts { runs: Vec::new(), notices };
        let mut answers = rows.into_iter().zip(opinions.chunks(self.judges.len().max(1))).enumerate();
        let mut run = Run { judges: self.judges.clone(), ..Run::default() };
        let unasked = vec![Opinion::Unasked; self.judges.len()];
        for record in fresh() {
            let answer = if record.unreadable { None } else { answers.next() };
            let Some((place, (row, said))) = answer else {
                run.rows.push(None);
                run.opinions.push(&unasked);
                continue;
            };
            run.rows.push(Some(row));
            run.opinions.push(said);
            // Who was set aside at this row judges no more from the next one on.
            if self.learn(place, &verdicts.notices) {
                let next = Run { judges: self.judges.clone(), ..Run::default() };
                verdicts.runs.push(std::mem::replace(&mut run, next));
            }
        }
        if !run.rows.is_empty() {
            verdicts.runs.push(run);
        }
        Ok(verdicts)
    }

    /// Whether anybody was set aside at this row.
    fn learn(&mut self, place: usize, notices: &[Notice]) -> bool {
        let before = self.judges.clone();
        for notice in notices {
            if let Notice::Bypassed { filter, row, reason } = notice
                && *row == place
            {
                self.judges = self.judges.without(filter, reason);
            }
        }
        self.judges != before
    }
}

fn halted(halted: Halted) -> PipelineError {
    PipelineError::FilterHalted(Box::new(halted))
}
