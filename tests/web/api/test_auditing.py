"""Officers and auditors look an entry up, read the operator journal and add the book up; nobody else does."""

from __future__ import annotations

from ledger.audit import trail
from tests.web.api.conftest import Api, refused


def test_an_entry_is_explained_to_those_who_may_read_everything(api: Api) -> None:
    done = api.walk_up("SP-01", 2).json
    told = api.get("auditor", f"/entries/{done['entry']}").json
    assert told["sentence"] == "2022-10-12 09:00，王*兰（V000001）：兑换大米×2（东苑站），可用积分 −60 分。经办：keeper。"
    assert told["paper"] == ["大米 2 件 × 30 分 = 60 分", "从批次 2022Q2.dongyuan 付 60 分（先到期的先用）"]
    assert (told["leaf_index"], told["head"], told["links"]) == (None, None, {"receipt": done["receipt"]})
    wallet = {"account": "wallet/V000001/2022Q2.dongyuan", "name": "王*兰的可用积分", "commodity": "PTS", "amount": -60}
    assert wallet in told["postings"] and sum(p["amount"] for p in told["postings"] if p["commodity"] == "CNY") == 0
    assert api.get("officer", f"/entries/{done['receipt']}").json == told
    trail.seal(api.book, api.district.now)
    sealed = api.get("auditor", f"/entries/{done['entry']}").json
    assert sealed["head"] == api.get("", "/trail/head").json and sealed["leaf_index"] < sealed["head"]["size"]
    assert "王玉兰" not in str(sealed) and "13800000001" not in str(sealed)


def test_others_may_not(api: Api) -> None:
    done = api.walk_up("SP-03").json
    for who in ("keeper", "organiser", "admin", "V000001"):
        for path in (f"/entries/{done['entry']}", "/entries", "/trial-balance"):
            assert refused(api.get(who, path)) == (403, "forbidden"), (who, path)
    assert refused(api.get("", "/entries"))[0] == 401
    assert refused(api.get("auditor", "/entries/nothing")) == (404, "not_found")


def test_the_operator_journal_is_read_page_by_page(api: Api) -> None:
    api.put("officer", "/goods/SP-03", {"price_points": 9, "limit_per_cycle": None, "reason": "进价上涨"})
    (priced,) = api.get("auditor", "/entries?kind=good_priced&actor=officer").json["acts"]
    assert (priced["what"], priced["by"], priced["subject"]) == ("定价格", "officer", "SP-03")
    assert (priced["before"], priced["after"]) == ({"price_points": 8}, {"price_points": 9})
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get("auditor", f"/entries?limit=30&cursor={cursor}").json
        seen += [act["entry"] for act in page["acts"]]
        cursor = page["cursor"]
    assert len(seen) == len(set(seen)) > 30 and priced["entry"] in seen
    kinds = {act["kind"] for act in api.get("auditor", "/entries?limit=200").json["acts"]}
    assert "service_earned" not in kinds and "cycle_stepped" in kinds
    assert "service_earned" in {act["kind"] for act in api.get("auditor", "/entries?limit=200&entries=true").json["acts"]}


def test_the_book_adds_up_now_and_then(api: Api) -> None:
    api.walk_up("SP-01")
    now = api.get("auditor", "/trial-balance?depth=2").json
    assert now["balanced"] and {total["balance"] for total in now["totals"]} == {0}
    wallets = [line for line in now["accounts"] if line["account"] == "wallet/V000001"]
    assert [(line["commodity"], line["balance"]) for line in wallets] == [("PTS", 100 + 11 - 30)]
    then = api.get("auditor", "/trial-balance?as_of=2022-10-05T00:00:00%2B08:00").json
    families = {(line["account"], line["commodity"]): line["balance"] for line in then["accounts"]}
    assert (families["wallet", "PTS"], families["pending", "PTS"], then["as_of"]) == (210, 16, "2022-10-05T00:00:00+08:00")
    assert refused(api.get("auditor", "/trial-balance?depth=9")) == (422, "invalid_input")
