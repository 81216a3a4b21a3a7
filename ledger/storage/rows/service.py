"""Rules, activities, attendances, and the batches that paperwork came in."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy import text as sql
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class RuleRow(SQLModel, table=True):
    """A rule version; published ones never change. `caps` is canonical JSON of steps by cap name."""

    __tablename__ = "rule"
    __table_args__ = (CheckConstraint("clause <> ''", name="clause"), CheckConstraint("points >= 0", name="points"))
    id: str = primary()
    version: int = integer(primary_key=True)
    name: str = text()
    basis: str = key()
    points: int = integer()
    per_mille: int = integer(1000)
    rounding: str = key("down")
    min_evidence: int = integer(1)
    caps: str = text("{}")
    clause: str = text()
    valid_from: int = integer()
    published_at: int | None = integer(None)
    batch: str = key()


class ActivityRow(SQLModel, table=True):
    __tablename__ = "activity"
    __table_args__ = (
        Index("ix_activity_starts_at", "starts_at"),
        Index("ix_activity_area", "area"),
        Index(
            "uq_activity_code_live", "code", unique=True, sqlite_where=sql("status <> 'undone'"), postgresql_where=sql("status <> 'undone'")
        ),
        CheckConstraint("ends_at > starts_at", name="window"),
    )
    id: str = primary()
    code: str = key()
    name: str = text()
    kind: str = key()
    area: str = key()
    pool: str = key()
    place: str = text()
    host: str = text()
    starts_at: int = integer()
    ends_at: int = integer()
    rule: str = key()
    rule_version: int = integer()
    capacity: int | None = integer(None)
    organiser: str = key()
    status: str = key("open")
    batch: str = key()


class AttendanceRow(SQLModel, table=True):
    """One person at one activity. State: in, out, approved, waiting (for an approver), rejected, undone."""

    __tablename__ = "attendance"
    __table_args__ = (
        Index(
            "uq_attendance_once", "activity", "person", unique=True,
            sqlite_where=sql("state <> 'undone'"), postgresql_where=sql("state <> 'undone'"),
        ),
        Index("ix_attendance_person_came_at", "person", "came_at"),
        Index("ix_attendance_state", "state"),
        Index("ix_attendance_cycle", "cycle"),
        Index("ix_attendance_batch", "batch"),
        CheckConstraint("state IN ('in','out','waiting','approved','rejected','undone')", name="state"),
        CheckConstraint("minutes >= 0", name="minutes"),
    )  # fmt: skip
    id: str = primary()
    activity: str = key(foreign_key="activity.id")
    person: str = key(foreign_key="holder.id")
    state: str = key("in")
    came_at: int = integer()
    left_at: int | None = integer(None)
    minutes: int = integer()
    points: int = integer()
    raw_points: int = integer()
    capped_by: str = key()
    cycle: str = key()
    evidence_level: int = integer()
    flags: str = key()
    earned_act: str = key()
    served_act: str = key()
    recorded_by: str = key()
    batch: str = key()


class BatchRow(SQLModel, table=True):
    """One import: whose file (by digest), what came of it, and whether it was undone."""

    __tablename__ = "import_batch"
    id: str = primary()
    kind: str = key()
    file_digest: str = key()
    as_of: str = key()
    actor: str = key()
    recorded_at: int = integer()
    counts: str = text("{}")
    undone_at: int | None = integer(None)


class BatchLineRow(SQLModel, table=True):
    """An accepted row by keyed digests of its natural key and of all its values; live until its batch is undone."""

    __tablename__ = "import_line"
    __table_args__ = (Index("ix_import_line_batch", "batch"),)
    kind: str = primary()
    key_digest: bytes = Field(primary_key=True, sa_type=LargeBinary)
    value_digest: bytes = Field(sa_type=LargeBinary)
    target: str = key()
    batch: str = key()
