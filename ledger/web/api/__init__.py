"""The JSON API of CONTRACT §3 under /api/v1: Bearer tokens, RFC 9457 problems, Idempotency-Key on POST."""

from __future__ import annotations

from typing import Annotated, Any, Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

PREFIX: Final = "/api/v1"
SECURITY: Final[dict[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}

Code = Annotated[str, StringConstraints(min_length=1, max_length=200)]
"""An id, a number, a pass: short text whose meaning the use case checks."""

Text = Annotated[str, StringConstraints(max_length=500)]
"""A reason or a note."""


class Body(BaseModel):
    """A request body: unknown fields are refused, and types are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(BaseModel):
    """The query of a list: `cursor` as the answer before gave it."""

    model_config = ConfigDict(extra="forbid")
    cursor: Annotated[str, StringConstraints(max_length=200)] = ""
    limit: int = Field(default=50, ge=1, le=200)


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str
    trace: str = ""


def api_blueprint(name: str, import_name: str, *, public: bool = False) -> APIBlueprint:
    """A blueprint under /api/v1 whose operations document every refusal. public: no operation of it needs a token."""
    return APIBlueprint(
        name,
        import_name,
        url_prefix=PREFIX,
        abp_responses={status: _problem(text) for status, text in _REFUSED.items()},
        abp_security=None if public else [{"bearer": []}],
    )


def nothing() -> Response:
    """204: done, and nothing to say."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


_REFUSED: Final = {
    400: "not JSON",
    401: "not signed in",
    403: "not yours to do",
    404: "nothing there",
    409: "not now",
    413: "too large",
    422: "input refused",
    429: "too often",
    503: "out of reach",
}


def _problem(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Problem"}
    return {"description": description, "content": {"application/problem+json": {"schema": schema}}}
