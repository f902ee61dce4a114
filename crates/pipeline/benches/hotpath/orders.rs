//! Records as a shop's table has them: many short attributes, a quote or brace every few bytes, both images; about 1,726
//! bytes on the wire, 1,311 of them images. The same each time.

use bytes::Bytes;

const CITIES: [&str; 8] = ["Leipzig", "Rotterdam", "Porto", "Uppsala", "Graz", "Bologna", "Ghent", "Brno"];
const STATES: [&str; 6] = ["placed", "paid", "picked", "shipped", "delivered", "returned"];
/// Reproducible numbers (SplitMix64).
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

impl Rng {
    /// Letters and digits that do not pack, as ids and tokens have them.
    fn text(&mut self, len: usize) -> String {
        const SYMBOLS: &[u8; 62] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let symbol = |_| char::from(SYMBOLS[usize::try_from(self.below(62)).unwrap_or(0)]);
        (0..len).map(symbol).collect()
    }
}

/// One order; a change moves its state, version and time.
struct Order {
    keys: String,
    fixed: String,
    state: usize,
    version: u64,
}

impl Order {
    fn new(number: u64, rng: &mut Rng) -> Self {
        let line = |rng: &mut Rng| {
            format!(
                r#"{{"M":{{"sku":{{"S":"{}"}},"quantity":{{"N":"{}"}},"price":{{"N":"{}.{:02}"}}}}}}"#,
                rng.text(12),
                1 + rng.below(9),
                1 + rng.below(400),
                rng.below(100),
            )
        };
        let lines: Vec<String> = (0..3).map(|_| line(rng)).collect();
        let fixed = format!(
            r#""customer":{{"S":"{}"}},"address":{{"M":{{"city":{{"S":"{}"}},"zip":{{"S":"{:05}"}}}}}},"lines":{{"L":[{}]}},"express":{{"BOOL":{}}},"payment":{{"M":{{"method":{{"S":"card"}},"token":{{"S":"{}"}}}}}}"#,
            rng.text(32),
            rng.pick(&CITIES),
            rng.below(100_000),
            lines.join(","),
            rng.below(2) == 0,
            rng.text(52),
        );
        let placed_at = 1_795_000_000_000 + rng.below(300_000_000);
        let id = rng.text(32);
        let keys = format!(r#"{{"id":{{"S":"{id}"}},"placed_at":{{"N":"{placed_at}"}}}}"#);
        Self { keys, fixed, state: usize::try_from(number % 6).unwrap_or(0), version: 1 }
    }

    fn image(&self, at_s: u64) -> String {
        format!(
            r#"{},{},"state":{{"S":"{}"}},"version":{{"N":"{}"}},"updated_at":{{"N":"{at_s}.{:06}"}}}}"#,
            &self.keys[..self.keys.len() - 1],
            self.fixed,
            STATES[self.state],
            self.version,
            self.version * 7919 % 1_000_000,
        )
    }
}

/// `count` records in order, and the bytes of their images.
pub(crate) fn records(count: usize) -> (Vec<Bytes>, usize) {
    let mut rng = Rng(1);
    let mut orders: Vec<Order> = (0..40_000).map(|number| Order::new(number, &mut rng)).collect();
    let (mut records, mut images) = (Vec::with_capacity(count), 0);
    let mut sequence = 300_000_000_000_000_000_000_u128;
    for number in 0..count as u64 {
        let place = usize::try_from(rng.below(orders.len() as u64)).unwrap_or(0);
        let order = &mut orders[place];
        let at_s = 1_795_342_530 + number / 500;
        let old = order.image(at_s - 60);
        order.version += 1;
        order.state = (order.state + 1) % STATES.len();
        let new = order.image(at_s);
        images += old.len() + new.len();
        sequence += 1 + u128::from(rng.below(1_000_000));
        let event_id = format!("{:016x}{:016x}", rng.next(), rng.next());
        let record = format!(
            r#"{{"awsRegion":"eu-central-1","dynamodb":{{"ApproximateCreationDateTime":{at_s},"Keys":{},"NewImage":{new},"OldImage":{old},"SequenceNumber":"{sequence}","SizeBytes":{},"StreamViewType":"NEW_AND_OLD_IMAGES"}},"eventID":"{event_id}","eventName":"MODIFY","eventSource":"aws:dynamodb","eventVersion":"1.1"}}"#,
            order.keys,
            old.len() + new.len() - 300,
        );
        records.push(Bytes::from(record));
    }
    (records, images)
}
