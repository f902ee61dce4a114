//! Batches that are checked side by side.

use std::sync::Arc;

use sealog_store::Log;
use tokio::task::JoinSet;

use crate::evidence::{self, Checked, Evidence};
use crate::finding::{Code, Findings, Place};
use crate::images::Images;
use crate::objects;
use crate::options::{Progress, VerifyOptions};
use crate::report::CheckedCounts;
use crate::scope::Depth;

/// At most [`VerifyOptions::readers`] batches at once, and what was found in all of them.
pub(crate) struct Pool<'a> {
    readers: usize,
    depth: Depth,
    running: JoinSet<Checked>,
    pub(crate) findings: Findings,
    pub(crate) counts: CheckedCounts,
    pub(crate) images: Option<Arc<Images>>,
    /// Commits whose rows are not all known.
    pub(crate) opaque: Vec<u64>,
    pub(crate) progress: &'a Progress,
}

impl<'a> Pool<'a> {
    pub(crate) fn new(
        options: &VerifyOptions,
        progress: &'a Progress,
        depth: Depth,
        images: Option<Arc<Images>>,
    ) -> Self {
        Self {
            readers: options.readers.max(1),
            depth,
            running: JoinSet::new(),
            findings: Findings::default(),
            counts: CheckedCounts::default(),
            images,
            opaque: Vec::new(),
            progress,
        }
    }

    pub(crate) async fn check(&mut self, log: Log, number: u64, evidence: Evidence) {
        while self.running.len() >= self.readers && self.collect().await {}
        self.progress.named(evidence.batch.objects.len() as u64);
        self.counts.commits += u64::from(!evidence.batch.objects.is_empty());
        if self.depth >= Depth::Full {
            self.running.spawn(evidence::check(log, number, evidence, self.images.clone()));
        } else {
            self.running.spawn(objects::check(log, number, evidence));
        }
    }

    /// Waits for one batch; `false` when none is running.
    async fn collect(&mut self) -> bool {
        match self.running.join_next().await {
            None => false,
            Some(Ok(Checked { findings, objects, bytes, records, hashed, opaque })) => {
                self.findings.append(findings);
                self.progress.checked(objects, bytes, records);
                self.counts.objects += objects;
                self.counts.hashed += hashed;
                self.counts.bytes += bytes;
                self.counts.rows += records;
                self.opaque.extend(opaque);
                true
            }
            Some(Err(error)) => {
                let message = format!(
                    "the evidence of a commit could not be checked ({error}); a defect of this program: report it"
                );
                self.findings.add(Code::Unreadable, Place::object("evidence"), message);
                true
            }
        }
    }

    pub(crate) async fn finish(mut self) -> Self {
        while self.collect().await {}
        self
    }
}
