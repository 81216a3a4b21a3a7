"""Importing what offices send: new, unchanged, differing and refused rows; files again, in part, at once; odd codes; other scales."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.domain import errors
from ledger.storage import goods
from ledger.storage.sql import Statement
from ledger.usecases.find_person import find_holder
from ledger.usecases.found_book import found_book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.request import Answer
from ledger.usecases.view_shelf import shelf_document
from tests.cast import ACTIVITIES, AREAS, ATTENDANCE, GOODS, PEOPLE, STATIONS, STOCK, District, migrated_settings, open_book, write_goods
from tests.storage.test_races import at_once

Importer = Callable[..., Answer]
PEOPLE_HEADER, *PEOPLE_ROWS = PEOPLE.splitlines()
ATTENDANCE_HEADER = ATTENDANCE.splitlines()[0]
ACTS = Statement("SELECT COUNT(*) FROM {act}")
BATCHES = Statement("SELECT COUNT(*) FROM {import_batch}")


def bring(district: District, importer: Importer, text: str, name: str = "brought.csv", **more: Any) -> Answer:
    file = district.folder / name
    file.write_text(text, encoding="utf-8")
    return importer(district.book, district.request("import", key=None), file, **more)


def bring_goods(district: District, wares: list[list[str]], stock: list[list[str]], **more: Any) -> Answer:
    file = district.folder / "brought.xlsx"
    write_goods(file, wares, stock)
    return import_goods(district.book, district.request("import", key=None), file, **more)


def codes(report: Answer) -> list[tuple[int, str, str]]:
    return [(r["row"], r["column"], r["code"]) for r in report["rejected"]]


@pytest.fixture
def founded(home: Path) -> Iterator[District]:
    """A book with nothing in it but its genesis."""
    yield from _founded(home, "")


def _founded(home: Path, toml: str) -> Iterator[District]:
    book = open_book(migrated_settings(home, toml=toml))
    district = District(book, home)
    found_book(book, district.request("found", key=None))
    yield district
    try:
        district.check_clean()
    finally:
        book.close()


# -- what a row is -----------------------------------------------------------------------------------------------------


def test_each_row_is_counted_once_as_new_unchanged_or_refused(founded: District) -> None:
    bring(founded, import_areas, AREAS)
    rows = [
        *PEOPLE_ROWS,
        PEOPLE_ROWS[0],                                                               # again, as it was
        PEOPLE_ROWS[0].replace("13800000001", "＋86 138-0000-0001").replace("王玉兰", "王　玉 兰"),  # the same, as another hand writes it
        PEOPLE_ROWS[0].replace("一队", "九队"),                                          # known, with another team
        ",男,,13800000011,石桥街道,东苑社区,第1网格,微网格01,群众,,,",
        "短号码,男,,1380000001,石桥街道,东苑社区,第1网格,微网格01,群众,,,",
        "没地方,男,,13800000012,石桥街道,北苑社区,第1网格,微网格01,群众,,,",
        "没网格,男,,13800000013,石桥街道,东苑社区,第9网格,微网格01,群众,,,",
    ]  # fmt: skip
    report = bring(founded, import_people, "\n".join([PEOPLE_HEADER, *rows]))
    assert (report["read"], report["accepted"], report["unchanged"]) == (13, 6, 2)
    assert report["control"] == {"people": 6}
    assert codes(report) == [
        (10, "姓名", "differs"), (11, "姓名", "missing_name"), (12, "联系电话", "bad_phone"), (13, "社区", "unknown_area"),
        (14, "网格", "unknown_area"),
    ]  # fmt: skip
    assert report["read"] == report["accepted"] + report["unchanged"] + len(report["rejected"])


def test_of_several_problems_the_first_column_is_named(founded: District) -> None:
    bring(founded, import_areas, AREAS)
    report = bring(founded, import_people, PEOPLE_HEADER + "\n,男,,12,石桥街道,北苑社区,,,,,,\n某人,男,,12,石桥街道,北苑社区,,,,,,\n")
    assert codes(report) == [(2, "姓名", "missing_name"), (3, "联系电话", "bad_phone")]


@pytest.mark.parametrize(
    ("importer", "name"),
    [
        (import_areas, "areas.csv"), (import_people, "people.csv"), (import_stations, "stations.csv"), (import_goods, "goods.xlsx"),
        (import_opening, "opening.csv"), (import_activities, "activities.csv"), (import_attendance, "attendance.csv"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_file_again_changes_nothing(sqlite_district: District, importer: Importer, name: str) -> None:
    before = [sqlite_district.book.read(lambda unit, s=s: unit.value(s)) for s in (ACTS, BATCHES)]
    report = importer(sqlite_district.book, sqlite_district.request("import", key=None), sqlite_district.folder / "paperwork" / name)
    assert (report["batch"], report["accepted"], report["rejected"], report["read"]) == (None, 0, [], report["unchanged"])
    assert [sqlite_district.book.read(lambda unit, s=s: unit.value(s)) for s in (ACTS, BATCHES)] == before


def test_phones_in_another_order_are_the_same_person(founded: District) -> None:
    bring(founded, import_areas, AREAS)
    row = "周明,男,,{},石桥街道,东苑社区,第1网格,微网格01,群众,,,"
    first = bring(founded, import_people, PEOPLE_HEADER + "\n" + row.format("13900000001、13900000002"))
    again = bring(founded, import_people, PEOPLE_HEADER + "\n" + row.format("13900000002、13900000001"))
    assert (first["accepted"], again["accepted"], again["unchanged"]) == (1, 0, 1)
    ids = [founded.book.read(lambda unit, p=p: find_holder(unit, p)) for p in ("13900000001", "13900000002")]
    assert ids == ["V000001", "V000001"]


def test_namesakes_without_a_phone_are_told_apart_by_place_and_the_rest_is_refused(founded: District) -> None:
    bring(founded, import_areas, AREAS)
    rows = [
        "张三,男,370399198001010011,无,石桥街道,东苑社区,第1网格,微网格01,群众,,,",
        "张三,男,370399198101010011,无,石桥街道,西苑社区,第1网格,微网格01,群众,,,",
        "张三,男,370399198201010011,无,石桥街道,西苑社区,第1网格,微网格01,群众,,,",
    ]
    report = bring(founded, import_people, "\n".join([PEOPLE_HEADER, *rows]))
    assert (report["accepted"], codes(report)) == (2, [(4, "身份证号", "differs")])
    opening = bring(founded, import_opening, "姓名,联系电话,积分\n张三,无,10\n", as_of=date(2022, 6, 30))
    assert codes(opening) == [(2, "姓名", "unknown_person")]


def test_two_people_on_one_phone_are_known_by_their_names(founded: District) -> None:
    bring(founded, import_areas, AREAS)
    rows = [PEOPLE_ROWS[0], PEOPLE_ROWS[0].replace("王玉兰", "王玉梅")]
    bring(founded, import_people, "\n".join([PEOPLE_HEADER, *rows]))
    with pytest.raises(errors.Ambiguous):
        founded.book.read(lambda unit: find_holder(unit, "13800000001"))
    report = bring(founded, import_opening, "姓名,联系电话,积分\n王玉梅,13800000001,10\n李某,13800000001,5\n", as_of=date(2022, 6, 30))
    assert (report["accepted"], codes(report)) == (1, [(3, "姓名", "unknown_person")])
    assert founded.balance("V000002").spendable == 10


# -- openings ----------------------------------------------------------------------------------------------------------


def test_an_opening_of_nothing_is_accepted_and_writes_no_entry(district: District) -> None:
    report = bring(district, import_opening, "姓名,联系电话,积分\n李芳,13800000003,0\n赵强,13800000004,7\n", as_of=date(2022, 6, 30))
    assert (report["accepted"], report["control"]) == (2, {"points": 7})
    assert (district.balance("V000003").lots, district.balance("V000004").spendable) == ((), 7)
    again = bring(district, import_opening, "姓名,联系电话,积分\n李芳,13800000003,1\n赵强,13800000004,7\n", as_of=date(2022, 6, 30))
    assert (again["unchanged"], codes(again)) == (1, [(2, "积分", "differs")])


def test_an_opening_counts_once_per_person_and_date(district: District) -> None:
    rows = "姓名,联系电话,积分\n李芳,13800000003,5\n李芳,13800000003,5\n李芳,13800000003,6\n"
    report = bring(district, import_opening, rows, as_of=date(2022, 6, 30))
    assert (report["accepted"], report["unchanged"], codes(report)) == (1, 1, [(4, "积分", "differs")])
    other_day = bring(district, import_opening, "姓名,联系电话,积分\n李芳,13800000003,6\n", as_of=date(2022, 6, 29))
    assert other_day["accepted"] == 1
    assert district.balance("V000003").spendable == 11


@pytest.mark.parametrize("points", ["-5", "1.5", "1e3", "NaN", "１０a", "99999999", "", "一百"])
def test_an_amount_that_is_none_is_refused(sqlite_district: District, points: str) -> None:
    report = bring(sqlite_district, import_opening, f"姓名,联系电话,积分\n李芳,13800000003,{points}\n", as_of=date(2022, 6, 30))
    assert (report["accepted"], codes(report)) == (0, [(2, "积分", "bad_number")])


def test_the_date_of_an_opening_is_told_or_stated_and_never_in_the_future(sqlite_district: District) -> None:
    plain, stated = "姓名,联系电话,积分\n李芳,13800000003,5\n", "姓名,联系电话,截至2022年9月30日结余积分\n李芳,13800000003,5\n"
    with pytest.raises(errors.InvalidInput) as refusal:
        bring(sqlite_district, import_opening, plain)
    assert refusal.value.facts == {"field": "as_of", "reason": "missing"}
    with pytest.raises(errors.InvalidInput) as refusal:
        bring(sqlite_district, import_opening, plain, as_of=date(2022, 10, 3))
    assert refusal.value.facts == {"field": "as_of", "reason": "future"}
    assert bring(sqlite_district, import_opening, stated)["accepted"] == 1
    assert sqlite_district.balance("V000003").lots[0].cycle == "2022Q3"


# -- goods and stations with codes that cannot be -----------------------------------------------------------------------


@pytest.mark.parametrize("sku", ["PTS", "HON", "cny", "ｐｔｓ", "A/B", "X" * 61])
def test_a_goods_code_that_would_pass_for_something_else_is_refused(sqlite_district: District, sku: str) -> None:
    """A good called PTS would be points: paths and commodities are made of these codes."""
    report = bring_goods(sqlite_district, [GOODS[0], [sku, "怪物", "个", "1", "1", "物资", ""]], [STOCK[0], ["DY001", sku, "5"]])
    assert report["accepted"] == 0
    assert {code for _row, _column, code in codes(report)} == {"unknown_goods"}


@pytest.mark.parametrize("code", ["DY/9", "X" * 41])
def test_a_station_code_that_would_break_a_path_is_refused(sqlite_district: District, code: str) -> None:
    header = STATIONS.splitlines()[0]
    report = bring(sqlite_district, import_stations, f"{header}\n{code},怪站,东苑社区,某路,,,8-17,某,\n")
    assert (report["accepted"], [c for _r, _c, c in codes(report)]) == (0, ["unknown_station"])


def test_the_longest_codes_that_are_taken_can_be_redeemed(district: District) -> None:
    station, sku = "Z" * 40, "Y" * 60
    header = STATIONS.splitlines()[0]
    assert bring(district, import_stations, f"{header}\n{station},远站,东苑社区,某路,,,8-17,某,\n")["accepted"] == 1
    wares, stock = [GOODS[0], [sku, "长物", "个", "1", "1", "物资", ""]], [STOCK[0], [station, sku, "5"]]
    assert bring_goods(district, wares, stock)["accepted"] == 2
    district.to_redeeming()
    district.station = station
    held = district.hold(sku)
    assert district.collect(held["hold"], district.console)["points"] == 1
    sold = district.hold(sku)
    district.void(sold["hold"])
    shelf = district.book.read(lambda unit: shelf_document(unit, station))["shelf"]
    assert [(item["sku"], item["on_shelf"]) for item in shelf] == [(sku, 4)]


def test_codes_in_chinese_are_codes(district: District) -> None:
    header = STATIONS.splitlines()[0]
    bring(district, import_stations, f"{header}\n东苑一号,东苑新站,东苑社区,某路,,,8-17,某,\n")
    bring_goods(district, [GOODS[0], ["米-5kg", "米", "袋", "3", "1", "物资", ""]], [STOCK[0], ["东苑一号", "米-5KG", "2"]])
    district.to_redeeming()
    district.station = "东苑一号"
    assert district.collect(district.hold("米-5KG")["hold"], district.console)["points"] == 3


def test_stock_names_stations_and_goods_that_exist(sqlite_district: District) -> None:
    stock = [STOCK[0], ["NO001", "SP-01", "5"], ["DY001", "SP-99", "5"], ["DY001", "SP-01", "5.5"], ["XY001", "SP-01", "0"]]
    report = bring_goods(sqlite_district, GOODS[:1], stock)
    assert (report["accepted"], report["control"]) == (1, {})
    assert [code for _row, _column, code in codes(report)] == ["unknown_station", "unknown_goods", "bad_number"]


def test_stock_of_a_later_date_is_more_stock_and_the_same_date_is_not(sqlite_district: District) -> None:
    stock = [STOCK[0], ["XY001", "SP-01", "5"]]
    assert bring_goods(sqlite_district, GOODS[:1], stock, as_of="2022-10-01")["accepted"] == 1
    assert bring_goods(sqlite_district, GOODS[:1], stock, as_of="2022-10-01")["unchanged"] == 1
    more = [STOCK[0], ["XY001", "SP-01", "6"]]
    assert codes(bring_goods(sqlite_district, GOODS[:1], more, as_of="2022-10-01")) == [(2, "物资编码", "differs")]
    assert bring_goods(sqlite_district, GOODS[:1], more, as_of="2022-11-01")["accepted"] == 1
    offers = sqlite_district.book.read(lambda unit: shelf_document(unit, "XY001"))["shelf"]
    assert {o["sku"]: o["on_shelf"] for o in offers} == {"SP-01": 11, "SP-03": 5}


# -- activities and attendance ------------------------------------------------------------------------------------------


def test_attendance_needs_its_activity_and_its_person(district: District) -> None:
    rows = [
        "HD1,欧阳娜娜,13800000002,2022/7/9 14:00,2022/7/9 15:00",
        "HD9,王玉兰,13800000001,,",
        "HD1,没有人,13800000099,,",
        "HD1,王玉兰,13800000099,,",
        "HD1,王玉兰,13800000001,2022/7/9 14:02,",
        "HD1,王玉兰,13800000001,2022/7/9 14:02,2022/7/9 15:10",
        "HD1,张三,无,,",
    ]
    report = bring(district, import_attendance, "\n".join([ATTENDANCE_HEADER, *rows]))
    assert (report["accepted"], report["unchanged"]) == (2, 1)
    assert report["control"] == {"attendances": 2, "points": 12}
    assert codes(report) == [
        (3, "活动编号", "unknown_activity"), (4, "联系电话", "unknown_person"), (5, "联系电话", "unknown_person"),
        (6, "姓名", "already_checked_in"),
    ]  # fmt: skip
    assert district.balance(district.without_phone).pending == 6


def test_an_activity_that_ends_before_it_begins_is_refused_and_one_without_times_lasts_its_day(sqlite_district: District) -> None:
    header = ACTIVITIES.splitlines()[0]
    rows = [
        "B1,倒着,志愿服务,东苑社区,2022-07-09,15:00,15:00,东苑社区,6", "B2,整天,志愿服务,东苑社区,2022-07-09,,,东苑社区,6",
        "B3,小数,志愿服务,东苑社区,2022-07-09,,,东苑社区,0.5", "B4,哪里,志愿服务,北苑社区,2022-07-09,,,东苑社区,6",
        "B5,没分,志愿服务,东苑社区,2022-07-09,,,东苑社区,0",
    ]  # fmt: skip
    report = bring(sqlite_district, import_activities, "\n".join([header, *rows]))
    assert report["accepted"] == 2
    assert [(row, code) for row, _column, code in codes(report)] == [(2, "bad_date"), (4, "bad_number"), (5, "unknown_area")]
    sheet = f"{ATTENDANCE_HEADER}\nB2,李芳,13800000003,09:00,11:30\nB5,李芳,13800000003,,\n"
    assert bring(sqlite_district, import_attendance, sheet)["control"] == {"attendances": 2, "points": 6}
    assert sqlite_district.balance("V000003").honour_minutes == 150


def test_the_same_points_are_one_rule_and_other_points_another(sqlite_district: District) -> None:
    rules = sqlite_district.book.read(lambda unit: unit.rows(Statement("SELECT id, points, clause FROM {rule} ORDER BY id")))
    assert rules == [("event-5", 5, "活动表「积分/次」一栏"), ("event-6", 6, "活动表「积分/次」一栏")]


# -- whole files ----------------------------------------------------------------------------------------------------------


def test_a_strict_import_with_one_bad_row_leaves_nothing_and_tells_all(district: District) -> None:
    rows = "姓名,联系电话,积分\n李芳,13800000003,5\n没有人,13800000099,5\n"
    before = district.book.read(lambda unit: unit.value(ACTS))
    with pytest.raises(errors.RowsRejected) as refusal:
        bring(district, import_opening, rows, as_of=date(2022, 6, 30), strict=True)
    assert (refusal.value.report["accepted"], codes(refusal.value.report)) == (1, [(3, "联系电话", "unknown_person")])
    assert district.book.read(lambda unit: unit.value(ACTS)) == before
    assert bring(district, import_opening, rows, as_of=date(2022, 6, 30))["batch"] == "B000008"  # no number was used up


def test_a_rehearsed_import_shows_its_entries_and_changes_nothing(district: District) -> None:
    file = district.folder / "more.csv"
    file.write_text("姓名,联系电话,积分\n李芳,13800000003,5\n", encoding="utf-8")
    request = district.request("import", key=None, dry=True)
    shown = import_opening(district.book, request, file, as_of=date(2022, 6, 30))
    assert (shown["batch"], shown["accepted"]) == (None, 1)
    assert [(act["kind"], [p["amount"] for p in act["postings"]]) for act in shown["would_write"]] == [
        ("batch_imported", []), ("points_opened", [-5, 5]),
    ]  # fmt: skip
    assert district.balance("V000003").spendable == 0


def test_only_officers_import(sqlite_district: District) -> None:
    file = sqlite_district.folder / "paperwork" / "areas.csv"
    for actor in (sqlite_district.keeper, sqlite_district.organiser, sqlite_district.as_volunteer()):
        with pytest.raises(errors.Forbidden):
            import_areas(sqlite_district.book, sqlite_district.request("import", actor, key=None), file)


def test_one_file_imported_twice_at_once_is_imported_once(district: District) -> None:
    """Two officers, two machines: the second finds every row unchanged, whoever that is."""
    file = district.folder / "more.csv"
    rows = "".join(f"王玉兰{n},1390000{n:04d},石桥街道,东苑社区\n" for n in range(60))
    file.write_text("姓名,联系电话,镇街,社区\n" + rows.replace("王玉兰", "某人甲乙丙丁"), encoding="utf-8")
    other = open_book(district.book.settings)
    try:
        pair = [district, District(other, district.folder)]
        calls = [lambda d=pair[n % 2]: import_people(d.book, d.request("import", key=None), file) for n in range(4)]
        reports = at_once(calls)
    finally:
        other.close()
    assert [r for r in reports if not isinstance(r, dict)] == []
    assert sorted((r["accepted"], r["unchanged"]) for r in reports) == [(0, 60), (0, 60), (0, 60), (60, 0)]


# -- books of other scales ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("decimals", "points", "price", "left"),
    [(1, "12.5", "2.5", 10), (1, "12", "0.1", 11.9), (2, "12.34", "0.01", 12.33), (2, "0.01", "0.01", 0)],
)
def test_a_book_with_decimals_counts_to_its_step(
    tmp_path: Path, decimals: int, points: str, price: str, left: float
) -> None:  # fmt: skip
    for district in _founded(tmp_path / "home", f"[genesis]\ndecimals = {decimals}\n[redemption]\nalways_open = true\n"):
        bring(district, import_areas, AREAS)
        bring(district, import_people, PEOPLE)
        bring(district, import_stations, STATIONS)
        bring_goods(district, [GOODS[0], ["SP-01", "大米", "袋", price, "29.9", "物资", ""]], STOCK[:2])
        report = bring(district, import_opening, f"姓名,联系电话,积分\n王玉兰,13800000001,{points}\n", as_of=date(2022, 6, 30))
        assert report["control"] == {"points": float(points) if "." in points else int(points)}
        header = ACTIVITIES.splitlines()[0]
        finer = "0." + "0" * decimals + "5"
        activities = bring(district, import_activities, f"{header}\nC1,细,志愿服务,东苑社区,2022-07-09,,,东苑社区,{finer}\n")
        assert [code for _r, _c, code in codes(activities)] == ["bad_number"]
        district.to_redeeming()
        held = district.hold("SP-01")
        assert district.book.settings.scale.number(district.balance().spendable) == pytest.approx(left)
        assert district.collect(held["hold"], district.console)["points"] == round(float(price) * 10**decimals)
        assert district.book.read(lambda unit: goods.balance(unit, "worth/DY001/R0000001")) == 39 * 2990


def test_a_book_whose_settings_were_changed_is_refused(home: Path) -> None:
    for district in _founded(home, "[genesis]\ndecimals = 1\n"):
        changed = open_book(migrated_settings(home, toml="[genesis]\ndecimals = 0\n"))
        with pytest.raises(errors.ConfigDisagrees) as refusal:
            found_book(changed, district.request("found", key=None))
        assert refusal.value.facts == {"field": "decimals", "book": "1", "config": "0"}
        changed.close()
        (home / "config.toml").write_text("[genesis]\ndecimals = 1\n", encoding="utf-8")
