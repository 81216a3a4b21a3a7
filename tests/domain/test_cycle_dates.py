"""Quarters in local dates: their ends, their steps, leap days, other zones, and which quarter a fact belongs to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from ledger.domain.cycle import (
    STATES,
    Plan,
    bounds_of,
    check_step,
    due_at,
    earning_cycle,
    end_of_day,
    following,
    freeze,
    last_day,
    local_date,
    name_of,
    planned,
    publish,
)
from ledger.domain.errors import IllegalStep, InvalidInput

ZONE = "Asia/Shanghai"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("day", "name"),
    [("2022-01-01", "2022Q1"), ("2022-03-31", "2022Q1"), ("2022-04-01", "2022Q2"), ("2022-06-30", "2022Q2"), ("2022-07-01", "2022Q3"),
     ("2022-09-30", "2022Q3"), ("2022-10-01", "2022Q4"), ("2022-12-31", "2022Q4"), ("2024-02-29", "2024Q1")],
)  # fmt: skip
def test_a_day_belongs_to_one_quarter(day: str, name: str) -> None:
    assert name_of(date.fromisoformat(day)) == name


def test_quarters_follow_one_another_without_a_gap() -> None:
    name, last = "1999Q1", date(1998, 12, 31)
    for _ in range(200):
        first, end = bounds_of(name)
        assert first == last + timedelta(days=1)
        assert name_of(first) == name_of(end) == name
        assert following(name) == name_of(end + timedelta(days=1))
        name, last = following(name), end


@pytest.mark.parametrize("text", ["2022Q0", "2022Q5", "2022q3", "22Q3", "2022Q3 ", "", "2022-Q3", "1969Q4", "0000Q1", "２０２２Q3"])
def test_a_name_that_is_no_quarter_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        bounds_of(text)


def test_the_dates_of_a_quarter_are_ends_of_local_days() -> None:
    cycle = planned("2022Q3", Plan(), ZONE)
    assert (cycle.starts_on, cycle.ends_on) == (date(2022, 7, 1), date(2022, 9, 30))
    assert cycle.cutoff_at == cycle.notice_from == at("2022-10-04T00:00")
    assert cycle.notice_ends_at == at("2022-10-11T00:00")
    assert cycle.redeem_until == at("2022-11-01T00:00")
    assert cycle.settle_until == at("2022-11-05T00:00")
    shown = [last_day(moment, ZONE) for moment in (cycle.cutoff_at, cycle.notice_ends_at, cycle.redeem_until, cycle.settle_until)]
    assert shown == [date(2022, 10, 3), date(2022, 10, 10), date(2022, 10, 31), date(2022, 11, 4)]


def test_the_dates_of_a_leap_years_first_quarter() -> None:
    assert end_of_day(date(2024, 2, 29), ZONE) == at("2024-03-01T00:00")
    assert end_of_day(date(2023, 2, 28), ZONE) == at("2023-03-01T00:00")
    assert planned("2023Q4", Plan(redeem_until_days=60, settle_until_days=60), ZONE).redeem_until == at("2024-03-01T00:00")


def test_a_zone_with_another_summer_time_still_ends_days_at_its_own_midnight() -> None:
    """1991 is the last year in which China moved its clocks; a day there had 25 hours."""
    first, last = end_of_day(date(1991, 9, 14), ZONE), end_of_day(date(1991, 9, 15), ZONE)
    assert last - first == timedelta(hours=25)
    assert local_date(first - timedelta(microseconds=1), ZONE) == date(1991, 9, 14)
    assert local_date(first, ZONE) == date(1991, 9, 15)


@pytest.mark.parametrize(
    ("published", "ends", "redeem", "settle"),
    [
        ("2022-10-04T00:00", "2022-10-11T00:00", "2022-11-01T00:00", "2022-11-05T00:00"),
        ("2022-10-04T23:59", "2022-10-11T00:00", "2022-11-01T00:00", "2022-11-05T00:00"),
        ("2022-10-05T00:00", "2022-10-12T00:00", "2022-11-01T00:00", "2022-11-05T00:00"),
        ("2022-10-24T23:59", "2022-10-31T00:00", "2022-11-01T00:00", "2022-11-05T00:00"),
        ("2022-10-25T09:00", "2022-11-01T00:00", "2022-11-22T00:00", "2022-11-26T00:00"),
        ("2022-11-10T09:00", "2022-11-17T00:00", "2022-12-08T00:00", "2022-12-12T00:00"),
    ],
)
def test_a_notice_hangs_seven_days_from_its_real_publication(published: str, ends: str, redeem: str, settle: str) -> None:
    cycle = publish(planned("2022Q3", Plan(), ZONE, "frozen"), at(published), ZONE)
    assert (cycle.state, cycle.noticed_at) == ("noticed", at(published))
    assert (cycle.notice_ends_at, cycle.redeem_until, cycle.settle_until) == (at(ends), at(redeem), at(settle))
    assert cycle.notice_from == at("2022-10-04T00:00")


def test_a_step_by_hand_moves_the_date_it_stands_for_and_no_other() -> None:
    cycle = planned("2022Q3", Plan(), ZONE)
    frozen = freeze(cycle, at("2022-09-20T10:00"))
    assert (frozen.state, frozen.cutoff_at, frozen.notice_from) == ("frozen", at("2022-09-20T10:00"), cycle.notice_from)
    noticed = publish(frozen, at("2022-09-21T10:00"), ZONE)
    assert (noticed.notice_from, noticed.notice_ends_at) == (at("2022-09-21T10:00"), at("2022-09-28T00:00"))
    assert noticed.redeem_until == cycle.redeem_until
    assert freeze(cycle, at("2022-10-09T00:00")).cutoff_at == cycle.cutoff_at  # late is late: the date stays


@pytest.mark.parametrize(
    ("field", "days"),
    [("cutoff_days", -1), ("notice_days", 0), ("redeem_until_days", 10), ("settle_until_days", 30)],
)
def test_dates_that_do_not_follow_one_another_are_refused(field: str, days: int) -> None:
    with pytest.raises(InvalidInput) as refusal:
        Plan(**{field: days})
    assert refusal.value.facts["field"] == f"cycle.{field}"


def test_the_shortest_plan_there_can_be() -> None:
    cycle = planned("2022Q3", Plan(cutoff_days=0, notice_days=1, redeem_until_days=2, settle_until_days=2), ZONE)
    moments = [cycle.cutoff_at, cycle.notice_ends_at, cycle.redeem_until, cycle.settle_until]
    assert moments == [at(f"2022-10-0{day}T00:00") for day in (1, 2, 3, 3)]


def test_a_quarter_walks_one_state_at_a_time() -> None:
    for n, state in enumerate(STATES):
        for m, to in enumerate(STATES):
            if m == n + 1:
                check_step(state, to)
            else:
                with pytest.raises(IllegalStep):
                    check_step(state, to)


def test_each_state_knows_when_its_next_step_is_due() -> None:
    cycle = planned("2022Q3", Plan(), ZONE)
    from dataclasses import replace

    due = {state: due_at(replace(cycle, state=state)) for state in STATES}
    assert due == {
        "draft": None, "earning": cycle.cutoff_at, "frozen": cycle.notice_from, "noticed": cycle.notice_ends_at,
        "redeeming": cycle.redeem_until, "reconciling": cycle.settle_until, "sealed": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "recorded", "cycle"),
    [
        ("2022-09-30", "2022-10-03T23:59:59", "2022Q3"),
        ("2022-09-30", "2022-10-04T00:00:00", "2022Q4"),
        ("2022-07-01", "2022-07-01T09:00:00", "2022Q3"),
        ("2021-12-31", "2022-10-02T00:00:00", "2022Q4"),
        ("2022-10-01", "2022-09-30T23:00:00", "2022Q4"),
        ("2022-12-31", "2023-01-03T23:59:59", "2022Q4"),
        ("2022-12-31", "2023-01-04T00:00:00", "2023Q1"),
    ],
)
def test_a_fact_belongs_to_its_own_quarter_until_the_cut_off(fact: str, recorded: str, cycle: str) -> None:
    assert earning_cycle(date.fromisoformat(fact), at(recorded), Plan(), ZONE, {}) == cycle


def test_a_cut_off_that_was_moved_counts() -> None:
    moved = {"2022Q3": at("2022-10-06T00:00")}
    assert earning_cycle(date(2022, 9, 30), at("2022-10-05T23:59:59"), Plan(), ZONE, moved) == "2022Q3"
    assert earning_cycle(date(2022, 9, 30), at("2022-10-06T00:00:00"), Plan(), ZONE, moved) == "2022Q4"
