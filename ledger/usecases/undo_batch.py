"""Undo an import by entries: what is already spent becomes its holder's debt, or the undo is refused under strict."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger.domain import account
from ledger.domain.account import holder_of
from ledger.domain.act import Act, micros
from ledger.domain.entry import Posting, move, opposite
from ledger.domain.errors import BatchAlreadyUndone, BatchInUse, NotFound
from ledger.domain.people import require
from ledger.storage import batches, cycles, goods, journal, objections, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, once


@dataclass
class _Reversal:
    """Opposite entries collected so far, and what they leave in each wallet."""

    acts: list[Act] = field(default_factory=list)
    left: dict[str, int] = field(default_factory=dict)
    lapses: dict[str, list[Act]] = field(default_factory=dict)
    owed: int = 0


def undo_batch(book: Book, request: Request, *, batch: str, strict: bool = False) -> Answer:
    """Reverse a batch.

    Returns: {batch, reversed, debt} with debt in smallest steps.
    Raises: NotFound; BatchAlreadyUndone; BatchInUse when other facts stand on its rows, goods were handed over, or
    (strict) points were spent.
    """
    require(request.actor, "officer")

    def work(unit: Unit) -> Answer:
        found = batches.batch(unit, batch)
        if found is None:
            raise NotFound("batch")
        if unit.change(batches.MARK_UNDONE, id=batch, at=micros(request.now)) != 1:
            raise BatchAlreadyUndone()
        in_use = batches.IN_USE.get(found.kind)
        count = int(unit.value(in_use, batch=batch)) if in_use else 0
        if count:
            raise BatchInUse(count)
        reversal = _reverse_all(unit, request, batch)
        if strict and reversal.owed:
            raise BatchInUse(reversal.owed)
        header = request.act(book, "batch_undone", subject=batch, batch=batch, facts={"kind": found.kind, "reversed": len(reversal.acts)})
        journal.post(unit, [header, *reversal.acts])
        objections.void_lines(unit, [act.resolves for act in reversal.acts if act.resolves])
        for statement in batches.UNDO_ROWS[found.kind]:
            unit.change(statement, batch=batch, **({"at": micros(request.now)} if ":at" in statement.sqlite else {}))
        unit.change(batches.FORGET_LINES, batch=batch)
        return {"batch": batch, "reversed": len(reversal.acts), "debt": reversal.owed}

    return once(book, request, work)


def _reverse_all(unit: Unit, request: Request, batch: str) -> _Reversal:
    """Opposites of every entry of the batch; settlements of its earnings are reversed before the earnings themselves."""
    originals = [act for act in journal.acts_of_batch(unit, batch) if act.postings]
    cycles.lock_lines_of(unit, [act.id for act in originals if act.kind == "service_earned"])
    unit.rows(people.LOCK_MANY, ids=sorted({act.subject for act in originals if act.subject.startswith("V")}))
    reversal = _Reversal()
    for act in originals:
        resolving = journal.act_resolving(unit, act.id) if act.kind == "service_earned" else None
        if journal.is_reversed(unit, act.id) or (resolving is not None and resolving.kind == "points_voided"):
            continue
        if resolving is not None and not journal.is_reversed(unit, resolving.id):
            _reverse(unit, request, reversal, resolving, batch)
        _reverse(unit, request, reversal, act, batch, resolves=resolving is None and act.kind == "service_earned")
    return reversal


def _reverse(unit: Unit, request: Request, reversal: _Reversal, act: Act, batch: str, *, resolves: bool = False) -> None:
    """The exact opposite of an act, after booking as debt what its wallet no longer holds."""
    for posting in act.postings:
        if posting.account.family_name == "wallet" and posting.amount > 0:
            _make_room(unit, request, reversal, posting, batch)
    reversal.acts.append(_opposite(unit, request, act, batch, resolves=resolves))


def _opposite(unit: Unit, request: Request, act: Act, batch: str, *, resolves: bool = False) -> Act:
    return request.act(
        unit.book, "reversed", subject=act.subject, cycle=act.cycle, rule=act.rule, rule_version=act.rule_version, clause=act.clause,
        evidence=act.evidence, station=act.station, batch=batch, reverses=act.id, resolves=act.id if resolves else "",
        postings=opposite(act.postings),
    )  # fmt: skip


def _make_room(unit: Unit, request: Request, reversal: _Reversal, posting: Posting, batch: str) -> None:
    """See that the lot holds what is to be taken from it.

    What lapsed unspent comes back for it (the rest of it lapses again with the next sweep); what was spent is owed.
    """
    path, holder = posting.account.path, holder_of(posting.account.path)
    if path not in reversal.left:
        reversal.left[path] = goods.balance(unit, path)
        reversal.lapses[path] = journal.lapses_of(unit, path)
    while posting.amount > reversal.left[path] and reversal.lapses[path]:
        lapse = reversal.lapses[path].pop(0)
        reversal.acts.append(_opposite(unit, request, lapse, batch))
        reversal.left[path] += sum(leg.amount for leg in lapse.postings if leg.account.family_name == "lapsed")
    short = posting.amount - reversal.left[path]
    if short > 0:
        legs = move(account.debt(holder), posting.account, short)
        reversal.acts.append(request.act(unit.book, "debt_booked", subject=holder, batch=batch, postings=legs))
        reversal.owed += short
        reversal.left[path] += short
    reversal.left[path] -= posting.amount
