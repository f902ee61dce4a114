"""What the lake must say, told from the evidence alone by code that shares nothing with Sealog's.

Decimals are Python's, made of the number's own digits.
"""

import datetime
import json
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "integration")]

import archive  # noqa: E402


def rows(folder, log):
    """Every row with its place: (commit, row in its batch, row as `archive.rows` gives it, commit's date)."""
    found, everything = [], iter(archive.rows(folder, log))
    for _, commit in archive.commits(folder, log):
        count = (commit.get("batch") or {}).get("records", 0)
        found += [(commit["number"], index, next(everything), commit["committed_at"]) for index in range(count)]
    return found


def date(created_at, committed_at):
    """The day under which a row stands."""
    committed = datetime.date.fromisoformat(committed_at[:10])
    if created_at is None:
        return str(committed)
    created = datetime.date(1970, 1, 1) + datetime.timedelta(days=created_at // 86_400_000)
    return str(created if committed - datetime.timedelta(days=7) <= created <= committed else committed)


def per_day(all_rows):
    """Rows of each day."""
    return Counter(date(row["created_at"], committed_at) for _, _, row, committed_at in all_rows)


def attribute(image, *path):
    """An attribute value of an image by its path, or None."""
    found = {"M": json.loads(image)} if image is not None else None
    for part in path:
        found = (found or {}).get("M", {}).get(part)
    return found


def number(image, *path):
    """A number of an image as a decimal, or None."""
    found = attribute(image, *path) or {}
    return Decimal(found["N"]) if "N" in found else None


def text(image, *path):
    """A string of an image, or None."""
    return (attribute(image, *path) or {}).get("S")


def changed(row):
    """Members that differ; good for images of both sides that have neither sets nor spellings of one value."""
    old, new = (json.loads(row[side]) if row[side] is not None else {} for side in ("old_image", "new_image"))
    return sorted(name for name in old.keys() | new.keys() if old.get(name) != new.get(name))
