//! Tables of a scenario: streams, writers, and what happens to shards.

use sealog_record::ViewType;
use serde::Deserialize;

use super::Millis;

/// A table with a stream.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TableSpec {
    /// The table's name: 3–255 of `a-z A-Z 0-9 _ . -`.
    pub name: String,
    /// AWS region in ARNs and records.
    pub region: String,
    /// AWS account in ARNs.
    pub account: String,
    /// Name of the partition key (a string).
    pub hash_key: String,
    /// Name of the sort key (a number), if there is one.
    pub range_key: Option<String>,
    /// What the first stream records.
    pub view_type: ViewType,
    /// When the stream was switched on.
    pub created: Millis,
    /// So long it takes to switch the stream off or on, or to delete the table, once an event asks for it.
    pub switch_takes: Millis,
    /// Shards at the beginning; they divide the partition keys among themselves.
    pub shards: u32,
    /// Sequence numbers begin here: 21 to 40 digits. Near a power of ten it catches readers that compare them as text; with 40
    /// digits those that put them into 128 bits.
    pub sequence_start: String,
    /// How `ApproximateCreationDateTime` is written.
    pub created_at: CreatedAt,
    /// So much the service's clock is ahead in `ApproximateCreationDateTime`.
    pub clock_skew: Millis,
    /// Records carry members that today's model does not know, as a newer service may send them.
    pub unknown_members: bool,
    /// `eventVersion`.
    pub event_version: String,
    /// Who writes.
    #[serde(rename = "writer")]
    pub writers: Vec<WriterSpec>,
    /// What happens to the stream and its shards.
    #[serde(rename = "event")]
    pub events: Vec<EventSpec>,
    /// How DescribeStream misbehaves.
    pub listing: ListingSpec,
    /// How GetRecords cuts its pages.
    pub pages: PagesSpec,
}

impl Default for TableSpec {
    fn default() -> Self {
        Self {
            name: String::new(),
            region: "eu-central-1".to_owned(),
            account: "123456789012".to_owned(),
            hash_key: "id".to_owned(),
            range_key: None,
            view_type: ViewType::NewAndOldImages,
            created: Millis::hours(-1),
            switch_takes: Millis(0),
            shards: 1,
            sequence_start: "300000000000000000000".to_owned(),
            created_at: CreatedAt::Integer,
            clock_skew: Millis(0),
            unknown_members: false,
            event_version: "1.1".to_owned(),
            writers: Vec::new(),
            events: Vec::new(),
            listing: ListingSpec::default(),
            pages: PagesSpec::default(),
        }
    }
}

impl TableSpec {
    /// A table of this name, everything else by default.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// Sets the number of shards at the beginning.
    #[must_use]
    pub fn shards(mut self, shards: u32) -> Self {
        self.shards = shards;
        self
    }

    /// Adds a writer.
    #[must_use]
    pub fn writer(mut self, writer: WriterSpec) -> Self {
        self.writers.push(writer);
        self
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, at: Millis, does: Happening) -> Self {
        self.events.push(EventSpec { at, does });
        self
    }
}

/// How `ApproximateCreationDateTime` is written on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreatedAt {
    /// `1764489600`
    #[default]
    Integer,
    /// `1.7644896E9`: the same number, as some of the service's hosts write it.
    Exponent,
    /// Not at all.
    Absent,
}

/// Somebody who changes items.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WriterSpec {
    /// So many changes, spread evenly from `from` to `until`. Exclusive with `rate`.
    pub count: Option<u64>,
    /// So many changes a second from `from` on, until `until` or for ever.
    pub rate: Option<f64>,
    /// First change.
    pub from: Millis,
    /// End (exclusive). With `count` the default is `from` plus one minute.
    pub until: Option<Millis>,
    /// What items look like.
    pub shape: Shape,
    /// How many different items there are; with `ledger`: accounts taken over at the beginning.
    pub items: u64,
    /// About how long a record with both images is on the wire (`plain` only).
    pub bytes: u32,
    /// Share of changes that delete, 0 to 1 (not for `ledger`).
    pub removes: f64,
    /// Share of the deletes that are made by TTL and carry `userIdentity`, 0 to 1 (not for `ledger`).
    pub ttl: f64,
    /// Share of changes whose record breaks the model (`SizeBytes` is a text), 0 to 1: poison that stays in the shard.
    pub unreadable: f64,
}

impl Default for WriterSpec {
    fn default() -> Self {
        Self {
            count: None,
            rate: None,
            from: Millis(0),
            until: None,
            shape: Shape::Plain,
            items: 100,
            bytes: 1_000,
            removes: 0.0,
            ttl: 0.0,
            unreadable: 0.0,
        }
    }
}

impl WriterSpec {
    /// So many changes of plain items between two instants.
    #[must_use]
    pub fn count(count: u64, from: Millis, until: Millis) -> Self {
        Self { count: Some(count), from, until: Some(until), ..Self::default() }
    }

    /// So many changes of plain items a second from an instant on.
    #[must_use]
    pub fn rate(per_second: f64, from: Millis) -> Self {
        Self { rate: Some(per_second), from, ..Self::default() }
    }
}

/// What a writer's items look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shape {
    /// A key, a version and words up to the wanted size.
    #[default]
    Plain,
    /// All ten attribute types, 38-digit numbers, empty values, 32 levels, names with dots or differing by case.
    AllTypes,
    /// The same, in odd but legal JSON: escapes, white space, surrogate pairs, a lone surrogate.
    OddJson,
    /// A bank's accounts; needs `hash_key = "account_id"` and no range key.
    Ledger,
}

/// Something that happens at an instant.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventSpec {
    /// When.
    pub at: Millis,
    /// What.
    pub does: Happening,
}

/// What can happen to a table. Shards are named by their order of birth in the newest stream, from 0.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Happening {
    /// An open shard ends and two children take over, half of its keys each.
    Split {
        /// Which shard.
        shard: u32,
        /// So long DescribeStream does not list the children.
        #[serde(default)]
        listed_after: Millis,
        /// So long the parent stays open, though no record comes any more.
        #[serde(default)]
        closes_after: Millis,
    },
    /// An open shard ends and one child takes over.
    Roll {
        /// Which shard.
        shard: u32,
        /// So long DescribeStream does not list the child.
        #[serde(default)]
        listed_after: Millis,
        /// So long the parent stays open, though no record comes any more.
        #[serde(default)]
        closes_after: Millis,
    },
    /// Trims a shard before its time.
    Trim {
        /// Which shard.
        shard: u32,
        /// So many of its newest records stay.
        #[serde(default)]
        keep: u64,
    },
    /// Trims what is as old as this or older, before its time; repeated, it plays a service that trims bit by bit.
    TrimOlder {
        /// How old.
        age: Millis,
        /// Which shard; absent: all of the newest stream.
        #[serde(default)]
        shard: Option<u32>,
    },
    /// A shard is no longer listed nor found, before its time.
    Vanish {
        /// Which shard.
        shard: u32,
    },
    /// The stream is switched off: every shard ends, the ARN stays readable for the retention time.
    Disable,
    /// The stream is switched on again, under a new ARN.
    Enable {
        /// What the new stream records.
        view_type: ViewType,
        /// Its shards.
        #[serde(default = "one")]
        shards: u32,
    },
    /// The table is deleted: the stream is switched off, writers stop.
    DeleteTable,
}

const fn one() -> u32 {
    1
}

/// How DescribeStream misbehaves.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListingSpec {
    /// Shards a page at most, 1 to 100.
    pub page_size: u32,
    /// The first page is empty and has a cursor.
    pub empty_first_page: bool,
    /// In which order shards come.
    pub order: ListingOrder,
    /// Shards that are never listed nor found (parents that the service has trimmed), by order of birth.
    pub hide: Vec<u32>,
}

impl Default for ListingSpec {
    fn default() -> Self {
        Self { page_size: 100, empty_first_page: false, order: ListingOrder::Lexical, hide: Vec::new() }
    }
}

/// In which order DescribeStream lists shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ListingOrder {
    /// By shard id, parents first: what the service does.
    #[default]
    Lexical,
    /// Against it: children before parents.
    ChildrenFirst,
}

/// How GetRecords cuts its pages.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PagesSpec {
    /// Records a page at most, 1 to 1000.
    pub records_max: u32,
    /// Bytes of records a page at most; one record always fits.
    pub bytes_max: u32,
    /// So many empty pages follow each page with records.
    pub empty_after_data: u32,
    /// What the end of a closed shard looks like.
    pub end: ShardEnd,
}

impl Default for PagesSpec {
    fn default() -> Self {
        Self { records_max: 1_000, bytes_max: 1 << 20, empty_after_data: 0, end: ShardEnd::WithRecords }
    }
}

/// What the end of a closed shard looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShardEnd {
    /// The page with the last records has no next iterator.
    #[default]
    WithRecords,
    /// The page after it, empty, has none.
    AfterRecords,
}
