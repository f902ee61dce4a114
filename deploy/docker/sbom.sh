#!/usr/bin/env bash
# What the binary is built from, as SPDX 2.3 (tag: value): each crate with version, licence, and where it comes from.
# Prints it. Needs cargo, and what Cargo.lock names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

version="$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n1)"
lock="$(sha256sum Cargo.lock | cut -d' ' -f1)"
cat <<END
SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: sealog-$version
DocumentNamespace: https://sealog.invalid/spdx/$version/$lock
Creator: Tool: deploy/docker/sbom.sh
Created: $(date -u -d "@${SOURCE_DATE_EPOCH:-$(date +%s)}" +%Y-%m-%dT%H:%M:%SZ)
END

cargo tree --locked -p sealog -e normal,build --prefix none --format '{p}|{l}' | sed 's/ (\*)$//; s/ (proc-macro)//' | sort -u |
  awk -F '|' '{
    split($1, it, " "); name = it[1]; version = substr(it[2], 2)
    id = name "-" version; gsub(/[^A-Za-z0-9.-]/, "-", id)
    licence = $2 == "" ? "NOASSERTION" : $2; gsub(/ *\/ */, " OR ", licence)
    own = $1 ~ /\(\//
    printf "\nPackageName: %s\nSPDXID: SPDXRef-%s\nPackageVersion: %s\n", name, id, version
    printf "PackageDownloadLocation: %s\nFilesAnalyzed: false\n", own ? "NOASSERTION" : "https://crates.io/crates/" name "/" version
    printf "PackageLicenseConcluded: NOASSERTION\nPackageLicenseDeclared: %s\nPackageCopyrightText: NOASSERTION\n", licence
    if (!own) printf "ExternalRef: PACKAGE-MANAGER purl pkg:cargo/%s@%s\n", name, version
    print "Relationship: SPDXRef-DOCUMENT DESCRIBES SPDXRef-" id
  }'
