#!/usr/bin/env python3
"""Attacks archives, and asks both verifiers: `sealog verify` and tests/vectors/verify.py.

    run.py --sealog BINARY                          what CI runs; 40 clean archives
    run.py --sealog BINARY --clean 500 [--seed N]   acceptance: no false alarm in 500 clean random archives
    run.py --sealog BINARY --write                  writes the table into README.md instead of comparing

Each attack (attacks.py) must have its outcome and exactly its findings, by both. Each golden vector is an attack too;
run_vectors.py checks those, here they only stand in the table. Clean archives (clean.py) must have no finding but
declared gaps; then a byte of each is changed, and both must say TAMPERED or UNVERIFIABLE. Every report of `sealog` is
held against its schema. Ends with the line `N passed, N failed`.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "vectors"), str(HERE.parent / "integration")]

import jsonschema  # noqa: E402

import clean  # noqa: E402
from attacks import ATTACKS  # noqa: E402
from checks import Checks  # noqa: E402
from run_vectors import read_vector  # noqa: E402
from sealog_verify.archive import verify_archive  # noqa: E402
from sealog_verify.log import Trust  # noqa: E402
from sealog_verify.notes import parse_vkey  # noqa: E402
from sealog_verify.report import EXIT_CODES, parse_time  # noqa: E402

SCHEMA = json.loads((HERE.parents[1] / "crates/verify/report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PLACES = ("code", "commit", "object", "shard", "row")
TIMEOUT_SECONDS = 120
CLEAN_NOW = "2026-11-22T11:30:00.000Z"
README = HERE / "README.md"
BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


class Verifiers:
    def __init__(self, binary):
        self.binary = binary

    def ask(self, archive, key=None, now=None, checkpoint=None, more=()):
        """(outcome, integrity, completeness, places) by each verifier; what is wrong with sealog's report."""
        flags = [str(archive), "--format", "json", "--now", now, *more]
        flags += ["--key", key] if key else []
        outside = archive.parent / "outside.checkpoint"
        if checkpoint is not None:
            outside.write_bytes(checkpoint)
            flags += ["--checkpoint", str(outside)]
        ran = subprocess.run([self.binary, "verify", *flags], capture_output=True, timeout=TIMEOUT_SECONDS)
        try:
            report = json.loads(ran.stdout)
        except ValueError:
            raise RuntimeError(f"exit code {ran.returncode}: {(ran.stderr or ran.stdout)[:2000]!r}") from None
        problems = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(report)]
        if ran.returncode != EXIT_CODES[report["outcome"]]:
            problems.append(f"exit code {ran.returncode} with {report['outcome']}")
        trust = Trust(parse_vkey(key) if key else None, checkpoint)
        theirs = verify_archive(str(archive), [], trust, parse_time(now)).as_json()
        return said(report), said(theirs), problems


def said(report):
    places = {
        tuple(finding[name] for name in PLACES) for log in report["logs"] for finding in log["findings"]
    }
    return report["outcome"], report["integrity"], report["completeness"], places


def as_text(place):
    return " ".join(str(value) if name == "code" else f"{name}={value}" for name, value in zip(PLACES, place) if value is not None)


def shown(place):
    """For the table: hashes change with the Parquet library, so objects are told by their kind only."""
    code, commit, item, shard, row = place
    item = "…" if item and item.startswith("evidence/") else item and item.encode("unicode_escape").decode()
    parts = [f"`{code}`"]
    parts += [f"{name} {value}" for name, value in (("commit", commit), ("object", item), ("shard", shard), ("row", row)) if value is not None]
    return " ".join(parts)


def attack(checks, verifiers, make, folder):
    archive = folder / "archive"
    made = make(archive)
    expected = {tuple(finding.get(name) for name in PLACES) for finding in made.findings}
    ours, theirs, problems = verifiers.ask(archive, made.key, made.now, made.checkpoint)
    wanted = (made.outcome, expected)
    for who, got in (("sealog", ours), ("verify.py", theirs)):
        checks.check(
            f"{made.name}: {who} says {made.outcome}",
            (got[0], got[3]) == wanted,
            lambda got=got: f"got  {got[0]} {sorted(map(as_text, got[3]))}\nwant {made.outcome} {sorted(map(as_text, expected))}",
        )
    checks.check(f"{made.name}: both verdicts agree, and the report fits its schema", ours[:3] == theirs[:3] and not problems,
                 f"{ours[:3]} {theirs[:3]} {problems}")
    findings = " · ".join(sorted(shown(place) for place in theirs[3] & ours[3])) or "–"
    return f"| {made.name} | {made.about} | {ours[0]} | {theirs[0]} | {findings} |"


def vector_rows():
    """The golden vectors that are no clean archive, from their headers, which both verifiers were held against."""
    for file in sorted((HERE.parent / "vectors").glob("*/vector.txt")):
        vector = read_vector(file)
        if vector.name.startswith("clean"):
            continue
        about = next(line[7:] for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("about: "))
        places = [tuple(finding.get(name) for name in PLACES) for finding in vector.findings]
        findings = " · ".join(sorted(shown(place) for place in places)) or "–"
        yield f"| {vector.name} | {about} | {vector.expect} | {vector.expect} | {findings} |"


def table(rows):
    head = ["| attack | what is done | sealog | verify.py | findings, by both |", "|---|---|---|---|---|"]
    return "\n".join([*head, *rows]) + "\n"


def keep(checks, text, write):
    before, _, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    kept, _, after = rest.partition(END)
    if write:
        README.write_text(before + BEGIN + text + END + after, encoding="utf-8")
    checks.check("the table in tests/tamper/README.md is the one of this run (else: run.py --write)", write or kept == text)


def clean_archive(checks, verifiers, seed, folder):
    archive = folder / "archive"
    key, outcome = clean.write(archive, seed)
    ours, theirs, problems = verifiers.ask(archive, key, CLEAN_NOW)
    alarms = {place for place in ours[3] | theirs[3] if place[0] != "gap-declared"}
    good = ours == theirs and ours[0] == outcome and not alarms and not problems
    checks.check(f"clean archive of seed {seed}: {outcome}", good, lambda: f"{ours}\n{theirs}\n{problems}")
    damaged(checks, verifiers, seed, archive, key)


def damaged(checks, verifiers, seed, archive, key):
    """One byte of one file that counts is another one: what it is called may depend on the Parquet reader, that it is said may not."""
    rng = random.Random(seed)
    files = sorted(path for path in archive.rglob("*") if path.is_file() and "0" * 64 not in path.name)
    file = rng.choice(files)
    data = bytearray(file.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    file.write_bytes(bytes(data))
    ours, theirs, _ = verifiers.ask(archive, key, CLEAN_NOW)
    bad = {"TAMPERED", "UNVERIFIABLE"}
    checks.check(f"a bit changed in {file.name[:24]} of seed {seed}", ours[0] in bad and ours[0] == theirs[0], lambda: f"{ours}\n{theirs}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sealog", required=True)
    parser.add_argument("--clean", type=int, default=40, help="number of clean archives")
    parser.add_argument("--seed", type=int, help="of the first; default: drawn, and printed")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    checks, verifiers = Checks("tamper"), Verifiers(options.sealog)
    rows = []
    with tempfile.TemporaryDirectory(prefix="sealog-tamper-") as temporary:
        folder = Path(temporary)
        for number, make in enumerate(ATTACKS):
            with checks.section(f"attack {make.__name__}"):
                rows.append(attack(checks, verifiers, make, new(folder / f"attack-{number}")))
        text = table([*rows, *vector_rows()])
        print(f"\n{text}")
        keep(checks, text, options.write)
        first = random.randrange(1 << 31) if options.seed is None else options.seed
        print(f"seeds {first} to {first + options.clean - 1}")
        for seed in range(first, first + options.clean):
            with checks.section(f"seed {seed}"), tempfile.TemporaryDirectory(dir=folder) as place:
                clean_archive(checks, verifiers, seed, Path(place))
    return checks.finish()


def new(folder):
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
