"""The only form of a commit (FORMAT.md, section 3)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Callable

from .hashing import EMPTY_ROOT, leaf_hash
from .notes import NotANote, parse_vkey
from .report import parse_time

FORMAT = "sealog.commit/1"
MAX_BYTES = 65_535
ANY_FORMAT_MAX_BYTES = 4 << 20
MAX_INTEGER = (1 << 53) - 1
DECISIONS = ("keep", "drop", "redact", "fault")

_HEX = re.compile(r"[0-9a-f]{64}")
_SHARD = re.compile(r"[!-~]{1,128}")
_LABEL = re.compile(r"[!-.0-~]{1,64}")
_TABLE = r"arn:[A-Za-z0-9-]+:dynamodb:[A-Za-z0-9-]+:[A-Za-z0-9-]+:table/[A-Za-z0-9_.-]{1,255}"
_TABLE_ARN = re.compile(_TABLE)
_STREAM_ARN = re.compile(_TABLE + r"/stream/[!-.0-~]{1,64}")
_SEQUENCE_NUMBER = re.compile(r"[0-9]{1,40}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")


class Malformed(ValueError):
    """Not a commit in its only form."""


class UnknownFormat(ValueError):
    """A commit of a format that a newer reader may know."""


# A shape looks at a value and raises Malformed if it is of another shape. `where` is for the message.
Shape = Callable[[Any, str], None]


def text(value: Any, where: str) -> None:
    if type(value) is not str:
        raise Malformed(f"{where} is no text")


def integer(value: Any, where: str) -> None:
    # type(), because True is an int to isinstance().
    if type(value) is not int or not 0 <= value <= MAX_INTEGER:
        raise Malformed(f"{where} is no integer from 0 to 2^53-1")


def boolean(value: Any, where: str) -> None:
    if type(value) is not bool:
        raise Malformed(f"{where} is neither true nor false")


def matching(pattern: re.Pattern[str], what: str) -> Shape:
    def shape(value: Any, where: str) -> None:
        text(value, where)
        if pattern.fullmatch(value) is None:
            raise Malformed(f"{where} is not {what}")

    return shape


hex_hash = matching(_HEX, "64 lower-case hex digits")
sequence_number = matching(_SEQUENCE_NUMBER, "1 to 40 decimal digits")
shard_id = matching(_SHARD, "1 to 128 visible ASCII characters")
stream_label = matching(_LABEL, "1 to 64 visible ASCII characters without '/'")
table_arn = matching(_TABLE_ARN, "the ARN of a table")
stream_arn = matching(_STREAM_ARN, "the ARN of a stream")


def time(value: Any, where: str) -> None:
    matching(_TIME, "a time in UTC with three decimals")(value, where)
    try:
        parse_time(value)
    except ValueError:
        raise Malformed(f"{where} is no date of the calendar") from None


def vkey(value: Any, where: str) -> None:
    text(value, where)
    try:
        parse_vkey(value)
    except NotANote as error:
        raise Malformed(f"{where} is no verifier key: {error}") from None


def nullable(inner: Shape) -> Shape:
    def shape(value: Any, where: str) -> None:
        if value is not None:
            inner(value, where)

    return shape


def one_of(*choices: str) -> Shape:
    def shape(value: Any, where: str) -> None:
        text(value, where)
        if value not in choices:
            raise Malformed(f"{where} is none of {', '.join(choices)}")

    return shape


def list_of(inner: Shape) -> Shape:
    def shape(value: Any, where: str) -> None:
        if type(value) is not list:
            raise Malformed(f"{where} is no list")
        for index, item in enumerate(value):
            inner(item, f"{where}[{index}]")

    return shape


def members(**shapes: Shape) -> Shape:
    """An object with exactly these members in this order; a trailing `_` only dodges a Python word."""
    inner = {name.rstrip("_"): shape for name, shape in shapes.items()}
    names = list(inner)

    def shape(value: Any, where: str) -> None:
        if type(value) is not dict:
            raise Malformed(f"{where} is no object")
        if list(value) != names:
            raise Malformed(f"{where} has members {list(value)[:20]}, not {names}")
        for name, member in inner.items():
            member(value[name], f"{where}.{name}")

    return shape


view_type = one_of("KEYS_ONLY", "NEW_IMAGE", "OLD_IMAGE", "NEW_AND_OLD_IMAGES")
COUNTS = members(keep=integer, drop=integer, redact=integer, fault=integer)
FILTER = members(
    name=text, component=hex_hash, config=hex_hash, world=text, engine=text, limits=text,
    mode=one_of("enforce", "shadow", "bypassed"), decisions=COUNTS,
)  # fmt: skip
OBJECT = members(
    key=text, schema=one_of("sealog.change/1"), bytes=integer, sha256=hex_hash, rows=integer
)
SEGMENT = members(
    stream=stream_label, shard=shard_id, parent=nullable(shard_id),
    from_=one_of("trim_horizon", "latest", "after"),
    after=nullable(sequence_number), last=nullable(sequence_number), rows=integer, closed=boolean,
)  # fmt: skip
BATCH = members(
    records=integer, records_root=hex_hash, objects=list_of(OBJECT), segments=list_of(SEGMENT),
    decisions=COUNTS, filters=list_of(FILTER),
)  # fmt: skip
POLICIES = members(
    heartbeat_seconds=integer,
    retention=nullable(members(mode=one_of("compliance", "governance"), days=integer)),
    on_gap=one_of("halt", "record-and-continue"),
)
GAP_CAUSES = (
    "trimmed", "shard_vanished", "parent_vanished", "stream_vanished", "stream_disabled",
)  # fmt: skip
FACTS: dict[str, Shape] = {
    kind: members(kind=text, **shapes)
    for kind, shapes in {
        "genesis": {
            "holds": one_of("dynamodb-changes"), "table_arn": table_arn, "view_type": view_type,
            "key": vkey, "policies": POLICIES,
        },
        "stream_opened": {
            "arn": stream_arn, "view_type": view_type, "start": one_of("trim_horizon", "latest"), "at": time,
        },
        "stream_closed": {
            "stream": stream_label, "cause": one_of("disabled", "vanished", "table_deleted"), "at": time,
        },
        "gap": {
            "stream": stream_label, "shard": nullable(shard_id), "after": nullable(sequence_number),
            "first": nullable(sequence_number), "cause": one_of(*GAP_CAUSES),
            "ends_shard": boolean, "noticed_at": time,
        },
        "filter_pinned": {"filter": FILTER, "replaces": nullable(hex_hash)},
        "filter_removed": {"name": text, "component": hex_hash},
        "filter_bypassed": {"name": text, "component": hex_hash, "reason": text},
        "key_rotated": {"from": vkey, "to": vkey, "signature": text},
        "policy_changed": {"policies": POLICIES},
        "heartbeat": {"polled_since": nullable(time)},
        "clock_went_back": {"clock": time},
        "capture_started": {},
        "capture_stopped": {"cause": one_of("signal", "caught_up", "halted")},
        "hold_added": {"name": text, "first": integer, "last": integer, "reason": text},
        "hold_removed": {"name": text, "reason": text},
        "log_closed": {"reason": text},
    }.items()
}  # fmt: skip


def fact(value: Any, where: str) -> None:
    kind = value.get("kind") if type(value) is dict else None
    if type(kind) is not str or kind not in FACTS:
        raise Malformed(f"{where} is no fact of a known kind")
    FACTS[kind](value, f"{where} ({kind})")
    if kind == "gap" and value["shard"] is None and (value["after"] or value["first"]):
        raise Malformed(f"{where}: a gap without shard names records")
    if kind == "filter_pinned" and any(value["filter"]["decisions"].values()):
        raise Malformed(f"{where}: a filter is pinned with counts other than 0")


PREVIOUS = members(sha256=hex_hash, version_id=nullable(text))
_HEAD: dict[str, Shape] = {
    "format": one_of(FORMAT), "origin": text, "number": integer, "previous": nullable(PREVIOUS),
    "committed_at": time, "writer": members(id=text, build=text),
}  # fmt: skip
WITH_BATCH = members(**_HEAD, batch=BATCH, facts=list_of(fact))
WITHOUT_BATCH = members(**_HEAD, facts=list_of(fact))


@dataclass(frozen=True)
class Commit:
    number: int
    origin: str
    previous: str | None
    committed_at: str
    batch: dict[str, Any] | None
    facts: list[dict[str, Any]]
    sha256: str
    leaf: bytes


def parse_commit(data: bytes) -> Commit:
    """Reads stored bytes. Raises UnknownFormat or Malformed."""
    if len(data) > ANY_FORMAT_MAX_BYTES:
        raise Malformed(f"more than {ANY_FORMAT_MAX_BYTES} bytes, which no format allows")
    try:
        value = _parse_json(data)
        if type(value) is dict:
            _refuse_unknown_format(value.get("format"))
        if len(data) > MAX_BYTES:
            raise Malformed(f"more than {MAX_BYTES} bytes")
        shape = WITH_BATCH if type(value) is dict and "batch" in value else WITHOUT_BATCH
        shape(value, "commit")
        if render(value) != data:
            raise Malformed("differs from its own rendering")
        _check_rules(value)
    except (Malformed, UnknownFormat):
        raise
    except Exception as error:  # whatever else hostile bytes bring about (depth, surrogates, …)
        raise Malformed(f"{type(error).__name__}: {error}") from None
    return Commit(
        number=value["number"],
        origin=value["origin"],
        previous=value["previous"] and value["previous"]["sha256"],
        committed_at=value["committed_at"],
        batch=value.get("batch"),
        facts=value["facts"],
        sha256=sha256(data).hexdigest(),
        leaf=leaf_hash(data),
    )


def render(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode("utf-8")


def _parse_json(data: bytes) -> Any:
    return json.loads(
        data.decode("utf-8"),
        object_pairs_hook=_object,
        # Only integers up to 2^53-1 occur here. Others are kept as floats, which no shape takes.
        parse_int=lambda digits: int(digits) if len(digits) <= 17 else float("inf"),
        parse_constant=_no_constant,
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise Malformed("a member occurs twice")
    return value


def _no_constant(name: str) -> Any:
    raise Malformed(f"{name} is not JSON")


def _refuse_unknown_format(name: Any) -> None:
    if type(name) is str and name.startswith("sealog.commit/") and name != FORMAT:
        raise UnknownFormat(name)


def _check_rules(value: dict[str, Any]) -> None:
    """What one commit must say of itself, beyond its members."""
    if (value["number"] == 0) != (value["previous"] is None):
        raise Malformed("previous is null in commit 0 and only there")
    if "batch" in value:
        _check_batch(value["batch"])
    elif not value["facts"]:
        raise Malformed("neither batch nor facts")


def _check_batch(batch: dict[str, Any]) -> None:
    for item in batch["objects"]:
        if item["key"] != f"evidence/{item['sha256']}.parquet":
            raise Malformed("an object is not named by its sha256")
        if item["rows"] == 0:
            raise Malformed("an object has no row")
    if not batch["segments"]:
        raise Malformed("a batch without segment")
    for segment in batch["segments"]:
        if (segment["from"] == "after") != (segment["after"] is not None):
            raise Malformed("a segment's from and after contradict each other")
        if (segment["rows"] > 0) != (segment["last"] is not None):
            raise Malformed("a segment's rows and last contradict each other")
    _check_counts(batch)


def _check_counts(batch: dict[str, Any]) -> None:
    records = batch["records"]
    sums = {
        "objects": sum(item["rows"] for item in batch["objects"]),
        "segments": sum(segment["rows"] for segment in batch["segments"]),
        "decisions": sum(batch["decisions"].values()),
    }
    for what, total in sums.items():
        if total != records:
            raise Malformed(f"records is {records}, but the {what} say {total}")
    if records == 0 and batch["records_root"] != EMPTY_ROOT.hex():
        raise Malformed("no records, but a records_root")
