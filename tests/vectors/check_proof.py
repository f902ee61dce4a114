#!/usr/bin/env python3
"""Checks the proof of one row without Sealog and without the archive.

Written from crates/chain/FORMAT.md alone. It relies on Python's standard library and on cryptography for signatures.

    check_proof.py FILE --key VKEY_OR_FILE [--key ...]

Exit codes: 0 the change was sealed and is as it was sealed, 1 the file does not prove that, 2 wrong usage, 69 it cannot be read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from sealog_verify.notes import NotANote, VerifierKey, parse_vkey
from sealog_verify.proof import NoProof, Proven, check_proof
from sealog_verify.report import time_text


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="check_proof.py", description="Checks the proof of a row.")
    parser.add_argument("file")
    parser.add_argument("--key", action="append", required=True, type=_key, help="verifier key of the signer, or a file with it")
    parser.add_argument("--format", choices=("text", "json"), default="text")
    options = parser.parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        data = Path(options.file).read_bytes()
    except OSError as error:
        print(f"{options.file}: {error.strerror}", file=sys.stderr)
        return 69
    try:
        proven = check_proof(data, options.key)
    except NoProof as error:
        print(f"{options.file} proves nothing: {error}", file=sys.stderr)
        return 1
    if options.format == "json":
        print(json.dumps(as_json(proven, options.key), ensure_ascii=False))
    else:
        _print_text(proven, options.key)
    return 0


def _key(text_or_path: str) -> VerifierKey:
    text = text_or_path
    if os.path.isfile(text_or_path):
        text = Path(text_or_path).read_text("utf-8", "replace").strip()
    try:
        return parse_vkey(text)
    except NotANote as error:
        raise argparse.ArgumentTypeError(f"no verifier key: {error}") from None


def _time(cell: str | None) -> str | None:
    return None if cell is None else time_text(int(cell))


def as_json(proven: Proven, keys: list[VerifierKey]) -> dict[str, object]:
    row, commit = proven.row, proven.commit
    return {
        "format": "sealog.proven/1",
        "origin": commit.origin,
        "commit": commit.number,
        "row": proven.place,
        "committed_at": commit.committed_at,
        "size": proven.size,
        "signers": [key.text for key in keys],
        "stream": row["stream_label"],
        "shard": row["shard_id"],
        "sequence_number": row["sequence_number"],
        "event_name": row["event_name"],
        "created_at": _time(row["created_at"]),
        "keys": row["keys"],
        "old_image": row["old_image"],
        "new_image": row["new_image"],
        "verdict": row["verdict"],
        "reason": row["reason"],
    }


def _print_text(proven: Proven, keys: list[VerifierKey]) -> None:
    print("PROVEN: this change was sealed, and is as it was sealed")
    for name, value in as_json(proven, keys).items():
        text = "-" if value is None else str(value)
        print(f"  {name:<16}" + "".join(char if char.isprintable() else "\ufffd" for char in text))


if __name__ == "__main__":
    sys.exit(main())
