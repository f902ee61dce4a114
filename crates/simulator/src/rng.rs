//! A small seeded generator (SplitMix64): the same seed gives the same scenario on every machine.

/// Deterministic pseudo-random numbers; not for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Rng(u64);

impl Rng {
    /// A generator for one purpose (`lane`) of a scenario's seed; lanes do not disturb each other.
    pub(crate) fn new(seed: u64, lane: u64) -> Self {
        Self(mix(seed ^ mix(lane.wrapping_add(0x9E37_79B9_7F4A_7C15))))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.0)
    }

    /// A number from `0` to `bound - 1`; `0` when the bound is `0`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.next()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        // 53 bits are what an f64 holds exactly.
        let unit = (self.next() >> 11) as f64 / (1_u64 << 53) as f64;
        unit < probability
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> Option<&'a T> {
        let len = u64::try_from(choices.len()).unwrap_or(u64::MAX);
        let index = usize::try_from(self.below(len)).unwrap_or_default();
        choices.get(index).copied()
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Where an item belongs in the range of hashes that shards divide among themselves (FNV-1a, then mixed).
pub(crate) fn hash_text(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    mix(fnv)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_differ_and_repeat() {
        let draw = |seed, lane| {
            (0..4)
                .map({
                    let mut rng = Rng::new(seed, lane);
                    move |_| rng.next()
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(1, 1), draw(1, 1));
        assert_ne!(draw(1, 1), draw(1, 2));
        assert_ne!(draw(1, 1), draw(2, 1));
    }

    #[test]
    fn below_stays_below_and_chance_has_ends() {
        let mut rng = Rng::new(3, 0);
        assert!((0..1000).all(|_| rng.below(7) < 7));
        assert_eq!(rng.below(0), 0);
        assert!(!rng.chance(0.0));
        assert!(rng.chance(1.0));
    }
}
