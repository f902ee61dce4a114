"""Verification of one log (FORMAT.md, section 8)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .commit import ANY_FORMAT_MAX_BYTES, Commit, Malformed, UnknownFormat, parse_commit
from .evidence import check_evidence
from .fold import Fold
from .hashing import GrowingTree
from .images import Images
from .notes import Checkpoint, NotANote, VerifierKey, parse_checkpoint
from .report import Findings, LogReport, parse_time
from .store import Store, Unreadable
from .tiles import Known, Tiles

_COMMIT_NAME = re.compile(r"([0-9]{20})\.json")
_CHECKPOINT_NAME = re.compile(r"[0-9]{20}")


@dataclass(frozen=True)
class Trust:
    """What the auditor holds that does not come from the archive."""

    key: VerifierKey | None = None
    checkpoint: bytes | None = None


@dataclass(frozen=True)
class _Source:
    """A checkpoint as found. `size` is that of its name, None if the name has none."""

    name: str
    data: bytes
    size: int | None = None
    outside: bool = False


def commit_name(number: int) -> str:
    return f"commits/{number:020d}.json"


def verify_log(store: Store, name: str, trust: Trust, now_ms: int) -> LogReport:
    report = LogReport(name)
    findings = Findings()
    try:
        _LogCheck(store, trust, now_ms, findings, report).run()
    except Unreadable as error:  # a folder that cannot be listed
        findings.add("unreadable", str(error), object=str(error).partition(":")[0])
    report.findings = findings.ordered()
    return report


class _LogCheck:
    def __init__(
        self, store: Store, trust: Trust, now_ms: int, findings: Findings, report: LogReport
    ) -> None:
        self._store = store
        self._trust = trust
        self._now_ms = now_ms
        self._findings = findings
        self._report = report
        self._commits: dict[int, Commit] = {}  # well formed and in place
        self._present: list[int] = []  # numbers that have a name, in order
        self._foreign: list[tuple[str, str]] = []  # message and name
        self._unreadable: set[str] = set()

    def run(self) -> None:
        # Checkpoints before commits: a writer at work makes them the other way round.
        sources = self._checkpoint_sources()
        tiles = Tiles(self._store, self._findings)
        self._read_commits()
        if not self._present:
            self._findings.add("no-log", "there are no commits")
            return
        for message, item in self._foreign:
            self._findings.add("foreign-object", message, object=item)
        self._count = self._present[-1] + 1
        self._missing()
        # From the first commit on that cannot be used, fold, roots and staleness are not judged.
        self._sound = next((n for n in range(self._count) if n not in self._commits), self._count)
        self._check_links()
        fold = self._fold()
        attested = self._check_checkpoints(sources, fold)
        self._check_trust(sources, attested)
        leaves = [self._commits[number].leaf for number in range(self._sound)]
        whole = self._sound == self._count
        tiles.check(Known(leaves, whole, self._origin, fold))
        self._check_age(fold)
        images = Images()
        for number in sorted(self._commits):
            self._check_evidence(self._commits[number], fold.floors.get(number, []), images)
        images.judge(fold.interrupted, self._sound, self._findings)
        self._summarise()

    # Reading.

    def _read(self, name: str) -> bytes | None:
        try:
            return self._store.read(name, ANY_FORMAT_MAX_BYTES)
        except Unreadable as error:
            self._findings.add("unreadable", str(error), object=name)
            self._unreadable.add(name)
            return None

    def _checkpoint_sources(self) -> list[_Source]:
        sources: list[_Source] = []
        names = ["checkpoint"]
        newest = self._read("checkpoint")
        for name in self._store.names("checkpoints"):
            if _CHECKPOINT_NAME.fullmatch(name):
                names.append(f"checkpoints/{name}")
            else:
                self._foreign.append(("no name of a checkpoint", f"checkpoints/{name}"))
        for name in names:
            data = newest if name == "checkpoint" else self._read(name)
            if data is not None:
                size = None if name == "checkpoint" else int(name[-20:])
                sources.append(_Source(name, data, size))
        # One that cannot be read, or was removed since it was listed, is there all the same.
        self._has_checkpoint = bool(sources) or len(names) > 1 or "checkpoint" in self._unreadable
        if self._trust.checkpoint is not None:
            outside = _Source("checkpoint from outside", self._trust.checkpoint, outside=True)
            sources.append(outside)
        return sources

    def _read_commits(self) -> None:
        for name in self._store.names("commits"):
            match = _COMMIT_NAME.fullmatch(name)
            if match is None:
                self._foreign.append(("no name of a commit", f"commits/{name}"))
                continue
            self._present.append(int(match[1]))
            self._read_commit(int(match[1]))

    def _read_commit(self, number: int) -> None:
        data = self._read(commit_name(number))
        if data is None:
            return
        try:
            commit = parse_commit(data)
        except Malformed as error:
            self._findings.add("commit-malformed", str(error), commit=number)
        except UnknownFormat as error:
            self._findings.add("format-unknown", f"format {error}", commit=number)
        else:
            if commit.number != number:
                message = f"says that it is commit {commit.number}"
                self._findings.add("commit-misplaced", message, commit=number)
            else:
                self._commits[number] = commit

    def _missing(self) -> None:
        expected = 0
        for number in self._present:
            if number > expected:
                message = f"is not there, nor is any other up to {number - 1}"
                self._findings.add("commit-missing", message, commit=expected)
            expected = number + 1

    # The chain.

    def _check_links(self) -> None:
        broken = {
            number
            for number, commit in self._commits.items()
            if number + 1 in self._commits
            and self._commits[number + 1].previous != commit.sha256
        }
        for number in broken:
            # If the successor's own link is broken too, that pair names the successor.
            if number + 1 not in broken:
                message = f"its hash is {self._commits[number].sha256}, the next commit states another"
                self._findings.add("commit-changed", message, commit=number)
        first = self._commits.get(0)
        for number, commit in self._commits.items():
            before = self._commits.get(number - 1)
            if before is not None and commit.committed_at < before.committed_at:
                message = f"{commit.committed_at} is before {before.committed_at}"
                self._findings.add("clock-backwards", message, commit=number)
            if first is not None and commit.origin != first.origin:
                message = f"origin {commit.origin} is not that of commit 0"
                self._findings.add("origin-mismatch", message, commit=number)
        if first is not None:
            self._check_first_origin(first)

    def _check_first_origin(self, first: Commit) -> None:
        genesis = first.facts[0] if first.facts else {}
        arn = genesis.get("table_arn")
        if genesis.get("kind") == "genesis" and first.origin != f"sealog/{arn}":
            message = f"origin {first.origin} is not that of table {arn}"
            self._findings.add("origin-mismatch", message, commit=0)

    def _fold(self) -> Fold:
        first = self._commits.get(0)
        self._origin = first.origin if first is not None else None
        fold = Fold(self._origin or "", self._findings)
        for number in range(self._sound):
            self._check_pause(number, fold.policies)
            try:
                fold.apply(self._commits[number])
            except Exception as error:  # no commit may stop the verification of the others
                message = f"{type(error).__name__}: {error}"
                self._findings.add("commit-malformed", message, commit=number)
        for number, commit in self._commits.items():
            for fact in commit.facts:
                if fact["kind"] == "gap":
                    message = f"{fact['cause']} in stream {fact['stream']} after {fact['after']}"
                    self._findings.add(
                        "gap-declared", message, commit=number, shard=fact["shard"]
                    )
        if self._sound == self._count:
            for shard in fold.childless():
                self._findings.add("children-missing", "ended, has no child", shard=shard)
        return fold

    def _check_pause(self, number: int, policies: dict[str, Any] | None) -> None:
        if number == 0 or policies is None:
            return
        dates = [parse_time(self._commits[n].committed_at) for n in (number - 1, number)]
        if dates[1] - dates[0] > 2000 * policies["heartbeat_seconds"]:
            message = f"{(dates[1] - dates[0]) // 1000} seconds after its predecessor"
            self._findings.add("heartbeat-late", message, commit=number)

    # Checkpoints.

    def _check_checkpoints(self, sources: list[_Source], fold: Fold) -> int:
        """The number of commits under the largest checkpoint that what came from outside vouches for."""
        parsed = [
            (source, checkpoint)
            for source in sources
            if (checkpoint := self._parse(source)) is not None
        ]
        roots = self._roots({checkpoint.size for _, checkpoint in parsed})
        mismatches: list[int] = []
        attested = 0
        for source, checkpoint in parsed:
            size = checkpoint.size
            if size > self._count:
                message = f"{source.name} covers {size} commits, there are {self._count}"
                self._findings.add("checkpoint-ahead", message, commit=self._count)
            elif size in roots and roots[size] != checkpoint.root:
                mismatches.append(size)
            elif size in roots and self._check_signature(source, checkpoint, fold):
                attested = max(attested, size)
        if mismatches:
            smallest = min(mismatches)
            message = f"the root of {smallest} commits is not that of their checkpoint"
            self._findings.add("root-mismatch", message, commit=smallest - 1)
        return attested

    def _parse(self, source: _Source) -> Checkpoint | None:
        try:
            checkpoint = parse_checkpoint(source.data)
            if self._origin is not None and checkpoint.origin != self._origin:
                raise NotANote(f"is of origin {checkpoint.origin}")
            if source.size is not None and checkpoint.size != source.size:
                raise NotANote(f"covers {checkpoint.size} commits, its name says {source.size}")
        except NotANote as error:
            message = f"{source.name}: {error}"
            self._findings.add("checkpoint-malformed", message, commit=source.size)
            return None
        return checkpoint

    def _roots(self, sizes: set[int]) -> dict[int, bytes]:
        """The log's roots at those sizes that can be compared."""
        roots: dict[int, bytes] = {}
        tree = GrowingTree()
        for number in range(self._sound):
            tree.add(self._commits[number].leaf)
            if number + 1 in sizes:
                roots[number + 1] = tree.root()
        return roots

    def _check_signature(self, source: _Source, checkpoint: Checkpoint, fold: Fold) -> bool:
        """Whether the checkpoint, whose root holds, is vouched for by what came from outside."""
        given = self._trust.key
        if given is None and source.outside:
            return True
        keys = fold.keys()
        index = fold.key_index_at(checkpoint.size)
        if index is None:
            return source.outside  # there was no genesis: no key to check with
        if given is not None:
            if given not in keys:
                # After a commit that cannot be used, a rotation to the given key may be lost.
                if self._sound == self._count:
                    message = f"{source.name}: the key in force is not the trusted one"
                    self._findings.add("wrong-key", message, commit=checkpoint.size)
                return False
            if keys.index(given) > index:
                return source.outside  # signed before the given key was in force: not judged
        verified = self._signed_by(keys[index], source, checkpoint)
        return verified and given is not None

    def _signed_by(self, key: VerifierKey, source: _Source, checkpoint: Checkpoint) -> bool:
        lines = checkpoint.lines_by(key)
        if not lines:
            message = f"{source.name}: not signed by {key.name}+{key.key_id.hex()}"
            self._findings.add("wrong-key", message, commit=checkpoint.size)
            return False
        if len(lines) > 1 or not key.verifies(checkpoint.text, lines[0].signature):
            message = f"{source.name}: the signature of {key.name} does not verify"
            self._findings.add("bad-signature", message, commit=checkpoint.size)
            return False
        return True

    def _check_trust(self, sources: list[_Source], attested: int) -> None:
        outside = any(source.outside for source in sources)
        if self._trust.key is None and not outside:
            message = "neither a key nor a checkpoint was given: all of it could have been rewritten"
            self._findings.add("no-trust", message)
            return
        if not self._has_checkpoint and self._trust.key is not None:
            self._findings.add("unsigned", "the log has no checkpoint")
            if not outside:
                return  # unsigned-tail would only repeat it
        if attested < self._count:
            message = "from here on nothing from outside vouches for the commits"
            self._findings.add("unsigned-tail", message, commit=attested)

    # Age, evidence, summary.

    def _check_age(self, fold: Fold) -> None:
        if self._sound < self._count or fold.policies is None:
            return
        newest = self._commits[self._count - 1]
        if any(fact["kind"] == "log_closed" for fact in newest.facts):
            return
        age = self._now_ms - parse_time(newest.committed_at)
        if age > 2 * fold.policies["heartbeat_seconds"] * 1000:
            message = f"the newest commit is {age // 1000} seconds old"
            self._findings.add("stale", message, commit=newest.number)

    def _check_evidence(self, commit: Commit, floors: list[str | None], images: Images) -> None:
        try:
            check_evidence(self._store, commit, floors, self._findings, images)
        except Exception as error:  # no batch may stop the verification of the others
            images.opaque.add(commit.number)
            for item in commit.batch["objects"] if commit.batch else []:
                message = f"{type(error).__name__}: {error}"
                self._findings.add(
                    "object-unreadable", message, commit=commit.number, object=item["key"]
                )

    def _summarise(self) -> None:
        report, commits = self._report, [self._commits[n] for n in sorted(self._commits)]
        report.origin = self._origin
        report.commits = len(self._present)
        if commits:
            report.first_commit_at = commits[0].committed_at
            report.last_commit_at = commits[-1].committed_at
        for commit in commits:
            if commit.batch is not None:
                report.records += commit.batch["records"]
                report.objects += len(commit.batch["objects"])
                report.bytes += sum(item["bytes"] for item in commit.batch["objects"])
