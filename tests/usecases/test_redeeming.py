"""Redeeming: reserve, collect, walk up, void, expire; each refusal where it happens and where it almost does."""

from __future__ import annotations

import pytest

from ledger.domain import errors
from ledger.domain.account import redeemed
from ledger.storage import journal
from tests.cast import District, local


@pytest.fixture
def open_district(district: District) -> District:
    district.to_redeeming()
    return district


def test_a_walk_up_moves_points_goods_and_cost_in_one_entry(open_district: District) -> None:
    done = open_district.walk_up("SP-01", 2)
    entry = open_district.book.read(lambda unit: journal.act_by_id(unit, done["entry"]))
    assert entry is not None
    moved = sorted((p.account.path.split("/")[0], p.account.commodity, p.amount) for p in entry.postings)
    assert moved == [
        ("handed", "SP-01", 2), ("redeemed", "PTS", 60), ("shelf", "SP-01", -2), ("spent", "CNY", 5980), ("wallet", "PTS", -60),
        ("worth", "CNY", -5980),
    ]  # fmt: skip
    assert (done["points"], done["spendable_after"]) == (60, 51)
    assert open_district.balance().spendable == 51


def test_points_are_drawn_oldest_lot_first(open_district: District) -> None:
    open_district.walk_up("SP-01", 3)
    open_district.walk_up("SP-03", 2)
    left = [(lot.cycle, lot.pool, lot.remaining) for lot in open_district.balance().lots]
    assert left == [("2022Q3", "xiyuan", 5)]
    assert open_district.balance().spendable == 5


def test_reserving_takes_points_and_goods_and_collecting_settles_both(open_district: District) -> None:
    held = open_district.hold("SP-01")
    assert (open_district.balance().spendable, open_district.balance().held) == (81, 30)
    done = open_district.collect(held["hold"])
    assert (done["points"], open_district.balance().spendable, open_district.balance().held) == (30, 81, 0)


def test_voiding_gives_points_goods_and_allowance_back(open_district: District) -> None:
    held = open_district.hold("SP-02", 2)
    with pytest.raises(errors.LimitReached):
        open_district.hold("SP-02", person=open_district.volunteer)
    open_district.void(held["hold"])
    assert (open_district.balance().spendable, open_district.balance().held) == (111, 0)
    again = open_district.hold("SP-02", 2)
    assert open_district.collect(again["hold"])["points"] == 100


def test_the_limit_holds_on_both_sides_of_its_edge(open_district: District) -> None:
    with pytest.raises(errors.LimitReached) as refusal:
        open_district.hold("SP-02", 3)
    assert (refusal.value.facts["limit"], refusal.value.facts["taken"]) == (2, 0)
    open_district.hold("SP-02", 2)


def test_one_point_short_is_refused_and_exactly_enough_is_served(open_district: District) -> None:
    open_district.walk_up("SP-01", 2)  # 51 left
    open_district.walk_up("SP-03", 1)  # 43 left
    with pytest.raises(errors.NotEnoughPoints) as refusal:
        open_district.walk_up("SP-02", 1)
    assert refusal.value.facts == {"spendable_points": 43, "needed_points": 50}
    open_district.walk_up("SP-03", 5)
    assert open_district.balance().spendable == 3


def test_the_last_piece_is_served_and_one_more_is_refused(open_district: District) -> None:
    open_district.station = "XY001"
    open_district.hold("SP-03", 5, person=open_district.neighbour)
    with pytest.raises(errors.OutOfStock) as refusal:
        open_district.hold("SP-03", 1, person=open_district.outsider)
    assert refusal.value.facts == {"sku": "SP-03", "name": "肥皂", "on_shelf": 0}


def test_a_used_code_is_refused_with_when_and_where(open_district: District) -> None:
    code = open_district.code()
    open_district.walk_up("SP-03", shown=code)
    with pytest.raises(errors.PassAlreadyUsed) as refusal:
        open_district.walk_up("SP-03", shown=code)
    assert refusal.value.facts["station"] == "东苑站"
    assert refusal.value.facts["used_at"] == "09:00"


def test_a_code_lives_sixty_seconds(open_district: District) -> None:
    code = open_district.code()
    open_district.later(seconds=59)
    open_district.walk_up("SP-03", shown=code)
    code = open_district.code()
    open_district.later(seconds=60)
    with pytest.raises(errors.PassExpired):
        open_district.walk_up("SP-03", shown=code)


def test_a_slow_keeper_has_ten_minutes_once_the_page_was_open(open_district: District) -> None:
    code, seen_at = open_district.code(), open_district.now
    open_district.later(minutes=10)
    open_district.walk_up("SP-03", shown=code, seen_at=seen_at)
    code, seen_at = open_district.code(), open_district.now
    open_district.later(minutes=10, seconds=1)
    with pytest.raises(errors.PassExpired):
        open_district.walk_up("SP-03", shown=code, seen_at=seen_at)


def test_a_refusal_leaves_the_code_and_the_key_usable(open_district: District) -> None:
    code = open_district.code()
    with pytest.raises(errors.NotEnoughPoints):
        open_district.walk_up("SP-01", 30, shown=code, key="refused once")
    assert open_district.walk_up("SP-01", 1, shown=code, key="refused once")["points"] == 30


def test_same_key_gives_the_first_answer_and_another_body_is_refused(open_district: District) -> None:
    code = open_district.code()
    first = open_district.walk_up("SP-03", shown=code, key="again")
    assert open_district.walk_up("SP-03", shown=code, key="again") == first
    with pytest.raises(errors.RequestKeyReused):
        open_district.walk_up("SP-03", 2, shown=code, key="again")
    assert open_district.balance().spendable == 103


def test_a_keeper_serves_only_at_their_station_and_never_themselves(open_district: District) -> None:
    held = open_district.hold("SP-03")
    with pytest.raises(errors.WrongStation):
        open_district.collect(held["hold"], open_district.other_keeper)
    with pytest.raises(errors.Forbidden):
        open_district.collect(held["hold"], open_district.as_volunteer())
    open_district.collect(held["hold"])
    with pytest.raises(errors.Forbidden):
        open_district.walk_up("SP-03", shown=open_district.code(open_district.keeper_person))


def test_a_hold_is_resolved_once(open_district: District) -> None:
    held = open_district.hold("SP-03")
    open_district.collect(held["hold"])
    with pytest.raises(errors.HoldResolved):
        open_district.collect(held["hold"])
    with pytest.raises(errors.HoldResolved):
        open_district.void(held["hold"])


def test_voiding_twice_is_the_same_answer(open_district: District) -> None:
    held = open_district.hold("SP-03")
    assert open_district.void(held["hold"]) == open_district.void(held["hold"])


def test_nothing_is_redeemed_while_no_cycle_is_redeeming(district: District) -> None:
    for moment in (district.now, local("2022-10-04 09:00")):
        district.tick_at(moment)
        with pytest.raises(errors.CycleClosed):
            district.hold("SP-03")
    district.tick_at(local("2022-10-12 09:00"))
    district.hold("SP-03")


def test_the_window_closes_on_sight_without_a_scheduler(open_district: District) -> None:
    held = open_district.hold("SP-03")
    open_district.now = local("2022-10-31 23:59")
    open_district.hold("SP-03")
    open_district.now = local("2022-11-01 00:00")
    with pytest.raises(errors.CycleClosed):
        open_district.hold("SP-03")
    with pytest.raises(errors.HoldExpired):
        open_district.collect(held["hold"])


def test_unresolved_holds_expire_when_redemption_ends_and_lots_lapse_with_the_year(open_district: District) -> None:
    open_district.hold("SP-01")
    open_district.tick_at(local("2022-11-01 09:00"))
    assert (open_district.balance().spendable, open_district.balance().held) == (111, 0)
    open_district.tick_at(local("2022-12-31 23:59"))
    assert open_district.balance().spendable == 111
    open_district.tick_at(local("2023-01-01 00:00"))
    assert open_district.balance().spendable == 0


def test_a_card_alone_does_not_spend_but_with_a_witness_it_does(open_district: District) -> None:
    card = open_district.card()
    with pytest.raises(errors.WitnessRequired):
        open_district.walk_up("SP-03", shown=card)
    with pytest.raises(errors.WitnessRequired):
        open_district.walk_up("SP-03", shown=card, witness=open_district.card(open_district.neighbour))


@pytest.mark.parametrize("quantity", [0, -1, 1_000_001, True])
def test_a_quantity_that_makes_no_sense_is_refused(sqlite_district: District, quantity: int) -> None:
    sqlite_district.to_redeeming()
    with pytest.raises(errors.InvalidInput):
        sqlite_district.hold("SP-03", quantity)


def test_money_of_a_redemption_is_charged_to_the_pool_and_source(open_district: District) -> None:
    done = open_district.walk_up("SP-01")
    entry = open_district.book.read(lambda unit: journal.act_by_id(unit, done["entry"]))
    assert entry is not None
    assert redeemed("2022Q3.DY001", "dongyuan") in {p.account for p in entry.postings}
    assert entry.desk == "2022Q3.DY001.1"
