"""What volunteers see of their own: balance, pass, statement by pages."""

from __future__ import annotations

from typing import Any

from ledger.storage import goods, people
from tests.cast import REDEEMING_AT
from tests.web.api.conftest import Api, refused


def test_me_is_the_balance_with_ones_own_name_and_card(api: Api) -> None:
    me = api.get("V000001", "/me")
    assert me.status_code == 200
    assert me.json == {
        "holder": "V000001", "spendable": 111, "pending": 0, "held": 0, "debt": 0, "honour_minutes": 178, "name": "王玉兰",
        "card": api.district.card(),
        "lots": [
            {"cycle": "2022Q2", "pool": "dongyuan", "remaining": 100, "expires_on": "2022-12-31"},
            {"cycle": "2022Q3", "pool": "dongyuan", "remaining": 6, "expires_on": "2022-12-31"},
            {"cycle": "2022Q3", "pool": "xiyuan", "remaining": 5, "expires_on": "2022-12-31"},
        ],
    }  # fmt: skip
    assert refused(api.get("", "/me")) == (401, "unauthenticated")
    assert refused(api.get("officer", "/me")) == (403, "forbidden")


def test_each_pass_is_a_fresh_one_with_a_code_to_say(api: Api) -> None:
    first, second = (api.get("V000001", "/me/pass").json for _ in range(2))
    assert set(first) == {"pass", "url", "spoken_code", "expires_at", "spoken_expires_at"}
    assert first["pass"] != second["pass"]
    assert first["spoken_code"] != second["spoken_code"]
    assert first["url"].endswith("/Q/" + first["pass"])
    assert (first["expires_at"], first["spoken_expires_at"]) == ("2022-10-12T09:00:30+08:00", "2022-10-12T09:05:00+08:00")
    assert first["spoken_code"].encode() not in b"".join(bytes(row[0]) for row in api.book.read(lambda unit: unit.rows(DIGESTS)))


DIGESTS = goods.Statement("SELECT digest FROM {spoken_code}")


def test_a_pass_dies_after_a_minute_and_its_spoken_code_after_five(api: Api) -> None:
    shown = api.get("V000001", "/me/pass").json
    api.district.later(seconds=61)
    assert refused(api.walk_up("SP-03", shown=shown["pass"])) == (422, "pass_expired")
    assert api.walk_up("SP-03", shown=shown["spoken_code"]).status_code == 201
    later = api.get("V000001", "/me/pass").json
    api.district.later(minutes=5)
    assert refused(api.walk_up("SP-03", shown=later["spoken_code"])) == (422, "pass_expired")


def test_a_statement_pages_through_every_line_with_its_balance(api: Api) -> None:
    for _ in range(4):
        api.walk_up("SP-03")
        api.delete("V000001", f"/holds/{api.hold('SP-03').json['hold']}")
    whole = api.get("V000001", "/me/statement").json
    assert whole["cursor"] is None
    assert whole["lines"][-1]["balance"] == api.spendable() == 111 - 32
    paged: list[dict[str, Any]] = []
    cursor = ""
    for _ in range(20):
        page = api.get("V000001", f"/me/statement?limit=3&cursor={cursor}").json
        paged += page["lines"]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert paged == whole["lines"]
    assert set(paged[0]) == {"entry", "at", "kind", "why", "amount", "pending", "balance"}
    assert whole["lines"][-1]["why"].startswith("取消预留")


def test_a_statement_keeps_to_its_dates(api: Api) -> None:
    api.walk_up("SP-03")
    day = REDEEMING_AT.date().isoformat()
    lines = api.get("V000001", f"/me/statement?from={day}").json["lines"]
    assert [line["kind"] for line in lines] == ["points_settled", "points_settled", "handed_over"]
    assert api.get("V000001", f"/me/statement?from={day}&to=2022-10-11").json["lines"] == []
    before = api.get("V000001", "/me/statement?to=2022-10-11").json["lines"]
    assert before[-1]["balance"] == 100
    for query in ("from=2022-13-01", "from=yesterday", "cursor=x", "cursor=1~2", "limit=0", "limit=201", "page=2", "from=9999-12-31"):
        assert refused(api.get("V000001", f"/me/statement?{query}")) == (422, "invalid_input"), query


def test_a_pin_is_six_digits_that_are_not_easily_guessed(api: Api) -> None:
    for pin in ("123456", "111111", "12345", "abcdef", 420917):
        assert refused(api.put("V000001", "/me/pin", {"pin": pin})) == (422, "invalid_input")
    assert "420917" not in str(api.put("V000001", "/me/pin", {"pin": "420917"}).json)
    assert refused(api.put("officer", "/me/pin", {"pin": "420917"})) == (403, "forbidden")


def test_an_agent_is_known_by_a_card_alone(api: Api) -> None:
    assert refused(api.put("V000001", "/me/agents/13800000002")) == (404, "not_found")
    assert refused(api.put("V000001", "/me/agents/V000002")) == (404, "not_found")
    assert refused(api.put("V000001", f"/me/agents/{api.district.card()}")) == (422, "invalid_input")
    cards = [api.district.card(f"V00000{n}") for n in range(2, 7)]
    for card in cards:
        assert api.put("V000001", f"/me/agents/{card}").status_code == 200
        assert api.put("V000001", f"/me/agents/{card}").status_code == 200
    assert len(api.get("V000001", "/me/agents").json["agents"]) == 5
    assert api.book.read(lambda unit: people.card_of(unit, "V000002")) == cards[0]
