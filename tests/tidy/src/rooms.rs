//! The table of rooms: which crate may use which, and what it must never reach.
//!
//! This is house.md's table as data. A new edge or a new crate changes both in the same commit, with its reason.

use crate::Finding;
use crate::workspace::{DependencyKind, Package};

const RULE_EDGE: &str =
    "the table of rooms (house.md, \"Rooms\") is an allow-list of dependencies between crates";
const REMEDY_EDGE: &str = "remove the dependency; or, if the house has changed, change the table in ARCHITECTURE.md and ROOMS in \
     tests/tidy/src/rooms.rs in the same commit, with the reason";
const RULE_REACH: &str = "a room never reaches what its row says it must never see (house.md, \"Rooms\")";
const REMEDY_REACH: &str =
    "run `cargo tree -p <crate> -e normal -i <dependency>` to see the way, and remove the first step of it";
const RULE_FOLDER: &str =
    "every crate is a room of the table (house.md, \"Rooms\"); no common, utils, types or error crate";
const REMEDY_FOLDER: &str = "move the code into the room it belongs to; or add the room to ARCHITECTURE.md and tests/tidy/src/rooms.rs";

/// One row of the table.
#[derive(Debug)]
pub struct Room {
    /// Its folder under `crates/`.
    pub folder: &'static str,
    /// Folders of the rooms it may depend on.
    pub may_use: &'static [&'static str],
    /// Packages that it must not reach by any way; a trailing `*` stands for any ending.
    pub never: &'static [&'static str],
}

const ALL: &[&str] = &[
    "record",
    "source",
    "filter",
    "kit",
    "batch",
    "chain",
    "store",
    "lake",
    "pipeline",
    "signals",
    "verify",
    "query",
    "simulator",
];

/// The rooms.
pub const ROOMS: &[Room] = &[
    Room {
        folder: "record",
        may_use: &[],
        never: &[
            "tokio",
            "aws-config",
            "aws-sdk-*",
            "aws-smithy-*",
            "arrow*",
            "parquet*",
            "wasmtime*",
            "clap",
        ],
    },
    Room { folder: "source", may_use: &["record"], never: &["arrow*", "parquet*", "wasmtime*", "clap"] },
    Room {
        folder: "filter",
        may_use: &["record"],
        never: &["aws-config", "aws-sdk-*", "aws-smithy-*", "arrow*", "parquet*", "clap"],
    },
    // For authors of filters: asks filters about records and archives, and never writes to one.
    Room {
        folder: "kit",
        may_use: &["record", "filter", "batch", "chain", "store"],
        never: &["sealog-source", "sealog-pipeline", "sealog-verify", "aws-sdk-dynamodbstreams", "clap"],
    },
    Room {
        folder: "batch",
        may_use: &["record"],
        never: &["tokio", "aws-config", "aws-sdk-*", "aws-smithy-*", "wasmtime*", "clap"],
    },
    Room {
        folder: "chain",
        may_use: &["record"],
        never: &[
            "tokio",
            "aws-config",
            "aws-sdk-*",
            "aws-smithy-*",
            "arrow*",
            "parquet*",
            "wasmtime*",
            "clap",
        ],
    },
    Room {
        folder: "store",
        may_use: &["chain", "record"],
        never: &["arrow*", "parquet*", "wasmtime*", "clap"],
    },
    // Derived from committed evidence alone. Its files have a schema of their own, which is why it sees arrow and parquet.
    Room {
        folder: "lake",
        may_use: &["record", "batch", "chain", "store"],
        never: &[
            "sealog-source",
            "sealog-filter",
            "sealog-pipeline",
            "aws-sdk-dynamodbstreams",
            "wasmtime*",
            "clap",
        ],
    },
    // `lake`: publishes what it commits, beside its work.
    Room {
        folder: "pipeline",
        may_use: &["record", "source", "filter", "batch", "chain", "store", "lake"],
        never: &["clap", "sealog-verify", "sealog-query", "sealog-simulator"],
    },
    Room {
        folder: "signals",
        may_use: &["record", "source", "chain", "store", "pipeline"],
        never: &["clap", "sealog-verify", "sealog-query", "sealog-simulator"],
    },
    // `lake`: what copies are derived by. Evidence is read and hashed by code of its own all the same.
    Room {
        folder: "verify",
        may_use: &["record", "batch", "chain", "store", "lake"],
        never: &[
            "sealog-source",
            "sealog-filter",
            "sealog-pipeline",
            "aws-sdk-dynamodbstreams",
            "wasmtime*",
            "clap",
        ],
    },
    Room {
        folder: "query",
        may_use: &["record", "batch", "chain", "store", "lake"],
        never: &[
            "sealog-source",
            "sealog-filter",
            "sealog-pipeline",
            "aws-sdk-dynamodbstreams",
            "wasmtime*",
            "clap",
        ],
    },
    Room {
        folder: "simulator",
        may_use: &["record"],
        never: &["aws-config", "aws-sdk-*", "aws-smithy-*", "arrow*", "parquet*", "wasmtime*", "clap"],
    },
    Room { folder: "cli", may_use: ALL, never: &[] },
];

/// Folders under `tests/` that may hold a crate.
pub const TEST_CRATES: &[&str] = &["conformance", "fuzz", "integration", "simulation", "tidy", "vectors"];

impl Room {
    /// The package's name: `sealog-<folder>`, and `sealog` for the binary.
    #[must_use]
    pub fn package(&self) -> String {
        if self.folder == "cli" { "sealog".to_owned() } else { format!("sealog-{}", self.folder) }
    }
}

/// The row of a package, by its name.
#[must_use]
pub fn room_of(package: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.package() == package)
}

/// Members of the workspace that stand in no known folder, or under a name that is not their folder's.
#[must_use]
pub fn unknown_crates(members: &[Package]) -> Vec<Finding> {
    let known = |member: &&Package| match member.folder.split_once('/') {
        Some(("crates", folder)) => room_of(&member.name).is_some_and(|room| room.folder == folder),
        Some(("tests", folder)) => TEST_CRATES.contains(&folder) && member.name == format!("sealog-{folder}"),
        _ => false,
    };
    members
        .iter()
        .filter(|member| !known(member))
        .map(|member| Finding {
            rule: RULE_FOLDER,
            place: format!("{}/Cargo.toml", member.folder),
            found: format!("package `{}` in folder `{}` is in no row", member.name, member.folder),
            remedy: REMEDY_FOLDER,
        })
        .collect()
}

/// Dependencies between members that the table does not allow. Dev-dependencies are free, and so are test crates;
/// but nothing may lean on a test crate.
#[must_use]
pub fn forbidden_edges(members: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for member in members.iter().filter(|member| !member.folder.starts_with("tests/")) {
        let allowed = room_of(&member.name).map_or(&[] as &[_], |room| room.may_use);
        for (dependency, kind) in &member.dependencies {
            let inside = members.iter().any(|other| other.name == *dependency);
            let may = room_of(dependency).is_some_and(|room| allowed.contains(&room.folder));
            if inside && !may && *kind != DependencyKind::Dev {
                findings.push(Finding {
                    rule: RULE_EDGE,
                    place: format!("{}/Cargo.toml", member.folder),
                    found: format!(
                        "`{}` depends on `{dependency}`; it may use: {}",
                        member.name,
                        listed(allowed)
                    ),
                    remedy: REMEDY_EDGE,
                });
            }
        }
    }
    findings
}

/// What a room reaches and must never see. `reached`: the names of all packages in its normal dependency tree.
#[must_use]
pub fn forbidden_reach(room: &Room, reached: &[String]) -> Vec<Finding> {
    let matches = |name: &str, pattern: &str| match pattern.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == pattern,
    };
    reached
        .iter()
        .filter(|name| room.never.iter().any(|pattern| matches(name, pattern)))
        .map(|name| Finding {
            rule: RULE_REACH,
            place: format!("crates/{}/Cargo.toml", room.folder),
            found: format!(
                "`{}` reaches `{name}`; it must never see: {}",
                room.package(),
                listed(room.never)
            ),
            remedy: REMEDY_REACH,
        })
        .collect()
}

fn listed(names: &[&str]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(folder: &str, name: &str, dependencies: &[(&str, DependencyKind)]) -> Package {
        let dependencies = dependencies.iter().map(|(name, kind)| ((*name).to_owned(), *kind)).collect();
        Package { name: name.to_owned(), folder: folder.to_owned(), dependencies }
    }

    fn house(record_uses: &[(&str, DependencyKind)], verify_uses: &[(&str, DependencyKind)]) -> Vec<Package> {
        vec![
            member("crates/record", "sealog-record", record_uses),
            member("crates/source", "sealog-source", &[]),
            member("crates/verify", "sealog-verify", verify_uses),
            member("tests/tidy", "sealog-tidy", &[("sealog-source", DependencyKind::Normal)]),
        ]
    }

    #[test]
    fn allowed_edges_pass_and_strangers_are_not_our_business() {
        let uses = [("sealog-record", DependencyKind::Normal), ("serde", DependencyKind::Normal)];
        assert_eq!(forbidden_edges(&house(&[], &uses)), []);
    }

    #[test]
    fn an_edge_that_is_not_in_the_table_is_found() {
        let found = forbidden_edges(&house(&[], &[("sealog-source", DependencyKind::Normal)]));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "crates/verify/Cargo.toml");
        assert!(found[0].found.contains("`sealog-source`"), "{}", found[0]);
    }

    #[test]
    fn build_dependencies_count_and_dev_dependencies_are_free() {
        assert_eq!(forbidden_edges(&house(&[("sealog-source", DependencyKind::Build)], &[])).len(), 1);
        assert_eq!(forbidden_edges(&house(&[("sealog-source", DependencyKind::Dev)], &[])), []);
    }

    #[test]
    fn nothing_may_lean_on_a_test_crate() {
        assert_eq!(forbidden_edges(&house(&[("sealog-tidy", DependencyKind::Normal)], &[])).len(), 1);
    }

    #[test]
    fn a_crate_outside_the_table_is_found() {
        for (folder, name) in [
            ("crates/utils", "sealog-utils"),
            ("crates/record", "sealog-store"),
            ("tests/helpers", "sealog-helpers"),
            ("tools/record", "sealog-record"),
            ("record", "sealog-record"),
        ] {
            assert_eq!(unknown_crates(&[member(folder, name, &[])]).len(), 1, "{folder} {name}");
        }
        let good = [member("crates/cli", "sealog", &[]), member("tests/tidy", "sealog-tidy", &[])];
        assert_eq!(unknown_crates(&good), []);
    }

    #[test]
    fn reach_knows_whole_names_and_starts() {
        let chain = room_of("sealog-chain").unwrap();
        let reached = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            forbidden_reach(chain, &names).len()
        };
        assert_eq!(reached(&["sha2", "tokio-macros-like", "aws-lc-rs"]), 0);
        assert_eq!(reached(&["tokio", "arrow-array", "aws-sdk-s3"]), 3);
    }

    #[test]
    fn every_row_names_known_rooms_only() {
        for room in ROOMS {
            for other in room.may_use {
                assert!(ROOMS.iter().any(|known| known.folder == *other), "{other}");
                assert!(*other != room.folder && *other != "cli", "{} uses {other}", room.folder);
            }
        }
    }
}
