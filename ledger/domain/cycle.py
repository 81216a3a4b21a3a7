"""Quarters in local dates: when they open, cut off, are noticed, redeemed, reconciled and sealed.

A date here means the end of that day in the district's zone. Dates are written when a cycle opens; settings change
only what opens later. Source: quarter decisions of the design (defaults: cut-off +3 days after the quarter's last day,
notice from +4 for 7 days counted from its real publication, redemption until +31, settlement until +35).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from ledger.domain.errors import IllegalStep, InvalidInput

State = Literal["draft", "earning", "frozen", "noticed", "redeeming", "reconciling", "sealed"]
STATES: Final[tuple[State, ...]] = ("draft", "earning", "frozen", "noticed", "redeeming", "reconciling", "sealed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Days after the quarter's last day, from config.toml; written into a cycle when it opens."""

    cutoff_days: int = 3
    notice_days: int = 7
    redeem_until_days: int = 31
    settle_until_days: int = 35

    def __post_init__(self) -> None:
        """Raises InvalidInput for dates that would not follow one another: cut-off, notice of a day at least, redemption, settlement."""
        for name, least in (
            ("cutoff_days", 0), ("notice_days", 1), ("redeem_until_days", self.cutoff_days + self.notice_days + 1),
            ("settle_until_days", self.redeem_until_days),
        ):  # fmt: skip
            if getattr(self, name) < least:
                raise InvalidInput(f"cycle.{name}", "range")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cycle:
    """One quarter. All instants are aware UTC, each the first moment after the local day they end with.

    `noticed_at` is the real publication; `notice_ends_at` is counted from it and planned until then.
    """

    name: str
    state: State
    starts_on: date
    ends_on: date
    cutoff_at: datetime
    notice_from: datetime
    notice_days: int
    notice_ends_at: datetime
    redeem_until: datetime | None
    settle_until: datetime | None
    noticed_at: datetime | None = None


def name_of(day: date) -> str:
    """The quarter a local date belongs to, as `2022Q3`."""
    return f"{day.year}Q{(day.month + 2) // 3}"


def bounds_of(name: str) -> tuple[date, date]:
    """First and last local day of `2022Q3`. Raises InvalidInput for any other text."""
    match = re.fullmatch(r"([0-9]{4})Q([1-4])", name)
    if not match or int(match[1]) < 1970:
        raise InvalidInput("cycle")
    year, quarter = int(match[1]), int(match[2])
    following = date(year + quarter // 4, quarter % 4 * 3 + 1, 1)
    return date(year, quarter * 3 - 2, 1), following - timedelta(days=1)


def following(name: str) -> str:
    """The name of the quarter after this one."""
    return name_of(bounds_of(name)[1] + timedelta(days=1))


def start_of_day(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def end_of_day(day: date, zone: str) -> datetime:
    """The first moment after the local day: 24:00 of that date."""
    return start_of_day(day + timedelta(days=1), zone)


def local_date(at: datetime, zone: str) -> date:
    return at.astimezone(ZoneInfo(zone)).date()


def last_day(ends_at: datetime, zone: str) -> date:
    """The local date whose end this instant is."""
    return local_date(ends_at - timedelta(microseconds=1), zone)


def planned(name: str, plan: Plan, zone: str, state: State = "earning") -> Cycle:
    """A new cycle with all its dates by `plan`."""
    starts_on, ends_on = bounds_of(name)
    publication = ends_on + timedelta(days=plan.cutoff_days + 1)
    return Cycle(
        name=name,
        state=state,
        starts_on=starts_on,
        ends_on=ends_on,
        cutoff_at=end_of_day(ends_on + timedelta(days=plan.cutoff_days), zone),
        notice_from=start_of_day(publication, zone),
        notice_days=plan.notice_days,
        notice_ends_at=end_of_day(publication + timedelta(days=plan.notice_days - 1), zone),
        redeem_until=end_of_day(ends_on + timedelta(days=plan.redeem_until_days), zone),
        settle_until=end_of_day(ends_on + timedelta(days=plan.settle_until_days), zone),
    )


def next_state(state: State) -> State:
    return STATES[STATES.index(state) + 1]


def check_step(state: State, to: State) -> None:
    """Cycles walk one state at a time. Raises IllegalStep for any other jump, backward ones included."""
    if state == "sealed" or next_state(state) != to:
        raise IllegalStep(state, to)


def due_at(cycle: Cycle) -> datetime | None:
    """When the cycle's next step is due, or None when nothing ever is (sealed)."""
    due: dict[State, datetime | None] = {
        "draft": None,
        "earning": cycle.cutoff_at,
        "frozen": cycle.notice_from,
        "noticed": cycle.notice_ends_at,
        "redeeming": cycle.redeem_until,
        "reconciling": cycle.settle_until,
    }
    return due.get(cycle.state)


def freeze(cycle: Cycle, now: datetime) -> Cycle:
    """The cycle cut off now: by its date, or before it by an officer, who moves the date so. Facts recorded from now on are late."""
    return replace(cycle, state="frozen", cutoff_at=min(cycle.cutoff_at, now))


def publish(cycle: Cycle, now: datetime, zone: str) -> Cycle:
    """The cycle with its notice published now: it ends `notice_days` local days later, the day of publication counted.

    A notice published before its date moves that date. When a late notice runs into the redemption window, redemption keeps
    its planned end but never ends before the notice; settlement follows.
    """
    ends_at = end_of_day(local_date(now, zone) + timedelta(days=cycle.notice_days - 1), zone)
    redeem_until, settle_until = cycle.redeem_until, cycle.settle_until
    assert redeem_until is not None and settle_until is not None
    late = max(timedelta(0), ends_at - cycle.notice_ends_at)
    if ends_at >= redeem_until:
        redeem_until, settle_until = redeem_until + late, settle_until + late
    return replace(
        cycle, state="noticed", notice_from=min(cycle.notice_from, now), noticed_at=now, notice_ends_at=ends_at,
        redeem_until=redeem_until, settle_until=settle_until,
    )  # fmt: skip


def earning_cycle(fact_on: date, recorded_at: datetime, plan: Plan, zone: str, cutoffs: dict[str, datetime]) -> str:
    """The quarter a fact belongs to: that of its own date if recorded by its cut-off, else the one now earning.

    `cutoffs` holds the cut-offs of cycles that already exist; others follow `plan`.
    """
    own = name_of(fact_on)
    cutoff = cutoffs.get(own) or planned(own, plan, zone).cutoff_at
    return own if recorded_at < cutoff else name_of(local_date(recorded_at, zone))
