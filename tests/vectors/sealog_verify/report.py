"""Findings, their levels, and the outcome they add up to (FORMAT.md, section 8)."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass, field
from typing import Any

# The codes of FORMAT.md's section "Versions" are not here: a directory keeps none.
LEVELS: dict[str, str] = {
    "commit-missing": "tampered",
    "commit-malformed": "tampered",
    "format-unknown": "unverifiable",
    "commit-misplaced": "tampered",
    "commit-changed": "tampered",
    "origin-mismatch": "tampered",
    "clock-backwards": "tampered",
    "genesis-missing": "tampered",
    "segment-hole": "tampered",
    "segment-replayed": "tampered",
    "parent-order": "tampered",
    "fact-contradiction": "tampered",
    "checkpoint-malformed": "tampered",
    "bad-signature": "tampered",
    "wrong-key": "tampered",
    "checkpoint-ahead": "tampered",
    "root-mismatch": "tampered",
    "object-missing": "tampered",
    "object-changed": "tampered",
    "object-unreadable": "tampered",
    "row-changed": "tampered",
    "row-foreign": "tampered",
    "row-order": "tampered",
    "filter-foreign": "tampered",
    "segment-mismatch": "tampered",
    "counts-mismatch": "tampered",
    "records-root-mismatch": "tampered",
    "image-break": "tampered",
    "tile-mismatch": "tampered",
    "unreadable": "unverifiable",
    "no-log": "unverifiable",
    "stale": "stale",
    "no-trust": "unattested",
    "unsigned": "unattested",
    "unsigned-tail": "unattested",
    "gap-declared": "gap",
    "foreign-object": "notice",
    "children-missing": "notice",
    "heartbeat-late": "notice",
}

# Codes that speak to completeness, and those that speak to both verdicts; the others speak to integrity.
COMPLETENESS = {
    "segment-hole", "parent-order", "segment-mismatch", "image-break", "stale", "gap-declared",
    "children-missing", "heartbeat-late",
}  # fmt: skip
BOTH = {
    "commit-missing", "commit-malformed", "format-unknown", "commit-misplaced",
    "checkpoint-ahead", "object-missing", "object-unreadable", "counts-mismatch", "unreadable",
    "no-log",
}  # fmt: skip

# Worst first: (level, outcome, exit code).
OUTCOMES: list[tuple[str, str, int]] = [
    ("tampered", "TAMPERED", 1),
    ("unverifiable", "UNVERIFIABLE", 69),
    ("stale", "STALE", 4),
    ("unattested", "CONSISTENT", 5),
    ("gap", "INTACT WITH DECLARED GAPS", 3),
    ("notice", "INTACT", 0),
]
EXIT_CODES: dict[str, int] = {outcome: code for _, outcome, code in OUTCOMES}
SEVERITY: list[str] = [outcome for _, outcome, _ in OUTCOMES]

_RFC3339 = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


@dataclass(frozen=True)
class Finding:
    code: str
    commit: int | None = None
    object: str | None = None
    shard: str | None = None
    row: int | None = None
    message: str = ""
    key: str | None = None
    earlier: dict[str, Any] | None = None

    @property
    def verdict(self) -> str:
        if self.code in BOTH:
            return "both"
        return "completeness" if self.code in COMPLETENESS else "integrity"

    @property
    def level(self) -> str:
        return LEVELS[self.code]

    @property
    def place(self) -> tuple[Any, ...]:
        return (self.code, self.commit, self.object, self.shard, self.row)

    def order(self) -> tuple[Any, ...]:
        commit = -1 if self.commit is None else self.commit
        row = -1 if self.row is None else self.row
        return (commit, self.code, row, self.object or "", self.shard or "")

    def as_json(self) -> dict[str, Any]:
        return {
            "code": self.code,
            "level": self.level,
            "verdict": self.verdict,
            "commit": self.commit,
            "object": self.object,
            "shard": self.shard,
            "row": self.row,
            "key": self.key,
            "earlier": self.earlier,
            "message": self.message,
        }


class Findings:
    """Collects findings; of those with the same code and place, the first is kept."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[Any, ...], Finding] = {}

    def add(
        self,
        code: str,
        message: str,
        *,
        commit: int | None = None,
        object: str | None = None,
        shard: str | None = None,
        row: int | None = None,
    ) -> None:
        self.put(Finding(code, commit, object, shard, row, message))

    def put(self, finding: Finding) -> None:
        self._by_place.setdefault(finding.place, finding)

    def ordered(self) -> list[Finding]:
        return sorted(self._by_place.values(), key=Finding.order)


def outcome_of(findings: list[Finding]) -> str:
    levels = {finding.level for finding in findings}
    for level, outcome, _ in OUTCOMES:
        if level in levels:
            return outcome
    return "INTACT"


INTEGRITY_WORST_FIRST = [
    ("tampered", "TAMPERED"), ("unverifiable", "UNVERIFIABLE"), ("unattested", "CONSISTENT"),
    ("notice", "INTACT"),
]  # fmt: skip
COMPLETENESS_WORST_FIRST = [
    ("tampered", "INCOMPLETE"), ("unverifiable", "UNVERIFIABLE"), ("stale", "STALE"),
    ("gap", "COMPLETE WITH DECLARED GAPS"), ("notice", "COMPLETE"),
]  # fmt: skip


def verdict_of(findings: list[Finding], of: str, worst_first: list[tuple[str, str]]) -> str:
    levels = {finding.level for finding in findings if finding.verdict in (of, "both")}
    return next((text for level, text in worst_first if level in levels), worst_first[-1][1])


def integrity_of(findings: list[Finding]) -> str:
    return verdict_of(findings, "integrity", INTEGRITY_WORST_FIRST)


def completeness_of(findings: list[Finding]) -> str:
    return verdict_of(findings, "completeness", COMPLETENESS_WORST_FIRST)


def worst_of(texts: list[str], worst_first: list[tuple[str, str]]) -> str:
    order = [text for _, text in worst_first]
    return min(texts, key=order.index, default="UNVERIFIABLE")


def worst(outcomes: list[str]) -> str:
    return min(outcomes, key=SEVERITY.index)


@dataclass
class LogReport:
    log: str
    origin: str | None = None
    commits: int = 0
    records: int = 0
    objects: int = 0
    bytes: int = 0
    first_commit_at: str | None = None
    last_commit_at: str | None = None
    findings: list[Finding] = field(default_factory=list)

    @property
    def outcome(self) -> str:
        return outcome_of(self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "log": self.log,
            "origin": self.origin,
            "outcome": self.outcome,
            "integrity": integrity_of(self.findings),
            "completeness": completeness_of(self.findings),
            "commits": self.commits,
            "records": self.records,
            "objects": self.objects,
            "bytes": self.bytes,
            "first_commit_at": self.first_commit_at,
            "last_commit_at": self.last_commit_at,
            "findings": [finding.as_json() for finding in self.findings],
        }


@dataclass
class ArchiveReport:
    archive: str
    checked_at_ms: int
    logs: list[LogReport]

    @property
    def outcome(self) -> str:
        # An archive without any log proves nothing.
        if not self.logs:
            return "UNVERIFIABLE"
        return worst([log.outcome for log in self.logs])

    def as_json(self) -> dict[str, Any]:
        return {
            "format": "sealog.report/1",
            "archive": self.archive,
            "checked_at": time_text(self.checked_at_ms),
            "outcome": self.outcome,
            "integrity": worst_of(
                [integrity_of(log.findings) for log in self.logs], INTEGRITY_WORST_FIRST
            ),
            "completeness": worst_of(
                [completeness_of(log.findings) for log in self.logs], COMPLETENESS_WORST_FIRST
            ),
            "logs": [log.as_json() for log in self.logs],
        }


def time_text(milliseconds: int) -> str:
    instant = _EPOCH + datetime.timedelta(milliseconds=milliseconds)
    return instant.strftime("%Y-%m-%dT%H:%M:%S.") + f"{milliseconds % 1000:03d}Z"


def parse_time(text: str) -> int:
    """RFC 3339 to milliseconds since 1970, finer parts cut off."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    date, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone in "Zz" else zone
    instant = datetime.datetime.fromisoformat(f"{date}T{clock}{zone}")
    whole = (instant - _EPOCH) // datetime.timedelta(seconds=1)
    return whole * 1000 + int(((fraction or "") + "000")[:3])


def now_ms() -> int:
    elapsed = datetime.datetime.now(datetime.timezone.utc) - _EPOCH
    return elapsed // datetime.timedelta(milliseconds=1)
