"""The hand-over desk with a browser that runs no script: scan, choose, confirm, take back; and what is refused there."""

from __future__ import annotations

import gzip

import pytest

from ledger.passes.links import url_of
from ledger.storage import access, goods, journal
from ledger.storage.sql import Statement
from ledger.usecases.identify import signer
from ledger.usecases.name_agent import name_agent
from ledger.usecases.reserve_goods import pick_up_code
from ledger.usecases.set_pin import set_pin
from ledger.web.station import desk as desk_views
from tests.web.phone import Phone, app_of
from tests.web.staff import Staff

DESK_BYTES = 50_000


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


def link(district, text: str) -> str:
    return url_of(district.book.settings.public_url, text)


def give_pin(district, pin: str = "258036") -> None:
    set_pin(district.book, district.request("set_pin", district.as_volunteer()), person=district.volunteer, pin=pin)


def redemptions(district) -> list[goods.Redemption]:
    return district.book.read(lambda unit: goods.redemptions_at(unit, district.station, district.now.replace(hour=0), 50))


def left_on_shelf(district, sku: str) -> int:
    rows = district.book.read(lambda unit: unit.rows(goods.SHELF, station=district.station))
    return next(int(row[4]) for row in rows if row[0] == sku)


def test_a_walk_up_is_served_with_scan_choice_and_confirmation(district, keeper):
    page = keeper.scan(link(district, district.code()))
    assert page.status == 200 and page.at == "/station/desk"
    assert "王*兰" in page.words and "可用111分" in page.words and "东苑社区第1网格" in page.words
    page = page.submit("/station/hand-over", **{"quantity-SP-01": "1", "quantity-SP-03": "2"})
    assert page.at == "/station/desk"
    assert "已发放大米1袋、肥皂2块，用46分，还剩65分。凭证可扫码查验。" in page.words
    assert "发放凭证" in page.words and "李*" in page.words
    assert district.balance().spendable == 65
    assert left_on_shelf(district, "SP-01") == 39


def test_the_scanned_pass_never_stands_in_an_address(district, keeper):
    code = district.code()
    response = keeper.get("/station/desk").submit("/station/desk", code=link(district, code), follow=False).response
    assert response.status_code == 303
    assert response.location == "/station/desk"


def test_what_a_gun_types_through_an_input_method_is_understood(district, keeper):
    typed = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in link(district, district.code()))
    assert "王*兰" in keeper.scan(f"  {typed}\t").words


def test_full_width_card_digits_are_understood(district, keeper):
    wide = "".join(chr(ord(c) + 0xFEE0) for c in district.card())
    page = keeper.scan(wide)
    assert "王*兰" in page.words and "要证人" in page.words


def test_goods_that_cannot_be_taken_are_greyed_with_the_reason_in_words(district, keeper):
    page = keeper.scan(link(district, district.code(district.outsider)))
    assert "买*·艾*" in page.words
    assert "还差20分" in page.words and "还差40分" in page.words
    fields = page.form("/station/hand-over").fields
    assert "quantity-SP-03" in fields and "quantity-SP-01" not in fields


def test_a_limit_that_is_reached_is_told_in_the_panel_and_on_the_tile(district, keeper):
    district.walk_up("SP-02", 2)
    page = keeper.scan(link(district, district.code()))
    assert "食用油本季已领2/2桶" in page.words
    assert "本季领满" in page.words
    assert "上次10月12日09:00东苑站食用油2桶" in page.words


def test_an_empty_shelf_says_so(district, app):
    page = Staff(district, app, district.other_keeper).scan(link(district, district.code(district.volunteer)))
    assert "肥皂" in page.words
    district.book.run(lambda unit: unit.change(Statement("UPDATE {good} SET status = 'closed'")))
    assert "这个站的货架还是空的" in Staff(district, app, district.other_keeper).scan(link(district, district.code())).words
    district.book.run(lambda unit: unit.change(Statement("UPDATE {good} SET status = 'open'")))


def test_a_used_code_is_refused_with_when_where_and_who(district, keeper):
    code = district.code()
    keeper.scan(link(district, code)).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    page = keeper.scan(link(district, code))
    assert page.status == 409
    assert "这张码09:00已在东苑站用过，经手李*。先核对，别重复发。pass_used" in page.words
    assert len(redemptions(district)) == 1


def test_a_refusal_keeps_what_was_scanned_and_chosen(district, keeper):
    page = keeper.scan(link(district, district.code()))
    page = page.submit("/station/hand-over", **{"quantity-SP-01": "4"})
    assert page.status == 409
    assert "还差9分：可用111分，要120分" in page.words
    form = page.form("/station/hand-over")
    assert "王*兰" in page.words
    page = page.submit("/station/hand-over", **{"quantity-SP-01": "3"})
    assert page.status == 200 and "已发放大米3袋" in page.words
    assert form.fields["request_key"]


def test_nothing_chosen_is_refused_in_the_page(district, keeper):
    page = keeper.scan(link(district, district.code())).submit("/station/hand-over")
    assert page.status == 422 and "王*兰" in page.words
    assert redemptions(district) == []


@pytest.mark.parametrize("typed", ["-1", "1.5", "one", "9999999"])
def test_a_quantity_that_is_no_whole_number_is_refused(district, keeper, typed):
    page = keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-03": typed})
    assert page.status == 422 and redemptions(district) == []


def test_a_scan_counts_for_ten_minutes_and_no_longer(district, keeper):
    page = keeper.scan(link(district, district.code()))
    district.later(minutes=9)
    assert "已发放肥皂1块" in page.submit("/station/hand-over", **{"quantity-SP-03": "1"}).words
    page = keeper.scan(link(district, district.code()))
    district.later(minutes=11)
    page = page.submit("/station/hand-over", **{"quantity-SP-03": "1"})
    assert "扫码过了10分钟，没有发放。请再扫一次。" in page.words
    assert len(redemptions(district)) == 1


def test_the_same_confirmation_twice_is_one_hand_over(district, keeper):
    page = keeper.scan(link(district, district.code()))
    first = page.submit("/station/hand-over", **{"quantity-SP-03": "2"})
    again = page.submit("/station/hand-over", **{"quantity-SP-03": "2"})
    assert "已发放肥皂2块" in first.words and "已发放肥皂2块" in again.words
    assert len(redemptions(district)) == 1 and district.balance().spendable == 95


def test_an_answer_that_got_lost_is_found_again_by_opening_the_desk(district, keeper):
    page = keeper.scan(link(district, district.code()))
    with keeper.client.session_transaction() as kept:
        before = dict(kept)
    page.submit("/station/hand-over", **{"quantity-SP-03": "2"}, follow=False)
    with keeper.client.session_transaction() as kept:
        kept.clear()
        kept.update(before)
    page = keeper.get("/station/desk")
    assert "已发放肥皂2块，用16分，还剩95分" in page.words
    assert len(redemptions(district)) == 1


def test_a_page_from_before_another_scan_hands_nothing_to_the_wrong_person(district, keeper):
    page = keeper.scan(link(district, district.code()))
    keeper.scan(link(district, district.code(district.neighbour)))
    page = page.submit("/station/hand-over", **{"quantity-SP-03": "1"})
    assert "刚才那一页是另一次扫码的，没有发放" in page.words and "欧**娜" in page.words
    assert redemptions(district) == []


def test_out_of_reach_is_unknown_and_asked_again_under_the_same_key(district, keeper, monkeypatch):
    from ledger.domain.errors import Unavailable

    page = keeper.scan(link(district, district.code()))
    key = page.form("/station/hand-over").fields["request_key"]
    really = desk_views.hand_over_at_once

    def lost(*args, **more):
        really(*args, **more)
        raise Unavailable()

    monkeypatch.setattr(desk_views, "hand_over_at_once", lost)
    page = page.submit("/station/hand-over", **{"quantity-SP-03": "2"})
    assert page.status == 503 and page.response.headers["Retry-After"] == "5"
    assert "先别发货。按“查结果”，同一笔再问一次，不会扣两次。" in page.words
    assert "已发放" not in page.words
    form = page.form("/station/hand-over")
    assert form.fields["request_key"] == key and form.fields["quantity-SP-03"] == "2"
    monkeypatch.setattr(desk_views, "hand_over_at_once", really)
    assert "已发放肥皂2块" in page.submit("/station/hand-over").words
    assert len(redemptions(district)) == 1


def test_a_card_goes_to_its_owners_pin(district, keeper):
    give_pin(district)
    page = keeper.scan(link(district, signer(district.book).card(district.card())))
    assert "刷的是卡：选好后请本人按卡密" in page.words
    page = page.submit("/station/hand-over", **{"quantity-SP-01": "1"})
    assert page.at == "/station/pin" and "请转给本人按" in page.words and "用后还剩81分" in page.words
    assert redemptions(district) == []
    page = page.submit("/station/pin", pin="111111")
    assert page.status == 422 and "卡密不对，还可以按4次。积分没动。" in page.words
    page = page.submit("/station/pin", pin="２５８０３６")
    assert page.at == "/station/desk" and "已发放大米1袋，用30分，还剩81分" in page.words


def test_a_locked_pin_leads_to_a_witness(district, keeper):
    give_pin(district)
    page = keeper.scan(district.card()).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    for _try in range(5):
        page = page.submit("/station/pin", pin="111111")
    page = page.submit("/station/pin", pin="258036") if page.forms and any(f.action == "/station/pin" for f in page.forms) else page
    assert page.status == 403 and "可请证人在场" in page.words
    assert page.link("/station/witness")


def test_a_card_without_pin_is_handed_over_before_a_witness(district, keeper):
    page = keeper.scan(district.card()).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    assert page.at == "/station/witness" and "没有设卡密" in page.words
    page = page.submit("/station/witness", code=district.card(district.neighbour))
    assert page.status == 403 and "这张卡不能作证，积分没动" in page.words
    page = page.submit("/station/witness", code=district.card("V000004"))
    assert page.at == "/station/desk" and "已发放肥皂1块" in page.words


def test_a_named_agent_collects_with_their_own_card(district, keeper):
    name_agent(district.book, district.request("name_agent", district.as_volunteer()), agent=district.card("V000002"))
    page = keeper.scan(link(district, district.code()))
    assert "代领：欧**娜" in page.words
    page = page.submit("/station/hand-over", **{"quantity-SP-03": "1", "presence": "agent"})
    assert page.at == "/station/agent" and "请代领人刷卡" in page.words
    page = page.submit("/station/agent", code=district.card("V000006"))
    assert page.status == 403 and "没有登记这位代领人" in page.words
    page = page.submit("/station/agent", code=district.card("V000002"))
    assert "已发放肥皂1块" in page.words
    act = district.book.read(lambda unit: journal.act_by_id(unit, redemptions(district)[0].id))
    assert (act.subject, act.collected_by) == ("V000001", "V000002")


def test_an_agent_with_a_card_still_needs_its_pin(district, keeper):
    give_pin(district)
    name_agent(district.book, district.request("name_agent", district.as_volunteer()), agent=district.card("V000002"))
    page = keeper.scan(district.card()).submit("/station/hand-over", **{"quantity-SP-03": "1", "presence": "agent"})
    page = page.submit("/station/agent", code=district.card("V000002"))
    assert page.at == "/station/pin"
    assert "已发放肥皂1块" in page.submit("/station/pin", pin="258036").words


def test_a_code_opened_by_the_keepers_own_camera_comes_to_the_desk(district, keeper):
    keeper.scan(link(district, district.code(district.neighbour)))
    page = keeper.get("/q/" + district.code())
    assert page.at == "/station/desk" and "王*兰" in page.words and "欧**娜" not in page.words


def test_a_hold_is_collected_by_its_code_with_one_button(district, keeper):
    code = pick_up_code(district.book, district.hold("SP-01", 2))
    page = keeper.scan(code.lower())
    assert "核对取货" in page.words and "大米2袋60分" in page.words
    page = page.submit("/station/collect")
    assert "已发放大米2袋，用60分，还剩51分" in page.words
    page = keeper.scan(code)
    assert "现在不能发" in page.words and "已经领走" in page.words
    assert not [form for form in page.forms if form.action == "/station/collect"]


def test_a_hold_of_another_station_says_where_it_waits(district, app):
    code = pick_up_code(district.book, district.hold("SP-01", 1))
    page = Staff(district, app, district.other_keeper).scan(code)
    assert "这份预留在东苑站。要在这里领，请本人先取消。" in page.words


def test_a_hold_pass_scanned_as_a_picture_works_too(district, keeper):
    hold = district.hold("SP-03", 1)["hold"]
    page = keeper.scan(link(district, signer(district.book).hold(hold)))
    assert "已发放肥皂1块" in page.submit("/station/collect").words


def test_ones_own_points_need_another_keeper(district, keeper):
    page = keeper.scan(link(district, district.code(district.keeper_person)))
    assert "自己的积分要别的经手人来发" in page.words
    assert not [form for form in page.forms if form.action == "/station/hand-over"]


def test_undo_needs_the_person_and_takes_everything_back(district, keeper):
    page = keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-01": "1"})
    assert "刚发：王*兰大米1袋" in page.words
    page = page.submit("/station/undo")
    assert page.at.endswith("/undo") and "请本人亮一次新码，或刷一次卡" in page.words
    path = page.at
    page = page.submit(path, code=link(district, district.code(district.neighbour)))
    assert page.status == 422 and "认不出这张码" in page.words
    page = page.submit(path, code=link(district, district.code()))
    assert "已撤回王*兰的大米1袋，退回30分。物品放回货架。" in page.words
    assert district.balance().spendable == 111 and left_on_shelf(district, "SP-01") == 40
    assert "刚发：" not in page.words


def test_undo_is_offered_for_two_minutes(district, keeper):
    page = keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-01": "1"})
    path = page.submit("/station/undo").at
    district.later(seconds=121)
    assert "刚发：" not in keeper.get("/station/desk").words
    assert "过了撤回的时间" in keeper.get(path).words


def test_a_colleague_takes_back_with_a_reason(district, keeper, app):
    keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-01": "1"})
    done = redemptions(district)[0]
    actor = district.other_keeper
    district.book.run(
        lambda unit: unit.change(
            access.ADD_GRANT, id="g-x", grantee=actor.id, role="keeper", scope="DY001", from_at=0, until_at=None, deputy_for=""
        )
    )
    colleague = Staff(district, app, actor)
    colleague.get("/station/choose").submit("/station/choose", station="DY001")
    page = colleague.get(f"/station/hand-overs/{done.id}/undo").submit(f"/station/hand-overs/{done.id}/undo", reason="发错了")
    assert "已撤回王*兰的大米1袋" in page.words
    assert "已更正" in colleague.get(f"/station/hand-overs/{done.id}").words
    district.book.run(lambda unit: unit.change(Statement("DELETE FROM {role_grant} WHERE id = 'g-x'")))


def test_next_person_puts_the_receipt_away(district, keeper):
    page = keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    page = page.submit("/station/desk/next")
    assert "先扫码，看清是谁。" in page.words and "发放凭证" not in page.words


def test_the_receipt_and_its_slip_can_be_opened_again(district, keeper):
    keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    id = redemptions(district)[0].id
    page = keeper.get(f"/station/hand-overs/{id}")
    assert "王*兰" in page.words and "肥皂1块" in page.words
    assert "用8分" in keeper.get(f"/station/hand-overs/{id}/slip").words
    assert keeper.get("/station/hand-overs/nothing").status == 404


def test_another_stations_receipt_is_not_for_this_keeper(district, keeper, app):
    keeper.scan(link(district, district.code())).submit("/station/hand-over", **{"quantity-SP-03": "1"})
    id = redemptions(district)[0].id
    assert Staff(district, app, district.other_keeper).get(f"/station/hand-overs/{id}").status == 403


def test_nobody_else_opens_the_station(district, app):
    assert Phone(district, app).get("/station/desk", follow=False).response.location.startswith("/sign-in?next=")
    assert Phone(district, app, district.volunteer).get("/station/desk").status == 403
    assert Staff(district, app, district.organiser).get("/station").status == 403


def test_outside_a_redemption_window_the_desk_says_so(district, app):
    district.tick_at(district.now.replace(month=11, day=2))
    keeper = Staff(district, app, district.keeper)
    assert "现在不在兑换期" in keeper.get("/station/desk").words
    page = keeper.scan(link(district, district.code()))
    assert "现在不能发" in page.words and not [form for form in page.forms if form.action == "/station/hand-over"]


def test_the_desk_is_light_on_a_cheap_phone(keeper, district):
    """Without the camera module: page and scripts within 50 KB as they are, all of it within 25 KB as a proxy sends it."""
    page = keeper.scan(link(district, district.code()))
    scripts = ["js/once.js", "js/view.js", "js/scan.js", "js/sounds.js", "js/cart.js", "js/desk.js", "js/timer.js"]
    styles = ["css/tokens.css", "css/base.css", "css/parts.css", "css/desk.css", "css/station.css"]
    assert "camera.js" not in page.response.text
    parts = [page.response.data, *(keeper.client.get(f"/static/{name}").data for name in [*scripts, *styles])]
    assert sum(len(part) for part in parts[: 1 + len(scripts)]) <= DESK_BYTES
    assert sum(len(gzip.compress(part)) for part in parts) <= DESK_BYTES / 2
