"""Quarters, the runs of their steps, the scheduler's lease, notices and objections."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class CycleRow(SQLModel, table=True):
    __tablename__ = "cycle"
    __table_args__ = (
        CheckConstraint("state IN ('draft','earning','frozen','noticed','redeeming','reconciling','sealed')", name="state"),
        CheckConstraint("cutoff_at <= notice_from AND notice_from < notice_ends_at", name="dates"),
    )
    name: str = primary()
    state: str = key()
    starts_on: str = key()
    ends_on: str = key()
    cutoff_at: int = integer()
    notice_from: int = integer()
    notice_days: int = integer()
    notice_ends_at: int = integer()
    redeem_until: int = integer()
    settle_until: int = integer()
    noticed_at: int | None = integer(None)
    carry_over: str = key()


class JobRunRow(SQLModel, table=True):
    """A step of a cycle that was done: the primary key is what makes it happen once."""

    __tablename__ = "job_run"
    job: str = primary()
    cycle: str = primary()
    started_at: int = integer()
    finished_at: int | None = integer(None)
    outcome: str = text()
    act: str = key()


class LeaseRow(SQLModel, table=True):
    """Who may run the scheduler now, and until when."""

    __tablename__ = "job_lease"
    name: str = primary()
    owner: str = key()
    until_at: int = integer()


class NoticeLineRow(SQLModel, table=True):
    """One line of a public notice: an earning, by line number. Names are masked when the page is drawn."""

    __tablename__ = "notice_line"
    __table_args__ = (
        Index("ix_notice_line_earned_act", "earned_act", unique=True),
        Index("ix_notice_line_pool", "cycle", "pool", "line"),
        Index("ix_notice_line_state", "cycle", "state"),
        CheckConstraint("state IN ('noticed','reviewing','settled','voided')", name="state"),
    )
    cycle: str = primary()
    line: int = integer(primary_key=True)
    pool: str = key()
    earned_act: str = key()
    holder: str = key()
    points: int = integer()
    minutes: int = integer()
    state: str = key("noticed")


class ObjectionRow(SQLModel, table=True):
    """Anyone may object. The objector is sealed and hidden from the line's owner."""

    __tablename__ = "objection"
    __table_args__ = (
        Index("ix_objection_line", "cycle", "line"),
        Index("ix_objection_state", "state"),
        CheckConstraint("state IN ('open','upheld','refused')", name="state"),
    )
    tracking: str = primary()
    cycle: str = key()
    line: int = integer()
    state: str = key("open")
    reason: bytes = Field(default=b"", sa_type=LargeBinary)
    contact: bytes = Field(default=b"", sa_type=LargeBinary)
    filed_at: int = integer()
    answer_by: int = integer()
    decided_at: int | None = integer(None)
    decided_by: str = key()
    answer: bytes = Field(default=b"", sa_type=LargeBinary)
