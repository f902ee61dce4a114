//! Versions, retention, legal hold, checksums and encryption, as AWS promises them.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    ChecksumMode, DefaultRetention, ObjectLockConfiguration, ObjectLockEnabled, ObjectLockLegalHold,
    ObjectLockLegalHoldStatus, ObjectLockRetention, ObjectLockRetentionMode, ObjectLockRule,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sealog_chain::{Retention, RetentionMode, sha256};
use sealog_store::{Created, Encryption, Retaining, S3Options, Store as _, StoreErrorKind, Versioning};

use crate::conformance::{Checked, Property, holds};
use crate::subject::{Server, bytes, governance, now_ms};

pub(crate) const PROPERTIES: &[Property] = &[
    Property {
        name: "refuses bytes that are not those of the checksum",
        check: Checked::S3(|it| Box::pin(wrong_checksum(it))),
    },
    Property {
        name: "states the SHA-256 that was sent",
        check: Checked::S3(|it| Box::pin(stored_checksum(it))),
    },
    Property { name: "keeps versions, and says so", check: Checked::S3(|it| Box::pin(versioning(it))) },
    Property { name: "creates over a delete marker", check: Checked::S3(|it| Box::pin(over_a_marker(it))) },
    Property { name: "lists versions and markers", check: Checked::S3(|it| Box::pin(lists_versions(it))) },
    Property {
        name: "lists each version once over pages",
        check: Checked::S3(|it| Box::pin(version_pages(it))),
    },
    Property { name: "stamps retention on a created object", check: Checked::S3(|it| Box::pin(stamps(it))) },
    Property {
        name: "stamps the bucket's default retention",
        check: Checked::S3(|it| Box::pin(default_retention(it))),
    },
    Property {
        name: "refuses retention where there is no Object Lock",
        check: Checked::S3(|it| Box::pin(no_lock(it))),
    },
    Property {
        name: "keeps a retained version, answering 403",
        check: Checked::S3(|it| Box::pin(keeps_retained(it))),
    },
    Property {
        name: "never shortens a retention in compliance mode",
        check: Checked::S3(|it| Box::pin(compliance(it))),
    },
    Property {
        name: "keeps a version under legal hold, answering 403",
        check: Checked::S3(|it| Box::pin(legal_hold(it))),
    },
    Property { name: "encrypts with SSE-S3, and says so", check: Checked::S3(|it| Box::pin(sse_s3(it))) },
    Property {
        name: "encrypts with SSE-KMS, and says with which key",
        check: Checked::S3(|it| Box::pin(sse_kms(it))),
    },
    Property {
        name: "keeps to conditions of copies",
        check: Checked::S3(|it| Box::pin(conditional_copy(it))),
    },
    Property {
        name: "keeps to conditions of deletes",
        check: Checked::S3(|it| Box::pin(conditional_delete(it))),
    },
];

type Held = Result<(), String>;

fn said(error: impl std::fmt::Debug) -> String {
    format!("{error:?}")
}

/// Creates an object with `options`; its version.
async fn created(server: &Server, key: &str, options: S3Options) -> Result<String, String> {
    match server.store(options).create(key, bytes("x")).await.map_err(said)? {
        Created::New { version_id: Some(version) } => Ok(version),
        other @ (Created::New { .. } | Created::Exists) => Err(said(other)),
    }
}

async fn wrong_checksum(server: &Server) -> Held {
    let put = server.client.put_object().bucket(&server.bucket).key(server.key("f/wrong"));
    let put = put.checksum_sha256(STANDARD.encode(sha256(b"other").0));
    let outcome = put.body(ByteStream::from_static(b"bytes")).send().await;
    let status = outcome.err().and_then(|error| Some(error.raw_response()?.status().as_u16()));
    let there = server.store(S3Options::default()).read("f/wrong").await.map_err(said)?;
    holds(status == Some(400) && there.is_none(), (status, there))
}

async fn stored_checksum(server: &Server) -> Held {
    created(server, "f/checksum", S3Options::default()).await?;
    let head = server.client.head_object().bucket(&server.bucket).key(server.key("f/checksum"));
    let head = head.checksum_mode(ChecksumMode::Enabled).send().await.map_err(said)?;
    holds(head.checksum_sha256() == Some(&STANDARD.encode(sha256(b"x").0)), head.checksum_sha256())
}

async fn versioning(server: &Server) -> Held {
    let versioning = server.store(S3Options::default()).versioning().await.map_err(said)?;
    holds(versioning == Versioning::Enabled, versioning)
}

async fn delete(server: &Server, key: &str) -> Held {
    let delete = server.client.delete_object().bucket(&server.bucket).key(server.key(key));
    delete.send().await.map(|_| ()).map_err(said)
}

async fn over_a_marker(server: &Server) -> Held {
    created(server, "g/marked", S3Options::default()).await?;
    delete(server, "g/marked").await?;
    let there = server.store(S3Options::default()).read("g/marked").await.map_err(said)?;
    holds(there.is_none(), there)?;
    created(server, "g/marked", S3Options::default()).await.map(|_| ())
}

async fn lists_versions(server: &Server) -> Held {
    let store = server.store(S3Options::default());
    created(server, "h/one", S3Options::default()).await?;
    created(server, "h/two", S3Options::default()).await?;
    let put = server.client.put_object().bucket(&server.bucket).key(server.key("h/two"));
    put.body(ByteStream::from_static(b"second")).send().await.map_err(said)?;
    delete(server, "h/one").await?;
    let versions = store.versions("h/").await.map_err(said)?;
    let short = |key, is_marker, is_latest| {
        versions
            .iter()
            .filter(|it| (it.key.as_str(), it.is_marker, it.is_latest) == (key, is_marker, is_latest))
            .count()
    };
    let counts = [
        short("h/one", false, false),
        short("h/one", true, true),
        short("h/two", false, false),
        short("h/two", false, true),
    ];
    holds(counts == [1; 4] && versions.len() == 4, versions)
}

async fn version_pages(server: &Server) -> Held {
    for number in 0..5 {
        created(server, &format!("i/{number}"), S3Options::default()).await?;
        delete(server, &format!("i/{number}")).await?;
    }
    let (mut rows, mut key, mut version) = (Vec::new(), None, None);
    for _ in 0..20 {
        let list = server.client.list_object_versions().bucket(&server.bucket).prefix(server.key("i/"));
        let list = list.max_keys(3).set_key_marker(key.take()).set_version_id_marker(version.take());
        let page = list.send().await.map_err(said)?;
        rows.extend(page.versions().iter().map(|it| (it.key.clone(), it.version_id.clone())));
        rows.extend(page.delete_markers().iter().map(|it| (it.key.clone(), it.version_id.clone())));
        if page.is_truncated() != Some(true) {
            break;
        }
        (key, version) = (page.next_key_marker, page.next_version_id_marker);
    }
    let all = rows.len();
    rows.sort();
    rows.dedup();
    holds(rows.len() == 10 && all == 10, format!("{all} rows, {} different", rows.len()))
}

/// Mode and end of an object's retention.
async fn retention_of(server: &Server, key: &str) -> Result<(Option<String>, Option<i64>), String> {
    let head =
        server.client.head_object().bucket(&server.bucket).key(server.key(key)).send().await.map_err(said)?;
    let until = head.object_lock_retain_until_date().map(DateTime::secs);
    Ok((head.object_lock_mode().map(|mode| mode.as_str().to_owned()), until))
}

async fn stamps(server: &Server) -> Held {
    created(server, "j/stamped", governance(3)).await?;
    let wanted = now_ms() / 1000 + 3 * 86_400;
    let (mode, until) = retention_of(server, "j/stamped").await?;
    let near = until.is_some_and(|until| (until - wanted).abs() < 600);
    holds(mode.as_deref() == Some("GOVERNANCE") && near, (mode, until))
}

async fn default_retention(server: &Server) -> Held {
    let server = Server { bucket: format!("default-{}", server.prefix), ..server.clone() };
    let make = server.client.create_bucket().bucket(&server.bucket).object_lock_enabled_for_bucket(true);
    make.send().await.map_err(said)?;
    let retention = DefaultRetention::builder().mode(ObjectLockRetentionMode::Governance).days(2).build();
    let lock = ObjectLockConfiguration::builder()
        .object_lock_enabled(ObjectLockEnabled::Enabled)
        .rule(ObjectLockRule::builder().default_retention(retention).build())
        .build();
    let put = server.client.put_object_lock_configuration().bucket(&server.bucket);
    put.object_lock_configuration(lock).send().await.map_err(said)?;
    created(&server, "k/defaulted", S3Options::default()).await?;
    let (mode, _) = retention_of(&server, "k/defaulted").await?;
    holds(mode.as_deref() == Some("GOVERNANCE"), mode)
}

async fn no_lock(server: &Server) -> Held {
    let server = Server { bucket: format!("plain-{}", server.prefix), ..server.clone() };
    server.client.create_bucket().bucket(&server.bucket).send().await.map_err(said)?;
    let outcome = server.store(governance(1)).create("k/unlocked", bytes("x")).await;
    let kind = outcome.map_err(|error| error.kind);
    holds(kind == Err(StoreErrorKind::Invalid), kind)?;
    let there = server.store(S3Options::default()).read("k/unlocked").await.map_err(said)?;
    holds(there.is_none(), "refused, and stored without retention")
}

/// Deletes a version; the status of the refusal.
async fn refused_deletion(server: &Server, key: &str, version: &str) -> Result<u16, String> {
    let delete = server.client.delete_object().bucket(&server.bucket).key(server.key(key));
    match delete.version_id(version).send().await {
        Ok(_) => Err("it was deleted".to_owned()),
        Err(error) => Ok(error.raw_response().map_or(0, |response| response.status().as_u16())),
    }
}

async fn keeps_retained(server: &Server) -> Held {
    let version = created(server, "l/retained", governance(1)).await?;
    let status = refused_deletion(server, "l/retained", &version).await?;
    let there = server.store(S3Options::default()).read("l/retained").await.map_err(said)?;
    holds(there.is_some(), "it is gone")?;
    holds(status == 403, format!("kept, answering {status}"))
}

async fn compliance(server: &Server) -> Held {
    let retention = Retention { mode: RetentionMode::Compliance, days: 2 };
    let options = S3Options { retention: Some(Retaining { retention, now_ms }), ..S3Options::default() };
    let version = created(server, "l/compliance", options).await?;
    let shorter = ObjectLockRetention::builder()
        .mode(ObjectLockRetentionMode::Compliance)
        .retain_until_date(DateTime::from_millis(now_ms() + 86_400_000))
        .build();
    let put = server.client.put_object_retention().bucket(&server.bucket).key(server.key("l/compliance"));
    let put = put.version_id(version).bypass_governance_retention(true).retention(shorter).send().await;
    let code = put.as_ref().err().and_then(|error| error.code().map(str::to_owned));
    holds(put.is_err(), code)
}

async fn legal_hold(server: &Server) -> Held {
    let version = created(server, "m/held", S3Options::default()).await?;
    let hold = ObjectLockLegalHold::builder().status(ObjectLockLegalHoldStatus::On).build();
    let put = server.client.put_object_legal_hold().bucket(&server.bucket).key(server.key("m/held"));
    put.version_id(&version).legal_hold(hold).send().await.map_err(said)?;
    let status = refused_deletion(server, "m/held", &version).await?;
    holds(status == 403, format!("kept, answering {status}"))
}

async fn sse_s3(server: &Server) -> Held {
    let options = S3Options { encryption: Encryption::S3, ..S3Options::default() };
    created(server, "n/sse-s3", options).await?;
    let head = server.client.head_object().bucket(&server.bucket).key(server.key("n/sse-s3")).send().await;
    let sse = head.map_err(said)?.server_side_encryption().map(|sse| sse.as_str().to_owned());
    holds(sse.as_deref() == Some("AES256"), sse)
}

async fn sse_kms(server: &Server) -> Held {
    let encryption = Encryption::Kms { key: Some("sealog-test".to_owned()), bucket_key: true };
    let options = S3Options { encryption, ..S3Options::default() };
    created(server, "n/sse-kms", options).await?;
    let head = server.client.head_object().bucket(&server.bucket).key(server.key("n/sse-kms")).send().await;
    let head = head.map_err(said)?;
    let sse = head.server_side_encryption().map(|sse| sse.as_str().to_owned());
    let key = head.ssekms_key_id().map(str::to_owned);
    let named = key.as_ref().is_some_and(|key| key.ends_with("sealog-test"));
    holds(sse.as_deref() == Some("aws:kms") && named, (sse, key))
}

async fn conditional_copy(server: &Server) -> Held {
    created(server, "o/from", S3Options::default()).await?;
    created(server, "o/to", S3Options::default()).await?;
    let copy = server.client.copy_object().bucket(&server.bucket).key(server.key("o/to"));
    let copy = copy.copy_source(format!("{}/{}", server.bucket, server.key("o/from"))).if_none_match("*");
    holds(copy.send().await.is_err(), "it copied over an object, though told not to")
}

async fn conditional_delete(server: &Server) -> Held {
    created(server, "o/deleted", S3Options::default()).await?;
    let delete = server.client.delete_object().bucket(&server.bucket).key(server.key("o/deleted"));
    let outcome = delete.if_match("\"00000000000000000000000000000000\"").send().await;
    holds(outcome.is_err(), "it deleted what was not as seen")
}
