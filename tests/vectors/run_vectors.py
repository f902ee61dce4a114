#!/usr/bin/env python3
"""Holds two verifiers against each other: the sealog program and verify.py.

    run_vectors.py SEALOG_BINARY                                               all vectors in this directory
    run_vectors.py SEALOG_BINARY --archive DIR [--key K] [--checkpoint F] [--now T]   any archive

A vector is a directory with an `archive/` and a `vector.txt` of lines `name: value`:

    about: what it shows
    key: <vkey>                      left out if there is none
    now: <RFC 3339>
    checkpoint: <file beside it>     left out if there is none
    expect: <OUTCOME>
    finding: <code> [commit=N] [row=N] [object=SUFFIX] [shard=S]     as often as needed

Both must give the expected outcome with its exit code, and each finding that is listed (what a line does not name may be
anything). And both must find the same: the same codes at the same log, commit, object, shard and row.
The last line is `N passed, N failed`; the exit code is 0 if none failed and there was one at all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sealog_verify.report import EXIT_CODES

HERE = Path(__file__).resolve().parent
HEADERS = {"about", "key", "now", "checkpoint", "expect", "finding"}
TIMEOUT_SECONDS = 300

PLACES = ("code", "commit", "object", "shard", "row", "key")
Place = tuple[Any, ...]  # log, then PLACES, then the row before, if the finding is about two


class BadVector(Exception):
    """vector.txt is not what it should be."""


@dataclass
class Vector:
    name: str
    archive: Path
    key: str | None = None
    now: str | None = None
    checkpoint: Path | None = None
    expect: str | None = None
    findings: list[dict[str, str]] = field(default_factory=list)

    def flags(self) -> list[str]:
        flags = [str(self.archive), "--format", "json"]
        for flag, value in (("--key", self.key), ("--checkpoint", self.checkpoint), ("--now", self.now)):
            if value is not None:
                flags += [flag, str(value)]
        return flags


@dataclass
class Result:
    exit_code: int
    outcome: str
    integrity: str
    completeness: str
    places: set[Place]


def read_vector(file: Path) -> Vector:
    vector = Vector(file.parent.name, file.parent / "archive")
    for line in file.read_text(encoding="utf-8").splitlines():
        name, colon, value = (part.strip() for part in line.partition(":"))
        if not name and not colon:
            continue
        if name not in HEADERS or not value:
            raise BadVector(f"line {line!r} is none of {sorted(HEADERS)}")
        if name == "finding":
            vector.findings.append(_listed(value))
        elif name == "checkpoint":
            vector.checkpoint = file.parent / value
        elif name != "about":
            setattr(vector, name, value)
    if vector.expect not in EXIT_CODES:
        raise BadVector(f"expect: is {vector.expect!r}, none of {sorted(EXIT_CODES)}")
    if not vector.archive.is_dir():
        raise BadVector("no directory archive/")
    return vector


def _listed(value: str) -> dict[str, str]:
    code, *places = value.split()
    listed = {"code": code}
    for place in places:
        name, equals, text = place.partition("=")
        if name not in ("commit", "row", "object", "shard") or not equals:
            raise BadVector(f"finding {value!r}: {place!r} names no place")
        listed[name] = text
    return listed


def run(command: list[str]) -> Result:
    try:
        ran = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS)
        report = json.loads(ran.stdout)
        places = {
            (log["log"], *(finding[name] for name in PLACES), _earlier(finding))
            for log in report["logs"]
            for finding in log["findings"]
        }
        verdicts = (report[name] for name in ("outcome", "integrity", "completeness"))
        return Result(ran.returncode, *verdicts, places)
    except subprocess.TimeoutExpired:
        raise BadVector(f"no answer within {TIMEOUT_SECONDS} s: {command[0]}") from None
    except (ValueError, KeyError, TypeError) as error:
        said = (ran.stderr or ran.stdout)[:2_000].decode("utf-8", "replace")
        raise BadVector(f"exit code {ran.returncode}, no report ({error!r}): {said}") from None


def _earlier(finding: dict[str, Any]) -> str | None:
    earlier = finding["earlier"]
    return earlier and "/".join(str(earlier[name]) for name in ("commit", "object", "row"))


def problems_of(vector: Vector, binary: str) -> list[str]:
    results = {
        "sealog": run([binary, "verify", *vector.flags()]),
        "verify.py": run([sys.executable, str(HERE / "verify.py"), *vector.flags()]),
    }
    problems = []
    for who, result in results.items():
        problems += [f"{who}: {problem}" for problem in _against_expected(vector, result)]
    ours, theirs = results["sealog"].places, results["verify.py"].places
    for who, only in (("sealog", ours - theirs), ("verify.py", theirs - ours)):
        problems += [f"only {who} finds {_text(place)}" for place in sorted(only, key=_text)]
    verdicts = {who: (r.outcome, r.integrity, r.completeness) for who, r in results.items()}
    if verdicts["sealog"] != verdicts["verify.py"]:
        problems.append(f"verdicts differ: {verdicts}")
    return problems


def _against_expected(vector: Vector, result: Result) -> list[str]:
    problems = []
    if vector.expect is not None and result.outcome != vector.expect:
        problems.append(f"outcome {result.outcome}, expected {vector.expect}")
    if result.exit_code != EXIT_CODES.get(result.outcome):
        problems.append(f"exit code {result.exit_code} with outcome {result.outcome}")
    for listed in vector.findings:
        if not any(_is(listed, place) for place in result.places):
            problems.append(f"does not find {' '.join(f'{k}={v}' for k, v in listed.items())}")
    return problems


def _is(listed: dict[str, str], place: Place) -> bool:
    _, code, commit, item, shard, row, _, _ = place
    exact = {"code": code, "commit": commit, "shard": shard, "row": row}
    return all(
        (item or "").endswith(text) if name == "object" else str(exact[name]) == text
        for name, text in listed.items()
    )


def _text(place: Place) -> str:
    names = ("log", *PLACES, "earlier")
    return " ".join(f"{name}={value}" for name, value in zip(names, place) if value is not None)


def report(name: str, problems: list[str]) -> bool:
    print(f"{'FAILED' if problems else 'passed'} {name}")
    for problem in problems:
        print(f"    {problem}")
    return not problems


def run_all(binary: str, folder: Path) -> list[bool]:
    passed = []
    for file in sorted(folder.glob("*/vector.txt")):
        try:
            problems = problems_of(read_vector(file), binary)
        except (BadVector, OSError) as error:
            problems = [str(error)]
        passed.append(report(file.parent.name, problems))
    return passed


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Holds sealog verify and verify.py against each other.")
    parser.add_argument("binary", help="the sealog program")
    parser.add_argument("--vectors", type=Path, default=HERE, help="directory of vectors")
    parser.add_argument("--archive", type=Path, help="compare on this archive instead")
    parser.add_argument("--key")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--now")
    options = parser.parse_args(arguments)
    if options.archive is None:
        if options.key or options.checkpoint or options.now:
            parser.error("--key, --checkpoint and --now go with --archive")
        passed = run_all(options.binary, options.vectors)
    else:
        vector = Vector("archive", options.archive, options.key, options.now, options.checkpoint)
        try:
            problems = problems_of(vector, options.binary)
        except (BadVector, OSError) as error:
            problems = [str(error)]
        passed = [report(str(options.archive), problems)]
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if passed and all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
