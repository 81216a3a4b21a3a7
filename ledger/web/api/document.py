"""The description of the API: OpenAPI 3.1 as JSON, and the same as a page."""

from __future__ import annotations

from typing import Any, Final

from flask import Blueprint, current_app, render_template

from ledger.usecases.request import KEY_LENGTH_MAX
from ledger.web import gate
from ledger.web.api import PREFIX

blueprint = Blueprint("api_document", __name__)

KEYLESS: Final = frozenset({f"{PREFIX}/sessions", f"{PREFIX}/bindings"})
"""Calls that open a session: their answer holds a token and is never given twice."""

KEY_HEADER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "同一次提交重发时用同一个编号：得到第一次的答复，不会做两遍。",
    "schema": {"type": "string", "minLength": 1, "maxLength": KEY_LENGTH_MAX, "pattern": r"^[!-~]+$"},
}
METHODS: Final = frozenset({"get", "post", "put", "delete"})


@blueprint.get(f"{PREFIX}/openapi.json")
@gate.everyone
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    known: dict[str, Any] | None = current_app.extensions.get("ledger_api_document")
    if known is None:
        known = current_app.extensions["ledger_api_document"] = _described(current_app.api_doc)  # type: ignore[attr-defined]
    return known


@blueprint.get("/api/docs")
@gate.everyone
def page() -> str:
    """The operations, their fields and answers, from local files alone."""
    about = document()
    return render_template("public/api.html", title="API", about=about["info"], operations=_operations(about), schemas=_schemas(about))


def _described(about: dict[str, Any]) -> dict[str, Any]:
    """The library's document with what it does not know: the request key that every POST but a sign-in carries."""
    for path, methods in about["paths"].items():
        operation = methods.get("post")
        if operation is not None and path not in KEYLESS:
            operation.setdefault("parameters", []).append(KEY_HEADER)
    return about


def _operations(about: dict[str, Any]) -> list[dict[str, Any]]:
    listed = [
        (path, method, operation) for path, methods in about["paths"].items() for method, operation in methods.items() if method in METHODS
    ]
    return [
        {
            "method": method.upper(),
            "path": path,
            "summary": operation.get("summary", ""),
            "body": _reference(operation.get("requestBody", {})),
            "parameters": [
                {"name": p["name"], "where": p["in"], "required": bool(p.get("required"))} for p in operation.get("parameters", [])
            ],
            "answers": [
                {"status": status, "schema": _reference(answer)} for status, answer in operation["responses"].items() if status < "400"
            ],
        }
        for path, method, operation in sorted(listed, key=lambda item: item[0])
    ]


def _schemas(about: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "fields": [
                {"name": field, "type": _type(kind), "required": field in schema.get("required", [])}
                for field, kind in schema.get("properties", {}).items()
            ],
        }
        for name, schema in sorted(about["components"]["schemas"].items())
    ]


def _reference(part: dict[str, Any]) -> str:
    for media in part.get("content", {}).values():
        return str(media.get("schema", {}).get("$ref", "")).rsplit("/", 1)[-1]
    return ""


def _type(kind: dict[str, Any]) -> str:
    if "$ref" in kind:
        return str(kind["$ref"]).rsplit("/", 1)[-1]
    if "anyOf" in kind:
        return " | ".join(_type(part) for part in kind["anyOf"])
    if kind.get("type") == "array":
        return f"[{_type(kind.get('items', {}))}]"
    return str(kind.get("type", "any"))
