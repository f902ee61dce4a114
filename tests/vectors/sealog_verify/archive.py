"""All logs of an archive."""

from __future__ import annotations

from pathlib import Path

from .commit import Malformed, UnknownFormat, parse_commit
from .log import Trust, commit_name, verify_log
from .notes import NotANote, parse_checkpoint
from .report import ArchiveReport
from .store import Store, Unreadable, log_names


def verify_archive(root: str, logs: list[str], trust: Trust, now_ms: int) -> ArchiveReport:
    archive = Path(root)
    # An archive without any log is reported as one without a name.
    names = logs or log_names(archive) or [""]
    holders = _holders(archive, names, trust)
    reports = []
    for name in names:
        at_hand = trust if name in holders else Trust(key=trust.key)
        reports.append(verify_log(Store(archive / name), name, at_hand, now_ms))
    return ArchiveReport(root, now_ms, reports)


def _holders(archive: Path, names: list[str], trust: Trust) -> list[str]:
    """The logs that the checkpoint from outside is held against: its own; if none claims it, all."""
    if trust.checkpoint is None:
        return []
    try:
        origin = parse_checkpoint(trust.checkpoint).origin
    except NotANote:
        return names
    return [name for name in names if _origin_of(Store(archive / name)) == origin] or names


def _origin_of(store: Store) -> str | None:
    try:
        data = store.read(commit_name(0))
        return None if data is None else parse_commit(data).origin
    except (Unreadable, Malformed, UnknownFormat):
        return None
