//! One account as it stands in the table.

use crate::generate::Write;
use crate::rng::Rng;
use crate::world::Identity;

const FIRST_NAMES: [&str; 16] = [
    "Amelia",
    "Bruno",
    "Chiara",
    "Dimitri",
    "Elif",
    "Farid",
    "Greta",
    "Hugo",
    "Ines",
    "Jürgen",
    "Katarzyna",
    "Luca",
    "Marta",
    "Noah",
    "Oksana",
    "Pavel",
];
const LAST_NAMES: [&str; 16] = [
    "Novak",
    "Müller",
    "Rossi",
    "Petrov",
    "Yılmaz",
    "Haddad",
    "Lindqvist",
    "Moreau",
    "Silva",
    "Weber",
    "Kowalska",
    "Ferrari",
    "Kovács",
    "Jansen",
    "Bondar",
    "Dvořák",
];
const CURRENCIES: [&str; 4] = ["EUR", "EUR", "CHF", "USD"];
const KINDS: [&str; 5] = ["card", "sepa_credit", "sepa_debit", "instant", "standing_order"];
const RATINGS: [&str; 3] = ["low", "medium", "high"];
/// How long an invitation can be accepted.
const INVITATION_MS: i64 = 1_800_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Invited,
    Active,
    Held,
    Gone,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "INVITED",
            Self::Active => "ACTIVE",
            Self::Held => "ON_HOLD",
            Self::Gone => "CLOSED",
        }
    }
}

/// A booking on an account; amounts in cents.
#[derive(Debug, Clone)]
pub(super) struct Posting {
    id: u64,
    kind: &'static str,
    cents: i64,
    corrects: Option<u64>,
}

impl Posting {
    pub(super) fn payment(id: u64, rng: &mut Rng) -> Self {
        let cents = i64::try_from(100 + rng.below(45_000)).unwrap_or_default();
        let sign = if rng.below(5) < 3 { -1 } else { 1 };
        Self { id, kind: rng.pick(&KINDS).unwrap_or("card"), cents: sign * cents, corrects: None }
    }

    pub(super) fn interest(id: u64, cents: u64) -> Self {
        Self { id, kind: "interest", cents: i64::try_from(cents).unwrap_or_default(), corrects: None }
    }

    pub(super) fn mistake(id: u64) -> Self {
        Self { id, kind: "sepa_credit", cents: 1_250_000, corrects: None }
    }

    /// 12,500.00 were booked where 125.00 had come in.
    pub(super) fn correction(id: u64, wrong: &Self) -> Self {
        Self { id, kind: "correction", cents: wrong.cents / 100 - wrong.cents, corrects: Some(wrong.id) }
    }
}

#[derive(Debug, Clone)]
pub(super) struct Account {
    id: String,
    iban: String,
    owner: String,
    joint: Option<String>,
    currency: &'static str,
    status: Status,
    cents: i64,
    daily_limit: u64,
    rating: &'static str,
    reviewed_ms: i64,
    opened_ms: i64,
    last: Option<(Posting, i64)>,
    version: u64,
}

impl Account {
    pub(super) fn open(index: usize, status: Status, at_ms: i64, rng: &mut Rng) -> Self {
        let name = |rng: &mut Rng| {
            let first = rng.pick(&FIRST_NAMES).unwrap_or("Amelia");
            format!("{first} {}", rng.pick(&LAST_NAMES).unwrap_or("Novak"))
        };
        let owner = name(rng);
        let joint = (rng.below(4) == 0).then(|| name(rng));
        Self {
            id: format!("ACC-{:08}", 10_000_019_usize.wrapping_mul(index + 1) % 100_000_000),
            iban: format!("DE{:02}50010517{:010}", 10 + rng.below(89), rng.below(10_000_000_000)),
            owner,
            joint,
            currency: rng.pick(&CURRENCIES).unwrap_or("EUR"),
            status,
            cents: i64::try_from(rng.below(900_000)).unwrap_or_default(),
            daily_limit: 500 * (1 + rng.below(10)),
            rating: rng.pick(&RATINGS).unwrap_or("low"),
            reviewed_ms: at_ms,
            opened_ms: at_ms,
            last: None,
            version: 0,
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        matches!(self.status, Status::Active | Status::Held)
    }

    /// TTL deletes some time after the instant that the item names, never before.
    pub(super) fn is_expired(&self, at_ms: i64) -> bool {
        self.status == Status::Invited && at_ms >= self.opened_ms + INVITATION_MS
    }

    pub(super) fn post(&mut self, posting: Posting, at_ms: i64) {
        self.cents += posting.cents;
        self.last = Some((posting, at_ms));
    }

    pub(super) fn review(&mut self, at_ms: i64) {
        self.rating = if self.rating == "medium" { "low" } else { "medium" };
        self.reviewed_ms = at_ms;
        self.daily_limit = if self.daily_limit > 4_000 { 1_000 } else { self.daily_limit + 500 };
    }

    pub(super) fn toggle_hold(&mut self, _at_ms: i64) {
        self.status = if self.status == Status::Held { Status::Active } else { Status::Held };
    }

    pub(super) fn write(&mut self, by: &str, at_ms: i64) -> Write {
        self.version += 1;
        Write {
            partition: self.id.clone(),
            keys: self.keys(),
            image: Some(self.image(by, at_ms)),
            identity: None,
            unreadable: false,
        }
    }

    pub(super) fn remove(&mut self, identity: Option<Identity>) -> Write {
        self.status = Status::Gone;
        Write { partition: self.id.clone(), keys: self.keys(), image: None, identity, unreadable: false }
    }

    fn keys(&self) -> String {
        format!("{{\"account_id\":{{\"S\":\"{}\"}}}}", self.id)
    }

    fn image(&self, by: &str, at_ms: i64) -> String {
        let Self { id, iban, owner, currency, daily_limit, rating, version, .. } = self;
        let holders = match &self.joint {
            Some(joint) => format!("{{\"S\":\"{owner}\"}},{{\"S\":\"{joint}\"}}"),
            None => format!("{{\"S\":\"{owner}\"}}"),
        };
        let expires = match self.status {
            // TTL attributes are epoch seconds.
            Status::Invited => {
                format!("\"expires_at\":{{\"N\":\"{}\"}},", (self.opened_ms + INVITATION_MS) / 1_000)
            }
            Status::Active | Status::Held | Status::Gone => String::new(),
        };
        let last =
            self.last.as_ref().map(|(posting, at_ms)| last_posting(posting, *at_ms)).unwrap_or_default();
        format!(
            "{{\"account_id\":{{\"S\":\"{id}\"}},\"balance\":{{\"N\":\"{}\"}},\"currency\":{{\"S\":\"{currency}\"}},{expires}\
             \"holders\":{{\"L\":[{holders}]}},\"iban\":{{\"S\":\"{iban}\"}},\
             \"kyc\":{{\"M\":{{\"rating\":{{\"S\":\"{rating}\"}},\"reviewed_at\":{{\"S\":\"{}\"}}}}}},{last}\
             \"limits\":{{\"M\":{{\"daily\":{{\"N\":\"{daily_limit}\"}},\"card\":{{\"M\":{{\"atm\":{{\"N\":\"{}\"}},\"online\":{{\"N\":\"{}\"}}}}}}}}}},\
             \"owner\":{{\"S\":\"{owner}\"}},\"status\":{{\"S\":\"{}\"}},\"updated_at\":{{\"S\":\"{}\"}},\
             \"updated_by\":{{\"S\":\"{by}\"}},\"version\":{{\"N\":\"{version}\"}}}}",
            money(self.cents),
            instant(self.reviewed_ms),
            daily_limit / 5,
            daily_limit / 2,
            self.status.as_str(),
            instant(at_ms),
        )
    }
}

fn last_posting(posting: &Posting, at_ms: i64) -> String {
    let corrects = posting.corrects.map_or_else(String::new, |id| {
        format!(",\"corrects\":{{\"S\":\"PST-{id:010}\"}},\"reason\":{{\"S\":\"comma misplaced, see ticket OPS-4711\"}}")
    });
    format!(
        "\"last_posting\":{{\"M\":{{\"id\":{{\"S\":\"PST-{:010}\"}},\"kind\":{{\"S\":\"{}\"}},\"amount\":{{\"N\":\"{}\"}},\
         \"booked_at\":{{\"S\":\"{}\"}}{corrects}}}}},",
        posting.id,
        posting.kind,
        money(posting.cents),
        instant(at_ms),
    )
}

/// Cents as DynamoDB writes such a number: no trailing zeros.
fn money(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let (whole, part) = (cents.unsigned_abs() / 100, cents.unsigned_abs() % 100);
    match (part, part % 10) {
        (0, _) => format!("{sign}{whole}"),
        (_, 0) => format!("{sign}{whole}.{}", part / 10),
        _ => format!("{sign}{whole}.{part:02}"),
    }
}

fn instant(at_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(|_| at_ms.to_string(), |at| format!("{at:.3}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_as_dynamodb_writes_numbers() {
        let written: Vec<_> = [0, 5, 50, 1_234, 1_200, -7, -12_345].into_iter().map(money).collect();
        assert_eq!(written, ["0", "0.05", "0.5", "12.34", "12", "-0.07", "-123.45"]);
    }

    #[test]
    fn instants_are_rfc_3339() {
        assert_eq!(instant(1_763_769_600_123), "2025-11-22T00:00:00.123Z");
    }
}
