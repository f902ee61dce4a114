//! The copies for queries (FORMAT.md, section 8, "Lake"): whether they say what the evidence says.

use sealog_lake::LakeError;
use sealog_store::Log;

use crate::finding::{Code, Findings, Place};
use crate::options::VerifyOptions;

/// Bytes of places that are sorted in memory.
const MEMORY: usize = 64 << 20;

/// Holds every row of the lake against its evidence.
pub(crate) async fn judge(log: &Log, options: &VerifyOptions, findings: &mut Findings) {
    let spill = sealog_lake::Spill { folder: options.spill.folder.clone(), memory: MEMORY };
    let checked = match sealog_lake::check(log, options.now, spill).await {
        Ok(checked) => checked,
        Err(LakeError::Spill { folder, source }) => {
            let message = format!(
                "the lake could not be judged: a temporary file in {folder}: {source}; name a folder with room with --spill"
            );
            return findings.add(Code::Unreadable, Place::object("lake"), message);
        }
        Err(error) => {
            let message = format!("the lake could not be read, and was not judged: {error}");
            return findings.add(Code::Unreadable, Place::object("lake"), message);
        }
    };
    for flaw in checked.flaws {
        let place = Place { commit: flaw.commit, object: flaw.file, row: flaw.row, ..Place::default() };
        findings.add(Code::LakeMismatch, place, flaw.message);
    }
}
