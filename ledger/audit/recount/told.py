"""An act as it was told, what it should have said, and the differences in words."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.audit.inquiry import moment
from ledger.audit.report import Finding
from ledger.domain.account import PTS
from ledger.domain.entry import Posting
from ledger.phrases.acts import kind_words
from ledger.storage.evidence import Leg
from ledger.storage.replaying import Columns

Net = dict[tuple[str, str], int]
"""Sum by (account path, commodity), zero sums left out."""

FIELDS: Final = {
    "kind": "种类", "cycle": "季度", "rule": "规则", "rule_version": "规则版本", "clause": "条款", "subject": "对象", "station": "站点",
    "minutes": "服务分钟", "raw": "封顶前的分", "capped_by": "封顶依据", "lot": "批次", "expires_at": "到期时间", "items": "物品与单价",
    "lines": "公示行数", "points": "积分合计",
}  # fmt: skip


class CannotReckon(Exception):
    """An act lacks what it would be reckoned from: its field, what should be there, and what is."""

    def __init__(self, message: str, *, field: str, expected: Any, found: Any) -> None:
        super().__init__(message)
        self.field, self.expected, self.found = field, expected, found


class Told:
    """An act as it stands in the tables: `at` holds its columns, `net` its postings summed by account."""

    __slots__ = ("_facts", "at", "legs", "net")

    def __init__(self, columns: Iterable[Any], legs: Iterable[Leg] = ()) -> None:
        self.at = Columns._make(_typed(columns))
        self.legs = tuple(legs)
        self.net = net(self.legs)
        self._facts: Any = None

    @property
    def facts(self) -> dict[str, Any]:
        """Raises CannotReckon when the text is no JSON object."""
        if self._facts is None:
            try:
                self._facts = json.loads(self.at.facts)
            except ValueError:
                self._facts = None
            if not isinstance(self._facts, dict):
                raise CannotReckon("要素不是合规的 JSON", field="facts", expected="{…}", found=str(self.at.facts)[:80])
        return self._facts

    def fact(self, name: str) -> Any:
        """Raises CannotReckon when the facts lack it."""
        if name not in self.facts:
            raise CannotReckon(f"要素里缺少 {name}", field=f"facts.{name}", expected=name, found=None)
        return self.facts[name]

    def under(self, start: str) -> dict[str, int]:
        """Sums of the accounts whose path begins so, by path."""
        return {path: amount for (path, _), amount in self.net.items() if path.startswith(start)}


@dataclass(frozen=True, slots=True)
class Due:
    """What an act should have said: its postings, and those facts and header columns that follow from others."""

    net: Net = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    header: Mapping[str, Any] = field(default_factory=dict)


def _typed(columns: Iterable[Any]) -> Iterable[Any]:
    """Columns as numbers and texts, whatever somebody wrote into them; nothing stays nothing only where that may be."""
    given = tuple(columns)
    if tuple(map(type, given)) in _SOUND:
        return given
    return (_as(name, value) for name, value in zip(Columns._fields, given, strict=True))


def _as(name: str, value: Any) -> Any:
    if name in _NUMBERS:
        return value if type(value) is int else 0
    return None if value is None and name in _NULLABLE else str(value or "")


_NUMBERS: Final = frozenset({"recorded_at", "rule_version", "evidence_level"})
_NULLABLE: Final = frozenset({"reverses", "resolves"})
_NOTHING: Final = type(None)
_SOUND: Final = frozenset(
    tuple(int if name in _NUMBERS else nothing.get(name, str) for name in Columns._fields)
    for nothing in ({}, {"reverses": _NOTHING}, {"resolves": _NOTHING}, {"reverses": _NOTHING, "resolves": _NOTHING})
)
"""The types of a row as this program writes it: known at one look."""


def net(legs: Iterable[Leg]) -> Net:
    totals: Net = {}
    for path, commodity, amount in legs:
        if type(amount) is int:  # anything else is no amount, and is missed where it should be
            totals[path, commodity] = totals.get((path, commodity), 0) + amount
    return {key: amount for key, amount in totals.items() if amount}


def net_of(postings: Iterable[Posting]) -> Net:
    return net((p.account.path, p.account.commodity, p.amount) for p in postings)


def opposite(sums: Net) -> Net:
    return {key: -amount for key, amount in sums.items()}


class Words:
    """Puts differences into findings, with points as people read them."""

    def __init__(self, number: Callable[[int], int | float]) -> None:
        self._number = number

    def compare(self, act: Told, due: Due) -> list[Finding]:
        """Every posting, fact and header column that is not what it should be."""
        found = [self._column(act, name, value) for name, value in due.header.items() if getattr(act.at, name) != value]
        facts = act.facts if due.facts else {}
        found += [self._fact(act, name, value) for name, value in due.facts.items() if name not in facts or facts[name] != value]
        if due.net != act.net:
            keys = sorted(key for key in due.net.keys() | act.net.keys() if due.net.get(key, 0) != act.net.get(key, 0))
            found += [self._posting(act, key, due.net.get(key, 0)) for key in keys]
        return found

    def cannot(self, act: Told, error: CannotReckon) -> Finding:
        return Finding(
            message=f"{named(act)}没法重算：{error}", expected=error.expected, found=error.found, entry=act.at.id, field=error.field
        )

    def _column(self, act: Told, name: str, expected: Any) -> Finding:
        return self._differs(act, name, expected, getattr(act.at, name))

    def _fact(self, act: Told, name: str, expected: Any) -> Finding:
        return self._differs(act, f"facts.{name}", expected, act.facts.get(name))

    def _differs(self, act: Told, where: str, expected: Any, found: Any) -> Finding:
        name = where.removeprefix("facts.")
        if name in ("raw", "points"):
            expected, found = self._steps(expected), self._steps(found)
        message = f"{named(act)}的{FIELDS.get(name, name)}应为 {shown(name, expected)}，现为 {shown(name, found)}"
        return Finding(message=message, expected=expected, found=found, entry=act.at.id, field=where)

    def _posting(self, act: Told, key: tuple[str, str], expected: int) -> Finding:
        (path, commodity), found = key, act.net.get(key, 0)
        numbers = [self._number(value) if commodity == PTS else value for value in (expected, found)]
        message = f"{named(act)}在 {path} 上应记 {numbers[0]:+} {commodity}，现记 {numbers[1]:+}"
        return Finding(message=message, expected=numbers[0], found=numbers[1], entry=act.at.id, account=path, field="amount")

    def _steps(self, value: Any) -> Any:
        return self._number(value) if type(value) is int else value


def named(act: Told) -> str:
    """`凭证 …（服务得分）`, with whom it is about."""
    subject = f"，{act.at.subject}" if act.at.subject else ""
    return f"凭证 {act.at.id}（{kind_words(act.at.kind)}{subject}）"


def shown(name: str, value: Any) -> str:
    """A value as a sentence shows it."""
    if value is None or value == "":
        return "空"
    if name.endswith("_at") and type(value) is int:
        return moment(value)
    if name == "items" and isinstance(value, list):
        return "、".join(f"{i.get('sku')}×{i.get('quantity')}（每件 {i.get('price_points')}）" for i in value if isinstance(i, dict))
    return str(value)
