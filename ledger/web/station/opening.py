"""Open the desk with a count, close it with another: what differs from the book stands under two names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from flask import Response, flash, make_response, render_template, request, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.errors import InvalidInput, LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases.close_desk import close_desk
from ledger.usecases.open_desk import open_desk
from ledger.usecases.view_shelf import shelf_document
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.public.telling import clock, points
from ledger.web.refusing import sentence_of
from ledger.web.station import tickets
from ledger.web.station.place import bar, blueprint, current, go, keeper_name, standing_of, typed

COUNT: Final = "count-"
DIGITS_MAX: Final = 6


@blueprint.get("/opening")
@gate.allow("keeper")
def opening() -> Response:
    """The counting page: it opens a closed desk and closes an open one."""
    return _page()


@blueprint.post("/opening")
@gate.allow("keeper")
def take_opening() -> Response:
    """Open with what was counted, or (button `as`=book) with what the book says."""
    station, second = current(), tickets.normal(typed("second"))
    try:
        count = None if typed("as") == "book" else counted()
        body = {"station": station, "count": count}
        open_desk(gate.book(), page_request("open_desk", body), station=station, count=count, second=second)
    except LedgerError as error:
        return _page(refused=error)
    flash(_("开台了，可以发放。"), "done")
    return go("station.desk")


@blueprint.post("/closing")
@gate.allow("keeper")
def take_closing() -> Response:
    """Close with what was counted."""
    desk, second = typed("desk", 80), tickets.normal(typed("second"))
    try:
        count = counted()
        answer = close_desk(gate.book(), page_request("close_desk", {"desk": desk, "count": count}), desk=desk, count=count, second=second)
    except LedgerError as error:
        return _page(refused=error)
    said = _(
        "收台了。发放%(n)s次，共%(points)s分、%(pieces)s件。",
        n=answer["hand_overs"],
        points=points(answer["points"]),
        pieces=answer["pieces"],
    )
    flash(said, "done")
    return go("station.home")


def counted() -> dict[str, int]:
    """Pieces by good. Raises InvalidInput for a field left empty or no whole number."""
    count = {}
    for name, value in request.form.items():
        if name.startswith(COUNT):
            text = tickets.normal(value)
            if not text:
                raise InvalidInput("count", "missing")
            if not text.isdecimal() or len(text) > DIGITS_MAX:
                raise InvalidInput("count")
            count[name.removeprefix(COUNT)] = int(text)
    return count


def _page(refused: LedgerError | None = None) -> Response:
    values = gate.book().read(lambda unit: _values(unit, tells=refused is not None and refused.code == "second_person_required"))
    told = {"text": _told(refused), "code": refused.code} if refused else None
    is_open = values["opened"] is not None
    body = render_template(
        "station/opening.html", title=_("收台盘点") if is_open else _("开台盘点"), refused=told, key=optional_key() or new_request_key(),
        action=url_for("station.take_closing" if is_open else "station.take_opening"), **values,
    )  # fmt: skip
    return make_response(body, boundary.http_status(refused) if refused else 200)


def _values(unit: Unit, *, tells: bool) -> dict[str, Any]:
    """tells: whether the book's numbers are shown beside those counted. Before that the count is blind."""
    code = current()
    standing = standing_of(unit, code)
    typed_in = {name.removeprefix(COUNT): value for name, value in request.form.items() if name.startswith(COUNT)}
    rows = [_row(row, typed_in, tells=tells) for row in shelf_document(unit, code)["shelf"]]
    opened = standing.desk
    return {
        "desk": bar(standing, keeper_name(unit)),
        "opened": {"id": opened.id, "at": clock(opened.opened_at), "by": standing.opened_by} if opened else None,
        "closed": sentence_of(standing.closed) if standing.closed else "",
        "rows": rows,
        "needs_second": tells,
        "needs_count": unit.book.settings.desk.opening_count == "required",
        "handed_today": standing.handed_today,
        "waiting": standing.waiting,
    }


def _row(row: Mapping[str, Any], typed_in: Mapping[str, str], *, tells: bool) -> dict[str, Any]:
    book = row["on_shelf"] + row["reserved"]
    value = typed_in.get(row["sku"], "")
    text = tickets.normal(value)
    off = int(text) - book if tells and text.isdecimal() and len(text) <= DIGITS_MAX else 0
    said = _("账上%(n)s，差%(off)s", n=book, off=f"{off:+d}".replace("-", "−")) if off else ""
    return {
        "sku": row["sku"],
        "name": row["name"],
        "unit": row["unit"],
        "reserved": row["reserved"],
        "value": value[:DIGITS_MAX],
        "error": said,
    }


def _told(error: LedgerError) -> str:
    if isinstance(error, InvalidInput) and error.facts.get("field") == "count" and error.facts.get("reason") == "missing":
        return str(_("还有物品没填数。没有的填0。什么都没有写入。"))
    if error.code == "second_person_required":
        return str(_("数出来和账上不一样。再数一遍；还是这样，请另一位有岗位的人刷卡，两个人的名字记在一起。"))
    return sentence_of(error)
