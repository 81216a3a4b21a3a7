"""One audit under way: what it reads from, where findings go, and the acts as witnesses see them."""

from __future__ import annotations

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.audit.report import Finding, Report
from ledger.domain.account import PTS
from ledger.domain.act import instant
from ledger.storage.evidence import PLACE_COLUMNS, UNDONE_BATCHES, NumberedLeg
from ledger.storage.unit_of_work import Book, Unit

MINUTE: Final = 60_000_000
TOLERANCE: Final = 5 * MINUTE
"""Requests that ran side by side may be recorded in another order than they were committed: five minutes (RELIABILITY I13)."""

ActColumns: Any = namedtuple("ActColumns", PLACE_COLUMNS)  # type: ignore[misc]
"""An act and its place in the trail by name; the names are written once, in `ledger.domain.act`. No act: `id` is None."""


class Seen:
    """An act as it stands in the tables: `at` holds its columns, `legs` its (line, account, commodity, amount)."""

    __slots__ = ("_facts", "_items", "at", "legs")

    def __init__(self, at: Any, legs: Sequence[NumberedLeg]) -> None:
        self.at = at
        self.legs = legs
        self._facts: dict[str, Any] | None = None
        self._items: list[dict[str, Any]] | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """The facts, or nothing when the text is not what it should be (`acts_well_formed` says so)."""
        if self._facts is None:
            self._facts = read_object(self.at.facts) or {}
        return self._facts

    @property
    def items(self) -> list[dict[str, Any]]:
        """The goods that the facts list."""
        if self._items is None:
            listed = self.facts.get("items")
            self._items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        return self._items

    def moved(self, family: str) -> tuple[int, dict[str, int]]:
        """What the legs on one family of accounts sum to: points, and pieces by good."""
        goods: dict[str, int] = {}
        points, start = 0, family + "/"
        for _, path, commodity, amount in self.legs:
            if path.startswith(start) and type(amount) is int:
                if commodity == PTS:
                    points += amount
                else:
                    goods[commodity] = goods.get(commodity, 0) + amount
        return points, goods

    def total(self, family: str, commodity: str | None = None) -> int:
        """The sum of the legs on one family of accounts (and one commodity)."""
        start = family + "/"
        return sum(
            amount for _, path, unit, amount in self.legs if type(amount) is int and path.startswith(start) and commodity in (None, unit)
        )


class Inquiry:
    """Collects findings.

    now: microseconds, or None when the caller gave none (then nothing is judged by the clock). undone: batches that were
    taken back, whose rows may have been taken away or written again since.
    """

    def __init__(self, book: Book, unit: Unit, report: Report, now: int | None) -> None:
        self.book = book
        self.unit = unit
        self._report = report
        self.now = now
        self.undone = frozenset(row[0] for row in unit.rows(UNDONE_BATCHES))

    def note(self, check: str, message: str, *, expected: Any, found: Any, **where: str) -> None:
        """Add a finding; where: entry, account, table, field."""
        self._report.note(check, Finding(message=message, expected=plain(expected), found=plain(found), **where))

    def could_not(self, check: str, error: Exception) -> None:
        """A check that could not be finished on this data is a finding of its own, never a crash."""
        self.note(check, f"无法完成这项检查：{type(error).__name__}", expected="能读", found=str(error)[:200])

    def compare(self, check: str, expected: dict[str, Any], row: dict[str, Any], *, table: str, name: str, entry: str = "") -> None:
        """Note every column of a read model's row that differs from what the acts say."""
        if expected.items() <= row.items():
            return
        for column, value in expected.items():
            if not same(value, row.get(column)):
                self.note(
                    check,
                    f"表 {table} 中 {name} 的 {column} 应为 {show(value, column)}，现为 {show(row.get(column), column)}",
                    expected=value,
                    found=row.get(column),
                    entry=entry,
                    table=table,
                    field=column,
                )

    def missing(self, check: str, *, table: str, name: str, entry: str = "") -> None:
        self.note(check, f"表 {table} 缺少 {name}，凭证 {entry} 写有它", expected=name, found=None, entry=entry, table=table)

    def unexplained(self, check: str, *, table: str, name: str) -> None:
        self.note(check, f"表 {table} 中的 {name} 没有凭证", expected=None, found=name, table=table)


class Witness:
    """Looks at some kinds of acts as they come by and compares them with one part of the tables.

    `see` gets the acts of its kinds of one chunk, in trail order; `finish` is called once at the end.
    """

    checks: ClassVar[tuple[str, ...]]
    kinds: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, inquiry: Inquiry) -> None:
        self.inquiry = inquiry

    def see(self, acts: Sequence[Seen]) -> None:
        """Compare the acts of one chunk."""

    def finish(self) -> None:
        """Compare what only the whole journal tells."""


@dataclass(frozen=True, slots=True)
class Follower:
    """The act that resolves or reverses another."""

    id: str
    kind: str
    recorded_at: int


def followers(rows: Iterable[Sequence[Any]]) -> dict[str, Follower]:
    """(followed, id, kind, recorded_at) rows by the act they follow."""
    return {row[0]: Follower(row[1], row[2], row[3]) for row in rows}


def by(rows: Iterable[dict[str, Any]], column: str) -> dict[str, dict[str, Any]]:
    return {row[column]: row for row in rows}


def grouped(rows: Iterable[dict[str, Any]], column: str) -> dict[str, list[dict[str, Any]]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(row[column], []).append(row)
    return groups


_decode: Final = json.JSONDecoder().decode


def read_object(text: object) -> dict[str, Any] | None:
    """A JSON object, or None when the text is not one."""
    try:
        value = _decode(text) if type(text) is str else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def same(expected: Any, found: Any) -> bool:
    """Equal values; a mapping or list also equals the JSON text that holds it, and true equals 1."""
    if isinstance(expected, dict | list) and isinstance(found, str):
        try:
            return bool(json.loads(found) == expected)
        except ValueError:
            return False
    return bool(expected == found)


def show(value: Any, name: str = "") -> str:
    """A value as a sentence shows it: instants as times, nothing as 空."""
    if value is None or value == "":
        return "空"
    if name.endswith(("_at", "_until", "_from")) and type(value) is int:
        return moment(value)
    text = str(plain(value))
    return text if len(text) <= 80 else text[:77] + "…"


def moment(at: Any) -> str:
    """Microseconds as a UTC time that people can read; anything else as it is."""
    try:
        return instant(at).isoformat(timespec="seconds").replace("+00:00", "Z")
    except (TypeError, ValueError, OverflowError):
        return str(at)


def plain(value: Any) -> Any:
    """A value that JSON can hold."""
    return bytes(value).hex() if isinstance(value, bytes | memoryview) else value


Make = Callable[[Inquiry], Witness]
