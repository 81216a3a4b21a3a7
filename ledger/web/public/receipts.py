"""A receipt anyone may check: what went over which counter when, nobody's name, and whether it stands in the sealed book."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from flask import Blueprint, Response, redirect, request
from flask_babel import gettext as _

from ledger.audit.merkle import Hashing, root_by_inclusion
from ledger.audit.trail import Head
from ledger.domain.errors import LedgerError
from ledger.storage import residents
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import signer
from ledger.usecases.view_receipt import receipt_document, receipt_id
from ledger.web import gate
from ledger.web.public import frame, telling
from ledger.web.public.pictures import png
from ledger.web.refusing import sentence_of

SHORT: Final = 8
GROUP: Final = 4

blueprint = Blueprint("receipts", __name__)


@blueprint.get("/receipts")
@gate.everyone
def receipts() -> Response:
    """Where a receipt's number is typed; a scanned one comes by its link."""
    text = request.args.get("receipt", "").strip()[:200]
    error: LedgerError | None = None
    if text:
        try:
            return redirect(f"/receipts/{receipt_id(gate.book(), text, gate.now())}", 303)  # type: ignore[return-value]
        except LedgerError as refused:
            error = refused
    gate.book().read(frame.me_or_none)
    return frame.page(
        "public/receipts.html", title=_("查凭证"), status=404 if error else 200, value=text, error=sentence_of(error) if error else ""
    )


@blueprint.get("/receipts/<string:receipt>")
@gate.everyone
def receipt(receipt: str) -> Response:
    document = receipt_document(gate.book(), receipt, gate.now())
    units = gate.book().read(lambda unit: _units(unit, document))
    picture_src = f"/receipts/{receipt}/code.png"
    return frame.page("public/receipt.html", title=_("发放凭证"), qr=picture_src, **_values(document, units), check=_check(document))


@blueprint.get("/receipts/<string:receipt>/code.png")
@gate.everyone
def picture(receipt: str) -> Response:
    """The code that leads here, for showing it to somebody else."""
    receipt_document(gate.book(), receipt, gate.now())
    return png(signer(gate.book()).receipt(receipt))


def _units(unit: Unit, document: dict[str, Any]) -> dict[str, str]:
    frame.me_or_none(unit)
    return residents.units_of(unit, [item["sku"] for item in document["items"]])


def _values(document: dict[str, Any], units: dict[str, str]) -> dict[str, Any]:
    """The arguments of the receipt macro. No person: the macro is given none."""
    is_reversed = document["state"] == "reversed"
    state = "reversed" if is_reversed else "valid" if "proof" in document else "waiting"
    return {
        "number": _short(document["entry"]),
        "items": [
            {"name": item["name"], "quantity": f"{item['quantity']}{units.get(item['sku'], '')}", "points": item["points"]}
            for item in document["items"]
        ],
        "points": document["points"],
        "state": state,
        "facts": [
            {"label": str(_("站点")), "value": document["station"]},
            {"label": str(_("时间")), "value": telling.moment(datetime.fromisoformat(document["at"]), near=False)},
        ],
        "reversed_by": _short(document["reversed_by"]) if is_reversed else "",
    }


def _check(document: dict[str, Any]) -> dict[str, Any] | None:
    """The inclusion proof, recomputed here and laid out to be recomputed by whoever doubts us; None until the entry is sealed."""
    if "proof" not in document:
        return None
    proof, head = document["proof"], document["head"]
    path = [bytes.fromhex(step) for step in proof["path"]]
    root = root_by_inclusion(Hashing(head["algorithm"]), bytes.fromhex(proof["leaf_hash"]), proof["leaf_index"], proof["tree_size"], path)
    return {
        "is_included": root is not None and root.hex() == head["root"],
        "is_signed": Head(**head).is_signed(),
        "place": proof["leaf_index"] + 1,
        "size": proof["tree_size"],
        "steps": len(path),
        "signed_at": telling.moment(datetime.fromisoformat(head["signed_at"]), near=False),
        "leaf": proof["leaf_hash"],
        "index": proof["leaf_index"],
        "path": " ".join(proof["path"]),
        "root": head["root"],
        "root_words": grouped(head["root"]),
        "algorithm": head["algorithm"],
    }


def grouped(hexadecimal: str) -> str:
    """A hash in groups of four, to be read aloud or compared by eye."""
    return " ".join(hexadecimal[at : at + GROUP] for at in range(0, len(hexadecimal), GROUP))


def _short(entry: str) -> str:
    """The end of an entry's id, where ids of one day differ."""
    return entry.replace("-", "")[-SHORT:].upper()
