"""Uploads in the office: rehearsed before they are written, harmless twice, undone as a whole, and never kept."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from werkzeug.test import TestResponse

from ledger.usecases.undo_batch import undo_batch
from tests.cast import ACTIVITIES, ATTENDANCE, PEOPLE
from tests.web.office.office_cast import Office

QUARTER = Path(__file__).parents[2] / "paperwork" / "quarter-2022q3"
NEWCOMERS = (
    PEOPLE.splitlines()[0]
    + """
周小川,男,,13800000011,石桥街道,东苑社区,第1网格,微网格01,群众,,,
欧阳娜娜,女,,13800000002,石桥街道,东苑社区,第1网格,微网格01,群众,区医院,一队,
=1+1,男,,123,石桥街道,东苑社区,第1网格,微网格01,群众,,,
吴敏,女,,13800000013,石桥街道,南苑社区,第1网格,微网格01,群众,,,
"""
)


def bring(office: Office, text: str | bytes, login: str = "officer", name: str = "花名册.csv", **more: Any) -> TestResponse:
    data = text.encode("utf-8-sig") if isinstance(text, str) else text
    return office.post(login, "/office/imports/new", file=(io.BytesIO(data), name), **{"kind": "auto", **more})


def workbook(sheets: dict[str, str], folder: Path) -> bytes:
    with xlsxwriter.Workbook(str(folder / "sent.xlsx")) as made:
        for name, text in sheets.items():
            sheet = made.add_worksheet(name)
            for n, line in enumerate(text.splitlines()):
                for column, cell in enumerate(line.split(",")):
                    sheet.write_string(n, column, cell)
    return (folder / "sent.xlsx").read_bytes()


def preview_of(answer: TestResponse) -> str:
    assert answer.status_code == 303, answer.text
    return str(answer.headers["Location"])


def kept(office: Office) -> list[str]:
    folder = office.district.book.settings.folder / "uploads"
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_the_same_roster_again_has_nothing_new(office: Office) -> None:
    page = office.get("officer", preview_of(bring(office, PEOPLE))).text
    assert "没有新的要写。有6行和账本里一样。" in page
    assert 'data-busy="正在写…"' not in page
    assert len(office.acts("batch_imported")) == 7


def test_a_rehearsal_writes_nothing_and_masks_everybody(office: Office) -> None:
    page = office.get("officer", preview_of(bring(office, NEWCOMERS))).text
    assert re.search(r"<b>1</b>.*新增.*<b>1</b>.*不变.*<b>2</b>.*退回", page, re.S) or "<b>1</b>" in page
    assert "周*川" in page and "周小川" not in page
    assert "138****0011" in page and "13800000011" not in page
    assert "不是11位手机号" in page and "网格还没有建" in page
    assert len(office.acts("batch_imported")) == 7
    notes = "".join(path.read_text(encoding="utf-8") for path in (office.district.book.settings.folder / "uploads").glob("*.json"))
    assert "周小川" not in notes and "13800000011" not in notes


def test_writing_is_for_real_once_and_the_file_is_gone(office: Office) -> None:
    path = preview_of(bring(office, NEWCOMERS))
    done = office.post("officer", f"{path}/people")
    assert done.status_code == 303
    page = office.get("officer", done.headers["Location"]).text
    assert "写好了，批次B000008" in page
    assert [name for name in kept(office) if not name.endswith(".json")] == []
    again = office.post("officer", f"{path}/people")
    assert again.status_code == 303
    assert len(office.acts("batch_imported")) == 8
    batch = office.get("officer", "/office/imports/B000008").text
    assert "officer" in batch and "志愿者花名册" in batch


def test_returned_rows_are_a_sheet_without_formulas(office: Office, tmp_path: Path) -> None:
    path = preview_of(bring(office, workbook({"=表": NEWCOMERS}, tmp_path), name="花名册.xlsx"))
    sheet = office.get("officer", f"{path}/people/returned.csv")
    assert sheet.headers["Content-Type"].startswith("text/csv")
    lines = sheet.data.decode("utf-8-sig").splitlines()
    assert lines[0] == "工作表,行,列,原因,代码"
    assert [(line.split(",")[0], line.rsplit(",", 1)[1]) for line in lines[1:]] == [("'=表", "missing_name"), ("'=表", "unknown_area")]


def test_a_file_with_two_kinds_of_sheets_is_shown_kind_by_kind(office: Office) -> None:
    data = (QUARTER / "2022年第三季度签到表.xlsx").read_bytes()
    path = preview_of(bring(office, data, name="签到表.xlsx"))
    page = office.get("officer", path).text
    assert "活动 (150)" in page and "签到表 (1,980)" in page


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "花名册.xlsx", "不是表格"),
        (b"", "empty.csv", "是空的"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "old.xls", "旧版Excel"),
        ("姓名,爱好\n王玉兰,下棋\n".encode(), "x.csv", "表头里缺"),
        ('姓名,联系电话,社区\n"王玉兰,138\n'.encode(), "q.csv", "引号"),
        (b"PK\x03\x04" + b"\0" * 100, "broken.xlsx", "不是表格"),
    ],
)
def test_a_bad_file_is_refused_in_words_and_not_kept(office: Office, data: bytes, name: str, words: str) -> None:
    answer = bring(office, data, name=name)
    assert answer.status_code == 422
    assert words in answer.text
    assert 'role="alert"' in answer.text
    assert kept(office) == []


def test_a_file_over_the_limit_is_refused_and_not_kept(office: Office) -> None:
    answer = bring(office, b"a,b\n" * (21 * 1024 * 1024 // 4), name="big.csv")
    assert answer.status_code == 422
    assert "太大" in answer.text
    assert kept(office) == []
    assert bring(office, b"x" * (26 * 1024 * 1024), name="bigger.csv").status_code == 413


def test_no_file_at_all_is_asked_for(office: Office) -> None:
    answer = office.post("officer", "/office/imports/new", kind="auto")
    assert answer.status_code == 422
    assert "这里要填。" in answer.text


def test_a_name_from_outside_never_becomes_a_path(office: Office) -> None:
    path = preview_of(bring(office, PEOPLE, name="../../../../etc/花名册.csv"))
    assert "花名册.csv" in office.get("officer", path).text
    assert all(re.fullmatch(r"[0-9a-f]{32}(\.json)?", name) for name in kept(office))
    for token in ("...", "..\\keys", "x" * 32, "0" * 31, "0" * 32):
        assert office.get("officer", f"/office/imports/new/{token}").status_code == 404


def test_an_upload_is_its_bringers_alone_and_lives_an_hour(office: Office) -> None:
    path = preview_of(bring(office, NEWCOMERS))
    assert office.get("deputy", path).status_code == 404
    assert office.post("deputy", f"{path}/people").status_code == 404
    for _ in range(3):
        office.district.later(minutes=20, seconds=1)
        office.get("officer", "/office/imports")
    assert office.get("officer", path).status_code == 404
    assert kept(office) == []


def test_a_strict_upload_with_a_refused_row_writes_nothing(office: Office) -> None:
    path = preview_of(bring(office, NEWCOMERS, strict="1"))
    answer = office.post("officer", f"{path}/people")
    assert answer.status_code == 422
    assert "rows_rejected" in answer.text
    assert len(office.acts("batch_imported")) == 7


def test_opening_points_without_a_date_ask_for_it(office: Office) -> None:
    path = preview_of(bring(office, "姓名,联系电话,结余积分\n李芳,13800000003,7\n", name="期初.csv"))
    assert "表头没有写截至日期" in office.get("officer", path).text
    told = office.post("officer", f"{path}/as-of", kind="opening", as_of="2022-06-30")
    page = office.get("officer", told.headers["Location"]).text
    assert "积分合计" in page and 'value="2022-06-30"' in page
    assert office.post("officer", f"{path}/opening").status_code == 303
    assert office.district.balance("V000003").spendable == 7


def test_putting_a_file_away_leaves_nothing(office: Office) -> None:
    path = preview_of(bring(office, NEWCOMERS))
    assert office.post("officer", f"{path}/drop").status_code == 303
    assert kept(office) == []


def test_undoing_is_shown_before_it_is_done(office: Office) -> None:
    shown = office.get("officer", "/office/imports/B000007/undo")
    assert shown.status_code == 200
    assert "会冲回3笔账" in shown.text
    assert office.acts("batch_undone") == []
    done = office.post("officer", "/office/imports/B000007/undo")
    assert done.status_code == 303
    assert "已整批撤回" in office.get("officer", "/office/imports/B000007").text
    again = office.post("officer", "/office/imports/B000007/undo")
    assert again.status_code == 409
    assert "batch_already_undone" in again.text
    path = preview_of(bring(office, ATTENDANCE, name="签到.csv"))
    assert office.post("officer", f"{path}/attendance").status_code == 303


def test_undoing_what_was_spent_warns_of_the_debt(office: Office) -> None:
    office.district.to_redeeming()
    office.district.walk_up("SP-01", 3)
    shown = office.get("officer", "/office/imports/B000005/undo").text
    assert "已经花掉" in shown
    would = undo_batch(office.district.book, office.district.request("undo", key=None, dry=True), batch="B000005")
    assert f"有{would['debt']}分已经花掉" in shown


def test_a_batch_others_stand_on_is_not_undone(office: Office) -> None:
    shown = office.get("officer", "/office/imports/B000006/undo")
    assert shown.status_code == 409
    assert "batch_in_use" in shown.text


def test_activities_and_their_sheet_can_be_written_one_after_the_other(office: Office, tmp_path: Path) -> None:
    data = workbook({"活动": ACTIVITIES.replace("HD", "ND"), "签到": ATTENDANCE.replace("HD", "ND")}, tmp_path)
    path = preview_of(bring(office, data, name="both.xlsx"))
    assert "<b>3</b>" in office.get("officer", f"{path}?kind=attendance").text
    assert "没有新的要写" in office.get("officer", f"{path}?kind=attendance").text
    office.post("officer", f"{path}/activities")
    assert "接着看签到表" in office.get("officer", f"{path}?kind=activities").text
    office.post("officer", f"{path}/attendance")
    assert office.acts("batch_imported")[-1].facts["kind"] == "attendance"
    assert office.acts("batch_imported")[-1].facts["counts"]["accepted"] == 3
