//! What can be found, how bad each is, which verdict it speaks to, and what it means (FORMAT.md, section 8, "Findings").

use std::fmt;

use serde::Serialize;

/// How bad a finding is; the worst of a log decides its outcome. Ordered from the least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Worth knowing, proves nothing.
    Notice,
    /// Changes that could no longer be read were admitted.
    Gap,
    /// Nothing from outside vouches for it.
    Unattested,
    /// Nothing newer than the heartbeat allows.
    Stale,
    /// It could not be judged. Not the same as tampered.
    Unverifiable,
    /// It is not as it was sealed.
    Tampered,
}

/// Which of the two verdicts a finding speaks to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Whether what is there is what was sealed.
    Integrity,
    /// Whether all that should be there is.
    Completeness,
    /// Both.
    Both,
}

impl Verdict {
    /// Whether it speaks to integrity.
    #[must_use]
    pub const fn is_of_integrity(self) -> bool {
        matches!(self, Self::Integrity | Self::Both)
    }

    /// Whether it speaks to completeness.
    #[must_use]
    pub const fn is_of_completeness(self) -> bool {
        matches!(self, Self::Completeness | Self::Both)
    }
}

macro_rules! codes {
    ($($name:ident $text:literal $level:ident $verdict:ident $what:literal $expected:literal $meaning:literal,)*) => {
        /// What was found; texts, levels and verdicts are those of FORMAT.md's table.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code { $(#[doc = $what] $name,)* }

        impl Code {
            /// Every code, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code's text, such as `object-changed`.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How bad it is.
            #[must_use]
            pub const fn level(self) -> Level {
                match self { $(Self::$name => Level::$level,)* }
            }

            /// Which verdict it speaks to.
            #[must_use]
            pub const fn verdict(self) -> Verdict {
                match self { $(Self::$name => Verdict::$verdict,)* }
            }

            /// What was found, in a few words.
            #[must_use]
            pub const fn what(self) -> &'static str {
                match self { $(Self::$name => $what,)* }
            }

            /// What a sound archive shows instead.
            #[must_use]
            pub const fn expected(self) -> &'static str {
                match self { $(Self::$name => $expected,)* }
            }

            /// What it means for an auditor, in plain words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)* }
            }
        }
    };
}

codes! {
    CommitMissing "commit-missing" Tampered Both
        "A number below the highest is not there."
        "commits are numbered from 0 without a hole"
        "Somebody removed part of the log after it was written. Whatever those commits recorded is not shown to you.",
    CommitMalformed "commit-malformed" Tampered Both
        "Bytes are not a commit in its only form, or contradict themselves."
        "one JSON object in the only form that the format allows, with counts that add up"
        "The commit was damaged or edited after it was written, or no writer of this format made it. What it recorded cannot be relied on.",
    FormatUnknown "format-unknown" Unverifiable Both
        "A commit of a format that a newer reader may know."
        "the format sealog.commit/1"
        "Nothing is proved either way: repeat the check with a newer program.",
    CommitMisplaced "commit-misplaced" Tampered Both
        "A commit says another number than its name."
        "each commit states the number that it is stored under"
        "Commits were exchanged, renamed or copied over each other.",
    CommitChanged "commit-changed" Tampered Integrity
        "A commit's hash is not what the next one states."
        "the SHA-256 of each commit is what the next commit states of it"
        "The commit was edited after the next one had been written. Do not rely on what it says now.",
    OriginMismatch "origin-mismatch" Tampered Integrity
        "A commit of another log."
        "the origin is that of the table which the genesis names, and the same in every commit"
        "A commit was brought in from the log of another table.",
    ClockBackwards "clock-backwards" Tampered Integrity
        "A commit is dated before its predecessor."
        "dates never go back from one commit to the next"
        "No writer of this format dates commits backwards: dates were forged, so they prove nothing here.",
    GenesisMissing "genesis-missing" Tampered Integrity
        "Commit 0 does not begin with a genesis."
        "commit 0 begins with the genesis"
        "Nothing says what this log holds, by which rules, and whose key signs it.",
    SegmentHole "segment-hole" Tampered Completeness
        "Records between two segments of a shard are missing."
        "each segment begins right behind the shard's last committed record"
        "Changes of this shard were left out without being declared as a gap.",
    SegmentReplayed "segment-replayed" Tampered Integrity
        "A segment repeats records, or its shard had ended."
        "each segment begins right behind the shard's last committed record, and nothing follows a shard's end"
        "Changes were put into the log a second time, or made up behind the end of a shard.",
    ParentOrder "parent-order" Tampered Completeness
        "Rows of a shard were committed before its parent had ended."
        "a shard's rows come in a later commit than the end of its parent"
        "The order of changes to one item cannot be relied on here, and changes of the parent may be missing.",
    FactContradiction "fact-contradiction" Tampered Integrity
        "Any other rule of the fold is broken."
        "every fact follows from the commits before it"
        "What the log claims to have happened cannot have happened in this order. No writer of this format commits that.",
    CheckpointMalformed "checkpoint-malformed" Tampered Integrity
        "Not a checkpoint, or of another origin."
        "a checkpoint of this log in C2SP form, under its own size"
        "A signed statement on this log was damaged, replaced, or belongs to another log.",
    BadSignature "bad-signature" Tampered Integrity
        "A signature by the key to check with does not hold."
        "a signature by the key in force that verifies"
        "The holder of that key did not sign this. Somebody forged or damaged a checkpoint.",
    WrongKey "wrong-key" Tampered Integrity
        "No signature by the key to check with, or that key is not trusted."
        "a signature by a key that your key vouches for"
        "Either you hold the key of another log, or this log was written anew by somebody else.",
    CheckpointAhead "checkpoint-ahead" Tampered Both
        "A checkpoint covers more commits than there are."
        "as many commits as the checkpoint covers"
        "The newest commits were removed: they existed when the checkpoint was signed.",
    RootMismatch "root-mismatch" Tampered Integrity
        "A checkpoint's root is not that of its commits."
        "the root over the first commits is the one that was signed"
        "At least one commit below that size is not the one that was signed: history was rewritten, or two histories were signed.",
    ObjectMissing "object-missing" Tampered Both
        "An evidence object is not there."
        "every object that a commit names is there"
        "The rows of this commit were removed after it was written. Its commit still proves that they existed, and how many.",
    ObjectChanged "object-changed" Tampered Integrity
        "An evidence object has other bytes than its commit states."
        "size and SHA-256 as the commit states them"
        "The file was edited, damaged or exchanged after it was sealed. Do not rely on its rows.",
    ObjectUnreadable "object-unreadable" Tampered Both
        "The right bytes, but no evidence."
        "a Parquet file of the columns that the format has"
        "It was sealed like this: whoever wrote it sealed something that is no evidence.",
    RowChanged "row-changed" Tampered Integrity
        "A row is not what its stored leaf says."
        "the stored leaf hash is the hash of the row"
        "This row was edited; what it says now is not what was recorded.",
    RowForeign "row-foreign" Tampered Integrity
        "A row is not of its segment's shard."
        "stream and shard of the segment that the row lies in"
        "A row was put in from elsewhere.",
    RowOrder "row-order" Tampered Integrity
        "A row does not lie behind the one before it."
        "sequence numbers that rise within a shard"
        "Rows were re-ordered, repeated or made up.",
    FilterForeign "filter-foreign" Tampered Integrity
        "A row was decided by no filter of its commit."
        "a filter that the commit lists and whose word counts, named by each row that it decided"
        "What was decided about this row follows from no filter that the log had pinned.",
    SegmentMismatch "segment-mismatch" Tampered Completeness
        "The last row of a segment is not its `last`."
        "the segment's last row bears the sequence number that the commit states"
        "The commit claims to reach further, or less far, than its rows do: changes may be missing.",
    CountsMismatch "counts-mismatch" Tampered Both
        "Rows or decisions differ from the commit's counts."
        "as many rows and decisions as the commit states"
        "Rows were left out or added, or the commit lies about what filters decided.",
    RecordsRootMismatch "records-root-mismatch" Tampered Integrity
        "The root over the rows is not the commit's."
        "the root over the rows' hashes is the one in the commit"
        "The commit was made for other rows than these.",
    ImageBreak "image-break" Tampered Completeness
        "An item's image before a change is not its image after the change before it."
        "each change of an item begins from the image that its previous change left"
        "At least one change of this item between the two rows is missing and no gap was declared, or an image was made up.",
    SecondVersion "second-version" Tampered Integrity
        "A name that is created once was written again."
        "one version of each name that is created once"
        "Somebody wrote over it. What is read now may be right all the same; who could write can tell why.",
    DeleteMarker "delete-marker" Tampered Both
        "A name that is created once was deleted."
        "no deletion of a name that is created once"
        "Somebody deleted it. The bucket still holds what was deleted, under its old version.",
    TileMismatch "tile-mismatch" Tampered Integrity
        "A tile says something else than the commits."
        "each tile and entry bundle under tlog/ is made of the log's commits, and tlog/checkpoint is signed"
        "Whoever reads the log through its tiles is shown another log than the one that was sealed.",
    LakeMismatch "lake-mismatch" Tampered Integrity
        "A copy for queries says something else than the evidence."
        "each row of each published commit once in the lake, as its evidence has it, and no other file there"
        "Whoever asks the lake is shown something else than what was sealed. The evidence is not affected; the lake can be made anew from it.",
    Unreadable "unreadable" Unverifiable Both
        "An object could not be read."
        "an object that can be read"
        "Nothing is proved either way: mend permissions or storage and repeat the check.",
    NoLog "no-log" Unverifiable Both
        "There are no commits."
        "a log with at least its genesis"
        "There is nothing to check. Make sure that this is the right place.",
    Stale "stale" Stale Completeness
        "The newest commit is older than the heartbeat allows."
        "a commit at least every two heartbeats"
        "The newest commits may have been cut off, or the writer has stopped. Ask who runs it, and compare with a checkpoint kept elsewhere.",
    NoTrust "no-trust" Unattested Integrity
        "Neither key nor checkpoint from outside."
        "a key or a checkpoint that was kept outside the archive"
        "The archive agrees with itself. Whoever can rewrite all of it could make it so: give a key that was kept elsewhere.",
    Unsigned "unsigned" Unattested Integrity
        "A key was given, but the log has no checkpoint."
        "at least one signed checkpoint"
        "Nothing in this log is signed, so your key proves nothing.",
    UnsignedTail "unsigned-tail" Unattested Integrity
        "Commits that nothing from outside vouches for."
        "a checkpoint over all commits"
        "The newest commits may be genuine, if the writer stopped before it had signed them; nothing proves it.",
    GapDeclared "gap-declared" Gap Completeness
        "Changes that could no longer be read, as the log admits."
        "no gap; or one that is declared"
        "Some changes are missing and the log says so, where and why. What is there is not affected.",
    ForeignObject "foreign-object" Notice Integrity
        "A name that has no place where it lies."
        "only names of commits and checkpoints in their folders"
        "A stray file. It proves nothing and harms nothing.",
    ChildrenMissing "children-missing" Notice Completeness
        "A shard ended and nothing continues it."
        "a child for each shard that ended in an open stream"
        "The shard's children may not have been listed yet when the log was read, or the stream was switched off. If it persists, ask.",
    HeartbeatLate "heartbeat-late" Notice Completeness
        "Two neighbouring commits lie further apart than two heartbeats."
        "a commit at least every two heartbeats"
        "Nobody wrote the log in this time. What could not be read any more afterwards would be declared as a gap.",
    VersioningSuspended "versioning-suspended" Notice Integrity
        "The store kept versions once and does no more."
        "a bucket that keeps versions"
        "What is overwritten or deleted now leaves no trace in the bucket.",
    VersionsUnseen "versions-unseen" Notice Integrity
        "Versions could not be looked at."
        "permission to list versions"
        "A name that was deleted and created anew would go unseen by this check; hashes and signatures were checked all the same.",
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
