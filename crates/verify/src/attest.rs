//! Checkpoints: what the log's signers said of its head, and how far something from outside vouches for it
//! (FORMAT.md, sections 5, 6 and 8).

use std::collections::BTreeSet;

use futures_util::StreamExt as _;
use sealog_chain::{CHECKPOINT_KEY, SignedCheckpoint, VerifierKey, checkpoint_key, checkpoint_size_of};
use sealog_store::Log;

use crate::bounds;
use crate::finding::{Code, Findings, Place};
use crate::spine::Spine;

const READS_AT_ONCE: usize = 16;

/// One checkpoint as it was found.
struct Source {
    /// For people.
    name: String,
    /// Size that its name says; `checkpoint` and the one from outside have none.
    named: Option<u64>,
    outside: bool,
    /// The checkpoint, or why it is none.
    signed: Result<SignedCheckpoint, String>,
}

/// All checkpoints at hand for one log.
#[derive(Default)]
pub(crate) struct Checkpoints {
    sources: Vec<Source>,
    /// Names under `checkpoints/` that are none of a checkpoint.
    pub(crate) foreign: Vec<String>,
    /// Whether the log has any, readable or not.
    any_in_log: bool,
}

/// What speaks for the log that does not come from it.
#[derive(Clone, Copy)]
pub(crate) struct Trust<'a> {
    pub(crate) key: Option<&'a VerifierKey>,
    pub(crate) checkpoint: Option<&'a [u8]>,
}

impl Source {
    fn new(name: String, named: Option<u64>, bytes: &[u8]) -> Self {
        let signed = SignedCheckpoint::parse(bytes).map_err(|error| error.to_string());
        Self { name, named, outside: false, signed }
    }
}

impl Checkpoints {
    /// Reads `checkpoint`, then the kept ones. Before the commits are listed: a writer at work commits first.
    pub(crate) async fn gather(log: &Log, trust: Trust<'_>, findings: &mut Findings) -> Self {
        let mut found = Self::default();
        let newest = (CHECKPOINT_KEY.to_owned(), bounds::checkpoint(log, CHECKPOINT_KEY).await);
        let sizes = found.list(log, findings).await;
        let reads = futures_util::stream::iter(sizes).map(|size| async move {
            let key = checkpoint_key(size);
            let read = bounds::checkpoint(log, &key).await;
            (key, read)
        });
        let all = futures_util::stream::iter([newest]).chain(reads.buffered(READS_AT_ONCE));
        let mut all = std::pin::pin!(all);
        while let Some((key, read)) = all.next().await {
            match read {
                Ok(Some(bytes)) => {
                    found.any_in_log = true;
                    let named = checkpoint_size_of(&key);
                    found.sources.push(Source::new(key, named, &bytes));
                }
                Ok(None) => {}
                Err(error) => {
                    found.any_in_log = true;
                    let message = format!("{key} could not be read: {error}");
                    findings.add(Code::Unreadable, Place::object(&key), message);
                }
            }
        }
        if let Some(bytes) = trust.checkpoint {
            let source = Source::new("the checkpoint from outside".to_owned(), None, bytes);
            found.sources.push(Source { outside: true, ..source });
        }
        found
    }

    async fn list(&mut self, log: &Log, findings: &mut Findings) -> Vec<u64> {
        let listed = match log.store().list(&log.key("checkpoints/"), None).await {
            Ok(listed) => listed,
            Err(error) => {
                let message = format!("the kept checkpoints could not be listed: {error}");
                findings.add(Code::Unreadable, Place::object("checkpoints"), message);
                return Vec::new();
            }
        };
        let mut sizes = Vec::new();
        for entry in listed {
            let Some(name) = entry.key.strip_prefix(&log.key("")) else { continue };
            match checkpoint_size_of(name) {
                Some(size) => sizes.push(size),
                None => self.foreign.push(name.to_owned()),
            }
        }
        self.any_in_log |= !sizes.is_empty();
        sizes
    }

    /// Sizes at which the log's root is asked for.
    pub(crate) fn sizes(&self) -> BTreeSet<u64> {
        let signed = self.sources.iter().filter_map(|source| source.signed.as_ref().ok());
        signed.map(|signed| signed.checkpoint.size).collect()
    }

    /// Holds them against the commits. Gives the number of commits, from the first on, that something from outside vouches
    /// for.
    pub(crate) fn judge(&self, spine: &Spine, trust: Trust<'_>, findings: &mut Findings) -> u64 {
        let mut judge = Judge { spine, key: trust.key, findings, attested: 0, unlike: None };
        for source in &self.sources {
            judge.source(source);
        }
        judge.report_unlike();
        let attested = judge.attested;
        self.judge_trust(spine, trust, attested, findings);
        attested
    }

    fn judge_trust(&self, spine: &Spine, trust: Trust<'_>, attested: u64, findings: &mut Findings) {
        let outside = trust.checkpoint.is_some();
        if trust.key.is_none() && !outside {
            let message = "neither a key nor a checkpoint was given from outside the archive: whoever can rewrite all of it \
                           can make it consistent again, and nothing here would tell";
            return findings.add(Code::NoTrust, Place::default(), message);
        }
        if trust.key.is_some() && !self.any_in_log {
            let message = "the log has no checkpoint: nothing in it is signed";
            findings.add(Code::Unsigned, Place::default(), message);
        } else if attested < spine.count() {
            let message = format!(
                "nothing from outside vouches for commit {attested} and those after it: no checkpoint that could be checked covers them"
            );
            findings.add(Code::UnsignedTail, Place::commit(attested), message);
        }
    }
}

struct Judge<'a> {
    spine: &'a Spine,
    key: Option<&'a VerifierKey>,
    findings: &'a mut Findings,
    /// Commits that something from outside vouches for.
    attested: u64,
    /// Smallest size at which a root differs, and what to say.
    unlike: Option<(u64, String)>,
}

impl Judge<'_> {
    fn source(&mut self, source: &Source) {
        let signed = match self.readable(source) {
            Ok(signed) => signed,
            Err(why) => {
                let place = source.named.map_or(Place::default(), Place::commit);
                let message = format!("{} is no checkpoint of this log: {why}", source.name);
                return self.findings.add(Code::CheckpointMalformed, place, message);
            }
        };
        let (size, count) = (signed.checkpoint.size, self.spine.count());
        if size > count {
            let message = format!(
                "{} covers {size} commits, there are {count}: commit {count} and what followed was removed",
                source.name
            );
            return self.findings.add(Code::CheckpointAhead, Place::commit(count), message);
        }
        let Some(root) = self.spine.root(size) else { return };
        if root != signed.checkpoint.root {
            let message = format!(
                "{} states the root {} over the first {size} commits, they have {root}: one of them is not what was signed",
                source.name, signed.checkpoint.root
            );
            if self.unlike.as_ref().is_none_or(|(smallest, _)| size < *smallest) {
                self.unlike = Some((size, message));
            }
        } else if self.vouches(source, signed) {
            self.attested = self.attested.max(size);
        }
    }

    fn readable<'s>(&self, source: &'s Source) -> Result<&'s SignedCheckpoint, String> {
        let signed = source.signed.as_ref().map_err(Clone::clone)?;
        let checkpoint = &signed.checkpoint;
        match &self.spine.summary.origin {
            Some(origin) if *origin != checkpoint.origin => {
                Err(format!("it is of the log {:?}, this is {origin:?}", checkpoint.origin))
            }
            _ if checkpoint.size == 0 => Err("it covers no commit".to_owned()),
            _ if source.named.is_some_and(|named| named != checkpoint.size) => {
                Err(format!("it covers {} commits, its name says otherwise", checkpoint.size))
            }
            _ => Ok(signed),
        }
    }

    /// Whether a checkpoint whose root holds attests its commits: by its signature where a key was given, else by having
    /// come from outside.
    fn vouches(&mut self, source: &Source, signed: &SignedCheckpoint) -> bool {
        let keys = self.spine.continuity().keys();
        let size = signed.checkpoint.size;
        let in_force = keys.iter().rposition(|(number, _)| *number < size);
        let Some((place, (_, key))) = in_force.and_then(|place| Some((place, keys.get(place)?))) else {
            // Without a genesis there is no key to check with.
            return source.outside && self.key.is_none();
        };
        let Some(given) = self.key else {
            // A key that the log itself names is checked, but attests nothing.
            if !source.outside {
                self.signed_by(source, signed, key);
            }
            return source.outside;
        };
        match keys.iter().position(|(_, known)| known == given) {
            Some(trusted_from) if trusted_from <= place => self.signed_by(source, signed, key),
            // Signed before the given key was in force: newer checkpoints cover it.
            Some(_) => false,
            // After a commit that cannot be used, the rotation that leads to the given key may be lost.
            None if self.spine.sound() < self.spine.count() => false,
            None => {
                let message = format!(
                    "{} over {size} commits is to be signed by {key}, which the given key {given} does not vouch for: another \
                     key's log, or a log that was written anew",
                    source.name
                );
                self.findings.add(Code::WrongKey, Place::commit(size), message);
                false
            }
        }
    }

    fn signed_by(&mut self, source: &Source, signed: &SignedCheckpoint, key: &VerifierKey) -> bool {
        let size = signed.checkpoint.size;
        let (code, message) = match signed.signed_by(key) {
            Ok(true) => return true,
            Ok(false) => (
                Code::WrongKey,
                format!("{} over {size} commits has no signature by {key}, the key in force", source.name),
            ),
            Err(_) => (
                Code::BadSignature,
                format!(
                    "the signature of {key} under {} over {size} commits does not hold: the holder of that key did not make it",
                    source.name
                ),
            ),
        };
        self.findings.add(code, Place::commit(size), message);
        false
    }

    fn report_unlike(&mut self) {
        if let Some((size, message)) = self.unlike.take() {
            self.findings.add(Code::RootMismatch, Place::commit(size.saturating_sub(1)), message);
        }
    }
}
