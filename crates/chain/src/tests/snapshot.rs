//! A snapshot holds all of a fold, and nothing but a sound one is restored.

use super::*;

/// One of each: shards that ended and go on, a gap, a filter, a hold that was lifted and one that was not.
fn rich() -> Fold {
    let mut fold = begun(StartAt::Latest);
    let filter = FilterUse {
        name: "large".to_owned(),
        component: sha256(b"component"),
        config: sha256(b"{}"),
        world: "sealog:filter@1.0.0".to_owned(),
        engine: "wasmtime 1".to_owned(),
        limits: "standard".to_owned(),
        mode: FilterMode::Enforce,
        decisions: Decisions::default(),
    };
    let hold = |name: &str| Fact::HoldAdded {
        name: name.to_owned(),
        first: 0,
        last: 0,
        reason: "case \"7\"\n".to_owned(),
    };
    let facts = vec![
        Fact::FilterPinned { filter, replaces: None },
        hold("one"),
        hold("two"),
        Fact::HoldRemoved { name: "one".to_owned(), reason: "over".to_owned() },
    ];
    let closed = Segment { closed: true, ..segment("b", TrimHorizon, None, Some("7")) };
    let steps = [
        (facts, vec![segment("a", Latest, None, Some("0100")), closed]),
        (vec![gap("a", Some("0100"))], vec![]),
        (vec![], vec![segment("c", TrimHorizon, None, None)]),
    ];
    for (place, (facts, segments)) in steps.into_iter().enumerate() {
        let bytes = next(&fold, facts, segments).render().unwrap();
        fold.apply(&bytes, Some(format!("version-{place}"))).unwrap();
    }
    fold
}

fn gap(shard: &str, after: Option<&str>) -> Fact {
    Fact::Gap(Gap {
        stream: LABEL.parse().unwrap(),
        shard: Some(shard.parse().unwrap()),
        after: after.map(|text| text.parse().unwrap()),
        first: None,
        cause: GapCause::Trimmed,
        ends_shard: false,
        noticed_at: Timestamp::from_millis(1_795_342_530_000),
    })
}

fn stored(fold: &Fold) -> Vec<u8> {
    let (line, head) = fold.snapshot().unwrap();
    Fold::with_signature(line, &head.sign(&[&key()]))
}

#[test]
fn a_fold_comes_back_whole_and_goes_on_alike() {
    let fold = rich();
    let restored = Fold::restore(&stored(&fold), key().verifier()).unwrap();
    assert_eq!(restored, fold);
    let bytes = next(&fold, vec![], vec![segment("a", TrimHorizon, None, Some("0101"))]).render().unwrap();
    let [mut one, mut other] = [fold, restored];
    one.apply(&bytes, None).unwrap();
    other.apply(&bytes, None).unwrap();
    assert_eq!(one, other);
    assert_eq!(one.tree().root(), other.tree().root());
    assert!(other.ends_with(&bytes) && !other.ends_with(b"another"));
}

#[test]
fn what_is_not_signed_by_the_key_is_none() {
    let fold = rich();
    let other = SigningKey::from_seed("example", [2; 32]).unwrap();
    let (line, head) = fold.snapshot().unwrap();
    let forged = Fold::with_signature(line.clone(), &head.clone().sign(&[&other]));
    assert!(Fold::restore(&forged, key().verifier()).is_err());
    // A head of the log that the key did sign is no signature over a snapshot.
    let origin = fold.origin().unwrap().to_owned();
    let borrowed = Checkpoint { origin, ..head.clone() }.sign(&[&key()]);
    assert!(Fold::restore(&Fold::with_signature(line.clone(), &borrowed), key().verifier()).is_err());
    let resized = Checkpoint { size: head.size + 1, ..head }.sign(&[&key()]);
    assert!(Fold::restore(&Fold::with_signature(line, &resized), key().verifier()).is_err());
    assert!(Fold::default().snapshot().is_err());
}

proptest! {
    #[test]
    fn hostile_bytes_are_none(at in 0_usize..3000, byte in any::<u8>(), cut in 0_usize..3000) {
        let sound = stored(&rich());
        let mut bent = sound.clone();
        let at = at % bent.len();
        prop_assume!(bent[at] != byte);
        bent[at] = byte;
        let restored = Fold::restore(&bent, key().verifier());
        prop_assert!(restored.is_err() || restored == Ok(rich()));
        prop_assert!(Fold::restore(&sound[..cut % sound.len()], key().verifier()).is_err());
    }
}
