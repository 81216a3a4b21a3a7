"""Undoing an import: before and after its points were noticed, settled, spent, held or lapsed; and bringing it again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ledger.domain import errors
from ledger.storage import journal
from ledger.storage.sql import Statement
from ledger.usecases.add_login import disable_login
from ledger.usecases.decide_objection import decide_objection
from ledger.usecases.find_person import find_holder
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.object_to_line import object_to_line
from ledger.usecases.request import Answer
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.usecases.undo_batch import undo_batch
from tests.cast import GOODS, NOTICED_AT, REDEEMING_AT, District, local, write_goods

BATCH_OF = {"areas": "B000001", "people": "B000002", "stations": "B000003", "goods": "B000004", "opening": "B000005",
            "activities": "B000006", "attendance": "B000007"}  # fmt: skip
LINES = Statement("SELECT line, state FROM {notice_line} ORDER BY line")


def undo(district: District, kind: str, **more: Any) -> Answer:
    return undo_batch(district.book, district.request("undo_batch", key=None), batch=BATCH_OF.get(kind, kind), **more)


def attendance_again(district: District) -> Answer:
    return import_attendance(district.book, district.request("import", key=None), district.folder / "paperwork" / "attendance.csv")


def decide(district: District, filed: Answer, outcome: str) -> Answer:
    request = district.request("decide", district.officer)
    return decide_objection(district.book, request, tracking=filed["tracking"], outcome=outcome, answer="已核实")


def file(district: District, name: str, text: str) -> Path:
    path = district.folder / "paperwork" / name
    path.write_text(text, encoding="utf-8")
    return path


def test_an_undone_import_of_attendance_leaves_no_points_and_may_come_again(district: District) -> None:
    assert (district.balance().pending, district.balance().honour_minutes) == (11, 178)
    assert undo(district, "attendance") == {"batch": "B000007", "reversed": 3, "debt": 0}
    assert (district.balance().pending, district.balance().honour_minutes) == (0, 0)
    again = attendance_again(district)
    assert (again["batch"], again["accepted"], again["unchanged"], again["control"]) == ("B000008", 3, 0, {"attendances": 3, "points": 16})
    assert (district.balance().pending, district.balance().honour_minutes) == (11, 178)
    assert attendance_again(district)["accepted"] == 0


def test_a_batch_is_undone_once(district: District) -> None:
    undo(district, "attendance")
    with pytest.raises(errors.BatchAlreadyUndone):
        undo(district, "attendance")
    with pytest.raises(errors.NotFound):
        undo(district, "B999999")


def test_an_undo_by_a_keeper_is_refused(district: District) -> None:
    with pytest.raises(errors.Forbidden):
        undo_batch(district.book, district.request("undo_batch", district.keeper, key=None), batch="B000007")


def test_a_rehearsed_undo_shows_its_entries_and_changes_nothing(district: District) -> None:
    request = district.request("undo_batch", key=None, dry=True)
    shown = undo_batch(district.book, request, batch="B000005")
    assert [act["kind"] for act in shown["would_write"]] == ["batch_undone"] + ["reversed"] * 4
    assert district.balance().spendable == 100


def test_lines_undone_during_their_notice_are_voided_and_the_others_settle(district: District) -> None:
    district.tick_at(NOTICED_AT)
    undo(district, "attendance")
    assert district.book.read(lambda unit: unit.rows(LINES)) == [(1, "voided"), (2, "voided"), (3, "voided")]
    district.tick_at(REDEEMING_AT)
    assert (district.balance().spendable, district.balance().pending) == (100, 0)
    assert district.hold("SP-01")["points"] == 30


def test_points_undone_after_settlement_leave_the_wallet(district: District) -> None:
    district.to_redeeming()
    assert district.balance().spendable == 111
    assert undo(district, "attendance") == {"batch": "B000007", "reversed": 6, "debt": 0}
    found = district.balance()
    assert (found.spendable, found.pending, found.debt, found.honour_minutes) == (100, 0, 0, 0)


def test_what_is_spent_becomes_debt_and_strict_refuses_instead(district: District) -> None:
    district.to_redeeming()
    district.walk_up("SP-01", 3)
    district.walk_up("SP-03", 2)
    assert district.balance().spendable == 5
    with pytest.raises(errors.BatchInUse) as refusal:
        undo(district, "opening", strict=True)
    assert refusal.value.facts == {"count": 100}
    assert district.balance().debt == 0
    assert undo(district, "opening")["debt"] == 100
    found = district.balance()
    assert (found.spendable, found.debt) == (5, 100)


def test_debt_is_paid_first_by_what_is_earned_later(district: District) -> None:
    """Undo an opening that was spent; the earnings still on notice then go to the debt, and only the rest to the wallet."""
    district.to_redeeming()
    district.walk_up("SP-01", 3)
    undo(district, "opening")
    assert (district.balance().spendable, district.balance().debt) == (11, 90)
    header = "活动编号,活动名称,类型,社区,日期,开始时间,结束时间,承办单位,积分/次\n"
    request = district.request("import", key=None)
    activities = file(district, "more.csv", header + "HD9,大扫除,志愿服务,东苑社区,2022-10-11,09:00,10:00,东苑社区,97\n")
    assert import_activities(district.book, request, activities)["accepted"] == 1
    sheet = file(district, "more_attendance.csv", "活动编号,姓名,联系电话,签到时间,签退时间\nHD9,王玉兰,13800000001,09:00,10:00\n")
    assert import_attendance(district.book, request, sheet)["control"]["points"] == 97
    district.tick_at(local("2023-01-04 09:00"))
    district.tick_at(local("2023-01-11 00:00"))
    found = district.balance()
    assert (found.spendable, found.debt, found.pending) == (7, 0, 0)
    entry = district.book.read(lambda unit: journal.acts_of_batch(unit, "B000009"))
    settled = district.book.read(lambda unit: journal.act_resolving(unit, [a for a in entry if a.kind == "service_earned"][0].id))
    assert settled is not None
    legs = [(p.account.path.split("/")[0], p.amount) for p in settled.postings]
    assert legs == [("pending", -90), ("debt", 90), ("pending", -7), ("wallet", 7)]


def test_undoing_a_settlement_that_paid_a_debt_brings_the_debt_back(district: District) -> None:
    undo(district, "attendance")
    district.tick_at(NOTICED_AT)
    district.tick_at(REDEEMING_AT)
    district.walk_up("SP-01", 3)
    undo(district, "opening")
    assert district.balance().debt == 90
    late = attendance_again(district)
    assert late["control"]["points"] == 16
    district.tick_at(local("2023-01-04 09:00"))
    district.tick_at(local("2023-01-11 00:00"))
    assert (district.balance().debt, district.balance().spendable) == (79, 0)
    undo(district, late["batch"])
    assert (district.balance().debt, district.balance().spendable) == (90, 0)


def test_what_lapsed_unspent_is_never_a_debt(district: District) -> None:
    district.to_redeeming()
    district.tick_at(local("2023-01-01 00:00"))
    assert district.balance().spendable == 0
    answer = undo(district, "opening")
    assert answer["debt"] == 0
    assert (district.balance().spendable, district.balance().debt) == (0, 0)


def test_points_on_hold_are_owed_until_the_hold_is_called_off(district: District) -> None:
    district.to_redeeming()
    held = district.hold("SP-01", 3)
    undo(district, "attendance")
    assert undo(district, "opening")["debt"] == 90
    assert (district.balance().spendable, district.balance().held, district.balance().debt) == (0, 90, 90)
    district.void(held["hold"])
    assert (district.balance().spendable, district.balance().held, district.balance().debt) == (0, 0, 0)


def test_a_line_upheld_by_objection_is_not_reversed_twice(district: District) -> None:
    district.tick_at(NOTICED_AT)
    filed = object_to_line(district.book, district.request("object"), line="1", reason="没有来")
    decide(district, filed, "uphold")
    before = [district.balance(p).pending for p in (district.volunteer, district.neighbour)]
    assert sum(before) == 16 - 6
    undo(district, "attendance")
    assert [district.balance(p).pending for p in (district.volunteer, district.neighbour)] == [0, 0]
    district.tick_at(REDEEMING_AT)
    assert attendance_again(district)["accepted"] == 3


def test_an_objection_to_a_line_that_was_undone_can_still_be_answered(district: District) -> None:
    district.tick_at(NOTICED_AT)
    filed = object_to_line(district.book, district.request("object"), line="1", reason="没有来")
    undo(district, "attendance")
    assert decide(district, filed, "confirm")["line_state"] == "voided"
    district.tick_at(REDEEMING_AT)
    assert district.balance().spendable == 100


def test_people_stay_while_they_own_points_or_sign_in_or_live_in_an_area(district: District) -> None:
    with pytest.raises(errors.BatchInUse) as refusal:
        undo(district, "people")
    for kind in ("attendance", "opening"):
        undo(district, kind)
    with pytest.raises(errors.BatchInUse) as refusal:
        undo(district, "people")
    assert refusal.value.facts == {"count": 3}  # the people behind three of the cast's logins
    for n in (1, 2, 5):
        disable_login(district.book, district.request("disable"), login=f"staffu00000{n}")
    with pytest.raises(errors.BatchInUse):
        undo(district, "areas")
    undo(district, "people")
    again = import_people(district.book, district.request("import", key=None), district.folder / "paperwork" / "people.csv")
    assert (again["accepted"], again["rejected"]) == (6, [])
    assert district.book.read(lambda unit: find_holder(unit, "13800000001")) == "V000007"


def test_a_station_with_goods_on_its_shelf_or_on_hold_stays(district: District) -> None:
    district.to_redeeming()
    with pytest.raises(errors.BatchInUse):
        undo(district, "stations")
    district.station = "XY001"
    held = district.hold("SP-03", 5)
    with pytest.raises(errors.BatchInUse):
        undo(district, "goods")
    with pytest.raises(errors.BatchInUse):
        undo(district, "stations")
    district.void(held["hold"])
    undo(district, "goods")
    assert undo(district, "stations")["batch"] == "B000003"


def test_goods_with_pieces_from_another_file_stay(district: District) -> None:
    path = district.folder / "paperwork" / "later.xlsx"
    write_goods(path, GOODS[:1], [["驿站编号", "物资编码", "数量"], ["XY001", "SP-02", "7"]])
    later = import_goods(district.book, district.request("import", key=None), path, as_of="2022-10-01")
    assert later["accepted"] == 1
    with pytest.raises(errors.BatchInUse):
        undo(district, "goods")
    undo(district, later["batch"])
    undo(district, "goods")


def test_an_area_with_younger_areas_inside_stays(district: District) -> None:
    more = file(district, "more_areas.csv", "镇街,社区,网格,微网格,网格长,联系电话\n石桥街道,东苑社区,第1网格,微网格02,金平,\n")
    younger = import_areas(district.book, district.request("import", key=None), more)
    assert younger["accepted"] == 1
    for kind in ("attendance", "opening", "activities", "goods", "stations"):
        undo(district, kind)
    for n in (1, 2, 5):
        disable_login(district.book, district.request("disable"), login=f"staffu00000{n}")
    undo(district, "people")
    with pytest.raises(errors.BatchInUse):
        undo(district, "areas")


def test_everything_can_be_undone_in_order_and_brought_again(sqlite_district: District) -> None:
    district = sqlite_district
    for kind in ("attendance", "activities", "opening", "goods", "stations"):
        undo(district, kind)
    folder, request = district.folder / "paperwork", district.request("import", key=None)
    assert import_stations(district.book, request, folder / "stations.csv")["accepted"] == 2
    assert import_goods(district.book, request, folder / "goods.xlsx")["accepted"] == 7
    assert import_opening(district.book, request, folder / "opening.csv")["accepted"] == 4
    district.to_redeeming()
    assert district.walk_up("SP-01")["spendable_after"] == 70


def test_an_opening_brought_again_pays_what_was_already_spent_of_it(district: District) -> None:
    """An office undoes a wrong list and brings the right one: what was spent in between is not given twice."""
    district.to_redeeming()
    district.walk_up("SP-01", 3)
    assert undo(district, "opening")["debt"] == 90
    right = file(district, "right.csv", "姓名,联系电话,截至2022年6月30日结余积分\n王玉兰,13800000001,95\n欧阳娜娜,13800000002,60\n")
    again = import_opening(district.book, district.request("import", key=None), right)
    assert (again["accepted"], again["control"]) == (2, {"points": 155})
    found = district.balance()
    assert (found.spendable, found.debt) == (16, 0)  # 95 − 90 spent, and 11 that were earned
    assert district.balance(district.neighbour).spendable == 65


def test_a_hand_over_taken_back_pays_what_was_owed_for_it(district: District) -> None:
    district.to_redeeming()
    done = district.walk_up("SP-01", 3)
    undo(district, "opening")
    assert (district.balance().spendable, district.balance().debt) == (11, 90)
    reverse_hand_over(district.book, district.request("reverse", district.officer), redemption=done["redemption"], reason="发错了")
    assert (district.balance().spendable, district.balance().debt) == (11, 0)
