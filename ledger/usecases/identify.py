"""Who stands at the desk: reads what was scanned, said or typed, and says which holder it names and how strongly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from ledger.domain.act import instant
from ledger.domain.errors import NotFound, PassAlreadyUsed, PassExpired, PassInvalid, PassRevoked
from ledger.domain.people import mask_name
from ledger.passes.links import pass_in
from ledger.passes.signing import CARD, HOLD, VOLUNTEER_CODE, Pass, PassSigner
from ledger.passes.spoken import code_digests, is_code, read_code
from ledger.storage import goods, people
from ledger.storage.unit_of_work import Book, Unit

TICKET_LIFE: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Identified:
    """The holder a pass names. how: code (fresh, single use, `nonce`), card (an identity pointer) or hold (`hold`)."""

    holder: str
    how: str
    nonce: str = ""
    hold: str = ""
    card: str = ""


def signer(book: Book) -> PassSigner:
    return PassSigner(book.slug, book.keyring)


def read_pass(book: Book, text: str, now: datetime, purposes: frozenset[str]) -> Pass:
    """The signed pass inside what a scanner or a person typed. Raises PassInvalid, PassExpired."""
    return signer(book).read(pass_in(text, (book.settings.public_url,)), now, purposes=purposes)


def identify(unit: Unit, text: str, *, now: datetime, seen_at: datetime | None = None) -> Identified:
    """Read a volunteer's code, spoken code, printed card or card number, or a hold's pick-up code.

    seen_at: when the page that carries the code was opened; within ten minutes of it the code counts as it did then,
    so that slow people are not punished.
    Raises: PassInvalid, PassExpired, PassRevoked, PassAlreadyUsed, NotFound.
    """
    book = unit.book
    moment = seen_at if seen_at is not None and now - TICKET_LIFE <= seen_at <= now else now
    plain = text.strip()
    if plain.isdigit() and len(plain) == 8:
        return _by_card(unit, plain)
    found = pass_in(text, (book.settings.public_url,))
    if is_code(found):
        return _by_spoken_code(unit, read_code(found), moment)
    read = signer(book).read(found, moment, purposes={VOLUNTEER_CODE, CARD, HOLD})
    if read.purpose == CARD:
        return _by_card(unit, read.subject)
    if read.purpose == HOLD:
        return _by_hold(unit, read.subject)
    nonce = (read.nonce or b"").hex()
    check_unused(unit, nonce)
    return Identified(read.subject, "code", nonce=nonce)


def _by_card(unit: Unit, number: str) -> Identified:
    card = people.by_card(unit, number)
    if card is None:
        raise PassInvalid()
    holder, status = card
    if status == "revoked":
        raise PassRevoked()
    if not holder:
        raise NotFound("card_holder")
    return Identified(holder, "card", card=number)


def _by_hold(unit: Unit, id: str) -> Identified:
    hold = goods.hold(unit, id)
    if hold is None:
        raise PassInvalid()
    return Identified(hold.holder, "hold", hold=id)


def _by_spoken_code(unit: Unit, code: str, now: datetime) -> Identified:
    for digest in code_digests(unit.book.keyring, code):
        row = unit.row(goods.SPOKEN, digest=digest)
        if row is not None:
            purpose, subject, nonce, expires_at, _used_at = row
            if purpose == HOLD:
                return _by_hold(unit, subject)
            if purpose != VOLUNTEER_CODE:
                raise PassInvalid()
            check_unused(unit, nonce)
            if instant(expires_at) <= now:
                raise PassExpired()
            return Identified(subject, "code", nonce=nonce)
    raise PassInvalid()


def check_unused(unit: Unit, nonce: str) -> None:
    """Raises PassAlreadyUsed with when, where and by whom."""
    row = unit.row(goods.PASS_USE, nonce=nonce)
    if row is not None:
        raise used(unit, row)


def used(unit: Unit, row: tuple[int, str, str]) -> PassAlreadyUsed:
    """The refusal for a used pass: local time, station's name and the masked name of who served."""
    at, station_code, by = row
    station = goods.station(unit, station_code) if station_code else None
    local = instant(at).astimezone(ZoneInfo(unit.book.settings.zone))
    return PassAlreadyUsed(used_at=f"{local:%H:%M}", station=station.name if station else "", keeper=served_by(unit, by))


def served_by(unit: Unit, actor: str) -> str:
    """A masked name for an actor id, or empty when there is no person behind it."""
    person = people.person_of_login(unit, actor) or (actor if actor.startswith("V") else "")
    return mask_name(people.names(unit, [person]).get(person, "")) if person else ""
