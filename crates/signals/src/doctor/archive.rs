//! Where the archive lies: whether it can be written, and whether what lies there is kept.

use bytes::Bytes;
use sealog_pipeline::{Config, Protection};
use sealog_store::{Aspect, Location, S3, State, StoreErrorKind};

use super::{Doctor, Finding};

pub(super) async fn examine(doctor: &Doctor<'_>) -> Vec<Finding> {
    let config = doctor.config;
    let subject = format!("archive {}", config.archive);
    match &config.archive {
        Location::Directory(path) if !path.exists() => {
            vec![of_directory(&subject), Finding::good("archive", &subject, "`sealog run` makes it")]
        }
        Location::Directory(_) => {
            let store = config.archive.open_to_read().await;
            let seen = store.read(TRIAL).await;
            let wrote = match seen {
                Ok(seen) => {
                    store.replace(TRIAL, Bytes::from_static(b"tried\n"), seen.as_ref()).await.map(drop)
                }
                Err(error) => Err(error),
            };
            let tried = wrote.map_or_else(
                |error| {
                    Finding::bad(
                        "archive",
                        &subject,
                        error.to_string(),
                        "let the user that runs sealog write there",
                    )
                },
                |()| Finding::good("archive", &subject, "it can be written"),
            );
            vec![of_directory(&subject), tried]
        }
        Location::S3 { bucket, prefix } => {
            let bucket = S3::connect(bucket, prefix, config.protection.s3(|| 0)).await;
            let aspects = bucket.check_bucket(doctor.now_ms).await;
            let mut found: Vec<_> = aspects.into_iter().map(|aspect| of_bucket(&subject, aspect)).collect();
            found.extend(retention(&subject, config));
            found
        }
    }
}

const TRIAL: &str = ".staging/doctor";

fn of_directory(subject: &str) -> Finding {
    Finding::weak(
        "archive-kind",
        subject,
        "a directory has no versions, no retention and no legal hold: whoever may write there may delete",
        "archive to s3://bucket/prefix with Object Lock where that matters",
    )
}

/// Without it objects are kept only as long as the bucket says by itself.
fn retention(subject: &str, config: &Config) -> Option<Finding> {
    let Protection { retention: None, .. } = config.protection else { return None };
    Some(Finding::weak(
        "retention",
        subject,
        "[retention] is not set: objects are kept only by the bucket's own default, and the log states none",
        "write [retention] mode = \"compliance\" and days = <as long as your auditors ask>",
    ))
}

fn of_bucket(subject: &str, aspect: Aspect) -> Finding {
    let Aspect { name, state, found, refused } = aspect;
    let (code, remedy) = match name {
        "bucket" => {
            ("bucket", "check name, region and endpoint; `sealog archive init` makes one that is fit")
        }
        "versioning" => {
            ("bucket-versioning", "enable versioning on the bucket; `sealog archive init` makes one with it")
        }
        "object lock" => (
            "bucket-object-lock",
            "enable Object Lock, with a default retention, on the bucket; `sealog archive init` does",
        ),
        "encryption" => (
            "bucket-encryption",
            "set a default encryption on the bucket, SSE-KMS where keys are to be controlled",
        ),
        "policy" => (
            "bucket-policy",
            "put the statements that `sealog archive policy` prints into the bucket's policy",
        ),
        _ => (
            "bucket-canary",
            "the writer needs s3:PutObject and s3:PutObjectRetention under the prefix, and nobody s3:DeleteObject",
        ),
    };
    // What a writer needs is tried by the canary; who may not look at a setting can write all the same.
    let unseen = matches!(refused, Some(StoreErrorKind::Forbidden)) && !matches!(name, "bucket" | "canary");
    match state {
        State::Good => Finding::good(code, subject, found),
        State::Unknown if unseen => Finding::unseen(code, subject, found),
        State::Weak => Finding::weak(code, subject, found, remedy),
        State::Unknown if refused == Some(StoreErrorKind::Unknown) => Finding::unknown(code, subject, found),
        State::Bad | State::Unknown => Finding::bad(code, subject, found, remedy),
    }
}
