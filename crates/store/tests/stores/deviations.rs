//! Where a store of the tests is not as AWS's S3 is: the one list. Product code tolerates none of it; what is worse on a
//! server than on AWS is to be known, and never relied on the other way round.
//!
//! What no server has, and so is checked on AWS only: `409 ConditionalRequestConflict` (injected by `proxy.rs`) and the
//! policy condition `s3:if-none-match`.

/// A rule of AWS that a store breaks.
pub(crate) struct Deviation {
    pub(crate) store: &'static str,
    /// Name of the property that shows it.
    pub(crate) property: &'static str,
    /// What AWS promises, and where.
    pub(crate) rule: &'static str,
    /// What happens instead.
    pub(crate) does: &'static str,
    /// Part of what the property says then.
    pub(crate) seen: &'static str,
}

pub(crate) const DEVIATIONS: &[Deviation] = &[
    Deviation {
        store: "directory",
        property: "takes a name and names below it",
        rule: "a key is a name, no path (user guide, \"Naming Amazon S3 objects\")",
        does: "a file cannot be a folder, too; no name of FORMAT.md needs it",
        seen: "",
    },
    Deviation {
        store: "versitygw",
        property: "takes a name and names below it",
        rule: "a key is a name, no path (user guide, \"Naming Amazon S3 objects\")",
        does: "refused",
        seen: "",
    },
    Deviation {
        store: "versitygw",
        property: "creates over a delete marker",
        rule: "If-None-Match: * succeeds if the current version is a delete marker (user guide, \"Conditional writes\")",
        does: "412",
        seen: "Exists",
    },
    Deviation {
        store: "versitygw",
        property: "writes anew what was removed",
        rule: "If-None-Match: * succeeds if the current version is a delete marker (user guide, \"Conditional writes\")",
        does: "412",
        seen: "Changed",
    },
    Deviation {
        store: "versitygw",
        property: "lists each version once over pages",
        rule: "a page begins behind its markers (API reference, ListObjectVersions)",
        does: "the last row of a page is the first of the next",
        seen: "rows",
    },
    Deviation {
        store: "versitygw",
        property: "stamps the bucket's default retention",
        rule: "new objects get the bucket's default retention (user guide, \"Object Lock\")",
        does: "the object bears none",
        seen: "None",
    },
    Deviation {
        store: "versitygw",
        property: "refuses retention where there is no Object Lock",
        rule: "Object Lock headers need a bucket with Object Lock: 400 InvalidRequest (API reference, PutObject)",
        does: "400, and the object is stored all the same, without retention; a refused write is never taken for done",
        seen: "refused, and stored",
    },
    Deviation {
        store: "versitygw",
        property: "encrypts with SSE-S3, and says so",
        rule: "the reply states x-amz-server-side-encryption (user guide, \"SSE-S3\")",
        does: "the header is ignored",
        seen: "None",
    },
    Deviation {
        store: "versitygw",
        property: "encrypts with SSE-KMS, and says with which key",
        rule: "the reply states algorithm and key (user guide, \"SSE-KMS\")",
        does: "the headers are ignored",
        seen: "None",
    },
    Deviation {
        store: "versitygw",
        property: "stores nothing of an upload that is cut short",
        rule: "an object is stored whole or not at all (user guide, \"Data consistency model\")",
        does: "without checksum and signature, what came is stored; we always send a checksum",
        seen: "1500000 of 3000000",
    },
    Deviation {
        store: "versitygw",
        property: "keeps to conditions of copies",
        rule: "If-None-Match of CopyObject that does not hold is answered with 412 (API reference, CopyObject)",
        does: "the condition is ignored; we never copy",
        seen: "copied over",
    },
    Deviation {
        store: "minio",
        property: "keeps to conditions of copies",
        rule: "If-None-Match of CopyObject that does not hold is answered with 412 (API reference, CopyObject)",
        does: "the condition is ignored; we never copy",
        seen: "copied over",
    },
    Deviation {
        store: "minio",
        property: "keeps a retained version, answering 403",
        rule: "deleting a locked version is refused with 403 AccessDenied (user guide, \"Object Lock\")",
        does: "kept, and answered with 400",
        seen: "kept, answering 400",
    },
    Deviation {
        store: "minio",
        property: "keeps a version under legal hold, answering 403",
        rule: "deleting a locked version is refused with 403 AccessDenied (user guide, \"Object Lock\")",
        does: "kept, and answered with 400",
        seen: "kept, answering 400",
    },
    Deviation {
        store: "minio",
        property: "creates beside an upload that stands still",
        rule: "uploads do not lock a key: the first to end wins (user guide, \"Data consistency model\")",
        does: "one with a condition locks the name: others wait, up to half a minute",
        seen: "wait",
    },
    Deviation {
        store: "minio",
        property: "keeps to conditions of deletes",
        rule: "If-Match of DeleteObject that does not hold is answered with 412 (API reference, DeleteObject)",
        does: "the condition is ignored",
        seen: "deleted",
    },
];
