"""What a keeper does beside handing over: reading what was shown, what waits and what went, cards and PINs."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from ledger.storage.desk_screen import Piece
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_desk
from ledger.usecases.hand_over_goods import station_of
from ledger.usecases.issue_blank_cards import BLANKS_MAX, issue_blank_cards
from ledger.usecases.replace_card import card_pass, replace_card
from ledger.usecases.set_pin import set_pin
from ledger.usecases.view_desk import HandedOver, Waiting
from ledger.usecases.witness import witness_by_card
from ledger.web import gate
from ledger.web.api import Body, Code, api_blueprint
from ledger.web.api.edge import iso
from ledger.web.asking import api_request, unkeyed_request

blueprint = api_blueprint("api_desk", __name__, tag="发放台")


class ScanBody(Body):
    """`shown`: a volunteer's code, spoken code, card or pick-up code. `station` for keepers of several."""

    shown: Code
    station: Code | None = None


class PieceAnswer(BaseModel):
    sku: str
    name: str
    unit: str
    quantity: int
    points: int | float


class WaitingAnswer(BaseModel):
    hold: str
    station: str
    owner: str
    points: int | float
    expires_at: str
    items: list[PieceAnswer]


class LastTimeAnswer(BaseModel):
    at: str
    station: str
    items: list[PieceAnswer]


class OfferedGood(BaseModel):
    sku: str
    name: str
    unit: str
    on_shelf: int
    price_points: int | float
    limit_per_cycle: int | None
    taken: int
    most: int


class ScanAnswer(BaseModel):
    how: str
    holder: str
    name: str
    place: str
    card_tail: str
    has_pin: bool
    spendable: int | float
    pending: int | float
    debt: int | float
    blocked: str
    last: LastTimeAnswer | None
    hold: WaitingAnswer | None
    waiting: list[WaitingAnswer]
    goods: list[OfferedGood]


class StationPath(BaseModel):
    code: Code


class WaitingList(BaseModel):
    holds: list[WaitingAnswer]


class RedemptionPath(BaseModel):
    redemption: Code


class HandedOverAnswer(BaseModel):
    redemption: str
    receipt: str
    person: str
    keeper: str
    station: str
    at: str
    points: int | float
    undo_until: str
    reversed_at: str | None
    items: list[PieceAnswer]


class HandedOverList(BaseModel):
    redemptions: list[HandedOverAnswer]


class HolderPath(BaseModel):
    holder: Code


class CardBody(Body):
    """`blank`: a pre-printed blank card, scanned or its number; without it a new number is made."""

    blank: Code | None = None


class CardAnswer(BaseModel):
    person: str
    card: str
    revoked: list[str]
    text: str = Field(alias="pass")


class BlanksBody(Body):
    count: int = Field(ge=1, le=BLANKS_MAX)


class BlanksAnswer(BaseModel):
    cards: list[str]


class DeskPinBody(Body):
    """The person types the digits; a second role-holder shows their own card."""

    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
    witness_card: Code


class PinAnswer(BaseModel):
    card: str


@blueprint.post("/scans", summary="看看这张码是谁", responses={200: ScanAnswer})
@gate.allow("keeper")
def scan(body: ScanBody) -> dict[str, Any]:
    """Who stands there, what they have, what waits for them. Nothing is used up or written."""
    request = api_request("scan", {})
    actor, station = gate.actor(), station_of(gate.actor(), body.station or "")
    return gate.book().read(
        lambda unit: _facing(unit, view_desk.facing(unit, actor, station=station, shown=body.shown, now=request.now, seen_at=None))
    )


@blueprint.get("/stations/<string:code>/holds", summary="等在站里的预留", responses={200: WaitingList})
@gate.allow("keeper")
def waiting(path: StationPath) -> dict[str, Any]:
    """Holds that wait at a station of the keeper's, oldest first; owners masked."""
    actor, now = gate.actor(), gate.now()
    return gate.book().read(lambda unit: {"holds": [_waiting(unit, one) for one in view_desk.waiting_at(unit, actor, path.code, now)]})


@blueprint.get("/stations/<string:code>/redemptions", summary="站里今天的发放", responses={200: HandedOverList})
@gate.allow("keeper")
def today(path: StationPath) -> dict[str, Any]:
    """Today's hand-overs at a station of the keeper's, newest first."""
    actor, now = gate.actor(), gate.now()
    return gate.book().read(
        lambda unit: {"redemptions": [_handed_over(unit, one) for one in view_desk.handed_over_today(unit, actor, path.code, now)]}
    )


@blueprint.get("/redemptions/<string:redemption>", summary="一次发放", responses={200: HandedOverAnswer})
@gate.allow("keeper")
def one(path: RedemptionPath) -> dict[str, Any]:
    """A hand-over at a station of the keeper's, with until when its keeper may take it back."""
    actor = gate.actor()
    return gate.book().read(lambda unit: _handed_over(unit, view_desk.hand_over(unit, actor, path.redemption)))


@blueprint.post("/people/<string:holder>/card", summary="补一张卡，或绑一张空白卡", responses={201: CardAnswer})
@gate.allow("keeper", "organiser", "officer")
def card(path: HolderPath, body: CardBody) -> tuple[dict[str, Any], int]:
    """A new card; the old ones fall silent in the same step and the PIN stays."""
    request = api_request("replace_card", {"person": path.holder, "blank": body.blank})
    answer = replace_card(gate.book(), request, person=path.holder, blank=body.blank or "")
    return {**answer, "pass": card_pass(gate.book(), answer["card"])}, 201


@blueprint.put("/people/<string:holder>/pin", summary="在台前设卡密", responses={200: PinAnswer})
@gate.allow("keeper", "organiser", "officer")
def desk_pin(path: HolderPath, body: DeskPinBody) -> dict[str, Any]:
    """Set a person's PIN on the pad turned to them, with a second role-holder's card beside."""
    book, actor, now = gate.book(), gate.actor(), gate.now()
    second = book.read(lambda unit: witness_by_card(unit, actor, body.witness_card, now))
    return set_pin(book, replace(unkeyed_request("set_pin"), second=second), person=path.holder, pin=body.pin)


@blueprint.post("/blank-cards", summary="出一批空白卡号", responses={201: BlanksAnswer})
@gate.allow("keeper", "organiser", "officer", "admin")
def blank_cards(body: BlanksBody) -> tuple[dict[str, Any], int]:
    """Numbers of blank cards; until one is bound it opens nothing."""
    return issue_blank_cards(gate.book(), api_request("issue_blank_cards", body.model_dump()), count=body.count), 201


def _facing(unit: Unit, seen: view_desk.Facing) -> dict[str, Any]:
    scale = unit.book.settings.scale
    return {
        "how": seen.how,
        "holder": seen.person.holder,
        "name": seen.person.name,
        "place": seen.person.place,
        "card_tail": seen.person.card[-4:],
        "has_pin": seen.person.has_pin,
        "spendable": scale.number(seen.spendable),
        "pending": scale.number(seen.pending),
        "debt": scale.number(seen.debt),
        "blocked": seen.blocked.code if seen.blocked else "",
        "last": {"at": iso(seen.last.at), "station": seen.last.station, "items": _pieces(unit, seen.last.pieces)} if seen.last else None,
        "hold": _waiting(unit, seen.hold) if seen.hold else None,
        "waiting": [_waiting(unit, other) for other in seen.waiting],
        "goods": [
            {
                "sku": good.sku, "name": good.name, "unit": good.unit, "on_shelf": good.left,
                "price_points": scale.number(good.price_points), "limit_per_cycle": good.limit_per_cycle, "taken": good.taken,
                "most": good.most(seen.spendable),
            }
            for good in seen.goods
        ],
    }  # fmt: skip


def _waiting(unit: Unit, found: Waiting) -> dict[str, Any]:
    return {
        "hold": found.hold.id,
        "station": found.station,
        "owner": found.owner,
        "points": unit.book.settings.scale.number(found.hold.points),
        "expires_at": iso(found.hold.expires_at),
        "items": _pieces(unit, found.pieces),
    }


def _handed_over(unit: Unit, found: HandedOver) -> dict[str, Any]:
    return {
        "redemption": found.redemption.id,
        "receipt": found.redemption.receipt,
        "person": found.person,
        "keeper": found.keeper,
        "station": found.station,
        "at": iso(found.redemption.at),
        "points": unit.book.settings.scale.number(found.redemption.points),
        "undo_until": iso(found.undo_until),
        "reversed_at": iso(found.reversed_at) if found.reversed_at else None,
        "items": _pieces(unit, found.pieces),
    }


def _pieces(unit: Unit, pieces: tuple[Piece, ...]) -> list[dict[str, Any]]:
    scale = unit.book.settings.scale
    return [
        {"sku": p.sku, "name": p.name, "unit": p.unit, "quantity": p.quantity, "points": scale.number(p.quantity * p.price_points)}
        for p in pieces
    ]
