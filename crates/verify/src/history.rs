//! What a store that keeps versions remembers of names that are created once (FORMAT.md, section 8, "Versions").
//!
//! A deletion there is a mark over what was deleted, and a condition to create only what is not there holds over such a
//! mark. So a name can be deleted and created anew, and only its versions tell.

use std::collections::BTreeMap;

use sealog_chain::{Batch, checkpoint_size_of, commit_number_of};
use sealog_store::{Log, Version, Versioning};

use crate::finding::{Code, Findings, Place};

/// Names of evidence that were deleted or written more than once; whether a commit names them is seen later.
#[derive(Debug, Default)]
pub(crate) struct History {
    evidence: BTreeMap<String, (Code, String)>,
}

impl History {
    /// Looks at the versions of commits, checkpoints and evidence.
    pub(crate) async fn gather(log: &Log, findings: &mut Findings) -> Self {
        let mut history = Self::default();
        match log.store().versioning().await {
            Ok(Versioning::Never) => return history,
            Ok(Versioning::Enabled) => {}
            Ok(Versioning::Suspended) => {
                let message = "the bucket once kept versions and does no more: what is overwritten or deleted now is lost";
                findings.add(Code::VersioningSuspended, Place::default(), message);
            }
            Err(error) => {
                unseen(findings, &format!("whether the store keeps versions could not be read: {error}"));
                return history;
            }
        }
        for folder in ["commits/", "checkpoints/", "evidence/"] {
            match log.store().versions(&log.key(folder)).await {
                Ok(versions) => history.look(log, &versions, findings),
                Err(error) => {
                    unseen(findings, &format!("the versions under {folder} could not be listed: {error}"));
                    return history;
                }
            }
        }
        history
    }

    fn look(&mut self, log: &Log, versions: &[Version], findings: &mut Findings) {
        for of_one in versions.chunk_by(|a, b| a.key == b.key) {
            let Some(name) = of_one.first().and_then(|version| version.key.strip_prefix(&log.key(""))) else {
                continue;
            };
            let Some((code, what)) = judge(of_one) else { continue };
            let message = format!("{name} {what}");
            if let Some(number) = commit_number_of(name) {
                findings.add(code, Place::commit(number).within(name), message);
            } else if checkpoint_size_of(name).is_some() {
                findings.add(code, Place::object(name), message);
            } else if name.starts_with("evidence/") {
                self.evidence.insert(name.to_owned(), (code, message));
            }
        }
    }

    /// Says of the evidence that commit `number` names what its versions tell.
    pub(crate) fn judge_evidence(&self, number: u64, batch: &Batch, findings: &mut Findings) {
        for object in &batch.objects {
            if let Some((code, message)) = self.evidence.get(&object.key) {
                findings.add(*code, Place::commit(number).within(&object.key), message.as_str());
            }
        }
    }
}

/// What the versions of one name tell; a name that was created once and left alone has one, and no mark.
fn judge(versions: &[Version]) -> Option<(Code, String)> {
    let bodies = versions.iter().filter(|version| !version.is_marker).count();
    let marks = versions.len() - bodies;
    let last = versions.iter().find(|version| version.is_latest).map_or("-", |version| &version.version_id);
    match (marks, bodies) {
        (0, 0 | 1) => None,
        (0, _) => Some((
            Code::SecondVersion,
            format!(
                "was written {bodies} times (version {last} is what readers get), and is a name that is created once"
            ),
        )),
        _ if versions.iter().any(|version| version.is_marker && version.is_latest) => Some((
            Code::DeleteMarker,
            format!(
                "was deleted: a delete marker (version {last}) lies over it; what it hides is there still, and removing that \
                 marker brings it back"
            ),
        )),
        _ => Some((
            Code::DeleteMarker,
            format!(
                "was deleted and created anew (version {last} is what readers get): {bodies} versions, {marks} markers"
            ),
        )),
    }
}

fn unseen(findings: &mut Findings, message: &str) {
    let message = format!("{message}; a name that was deleted and created anew would go unseen");
    findings.add(Code::VersionsUnseen, Place::default(), message);
}
