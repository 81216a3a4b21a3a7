"""Column types and the naming convention that every table shares."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, MetaData, String, Text
from sqlmodel import Field, SQLModel

METADATA: MetaData = SQLModel.metadata
METADATA.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

KEY = String().with_variant(String(collation="C"), "postgresql")
"""Ids, paths and codes: compared byte by byte on both engines, so that ranges over a path prefix work."""


def key(default: str | None = "", **more: Any) -> Any:
    """An id or code column; empty text means "does not apply" unless `default` is None (nullable)."""
    return Field(default=default, sa_type=KEY, nullable=default is None, **more)


def primary(**more: Any) -> Any:
    return Field(primary_key=True, sa_type=KEY, **more)


def integer(default: int | None = 0, **more: Any) -> Any:
    """A BIGINT: points in smallest steps, minutes, pieces, fen, or microseconds since 1970."""
    return Field(default=default, sa_type=BigInteger, nullable=default is None, **more)


def text(default: str | None = "", **more: Any) -> Any:
    return Field(default=default, sa_type=Text, nullable=default is None, **more)
