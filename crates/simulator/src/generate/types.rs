//! Items with everything that DynamoDB JSON can hold, in the usual spelling or in an odd but legal one.

use super::{TableKeys, Write, keys};
use crate::rng::Rng;
use crate::scenario::{TableSpec, WriterSpec};
use crate::world::Identity;

/// How the JSON is spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    Usual,
    /// Escapes that need not be, white space, surrogate pairs and a lone one.
    Odd,
}

#[derive(Debug)]
pub(super) struct Types {
    keys: TableKeys,
    spec: WriterSpec,
    spelling: Spelling,
    version: u64,
}

/// Levels of nesting that DynamoDB allows.
const LEVELS: usize = 32;

impl Types {
    pub(super) fn new(table: &TableSpec, spec: &WriterSpec, spelling: Spelling) -> Self {
        Self { keys: TableKeys::new(table), spec: spec.clone(), spelling, version: 0 }
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
        let open = keys.strip_suffix('}').unwrap_or(&keys);
        let rest = match self.spelling {
            Spelling::Usual => self.usual(rng),
            Spelling::Odd => self.odd(rng),
        };
        let image = format!("{open},{rest}}}");
        Write { partition, keys, image: Some(image), identity: None, unreadable }
    }

    fn usual(&self, rng: &mut Rng) -> String {
        let version = self.version;
        let digits = 10_000_000_000_000_000_000_000_000_000_000_000_000_u128 + u128::from(rng.next());
        let nested = format!("{}{{\"S\":\"deep\"}}{}", "{\"L\":[".repeat(LEVELS), "]}".repeat(LEVELS));
        format!(
            "\"version\":{{\"N\":\"{version}\"}},\"s\":{{\"S\":\"Grüße, 世界 🌍\"}},\"empty\":{{\"S\":\"\"}},\
             \"n\":{{\"N\":\"{digits}\"}},\"tiny\":{{\"N\":\"-1E-130\"}},\"b\":{{\"B\":\"AAECA/8=\"}},\"noB\":{{\"B\":\"\"}},\
             \"ss\":{{\"SS\":[\"a\",\"b c\"]}},\"ns\":{{\"NS\":[\"1\",\"-2.50\"]}},\"bs\":{{\"BS\":[\"AA==\",\"AQ==\"]}},\
             \"m\":{{\"M\":{{\"a.b\":{{\"BOOL\":true}},\"A.b\":{{\"BOOL\":false}},\"\":{{\"NULL\":true}}}}}},\
             \"noM\":{{\"M\":{{}}}},\"l\":{{\"L\":[{{\"S\":\"x\"}},{{\"N\":\"0\"}},{{\"L\":[]}}]}},\"deep\":{nested}"
        )
    }

    fn odd(&self, rng: &mut Rng) -> String {
        let space = rng.pick(&["", " ", "\t", " \r\n "]).unwrap_or_default();
        let version = self.version;
        format!(
            "\"version\"{space}:{space}{{\"\\u004e\":\"{version}\"}},{space}\"slash\":{{\"S\":\"a\\/b\\u0041\"}},\
             \"pair\":{{\"S\":\"\\ud83c\\udf0d\"}},\"lone\":{{\"S\":\"\\ud83c\"}},\"control\":{{\"S\":\"\\u0000\\b\\f\\n\\r\\t\\\"\\\\\"}},\
             \"same\":{{\"S\":\"1\"}},\"Same\":{{\"S\":\"2\"}},\"s\\u0061me \":{{\"S\":\"3\"}},\"l\":{{\"L\"{space}:[{space}]}},\
             \"brackets\":{{\"S\":\"}}]{{[\\\"Records\\\":\"}},\"e\":{{\"N\":\"1.0E+2\"}}"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_are_json() {
        let table = TableSpec { range_key: Some("at".into()), ..TableSpec::new("orders") };
        for spelling in [Spelling::Usual, Spelling::Odd] {
            let mut types = Types::new(&table, &WriterSpec::default(), spelling);
            let mut rng = Rng::new(1, 1);
            for _ in 0..20 {
                let write = types.step(&mut rng);
                let image: Box<serde_json::value::RawValue> =
                    serde_json::from_str(&write.image.unwrap()).unwrap();
                assert!(image.get().contains("\"at\":{\"N\":\""));
            }
        }
    }
}
