"""The Merkle tree of RFC 9162 §2.1 as arithmetic: no storage, no acts, only hashes and positions.

A complete subtree is addressed by (level, index) and covers the 2^level leaves from index·2^level on; level 0 is the
leaves. Proofs read complete subtrees only, O(log n) of them, through a function that is handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence

ReadSubtree = Callable[[int, int], bytes]
"""(level, index) to the hash of a complete subtree."""


class Hashing:
    """The book's hash: sha256, or sm3 where OpenSSL offers it. Raises ValueError for an algorithm this machine lacks."""

    def __init__(self, algorithm: str) -> None:
        hashlib.new(algorithm)
        self.algorithm = algorithm
        self._make = hashlib.sha256 if algorithm == "sha256" else lambda data: hashlib.new(algorithm, data)

    def leaf(self, canonical: bytes) -> bytes:
        """HASH(0x00 || canonical bytes of an act)."""
        return self._make(b"\x00" + canonical).digest()

    def node(self, left: bytes, right: bytes) -> bytes:
        """HASH(0x01 || left || right)."""
        return self._make(b"\x01" + left + right).digest()

    def empty(self) -> bytes:
        """The root of a tree without leaves."""
        return self._make(b"").digest()


class Frontier:
    """The right edge of a growing tree: at most one complete subtree per level, enough to append and to know the root."""

    def __init__(self, hashing: Hashing, size: int = 0, read: ReadSubtree | None = None) -> None:
        self._hashing = hashing
        self.size = size
        self._edge: list[tuple[int, bytes]] = []
        for level in reversed(range(size.bit_length())):
            if size >> level & 1:
                assert read is not None
                self._edge.append((level, read(level, (size >> level) - 1)))

    def append(self, leaf: bytes) -> Iterator[tuple[int, int, bytes]]:
        """Add a leaf hash; yields (level, index, hash) of every subtree that it completes, level 1 and above."""
        level, hash_ = 0, leaf
        self.size += 1
        while self._edge and self._edge[-1][0] == level:
            hash_ = self._hashing.node(self._edge.pop()[1], hash_)
            level += 1
            yield level, (self.size >> level) - 1, hash_
        self._edge.append((level, hash_))

    def extend(self, leaves: Sequence[bytes]) -> dict[int, tuple[int, list[bytes]]]:
        """Add many leaf hashes. Returns: by level, the first index and the hashes of the subtrees that they complete."""
        made: dict[int, tuple[int, list[bytes]]] = {}
        edge = dict(self._edge)
        start, level, row, node = self.size, 0, list(leaves), self._hashing.node
        self.size += len(row)
        while row:
            if start & 1:
                row.insert(0, edge.pop(level))
                start -= 1
            if len(row) & 1:
                edge[level] = row.pop()
            start >>= 1
            row = list(map(node, row[::2], row[1::2]))
            level += 1
            if row:
                made[level] = start, list(row)
        self._edge = sorted(edge.items(), reverse=True)
        return made

    def root(self) -> bytes:
        if not self._edge:
            return self._hashing.empty()
        hash_ = self._edge[-1][1]
        for _, left in reversed(self._edge[:-1]):
            hash_ = self._hashing.node(left, hash_)
        return hash_


class Tree:
    """A stored tree of which any size up to the number of its leaves can be proved."""

    def __init__(self, hashing: Hashing, read: ReadSubtree) -> None:
        self._hashing = hashing
        self._read = read

    def root(self, size: int) -> bytes:
        return self._hash_of(0, size) if size else self._hashing.empty()

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """The path from leaf `index` to the root of the first `size` leaves (§2.1.3.1)."""
        assert 0 <= index < size
        path: list[bytes] = []
        low, count = 0, size
        while count > 1:
            split = _largest_power_below(count)
            if index - low < split:
                path.append(self._hash_of(low + split, low + count))
                count = split
            else:
                path.append(self._hash_of(low, low + split))
                low, count = low + split, count - split
        return path[::-1]

    def consistency(self, first: int, second: int) -> list[bytes]:
        """The path that shows the first `first` leaves to be the beginning of the first `second` (§2.1.4.1)."""
        assert 0 < first <= second
        return self._subproof(first, 0, second, whole=True)

    def _subproof(self, first: int, low: int, count: int, *, whole: bool) -> list[bytes]:
        if first == count:
            return [] if whole else [self._hash_of(low, low + count)]
        split = _largest_power_below(count)
        if first <= split:
            return [*self._subproof(first, low, split, whole=whole), self._hash_of(low + split, low + count)]
        return [*self._subproof(first - split, low + split, count - split, whole=False), self._hash_of(low, low + split)]

    def _hash_of(self, low: int, high: int) -> bytes:
        """MTH of the leaves low…high−1, where low is a multiple of the largest power of two below the count."""
        count = high - low
        if count & (count - 1) == 0 and low % count == 0:
            return self._read(count.bit_length() - 1, low // count)
        split = _largest_power_below(count)
        return self._hashing.node(self._hash_of(low, low + split), self._hash_of(low + split, high))


def root_by_inclusion(hashing: Hashing, leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The root that an inclusion path leads to (§2.1.3.2), or None when its length is wrong."""
    if not 0 <= index < size:
        return None
    fn, sn, hash_ = index, size - 1, leaf
    for step in path:
        if sn == 0:
            return None
        if fn & 1 or fn == sn:
            hash_ = hashing.node(step, hash_)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            hash_ = hashing.node(hash_, step)
        fn, sn = fn >> 1, sn >> 1
    return hash_ if sn == 0 else None


def is_consistent(hashing: Hashing, first: int, second: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `second` leaves begins with the tree of `first` leaves (§2.1.4.2)."""
    if first == second:
        return old_root == new_root and not path
    if not 0 < first < second:
        return False
    steps = [old_root, *path] if first & (first - 1) == 0 else list(path)
    if not steps:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            old, new = hashing.node(step, old), hashing.node(step, new)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            new = hashing.node(new, step)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and old == old_root and new == new_root


def _largest_power_below(count: int) -> int:
    """The largest power of two smaller than count (> 1)."""
    return 1 << (count - 1).bit_length() - 1
