"""Tests of check_proof.py on the golden proofs in `proofs/`, which `sealog prove` cut out of the vector `clean-ledger`."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

import check_proof
from sealog_verify.notes import parse_vkey
from sealog_verify.proof import NoProof, check_proof as check, root_of
from sealog_verify.hashing import leaf_hash, tree_root

HERE = Path(__file__).resolve().parent
PROOFS = sorted((HERE / "proofs").glob("*.tlog-proof"))
KEY = (HERE / "proofs" / "key").read_text().strip()


def holds(data: bytes) -> bool:
    try:
        check(data, [parse_vkey(KEY)])
    except NoProof:
        return False
    return True


def test_there_are_golden_proofs() -> None:
    assert len(PROOFS) >= 3


@pytest.mark.parametrize("path", PROOFS, ids=lambda path: path.name)
def test_a_golden_proof_holds_well_under_a_second(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    begun = time.monotonic()
    assert check_proof.main([str(path), "--key", KEY]) == 0
    assert time.monotonic() - begun < 0.5
    said = capsys.readouterr().out
    commit, row = path.name.removesuffix(".tlog-proof").split("-")[1:]
    for part in ("PROVEN", f"commit          {commit}", f"row             {row}", "vectors+"):
        assert part in said


@pytest.mark.parametrize("path", PROOFS, ids=lambda path: path.name)
def test_no_changed_byte_is_overlooked(path: Path) -> None:
    data = path.read_bytes()
    assert holds(data)
    for place in range(len(data)):
        bent = bytearray(data)
        bent[place] ^= 1 << place % 8
        assert not holds(bytes(bent)), f"bit {place % 8} of byte {place}"
    for length in (*range(0, len(data), 97), len(data) - 1):
        assert not holds(data[:length]), f"cut off at {length}"
    assert not holds(data + b"\n")


def test_exit_codes(tmp_path: Path) -> None:
    program = [sys.executable, str(HERE / "check_proof.py")]

    def run(*arguments: str) -> int:
        return subprocess.run([*program, *arguments], capture_output=True, check=False).returncode

    bent = tmp_path / "bent"
    bent.write_bytes(PROOFS[0].read_bytes().replace(b"index", b"Index"))
    assert run(str(PROOFS[0]), "--key", KEY) == 0
    assert run(str(bent), "--key", KEY) == 1
    assert run(str(PROOFS[0]), "--key", "rubbish") == 2
    assert run(str(PROOFS[0])) == 2
    assert run(str(tmp_path / "nowhere"), "--key", KEY) == 69


def test_another_key_of_that_name_proves_nothing() -> None:
    first, second = (parse_vkey(line) for line in (HERE / "proofs" / "other-keys").read_text().split())
    for keys in ([first], [second], []):
        with pytest.raises(NoProof):
            check(PROOFS[0].read_bytes(), keys)


@pytest.mark.parametrize("size", range(1, 20))
def test_paths_lead_to_the_root_from_their_own_place_only(size: int) -> None:
    leaves = [leaf_hash(bytes([number])) for number in range(size)]

    def path(place: int, part: list[bytes]) -> list[bytes]:
        if len(part) == 1:
            return []
        split = 1 << (len(part) - 1).bit_length() - 1
        if place < split:
            return path(place, part[:split]) + [tree_root(part[split:])]
        return path(place - split, part[split:]) + [tree_root(part[:split])]

    root = tree_root(leaves)
    for place in range(size):
        proof = path(place, leaves)
        found = [at for at in range(size + 2) if root_of(leaves[place], at, size, proof) == root]
        assert found == [place]
        assert root_of(leaves[place], place, size, [*proof, root]) is None
