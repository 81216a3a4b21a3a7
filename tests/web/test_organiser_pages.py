"""Organisers: opening an activity, the code on the wall, people at the table, and what waits for a second word."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest

from ledger.domain.earning import Rule
from ledger.domain.people import Actor, Grant
from ledger.passes.image import read_photo
from ledger.passes.links import url_of
from ledger.storage import service
from ledger.usecases.check_in import check_in_oneself
from ledger.usecases.give_role import post_grant
from ledger.usecases.identify import signer
from ledger.usecases.open_activity import open_activity
from ledger.usecases.publish_rule import ALWAYS, publish_rule
from tests.cast import local
from tests.web.phone import Phone, app_of
from tests.web.staff import Staff


@pytest.fixture
def district(sqlite_district):
    sqlite_district.to_redeeming()
    return sqlite_district


@pytest.fixture
def app(district):
    return app_of(district)


@pytest.fixture
def organiser(district, app):
    return Staff(district, app, district.organiser)


@pytest.fixture
def local_organiser(district, app):
    """An organiser of 东苑社区 alone."""
    actor = Actor("U000001", person="V000003", grants=(Grant("keeper", "DY001"), Grant("organiser", "dongyuan")))
    district.book.run(lambda unit: post_grant(unit, district.request("grant", key=None), actor.id, "organiser", "dongyuan"))
    return Staff(district, app, actor)


def begin(district, *, area="dongyuan", rule="event-6", minutes=60, **more) -> str:
    request = district.request("open_activity")
    answer = open_activity(
        district.book, request, name="清扫小广场", kind="志愿服务", area=area, starts_at=district.now,
        ends_at=district.now + timedelta(minutes=minutes), rule=rule, **more,
    )  # fmt: skip
    return str(answer["activity"])


def strict_rule(district) -> str:
    """A rule that asks for staff evidence: whoever scanned a poster waits for an approver."""
    rule = Rule(id="strict", version=1, name="现场服务", basis="event", points=6, clause="第3条", min_evidence=2)
    publish_rule(district.book, district.request("publish"), rule, valid_from=ALWAYS)
    return rule.id


def by_poster(district, activity: str, person: str) -> str:
    shown = url_of(district.book.settings.public_url, signer(district.book).poster(activity))
    request = district.request("check_in", district.as_volunteer(person))
    return str(check_in_oneself(district.book, request, shown=shown)["attendance"])


def standing(district, attendance: str):
    return district.book.read(lambda unit: service.attendance(unit, attendance))


def code_on(page) -> str:
    picture = re.search(r'src="data:image/png;base64,([^"]+)"', page.response.text)
    assert picture is not None
    (text,) = read_photo(base64.b64decode(picture[1]))
    return text


FORM = {
    "name": "敬老院陪诊", "kind": "志愿服务", "area": "dongyuan", "place": "正门", "day": "2022-10-13", "starts": "14:00", "ends": "16:30",
    "rule": "event-6", "capacity": "20",
}  # fmt: skip


def test_an_activity_is_opened_and_led_to(district, organiser):
    page = organiser.get("/organiser/activities/new").submit("/organiser/activities/new", **FORM)
    assert page.at.startswith("/organiser/activities/0") and "“敬老院陪诊”开好了" in page.words
    assert "明天14:00—16:30" in page.words and "东苑社区·正门" in page.words and "0/20人" in page.words
    found = district.book.read(lambda unit: service.activity(unit, page.at.rsplit("/", 1)[1]))
    assert (found.starts_at, found.ends_at) == (local("2022-10-13 14:00"), local("2022-10-13 16:30"))
    assert "敬老院陪诊" in organiser.get("/organiser").words


def test_an_end_before_the_start_is_the_next_days(district, organiser):
    page = organiser.get("/organiser/activities/new").submit("/organiser/activities/new", **{**FORM, "starts": "22:00", "ends": "01:00"})
    found = district.book.read(lambda unit: service.activity(unit, page.at.rsplit("/", 1)[1]))
    assert found.ends_at == local("2022-10-14 01:00")


def test_a_form_with_holes_comes_back_with_what_was_typed(organiser):
    page = organiser.get("/organiser/activities/new").submit("/organiser/activities/new", **{**FORM, "name": "", "capacity": "0"})
    assert page.status == 422 and "有几处要改" in page.words and "要填这一项。" in page.words and "填1到100000之间的整数。" in page.words
    assert page.form("/organiser/activities/new").fields["place"] == "正门"


def test_the_same_form_twice_is_one_activity(district, organiser):
    page = organiser.get("/organiser/activities/new")
    first = page.submit("/organiser/activities/new", **FORM)
    again = page.submit("/organiser/activities/new", **FORM)
    assert first.at == again.at


def test_areas_are_ones_own_and_below(local_organiser, organiser):
    text = local_organiser.get("/organiser/activities/new").response.text
    assert 'value="dongyuan"' in text and 'value="dongyuan-1"' in text and "xiyuan" not in text
    assert 'value="xiyuan"' in organiser.get("/organiser/activities/new").response.text


def test_another_area_is_refused_whatever_the_form_says(local_organiser, district):
    page = local_organiser.get("/organiser/activities/new").submit("/organiser/activities/new", **{**FORM, "area": "xiyuan"})
    assert page.status == 422
    assert local_organiser.get(f"/organiser/activities/{begin(district, area='xiyuan')}").status == 403


def test_the_screen_shows_a_code_that_checks_people_in_and_changes(district, organiser, app):
    id = begin(district, capacity=60)
    page = organiser.get(f"/organiser/activities/{id}/screen")
    first = code_on(page)
    assert "已签到0/60" in page.words and "没手机：到台前刷卡" in page.words
    assert '<meta http-equiv="refresh" content="10">' in page.response.text
    assert page.response.headers["Cache-Control"] == "no-store"
    check_in_oneself(district.book, district.request("in", district.as_volunteer()), shown=first)
    district.later(seconds=31)
    page = organiser.get(f"/organiser/activities/{id}/screen")
    assert code_on(page) != first and "已签到1/60" in page.words and "王*兰" in page.words and "王玉兰" not in page.words


@pytest.mark.parametrize(("second", "left"), [(0, "10"), (21, "9"), (29, "1")])
def test_the_screen_asks_again_every_ten_seconds_and_at_each_change(district, organiser, second, left):
    id = begin(district)
    district.now = district.now.replace(second=second, microsecond=0)
    assert f'data-renew="{left}"' in organiser.get(f"/organiser/activities/{id}/screen").response.text


def test_the_screen_says_when_it_opens_and_when_it_is_over(district, organiser, app):
    id = begin(district, minutes=30)
    district.later(minutes=-20)
    assert "08:45起可签到" in organiser.get(f"/organiser/activities/{id}/screen").words
    district.later(minutes=60)
    organiser = Staff(district, app, district.organiser)
    assert "活动结束了，不再签到" in organiser.get(f"/organiser/activities/{id}/screen").words


def test_the_poster_carries_the_permanent_code_and_a_date(district, organiser):
    id = begin(district, rule=strict_rule(district))
    page = organiser.get(f"/organiser/activities/{id}/poster")
    assert signer(district.book).poster(id) in code_on(page)
    assert "10月12日09:00—10:00" in page.words and "今天" not in page.words
    assert "扫海报的，要负责人再确认一次" in page.words


def test_people_come_in_and_out_at_the_table(district, organiser):
    id = begin(district)
    page = organiser.get(f"/organiser/activities/{id}")
    page = organiser.fill(page, "code", code=district.card())
    assert "王*兰签到成功，09:00。计6分，待公示。" in page.words and "L2现场扫码" in page.words
    page = organiser.fill(page, "code", code=district.card())
    assert page.status == 409 and "已经签到" in page.words
    district.later(minutes=29)
    page = organiser.get(f"/organiser/activities/{id}?mode=out")
    page = organiser.fill(page, "code", code=url_of(district.book.settings.public_url, district.code()))
    assert "王*兰已签退，服务29分钟，计6分，待公示。" in page.words and "0:29" in page.words


def test_a_gun_that_sends_twice_checks_in_once(district, organiser):
    id = begin(district)
    page = organiser.get(f"/organiser/activities/{id}")
    for _scan in range(2):
        assert "签到成功" in organiser.fill(page, "code", code=district.card()).words


def test_an_organiser_does_not_check_themselves_in(district, organiser):
    id = begin(district)
    page = organiser.fill(organiser.get(f"/organiser/activities/{id}"), "code", code=district.card("V000004"))
    assert page.status == 403


def test_clean_rows_are_approved_together_and_flagged_ones_one_by_one(district, organiser):
    id = begin(district, rule=strict_rule(district))
    clean, flagged = by_poster(district, id, "V000001"), by_poster(district, id, "V000002")
    district.book.run(lambda unit: service.update_attendance(unit, service.attendance(unit, flagged).flagged("far_away"), was="waiting"))
    page = organiser.get("/organiser/waiting")
    assert page.words.index("欧**娜") < page.words.index("王*兰") and "签到时离现场远" in page.words
    assert f'value="{clean}"' in page.response.text and f'value="{flagged}"' not in page.response.text
    page = page.submit("/organiser/waiting", pick=clean)
    assert "批准了1条，积分待公示。" in page.words
    assert standing(district, clean).points == 6 and standing(district, flagged).state == "waiting"
    page = organiser.get(f"/organiser/attendances/{flagged}")
    assert "签到时离现场远" in page.words and "规则要L2现场扫码" in page.words
    page = page.submit(f"/organiser/attendances/{flagged}/approve")
    assert "批准了，计6分，待公示。" in page.words and page.at == f"/organiser/activities/{id}"


def test_nothing_ticked_approves_nothing(district, organiser):
    mine = by_poster(district, begin(district, rule=strict_rule(district)), "V000001")
    form = organiser.get("/organiser/waiting").form("/organiser/waiting")
    unticked = {name: value for name, value in form.fields.items() if name != "pick"}
    page = organiser.open(form.action, method="POST", data=unticked)
    assert page.status == 422 and "还没有选。先勾上要批的，再按批准。" in page.words
    assert standing(district, mine).state == "waiting"


def test_a_row_is_returned_with_a_reason(district, organiser):
    id = begin(district, rule=strict_rule(district))
    mine = by_poster(district, id, "V000001")
    path = f"/organiser/attendances/{mine}/reject"
    page = organiser.get(f"/organiser/attendances/{mine}").submit(path, reason=" ")
    assert page.status == 422 and standing(district, mine).state == "waiting"
    page = page.submit(path, reason="没有到场")
    assert "退回了。" in page.words and standing(district, mine).state == "rejected"


def test_ones_own_row_cannot_be_ticked(district, organiser):
    mine = by_poster(district, begin(district, area="xiyuan", rule=strict_rule(district)), "V000004")
    page = organiser.get("/organiser/waiting")
    assert f'value="{mine}"' not in page.response.text and "要别人批" in page.words
    assert [f for f in organiser.get(f"/organiser/attendances/{mine}").forms if "approve" in f.action] == []


def test_waiting_rows_of_another_area_are_not_shown(district, local_organiser, organiser):
    by_poster(district, begin(district, area="xiyuan", rule=strict_rule(district)), "V000005")
    assert "买*·艾*" in organiser.get("/organiser/waiting").words
    assert "没有等着批的。" in local_organiser.get("/organiser/waiting").words
    assert "1条签到等另一个人批" in organiser.get("/organiser").words


def test_the_day_lists_what_runs_what_comes_and_what_was(district, organiser, app):
    begin(district)
    assert "正在进行" in organiser.get("/organiser").words
    district.later(hours=25)
    words = Staff(district, app, district.organiser).get("/organiser").words
    assert "今天没有活动" in words and "前7天" in words and "清扫小广场" in words


def test_nobody_else_opens_the_organisers_pages(district, app):
    assert Phone(district, app).get("/organiser", follow=False).response.location.startswith("/sign-in?next=")
    assert Phone(district, app, district.volunteer).get("/organiser").status == 403
    assert Staff(district, app, district.keeper).get("/organiser").status == 403


def test_an_unknown_activity_is_not_found(organiser):
    for path in ("", "/screen", "/poster"):
        assert organiser.get(f"/organiser/activities/nothing{path}").status == 404
    assert organiser.get("/organiser/attendances/nothing").status == 404
