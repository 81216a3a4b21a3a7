"""Lots: vintages of points, when they lapse, and which are spent first.

A lot is named `<cycle>.<pool>`: the quarter in which points were earned and the pool (community or street) that issued
them. Its `expires_at` is written when it first becomes spendable and never follows a later change of the settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal

from ledger.domain.cycle import Cycle, end_of_day
from ledger.domain.errors import NotEnoughPoints

CarryOver = Literal["never", "year_end", "after_redeeming", "three_years", "one_year", "quarter", "half_year"]
CARRY_OVERS: Final[tuple[CarryOver, ...]] = ("never", "year_end", "after_redeeming", "three_years", "one_year", "quarter", "half_year")


@dataclass(frozen=True, slots=True)
class Lot:
    """Points left in one lot of one holder. `expires_at` None never lapses."""

    name: str
    remaining: int
    expires_at: datetime | None

    @property
    def cycle(self) -> str:
        return self.name.partition(".")[0]

    @property
    def pool(self) -> str:
        return self.name.partition(".")[2]


@dataclass(frozen=True, slots=True)
class Draw:
    """`amount` steps taken from the lot called `lot`."""

    lot: str
    amount: int


def lot_name(cycle: str, pool: str) -> str:
    return f"{cycle}.{pool}"


def draw_oldest_first(lots: Sequence[Lot], needed_points: int, now: datetime) -> tuple[Draw, ...]:
    """Choose which lots pay, earliest expiry first, then oldest cycle. Lapsed and empty lots do not count.

    Args:
        lots: one holder's lots, any order.
        needed_points: smallest steps, > 0.
    Returns: draws that sum to needed_points, at most one per lot.
    Raises: NotEnoughPoints when the lots together hold less.
    """
    live = [lot for lot in lots if lot.remaining > 0 and (lot.expires_at is None or lot.expires_at > now)]
    live.sort(key=lambda lot: (lot.expires_at is None, lot.expires_at or now, lot.name))
    draws, missing = [], needed_points
    for lot in live:
        taken = min(lot.remaining, missing)
        if taken:
            draws.append(Draw(lot.name, taken))
        missing -= taken
        if not missing:
            return tuple(draws)
    raise NotEnoughPoints(spendable_points=needed_points - missing, needed_points=needed_points)


def expiry_of(preset: CarryOver, cycle: Cycle, spendable_on: date, zone: str) -> datetime | None:
    """When a lot of `cycle` that becomes spendable on the local date `spendable_on` lapses (the end of that day).

    never; year_end: 31 December of the year in which it became spendable; after_redeeming: the end of its own
    redemption window; three_years, one_year: the same date later (29 February lapses on the 28th); quarter, half_year:
    the end of the quarter or half-year in which it became spendable.
    """
    if preset == "never":
        return None
    if preset == "after_redeeming":
        return cycle.redeem_until if cycle.redeem_until is not None else end_of_day(spendable_on, zone)
    return end_of_day(_last_day(preset, spendable_on), zone)


def _last_day(preset: CarryOver, day: date) -> date:
    if preset == "year_end":
        return date(day.year, 12, 31)
    if preset == "quarter":
        return _month_end(day.year, (day.month + 2) // 3 * 3)
    if preset == "half_year":
        return _month_end(day.year, 6 if day.month <= 6 else 12)
    years = 3 if preset == "three_years" else 1
    if (day.month, day.day) == (2, 29):
        return date(day.year + years, 2, 28)
    return day.replace(year=day.year + years)


def _month_end(year: int, month: int) -> date:
    following = date(year + month // 12, month % 12 + 1, 1)
    return following - timedelta(days=1)
