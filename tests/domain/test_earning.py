"""Earning: raw value, rounding, all five caps on both sides of their edge, minutes inside the planned window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.earning import CAPS, Award, Rule, award, check_in_window, raw_points, served_minutes
from ledger.domain.errors import InvalidInput

START, END = datetime(2022, 7, 9, 6, tzinfo=UTC), datetime(2022, 7, 9, 8, tzinfo=UTC)


def rule(**more: Any) -> Rule:
    return Rule(**{"id": "r", "version": 1, "name": "r", "basis": "event", "points": 6, "clause": "第三条", **more})


@pytest.mark.parametrize(
    ("more", "minutes", "points"),
    [
        ({}, 0, 6), ({}, 600, 6), ({"per_mille": 1500}, 0, 9), ({"per_mille": 0}, 0, 0),
        ({"basis": "minute", "points": 10}, 60, 10), ({"basis": "minute", "points": 10}, 59, 9), ({"basis": "minute", "points": 10}, 0, 0),
        ({"basis": "minute", "points": 10, "per_mille": 1200}, 60, 12), ({"basis": "minute", "points": 1, "per_mille": 1}, 60_000, 1),
    ],
)  # fmt: skip
def test_what_a_rule_gives_before_caps(more: dict[str, Any], minutes: int, points: int) -> None:
    assert raw_points(rule(**more), minutes) == points


@pytest.mark.parametrize(
    ("minutes", "down", "half_up", "up"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (29, 0, 0, 1), (30, 0, 1, 1), (31, 0, 1, 1), (60, 1, 1, 1), (89, 1, 1, 2), (90, 1, 2, 2)],
)
def test_minutes_are_rounded_once(minutes: int, down: int, half_up: int, up: int) -> None:
    given_by = [raw_points(rule(basis="minute", points=1, rounding=rounding), minutes) for rounding in ("down", "half_up", "up")]
    assert given_by == [down, half_up, up]


@pytest.mark.parametrize("cap", CAPS)
def test_each_cap_cuts_just_what_is_over_it(cap: str) -> None:
    capped = rule(caps={cap: 10})
    used = {} if cap == "event" else {cap: 4}
    if cap == "event":
        assert award(rule(caps={"event": 6}), 0, {}) == Award(6, 6)
        assert award(rule(caps={"event": 5}), 0, {}) == Award(6, 5, "event")
        return
    assert award(capped, 0, used) == Award(6, 6)
    assert award(capped, 0, {cap: 5}) == Award(6, 5, cap)
    assert award(capped, 0, {cap: 10}) == Award(6, 0, cap)
    assert award(capped, 0, {cap: 11}) == Award(6, 0, cap)


def test_the_tightest_cap_is_the_one_named() -> None:
    assert award(rule(caps={"day": 5, "year": 3}), 0, {}) == Award(6, 3, "year")
    assert award(rule(caps={"day": 3, "year": 5}), 0, {}) == Award(6, 3, "day")


@given(
    st.integers(0, 1000), st.integers(0, 10_000), st.sampled_from(("event", "minute")), st.sampled_from(("down", "up", "half_up")),
    st.integers(0, 1440), st.dictionaries(st.sampled_from(CAPS), st.integers(0, 500)),
    st.dictionaries(st.sampled_from(CAPS[1:]), st.integers(0, 600)),
)  # fmt: skip
def test_nothing_is_given_over_a_cap_nor_below_zero(
    points: int, per_mille: int, basis: str, rounding: str, minutes: int, caps: dict[str, int], used: dict[str, int]
) -> None:
    found = award(rule(points=points, per_mille=per_mille, basis=basis, rounding=rounding, caps=caps), minutes, used)
    assert 0 <= found.points <= found.raw
    assert all(found.points <= max(0, most - used.get(cap, 0)) for cap, most in caps.items())
    assert (found.points < found.raw) == (found.capped_by != "")
    exact = points * per_mille * (minutes if basis == "minute" else 60)
    low, high = exact // 60_000, -(-exact // 60_000)
    assert low <= found.raw <= high
    assert rounding != "down" or found.raw == low
    assert rounding != "up" or found.raw == high


@pytest.mark.parametrize(
    "wrong",
    [{"clause": " "}, {"basis": "hour"}, {"rounding": "bankers"}, {"points": -1}, {"per_mille": 10_001}, {"per_mille": -1},
     {"min_evidence": 4}, {"min_evidence": -1}, {"caps": {"week": 1}}, {"caps": {"day": -1}}],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_cannot_be_built(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rule(**wrong)


@pytest.mark.parametrize(
    ("came", "left", "minutes"),
    [
        (0, 120, 120), (-30, 120, 120), (0, 600, 120), (None, None, 120), (None, 30, 30), (90, None, 30), (119, 121, 1), (120, 240, 0),
        (-60, -30, 0), (60, 30, 0), (0, 0, 0),
    ],
)  # fmt: skip
def test_minutes_count_inside_the_planned_window_only(came: int | None, left: int | None, minutes: int) -> None:
    moments = [None if m is None else START + timedelta(minutes=m) for m in (came, left)]
    assert served_minutes(moments[0], moments[1], START, END) == minutes


def test_a_started_minute_is_not_a_minute() -> None:
    assert served_minutes(START, START + timedelta(minutes=5, seconds=59), START, END) == 5


def test_the_door_opens_fifteen_minutes_before() -> None:
    assert check_in_window(START, END) == (START - timedelta(minutes=15), END)
