//! Plain items: a key, a version, and words up to the wanted size.

use super::{TableKeys, Write, keys};
use crate::rng::Rng;
use crate::scenario::{TableSpec, WriterSpec};
use crate::world::Identity;

/// What a record has besides its two images, and an image besides its words: measured, see the test.
const ENVELOPE_BYTES: u32 = 365;
const IMAGE_BYTES: u32 = 90;

const WORDS: [&str; 16] = [
    "alpine", "basalt", "copper", "delta", "ember", "fjord", "granite", "harbour", "inlet", "juniper",
    "kelp", "lagoon", "meadow", "nimbus", "orchard", "pebble",
];

#[derive(Debug)]
pub(super) struct Plain {
    keys: TableKeys,
    spec: WriterSpec,
    words_bytes: usize,
    version: u64,
}

impl Plain {
    pub(super) fn new(table: &TableSpec, spec: &WriterSpec) -> Self {
        let words = spec.bytes.saturating_sub(ENVELOPE_BYTES) / 2;
        let words_bytes = usize::try_from(words.saturating_sub(IMAGE_BYTES)).unwrap_or_default();
        Self { keys: TableKeys::new(table), spec: spec.clone(), words_bytes, version: 0 }
    }

    pub(super) fn step(&mut self, rng: &mut Rng) -> Write {
        self.version += 1;
        let item = rng.below(self.spec.items);
        let partition = format!("item-{item:08}");
        let keys = keys(&self.keys, &partition, item % 7);
        let unreadable = rng.chance(self.spec.unreadable);
        if rng.chance(self.spec.removes) {
            let identity = rng.chance(self.spec.ttl).then(Identity::ttl);
            return Write { partition, keys, image: None, identity, unreadable };
        }
        let mut image = keys.clone();
        image.pop();
        image.push_str(",\"version\":{\"N\":\"");
        image.push_str(&self.version.to_string());
        image.push_str("\"},\"payload\":{\"S\":\"");
        let end = image.len() + self.words_bytes;
        while image.len() < end {
            image.push_str(rng.pick(&WORDS).unwrap_or("x"));
            // Four hex digits between words: text that packs about as well as real items do.
            image.push_str(&format!("-{:04x} ", rng.next() >> 48));
        }
        image.truncate(end);
        image.push_str("\"}}");
        Write { partition, keys, image: Some(image), identity: None, unreadable }
    }
}
