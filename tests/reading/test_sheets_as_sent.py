"""Sheets as offices make them: titles on top, merged cells, totals and notes below, headers in any words and any order."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.domain.errors import UnreadableFile
from ledger.paperwork import (
    moment_on,
    read_activities,
    read_areas,
    read_attendance,
    read_goods,
    read_opening,
    read_people,
    read_stations,
    stated_as_of,
)

ROSTER = "姓名,联系电话,社区\n"


def reason_of(refused: pytest.ExceptionInfo[UnreadableFile]) -> object:
    return refused.value.facts["reason"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_csv_of_every_encoding_and_delimiter(csv_file, encoding: str, delimiter: str) -> None:
    people = read_people(csv_file("姓名,联系电话,社区\n张三,13812345678,世博社区\n".replace(",", delimiter), encoding))
    assert [(line.number, line.row.name, line.row.phones, line.row.community) for line in people.lines] == [
        (2, "张三", ("13812345678",), "世博社区")
    ]
    assert people.sheets[0].name == ""


def test_gb18030_holds_names_that_gbk_does_not(csv_file) -> None:
    people = read_people(csv_file(ROSTER + "𠮷田,13812345678,世博社区\n", "gb18030"))
    assert people.lines[0].row.name == "𠮷田"


def test_csv_rows_are_numbered_by_the_line_on_which_they_begin(csv_file) -> None:
    text = '一季度名册,,\r\n姓名,联系电话,"所属\r\n社区"\r\n张三,13812345678,"世博\r\n社区"\r\n\r\n李四,13912345678,世博社区\r\n'
    assert [(line.number, line.row.community) for line in read_people(csv_file(text)).lines] == [(4, "世博社区"), (7, "世博社区")]


def test_commas_in_quoted_cells_do_not_pass_for_the_delimiter(csv_file) -> None:
    text = "姓名\t联系电话\t社区\t备注\n" + "张三\t13812345678\t世博社区\t甲,乙,丙,丁,戊\n" * 2
    assert read_people(csv_file(text)).lines[0].row.remark == "甲,乙,丙,丁,戊"


def test_an_open_quote_refuses_the_file_instead_of_swallowing_the_rest(csv_file) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_people(csv_file(ROSTER + '"张三,13812345678,世博社区\n李四,13912345678,世博社区\n'))
    assert reason_of(refused) == "broken_quotes"


def test_headers_in_other_words_other_order_and_full_width(xlsx_file) -> None:
    header = [
        "序号",
        "所属\n队伍",
        "村（社区）",
        "＊手机号码",
        "志愿者 姓名",
        "身份证号码",
        "乡镇（街道）",
        "所属微网格",
        "所属网格",
        "政治 面貌",
        "特长",
    ]
    row = [1, "一队", "世博社区", 13812345678, "张　三", "37039919920409587x", "东岳街道", "微网格０１", "第１网格", "群众", "唱歌"]
    people = read_people(xlsx_file({"花名册": [header, row]}))
    person = people.lines[0].row
    assert (person.name, person.phones, person.community, person.town) == ("张三", ("13812345678",), "世博社区", "东岳街道")
    assert (person.grid, person.micro_grid, person.team, person.id_number) == ("第1网格", "微网格01", "一队", "37039919920409587X")
    assert people.sheets[0].ignored == ("特长",)
    assert people.sheets[0].columns["phones"] == "＊手机号码" and people.sheets[0].order["phones"] == 3


def test_an_id_number_kept_as_a_number_has_lost_digits_and_is_not_used(xlsx_file) -> None:
    people = read_people(xlsx_file({"表": [["姓名", "手机", "社区", "身份证号"], ["张三", "", "世博社区", 370399199204095877]]}))
    assert people.lines[0].row.id_number == "" and not people.lines[0].problems


def test_titles_above_blank_rows_between_totals_and_notes_below(xlsx_file) -> None:
    rows = [
        ["示例区志愿者花名册"],
        ["填报单位：示例区", None, None, "填报日期：2022年9月30日"],
        [],
        ["序号", "姓名", "联系电话", "社区", "备注"],
        [1, "张三", "13812345678", "世博社区"],
        [],
        ["一、新增人员"],
        [2, "李四", "13912345678", "世博社区"],
        ["序号", "姓名", "联系电话", "社区", "备注"],
        [3, "王五", "无", "世博社区"],
        [4, None, None, None],
        [5, None, None, None, "以下空白"],
        ["小计", "3人"],
        [None, "合 计", 3],
        ["总计：3人"],
        ["填表人：赵六", None, "审核人：钱七", "联系电话：0533-3581234"],
        ["注：名单以社区为准。"],
    ]
    people = read_people(xlsx_file({"花名册": rows}, merged={"花名册": ["A1:E1", "A7:E7"]}))
    assert [(line.number, line.row.name, line.problems) for line in people.lines] == [(5, "张三", ()), (8, "李四", ()), (10, "王五", ())]
    assert people.sheets[0].read == people.read == 3


def test_notes_and_totals_in_a_first_column_that_is_read(csv_file) -> None:
    text = "姓名,联系电话,积分\n张三,13812345678,5\n东岳街道小计,,5\n合计,,5\n填表人：李四,,审核：王五\n备注：截至六月,,\n"
    assert [line.row.name for line in read_opening(csv_file(text)).lines] == ["张三"]


def test_what_only_looks_like_a_total_or_a_note_is_read(csv_file) -> None:
    text = "物资编码,物资名称,所需积分\nSP-1,小计算器,5\nSP-2,合计本,6\nSP-3,备注贴,7\n说明,说明书(大),8\n"
    assert [line.row.name for line in read_goods(csv_file(text)).goods.lines] == ["小计算器", "合计本", "备注贴", "说明书(大)"]


def test_a_row_with_anything_in_it_is_counted_and_refused_visibly(csv_file) -> None:
    people = read_people(csv_file(ROSTER + "张三,,\n,13812345678,\n???,,\n"))
    assert [(line.number, [p.code for p in line.problems]) for line in people.lines] == [
        (2, []),
        (3, ["missing_name"]),
        (4, ["missing_name"]),
    ]


def test_merged_cells_fill_downwards_but_amounts_do_not(xlsx_file) -> None:
    rows = [["姓名", "联系电话", "剩余积分"], ["张三", "13812345678", 6], ["李四", None, None], ["王五", "13912345678", 1]]
    opening = read_opening(xlsx_file({"积分": rows}, merged={"积分": ["B2:B3", "C2:C3"]}))
    assert [(line.row.name, line.row.phones) for line in opening.lines] == [
        ("张三", ("13812345678",)),
        ("李四", ("13812345678",)),
        ("王五", ("13912345678",)),
    ]
    assert [[(p.code, p.column) for p in line.problems] for line in opening.lines] == [[], [("bad_number", "剩余积分")], []]


def test_towns_and_communities_merged_over_their_micro_grids(xlsx_file) -> None:
    rows = [
        ["镇街", "社区", "微网格", "网格长", "电话"],
        ["东岳街道", "世博社区", "微网格01", "张三", "0533-3581234"],
        [None, None, "微网格02", "李四", 13812345678],
        [None, "尚文社区", "微网格01", "王五", "无"],
        [None, None, None, None, None],
    ]
    areas = read_areas(xlsx_file({"架构": rows}, merged={"架构": ["A2:A5", "B2:B3"]}))
    assert [(a.row.town, a.row.community, a.row.micro_grid, a.row.contact_phone) for a in areas.lines] == [
        ("东岳街道", "世博社区", "微网格01", "05333581234"),
        ("东岳街道", "世博社区", "微网格02", "13812345678"),
        ("东岳街道", "尚文社区", "微网格01", ""),
    ]
    assert not any(line.problems for line in areas.lines)


def test_a_header_of_two_rows(xlsx_file) -> None:
    rows = [["姓名", "所属区域", None, "联系电话"], [None, "镇街", "社区", None], ["张三", "东岳街道", "世博社区", "13812345678"]]
    people = read_people(xlsx_file({"表": rows}, merged={"表": ["A1:A2", "B1:C1", "D1:D2"]}))
    assert [(line.number, line.row.name, line.row.town) for line in people.lines] == [(3, "张三", "东岳街道")]


def test_a_gap_between_area_levels_is_unknown_area(csv_file) -> None:
    areas = read_areas(csv_file("镇街,社区,网格,微网格\n东岳街道,,,\n东岳街道,世博社区,,\n东岳街道,世博社区,,微网格01\n,世博社区,,\n"))
    assert [[(p.column, p.code) for p in line.problems] for line in areas.lines] == [
        [],
        [],
        [("网格", "unknown_area")],
        [("镇街", "unknown_area")],
    ]


def test_several_sheets_of_a_kind_are_read_in_order_and_others_passed_over(xlsx_file) -> None:
    def sheet(name: str) -> list[list[object]]:
        return [["姓名", "手机", "社区"], [name, "13812345678", "世博社区"]]

    people = read_people(xlsx_file({"甲": sheet("张三"), "说明": [["填表说明"]], "乙": sheet("李四"), "空": []}))
    assert [(line.sheet, line.number, line.row.name) for line in people.lines] == [("甲", 2, "张三"), ("乙", 2, "李四")]
    assert [(s.name, s.read) for s in people.sheets] == [("甲", 1), ("乙", 1)]


def test_missing_columns_are_named(csv_file, xlsx_file) -> None:
    with pytest.raises(UnreadableFile) as refused:
        read_people(csv_file("姓名,住址\n张三,世博\n"))
    assert reason_of(refused) == "missing_columns:联系电话,社区"
    with pytest.raises(UnreadableFile) as refused:
        read_goods(xlsx_file({"甲": [["物资编码", "品名"], ["SP-1", "米"]]}))
    assert reason_of(refused) == "missing_columns:所需积分"


def test_a_sheet_with_a_header_and_no_rows_is_read_as_none(csv_file) -> None:
    assert read_people(csv_file(ROSTER)).read == 0


def test_a_sign_in_sheet_is_no_roster(csv_file) -> None:
    with pytest.raises(UnreadableFile):
        read_people(csv_file("活动编号,姓名,联系电话,社区\nHD1,张三,13812345678,世博社区\n"))


def test_first_problem_is_by_column_whoever_found_it(csv_file) -> None:
    text = "社区,姓名,备注,联系电话\n不存在社区,张三,,1380533\n世博社区,,,1380533\n"
    first, second = read_people(csv_file(text)).lines
    area = first.problem("community", "unknown_area")
    assert (first.first(area).code, first.first(area).column, first.first().code) == ("unknown_area", "社区", "bad_phone")
    assert [(p.index, p.column, p.code) for p in second.problems] == [(1, "姓名", "missing_name"), (3, "联系电话", "bad_phone")]
    late = second.problem("team", "unknown_area")  # a column the sheet lacks comes after all others
    assert (late.column, second.first(late).code) == ("志愿队伍", "missing_name")
    assert read_people(csv_file(ROSTER + "张三,,世博社区\n")).lines[0].first() is None


def test_equal_rows_are_equal_whatever_their_number(csv_file) -> None:
    text = "序号,姓名,联系电话,社区\n1,张三,13812345678,世博社区\n2,张　三,+86 138-1234-5678,世博 社区\n"
    first, second = read_people(csv_file(text)).lines
    assert first.row == second.row and hash(first.row) == hash(second.row)


def test_limits_of_goods(csv_file) -> None:
    header = "物资编码,物资名称,所需积分,采购单价（元）,每人每季限兑\n"
    text = header + "SP-1,米,30,29.9,\nsp-2,面,2.5,¥24.50,不限\nSP-3,油,60,,5\nSP-4,蛋,x,1,0\n,盐,1,1,1\n"
    goods = read_goods(csv_file(text)).goods
    assert [(g.row.sku, g.row.price_points, g.row.unit_cost_fen, g.row.limit_per_cycle) for g in goods.lines[:2]] == [
        ("SP-1", Decimal(30), 2990, None),
        ("SP-2", Decimal("2.5"), 2450, None),
    ]
    assert [[(p.column, p.code) for p in line.problems] for line in goods.lines[2:]] == [
        [("采购单价（元）", "bad_number")],
        [("所需积分", "bad_number"), ("每人每季限兑", "bad_number")],
        [("物资编码", "unknown_goods")],
    ]


def test_a_price_in_fen_is_not_taken_for_yuan(csv_file) -> None:
    goods = read_goods(csv_file("物资编码,物资名称,所需积分,单价(分)\nSP-1,米,30,2990\n")).goods
    assert goods.lines[0].row.unit_cost_fen == 0 and goods.sheets[0].ignored == ("单价(分)",)


def test_stock_may_come_alone(csv_file) -> None:
    reading = read_goods(csv_file("驿站编号,物资编码,物资名称,库存数量\nYZ001,SP-1,米,5\nYZ001,SP-2,面,-1\n"))
    assert reading.goods.read == 0 and reading.goods.sheets == ()
    assert [(s.row.station, s.row.quantity, [p.code for p in s.problems]) for s in reading.stock.lines] == [
        ("YZ001", 5, []),
        ("YZ001", 0, ["bad_number"]),
    ]


def test_stations_with_odd_cells(csv_file) -> None:
    text = "编号,名称,社区,经度,纬度,负责人,电话\nYZ001,东门驿站,世博社区,118.1,95度,张 三,0533-3581234\n,,,,,,x\n"
    first, second = read_stations(csv_file(text)).lines
    assert (first.row.contact_name, first.row.contact_phone, first.row.longitude) == ("张三", "05333581234", Decimal("118.1"))
    assert [(p.column, p.code) for p in first.problems] == [("纬度", "bad_number")]
    assert [p.code for p in second.problems] == ["unknown_station", "missing_name", "bad_phone"]


def test_times_of_activities(xlsx_file) -> None:
    header = ["活动编号", "活动名称", "社区", "日期", "开始时间", "结束时间", "积分/次"]
    rows = [
        ["A1", "夜巡", "世博社区", date(2022, 7, 3), time(20, 0), "24:00", 2],
        ["A2", "夜巡", "世博社区", "2022年7月3日", "晚上8点", "凌晨1点", "2.5"],
        ["A3", "讲座", "世博社区", "2022.7.3 14:00-16:30", None, None, 1],
        ["A4", "讲座", "世博社区", "2022/7/3", "14:00-16:30", None, 1],
        ["A5", "讲座", "世博社区", datetime(2022, 7, 3, 14, 0), None, "2022.7.4 12:00", 1],
        ["A6", "讲座", "世博社区", "七月三日", "14:00", "16:00", 1],
        ["A7", "讲座", "世博社区", None, "14:00", "16:00", 1],
        ["A8", "讲座", "世博社区", "2022-07-03", "14:00", "2022-07-02 12:00", 1],
    ]
    lines = read_activities(xlsx_file({"活动": [header, *rows]})).lines
    found = [(r.starts_on.day, r.starts_at, r.ends_on.day, r.ends_at) for r in (line.row for line in lines[:5])]
    assert found == [
        (3, time(20), 4, time(0)),
        (3, time(20), 4, time(1)),
        (3, time(14), 3, time(16, 30)),
        (3, time(14), 3, time(16, 30)),
        (3, time(14), 4, time(12)),
    ]
    assert [[p.column for p in line.problems if p.code == "bad_date"] for line in lines] == [[]] * 5 + [["日期"], ["日期"], ["结束时间"]]
    assert lines[1].row.points == Decimal("2.5")


def test_times_of_signatures(xlsx_file) -> None:
    header = ["活动编号", "姓名", "手机", "签到时间", "签退时间"]
    rows = [
        ["a1", "张三", 13812345678, datetime(2022, 7, 3, 9, 5), "11:30"],
        ["A1", "李四", None, time(9, 5), date(2022, 7, 3)],
        ["A1", "王五", "无", None, None],
        ["A1", "赵六", "-", "待补", "9:00-10:00"],
        [None, "钱七", "13812345678", None, None],
    ]
    lines = read_attendance(xlsx_file({"签到表": [header, *rows]})).lines
    assert (lines[0].row.activity, lines[0].row.in_at, lines[0].row.out_at) == ("A1", datetime(2022, 7, 3, 9, 5), time(11, 30))
    assert moment_on(lines[0].row.out_at, date(2022, 7, 3)) == datetime(2022, 7, 3, 11, 30)
    assert (lines[1].row.in_at, lines[1].row.out_at) == (time(9, 5), None)  # a date without a time of day says no time
    assert [line.row.phones for line in lines[1:4]] == [(), (), ()]
    assert [[(p.column, p.code) for p in line.problems] for line in lines[2:]] == [
        [],
        [("签到时间", "bad_date"), ("签退时间", "bad_date")],
        [("活动编号", "unknown_activity")],
    ]


def test_a_column_of_days_joins_with_bare_times(csv_file) -> None:
    text = "活动编号,日期,姓名,电话,签到时间,签退时间\nA1,2022.7.3,张三,,23:10,24:00\n"
    row = read_attendance(csv_file(text)).lines[0].row
    assert (row.in_at, row.out_at) == (datetime(2022, 7, 3, 23, 10), datetime(2022, 7, 4, 0, 0))


@pytest.mark.parametrize("header", ["截至2022年6月30日结余积分", "截止2022.6.30 剩余积分", "积分余额", "积 分", "可用积分（分）"])
def test_headers_of_opening_points(csv_file, header: str) -> None:
    opening = read_opening(csv_file(f"姓名,联系电话,累计积分,{header}\n张三,13812345678,99,7\n李四,,1,0\n"))
    assert [line.row.points for line in opening.lines] == [7, 0]
    assert stated_as_of(opening) == (date(2022, 6, 30) if "2022" in header else None)


def test_error_cells_and_truth_values_are_no_numbers(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "x.xlsx"
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    page.write_row(0, 0, ["姓名", "联系电话", "积分"])
    page.write_row(1, 0, ["张三", "13812345678"])
    page.write_formula(1, 2, "=1/0", None, "#DIV/0!")
    page.write_row(2, 0, ["李四", "13812345679"])
    page.write_boolean(2, 2, True)
    page.write_row(3, 0, ["王五", "13812345670"])
    page.write_formula(3, 2, "=2+3", None, 5)
    book.close()
    assert [[p.code for p in line.problems] for line in read_opening(path).lines] == [["bad_number"], ["bad_number"], []]
