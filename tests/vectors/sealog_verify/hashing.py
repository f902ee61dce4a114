"""Hashes and Merkle trees (FORMAT.md, section 2; RFC 6962, section 2.1)."""

from __future__ import annotations

from hashlib import sha256

EMPTY_ROOT: bytes = sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: list[bytes]) -> bytes:
    """Root over leaf hashes. Pairing level by level gives RFC 6962's tree, an odd last node moves up."""
    if not leaves:
        return EMPTY_ROOT
    level = leaves
    while len(level) > 1:
        above = [node_hash(left, right) for left, right in zip(level[0::2], level[1::2])]
        if len(level) % 2:
            above.append(level[-1])
        level = above
    return level[0]


class GrowingTree:
    """A tree that takes one leaf after the other and tells its root at any size."""

    def __init__(self) -> None:
        self._peaks: list[tuple[int, bytes]] = []  # perfect subtrees, left to right: (leaves, root)

    def add(self, leaf: bytes) -> None:
        size, node = 1, leaf
        while self._peaks and self._peaks[-1][0] == size:
            _, left = self._peaks.pop()
            size, node = size * 2, node_hash(left, node)
        self._peaks.append((size, node))

    def root(self) -> bytes:
        if not self._peaks:
            return EMPTY_ROOT
        node = self._peaks[-1][1]
        for _, left in reversed(self._peaks[:-1]):
            node = node_hash(left, node)
        return node
