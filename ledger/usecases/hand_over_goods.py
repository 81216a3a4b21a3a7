"""Hand over: one entry moves points, goods and cost. Collects a hold, or serves a walk-up at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ledger.domain import account
from ledger.domain.account import lot_of
from ledger.domain.act import Act
from ledger.domain.entry import Posting, move
from ledger.domain.errors import (
    AgentNotNamed,
    Forbidden,
    HoldExpired,
    HoldResolved,
    InvalidInput,
    NotFound,
    PassInvalid,
    WitnessRequired,
    WrongStation,
)
from ledger.domain.people import Actor, require
from ledger.domain.redemption import Item, Line, Pick, Receipt, check_items
from ledger.storage import agents, desks, goods, journal, people
from ledger.storage.goods import Hold, Redemption
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.draw_order import Order, charge, draw_order, hand, items_facts, pay
from ledger.usecases.identify import Identified, check_unused, identify
from ledger.usecases.open_session import Window, window_at
from ledger.usecases.request import Answer, Request, once
from ledger.usecases.set_pin import check_pin
from ledger.usecases.void_hold import resolved

COLLECTED_FOR_MAX: Final = 3
"""For how many people one agent may collect in a session."""


def collect_hold(book: Book, request: Request, *, hold: str) -> Answer:
    """Hand over what a hold reserved.

    Args:
        hold: its id, its sayable code, or the pick-up pass.
    Returns: {redemption, receipt, points, spendable_after, entry} with points in smallest steps.
    Raises: Forbidden, WrongStation, HoldResolved, HoldExpired, PassInvalid, NotFound.
    """
    require(request.actor, "keeper")

    def work(unit: Unit) -> Answer:
        found = _find_hold(unit, hold, request.now)
        check_station(request.actor, unit, found.station)
        if request.actor.is_self(found.holder):
            raise Forbidden(reason="own_redemption")
        people.lock(unit, found.holder)
        if found.state != "held":
            raise resolved(unit, found.id)
        if found.expires_at <= request.now:
            raise HoldExpired()
        window = window_at(unit, request, found.station, with_desk=True)
        lines = goods.hold_lines(unit, found.id)
        postings, order_points = _settle(unit, found), found.points
        return _finish(
            unit, request, window, found.holder, found.station, lines, order_points, postings,
            how="hold", hold=found, cycle=found.cycle, session=found.session,
        )  # fmt: skip

    return once(book, request, work)


def hand_over_at_once(
    book: Book, request: Request, *, station: str, items: Sequence[Item], shown: str, seen_at: datetime | None = None, pin: str = "",
    witness: str = "", agent: str = "",
) -> Answer:  # fmt: skip
    """Serve a walk-up: identify by fresh code, or by card with PIN or witness; then one entry.

    Args:
        shown: what was scanned, typed or said. seen_at: when the page with the code was opened (see `identify`).
        pin: the card holder's own PIN. witness: another role-holder's card. agent: the card of whoever collects for the holder.
    Raises: Forbidden, WrongStation, PassInvalid, PassExpired, PassAlreadyUsed, PassRevoked, PinWrong, PinLocked,
        WitnessRequired, AgentNotNamed, CycleClosed, LimitReached, NotEnoughPoints, OutOfStock, InvalidInput, NotFound.
    """
    require(request.actor, "keeper")
    wanted = check_items(items)

    if pin:
        check_pin(book, request, shown=shown, pin=pin)

    def work(unit: Unit) -> Answer:
        check_station(request.actor, unit, station)
        who = identify(unit, shown, now=request.now, seen_at=seen_at)
        if who.how == "hold":
            raise PassInvalid()
        if request.actor.is_self(who.holder):
            raise Forbidden(reason="own_redemption")
        if who.how == "card" and not pin:
            _check_witness(unit, request, who, witness)
        window = window_at(unit, request, station, with_desk=True)
        collector = _named_agent(unit, request, who, agent, window) if agent else ""
        order = draw_order(unit, request, holder=who.holder, station=station, items=wanted, cycle=window.cycle)
        return _serve(unit, request, window, order, who, collector)

    return once(book, request, work)


def station_of(actor: Actor, given: str = "") -> str:
    """The station a keeper hands over at: the one given, or their only one. Raises Forbidden, InvalidInput."""
    require(actor, "keeper")
    scopes = actor.scopes("keeper")
    if given:
        return given
    if len(scopes) != 1 or not scopes[0]:
        raise InvalidInput("station", "missing")
    return scopes[0]


def check_station(actor: Actor, unit: Unit, station: str) -> None:
    """Keepers serve at their own stations. Raises WrongStation naming the station."""
    if actor.is_console or station in actor.scopes("keeper") or "" in actor.scopes("keeper"):
        return
    found = goods.station(unit, station)
    raise WrongStation(found.name if found else station)


def _check_witness(unit: Unit, request: Request, who: Identified, witness: str) -> None:
    """A card only says who; without its PIN, spending needs a witness with a role and a card of their own."""
    if not witness:
        raise WitnessRequired()
    seen = identify(unit, witness, now=request.now)
    if seen.how != "card" or seen.holder in (who.holder, request.actor.person) or not people.has_role(unit, seen.holder, request.now):
        raise WitnessRequired()


def _named_agent(unit: Unit, request: Request, who: Identified, card: str, window: Window) -> str:
    """Whose card the agent shows: named by the holder, not the keeper, and not collecting for too many in one session."""
    seen = identify(unit, card, now=request.now)
    if seen.how != "card" or not agents.is_agent(unit, who.holder, seen.holder) or request.actor.is_self(seen.holder):
        raise AgentNotNamed()
    served = desks.others_collected_for(unit, cycle=window.cycle, session=window.session, agent=seen.holder, holder=who.holder)
    if served >= COLLECTED_FOR_MAX:
        raise AgentNotNamed()
    return seen.holder


def _find_hold(unit: Unit, text: str, now: datetime) -> Hold:
    found = goods.hold(unit, text.strip())
    if found is None:
        who = identify(unit, text, now=now)
        found = goods.hold(unit, who.hold) if who.how == "hold" else None
    if found is None:
        raise NotFound("hold")
    return found


def _serve(unit: Unit, request: Request, window: Window, order: Order, who: Identified, collector: str) -> Answer:
    postings = [*pay(order.draws, order.holder, window.session), *hand(order.picks, order.station, window.session)]
    return _finish(
        unit, request, window, order.holder, order.station, order.lines, order.points, postings,
        how=who.how, nonce=who.nonce, cycle=window.cycle, session=window.session, collector=collector, left=order.spendable - order.points,
    )  # fmt: skip


def _settle(unit: Unit, hold: Hold) -> list[Posting]:
    """The legs that end a hold: points to `redeemed`, goods to `handed`, cost to `spent`."""
    placed = journal.act_by_id(unit, hold.id)
    assert placed is not None, hold.id
    legs: list[Posting] = []
    for posting in placed.postings:
        source = posting.account
        if posting.amount < 0 or source.family_name != "held":
            continue
        if source.commodity == account.PTS:
            legs += move(source, account.redeemed(hold.session, lot_of(source.path).partition(".")[2]), posting.amount)
        else:
            legs += move(source, account.handed(hold.session, source.commodity), posting.amount)
            legs += charge(_pick(unit, source.path, source.commodity, posting.amount), hold.station, hold.session)
    return legs


def _pick(unit: Unit, path: str, sku: str, quantity: int) -> Pick:
    source, unit_cost_fen = goods.receipt_cost(unit, lot_of(path))
    return Pick(Receipt(lot_of(path), sku, quantity, unit_cost_fen, source), quantity)


def _finish(
    unit: Unit, request: Request, window: Window, holder: str, station: str, lines: Sequence[Line], points: int, postings: list[Posting], *,
    how: str, cycle: str, session: str, nonce: str = "", hold: Hold | None = None, collector: str = "",
    left: int | None = None,
) -> Answer:  # fmt: skip
    """Post the entry with its redemption, use up the pass, resolve the hold; what is kept for a retry comes back."""
    book, id = unit.book, unit.book.ids.new(request.now)
    receipt = book.ids.new(request.now)
    facts: dict[str, object] = {"receipt": receipt, "items": items_facts(lines), "how": how}
    if nonce:
        facts["pass"] = nonce
        if not goods.use_pass(
            unit, nonce=nonce, purpose="V", subject=holder, now=request.now, station=station, by=request.actor.id, act=id
        ):
            check_unused(unit, nonce)
    if hold is not None and not goods.resolve_hold(unit, hold.id, state="settled", act=id, now=request.now):
        raise HoldResolved("settled")
    act: Act = request.act(
        book, "handed_over", id=id, subject=holder, cycle=cycle, station=station, session=session, desk=window.desk,
        collected_by=collector, resolves=hold.id if hold else "", facts=facts, postings=tuple(postings),
    )  # fmt: skip
    journal.post(unit, [*window.acts, act])
    done = Redemption(
        id, receipt, hold.id if hold else "", holder, station, session, window.desk, request.actor.id, cycle, points, request.now, ""
    )
    goods.insert_redemption(unit, done, lines)
    if left is None:
        left = sum(lot.remaining for lot in goods.lots(unit, "wallet", holder) if lot.expires_at is None or lot.expires_at > request.now)
    return {"redemption": id, "receipt": receipt, "points": points, "spendable_after": left, "entry": id}
