"""What keepers and offices do on pages, over HTTP: scanning, what waits and went, cards, prices, a revealed phone, the audit."""

from __future__ import annotations

import hashlib
import uuid

from ledger.storage import journal
from ledger.storage.sql import Statement
from tests.web.api.conftest import Api, refused

ACTS = Statement("SELECT COUNT(*) FROM {act}")


def test_a_scan_says_who_it_is_and_uses_nothing_up(api: Api) -> None:
    placed, shown = api.hold("SP-03", 2).json, api.fresh_pass()
    acts = api.book.read(lambda unit: unit.value(ACTS))
    for _ in range(2):
        seen = api.post("keeper", "/scans", {"shown": shown})
        assert seen.status_code == 200, seen.text
    assert api.book.read(lambda unit: unit.value(ACTS)) == acts
    assert {n: seen.json[n] for n in ("how", "name", "spendable", "blocked", "last", "hold")} == {
        "how": "code", "name": "王*兰", "spendable": 95, "blocked": "", "last": None, "hold": None,
    }  # fmt: skip
    assert [w["hold"] for w in seen.json["waiting"]] == [placed["hold"]]
    rice = next(g for g in seen.json["goods"] if g["sku"] == "SP-01")
    assert (rice["on_shelf"], rice["most"]) == (40, 3)
    assert "13800000001" not in seen.text
    assert "王玉兰" not in seen.text
    picked = api.post("keeper", "/scans", {"shown": placed["code"]}).json
    assert (picked["how"], picked["hold"]["hold"], picked["goods"]) == ("hold", placed["hold"], [])
    assert refused(api.post("elsewhere", "/scans", {"shown": shown, "station": "DY001"})) == (403, "wrong_station")
    assert refused(api.post("keeper", "/scans", {"shown": "ABCD EFGH"})) == (422, "pass_invalid")
    assert refused(api.post("V000001", "/scans", {"shown": shown})) == (403, "forbidden")


def test_a_station_lists_what_waits_and_what_went_today(api: Api) -> None:
    placed, done = api.hold("SP-03").json, api.walk_up("SP-01").json
    (waits,) = api.get("keeper", "/stations/DY001/holds").json["holds"]
    assert (waits["hold"], waits["owner"], waits["points"]) == (placed["hold"], "王*兰", 8)
    (went,) = api.get("keeper", "/stations/DY001/redemptions").json["redemptions"]
    assert went == api.get("keeper", f"/redemptions/{done['redemption']}").json
    assert (went["receipt"], went["person"], went["keeper"], went["points"]) == (done["receipt"], "王*兰", "李*", 30)
    assert (went["at"], went["undo_until"], went["reversed_at"]) == ("2022-10-12T09:00:00+08:00", "2022-10-12T09:02:00+08:00", None)
    assert refused(api.get("elsewhere", "/stations/DY001/holds")) == (403, "wrong_station")
    assert refused(api.get("elsewhere", f"/redemptions/{done['redemption']}")) == (403, "wrong_station")


def test_a_card_is_replaced_and_revoked_in_one_step_and_keeps_its_pin(api: Api) -> None:
    old, key = api.district.card(), str(uuid.uuid4())
    api.put("V000001", "/me/pin", {"pin": "420917"})
    (blank,) = api.post("officer", "/blank-cards", {"count": 1}).json["cards"]
    given = api.post("keeper", "/people/V000001/card", {"blank": blank}, key=key)
    assert given.status_code == 201
    assert (given.json["card"], given.json["revoked"]) == (blank, [old])
    assert api.post("keeper", "/people/V000001/card", {"blank": blank}, key=key).data == given.data
    body = {"items": [{"sku": "SP-03", "quantity": 1}], "pin": "420917"}
    assert refused(api.post("keeper", "/redemptions", {**body, "card": old})) == (403, "pass_revoked")
    for shown in (given.json["pass"], blank):
        assert api.post("keeper", "/redemptions", {**body, "card": shown}).status_code == 201
    assert refused(api.post("keeper", "/people/V000003/card", {})) == (403, "forbidden")


def test_a_pin_at_the_desk_needs_a_second_card(api: Api) -> None:
    alone = {"pin": "420917", "witness_card": api.district.card("V000003")}
    assert refused(api.put("keeper", "/people/V000006/pin", alone)) == (403, "witness_required")
    both = {"pin": "420917", "witness_card": api.district.card("V000004")}
    assert api.put("keeper", "/people/V000006/pin", both).status_code == 200
    body = {"card": api.district.card("V000006"), "pin": "420917", "items": [{"sku": "SP-03", "quantity": 1}]}
    assert api.post("keeper", "/redemptions", body).status_code == 201


def test_a_price_moves_as_often_as_an_officer_says_and_holds_keep_theirs(api: Api) -> None:
    placed = api.hold("SP-03").json
    for price in (10, 8, 12):
        moved = api.put("officer", "/goods/SP-03", {"price_points": price, "limit_per_cycle": None, "reason": "进价变了"})
        assert moved.json == {"sku": "SP-03", "price_points": price, "limit_per_cycle": None, "changed": True}
    stale = {"price_points": 9, "limit_per_cycle": None, "was_price": 8}
    assert refused(api.put("officer", "/goods/SP-03", stale)) == (409, "differs")
    assert refused(api.put("officer", "/goods/SP-99", stale)) == (404, "not_found")
    assert refused(api.put("keeper", "/goods/SP-03", stale)) == (403, "forbidden")
    assert next(g["price_points"] for g in api.get("V000001", "/goods").json["goods"] if g["sku"] == "SP-03") == 12
    assert api.post("keeper", "/redemptions", {"hold": placed["hold"]}).json["points"] == 8


def test_a_phone_is_revealed_to_an_officer_with_a_reason_and_written_down(api: Api) -> None:
    shown = api.post("officer", "/people/V000001/phones", {"reason": "送货上门"})
    assert shown.json == {"person": "V000001", "phones": ["13800000001"]}
    assert refused(api.post("officer", "/people/V000001/phones", {"reason": " "})) == (422, "invalid_input")
    assert refused(api.post("keeper", "/people/V000001/phones", {"reason": "看看"})) == (403, "forbidden")
    last = api.book.read(lambda unit: unit.rows(REVEALED))
    assert len(last) == 1
    assert b"13800000001" not in api.book.read(lambda unit: str(unit.rows(KEPT))).encode()


REVEALED = Statement("SELECT id FROM {act} WHERE kind = 'phone_revealed'")
KEPT = Statement("SELECT answer FROM {request_key}")


def test_the_audit_is_run_and_the_journal_taken_away(api: Api) -> None:
    done = api.walk_up("SP-03").json
    report = api.get("auditor", "/audit/checks")
    assert report.status_code == 200
    assert all(one["ok"] for one in report.json["checks"])
    assert len(report.json["checks"]) >= 20
    for format_ in ("hledger", "beancount", "csv", "jsonl"):
        file = api.post("auditor", "/exports", {"format": format_})
        assert file.headers["X-Content-SHA256"] == hashlib.sha256(file.data).hexdigest()
        assert done["entry"].encode() in file.data
    assert refused(api.post("auditor", "/exports", {"format": "xml"})) == (422, "invalid_input")
    assert refused(api.post("auditor", "/exports", {"format": "csv", "cycle": "1999Q1"})) == (404, "not_found")
    assert refused(api.get("keeper", "/audit/checks")) == (403, "forbidden")


def test_sessions_end_where_they_were_left_open(api: Api) -> None:
    here, there = api.token("V000001"), None
    api.tokens.clear()
    there = api.token("V000001")
    assert api.delete("V000001", "/me/sessions").status_code == 204
    assert api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {there}"}).status_code == 200
    assert api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {here}"}).status_code == 401
    keeper = api.token("keeper")
    assert api.delete("admin", "/users/keeper/sessions").status_code == 204
    assert api.client.get("/api/v1/goods", headers={"Authorization": f"Bearer {keeper}"}).status_code == 401
    assert api.put("V000001", "/me/mode", {"elder": True}).status_code == 204
    assert api.book.read(lambda unit: journal.act_by_id(unit, "none")) is None


def test_what_waits_for_an_organiser_is_listed_for_them(api: Api) -> None:
    rule = {"rule": "river", "version": 1, "name": "河道服务", "basis": "event", "points": 4, "clause": "第5条", "min_evidence": 2}
    assert api.post("officer", "/rules", {**rule, "valid_from": "2022-10-01T00:00:00+08:00"}).status_code == 201
    event = {
        "name": "河道清理", "kind": "志愿服务", "area": "dongyuan", "rule": "river", "starts_at": "2022-10-12T09:10:00+08:00",
        "ends_at": "2022-10-12T11:10:00+08:00",
    }  # fmt: skip
    activity = api.post("organiser", "/activities", event).json["activity"]
    poster = api.get("organiser", f"/activities/{activity}/pass").json["poster_url"]
    came = api.post("V000002", "/check-ins", {"pass": poster}).json
    (row,) = api.get("organiser", "/attendances").json["attendances"]
    assert (row["attendance"], row["evidence_level"], row["may_approve"]) == (came["attendance"], 1, True)
    assert api.get("stranger", "/attendances").json == {"attendances": []}
