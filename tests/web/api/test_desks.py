"""Desks: opened and closed with a count, where any difference carries two names."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest

from ledger.storage import goods, journal
from tests.web.api.conftest import Api, refused

WHOLE = {"SP-01": 40, "SP-02": 10, "SP-03": 100}


def count(**changed: int) -> list[dict[str, Any]]:
    pieces = WHOLE | {sku.replace("_", "-"): quantity for sku, quantity in changed.items()}
    return [{"sku": sku, "quantity": quantity} for sku, quantity in pieces.items()]


def variance(api: Api, path: str) -> int:
    rows = api.book.read(lambda unit: unit.rows(SUM, path=path))
    return int(rows[0][0])


SUM = goods.Statement("SELECT COALESCE(SUM(amount), 0) FROM {posting} WHERE account = :path")


@pytest.fixture(params=["api", pytest.param("pg_api", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")])])
def either(request: pytest.FixtureRequest) -> Api:
    found: Api = request.getfixturevalue(request.param)
    return found


def test_a_desk_opens_with_the_books_count_and_again_is_the_same_desk(api: Api) -> None:
    opened = api.post("keeper", "/desks", {"station": "DY001"})
    assert opened.status_code == 201
    assert opened.json == {
        "desk": "2022Q3.DY001.1", "session": "2022Q3.DY001", "station": "DY001", "opened_at": "2022-10-12T09:00:00+08:00", "variances": [],
    }  # fmt: skip
    assert api.post("colleague", "/desks", {"station": "DY001", "session": "2022Q3.DY001"}).json == opened.json
    assert refused(api.post("keeper", "/desks", {"station": "DY001", "count": count()})) == (409, "differs")
    assert refused(api.post("elsewhere", "/desks", {"station": "DY001"})) == (403, "wrong_station")
    assert refused(api.post("keeper", "/desks", {"station": "DY001", "session": "2022Q3.XY001"})) == (404, "not_found")


def test_a_count_that_agrees_needs_nobody_else(api: Api) -> None:
    opened = api.post("keeper", "/desks", {"station": "DY001", "count": WHOLE})
    assert (opened.status_code, opened.json["variances"]) == (201, [])
    api.walk_up("SP-01", 2)
    api.hold("SP-03", 3)
    closed = api.post("keeper", f"/desks/{opened.json['desk']}/close", {"count": count(SP_01=38)})
    assert closed.status_code == 200, closed.text
    assert closed.json == {
        "desk": "2022Q3.DY001.1", "closed_at": "2022-10-12T09:00:00+08:00", "hand_overs": 1, "points": 60, "pieces": 2, "cost_fen": 5980,
        "variances": [], "entry": None,
    }  # fmt: skip
    assert refused(api.post("keeper", f"/desks/{opened.json['desk']}/close", {"count": count(SP_01=38)})) == (409, "desk_not_open")


def test_missing_and_surplus_pieces_are_booked_under_two_names(either: Api) -> None:
    desk = either.post("keeper", "/desks", {"station": "DY001"}).json["desk"]
    body: dict[str, Any] = {"count": count(SP_01=37, SP_03=101)}
    path, key = f"/desks/{desk}/close", str(uuid.uuid4())
    assert refused(either.post("keeper", path, body, key=key)) == (403, "second_person_required")
    own = {**body, "second": either.district.card("V000003")}
    assert refused(either.post("keeper", path, own)) == (403, "second_person_required")
    without_role = {**body, "second": either.district.card("V000001")}
    assert refused(either.post("keeper", path, without_role)) == (403, "second_person_required")
    named = {**body, "second": either.district.card("V000004")}
    closed = either.post("keeper", path, named, key=key)
    assert closed.status_code == 200, closed.text
    assert closed.json["variances"] == [
        {"sku": "SP-01", "name": "大米", "book": 40, "counted": 37, "difference": -3, "cost_fen": -8970},
        {"sku": "SP-03", "name": "肥皂", "book": 100, "counted": 101, "difference": 1, "cost_fen": 500},
    ]
    assert either.post("keeper", path, named, key=key).data == closed.data
    entry = either.book.read(lambda unit: journal.act_by_id(unit, closed.json["entry"]))
    assert entry is not None
    assert entry.second_actor == "V000004"
    assert (variance(either, f"variance/{desk}/SP-01"), variance(either, f"variance/{desk}/SP-03")) == (3, -1)
    assert variance(either, f"variance/{desk}/CNY") == 8970 - 500
    assert (either.on_shelf("SP-01"), either.on_shelf("SP-03")) == (37, 101)


def test_reserved_goods_are_counted_and_cannot_go_missing_silently(api: Api) -> None:
    desk = api.post("keeper", "/desks", {"station": "DY001"}).json["desk"]
    api.hold("SP-02", 2)
    body = {"count": count(SP_02=1), "second": api.district.card("V000004")}
    assert refused(api.post("keeper", f"/desks/{desk}/close", body)) == (409, "out_of_stock")
    body = {"count": count(SP_02=2), "second": api.district.card("V000004")}
    assert api.post("keeper", f"/desks/{desk}/close", body).status_code == 200
    assert api.on_shelf("SP-02") == 0


@pytest.mark.parametrize(
    "body",
    [
        {"count": [{"sku": "SP-01", "quantity": 40}]},
        {"count": [*count(), {"sku": "SP-01", "quantity": 40}]},
        {"count": [*count(), {"sku": "NONE", "quantity": 1}]},
        {"count": count(SP_01=-1)},
        {"count": [{"sku": "SP-01", "quantity": True}]},
        {},
    ],
)
def test_a_count_that_leaves_out_repeats_or_invents_goods_is_refused(api: Api, body: dict[str, Any]) -> None:
    desk = api.post("keeper", "/desks", {"station": "DY001"}).json["desk"]
    assert refused(api.post("keeper", f"/desks/{desk}/close", body)) == (422, "invalid_input")


def test_after_closing_the_next_hand_over_opens_the_next_desk(api: Api) -> None:
    desk = api.post("keeper", "/desks", {"station": "DY001"}).json["desk"]
    first = api.walk_up("SP-03").json["redemption"]
    assert api.post("keeper", f"/desks/{desk}/close", {"count": count(SP_03=99)}).status_code == 200
    assert api.post("officer", f"/redemptions/{first}/reverse", {"reason": "退回"}).status_code == 200
    second = api.walk_up("SP-03").json["entry"]
    entry = api.book.read(lambda unit: journal.act_by_id(unit, second))
    assert entry is not None
    assert entry.desk == "2022Q3.DY001.2"
    closed = api.post("keeper", "/desks/2022Q3.DY001.2/close", {"count": count(SP_03=99)})
    assert (closed.status_code, closed.json["hand_overs"], closed.json["points"]) == (200, 1, 8)


def test_where_a_count_is_required_nothing_is_handed_over_before_it(api: Api, tmp_path: Path) -> None:
    from dataclasses import replace

    settings = api.book.settings
    api.book.settings = replace(settings, desk=replace(settings.desk, opening_count="required"))
    assert refused(api.walk_up("SP-03")) == (409, "desk_not_open")
    assert refused(api.post("keeper", "/desks", {"station": "DY001"})) == (422, "invalid_input")
    assert api.post("keeper", "/desks", {"station": "DY001", "count": count()}).status_code == 201
    assert api.walk_up("SP-03").status_code == 201
