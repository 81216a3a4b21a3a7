"""Earning: checking in and out, approving and rejecting, caps, and which quarter a fact counts for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from ledger.domain import errors
from ledger.domain.earning import Rule
from ledger.domain.people import Actor, Grant
from ledger.storage import service
from ledger.storage.service import Attendance
from ledger.storage.sql import Statement
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.usecases.check_in import check_in_for, check_in_oneself
from ledger.usecases.check_out import check_out_for, check_out_oneself, close_forgotten
from ledger.usecases.identify import signer
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.open_activity import open_activity
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.request import Answer
from tests.cast import NOTICED_AT, REDEEMING_AT, District, local, open_book
from tests.storage.test_races import at_once

AREA = "石桥街道/东苑社区"
START = local("2022-10-03 14:00")
END = local("2022-10-03 16:00")
LINES = Statement("SELECT line, holder, points, state FROM {notice_line} ORDER BY line")
ACTS = Statement("SELECT kind, cycle FROM {act} WHERE subject = :subject AND evidence <> '' ORDER BY id")


def publish(district: District, id: str, **more: Any) -> Rule:
    rule = Rule(**{"id": id, "version": 1, "name": id, "basis": "event", "points": 6, "clause": "第三条", **more})
    publish_rule(district.book, district.request("publish", district.officer), rule, valid_from=local("2022-01-01 00:00"))
    return rule


def opened(district: District, rule: str, **more: Any) -> str:
    """An activity from two to four in the afternoon, and the clock at two."""
    id = activity(district, rule, **more)
    district.now = START
    return id


def activity(district: District, rule: str, *, starts_at: datetime = START, ends_at: datetime = END, **more: Any) -> str:
    request = district.request("open_activity", district.organiser)
    opened = open_activity(
        district.book, request, name="清扫", kind="志愿服务", area=AREA, starts_at=starts_at, ends_at=ends_at, rule=rule, **more
    )
    return str(opened["activity"])


def venue(district: District, id: str) -> str:
    return signer(district.book).activity_code(id, district.now)


def come(district: District, id: str, person: str = "", *, key: str = "", shown: str = "", **more: Any) -> Answer:
    who, shown = person or district.volunteer, shown or venue(district, id)
    request = district.request("check_in", district.as_volunteer(who), key, {"shown": shown})
    return check_in_oneself(district.book, request, shown=shown, **more)


def leave(district: District, id: str, person: str = "", *, key: str = "", shown: str = "") -> Answer:
    shown = shown or venue(district, id)
    request = district.request("check_out", district.as_volunteer(person), key, {"shown": shown})
    return check_out_oneself(district.book, request, shown=shown)


def approve(district: District, attendance: str, actor: Actor | None = None) -> Answer:
    return approve_attendance(district.book, district.request("approve", actor or district.organiser), attendance=attendance)


def reject(district: District, attendance: str) -> Answer:
    return reject_attendance(district.book, district.request("reject", district.organiser), attendance=attendance, reason="未到场")


def record(district: District, id: str) -> Attendance:
    found = district.book.read(lambda unit: service.attendance(unit, id))
    assert found is not None
    return found


@pytest.fixture
def morning(sqlite_district: District) -> District:
    """As `open_day`, on SQLite alone: what is tested there does not depend on the engine."""
    sqlite_district.now = local("2022-10-03 08:00")
    return sqlite_district


@pytest.fixture
def open_day(district: District) -> District:
    """The morning of the third of October: the last quarter is not cut off yet, the new one earns."""
    district.now = local("2022-10-03 08:00")
    return district


# -- the window, the code, the key -----------------------------------------------------------------------------------


def test_a_venue_code_opens_fifteen_minutes_before_the_start_and_dies_with_the_end(morning: District) -> None:
    publish(morning, "event")
    id = activity(morning, "event")
    for moment in (START - timedelta(minutes=15, seconds=1), END):
        morning.now = moment
        with pytest.raises(errors.NotOpen) as refusal:
            come(morning, id)
        assert refusal.value.facts == {"opens_at": "13:45", "starts_at": "14:00", "ends_at": "16:00"}
    morning.now = START - timedelta(minutes=15)
    came = come(morning, id)
    assert (came["state"], came["evidence_level"], came["points"], came["points_state"]) == ("checked_in", 2, 6, "pending")
    morning.now = END - timedelta(seconds=1)
    assert come(morning, id, morning.neighbour)["points"] == 6


def test_coming_twice_is_refused_and_asking_twice_is_answered_even_after_the_code_died(open_day: District) -> None:
    publish(open_day, "event")
    id = opened(open_day, "event")
    shown = venue(open_day, id)
    first = come(open_day, id, key="one scan", shown=shown)
    open_day.later(days=1)
    assert come(open_day, id, key="one scan", shown=shown) == first
    open_day.now = START + timedelta(minutes=1)
    with pytest.raises(errors.AlreadyCheckedIn):
        come(open_day, id)
    assert open_day.balance().pending == 11 + 6


def test_a_check_out_asked_again_after_the_code_died_is_answered(morning: District) -> None:
    publish(morning, "hour", basis="minute", points=6)
    id = opened(morning, "hour")
    come(morning, id)
    morning.later(minutes=90)
    shown = venue(morning, id)
    left = leave(morning, id, key="leaving", shown=shown)
    assert (left["minutes"], left["points"]) == (90, 9)
    morning.later(days=1)
    assert leave(morning, id, key="leaving", shown=shown) == left


def test_overlapping_service_is_refused_and_following_service_is_not(morning: District) -> None:
    publish(morning, "event")
    first = activity(morning, "event")
    overlapping = activity(morning, "event", starts_at=END - timedelta(minutes=1), ends_at=END + timedelta(hours=1))
    following = activity(morning, "event", starts_at=END, ends_at=END + timedelta(hours=1))
    morning.now = START
    come(morning, first)
    morning.now = END - timedelta(seconds=30)
    with pytest.raises(errors.OverlappingService) as refusal:
        come(morning, overlapping)
    assert refusal.value.facts == {"activity": "清扫"}
    morning.now = END
    assert come(morning, following)["points"] == 6


def test_the_last_place_is_given_once(open_day: District) -> None:
    publish(open_day, "event")
    id = opened(open_day, "event", capacity=2)
    other = open_book(open_day.book.settings)
    try:
        pair = [open_day, District(other, open_day.folder, now=open_day.now)]
        people = ["V000001", "V000002", "V000003", "V000005"]
        answers = at_once([lambda d=pair[n % 2], p=p: come(d, id, p) for n, p in enumerate(people)])
    finally:
        other.close()
    assert sum(isinstance(a, dict) for a in answers) == 2
    assert sum(isinstance(a, errors.CapacityFull) for a in answers) == 2


def test_staff_scans_count_the_same_and_nobody_scans_themselves(morning: District) -> None:
    publish(morning, "event")
    id = opened(morning, "event")
    request = morning.request("check_in_for", morning.organiser)
    came = check_in_for(morning.book, request, activity=id, shown=morning.card())
    assert (came["evidence_level"], came["points"]) == (2, 6)
    with pytest.raises(errors.Forbidden):
        check_in_for(morning.book, morning.request("x", morning.organiser), activity=id, shown=morning.card("V000004"))
    elsewhere = Actor("U000009", grants=(Grant("organiser", "xiyuan"),))
    with pytest.raises(errors.Forbidden):
        check_in_for(morning.book, morning.request("x", elsewhere), activity=id, shown=morning.card(morning.neighbour))
    morning.later(minutes=59)
    left = check_out_for(morning.book, morning.request("x", morning.organiser), activity=id, shown=morning.card())
    assert left["minutes"] == 59


# -- minutes and points ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("rounding", "points"), [("down", 8), ("half_up", 9), ("up", 9)])
def test_minutes_are_rounded_once_by_the_rules_own_rounding(sqlite_district: District, rounding: str, points: int) -> None:
    publish(sqlite_district, "hour", basis="minute", points=6, rounding=rounding)
    id = opened(sqlite_district, "hour")
    come(sqlite_district, id)
    sqlite_district.later(minutes=85, seconds=59)  # 85 whole minutes: 8.5 points
    assert leave(sqlite_district, id)["points"] == points


def test_early_coming_and_staying_on_earn_nothing_more(morning: District) -> None:
    publish(morning, "hour", basis="minute", points=6)
    id = activity(morning, "hour")
    morning.now = START - timedelta(minutes=10)
    come(morning, id)
    morning.now = END - timedelta(seconds=1)
    assert leave(morning, id)["minutes"] == 119
    assert morning.balance().honour_minutes == 178 + 119


def test_a_forgotten_check_out_closes_at_the_planned_end_flagged_and_once(open_day: District) -> None:
    publish(open_day, "hour", basis="minute", points=6)
    id = opened(open_day, "hour")
    came = come(open_day, id)
    open_day.now = END - timedelta(seconds=1)
    assert close_forgotten(open_day.book, open_day.request("close", key=None)) == 0
    open_day.now = END + timedelta(hours=8)
    assert close_forgotten(open_day.book, open_day.request("close", key=None)) == 1
    assert close_forgotten(open_day.book, open_day.request("close", key=None)) == 0
    closed = record(open_day, came["attendance"])
    assert (closed.state, closed.minutes, closed.points, closed.flags) == ("out", 120, 12, "closed_at_planned_end")


def test_honour_is_credited_apart_from_an_events_points(morning: District) -> None:
    publish(morning, "event")
    id = opened(morning, "event")
    come(morning, id)
    assert (morning.balance().pending, morning.balance().honour_minutes) == (17, 178)
    morning.later(minutes=30)
    leave(morning, id)
    assert (morning.balance().pending, morning.balance().honour_minutes) == (17, 208)


# -- caps ------------------------------------------------------------------------------------------------------------


def test_a_cap_of_the_day_counts_that_day_alone(open_day: District) -> None:
    """Later days recorded first, and days before, take nothing away from a day's cap."""
    publish(open_day, "capped", caps={"day": 10})
    noon = activity(open_day, "capped", starts_at=START, ends_at=START + timedelta(hours=1))
    evening = activity(open_day, "capped", starts_at=START + timedelta(hours=4), ends_at=START + timedelta(hours=5))
    tomorrow = activity(open_day, "capped", starts_at=START + timedelta(days=1), ends_at=START + timedelta(days=1, hours=1))
    open_day.now = START
    assert come(open_day, noon)["points"] == 6
    open_day.now = START + timedelta(days=1)
    assert come(open_day, tomorrow)["points"] == 6
    sheet = open_day.folder / "evening.csv"
    code = open_day.book.read(lambda unit: service.activity(unit, evening)).code
    sheet.write_text(f"活动编号,姓名,联系电话,签到时间,签退时间\n{code},王玉兰,13800000001,,\n", encoding="utf-8")
    report = import_attendance(open_day.book, open_day.request("import", key=None), sheet)
    assert report["control"]["points"] == 4
    kept = open_day.book.read(lambda unit: service.attendance_at(unit, evening, open_day.volunteer))
    assert (kept.raw_points, kept.points, kept.capped_by) == (6, 4, "day")


def test_rows_of_one_sheet_count_against_each_others_cap(open_day: District) -> None:
    publish(open_day, "capped", caps={"quarter": 10})
    codes = []
    for hours in (0, 2, 4):
        id = activity(open_day, "capped", starts_at=START + timedelta(hours=hours), ends_at=START + timedelta(hours=hours + 1))
        codes.append(open_day.book.read(lambda unit, id=id: service.activity(unit, id)).code)
    open_day.now = END + timedelta(hours=4)
    rows = "".join(f"{code},王玉兰,13800000001,,\n" for code in codes)
    sheet = open_day.folder / "three.csv"
    sheet.write_text("活动编号,姓名,联系电话,签到时间,签退时间\n" + rows, encoding="utf-8")
    report = import_attendance(open_day.book, open_day.request("import", key=None), sheet)
    assert (report["accepted"], report["control"]) == (3, {"attendances": 3, "points": 10})


def test_a_full_cap_lets_people_serve_for_honour_alone(morning: District) -> None:
    publish(morning, "capped", caps={"life": 6})
    first = activity(morning, "capped", ends_at=START + timedelta(hours=1))
    second = activity(morning, "capped", starts_at=START + timedelta(hours=1))
    morning.now = START
    assert come(morning, first)["points"] == 6
    morning.now = START + timedelta(hours=1)
    again = come(morning, second)
    assert (again["points"], again["points_state"]) == (0, "none")
    morning.later(minutes=20)
    leave(morning, second)
    assert morning.balance().honour_minutes == 178 + 20


# -- approving and rejecting -----------------------------------------------------------------------------------------


def waiting(district: District) -> str:
    """An attendance by a poster, which this rule believes only with an approver."""
    publish(district, "strict", min_evidence=2)
    id = opened(district, "strict")
    came = come(district, id, shown=signer(district.book).poster(id))
    assert (came["state"], came["evidence_level"], came["points_state"]) == ("waiting", 1, "awaiting_approval")
    return str(came["attendance"])


def test_a_poster_waits_for_somebody_else_to_approve_it(morning: District) -> None:
    attendance = waiting(morning)
    assert morning.balance().pending == 11
    with pytest.raises(errors.SelfApproval):
        myself = Actor("U000008", person=morning.volunteer, grants=(Grant("organiser", ""),))
        approve(morning, attendance, myself)
    with pytest.raises(errors.Forbidden):
        approve(morning, attendance, morning.keeper)
    done = approve(morning, attendance)
    assert (done["points"], done["points_state"], done["minutes"]) == (6, "pending", 120)
    assert approve(morning, attendance) == done
    assert morning.balance().pending == 17


def test_a_rejected_record_gives_nothing_back_twice(open_day: District) -> None:
    publish(open_day, "event")
    id = opened(open_day, "event")
    came = come(open_day, id)
    open_day.later(minutes=45)
    leave(open_day, id)
    for _ in range(2):
        assert reject(open_day, came["attendance"])["state"] == "rejected"
        assert (open_day.balance().pending, open_day.balance().honour_minutes) == (11, 178)
    with pytest.raises(errors.AlreadyCheckedIn):
        come(open_day, id)


def test_a_settled_record_is_no_longer_rejected(district: District) -> None:
    id = district.book.read(lambda unit: unit.value(Statement("SELECT id FROM {attendance} WHERE person = 'V000002'")))
    district.to_redeeming()
    with pytest.raises(errors.AlreadyReversed):
        reject(district, id)
    assert district.balance(district.neighbour).spendable == 65


def test_a_record_rejected_during_its_notice_leaves_it_and_the_rest_settles(district: District) -> None:
    id = district.book.read(lambda unit: unit.value(Statement("SELECT id FROM {attendance} WHERE person = 'V000002'")))
    district.tick_at(NOTICED_AT)
    reject(district, id)
    states = {holder: state for _line, holder, _points, state in district.book.read(lambda unit: unit.rows(LINES))}
    assert states == {"V000001": "noticed", "V000002": "voided"}
    district.tick_at(REDEEMING_AT)
    assert (district.balance(district.neighbour).spendable, district.balance().spendable) == (60, 111)


# -- which quarter a fact counts for ---------------------------------------------------------------------------------


def test_a_fact_counts_for_its_own_quarter_until_the_cut_off_and_for_the_next_after_it(district: District) -> None:
    publish(district, "event")
    for minute, cycle, flags in ((-1, "2022Q3", ""), (0, "2022Q4", "late")):
        cut_off = local("2022-10-04 00:00") + timedelta(minutes=minute)
        district.now = cut_off
        # An activity of the last evening of September, on paper since.
        start = local("2022-09-30 20:00") + timedelta(minutes=minute)
        id = activity(district, "event", starts_at=start, ends_at=start + timedelta(hours=1))
        code = district.book.read(lambda unit, id=id: service.activity(unit, id)).code
        sheet = district.folder / "evening.csv"
        sheet.write_text(f"活动编号,姓名,联系电话,签到时间,签退时间\n{code},李芳,13800000003,,\n", encoding="utf-8")
        import_attendance(district.book, district.request("import", key=None), sheet)
        kept = district.book.read(lambda unit, id=id: service.attendance_at(unit, id, "V000003"))
        assert (kept.cycle, "late" in kept.flags) == (cycle, bool(flags))


def waiting_in_december(district: District) -> str:
    """A poster check-in of the fourth quarter that nobody has approved; the third is settled."""
    district.to_redeeming()
    district.now = local("2022-12-30 08:00")
    publish(district, "strict", min_evidence=2)
    start = local("2022-12-30 14:00")
    id = activity(district, "strict", starts_at=start, ends_at=start + timedelta(hours=1))
    district.now = start
    came = come(district, id, shown=signer(district.book).poster(id))
    assert came["state"] == "waiting"
    return str(came["attendance"])


def test_points_approved_after_the_notice_is_out_count_for_the_quarter_now_earning(district: District) -> None:
    attendance = waiting_in_december(district)
    district.tick_at(local("2023-01-04 09:00"))
    assert approve(district, attendance)["points"] == 6
    assert (record(district, attendance).cycle, record(district, attendance).flags) == ("2023Q1", "late")
    district.tick_at(local("2023-01-11 09:00"))
    assert (district.balance().spendable, district.balance().pending) == (0, 6)
    district.tick_at(local("2023-04-04 09:00"))
    district.tick_at(local("2023-04-11 09:00"))
    assert (district.balance().spendable, district.balance().pending) == (6, 0)


def test_points_approved_between_cut_off_and_notice_are_still_in_the_notice(sqlite_district: District) -> None:
    attendance = waiting_in_december(sqlite_district)
    sqlite_district.now = local("2023-01-04 08:00")  # past the cut-off; the scheduler was down
    approve(sqlite_district, attendance)
    assert record(sqlite_district, attendance).cycle == "2022Q4"
    sqlite_district.tick_at(local("2023-01-04 09:00"))
    lines = sqlite_district.book.read(lambda unit: unit.rows(LINES))
    assert [(holder, points) for _l, holder, points, state in lines if state == "noticed"] == [("V000001", 6)]


def sheet_of(district: District, activity_id: str) -> Any:
    code = district.book.read(lambda unit: service.activity(unit, activity_id)).code
    sheet = district.folder / f"{code}.csv"
    sheet.write_text(f"活动编号,姓名,联系电话,签到时间,签退时间\n{code},王玉兰,13800000001,,\n", encoding="utf-8")
    return sheet


def test_a_fact_that_was_on_its_way_when_the_notice_came_out_is_not_lost(district: District) -> None:
    """Its own clock still says before the cut-off, but the notice is published: it counts for the next quarter."""
    publish(district, "event")
    september = activity(district, "event", starts_at=local("2022-09-30 20:00"), ends_at=local("2022-09-30 22:00"))
    district.tick_at(local("2022-10-04 00:00"))
    district.now = local("2022-10-03 23:58")
    import_attendance(district.book, district.request("import", key=None), sheet_of(district, september))
    kept = district.book.read(lambda unit: service.attendance_at(unit, september, district.volunteer))
    assert (kept.cycle, kept.flags.split()) == ("2022Q4", ["late", "no_sign_in", "no_sign_out"])


# -- races on two connections ----------------------------------------------------------------------------------------


@pytest.fixture
def pair(open_day: District) -> Iterator[list[District]]:
    other = open_book(open_day.book.settings)
    yield [open_day, District(other, open_day.folder, now=open_day.now)]
    other.close()


def ten_at_once(pair: list[District], call: Callable[[District], Any]) -> list[Any]:
    for d in pair:
        d.now = pair[0].now
    return at_once([lambda d=pair[n % 2]: call(d) for n in range(10)])


def test_two_approvals_at_once_credit_once(pair: list[District]) -> None:
    attendance = waiting(pair[0])
    answers = ten_at_once(pair, lambda d: approve(d, attendance))
    assert [a for a in answers if not isinstance(a, dict)] == []
    assert (pair[0].balance().pending, pair[0].balance().honour_minutes) == (17, 178 + 120)


def test_approving_and_rejecting_at_once_ends_in_one_of_them(pair: list[District]) -> None:
    attendance = waiting(pair[0])
    pair[1].now = pair[0].now
    calls = [lambda d=pair[n % 2], f=(approve, reject)[n % 2]: f(d, attendance) for n in range(10)]
    assert [a for a in at_once(calls) if not isinstance(a, dict)] == []
    assert pair[0].balance().pending == 11  # whichever came first, the rejection stands
    assert record(pair[0], attendance).state == "rejected"


def test_checking_out_while_being_closed_credits_once(pair: list[District]) -> None:
    publish(pair[0], "hour", basis="minute", points=6)
    id = opened(pair[0], "hour")
    came = come(pair[0], id)
    pair[0].now = END
    shown = pair[0].card()

    def closing(d: District) -> Answer:
        d.now = END
        return {"closed": close_forgotten(d.book, d.request("close", key=None))}

    def leaving(d: District) -> Answer:
        d.now = END
        return check_out_for(d.book, d.request("out", d.organiser), activity=id, shown=shown)

    calls = [lambda d=pair[n % 2], f=(closing, leaving)[n % 2]: f(d) for n in range(8)]
    assert [a for a in at_once(calls) if not isinstance(a, dict)] == []
    done = record(pair[0], came["attendance"])
    assert (done.state, done.points, pair[0].balance().pending) == ("out", 12, 11 + 12)
    assert pair[0].balance().honour_minutes == 178 + 120


def test_a_notice_and_an_import_at_the_same_moment_lose_nothing(pair: list[District]) -> None:
    """Whether the row is in the notice or late, its points become spendable by one of the two."""
    one, two = pair
    publish(one, "event")
    september = activity(one, "event", starts_at=local("2022-09-30 20:00"), ends_at=local("2022-09-30 22:00"))
    one.now, two.now = local("2022-10-03 23:59"), local("2022-10-04 00:00")
    sheet = sheet_of(one, september)
    calls = [
        lambda: import_attendance(one.book, one.request("import", key=None), sheet),
        lambda: {"done": two.tick_at(two.now)},
    ]
    assert [a for a in at_once(calls) if not isinstance(a, dict)] == []
    kept = one.book.read(lambda unit: service.attendance_at(unit, september, one.volunteer))
    assert kept.cycle in ("2022Q3", "2022Q4")
    one.tick_at(REDEEMING_AT)
    assert one.balance().spendable == (117 if kept.cycle == "2022Q3" else 111)
    one.tick_at(local("2023-01-04 09:00"))
    one.tick_at(local("2023-01-11 09:00"))
    assert one.balance().pending == 0
