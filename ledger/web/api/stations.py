"""Stations and their shelves, open to anyone; opening and closing a desk."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from ledger.domain.errors import InvalidInput
from ledger.storage.unit_of_work import Unit
from ledger.usecases.close_desk import close_desk
from ledger.usecases.open_desk import open_desk
from ledger.usecases.view_shelf import shelf_document
from ledger.usecases.view_stations import stations_document
from ledger.web import gate
from ledger.web.api import ANYONE, Body, Code, Page, api_blueprint, cursor
from ledger.web.api.edge import in_points, local_iso
from ledger.web.asking import api_request

blueprint = api_blueprint("api_stations", __name__, tag="驿站")


class ShelfLine(BaseModel):
    sku: str
    name: str
    unit: str
    category: str
    on_shelf: int
    reserved: int
    price_points: int | float
    cost_fen: int
    limit_per_cycle: int | None


class StationAnswer(BaseModel):
    station: str
    name: str
    area: str
    address: str
    hours: str
    shelf: list[ShelfLine]


class StationsAnswer(BaseModel):
    stations: list[StationAnswer]
    cursor: str | None


class StationPath(BaseModel):
    code: Code


CountedPieces = Annotated[int, Field(ge=0, le=1_000_000)]


class Counted(Body):
    """Pieces of one good that stand there, reserved ones included."""

    sku: Code
    quantity: CountedPieces


Count = Annotated[list[Counted], Field(max_length=500)] | Annotated[dict[Code, CountedPieces], Field(max_length=500)]
"""As lines, or as pieces by goods code."""


class DeskBody(Body):
    station: Code
    session: Code | None = None
    count: Count | None = None
    second: Code | None = None


class Variance(BaseModel):
    sku: str
    name: str
    book: int
    counted: int
    difference: int
    cost_fen: int


class DeskAnswer(BaseModel):
    desk: str
    session: str
    station: str
    opened_at: str
    variances: list[Variance]


class DeskPath(BaseModel):
    desk: Code


class ClosingBody(Body):
    count: Count
    second: Code | None = None


class ClosedAnswer(BaseModel):
    desk: str
    closed_at: str
    hand_overs: int
    points: int | float
    pieces: int
    cost_fen: int
    variances: list[Variance]
    entry: str | None


@blueprint.get("/stations", summary="驿站列表", responses={200: StationsAnswer}, security=ANYONE)
@gate.everyone
def stations(query: Page) -> dict[str, Any]:
    """Stations by code, each with its shelf."""
    after = cursor.plain(query.cursor)

    def find(unit: Unit) -> dict[str, Any]:
        found = stations_document(unit, after=after, most=query.limit)
        return {"stations": found, "cursor": found[-1]["station"] if len(found) == query.limit else None}

    return gate.book().read(find)


@blueprint.get("/stations/<string:code>", summary="一个驿站和它的物品", responses={200: StationAnswer}, security=ANYONE)
@gate.everyone
def station(path: StationPath) -> dict[str, Any]:
    """The shelf of a station; `on_shelf` excludes `reserved`."""
    return gate.book().read(lambda unit: shelf_document(unit, path.code))


@blueprint.post("/desks", summary="开台", responses={201: DeskAnswer})
@gate.allow("keeper")
def open_one(body: DeskBody) -> tuple[dict[str, Any], int]:
    """Open a station's desk, counted or with the book's count; a difference needs a second person's card."""
    answer = open_desk(
        gate.book(), api_request("open_desk", body.model_dump()), station=body.station, session=body.session or "",
        count=None if body.count is None else pieces_of(body.count), second=body.second or "",
    )  # fmt: skip
    return {**answer, "opened_at": local_iso(answer["opened_at"])}, 201


@blueprint.post("/desks/<string:desk>/close", summary="收台盘点", responses={200: ClosedAnswer})
@gate.allow("keeper")
def close_one(path: DeskPath, body: ClosingBody) -> dict[str, Any]:
    """Close a desk with its count; a difference needs a second person's card."""
    request = api_request("close_desk", {"desk": path.desk, **body.model_dump()})
    answer = close_desk(gate.book(), request, desk=path.desk, count=pieces_of(body.count), second=body.second or "")
    return {**in_points(answer, "points"), "closed_at": local_iso(answer["closed_at"])}


def pieces_of(count: list[Counted] | dict[str, int]) -> dict[str, int]:
    """Pieces by good. Raises InvalidInput for a good counted twice."""
    if isinstance(count, dict):
        return count
    pieces = {line.sku: line.quantity for line in count}
    if len(pieces) != len(count):
        raise InvalidInput("count", "taken")
    return pieces
