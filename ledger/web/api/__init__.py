"""The JSON API of CONTRACT §3 under /api/v1: Bearer tokens, RFC 9457 problems, Idempotency-Key on POST."""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import cache
from typing import Annotated, Any, Final, TypeVar

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

Near = TypeVar("Near", date, datetime)

PREFIX: Final = "/api/v1"
SECURITY: Final[dict[str, Any]] = {"bearer": {"type": "http", "scheme": "bearer"}}
ANYONE: Final[list[dict[str, list[Any]]]] = [{}]
"""`security` of an operation that needs no token, in a blueprint whose others do: with one or without."""


PLAIN: Final = r"^[^\x00-\x1f\x7f]*$"
PROSE: Final = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"
YEARS: Final = range(2000, 2200)
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATED: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ]")

Code = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=PLAIN)]
"""An id, a number, a pass: short text whose meaning the use case checks."""

Text = Annotated[str, StringConstraints(max_length=500, pattern=PROSE)]
"""A reason or a note; may have several lines."""

Pieces = Annotated[int, Field(ge=1, le=10_000_000)]


def _is_told(value: Any) -> Any:
    """Numbers, and texts of digits alone, are no moments here, whatever pydantic would make of them."""
    if not isinstance(value, str) or not _DATED.match(value):
        raise ValueError("moment")
    return value


def _is_near(value: Near) -> Near:
    """Far years would leave the calendar when turned into another zone."""
    if value.year not in YEARS:
        raise ValueError("year")
    return value


Moment = Annotated[AwareDatetime, Field(strict=False), BeforeValidator(_is_told), AfterValidator(_is_near)]
"""ISO 8601 with an offset."""


def _is_day(value: Any) -> Any:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise ValueError("day")
    return value


Day = Annotated[date, Field(strict=False), BeforeValidator(_is_day), AfterValidator(_is_near)]
"""A local date, `YYYY-MM-DD`."""


class Body(BaseModel):
    """A request body: unknown fields are refused, and types are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Query(BaseModel):
    """A query string: unknown names are refused. Its schema is made once; the library asks for it with every request."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def model_json_schema(cls, *args: Any, **options: Any) -> dict[str, Any]:
        if args or options:
            return super().model_json_schema(*args, **options)
        return _schema_of(cls)


class Page(Query):
    """The query of a list: `cursor` as the answer before gave it."""

    cursor: Annotated[str, StringConstraints(max_length=200)] = ""
    limit: int = Field(default=50, ge=1, le=200)


class Item(Body):
    """A good and how many pieces of it."""

    sku: Code
    quantity: Pieces


Items = Annotated[list[Item], Field(min_length=1, max_length=20)]


class Problem(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    detail: str
    code: str
    trace: str = ""


def api_blueprint(name: str, import_name: str, *, tag: str = "", public: bool = False) -> APIBlueprint:
    """A blueprint under /api/v1 whose operations document every refusal.

    Args:
        tag: the heading under which the description lists them, Chinese. public: no operation of it needs a token.
    """
    return APIBlueprint(
        name,
        import_name,
        url_prefix=PREFIX,
        abp_tags=[Tag(name=tag)] if tag else None,
        abp_responses={status: _problem(text) for status, text in _REFUSED.items()},
        abp_security=None if public else [{"bearer": []}],
    )


def nothing() -> Response:
    """204: done, and nothing to say."""
    response = Response(status=204)
    del response.headers["Content-Type"]
    return response


@cache
def _schema_of(model: type[Query]) -> dict[str, Any]:
    return super(Query, model).model_json_schema()


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
