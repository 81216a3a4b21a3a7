"""What the audit and the exports read: the whole journal streamed, read models, sums, and the schema as it is.

Everything here only reads and is meant for one snapshot (`Book.read(..., snapshot=True)`). Memory stays flat: acts come
in chunks, their postings are fetched chunk by chunk, sums are made by the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from ledger.domain.act import HEADER
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

CHUNK: Final = 2000
ACT_COLUMNS: Final = (*HEADER, "facts")
_ACT: Final = ", ".join(f"a.{name}" for name in ACT_COLUMNS)

Leg = tuple[str, str, int]
"""(account path, commodity, amount)."""


class Recorded(NamedTuple):
    """One act as it is stored: ACT_COLUMNS, its leaf index and hash (None when unsealed), its postings in order."""

    columns: Row
    leaf_index: int | None
    leaf_hash: bytes | None
    legs: list[Leg]


ACTS_AS_RECORDED: Final = Statement(
    f"SELECT {_ACT}, l.leaf_index, l.hash FROM {{act}} a LEFT JOIN {{leaf}} l ON l.act = a.id ORDER BY a.recorded_at, a.id"
)
ACTS_OF_CYCLE: Final = Statement(
    f"SELECT {_ACT}, l.leaf_index, l.hash FROM {{act}} a LEFT JOIN {{leaf}} l ON l.act = a.id"
    " WHERE a.cycle = :cycle ORDER BY a.recorded_at, a.id"
)
LEGS: Final = Statement("SELECT act, account, commodity, amount FROM {posting} WHERE act IN @acts ORDER BY act, line")
ACCOUNTS_USED: Final = Statement("SELECT DISTINCT account, commodity FROM {posting} ORDER BY account, commodity")
ACCOUNTS_USED_IN_CYCLE: Final = Statement(
    "SELECT DISTINCT p.account, p.commodity FROM {posting} p JOIN {act} a ON a.id = p.act WHERE a.cycle = :cycle"
    " ORDER BY p.account, p.commodity"
)


def as_recorded(unit: Unit, cycle: str | None = None) -> Iterator[Recorded]:
    """Every act of the book, or of one cycle, by recorded_at and id."""
    rows = unit.stream(ACTS_AS_RECORDED) if cycle is None else unit.stream(ACTS_OF_CYCLE, cycle=cycle)
    for chunk in chunked(rows):
        legs = legs_of(unit, [row[0] for row in chunk])
        for row in chunk:
            yield Recorded(row[:-2], row[-2], _bytes(row[-1]), legs.get(row[0], []))


def legs_of(unit: Unit, acts: list[str]) -> dict[str, list[Leg]]:
    """The postings of some acts, in order."""
    legs: dict[str, list[Leg]] = {}
    for act, account, commodity, amount in unit.rows(LEGS, acts=acts):
        legs.setdefault(act, []).append((account, commodity, amount))
    return legs


def accounts_used(unit: Unit, cycle: str | None = None) -> Iterable[tuple[str, str]]:
    """(path, commodity) of every account that has postings (in that cycle), by path."""
    rows = unit.stream(ACCOUNTS_USED) if cycle is None else unit.stream(ACCOUNTS_USED_IN_CYCLE, cycle=cycle)
    return ((row[0], row[1]) for row in rows)


def chunked(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _bytes(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else bytes(value)  # type: ignore[call-overload]
