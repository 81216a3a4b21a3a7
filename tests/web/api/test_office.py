"""Twins of what offices do on pages: imports, quarters, rules, people, accounts."""

from __future__ import annotations

import io
from typing import Any

import pyotp
import pytest

from tests.cast import PASSWORD, local
from tests.web.api.conftest import Api, refused

ROSTER = "姓名,性别,身份证号,联系电话,镇街,社区,网格,微网格,政治面貌,工作单位,志愿队伍,备注\n"
NEW = "孙梅,女,,13800000009,石桥街道,东苑社区,第1网格,微网格01,群众,,,\n"
BAD = "钱进,男,,12345,石桥街道,东苑社区,第1网格,微网格01,群众,,,\n"


def upload(api: Api, kind: str, text: str, who: str = "officer", **more: str) -> Any:
    data = {"file": (io.BytesIO(text.encode("utf-8-sig")), "花名册.csv"), **more}
    return api.call("POST", who, f"/imports/{kind}", data=data, content_type="multipart/form-data")


def test_a_file_is_tried_brought_and_undone(api: Api) -> None:
    tried = upload(api, "people", ROSTER + NEW + BAD, dry_run="true")
    assert tried.status_code == 200, tried.text
    assert (tried.json["batch"], tried.json["accepted"]) == (None, 1)
    brought = upload(api, "people", ROSTER + NEW + BAD)
    assert (brought.json["read"], brought.json["accepted"], brought.json["unchanged"]) == (2, 1, 0)
    (row,) = brought.json["rejected"]
    assert (row["row"], row["column"], row["code"]) == (3, "联系电话", "bad_phone")
    assert "11位手机号" in row["message"]
    again = upload(api, "people", ROSTER + NEW + BAD)
    assert (again.json["accepted"], again.json["unchanged"], again.json["batch"]) == (0, 1, None)
    batch = brought.json["batch"]
    assert api.get("officer", "/imports?limit=1").json["batches"][0]["batch"] == batch
    undone = api.post("officer", f"/imports/{batch}/undo", {})
    assert (undone.status_code, undone.json) == (200, {"batch": batch, "reversed": 0, "debt": 0})
    assert refused(api.post("officer", f"/imports/{batch}/undo", {})) == (409, "batch_already_undone")
    assert refused(api.post("officer", "/imports/B999999/undo", {})) == (404, "not_found")


def test_a_file_that_is_none_or_comes_from_others_is_refused(api: Api) -> None:
    assert refused(upload(api, "people", "")) == (422, "unreadable_file")
    assert refused(upload(api, "people", ROSTER + NEW + BAD, strict="true")) == (422, "rows_rejected")
    assert refused(upload(api, "pigeons", ROSTER)) == (422, "invalid_input")
    assert refused(upload(api, "opening", "x", as_of="2022-02-30")) == (422, "invalid_input")
    assert refused(upload(api, "people", ROSTER + NEW, who="keeper")) == (403, "forbidden")
    assert refused(api.post("officer", "/imports/people", {})) == (422, "invalid_input")


def test_a_quarter_moves_by_hand_with_a_second_officer_and_answers_once(noticed: Api) -> None:
    path = "/cycles/2022Q3/advance"
    assert refused(noticed.post("officer", path, {"to": "sealed", "reason": "跳过去"})) == (409, "illegal_step")
    assert refused(noticed.post("officer", path, {"to": "redeeming", "reason": "提前"})) == (403, "second_person_required")
    own = {"to": "redeeming", "reason": "提前", "second_token": noticed.token("officer")}
    assert refused(noticed.post("officer", path, own)) == (403, "second_person_required")
    other = {"to": "redeeming", "reason": "提前", "second_token": noticed.token("second")}
    moved = noticed.post("officer", path, other, key="advance-1")
    assert moved.json == {"cycle": "2022Q3", "from": "noticed", "to": "redeeming", "count": 3}
    assert noticed.post("officer", path, other, key="advance-1").data == moved.data
    assert refused(noticed.post("officer", path, {**other, "reason": "别的"}, key="advance-1")) == (422, "request_key_reused")
    assert refused(noticed.post("V000001", path, other)) == (403, "forbidden")
    shown = noticed.get("officer", "/cycles/2022Q3").json
    assert (shown["state"], shown["totals"]["earned"], shown["totals"]["pending"]) == ("redeeming", 16, 0)


def test_what_is_due_is_done_by_one_call(noticed: Api) -> None:
    noticed.district.now = local("2022-10-12 09:00")
    done = noticed.post("officer", "/ticks", {})
    assert done.status_code == 200, done.text
    assert done.json["done"][0] == {"cycle": "2022Q3", "from": "noticed", "to": "redeeming", "count": 3}
    assert noticed.post("officer", "/ticks", {}).json["done"] == []


def test_rules_are_published_once_and_never_changed(api: Api) -> None:
    rule = {
        "rule": "hour", "version": 1, "name": "每小时", "basis": "minute", "points": 2, "clause": "第3条",
        "valid_from": "2022-10-01T00:00:00+08:00",
        "caps": {"day": 8},
    }  # fmt: skip
    assert api.post("officer", "/rules", rule).status_code == 201
    assert refused(api.post("officer", "/rules", {**rule, "points": 3})) == (409, "differs")
    assert refused(api.post("officer", "/rules", {**rule, "version": 2, "clause": "  "})) == (422, "invalid_input")
    assert refused(api.post("keeper", "/rules", rule)) == (403, "forbidden")
    listed = next(r for r in api.get("V000001", "/rules").json["rules"] if r["rule"] == "hour")
    assert (listed["points"], listed["caps"], listed["valid_from"]) == (2, {"day": 8}, "2022-10-01T00:00:00+08:00")


@pytest.mark.parametrize("query", ["王玉兰", "13800000001", "138 0000 0001", "V000001"])
def test_staff_find_people_masked(api: Api, query: str) -> None:
    (found,) = api.get("keeper", f"/people?query={query}").json["people"]
    assert (found["holder"], found["name"], found["phones"]) == ("V000001", "王*兰", ["138****0001"])
    assert found["card_tail"] == api.district.card()[-4:]
    assert refused(api.get("V000001", f"/people?query={query}")) == (403, "forbidden")
    assert api.get("keeper", "/people?query=nobody").json == {"people": []}


def test_a_person_comes_in_by_a_binding_code_once(api: Api) -> None:
    offered = api.post("keeper", "/people/V000006/invitation", key="invite-1")
    assert (offered.status_code, offered.json["person"]) == (201, "V000006")
    assert api.post("keeper", "/people/V000006/invitation", key="invite-1").data == offered.data
    came = api.post("", "/bindings", {"code": offered.json["spoken_code"]}, key="")
    assert (came.status_code, came.json["role"]) == (201, "volunteer")
    me = api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {came.json['token']}"})
    assert me.json["holder"] == "V000006"
    assert refused(api.post("", "/bindings", {"code": offered.json["pass"]}, key="")) == (409, "pass_used")
    by_roster = api.post("", "/bindings", {"known": api.district.card(), "tail": "0001"}, key="")
    assert by_roster.status_code == 201
    assert refused(api.post("", "/bindings", {"known": api.district.card(), "tail": "0002"}, key="")) == (401, "unauthenticated")
    assert refused(api.post("", "/bindings", {}, key="")) == (422, "invalid_input")
    assert refused(api.post("V000001", "/people/V000002/invitation")) == (403, "forbidden")


def test_an_admin_keeps_accounts_and_roles(api: Api) -> None:
    body = {"login": "新站长", "role": "keeper", "station": "DY001", "person": "13800000005", "password": PASSWORD}
    added = api.post("admin", "/users", body)
    assert (added.status_code, added.json) == (201, {"login": "新站长", "role": "keeper"})
    officer = api.post("admin", "/users", {"login": "jiang", "role": "officer", "password": PASSWORD}, key="user-1")
    assert pyotp.parse_uri(officer.json["otp_uri"]).now()
    assert api.post("admin", "/users", {"login": "jiang", "role": "officer", "password": PASSWORD}, key="user-1").data == officer.data
    listed = next(u for u in api.get("auditor", "/users?limit=200").json["users"] if u["login"] == "新站长")
    granted = api.post(
        "admin", "/grants", {"grantee": listed["id"], "role": "organiser", "area": "dongyuan", "until": "2022-12-31T00:00:00+08:00"}
    )
    assert (granted.status_code, granted.json["scope"]) == (201, "dongyuan")
    assert api.delete("admin", f"/grants/{granted.json['grant']}").status_code == 204
    assert api.delete("admin", "/users/新站长").status_code == 204
    sign_in = {"login": "新站长", "password": PASSWORD}
    assert refused(api.client.post("/api/v1/sessions", json=sign_in)) == (401, "unauthenticated")
    assert refused(api.post("officer", "/users", body)) == (403, "forbidden")
    assert refused(api.post("admin", "/users", {**body, "login": "x", "password": "short"})) == (422, "invalid_input")
    assert refused(api.get("officer", "/users")) == (403, "forbidden")


def test_a_password_changes_with_the_old_one(api: Api) -> None:
    new = "Another-2022-pass!"
    assert refused(api.put("keeper", "/me/password", {"old": "wrong", "new": new})) == (401, "unauthenticated")
    assert api.put("keeper", "/me/password", {"old": PASSWORD, "new": new}).status_code == 204
    assert api.client.post("/api/v1/sessions", json={"login": "keeper", "password": new}).status_code == 201
    assert api.get("keeper", "/people?query=V000001").status_code == 200


def test_stations_are_listed_with_their_shelves_for_anyone(api: Api) -> None:
    first = api.get("", "/stations?limit=1").json
    assert (first["stations"][0]["station"], first["cursor"]) == ("DY001", "DY001")
    assert first["stations"][0]["shelf"][0] == {
        "sku": "SP-01", "name": "大米", "unit": "袋", "category": "物资", "on_shelf": 40, "reserved": 0,
        "price_points": 30, "cost_fen": 2990, "limit_per_cycle": None,
    }  # fmt: skip
    rest = api.get("", f"/stations?cursor={first['cursor']}").json
    assert ([s["station"] for s in rest["stations"]], rest["cursor"]) == (["XY001"], None)
    assert api.get("", "/stations/DY001").json == first["stations"][0]
    api.hold("SP-03", 3)
    line = api.get("", "/stations").json["stations"][0]["shelf"][2]
    assert (line["on_shelf"], line["reserved"]) == (97, 3)
    assert refused(api.get("", "/stations/NONE")) == (404, "not_found")
