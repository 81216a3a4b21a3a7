"""Objections: anyone files, the line waits, an officer who did not make it decides, and the money follows."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.storage import objections
from tests.cast import REDEEMING_AT
from tests.web.api.conftest import Api, refused


def line_of(api: Api, masked: str) -> dict[str, Any]:
    return next(line for line in api.get("", "/cycles/2022Q3/notice").json["lines"] if line["name"] == masked)


def file(api: Api, line: object, who: str = "", **more: Any) -> Any:
    return api.post(who, "/objections", {"line": line, "reason": "那天没有看到她", **more})


def test_a_notice_names_nobody_and_says_what_each_line_is(noticed: Api) -> None:
    answer = noticed.get("", "/cycles/2022Q3/notice?limit=2")
    assert answer.status_code == 200
    notice = answer.json
    assert (notice["cycle"], notice["state"], notice["ends_on"]) == ("2022Q3", "noticed", "2022-10-10")
    assert notice["totals"] == {"lines": 3, "points": 16, "reviewing": 0}
    first = notice["lines"][0]
    assert set(first) == {"line", "number", "name", "card_tail", "activity", "at", "minutes", "points", "pool", "state"}
    assert (first["line"], first["name"], first["points"], first["state"]) == ("2022Q3-0001", "王*兰", 6, "noticed")
    assert first["card_tail"] == noticed.district.card("V000001")[-4:]
    rest = noticed.get("", f"/cycles/2022Q3/notice?limit=2&cursor={notice['cursor']}").json
    assert ([line["number"] for line in rest["lines"]], rest["cursor"]) == ([3], None)
    for word in ("王玉兰", "欧阳娜娜", "13800000001", "370399"):
        assert word not in answer.text + str(rest)
    assert refused(noticed.get("", "/cycles/2022Q4/notice")) == (404, "not_found")
    assert refused(noticed.get("", "/cycles/1999Q9/notice")) == (404, "not_found")


def test_an_objection_is_taken_from_anyone_and_its_line_waits(noticed: Api) -> None:
    line = line_of(noticed, "王*兰")
    filed = file(noticed, line["line"], contact="窗口找小李")
    assert filed.status_code == 201
    assert filed.json == {"tracking": "Y000001", "line": line["line"], "answer_by": "2022-10-10"}
    assert line_of(noticed, "王*兰")["state"] == "reviewing"
    followed = noticed.get("", "/objections/Y000001")
    assert (followed.json["state"], followed.json["line_state"], followed.json["answer_by"]) == ("open", "reviewing", "2022-10-10")
    assert "没有看到" not in followed.text
    assert "小李" not in followed.text
    seen = noticed.get("officer", "/objections?state=open").json["objections"]
    assert [(o["tracking"], o["reason"], o["contact"]) for o in seen] == [("Y000001", "那天没有看到她", "窗口找小李")]
    assert refused(noticed.get("V000001", "/objections")) == (403, "forbidden")


def test_lines_are_named_in_any_sensible_way(noticed: Api) -> None:
    for form in ("2022Q3-0001", "2022q3-1", "1", 1):
        assert file(noticed, form).json["line"] == "2022Q3-0001", form
    assert refused(file(noticed, "2022Q3-9999")) == (404, "not_found")
    assert refused(file(noticed, "第一行")) == (422, "invalid_input")
    assert refused(noticed.post("", "/objections", {"line": "1", "reason": "  "})) == (422, "invalid_input")


def test_the_sixth_objection_in_an_hour_waits(noticed: Api) -> None:
    for _ in range(5):
        assert file(noticed, "1").status_code == 201
    sixth = file(noticed, "1")
    assert refused(sixth) == (429, "too_many_requests")
    assert int(sixth.headers["Retry-After"]) > 0
    assert file(noticed, "1", "V000002").status_code == 201, "another person is not counted with them"
    assert file(noticed, "1", "keeper").status_code == 201, "nor is a window that writes down what people say"
    noticed.district.later(hours=1)
    assert file(noticed, "1").status_code == 201


def test_a_line_under_objection_does_not_settle_until_it_is_confirmed(noticed: Api) -> None:
    file(noticed, line_of(noticed, "欧**娜")["line"])
    noticed.district.tick_at(REDEEMING_AT)
    balance = noticed.district.balance("V000002")
    assert (balance.spendable, balance.pending) == (60, 5)
    assert refused(file(noticed, line_of(noticed, "欧**娜")["line"])) == (409, "objection_closed")
    decided = noticed.post("officer", "/objections/Y000001/decision", {"outcome": "confirm", "answer": "签到表上有她"})
    assert decided.json == {"tracking": "Y000001", "state": "refused", "line": "2022Q3-0003", "line_state": "noticed", "entry": None}
    noticed.district.tick_at(REDEEMING_AT)
    balance = noticed.district.balance("V000002")
    assert (balance.spendable, balance.pending) == (65, 0)
    assert refused(noticed.post("officer", "/objections/Y000001/decision", {"outcome": "uphold", "answer": "又想了想"})) == (
        409,
        "objection_closed",
    )


def test_an_upheld_objection_voids_points_and_minutes(noticed: Api) -> None:
    before = noticed.district.balance("V000001")
    file(noticed, line_of(noticed, "王*兰")["line"])
    path = "/objections/Y000001/decision"
    assert refused(noticed.post("organiser", path, {"outcome": "uphold", "answer": "查实"})) == (403, "forbidden")
    decided = noticed.post("officer", path, {"outcome": "uphold", "answer": "查实没有来"})
    assert decided.status_code == 200, decided.text
    assert (decided.json["state"], decided.json["line_state"]) == ("upheld", "voided")
    after = noticed.district.balance("V000001")
    assert (before.pending - after.pending, after.honour_minutes < before.honour_minutes) == (6, True)
    noticed.district.tick_at(REDEEMING_AT)
    assert noticed.district.balance("V000001").spendable == 105
    assert noticed.get("", "/cycles/2022Q3/notice").json["objections"] == {"filed": 1, "open": 0, "upheld": 1, "refused": 0}


def test_two_objections_to_one_line_are_decided_one_by_one(noticed: Api) -> None:
    line = line_of(noticed, "王*兰")["line"]
    file(noticed, line)
    file(noticed, line, "V000005")
    assert (
        noticed.post("officer", "/objections/Y000001/decision", {"outcome": "confirm", "answer": "有签名"}).json["line_state"]
        == "reviewing"
    )
    assert (
        noticed.post("officer", "/objections/Y000002/decision", {"outcome": "uphold", "answer": "签名不是她的"}).json["line_state"]
        == "voided"
    )


def test_whoever_recorded_a_line_does_not_decide_on_it(noticed: Api) -> None:
    """The lines were imported by the console; an officer who imported them themselves is turned away."""
    from ledger.domain.errors import SelfApproval
    from ledger.domain.people import Actor, Grant
    from ledger.usecases.decide_objection import decide_objection

    file(noticed, line_of(noticed, "王*兰")["line"])
    beneficiary = Actor("U000099", person="V000001", grants=(Grant("officer"),))
    request = noticed.district.request("decide", beneficiary)
    with pytest.raises(SelfApproval):
        decide_objection(noticed.book, request, tracking="Y000001", outcome="confirm", answer="我来过")
    row = noticed.book.read(lambda unit: objections.objection(unit, "Y000001"))
    assert row is not None
    assert row.state == "open"


def test_nothing_of_an_objection_is_kept_in_the_clear(noticed: Api) -> None:
    file(noticed, "1", contact="13912345678")
    noticed.book.close()
    for file_ in noticed.district.folder.rglob("*"):
        if file_.is_file():
            raw = file_.read_bytes()
            assert "那天没有看到她".encode() not in raw
            assert b"13912345678" not in raw
