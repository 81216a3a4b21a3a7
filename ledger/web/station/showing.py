"""From what the desk knows to the plain values its templates receive: words, counts and greyed tiles with their reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from flask import url_for
from flask_babel import gettext as _

from ledger.domain.errors import Forbidden, LedgerError
from ledger.passes.image import png_data_uri
from ledger.storage.desk_screen import Piece, ShelfGood
from ledger.usecases.view_desk import Facing, HandedOver, LastTime, Person, Waiting
from ledger.web import gate
from ledger.web.public.telling import clock, moment, points, scale
from ledger.web.refusing import sentence_of

FEW: Final = 3
PLAIN_CLASS: Final = "群众"


def person(found: Person, facing: Facing) -> dict[str, Any]:
    """The value `person` of facing_person: masked name, grid, what they may spend, when they were last here."""
    return {
        "name": found.name,
        "initial": found.initial,
        "sub": " · ".join(part for part in (found.place, _class_of(found), _card_tail(found.card)) if part),
        "spendable": points(facing.spendable),
        "last": _last(facing.last),
    }


def state(facing: Facing) -> str:
    """clear, warning, witness or blocked: how the panel stands beside its words."""
    if facing.blocked:
        return "blocked"
    if facing.how == "card" and not facing.person.has_pin:
        return "witness"
    return "warning" if any(mark["kind"] == "waiting" for mark in marks(facing)) else "clear"


def marks(facing: Facing) -> list[dict[str, str]]:
    """What the keeper must know before choosing: a card without PIN, goods already taken, other holds, a debt."""
    said = []
    if facing.how == "card" and not facing.hold:
        text = _("刷的是卡：选好后请本人按卡密") if facing.person.has_pin else _("这张卡没设卡密，要一位证人带卡到场")
        said.append({"kind": "chosen" if facing.person.has_pin else "waiting", "text": text})
    for good in facing.goods:
        if good.limit_per_cycle is not None and good.taken >= good.limit_per_cycle:
            words = _(
                "%(name)s本季已领%(taken)s/%(limit)s%(unit)s", name=good.name, taken=good.taken, limit=good.limit_per_cycle, unit=good.unit
            )
            said.append({"kind": "waiting", "text": words})
    for held in facing.waiting:
        what = pieces_words(held.pieces)
        words = _("另有预留在%(station)s：%(what)s。要领请出示取货码", station=held.station, what=what)
        said.append({"kind": "chosen", "text": words})
    if facing.debt:
        said.append({"kind": "waiting", "text": _("还欠%(n)s分，以后得的分先抵扣", n=points(facing.debt))})
    return said


def presence(agents: Sequence[str]) -> list[dict[str, str]]:
    """Options of who_is_here: the person, or somebody they named."""
    names = "、".join(agents)
    return [
        {"value": "self", "label": _("本人")},
        {"value": "agent", "label": _("代领：%(names)s", names=names), "sub": _("要刷代领人的卡")},
    ]


def tiles(facing: Facing, chosen: Mapping[str, int]) -> list[dict[str, Any]]:
    """Goods for goods_tile and cart: what may be taken, or greyed with the reason in words."""
    return [_tile(good, facing.spendable, chosen.get(good.sku, 0)) for good in facing.goods]


def blocked_words(error: LedgerError) -> str:
    """Why nothing can be handed over now. One's own points have no sentence of their own among the refusals."""
    if isinstance(error, Forbidden) and error.facts.get("reason") == "own_redemption":
        return str(_("自己的积分要别的经手人来发。积分没动，请同站的同事来办。"))
    return sentence_of(error)


def lines(pieces: Sequence[Piece]) -> list[dict[str, Any]]:
    """Items as a receipt prints them: name, quantity with its unit, points."""
    return [{"name": p.name, "quantity": f"{p.quantity}{p.unit}", "points": points(p.points)} for p in pieces]


def pieces_words(pieces: Sequence[Piece]) -> str:
    """大米1袋、抽纸 6包 2提: a name that holds a number keeps its distance from the count."""
    return "、".join(f"{p.name}{' ' if any(c.isdigit() for c in p.name) else ''}{p.quantity}{p.unit}" for p in pieces)


def handed_words(done: HandedOver, left: int | None) -> str:
    """已发放大米1袋，用30分，还剩56分。凭证可扫码查验。"""
    what, used = pieces_words(done.pieces), points(done.redemption.points)
    if left is None:
        return str(_("已发放%(what)s，用%(used)s分。凭证可扫码查验。", what=what, used=used))
    return str(_("已发放%(what)s，用%(used)s分，还剩%(left)s分。凭证可扫码查验。", what=what, used=used, left=points(left)))


def receipt(done: HandedOver, *, link: str, left: int | None) -> dict[str, Any]:
    """Arguments of the receipt macro."""
    found = done.redemption
    facts = [
        {"label": _("姓名"), "value": done.person},
        {"label": _("时间"), "value": moment(found.at)},
        {"label": _("站点"), "value": done.station},
        {"label": _("经手"), "value": done.keeper or _("本站经手人")},
    ]
    return {
        "number": number(found.receipt),
        "items": lines(done.pieces),
        "points": points(found.points),
        "left": None if left is None else points(left),
        "facts": facts,
        "state": "reversed" if found.reversed_by else "valid",
        "qr": png_data_uri(link, module_pixels=4),
        "reversal": _reversal(done),
    }


def undo(done: HandedOver, key: str) -> dict[str, Any]:
    """Arguments of undo_line, with the whole seconds that are left."""
    seconds = max(0, int((done.undo_until - gate.now()).total_seconds()))
    return {
        "text": _("刚发：%(who)s %(what)s", who=done.person, what=pieces_words(done.pieces)),
        "action": url_for("station.undo"),
        "seconds": seconds,
        "request_key": key,
        "fields": {"redemption": done.redemption.id},
    }


def waiting_row(held: Waiting) -> dict[str, Any]:
    """A hold as a row of a list: whose, what, how many points, since when."""
    return {
        "title": f"{held.owner} {pieces_words(held.pieces)}",
        "sub": _("%(at)s预留", at=moment(held.hold.placed_at)),
        "amount": _("%(n)s分", n=points(held.hold.points)),
    }


def handed_row(done: HandedOver) -> dict[str, Any]:
    """A hand-over as a row of a list."""
    return {
        "title": f"{done.person} {pieces_words(done.pieces)}",
        "sub": f"{clock(done.redemption.at)} {done.keeper}",
        "amount": _("%(n)s分", n=points(done.redemption.points)),
        "href": url_for("station.receipt", id=done.redemption.id),
        "is_reversed": bool(done.redemption.reversed_by),
    }


def _tile(good: ShelfGood, spendable: int, chosen: int) -> dict[str, Any]:
    most = good.most(spendable)
    value = {
        "sku": good.sku, "name": good.name, "points": scale().number(good.price_points), "unit": good.unit, "left": good.left,
        "quantity": min(chosen, most), "most": most, "state": "few" if good.left <= FEW else "enough", "reason": "",
    }  # fmt: skip
    if good.left <= 0:
        return {**value, "state": "none", "reason": _("发完")}
    if good.limit_per_cycle is not None and good.taken >= good.limit_per_cycle:
        return {**value, "state": "limit", "reason": _("本季领满")}
    if spendable < good.price_points:
        return {**value, "state": "limit", "reason": _("还差%(n)s分", n=points(good.price_points - spendable))}
    return value


def number(id: str) -> str:
    """An id short enough to be read out: its last eight characters in two groups."""
    return f"{id[-8:-4]} {id[-4:]}".upper()


def _reversal(done: HandedOver) -> dict[str, str] | None:
    if done.reversed_at is None:
        return None
    return {"number": number(done.redemption.reversed_by), "at": moment(done.reversed_at), "reason": _("当场撤回")}


def _class_of(found: Person) -> str:
    return "" if found.political_class == PLAIN_CLASS else found.political_class


def _card_tail(card: str) -> str:
    return str(_("卡尾%(tail)s", tail=card[-4:])) if card else ""


def _last(found: LastTime | None) -> str:
    return "" if found is None else f"{moment(found.at, near=False)} {found.station} {pieces_words(found.pieces)}"
