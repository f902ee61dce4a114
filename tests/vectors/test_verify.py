"""Self-test of verify.py: section 9's vectors, a good archive, and a tampered one for each finding code.

pytest tests/vectors/test_verify.py
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Callable

import pytest

import pyarrow as pa
import pyarrow.parquet as pq
from sealog_verify.commit import Malformed, UnknownFormat, parse_commit
from sealog_verify.hashing import GrowingTree, leaf_hash, tree_root
from sealog_verify.log import Trust
from sealog_verify.archive import verify_archive
from sealog_verify.notes import NotANote, decode_base64, parse_checkpoint, parse_vkey, rotation_message
from sealog_verify.report import LEVELS, ArchiveReport, parse_time, time_text
from writer import (
    EXAMPLE, HEARTBEAT, NOW, ORIGIN, OTHER, POLICIES, STREAM, Log, Signer, decisions, gap, genesis, judge,
    leaves_of, parquet, render, rotation, row, segment, stream_opened,
)  # fmt: skip

HERE = Path(__file__).parent
COVERED: set[str] = set()  # codes that some test expects

Found = tuple[Any, ...]


def good_log(root: Path, name: str = "orders") -> Log:
    """Commit 0 genesis, 1 two objects over two shards, 2 goes on and closes, 3 the child."""
    log = Log(root, name)
    log.commit([genesis(), stream_opened()])
    first, second = [row("100"), row("101")], [row("200", "shardId-2"), row("201", "shardId-2")]
    log.commit(
        segments=[segment(first), segment(second)], objects=[[first[0]], [first[1], *second]]
    )
    more = [row("102", verdict="drop"), row("103", reason="fault:trap")]
    log.commit(
        segments=[segment(more, **{"from": "after", "after": "101"}, closed=True)], objects=[more]
    )
    child = [row("104", "shardId-3")]
    log.commit(segments=[segment(child, parent="shardId-1")], objects=[child])
    return log


def check(
    log: Log,
    key: str | None = EXAMPLE.vkey,
    checkpoint: bytes | None = None,
    now: str = NOW,
) -> ArchiveReport:
    trust = Trust(None if key is None else parse_vkey(key), checkpoint)
    return verify_archive(str(log.path.parent), [], trust, parse_time(now))


def places(report: ArchiveReport) -> set[Found]:
    return {finding.place for log in report.logs for finding in log.findings}


def found(code: str, commit: Any = None, object: Any = None, shard: Any = None, row: Any = None) -> Found:
    COVERED.add(code)
    return (code, commit, object, shard, row)


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return good_log(tmp_path)


def expect(log: Log, *expected: Found, outcome: str = "TAMPERED", **given: Any) -> ArchiveReport:
    report = check(log, **given)
    assert places(report) == set(expected)
    assert report.outcome == outcome
    return report


# Section 9.

E = (
    "0100000017323032362d31312d32325430303a30303a30302e3030300100000009736861726449642d31010000001531303030303030"
    "3030303033343938303639393738010000000265310100000006494e53455254000000010000000d3137393533343235323930303001"
    "00000002323600000001000000107b226964223a7b2253223a2261227d7d0001000000247b226964223a7b2253223a225c7530303631"
    "227d2c20226e223a7b224e223a2231227d7d0001000000046b65657000000000"
)
LEAF = "32bfd34aa1496fab0fed0f80c1b9bf2d579fecb2ce01ba9ed0e796baf3efd4ed"
COMMIT_0_SHA256 = "d19a43150a08e46cfadfa9bb5c9318c8cf7ba33dc057cdfe0223846daecaa503"
CHECKPOINT_ROOT = "7FU/6489bFuIHaUwBzn6i+DVNiNEcMt+2853eEqSuyA="
CHECKPOINT_LINE = "— example /LufYelFfJuCTH5vNLb88lgwQ6kH7l0WwU7WPJl7ebp87oOwzC9U9JzhSxD2qihUIf/DXreG12+QaB3HY9G69NzV+gw="
ROTATION = "8s+NPyY24g1DJpu4dwyPInYZJuEmNh+wQ5VLtiVTPYZgDfujU+W1eUUKpQwHaj0qlGD4UnrOOORV9POXm/8DCQ=="


def test_leaf_of_section_9() -> None:
    cells = row(
        "100000000003498069978",
        event_id="e1",
        new_image='{"id":{"S":"\\u0061"}, "n":{"N":"1"}}',
    )
    assert hashlib.sha256(b"\x00" + bytes.fromhex(E)).hexdigest() == LEAF
    assert [leaf.hex() for leaf in leaves_of([cells])] == [LEAF]


def test_commit_key_and_checkpoint_of_section_9() -> None:
    commit = render(
        {
            "format": "sealog.commit/1", "origin": ORIGIN, "number": 0, "previous": None,
            "committed_at": "2026-11-22T10:15:30.123Z",
            "writer": {"id": "host-1-0", "build": "sealog 0.1.0"}, "facts": [genesis()],
        }
    )  # fmt: skip
    assert EXAMPLE.vkey == "example+fcbb9f61+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c"
    assert parse_commit(commit).sha256 == COMMIT_0_SHA256
    note = f"{ORIGIN}\n1\n{CHECKPOINT_ROOT}\n\n{CHECKPOINT_LINE}\n".encode()
    checkpoint = parse_checkpoint(note)
    assert checkpoint.root == leaf_hash(commit)
    assert checkpoint.size == 1 and checkpoint.origin == ORIGIN
    key = parse_vkey(EXAMPLE.vkey)
    assert [key.verifies(checkpoint.text, l.signature) for l in checkpoint.lines_by(key)] == [True]


def test_rotation_of_section_9() -> None:
    message = rotation_message("sealog/o", "a", "b")
    assert parse_vkey(EXAMPLE.vkey).verifies(message, base64.b64decode(ROTATION))


# The pieces.


def test_trees_agree_with_the_definition_of_rfc_6962() -> None:
    def defined(leaves: list[bytes]) -> bytes:
        if len(leaves) < 2:
            return leaves[0] if leaves else hashlib.sha256(b"").digest()
        k = 1
        while k * 2 < len(leaves):
            k *= 2
        return hashlib.sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()

    leaves = [leaf_hash(bytes([n])) for n in range(70)]
    tree = GrowingTree()
    for size in range(71):
        assert tree_root(leaves[:size]) == defined(leaves[:size]) == tree.root()
        if size < 70:
            tree.add(leaves[size])


def test_times() -> None:
    assert time_text(parse_time("2026-11-22T11:15:30.1239+01:00")) == "2026-11-22T10:15:30.123Z"
    for bad in ("2026-11-22", "2026-11-22T10:15:30", "2026-13-22T10:15:30Z", "now"):
        with pytest.raises(ValueError):
            parse_time(bad)


def test_verifier_keys_of_another_form_are_refused() -> None:
    name, key_id, data = EXAMPLE.vkey.split("+", 2)
    last = data[:-1] + chr(ord(data[-1]) + 1)  # other padding bits, if there are any
    for bad in ("", "x", f"{name}+{key_id}", f"{name}+00000000+{data}", f"+{key_id}+{data}", f"{name}+{key_id}+{last}",
                f"a b+{key_id}+{data}", f"{name}+{key_id.upper()}+{data}", f"{name}+{key_id}+AAAA"):  # fmt: skip
        with pytest.raises(NotANote):
            parse_vkey(bad)
    with pytest.raises(NotANote):
        decode_base64("AB==")


def test_an_ecdsa_key() -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    private = ec.generate_private_key(ec.SECP256R1())
    der = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    key_id = hashlib.sha256(der).hexdigest()[:8]
    data = base64.b64encode(b"\x02" + der).decode()
    key = parse_vkey(f"kms+{key_id}+{data}")
    signature = private.sign(b"text", ec.ECDSA(hashes.SHA256()))
    assert key.verifies(b"text", signature) and not key.verifies(b"tExt", signature)


@pytest.mark.parametrize(
    "bend",
    [
        lambda n: n.replace(b"\n\n", b"\n"),
        lambda n: n[:-1],
        lambda n: n.replace(b"\n1\n", b"\n01\n"),
        lambda n: n.replace(b"\n1\n", b"\n0\n"),
        lambda n: n.replace("—".encode(), b"-"),
        lambda n: n.replace(b"\n1\n", b"\n1\n\n"),
        lambda n: n.replace(b"sealog", b"sea\rlog", 1),
        lambda n: b"\xff" + n,
        lambda n: b"",
    ],
)
def test_notes_of_another_form_are_refused(log: Log, bend: Callable[[bytes], bytes]) -> None:
    note = log.checkpoint(1, b"\x00" * 32)
    assert parse_checkpoint(note).size == 1
    with pytest.raises(NotANote):
        parse_checkpoint(bend(note))


# Good archives.


def test_a_good_archive(log: Log) -> None:
    log.save()
    report = expect(log, outcome="INTACT")
    summary = report.as_json()["logs"][0]
    assert (summary["commits"], summary["records"], summary["objects"]) == (4, 7, 4)
    assert summary["origin"] == ORIGIN
    assert summary["last_commit_at"] == "2026-11-22T10:18:00.000Z"


def test_a_copy_with_staging_and_derived_objects(log: Log) -> None:
    log.save()
    log.write("tile/0/000", b"?")
    log.write("lake/x", b"?")
    log.write("evidence/foreign", b"?")
    (log.path.parent / ".staging" / "commits").mkdir(parents=True)
    expect(log, outcome="INTACT")


def test_gap_then_it_goes_on(log: Log) -> None:
    log.commit([gap(shard="shardId-3", after="104", first="108")])
    rows = [row("108", "shardId-3")]
    log.commit(segments=[segment(rows, parent="shardId-1")], objects=[rows])
    log.save()
    expect(
        log, found("gap-declared", 4, shard="shardId-3"), outcome="INTACT WITH DECLARED GAPS"
    )  # fmt: skip


def test_rotation_with_overlap(log: Log) -> None:
    log.commit([rotation(EXAMPLE, OTHER)])
    log.commit([HEARTBEAT])
    log.signers = {5: [EXAMPLE, OTHER], 6: [OTHER]}
    log.save()
    expect(log, outcome="INTACT")
    expect(log, outcome="INTACT", key=OTHER.vkey)
    expect(log, found("no-trust"), outcome="CONSISTENT", key=None)


def test_a_closed_log_is_never_stale(log: Log) -> None:
    log.commit([{"kind": "log_closed", "reason": "moved"}])
    log.save()
    expect(log, outcome="INTACT", now="2030-01-01T00:00:00Z")


def test_filters(log: Log) -> None:
    rows = [row("105", "shardId-3", filter="aa" * 32)]
    pinned = {"kind": "filter_pinned", "filter": judge(), "replaces": None}
    go_on = segment(rows, **{"from": "after", "after": "104"})
    log.commit([pinned], segments=[go_on], objects=[rows], filters=[judge(decisions=decisions(rows))])
    log.save()
    expect(log, outcome="INTACT")


def judged(log: Log, rows: list[dict[str, Any]], *filters: dict[str, Any], facts: Any = ()) -> None:
    """Rows 105 and on of shard 3, by filters that are pinned as they judge."""
    nothing = dict.fromkeys(("keep", "drop", "redact", "fault"), 0)
    pins = [{"kind": "filter_pinned", "filter": f | {"decisions": nothing}, "replaces": None} for f in filters]
    go_on = segment(rows, **AFTER_3)
    log.commit([*pins, *facts], segments=[go_on], objects=[rows], filters=list(filters))
    log.save()


def four() -> list[dict[str, Any]]:
    """Kept, dropped, redacted, failed, by the filter of `judge`."""
    by = {"filter": "aa" * 32}
    return [
        row("105", "shardId-3"),
        row("106", "shardId-3", verdict="drop", reason="x", **by),
        row("107", "shardId-3", verdict="redact", **by),
        row("108", "shardId-3", reason="fault:trap", **by),
    ]


def says(*counts: int, **members: Any) -> dict[str, Any]:
    return judge(decisions=dict(zip(("keep", "drop", "redact", "fault"), counts)), **members)


@pytest.mark.parametrize("filters, mismatch", [
    ([says(1, 1, 1, 1)], False),
    ([says(2, 1, 0, 1)], True),
    ([says(1, 1, 1, 0)], True),
    ([says(1, 1, 1, 1), says(2, 0, 1, 0, name="g", component="dd" * 32)], False),
    ([says(1, 1, 1, 1), says(3, 0, 1, 0, name="g", component="dd" * 32)], True),
    ([says(1, 1, 1, 1), says(0, 0, 0, 3, name="g", component="dd" * 32)], True),
    ([says(1, 1, 1, 1), says(2, 1, 0, 0, name="g", component="dd" * 32)], True),
    ([says(1, 1, 1, 1), says(0, 3, 0, 0, name="g", mode="shadow")], False),
    ([says(1, 1, 1, 1), says(0, 4, 0, 0, name="g", mode="shadow")], True),
])  # fmt: skip
def test_filter_counts(log: Log, filters: list[dict[str, Any]], mismatch: bool) -> None:
    judged(log, four(), *filters)
    if mismatch:
        expect(log, found("counts-mismatch", 4))
    else:
        expect(log, outcome="INTACT")


def test_rows_of_no_filter(log: Log) -> None:
    rows = [*four(), row("109", "shardId-3", filter="ee" * 32), row("110", "shardId-3", reason="fault:trap")]
    judged(log, rows, says(2, 1, 1, 2))
    key = log.commits[4]["batch"]["objects"][0]["key"]
    expect(log, *(found("filter-foreign", 4, object=key, row=number) for number in (4, 5)))


def test_a_filter_that_was_set_aside(log: Log) -> None:
    aside = {"kind": "filter_bypassed", "name": "pii", "component": "aa" * 32, "reason": ""}
    judged(log, [row("105", "shardId-3")], says(1, 0, 0, 0), facts=[aside])
    expect(log, found("fact-contradiction", 4))
    log.commits.pop()
    log.commit([aside])
    log.save()
    expect(log, found("fact-contradiction", 4))


def test_odd_texts_and_numbers(log: Log) -> None:
    odd = [row("105", "shardId-3", keys="\0\u2028é😀", size_bytes=-5, created_at=-(2**62))]
    go_on = segment(odd, **{"from": "after", "after": "104"})
    log.commit([{"kind": "hold_added", "name": "\x1f\"\\/\b\x7f", "first": 0, "last": 1, "reason": ""}],
               segments=[go_on], objects=[odd])  # fmt: skip
    log.save()
    expect(log, outcome="INTACT")


@pytest.mark.parametrize("options", [
    {"compression": "zstd", "use_dictionary": False}, {"row_group_size": 3, "data_page_version": "2.0"},
    {"store_schema": False}, {"data_page_size": 64, "write_batch_size": 2},
])  # fmt: skip
def test_parquet_of_other_writers(tmp_path: Path, options: dict[str, Any]) -> None:
    log = Log(tmp_path)
    rows = [row(str(n), reason=None if n % 3 else f"r{n}") for n in range(1, 11)]
    log.commit([genesis(), stream_opened()])
    log.commit(segments=[segment(rows)], objects=[rows], files=[parquet(rows, **options)])
    log.save()
    expect(log, outcome="INTACT")


# Commits.


def test_commit_missing(log: Log) -> None:
    log.save()
    os.remove(log.path / "commits/00000000000000000001.json")
    expect(log, found("commit-missing", 1), found("unsigned-tail", 1))


def test_a_name_far_above(log: Log) -> None:
    log.save()
    log.write("commits/99999999999999999999.json", log.read("commits/00000000000000000003.json"))
    report = check(log)
    codes = {f[0] for f in places(report)}
    assert codes == {"commit-missing", "commit-misplaced", "unsigned-tail"}


HOSTILE: list[Callable[[bytes], bytes]] = [
    lambda c: c + b"\n",
    lambda c: c.replace(b",", b", ", 1),
    lambda c: c.replace(b'"facts":[', b'"facts":[],"facts":['),
    lambda c: c.replace(b'"number":2', b'"number":2.0'),
    lambda c: c.replace(b'"number":2', b'"number":02'),
    lambda c: c.replace(b'"number":2', b'"number":true'),
    lambda c: c.replace(b'"number":2', b'"number":-2'),
    lambda c: c.replace(b'"number":2', b'"number":9007199254740992'),
    lambda c: c.replace(b'"number":2', b'"number":' + b"9" * 60_000),
    lambda c: c.replace(b'"number":2', b'"number":NaN'),
    lambda c: c.replace(b'"facts":[]', b'"facts":' + b"[" * 30_000 + b"]" * 30_000),
    lambda c: c.replace(b'"facts":[]', b'"facts":[7]'),
    lambda c: c.replace(b'"facts":[]', b'"facts":[{"kind":[]}]'),
    lambda c: c.replace(b'"facts":[]', b'"facts":[{"kind":"weather"}]'),
    lambda c: c.replace(b'"build":"test"', b'"build":"' + b"x" * 66_000 + b'"'),
    lambda c: c.replace(b'"build":"test"', b'"build":"\\ud800"'),
    lambda c: c.replace(b'"build":"test"', b'"build":"\\u0074est"'),
    lambda c: c.replace(b'"build":"test"', b'"build":"\xff"'),
    lambda c: c.replace(b'"build":"test"', b'"build":"test","more":1'),
    lambda c: c.replace(b'"build":"test"', b'"build":null'),
    lambda c: c.replace(b"10:17:00.000Z", b"10:17:00Z"),
    lambda c: c.replace(b"10:17:00.000Z", b"10:77:00.000Z"),
    lambda c: c.replace(b'"records":2', b'"records":3'),
    lambda c: c.replace(b'"keep":0', b'"keep":1', 1),
    lambda c: c.replace(b'"closed":true', b'"closed":1'),
    lambda c: c.replace(b'"last":"103"', b'"last":null'),
    lambda c: c.replace(b'"last":"103"', b'"last":"10x"'),
    lambda c: c.replace(b'"after":"101"', b'"after":null'),
    lambda c: c.replace(b'"key":"evidence/', b'"key":"evidence/../'),
    lambda c: c.replace(b"sealog.commit/1", b"other/1"),
    lambda c: c.replace(b'{"format":"sealog.commit/1"', b'{"format":7'),
    lambda c: b"\xef\xbb\xbf" + c,
    lambda c: b"[]",
    lambda c: b"null",
    lambda c: b"",
    lambda c: b"[" * 100_000,
    lambda c: os.urandom(500),
]  # fmt: skip


@pytest.mark.parametrize("bend", HOSTILE)
def test_commit_malformed(log: Log, bend: Callable[[bytes], bytes]) -> None:
    log.save()
    name = "commits/00000000000000000002.json"
    bent = bend(log.read(name))
    assert bent != log.read(name)
    log.write(name, bent)
    expect(log, found("commit-malformed", 2), found("unsigned-tail", 2))


def test_commit_without_batch_and_facts(log: Log) -> None:
    log.commit([])
    log.save()
    expect(log, found("commit-malformed", 4), found("unsigned-tail", 4))


def test_format_unknown(log: Log) -> None:
    log.save()
    log.write("commits/00000000000000000004.json", b'{"new": 1.5, "format":"sealog.commit/2"}')
    expect(log, found("format-unknown", 4), found("unsigned-tail", 4), outcome="UNVERIFIABLE")
    with pytest.raises(UnknownFormat):
        parse_commit(b'{"format":"sealog.commit/2","x":[' + b"1," * 70_000 + b"1]}")
    with pytest.raises(Malformed):
        parse_commit(b'{"format":"sealog.commit/2","format":"sealog.commit/1"}')


def test_commit_misplaced(log: Log) -> None:
    log.save()
    log.write("commits/00000000000000000003.json", log.read("commits/00000000000000000002.json"))
    expect(log, found("commit-misplaced", 3), found("unsigned-tail", 3))


def test_commit_changed(log: Log) -> None:
    log.save()
    for number in (1, 2):
        name = f"commits/{number:020d}.json"
        log.write(name, log.read(name).replace(b'"build":"test"', b'"build":"fake"'))
    # 1 is changed, but its pair is broken by 2 as well, which commit 3 shows to be changed.
    expect(log, found("commit-changed", 2), found("root-mismatch", 1), found("unsigned-tail", 1))


def test_commit_changed_before_the_newest(log: Log) -> None:
    log.save()
    name = "commits/00000000000000000003.json"
    value = json.loads(log.read(name))
    value["previous"]["sha256"] = "00" * 32
    log.write(name, render(value))
    expect(log, found("commit-changed", 2), found("root-mismatch", 3), found("unsigned-tail", 3))


def test_origin_mismatch(log: Log) -> None:
    log.commits[2]["origin"] = "sealog/other"
    log.save()
    expect(log, found("origin-mismatch", 2))


def test_origin_mismatch_in_commit_0(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.commit([genesis(table_arn="arn:aws:dynamodb:eu-west-1:123456789012:table/other")])
    log.save()
    expect(log, found("origin-mismatch", 0))


def test_clock_backwards(log: Log) -> None:
    log.commits[2]["committed_at"] = "2026-11-22T10:15:59.999Z"
    log.save()
    expect(log, found("clock-backwards", 2))


def test_genesis_missing(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.commit([stream_opened()])
    log.save()
    expect(log, found("genesis-missing", 0), found("unsigned-tail", 0))


# The fold.

AFTER_3 = {"from": "after", "after": "104"}


def with_segment(log: Log, **members: Any) -> None:
    shard = members.pop("shard", "shardId-3")
    rows = [row(n, shard) for n in members.pop("numbers", ["110"])]
    log.commit(segments=[segment(rows, **({"shard": shard} | members))], objects=[rows] if rows else [])
    log.save()


@pytest.mark.parametrize("members", [
    {"from": "after", "after": "105"}, {"from": "trim_horizon"}, {"from": "latest"},
    {"shard": "shardId-9", "from": "after", "after": "7"},
])  # fmt: skip
def test_segment_hole(log: Log, members: dict[str, Any]) -> None:
    with_segment(log, **members)
    expect(log, found("segment-hole", 4, shard=members.get("shard", "shardId-3")))


def test_segment_replayed(log: Log) -> None:
    with_segment(log, **{"from": "after", "after": "99"})
    expect(log, found("segment-replayed", 4, shard="shardId-3"))


def test_segment_of_an_ended_shard(log: Log) -> None:
    with_segment(log, shard="shardId-1", **{"from": "after", "after": "103"})
    expect(log, found("segment-replayed", 4, shard="shardId-1"))


def test_parent_order(log: Log) -> None:
    with_segment(log, shard="shardId-4", parent="shardId-2")
    expect(log, found("parent-order", 4, shard="shardId-4"))


def test_parent_may_be_listed_before_it_ends(log: Log) -> None:
    with_segment(log, shard="shardId-4", parent="shardId-2", numbers=[])
    expect(log, outcome="INTACT")


CONTRADICTIONS: dict[str, Callable[[Log], Any]] = {
    "second genesis": lambda log: log.commit([genesis()]),
    "stream opened twice": lambda log: log.commit([stream_opened()]),
    "stream closed too early": lambda log: log.commit(
        [{"kind": "stream_closed", "stream": STREAM, "cause": "disabled", "at": "2026-11-22T11:00:00.000Z"}]),
    "unknown stream closed": lambda log: log.commit(
        [{"kind": "stream_closed", "stream": "x", "cause": "disabled", "at": "2026-11-22T11:00:00.000Z"}]),
    "segment of no stream": lambda log: log.commit(segments=[segment([], stream="x")]),
    "filter not pinned": lambda log: log.commit(
        segments=[segment([], shard="shardId-3", **AFTER_3)], filters=[judge()]),
    "filter removed": lambda log: log.commit(
        [{"kind": "filter_pinned", "filter": judge(), "replaces": None},
         {"kind": "filter_removed", "name": "pii", "component": "aa" * 32}],
        segments=[segment([], shard="shardId-3", **AFTER_3)], filters=[judge()]),
    "rotation by a stranger": lambda log: log.commit([rotation(OTHER, EXAMPLE)]),
    "rotation badly signed": lambda log: log.commit([rotation(EXAMPLE, OTHER, signature="AAAA")]),
    "rotation signed with rubbish": lambda log: log.commit([rotation(EXAMPLE, OTHER, signature="é")]),
    "latest in a stream from trim_horizon": lambda log: log.commit(
        segments=[segment([], shard="shardId-9", **{"from": "latest"})]),
    "other digits": lambda log: log.commit(
        segments=[segment([], shard="shardId-3", **{"from": "after", "after": "0104"})]),
    "batch behind log_closed": lambda log: log.commit(
        [{"kind": "log_closed", "reason": ""}], segments=[segment([], shard="shardId-3", **AFTER_3)]),
    "fact behind log_closed": lambda log: log.commit([{"kind": "log_closed", "reason": ""}, HEARTBEAT]),
}  # fmt: skip


@pytest.mark.parametrize("what", CONTRADICTIONS)
def test_fact_contradiction(log: Log, what: str) -> None:
    CONTRADICTIONS[what](log)
    log.save()
    expect(log, found("fact-contradiction", 4))


def test_commit_after_log_closed(log: Log) -> None:
    log.commit([{"kind": "log_closed", "reason": ""}])
    log.commit([HEARTBEAT])
    log.save()
    expect(log, found("fact-contradiction", 5))


@pytest.mark.parametrize("members", [
    {"shard": "shardId-3", "after": "103"}, {"shard": "shardId-3"}, {"shard": "shardId-9", "after": "1"},
    {"shard": "shardId-1", "after": "103"}, {"shard": None, "cause": "trimmed"},
    {"stream": "x", "shard": None, "cause": "stream_vanished"}, {"stream": "x", "shard": "shardId-1"},
])  # fmt: skip
def test_gap_contradiction(log: Log, members: dict[str, Any]) -> None:
    log.commit([gap(**members)])
    log.save()
    expect(
        log, found("fact-contradiction", 4), found("gap-declared", 4, shard=members["shard"])
    )  # fmt: skip


def test_gap_without_shard_that_names_records(log: Log) -> None:
    log.commit([gap(shard=None, cause="stream_disabled", after="1")])
    log.save()
    expect(log, found("commit-malformed", 4), found("unsigned-tail", 4))


def test_gap_between_two_streams(log: Log) -> None:
    log.commit([gap(stream="x", shard=None, cause="stream_disabled"), stream_opened("x")])
    log.save()
    expect(log, found("gap-declared", 4), outcome="INTACT WITH DECLARED GAPS")


def test_gap_in_a_closed_stream(log: Log) -> None:
    closed = {"kind": "stream_closed", "stream": STREAM, "cause": "vanished", "at": "2026-11-22T11:00:00.000Z"}
    log.commit([gap(shard=None, cause="stream_vanished"), closed])
    log.commit([gap(shard="shardId-9")])
    log.save()
    declared = [found("gap-declared", 4), found("gap-declared", 5, shard="shardId-9")]
    expect(log, *declared, found("fact-contradiction", 5))


def test_rows_before_the_floor(log: Log) -> None:
    log.commit([gap(shard="shardId-3", after="104")])
    with_segment(log, numbers=["103"])
    key = log.object_key(5)
    expect(
        log, found("fact-contradiction", 5), found("gap-declared", 4, shard="shardId-3"), found("row-order", 5, key, row=0)
    )  # fmt: skip


def test_first_row_behind_a_gap_before_the_floor(log: Log) -> None:
    log.commit([gap(shard="shardId-3", after="104")])
    with_segment(log, numbers=["104", "105"])
    key = log.object_key(5)
    expect(log, found("gap-declared", 4, shard="shardId-3"), found("row-order", 5, key, row=0))


def test_last_before_after(log: Log) -> None:
    with_segment(log, numbers=["104"], **AFTER_3)
    key = log.object_key(4)
    expect(log, found("fact-contradiction", 4), found("row-order", 4, key, row=0))


def test_a_second_gap_stands_behind_the_last_record(log: Log) -> None:
    log.commit([gap(shard="shardId-3", after="104")])
    log.commit([gap(shard="shardId-3", after="104")])
    log.commit([gap(shard="shardId-3")])
    log.save()
    declared = [found("gap-declared", number, shard="shardId-3") for number in (4, 5, 6)]
    expect(log, *declared, found("fact-contradiction", 6))


def test_a_gap_that_ends_its_shard(log: Log) -> None:
    log.commit([gap(shard="shardId-2", after="201", ends_shard=True)])
    with_segment(log, shard="shardId-4", parent="shardId-2")
    declared = found("gap-declared", 4, shard="shardId-2")
    expect(log, declared, outcome="INTACT WITH DECLARED GAPS")
    with_segment(log, shard="shardId-2", **{"from": "after", "after": "201"})
    # Beginning before the floor is another matter than the shard having ended.
    expect(log, declared, found("segment-replayed", 6, shard="shardId-2"), found("fact-contradiction", 6),
           found("row-order", 6, log.object_key(6), row=0))  # fmt: skip


def test_parent_ends_in_the_same_commit(log: Log) -> None:
    ends = segment([], shard="shardId-2", closed=True, **{"from": "after", "after": "201"})
    child = [row("300", "shardId-4")]
    log.commit(segments=[ends, segment(child, parent="shardId-2")], objects=[child])
    log.save()
    expect(log, found("parent-order", 4, shard="shardId-4"))


def test_a_replaced_filter_judges_no_more(log: Log) -> None:
    new = judge(component="cc" * 32)
    log.commit([{"kind": "filter_pinned", "filter": judge(), "replaces": None},
                {"kind": "filter_pinned", "filter": new, "replaces": "aa" * 32}],
               segments=[segment([], shard="shardId-3", **AFTER_3)], filters=[new])  # fmt: skip
    log.save()
    expect(log, outcome="INTACT")
    log.commit(segments=[segment([], shard="shardId-3", **AFTER_3)], filters=[judge()])
    log.save()
    expect(log, found("fact-contradiction", 5))


def test_start_changes_before_there_are_rows(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.commit([genesis(), stream_opened(start="latest")])
    log.commit(segments=[segment([], **{"from": "latest"})])
    log.commit(segments=[segment([])])
    log.save()
    expect(log, found("fact-contradiction", 2))


def test_children_missing(log: Log) -> None:
    log.commits.pop()
    log.save()
    expect(log, found("children-missing", shard="shardId-1"), outcome="INTACT")


def test_closed_stream(log: Log) -> None:
    ends = [segment([], shard="shardId-3", closed=True, **AFTER_3),
            segment([], shard="shardId-2", closed=True, **{"from": "after", "after": "201"})]  # fmt: skip
    log.commit(segments=ends)
    log.commit([{"kind": "stream_closed", "stream": STREAM, "cause": "disabled", "at": "2026-11-22T11:00:00.000Z"}])
    log.save()
    expect(log, outcome="INTACT")
    with_segment(log, shard="shardId-9")
    expect(log, found("fact-contradiction", 6))


# Checkpoints and trust.


def test_checkpoint_malformed(log: Log) -> None:
    log.save()
    log.write("checkpoints/00000000000000000002", b"x")
    log.write("checkpoint", b"")
    expect(log, found("checkpoint-malformed", 2), found("checkpoint-malformed"))


def test_checkpoint_of_another_origin_or_size(log: Log) -> None:
    log.save()
    log.write("checkpoints/00000000000000000002", log.checkpoint(2, b"\0" * 32, "sealog/other"))
    log.write("checkpoints/00000000000000000003", log.read("checkpoint"))
    expect(log, found("checkpoint-malformed", 2), found("checkpoint-malformed", 3))


def test_bad_signature(log: Log) -> None:
    log.save()
    note = log.read("checkpoints/00000000000000000004")
    name, data = note.rsplit(b" ", 1)
    signature = bytearray(base64.b64decode(data))
    signature[-1] ^= 1
    log.write("checkpoints/00000000000000000004", name + b" " + base64.b64encode(signature) + b"\n")
    expect(log, found("bad-signature", 4))
    expect(log, found("bad-signature", 4), found("no-trust"), key=None)


def test_wrong_key(log: Log) -> None:
    log.signers = {2: [OTHER]}
    log.save()
    expect(log, found("wrong-key", 2))
    all_wrong = [found("wrong-key", size) for size in (1, 2, 3, 4)]
    expect(log, *all_wrong, found("unsigned-tail", 0), key=Signer("third", b"\x03" * 32).vkey)


def test_a_later_key_does_not_judge_earlier_checkpoints(log: Log) -> None:
    log.commit([rotation(EXAMPLE, OTHER)])
    log.signers = {2: [Signer("third", b"\x03" * 32)], 5: [OTHER]}
    log.save()
    expect(log, outcome="INTACT", key=OTHER.vkey)
    expect(log, found("wrong-key", 2))


def test_rotated_but_signed_by_the_old_key(log: Log) -> None:
    log.commit([rotation(EXAMPLE, OTHER)])
    log.save()
    expect(log, found("wrong-key", 5), found("unsigned-tail", 4))


def test_a_key_that_a_lost_commit_may_lead_to_is_not_wrong(log: Log) -> None:
    log.save()
    log.write("commits/00000000000000000003.json", b'{"format":"sealog.commit/2"}')
    expect(log, found("format-unknown", 3), found("unsigned-tail", 0), outcome="UNVERIFIABLE", key=OTHER.vkey)


def test_checkpoint_ahead(log: Log) -> None:
    log.save()
    os.remove(log.path / "commits/00000000000000000003.json")
    expect(log, found("checkpoint-ahead", 3), found("children-missing", shard="shardId-1"))


def test_root_mismatch_once(log: Log) -> None:
    log.save()
    for size in (2, 3):
        log.write(f"checkpoints/{size:020d}", log.checkpoint(size, b"\x07" * 32))
    expect(log, found("root-mismatch", 1))


def test_rewritten_archive_and_a_checkpoint_from_outside(log: Log) -> None:
    log.save()
    kept = log.read("checkpoints/00000000000000000003")
    expect(log, found("unsigned-tail", 3), outcome="CONSISTENT", key=None, checkpoint=kept)
    for value in log.commits[1:]:
        value["previous"]["sha256"] = ""
    log.commits[1]["writer"]["id"] = "forger"
    log.save()
    expect(log, outcome="INTACT")  # whoever has the signing key can
    expect(log, found("root-mismatch", 2), checkpoint=kept)


def test_checkpoint_from_outside_of_one_of_two_logs(log: Log) -> None:
    log.save()
    other = good_log(log.path.parent, "other")
    arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/other"
    for value in other.commits:
        value["origin"] = f"sealog/{arn}"
    for fact in (fact for value in other.commits for fact in value["facts"]):
        for member in ("table_arn", "arn"):
            if member in fact:
                fact[member] = fact[member].replace("table/orders", "table/other")
    other.save()
    for size in range(1, 5):
        os.remove(other.path / f"checkpoints/{size:020d}")
    os.remove(other.path / "checkpoint")
    outside = log.read("checkpoint")
    expect(log, found("no-trust"), outcome="CONSISTENT", key=None, checkpoint=outside)
    foreign = log.checkpoint(1, b"\0" * 32, "sealog/nobody")
    expect(log, found("checkpoint-malformed"), found("unsigned-tail", 0), key=None, checkpoint=foreign)


def test_no_trust(log: Log) -> None:
    log.save()
    expect(log, found("no-trust"), outcome="CONSISTENT", key=None)


def test_unsigned(log: Log) -> None:
    log.save()
    for size in range(1, 5):
        os.remove(log.path / f"checkpoints/{size:020d}")
    os.remove(log.path / "checkpoint")
    expect(log, found("unsigned"), outcome="CONSISTENT")


def test_unsigned_tail(log: Log) -> None:
    log.save()
    os.remove(log.path / "checkpoints/00000000000000000004")
    log.write("checkpoint", log.read("checkpoints/00000000000000000003"))
    expect(log, found("unsigned-tail", 3), outcome="CONSISTENT")


def test_stale(log: Log) -> None:
    log.save()
    expect(log, outcome="INTACT", now="2026-11-22T12:18:00.000Z")
    expect(log, found("stale", 3), outcome="STALE", now="2026-11-22T12:18:00.001Z")


def test_a_new_policy_moves_the_limit(log: Log) -> None:
    log.commit([{"kind": "policy_changed", "policies": POLICIES | {"heartbeat_seconds": 60}}])
    log.save()
    expect(log, found("stale", 4), outcome="STALE")


# Evidence.


def test_object_missing(log: Log) -> None:
    log.save()
    os.remove(log.path / log.object_key(1, 1))
    expect(log, found("object-missing", 1, log.object_key(1, 1)))


def test_rows_behind_a_missing_object_keep_their_segment(log: Log) -> None:
    log.save()
    os.remove(log.path / log.object_key(1, 0))
    expect(log, found("object-missing", 1, log.object_key(1, 0)))


def test_object_changed_and_its_row(log: Log) -> None:
    log.save()
    rows = [row("102", verdict="drop"), row("103", reason="fault:trap")]
    stored = leaves_of(rows)
    rows[1] |= {"keys": "{}", "leaf_hash": stored[1]}
    log.write(log.object_key(2), parquet(rows))
    expect(log, found("object-changed", 2, log.object_key(2)), found("row-changed", 2, log.object_key(2), row=1))


@pytest.mark.parametrize("bend", [
    lambda d: b"", lambda d: d[:100], lambda d: d + b"x", lambda d: b"PAR1" + os.urandom(200) + b"PAR1",
    lambda d: d[:-5] + bytes([d[-5] ^ 0xFF]) + d[-4:],
])  # fmt: skip
def test_object_changed_beyond_reading(log: Log, bend: Callable[[bytes], bytes]) -> None:
    log.save()
    key = log.object_key(2)
    log.write(key, bend(log.read(key)))
    expect(log, found("object-changed", 2, key))


def test_every_flipped_byte_is_found(log: Log) -> None:
    log.save()
    key = log.object_key(2)
    good = log.read(key)
    for index in range(0, len(good), 37):
        bad = bytearray(good)
        bad[index] ^= 0x55
        log.write(key, bytes(bad))
        assert found("object-changed", 2, key) in places(check(log))


def bend_commit_2(log: Log, rows: list[dict[str, Any]], **options: Any) -> str:
    """Commit 2 again, with other evidence than its counts, segment and root speak of; returns the object."""
    batch = log.commits[2]["batch"]
    data = parquet(rows, **options) if "data" not in options else options["data"]
    digest = hashlib.sha256(data).hexdigest()
    key = f"evidence/{digest}.parquet"
    log.objects[key] = data
    batch["objects"][0] |= {"key": key, "sha256": digest, "bytes": len(data)}
    log.save()
    return key


def rows_2() -> list[dict[str, Any]]:
    return [row("102", verdict="drop"), row("103", reason="fault:trap")]


@pytest.mark.parametrize("options", [
    {"data": b""}, {"data": b"no Parquet"}, {"types": {"integer": pa.int32()}},
    {"types": {"time": pa.timestamp("us", tz="UTC")}}, {"types": {"time": pa.timestamp("ms")}},
    {"types": {"hash": pa.binary(32)}}, {"types": {"text": pa.binary()}}, {"required": set()},
])  # fmt: skip
def test_object_unreadable(log: Log, options: dict[str, Any]) -> None:
    key = bend_commit_2(log, rows_2(), **options)
    expect(log, found("object-unreadable", 2, key))


def test_an_unreadable_object_is_not_looked_at_row_by_row(log: Log) -> None:
    rows = [r | {"leaf_hash": b""} for r in rows_2()]
    data = bytearray(parquet(rows, row_group_size=1))
    second = pq.ParquetFile(pa.BufferReader(bytes(data))).metadata.row_group(1).column(0)
    data[second.dictionary_page_offset : second.dictionary_page_offset + 20] = b"\xff" * 20
    key = bend_commit_2(log, rows, data=bytes(data))
    expect(log, found("object-unreadable", 2, key))


def test_a_size_that_is_not_that_of_the_bytes(log: Log) -> None:
    log.commits[2]["batch"]["objects"][0]["bytes"] += 1
    log.save()
    expect(log, found("object-changed", 2, log.object_key(2)))


def test_row_changed(log: Log) -> None:
    rows = rows_2()
    rows[0]["leaf_hash"] = b"short"
    key = bend_commit_2(log, rows)
    expect(log, found("row-changed", 2, key, row=0))


def test_row_foreign(log: Log) -> None:
    rows = rows_2()
    rows[0]["shard_id"] = "shardId-7"
    key = bend_commit_2(log, rows)
    expect(log, found("row-foreign", 2, key, row=0), found("records-root-mismatch", 2))


@pytest.mark.parametrize("numbers,bad", [(["101", "103"], 0), (["103", "103"], 1), (["x", "103"], 0), (["", "103"], 0)])
def test_row_order(log: Log, numbers: list[str], bad: int) -> None:
    rows = [r | {"sequence_number": n} for r, n in zip(rows_2(), numbers)]
    key = bend_commit_2(log, rows)
    expect(log, found("row-order", 2, key, row=bad), found("records-root-mismatch", 2))


def test_segment_mismatch(log: Log) -> None:
    rows = rows_2()
    rows[1]["sequence_number"] = "104"
    bend_commit_2(log, rows)
    expect(log, found("segment-mismatch", 2, shard="shardId-1"), found("records-root-mismatch", 2))


def test_counts_mismatch(log: Log) -> None:
    rows = rows_2()
    rows[0]["verdict"] = "maybe"
    bend_commit_2(log, rows)
    expect(log, found("counts-mismatch", 2), found("records-root-mismatch", 2))


def test_more_rows_than_stated(log: Log) -> None:
    bend_commit_2(log, [*rows_2(), row("104")])
    expect(log, found("counts-mismatch", 2), found("records-root-mismatch", 2))


def test_records_root_mismatch(log: Log) -> None:
    log.commits[2]["batch"]["records_root"] = "00" * 32
    log.save()
    expect(log, found("records-root-mismatch", 2))


def test_a_text_that_is_no_utf_8(tmp_path: Path) -> None:
    from sealog_verify.evidence import _byte_strings

    chunk = pa.array([b"\xff\0", None, b""], pa.binary()).view(pa.string())
    assert _byte_strings(chunk) == [b"\xff\0", None, b""]
    assert _byte_strings(chunk.slice(1)) == [None, b""]


# What cannot be read, what is foreign.


def test_unreadable(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    log.save()
    key, opened = log.object_key(2), Path.open
    commit = "commits/00000000000000000001.json"

    def refuse(path: Path, *how: Any) -> Any:
        if str(path).endswith(refused):
            raise PermissionError(13, "Permission denied")
        return opened(path, *how)

    monkeypatch.setattr(Path, "open", refuse)
    refused = key
    expect(log, found("unreadable", object=key), outcome="UNVERIFIABLE")
    refused = commit
    expect(log, found("unreadable", object=commit), found("unsigned-tail", 1), outcome="UNVERIFIABLE")
    refused = "/checkpoint"
    expect(log, found("unreadable", object="checkpoint"), outcome="UNVERIFIABLE")


def test_what_is_no_regular_file_is_not_read(log: Log) -> None:
    log.save()
    key = log.object_key(2)
    (log.path / key).unlink()
    os.mkfifo(log.path / key)
    expect(log, found("unreadable", object=key), outcome="UNVERIFIABLE")


# Images.


def changed(n: int, old: str | None, new: str | None, **cells: Any) -> dict[str, Any]:
    cells = {"stream_view_type": "NEW_AND_OLD_IMAGES", "old_image": old, "new_image": new} | cells
    return row(str(n), **cells)


def two_changes(root: Path, left: str | None, begun: str | None, **cells: Any) -> Log:
    log = Log(root)
    log.commit([genesis(), stream_opened()])
    first, second = [changed(100, None, left)], [changed(101, begun, None, **cells)]
    log.commit(segments=[segment(first)], objects=[first])
    log.commit(segments=[segment(second, **{"from": "after", "after": "100"})], objects=[second])
    log.save()
    return log


ITEM = '{"id":{"S":"a"},"s":{"SS":["x","y"]}}'


@pytest.mark.parametrize("left, begun", [
    (ITEM, ITEM), (ITEM, '{ "s":{"SS":["y","x"]}, "id":{"S":"\\u0061"}}'), (None, None),
    (ITEM, '{"id":7}'), ('{"id":{"S":"a","N":"1"}}', ITEM), (ITEM, "{"), (ITEM, '{"id":{"S":"\\ud800"}}'),
])  # fmt: skip
def test_images_that_join_or_are_none(tmp_path: Path, left: str | None, begun: str | None) -> None:
    expect(two_changes(tmp_path, left, begun), outcome="INTACT")


@pytest.mark.parametrize("left, begun", [
    (ITEM, None), (None, ITEM), (ITEM, '{"id":{"S":"a"}}'), (ITEM, ITEM.replace('"SS"', '"L"').replace('"x"', '{"S":"x"}').replace('"y"', '{"S":"y"}')),
    ('{"l":{"L":[{"N":"1"},{"N":"2"}]}}', '{"l":{"L":[{"N":"2"},{"N":"1"}]}}'), ('{"b":{"BOOL":true}}', '{"b":{"BOOL":false}}'),
])  # fmt: skip
def test_images_that_do_not_join(tmp_path: Path, left: str | None, begun: str | None) -> None:
    log = two_changes(tmp_path, left, begun)
    key = log.object_key(2)
    report = expect(log, found("image-break", 2, key, "shardId-1", 0))
    [finding] = report.logs[0].findings
    assert finding.key == '{"id":{"S":"a"}}'
    assert finding.earlier == {"commit": 1, "object": log.object_key(1), "row": 0}
    assert report.as_json()["integrity"] == "INTACT" and report.as_json()["completeness"] == "INCOMPLETE"


@pytest.mark.parametrize("cells", [
    {"verdict": "drop"}, {"verdict": "redact"}, {"redactions": "[]"}, {"stream_view_type": "KEYS_ONLY"}, {"keys": None},
    {"keys": "[]"}, {"stream_view_type": None},
])  # fmt: skip
def test_of_rows_that_are_not_whole_nothing_is_said(tmp_path: Path, cells: dict[str, Any]) -> None:
    expect(two_changes(tmp_path, ITEM, None, **cells), outcome="INTACT")


def test_heartbeat_late(log: Log) -> None:
    log.commits[3]["committed_at"] = "2026-11-22T12:17:00.001Z"
    log.save()
    expect(log, found("heartbeat-late", 3), outcome="INTACT", now="2026-11-22T13:00:00.000Z")
    log.commits[3]["committed_at"] = "2026-11-22T12:17:00.000Z"
    log.save()
    expect(log, outcome="INTACT", now="2026-11-22T13:00:00.000Z")


def test_no_log(log: Log) -> None:
    log.write("checkpoint", b"x")
    expect(log, found("no-log"), outcome="UNVERIFIABLE")
    assert verify_archive(str(log.path), [], Trust(), 0).outcome == "UNVERIFIABLE"


def test_foreign_object(log: Log) -> None:
    log.save()
    log.write("commits/0.json", b"")
    log.write("checkpoints/sub/00000000000000000001", b"")
    expect(log, found("foreign-object", object="commits/0.json"),
           found("foreign-object", object="checkpoints/sub/00000000000000000001"), outcome="INTACT")  # fmt: skip


@pytest.mark.parametrize("name,data", [
    ("tlog/tile/0/000.p/2", bytes(64)),
    ("tlog/tile/0/000.p/3", None),
    ("tlog/tile/0/000.p/5", bytes(160)),
    ("tlog/tile/entries/000.p/1", b"\x00\x01{"),
    ("tlog/checkpoint", b"no note"),
])  # fmt: skip
def test_tile_mismatch(log: Log, name: str, data: bytes | None) -> None:
    log.save()
    leaves = [leaf_hash(log.read(f"commits/{number:020d}.json")) for number in range(2)]
    log.write("tlog/tile/0/000.p/2", b"".join(leaves))
    expect(log, outcome="INTACT")
    log.write(name, b"".join(leaves) if data is None else data)
    expect(log, found("tile-mismatch", object=name))


# The program.


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(HERE / "verify.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_the_program(log: Log, tmp_path: Path) -> None:
    log.save()
    key = tmp_path / "key.txt"
    key.write_text(EXAMPLE.vkey + "\n")
    ran = program(str(tmp_path), "--key", str(key), "--now", NOW)
    assert (ran.returncode, ran.stdout) == (0, "INTACT\n")
    ran = program(str(tmp_path), "--now", NOW, "--format", "json", "--log", "orders")
    report = json.loads(ran.stdout)
    assert ran.returncode == 5 and report["outcome"] == "CONSISTENT"
    assert report["format"] == "sealog.report/1" and report["checked_at"] == NOW
    assert report["logs"][0]["findings"][0]["code"] == "no-trust"
    ran = program(str(tmp_path))
    assert ran.returncode == 4 and ran.stdout.splitlines()[-1] == "STALE"


@pytest.mark.parametrize("arguments", [
    [], ["/nowhere"], [".", "--key", "x"], [".", "--now", "x"], [".", "--checkpoint", "/nowhere"],
])  # fmt: skip
def test_wrong_usage(arguments: list[str]) -> None:
    ran = program(*arguments)
    assert ran.returncode == 2 and "Traceback" not in ran.stderr


def test_quick_enough(tmp_path: Path) -> None:
    log = Log(tmp_path)
    image = json.dumps({"id": {"S": "x" * 1_000}, "n": {"N": "1"}})
    rows = [row(str(n), new_image=image + str(n), event_id=f"{n:032x}") for n in range(1, 50_001)]
    log.commit([genesis(), stream_opened()])
    log.commit(segments=[segment(rows)], objects=[rows])
    log.save()
    begun = time.perf_counter()
    expect(log, outcome="INTACT")
    spent = time.perf_counter() - begun
    print(f"50,000 rows in {spent:.2f} s")
    assert spent < 30  # a machine under load; about 1 s on an idle one


def test_every_code_has_a_test() -> None:
    if len(COVERED) < 5:
        pytest.skip("only meaningful after the other tests")
    assert set(LEVELS) - COVERED == set()
