"""Attacks that are no golden vector: what each does to a sound log, and what a verifier must find.

The sound log is written by tests/vectors/writer.py. What must be found is written here by hand from
crates/chain/FORMAT.md, section 8; it is never taken from a verifier. Golden vectors (tests/vectors) are attacks too and
stand in the same table.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from writer import (
    EXAMPLE, HEARTBEAT, NOW, OTHER, Log, Signer, genesis, leaves_of, parquet, rotation, row, segment, stream_opened,
)
from sealog_verify.hashing import tree_root

FINDING = dict[str, Any]


@dataclass
class Attack:
    name: str
    about: str
    outcome: str
    findings: list[FINDING]
    now: str = NOW
    key: str | None = EXAMPLE.vkey
    checkpoint: bytes | None = None


def found(code: str, **place: Any) -> FINDING:
    return {"code": code, **place}


def number(n: int) -> str:
    return f"1{n:020}"


def change(n: int, item: str, old: int | None, new: int | None, **cells: Any) -> dict[str, Any]:
    """A row of shardId-1 that takes an item from one value to another; None: it is not there."""

    def image(value: int | None) -> str | None:
        return None if value is None else f'{{"id":{{"S":"{item}"}},"n":{{"N":"{value}"}}}}'

    return row(
        number(n), keys=f'{{"id":{{"S":"{item}"}}}}', old_image=image(old), new_image=image(new),
        event_id=f"e{n}", stream_view_type="NEW_AND_OLD_IMAGES", **cells,
    )  # fmt: skip


ROWS = [
    [change(1, "a", None, 1), change(2, "b", None, 1), change(3, "a", 1, 2)],
    [change(4, "b", 1, 2), change(5, "a", 2, 3)],
    [change(6, "c", None, 7), change(7, "a", 3, None)],
]
"""Rows of commits 1, 2 and 4; commit 3 is a heartbeat."""


def log_of(folder: Path, rows: list[list[dict[str, Any]]] = ROWS, **batch: Any) -> Log:
    """Five commits. `batch`: of commit 2, instead of what its rows give."""
    log = Log(folder)
    log.commit([genesis(), {"kind": "capture_started"}, stream_opened()])
    first, second, third = rows
    log.commit(segments=[segment(first)], objects=[first])
    after = {"from": "after", "after": first[-1]["sequence_number"]}
    stated = {"segments": [segment(second, **after)], "objects": [second]} | batch
    log.commit(**stated)
    log.commit([HEARTBEAT])
    after = {"from": "after", "after": second[-1]["sequence_number"]}
    log.commit(segments=[segment(third, **after)], objects=[third])
    return log


def saved(folder: Path, **batch: Any) -> Log:
    log = log_of(folder, **batch)
    log.save()
    return log


def object_path(log: Log, commit: int) -> Path:
    return log.path / log.object_key(commit)


def tail(commit: int) -> FINDING:
    return found("unsigned-tail", commit=commit)


# Attacks. Each makes its archive in `folder` and says what must be found.


def added_commit(folder: Path) -> Attack:
    log = saved(folder)
    log.commit([HEARTBEAT])
    forged = log._stored_commits()[-1]
    log.write("commits/00000000000000000005.json", forged)
    return Attack("added-commit", "a well-formed commit is put on, linked to the newest; nobody signed it", "CONSISTENT", [tail(5)])


def added_commit_forged_checkpoint(folder: Path) -> Attack:
    log = log_of(folder)
    log.commit([HEARTBEAT])
    log.signers[6] = [OTHER]
    log.save()
    return Attack("added-commit-signed-by-another", "a commit is put on and signed with another key", "TAMPERED",
                  [found("wrong-key", commit=6), tail(5)])


def added_object(folder: Path) -> Attack:
    log = saved(folder)
    name = log.object_key(1)
    log.write(name[:20] + "0" * 53 + ".parquet", b"not sealed")
    return Attack("added-object", "an object that no commit names is put beside the others, its name alike in its first 11 digits",
                  "INTACT", [])


def same_prefix_exchanged(folder: Path) -> Attack:
    log = saved(folder)
    one, two = object_path(log, 1), object_path(log, 2)
    one.write_bytes(two.read_bytes())
    return Attack("object-copied-over-another", "one sealed object is copied over another", "TAMPERED",
                  [found("object-changed", commit=1, object=log.object_key(1))])


def foreign_row_group(folder: Path) -> Attack:
    rows = ROWS[1] + [change(9, "z", None, 1)]
    log = log_of(folder)
    batch = log.commits[2]["batch"]
    data = parquet(rows, row_group_size=2)
    swap_object(log, 2, data)
    log.save()
    assert batch["objects"][0]["rows"] == 2
    return Attack("foreign-row-group", "the signer's object has one more row group than its commit knows of", "TAMPERED",
                  [found("counts-mismatch", commit=2), found("records-root-mismatch", commit=2)])


def swap_object(log: Log, commit: int, data: bytes) -> None:
    """Other bytes for a commit's object, with size and hash made right: only a signer can."""
    item = log.commits[commit]["batch"]["objects"][0]
    digest = hashlib.sha256(data).hexdigest()
    del log.objects[item["key"]]
    item |= {"key": f"evidence/{digest}.parquet", "sha256": digest, "bytes": len(data)}
    log.objects[item["key"]] = data


def foreign_row_group_from_outside(folder: Path) -> Attack:
    log = saved(folder)
    object_path(log, 2).write_bytes(parquet(ROWS[1] + [change(9, "z", None, 1)], row_group_size=2))
    return Attack("foreign-row-group-from-outside", "somebody else puts a row group into a sealed object", "TAMPERED",
                  [found("object-changed", commit=2, object=log.object_key(2))])


def edited_row(folder: Path) -> Attack:
    log = saved(folder)
    rows = [ROWS[1][0], ROWS[1][1] | {"new_image": '{"id":{"S":"a"},"n":{"N":"1000000"}}'}]
    forged = [dict(r, leaf_hash=leaf) for r, leaf in zip(rows, leaves_of(ROWS[1]))]
    object_path(log, 2).write_bytes(parquet(forged))
    key = log.object_key(2)
    return Attack("row-edited", "a row is edited and its object written anew, with the old leaf hash", "TAMPERED",
                  [found("object-changed", commit=2, object=key), found("row-changed", commit=2, object=key, row=1)])


def edited_row_and_leaf(folder: Path) -> Attack:
    log = saved(folder)
    rows = [ROWS[1][0], ROWS[1][1] | {"new_image": '{"id":{"S":"a"},"n":{"N":"1000000"}}'}]
    object_path(log, 2).write_bytes(parquet(rows))
    return Attack("row-edited-with-its-leaf", "a row is edited, its leaf hash computed again, its object written anew", "TAMPERED",
                  [found("object-changed", commit=2, object=log.object_key(2))])


def removed_row_by_the_signer(folder: Path) -> Attack:
    log = log_of(folder, [ROWS[0], ROWS[1][:1], ROWS[2]])
    log.commits[4]["batch"]["segments"][0]["after"] = number(4)
    log.save()
    return Attack("row-left-out-by-its-signer", "whoever holds the key seals all but one change: only the item's images tell",
                  "TAMPERED",
                  [found("image-break", commit=4, object=log.object_key(4), shard="shardId-1", row=1)])


def leaf_column_disagrees(folder: Path) -> Attack:
    log = log_of(folder)
    rows = [ROWS[1][0] | {"leaf_hash": b"\x07" * 32}, ROWS[1][1]]
    swap_object(log, 2, parquet(rows))
    log.save()
    return Attack("leaf-column-disagrees", "the signer's object stores another leaf hash than its row has", "TAMPERED",
                  [found("row-changed", commit=2, object=log.object_key(2), row=0)])


def another_codec(folder: Path) -> Attack:
    log = log_of(folder)
    swap_object(log, 2, parquet(ROWS[1], compression="gzip"))
    log.save()
    return Attack("object-of-another-codec", "the signer's object is compressed with what the format does not have", "TAMPERED",
                  [found("object-unreadable", commit=2, object=log.object_key(2))])


def huge(name: str, about: str, text: bytes) -> Callable[[Path], Attack]:
    def attack(folder: Path) -> Attack:
        log = saved(folder)
        path = log.path / "commits/00000000000000000003.json"
        path.write_bytes(path.read_bytes().replace(b'"number":3', b'"number":' + text))
        return Attack(name, about, "TAMPERED", [found("commit-malformed", commit=3), tail(3)])

    return attack


def trailing_newline_in_name(folder: Path) -> Attack:
    log = saved(folder)
    log.write("commits/00000000000000000003.json\n", b"{}")
    return Attack("odd-name", "a name under commits/ ends with a line feed", "INTACT",
                  [found("foreign-object", object="commits/00000000000000000003.json\n")])


def digits_of_another_script(folder: Path) -> Attack:
    log = saved(folder)
    name = "commits/0000000000000000000٥.json"
    log.write(name, b"{}")
    return Attack("name-with-foreign-digits", "a name under commits/ is numbered in another script's digits", "INTACT",
                  [found("foreign-object", object=name)])


def link_to_the_same_bytes(folder: Path) -> Attack:
    log = saved(folder)
    path = object_path(log, 1)
    elsewhere = folder / "elsewhere"
    shutil.move(path, elsewhere)
    path.symlink_to(elsewhere)
    return Attack("link-to-the-same-bytes", "an object is a symbolic link to its own bytes elsewhere: they are what was sealed",
                  "INTACT", [])


def dangling_link(folder: Path) -> Attack:
    log = saved(folder)
    path = object_path(log, 1)
    path.unlink()
    path.symlink_to(folder / "nowhere")
    return Attack("link-to-nowhere", "an object is a symbolic link that leads nowhere", "TAMPERED",
                  [found("object-missing", commit=1, object=log.object_key(1))])


def pipe(folder: Path) -> Attack:
    log = saved(folder)
    path = object_path(log, 1)
    path.unlink()
    os.mkfifo(path)
    return Attack("pipe-in-place-of-an-object", "an object is a named pipe that nobody writes", "UNVERIFIABLE",
                  [found("unreadable", object=log.object_key(1))])


def device(folder: Path) -> Attack:
    log = saved(folder)
    path = log.path / "commits/00000000000000000003.json"
    path.unlink()
    path.symlink_to("/dev/zero")
    return Attack("device-in-place-of-a-commit", "a commit is a link to a device that never ends", "UNVERIFIABLE",
                  [found("unreadable", object="commits/00000000000000000003.json"), tail(3)])


def folder_for_an_object(folder: Path) -> Attack:
    log = saved(folder)
    path = object_path(log, 1)
    path.unlink()
    path.mkdir()
    return Attack("folder-in-place-of-an-object", "an object's name is a folder", "TAMPERED",
                  [found("object-missing", commit=1, object=log.object_key(1))])


def snapshot_disagrees(folder: Path) -> Attack:
    log = saved(folder)
    log.write("snapshots/00000000000000000005", b'{"format":"sealog.snapshot/1","size":5,"fold":{}}\n')
    return Attack("snapshot-disagrees", "a snapshot disagrees with the commits: it is a hint to writers, and no verifier looks at it",
                  "INTACT", [])


def checkpoint_rolled_back(folder: Path) -> Attack:
    log = saved(folder)
    log.write("checkpoint", log.read("checkpoints/00000000000000000002"))
    return Attack("checkpoint-rolled-back", "`checkpoint` is put back to an older one; the kept ones still cover all", "INTACT", [])


def checkpoints_thinned(folder: Path) -> Attack:
    log = saved(folder)
    log.write("checkpoint", log.read("checkpoints/00000000000000000002"))
    for size in (3, 4, 5):
        (log.path / f"checkpoints/{size:020d}").unlink()
    return Attack("checkpoints-removed", "all checkpoints behind the second are removed", "CONSISTENT", [tail(2)])


def known_and_unknown(folder: Path) -> Attack:
    log = log_of(folder)
    log.signers[5] = [OTHER, EXAMPLE]
    log.save()
    return Attack("known-and-unknown-key", "a stranger's signature stands before the right one: it is ignored", "INTACT", [])


def same_name_other_key(folder: Path) -> Attack:
    log = log_of(folder)
    log.signers[5] = [Signer("example", b"\x09" * 32)]
    log.save()
    return Attack("key-of-the-same-name", "the newest head is signed by another key that bears the name of the right one", "TAMPERED",
                  [found("wrong-key", commit=5), tail(4)])


def rotated_without_the_old_key(folder: Path) -> Attack:
    log = log_of(folder)
    log.commit([rotation(OTHER, OTHER) | {"from": EXAMPLE.vkey}])
    log.signers[6] = [OTHER]
    log.save()
    return Attack("rotation-not-signed-by-the-old-key", "a rotation is signed by the new key only; the head is signed by the new key",
                  "TAMPERED", [found("fact-contradiction", commit=5), found("wrong-key", commit=6), tail(5)])


def signed_before_its_rotation(folder: Path) -> Attack:
    log = log_of(folder)
    log.commit([rotation(EXAMPLE, OTHER)])
    log.save()
    return Attack("old-key-after-rotation", "the head behind a rotation is still signed by the old key", "TAMPERED",
                  [found("wrong-key", commit=6), tail(5)])


def outside_of_another_log(folder: Path) -> Attack:
    log = saved(folder)
    theirs = log.checkpoint(5, b"\x01" * 32, "sealog/arn:aws:dynamodb:eu-west-1:123456789012:table/other")
    return Attack("outside-checkpoint-of-another-log", "the auditor's checkpoint is of another log", "TAMPERED",
                  [found("checkpoint-malformed")], checkpoint=theirs)


def forked_head(folder: Path) -> Attack:
    log = saved(folder)
    kept = log.checkpoint(4, b"\x05" * 32)
    return Attack("forked-head", "the auditor holds a head, signed by the right key, of a history that is not this one", "TAMPERED",
                  [found("root-mismatch", commit=3)], checkpoint=kept)


def restored_backup(folder: Path) -> Attack:
    log = saved(folder)
    kept = log.read("checkpoint")
    for name in ("commits/00000000000000000004.json", "checkpoints/00000000000000000005"):
        (log.path / name).unlink()
    log.write("checkpoint", log.read("checkpoints/00000000000000000004"))
    return Attack("older-copy", "an older copy is shown as the whole; the auditor kept a newer head", "TAMPERED",
                  [found("checkpoint-ahead", commit=4)], checkpoint=kept)


def emptied_object(folder: Path) -> Attack:
    log = saved(folder)
    object_path(log, 2).write_bytes(b"")
    return Attack("object-emptied", "an object has no bytes left", "TAMPERED",
                  [found("object-changed", commit=2, object=log.object_key(2))])


def emptied_commit(folder: Path) -> Attack:
    log = saved(folder)
    log.write("commits/00000000000000000003.json", b"")
    return Attack("commit-emptied", "a commit has no bytes left", "TAMPERED", [found("commit-malformed", commit=3), tail(3)])


def oversized_commit(folder: Path) -> Attack:
    log = saved(folder)
    log.write("commits/00000000000000000003.json", log.read("commits/00000000000000000003.json") + b" " * 70_000)
    return Attack("commit-padded", "a commit is padded beyond 65,535 bytes", "TAMPERED", [found("commit-malformed", commit=3), tail(3)])


def enormous_commit(folder: Path) -> Attack:
    log = saved(folder)
    os.truncate(log.path / "commits/00000000000000000003.json", 1 << 38)
    return Attack("commit-of-256-gib", "a commit is a file of 256 GiB, nearly all of it a hole", "TAMPERED",
                  [found("commit-malformed", commit=3), tail(3)])


def enormous_object(folder: Path) -> Attack:
    log = saved(folder)
    os.truncate(object_path(log, 2), 1 << 38)
    return Attack("object-of-256-gib", "an object is a file of 256 GiB, nearly all of it a hole", "TAMPERED",
                  [found("object-changed", commit=2, object=log.object_key(2))])


def nested_commit(folder: Path) -> Attack:
    log = saved(folder)
    log.write("commits/00000000000000000003.json", b"[" * 60_000)
    return Attack("commit-nested-deep", "a commit opens sixty thousand brackets", "TAMPERED", [found("commit-malformed", commit=3), tail(3)])


def swapped_rows_resealed(folder: Path) -> Attack:
    log = log_of(folder)
    swap_object(log, 1, parquet([ROWS[0][1], ROWS[0][0], ROWS[0][2]]))
    log.commits[1]["batch"]["records_root"] = tree_root(leaves_of([ROWS[0][1], ROWS[0][0], ROWS[0][2]])).hex()
    log.save()
    return Attack("rows-re-ordered-by-their-signer", "whoever holds the key seals two rows in the other order", "TAMPERED",
                  [found("row-order", commit=1, object=log.object_key(1), row=1)])


ATTACKS: list[Callable[[Path], Attack]] = [
    added_commit, added_commit_forged_checkpoint, added_object, same_prefix_exchanged, foreign_row_group,
    foreign_row_group_from_outside, edited_row, edited_row_and_leaf, removed_row_by_the_signer,
    swapped_rows_resealed, leaf_column_disagrees, another_codec,
    huge("number-beyond-2-53", "a commit's number is 2^53", b"9007199254740992"),
    huge("number-of-400-digits", "a commit's number has 400 digits", b"9" * 400),
    huge("number-with-exponent", "a commit's number is written 3e0", b"3e0"),
    huge("number-1e999", "a commit's number is 1e999", b"1e999"),
    huge("number-negative", "a commit's number is -3", b"-3"),
    emptied_object, emptied_commit, oversized_commit, enormous_commit, enormous_object,
    nested_commit,
    trailing_newline_in_name, digits_of_another_script, link_to_the_same_bytes, dangling_link, pipe, device,
    folder_for_an_object, snapshot_disagrees, checkpoint_rolled_back, checkpoints_thinned, known_and_unknown,
    same_name_other_key, rotated_without_the_old_key, signed_before_its_rotation, outside_of_another_log, forked_head,
    restored_backup,
]  # fmt: skip
