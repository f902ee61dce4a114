#!/usr/bin/env python3
"""Verifies a Sealog archive without Sealog.

Written from crates/chain/FORMAT.md alone, it shares no code with the program that writes archives. It relies on
Python's standard library (JSON, SHA-256), on pyarrow to decode Parquet and on cryptography to check signatures;
everything else - the form of commits, hashes, trees, keys, checkpoints, rules - is in the package beside this file.

    verify.py ARCHIVE [--log NAME]... [--key VKEY_OR_FILE] [--checkpoint FILE] [--now TIME] [--format text|json]

Exit codes: 0 INTACT, 1 TAMPERED, 2 wrong usage, 3 INTACT WITH DECLARED GAPS, 4 STALE, 5 CONSISTENT, 69 UNVERIFIABLE.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from sealog_verify.archive import verify_archive
from sealog_verify.log import Trust
from sealog_verify.notes import NotANote, VerifierKey, parse_vkey
from sealog_verify.report import EXIT_CODES, ArchiveReport, now_ms, parse_time


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    report = verify_archive(
        options.archive, options.log, Trust(options.key, options.checkpoint), options.now
    )
    if options.format == "json":
        print(json.dumps(report.as_json(), indent=1))
    else:
        _print_text(report)
    return EXIT_CODES[report.outcome]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="verify.py", description="Verifies a Sealog archive.")
    parser.add_argument("archive", type=_directory, help="directory that holds logs")
    parser.add_argument("--log", action="append", default=[], help="only this log")
    parser.add_argument("--key", type=_key, help="trusted verifier key, or a file with it")
    parser.add_argument("--checkpoint", type=_file, help="checkpoint kept outside of the archive")
    parser.add_argument("--now", type=parse_time, default=now_ms(), help="RFC 3339")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    return parser


def _directory(path: str) -> str:
    try:
        os.listdir(path)
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from None
    return path


def _file(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{path}: {error.strerror}") from None


def _key(text_or_path: str) -> VerifierKey:
    text = text_or_path
    if os.path.isfile(text_or_path):
        text = _file(text_or_path).decode("utf-8", "replace").strip()
    try:
        return parse_vkey(text)
    except NotANote as error:
        raise argparse.ArgumentTypeError(f"no verifier key: {error}") from None


def _print_text(report: ArchiveReport) -> None:
    for log in report.logs:
        for finding in log.findings:
            place = {
                "commit": finding.commit,
                "object": finding.object,
                "shard": finding.shard,
                "row": finding.row,
            }
            where = "".join(f" {k}={v}" for k, v in place.items() if v is not None)
            line = f"{log.log}: {finding.level} {finding.code}{where}: {finding.message}"
            print("".join(char if char.isprintable() else "\ufffd" for char in line))
    print(report.outcome)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    # The interpreter's shutdown now and then aborts in pyarrow's threads, after all is said: leave without it.
    os._exit(status)
