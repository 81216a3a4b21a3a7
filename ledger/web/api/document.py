"""The description of the API: OpenAPI 3.1 as JSON, and the same as a page."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template

from ledger.web import gate
from ledger.web.api import PREFIX

blueprint = Blueprint("api_document", __name__)


@blueprint.get(f"{PREFIX}/openapi.json")
@gate.everyone
def document() -> dict[str, Any]:
    """OpenAPI 3.1."""
    about: dict[str, Any] = current_app.api_doc  # type: ignore[attr-defined]
    return about


@blueprint.get("/api/docs")
@gate.everyone
def page() -> str:
    """The operations, their fields and answers, from local files alone."""
    about = document()
    return render_template("public/api.html", title="API", about=about["info"], operations=_operations(about), schemas=_schemas(about))


def _operations(about: dict[str, Any]) -> list[dict[str, Any]]:
    listed = [(path, method, operation) for path, methods in about["paths"].items() for method, operation in methods.items()]
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
