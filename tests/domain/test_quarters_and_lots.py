"""Dates of quarters, the seven ways lots lapse, and which lots pay first."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.domain import errors
from ledger.domain.cycle import (
    STATES,
    Plan,
    bounds_of,
    check_step,
    due_at,
    earning_cycle,
    end_of_day,
    following,
    last_day,
    local_date,
    name_of,
    planned,
    publish,
)  # fmt: skip
from ledger.domain.lot import Lot, draw_oldest_first, expiry_of

ZONE = "Asia/Shanghai"
PLAN = Plan()


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "name"),
    [("2022-01-01", "2022Q1"), ("2022-03-31", "2022Q1"), ("2022-04-01", "2022Q2"), ("2022-12-31", "2022Q4"), ("2024-02-29", "2024Q1")],
)
def test_a_day_belongs_to_its_quarter(day: str, name: str) -> None:
    assert name_of(date.fromisoformat(day)) == name


def test_a_quarter_knows_its_first_and_last_day_and_the_one_after_it() -> None:
    assert bounds_of("2024Q1") == (date(2024, 1, 1), date(2024, 3, 31))
    assert bounds_of("2022Q4") == (date(2022, 10, 1), date(2022, 12, 31))
    assert following("2022Q4") == "2023Q1"


@pytest.mark.parametrize("text", ["2022Q5", "2022Q0", "22Q1", "2022q3", "２０２２Q3", "2022Q3 ", "", "1969Q4"])
def test_anything_else_is_no_quarter(text: str) -> None:
    with pytest.raises(errors.InvalidInput):
        bounds_of(text)


def test_dates_of_a_quarter_are_the_ends_of_local_days() -> None:
    cycle = planned("2022Q3", PLAN, ZONE)
    assert cycle.cutoff_at == utc("2022-10-03 16:00")
    assert cycle.notice_from == utc("2022-10-03 16:00")
    assert cycle.notice_ends_at == utc("2022-10-10 16:00")
    assert cycle.redeem_until == utc("2022-10-31 16:00")
    assert cycle.settle_until == utc("2022-11-04 16:00")
    assert last_day(cycle.notice_ends_at, ZONE) == date(2022, 10, 10)


def test_the_notice_is_counted_from_its_real_publication() -> None:
    cycle = planned("2022Q3", PLAN, ZONE)
    assert publish(cycle, utc("2022-10-03 16:00"), ZONE).notice_ends_at == utc("2022-10-10 16:00")
    late = publish(cycle, utc("2022-10-12 02:00"), ZONE)
    assert late.notice_ends_at == utc("2022-10-18 16:00")
    assert late.redeem_until == cycle.redeem_until


def test_a_notice_so_late_that_it_swallows_redemption_moves_the_window() -> None:
    cycle = planned("2022Q3", PLAN, ZONE)
    late = publish(cycle, utc("2022-10-28 02:00"), ZONE)
    assert late.notice_ends_at == utc("2022-11-03 16:00")
    assert late.redeem_until is not None and late.redeem_until > late.notice_ends_at
    assert late.settle_until is not None and late.settle_until > late.redeem_until


def test_each_state_is_due_at_its_date_and_a_sealed_quarter_never() -> None:
    cycle = planned("2022Q3", PLAN, ZONE)
    from dataclasses import replace

    due = {state: due_at(replace(cycle, state=state)) for state in STATES}
    assert due == {
        "draft": None, "earning": cycle.cutoff_at, "frozen": cycle.notice_from, "noticed": cycle.notice_ends_at,
        "redeeming": cycle.redeem_until, "reconciling": cycle.settle_until, "sealed": None,
    }  # fmt: skip


def test_a_quarter_walks_one_state_at_a_time() -> None:
    for n, state in enumerate(STATES):
        for m, to in enumerate(STATES):
            if m == n + 1:
                check_step(state, to)
            else:
                with pytest.raises(errors.IllegalStep):
                    check_step(state, to)


def test_a_fact_recorded_a_moment_before_cut_off_is_in_its_quarter_and_at_cut_off_in_the_next() -> None:
    cutoff = planned("2022Q3", PLAN, ZONE).cutoff_at
    fact = date(2022, 9, 30)
    assert earning_cycle(fact, cutoff - timedelta(microseconds=1), PLAN, ZONE, {}) == "2022Q3"
    assert earning_cycle(fact, cutoff, PLAN, ZONE, {}) == "2022Q4"
    assert earning_cycle(fact, cutoff, PLAN, ZONE, {"2022Q3": cutoff + timedelta(days=1)}) == "2022Q3"


def test_local_dates_follow_the_zone_through_its_old_summer_time() -> None:
    assert local_date(utc("1988-06-30 15:30"), ZONE) == date(1988, 7, 1)  # UTC+9 in the summer of 1988
    assert local_date(utc("2022-06-30 15:30"), ZONE) == date(2022, 6, 30)
    assert end_of_day(date(2022, 12, 31), ZONE) == utc("2022-12-31 16:00")


GOLDEN = [
    ("never", "2022-10-11", None),
    ("year_end", "2022-10-11", "2022-12-31"),
    ("year_end", "2022-12-31", "2022-12-31"),
    ("year_end", "2023-01-01", "2023-12-31"),
    ("after_redeeming", "2022-10-11", "2022-10-31"),
    ("three_years", "2022-10-11", "2025-10-11"),
    ("three_years", "2024-02-29", "2027-02-28"),
    ("one_year", "2022-10-11", "2023-10-11"),
    ("one_year", "2024-02-29", "2025-02-28"),
    ("one_year", "2023-02-28", "2024-02-28"),
    ("quarter", "2022-10-11", "2022-12-31"),
    ("quarter", "2022-09-30", "2022-09-30"),
    ("quarter", "2024-02-29", "2024-03-31"),
    ("half_year", "2022-06-30", "2022-06-30"),
    ("half_year", "2022-07-01", "2022-12-31"),
]


@pytest.mark.parametrize(("preset", "spendable_on", "last"), GOLDEN)
def test_a_lot_lapses_with_the_end_of_the_day_its_preset_names(preset: str, spendable_on: str, last: str | None) -> None:
    found = expiry_of(preset, planned("2022Q3", PLAN, ZONE), date.fromisoformat(spendable_on), ZONE)  # type: ignore[arg-type]
    assert found == (None if last is None else end_of_day(date.fromisoformat(last), ZONE))


def test_a_lot_pays_until_23_59_59_of_its_last_day_and_not_at_24_00() -> None:
    ends = end_of_day(date(2022, 12, 31), ZONE)
    lots = [Lot("2022Q3.dongyuan", 5, ends)]
    assert draw_oldest_first(lots, 5, ends - timedelta(seconds=1))[0].amount == 5
    with pytest.raises(errors.NotEnoughPoints) as refusal:
        draw_oldest_first(lots, 5, ends)
    assert refusal.value.facts == {"spendable_points": 0, "needed_points": 5}


def test_the_earliest_to_lapse_pays_first_whatever_it_is_called_and_what_never_lapses_pays_last() -> None:
    now = utc("2022-10-12 00:00")
    lots = [
        Lot("2021Q1.a", 10, None), Lot("2022Q3.b", 10, utc("2023-12-31 16:00")), Lot("2022Q4.c", 10, utc("2022-12-31 16:00")),
        Lot("2022Q2.d", 0, utc("2022-11-01 16:00")),
    ]  # fmt: skip
    assert [(d.lot, d.amount) for d in draw_oldest_first(lots, 25, now)] == [("2022Q4.c", 10), ("2022Q3.b", 10), ("2021Q1.a", 5)]
