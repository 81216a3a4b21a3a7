"""The six digits of a card: set by the person, checked at a desk, locked after five wrong tries."""

from __future__ import annotations

from ledger.domain.errors import Forbidden, LedgerError, NotFound, PinLocked, PinWrong, TooManyRequests, WitnessRequired
from ledger.domain.people import Actor
from ledger.storage import access, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases import check_failures, check_secret
from ledger.usecases.find_person import find_holder
from ledger.usecases.identify import identify
from ledger.usecases.open_sign_in import STAFF
from ledger.usecases.request import Answer, Request, once


def set_pin(book: Book, request: Request, *, person: str, pin: str) -> Answer:
    """Set the PIN of a person's card, on the pad turned to them. The request's body must not hold it.

    The person sets it from their own session. At a desk staff may open the pad only together with a second role-holder
    (`request.second`): one keeper alone could set a PIN and spend with it.
    Returns: card (its last four digits). Raises: Forbidden, WitnessRequired, InvalidInput, NotFound.
    """
    digits = check_secret.check_pin(pin)
    pin_hash = check_secret.hash_secret(digits)

    def work(unit: Unit) -> Answer:
        holder = find_holder(unit, person)
        _check_may_set(request, holder)
        found = unit.row(access.CARD_PIN, holder=holder)
        if found is None:
            raise NotFound("card")
        unit.change(access.SET_PIN, number=found[0], pin_hash=pin_hash)
        check_failures.forgive(unit, [check_failures.pin(book, holder)])
        journal.post(unit, [request.act(book, "pin_set", subject=holder)])
        return {"card": found[0][-4:]}

    return once(book, request, work)


def check_pin(book: Book, request: Request, *, shown: str, pin: str) -> None:
    """Whether the digits are those of the card that was shown.

    Raises: PinWrong with the tries left, PinLocked with the minutes to wait, WitnessRequired when no PIN was ever set,
    and what `identify` raises for what was shown.
    """

    def look(unit: Unit) -> tuple[str, str]:
        holder = identify(unit, shown, now=request.now).holder
        seconds = check_failures.seconds_locked(unit, check_failures.pin(book, holder), request.now)
        if seconds:
            raise _locked(seconds)
        found = unit.row(access.CARD_PIN, holder=holder)
        return holder, found[1] if found else ""

    holder, kept = book.read(look)
    if not kept:
        raise WitnessRequired()
    is_right = check_secret.is_secret(kept, pin)
    refusal = book.run(lambda unit: _settle(unit, request, holder, is_right=is_right))
    if refusal is not None:
        raise refusal


def _settle(unit: Unit, request: Request, holder: str, *, is_right: bool) -> LedgerError | None:
    """Believe a right PIN only while tries are left; keep a wrong one's count and act by returning the refusal."""
    counter = check_failures.pin(unit.book, holder)
    try:
        check_failures.take_try(unit, [counter], request.now)
    except TooManyRequests as refusal:
        raise _locked(int(str(refusal.facts["retry_after_s"]))) from refusal
    if is_right:
        check_failures.forgive(unit, [counter])
        return None
    journal.post(unit, [request.act(unit.book, "pin_refused", subject=holder)])
    return PinWrong(check_failures.failures_left(unit, counter, request.now))


def _locked(seconds: int) -> PinLocked:
    return PinLocked(-(-seconds // 60))


def _check_may_set(request: Request, holder: str) -> None:
    if request.actor.is_self(holder) or request.actor.id == holder:
        return
    if not request.actor.has(*STAFF):
        raise Forbidden()
    second: Actor | None = request.second
    if second is None or second.id == request.actor.id or second.is_self(holder) or not second.has(*STAFF):
        raise WitnessRequired()


def has_pin(unit: Unit, holder: str) -> bool:
    """Whether the person's active card has a PIN."""
    found = unit.row(access.CARD_PIN, holder=holder)
    return found is not None and found[1] != ""
