"""Points and their smallest step; per mille; accounts; entries that balance or cannot be built."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ledger.domain import account
from ledger.domain.account import FAMILIES, Account, holder_of, lot_of
from ledger.domain.entry import Posting, check_balanced, move, net_by_account, opposite
from ledger.domain.errors import InvalidInput
from ledger.domain.points import PointScale, share_per_mille


@pytest.mark.parametrize(
    ("decimals", "points", "steps"),
    [
        (0, "0", 0), (0, "7", 7), (0, "7.0", 7), (0, "1E+1", 10), (0, "9999999", 9_999_999),
        (1, "0.1", 1), (1, "12.5", 125), (1, "12.50", 125), (2, "0.01", 1), (2, "1.1", 110), (2, "9999999.99", 999_999_999),
    ],
)  # fmt: skip
def test_points_become_whole_steps(decimals: int, points: str, steps: int) -> None:
    assert PointScale(decimals).steps(Decimal(points)) == steps


@pytest.mark.parametrize(("decimals", "points"), [(0, "0.5"), (0, "7.01"), (1, "0.05"), (1, "12.55"), (2, "0.001"), (2, "1.015")])
def test_points_finer_than_a_step_are_refused(decimals: int, points: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        PointScale(decimals).steps(Decimal(points), "price_points")
    assert refusal.value.facts == {"field": "price_points", "reason": "finer_than_a_step"}


@pytest.mark.parametrize(
    ("decimals", "steps", "number", "text"),
    [
        (0, 0, 0, "0"), (0, 12, 12, "12"), (0, -12, -12, "−12"),
        (1, 5, 0.5, "0.5"), (1, 120, 12, "12"), (1, 125, 12.5, "12.5"), (1, -5, -0.5, "−0.5"),
        (2, 1, 0.01, "0.01"), (2, 105, 1.05, "1.05"), (2, 110, 1.1, "1.1"), (2, 1000, 10, "10"), (2, -150, -1.5, "−1.5"),
        (2, 999_999_999, 9_999_999.99, "9999999.99"),
    ],
)  # fmt: skip
def test_steps_are_shown_in_points(decimals: int, steps: int, number: float, text: str) -> None:
    shown = PointScale(decimals).number(steps)
    assert (shown, type(shown)) == (number, type(number))
    assert PointScale(decimals).text(steps) == text


@pytest.mark.parametrize(
    ("amount", "per_mille", "down", "half_up", "up"),
    [
        (10, 1000, 10, 10, 10), (10, 0, 0, 0, 0), (3, 500, 1, 2, 2), (1, 499, 0, 0, 1), (1, 500, 0, 1, 1), (7, 1333, 9, 9, 10),
        (1, 1, 0, 0, 1),
    ],
)  # fmt: skip
def test_a_share_is_rounded_by_its_own_rule(amount: int, per_mille: int, down: int, half_up: int, up: int) -> None:
    assert [share_per_mille(amount, per_mille, rounding) for rounding in ("down", "half_up", "up")] == [down, half_up, up]


# -- accounts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("made", "path", "commodity"),
    [
        (account.wallet("V000123", "2022Q3.dongyuan"), "wallet/V000123/2022Q3.dongyuan", "PTS"),
        (account.pending("V000123", "2022Q3.dongyuan"), "pending/V000123/2022Q3.dongyuan", "PTS"),
        (account.held_points("H1", "2022Q3.dongyuan"), "held/H1/2022Q3.dongyuan", "PTS"),
        (account.held_goods("H1", "R0000042", "SP-01"), "held/H1/R0000042", "SP-01"),
        (account.debt("V000123"), "debt/V000123", "PTS"),
        (account.honour("V000123"), "honour/V000123", "HON"),
        (account.shelf("YZ001", "R0000042", "SP-01"), "shelf/YZ001/R0000042", "SP-01"),
        (account.worth("YZ001", "R0000042"), "worth/YZ001/R0000042", "CNY"),
        (account.fund("opening"), "fund/opening", "CNY"),
        (account.issued("event-5", "dongyuan", "2022Q3"), "issued/event-5/dongyuan/2022Q3", "PTS"),
        (account.issued("event-5", "dongyuan", "2022Q3", "HON"), "issued/event-5/dongyuan/2022Q3/HON", "HON"),
        (account.redeemed("2022Q3.YZ001", "dongyuan"), "redeemed/2022Q3.YZ001/dongyuan", "PTS"),
        (account.handed("2022Q3.YZ001", "SP-01"), "handed/2022Q3.YZ001/SP-01", "SP-01"),
        (account.spent("2022Q3.YZ001", "opening"), "spent/2022Q3.YZ001/opening", "CNY"),
        (account.lapsed("2022Q4"), "lapsed/2022Q4", "PTS"),
        (account.supplied("donation", "SP-01"), "supplied/donation/SP-01", "SP-01"),
        (account.opening("B000001"), "opening/B000001", "PTS"),
        (account.opening("B000001", "CNY"), "opening/B000001/CNY", "CNY"),
        (account.variance("D1", "SP-01"), "variance/D1/SP-01", "SP-01"),
    ],
)
def test_an_account_is_its_path_and_one_commodity(made: Account, path: str, commodity: str) -> None:
    assert (made.path, made.commodity) == (path, commodity)


def test_what_many_people_touch_carries_no_balance_and_what_is_spent_has_a_floor() -> None:
    hot = {name for name, family in FAMILIES.items() if not family.cached}
    assert hot == {"issued", "redeemed", "handed", "spent", "lapsed", "donated", "supplied", "variance", "opening", "payable", "clearing"}
    assert {name for name, family in FAMILIES.items() if family.floor == 0} == {"wallet", "pending", "held", "shelf", "worth", "fund"}


def test_a_path_names_its_holder_and_its_lot() -> None:
    assert [holder_of(p) for p in ("wallet/V1/2022Q3.x", "debt/V1", "honour/V1", "pending/V1/l", "shelf/S1/R1", "held/H1/l")] == [
        "V1", "V1", "V1", "V1", "", "",
    ]  # fmt: skip
    assert lot_of("wallet/V1/2022Q3.x") == "2022Q3.x"


def test_an_unknown_family_or_an_endless_path_cannot_be_built() -> None:
    for path in ("purse/V1", "wallet", "", "wallet/" + "x" * 160):
        if path == "wallet":
            continue
        with pytest.raises(AssertionError):
            Account(path, "PTS")


# -- entries ---------------------------------------------------------------------------------------------------------

A, B, GOODS = account.wallet("V1", "l"), account.lapsed("2022Q4"), account.shelf("S", "R", "SP-01")


def test_what_moves_leaves_one_account_and_reaches_another() -> None:
    assert move(A, B, 5) == (Posting(A, -5), Posting(B, 5))
    for amount in (0, -1):
        with pytest.raises(AssertionError):
            move(A, B, amount)
    with pytest.raises(AssertionError):
        move(A, GOODS, 5)


@pytest.mark.parametrize(
    "legs",
    [
        [],
        [Posting(A, 1)],
        [Posting(A, 1), Posting(B, -2)],
        [Posting(A, 1), Posting(B, -1), Posting(GOODS, 1)],
        [Posting(A, 0), Posting(B, 0)],
        [Posting(A, 1), Posting(GOODS, -1)],
    ],
)
def test_an_entry_that_does_not_sum_to_zero_per_commodity_cannot_be_built(legs: list[Posting]) -> None:
    with pytest.raises(AssertionError):
        check_balanced(legs)


def test_the_opposite_of_an_entry_undoes_it() -> None:
    legs = [*move(A, B, 5), *move(A, B, 2)]
    assert opposite(legs) == (Posting(A, 5), Posting(B, -5), Posting(A, 2), Posting(B, -2))
    assert net_by_account([*legs, *opposite(legs)]) == {}
    assert net_by_account(legs) == {B: 7, A: -7}
    assert list(net_by_account(legs)) == [B, A]  # account order: lapsed before wallet
