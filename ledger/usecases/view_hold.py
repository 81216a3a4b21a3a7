"""A hold as its owner sees it: what, where, until when, and the code that fetches it."""

from __future__ import annotations

from dataclasses import dataclass

from ledger.domain.errors import NotFound
from ledger.domain.redemption import Line
from ledger.passes.spoken import code_digests, derived_code
from ledger.storage import goods, residents
from ledger.storage.goods import Hold, Station
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import signer


@dataclass(frozen=True, slots=True)
class HoldView:
    """`text` is the pick-up pass, `code` its sayable form (empty when none is kept), `receipt` what it was collected with."""

    hold: Hold
    lines: tuple[Line, ...]
    station: Station
    text: str
    code: str
    receipt: str


def view_hold(unit: Unit, hold: str, holder: str) -> HoldView:
    """One hold of a holder. Raises NotFound for an unknown one and for anybody else's."""
    found = goods.hold(unit, hold)
    if found is None or found.holder != holder:
        raise NotFound("hold")
    return _view(unit, found)


def open_holds(unit: Unit, holder: str) -> list[HoldView]:
    """A holder's open holds, oldest first."""
    return [_view(unit, found) for found in goods.holds_of(unit, holder)]


def _view(unit: Unit, found: Hold) -> HoldView:
    station = goods.station(unit, found.station)
    assert station is not None, found.station
    receipt = residents.receipt_of_hold(unit, found.id) if found.state == "settled" else ""
    return HoldView(found, goods.hold_lines(unit, found.id), station, signer(unit.book).hold(found.id), _code(unit, found.id), receipt)


def _code(unit: Unit, hold: str) -> str:
    """The code under the key it was made with: keys rotate while a hold waits, and only the code's digest is kept."""
    keyring = unit.book.keyring
    ids = [id for id in keyring.key_ids() if id.startswith("d")]
    for key_id in sorted(ids, key=lambda id: int(id[1:]), reverse=True):
        code = derived_code(keyring, "hold", hold, key_id=key_id)
        if any(residents.is_spoken(unit, digest) for digest in code_digests(keyring, code)):
            return code
    return ""
