"""What points are exchanged for: prices and limits, their history, and changing them."""

from __future__ import annotations

import json
from typing import Any

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from ledger.domain.errors import LedgerError, NotFound
from ledger.storage import journal_pages, registers
from ledger.storage.registers import Good
from ledger.storage.unit_of_work import Unit
from ledger.usecases.price_good import price_good
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.office.forms import PriceForm
from ledger.web.office.place import READERS, as_of, blueprint, called, days_ago, figure, href, moment, page, points, writes, yuan

HISTORY_DAYS = 3650
HISTORY_SHOWN = 50


@blueprint.get("/goods")
@gate.allow(*READERS)
def goods() -> Response:
    """The price list, with how much of each stands on shelves."""

    def find(unit: Unit) -> tuple[list[Good], dict[str, tuple[int, int]]]:
        return registers.goods(unit), registers.good_stock(unit)

    found, stock = gate.book().read(find)
    rows = [
        {**words_of(good), "stations": figure(stock.get(good.sku, (0, 0))[0]), "pieces": figure(stock.get(good.sku, (0, 0))[1])}
        for good in found
    ]
    return page("goods.html", title=_("物资"), current="goods", rows=rows, as_of=as_of(), may_write=writes("officer"))


@blueprint.get("/goods/<sku>")
@gate.allow(*READERS)
def good(sku: str) -> Response:
    return good_page(sku)


@blueprint.post("/goods/<sku>")
@gate.allow("officer")
def change_price(sku: str) -> Response:
    """A new price or limit from now on. Holds already placed keep the price they were placed at."""
    form = PriceForm()
    if not form.validate():
        return good_page(sku, form=form, status=422)
    seen = request.form.get("was_price", "")
    try:
        steps = gate.book_settings().scale.steps(form.price.data, "price")
        done = price_good(
            gate.book(),
            page_request("price_good", {"sku": sku, "price": steps, "limit": form.limit.data}),
            sku=sku,
            price_points=steps,
            limit_per_cycle=form.limit.data,
            was_price=int(seen) if seen.isdecimal() and len(seen) < 12 else None,
            reason=form.reason.data or "",
        )
    except NotFound:
        raise
    except LedgerError as error:
        return good_page(sku, form=form, error=error)
    flash(
        _("价格已改，从现在起算。已预留的按原价。") if done["changed"] else _("和原来一样，没有改。"), "done" if done["changed"] else "note"
    )
    return redirect(href("good", sku=sku), 303)  # type: ignore[return-value]


def good_page(sku: str, *, form: PriceForm | None = None, error: LedgerError | None = None, status: int = 200) -> Response:
    def find(unit: Unit) -> dict[str, Any]:
        found = registers.good(unit, sku)
        if found is None or found.status == "undone":
            raise NotFound("good")
        acts = journal_pages.page(unit, since=days_ago(HISTORY_DAYS), most=HISTORY_SHOWN, subject=sku)
        names = called(unit, [id for act in acts for id in (act.actor, act.second_actor) if id])
        return {"good": found, "history": [_priced(act, names) for act in acts if act.kind == "good_priced"]}

    found = gate.book().read(find)
    now: Good = found["good"]
    if form is None:
        scale = gate.book_settings().scale
        form = PriceForm(formdata=None, price=scale.number(now.price_points), limit=now.limit_per_cycle)
    return page(
        "good.html",
        title=now.name,
        current="goods",
        error=error,
        status=status,
        good=words_of(now),
        was_price=now.price_points,
        history=found["history"],
        form=form,
        kept_key=optional_key(),
        may_write=writes("officer"),
    )


def words_of(one: Good) -> dict[str, Any]:
    return {
        "sku": one.sku,
        "name": one.name,
        "unit": one.unit,
        "category": one.category,
        "price": points(one.price_points),
        "cost": yuan(one.cost_fen),
        "limit": figure(one.limit_per_cycle) if one.limit_per_cycle else _("不限"),
        "href": href("good", sku=one.sku),
    }


def _priced(act: journal_pages.JournalLine, names: dict[str, str]) -> dict[str, Any]:
    facts = json.loads(act.facts)
    limit = facts.get("limit_per_cycle")
    return {
        "at": moment(act.at),
        "by": names.get(act.actor, act.actor),
        "price": points(int(facts.get("price_points", 0))),
        "limit": figure(limit) if limit else _("不限"),
        "href": href("entry", id=act.id),
    }
