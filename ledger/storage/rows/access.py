"""Logins, dated grants, sign-in sessions, counters of failures, and passes that were used."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class LoginRow(SQLModel, table=True):
    """A login of staff, or of a volunteer who wants a password. `person` is the holder behind it."""

    __tablename__ = "login"
    __table_args__ = (UniqueConstraint("login"), Index("ix_login_person", "person"))
    id: str = primary()
    login: str = key()
    person: str = key()
    password_hash: str = text()
    otp_secret: bytes = Field(default=b"", sa_type=LargeBinary)
    otp_last_step: int = integer()
    disabled_at: int | None = integer(None)
    created_at: int = integer()


class GrantRow(SQLModel, table=True):
    __tablename__ = "role_grant"
    __table_args__ = (
        Index("ix_role_grant_grantee", "grantee"),
        CheckConstraint("role IN ('volunteer','keeper','organiser','officer','auditor','admin')", name="role"),
    )
    id: str = primary()
    grantee: str = key()
    role: str = key()
    scope: str = key()
    from_at: int = integer()
    until_at: int | None = integer(None)
    deputy_for: str = key()


class SignInRow(SQLModel, table=True):
    """A sign-in session on the server, found by the digest of its token, revoked at once."""

    __tablename__ = "sign_in"
    __table_args__ = (Index("ix_sign_in_grantee", "grantee"), Index("ix_sign_in_expires_at", "expires_at"))
    token_digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    kind: str = key("web")
    grantee: str = key()
    person: str = key()
    device: str = key()
    created_at: int = integer()
    seen_at: int = integer()
    idle_s: int = integer()
    expires_at: int = integer()
    revoked_at: int | None = integer(None)


class FailureRow(SQLModel, table=True):
    """Failures per keyed subject (an account, an address, a card's PIN) in the current window."""

    __tablename__ = "failure"
    subject: bytes = Field(primary_key=True, sa_type=LargeBinary)
    kind: str = primary()
    failures: int = integer()
    window_ends_at: int = integer(index=True)


class SpokenCodeRow(SQLModel, table=True):
    """A code that can be said aloud, by keyed hash. `nonce` ties it to the pass shown above it."""

    __tablename__ = "spoken_code"
    __table_args__ = (Index("ix_spoken_code_expires_at", "expires_at"),)
    digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    purpose: str = key()
    subject: str = key()
    nonce: str = key()
    expires_at: int = integer()
    used_at: int | None = integer(None)


class PassUseRow(SQLModel, table=True):
    """A single-use pass that was used: the primary key is what makes a second use impossible."""

    __tablename__ = "pass_use"
    __table_args__ = (Index("ix_pass_use_used_at", "used_at"),)
    nonce: str = primary()
    purpose: str = key()
    subject: str = key()
    used_at: int = integer()
    station: str = key()
    by: str = key()
    act: str = key()


class DeviceRow(SQLModel, table=True):
    __tablename__ = "device"
    id: str = primary()
    station: str = key()
    name: str = text()
    enrolled_at: int = integer()
    revoked_at: int | None = integer(None)
