"""Take a hand-over back: the goods return to their shelf, the points to their lots, the allowance to its holder; once.

The keeper who served may do so within two minutes and with the volunteer standing there, a few times a session: whoever
could do it alone and later could hand goods to a friend and give the points back. After that somebody else does it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ledger.domain.act import Act
from ledger.domain.entry import opposite
from ledger.domain.errors import AlreadyReversed, CycleClosed, Forbidden, InvalidInput, NotFound, PassInvalid, SecondPersonRequired
from ledger.domain.people import Actor, require
from ledger.domain.redemption import Item
from ledger.passes.signing import VOLUNTEER_CODE
from ledger.storage import cycles, desks, goods, journal, people
from ledger.storage.goods import Redemption
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.hand_over_goods import check_station
from ledger.usecases.identify import check_unused, identify
from ledger.usecases.pay_debt import pay_debt
from ledger.usecases.request import Answer, Request, keep_note, once, with_note

OWN_REVERSALS_PER_SESSION: Final = 3
"""How many of their own hand-overs a keeper may take back in one session; the next ones somebody else takes back."""

OTHERS_REVERSALS_PER_SESSION: Final = 10
"""How many a keeper of the station may take back altogether in one session; beyond that an officer does."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """On what ground the actor may take it back. nonce: of the volunteer's code that was shown."""

    how: str
    nonce: str = ""


def reverse_hand_over(book: Book, request: Request, *, redemption: str, reason: str, volunteer: str = "") -> Answer:
    """Write the exact opposite of a hand-over (and of the hold it collected).

    Args:
        redemption: its id or its receipt. volunteer: the volunteer's fresh code or card, shown to the keeper who served.
    Returns: {reversed, entry, points, spendable_after}; points in smallest steps. What returns to a lot that has
    lapsed lapses with the next sweep.
    Raises: NotFound, AlreadyReversed, Forbidden, WrongStation, SecondPersonRequired (too late, or too often, for the
    same keeper), CycleClosed (a sealed quarter stays), InvalidInput without a reason or the volunteer, PassInvalid for
    somebody else's pass, and what `identify` raises.
    """
    require(request.actor, "keeper", "officer")
    if not reason.strip():
        raise InvalidInput("reason", "missing")

    def work(unit: Unit) -> Answer:
        found = goods.redemption(unit, redemption)
        if found is None:
            raise NotFound("redemption")
        people.lock(unit, found.holder)
        if found.reversed_by:
            raise AlreadyReversed()
        cycle = cycles.cycle(unit, found.cycle)
        if cycle is not None and cycle[0].state == "sealed":
            raise CycleClosed()
        ground = _standing(unit, request, found, volunteer)
        return _write(unit, request, found, ground, reason)

    return once(book, request, work)


def _standing(unit: Unit, request: Request, found: Redemption, volunteer: str) -> _Standing:
    actor = request.actor
    if actor.is_self(found.holder):
        raise Forbidden(reason="own_redemption")
    if _is_same(unit, actor, found.keeper):
        return _standing_of_same_keeper(unit, request, found, volunteer)
    if actor.has("officer"):
        return _Standing("officer")
    check_station(actor, unit, found.station)
    if desks.reversals_by(unit, cycle=found.cycle, session=found.session, actor=actor.id) >= OTHERS_REVERSALS_PER_SESSION:
        raise SecondPersonRequired()
    return _Standing("other_keeper")


def _is_same(unit: Unit, actor: Actor, keeper: str) -> bool:
    """Whether the actor is whoever served, under this login or another of the same person."""
    return actor.id == keeper or (bool(actor.person) and actor.person in (keeper, people.person_of_login(unit, keeper)))


def _standing_of_same_keeper(unit: Unit, request: Request, found: Redemption, volunteer: str) -> _Standing:
    actor = request.actor
    if not actor.is_console:
        check_station(actor, unit, found.station)
    if request.now > found.at + timedelta(seconds=unit.book.settings.redemption.undo_seconds):
        raise SecondPersonRequired()
    if desks.reversals_by(unit, cycle=found.cycle, session=found.session, actor=actor.id) >= OWN_REVERSALS_PER_SESSION:
        raise SecondPersonRequired()
    if not volunteer:
        raise InvalidInput("volunteer", "missing")
    who = identify(unit, volunteer, now=request.now)
    if who.holder != found.holder or who.how == "hold":
        raise PassInvalid()
    return _Standing("same_keeper", who.nonce)


def _write(unit: Unit, request: Request, found: Redemption, ground: _Standing, reason: str) -> Answer:
    book = unit.book
    handed = journal.act_by_id(unit, found.id)
    assert handed is not None, found.id
    facts: dict[str, object] = {"how": ground.how}
    act = request.act(
        book, "hand_over_reversed", subject=found.holder, cycle=found.cycle, station=found.station, session=found.session,
        desk=found.desk, reverses=found.id, facts=facts, postings=opposite(handed.postings),
    )  # fmt: skip
    act = with_note(book, act, reason)
    if ground.nonce and not goods.use_pass(
        unit, nonce=ground.nonce, purpose=VOLUNTEER_CODE, subject=found.holder, now=request.now, station=found.station,
        by=request.actor.id, act=act.id,
    ):  # fmt: skip
        check_unused(unit, ground.nonce)
    if unit.change(goods.REVERSE_REDEMPTION, id=found.id, act=act.id) != 1:
        raise AlreadyReversed()
    back = [act, *_unplaced(unit, request, found)]
    returned = [leg for each in back for leg in each.postings]
    journal.post(unit, [*back, *pay_debt(unit, request, holder=found.holder, cycle=found.cycle, returned=returned)])
    keep_note(book, unit, act, reason)
    items = [Item(line.sku, line.quantity) for line in goods.redemption_lines(unit, found.id)]
    goods.give_back(unit, holder=found.holder, cycle=found.cycle, items=items)
    left = sum(lot.remaining for lot in goods.lots(unit, "wallet", found.holder) if lot.expires_at is None or lot.expires_at > request.now)
    return {"reversed": found.id, "entry": act.id, "points": found.points, "spendable_after": left}


def _unplaced(unit: Unit, request: Request, found: Redemption) -> list[Act]:
    """A hand-over that collected a hold took from the hold: the hold's own entry is turned back too, in the same unit."""
    if not found.hold:
        return []
    placed = journal.act_by_id(unit, found.hold)
    assert placed is not None, found.hold
    return [
        request.act(
            unit.book, "reversed", subject=found.holder, cycle=found.cycle, station=found.station, session=found.session,
            desk=found.desk, reverses=placed.id, postings=opposite(placed.postings),
        )
    ]  # fmt: skip
