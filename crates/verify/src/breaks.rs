//! Names for rows whose images do not join: commit, object, shard and item, read again for the few that are reported.

use std::collections::BTreeMap;

use sealog_batch::EvidenceReader;
use sealog_chain::commit_key;
use sealog_store::Log;

use crate::bounds;
use crate::finding::{Code, Findings, Place, RowPlace};
use crate::form;
use crate::images::{Break, Spot};

/// How much of a key is shown.
const KEYS_SHOWN_MAX: usize = 200;

/// Reports breaks; `count` is that of all, of which these are the first.
pub(crate) async fn report(log: &Log, breaks: &[Break], count: u64, findings: &mut Findings) {
    let mut names = Names { log, objects: BTreeMap::new() };
    let beyond = count.saturating_sub(breaks.len() as u64);
    let more = if beyond == 0 { String::new() } else { format!(" ({beyond} further breaks are not listed)") };
    for some in breaks.chunk_by(|a, b| (a.later.commit, a.later.object) == (b.later.commit, b.later.object)) {
        let Some(first) = some.first() else { continue };
        let rows = names.rows(first.later, some).await;
        for found in some {
            let object = names.object(found.later).await;
            let earlier = names.object(found.earlier).await;
            let (shard, key) = rows.get(&found.later.row).cloned().unwrap_or_default();
            let message = format!(
                "shard {shard}, item {key}: row {} of commit {} begins from another image than row {} of commit {} left behind{more}",
                found.later.row, found.later.commit, found.earlier.row, found.earlier.commit
            );
            let place = Place {
                key: Some(key),
                earlier: Some(RowPlace {
                    commit: found.earlier.commit,
                    object: earlier,
                    row: u64::from(found.earlier.row),
                }),
                ..Place::commit(found.later.commit).within(&object).shard(&shard)
            };
            findings.add(Code::ImageBreak, place.row(u64::from(found.later.row)), message);
        }
    }
}

struct Names<'a> {
    log: &'a Log,
    /// Names of a commit's objects; at most two commits for each break.
    objects: BTreeMap<u64, Vec<String>>,
}

impl Names<'_> {
    /// Name of the object that a row lies in. It was read a moment ago; gone meanwhile, it has no name.
    async fn object(&mut self, spot: Spot) -> String {
        if !self.objects.contains_key(&spot.commit) {
            let read = bounds::commit(self.log, &commit_key(spot.commit)).await.ok().flatten();
            let batch = read.and_then(|bytes| form::read(&bytes).ok()).and_then(|commit| commit.batch);
            let names = batch.map(|batch| batch.objects.into_iter().map(|object| object.key).collect());
            self.objects.insert(spot.commit, names.unwrap_or_default());
        }
        let names = self.objects.get(&spot.commit);
        let place = usize::try_from(spot.object).unwrap_or(usize::MAX);
        names.and_then(|names| names.get(place)).cloned().unwrap_or_default()
    }

    /// Shard and keys of the later rows of some breaks, which lie in one object.
    async fn rows(&mut self, spot: Spot, some: &[Break]) -> BTreeMap<u32, (String, String)> {
        let mut rows = BTreeMap::new();
        let object = self.object(spot).await;
        let Ok(Some(object)) = self.log.read(&object).await else { return rows };
        let Ok(reader) = EvidenceReader::open(object.bytes) else { return rows };
        let read = reader.for_each(|place, row, _| {
            let Ok(place) = u32::try_from(place) else { return };
            if some.iter().any(|found| found.later.row == place) {
                let keys = row.change.keys.unwrap_or_default().chars().take(KEYS_SHOWN_MAX).collect();
                rows.insert(place, (row.shard_id.to_owned(), keys));
            }
        });
        // What was read before it broke off has its name.
        drop(read);
        rows
    }
}
