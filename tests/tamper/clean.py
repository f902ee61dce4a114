"""Random sound archives: what a good writer could have written, whatever its shape. A seed gives the same one again."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from writer import (
    ARN, EXAMPLE, HEARTBEAT, OTHER, POLICIES, STREAM, Log, decisions, gap, genesis, judge, parquet, rotation, row,
    segment,
)

NEXT_STREAM = "2026-11-22T10:20:00.000"


@dataclass
class Shard:
    name: str
    stream: str
    parent: str | None
    items: list[str]
    last: str | None = None
    floor: str | None = None  # last record before a gap
    latest: bool = False


@dataclass
class World:
    """A table, its shards, and the log of it."""

    rng: random.Random
    log: Log
    gaps: bool = False
    begun: int = 0
    filter: dict[str, Any] | None = None
    shards: list[Shard] = field(default_factory=list)
    values: dict[str, int | None] = field(default_factory=dict)
    view: str = "NEW_AND_OLD_IMAGES"

    def number(self) -> int:
        self.begun += self.rng.choice([1, 1, 7, 10**18])
        return self.begun

    def open(self, stream: str, parent: Shard | None, items: list[str], latest: bool = False) -> None:
        name = f"shardId-{len(self.log.commits):08d}-{self.rng.getrandbits(32):08x}"
        self.shards.append(Shard(name, stream, parent and parent.name, items, latest=latest))

    # What may happen next.

    def rows(self) -> None:
        """A batch over some shards, cut into objects."""
        segments, rows = [], []
        for shard in self.rng.sample(self.shards, self.rng.randint(1, len(self.shards))):
            some = [self.change(shard) for _ in range(self.rng.randint(0, 5))]
            segments.append(self.continued(shard, some))
            rows += some
        cuts = sorted(self.rng.sample(range(1, len(rows)), min(self.rng.randint(0, 2), len(rows) - 1))) if rows else []
        objects = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)])] if rows else []
        filters = self.judged(rows)
        options: dict[str, Any] = {}
        if rows and self.rng.random() < 0.2:
            options["files"] = [parquet(part, row_group_size=self.rng.randint(1, 3)) for part in objects]
        self.log.commit(segments=segments, objects=objects, filters=filters, **options)

    def continued(self, shard: Shard, rows: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
        begins = "latest" if shard.latest else "trim_horizon"
        begins = "after" if shard.last else begins
        made = segment(
            rows, stream=shard.stream, shard=shard.name, parent=shard.parent, after=shard.last, **{"from": begins}, **members
        )
        if rows:
            shard.last = rows[-1]["sequence_number"]
        return made

    def change(self, shard: Shard) -> dict[str, Any]:
        item = self.rng.choice(shard.items)
        old = self.values.get(item)
        new = self.rng.choice([None, self.rng.randrange(10**6), self.rng.randrange(10**6)])
        self.values[item] = new
        cells: dict[str, Any] = {
            "stream_label": shard.stream, "keys": self.spelled({"id": {"S": item}}),
            "event_id": f"e{self.begun}", "stream_view_type": self.view,
            "old_image": self.image(item, old), "new_image": self.image(item, new),
            "size_bytes": self.rng.choice([0, 26, 2**40]),
        }  # fmt: skip
        if self.view in ("KEYS_ONLY", "NEW_IMAGE"):
            cells["old_image"] = None
        if self.view in ("KEYS_ONLY", "OLD_IMAGE"):
            cells["new_image"] = None
        cells |= self.decided()
        return row(self.spell(self.number()), shard.name, **cells)

    def spell(self, number: int) -> str:
        return f"{number:021d}" if self.rng.random() < 0.9 else str(number)

    def decided(self) -> dict[str, Any]:
        if self.filter is None or self.rng.random() < 0.5:
            return {}
        by = {"filter": self.filter["component"]}
        what = self.rng.choice(["drop", "redact", "fault", "tag"])
        if what == "drop":
            return by | {"verdict": "drop", "reason": "not wanted", "old_image": None, "new_image": None}
        if what == "redact":
            redacted = '[{"image":"new_image","path":["n"],"commitment":"' + "ab" * 32 + '"}]'
            hidden = '{"id":{"S":"x"},"n":{"NULL":true}}'
            return by | {"verdict": "redact", "redactions": redacted, "new_image": hidden}
        if what == "fault":
            return by | {"reason": "fault:trap"}
        return by | {"tags": '{"class":"blue"}'}

    def image(self, item: str, value: int | None) -> str | None:
        """As the service might print it: members and sets in any order, blanks, escapes."""
        if value is None:
            return None
        return self.spelled({
            "id": {"S": item}, "n": {"N": str(value)}, "s": {"SS": ["a", "b", "ü"]},
            "m": {"M": {"x": {"BOOL": value % 2 == 0}, "y": {"L": [{"NULL": True}, {"B": "aGk="}]}}},
        })  # fmt: skip

    def spelled(self, value: dict[str, Any]) -> str:
        members = list(value.items())
        self.rng.shuffle(members)
        if "s" in value:
            self.rng.shuffle(value["s"]["SS"])
        blanks = self.rng.choice([(",", ":"), (", ", ": ")])
        return json.dumps(dict(members), separators=blanks, ensure_ascii=self.rng.random() < 0.5)

    def split(self) -> None:
        """A shard ends; its items go on in one child or two."""
        shard = self.shards.pop(self.rng.randrange(len(self.shards)))
        rows = [self.change(shard) for _ in range(self.rng.randint(0, 2))]
        closing = self.continued(shard, rows, closed=True)
        self.log.commit(segments=[closing], objects=[rows] if rows else [], filters=self.judged(rows))
        place = self.rng.randint(1, len(shard.items) - 1) if len(shard.items) > 1 else 0
        for items in [part for part in (shard.items[:place], shard.items[place:]) if part]:
            self.open(shard.stream, shard, items)
        children = [child for child in self.shards if child.parent == shard.name]
        self.log.commit(segments=[self.continued(child, []) for child in children])

    def judged(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The one filter, with what it decided."""
        return [self.filter | {"decisions": decisions(rows)}] if self.filter and rows else []

    def lose(self) -> None:
        """Changes of a shard are trimmed before they were read."""
        shard = self.rng.choice(self.shards)
        known = shard.last or shard.floor
        for item in shard.items:
            if self.rng.random() < 0.7:
                self.values[item] = self.rng.randrange(10**6)
        cause = self.rng.choice(["trimmed", "trimmed", "shard_vanished"])
        ends = cause == "shard_vanished"
        lost = gap(stream=shard.stream, shard=shard.name, after=known, cause=cause, ends_shard=ends)
        self.log.commit([lost])
        self.gaps = True
        shard.floor, shard.last, shard.latest = known, None, False
        if ends:
            self.shards.remove(shard)
            self.open(shard.stream, shard, shard.items)

    def pin(self) -> None:
        component = f"{self.rng.getrandbits(256):064x}"
        replaces = self.filter and self.filter["component"]
        self.filter = judge(component=component)
        self.log.commit([{"kind": "filter_pinned", "filter": self.filter, "replaces": replaces}])

    def beat(self) -> None:
        self.log.commit([HEARTBEAT])

    def policy(self) -> None:
        self.log.commit([{"kind": "policy_changed", "policies": POLICIES | {"heartbeat_seconds": 7200}}])

    def stop_and_start(self) -> None:
        self.log.commit([{"kind": "capture_stopped", "cause": "signal"}])
        self.log.commit([{"kind": "capture_started"}])

    def roll_over(self) -> None:
        """The stream is switched off and on: drained, closed, the next one opened; the time between is a gap."""
        if self.shards[0].stream == NEXT_STREAM:
            return self.beat()
        ends = [self.continued(shard, [], closed=True) for shard in self.shards]
        items = [item for shard in self.shards for item in shard.items]
        self.log.commit(segments=ends)
        at = "2026-11-22T10:19:00.000Z"
        self.log.commit([{"kind": "stream_closed", "stream": STREAM, "cause": "disabled", "at": at}])
        for item in items:
            self.values[item] = self.rng.choice([None, 1, 2])
        between = gap(stream=NEXT_STREAM, shard=None, cause="stream_disabled")
        self.view = self.rng.choice(["NEW_AND_OLD_IMAGES", "NEW_AND_OLD_IMAGES", "KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE"])
        opened = {"kind": "stream_opened", "arn": f"{ARN}/stream/{NEXT_STREAM}", "view_type": self.view, "start": "trim_horizon", "at": at}
        self.log.commit([between, opened])
        self.gaps = True
        self.shards = []
        self.open(NEXT_STREAM, None, items)


STEPS = [
    (World.rows, 8), (World.split, 3), (World.lose, 1), (World.pin, 1), (World.beat, 1), (World.policy, 1),
    (World.stop_and_start, 1), (World.roll_over, 1),
]  # fmt: skip


def write(folder: Path, seed: int) -> tuple[str, str]:
    """Writes an archive; gives the verifier key to hand out and the outcome that is right."""
    rng = random.Random(seed)
    log = Log(folder)
    start = rng.choice(["trim_horizon", "trim_horizon", "latest"])
    opened = {"kind": "stream_opened", "arn": f"{ARN}/stream/{STREAM}", "view_type": "NEW_AND_OLD_IMAGES", "start": start,
              "at": "2026-11-22T10:00:00.000Z"}  # fmt: skip
    log.commit([genesis(), opened])
    world = World(rng, log)
    items = [f"item-{number}" for number in range(rng.randint(1, 9))]
    world.values = {item: rng.choice([None, 5]) for item in items}
    half = rng.randint(0, len(items) - 1)
    for part in (items[:half], items[half:]):
        if part:
            world.open(STREAM, None, part, latest=start == "latest")
    rotate_at = rng.choice([None, rng.randint(1, 12)])
    steps, weights = zip(*STEPS)
    for count in range(rng.randint(0, 18)):
        if count == rotate_at:
            rotated = len(log.commits)
            log.commit([rotation(EXAMPLE, OTHER)])
            log.signers = {size: [OTHER] for size in range(rotated + 1, rotated + 200)}
            if rng.random() < 0.5:
                log.signers[rotated + 1] = [EXAMPLE, OTHER]
        rng.choices(steps, weights)[0](world)
    for number, commit in enumerate(log.commits):
        commit["committed_at"] = f"2026-11-22T{10 + number // 60:02d}:{number % 60:02d}:{rng.randint(0, 59):02d}.000Z"
    log.save()
    if rng.random() < 0.3:
        log.write("evidence/" + "0" * 64 + ".parquet", b"left by a writer that crashed")
    return EXAMPLE.vkey, "INTACT WITH DECLARED GAPS" if world.gaps else "INTACT"
