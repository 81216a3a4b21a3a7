"""From an HTTP request to a use case's Request: its body read strictly, its request key, its actor and its moment."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, NoReturn

import flask
from flask import g, request
from pydantic import ValidationError
from werkzeug.exceptions import BadRequest

from ledger.domain.errors import InvalidInput, RequestKeyMissing
from ledger.usecases.request import Request, check_key
from ledger.web import gate

WHOLE_MAX: Final = 2**53
"""Larger whole numbers are not the same in every JSON reader, and no amount of ours comes near."""

REASONS: Final[Mapping[str, str]] = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "string_too_long": "too_long",
    "too_long": "too_many",
    "string_too_short": "too_short",
    "too_short": "missing",
    "finite_number": "range",
    "int_from_float": "malformed",
}


class LedgerRequest(flask.Request):
    """Reads JSON once and strictly: 400 only for what is no JSON; an array, a NUL or an endless number is refused as input."""

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:  # noqa: ARG002
        if not hasattr(self, "_strict_json"):
            self._strict_json = _read_object(self)
        return self._strict_json


def api_request(name: str, body: Mapping[str, Any]) -> Request:
    """The Request of an API call.

    Args:
        name: the use case's word; body: what the key is bound to. Neither may hold a password or PIN.
    Raises: RequestKeyMissing on POST without `Idempotency-Key`; DELETE is bound to its address instead (a PUT has no key:
    see `unkeyed_request`).
    """
    key = check_key(request.headers.get("Idempotency-Key", "").strip()) if request.method == "POST" else f"{request.method} {request.path}"
    return _request(name, body, key)


def page_request(name: str, body: Mapping[str, Any]) -> Request:
    """The Request of a form: its key is the hidden field `request_key`, made when the page was. Raises RequestKeyMissing."""
    return _request(name, body, check_key(request.form.get("request_key", "").strip()))


def unkeyed_request(name: str, body: Mapping[str, Any] | None = None) -> Request:
    """A Request without a key, for reads that journal something and for signing in and out."""
    return _request(name, body or {}, None)


def refuse_validation(error: ValidationError) -> NoReturn:
    """A body, query or path that does not fit its model, as InvalidInput naming the first field."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    kind = first["type"]
    reason = REASONS.get(kind) or ("range" if kind.startswith(("greater", "less")) else "type" if kind.endswith("_type") else "malformed")
    raise InvalidInput(".".join(str(part) for part in first["loc"]) or "body", reason) from error


def _request(name: str, body: Mapping[str, Any], key: str | None) -> Request:
    return Request(actor=gate.actor_or_anyone(), now=gate.now(), name=name, key=key, body=body, trace=g.get("trace", ""))


def _read_object(http: flask.Request) -> dict[str, Any]:
    data = http.get_data(cache=True)
    if not data.strip():
        return {}
    if not http.is_json:
        raise BadRequest("not JSON")
    try:
        value = json.loads(data.decode("utf-8"), parse_int=_whole, parse_constant=_no_constant)
    except RecursionError as error:
        raise InvalidInput("body", "too_large") from error
    except ValueError as error:
        raise BadRequest("not JSON") from error
    if not isinstance(value, dict):
        raise InvalidInput("body", "not_an_object")
    if b"\\u" in data:
        _check_text(value, "body")
    return value


def _whole(text: str) -> int:
    if len(text) > 17 or abs(int(text)) > WHOLE_MAX:
        raise InvalidInput("body", "range")
    return int(text)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(text)


def _check_text(value: Any, field: str) -> None:
    """Raises InvalidInput for NUL and lone surrogates, which only \\u escapes can bring into a JSON text."""
    if isinstance(value, str):
        if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
            raise InvalidInput(field, "unprintable")
    elif isinstance(value, dict):
        for name, part in value.items():
            _check_text(name, field)
            _check_text(part, name)
    elif isinstance(value, list):
        for part in value:
            _check_text(part, field)


def check_form() -> None:
    """Raises InvalidInput for NUL in a form's text fields."""
    for name, value in request.form.items(multi=True):
        if "\0" in name or "\0" in value:
            raise InvalidInput(name.replace("\0", ""), "unprintable")


def optional_key() -> str:
    """The form's request key, or empty: to show the same key again when a form is refused and rendered anew."""
    try:
        return check_key(request.form.get("request_key", "").strip())
    except (RequestKeyMissing, InvalidInput):
        return ""
