"""Explain one holder's points: how each lot came about, where it went, what is left, and every line."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.domain.account import lot_of
from ledger.domain.act import instant
from ledger.domain.cycle import last_day
from ledger.phrases.acts import kind_words
from ledger.storage import inquiring, replaying, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.view_journal import called
from ledger.usecases.view_points import balance_document, statement_document

BEGINNING = datetime(1970, 1, 2, tzinfo=UTC)


def explain_holder(unit: Unit, holder: str, now: datetime, *, most: int = 100_000) -> dict[str, Any]:
    """Explain the balance of a holder.

    Returns: holder, name (masked), the fields of `points balance` (`lots` richer: [{lot, cycle, pool, expires_on, came, went,
    remaining}], `came` and `went` as [{kind, what, entries, points}], spent and lapsed lots included), waiting (the same of
    pending lots), owed, lines as in `points statement`. Points in points.
    """
    until = now + timedelta(days=1)
    lines = statements.lines(unit, holder, since=BEGINNING, until=until, most=most)
    return {
        **balance_document(unit, statements.balance(unit, holder, now)),
        "name": called(unit, [holder]).get(holder, ""),
        "lots": _lots(unit, "wallet", holder, until),
        "waiting": _lots(unit, "pending", holder, until),
        "owed": [_change(unit, kind, of, count, steps) for _, kind, of, count, steps in inquiring.changes(unit, "debt", holder, until)],
        **statement_document(unit, lines),
    }


def _lots(unit: Unit, family: str, holder: str, until: datetime) -> list[dict[str, Any]]:
    """Each lot with what came in and what went out, by kind of entry; the sums meet in what is left."""
    lots: dict[str, dict[str, Any]] = {}
    for path, kind, of, count, steps in inquiring.changes(unit, family, holder, until):
        cycle, _, pool = lot_of(path).partition(".")
        lot = lots.setdefault(path, {"lot": lot_of(path), "cycle": cycle, "pool": pool, "came": [], "went": [], "remaining": 0})
        lot["came" if steps > 0 else "went"].append(_change(unit, kind, of, count, abs(int(steps))))
        lot["remaining"] += int(steps)
    days = replaying.lot_days(unit, sorted(lots))
    for path, lot in lots.items():
        lot["remaining"] = unit.book.settings.scale.number(lot["remaining"])
        at = days.get(path)
        lot["expires_on"] = None if at is None else last_day(instant(at), unit.book.settings.zone).isoformat()
    return list(lots.values())


def _change(unit: Unit, kind: str, of: str, count: int, steps: int) -> dict[str, Any]:
    words = f"冲回{kind_words(of)}" if kind == "reversed" and of else kind_words(kind)
    return {"kind": kind, "what": words, "entries": int(count), "points": unit.book.settings.scale.number(int(steps))}
