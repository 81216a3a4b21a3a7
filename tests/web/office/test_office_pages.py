"""The office's other pages: quarters moved by two, people found and masked, prices, logins, the journal, the audit and its files."""

from __future__ import annotations

import re

import pytest

from ledger.domain.act import instant
from ledger.storage import cycles
from ledger.usecases.object_to_line import object_to_line
from tests.cast import NOTICED_AT, PASSWORD, REDEEMING_AT
from tests.web.office.office_cast import Office


def second(office: Office, login: str = "deputy", **changed: str) -> dict[str, str]:
    return {"second_login": login, "second_password": PASSWORD, "second_otp": office.code(login), **changed}


def state_of(office: Office, name: str = "2022Q3") -> str:
    found = office.district.book.read(lambda unit: cycles.cycle(unit, name))
    assert found is not None
    return found[0].state


# -- today and the quarter ---------------------------------------------------------------------------------------------------------------
def test_today_says_what_is_due(office: Office) -> None:
    assert "没有等着办的" in office.get("officer", "/office").text
    office.district.now = NOTICED_AT
    assert "2022Q3 该走到“已截止”了" in office.get("officer", "/office").text


def test_the_timeline_marks_what_is_done_and_who_did_it(office: Office) -> None:
    office.district.to_redeeming()
    page = office.get("officer", "/office/cycles/2022Q3").text
    steps = re.findall(r'<li class="(\w+)"[^>]*>.*?<span class="name">(.*?)</span><span class="sub date">(.*?)</span>', page)
    assert [(state, name, dates.replace("\u200b", "")) for state, name, dates in steps] == [
        ("done", "积分", "7月1日—9月30日"), ("done", "截止", "10月3日 24:00"), ("done", "公示", "10月4日—10月10日"),
        ("now", "兑换", "10月11日—10月31日"), ("next", "对账", "11月1日—11月4日"), ("next", "封存", "11月5日"),
    ]  # fmt: skip
    assert "控制台 test" in page and "还剩19天" in page and "提前要2人" in page
    assert "2个社区，共3行，16分" in page


def test_a_quarter_opened_closed_skips_its_steps(office: Office) -> None:
    page = office.get("officer", "/office/cycles/2022Q2").text
    assert page.count('<li class="skipped"') == 5


def test_doing_what_is_due_walks_the_quarter_once(office: Office) -> None:
    office.district.now = REDEEMING_AT
    done = office.post("officer", "/office/cycles/tick")
    assert done.status_code == 303
    assert "2022Q3 → 公示中" in office.get("officer", "/office/cycles").text
    assert state_of(office) == "noticed"
    assert "没有到点要办的" in (office.post("officer", "/office/cycles/tick"), office.get("officer", "/office/cycles"))[1].text


def test_advancing_needs_a_reason(office: Office) -> None:
    answer = office.post("officer", "/office/cycles/2022Q3/advance", to="frozen", reason="  ")
    assert answer.status_code == 422
    assert state_of(office) == "earning"
    assert office.post("officer", "/office/cycles/2022Q3/advance", to="frozen", reason="领导要求提前").status_code == 303
    step = office.acts("cycle_stepped")[-1]
    assert step.facts["to"] == "frozen" and step.note_digest
    assert "领导要求提前" in office.get("auditor", f"/office/entries/{step.id}").text


def test_a_jump_is_refused(office: Office) -> None:
    answer = office.post("officer", "/office/cycles/2022Q3/advance", to="sealed", reason="x")
    assert answer.status_code == 409
    assert "illegal_step" in answer.text


def test_points_move_early_only_before_two(office: Office) -> None:
    office.district.tick_at(NOTICED_AT)
    path, wanted = "/office/cycles/2022Q3/advance", {"to": "redeeming", "reason": "提前兑换"}
    assert office.post("officer", path, **wanted).status_code == 422
    refusal = office.post("officer", path, **wanted, **second(office, second_password="wrong-wrong"))
    assert refusal.status_code == 401
    assert "第二人的登录名、密码或动态码对不上" in refusal.text
    assert office.post("officer", path, **wanted, **second(office, second_otp="")).status_code == 401
    assert office.post("officer", path, **wanted, **second(office, "officer")).status_code == 403
    assert office.post("officer", path, **wanted, **second(office, "auditor")).status_code == 403
    assert state_of(office) == "noticed"
    refused = [act.facts["kind"] for act in office.acts("sign_in_refused")]
    assert refused == ["password"]
    before = len(office.acts("signed_in"))
    office.district.later(minutes=1)
    assert office.post("officer", path, **wanted, **second(office)).status_code == 303
    assert state_of(office) == "redeeming"
    step = office.acts("cycle_stepped")[-1]
    assert step.actor != step.second_actor != ""
    assert office.acts("points_settled")[-1].second_actor == step.second_actor
    assert len(office.acts("signed_in")) == before
    assert "officer、deputy" in office.get("officer", "/office/cycles/2022Q3").text


def test_a_second_persons_code_works_once(office: Office) -> None:
    office.district.tick_at(NOTICED_AT)
    path, wanted = "/office/cycles/2022Q3/advance", {"reason": "提前"}
    assert office.post("officer", path, to="redeeming", **wanted, **second(office)).status_code == 303
    assert office.post("officer", path, to="reconciling", **wanted, **second(office)).status_code == 401
    office.district.later(minutes=1)
    assert office.post("officer", path, to="reconciling", **wanted, **second(office)).status_code == 303


# -- people ------------------------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("typed", ["card", "13800000001", "138 0000 0001", "王玉兰", "V000001"])
def test_one_hit_goes_straight_there(office: Office, typed: str) -> None:
    typed = office.district.card() if typed == "card" else typed
    answer = office.browser("officer").get("/office/people", query_string={"q": typed})
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/office/people/V000001"


def test_nobody_found_is_said(office: Office) -> None:
    answer = office.get("officer", "/office/people?q=13999999999")
    assert answer.status_code == 404
    assert "not_found" in answer.text


def test_a_place_lists_its_people_masked(office: Office) -> None:
    page = office.get("auditor", "/office/people?area=dongyuan").text
    assert "王*兰" in page and "欧**娜" in page and "李*" in page
    assert "王玉兰" not in page and "赵*" not in page


def test_a_person_page_shows_points_now_and_then(office: Office) -> None:
    office.district.to_redeeming()
    office.district.walk_up("SP-01", 1)
    page = office.get("officer", "/office/people/V000001").text
    assert "王*兰" in page and "王玉兰" not in page and "138****0001" in page and "13800000001" not in page
    assert re.search(r'class="label">可用</p><p class="value">81<', page)
    assert "清扫小广场" in page and "兑换大米×1（东苑站）" in page
    earlier = office.get("officer", "/office/people/V000001?as_of=2022-10-03").text
    assert re.search(r'class="label">可用</p><p class="value">100<', earlier)
    assert re.search(r'class="label">待公示</p><p class="value">11<', earlier)
    assert office.get("officer", "/office/people/V000001?as_of=yesterday").status_code == 422


def test_a_phone_is_shown_for_a_reason_and_journalled(office: Office) -> None:
    assert office.post("officer", "/office/people/V000001/phone", reason=" ").status_code == 422
    assert office.acts("phone_revealed") == []
    shown = office.post("officer", "/office/people/V000001/phone", reason="核对异议")
    assert "13800000001" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    act = office.acts("phone_revealed")[-1]
    assert (act.subject, act.facts) == ("V000001", {"phones": 1})
    assert "核对异议" in office.get("auditor", f"/office/entries/{act.id}").text
    assert "13800000001" not in office.get("officer", "/office/people/V000001").text
    assert office.post("auditor", "/office/people/V000001/phone", reason="想看").status_code == 403


def test_a_binding_code_is_the_same_when_the_form_is_sent_again(office: Office) -> None:
    first = office.post("officer", "/office/people/V000001/invite", request_key="one")
    again = office.post("officer", "/office/people/V000001/invite", request_key="one")
    code = re.search(r'class="spoken-code"><span class="visually-hidden">([^<]+)<', first.text)
    assert code is not None and code[1] in again.text
    assert len(office.acts("binding_offered")) == 1


# -- goods -------------------------------------------------------------------------------------------------------------------------------
def test_a_price_changes_from_now_on(office: Office) -> None:
    answer = office.post("officer", "/office/goods/SP-01", price="35", limit="3", was_price="30", reason="进价涨了")
    assert answer.status_code == 303
    page = office.get("officer", "/office/goods/SP-01").text
    assert "35 / 袋" in page and "officer" in page
    act = office.acts("good_priced")[-1]
    assert (act.facts["price_points"], act.facts["limit_per_cycle"]) == (35, 3)
    office.district.to_redeeming()
    assert office.district.walk_up("SP-01", 1)["points"] == 35


@pytest.mark.parametrize("price", ["0", "-3", "1.5", "abc", "", "99999999999"])
def test_a_price_that_is_none_is_refused(office: Office, price: str) -> None:
    assert office.post("officer", "/office/goods/SP-01", price=price, limit="", was_price="30").status_code == 422
    assert len(office.acts("good_priced")) == 3


def test_two_officers_do_not_overwrite_each_other(office: Office) -> None:
    assert office.post("officer", "/office/goods/SP-01", price="35", limit="", was_price="30").status_code == 303
    late = office.post("deputy", "/office/goods/SP-01", price="40", limit="", was_price="30")
    assert late.status_code == 409
    assert 'value="40"' in late.text


def test_the_same_price_again_writes_nothing(office: Office) -> None:
    assert office.post("officer", "/office/goods/SP-02", price="50", limit="2", was_price="50").status_code == 303
    assert len(office.acts("good_priced")) == 3


# -- logins ------------------------------------------------------------------------------------------------------------------------------
def test_an_admin_adds_a_login_whose_secrets_are_shown_once(office: Office) -> None:
    answer = office.post("admin", "/office/users/new", login="Wang", role="officer", station="DY001", area="", person="")
    assert answer.status_code == 200
    password = re.search(r'密码</dt><dd class="mono">([^<]+)<', answer.text)
    assert password is not None and re.fullmatch(r"([a-z2-9]{4}-){3}[a-z2-9]{4}", password[1])
    assert "data:image/png" in answer.text and "动态码密钥" in answer.text
    page = office.get("admin", "/office/users").text
    assert ">wang</a>" in page and password[1] not in page
    body = {"login": "wang", "password": password[1]}
    assert office.app.test_client().post("/api/v1/sessions", json=body).json["code"] == "otp_required"


def test_a_login_twice_is_refused(office: Office) -> None:
    office.add("keeper")
    answer = office.post("admin", "/office/users/new", login="keeper", role="organiser", station="", area="", person="")
    assert answer.status_code == 422
    assert "已经有人用了" in answer.text


def test_roles_are_given_for_a_time_and_ended(office: Office) -> None:
    id, keeper = user_id(office, "organiser"), user_id(office, "keeper")
    given = office.post("admin", f"/office/users/{id}/grants", role="keeper", station="XY001", until="2022-10-05", deputy_for="keeper")
    assert given.status_code == 303
    act = office.acts("grant_given")[-1]
    assert act.facts["scope"] == "XY001" and act.on_behalf_of == keeper
    assert instant(int(str(act.facts["until_at"]))).isoformat() == "2022-10-05T16:00:00+00:00"
    ended = office.post("admin", f"/office/users/{id}/grants/{act.facts['grant']}/end")
    assert ended.status_code == 303
    assert "已结束" in office.get("admin", f"/office/users/{id}").text


def test_a_disabled_login_is_out_at_once(office: Office) -> None:
    assert office.get("deputy", "/office").status_code == 200
    assert office.post("admin", f"/office/users/{user_id(office, 'deputy')}/disable").status_code == 303
    assert office.get("deputy", "/office").status_code == 303
    assert office.post("admin", f"/office/users/{user_id(office, 'admin')}/disable").status_code == 422


def test_an_admin_ends_somebodys_sessions(office: Office) -> None:
    assert office.get("deputy", "/office").status_code == 200
    assert office.post("admin", f"/office/users/{user_id(office, 'deputy')}/sessions/end").status_code == 303
    assert office.get("deputy", "/office").status_code == 303
    assert office.acts("signed_out")[-1].subject == user_id(office, "deputy")


def user_id(office: Office, login: str) -> str:
    office.add(login)
    page = office.get("admin", "/office/users").text
    found = re.search(rf'href="/office/users/(U\d+)">{login}</a>', page)
    assert found is not None
    return found[1]


# -- the journal -------------------------------------------------------------------------------------------------------------------------
def test_the_journal_pages_through_every_act_once(office: Office) -> None:
    office.district.to_redeeming()
    seen: list[str] = []
    path = "/office/journal"
    while path:
        page = office.get("officer", path).text
        seen += re.findall(r'/office/entries/([0-9a-f-]{36})"', page)
        links = re.findall(r'href="([^"]+)"', page.partition('class="pager"')[2].partition("</nav>")[0])
        path = links[-1].replace("&amp;", "&") if "更早的" in page else ""
    everything = {act.id for kind in ("person_enrolled", "signed_in", "genesis", "stock_received") for act in office.acts(kind)}
    assert len(seen) == len(set(seen)) > 50
    assert everything <= set(seen)


def test_the_journal_by_kind_and_by_actor(office: Office) -> None:
    office.get("officer", "/office")
    doors = office.get("auditor", "/office/journal?kinds=door").text
    assert "登录" in doors and "登记志愿者" not in doors.split("<tbody>")[1]
    mine = office.get("auditor", "/office/journal?actor=officer").text
    assert "只看最近31天里 officer 做的" in mine and "控制台" not in mine.split("<tbody>")[1]
    about = office.get("auditor", "/office/journal?subject=V000001").text
    assert "登记志愿者" in about and "期初积分转入" in about


def test_an_admins_journal_is_about_access_only(office: Office) -> None:
    page = office.get("admin", "/office/journal?subject=V000001&kinds=desk").text
    assert "/office/entries/" not in page
    assert "期初积分转入" not in page and "登记志愿者" not in page.split("<tbody>")[1]
    assert "加账号" in page


def test_a_cursor_from_elsewhere_is_refused(office: Office) -> None:
    assert office.get("officer", "/office/journal?before=x").status_code == 422


def test_an_entry_shows_its_postings_its_seal_and_what_corrects_it(office: Office) -> None:
    from ledger.audit import trail

    opened = office.acts("points_opened")[0]
    path = f"/office/entries/{opened.id}"
    assert "等着封存" in office.get("auditor", path).text
    trail.seal(office.district.book, office.district.now)
    page = office.get("auditor", path).text
    assert "已封" in page and "wallet/V000001/2022Q2.dongyuan" in page and "+100" in page and "−100" in page
    office.post("officer", "/office/imports/B000005/undo")
    page = office.get("auditor", path).text
    assert "冲回它的" in page
    correcting = office.acts("reversed")[0]
    assert "它冲回的" in office.get("auditor", f"/office/entries/{correcting.id}").text


# -- the audit ---------------------------------------------------------------------------------------------------------------------------
def test_the_audit_is_run_and_kept_for_everybody(office: Office) -> None:
    assert "还没有跑过" in office.get("auditor", "/office/audit").text
    assert office.post("auditor", "/office/audit/check").status_code == 303
    page = office.get("officer", "/office/audit").text
    assert "0项要看" in page and "相符" in page and "每张凭证分商品借贷相抵" in page
    assert "auditor跑的" in page
    kept = office.district.book.settings.folder / "checks.json"
    assert kept.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("format", ["hledger", "beancount", "csv", "jsonl"])
def test_an_export_leaves_with_its_fingerprint_in_the_journal(office: Office, format: str) -> None:
    import hashlib

    answer = office.post("auditor", "/office/audit/export", format=format, cycle="")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    act = office.acts("exported")[-1]
    assert (act.subject, act.facts["format"]) == ("journal", format)
    assert act.facts["sha256"] == hashlib.sha256(answer.data).hexdigest()
    assert "王玉兰".encode() not in answer.data and b"13800000001" not in answer.data
    assert list((office.district.book.settings.folder / "exports").iterdir()) == []


def test_an_export_of_nothing_known_is_refused(office: Office) -> None:
    assert office.post("officer", "/office/audit/export", format="exe").status_code == 422
    assert office.post("officer", "/office/audit/export", format="csv", cycle="2031Q1").status_code == 404
    assert office.acts("exported") == []


def test_the_trial_balance_adds_up_now_and_then(office: Office) -> None:
    page = office.get("auditor", "/office/audit/balance").text
    assert "对不上" not in page and page.count("相符") == 6
    wallets = office.get("auditor", "/office/audit/balance?under=wallet/").text
    assert "V000001" in wallets and ">100<" in wallets
    deeper = office.get("auditor", "/office/audit/balance?under=wallet/V000001/").text
    assert "2022Q2.dongyuan" in deeper
    assert "到那天还没有账" in office.get("auditor", "/office/audit/balance?as_of=2022-09-30").text
    for bad in ("wallet", "nothing/", "../"):
        assert office.get("auditor", f"/office/audit/balance?under={bad}").status_code == 404


# -- whatever comes ----------------------------------------------------------------------------------------------------------------------
ABSENT = (
    "people/V999999", "people/x", "goods/none", "stations/none", "cycles/2031Q1", "imports/B999999", "entries/none", "users/none",
    "users/V999999",
)  # fmt: skip


def test_what_is_not_there_is_said(office: Office) -> None:
    for path in ABSENT:
        login = "admin" if "users" in path else "officer"
        assert office.get(login, f"/office/{path}").status_code == 404, path


def test_pages_of_an_empty_book_say_what_to_do_first(empty_office: Office) -> None:
    for path, words in (
        ("", "账本还是空的"), ("/imports", "还没有导入过"), ("/cycles", "还没有季度"), ("/areas", "还没有网格"),
        ("/stations", "还没有驿站"), ("/goods", "还没有物资"), ("/rules", "还没有规则"), ("/audit", "还没有跑过"),
    ):  # fmt: skip
        assert words in empty_office.get("officer", f"/office{path}").text, path


def test_a_late_seal_is_said_on_the_first_page(office: Office) -> None:
    office.district.later(minutes=6)
    assert "没封存" in office.get("admin", "/office").text


# -- objections --------------------------------------------------------------------------------------------------------------------------
def objected(office: Office) -> str:
    office.district.tick_at(NOTICED_AT)
    filed = object_to_line(
        office.district.book, office.district.request("object"), line="2022Q3-1", reason="那天他没有来", contact="13800000009"
    )
    return str(filed["tracking"])


def test_an_objection_is_first_on_the_page_and_answered_there(office: Office) -> None:
    tracking = objected(office)
    assert "1条异议等答复" in office.get("officer", "/office").text
    page = office.get("officer", f"/office/objections/{tracking}").text
    assert "那天他没有来" in page and "13800000009" in page and "王*兰" in page
    done = office.post("officer", f"/office/objections/{tracking}", outcome="uphold", answer="核对签到表，确实没有来")
    assert done.status_code == 303
    assert "核对签到表" in office.get("auditor", f"/office/objections/{tracking}").text
    assert office.acts("objection_decided")[-1].facts == {"outcome": "upheld"}
    again = office.post("deputy", f"/office/objections/{tracking}", outcome="confirm", answer="再想想")
    assert again.status_code == 409


def test_an_auditor_reads_an_objection_but_not_whose_it_is(office: Office) -> None:
    tracking = objected(office)
    page = office.get("auditor", f"/office/objections/{tracking}").text
    assert "那天他没有来" in page and "13800000009" not in page and 'method="post"' not in page
    assert tracking in office.get("auditor", "/office/objections").text
    assert tracking not in office.get("auditor", "/office/objections?state=upheld").text


def test_an_answer_without_words_or_outcome_is_asked_for(office: Office) -> None:
    tracking = objected(office)
    assert office.post("officer", f"/office/objections/{tracking}", outcome="", answer=" ").status_code == 422
    assert office.acts("objection_decided") == []
