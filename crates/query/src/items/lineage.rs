//! Which shards may have held one item: an item stays in a shard, and goes to one of its children when that ends. So two
//! shards of which none comes from the other never hold the same item.

use std::collections::{BTreeMap, BTreeSet};

use sealog_chain::{Batch, Fact};
use sealog_record::{GapCause, ShardId, StreamLabel};

/// Shards behind each other that are looked at before a circle is assumed.
const DEPTH_MAX: usize = 100_000;

type Place = (StreamLabel, ShardId);

/// The shards of a log with their parents.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lineage {
    parents: BTreeMap<Place, Option<ShardId>>,
    /// Came and went unseen: where they come from is not known.
    lost: BTreeSet<Place>,
}

impl Lineage {
    pub(crate) fn take_fact(&mut self, fact: &Fact) {
        if let Fact::Gap(gap) = fact
            && gap.cause == GapCause::ParentVanished
            && let Some(shard) = &gap.shard
        {
            self.lost.insert((gap.stream.clone(), shard.clone()));
        }
    }

    pub(crate) fn take_batch(&mut self, batch: &Batch) {
        for segment in &batch.segments {
            let place = (segment.stream.clone(), segment.shard.clone());
            let parent = self.parents.entry(place).or_default();
            if parent.is_none() {
                parent.clone_from(&segment.parent);
            }
        }
    }

    /// The shard itself, its parent, and so on.
    pub(crate) fn line<'a>(
        &'a self,
        stream: &'a StreamLabel,
        shard: &'a ShardId,
    ) -> impl Iterator<Item = &'a ShardId> {
        let parent = move |shard: &&'a ShardId| {
            self.parents.get(&(stream.clone(), (*shard).clone())).and_then(Option::as_ref)
        };
        std::iter::successors(Some(shard), parent).take(DEPTH_MAX)
    }

    /// Whether `shard` comes from `from`, at whatever distance.
    pub(crate) fn descends(&self, stream: &StreamLabel, shard: &ShardId, from: &ShardId) -> bool {
        shard != from && self.line(stream, shard).any(|older| older == from)
    }

    /// Whether one item may have been in both.
    pub(crate) fn may_share(&self, stream: &StreamLabel, a: &ShardId, b: &ShardId) -> bool {
        let is_lost = |shard: &ShardId| {
            self.line(stream, shard).any(|older| self.lost.contains(&(stream.clone(), older.clone())))
        };
        a == b || self.descends(stream, a, b) || self.descends(stream, b, a) || is_lost(a) || is_lost(b)
    }

    /// Whether another shard names this one as its parent.
    pub(crate) fn has_children(&self, stream: &StreamLabel, shard: &ShardId) -> bool {
        self.parents.iter().any(|((of, _), parent)| of == stream && parent.as_ref() == Some(shard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lineage(edges: &[(&str, Option<&str>)], lost: &[&str]) -> Lineage {
        let place = |shard: &str| ("s".parse().unwrap(), shard.parse().unwrap());
        let parents =
            edges.iter().map(|(shard, parent)| (place(shard), parent.map(|it| it.parse().unwrap())));
        Lineage { parents: parents.collect(), lost: lost.iter().map(|shard| place(shard)).collect() }
    }

    #[test]
    fn only_shards_of_one_line_may_share_an_item() {
        let edges = [
            ("old", Some("trimmed")),
            ("a", Some("old")),
            ("b", Some("old")),
            ("a1", Some("a")),
            ("other", None),
        ];
        let shares = |lineage: &Lineage, a: &str, b: &str| {
            lineage.may_share(&"s".parse().unwrap(), &a.parse().unwrap(), &b.parse().unwrap())
        };
        let known = lineage(&edges, &[]);
        for (a, b, expected) in [
            ("a1", "old", true),
            ("old", "a1", true),
            ("a", "a", true),
            ("a1", "b", false),
            ("a", "b", false),
            ("other", "a", false),
        ] {
            assert_eq!(shares(&known, a, b), expected, "{a} {b}");
        }
        assert!(shares(&lineage(&edges, &["other"]), "other", "a"), "nobody knows where it comes from");
        assert!(known.has_children(&"s".parse().unwrap(), &"old".parse().unwrap()));
        assert!(!known.has_children(&"s".parse().unwrap(), &"a1".parse().unwrap()));
    }

    #[test]
    fn a_circle_ends() {
        let circle = lineage(&[("a", Some("b")), ("b", Some("a"))], &[]);
        assert!(!circle.descends(&"s".parse().unwrap(), &"a".parse().unwrap(), &"x".parse().unwrap()));
    }
}
