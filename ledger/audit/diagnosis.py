"""Which field of a sealed act was altered: the value that gives the sealed hash back is the value that stood there.

An altered act only shows that its hash no longer fits. Values that could have stood in a field are few (roles, stations,
cycles, the other sign, the amount that balances, the milliseconds inside the act's own id), so each is tried against the
sealed hash. A hit is proof of both the field and its old value; without one the act is named alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from ledger.audit.inquiry import Inquiry, Seen, read_object, show
from ledger.audit.merkle import Hashing
from ledger.audit.trail import canonical_of
from ledger.domain.act import HEADER
from ledger.storage import evidence
from ledger.storage.evidence import ACT_COLUMNS, Leg

SEARCHED_MAX: Final = 20
"""Altered acts whose field is searched for; further ones are named without it, so that a spoilt book is still reported soon."""

VALUES_MAX: Final = 30_000

SOURCES: Final[tuple[tuple[str, str, str], ...]] = (
    ("kind", "act", "kind"), ("cycle", "cycle", "name"), ("station", "station", "code"), ("session", "session", "id"),
    ("desk", "desk", "id"), ("rule", "rule", "id"), ("clause", "rule", "clause"), ("batch", "import_batch", "id"),
    ("actor", "login", "id"), ("second_actor", "login", "id"), ("actor", "act", "actor"), ("second_actor", "holder", "id"),
    ("subject", "holder", "id"), ("subject", "good", "sku"), ("subject", "login", "id"), ("subject", "cycle", "name"),
    ("on_behalf_of", "holder", "id"), ("collected_by", "holder", "id"), ("device", "act", "device"), ("trace", "act", "trace"),
    ("evidence", "act", "evidence"), ("request", "act", "request"),
)  # fmt: skip
"""Where the values come from that could have stood in a header field: field, table, column."""

MIRRORED: Final = {
    "good_priced": ("good", "sku"), "activity_opened": ("activity", "id"), "station_opened": ("station", "code"),
    "area_opened": ("area", "code"), "session_opened": ("session", "id"), "rule_published": ("rule", "id"),
    "cycle_opened": ("cycle", "name"), "cycle_stepped": ("cycle", "name"),
}  # fmt: skip
"""Read models that repeat an act's facts, found by its subject."""

Legs = list[tuple[str, str, int]]
Guess = tuple[str, str, Any, Any, tuple[Any, ...], Legs]
"""table, field, the value it had, the value it has, and the act's columns and legs with the value put back."""


class Diagnosis:
    """Names altered acts, with the field where it can be found."""

    def __init__(self, inquiry: Inquiry, hashing: Hashing) -> None:
        self._inquiry = inquiry
        self._hashing = hashing
        self._searched = 0
        self._by_source: dict[tuple[str, str], list[Any]] = {}

    def name(self, act: Seen, sealed: bytes) -> None:
        """Note an act whose hash differs from the sealed one."""
        columns, legs = tuple(act.at[-len(ACT_COLUMNS) :]), [leg[1:] for leg in act.legs]
        guess = self._search(columns, legs, sealed)
        if guess is None:
            now = self._hashing.leaf(canonical_of(columns, legs))
            self._inquiry.note(
                "leaf_hashes_recompute", f"凭证 {act.at.id} 的内容与封存时的哈希不符，封存后被改过", expected=sealed, found=now,
                entry=act.at.id, table="act",
            )  # fmt: skip
            return
        table, field, was, is_now, *_ = guess
        self._inquiry.note(
            "leaf_hashes_recompute",
            f"凭证 {act.at.id} 的 {field} 封存时为 {show(was, field)}，现为 {show(is_now, field)}",
            expected=was, found=is_now, entry=act.at.id, table=table, field=field,
        )  # fmt: skip

    def _search(self, columns: tuple[Any, ...], legs: Legs, sealed: bytes) -> Guess | None:
        if self._searched >= SEARCHED_MAX:
            return None
        self._searched += 1
        for guesses in (self._times, self._amounts, self._small_fields, self._known_values, self._facts, self._lost_legs, self._accounts):
            for guess in guesses(columns, legs):
                if self._hashing.leaf(canonical_of(guess[4], guess[5])) == sealed:
                    return guess
        return None

    def _times(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        recorded, occurred = ACT_COLUMNS.index("recorded_at"), ACT_COLUMNS.index("occurred_at")
        milliseconds = _milliseconds_of(columns[0])
        near = self._inquiry.unit.rows(evidence.NEIGHBOURS, low=columns[0][:8], high=columns[0][:13] + "~")
        around = {at for row in near for at in row}
        facts = read_object(columns[-1]) or {}
        said = [facts[name] for name in ("came_at", "left_at", "opens_at", "from_at") if type(facts.get(name)) is int]
        own = [milliseconds * 1000 + rest for rest in range(1000)] if milliseconds else []
        yield from _header_guesses("recorded_at", [columns[occurred], *around, *own], columns, legs)
        yield from _header_guesses("occurred_at", [columns[recorded], *said, *around, *own], columns, legs)

    def _amounts(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        """The other sign, the amount that balances, the amount that the account's cached balance remembers."""
        for place, (path, commodity, amount) in enumerate(legs):
            if type(amount) is not int:
                continue
            total = sum(leg[2] for leg in legs if leg[1] == commodity and type(leg[2]) is int)
            drift = int(self._inquiry.unit.value(evidence.ACCOUNT_DRIFT, path=path) or 0)
            for was in (-amount, amount - total, amount + drift):
                one = _with_leg(legs, place, (path, commodity, was))
                yield ("posting", "amount", was, amount, columns, one)
                for other, leg in enumerate(legs):
                    if other != place and leg[1] == commodity and type(leg[2]) is int:
                        yield ("posting", "amount", was, amount, columns, _with_leg(one, other, (leg[0], commodity, leg[2] - was + amount)))

    def _small_fields(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        yield from _header_guesses("evidence_level", range(-1, 6), columns, legs)
        yield from _header_guesses("rule_version", range(30), columns, legs)
        yield from _header_guesses("note_digest", self._note_digests(columns[0]), columns, legs)
        for name in HEADER:
            if name not in ("id", "occurred_at", "recorded_at", "rule_version", "evidence_level"):
                yield from _header_guesses(name, [""], columns, legs)
        for place, leg in enumerate(legs):
            for commodity in self._commodities:
                yield ("posting", "commodity", commodity, leg[1], columns, _with_leg(legs, place, (leg[0], commodity, leg[2])))

    def _known_values(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        for name, table, column in SOURCES:
            yield from _header_guesses(name, self._values(table, column), columns, legs)

    def _facts(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        """Facts that a read model repeats."""
        facts, mirror = read_object(columns[-1]), MIRRORED.get(columns[HEADER.index("kind")])
        if facts is None or mirror is None:
            return
        for row in evidence.rows_by(self._inquiry.unit, mirror[0], mirror[1], [columns[HEADER.index("subject")]]):
            for name in facts.keys() & row.keys():
                was = read_object(row[name]) if isinstance(facts[name], dict) else row[name]
                text = json.dumps({**facts, name: was}, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                yield ("act", f"facts.{name}", was, facts[name], (*columns[:-1], text), legs)

    def _lost_legs(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        """One leg deleted or added."""
        for place, leg in enumerate(legs):
            yield ("posting", "line", None, f"{leg[0]} {leg[2]}", columns, legs[:place] + legs[place + 1 :])
        totals: dict[str, int] = {}
        for _, commodity, amount in legs:
            totals[commodity] = totals.get(commodity, 0) + (amount if type(amount) is int else 0)
        for commodity, total in totals.items():
            for path in self._values("account", "path") if total else ():
                for place in range(len(legs) + 1):
                    again = [*legs[:place], (path, commodity, -total), *legs[place:]]
                    yield ("posting", "line", f"{path} {-total}", None, columns, again)

    def _accounts(self, columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
        for place, (path, commodity, amount) in enumerate(legs):
            family = path.partition("/")[0] + "/"
            for other in evidence.column_values(self._inquiry.unit, "account", "path", VALUES_MAX, begins=family):
                yield ("posting", "account", other, path, columns, _with_leg(legs, place, (other, commodity, amount)))

    def _note_digests(self, act: str) -> list[str]:
        """What the digest must have been by the note that is still kept."""
        ring, digests = self._inquiry.book.keyring, []
        for note in evidence.rows_by(self._inquiry.unit, "note", "act", [act]):
            text = ring.open("note", act, bytes(note["body"]))
            key_id, mac = ring.mac("notes", f"{act}\n{text}".encode(), key_id=note["salt"])
            digests.append(f"{key_id}:{mac.hex()}")
        return digests

    def _values(self, table: str, column: str) -> list[Any]:
        if (table, column) not in self._by_source:
            self._by_source[table, column] = evidence.column_values(self._inquiry.unit, table, column, VALUES_MAX)
        return self._by_source[table, column]

    @cached_property
    def _commodities(self) -> list[str]:
        return sorted(evidence.column_values(self._inquiry.unit, "account", "commodity", VALUES_MAX))


def _header_guesses(name: str, values: Iterable[Any], columns: tuple[Any, ...], legs: Legs) -> Iterator[Guess]:
    place = ACT_COLUMNS.index(name)
    for was in values:
        if was != columns[place]:
            yield ("act", name, was, columns[place], (*columns[:place], was, *columns[place + 1 :]), legs)


def _with_leg(legs: Sequence[Leg], place: int, leg: Leg) -> Legs:
    return [*legs[:place], leg, *legs[place + 1 :]]


def _milliseconds_of(id: str) -> int:
    """The milliseconds inside a UUIDv7, or 0 for any other text."""
    try:
        return UUID(id).int >> 80
    except ValueError:
        return 0
