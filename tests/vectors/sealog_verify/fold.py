"""The state of a log as the fold of its commits from 0 (FORMAT.md, section 3, "Fold")."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .commit import Commit
from .notes import NotANote, VerifierKey, decode_base64, parse_vkey, rotation_message
from .report import Findings


@dataclass
class Shard:
    last: str | None = None  # sequence number the next segment continues after
    floor: str | None = None  # last record before a gap
    begun: str | None = None  # `from` of the segments without rows so far
    ended_in: int | None = None  # number of the commit in which it ended
    closed: bool = False  # ended by `closed`, not by a gap

    @property
    def last_committed(self) -> str | None:
        return self.floor if self.last is None else self.last


@dataclass
class Stream:
    start: str | None  # None: never opened, so nothing is known of its start
    opened: bool = True
    closed: bool = False
    shards: dict[str, Shard] = field(default_factory=dict)
    parents: set[str] = field(default_factory=set)


class Fold:
    """Takes commits in order; adds a finding for each rule that one breaks, then takes its effect."""

    def __init__(self, origin: str, findings: Findings) -> None:
        self.origin = origin
        self.streams: dict[str, Stream] = {}
        # By name, as pinned, without counts; the mode of one that was set aside is "bypassed".
        self.filters: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, Any] | None = None
        self.table: str | None = None  # the genesis's
        self.closed_in: int | None = None
        # By commit, for each segment: the last record before a gap of its shard.
        self.floors: dict[int, list[str | None]] = {}
        # Commits before which something may have been missed: images need not join across them.
        self.interrupted: list[int] = []
        self._keys: list[tuple[int, str]] = []  # (number of the commit that set it, vkey)
        self._findings = findings
        self._number = 0

    def keys(self) -> list[VerifierKey]:
        return [parse_vkey(key) for _, key in self._keys]

    def key_index_at(self, size: int) -> int | None:
        """Which of keys() is in force after `size` commits."""
        indices = [index for index, (number, _) in enumerate(self._keys) if number < size]
        return indices[-1] if indices else None

    def apply(self, commit: Commit) -> None:
        self._number = commit.number
        if self.closed_in is not None:
            self._contradiction("the log was closed before")
        if commit.number == 0 and (not commit.facts or commit.facts[0]["kind"] != "genesis"):
            self._find("genesis-missing", "commit 0 does not begin with a genesis")
        for index, fact in enumerate(commit.facts):
            if fact["kind"] in ("gap", "stream_opened"):
                self.interrupted.append(commit.number)
            if self.closed_in == commit.number:
                self._contradiction("a fact stands behind log_closed")
            if fact["kind"] == "genesis" and (commit.number, index) != (0, 0):
                self._contradiction("a second or late genesis")
                continue
            effect = getattr(self, f"_fact_{fact['kind']}", None)
            if effect is not None:
                effect(fact)
        if commit.batch is not None:
            self._apply_batch(commit.batch)

    def childless(self) -> list[str]:
        """Shards ended by `closed` that no shard names as parent, in streams that are not closed."""
        return [
            name
            for stream in self.streams.values()
            if not stream.closed
            for name, shard in stream.shards.items()
            if shard.closed and name not in stream.parents
        ]

    # Facts. Kinds without a method here have no rule and no effect on the state.

    def _fact_genesis(self, fact: dict[str, Any]) -> None:
        self._keys.append((0, fact["key"]))
        self.policies, self.table = fact["policies"], fact["table_arn"]

    def _fact_policy_changed(self, fact: dict[str, Any]) -> None:
        self.policies = fact["policies"]

    def _fact_log_closed(self, fact: dict[str, Any]) -> None:
        self.closed_in = self._number

    def _fact_stream_opened(self, fact: dict[str, Any]) -> None:
        _, _, label = fact["arn"].partition("/stream/")
        if self.table is not None and fact["arn"] != f"{self.table}/stream/{label}":
            self._contradiction("a stream of another table is opened")
        if label in self.streams and self.streams[label].opened:
            self._contradiction(f"stream {label} is opened again")
        elif label in self.streams:  # segments came before: already a finding
            self.streams[label].opened, self.streams[label].start = True, fact["start"]
        else:
            self.streams[label] = Stream(start=fact["start"])

    def _fact_stream_closed(self, fact: dict[str, Any]) -> None:
        stream = self.streams.get(fact["stream"])
        if stream is None or not stream.opened or stream.closed:
            self._contradiction("a stream is closed that is not open")
            return
        if any(shard.ended_in is None for shard in stream.shards.values()):
            self._contradiction(f"stream {fact['stream']} is closed, but not all its known shards")
        stream.closed = True

    def _fact_filter_pinned(self, fact: dict[str, Any]) -> None:
        self.filters[fact["filter"]["name"]] = _uncounted(fact["filter"])

    def _fact_filter_removed(self, fact: dict[str, Any]) -> None:
        pinned = self.filters.pop(fact["name"], None)
        if pinned is None or pinned["component"] != fact["component"]:
            self._contradiction(f"filter {fact['name']} is removed, but was not pinned")

    def _fact_filter_bypassed(self, fact: dict[str, Any]) -> None:
        pinned = self.filters.get(fact["name"])
        if pinned is None or pinned["component"] != fact["component"]:
            self._contradiction(f"filter {fact['name']} is set aside, but was not pinned")
        else:
            pinned["mode"] = "bypassed"

    def _fact_key_rotated(self, fact: dict[str, Any]) -> None:
        """A rotation that does not hold takes no effect: its key is not trusted."""
        if not self._keys or self._keys[-1][1] != fact["from"]:
            self._contradiction("a key is replaced that is not in force")
            return
        message = rotation_message(self.origin, fact["from"], fact["to"])
        try:
            signature = decode_base64(fact["signature"])
        except NotANote:
            signature = b""
        if parse_vkey(fact["from"]).verifies(message, signature):
            self._keys.append((self._number, fact["to"]))
        else:
            self._contradiction("a key rotation is not signed by the key in force")

    def _fact_gap(self, fact: dict[str, Any]) -> None:
        if fact["shard"] is None:
            if fact["cause"] == "stream_disabled":
                return  # lies between two streams, the newer of which may open later
        stream = self.streams.get(fact["stream"])
        if stream is None or not stream.opened or stream.closed:
            self._contradiction(f"a gap in stream {fact['stream']}, which is not open")
            return
        if fact["shard"] is None:
            self._gap_of_stream(fact, stream)
            return
        shard = stream.shards.setdefault(fact["shard"], Shard())
        if shard.ended_in is not None:
            self._contradiction(f"a gap in shard {fact['shard']}, which had ended")
            return
        if fact["after"] != shard.last_committed:
            self._contradiction(f"a gap's after is not the last record of shard {fact['shard']}")
        shard.floor, shard.last, shard.begun = shard.last_committed, None, "trim_horizon"
        if fact["ends_shard"]:
            shard.ended_in = self._number

    def _gap_of_stream(self, fact: dict[str, Any], stream: Stream) -> None:
        if fact["cause"] == "stream_vanished":
            for shard in stream.shards.values():
                if shard.ended_in is None:
                    shard.ended_in = self._number
        else:
            self._contradiction(f"a gap by {fact['cause']} without shard")

    # Batches.

    def _apply_batch(self, batch: dict[str, Any]) -> None:
        if self.closed_in == self._number:
            self._contradiction("a batch stands behind log_closed")
        names = [judge["name"] for judge in batch["filters"]]
        if len(set(names)) < len(names):
            self._contradiction("a filter judges twice")
        for judge in batch["filters"]:
            if self.filters.get(judge["name"]) != _uncounted(judge):
                self._contradiction(f"filter {judge['name']} judges otherwise than it is pinned")
        for segment in batch["segments"]:
            self._apply_segment(segment)

    def _apply_segment(self, segment: dict[str, Any]) -> None:
        label = segment["stream"]
        if label not in self.streams:
            self.streams[label] = Stream(start=None, opened=False)
        stream = self.streams[label]
        if not stream.opened:
            self._contradiction(f"a segment of stream {label}, which was not opened")
        if stream.closed:
            self._contradiction(f"a segment of stream {label}, which is closed")
        orphan = segment["parent"] is not None and segment["parent"] not in stream.shards
        if segment["from"] == "latest" or (orphan and segment["shard"] not in stream.shards):
            self.interrupted.append(self._number)
        self._check_parent(segment, stream)
        shard = stream.shards.setdefault(segment["shard"], Shard())
        self._check_continues(segment, shard, stream)
        self._check_order(segment, shard)
        self.floors.setdefault(self._number, []).append(shard.floor)
        if segment["rows"]:
            shard.last, shard.begun = segment["last"], None
        elif shard.last is None:
            shard.begun = segment["from"]
        if segment["closed"] and shard.ended_in is None:
            shard.ended_in, shard.closed = self._number, True

    def _check_parent(self, segment: dict[str, Any], stream: Stream) -> None:
        name = segment["parent"]
        if name is None:
            return
        stream.parents.add(name)
        parent = stream.shards.get(name)
        if segment["rows"] and parent is not None:
            if parent.ended_in is None or parent.ended_in >= self._number:
                message = f"has rows, but its parent {name} did not end in an earlier commit"
                self._find("parent-order", message, segment["shard"])

    def _check_continues(self, segment: dict[str, Any], shard: Shard, stream: Stream) -> None:
        name, begins, after = segment["shard"], segment["from"], segment["after"]
        if shard.ended_in is not None:
            self._find("segment-replayed", "the shard had ended", name)
        elif shard.last is None and begins == "after":
            self._find("segment-hole", f"continues after {after}, but nothing was committed", name)
        elif shard.last is None:
            self._check_beginning(segment, shard, stream)
        elif begins != "after" or int(after) > int(shard.last):
            message = f"begins at {after or begins}, the last committed record is {shard.last}"
            self._find("segment-hole", message, name)
        elif int(after) < int(shard.last):
            message = f"begins after {after}, the last committed record is {shard.last}"
            self._find("segment-replayed", message, name)
        elif after != shard.last:
            self._contradiction(f"shard {name} continues after {after}, not after {shard.last}")

    def _check_beginning(self, segment: dict[str, Any], shard: Shard, stream: Stream) -> None:
        name, begins = segment["shard"], segment["from"]
        if begins == "latest" and stream.start == "trim_horizon":
            self._contradiction(f"shard {name} begins at latest in a stream read from trim_horizon")
        elif shard.begun is not None and begins != shard.begun:
            self._contradiction(f"shard {name} begins at {begins}, before at {shard.begun}")

    def _check_order(self, segment: dict[str, Any], shard: Shard) -> None:
        last = segment["last"]
        for before in (segment["after"], shard.floor):
            if last is not None and before is not None and int(last) <= int(before):
                self._contradiction(f"last {last} does not lie behind {before}")

    def _contradiction(self, message: str) -> None:
        self._find("fact-contradiction", message)

    def _find(self, code: str, message: str, shard: str | None = None) -> None:
        self._findings.add(code, message, commit=self._number, shard=shard)


def _uncounted(judge: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in judge.items() if name != "decisions"}
