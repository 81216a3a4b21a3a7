"""What a resident sees and does on their own pages, with a browser that runs no script."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from ledger.domain.people import mask_name
from ledger.passes.image import read_photo
from ledger.storage import people, residents
from ledger.usecases.identify import signer
from ledger.usecases.open_activity import open_activity
from ledger.web.volunteer import statement
from tests.cast import local
from tests.web.phone import Phone, app_of

ELDER_BYTES = 50_000
OWN = ("/me", "/me/code", "/me/statement", "/me/help", "/me/card", "/me/settings", "/me/reserve")


@pytest.fixture
def district(sqlite_district):
    sqlite_district.to_redeeming()
    return sqlite_district


@pytest.fixture
def app(district):
    return app_of(district)


@pytest.fixture
def phone(district, app):
    return Phone(district, app, district.volunteer)


def activity_now(district, *, starts_in: int = 0, minutes: int = 60, rule: str = "event-6", name: str = "打扫楼道", **more):
    starts_at = district.now + timedelta(minutes=starts_in)
    ends_at, request = starts_at + timedelta(minutes=minutes), district.request("open_activity")
    opened = open_activity(
        district.book, request, name=name, kind="志愿服务", area="dongyuan", starts_at=starts_at, ends_at=ends_at, rule=rule, **more
    )
    return opened["activity"]


def test_home_tells_the_number_then_the_next_date(phone, district):
    page = phone.get("/me")
    assert page.status == 200
    spendable = district.balance().spendable
    assert f"{spendable}分可用" in page.words
    assert "10月31日24:00前可以到站点领物品" in page.words
    assert page.words.index("可用积分") < page.words.index("10月31日24:00前") < page.words.index("出示我的码")
    assert "王*兰" in page.words and "王玉兰" not in page.words
    assert "东苑站" in page.words and "西苑站" not in page.words


def test_home_of_somebody_with_nothing_says_what_to_do(district, app):
    activity_now(district, starts_in=90, name="清扫河岸")
    page = Phone(district, app, "V000003").get("/me")
    assert "0分可用" in page.words
    assert "还没有可用积分。下一次活动是今天10:30，清扫河岸。" in page.words
    assert "前可以到站点领物品" not in page.words


def test_pending_points_come_with_the_day_they_become_spendable(phone, district):
    activity = activity_now(district)
    check_in(phone, district, activity)
    assert "2023年1月10日公示结束，6分转为可用" in phone.get("/me").words


def test_points_that_lapse_within_thirty_days_are_told(district, app):
    district.now = local("2022-12-10 09:00")
    assert "12月31日24:00前有" in Phone(district, app, district.volunteer).get("/me").words


def test_my_code_is_a_picture_and_eight_letters_that_serve_once(phone, district):
    page = phone.get("/me/code")
    picture = phone.client.get("/me/code.png")
    assert picture.status_code == 200 and picture.mimetype == "image/png" and picture.headers["Cache-Control"] == "no-store"
    code = spoken(page)
    assert len(code) == 8
    district.walk_up("SP-03", shown=code)
    used = phone.get("/me/code")
    assert "已用" in used.words and "在东苑站用过，经手李*。" in used.words
    assert used.link("/receipts/")
    fresh = phone.get("/me/code/new")
    assert spoken(fresh) != code


def test_the_picture_is_the_code_above_the_letters(phone, district):
    phone.get("/me/code")
    [text] = read_photo(phone.client.get("/me/code.png").data)
    district.walk_up("SP-03", shown=text)
    assert "已用" in phone.get("/me/code").words


def test_a_picture_of_somebody_elses_code_is_not_given(phone, district, app):
    phone.get("/me/code")
    phone.sign_in(district.neighbour)
    assert phone.client.get("/me/code.png").status_code == 404


def test_the_code_page_renews_itself_without_script(phone):
    text = phone.get("/me/code").response.text
    assert '<noscript><meta http-equiv="refresh" content="25"></noscript>' in text


def test_reserve_review_confirm_collect(phone, district):
    stations = phone.get("/me/reserve")
    assert "东苑站" in stations.words and "西苑站" not in stations.words
    goods = phone.get(stations.link("/me/reserve/DY001"))
    assert "大米" in goods.words
    review = goods.submit("/me/reserve/DY001/review", **{"quantity-SP-01": "1"})
    before = district.balance().spendable
    assert f"用后还剩{before - 30}分" in review.words
    hold = review.submit("/me/reserve/DY001")
    assert hold.at.startswith("/me/holds/")
    assert "已预留" in hold.words
    assert district.balance().spendable == before - 30 and district.balance().held == 30
    assert phone.client.get(hold.at + "/code.png").mimetype == "image/png"
    district.collect(spoken(hold))
    collected = phone.get(hold.at)
    assert "已经领走" in collected.words and collected.link("/receipts/")


def test_a_hold_is_cancelled_and_everything_goes_back(phone, district):
    before = district.balance().spendable
    hold = phone.get("/me/reserve/DY001/review?quantity-SP-03=2").submit("/me/reserve/DY001")
    assert "已预留" in phone.get("/me").words
    cancelled = hold.submit(hold.at + "/cancel")
    assert "预留已取消" in cancelled.words
    assert district.balance().spendable == before
    again = hold.submit(hold.at + "/cancel")
    assert "预留已取消" in again.words and district.balance().spendable == before


def test_a_double_submit_reserves_once(phone, district):
    review = phone.get("/me/reserve/DY001/review?quantity-SP-03=1")
    before = district.balance().spendable
    first, second = review.submit("/me/reserve/DY001"), review.submit("/me/reserve/DY001")
    assert first.at == second.at
    assert district.balance().spendable == before - 8


@pytest.mark.parametrize(
    ("query", "status", "words"),
    [
        ("", 422, "还没选物品"),
        ("quantity-SP-02=9", 200, "还差"),
        ("quantity-SP-01=x", 422, ""),
        ("quantity-SP-99=1", 404, ""),
    ],
)
def test_what_cannot_be_reserved_is_told_before_it_is_asked(phone, query, status, words):
    page = phone.get(f"/me/reserve/DY001/review?{query}")
    assert page.status == status
    assert words in page.words


def test_a_refusal_keeps_what_was_chosen(phone, district):
    review = phone.get("/me/reserve/DY001/review?quantity-SP-01=3")
    district.hold("SP-01", 2)
    refused = review.submit("/me/reserve/DY001")
    assert refused.status == 409
    assert 'role="alert"' in refused.response.text
    assert "大米3袋" in refused.words


def test_outside_the_window_the_shelf_is_seen_but_nothing_reserved(district, app):
    district.now = local("2022-11-02 09:00")
    district.tick_at(district.now)
    page = Phone(district, app, district.volunteer).get("/me/reserve/DY001/review?quantity-SP-03=1")
    assert "现在不是兑换期" in page.words
    assert all(form.action != "/me/reserve/DY001" for form in page.forms)


def test_another_persons_hold_is_nobodys_business(phone, district, app):
    hold = phone.get("/me/reserve/DY001/review?quantity-SP-03=1").submit("/me/reserve/DY001")
    stranger = Phone(district, app, district.neighbour)
    assert stranger.get(hold.at).status == 404
    assert stranger.client.get(hold.at + "/code.png").status_code == 404
    token = stranger.get("/me/settings").form("/me/mode").fields["csrf_token"]
    refused = stranger.open(hold.at + "/cancel", method="POST", data={"csrf_token": token, "request_key": str(uuid.uuid4())})
    assert refused.status == 404 and district.balance().held == 8


def test_the_statement_explains_each_line(phone, district):
    page = phone.get("/me/statement")
    assert "清扫小广场" in page.words and "转为可用" in page.words
    entries = [href for href in page.links if href.startswith("/me/statement/")]
    for href in entries:
        assert phone.get(href).status == 200
    earned = next(phone.get(href) for href in entries if "签到一次记一次" in phone.get(href).words)
    assert "1次×" in earned.words and "依据：" in earned.words


def test_the_statement_goes_back_page_by_page(phone, district, app, monkeypatch):
    monkeypatch.setattr(statement, "PAGE", 2)
    seen, page = [], phone.get("/me/statement")
    while True:
        seen += [href for href in page.links if href.startswith("/me/statement/")]
        onward = [href for href in page.links if href.startswith("/me/statement?before=")]
        if not onward:
            break
        page = phone.get(onward[0])
    assert len(seen) == len(set(seen)) >= 5
    assert phone.get("/me/statement?before=x").status == 422


def test_the_running_balance_of_a_line_is_that_of_the_book(district):
    def look(unit):
        page = residents.latest(unit, district.volunteer, most=100)
        alone = [residents.line(unit, district.volunteer, line.entry) for line in page.lines]
        return page.lines, alone

    lines, alone = district.book.read(look)
    assert lines[0].balance == district.balance().spendable
    assert [line.balance for line in lines] == [line.balance for line in alone]


def test_a_strangers_line_is_not_found(district, app, phone):
    href = phone.get("/me/statement").link("/me/statement/")
    assert Phone(district, app, district.neighbour).get(href).status == 404


def test_the_pin_is_set_twice_alike(phone, district):
    page = phone.get("/me/settings")
    wrong = page.submit("/me/settings/pin", pin="271828", again="271829")
    assert wrong.status == 422 and "两次按的不一样" in wrong.words
    easy = page.submit("/me/settings/pin", pin="123456", again="123456")
    assert easy.status == 422
    done = page.submit("/me/settings/pin", pin="271828", again="271828")
    assert "卡密设好了" in done.words and "改卡密" in done.words
    assert "271828" not in done.response.text
    district.walk_up("SP-03", shown=district.card(), pin="271828")


def test_elder_mode_follows_the_person_not_the_phone(phone, district, app):
    page = phone.get("/me/settings").submit("/me/mode")
    assert 'data-size="elder"' in page.response.text
    other = Phone(district, app, district.volunteer).get("/me")
    assert "找人帮忙" in other.words
    assert 'data-size="elder"' not in Phone(district, app, district.neighbour).get("/me").response.text
    back = other.submit("/me/mode")
    assert 'data-size="elder"' not in back.response.text


@pytest.mark.parametrize(
    "path",
    [
        "/me",
        "/me/code",
        "/me/statement",
        "/me/help",
        "/me/card",
        "/me/settings",
        "/me/reserve",
        "/me/reserve/DY001",
        "/activities",
        "/stations",
        "/notice",
    ],
)
def test_elder_pages_are_light_and_without_script(phone, path):
    phone.get("/me/settings").submit("/me/mode")
    page = phone.get(path)
    assert page.status == 200
    assert page.scripts == 0
    assert len(page.response.data) < ELDER_BYTES / 2


def test_elder_code_page_renews_by_its_header(phone):
    assert "Refresh" not in phone.get("/me/code").response.headers
    phone.get("/me/settings").submit("/me/mode")
    assert phone.get("/me/code").response.headers["Refresh"] == "25"


def test_other_phones_are_signed_out(phone, district, app):
    other = Phone(district, app, district.volunteer)
    assert other.get("/me").status == 200
    done = phone.get("/me/settings").submit("/me/settings/other-phones")
    assert "已退出（1处）" in done.words
    assert other.get("/me").at == "/sign-in" and phone.get("/me").at == "/me"


def test_without_signing_in_every_own_page_leads_to_the_door(district, app):
    visitor = Phone(district, app)
    for path in (*OWN, "/me/code.png"):
        assert visitor.get(path).at == "/sign-in", path


def test_long_names_stay_masked_and_whole(district, app):
    page = Phone(district, app, district.outsider).get("/me/code")
    assert mask_name("买买提·艾力") in page.words and "买买提" not in page.words
    assert '<span class="keep">买*·艾*</span>' in page.response.text


def test_no_page_tells_a_phone_or_a_whole_name(phone, district):
    activity_now(district)
    texts = [
        phone.get(path).response.text
        for path in (
            "/me",
            "/me/code",
            "/me/card",
            "/me/statement",
            "/me/settings",
            "/me/help",
            "/activities",
            "/stations",
            "/stations/DY001",
        )
    ]
    names = district.book.read(lambda unit: people.names(unit, [f"V{n:06d}" for n in range(1, 7)]))
    for text in texts:
        assert "13800000001" not in text and "13137797619" not in text
        assert not any(len(name) > 2 and name in text for name in names.values())


def check_in(phone, district, activity):
    return phone.get(f"/q/{signer(district.book).activity_code(activity, district.now)}").submit("/q/")


def spoken(page) -> str:
    text = page.response.text
    inside = text[text.index('class="spoken-code"') :]
    return "".join(part.split("<")[0] for part in inside.split('aria-hidden="true">')[1:3])
