"""Sign in with login, password and, for officers, auditors and admins, a one-time code (RFC 6238)."""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import pyotp

from ledger.domain.act import Act, micros
from ledger.domain.errors import LedgerError, OtpRequired, Unauthenticated
from ledger.domain.people import NEEDS_OTP, Actor, Grant
from ledger.storage import access, journal
from ledger.storage.access import Login
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases import check_failures
from ledger.usecases.check_failures import Counter
from ledger.usecases.check_secret import hash_secret, is_secret, wants_rehash
from ledger.usecases.open_sign_in import held, open_sign_in, roles_of
from ledger.usecases.request import Answer, Request

ANYONE: Final = Actor("anyone")
"""Who acts before anybody has signed in."""

OTP_SECONDS: Final = 30
LOGIN_MAX: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try: what was typed, what was found, and what is counted. `rehashed` is set when the hash should be renewed."""

    login: Login | None
    grants: tuple[Grant, ...]
    password_fits: bool
    otp: str
    rehashed: str
    counters: tuple[Counter, ...]


def sign_in(
    book: Book, request: Request, *, login: str, password: str, otp: str = "", address: str = "", kind: str = "api", device: str = ""
) -> Answer:
    """Open a session.

    Args:
        address: of the caller, counted in failures; kind: "web" (a browser, ends when idle) or "api".
    Returns: token, role, roles, login, person, expires_at (ISO 8601).
    Raises: Unauthenticated (unknown, disabled or wrong: one answer, one speed), OtpRequired, TooManyRequests.
    """
    attempt = try_password(book, request.now, normal_login(login), password, otp, address)
    outcome = book.run(lambda unit: _settle(unit, request, attempt, kind, device))
    if isinstance(outcome, LedgerError):
        raise outcome
    return outcome


def normal_login(text: str) -> str:
    """A login as it is kept: compatibility forms folded, lower case, no outer spaces."""
    return unicodedata.normalize("NFKC", text).strip().lower()[: LOGIN_MAX * 2]


def try_password(book: Book, now: datetime, login: str, password: str, otp: str, address: str) -> Attempt:
    """Everything slow, outside any writing unit: the hash takes tens of milliseconds."""
    account = check_failures.account(book, login)
    counters = (account, check_failures.address(book, address)) if address else (account,)

    def look(unit: Unit) -> tuple[Login | None, tuple[Grant, ...]]:
        check_failures.check(unit, counters, now)
        found = access.login_by_name(unit, login)
        dated = access.grants(unit, found.id, now) if found else []
        return found, tuple(Grant(g.role, g.scope) for g in dated)

    found, grants = book.read(look)
    usable = found.password_hash if found and not found.is_disabled else ""
    fits = is_secret(usable, password)
    rehashed = hash_secret(password) if fits and wants_rehash(usable) else ""
    return Attempt(
        login=found, grants=grants, password_fits=fits, otp=otp.strip(), rehashed=rehashed, counters=counters
    )


def _settle(unit: Unit, request: Request, attempt: Attempt, kind: str, device: str) -> Answer | LedgerError:
    """Count a failure or open the session. A refusal is returned, not raised, because its count and its act must be kept.

    The try is counted first: guesses that ran side by side are believed only while the count allows.
    """
    check_failures.take_try(unit, attempt.counters, request.now)
    if attempt.login is None or not attempt.password_fits:
        return refuse(unit, request, attempt, "password", Unauthenticated())
    if any(grant.role in NEEDS_OTP for grant in attempt.grants):
        if not attempt.otp:
            raise OtpRequired()
        if not take_otp(unit, attempt.login, attempt.otp, request.now):
            return refuse(unit, request, attempt, "otp", Unauthenticated())
    check_failures.forgive(unit, attempt.counters)
    if attempt.rehashed:
        unit.change(access.SET_PASSWORD, id=attempt.login.id, password_hash=attempt.rehashed)
    found = attempt.login
    return welcome(unit, request, found.id, found.person, attempt.grants, kind=kind, device=device, login=found.login)


def welcome(
    unit: Unit, request: Request, grantee: str, person: str, grants: tuple[Grant, ...], *, kind: str, device: str = "", login: str = ""
) -> Answer:
    """Open the session of somebody who is known now, write that they came, and say what a client needs."""
    roles = roles_of(held(grantee, grants))
    opened = open_sign_in(unit, grantee=grantee, person=person, roles=roles, kind=kind, device=device, now=request.now)
    acting = replace(request, actor=Actor(grantee, person, grants, device, login))
    journal.post(unit, [acting.act(unit.book, "signed_in", subject=grantee, facts={"kind": kind})])
    return {
        "token": opened.token,
        "role": roles[0] if roles else "",
        "roles": roles,
        "login": login,
        "person": person,
        "expires_at": opened.expires_at.isoformat(),
    }


def refuse(unit: Unit, request: Request, attempt: Attempt, reason: str, error: LedgerError) -> LedgerError:
    journal.post(unit, [refused(unit.book, request, attempt.login.id if attempt.login else "", reason)])
    return error


def refused(book: Book, request: Request, subject: str, reason: str) -> Act:
    """The act of a sign-in that was refused; subject is empty when nobody is behind what was typed."""
    return request.act(book, "sign_in_refused", subject=subject, facts={"kind": reason})


def take_otp(unit: Unit, login: Login, otp: str, now: datetime) -> bool:
    """Whether the digits fit this half minute or one beside it, and were not used before: a step is taken at most once."""
    if not login.otp_secret or not (otp.isascii() and otp.isdecimal() and len(otp) == 6):
        return False
    codes = pyotp.HOTP(unit.book.keyring.open("otp", login.id, login.otp_secret))
    current = micros(now) // 1_000_000 // OTP_SECONDS
    for step in (current, current - 1, current + 1):
        if hmac.compare_digest(codes.at(step), otp):
            return unit.change(access.TAKE_OTP_STEP, id=login.id, step=step) == 1
    return False
