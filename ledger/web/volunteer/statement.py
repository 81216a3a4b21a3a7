"""Every line of a resident's points, newest first, and why each is what it is."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, request
from flask_babel import gettext as _

from ledger.domain.errors import InvalidInput, NotFound
from ledger.storage import residents, statements
from ledger.storage.residents import NEWEST
from ledger.storage.unit_of_work import Unit
from ledger.web import gate
from ledger.web.public import frame, telling
from ledger.web.volunteer import explaining, lines

PAGE = 20

blueprint = Blueprint("statement", __name__)


@blueprint.get("/me/statement")
@gate.signed_in
def statement() -> Response:
    before = _cursor(request.args.get("before", ""))

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        found = residents.latest(unit, resident.id, before=before, most=PAGE)
        balance = statements.balance(unit, resident.id, gate.now())
        following = f"/me/statement?before={found.next[0]}.{found.next[1]}" if found.next else ""
        return {
            "rows": lines.rows(unit, found.lines),
            "spendable": telling.points(balance.spendable),
            "pending": telling.points(balance.pending),
            "honour": telling.served(balance.honour_minutes) if balance.honour_minutes else "",
            "lots": _lots(balance),
            "next": following,
            "first": before == NEWEST,
        }

    return frame.page("volunteer/statement.html", title=_("积分明细"), tab="home", **gate.book().read(read))


@blueprint.get("/me/statement/<string:entry>")
@gate.signed_in
def line(entry: str) -> Response:
    """为什么N分: one sentence, then the sum as on paper."""

    def read(unit: Unit) -> dict[str, Any]:
        resident = frame.me(unit)
        found = residents.line(unit, resident.id, entry)
        if found is None:
            raise NotFound("entry")
        return explaining.document(unit, found)

    document = gate.book().read(read)
    return frame.page("volunteer/line.html", tab="home", title=document.pop("title"), **document)


def _cursor(text: str) -> tuple[int, str]:
    """Raises InvalidInput for what is no cursor of ours."""
    if not text:
        return NEWEST
    found = re.fullmatch(r"([0-9]{1,18})\.([0-9A-Za-z-]{1,64})", text)
    if found is None:
        raise InvalidInput("before")
    return int(found[1]), found[2]


def _lots(balance: statements.Balance) -> list[dict[str, Any]]:
    """Which points lapse when, earliest first."""
    return [
        {
            "label": telling.quarter(lot.cycle),
            "points": telling.points(lot.remaining),
            "until": telling.day(telling.end_of(lot.expires_at)) if lot.expires_at else "",
        }
        for lot in balance.lots
    ]
