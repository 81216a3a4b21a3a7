"""Volunteers come in without a password: by a one-time binding code from staff, or by matching the roster.

What each way trusts: a binding code, the member of staff who made it (named in the journal, and in the act of whoever came
in by it); a card number with the phone's last four digits, that both are not in one stranger's hands; a name with the whole
phone, only that nobody has come in for this person yet. The last two are slowed to five tries a day for each card or name,
answer the known and the unknown alike, and are switched off by `sign_in.roster_match = false`. A session shows points and
makes codes; what it cannot do is hand goods to anybody but its person.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from ledger.domain.act import instant, micros
from ledger.domain.errors import Forbidden, LedgerError, PassAlreadyUsed, PassExpired, PassInvalid, Unauthenticated
from ledger.domain.people import Actor, Grant, require_area
from ledger.paperwork.normal import name_of, narrow
from ledger.passes.links import pass_in, url_of
from ledger.passes.signing import BINDING, PassSigner
from ledger.passes.spoken import code_digest, code_digests, derived_code, is_code
from ledger.storage import access, journal, people
from ledger.storage.unit_of_work import Book, Row, Unit
from ledger.usecases import check_failures
from ledger.usecases.find_person import find_holder
from ledger.usecases.request import Answer, Request, once
from ledger.usecases.sign_in import refused, welcome

CODE_BYTES: Final = 8
PHONE: Final = re.compile(r"1[3-9][0-9]{9}")
CARD: Final = re.compile(r"[0-9]{8}")


def invite(book: Book, request: Request, *, person: str) -> Answer:
    """Make a one-time binding code for somebody who stands before the actor.

    Args: person: card number, holder id or phone.
    Returns: person, pass, url, spoken_code, expires_at (ISO 8601; 60 minutes, setting `sign_in.binding_minutes`).
    Raises: Forbidden unless a keeper, officer, or an organiser of the person's area asks; NotFound; Ambiguous.
    """
    expires_at = request.now + timedelta(minutes=book.settings.sign_in.binding_minutes)

    def work(unit: Unit) -> Answer:
        holder = find_holder(unit, person)
        _check_may_invite(unit, request.actor, holder)
        key_id = book.keyring.current_id("derive")
        id, code = _fresh_code(book, key_id)
        digest = code_digest(book.keyring, code)
        unit.change(access.ADD_SPOKEN, digest=digest, purpose=BINDING, subject=holder, nonce=id, expires_at=micros(expires_at))
        journal.post(unit, [request.act(book, "binding_offered", subject=holder, evidence=f"binding:{id}")])
        return {"person": holder, "binding": id, "key_id": key_id, "expires_at": micros(expires_at)}

    return shown(book, once(book, request, work))


def shown(book: Book, kept: Answer) -> Answer:
    """A binding as it is shown: its pass and codes are made again from what was kept, never stored."""
    expires_at = instant(kept["expires_at"])
    text = PassSigner(book.slug, book.keyring).binding(kept["binding"], expires_at)
    return {
        "person": kept["person"],
        "pass": text,
        "url": url_of(book.settings.public_url, text),
        "spoken_code": derived_code(book.keyring, "binding", kept["binding"], key_id=kept["key_id"]),
        "expires_at": expires_at.isoformat(),
    }


def bind(book: Book, request: Request, *, shown: str, address: str = "", device: str = "") -> Answer:
    """Come in with a binding code, scanned or typed; it works once.

    Returns: as `sign_in`. Raises: PassInvalid, PassExpired, PassAlreadyUsed, TooManyRequests.
    """
    counters = [check_failures.address(book, address)] if address else []

    def work(unit: Unit) -> Answer | LedgerError:
        check_failures.take_try(unit, counters, request.now)
        try:
            digest, holder, nonce = _binding(unit, request, shown)
        except LedgerError as refusal:
            journal.post(unit, [refused(book, request, "", "binding")])
            return refusal
        check_failures.give_back(unit, counters)
        if unit.change(access.USE_SPOKEN, digest=digest, now=micros(request.now)) != 1:
            raise PassAlreadyUsed()
        return _come_in(unit, request, holder, f"binding:{nonce}", device)

    return _kept(book.run(work))


@dataclass(frozen=True, slots=True)
class _Typed:
    """What somebody typed to match the roster, in the form that is looked up and counted."""

    known: str
    tail: str

    @property
    def is_card(self) -> bool:
        return CARD.fullmatch(self.known) is not None


def match(book: Book, request: Request, *, known: str, tail: str, address: str = "", device: str = "") -> Answer:
    """Come in by the roster: a card number with the phone's last four digits, or a name with the whole phone.

    By name only as long as nobody is signed in for this person, and never for holders of a role.
    Returns: as `sign_in`. Raises: Unauthenticated for whatever does not fit, TooManyRequests, Forbidden when switched off.
    """
    if not book.settings.sign_in.roster_match:
        raise Forbidden()
    typed = _typed(known, tail)
    counters = [check_failures.roster(book, typed.known), *([check_failures.address(book, address)] if address else [])]

    def work(unit: Unit) -> Answer | LedgerError:
        check_failures.take_try(unit, counters, request.now)
        holder = _by_card(unit, typed) if typed.is_card else _by_name(unit, typed, request)
        if not holder:
            journal.post(unit, [refused(book, request, "", "roster")])
            return Unauthenticated()
        check_failures.forgive(unit, counters)
        return _come_in(unit, request, holder, "roster", device)

    return _kept(book.run(work))


def _fresh_code(book: Book, key_id: str) -> tuple[str, str]:
    """An id and its spoken code. One of digits alone would be taken for a card number."""
    while True:
        id = secrets.token_hex(CODE_BYTES)
        code = derived_code(book.keyring, "binding", id, key_id=key_id)
        if not code.isdigit():
            return id, code


def _binding(unit: Unit, request: Request, text: str) -> tuple[bytes, str, str]:
    """(digest, holder, id) of an unused binding in time."""
    found = pass_in(text, (unit.book.settings.public_url,))
    row = _by_code(unit, found) if is_code(found) else _by_pass(unit, request, found)
    if row is None:
        raise PassInvalid()
    digest, holder, nonce, expires_at, used_at = row
    if used_at is not None:
        raise PassAlreadyUsed(used_at=instant(used_at).isoformat())
    if instant(expires_at) <= request.now:
        raise PassExpired()
    return bytes(digest), holder, nonce


def _by_code(unit: Unit, code: str) -> Row | None:
    for digest in code_digests(unit.book.keyring, code):
        row = unit.row(access.SPOKEN, digest=digest, purpose=BINDING)
        if row is not None:
            return row
    return None


def _by_pass(unit: Unit, request: Request, text: str) -> Row | None:
    read = PassSigner(unit.book.slug, unit.book.keyring).read(text, request.now, purposes={BINDING})
    return unit.row(access.SPOKEN_BY_NONCE, nonce=read.subject, purpose=BINDING)


def _by_card(unit: Unit, typed: _Typed) -> str:
    card = people.by_card(unit, typed.known)
    if card is None or card[1] != "active" or not card[0] or len(typed.tail) < 4:
        return ""
    phones = people.phones_of(unit, card[0])
    return card[0] if any(secrets.compare_digest(phone[-4:], typed.tail[-4:]) for phone in phones) else ""


def _by_name(unit: Unit, typed: _Typed, request: Request) -> str:
    if not PHONE.fullmatch(typed.tail) or not typed.known:
        return ""
    fitting = set(people.by_name(unit, typed.known)) & set(people.by_phone(unit, typed.tail))
    if len(fitting) != 1:
        return ""
    holder = fitting.pop()
    is_in = unit.value(access.HAS_SESSION, person=holder, now=micros(request.now)) is not None
    return "" if is_in or people.has_role(unit, holder, request.now) else holder


def _come_in(unit: Unit, request: Request, holder: str, evidence: str, device: str) -> Answer:
    grants = tuple(Grant(g.role, g.scope) for g in access.grants(unit, holder, request.now))
    journal.post(unit, [replace(request, actor=Actor(holder, holder)).act(unit.book, "phone_bound", subject=holder, evidence=evidence)])
    return welcome(unit, request, holder, holder, grants, kind="web", device=device)


def _check_may_invite(unit: Unit, actor: Actor, holder: str) -> None:
    if actor.has("keeper", "officer"):
        return
    if not actor.has("organiser"):
        raise Forbidden()
    found = people.holder(unit, holder)
    require_area(actor, people.lineage(unit, found.area if found else ""))


def _typed(known: str, tail: str) -> _Typed:
    """A card number without its spaces or a name as the roster keeps it, and the digits of a phone without +86."""
    digits = re.sub(r"[\s\-]", "", narrow(known))
    phone = re.sub(r"^(\+?86|0086)(?=1[3-9][0-9]{9}$)", "", re.sub(r"[\s\-]", "", narrow(tail)))
    return _Typed(digits if CARD.fullmatch(digits) else name_of(known), phone)


def _kept(outcome: Answer | LedgerError) -> Answer:
    if isinstance(outcome, LedgerError):
        raise outcome
    return outcome
