"""What all parts of a replay stand on: the settings that genesis fixed, what was published, and what everybody holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from ledger.audit.recount.holdings import DEBT, WALLET, Balances, Holdings, Late
from ledger.audit.recount.published import Published, Quarters
from ledger.audit.recount.told import CannotReckon, Due, Net, Told, named
from ledger.audit.report import Finding
from ledger.domain.act import instant
from ledger.domain.cycle import Plan, local_date, name_of
from ledger.domain.errors import NotEnoughPoints
from ledger.domain.lot import Lot, draw_oldest_first
from ledger.domain.points import PointScale


@dataclass(frozen=True, slots=True)
class LotOpened:
    """When a wallet's lot should lapse (microseconds, None: never), and the act that opened it."""

    expires_at: int | None
    by: Told
    place: int


class Ground:
    """Shared by all parts.

    target: the quarter that is replayed. place: how many acts have gone by. corrected: what acts whose postings were wrong
    should have posted, by id, so that one wrong entry does not make those that follow it look wrong. moved_to: the quarter
    where acts that say another one belong. comings: looks up the check-ins of the person at the activity that an act is about.
    aside: findings about the act at hand beside its comparison.
    """

    def __init__(self, *, published: Published, quarters: Quarters, target: str, zone: str, plan: Plan, scale: PointScale) -> None:
        self.published = published
        self.quarters = quarters
        self.target: Final = target
        self.zone: Final = zone
        self.plan: Final = plan
        self.scale: Final = scale
        self.number: Final = scale.number
        self.holdings = Holdings()
        self.lots: dict[str, LotOpened] = {}
        self.corrected: dict[str, Net] = {}
        self.moved_to: dict[str, str] = {}
        self.originals: Mapping[str, Told] = {}
        self.comings: Callable[[Told], Sequence[Told]] = lambda _act: ()
        self.place = 0
        self.aside: list[Late] = []

    def original(self, id: str | None) -> Told:
        """The act that another one reverses or resolves. Raises CannotReckon when it is gone."""
        if not id or id not in self.originals:
            raise CannotReckon("它所依据的凭证不在账上", field="resolves", expected="在账的凭证", found=id or "")
        return self.originals[id]

    def following(self, act: Told, original: Told, make: Callable[[Net], Due]) -> Due:
        """What an act that follows from another should have said, made from the other's postings.

        When those were wrong, an act that follows them as they should have been, or as they stand, is right: only the first is named.
        """
        due = make(self.corrected.get(original.at.id, original.net))
        if due.net != act.net and original.at.id in self.corrected:
            plain = make(original.net)
            return plain if plain.net == act.net else due
        return due

    def quarter_booked(self, act: Told, original: Told) -> str:
        """The quarter an act about another one is booked in: that of the other, or the present one once that is sealed."""
        name = self.moved_to.get(original.at.id, original.at.cycle)
        return self.quarter_of(act) if self.quarters.is_past(name, "sealed") else name

    def quarter_of(self, act: Told) -> str:
        """The quarter in which an act was recorded."""
        return name_of(local_date(instant(act.at.recorded_at), self.zone))

    def open_lot(self, path: str, expires_at: int | None, by: Told) -> None:
        """The first entry into a lot writes its date; later ones leave it."""
        self.lots.setdefault(path, LotOpened(expires_at, by, self.place))

    def draw(self, act: Told, holder: str, steps: int) -> Net:
        """What `steps` taken from a holder's lots should take from each, earliest expiry first. Raises CannotReckon."""
        group, now = f"{WALLET}{holder}", instant(act.at.recorded_at)

        def reckon(balances: Balances) -> dict[str, int] | None:
            lots = [Lot(path, left, self._lapses(path)) for path, left in balances.items()]
            try:
                return {draw.lot: -draw.amount for draw in draw_oldest_first(lots, steps, now)} if steps else {}
            except NotEnoughPoints:
                return None

        told = act.under(group + "/")
        drawn = self.holdings.choose(act.at.recorded_at, group, told, reckon)
        if drawn is None:
            self.lacking(act, f"{holder} 当时的可用积分不够", group, steps)
            drawn = told
        return {(path, "PTS"): amount for path, amount in drawn.items()}

    def lacking(self, act: Told, words: str, group: str, wanted: int) -> None:
        """Note that more was drawn than was there, when it is of the quarter that is asked for."""
        if act.at.cycle != self.target:
            return
        left = sum(self.holdings.due(group).values())
        finding = Finding(
            message=f"{named(act)}：{words}", expected=f"≤ {left}", found=wanted, entry=act.at.id, account=group, field="amount"
        )
        self.aside.append((self.place, finding))

    def pay(self, act: Told, holder: str, steps: int) -> int:
        """What of the steps should pay the holder's debt first."""
        path = f"{DEBT}{holder}"

        def reckon(balances: Balances) -> dict[str, int]:
            paid = min(steps, max(0, -balances.get(path, 0)))
            return {path: paid} if paid else {}

        told = {p: amount for p, amount in act.under(path).items() if p == path}
        return sum((self.holdings.choose(act.at.recorded_at, path, told, reckon) or {}).values())

    def _lapses(self, path: str) -> datetime | None:
        opened = self.lots.get(path)
        return None if opened is None or opened.expires_at is None else instant(opened.expires_at)


class Part(ABC):
    """Reckons some kinds of acts.

    `due` says what an act should have said; `hear` is told of every act that reverses or resolves another; `finish` names
    what is missing at the end.
    """

    kinds: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, ground: Ground) -> None:
        self.ground = ground

    @abstractmethod
    def due(self, act: Told) -> Due:
        """Raises CannotReckon when what the act stands on is missing."""

    def hear(self, _act: Told, _original: Told) -> None:
        """Take in that one act reverses or resolves another."""
        return

    def finish(self) -> Sequence[Late]:
        """What should be there and is not."""
        return ()
