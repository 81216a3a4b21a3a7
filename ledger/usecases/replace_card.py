"""Replace a card: the new one speaks and the old ones fall silent in one step. Also binds a blank card, and a first card."""

from __future__ import annotations

from ledger.domain.errors import Differs, Forbidden, NotFound, PassInvalid
from ledger.domain.people import Actor, require, require_area
from ledger.passes.signing import CARD
from ledger.storage import cards, counters, journal, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.find_person import find_holder
from ledger.usecases.identify import read_pass, signer
from ledger.usecases.request import Answer, Request, once


def replace_card(book: Book, request: Request, *, person: str, blank: str = "") -> Answer:
    """Give a person a card and revoke those they had.

    The PIN moves to the new card: it is in its owner's head, not on what was lost.

    Args:
        person: card number, holder id or phone. blank: a pre-printed blank card, scanned or its number; empty makes a new number.
    Returns: {person, card, revoked: [numbers]}; print it with `PassSigner.card(card)`.
    Raises: Forbidden unless a keeper, officer, or an organiser of the person's area asks; NotFound; Ambiguous; PassInvalid;
        Differs when the blank card already belongs to somebody.
    """
    require(request.actor, "keeper", "organiser", "officer")

    def work(unit: Unit) -> Answer:
        holder = find_holder(unit, person)
        _check_may_issue(unit, request.actor, holder)
        locked = people.lock(unit, holder)
        if locked is None or locked[0] not in ("active", "provisional"):
            raise NotFound("person")
        old = cards.active_cards(unit, holder)
        pin_hash = next((kept for _number, kept in reversed(old) if kept), "")
        revoked = [number for number, _kept in old if cards.revoke(unit, number, request.now)]
        acts = [request.act(book, "card_revoked", subject=holder, facts={"card": number}) for number in revoked]
        if blank:
            number, kind = _bound(unit, request, blank, holder, pin_hash), "card_bound"
        else:
            number, kind = counters.card_number(counters.take(unit, "card")[0]), "card_issued"
            cards.issue(unit, number, holder=holder, pin_hash=pin_hash, now=request.now)
        journal.post(unit, [*acts, request.act(book, kind, subject=holder, facts={"card": number})])
        return {"person": holder, "card": number, "revoked": revoked}

    return once(book, request, work)


def card_pass(book: Book, number: str) -> str:
    """The permanent pass that is printed on a card."""
    return signer(book).card(number)


def _check_may_issue(unit: Unit, actor: Actor, holder: str) -> None:
    if actor.is_self(holder):
        raise Forbidden(reason="own_card")
    if actor.has("keeper", "officer"):
        return
    found = people.holder(unit, holder)
    require_area(actor, people.lineage(unit, found.area if found else ""))


def _bound(unit: Unit, request: Request, text: str, holder: str, pin_hash: str) -> str:
    number = _number_of(unit, request, text)
    card = people.by_card(unit, number)
    if card is None:
        raise PassInvalid()
    if not cards.bind(unit, number, holder=holder, pin_hash=pin_hash):
        raise Differs(card=number)
    return number


def _number_of(unit: Unit, request: Request, text: str) -> str:
    """The number of a blank card, typed or scanned."""
    plain = text.strip()
    if plain.isdigit() and len(plain) == 8:
        return plain
    return read_pass(unit.book, text, request.now, frozenset({CARD})).subject
