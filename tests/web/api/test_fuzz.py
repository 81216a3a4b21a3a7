"""Whatever is sent, the API answers as its description says: no 500, no undocumented status, no answer of another shape.

Each operation is tried by somebody who may call it, with ids that exist among the invented ones.
"""

from __future__ import annotations

import contextlib
import os
import uuid
from typing import Any

import hypothesis
import pytest
import schemathesis
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from ledger.storage.sql import Statement
from tests.web.api.conftest import Api

ACTIVITY = Statement("SELECT id FROM {activity} ORDER BY id LIMIT 1")
EXAMPLES = int(os.environ.get("LEDGER_FUZZ_EXAMPLES", "5"))
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
WHO = {
    "/me": "V000001", "/holds": "V000001", "/redemptions": "keeper", "/desks": "keeper", "/activities": "organiser", "/check": "V000001",
    "/attendances": "organiser", "/people": "keeper", "/imports": "officer", "/cycles": "officer", "/ticks": "officer", "/rules": "officer",
    "/objections": "officer", "/users": "admin", "/grants": "admin", "/sessions": "auditor",
}  # fmt: skip


def who_calls(path: str) -> str:
    plain = path.removeprefix("/api/v1")
    return next((who for beginning, who in WHO.items() if plain.startswith(beginning)), "V000002")


@pytest.fixture(params=["api", pytest.param("pg_api", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")])])
def either(request: pytest.FixtureRequest) -> Api:
    found: Api = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def known(either: Api) -> dict[str, list[str]]:
    """Ids that exist, by the name of the parameter or field they fit."""
    api = either
    hold, done = api.hold("SP-03").json, api.walk_up("SP-03").json
    activity = api.book.read(lambda unit: unit.rows(ACTIVITY))[0][0]
    return {
        "hold": [hold["hold"], hold["code"]], "redemption": [done["redemption"]], "receipt": [done["receipt"]], "entry": [done["entry"]],
        "station": ["DY001"], "code": ["DY001"], "sku": ["SP-01", "SP-03"], "activity": [activity, "HD1"], "cycle": ["2022Q3"],
        "desk": ["2022Q3.DY001.1"], "card": [api.district.card()], "agent": [api.district.card("V000002")], "holder": ["V000001"],
        "line": ["2022Q3-0001"], "volunteer_pass": [api.fresh_pass()], "pass": [api.fresh_pass()], "kind": ["people", "goods"],
    }  # fmt: skip


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["fitting", "unfitting"])
def test_no_input_breaks_the_api(either: Api, known: dict[str, list[str]], mode: GenerationMode) -> None:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", either.client.application)
    for result in schema.get_all_operations():
        _try_operation(either, result.ok(), known, mode)


def _try_operation(api: Api, operation: Any, known: dict[str, list[str]], mode: GenerationMode) -> None:
    who = who_calls(operation.path)

    @hypothesis.given(case=operation.as_strategy(generation_mode=mode), data=hypothesis.strategies.data())
    @hypothesis.settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck))
    @hypothesis.seed(20221012)
    def attempt(case: Any, data: Any) -> None:
        _mix_in(case, data, known)
        headers = {**(case.headers or {}), "Authorization": f"Bearer {api.token(who)}"}
        if operation.method.upper() == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        case.headers = headers
        response = case.call()
        case.validate_response(response, checks=CHECKS)

    with contextlib.suppress(hypothesis.errors.Unsatisfiable):  # a call without parameters cannot be made unfitting
        attempt()


def _mix_in(case: Any, data: Any, known: dict[str, list[str]]) -> None:
    """Now and then an id that exists takes the place of an invented one."""
    for part in (case.path_parameters, case.query, case.body if isinstance(case.body, dict) else None):
        for name in list(part or ()):
            if name in known and data.draw(hypothesis.strategies.booleans()):
                part[name] = data.draw(hypothesis.strategies.sampled_from(known[name]))


HOSTILE = [
    b"", b"null", b"[]", b"1", b'"text"', b"{", b'{"items":', b"\xff\xfe", b"\xef\xbb\xbf{}", b'{"a":NaN}', b'{"a":1e400}',
    b'{"a":' + b"9" * 400 + b"}",
    b'{"\\u0000":"\\u0000"}', b'{"a":"\\ud800"}', b"[" * 2000, b'{"a":' * 1500, b"{}" + b" " * 5000, "{\"a\":\"\u202e卡\"}".encode(),
]  # fmt: skip


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
def test_no_body_breaks_the_api(api: Api, content_type: str) -> None:
    about = api.get("", "/openapi.json").json
    for path, methods in about["paths"].items():
        for method in methods.keys() & {"post", "put"}:
            address = path.replace("{", "").replace("}", "")
            headers = {"Authorization": f"Bearer {api.token(who_calls(path))}", "Idempotency-Key": str(uuid.uuid4())}
            for body in HOSTILE:
                answer = api.client.open(address, method=method.upper(), headers=headers, data=body, content_type=content_type)
                assert answer.status_code < 500, (method, path, body[:40], answer.text)
                assert answer.status_code < 300 or answer.content_type == "application/problem+json", (path, answer.text)


@pytest.mark.parametrize("key", ["", " ", "\u0001", "k" * 201, "钥匙"])
def test_a_request_key_that_is_none_is_refused(api: Api, key: str) -> None:
    headers = {"Authorization": f"Bearer {api.token('V000001')}", "Idempotency-Key": key.encode().decode("latin-1")}
    body = {"station": "DY001", "items": [{"sku": "SP-03", "quantity": 1}]}
    answer = api.client.post("/api/v1/holds", json=body, headers=headers)
    assert (answer.status_code, answer.json["code"]) in ((422, "request_key_missing"), (422, "invalid_input"))
