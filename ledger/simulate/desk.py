"""What happens at the stations of an imagined district: people take what they can pay, by code at the desk or reserved before."""

from __future__ import annotations

from datetime import datetime, timedelta
from random import Random
from typing import Any, Final

from ledger.domain.errors import Conflict
from ledger.domain.people import Actor
from ledger.domain.redemption import Item
from ledger.simulate.imagined import District, Person, Station
from ledger.storage import people, statements
from ledger.storage.unit_of_work import Book
from ledger.usecases.hand_over_goods import collect_hold, hand_over_at_once
from ledger.usecases.identify import signer
from ledger.usecases.request import Request
from ledger.usecases.reserve_goods import reserve_goods
from ledger.usecases.view_shelf import shelf_document

HOLDS_LEFT_OPEN: Final = 6
RESERVED_SHARE: Final = 0.4


class Visitor:
    """Somebody at a station of their community at one moment, with what they could take."""

    def __init__(self, book: Book, district: District, actor: Actor, die: Random, now: datetime) -> None:
        person: Person = die.choice(district.people)
        near = [s for s in district.stations if s.place.community == person.place.community] or list(district.stations)
        station: Station = die.choice(near)
        self.book, self.actor, self.die, self.now = book, actor, die, now
        self.station = station.code
        self.holder = book.read(lambda unit: people.by_phone(unit, person.phone))[0]
        self.item = self._choose()

    def _choose(self) -> Item | None:
        scale = self.book.settings.scale
        spendable = scale.number(self.book.read(lambda unit: statements.balance(unit, self.holder, self.now)).spendable)
        shelf: list[dict[str, Any]] = self.book.read(lambda unit: shelf_document(unit, self.station))["shelf"]
        able = [row for row in shelf if row["on_shelf"] > 0 and row["price_points"] <= spendable]
        if not able:
            return None
        row = self.die.choice(able)
        most = min(3, row["on_shelf"], int(spendable // row["price_points"]), row["limit_per_cycle"] or 3)
        return Item(row["sku"], self.die.randint(1, max(1, most)))

    def reserve(self) -> str | None:
        """The hold, or None when it was refused (a limit, a shelf just emptied)."""
        if self.item is None:
            return None
        try:
            request = self._request("reserve_goods")
            return str(reserve_goods(self.book, request, holder=self.holder, station=self.station, items=[self.item])["hold"])
        except Conflict:
            return None

    def take(self) -> bool:
        """Reserve and collect, or show the code at the desk."""
        if self.item is None:
            return False
        try:
            if self.die.random() < RESERVED_SHARE:
                hold = self.reserve()
                if hold is None:
                    return False
                self.now += timedelta(minutes=2)
                collect_hold(self.book, self._request("collect_hold"), hold=hold)
            else:
                shown = signer(self.book).volunteer_code(self.holder, self.now, self.die.randbytes(6))
                request = self._request("hand_over_at_once")
                hand_over_at_once(self.book, request, station=self.station, items=[self.item], shown=shown)
        except Conflict:
            return False
        return True

    def _request(self, name: str) -> Request:
        return Request(actor=self.actor, now=self.now, name=name, trace=self.book.ids.new(self.now))


def redeem_some(book: Book, actor: Actor, district: District, opens_at: datetime, until: datetime, count: int, die: Random) -> int:
    """Hand-overs at moments between two, at least three minutes apart. Returns how many took place."""
    room_s = int((until - opens_at).total_seconds())
    moments = sorted(die.randrange(max(1, room_s // 180)) for _ in range(min(count, room_s // 180)))
    return sum(Visitor(book, district, actor, die, opens_at + timedelta(minutes=3 * n)).take() for n in dict.fromkeys(moments))


def open_holds(book: Book, actor: Actor, district: District, now: datetime, die: Random) -> int:
    """A few reservations of the last minutes that wait to be collected."""
    made = 0
    for n in range(HOLDS_LEFT_OPEN * 4):
        if made < HOLDS_LEFT_OPEN:
            moment = now - timedelta(minutes=9) + timedelta(seconds=15 * n)
            made += Visitor(book, district, actor, die, moment).reserve() is not None
    return made
