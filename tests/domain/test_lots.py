"""Lots: which are spent first, and when each of the seven carry-over presets lets them lapse."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.cycle import Plan, planned
from ledger.domain.errors import NotEnoughPoints
from ledger.domain.lot import CARRY_OVERS, Draw, Lot, draw_oldest_first, expiry_of, lot_name

ZONE = "Asia/Shanghai"
NOW = datetime(2022, 10, 12, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text + "+08:00").astimezone(UTC)


def lot(name: str, remaining: int, expires: str | None) -> Lot:
    return Lot(name, remaining, None if expires is None else at(expires))


SOON = lot("2022Q3.dongyuan", 5, "2023-01-01T00:00")
LATER = lot("2022Q1.dongyuan", 7, "2024-01-01T00:00")
NEVER = lot("2019Q1.dongyuan", 9, None)


@pytest.mark.parametrize(
    ("needed", "draws"),
    [
        (1, (Draw("2022Q3.dongyuan", 1),)),
        (5, (Draw("2022Q3.dongyuan", 5),)),
        (6, (Draw("2022Q3.dongyuan", 5), Draw("2022Q1.dongyuan", 1))),
        (12, (Draw("2022Q3.dongyuan", 5), Draw("2022Q1.dongyuan", 7))),
        (21, (Draw("2022Q3.dongyuan", 5), Draw("2022Q1.dongyuan", 7), Draw("2019Q1.dongyuan", 9))),
    ],
)
def test_what_lapses_first_is_spent_first_whatever_its_name(needed: int, draws: tuple[Draw, ...]) -> None:
    for order in ([SOON, LATER, NEVER], [NEVER, LATER, SOON], [LATER, SOON, NEVER]):
        assert draw_oldest_first(order, needed, NOW) == draws


def test_lots_that_lapse_together_are_spent_oldest_quarter_first() -> None:
    end = "2023-01-01T00:00"
    lots = [lot("2022Q3.b", 4, end), lot("2022Q2.z", 4, end), lot("2022Q3.a", 4, end)]
    assert draw_oldest_first(lots, 12, NOW) == (Draw("2022Q2.z", 4), Draw("2022Q3.a", 4), Draw("2022Q3.b", 4))


def test_one_more_than_there_is_is_refused_with_what_there_is() -> None:
    with pytest.raises(NotEnoughPoints) as refusal:
        draw_oldest_first([SOON, LATER, NEVER], 22, NOW)
    assert refusal.value.facts == {"spendable_points": 21, "needed_points": 22}


def test_a_lot_pays_until_the_last_moment_of_its_day() -> None:
    last_moment = at("2023-01-01T00:00") - timedelta(microseconds=1)
    assert draw_oldest_first([SOON], 5, last_moment) == (Draw("2022Q3.dongyuan", 5),)
    with pytest.raises(NotEnoughPoints) as refusal:
        draw_oldest_first([SOON], 5, at("2023-01-01T00:00"))
    assert refusal.value.facts["spendable_points"] == 0


@given(
    st.lists(st.tuples(st.integers(0, 50), st.one_of(st.none(), st.integers(-5, 400))), max_size=8),
    st.integers(1, 200),
)
def test_draws_are_exact_and_never_touch_a_later_lot_before_an_earlier_one(given_lots: list[tuple[int, int | None]], needed: int) -> None:
    lots = [Lot(f"2022Q3.p{n}", left, None if days is None else NOW + timedelta(days=days)) for n, (left, days) in enumerate(given_lots)]
    live = [each for each in lots if each.remaining and (each.expires_at is None or each.expires_at > NOW)]
    if sum(each.remaining for each in live) < needed:
        with pytest.raises(NotEnoughPoints):
            draw_oldest_first(lots, needed, NOW)
        return
    draws = draw_oldest_first(lots, needed, NOW)
    assert sum(draw.amount for draw in draws) == needed
    assert all(draw.amount > 0 for draw in draws)
    by_name = {each.name: each for each in live}
    emptied = [draw for draw in draws[:-1] if by_name[draw.lot].remaining != draw.amount]
    assert emptied == []  # only the last lot may be left with something
    far = datetime.max.replace(tzinfo=UTC)
    touched = [by_name[draw.lot].expires_at or far for draw in draws]
    left = [each.expires_at or far for each in live if each.name not in {draw.lot for draw in draws}]
    assert touched == sorted(touched)
    assert not left or min(left) >= touched[-1]


def test_a_lot_is_named_by_quarter_and_pool() -> None:
    assert lot_name("2022Q3", "dongyuan") == "2022Q3.dongyuan"
    assert (SOON.cycle, SOON.pool) == ("2022Q3", "dongyuan")


# -- the seven presets -----------------------------------------------------------------------------------------------

GOLDEN: dict[str, list[tuple[str, str | None]]] = {
    "never": [("2022-10-11", None), ("2024-02-29", None)],
    "year_end": [("2022-10-11", "2023-01-01T00:00"), ("2022-12-31", "2023-01-01T00:00"), ("2023-01-01", "2024-01-01T00:00")],
    "after_redeeming": [("2022-10-11", "2022-11-01T00:00"), ("2022-12-31", "2022-11-01T00:00")],
    "three_years": [("2022-10-11", "2025-10-12T00:00"), ("2024-02-29", "2027-03-01T00:00"), ("2021-02-28", "2024-02-29T00:00")],
    "one_year": [("2022-10-11", "2023-10-12T00:00"), ("2024-02-29", "2025-03-01T00:00"), ("2023-02-28", "2024-02-29T00:00"),
                 ("2022-12-31", "2024-01-01T00:00")],
    "quarter": [("2022-10-11", "2023-01-01T00:00"), ("2022-12-31", "2023-01-01T00:00"), ("2024-02-29", "2024-04-01T00:00"),
                ("2022-07-01", "2022-10-01T00:00"), ("2022-06-30", "2022-07-01T00:00")],
    "half_year": [("2022-10-11", "2023-01-01T00:00"), ("2022-06-30", "2022-07-01T00:00"), ("2022-07-01", "2023-01-01T00:00"),
                  ("2024-02-29", "2024-07-01T00:00")],
}  # fmt: skip


@pytest.mark.parametrize("preset", CARRY_OVERS)
def test_each_preset_lapses_on_its_day(preset: str) -> None:
    cycle = planned("2022Q3", Plan(), ZONE)
    for spendable_on, lapses in GOLDEN[preset]:
        expected = None if lapses is None else at(lapses)
        assert expiry_of(preset, cycle, date.fromisoformat(spendable_on), ZONE) == expected, spendable_on


def test_every_preset_has_its_golden_dates() -> None:
    assert set(GOLDEN) == set(CARRY_OVERS)
    assert len(CARRY_OVERS) == 7


@pytest.mark.parametrize("preset", sorted(set(CARRY_OVERS) - {"never"}))
def test_a_second_before_midnight_it_is_still_spendable_and_at_midnight_not(preset: str) -> None:
    lapses = expiry_of(preset, planned("2022Q3", Plan(), ZONE), date(2022, 10, 11), ZONE)
    assert lapses is not None
    held = Lot("2022Q3.x", 1, lapses)
    assert lapses.astimezone(datetime.fromisoformat("2022-01-01T00:00+08:00").tzinfo).strftime("%H:%M:%S") == "00:00:00"
    assert draw_oldest_first([held], 1, lapses - timedelta(seconds=1)) == (Draw("2022Q3.x", 1),)
    with pytest.raises(NotEnoughPoints):
        draw_oldest_first([held], 1, lapses)
