//! What a row shows of its item before and after the change, and why it may show nothing.

use sealog_record::EvidenceRow;

use super::path::{Path, Redaction, Side, mark, redactions};
use super::value::{Item, parse};

/// One side of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Image {
    /// The item was as this says; what a filter took out is marked and named.
    Present {
        /// Its attributes.
        item: Item,
        /// What was taken out.
        redacted: Vec<Path>,
    },
    /// There was no item.
    Absent,
    /// The row does not tell.
    Unknown(Unknown),
}

/// Why a row does not tell.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unknown {
    /// A filter dropped the record: only a tombstone is archived.
    Dropped {
        /// Reason code of the filter.
        reason: String,
    },
    /// The stream does not carry this image.
    ViewType(String),
    /// The image could not be read.
    Unreadable,
    /// Changes that are not in the log must lie between: what is known before and after does not fit.
    Contradiction,
}

impl Unknown {
    /// Its word in JSON.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Dropped { .. } => "dropped",
            Self::ViewType(_) => "view_type",
            Self::Unreadable => "unreadable",
            Self::Contradiction => "contradiction",
        }
    }
}

/// One side of a row.
pub(crate) fn image(row: &EvidenceRow<'_>, side: Side) -> Image {
    let stated = redactions(row.decision.redactions);
    image_with(row, side, &stated)
}

/// As [`image`], with the redactions that were read already.
pub(crate) fn image_with(row: &EvidenceRow<'_>, side: Side, stated: &[Redaction]) -> Image {
    let change = &row.change;
    let (text, event_without) = match side {
        Side::OldImage => (change.old_image, "INSERT"),
        Side::NewImage => (change.new_image, "REMOVE"),
    };
    if let Some(text) = text {
        let Some(mut item) = parse(text) else { return Image::Unknown(Unknown::Unreadable) };
        let redacted = mark(&mut item, stated, side);
        return Image::Present { item, redacted };
    }
    // A tombstone keeps its event.
    if change.event_name == Some(event_without) {
        return Image::Absent;
    }
    if row.decision.verdict == "drop" {
        let reason = row.decision.reason.unwrap_or("no reason given").to_owned();
        return Image::Unknown(Unknown::Dropped { reason });
    }
    match change.stream_view_type {
        Some("NEW_AND_OLD_IMAGES") => Image::Absent,
        Some("NEW_IMAGE") if side == Side::NewImage => Image::Absent,
        Some("OLD_IMAGE") if side == Side::OldImage => Image::Absent,
        Some(view) => Image::Unknown(Unknown::ViewType(view.to_owned())),
        None => Image::Unknown(Unknown::Unreadable),
    }
}

impl Image {
    /// The attributes; `None` where there is no item, or none that is known.
    #[must_use]
    pub fn item(&self) -> Option<&Item> {
        match self {
            Self::Present { item, .. } => Some(item),
            Self::Absent | Self::Unknown(_) => None,
        }
    }

    /// Whether both are known wholly and differ: of what was redacted nothing is known.
    pub(crate) fn contradicts(&self, other: &Self) -> bool {
        let is_whole = |image: &Self| match image {
            Self::Present { redacted, .. } => redacted.is_empty(),
            Self::Absent => true,
            Self::Unknown(_) => false,
        };
        is_whole(self) && is_whole(other) && self != other
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sealog_record::{ChangeRecord, Decision};

    fn sides(view: Option<&str>, event: &str, verdict: &str, images: [Option<&str>; 2]) -> [Image; 2] {
        let row = EvidenceRow {
            stream_label: "l",
            shard_id: "s",
            change: ChangeRecord {
                stream_view_type: view,
                event_name: Some(event),
                old_image: images[0],
                new_image: images[1],
                ..ChangeRecord::default()
            },
            decision: Decision { verdict, ..Decision::KEEP },
        };
        [image(&row, Side::OldImage), image(&row, Side::NewImage)]
    }

    #[test]
    fn an_image_is_there_or_absent_or_its_absence_says_nothing() {
        let some = Some(r#"{"a":{"S":"1"}}"#);
        let kind = |image: &Image| match image {
            Image::Present { .. } => "present",
            Image::Absent => "absent",
            Image::Unknown(why) => why.as_str(),
        };
        for (view, event, verdict, images, expected) in [
            (Some("NEW_AND_OLD_IMAGES"), "MODIFY", "keep", [some, some], ["present", "present"]),
            (Some("NEW_AND_OLD_IMAGES"), "INSERT", "keep", [None, some], ["absent", "present"]),
            (Some("NEW_IMAGE"), "MODIFY", "keep", [None, some], ["view_type", "present"]),
            (Some("NEW_IMAGE"), "REMOVE", "keep", [None, None], ["view_type", "absent"]),
            (Some("OLD_IMAGE"), "MODIFY", "keep", [some, None], ["present", "view_type"]),
            (Some("OLD_IMAGE"), "INSERT", "keep", [None, None], ["absent", "view_type"]),
            (Some("KEYS_ONLY"), "MODIFY", "keep", [None, None], ["view_type", "view_type"]),
            (Some("NEW_AND_OLD_IMAGES"), "MODIFY", "drop", [None, None], ["dropped", "dropped"]),
            (Some("NEW_AND_OLD_IMAGES"), "REMOVE", "drop", [None, None], ["dropped", "absent"]),
            (Some("NEW_AND_OLD_IMAGES"), "MODIFY", "keep", [Some("["), some], ["unreadable", "present"]),
            (None, "MODIFY", "keep", [None, None], ["unreadable", "unreadable"]),
        ] {
            let found = sides(view, event, verdict, images);
            assert_eq!([kind(&found[0]), kind(&found[1])], expected, "{view:?} {event} {verdict}");
        }
    }
}
