use std::collections::BTreeMap;

use super::*;
use crate::scenario::Millis;

const START_MS: i64 = 1_763_769_600_000;

fn play(changes: u64) -> Vec<Write> {
    let spec = WriterSpec { items: 100, ..WriterSpec::count(changes, Millis(0), Millis::hours(1)) };
    let mut ledger = Ledger::new(&spec);
    let mut rng = Rng::new(7, 0);
    (0..changes).map(|step| ledger.step(START_MS + i64::try_from(step).unwrap() * 1_000, &mut rng)).collect()
}

#[test]
fn every_image_is_json_and_versions_count_up_by_one() {
    let mut versions: BTreeMap<String, u64> = BTreeMap::new();
    for write in play(5_000) {
        let Some(image) = write.image else {
            assert!(versions.remove(&write.partition).is_some(), "only what is there can be deleted");
            continue;
        };
        let image: serde_json::Value = serde_json::from_str(&image).unwrap();
        let version: u64 = image["version"]["N"].as_str().unwrap().parse().unwrap();
        let before = versions.insert(write.partition.clone(), version).unwrap_or_default();
        assert_eq!(version, before + 1, "{}", write.partition);
        assert_eq!(image["account_id"]["S"], write.partition);
    }
}

#[test]
fn the_story_has_all_its_people() {
    let writes = play(10_000);
    let by = |who: &str| writes.iter().filter(|w| w.image.as_ref().is_some_and(|i| i.contains(who))).count();
    for service in ["migration", "onboarding", "payments", "interest", "kyc", "fraud"] {
        assert!(by(&format!("\"updated_by\":{{\"S\":\"{service}\"}}")) > 50, "{service}");
    }
    assert_eq!(by("maria.keller@bank.example"), 1);
    assert!(writes.iter().filter(|w| w.identity.is_some()).count() > 20);
    assert!(writes.iter().filter(|w| w.image.is_none() && w.identity.is_none()).count() > 20);
}

#[test]
fn the_correction_takes_back_what_was_booked_too_much() {
    let writes = play(10_000);
    let correction =
        writes.iter().filter_map(|w| w.image.as_deref()).find(|image| image.contains("corrects")).unwrap();
    let correction: serde_json::Value = serde_json::from_str(correction).unwrap();
    let posting = &correction["last_posting"]["M"];
    assert_eq!(posting["amount"]["N"], "-12375");
    let wrong = posting["corrects"]["S"].as_str().unwrap();
    assert!(
        writes.iter().any(|w| w.image.as_ref().is_some_and(|i| i.contains(wrong) && i.contains("\"12500\"")))
    );
}

#[test]
fn ttl_never_deletes_before_the_time_that_the_item_names() {
    let mut expires: BTreeMap<String, i64> = BTreeMap::new();
    for (step, write) in (0..).zip(play(10_000)) {
        let now = START_MS / 1_000 + step;
        if write.identity.is_some() {
            assert!(expires[&write.partition] <= now);
        } else if let Some(image) = write.image {
            let image: serde_json::Value = serde_json::from_str(&image).unwrap();
            if let Some(at) = image["expires_at"]["N"].as_str() {
                expires.insert(write.partition, at.parse().unwrap());
            }
        }
    }
}
