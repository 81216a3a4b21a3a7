"""People, households, teams and the grid they live in. Names and phones are sealed; look-ups are keyed."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary, UniqueConstraint
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class AreaRow(SQLModel, table=True):
    """A place in the grid: town, community, grid, micro_grid, building, unit, door. `path` is its Chinese path."""

    __tablename__ = "area"
    __table_args__ = (
        Index("ix_area_parent", "parent"),
        Index("uq_area_path_current", "path", unique=True, sqlite_where=sql("until_at IS NULL"), postgresql_where=sql("until_at IS NULL")),
    )
    code: str = primary()
    parent: str = key()
    kind: str = key()
    name: str = text()
    path: str = key()
    pool: str = key()
    contact: bytes = Field(default=b"", sa_type=LargeBinary)
    from_at: int = integer()
    until_at: int | None = integer(None)
    batch: str = key()


class HolderRow(SQLModel, table=True):
    """Whoever may hold points: a person (V…), a household (H…) or a team (T…)."""

    __tablename__ = "holder"
    __table_args__ = (
        CheckConstraint("kind IN ('person','household','team')", name="kind"),
        CheckConstraint("status IN ('active','provisional','closed','merged','undone')", name="status"),
        Index("ix_holder_name_lookup", "name_lookup"),
        Index("ix_holder_area", "area"),
        Index("ix_holder_batch", "batch"),
    )
    id: str = primary()
    kind: str = key()
    status: str = key("active")
    name: bytes = Field(default=b"", sa_type=LargeBinary)
    name_lookup: bytes = Field(default=b"", sa_type=LargeBinary)
    gender: str = key()
    area: str = key()
    pool: str = key()
    political_class: str = key()
    identity_lookup: bytes | None = Field(default=None, sa_type=LargeBinary)
    identity_tail: str = key()
    extra_large: bool = False
    joined_at: int = integer()
    batch: str = key()


class PhoneRow(SQLModel, table=True):
    """A person may have no phone, several, or share one: the look-up is indexed, not unique."""

    __tablename__ = "phone"
    __table_args__ = (Index("ix_phone_lookup", "lookup"), Index("ix_phone_tail_lookup", "tail_lookup"))
    holder: str = primary(foreign_key="holder.id")
    lookup: bytes = Field(primary_key=True, sa_type=LargeBinary)
    tail_lookup: bytes = Field(sa_type=LargeBinary)
    sealed: bytes = Field(sa_type=LargeBinary)


class MembershipRow(SQLModel, table=True):
    """A dated link of a holder to an area, team, household or work unit, or a dated mark such as building_head."""

    __tablename__ = "membership"
    __table_args__ = (Index("ix_membership_target", "kind", "target"),)
    holder: str = primary(foreign_key="holder.id")
    kind: str = primary()
    target: str = primary()
    from_at: int = integer(primary_key=True)
    until_at: int | None = integer(None)
    batch: str = key()


class WorkUnitRow(SQLModel, table=True):
    """An employer or host organisation, by name."""

    __tablename__ = "work_unit"
    __table_args__ = (UniqueConstraint("name"),)
    code: str = primary()
    name: str = text()


class CardRow(SQLModel, table=True):
    """A printed or NFC card: an identity pointer. Blank cards have no holder yet."""

    __tablename__ = "card"
    __table_args__ = (Index("ix_card_holder", "holder"), CheckConstraint("status IN ('blank','active','revoked')", name="status"))
    number: str = primary()
    holder: str = key()
    status: str = key("active")
    pin_hash: str = text()
    issued_at: int = integer()
    revoked_at: int | None = integer(None)
