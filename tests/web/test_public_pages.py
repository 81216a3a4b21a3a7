"""What anybody sees: what lies behind a QR, receipts, stations, the notice and objecting to a line of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.audit import trail
from ledger.passes.links import url_of
from ledger.passes.spoken import code_digest, new_code
from ledger.storage import goods
from ledger.storage.sql import Statement
from ledger.usecases.bind_phone import invite
from ledger.usecases.give_role import give_role
from ledger.usecases.identify import signer
from ledger.usecases.open_activity import open_activity
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.web.public import notices
from tests.cast import NOTICED_AT, local
from tests.web.phone import Phone, app_of

ALL_ACTS = Statement("SELECT COUNT(*) FROM {act}")


@pytest.fixture
def district(sqlite_district):
    sqlite_district.tick_at(NOTICED_AT)
    return sqlite_district


@pytest.fixture
def app(district):
    return app_of(district)


@pytest.fixture
def visitor(district, app):
    return Phone(district, app)


@pytest.fixture
def phone(district, app):
    return Phone(district, app, district.volunteer)


@pytest.fixture
def activity(district):
    return open_one(district)


def open_one(district, *, starts_in: int = 0, minutes: int = 60, rule: str = "event-6", **more):
    starts_at = district.now + timedelta(minutes=starts_in)
    ends_at, request = starts_at + timedelta(minutes=minutes), district.request("open_activity")
    return open_activity(
        district.book, request, name="打扫楼道", kind="志愿服务", area="dongyuan", starts_at=starts_at, ends_at=ends_at, rule=rule, **more
    )["activity"]


def code_of(district, activity):
    return signer(district.book).activity_code(activity, district.now)


# -- an activity's code ------------------------------------------------------------------------------------------


def test_scanning_then_one_button_checks_in_and_out(phone, district, activity):
    opened = phone.get("/Q/" + code_of(district, activity))
    assert "王*兰" in opened.words and "打扫楼道" in opened.words
    done = opened.submit("/q/")
    assert done.at.startswith("/me/attendances/")
    assert "签到成功" in done.words and "走之前再扫一次同一张码" in done.words
    assert district.balance().pending == 6 + 11
    district.later(minutes=50)
    leaving = phone.get("/q/" + code_of(district, activity))
    left = leaving.submit("/q/")
    assert "签退成功" in left.words and "服务50分钟" in left.words


def test_opening_the_link_changes_nothing(phone, district, activity):
    before = acts(district)
    for _ in range(3):
        phone.get("/q/" + code_of(district, activity))
    assert acts(district) == before


def test_a_slow_person_is_not_punished_but_a_late_one_scans_again(phone, district, activity):
    text = code_of(district, activity)
    opened = phone.get(f"/q/{text}")
    district.later(minutes=9)
    assert phone.get(f"/q/{text}").status == 200
    district.later(minutes=2)
    late = opened.submit("/q/")
    assert late.status == 422 and "请再亮一次" in late.words
    assert district.book.read(lambda unit: unit.rows(goods.HOLDS_OF, holder=district.volunteer)) == []


def test_an_old_code_without_a_ticket_is_refused(phone, district, activity):
    text = code_of(district, activity)
    district.later(minutes=3)
    assert phone.get(f"/q/{text}").status == 422


def test_binding_in_between_keeps_the_scan(visitor, district, activity):
    opened = visitor.get("/q/" + code_of(district, activity))
    assert opened.link("/bind") and opened.link("/sign-in")
    district.later(minutes=4)
    binding = invite(district.book, district.request("invite", district.keeper), person=district.volunteer)
    came_in = visitor.get("/q/" + binding["pass"]).submit("/bind")
    assert came_in.status == 200
    home = visitor.get("/me")
    back = visitor.get(home.link("/q/"))
    assert "签到成功" in back.submit("/q/").words


def test_a_double_submit_is_one_check_in(phone, district, activity):
    opened = phone.get("/q/" + code_of(district, activity))
    first, second = opened.submit("/q/"), opened.submit("/q/")
    assert first.at == second.at and second.status == 200


def test_too_early_is_told_before_and_after_the_button(phone, district):
    early = open_one(district, starts_in=120)
    opened = phone.get("/q/" + code_of(district, early))
    assert "11:00开始，10:45起可签到" in opened.words
    refused = opened.submit("/q/")
    assert refused.status == 409 and "11:00开始，10:45起可签到" in refused.words
    assert 'role="alert"' in refused.response.text


def test_the_letters_under_the_screens_code_lead_the_same_way(phone, district, activity):
    code = new_code(lambda n: bytes(range(7, 7 + n)))
    until = district.now + timedelta(minutes=5)
    values = {"purpose": "A", "subject": activity, "nonce": "", "expires_at": int(until.timestamp() * 1_000_000)}
    district.book.run(lambda unit: unit.change(goods.KEEP_CODE, digest=code_digest(district.book.keyring, code), **values))
    opened = phone.get("/activities").submit("/activities/code", code=f"{code[:4].lower()} {code[4:]}")
    assert "签到成功" in opened.submit("/q/").words


def test_letters_that_are_none_are_refused_in_their_place(phone):
    page = phone.get("/activities").submit("/activities/code", code="abc")
    assert page.status == 422 and 'role="alert"' in page.response.text


def test_a_poster_waits_where_the_rule_wants_more(phone, district, activity):
    done = phone.get("/q/" + signer(district.book).poster(activity)).submit("/q/")
    assert "签到成功" in done.words or "等核对" in done.words


def test_a_work_account_without_a_person_is_told_so(district, app, activity):
    office = Phone(district, app)
    office.sign_in("U900003", ("officer",))
    page = office.get("/q/" + code_of(district, activity))
    assert "没有志愿者身份" in page.words


# -- other codes -------------------------------------------------------------------------------------------------


def test_somebodys_card_and_code_tell_a_stranger_nothing(visitor, phone, district):
    for text in (signer(district.book).card(district.card()), district.code()):
        page = visitor.get(f"/q/{text}")
        assert page.status == 200 and "站点工作人员" in page.words
        assert "王" not in page.words
    assert "这是您自己的码" in phone.get(f"/q/{district.code()}").words


def test_a_keeper_who_scans_somebody_stands_at_the_desk(district, app):
    give_role(district.book, district.request("give_role"), grantee="V000003", role="keeper", station="DY001")
    keeper = Phone(district, app, "V000003", ("keeper", "volunteer"))
    text = district.code()
    response = keeper.get(f"/q/{text}", follow=False).response
    assert response.status_code == 303 and response.location == "/station/desk"
    assert text not in response.location


def test_a_hold_leads_its_owner_to_its_page(district, app):
    district.to_redeeming()
    hold = district.hold("SP-03", 1)["hold"]
    text = signer(district.book).hold(hold)
    assert Phone(district, app, district.volunteer).get(f"/q/{text}").at == f"/me/holds/{hold}"
    assert "取货码" in Phone(district, app).get(f"/q/{text}").words


def test_a_station_and_a_shelf_label_open_the_shelf(visitor, district):
    assert visitor.get("/q/" + signer(district.book).station("DY001")).at == "/stations/DY001"
    label = visitor.get("/q/" + signer(district.book).station("DY001/SP-01"), follow=False)
    assert label.response.location == "/stations/DY001#SP-01"


@pytest.mark.parametrize("text", ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "%20"])
def test_what_is_no_code_is_refused_plainly(visitor, text):
    page = visitor.get(f"/q/{text}")
    assert page.status in (404, 422)
    assert "积分" in page.words


def test_a_binding_is_used_by_one_button_only(visitor, district):
    binding = invite(district.book, district.request("invite", district.keeper), person=district.volunteer)
    page = visitor.get("/q/" + binding["pass"])
    assert page.status == 200 and visitor.get("/me").at == "/sign-in"
    page.submit("/bind")
    assert visitor.get("/me").at == "/me"
    other = Phone(district, visitor.client.application)
    assert other.get("/q/" + binding["pass"]).submit("/bind").status == 409


# -- receipts ----------------------------------------------------------------------------------------------------


def test_a_receipt_is_checked_without_a_name(visitor, district):
    district.to_redeeming()
    receipt = district.walk_up("SP-01", 1)["receipt"]
    waiting = visitor.get(f"/receipts/{receipt}")
    assert "等封账" in waiting.words and "已发" not in waiting.words
    trail.seal(district.book, district.now)
    sealed = visitor.get(f"/receipts/{receipt}")
    assert "已发" in sealed.words and "大米1袋" in sealed.words and "30分" in sealed.words and "东苑站" in sealed.words
    assert "相符" in sealed.words and "data-verify" in sealed.response.text
    assert "王" not in sealed.words and "V000001" not in sealed.response.text
    assert visitor.client.get(f"/receipts/{receipt}/code.png").mimetype == "image/png"


def test_a_receipts_code_leads_to_it(visitor, district):
    district.to_redeeming()
    receipt = district.walk_up("SP-03", 1)["receipt"]
    link = url_of(district.book.settings.public_url, signer(district.book).receipt(receipt))
    assert visitor.get("/q/" + link.rsplit("/", 1)[1]).at == f"/receipts/{receipt}"
    assert visitor.get("/receipts").submit("/receipts", receipt=link).at == f"/receipts/{receipt}"
    assert visitor.get("/receipts?receipt=nothing").status == 404


def test_a_reversed_receipt_shows_both(visitor, district):
    district.to_redeeming()
    done = district.walk_up("SP-03", 1)
    request = district.request("reverse", district.keeper)
    reverse_hand_over(district.book, request, redemption=done["redemption"], reason="拿错了", volunteer=district.card())
    page = visitor.get(f"/receipts/{done['receipt']}")
    assert "更正" in page.words and "拿错了" not in page.words


# -- stations and the notice ---------------------------------------------------------------------------------------


def test_a_station_shows_its_shelf_and_no_telephone(visitor):
    page = visitor.get("/stations/DY001")
    assert "大米" in page.words and "余40袋" in page.words and "08:30-17:30" in page.words
    assert "13137797619" not in page.response.text and "韩丽" not in page.words
    assert visitor.get("/stations/ZZ").status == 404


def test_stations_are_found_by_a_word(visitor):
    assert "东苑站" in visitor.get("/stations?find=东苑").words
    assert "没找到" in visitor.get("/stations?find=%25").words


def test_the_notice_masks_and_finds_a_line(visitor, district):
    page = visitor.get("/notice/2022Q3")
    assert "王*兰" in page.words and "欧**娜" in page.words and "王玉兰" not in page.words
    assert "还剩7天" in page.words and "共3行" in page.words
    tail = district.card()[-4:]
    by_tail = visitor.get("/notice/2022Q3").submit("/notice/2022Q3", line=tail)
    assert "王*兰" in by_tail.words and "欧**娜" not in by_tail.words
    assert "没找到这一行" in visitor.get("/notice/2022Q3?line=999").words
    assert "本页1行" in visitor.get("/notice/2022Q3?line=2022Q3-0001").words
    assert visitor.get("/notice/2022Q3/dongyuan").status == 200
    assert visitor.get("/notice/2022Q3/nowhere").status == 404
    assert visitor.get("/notice/2021Q1").status == 404


def test_the_notice_goes_on_page_by_page(visitor, monkeypatch):
    monkeypatch.setattr(notices, "PAGE", 2)
    page = visitor.get("/notice/2022Q3")
    more = visitor.get(page.link("/notice/2022Q3?after="))
    assert "本页2行" in page.words and "本页1行" in more.words


def test_a_resident_finds_their_own_lines_marked(phone):
    page = phone.get("/notice/2022Q3")
    assert 'class="mine"' in page.response.text and "您的行" in page.words


def test_anyone_objects_and_follows_the_number(visitor, district):
    line = visitor.get(visitor.get("/notice/2022Q3").link("/notice/2022Q3/lines/"))
    assert "1次×" in line.words
    empty = line.submit("/notice/2022Q3/lines/", reason="")
    assert empty.status == 422 and 'role="alert"' in empty.response.text
    taken = line.submit("/notice/2022Q3/lines/", reason="那天他没有来")
    assert taken.at.startswith("/objections/Y") and "这一行先不结" in taken.words and "10月10日前答复" in taken.words
    assert "他没有来" not in taken.words
    assert "复核中" in visitor.get("/notice/2022Q3").words
    assert visitor.get("/objections").submit("/objections", tracking=taken.at.rsplit("/", 1)[1].lower()).at == taken.at


def test_a_double_objection_is_one(visitor):
    line = visitor.get("/notice/2022Q3/lines/1")
    first, second = line.submit("/notice/2022Q3/lines/", reason="不对"), line.submit("/notice/2022Q3/lines/", reason="不对")
    assert first.at == second.at


def test_after_the_notice_no_objection_is_taken(visitor, district):
    line = visitor.get("/notice/2022Q3/lines/1")
    district.tick_at(local("2022-10-12 09:00"))
    assert "不再收异议" in visitor.get("/notice/2022Q3/lines/1").words
    refused = line.submit("/notice/2022Q3/lines/", reason="晚了")
    assert refused.status == 409 and 'role="alert"' in refused.response.text


def test_a_sealed_quarters_notice_is_taken_down(visitor, district):
    for moment in ("2022-10-12 09:00", "2022-11-02 09:00", "2022-11-06 09:00"):
        district.tick_at(local(moment))
    page = visitor.get("/notice/2022Q3")
    assert "公示撤下了" in page.words and "王*兰" not in page.words
    assert visitor.get("/notice/2022Q3/lines/1").status == 404
    owner = Phone(district, visitor.client.application, district.volunteer)
    assert "王*兰" in owner.get(owner.get("/notice/2022Q3").link("/notice/2022Q3/lines/")).words


def test_the_front_page_leads_everywhere(visitor):
    page = visitor.get("/")
    for href in ("/bind", "/sign-in", "/notice", "/stations", "/receipts", "/activities"):
        assert visitor.get(page.link(href)).status == 200, href


def acts(district):
    return district.book.read(lambda unit: unit.value(ALL_ACTS))
