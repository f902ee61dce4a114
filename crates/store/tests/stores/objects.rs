//! Objects: created once, replaced only as seen, read, listed.

use std::sync::Arc;

use bytes::Bytes;
use sealog_store::{Created, Entry, Replaced};

use crate::conformance::{Checked, Property, holds};
use crate::subject::{Subject, bytes};

pub(crate) const PROPERTIES: &[Property] = &[
    Property { name: "creates a name once", check: Checked::Store(|it| Box::pin(creates_once(it))) },
    Property {
        name: "one of 16 creators wins, 25 times",
        check: Checked::Store(|it| Box::pin(one_creator(it))),
    },
    Property {
        name: "replaces only what was seen",
        check: Checked::Store(|it| Box::pin(replaces_as_seen(it))),
    },
    Property {
        name: "one of 8 replacers wins, 25 times",
        check: Checked::Store(|it| Box::pin(one_replacer(it))),
    },
    Property {
        name: "does not replace what is gone",
        check: Checked::Store(|it| Box::pin(replaces_no_nothing(it))),
    },
    Property {
        name: "keeps any bytes, none and a million",
        check: Checked::Store(|it| Box::pin(any_bytes(it))),
    },
    Property { name: "reads ranges", check: Checked::Store(|it| Box::pin(ranges(it))) },
    Property { name: "states sizes and true checksums", check: Checked::Store(|it| Box::pin(states(it))) },
    Property { name: "lists in order, behind a name", check: Checked::Store(|it| Box::pin(lists(it))) },
    Property { name: "lists 1,200 names over pages", check: Checked::Store(|it| Box::pin(lists_pages(it))) },
    Property {
        name: "removes what is derived, and nothing else",
        check: Checked::Store(|it| Box::pin(removes(it))),
    },
    Property { name: "writes anew what was removed", check: Checked::Store(|it| Box::pin(writes_anew(it))) },
    Property {
        name: "takes a name and names below it",
        check: Checked::Store(|it| Box::pin(name_and_below(it))),
    },
];

type Held = Result<(), String>;

fn said(error: sealog_store::StoreError) -> String {
    error.to_string()
}

async fn creates_once(Subject { store, .. }: &Subject) -> Held {
    let first = store.create("a/once", bytes("1")).await.map_err(said)?;
    holds(matches!(first, Created::New { .. }), first)?;
    let second = store.create("a/once", bytes("2")).await.map_err(said)?;
    holds(second == Created::Exists, second)?;
    let there = store.read("a/once").await.map_err(said)?.map(|object| object.bytes);
    holds(there == Some(bytes("1")), there)?;
    let never = store.read("a/never").await.map_err(said)?;
    holds(never.is_none(), never)
}

async fn writes_anew(Subject { store, .. }: &Subject) -> Held {
    let key = "orders/lake/fresh/dt=2026-11-22/x.parquet";
    store.replace(key, bytes("1"), None).await.map_err(said)?;
    store.remove(key).await.map_err(said)?;
    let again = store.replace(key, bytes("2"), None).await.map_err(said)?;
    holds(matches!(again, Replaced::Done(_)), again)
}

async fn removes(Subject { store, .. }: &Subject) -> Held {
    let key = "orders/lake/sorted/dt=2026-11-22/x.parquet";
    store.replace(key, bytes("1"), None).await.map_err(said)?;
    store.remove(key).await.map_err(said)?;
    let there = store.read(key).await.map_err(said)?;
    holds(there.is_none(), there)?;
    let listed = store.list("orders/lake/sorted/", None).await.map_err(said)?;
    holds(listed.is_empty(), listed)?;
    store.remove(key).await.map_err(said)?;
    store.create("orders/commits/0", bytes("0")).await.map_err(said)?;
    for other in ["orders/commits/0", "orders/lake/../commits/0", "orders/lake"] {
        let refused = store.remove(other).await;
        holds(refused.as_ref().is_err_and(|error| !error.kind.may_pass()), refused)?;
    }
    let kept = store.read("orders/commits/0").await.map_err(said)?;
    holds(kept.is_some(), kept)
}

async fn states(Subject { store, .. }: &Subject) -> Held {
    for content in [&b""[..], b"seven b"] {
        let name = format!("stat/{}", content.len());
        store.create(&name, Bytes::copy_from_slice(content)).await.map_err(said)?;
        let stat = store.stat(&name).await.map_err(said)?.ok_or("nothing is there")?;
        holds(stat.bytes == content.len() as u64, stat)?;
        // Not every server keeps a checksum, but none may state a wrong one.
        holds(stat.sha256.is_none_or(|stated| stated == sealog_chain::sha256(content)), stat)?;
    }
    for absent in ["stat", "stat/", "stat/never", "stat/7/below"] {
        let stat = store.stat(absent).await.map_err(said)?;
        holds(stat.is_none(), (absent, stat))?;
    }
    Ok(())
}

async fn one_creator(Subject { store, .. }: &Subject) -> Held {
    for round in 0..25 {
        let key = format!("race/{round}");
        let mut creators = tokio::task::JoinSet::new();
        for creator in 0..16 {
            let (store, key) = (Arc::clone(store), key.clone());
            creators.spawn(async move {
                let body = bytes(&format!("{creator:02}").repeat(1000));
                (store.create(&key, body.clone()).await, body)
            });
        }
        let mut winners = Vec::new();
        while let Some(outcome) = creators.join_next().await {
            let (created, body) = outcome.unwrap();
            if created.map_err(said)? != Created::Exists {
                winners.push(body);
            }
        }
        let there = store.read(&key).await.map_err(said)?.map(|object| object.bytes);
        holds(winners.len() == 1 && there.as_ref() == winners.first(), (round, winners.len()))?;
    }
    Ok(())
}

async fn replaces_as_seen(Subject { store, .. }: &Subject) -> Held {
    let first = store.replace("a/head", bytes("first and longer"), None).await.map_err(said)?;
    let Replaced::Done(first) = first else { return Err(format!("{first:?}")) };
    let again = store.replace("a/head", bytes("none seen"), None).await.map_err(said)?;
    holds(again == Replaced::Changed, again)?;
    let second = store.replace("a/head", bytes("second"), Some(&first)).await.map_err(said)?;
    let Replaced::Done(_) = second else { return Err(format!("{second:?}")) };
    let late = store.replace("a/head", bytes("late"), Some(&first)).await.map_err(said)?;
    holds(late == Replaced::Changed, late)?;
    let there = store.read("a/head").await.map_err(said)?.unwrap();
    holds(there.bytes == bytes("second"), &there)?;
    let third = store.replace("a/head", bytes("third"), Some(&there)).await.map_err(said)?;
    holds(matches!(third, Replaced::Done(_)), third)
}

async fn one_replacer(Subject { store, .. }: &Subject) -> Held {
    let Replaced::Done(mut seen) = store.replace("a/raced", bytes("-"), None).await.map_err(said)? else {
        return Err("it was there".to_owned());
    };
    for round in 0..25 {
        let mut writers = tokio::task::JoinSet::new();
        for writer in 0..8 {
            let (store, seen) = (Arc::clone(store), seen.clone());
            let body = bytes(&format!("{round} {writer}"));
            writers.spawn(async move { store.replace("a/raced", body, Some(&seen)).await });
        }
        let mut winners = Vec::new();
        while let Some(outcome) = writers.join_next().await {
            match outcome.unwrap().map_err(said)? {
                Replaced::Done(object) => winners.push(object),
                Replaced::Changed => {}
            }
        }
        let there = store.read("a/raced").await.map_err(said)?.unwrap();
        let [winner] = &winners[..] else { return Err(format!("round {round}: {} winners", winners.len())) };
        holds(winner.bytes == there.bytes, (winner, &there))?;
        seen = there;
    }
    Ok(())
}

async fn replaces_no_nothing(Subject { store, .. }: &Subject) -> Held {
    let Replaced::Done(object) = store.replace("a/elsewhere", bytes("x"), None).await.map_err(said)? else {
        return Err("it was there".to_owned());
    };
    let outcome = store.replace("a/gone", bytes("y"), Some(&object)).await.map_err(said)?;
    holds(outcome == Replaced::Changed, outcome)?;
    let there = store.read("a/gone").await.map_err(said)?;
    holds(there.is_none(), there)
}

async fn any_bytes(Subject { store, .. }: &Subject) -> Held {
    let all: Vec<u8> = (0..=255).collect();
    for (key, body) in [("a/none", vec![]), ("a/all", all.clone()), ("a/million", all.repeat(4096))] {
        let body = Bytes::from(body);
        store.create(key, body.clone()).await.map_err(said)?;
        let there = store.read(key).await.map_err(said)?.map(|object| object.bytes);
        holds(there.as_ref() == Some(&body), (key, there.map(|there| there.len())))?;
    }
    Ok(())
}

async fn ranges(Subject { store, .. }: &Subject) -> Held {
    store.create("a/digits", bytes("0123456789")).await.map_err(said)?;
    for (range, part) in [(0..4, "0123"), (4..5, "4"), (8..100, "89"), (3..3, ""), (10..20, "")] {
        let there = store.read_range("a/digits", range.clone()).await.map_err(said)?;
        holds(there == Some(bytes(part)), (range, there))?;
    }
    let never = store.read_range("a/no-digits", 0..4).await.map_err(said)?;
    holds(never.is_none(), never)
}

fn keys(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| entry.key.as_str()).collect()
}

async fn lists(Subject { store, .. }: &Subject) -> Held {
    for number in [2, 10, 1] {
        store.create(&format!("b/commits/{number:03}.json"), bytes("x")).await.map_err(said)?;
    }
    store.create("b/commits-not/1", bytes("x")).await.map_err(said)?;
    let all = store.list("b/commits/", None).await.map_err(said)?;
    holds(keys(&all) == ["b/commits/001.json", "b/commits/002.json", "b/commits/010.json"], keys(&all))?;
    let rest = store.list("b/commits/", Some("b/commits/002.json")).await.map_err(said)?;
    holds(rest == [Entry { key: "b/commits/010.json".to_owned(), bytes: 1 }], &rest)?;
    let none = store.list("c/", None).await.map_err(said)?;
    holds(none.is_empty(), none)?;
    let folders = store.folders().await.map_err(said)?;
    holds(folders.contains(&"b".to_owned()) && folders.is_sorted(), folders)
}

async fn lists_pages(Subject { store, .. }: &Subject) -> Held {
    let name = |number: usize| format!("d/pages/{number:05}");
    for some in (0..1200).collect::<Vec<_>>().chunks(100) {
        let puts = some.iter().map(|number| {
            let (store, key) = (Arc::clone(store), name(*number));
            async move { store.create(&key, bytes("x")).await }
        });
        for created in futures_util::future::join_all(puts).await {
            created.map_err(said)?;
        }
    }
    let all = store.list("d/pages/", None).await.map_err(said)?;
    let wanted: Vec<String> = (0..1200).map(name).collect();
    holds(keys(&all) == wanted, all.len())
}

async fn name_and_below(Subject { store, .. }: &Subject) -> Held {
    store.create("e/x", bytes("1")).await.map_err(said)?;
    store.create("e/x/y", bytes("2")).await.map_err(said)?;
    let there = store.read("e/x").await.map_err(said)?.map(|object| object.bytes);
    holds(there == Some(bytes("1")), there)
}
