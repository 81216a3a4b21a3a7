"""`audit replay`: a quarter reckoned once more from evidence and published rules; prints exactly the lines that differ.

One walk over all acts that move points, in the order of recording and in one snapshot. Each is reckoned from what acts
before it said; then the journal goes on by what should have been, so that one wrong entry is named and not all that follow.
Only entries of the asked quarter are reported. Nothing cached is believed: no balance, no state, no read model.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.audit.inquiry import show
from ledger.audit.recount.corrections import Corrections
from ledger.audit.recount.counter import Counter
from ledger.audit.recount.ground import Ground, Part
from ledger.audit.recount.holdings import Late
from ledger.audit.recount.published import Published, Quarters
from ledger.audit.recount.quarter import Openings, Quarter
from ledger.audit.recount.service import Service, check_rules
from ledger.audit.recount.told import CannotReckon, Due, Told, Words, named
from ledger.audit.report import Finding
from ledger.domain.account import HON, PTS
from ledger.domain.cycle import bounds_of
from ledger.domain.earning import Rule
from ledger.domain.errors import InvalidInput, NotFound
from ledger.storage import replaying, service
from ledger.storage.unit_of_work import Book, Unit

Progress = Callable[[str, int], None]

BROKEN: Final = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError, AssertionError, InvalidInput)
"""What reckoning may raise on facts that somebody has altered: each becomes a finding."""

TABLES: Final = frozenset({"cycle_opened", "cycle_stepped", "objection_filed", "objection_decided"})
"""Kinds that are learnt on the way and reckoned by nobody."""


@dataclass(slots=True)
class Replayed:
    """What a replay found. lines: entries of the quarter that were reckoned; kinds: how many of each kind; left: kinds of
    entries of the quarter that move points or minutes and that no rule explains."""

    cycle: str
    lines: int = 0
    points: int = 0
    minutes: int = 0
    kinds: Tally[str] = field(default_factory=Tally)
    left: Tally[str] = field(default_factory=Tally)
    differing: list[Finding] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.differing

    def document(self, number: Callable[[int], int | float]) -> dict[str, Any]:
        """CONTRACT §2 `audit replay`: points in points."""
        return {
            "cycle": self.cycle,
            "lines": self.lines,
            "points": number(self.points),
            "minutes": self.minutes,
            "kinds": dict(sorted(self.kinds.items())),
            "not_reckoned": dict(sorted(self.left.items())),
            "differing": [finding.document() for finding in self.differing],
        }


def replay(book: Book, cycle: str, progress: Progress | None = None) -> Replayed:
    """Reckon a quarter once more.

    Args:
        cycle: as `2022Q3`. progress: told what is being read and how many acts of it were.
    Raises: InvalidInput for what is no quarter's name, NotFound for a quarter that the book does not have, Unavailable.
    """
    bounds_of(cycle)
    return book.read(lambda unit: _Walk(unit, cycle, progress or (lambda _what, _done: None)).take(), snapshot=True)


class _Walk:
    """One walk over the journal."""

    def __init__(self, unit: Unit, cycle: str, progress: Progress) -> None:
        settings, keyring = unit.book.settings, unit.book.keyring
        self._unit, self._progress = unit, progress
        quarters = Quarters(settings.cycle.plan, settings.zone)
        self._ground = Ground(
            published=Published(Told(row) for row in replaying.published(unit)), quarters=quarters, target=cycle, zone=settings.zone,
            plan=settings.cycle.plan, scale=settings.scale,
        )  # fmt: skip
        self._ground.comings = lambda act: [Told(row) for row in replaying.comings(unit, act.at.subject, act.at.evidence)]
        self._service = Service(self._ground)
        openings = Openings(replaying.known_openings(unit), replaying.opened_sums(unit), keyring.lookup)
        self._quarter = Quarter(self._ground, openings)
        self._parts: tuple[Part, ...] = (self._service, self._quarter, Counter(self._ground), Corrections(self._ground))
        self._by_kind = {kind: part for part in self._parts for kind in part.kinds}
        self._words = Words(settings.scale.number)
        self._found: list[Late] = []
        self._rules: set[tuple[str, int]] = set()
        self._opened = False
        self._result = Replayed(cycle)

    def take(self) -> Replayed:
        for rows, legs in replaying.moving(self._unit):
            acts = [Told(row, legs.get(row[0], ())) for row in rows]
            self._fetch_originals(acts)
            for act in acts:
                self._pass(act)
            self._progress("凭证", self._ground.place)
        if not self._opened:
            raise NotFound("cycle")
        self._finish()
        return self._result

    def _fetch_originals(self, acts: Iterable[Told]) -> None:
        ids = [id for act in acts for id in (act.at.reverses, act.at.resolves) if id]
        rows, legs = replaying.originals(self._unit, ids) if ids else ({}, {})
        self._ground.originals = {id: Told(row, legs.get(id, ())) for id, row in rows.items()}

    def _pass(self, act: Told) -> None:
        self._ground.place += 1
        self._opened |= act.at.kind == "cycle_opened" and act.at.subject == self._ground.target
        part = self._by_kind.get(act.at.kind)
        if part is not None:
            self._reckon(act, part)
        else:
            self._ground.holdings.apply(act.at.recorded_at, act.net, act.net)
            self._learn(act)
        for id in {act.at.reverses, act.at.resolves} - {None, ""}:
            self._tell(act, str(id))

    def _reckon(self, act: Told, part: Part) -> None:
        try:
            due = part.due(act)
            findings = self._words.compare(act, due)
        except CannotReckon as error:
            due, findings = _as_told(act), [self._words.cannot(act, error)]
        except BROKEN as error:
            due, findings = _as_told(act), [_unreadable(act, error)]
        if due.net != act.net:
            self._ground.corrected[act.at.id] = due.net
        if due.header.get("cycle", act.at.cycle) != act.at.cycle:
            self._ground.moved_to[act.at.id] = due.header["cycle"]
        if part is self._service:
            self._quarter.earned(act, due)
        self._ground.holdings.apply(act.at.recorded_at, due.net, act.net)
        self._note(act, due, findings)
        self._count(act, due)

    def _count(self, act: Told, due: Due) -> None:
        if act.at.cycle != self._ground.target:
            return
        result = self._result
        result.lines += 1
        result.kinds[act.at.kind] += 1
        if act.at.kind in ("service_earned", "service_served", "checked_in"):
            self._rules.add((act.at.rule, act.at.rule_version))
            result.points += sum(n for (path, commodity), n in due.net.items() if commodity == PTS and path.startswith("pending/"))
            result.minutes += sum(n for (path, commodity), n in due.net.items() if commodity == HON and n > 0)

    def _note(self, act: Told, due: Due, findings: list[Finding]) -> None:
        """Keep what differs in the quarter. Amounts drawn in doubt wait: another order of recording may explain them."""
        ground = self._ground
        late = [(ground.place, finding) for finding in findings] if self._is_asked(act, due) else []
        late += ground.aside
        ground.aside = []
        if ground.holdings.unsure:
            ground.holdings.doubted(one for one in late if one[1].field == "amount")
            late = [one for one in late if one[1].field != "amount"]
        self._found += late

    def _is_asked(self, act: Told, due: Due) -> bool:
        return self._ground.target in (act.at.cycle, due.header.get("cycle"))

    def _learn(self, act: Told) -> None:
        try:
            if act.at.kind in ("cycle_opened", "cycle_stepped"):
                self._ground.quarters.learn(act)
            elif act.at.kind in TABLES:
                self._quarter.object(act)
            elif act.at.cycle == self._ground.target and any(commodity in (PTS, HON) for _, commodity in act.net):
                self._result.left[act.at.kind] += 1
        except CannotReckon as error:
            self._found.append((self._ground.place, self._words.cannot(act, error)))
        except BROKEN as error:
            self._found.append((self._ground.place, _unreadable(act, error)))

    def _tell(self, act: Told, id: str) -> None:
        original = self._ground.originals.get(id)
        if original is None:
            return
        try:
            for part in self._parts:
                part.hear(act, original)
        except (CannotReckon, *BROKEN):
            return  # the act that cannot be read was named when it was reckoned

    def _finish(self) -> None:
        ground, result = self._ground, self._result
        found = [*self._found, *ground.holdings.standing()]
        found += [(0, self._words.cannot(act, error)) for act, error in ground.published.unreadable]
        found += [late for part in self._parts for late in part.finish()]
        found += check_rules(ground, _kept_rules(self._unit), self._rules)
        found += self._misdated()
        found.sort(key=lambda late: late[0])
        result.differing = [finding for _, finding in found]

    def _misdated(self) -> list[Late]:
        """Lots that the quarter opened and whose account lapses on another day than was due."""
        mine = {path: lot for path, lot in self._ground.lots.items() if lot.by.at.cycle == self._ground.target}
        days = replaying.lot_days(self._unit, sorted(mine))
        found: list[Late] = []
        for path, lot in mine.items():
            if path in days and days[path] != lot.expires_at:
                numbers = [show(value, "expires_at") for value in (lot.expires_at, days[path])]
                message = f"{named(lot.by)}开的批次 {path} 应在 {numbers[0]} 到期，账户上写 {numbers[1]}"
                finding = Finding(
                    message=message,
                    expected=lot.expires_at,
                    found=days[path],
                    entry=lot.by.at.id,
                    account=path,
                    table="account",
                    field="expires_at",
                )
                found.append((lot.place, finding))
        return found


def _as_told(act: Told) -> Due:
    return Due(act.net, header={"kind": act.at.kind, "cycle": act.at.cycle})


def _unreadable(act: Told, error: BaseException) -> Finding:
    words = f"{type(error).__name__} {error}".strip()[:120]
    return Finding(message=f"{named(act)}没法重算：内容读不懂（{words}）", expected="能读", found=words, entry=act.at.id, field="facts")


def _kept_rules(unit: Unit) -> dict[tuple[str, int], Rule | str]:
    """Rule rows as they stand, or why one cannot be read."""
    kept: dict[tuple[str, int], Rule | str] = {}
    for row in unit.rows(service.RULES):
        try:
            kept[row[0], row[1]] = service.read_rule(row)
        except BROKEN as error:
            kept[row[0], row[1]] = f"{type(error).__name__}: {error}"
    return kept
