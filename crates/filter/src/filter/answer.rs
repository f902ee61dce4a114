//! Whether a verdict is one that the filter may give.

use super::{Answer, Tag};
use crate::manifest::{COLUMNS_MAX, is_code};
use crate::text::escaped;
use crate::{Fault, FaultClass, Manifest, wit};

const TAGS_MAX: usize = 16;
const TAG_BYTES_MAX: usize = 256;

/// The answer that a verdict is. `is_there` says whether a record has a value in a column.
pub(super) fn checked(
    verdict: wit::Verdict,
    manifest: &Manifest,
    is_there: &impl Fn(usize) -> bool,
) -> Result<Answer, Fault> {
    match verdict {
        wit::Verdict::Keep => Ok(Answer::Keep),
        wit::Verdict::Drop(reason) => {
            declared(manifest.verdicts.drop, "drop")?;
            declared_reason(manifest, &reason)?;
            Ok(Answer::Drop(reason))
        }
        wit::Verdict::KeepWith(wit::Edits { tags, redact, alert }) => {
            let tags = checked_tags(tags, manifest)?;
            let redact = checked_columns(&redact, manifest, is_there)?;
            if let Some(reason) = &alert {
                declared(manifest.verdicts.alert, "alert")?;
                declared_reason(manifest, reason)?;
            }
            if tags.is_empty() && redact.is_empty() && alert.is_none() {
                return Ok(Answer::Keep);
            }
            Ok(Answer::KeepWith { tags, redact, alert })
        }
    }
}

fn checked_tags(tags: Vec<wit::Tag>, manifest: &Manifest) -> Result<Vec<Tag>, Fault> {
    declared(manifest.verdicts.tag || tags.is_empty(), "tag")?;
    if tags.len() > TAGS_MAX {
        return Err(limit(format!("it sets {} tags, at most {TAGS_MAX} are allowed", tags.len())));
    }
    let mut own: Vec<Tag> = Vec::with_capacity(tags.len());
    for wit::Tag { name, value } in tags {
        if !is_code(&name) {
            let name = escaped(&name, 80);
            return Err(limit(format!(
                "its tag \"{name}\" is not named with 1 to 64 of a-z, 0-9, -, _ and ."
            )));
        }
        if value.len() > TAG_BYTES_MAX {
            return Err(limit(format!(
                "its tag \"{name}\" has a value of {} bytes, at most {TAG_BYTES_MAX} are allowed",
                value.len()
            )));
        }
        if own.iter().any(|tag| tag.name == name) {
            return Err(limit(format!("it sets the tag \"{name}\" twice")));
        }
        own.push(Tag { name, value });
    }
    Ok(own)
}

fn checked_columns(
    redact: &[u32],
    manifest: &Manifest,
    is_there: &impl Fn(usize) -> bool,
) -> Result<Vec<usize>, Fault> {
    declared(manifest.verdicts.redact || redact.is_empty(), "redact")?;
    if redact.len() > COLUMNS_MAX {
        return Err(limit(format!("it redacts {} columns, it can have {COLUMNS_MAX}", redact.len())));
    }
    let mut own = Vec::with_capacity(redact.len());
    for place in redact {
        let place = *place as usize;
        match manifest.columns.get(place) {
            None => {
                let count = manifest.columns.len();
                return Err(undeclared(format!("it redacts column {place}, it declares {count} (from 0)")));
            }
            Some(column) if !column.is_redactable() => {
                return Err(undeclared(format!(
                    "it redacts column {place}, which is a key or a whole image: neither can be redacted"
                )));
            }
            Some(_) => own.push(place),
        }
    }
    own.sort_unstable();
    own.dedup();
    own.retain(|place| is_there(*place));
    Ok(own)
}

fn declared(is_declared: bool, kind: &str) -> Result<(), Fault> {
    if is_declared {
        Ok(())
    } else {
        Err(undeclared(format!("its manifest does not declare the verdict `{kind}`")))
    }
}

fn declared_reason(manifest: &Manifest, reason: &str) -> Result<(), Fault> {
    if manifest.reasons.iter().any(|own| own == reason) {
        return Ok(());
    }
    Err(undeclared(format!("its manifest does not declare the reason \"{}\"", escaped(reason, 80))))
}

fn undeclared(message: String) -> Fault {
    Fault { class: FaultClass::Undeclared, message }
}

fn limit(message: String) -> Fault {
    Fault { class: FaultClass::Limit, message }
}
