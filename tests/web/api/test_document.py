"""The description of the API says what the API does: every call of the contract, its body, its answer, its refusals, who may."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ledger.web.api.document import KEYLESS
from tests.web.api.conftest import Api

CONTRACT = """
POST /sessions; DELETE /sessions/current; GET /me; GET /me/pass; GET /me/statement; GET /activities; POST /activities;
GET /activities/{activity}/pass; POST /check-ins; POST /check-outs; POST /attendances/{attendance}/approve;
POST /attendances/{attendance}/reject; GET /stations; GET /stations/{code}; POST /desks; POST /desks/{desk}/close; POST /holds;
DELETE /holds/{hold}; POST /redemptions; POST /redemptions/{redemption}/reverse; GET /receipts/{receipt}; GET /cycles;
GET /cycles/{cycle}/notice; POST /objections; GET /objections/{tracking}; GET /trail/head; GET /trail/proof/{entry};
GET /trail/consistency
"""
TWINS = """
PUT /me/pin; PUT /me/password; GET /me/holds; GET /me/agents; PUT /me/agents/{agent}; DELETE /me/agents/{agent}; GET /people;
POST /people/{holder}/invitation; POST /bindings; POST /imports/{kind}; GET /imports; POST /imports/{batch}/undo;
POST /cycles/{cycle}/advance; POST /ticks; GET /rules; POST /rules; GET /objections; POST /objections/{tracking}/decision;
GET /users; POST /users; DELETE /users/{login}; POST /grants; DELETE /grants/{grant}; GET /activities/{activity};
GET /activities/{activity}/attendances; GET /cycles/{cycle}; POST /scans; GET /stations/{code}/holds;
GET /stations/{code}/redemptions; GET /redemptions/{redemption}; POST /people/{holder}/card; PUT /people/{holder}/pin; POST /blank-cards;
GET /goods; PUT /goods/{sku}; GET /attendances; POST /people/{holder}/phones; DELETE /users/{login}/sessions; GET /audit/checks;
POST /exports; PUT /me/mode; DELETE /me/sessions; GET /entries; GET /entries/{entry}; GET /trial-balance
"""
OPEN_TO_ANYONE = {
    "/stations", "/stations/{code}", "/receipts/{receipt}", "/cycles", "/cycles/{cycle}/notice", "/objections/{tracking}", "/trail/head",
    "/trail/proof/{entry}", "/trail/consistency",
}  # fmt: skip
OPEN_POSTS = ("POST /sessions", "POST /bindings", "POST /objections")


@pytest.fixture
def about(api: Api) -> dict[str, Any]:
    document: dict[str, Any] = api.get("", "/openapi.json").json
    return document


def operations(about: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path.removeprefix('/api/v1')}": operation
        for path, methods in about["paths"].items()
        for method, operation in methods.items()
    }


def test_every_call_of_the_contract_and_every_twin_is_described(about: dict[str, Any]) -> None:
    assert about["openapi"].startswith("3.1")
    wanted = {call.strip() for call in (CONTRACT + ";" + TWINS).split(";")}
    assert operations(about).keys() == wanted


def test_every_operation_says_what_it_is_who_may_and_how_it_refuses(about: dict[str, Any]) -> None:
    for call, operation in operations(about).items():
        assert re.search(r"[一-鿿]", operation["summary"]), call
        assert operation["description"].endswith("."), call
        assert operation["tags"], call
        good = [status for status in operation["responses"] if status < "400"]
        assert len(good) == 1, call
        answer = operation["responses"][good[0]]
        assert good[0] == "204" or call == "POST /exports" or "$ref" in answer["content"]["application/json"]["schema"], call
        for status in ("400", "401", "403", "404", "409", "422", "429", "503"):
            assert "application/problem+json" in operation["responses"][status]["content"], (call, status)
        path = call.split()[1]
        is_open = call.startswith("GET") and path in OPEN_TO_ANYONE or call in OPEN_POSTS
        assert ({} in operation.get("security", [{}])) == is_open, call


def test_every_post_but_a_sign_in_carries_a_request_key(about: dict[str, Any]) -> None:
    for call, operation in operations(about).items():
        names = [p["name"] for p in operation.get("parameters", []) if p["in"] == "header"]
        keyless = not call.startswith("POST") or f"/api/v1{call.split()[1]}" in KEYLESS
        assert names == ([] if keyless else ["Idempotency-Key"]), call


def test_every_reference_leads_somewhere_and_the_page_shows_it_all(api: Api, about: dict[str, Any]) -> None:
    wanted = set(re.findall(r"#/components/schemas/([\w.\-]+)", api.get("", "/openapi.json").text))
    assert wanted <= about["components"]["schemas"].keys()
    page = api.client.get("/api/docs")
    assert page.status_code == 200
    for path in about["paths"]:
        assert path in page.text
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page.text)
