"""Quarters: their steps by date, after downtime and by hand; settlement, objections, lots that lapse; every job twice."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from ledger.domain import errors
from ledger.storage import cycles, goods
from ledger.storage.sql import Statement
from ledger.usecases.advance_cycle import advance_cycle, tick
from ledger.usecases.decide_objection import decide_objection
from ledger.usecases.expire_holds import expire_holds
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_opening import import_opening
from ledger.usecases.lapse_lots import lapse_lots
from ledger.usecases.object_to_line import object_to_line
from ledger.usecases.request import Answer, Request
from ledger.usecases.settle_cycle import settle_cycle
from tests.cast import ATTENDANCE, NOTICED_AT, REDEEMING_AT, District, local, open_book
from tests.storage.test_races import at_once

RUNS = Statement("SELECT job, cycle, outcome FROM {job_run} ORDER BY started_at, job")
ACTS = Statement("SELECT count(*) FROM {act}")
SETTLED = Statement("SELECT COUNT(*) FROM {act} WHERE kind = 'points_settled'")


def state(district: District, name: str = "2022Q3") -> str:
    found = district.book.read(lambda unit: cycles.cycle(unit, name))
    return found[0].state if found else ""


def acts(district: District) -> int:
    return int(district.book.read(lambda unit: unit.value(ACTS)))


def advance(district: District, to: str, *, second: bool = False, reason: str = "国庆提前", **more: Any) -> Answer:
    request = Request(actor=district.officer, now=district.now, name="advance", second=district.second_officer if second else None)
    return advance_cycle(district.book, request, cycle="2022Q3", to=to, reason=reason, **more)


def objected(district: District, line: str = "1") -> str:
    return str(object_to_line(district.book, district.request("object"), line=line, reason="没有来")["tracking"])


def decide(district: District, tracking: str, outcome: str) -> Answer:
    request = district.request("decide", district.officer)
    return decide_objection(district.book, request, tracking=tracking, outcome=outcome, answer="已核实")


# -- by date ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2022-10-03 23:59", "earning"),
        ("2022-10-04 00:00", "noticed"),
        ("2022-10-10 23:59", "noticed"),
        ("2022-10-11 00:00", "redeeming"),
        ("2022-10-31 23:59", "redeeming"),
        ("2022-11-01 00:00", "reconciling"),
        ("2022-11-04 23:59", "reconciling"),
        ("2022-11-05 00:00", "sealed"),
    ],
)
def test_each_step_is_taken_at_the_end_of_its_day_and_not_before(sqlite_district: District, moment: str, expected: str) -> None:
    for before in ("2022-10-04 00:00", "2022-10-11 00:00", "2022-11-01 00:00"):
        if before < moment:
            sqlite_district.tick_at(local(before))
    sqlite_district.tick_at(local(moment))
    assert state(sqlite_district) == expected


def test_a_tick_twice_changes_nothing(district: District) -> None:
    for moment in (NOTICED_AT, REDEEMING_AT, local("2022-11-01 09:00"), local("2022-11-05 09:00"), local("2023-01-01 00:00")):
        assert district.tick_at(moment) != []
        before = acts(district)
        assert district.tick_at(moment) == []
        assert acts(district) == before
    runs = [(job, outcome) for job, cycle, outcome in district.book.read(lambda unit: unit.rows(RUNS)) if cycle == "2022Q3"]
    assert runs == [
        ("earning->frozen", "done 0"), ("frozen->noticed", "done 0"), ("noticed->redeeming", "done 3"),
        ("redeeming->reconciling", "done 0"), ("reconciling->sealed", "done 0"),
    ]  # fmt: skip


def test_two_schedulers_at_once_settle_each_line_once(district: District) -> None:
    other = open_book(district.book.settings)
    try:
        pair = [district, District(other, district.folder)]
        for moment in (NOTICED_AT, REDEEMING_AT):
            answers = at_once([lambda d=pair[n % 2], at=moment: {"done": d.tick_at(at)} for n in range(4)])
            assert [a for a in answers if not isinstance(a, dict | errors.RequestInFlight)] == []
    finally:
        other.close()
    district.tick_at(REDEEMING_AT)
    assert state(district) == "redeeming"
    assert district.book.read(lambda unit: unit.value(SETTLED)) == 3
    assert district.balance().spendable == 111


def test_after_a_long_downtime_every_step_is_caught_up_in_order_and_people_still_get_their_days(district: District) -> None:
    district.tick_at(local("2022-11-10 09:00"))
    assert state(district) == "noticed"  # the notice hangs its full seven days, from its real publication
    district.tick_at(local("2022-11-16 23:59"))
    assert state(district) == "noticed"
    district.tick_at(local("2022-11-17 00:00"))
    assert state(district) == "redeeming"
    cycle = district.book.read(lambda unit: cycles.cycle(unit, "2022Q3"))[0]
    assert (cycle.redeem_until, cycle.settle_until) == (local("2022-12-08 00:00"), local("2022-12-12 00:00"))
    assert district.hold("SP-01")["points"] == 30
    district.tick_at(local("2023-02-01 09:00"))
    assert (state(district), state(district, "2022Q4")) == ("sealed", "noticed")
    assert (district.balance().spendable, district.balance().held) == (0, 0)


def test_a_settlement_stopped_half_way_goes_on_where_it_was(district: District) -> None:
    district.tick_at(NOTICED_AT)
    district.now = REDEEMING_AT
    stopped = [stop_after(district, pieces) for pieces in range(8)]
    assert stopped[:2] == [True, True] and stopped[-1] is False
    assert district.book.read(lambda unit: unit.value(SETTLED)) == 3
    assert district.balance().spendable == 111


def stop_after(district: District, pieces: int) -> bool:
    """Whether a run that is told to stop after so many pieces of work had to leave something undone."""
    left = iter([False] * pieces)
    try:
        tick(district.book, district.request("tick", key=None, trace=f"try {pieces}"), should_stop=lambda: next(left, True))
    except errors.RequestInFlight:
        return True
    return False


def test_settling_redeeming_and_expiring_at_once_end_in_one_sum(district: District) -> None:
    """Holders and lines are locked in one order, so a settlement and a desk never wait for each other in a ring."""
    district.to_redeeming()
    other = open_book(district.book.settings)
    try:
        two = District(other, district.folder, now=district.now)
        request = district.request("job", key=None)
        cycle, preset = district.book.read(lambda unit: cycles.cycle(unit, "2022Q3"))
        calls = [
            lambda d=d, p=p: d.hold("SP-03", 1, p) for d in (district, two) for p in ("V000001", "V000002", "V000005") for _ in range(2)
        ]
        calls += [lambda d=d: {"n": settle_cycle(d.book, request, cycle, preset)} for d in (district, two)]
        calls += [lambda d=d: {"n": expire_holds(d.book, request)} for d in (district, two)]
        calls += [lambda d=d: {"n": lapse_lots(d.book, request)} for d in (district, two)]
        assert [a for a in at_once(calls) if not isinstance(a, dict | errors.NotEnoughPoints)] == []
    finally:
        other.close()
    assert [district.balance(p).spendable for p in ("V000001", "V000002", "V000005")] == [111 - 32, 65 - 32, 2]


# -- by hand ---------------------------------------------------------------------------------------------------------


def test_a_quarter_walked_by_hand_before_its_dates(district: District) -> None:
    """Cut off and noticed in September's last days: the notice still hangs seven days, and later facts are for the next quarter."""
    advance(district, "frozen")
    cycle = district.book.read(lambda unit: cycles.cycle(unit, "2022Q3"))[0]
    assert (cycle.state, cycle.cutoff_at) == ("frozen", district.now)
    advance(district, "noticed")
    cycle = district.book.read(lambda unit: cycles.cycle(unit, "2022Q3"))[0]
    assert (cycle.notice_from, cycle.notice_ends_at) == (district.now, local("2022-10-09 00:00"))
    with pytest.raises(errors.SecondPersonRequired):
        advance(district, "redeeming")
    advance(district, "redeeming", second=True)
    assert district.balance().spendable == 111
    district.hold("SP-01")
    advance(district, "reconciling", second=True)
    assert (district.balance().spendable, district.balance().held) == (111, 0)
    with pytest.raises(errors.CycleClosed):
        district.hold("SP-01")


def test_facts_after_a_cut_off_by_hand_are_late_even_within_the_quarter(district: District) -> None:
    header = "活动编号,活动名称,类型,社区,日期,开始时间,结束时间,承办单位,积分/次\n"
    activities = district.folder / "a.csv"
    activities.write_text(header + "HD8,大扫除,志愿服务,东苑社区,2022-09-11,09:00,10:00,东苑社区,4\n", encoding="utf-8")
    sheet = district.folder / "s.csv"
    sheet.write_text("活动编号,姓名,联系电话,签到时间,签退时间\nHD8,王玉兰,13800000001,09:00,10:00\n", encoding="utf-8")
    advance(district, "frozen")
    advance(district, "noticed")
    district.later(hours=1)
    import_activities(district.book, district.request("import", key=None), activities)
    import_attendance(district.book, district.request("import", key=None), sheet)
    district.tick_at(local("2022-10-12 09:00"))
    assert (district.balance().spendable, district.balance().pending) == (111, 4)
    assert [lot.name for lot in district.book.read(lambda unit: goods.lots(unit, "pending", district.volunteer))] == ["2022Q4.dongyuan"]


@pytest.mark.parametrize("to", ["noticed", "redeeming", "sealed", "draft", "earning"])
def test_a_jump_is_refused(sqlite_district: District, to: str) -> None:
    with pytest.raises(errors.IllegalStep) as refusal:
        advance(sqlite_district, to, second=True)
    assert refusal.value.facts == {"state": "earning", "to": to}
    assert state(sqlite_district) == "earning"


def test_a_step_by_hand_needs_a_reason_an_officer_and_another_officer(sqlite_district: District) -> None:
    district = sqlite_district
    with pytest.raises(errors.InvalidInput):
        advance(district, "frozen", reason="  ")
    with pytest.raises(errors.Forbidden):
        advance_cycle(district.book, district.request("x", district.keeper), cycle="2022Q3", to="frozen", reason="提前")
    with pytest.raises(errors.NotFound):
        advance_cycle(district.book, district.request("x", district.officer), cycle="2031Q1", to="frozen", reason="提前")
    district.tick_at(NOTICED_AT)
    for second in (district.officer, None):
        request = Request(actor=district.officer, now=district.now, name="x", second=second)
        with pytest.raises(errors.SecondPersonRequired):
            advance_cycle(district.book, request, cycle="2022Q3", to="redeeming", reason="提前")
    request = Request(actor=district.officer, now=district.now, name="x", second=district.keeper)
    with pytest.raises(errors.Forbidden):
        advance_cycle(district.book, request, cycle="2022Q3", to="redeeming", reason="提前")


# -- objections ------------------------------------------------------------------------------------------------------


def test_a_line_with_an_objection_waits_and_the_others_settle(district: District) -> None:
    district.tick_at(NOTICED_AT)
    tracking = objected(district)
    district.tick_at(REDEEMING_AT)
    assert district.balance().spendable + district.balance(district.neighbour).spendable == 100 + 60 + 16 - 6
    decide(district, tracking, "confirm")
    assert district.tick_at(REDEEMING_AT + timedelta(hours=1)) == [{"swept": "settled_late", "count": 1}]
    assert district.balance().spendable + district.balance(district.neighbour).spendable == 176


@pytest.mark.parametrize("outcome", ["confirm", "uphold"])
def test_an_objection_decided_after_the_quarter_was_sealed_leaves_a_sound_book(district: District, outcome: str) -> None:
    """Its entry is booked in the quarter that is open now, and what settles after the year's end does not lapse at once."""
    district.tick_at(NOTICED_AT)
    tracking = objected(district)
    district.tick_at(REDEEMING_AT)
    district.tick_at(local("2022-11-05 09:00"))
    assert state(district) == "sealed"
    district.now = local("2023-01-02 09:00")
    district.tick_at(district.now)
    decide(district, tracking, outcome)
    district.tick_at(local("2023-01-03 09:00"))
    assert (district.balance().pending, district.balance().spendable) == (0, 6 if outcome == "confirm" else 0)


def test_only_open_notices_take_objections(district: District) -> None:
    with pytest.raises(errors.ObjectionClosed):
        objected(district)
    district.tick_at(NOTICED_AT)
    district.now = local("2022-10-10 23:59")
    objected(district, "2022Q3-2")
    district.now = local("2022-10-11 00:00")
    with pytest.raises(errors.ObjectionClosed):
        objected(district, "2022Q3-3")
    with pytest.raises(errors.NotFound):
        objected(district, "2031Q3-3")


# -- lots that lapse -------------------------------------------------------------------------------------------------


def test_a_lot_is_spendable_to_the_last_second_of_the_year_and_lapses_once(district: District) -> None:
    district.to_redeeming()
    district.now = local("2022-12-31 23:59") + timedelta(seconds=59)
    assert lapse_lots(district.book, district.request("lapse", key=None)) == 0
    assert district.balance().spendable == 111
    district.now = local("2023-01-01 00:00")
    assert district.balance().spendable == 0  # on sight, before any sweep
    assert lapse_lots(district.book, district.request("lapse", key=None)) == 7
    assert lapse_lots(district.book, district.request("lapse", key=None)) == 0


def test_a_hold_called_off_after_its_lot_lapsed_lapses_with_the_next_sweep(district: District) -> None:
    """A redemption window over the year's end, so that a hold outlives its lot."""
    advance_all(district)
    district.now = local("2022-12-30 09:00")
    held = district.hold("SP-01")
    district.tick_at(local("2023-01-01 00:00"))
    assert (district.balance().spendable, district.balance().held) == (0, 30)
    district.void(held["hold"])
    assert (district.balance().spendable, district.balance().held) == (0, 0)
    assert lapse_lots(district.book, district.request("lapse", key=None)) == 1
    assert district.balance().spendable == 0


def advance_all(district: District) -> None:
    """A notice published so late that redemption runs into the new year."""
    district.tick_at(local("2022-12-20 09:00"))
    district.tick_at(local("2022-12-27 00:00"))
    assert state(district) == "redeeming"


# -- opening points --------------------------------------------------------------------------------------------------


def test_opening_points_of_a_running_quarter_leave_it_earning(district: District) -> None:
    """A district that begins in the middle of a quarter goes on earning in it, and its later points do not lapse with the opening."""
    district.now = local("2022-11-15 09:00")
    opening = district.folder / "now.csv"
    opening.write_text("姓名,联系电话,积分\n李芳,13800000003,50\n", encoding="utf-8")
    import_opening(district.book, district.request("import", key=None), opening, as_of=date(2022, 11, 14))
    assert state(district, "2022Q4") == "earning"
    assert state(district, "2022Q2") == "sealed"
    with pytest.raises(errors.InvalidInput):
        import_opening(district.book, district.request("import", key=None), opening, as_of=date(2022, 11, 16))


def test_settled_points_never_join_a_lot_that_is_over(district: District) -> None:
    """Opening points of the quarter lapse on 31 December; what is earned in it settles in January and lives another year."""
    district.now = local("2022-11-15 09:00")
    opening = district.folder / "now.csv"
    opening.write_text("姓名,联系电话,积分\n王玉兰,13800000001,50\n", encoding="utf-8")
    import_opening(district.book, district.request("import", key=None), opening, as_of=date(2022, 11, 14))
    rows = ATTENDANCE.splitlines()[0] + "\nHD7,王玉兰,13800000001,09:00,10:00\n"
    activities, sheet = district.folder / "a.csv", district.folder / "s.csv"
    header = "活动编号,活动名称,类型,社区,日期,开始时间,结束时间,承办单位,积分/次\n"
    activities.write_text(header + "HD7,大扫除,志愿服务,东苑社区,2022-11-14,09:00,10:00,东苑社区,7\n", encoding="utf-8")
    sheet.write_text(rows, encoding="utf-8")
    import_activities(district.book, district.request("import", key=None), activities)
    import_attendance(district.book, district.request("import", key=None), sheet)
    district.tick_at(local("2023-01-04 09:00"))
    district.tick_at(local("2023-01-11 09:00"))
    assert district.balance().spendable == 7 + 11
    assert {lot.expires_at for lot in district.balance().lots} == {local("2024-01-01 00:00")}
