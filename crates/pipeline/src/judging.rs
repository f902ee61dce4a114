//! Between reader and gatherer: the filters of a table judge each page, while the gatherer has the page before.
//!
//! Promises: order stays; a page keeps its share of memory while it is judged; a filter holds up nobody but its table.
//! Where no filter is configured, none of this runs.

mod judges;
mod murmur;
mod opinions;
mod workshop;

use std::collections::BTreeMap;

use sealog_filter::{Halted, Judged, Judgement, Notice, Opinion, Panel};
use sealog_record::{ChangeRecord, ShardId, StreamLabel};
use sealog_source::{Alarm, Page, SourceEvent};
use std::sync::Arc;
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
    /// Why filters were set aside, by name.
    why: BTreeMap<String, String>,
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
        let judges = Judges::of(&panel, &BTreeMap::new());
        progress.filters().begin(&panel);
        let bench = Some(Bench { panel, judges, why: BTreeMap::new() });
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
            if let Notice::Bypassed { filter, reason } = &notice {
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
        let readable: Vec<ChangeRecord<'_>> = page
            .records()
            .skip(first)
            .filter(|record| !record.unreadable)
            .map(|record| record.change)
            .collect();
        let mut unreadable = page.records().skip(first).map(|record| record.unreadable).peekable();
        let mut verdicts = Verdicts::default();
        let mut rest = &readable[..];
        while !rest.is_empty() {
            let judged = self.panel.judge(stream.as_str(), shard.as_str(), rest).map_err(halted)?;
            let answered = judged.rows.len();
            rest = rest.get(answered..).filter(|_| answered > 0).ok_or_else(|| {
                PipelineError::Defect(format!("filters answered {answered} of {} records", rest.len()))
            })?;
            let Judged { rows, opinions, notices, .. } = judged;
            verdicts.runs.push(run(self.judges.clone(), rows, &opinions, &mut unreadable));
            self.learn(&notices);
            verdicts.notices.extend(notices);
        }
        if unreadable.peek().is_some() {
            verdicts.runs.push(run(self.judges.clone(), Vec::new(), &[], &mut unreadable));
        }
        Ok(verdicts)
    }

    /// Who was set aside judges no more from here on.
    fn learn(&mut self, notices: &[Notice]) {
        let before = self.why.len();
        for notice in notices {
            if let Notice::Bypassed { filter, reason } = notice {
                self.why.insert(filter.clone(), reason.clone());
            }
        }
        if self.why.len() > before {
            self.judges = Judges::of(&self.panel, &self.why);
        }
    }
}

/// The judged rows in their places among those that no filter sees; behind the last one, none.
fn run(
    judges: Judges,
    rows: Vec<Judgement>,
    opinions: &[Opinion],
    unreadable: &mut dyn Iterator<Item = bool>,
) -> Run {
    let unasked = vec![Opinion::Unasked; judges.len()];
    let mut run = Run { judges, ..Run::default() };
    let mut opinions = opinions.chunks(unasked.len().max(1));
    let mut unseen = |run: &mut Run| {
        while unreadable.next() == Some(true) {
            run.rows.push(None);
            run.opinions.push(&unasked);
        }
    };
    let is_last_run = rows.is_empty();
    for row in rows {
        unseen(&mut run);
        run.rows.push(Some(row));
        run.opinions.push(opinions.next().unwrap_or(&unasked));
    }
    if is_last_run {
        unseen(&mut run);
    }
    run
}

fn halted(halted: Halted) -> PipelineError {
    PipelineError::FilterHalted(Box::new(halted))
}
