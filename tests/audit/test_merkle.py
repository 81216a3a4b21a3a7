"""The tree against RFC 9162's definitions and against pymerkle, every size from 0 to 130."""

from __future__ import annotations

import hashlib

import pytest
from pymerkle import InmemoryTree

from ledger.audit.merkle import Frontier, Hashing, Tree, is_consistent, root_by_inclusion

SIZES = 131


def defined_root(hashing: Hashing, leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162 §2.1.1, written as the RFC defines it."""
    if not leaves:
        return hashing.empty()
    if len(leaves) == 1:
        return hashing.leaf(leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashing.node(defined_root(hashing, leaves[:split]), defined_root(hashing, leaves[split:]))


@pytest.fixture(scope="module", params=["sha256", "sm3"])
def grown(request: pytest.FixtureRequest) -> tuple[Hashing, Tree, list[bytes], list[bytes]]:
    """A tree of 130 leaves with the root after every append, by the frontier alone."""
    hashing = Hashing(request.param)
    frontier, nodes, roots = Frontier(hashing), {}, [Frontier(hashing).root()]
    data = [f"act {n}".encode() for n in range(SIZES - 1)]
    for n, item in enumerate(data):
        nodes[0, n] = leaf = hashing.leaf(item)
        nodes.update({(level, index): hash_ for level, index, hash_ in frontier.append(leaf)})
        roots.append(frontier.root())
    return hashing, Tree(hashing, lambda level, index: nodes[level, index]), data, roots


def test_roots_are_those_that_the_rfc_defines(grown):
    hashing, tree, data, roots = grown
    assert roots[0] == hashlib.new(hashing.algorithm, b"").digest()
    for size in range(SIZES):
        assert roots[size] == tree.root(size) == defined_root(hashing, data[:size])


def test_roots_and_proofs_agree_with_pymerkle():
    hashing = Hashing("sha256")
    oracle, frontier, nodes = InmemoryTree(algorithm="sha256"), Frontier(hashing), {}
    tree = Tree(hashing, lambda level, index: nodes[level, index])
    for n in range(SIZES - 1):
        item = f"act {n}".encode()
        oracle.append_entry(item)
        nodes[0, n] = hashing.leaf(item)
        nodes.update({(level, index): hash_ for level, index, hash_ in frontier.append(nodes[0, n])})
        assert tree.root(n + 1) == oracle.get_root()
    for size in (1, 2, 3, 64, 65, 127, 130):
        for index in range(size):
            theirs = [bytes.fromhex(step) for step in oracle.prove_inclusion(index + 1, size).serialize()["path"]]
            ours = tree.inclusion(index, size)
            assert sorted(theirs) == sorted([nodes[0, index], *ours])


def test_every_inclusion_path_leads_to_its_root_and_no_other_leaf_does(grown):
    hashing, tree, data, roots = grown
    for size in range(1, SIZES):
        for index in range(size):
            path = tree.inclusion(index, size)
            assert len(path) <= (size - 1).bit_length()
            assert root_by_inclusion(hashing, hashing.leaf(data[index]), index, size, path) == roots[size]
            assert root_by_inclusion(hashing, hashing.leaf(b"forged"), index, size, path) != roots[size]
            assert root_by_inclusion(hashing, hashing.leaf(data[index]), index, size, [*path, roots[size]]) is None


def test_every_pair_of_sizes_is_consistent_and_a_changed_root_is_not(grown):
    hashing, tree, _, roots = grown
    for second in range(1, SIZES):
        for first in range(1, second + 1):
            path = tree.consistency(first, second)
            assert is_consistent(hashing, first, second, roots[first], roots[second], path)
            if first < second:
                assert not is_consistent(hashing, first, second, roots[first - 1], roots[second], path)
                assert not is_consistent(hashing, first, second, roots[first], roots[second - 1], path)


def test_a_tree_grows_on_from_its_stored_subtrees(grown):
    hashing, tree, data, roots = grown
    for size in range(SIZES - 1):
        frontier = Frontier(hashing, size, tree._read)
        assert frontier.root() == roots[size]
        list(frontier.append(hashing.leaf(data[size])))
        assert frontier.root() == roots[size + 1]


def test_many_leaves_at_once_make_the_same_tree(grown):
    hashing, tree, data, roots = grown
    leaves = [hashing.leaf(item) for item in data]
    for step in (1, 2, 3, 7, 16, 50, 130):
        frontier, nodes = Frontier(hashing), {}
        for low in range(0, len(leaves), step):
            for level, (first, made) in frontier.extend(leaves[low : low + step]).items():
                nodes.update({(level, index): hash_ for index, hash_ in enumerate(made, first)})
            assert frontier.root() == roots[frontier.size]
        assert nodes == {place: tree._read(*place) for place in nodes} and len(nodes) == sum(130 >> level for level in range(1, 8))


def test_an_unknown_hash_is_refused_at_once():
    with pytest.raises(ValueError, match="unsupported"):
        Hashing("md-none")
