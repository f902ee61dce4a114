//! The stable members of what `history`, `as-of` and `diff` print for programs.

use sealog_query::items::{
    AttributeChange, Beginning, DeclaredGap, Item, ItemState, SignedHead, State, Unknown, Value, item_to_json,
};
use serde_json::{Value as Json, json};

/// `{"path":["a",0],"difference":"changed","old":{"N":"1"},"new":{"N":"2"}}`
pub(in crate::commands) fn attribute(change: &AttributeChange) -> Json {
    json!({
        "path": change.path.to_json(),
        "difference": change.difference.as_str(),
        "old": change.old.as_ref().map(Value::to_json),
        "new": change.new.as_ref().map(Value::to_json),
    })
}

/// `{"why":"dropped","reason":"test"}`
pub(in crate::commands) fn unknown(why: &Unknown) -> Json {
    match why {
        Unknown::Dropped { reason } => json!({ "why": why.as_str(), "reason": reason }),
        Unknown::ViewType(view) => json!({ "why": why.as_str(), "view_type": view }),
        Unknown::Unreadable | Unknown::Contradiction => json!({ "why": why.as_str() }),
    }
}

/// The fact as the commit has it, the commit's number, and when its changes were made.
pub(in crate::commands) fn gap(gap: &DeclaredGap) -> Json {
    json!({ "commit": gap.commit, "gap": gap.gap, "from": gap.from, "until": gap.until })
}

/// Since when a log reads.
pub(in crate::commands) fn beginning(beginning: Option<&Beginning>) -> Json {
    beginning.map_or(
        Json::Null,
        |it| json!({ "since": it.since, "start": it.start, "whole_stream": it.whole_stream }),
    )
}

/// What a signed head covers.
pub(in crate::commands) fn signed(signed: &SignedHead) -> Json {
    match signed {
        SignedHead::Covers { size, key } => json!({ "commits": size, "key": key }),
        SignedHead::Nothing { why } => json!({ "commits": 0, "why": why }),
    }
}

/// An item at an instant.
pub(in crate::commands) fn state(state: &ItemState) -> Json {
    let (item, redacted, why): (Option<&Item>, &[_], _) = match &state.state {
        State::Present { item, redacted } => (Some(item), redacted, None),
        State::Exists(why) | State::Unknown(why) => (None, &[], Some(why)),
        State::Removed | State::NotYet => (None, &[], None),
    };
    json!({
        "state": state.state.as_str(),
        "item": item.map(item_to_json),
        "redacted": redacted.iter().map(sealog_query::items::Path::to_json).collect::<Vec<_>>(),
        "unknown": why.map(unknown),
        "told_by": state.basis.as_ref().map(|basis| json!({
            "commit": basis.commit, "row": basis.row, "at": basis.at, "sequence_number": basis.sequence,
            "image": basis.side.as_str(),
        })),
        "gaps": state.gaps.iter().map(|it| it.commit).collect::<Vec<_>>(),
        "same_second": state.same_second,
    })
}
