"""Holds, hand-overs and their undoing over HTTP: exact fields, exact refusals, the first answer again under the same key."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from ledger.storage import journal
from ledger.usecases.reverse_hand_over import reverse_hand_over
from tests.cast import found_district, local, migrated_settings, open_book
from tests.web.api.conftest import Api, refused

BOTH = ["api", pytest.param("pg_api", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")])]


@pytest.fixture(params=BOTH)
def either(request: pytest.FixtureRequest) -> Api:
    found: Api = request.getfixturevalue(request.param)
    return found


def test_a_hold_answers_what_its_holder_needs_and_moves_points_and_shelf(api: Api) -> None:
    before, shelf = api.spendable(), api.on_shelf()
    placed = api.hold()
    assert placed.status_code == 201
    assert set(placed.json) == {"hold", "code", "url", "points", "expires_at"}
    assert (placed.json["points"], placed.json["expires_at"]) == (30, "2022-11-01T00:00:00+08:00")
    assert len(placed.json["code"]) == 8
    assert placed.json["url"].startswith("HTTP://127.0.0.1:8000/Q/")
    me = api.get("V000001", "/me").json
    assert (me["spendable"], me["held"], api.on_shelf()) == (before - 30, 30, shelf - 1)


def test_one_hold_is_collected_by_its_id_its_code_or_its_link(either: Api) -> None:
    for by in ("hold", "code", "url"):
        placed = either.hold("SP-03").json
        done = either.post("keeper", "/redemptions", {"hold": placed[by]})
        assert done.status_code == 201, done.text
        assert set(done.json) == {"redemption", "receipt", "points", "spendable_after", "entry"}
        assert refused(either.post("keeper", "/redemptions", {"hold": placed[by]})) == (409, "hold_resolved")
        assert refused(either.delete("V000001", f"/holds/{placed['hold']}")) == (409, "hold_resolved")


def test_a_hold_is_called_off_twice_with_the_same_answer(api: Api) -> None:
    before, placed = api.spendable(), api.hold().json["hold"]
    assert refused(api.delete("V000002", f"/holds/{placed}")) == (403, "forbidden")
    for _ in range(2):
        gone = api.delete("V000001", f"/holds/{placed}")
        assert (gone.status_code, gone.data) == (204, b"")
    assert api.spendable() == before
    assert refused(api.post("keeper", "/redemptions", {"hold": placed})) == (409, "hold_resolved")


def test_a_walk_up_is_served_by_pass_link_and_spoken_code(either: Api) -> None:
    for form in ("pass", "url", "spoken_code"):
        shown = either.get("V000001", "/me/pass").json
        done = either.walk_up("SP-03", shown=shown[form])
        assert done.status_code == 201, done.text
        for again in ("pass", "spoken_code"):
            assert refused(either.walk_up("SP-03", shown=shown[again])) == (409, "pass_used")


def test_a_card_needs_its_pin_or_a_witness(api: Api) -> None:
    body = {"card": api.get("V000001", "/me").json["card"], "items": [{"sku": "SP-03", "quantity": 1}]}
    assert refused(api.post("keeper", "/redemptions", body)) == (403, "witness_required")
    assert api.put("V000001", "/me/pin", {"pin": "420917"}).json == {"card": body["card"][-4:]}
    wrong = api.post("keeper", "/redemptions", {**body, "pin": "420918"})
    assert (refused(wrong), wrong.json["tries_left"]) == ((422, "pin_wrong"), 4)
    assert api.post("keeper", "/redemptions", {**body, "pin": "420917"}).status_code == 201
    witness = api.get("elsewhere", "/people?query=V000004").json["people"][0]
    assert (witness["name"], witness["phones"]) == ("赵*", ["138****0004"])
    own = api.district.card("V000004")
    assert api.post("keeper", "/redemptions", {**body, "witness_card": own}).status_code == 201
    assert refused(api.post("keeper", "/redemptions", {**body, "witness_card": api.district.card("V000002")})) == (403, "witness_required")


def test_a_new_pin_takes_the_place_of_the_old_one(api: Api) -> None:
    body = {"card": api.district.card(), "items": [{"sku": "SP-03", "quantity": 1}]}
    for pin in ("420917", "309218"):
        assert api.put("V000001", "/me/pin", {"pin": pin}).status_code == 200
        assert api.post("keeper", "/redemptions", {**body, "pin": pin}).status_code == 201


def test_only_a_named_agent_collects_and_both_are_recorded(api: Api) -> None:
    api.put("V000001", "/me/pin", {"pin": "420917"})
    agent = api.district.card("V000002")
    body = {"card": api.district.card(), "pin": "420917", "items": [{"sku": "SP-03", "quantity": 1}], "agent": agent}
    assert refused(api.post("keeper", "/redemptions", body)) == (403, "agent_not_named")
    named = api.put("V000001", f"/me/agents/{agent}")
    assert named.json == {"agent": "V000002", "name": "欧**娜", "card_tail": agent[-4:]}
    assert api.get("V000001", "/me/agents").json == {"agents": [named.json]}
    done = api.post("keeper", "/redemptions", body).json
    entry = api.book.read(lambda unit: journal.act_by_id(unit, done["entry"]))
    assert entry is not None
    assert (entry.subject, entry.collected_by) == ("V000001", "V000002")
    assert api.delete("V000001", f"/me/agents/{agent}").status_code == 204
    assert refused(api.post("keeper", "/redemptions", body)) == (403, "agent_not_named")


def test_the_same_key_gives_the_same_bytes_and_another_body_is_refused(either: Api) -> None:
    key, code = str(uuid.uuid4()), either.fresh_pass()
    first = either.walk_up("SP-03", shown=code, key=key)
    again = either.walk_up("SP-03", shown=code, key=key)
    assert (first.status_code, again.status_code, first.data) == (201, 201, again.data)
    assert refused(either.walk_up("SP-03", 2, shown=code, key=key)) == (422, "request_key_reused")
    hold = str(uuid.uuid4())
    assert either.hold(key=hold).data == either.hold(key=hold).data
    assert refused(either.hold(quantity=2, key=hold)) == (422, "request_key_reused")
    assert refused(either.post("V000001", "/holds", {"station": "DY001", "items": [{"sku": "SP-01", "quantity": 1}]}, key="")) == (
        422, "request_key_missing",
    )  # fmt: skip


def test_a_refused_request_does_not_use_up_its_key(api: Api) -> None:
    key = str(uuid.uuid4())
    assert refused(api.hold(quantity=4, key=key)) == (409, "insufficient_points")
    assert refused(api.hold(quantity=4, key=key)) == (409, "insufficient_points")
    assert api.hold(quantity=1, key=key).status_code == 201


def test_refusals_of_a_hold_are_the_contracts(api: Api) -> None:
    assert refused(api.hold("SP-02", 3)) == (409, "limit_reached")
    assert refused(api.hold("SP-03", 200)) == (409, "insufficient_points")
    assert refused(api.hold("NONE")) == (422, "invalid_input")
    assert refused(api.hold(quantity=0)) == (422, "invalid_input")
    assert refused(api.post("V000001", "/holds", {"station": "NO", "items": [{"sku": "SP-01", "quantity": 1}]})) == (404, "not_found")
    assert refused(api.post("keeper", "/holds", {"station": "DY001", "items": [{"sku": "SP-01", "quantity": 1}]})) == (403, "forbidden")
    assert refused(api.post("", "/holds", {"station": "DY001", "items": [{"sku": "SP-01", "quantity": 1}]})) == (401, "unauthenticated")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"hold": "x", "volunteer_pass": "y"},
        {"hold": "x", "items": [{"sku": "SP-01", "quantity": 1}]},
        {"volunteer_pass": "y"},
        {"volunteer_pass": "y", "items": []},
        {"volunteer_pass": "y", "pin": "123456", "items": [{"sku": "SP-01", "quantity": 1}]},
        {"card": "1", "pin": "12345", "items": [{"sku": "SP-01", "quantity": 1}]},
        {"volunteer_pass": "y", "items": [{"sku": "SP-01", "quantity": True}]},
        {"volunteer_pass": "y", "items": [{"sku": "SP-01", "quantity": "1"}]},
        {"volunteer_pass": "y", "items": [{"sku": "SP-01", "quantity": 1.5}]},
        {"volunteer_pass": "y\u0007", "items": [{"sku": "SP-01", "quantity": 1}]},
        {"volunteer_pass": "y" * 201, "items": [{"sku": "SP-01", "quantity": 1}]},
        {"volunteer_pass": "y", "items": [{"sku": "SP-01", "quantity": 1}], "more": 1},
    ],
)
def test_a_hand_over_that_makes_no_sense_is_invalid_input(api: Api, body: dict[str, object]) -> None:
    assert refused(api.post("keeper", "/redemptions", body)) == (422, "invalid_input")


def test_keepers_serve_at_their_own_station_and_never_themselves(api: Api) -> None:
    placed = api.hold().json["hold"]
    assert refused(api.post("elsewhere", "/redemptions", {"hold": placed})) == (403, "wrong_station")
    assert refused(api.post("officer", "/redemptions", {"hold": placed})) == (403, "forbidden")
    assert refused(api.walk_up("SP-03", shown=api.fresh_pass("V000003"))) == (403, "forbidden")


def test_the_keeper_takes_a_hand_over_back_with_the_volunteer_there_and_once(either: Api) -> None:
    before, shelf, done = either.spendable(), either.on_shelf(), either.walk_up().json
    path = f"/redemptions/{done['redemption']}/reverse"
    either.district.later(seconds=60)
    assert refused(either.post("keeper", path, {"reason": "拿错了"})) == (422, "invalid_input")
    assert refused(either.post("keeper", path, {"reason": " ", "volunteer": either.fresh_pass()})) == (422, "invalid_input")
    assert refused(either.post("keeper", path, {"reason": "拿错了", "volunteer": either.fresh_pass("V000002")})) == (422, "pass_invalid")
    shown, key = either.fresh_pass(), str(uuid.uuid4())
    back = either.post("keeper", path, {"reason": "拿错了", "volunteer": shown}, key=key)
    assert back.status_code == 200, back.text
    assert set(back.json) == {"redemption", "entry", "points", "spendable_after"}
    assert (back.json["points"], back.json["spendable_after"], either.on_shelf()) == (30, before, shelf)
    assert either.post("keeper", path, {"reason": "拿错了", "volunteer": shown}, key=key).data == back.data
    assert refused(either.post("colleague", path, {"reason": "再来"})) == (409, "already_reversed")
    assert refused(either.walk_up("SP-03", shown=shown)) == (409, "pass_used")


def test_a_collected_hold_goes_back_to_wallet_shelf_and_allowance(either: Api) -> None:
    before = either.spendable()
    done = either.post("keeper", "/redemptions", {"hold": either.hold("SP-02", 2).json["hold"]}).json
    assert refused(either.hold("SP-02")) == (409, "limit_reached")
    back = either.post("officer", f"/redemptions/{done['redemption']}/reverse", {"reason": "油桶漏了"})
    assert (back.status_code, back.json["spendable_after"], either.spendable()) == (200, before, before)
    assert either.on_shelf("SP-02") == 10
    assert either.hold("SP-02", 2).status_code == 201


def test_later_somebody_else_takes_it_back(api: Api) -> None:
    done = api.walk_up("SP-03").json
    path = f"/redemptions/{done['redemption']}/reverse"
    api.district.later(seconds=121)
    assert refused(api.post("keeper", path, {"reason": "拿错了", "volunteer": api.fresh_pass()})) == (403, "second_person_required")
    assert refused(api.post("elsewhere", path, {"reason": "拿错了"})) == (403, "wrong_station")
    assert refused(api.post("V000001", path, {"reason": "拿错了"})) == (403, "forbidden")
    assert api.post("colleague", path, {"reason": "拿错了"}).status_code == 200


def test_a_keeper_takes_back_three_a_session(api: Api) -> None:
    for _ in range(3):
        path = f"/redemptions/{api.walk_up('SP-03').json['redemption']}/reverse"
        assert api.post("keeper", path, {"reason": "拿错了", "volunteer": api.district.card()}).status_code == 200
    path = f"/redemptions/{api.walk_up('SP-03').json['redemption']}/reverse"
    assert refused(api.post("keeper", path, {"reason": "拿错了", "volunteer": api.district.card()})) == (403, "second_person_required")
    assert api.post("colleague", path, {"reason": "拿错了"}).status_code == 200


def test_a_sealed_quarter_stays_as_it_is(api: Api) -> None:
    done = api.walk_up().json["redemption"]
    api.district.tick_at(local("2023-01-01 09:00"))
    assert refused(api.post("officer", f"/redemptions/{done}/reverse", {"reason": "迟了"})) == (409, "cycle_closed")


def test_points_that_return_to_a_lapsed_lot_lapse_with_the_next_sweep(home: Path) -> None:
    settings = migrated_settings(home, toml='[cycle]\ncarry_over = "after_redeeming"\n')
    book = open_book(settings)
    district = found_district(book, home)
    district.to_redeeming()
    done = district.walk_up("SP-01", 3)
    district.tick_at(local("2022-11-02 09:00"))
    assert district.balance().spendable == 21
    request = district.request("reverse", district.officer)
    back = reverse_hand_over(book, request, redemption=done["redemption"], reason="米受潮了")
    assert (back["points"], back["spendable_after"], district.balance().spendable) == (90, 100, 100)
    assert {"swept": "lapsed_lots", "count": 2} in district.tick_at(local("2022-11-03 09:00"))
    district.check_clean()
    book.close()


def test_own_holds_are_listed_with_what_collects_them(api: Api) -> None:
    placed = api.hold("SP-03", 2).json
    (listed,) = api.get("V000001", "/me/holds").json["holds"]
    assert {name: listed[name] for name in ("hold", "code", "url", "points")} == {n: placed[n] for n in ("hold", "code", "url", "points")}
    assert listed["items"] == [{"sku": "SP-03", "name": "肥皂", "quantity": 2, "points": 16}]
    assert api.get("V000002", "/me/holds").json == {"holds": []}
