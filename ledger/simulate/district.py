"""A district's last quarters, walked through the real importers and use cases with moments that lie in the past.

The history is imagined, what it leaves is not: every act, balance and head is made as it is on any other day. Quarters
that the walk opens keep their redemption window open until the next one's opens, so that something can be redeemed
whatever today is; their dates stand in the acts that opened them, and quarters opened later follow config.toml.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.audit import trail
from ledger.config import BookSettings
from ledger.domain.cycle import bounds_of, local_date, name_of, planned
from ledger.domain.people import Actor
from ledger.simulate.desk import open_holds, redeem_some
from ledger.simulate.imagined import District, imagine
from ledger.simulate.paper import activity_sheets, founding_sheets, imagine_activities
from ledger.simulate.size import Size
from ledger.simulate.street import open_coming_activities, see_who_comes
from ledger.storage import people, statements
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.advance_cycle import tick
from ledger.usecases.found_book import found_book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.request import Request

SIMULATOR: Final = Actor("console:simulate")
REDEEM_UNTIL_DAYS: Final = 104
"""A quarter's notice ends on day 10 after it, the next one's about 92 days later."""

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Cast:
    """Whom and what to show somebody around with: holder ids of one community, its station's code and its path.

    volunteer: has points to spend. keeper, organiser: others, for the people behind those roles.
    """

    volunteer: str
    keeper: str
    organiser: str
    station: str
    area: str


def settings_for(settings: BookSettings) -> BookSettings:
    """The settings under which the walk opens quarters: longer windows, and points that live for a year."""
    cycle = replace(settings.cycle, redeem_until_days=REDEEM_UNTIL_DAYS, settle_until_days=REDEEM_UNTIL_DAYS + 4, carry_over="one_year")
    return replace(settings, cycle=cycle)


def load_district(book: Book, *, size: Size, seed: int, now: datetime, tell: Tell | None = None) -> tuple[dict[str, int], Cast]:
    """Fill a book that holds no people.

    Args:
        book: opened with `settings_for` its settings; founded here, at the beginning of the history, unless it stands.
        now: the present moment; the history ends there. tell: told what is being done.
    Returns: counts (people, stations, activities, attendances, redemptions, holds) and whom to show around with.
    """
    walk = _Walk(book, size, Random(seed), now, tell or (lambda _text: None))
    with tempfile.TemporaryDirectory(prefix="ledger-paper-") as folder:
        walk.run(Path(folder))
    trail.seal(book, now)
    return walk.counts, _cast(book, walk.district, now)


def _cast(book: Book, district: District, now: datetime) -> Cast:
    """The richest of the first community as the volunteer, two of its others as staff."""
    home = district.people[0].place
    station = next(s for s in district.stations if s.place.community == home.community)
    neighbours = [p.phone for p in district.people if p.place.community == home.community]

    def spendable(unit: Unit) -> list[tuple[int, str]]:
        holders = [people.by_phone(unit, phone)[0] for phone in neighbours]
        return sorted(((statements.balance(unit, holder, now).spendable, holder) for holder in holders), reverse=True)

    ranked = [holder for _points, holder in book.read(spendable)]
    return Cast(ranked[0], ranked[1], ranked[2], station.code, f"{home.town}/{home.community}")


@dataclass(frozen=True, slots=True)
class _Quarter:
    name: str
    starts_on: date
    ends_on: date
    notice_from: datetime
    notice_ends_at: datetime


class _Walk:
    """One book on its way from the beginning of the history to the present."""

    def __init__(self, book: Book, size: Size, die: Random, now: datetime, tell: Tell) -> None:
        self.book, self.size, self.die, self.now, self.tell = book, size, die, now, tell
        self.zone = ZoneInfo(book.settings.zone)
        self.counts = {"people": 0, "stations": 0, "activities": 0, "attendances": 0, "redemptions": 0, "holds": 0}
        self.district: District = imagine(size, die)

    def run(self, folder: Path) -> None:
        present = self._quarter(name_of(local_date(self.now, self.book.settings.zone)))
        last = self._quarter(name_of(present.starts_on - timedelta(days=1)))
        first = self._quarter(name_of(last.starts_on - timedelta(days=1)))
        self._found(first, folder)
        for quarter, following in ((first, last), (last, present)):
            self._serve(quarter, folder)
            self._step(quarter, following)
        self._present(present, folder)

    def _quarter(self, name: str) -> _Quarter:
        plan = planned(name, self.book.settings.cycle.plan, self.book.settings.zone)
        return _Quarter(name, *bounds_of(name), plan.notice_from, plan.notice_ends_at)

    def _at(self, day: date, hour: int, minute: int = 0) -> datetime:
        return datetime.combine(day, time(hour, minute), self.zone)

    def _request(self, moment: datetime, name: str) -> Request:
        return Request(actor=SIMULATOR, now=moment, name=name, trace=self.book.ids.new(moment))

    def _found(self, first: _Quarter, folder: Path) -> None:
        """The book, its grid, roster, stations, goods and opening balances, on the first morning."""
        self.tell("建账，导入网格、花名册、驿站、物资、期初积分")
        request = self._request(self._at(first.starts_on, 8), "simulate")
        found_book(self.book, request)
        sheets = founding_sheets(folder, self.district, self.die)
        before = first.starts_on - timedelta(days=1)
        for kind, importer in (("areas", import_areas), ("people", import_people), ("stations", import_stations)):
            _accepted(importer(self.book, request, sheets[kind]))
        _accepted(import_goods(self.book, request, sheets["goods"], as_of=before.isoformat()))
        _accepted(import_opening(self.book, request, sheets["opening"], as_of=before))
        self.counts |= {"people": len(self.district.people), "stations": len(self.district.stations)}

    def _serve(self, quarter: _Quarter, folder: Path) -> None:
        """A whole quarter's activities and sign-in sheets, brought in on its last evening."""
        self.tell(f"{quarter.name} 的活动和签到")
        days = [quarter.starts_on + timedelta(days=n) for n in range(1, (quarter.ends_on - quarter.starts_on).days)]
        self._import(quarter.name, days, self.size.activities, self.size.attendances, self._at(quarter.ends_on, 20), folder)

    def _import(self, mark: str, days: list[date], activities: int, attendances: int, moment: datetime, folder: Path) -> None:
        made = imagine_activities(self.district, days, activities, self.counts["activities"] + 1, self.die)
        paths = activity_sheets(folder, mark, self.district, made, attendances, self.die)
        request = self._request(moment, "simulate")
        _accepted(import_activities(self.book, request, paths[0]))
        report = _accepted(import_attendance(self.book, request, paths[1]))
        self.counts["activities"] += activities
        self.counts["attendances"] += report["accepted"]

    def _step(self, quarter: _Quarter, following: _Quarter) -> None:
        """Notice, settlement and redemptions of a quarter, as far as they lie in the past."""
        for moment in (quarter.notice_from + timedelta(hours=8), quarter.notice_ends_at + timedelta(hours=1)):
            if moment < self.now:
                tick(self.book, self._request(moment, "tick"))
        opens_at = quarter.notice_ends_at + timedelta(hours=8)
        until = min(self.now - timedelta(hours=1), self._at(following.ends_on, 17))
        if opens_at < until:
            self.tell(f"{quarter.name} 公示期满，发放物资")
            done = redeem_some(self.book, SIMULATOR, self.district, opens_at, until, self.size.redemptions, self.die)
            self.counts["redemptions"] += done

    def _present(self, present: _Quarter, folder: Path) -> None:
        """The running quarter until yesterday, then today: activities that go on, people checked in, goods reserved."""
        self.tell(f"{present.name} 到今天为止")
        today = local_date(self.now, self.book.settings.zone)
        days = [present.starts_on + timedelta(days=n) for n in range((today - present.starts_on).days)]
        if days:
            share = len(days) / 90
            activities, attendances = max(1, round(self.size.activities * share)), round(self.size.attendances * share)
            self._import(present.name, days, activities, attendances, self.now - timedelta(minutes=50), folder)
        tick(self.book, self._request(self.now - timedelta(minutes=45), "tick"))
        opened = open_coming_activities(self.book, self._request(self.now - timedelta(minutes=40), "simulate"), self.district, self.now)
        self.counts["activities"] += len(opened)
        self.counts["attendances"] += see_who_comes(self.book, SIMULATOR, self.district, opened[0], self.now, self.die)
        self.counts["holds"] = open_holds(self.book, SIMULATOR, self.district, self.now, self.die)


def _accepted(report: dict[str, Any]) -> dict[str, Any]:
    assert not report["rejected"], report["rejected"][:3]
    return report
