"""The journal: acts, postings, accounts, notes; the trail over them; request keys."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class BookRow(SQLModel, table=True):
    """One row: what the genesis act fixed. Kept beside it so that start-up needs no scan."""

    __tablename__ = "book"
    slug: str = primary()
    genesis: str = key()
    decimals: int = integer()
    hash: str = key()
    zone: str = key()
    currency: str = key()
    created_at: int = integer()


class ActRow(SQLModel, table=True):
    """Append-only. Columns are Act's header in canonical order, then facts."""

    __tablename__ = "act"
    __table_args__ = (
        UniqueConstraint("reverses"),
        UniqueConstraint("resolves"),
        CheckConstraint("recorded_at > 0 AND occurred_at > 0", name="times"),
        CheckConstraint("kind <> '' AND actor <> ''", name="named"),
        Index("ix_act_subject_recorded_at", "subject", "recorded_at"),
        Index("ix_act_cycle_kind", "cycle", "kind"),
        Index("ix_act_kind_recorded_at", "kind", "recorded_at"),
        Index("ix_act_batch", "batch"),
    )
    id: str = primary()
    kind: str = key()
    occurred_at: int = integer()
    recorded_at: int = integer(index=True)
    actor: str = key()
    cycle: str = key()
    second_actor: str = key()
    subject: str = key()
    on_behalf_of: str = key()
    collected_by: str = key()
    rule: str = key()
    rule_version: int = integer()
    clause: str = text()
    evidence: str = key()
    evidence_level: int = integer(-1)
    station: str = key()
    session: str = key()
    desk: str = key()
    device: str = key()
    trace: str = key()
    batch: str = key()
    request: str = key()
    reverses: str | None = key(None, foreign_key="act.id")
    resolves: str | None = key(None, foreign_key="act.id")
    note_digest: str = key()
    facts: str = text("{}")


class AccountRow(SQLModel, table=True):
    """The path is the identity. `balance` is null for families that many people touch at once."""

    __tablename__ = "account"
    __table_args__ = (
        UniqueConstraint("path", "commodity"),
        CheckConstraint("floor IS NULL OR balance >= floor", name="floor"),
    )
    path: str = primary()
    commodity: str = key()
    floor: int | None = integer(None)
    balance: int | None = integer(None)
    expires_at: int | None = integer(None, index=True)


class PostingRow(SQLModel, table=True):
    __tablename__ = "posting"
    __table_args__ = (
        ForeignKeyConstraint(["account", "commodity"], ["account.path", "account.commodity"]),
        CheckConstraint("amount <> 0", name="amount"),
        Index("ix_posting_account_act", "account", "act"),
    )
    act: str = primary(foreign_key="act.id")
    line: int = integer(primary_key=True)
    account: str = key()
    commodity: str = key()
    amount: int = integer()


class NoteRow(SQLModel, table=True):
    """Free text that names people: sealed, outside the hash, erasable. The act keeps only the salted digest."""

    __tablename__ = "note"
    act: str = primary(foreign_key="act.id")
    salt: str = key()
    body: bytes = Field(sa_type=LargeBinary)


class UnsealedRow(SQLModel, table=True):
    __tablename__ = "unsealed"
    act: str = primary(foreign_key="act.id")


class LeafRow(SQLModel, table=True):
    """Leaf indexes are dense from 0, in the order of sealing."""

    __tablename__ = "leaf"
    __table_args__ = (UniqueConstraint("act"), CheckConstraint("leaf_index >= 0", name="dense"))
    leaf_index: int = integer(primary_key=True)
    act: str = key(foreign_key="act.id")
    hash: bytes = Field(sa_type=LargeBinary)


class NodeRow(SQLModel, table=True):
    """Complete subtrees of the Merkle tree: level 1 joins two leaves. Node (level, index) covers 2^level leaves."""

    __tablename__ = "node"
    level: int = integer(primary_key=True)
    node_index: int = integer(primary_key=True)
    hash: bytes = Field(sa_type=LargeBinary)


class HeadRow(SQLModel, table=True):
    """Signed tree heads, one per sealing that added leaves."""

    __tablename__ = "head"
    size: int = integer(primary_key=True)
    root: str = key()
    signed_at: str = key()
    signature: str = key()
    public_key: str = key()
    key_id: str = key()
    algorithm: str = key()


class RequestKeyRow(SQLModel, table=True):
    """A request key, scoped by actor (and book), with the facts of its answer; kept as long as the effect."""

    __tablename__ = "request_key"
    actor: str = primary()
    request: str = primary()
    body_digest: str = key()
    answer: str = text()
    recorded_at: int = integer()


class CounterRow(SQLModel, table=True):
    """Numbers given out to holders, cards, receipts, batches: the next one of each kind."""

    __tablename__ = "counter"
    kind: str = primary()
    next: int = integer()
