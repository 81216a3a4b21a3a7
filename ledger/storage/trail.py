"""Leaves, subtrees and signed heads of the trail. Acts wait in `unsealed` until the sealer takes them.

Sealers meet on one lease row, so that leaf indexes are given out by one at a time; redemptions never touch that row.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ledger.domain.act import HEADER
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

HEAD_COLUMNS: Final = ("size", "root", "signed_at", "signature", "public_key", "key_id", "algorithm")
_HEAD: Final = ", ".join(HEAD_COLUMNS)
_ACT: Final = ", ".join(f"a.{name}" for name in (*HEADER, "facts"))

TAKE_TURN: Final = Statement(
    "INSERT INTO {job_lease} (name, owner, until_at) VALUES ('sealer', 'trail', 0) ON CONFLICT (name) DO UPDATE SET owner = excluded.owner"
)
SIZE: Final = Statement("SELECT coalesce(max(leaf_index) + 1, 0) FROM {leaf}")
UNSEALED: Final = Statement(f"SELECT {_ACT} FROM {{unsealed}} u JOIN {{act}} a ON a.id = u.act ORDER BY u.act LIMIT :count")
UNSEALED_COUNT: Final = Statement("SELECT count(*) FROM {unsealed}")
POSTINGS: Final = Statement("SELECT act, account, commodity, amount FROM {posting} WHERE act IN @acts ORDER BY act, line")
SEALED: Final = Statement("DELETE FROM {unsealed} WHERE act IN @acts")
INSERT_LEAF: Final = Statement("INSERT INTO {leaf} (leaf_index, act, hash) VALUES (:leaf_index, :act, :hash)")
INSERT_NODE: Final = Statement("INSERT INTO {node} (level, node_index, hash) VALUES (:level, :node_index, :hash)")
INSERT_HEAD: Final = Statement(f"INSERT INTO {{head}} ({_HEAD}) VALUES ({', '.join(':' + name for name in HEAD_COLUMNS)})")
LEAF: Final = Statement("SELECT hash FROM {leaf} WHERE leaf_index = :node_index")
NODE: Final = Statement("SELECT hash FROM {node} WHERE level = :level AND node_index = :node_index")
LEAF_OF: Final = Statement("SELECT leaf_index, hash FROM {leaf} WHERE act = :act")
LATEST_HEAD: Final = Statement(f"SELECT {_HEAD} FROM {{head}} ORDER BY size DESC LIMIT 1")
HEAD_OF_SIZE: Final = Statement(f"SELECT {_HEAD} FROM {{head}} WHERE size = :size")
HEADS: Final = Statement(f"SELECT {_HEAD} FROM {{head}} ORDER BY size")


def take_turn(unit: Unit) -> None:
    """Wait for any other sealer; its row stays ours until the unit ends."""
    unit.change(TAKE_TURN)


def size(unit: Unit) -> int:
    """How many leaves there are."""
    return int(unit.value(SIZE))


def unsealed_count(unit: Unit) -> int:
    return int(unit.value(UNSEALED_COUNT))


def unsealed(unit: Unit, count: int) -> tuple[list[Row], dict[str, list[tuple[str, str, int]]]]:
    """The next acts to seal by id, as columns of HEADER and facts, and their postings by act in posting order."""
    acts = unit.rows(UNSEALED, count=count)
    postings: dict[str, list[tuple[str, str, int]]] = {}
    for act, account, commodity, amount in unit.rows(POSTINGS, acts=[row[0] for row in acts]):
        postings.setdefault(act, []).append((account, commodity, amount))
    return acts, postings


def append(unit: Unit, leaves: Sequence[tuple[int, str, bytes]], nodes: Sequence[tuple[int, int, bytes]]) -> None:
    """Write leaves (index, act, hash) and completed subtrees (level, index, hash), and take the acts from `unsealed`."""
    unit.change_many(INSERT_LEAF, [{"leaf_index": index, "act": act, "hash": hash_} for index, act, hash_ in leaves])
    unit.change_many(INSERT_NODE, [{"level": level, "node_index": index, "hash": hash_} for level, index, hash_ in nodes])
    unit.change(SEALED, acts=[act for _, act, _ in leaves])


def write_head(unit: Unit, values: dict[str, int | str]) -> None:
    unit.change(INSERT_HEAD, **values)


def subtree(unit: Unit, level: int, index: int) -> bytes | None:
    """The stored hash of a complete subtree; level 0 is the leaves. None when it is not there."""
    found = unit.value(NODE, level=level, node_index=index) if level else unit.value(LEAF, node_index=index)
    return None if found is None else bytes(found)


def leaf_of(unit: Unit, act: str) -> tuple[int, bytes] | None:
    """The leaf index and hash under which an act was sealed, or None."""
    row = unit.row(LEAF_OF, act=act)
    return None if row is None else (int(row[0]), bytes(row[1]))


def head(unit: Unit, size: int | None = None) -> Row | None:
    """The head of that size, or the latest one, as HEAD_COLUMNS."""
    return unit.row(LATEST_HEAD) if size is None else unit.row(HEAD_OF_SIZE, size=size)


def heads(unit: Unit) -> list[Row]:
    """Every signed head, the smallest first, as HEAD_COLUMNS."""
    return unit.rows(HEADS)
