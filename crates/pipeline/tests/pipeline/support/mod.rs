//! What the tests stand on: time that passes only when nobody works, a scripted service, stores that fail on cue, and the
//! oracle that reads an archive without the writer's code.

pub(crate) mod clock;
pub(crate) mod events;
pub(crate) mod oracle;
pub(crate) mod service;
pub(crate) mod store;
pub(crate) mod truth;
pub(crate) mod world;

/// Reproducible numbers (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}
