"""Sign-in sessions: a random token whose digest is a row, so that a session can be ended at once."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.act import micros
from ledger.domain.errors import LedgerError
from ledger.domain.people import ROLES, Actor, Grant
from ledger.storage import access
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book, Unit

TOKEN_BYTES: Final = 32
SEEN_PART: Final = 30
"""A session is marked as seen once in a thirtieth of its idle life: for a browser at a station, once a minute."""

STAFF: Final = tuple(role for role in ROLES if role != "volunteer")
PRECEDENCE: Final = ("officer", "auditor", "admin", "organiser", "keeper", "volunteer")


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session: its token (shown once, kept as a digest only) and when it ends."""

    token: str
    expires_at: datetime


def open_sign_in(unit: Unit, *, grantee: str, person: str, roles: Iterable[str], kind: str, device: str, now: datetime) -> Opened:
    """Open a session. Staff stay 12 hours, in a browser at most 30 minutes idle; volunteers 180 days (settings `sign_in`)."""
    settings = unit.book.settings.sign_in
    is_volunteer = set(roles) == {"volunteer"}
    life = timedelta(days=settings.volunteer_days) if is_volunteer else timedelta(hours=settings.staff_hours)
    idle = timedelta(minutes=settings.staff_idle_minutes) if kind == "web" and not is_volunteer else life
    token = f"{unit.book.slug}.{secrets.token_urlsafe(TOKEN_BYTES)}"
    access.open_session(
        unit,
        digest_of(token),
        kind=kind,
        grantee=grantee,
        person=person,
        device=device,
        now=now,
        idle_s=int(idle.total_seconds()),
        expires_at=now + life,
    )
    return Opened(token, now + life)


def digest_of(token: str) -> bytes:
    """What is kept of a token. It is random, so a plain hash gives nothing away."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def book_of(token: str) -> str:
    """The slug of the book a token says it belongs to, or empty."""
    return token.partition(".")[0] if "." in token else ""


def who(book: Book, token: str, now: datetime) -> Actor | None:
    """Whose token this is, with the grants in force now; None when it is unknown, ended, idle too long, or its login is disabled.

    One query. A session found past its time is revoked, so that a clock set back does not bring it to life again.
    """
    digest = digest_of(token)
    found = book.read(lambda unit: access.session(unit, digest, now))
    if found is None or found.is_revoked or found.is_disabled:
        return None
    if not (now < found.expires_at and now <= found.seen_at + found.idle):
        _mark(book, access.REVOKE, digest, now)
        return None
    if now - found.seen_at > found.idle / SEEN_PART:
        _mark(book, access.SEEN, digest, now)
    return Actor(id=found.grantee, person=found.person, grants=held(found.grantee, found.grants), device=found.device, login=found.login)


def _mark(book: Book, statement: Statement, digest: bytes, now: datetime) -> None:
    """Write into a session's row if the database can be written now: who only reads may go on while it cannot."""
    with suppress(LedgerError):
        book.run(lambda unit: unit.change(statement, digest=digest, now=micros(now)))


def held(grantee: str, grants: Sequence[Grant]) -> tuple[Grant, ...]:
    """Grants in force. A person who came in by their own phone (V…) is a volunteer without anybody granting it."""
    implied = (Grant("volunteer"),) if grantee.startswith("V") and all(g.role != "volunteer" for g in grants) else ()
    return (*grants, *implied)


def roles_of(grants: Iterable[Grant]) -> list[str]:
    """The distinct roles among grants, the one a person mostly stands in first."""
    names = {grant.role for grant in grants}
    return [role for role in PRECEDENCE if role in names]
