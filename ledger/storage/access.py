"""Logins, grants, sign-in sessions and counters of failures: what the gate and the access use cases read and write."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ledger.domain.act import instant, micros
from ledger.domain.people import Grant
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

WHO: Final = Statement(
    "SELECT s.grantee, s.person, s.device, s.kind, s.created_at, s.seen_at, s.idle_s, s.expires_at, s.revoked_at,"
    " l.login, l.disabled_at, g.role, g.scope"
    " FROM {sign_in} s LEFT JOIN {login} l ON l.id = s.grantee"
    " LEFT JOIN {role_grant} g ON g.grantee = s.grantee AND g.from_at <= :now AND (g.until_at IS NULL OR g.until_at > :now)"
    " WHERE s.token_digest = :digest"
)
SEEN: Final = Statement("UPDATE {sign_in} SET seen_at = :now WHERE token_digest = :digest AND seen_at < :now")
OPEN_SESSION: Final = Statement(
    "INSERT INTO {sign_in} (token_digest, kind, grantee, person, device, created_at, seen_at, idle_s, expires_at)"
    " VALUES (:digest, :kind, :grantee, :person, :device, :now, :now, :idle_s, :expires_at)"
)
REVOKE: Final = Statement("UPDATE {sign_in} SET revoked_at = :now WHERE token_digest = :digest AND revoked_at IS NULL")
REVOKE_ALL: Final = Statement(
    "UPDATE {sign_in} SET revoked_at = :now WHERE grantee = :grantee AND revoked_at IS NULL AND token_digest <> :but"
)
FORGET_SESSIONS: Final = Statement("DELETE FROM {sign_in} WHERE expires_at < :before")

LOGIN_BY_NAME: Final = Statement(
    "SELECT id, login, person, password_hash, otp_secret, otp_last_step, disabled_at FROM {login} WHERE login = :login"
)
LOGIN_BY_ID: Final = Statement(
    "SELECT id, login, person, password_hash, otp_secret, otp_last_step, disabled_at FROM {login} WHERE id = :id"
)
LOGINS: Final = Statement(
    "SELECT id, login, person, password_hash, otp_secret, otp_last_step, disabled_at FROM {login}"
    " WHERE login > :after ORDER BY login LIMIT :most"
)
ADD_LOGIN: Final = Statement(
    "INSERT INTO {login} (id, login, person, password_hash, otp_secret, otp_last_step, created_at)"
    " VALUES (:id, :login, :person, :password_hash, :otp_secret, 0, :now)"
)
SET_PASSWORD: Final = Statement("UPDATE {login} SET password_hash = :password_hash WHERE id = :id")
SET_OTP: Final = Statement("UPDATE {login} SET otp_secret = :otp_secret, otp_last_step = 0 WHERE id = :id")
SET_PERSON: Final = Statement("UPDATE {login} SET person = :person WHERE id = :id AND person = ''")
TAKE_OTP_STEP: Final = Statement("UPDATE {login} SET otp_last_step = :step WHERE id = :id AND otp_last_step < :step")
DISABLE: Final = Statement("UPDATE {login} SET disabled_at = :now WHERE id = :id AND disabled_at IS NULL")

GRANTS: Final = Statement(
    "SELECT id, role, scope, from_at, until_at, deputy_for FROM {role_grant}"
    " WHERE grantee = :grantee AND from_at <= :now AND (until_at IS NULL OR until_at > :now) ORDER BY id"
)
GRANT: Final = Statement("SELECT id, grantee, role, scope, from_at, until_at FROM {role_grant} WHERE id = :id")
ADD_GRANT: Final = Statement(
    "INSERT INTO {role_grant} (id, grantee, role, scope, from_at, until_at, deputy_for)"
    " VALUES (:id, :grantee, :role, :scope, :from_at, :until_at, :deputy_for)"
)
END_GRANT: Final = Statement("UPDATE {role_grant} SET until_at = :now WHERE id = :id AND (until_at IS NULL OR until_at > :now)")
STATION_CODE: Final = Statement("SELECT code FROM {station} WHERE code = :code")

FAILURES: Final = Statement("SELECT failures, window_ends_at FROM {failure} WHERE subject = :subject AND kind = :kind")
COUNT_FAILURE: Final = Statement(
    "INSERT INTO {failure} AS f (subject, kind, failures, window_ends_at) VALUES (:subject, :kind, 1, :ends)"
    " ON CONFLICT (subject, kind) DO UPDATE SET"
    " failures = CASE WHEN f.window_ends_at <= :now OR f.window_ends_at > :ends THEN 1 ELSE f.failures + 1 END,"
    " window_ends_at = CASE WHEN f.window_ends_at <= :now OR f.window_ends_at > :ends THEN :ends ELSE f.window_ends_at END"
)
GIVE_BACK: Final = Statement("UPDATE {failure} SET failures = failures - 1 WHERE subject = :subject AND kind = :kind AND failures > 0")
CLEAR_FAILURES: Final = Statement("DELETE FROM {failure} WHERE subject = :subject AND kind = :kind")
FORGET_FAILURES: Final = Statement("DELETE FROM {failure} WHERE window_ends_at <= :now")

CARD_PIN: Final = Statement(
    "SELECT number, pin_hash FROM {card} WHERE holder = :holder AND status = 'active' ORDER BY issued_at DESC, number DESC LIMIT 1"
)
SET_PIN: Final = Statement("UPDATE {card} SET pin_hash = :pin_hash WHERE number = :number AND status = 'active'")

ADD_SPOKEN: Final = Statement(
    "INSERT INTO {spoken_code} (digest, purpose, subject, nonce, expires_at) VALUES (:digest, :purpose, :subject, :nonce, :expires_at)"
)
SPOKEN: Final = Statement(
    "SELECT digest, subject, nonce, expires_at, used_at FROM {spoken_code} WHERE digest = :digest AND purpose = :purpose"
)
SPOKEN_BY_NONCE: Final = Statement(
    "SELECT digest, subject, nonce, expires_at, used_at FROM {spoken_code} WHERE nonce = :nonce AND purpose = :purpose"
)
HAS_SESSION: Final = Statement("SELECT 1 FROM {sign_in} WHERE person = :person AND revoked_at IS NULL AND expires_at > :now LIMIT 1")
USE_SPOKEN: Final = Statement("UPDATE {spoken_code} SET used_at = :now WHERE digest = :digest AND used_at IS NULL")


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in session as its row says, with the grants in force now. Whether it still counts is the reader's to say."""

    grantee: str
    person: str
    device: str
    kind: str
    created_at: datetime
    seen_at: datetime
    idle: timedelta
    expires_at: datetime
    is_revoked: bool
    login: str
    is_disabled: bool
    grants: tuple[Grant, ...]


@dataclass(frozen=True, slots=True)
class Login:
    id: str
    login: str
    person: str
    password_hash: str
    otp_secret: bytes
    otp_last_step: int
    is_disabled: bool


@dataclass(frozen=True, slots=True)
class DatedGrant:
    """A grant with its id and dates; `until_at` None is until further notice."""

    id: str
    role: str
    scope: str
    from_at: datetime
    until_at: datetime | None
    deputy_for: str = ""


def session(unit: Unit, digest: bytes, now: datetime) -> SignedIn | None:
    """The session of a token's digest with its login and grants, in one query; None when there is no such token."""
    rows = unit.rows(WHO, digest=digest, now=micros(now))
    if not rows:
        return None
    grantee, person, device, kind, created_at, seen_at, idle_s, expires_at, revoked_at, login, disabled_at, _role, _scope = rows[0]
    return SignedIn(
        grantee=grantee,
        person=person,
        device=device,
        kind=kind,
        created_at=instant(created_at),
        seen_at=instant(seen_at),
        idle=timedelta(seconds=idle_s),
        expires_at=instant(expires_at),
        is_revoked=revoked_at is not None,
        login=login or "",
        is_disabled=disabled_at is not None,
        grants=tuple(Grant(row[-2], row[-1]) for row in rows if row[-2] is not None),
    )


def open_session(
    unit: Unit, digest: bytes, *, kind: str, grantee: str, person: str, device: str, now: datetime, idle_s: int, expires_at: datetime
) -> None:
    """Keep a new session by its token's digest, and forget those that ended more than a day ago."""
    unit.change(FORGET_SESSIONS, before=micros(now - timedelta(days=1)))
    unit.change(
        OPEN_SESSION,
        digest=digest,
        kind=kind,
        grantee=grantee,
        person=person,
        device=device,
        now=micros(now),
        idle_s=idle_s,
        expires_at=micros(expires_at),
    )


def login_by_name(unit: Unit, name: str) -> Login | None:
    return _login(unit.row(LOGIN_BY_NAME, login=name))


def login_by_id(unit: Unit, id: str) -> Login | None:
    return _login(unit.row(LOGIN_BY_ID, id=id))


def logins(unit: Unit, after: str = "", most: int = 50) -> list[Login]:
    """Logins by name, for the list of accounts, from behind `after`."""
    return [found for row in unit.rows(LOGINS, after=after, most=most) if (found := _login(row)) is not None]


def grants(unit: Unit, grantee: str, now: datetime) -> list[DatedGrant]:
    """The grants of a login (U…) or person (V…) in force now."""
    return [
        DatedGrant(id, role, scope, instant(from_at), None if until_at is None else instant(until_at), deputy_for)
        for id, role, scope, from_at, until_at, deputy_for in unit.rows(GRANTS, grantee=grantee, now=micros(now))
    ]


def failures(unit: Unit, subject: bytes, kind: str, now: datetime, window: timedelta) -> tuple[int, int]:
    """(failures in the current window, seconds until it ends). A window that ends later than one can is of a clock that was wrong."""
    row = unit.row(FAILURES, subject=subject, kind=kind)
    if row is None or not now < instant(row[1]) <= now + window:
        return 0, 0
    return row[0], -(-(row[1] - micros(now)) // 1_000_000)


def count_failure(unit: Unit, subject: bytes, kind: str, now: datetime, window: timedelta) -> None:
    """Add one failure to a subject; a window begins with its first failure."""
    unit.change(COUNT_FAILURE, subject=subject, kind=kind, now=micros(now), ends=micros(now + window))


def _login(row: Row | None) -> Login | None:
    if row is None:
        return None
    id, login, person, password_hash, otp_secret, otp_last_step, disabled_at = row
    return Login(id, login, person, password_hash, bytes(otp_secret), otp_last_step, disabled_at is not None)
