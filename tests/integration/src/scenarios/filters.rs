//! Filters: what they may leave behind in rows, counts and facts, and what they may not.

use sealog_chain::{Decisions, Fact, FilterMode, FilterUse, Hash, StartAt, sha256};

use super::{clean, one};
use crate::ledger::{B, begun, heartbeat};
use crate::model::{LogModel, segment};
use crate::rows::{Row, row, rows, sequence};
use crate::vector::Vector;

pub(super) fn vectors() -> Vec<Vector> {
    [vec![three_filters(), set_aside(), in_shadow()], foreign(), counts(), facts()].concat()
}

fn component(name: &str) -> Hash {
    sha256(format!("{name}.wasm").as_bytes())
}

/// A filter as it is pinned.
fn filter(name: &str, mode: FilterMode) -> FilterUse {
    FilterUse {
        name: name.to_owned(),
        component: component(name),
        config: sha256(b"{}"),
        world: "sealog:filter/filter@1.0.0".to_owned(),
        engine: "wasmtime 48.0.8".to_owned(),
        limits: "fuel=100000000+1000/byte memory=134217728 wall=10000ms".to_owned(),
        mode,
        decisions: Decisions::default(),
    }
}

fn pinned(filter: &FilterUse) -> Fact {
    Fact::FilterPinned { filter: filter.clone(), replaces: None }
}

fn bypassed(filter: &FilterUse) -> Fact {
    let reason = "20 of the last 25 records failed".to_owned();
    Fact::FilterBypassed { name: filter.name.clone(), component: filter.component, reason }
}

/// What a filter said of the rows that it saw: kept, dropped, redacted, failed.
fn counted(filter: &FilterUse, [keep, drop, redact, fault]: [u64; 4]) -> FilterUse {
    FilterUse { decisions: Decisions { keep, drop, redact, fault }, ..filter.clone() }
}

fn by(name: &str, mut row: Row, bend: impl FnOnce(&mut Row)) -> Row {
    row.filter = Some(component(name).to_string());
    bend(&mut row);
    row
}

fn dropped(name: &str, row: Row) -> Row {
    by(name, row, |row| {
        row.verdict = "drop".to_owned();
        row.reason = Some("heartbeat-only".to_owned());
        (row.old_image, row.new_image) = (None, None);
    })
}

fn redacted(name: &str, row: Row) -> Row {
    let commitment = sha256(b"a salt of 32 bytes and the value");
    by(name, row, |row| {
        row.verdict = "redact".to_owned();
        row.new_image = Some(r#"{"account":{"S":"a"},"email":{"NULL":true}}"#.to_owned());
        row.redactions =
            Some(format!(r#"[{{"image":"new_image","path":["email"],"commitment":"{commitment}"}}]"#));
    })
}

fn failed(name: &str, row: Row) -> Row {
    by(name, row, |row| row.reason = Some("fault:trap".to_owned()))
}

fn marked(name: &str, row: Row) -> Row {
    by(name, row, |row| {
        row.reason = Some("large-transfer".to_owned());
        row.tags = Some(r#"{"team":"fraud"}"#.to_owned());
    })
}

fn unreadable(row: Row) -> Row {
    Row {
        extra: Some(r#"{"dynamodb":{"SequenceNumber":"x","Keys":7}}"#.to_owned()),
        verdict: "keep".to_owned(),
        reason: Some("fault:unreadable".to_owned()),
        stream: row.stream,
        shard: row.shard,
        sequence: row.sequence,
        ..Row::default()
    }
}

/// Adds rows of shard [`B`] behind `after`, with these facts before them.
fn judged(log: &mut LogModel, facts: Vec<Fact>, rows: Vec<Row>, filters: Vec<FilterUse>, after: Option<u64>) {
    let after = after.map(sequence);
    let segments = vec![segment(&rows, after.as_deref())];
    let mut batch = log.batch(&[rows], segments);
    batch.filters = filters;
    log.commit(facts, Some(batch));
}

const ENFORCE: FilterMode = FilterMode::Enforce;

fn three_filters() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let (noise, pii) = (filter("noise", ENFORCE), filter("pii", ENFORCE));
    let watch = filter("watch", FilterMode::Shadow);
    let n = |number| row(B, number);
    let first = vec![
        n(201),
        dropped("noise", n(202)),
        redacted("pii", n(203)),
        failed("pii", n(204)),
        marked("noise", n(205)),
        unreadable(n(206)),
        // The first to say anything is named; the redaction is the other's.
        redacted("noise", n(207)),
    ];
    let uses =
        vec![counted(&noise, [5, 1, 0, 0]), counted(&pii, [2, 0, 2, 1]), counted(&watch, [1, 3, 0, 1])];
    judged(&mut log, vec![pinned(&noise), pinned(&pii), pinned(&watch)], first, uses, None);
    // Another configuration, from shadow to enforce, and one that goes, each said before it judges.
    let stricter = FilterUse { config: sha256(b"{\"all\":true}"), ..pii.clone() };
    let bites = FilterUse { mode: ENFORCE, ..watch.clone() };
    let changes = vec![
        Fact::FilterPinned { filter: stricter.clone(), replaces: Some(pii.component) },
        Fact::FilterPinned { filter: bites.clone(), replaces: Some(watch.component) },
        Fact::FilterRemoved { name: noise.name.clone(), component: noise.component },
    ];
    let second = vec![dropped("watch", n(208)), redacted("pii", n(209))];
    let uses = vec![counted(&stricter, [1, 0, 1, 0]), counted(&bites, [1, 1, 0, 0])];
    judged(&mut log, changes, second, uses, Some(207));
    log.commit(vec![heartbeat()], None);
    let uses = vec![counted(&stricter, [1, 0, 0, 0]), counted(&bites, [1, 0, 0, 0])];
    judged(&mut log, vec![heartbeat()], vec![n(210)], uses, Some(209));
    clean(
        "clean-filters",
        "two filters drop, redact, mark and fail, a third is only counted; then another configuration, from shadow to enforce, \
         and one that goes",
        &log,
    )
}

fn set_aside() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let (noise, pii) = (filter("noise", ENFORCE), filter("pii", ENFORCE));
    let n = |number| row(B, number);
    let first = vec![failed("pii", n(201)), failed("pii", n(202)), dropped("noise", n(203))];
    let uses = vec![counted(&pii, [1, 0, 0, 2]), counted(&noise, [2, 1, 0, 0])];
    judged(&mut log, vec![pinned(&pii), pinned(&noise)], first, uses, None);
    let aside = FilterUse { mode: FilterMode::Bypassed, ..pii.clone() };
    let uses = vec![aside.clone(), counted(&noise, [1, 1, 0, 0])];
    judged(&mut log, vec![bypassed(&pii)], vec![n(204), dropped("noise", n(205))], uses, Some(203));
    judged(&mut log, vec![], vec![n(206)], vec![aside, counted(&noise, [1, 0, 0, 0])], Some(205));
    let again = Fact::FilterPinned { filter: pii.clone(), replaces: Some(pii.component) };
    let uses = vec![counted(&pii, [0, 0, 1, 0]), counted(&noise, [1, 0, 0, 0])];
    judged(&mut log, vec![Fact::CaptureStarted {}, again], vec![redacted("pii", n(207))], uses, Some(206));
    clean(
        "clean-filter-bypassed",
        "a filter fails again and again and is set aside: everything is kept; the next start tries it again",
        &log,
    )
}

fn in_shadow() -> Vector {
    let mut log = begun(StartAt::TrimHorizon);
    let watch = filter("watch", FilterMode::Shadow);
    let all = rows(B, 201..=205);
    judged(&mut log, vec![pinned(&watch)], all, vec![counted(&watch, [1, 2, 1, 1])], None);
    clean("clean-filter-shadow", "a filter that is only counted would have dropped two rows of five", &log)
}

/// One commit of five rows that one filter judged: two kept, one dropped, one redacted, one it failed at; bent.
fn bent(bend: impl FnOnce(&mut Vec<Row>, &mut Vec<FilterUse>, &mut Vec<Fact>)) -> LogModel {
    let mut log = begun(StartAt::TrimHorizon);
    let pii = filter("pii", ENFORCE);
    let n = |number| row(B, number);
    let mut rows =
        vec![n(201), dropped("pii", n(202)), redacted("pii", n(203)), failed("pii", n(204)), n(205)];
    let mut uses = vec![counted(&pii, [2, 1, 1, 1])];
    let mut facts = vec![pinned(&pii)];
    bend(&mut rows, &mut uses, &mut facts);
    judged(&mut log, facts, rows, uses, None);
    log
}

fn row_found(name: &'static str, about: &'static str, log: &LogModel, row: u64) -> Vector {
    one(name, about, log, format!("filter-foreign commit=1 object={} row={row}", log.object_key(1, 0)))
}

fn foreign() -> Vec<Vector> {
    let stranger = bent(|rows, _, _| rows[4].filter = Some(component("stranger").to_string()));
    let shadow = bent(|rows, uses, facts| {
        let watch = filter("watch", FilterMode::Shadow);
        facts.push(pinned(&watch));
        uses.push(counted(&watch, [4, 0, 0, 0]));
        rows[4].filter = Some(watch.component.to_string());
    });
    let unnamed = bent(|rows, uses, _| {
        rows.truncate(1);
        rows.push(Row { filter: None, ..failed("pii", row(B, 202)) });
        uses[0] = counted(&uses[0], [1, 0, 0, 1]);
    });
    let nobody = bent(|rows, uses, _| {
        rows.truncate(1);
        rows.push(by("pii", row(B, 202), |_| ()));
        uses.clear();
    });
    vec![
        row_found("filter-foreign", "a row names a filter that its commit does not list", &stranger, 4),
        row_found("filter-foreign-shadow", "a row names a filter that is only counted", &shadow, 4),
        row_found("filter-unnamed", "a row that a filter failed at does not say which", &unnamed, 1),
        row_found("filter-of-nobody", "a row names a filter, and its commit lists none", &nobody, 1),
    ]
}

fn counts() -> Vec<Vector> {
    let finding = "counts-mismatch commit=1";
    let lies = |counts| bent(move |_, uses, _| uses[0] = counted(&uses[0], counts));
    let second = |counts, mode| {
        bent(move |_, uses, facts| {
            let noise = filter("noise", mode);
            facts.push(pinned(&noise));
            uses.push(counted(&noise, counts));
        })
    };
    let first_drops_more = bent(|_, uses, facts| {
        let noise = filter("noise", ENFORCE);
        facts.push(pinned(&noise));
        uses.push(counted(&noise, [3, 0, 0, 0]));
        uses[0] = counted(&uses[0], [1, 2, 1, 1]);
    });
    vec![
        one("filter-counts-keep", "a filter counts a redaction as kept", &lies([3, 1, 0, 1]), finding),
        one(
            "filter-counts-fewer",
            "a filter's counts are fewer than the rows it saw",
            &lies([1, 1, 1, 1]),
            finding,
        ),
        one(
            "filter-counts-dropped",
            "a filter claims to have seen a row that one before it dropped",
            &second([5, 0, 0, 0], ENFORCE),
            finding,
        ),
        one(
            "filter-counts-tombstones",
            "of two filters one counts a drop more than there are tombstones of it",
            &first_drops_more,
            finding,
        ),
        one(
            "filter-counts-faults",
            "of two filters one counts more failures than there are failed rows and tombstones",
            &second([1, 0, 0, 3], ENFORCE),
            finding,
        ),
        one(
            "filter-counts-shadow",
            "a filter that is only counted counts more rows than it can have seen",
            &second([5, 0, 0, 0], FilterMode::Shadow),
            finding,
        ),
        one(
            "filter-counts-bypassed",
            "a filter that was set aside counts rows",
            &bent(|_, uses, facts| {
                let noise = filter("noise", ENFORCE);
                facts.extend([pinned(&noise), bypassed(&noise)]);
                uses.push(counted(&FilterUse { mode: FilterMode::Bypassed, ..noise }, [4, 0, 0, 0]));
            }),
            finding,
        ),
    ]
}

fn facts() -> Vec<Vector> {
    let finding = "fact-contradiction commit=1";
    let after_bypass = bent(|_, uses, facts| facts.push(bypassed(&uses[0])));
    let other_bypassed = bent(|_, uses, facts| {
        facts.push(bypassed(&FilterUse { component: component("x"), ..uses[0].clone() }))
    });
    let other_mode = bent(|_, uses, facts| {
        facts[0] = pinned(&FilterUse { mode: FilterMode::Shadow, ..counted(&uses[0], [0; 4]) });
    });
    let twice = bent(|rows, uses, _| {
        rows.truncate(1);
        uses[0] = counted(&uses[0], [1, 0, 0, 0]);
        uses.push(uses[0].clone());
    });
    vec![
        one("filter-after-bypass", "a filter judges after it was set aside", &after_bypass, finding),
        one(
            "filter-bypassed-other",
            "a filter is set aside under another component than it was pinned with",
            &other_bypassed,
            finding,
        ),
        one("filter-other-mode", "a filter that was pinned to be only counted decides", &other_mode, finding),
        one("filter-twice", "a filter is listed twice", &twice, finding),
    ]
}
