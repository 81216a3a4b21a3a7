"""Activities, check-ins, check-outs, approvals."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cast import local
from tests.web.api.conftest import Api, refused

EVENT = {
    "name": "河道清理", "kind": "志愿服务", "area": "dongyuan",
    "starts_at": "2022-10-12T09:10:00+08:00", "ends_at": "2022-10-12T11:10:00+08:00",
    "rule": "event-6", "place": "东苑桥头",
}  # fmt: skip


@pytest.fixture
def activity(api: Api) -> str:
    opened = api.post("organiser", "/activities", EVENT)
    assert opened.status_code == 201, opened.text
    return str(opened.json["activity"])


def test_an_organiser_opens_an_activity_in_their_own_area(api: Api, activity: str) -> None:
    listed = api.get("V000001", "/activities").json
    shown = {"activity": activity, "code": "A000001", **EVENT, "rule_version": 1, "capacity": None}
    assert listed == {"activities": [shown], "cursor": None}
    one = api.get("V000001", "/activities/A000001").json
    assert (one["activity"], one["present"]) == (activity, 0)
    assert refused(api.post("stranger", "/activities", EVENT)) == (403, "forbidden")
    assert refused(api.post("V000001", "/activities", EVENT)) == (403, "forbidden")
    assert refused(api.get("", "/activities")) == (401, "unauthenticated")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"rule": "none"}, (404, "not_found")),
        ({"area": "none"}, (404, "not_found")),
        ({"ends_at": EVENT["starts_at"]}, (422, "invalid_input")),
        ({"ends_at": "2022-10-14T09:10:00+08:00"}, (422, "invalid_input")),
        ({"starts_at": "2022-10-12 09:10"}, (422, "invalid_input")),
        ({"starts_at": "2022-10-12T09:10:00"}, (422, "invalid_input")),
        ({"starts_at": 1665537000}, (422, "invalid_input")),
        ({"starts_at": "1665537000"}, (422, "invalid_input")),
        ({"ends_at": "9999-12-31T23:59:59-12:00"}, (422, "invalid_input")),
        ({"capacity": 0}, (422, "invalid_input")),
        ({"capacity": True}, (422, "invalid_input")),
        ({"name": ""}, (422, "invalid_input")),
    ],
)
def test_an_activity_that_makes_no_sense_is_refused(api: Api, change: dict[str, Any], expected: tuple[int, str]) -> None:
    assert refused(api.post("organiser", "/activities", EVENT | change)) == expected


def test_activities_page_by_their_start(api: Api) -> None:
    for hour in range(10, 15):
        at = {"starts_at": f"2022-10-13T{hour}:00:00+08:00", "ends_at": f"2022-10-13T{hour}:30:00+08:00", "name": f"第{hour}场"}
        assert api.post("organiser", "/activities", EVENT | at).status_code == 201
    names, cursor = [], ""
    for _ in range(5):
        page = api.get("V000001", f"/activities?limit=2&cursor={cursor}").json
        names += [a["name"] for a in page["activities"]]
        cursor = page["cursor"]
        if cursor is None:
            break
    assert names == [f"第{hour}场" for hour in range(10, 15)]
    since = api.get("V000001", "/activities?since=2022-10-13T12:15:00%2B08:00").json["activities"]
    assert [a["name"] for a in since] == ["第12场", "第13场", "第14场"]


def test_a_volunteer_scans_the_venues_code_in_and_out(api: Api, activity: str) -> None:
    code = api.get("organiser", f"/activities/{activity}/pass")
    assert set(code.json) == {"activity", "name", "pass", "url", "expires_at", "poster_url"}
    life = datetime.fromisoformat(code.json["expires_at"]) - api.district.now
    assert timedelta(0) < life <= timedelta(seconds=31)
    key = str(uuid.uuid4())
    came = api.post("V000001", "/check-ins", {"pass": code.json["pass"], "at_place": True}, key=key)
    assert came.status_code == 201, came.text
    assert came.json == {
        "attendance": came.json["attendance"], "activity": activity, "state": "checked_in", "evidence_level": 2, "points": 6,
        "points_state": "pending", "minutes": 0,
    }  # fmt: skip
    assert api.post("V000001", "/check-ins", {"pass": code.json["pass"], "at_place": True}, key=key).data == came.data
    assert refused(api.post("V000001", "/check-ins", {"pass": code.json["url"]})) == (409, "already_checked_in")
    api.district.later(minutes=40)
    assert refused(api.post("V000001", "/check-outs", {"pass": code.json["pass"]})) == (422, "pass_expired")
    fresh = api.get("organiser", f"/activities/{activity}/pass").json["pass"]
    left = api.post("V000001", "/check-outs", {"pass": fresh})
    assert (left.status_code, left.json["minutes"], left.json["points"]) == (200, 30, 6)
    assert api.get("V000001", "/me").json["pending"] == 6
    assert refused(api.get("stranger", f"/activities/{activity}/pass")) == (403, "forbidden")


def test_staff_scan_the_volunteers_code_or_card(api: Api, activity: str) -> None:
    came = api.post("organiser", "/check-ins", {"activity": activity, "volunteer_pass": api.fresh_pass()})
    assert (came.status_code, came.json["evidence_level"]) == (201, 2)
    by_card = api.post("organiser", "/check-ins", {"activity": activity, "card": api.district.card("V000002")})
    assert by_card.status_code == 201
    assert refused(api.post("stranger", "/check-ins", {"activity": activity, "card": api.district.card("V000005")})) == (403, "forbidden")
    assert refused(api.post("V000001", "/check-ins", {"activity": activity, "card": api.district.card("V000005")})) == (403, "forbidden")
    present = api.get("organiser", f"/activities/{activity}/attendances").json["attendances"]
    assert sorted(row["name"] for row in present) == ["欧**娜", "王*兰"]
    left = api.post("organiser", "/check-outs", {"activity": activity, "card": api.district.card("V000002")})
    assert left.status_code == 200
    own = api.district.card("V000003")
    assert refused(api.post("keeper", "/check-ins", {"activity": activity, "card": own})) == (403, "forbidden")


def test_a_poster_earns_less_and_waits_for_an_organiser(api: Api) -> None:
    rule = {"rule": "river", "version": 1, "name": "河道服务", "basis": "event", "points": 4, "clause": "第5条", "min_evidence": 2}
    published = api.post("officer", "/rules", {**rule, "valid_from": "2022-10-01T00:00:00+08:00"})
    assert (published.status_code, published.json) == (201, {"rule": "river", "version": 1})
    activity = api.post("organiser", "/activities", EVENT | {"rule": "river"}).json["activity"]
    poster = api.get("organiser", f"/activities/{activity}/pass").json["poster_url"]
    came = api.post("V000002", "/check-ins", {"pass": poster})
    assert (came.json["state"], came.json["evidence_level"], came.json["points_state"]) == ("waiting", 1, "awaiting_approval")
    path = f"/attendances/{came.json['attendance']}"
    assert refused(api.post("stranger", f"{path}/approve")) == (403, "forbidden")
    assert refused(api.post("V000002", f"{path}/approve")) == (403, "forbidden")
    approved = api.post("organiser", f"{path}/approve", {"reason": "签名表上有"})
    assert (approved.status_code, approved.json["state"], approved.json["points"]) == (200, "approved", 4)
    rejected = api.post("organiser", f"{path}/reject", {"reason": "签名是别人的"})
    assert (rejected.status_code, rejected.json["state"], api.get("V000002", "/me").json["pending"]) == (200, "rejected", 0)


def test_nobody_checks_in_before_its_time_or_at_two_places(api: Api, activity: str) -> None:
    code = api.get("organiser", f"/activities/{activity}/pass").json["pass"]
    other = api.post("organiser", "/activities", EVENT | {"name": "同一时间"}).json["activity"]
    assert api.post("V000001", "/check-ins", {"pass": code}).status_code == 201
    second = api.get("organiser", f"/activities/{other}/pass").json["pass"]
    assert refused(api.post("V000001", "/check-ins", {"pass": second})) == (409, "overlapping_service")
    api.district.now = local("2022-10-12 08:54")
    early = api.get("organiser", f"/activities/{activity}/pass").json["pass"]
    assert refused(api.post("V000002", "/check-ins", {"pass": early})) == (409, "not_open")


def test_a_check_in_is_one_form_or_the_other(api: Api, activity: str) -> None:
    for who, body in (
        ("V000001", {}),
        ("V000001", {"pass": "X" * 40, "activity": activity}),
        ("organiser", {"activity": activity}),
        ("organiser", {"card": "1"}),
        ("organiser", {"activity": activity, "card": "1", "volunteer_pass": "2"}),
        ("V000001", {"pass": "X" * 40, "at_place": "yes"}),
    ):
        assert refused(api.post(who, "/check-ins", body)) == (422, "invalid_input"), body
