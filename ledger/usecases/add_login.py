"""Add a login with its first role, give a known login another role, set a password, disable a login."""

from __future__ import annotations

import re
from typing import Final

import pyotp

from ledger.domain.act import micros
from ledger.domain.errors import Differs, InvalidInput, NotFound, Unauthenticated
from ledger.domain.people import NEEDS_OTP, require
from ledger.storage import access, counters, journal
from ledger.storage.access import Login
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.check_secret import check_password, hash_secret, is_secret
from ledger.usecases.find_person import find_holder
from ledger.usecases.give_role import post_grant, scope_of
from ledger.usecases.request import Answer, Request, once
from ledger.usecases.sign_in import LOGIN_MAX, normal_login

LOGIN_FORM: Final = re.compile(r"[\w][\w.@-]*", re.UNICODE)
ISSUER: Final = "三联账本"


def add_login(
    book: Book, request: Request, *, login: str, role: str, station: str = "", area: str = "", person: str = "", password: str = ""
) -> Answer:
    """A new login with its first role; for a login that exists, one more role (then without a password).

    Args:
        login: letters of any script, digits, `.`, `-`, `_`, `@`; kept in lower case.
        station: a keeper's station code. area: an organiser's area, by code or Chinese path.
        person: card number, holder id or phone of whoever is behind it; a volunteer needs one.
        password: at least 12 characters for staff, 8 for volunteers; `request.body` must never hold it.
    Returns: login, role; otp_uri for the first role that needs one-time codes.
    Raises: Forbidden unless an admin or the console asks; InvalidInput; NotFound; Differs when the person is another one.
    """
    require(request.actor, "admin")
    name = check_login(login)
    kept = check_password(password, name, staff=role != "volunteer") if password else ""
    password_hash = hash_secret(kept) if kept else ""
    answer = once(book, request, lambda unit: _add(unit, request, name, role, station, area, person, password_hash))
    otp_uri = _otp_uri(book, name) if answer.pop("otp", False) else ""
    return {**answer, **({"otp_uri": otp_uri} if otp_uri else {})}


def set_password(book: Book, request: Request, *, old: str, new: str, keep_session: bytes = b"") -> None:
    """Change one's own password; every other session ends. Raises Unauthenticated when the old one is wrong, InvalidInput."""
    found = book.read(lambda unit: access.login_by_id(unit, request.actor.id))
    if found is None or not is_secret(found.password_hash, old):
        raise Unauthenticated()
    fresh = hash_secret(check_password(new, found.login, staff=request.actor.has("keeper", "organiser", "officer", "auditor", "admin")))

    def work(unit: Unit) -> None:
        unit.change(access.SET_PASSWORD, id=found.id, password_hash=fresh)
        unit.change(access.REVOKE_ALL, grantee=found.id, now=micros(request.now), but=keep_session)
        journal.post(unit, [request.act(book, "password_set", subject=found.id)])

    book.run(work)


def disable_login(book: Book, request: Request, *, login: str) -> Answer:
    """Disable a login and end its sessions, from the next request on. Harmless twice. Raises Forbidden, NotFound."""
    require(request.actor, "admin")

    def work(unit: Unit) -> Answer:
        found = access.login_by_name(unit, normal_login(login))
        if found is None:
            raise NotFound("login")
        if unit.change(access.DISABLE, id=found.id, now=micros(request.now)):
            unit.change(access.REVOKE_ALL, grantee=found.id, now=micros(request.now), but=b"")
            journal.post(unit, [request.act(book, "login_disabled", subject=found.id)])
        return {"login": found.login}

    return once(book, request, work)


def check_login(text: str) -> str:
    """A login in the form it is kept. Raises InvalidInput("login", …)."""
    name = normal_login(text)
    if len(name) > LOGIN_MAX:
        raise InvalidInput("login", "too_long")
    if not LOGIN_FORM.fullmatch(name):
        raise InvalidInput("login", "malformed" if name else "missing")
    return name


def _add(unit: Unit, request: Request, name: str, role: str, station: str, area: str, person: str, password_hash: str) -> Answer:
    scope = scope_of(unit, role, station, area)
    holder = find_holder(unit, person) if person else ""
    found = access.login_by_name(unit, name)
    if role == "volunteer" and not (holder or (found and found.person)):
        raise InvalidInput("person", "missing")
    id = _new(unit, request, name, holder, password_hash) if found is None else _extended(unit, found, holder, password_hash)
    if not _holds(unit, request, id, role, scope):
        post_grant(unit, request, id, role, scope)
    return {"login": name, "role": role, **({"otp": True} if role in NEEDS_OTP and _gave_otp(unit, id) else {})}


def _new(unit: Unit, request: Request, name: str, holder: str, password_hash: str) -> str:
    if not password_hash:
        raise InvalidInput("password", "missing")
    id = f"U{counters.take(unit, 'login').start:06d}"
    unit.change(
        access.ADD_LOGIN, id=id, login=name, person=holder, password_hash=password_hash, otp_secret=b"", now=micros(request.now)
    )
    journal.post(unit, [request.act(unit.book, "login_added", subject=id)])
    return id


def _extended(unit: Unit, found: Login, holder: str, password_hash: str) -> str:
    """A known login: its password stays its owner's, and whoever is behind it stays the same person."""
    if password_hash or found.is_disabled:
        raise InvalidInput("login", "taken")
    if holder and found.person and found.person != holder:
        raise Differs()
    if holder:
        unit.change(access.SET_PERSON, id=found.id, person=holder)
    return found.id


def _holds(unit: Unit, request: Request, id: str, role: str, scope: str) -> bool:
    return any(g.role == role and g.scope == scope for g in access.grants(unit, id, request.now))


def _gave_otp(unit: Unit, id: str) -> bool:
    """Give a login its one-time secret, sealed, unless it has one."""
    found = access.login_by_id(unit, id)
    if found is None or found.otp_secret:
        return False
    secret = pyotp.random_base32()
    return unit.change(access.SET_OTP, id=id, otp_secret=unit.book.keyring.seal("otp", id, secret)) == 1


def _otp_uri(book: Book, name: str) -> str:
    """What an authenticator app reads; empty after a dry run, where nothing was kept."""
    found = book.read(lambda unit: access.login_by_name(unit, name))
    if found is None or not found.otp_secret:
        return ""
    secret = book.keyring.open("otp", found.id, found.otp_secret)
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=f"{ISSUER} {book.settings.name}")
