"""What desks and organisers read, and cards given and taken, on both engines."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain.errors import Differs, Forbidden, PassInvalid, PassRevoked, WrongStation
from ledger.domain.people import Actor, Grant
from ledger.storage import desk_screen
from ledger.usecases import view_activity, view_desk
from ledger.usecases.check_in import check_in_for
from ledger.usecases.identify import identify
from ledger.usecases.issue_blank_cards import issue_blank_cards
from ledger.usecases.open_activity import open_activity
from ledger.usecases.replace_card import replace_card


@pytest.fixture
def redeeming(district):
    district.to_redeeming()
    return district


def look(district, shown: str, station: str = "DY001"):
    return district.book.read(
        lambda unit: view_desk.facing(unit, district.keeper, station=station, shown=shown, now=district.now, seen_at=None)
    )


def local_organiser() -> Actor:
    """The cast's organiser, were they of 东苑社区 alone."""
    return Actor("U000005", person="V000004", grants=(Grant("organiser", "dongyuan"),))


def begin(district, area: str = "dongyuan") -> str:
    request = district.request("open_activity")
    opened = open_activity(
        district.book, request, name="清扫小广场", kind="志愿服务", area=area, starts_at=district.now,
        ends_at=district.now + timedelta(hours=1), rule="event-6",
    )  # fmt: skip
    return str(opened["activity"])


def test_the_desk_sees_person_shelf_limits_and_last_time(redeeming):
    redeeming.walk_up("SP-02", 2)
    redeeming.hold("SP-03", 1)
    seen = look(redeeming, redeeming.code())
    assert (seen.how, seen.person.name, seen.person.place, seen.spendable) == ("code", "王*兰", "东苑社区第1网格", 3)
    assert [(g.sku, g.left, g.taken, g.most(seen.spendable)) for g in seen.goods] == [
        ("SP-01", 40, 0, 0),
        ("SP-02", 8, 2, 0),
        ("SP-03", 99, 1, 0),
    ]
    assert seen.last is not None and [(p.name, p.quantity, p.unit) for p in seen.last.pieces] == [("食用油", 2, "桶")]
    assert [w.station for w in seen.waiting] == ["东苑站"] and seen.blocked is None


def test_the_station_now(redeeming):
    redeeming.walk_up("SP-03", 1)
    redeeming.hold("SP-01", 1, person="V000002")
    now = redeeming.book.read(lambda unit: view_desk.standing(unit, redeeming.keeper, "DY001", redeeming.now))
    assert (now.cycle, now.handed_today, now.waiting, now.opened_by) == ("2022Q3", 1, 1, "李*")
    last = redeeming.book.read(lambda unit: view_desk.last_handed_over(unit, redeeming.keeper, "DY001", redeeming.now))
    assert last is not None and last.person == "王*兰"
    redeeming.later(seconds=121)
    assert redeeming.book.read(lambda unit: view_desk.last_handed_over(unit, redeeming.keeper, "DY001", redeeming.now)) is None
    lots = redeeming.book.read(lambda unit: desk_screen.receipt_lots(unit, "DY001", sku="SP-03"))
    assert [(lot.quantity, lot.left, lot.unit_cost_fen) for lot in lots] == [(100, 99, 500)]


def test_another_station_is_not_shown(redeeming):
    with pytest.raises(WrongStation):
        look(redeeming, redeeming.code(), station="XY001")


def test_what_a_key_came_to_is_found_without_its_body(redeeming):
    def asked(key: str):
        return redeeming.book.read(lambda unit: view_desk.outcome(unit, redeeming.keeper, key))

    assert asked("k-1") is None
    done = redeeming.walk_up("SP-03", 1, key="k-1")
    assert asked("k-1") == done


def test_an_organiser_sees_their_areas_and_below(redeeming):
    here, there = begin(redeeming), begin(redeeming, "xiyuan")
    local = local_organiser()
    span = (redeeming.now - timedelta(hours=1), redeeming.now + timedelta(days=1))

    def listed(actor: Actor) -> set[str]:
        return {one.activity.id for one in redeeming.book.read(lambda unit: view_activity.activities(unit, actor, *span))}

    assert listed(local) == {here} and listed(redeeming.organiser) == {here, there}
    assert [area.code for area in redeeming.book.read(lambda unit: view_activity.areas(unit, local))][0] == "dongyuan"
    assert "每次活动6分" in [rule.name for rule in redeeming.book.read(lambda unit: view_activity.rules(unit, redeeming.now))]
    with pytest.raises(Forbidden):
        redeeming.book.read(lambda unit: view_activity.roll(unit, local, there))


def test_the_roll_counts_who_came(redeeming):
    id = begin(redeeming)
    request = redeeming.request("check_in", redeeming.organiser)
    check_in_for(redeeming.book, request, activity=id, shown=redeeming.card())
    roll = redeeming.book.read(lambda unit: view_activity.roll(unit, redeeming.organiser, id))
    assert roll.present == 1 and [(came.person, came.is_recorder) for came in roll.came] == [("王*兰", True)]
    assert redeeming.book.read(lambda unit: view_activity.waiting_count(unit, redeeming.organiser)) == 0


def test_a_card_is_replaced_in_one_step(redeeming):
    old = redeeming.card()
    answer = replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper), person=old)
    assert answer["revoked"] == [old] and redeeming.card() == answer["card"]
    with pytest.raises(PassRevoked):
        redeeming.book.read(lambda unit: identify(unit, old, now=redeeming.now))


def test_the_same_request_replaces_once(redeeming):
    first = replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper, "k-2"), person="V000001")
    again = replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper, "k-2"), person="V000001")
    assert first == again and redeeming.card() == first["card"]


def test_a_blank_card_opens_nothing_until_it_is_bound_and_then_only_one_persons(redeeming):
    blank, spare = issue_blank_cards(redeeming.book, redeeming.request("blank", redeeming.keeper), count=2)["cards"]
    replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper), person="V000006", blank=blank)
    assert redeeming.card("V000006") == blank
    with pytest.raises(Differs):
        replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper), person="V000001", blank=blank)
    with pytest.raises(PassInvalid):
        replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper), person="V000001", blank="00000000")
    assert spare != redeeming.card()


def test_an_organiser_gives_cards_in_their_own_area_only(redeeming):
    local = local_organiser()
    replace_card(redeeming.book, redeeming.request("replace_card", local), person="V000001")
    with pytest.raises(Forbidden):
        replace_card(redeeming.book, redeeming.request("replace_card", local), person="V000006")
    with pytest.raises(Forbidden):
        replace_card(redeeming.book, redeeming.request("replace_card", redeeming.as_volunteer()), person="V000001")
    with pytest.raises(Forbidden):
        replace_card(redeeming.book, redeeming.request("replace_card", redeeming.keeper), person="V000003")
