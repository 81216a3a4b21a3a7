"""The quarter that a district really sent: what is read must lead to the totals in its expected.json."""

from __future__ import annotations

import json
import time
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from ledger.paperwork import (
    Reading,
    digest_of,
    read_activities,
    read_areas,
    read_attendance,
    read_goods,
    read_opening,
    read_people,
    read_stations,
    stated_as_of,
)

SIGN_IN = "2022年第三季度签到表.xlsx"


@pytest.fixture(scope="module")
def expected(quarter: Path) -> dict:
    return json.loads((quarter / "expected.json").read_text(encoding="utf-8"))


def codes(reading: Reading) -> Counter[str]:
    return Counter(line.first().code for line in reading.lines if line.problems)


def test_every_person_of_the_roster_is_read_and_the_total_below_is_not(quarter: Path, expected: dict) -> None:
    roster = read_people(quarter / "志愿者花名册.xlsx")
    assert roster.read == expected["roster_rows"] == 2753
    assert codes(roster) == {"bad_phone": 18, "missing_name": 4}
    assert roster.lines[0].number == 4 and roster.lines[-1].number == 2756
    assert roster.sheets[0].header_row == 3 and roster.sheets[0].ignored == ()


def test_roster_leads_to_2700_volunteers_25_repeats_and_6_of_no_known_community(quarter: Path, expected: dict) -> None:
    communities = {line.row.community for line in read_areas(quarter / "网格架构.csv").lines}
    good = [line.row for line in read_people(quarter / "志愿者花名册.xlsx").lines if not line.problems]
    known = [row for row in good if row.community in communities]
    assert len(good) - len(known) == expected["defects"]["unknown_area"]
    assert len(known) - len(set(known)) == expected["defects"]["duplicate"]
    people = set(known)
    assert len(people) == len({row.phones for row in people}) == expected["volunteers"]
    assert sum(row.remark == "双楼长" for row in people) == expected["building_heads"]
    assert len({row.team for row in people}) == expected["teams"]


def test_areas_are_15_communities_and_176_micro_grids(quarter: Path, expected: dict) -> None:
    areas = read_areas(quarter / "网格架构.csv")
    assert not codes(areas)
    assert len({(line.row.town, line.row.community) for line in areas.lines}) == expected["communities"]
    assert len({(line.row.community, line.row.micro_grid) for line in areas.lines}) == areas.read == expected["micro_grids"]


def test_stations_in_gbk_are_all_read(quarter: Path, expected: dict) -> None:
    stations = read_stations(quarter / "红色驿站.csv")
    assert not codes(stations)
    assert len({line.row.code for line in stations.lines}) == stations.read == expected["stations"]
    assert stations.lines[0].row.hours == "8:30-11:30,14:00-18:00"
    assert str(stations.lines[0].row.longitude) == "118.046347"


def test_goods_and_stock_come_from_their_two_sheets(quarter: Path, expected: dict) -> None:
    reading = read_goods(quarter / "兑换物资.xlsx")
    assert not codes(reading.goods) and not codes(reading.stock)
    assert reading.goods.read == expected["goods"]
    cost = {line.row.sku: line.row.unit_cost_fen for line in reading.goods.lines}
    assert sum(line.row.quantity for line in reading.stock.lines) == expected["stock_pieces"]
    assert sum(line.row.quantity * cost[line.row.sku] for line in reading.stock.lines) == expected["stock_cost_fen"]
    assert [line.row.limit_per_cycle for line in reading.goods.lines[:3]] == [5, None, 5]


def test_opening_points_add_up_and_their_date_is_known(quarter: Path, expected: dict) -> None:
    opening = read_opening(quarter / "期初积分.csv")
    assert not codes(opening)
    assert opening.read == expected["volunteers_with_opening"]
    assert sum(line.row.points for line in opening.lines) == expected["opening_points"]
    assert stated_as_of(opening) == date(2022, 6, 30)
    brought = {line.row.phones: line.row.points for line in opening.lines}
    assert all(brought[(sample["phone"],)] == sample["opening"] for sample in expected["samples"])


def test_activities_and_attendance_of_one_workbook_do_not_mix(quarter: Path, expected: dict) -> None:
    activities, attendance = read_activities(quarter / SIGN_IN), read_attendance(quarter / SIGN_IN)
    assert [s.name for s in activities.sheets] == ["活动"] and [s.name for s in attendance.sheets] == ["签到表"]
    assert activities.read == expected["activities"] and not codes(activities)
    assert all(date(2022, 7, 1) <= line.row.starts_on == line.row.ends_on <= date(2022, 9, 30) for line in activities.lines)
    assert attendance.read == expected["attendances"] + expected["defects"]["duplicate_attendance"] and not codes(attendance)
    came = {(line.row.activity, line.row.phones) for line in attendance.lines}
    assert len(came) == expected["attendances"]
    worth = {line.row.code: line.row.points for line in activities.lines}
    assert sum(worth[activity] for activity, _ in came) == expected["points_from_attendance"]


def test_no_phone_and_no_id_number_shows_in_a_repr(quarter: Path) -> None:
    rows = [*read_people(quarter / "志愿者花名册.xlsx").lines[:5], *read_attendance(quarter / SIGN_IN).lines[:5]]
    rows += [read_opening(quarter / "期初积分.csv").lines[0], read_areas(quarter / "网格架构.csv").lines[0]]
    assert rows[0].row.id_number == "370399199204095877" and rows[0].row.phones == ("18599242645",)
    assert not any(digits in repr(rows) for digits in ("370399199204095877", "18599242645", "15051529195", "15908159075"))


def test_the_roster_is_read_in_less_than_a_second_of_work(quarter: Path) -> None:
    begun = time.process_time()
    read_people(quarter / "志愿者花名册.xlsx")
    assert time.process_time() - begun < 1


def test_digest_is_sha256_of_the_file(quarter: Path) -> None:
    assert digest_of(quarter / "期初积分.csv") == digest_of(quarter / "期初积分.csv")
    assert len(digest_of(quarter / "期初积分.csv")) == 64
