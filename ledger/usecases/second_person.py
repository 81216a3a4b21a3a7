"""The second person of a step that needs two: known by their own password and one-time code, on the same form, without a session."""

from __future__ import annotations

from ledger.domain.errors import LedgerError, OtpRequired, SecondPersonRequired, Unauthenticated
from ledger.domain.people import NEEDS_OTP, Actor
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases import check_failures, sign_in
from ledger.usecases.request import Request


def second_person(book: Book, request: Request, *, login: str, password: str, otp: str = "", address: str = "") -> Actor:
    """Who stands beside the actor. A failure counts against login and address as at the door; a one-time code is used up.

    Raises: SecondPersonRequired when nobody, or the actor again, was typed; Unauthenticated, OtpRequired, TooManyRequests.
    """
    if not login.strip() or not password:
        raise SecondPersonRequired()
    attempt = sign_in.try_password(book, request.now, sign_in.normal_login(login), password, otp, address)
    outcome = book.run(lambda unit: _settle(unit, request, attempt))
    if isinstance(outcome, LedgerError):
        raise outcome
    if outcome.id == request.actor.id or (outcome.person and outcome.person == request.actor.person):
        raise SecondPersonRequired()
    return outcome


def _settle(unit: Unit, request: Request, attempt: sign_in.Attempt) -> Actor | LedgerError:
    """As in `sign_in`: a refusal is returned so that its count and its act are kept."""
    check_failures.take_try(unit, attempt.counters, request.now)
    if attempt.login is None or not attempt.password_fits:
        return sign_in.refuse(unit, request, attempt, "password", Unauthenticated())
    if any(grant.role in NEEDS_OTP for grant in attempt.grants):
        if not attempt.otp:
            raise OtpRequired()
        if not sign_in.take_otp(unit, attempt.login, attempt.otp, request.now):
            return sign_in.refuse(unit, request, attempt, "otp", Unauthenticated())
    check_failures.forgive(unit, attempt.counters)
    found = attempt.login
    return Actor(found.id, found.person, attempt.grants, "", found.login)
