"""The station around its desk: the day, the shelf, counts that open and close, people without a phone and their cards."""

from __future__ import annotations

import base64
import re

import pytest

from ledger.domain.people import Actor, Grant
from ledger.passes.image import read_photo
from ledger.storage import journal, people
from ledger.storage.sql import Statement
from ledger.usecases.give_role import post_grant
from ledger.usecases.identify import identify, signer
from ledger.usecases.set_pin import has_pin
from tests.web.phone import app_of
from tests.web.staff import Staff

ACTS = Statement("SELECT id FROM {act} WHERE kind = :kind ORDER BY recorded_at, id")


@pytest.fixture
def district(sqlite_district):
    sqlite_district.to_redeeming()
    return sqlite_district


@pytest.fixture
def app(district):
    return app_of(district)


@pytest.fixture
def keeper(district, app):
    return Staff(district, app, district.keeper)


def acts(district, kind):
    return district.book.read(lambda unit: [journal.act_by_id(unit, row[0]) for row in unit.rows(ACTS, kind=kind)])


def counts(page, **other):
    """What a keeper writes who finds exactly what the book says, but for `other`."""
    book = {"SP-01": "40", "SP-02": "10", "SP-03": "100"}
    return {f"count-{sku}": other.get(sku.replace("-", ""), pieces) for sku, pieces in book.items()}


def pinned(district) -> bool:
    return district.book.read(lambda unit: has_pin(unit, district.volunteer))


def test_the_day_shows_desk_shelf_holds_and_hand_overs(district, keeper):
    page = keeper.get("/station")
    assert "还没开台" in page.words and "货架3种" in page.words and "今天还没有发放。" in page.words
    district.hold("SP-01", 2)
    district.walk_up("SP-03", 1, shown=district.code(district.neighbour))
    page = keeper.get("/station")
    assert "已开台" in page.words and "09:00开台，李*" in page.words
    assert "今天已发1次" in page.words and "等人来取1份" in page.words
    assert "王*兰大米2袋" in page.words and "欧**娜肥皂1块" in page.words
    assert "王*兰大米2袋" in keeper.get("/station/waiting").words


def test_a_keeper_of_several_stations_says_where_they_stand(district, app):
    both = Actor("U000001", person="V000003", grants=(Grant("keeper", "DY001"), Grant("keeper", "XY001")))
    district.book.run(lambda unit: post_grant(unit, district.request("grant", key=None), both.id, "keeper", "XY001"))
    keeper = Staff(district, app, both)
    page = keeper.get("/station")
    assert page.at == "/station/choose" and "东苑站" in page.words and "西苑站" in page.words
    page = page.submit("/station/choose", station="XY001")
    assert page.at == "/station" and "西苑站" in page.words
    assert "肥皂5块" in keeper.get("/station/shelf").words


def test_a_station_that_is_not_theirs_cannot_be_chosen(district, keeper):
    page = keeper.get("/station/choose").submit("/station/choose", station="XY001")
    assert page.status == 403 and "这个站不归这个岗位" in page.words
    assert "东苑站" in keeper.get("/station").words


def test_the_shelf_tells_free_reserved_and_where_it_came_from(district, keeper):
    district.hold("SP-01", 2)
    page = keeper.get("/station/shelf?sku=SP-01")
    assert "大米38袋24030不限" in page.words
    assert "食用油10桶01050限2桶" in page.words
    assert "大米的进货" in page.words and "期初" in page.words and "¥29.90" in page.words


def test_a_desk_opens_with_its_count_and_closes_with_another(district, keeper):
    page = keeper.get("/station/opening")
    page = keeper.fill(page, "count-SP-01", **counts(page))
    assert "开台了，可以发放。" in page.words
    district.walk_up("SP-01", 1)
    page = keeper.get("/station/opening")
    assert "收台盘点" in page.words
    page = page.submit("/station/closing", **counts(page, SP01="39"))
    assert page.at == "/station" and "收台了。发放1次，共30分、1件。" in page.words
    assert len(acts(district, "desk_closed")) == 1 and acts(district, "stock_varied") == []


def test_a_count_that_differs_needs_a_second_name(district, keeper):
    district.walk_up("SP-01", 1)
    page = keeper.get("/station/opening")
    page = page.submit("/station/closing", **counts(page, SP01="37"))
    assert page.status == 403 and "账上39，差−2" in page.words and "另一位的卡" in page.words
    page = page.submit("/station/closing", **counts(page, SP01="37"), second=district.card("V000004"))
    assert page.at == "/station" and "收台了" in page.words
    assert acts(district, "stock_varied")[0].second_actor == "V000004"


@pytest.mark.parametrize(("typed", "said"), [("", "还有物品没填数。没有的填0。"), ("x", "“盘点数”"), ("-1", "“盘点数”")])
def test_a_count_left_empty_or_no_number_is_refused(district, keeper, typed, said):
    district.walk_up("SP-01", 1)
    page = keeper.get("/station/opening")
    page = page.submit("/station/closing", **counts(page, SP01=typed))
    assert page.status == 422 and said in page.words
    assert acts(district, "desk_closed") == []


def test_people_are_found_by_card_phone_and_code(district, keeper):
    for text in (district.card(), "138 0000 0001", "13800000001", district.code()):
        page = keeper.get("/station/people").submit("/station/people", code=text)
        assert page.at == "/station/people/V000001" and "王*兰" in page.words, text
    assert "没有找到这个人" in keeper.get("/station/people").submit("/station/people", code="13899999999").words
    assert "没有找到这个人" in keeper.get("/station/people").submit("/station/people", code="99999999").words


def test_a_new_card_speaks_and_the_old_one_falls_silent_in_one_step(district, keeper):
    old = district.card()
    page = keeper.get("/station/people/V000001").submit("/station/people/V000001/card", blank="")
    assert page.at == "/station/cards" and "王玉兰" in page.words
    new = district.card()
    assert new != old and f"{new[:4]}{new[4:]}" in page.words
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', page.response.text)
    assert picture is not None
    (link,) = read_photo(base64.b64decode(picture[1]))
    assert district.book.read(lambda unit: identify(unit, link, now=district.now)).card == new
    assert [(a.subject, a.facts["card"]) for a in acts(district, "card_revoked")] == [("V000001", old)]
    assert [(a.subject, a.facts["card"]) for a in acts(district, "card_issued")] == [("V000001", new)]
    assert "这张卡已停用" in keeper.scan(old).words


def test_a_blank_card_is_bound_on_the_spot_and_only_once(district, keeper):
    page = keeper.get("/station/people").submit("/station/blank-cards", count="10")
    numbers = re.findall(r"\d{4} \d{4}", page.response.text)
    assert page.at == "/station/cards" and len(numbers) == 10
    blank = numbers[0].replace(" ", "")
    shown = signer(district.book).card(blank)
    page = keeper.get("/station/people/V000006").submit("/station/people/V000006/card", blank=shown)
    assert page.at == "/station/people/V000006" and f"新卡{blank}可以用了。旧卡已停用。" in page.words
    assert district.card("V000006") == blank
    page = keeper.get("/station/people/V000001").submit("/station/people/V000001/card", blank=blank)
    assert page.status == 409 and district.card() != blank


def test_a_card_number_nobody_made_is_refused(district, keeper):
    page = keeper.get("/station/people/V000001").submit("/station/people/V000001/card", blank="12345678")
    assert page.status == 422 and "认不出这张码" in page.words


def test_a_phone_is_bound_by_a_one_time_code(district, keeper, app):
    page = keeper.get("/station/people/V000006").submit("/station/people/V000006/phone")
    assert page.at == "/station/people/V000006/phone" and "请本人用手机扫" in page.words
    spoken = re.search(r'visually-hidden">((?:\w ){7}\w)<', page.response.text)
    assert spoken is not None
    newcomer = app.test_client()
    token = re.search(r'name="csrf_token" value="([^"]+)"', newcomer.get("/bind").text)
    assert token is not None
    answer = newcomer.post("/bind", data={"csrf_token": token[1], "code": spoken[1].replace(" ", "")})
    assert answer.status_code == 303
    assert [a.subject for a in acts(district, "phone_bound")] == ["V000006"]
    district.later(minutes=61)
    assert keeper.get("/station/people/V000006/phone").at != "/station/people/V000006/phone"


def test_a_pin_is_set_only_with_a_second_role_holder_beside(district, keeper):
    path = "/station/people/V000001/pin"
    page = keeper.get("/station/people/V000001").submit(path, witness="", pin="258036")
    assert page.status == 403 and "要一位证人" not in page.words and not pinned(district)
    page = keeper.get("/station/people/V000001").submit(path, witness=district.card("V000002"), pin="258036")
    assert page.status == 403 and not pinned(district)
    page = keeper.get("/station/people/V000001").submit(path, witness=district.card("V000004"), pin="123456")
    assert page.status == 422 and not pinned(district)
    page = keeper.get("/station/people/V000001").submit(path, witness=district.card("V000004"), pin="２５８０３６")
    assert "卡密设好了" in page.words and pinned(district)


def test_the_pin_moves_to_the_new_card(district, keeper):
    keeper.get("/station/people/V000001").submit("/station/people/V000001/pin", witness=district.card("V000004"), pin="258036")
    keeper.get("/station/people/V000001").submit("/station/people/V000001/card", blank="")
    assert pinned(district)
    page = keeper.scan(district.card()).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    assert "已发放肥皂1块" in page.submit("/station/pin", pin="258036").words


def test_a_keeper_makes_no_card_for_themselves(district, keeper):
    page = keeper.get("/station/people/V000003").submit("/station/people/V000003/card", blank="")
    assert page.status == 403 and acts(district, "card_issued") == []


def test_an_unknown_person_is_not_found(keeper):
    assert keeper.get("/station/people/V999999").status == 404


def test_names_of_people_are_masked_but_on_their_own_card(district, keeper):
    name = district.book.read(lambda unit: people.names(unit, ["V000001"]))["V000001"]
    for path in ("/station", "/station/people/V000001", "/station/shelf", "/station/waiting"):
        assert name not in keeper.get(path).response.text, path
