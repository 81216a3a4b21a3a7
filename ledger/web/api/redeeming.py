"""Reserve, call off, hand over, take back: the calls that everything at a desk goes through."""

from __future__ import annotations

from typing import Annotated, Any, Final

from flask import Response
from pydantic import BaseModel, StringConstraints

from ledger.domain.errors import Forbidden, InvalidInput
from ledger.domain.redemption import Item as OrderItem
from ledger.passes.links import url_of
from ledger.usecases.hand_over_goods import collect_hold, hand_over_at_once, station_of
from ledger.usecases.identify import signer
from ledger.usecases.request import Answer
from ledger.usecases.reserve_goods import pick_up_code, reserve_goods
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.usecases.void_hold import void_hold
from ledger.web import gate
from ledger.web.api import Body, Code, Item, Items, Text, api_blueprint, nothing
from ledger.web.api.edge import in_points, local_iso
from ledger.web.asking import api_request

blueprint = api_blueprint("api_redeeming", __name__, tag="兑换")

BESIDE: Final = {
    "hold": frozenset({"hold", "station"}),
    "volunteer_pass": frozenset({"volunteer_pass", "items", "station"}),
    "card": frozenset({"card", "items", "pin", "witness_card", "agent", "station"}),
}
"""What may stand beside each of the three ways to say whose points."""


class HoldBody(Body):
    station: Code
    items: Items


class HoldAnswer(BaseModel):
    hold: str
    code: str
    url: str
    points: int | float
    expires_at: str


class HoldPath(BaseModel):
    hold: Code


class RedemptionBody(Body):
    """`{hold}`, or `{volunteer_pass, items}`, or `{card, pin | witness_card, items, agent?}`. `station` for keepers of several."""

    hold: Code | None = None
    volunteer_pass: Code | None = None
    card: Code | None = None
    pin: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")] | None = None
    witness_card: Code | None = None
    agent: Code | None = None
    items: Items | None = None
    station: Code | None = None


class RedemptionAnswer(BaseModel):
    redemption: str
    receipt: str
    points: int | float
    spendable_after: int | float
    entry: str


class RedemptionPath(BaseModel):
    redemption: Code


class ReversalBody(Body):
    """`volunteer`: the volunteer's fresh code or card, when the keeper who served takes it back."""

    reason: Text
    volunteer: Code | None = None


class ReversalAnswer(BaseModel):
    redemption: str
    entry: str
    points: int | float
    spendable_after: int | float


@blueprint.post("/holds", summary="预留物品", responses={201: HoldAnswer})
@gate.allow("volunteer")
def place_hold(body: HoldBody) -> tuple[dict[str, Any], int]:
    """Put points and goods on hold at one station until its session ends."""
    book, person = gate.book(), gate.actor().person
    if not person:
        raise Forbidden()
    answer = reserve_goods(
        book, api_request("reserve_goods", body.model_dump()), holder=person, station=body.station, items=_order(body.items)
    )
    return {
        "hold": answer["hold"],
        "code": pick_up_code(book, answer),
        "url": url_of(book.settings.public_url, signer(book).hold(answer["hold"])),
        "points": book.settings.scale.number(answer["points"]),
        "expires_at": local_iso(answer["expires_at"]),
    }, 201


@blueprint.delete("/holds/<string:hold>", summary="取消预留", responses={204: None})
@gate.signed_in
def void(path: HoldPath) -> Response:
    """Call a hold off; again: the same. A collected one stays."""
    void_hold(gate.book(), api_request("void_hold", {"hold": path.hold}), hold=path.hold)
    return nothing()


@blueprint.post("/redemptions", summary="发放物品", responses={201: RedemptionAnswer})
@gate.allow("keeper")
def hand_over(body: RedemptionBody) -> tuple[Answer, int]:
    """Collect a hold, or serve a walk-up by fresh code, or by card with PIN or witness."""
    way = _way(body)
    request = api_request("hand_over", body.model_dump(exclude_none=True, exclude={"pin"}))
    if way == "hold":
        answer = collect_hold(gate.book(), request, hold=body.hold or "")
    else:
        if body.items is None:
            raise InvalidInput("items", "missing")
        answer = hand_over_at_once(
            gate.book(), request, station=station_of(gate.actor(), body.station or ""), items=_order(body.items),
            shown=body.volunteer_pass or body.card or "", pin=body.pin or "", witness=body.witness_card or "", agent=body.agent or "",
        )  # fmt: skip
    return in_points(answer, "points", "spendable_after"), 201


@blueprint.post("/redemptions/<string:redemption>/reverse", summary="撤回一次发放", responses={200: ReversalAnswer})
@gate.allow("keeper", "officer")
def reverse(path: RedemptionPath, body: ReversalBody) -> Answer:
    """Take a hand-over back: at once with the volunteer there, later by somebody else."""
    request = api_request("reverse_hand_over", {"redemption": path.redemption, **body.model_dump()})
    answer = reverse_hand_over(gate.book(), request, redemption=path.redemption, reason=body.reason, volunteer=body.volunteer or "")
    return {"redemption": answer.pop("reversed"), **in_points(answer, "points", "spendable_after")}


def _way(body: RedemptionBody) -> str:
    """Which of the three forms this is. Raises InvalidInput for none, for two, or for a field of another form."""
    given = body.model_fields_set - {name for name in body.model_fields_set if getattr(body, name) is None}
    ways = [way for way in BESIDE if way in given]
    if len(ways) != 1:
        raise InvalidInput("volunteer_pass" if not ways else ways[1], "missing" if not ways else "unknown_field")
    strange = given - BESIDE[ways[0]]
    if strange:
        raise InvalidInput(min(strange), "unknown_field")
    return ways[0]


def _order(items: list[Item]) -> list[OrderItem]:
    return [OrderItem(item.sku, item.quantity) for item in items]
