"""What residents' pages read, on both engines."""

from __future__ import annotations

import pytest

from ledger.storage import residents
from ledger.usecases.choose_mode import ELDER, choose_mode, is_elder
from ledger.usecases.view_hold import open_holds, view_hold
from tests.web.phone import Phone, app_of

PATHS = (
    "/me", "/me/code", "/me/statement", "/me/reserve?find=西苑", "/me/reserve/DY001", "/activities", "/stations?area=dongyuan",
    "/notice", "/notice/2022Q3/dongyuan", "/notice/2022Q3?line=0001", "/notice/2022Q3/lines/1", "/me/settings",
)  # fmt: skip


@pytest.fixture
def redeeming(district):
    district.to_redeeming()
    return district


def test_every_page_reads(redeeming):
    phone = Phone(redeeming, app_of(redeeming), redeeming.volunteer)
    for path in PATHS:
        assert phone.get(path).status == 200, path


def test_lines_newest_first_with_the_balance_after_each(redeeming):
    redeeming.hold("SP-01", 1)
    redeeming.walk_up("SP-03", 1)

    def look(unit):
        first = residents.latest(unit, redeeming.volunteer, most=2)
        return first, residents.latest(unit, redeeming.volunteer, before=first.next, most=50)

    first, rest = redeeming.book.read(look)
    assert [line.kind for line in first.lines] == ["handed_over", "hold_placed"]
    assert first.lines[0].balance == redeeming.balance().spendable
    assert rest.next is None
    assert first.lines[1].balance - first.lines[1].amount == rest.lines[0].balance


def test_a_hold_is_seen_with_its_code_until_it_is_over(redeeming):
    hold = redeeming.hold("SP-03", 2)["hold"]
    [view] = redeeming.book.read(lambda unit: open_holds(unit, redeeming.volunteer))
    assert view.hold.id == hold and view.station.code == "DY001"
    redeeming.collect(view.code)
    over = redeeming.book.read(lambda unit: view_hold(unit, hold, redeeming.volunteer))
    assert over.hold.state == "settled" and over.receipt


def test_the_code_of_a_hold_outlives_a_change_of_keys(redeeming):
    hold = redeeming.hold("SP-03", 1)["hold"]
    before = redeeming.book.read(lambda unit: view_hold(unit, hold, redeeming.volunteer)).code
    redeeming.book.keyring.rotate("derive")
    redeeming.book.keyring.rotate("codes")
    assert redeeming.book.read(lambda unit: view_hold(unit, hold, redeeming.volunteer)).code == before


def test_elder_mode_is_chosen_and_dropped_any_number_of_times(redeeming):
    def choose(elder):
        request = redeeming.request("choose_mode", redeeming.as_volunteer())
        choose_mode(redeeming.book, request, person=redeeming.volunteer, elder=elder)
        return redeeming.book.read(lambda unit: is_elder(unit, redeeming.volunteer))

    assert [choose(elder) for elder in (True, True, False, False, True)] == [True, True, False, False, True]
    redeeming.later(minutes=1)
    assert [choose(elder) for elder in (False, True)] == [False, True]
    assert redeeming.book.read(lambda unit: residents.is_in_mode(unit, redeeming.neighbour, ELDER)) is False


def test_stations_and_lines_are_found(redeeming):
    def look(unit):
        return (
            [station.code for station in residents.stations_of(unit, "dongyuan")],
            [station.code for station in residents.search_stations(unit, "西苑路")],
            residents.notice_lines_by_tail(unit, "2022Q3", "", redeeming.card()[-4:]),
            residents.notice_lines_of(unit, "2022Q3", redeeming.volunteer),
        )

    own, found, by_tail, mine = redeeming.book.read(look)
    assert own == ["DY001"] and found == ["XY001"] and by_tail == mine and len(mine) == 2
