"""Stations, goods, receipts, sessions, desks, holds and redemptions."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlmodel import Field, SQLModel

from ledger.storage.rows.columns import integer, key, primary, text


class StationRow(SQLModel, table=True):
    __tablename__ = "station"
    __table_args__ = (Index("ix_station_area", "area"),)
    code: str = primary()
    name: str = text()
    area: str = key()
    address: str = text()
    hours: str = text()
    longitude: str = key()
    latitude: str = key()
    contact: bytes = Field(default=b"", sa_type=LargeBinary)
    status: str = key("open")
    opened_at: int = integer()
    batch: str = key()


class GoodRow(SQLModel, table=True):
    """A good, service or voucher with its present price (moved by acts), unit cost and limit."""

    __tablename__ = "good"
    __table_args__ = (CheckConstraint("price_points > 0", name="price"), CheckConstraint("limit_per_cycle > 0", name="limit"))
    sku: str = primary()
    name: str = text()
    unit: str = text()
    category: str = key()
    price_points: int = integer()
    cost_fen: int = integer()
    limit_per_cycle: int | None = integer(None)
    status: str = key("open")
    batch: str = key()


class ReceiptLotRow(SQLModel, table=True):
    """Goods that came in together: source of funding, invoice, unit cost. The shelf account carries what is left."""

    __tablename__ = "receipt_lot"
    __table_args__ = (Index("ix_receipt_lot_station_sku", "station", "sku"), CheckConstraint("quantity > 0", name="quantity"))
    id: str = primary()
    station: str = key()
    sku: str = key()
    source: str = key()
    invoice: str = text()
    unit_cost_fen: int = integer()
    quantity: int = integer()
    received_at: int = integer()
    act: str = key()
    batch: str = key()


class SessionRow(SQLModel, table=True):
    """场次: a station in a cycle. `<cycle>.<station>` is the standing one."""

    __tablename__ = "session"
    __table_args__ = (Index("ix_session_station", "station"),)
    id: str = primary()
    station: str = key()
    cycle: str = key()
    kind: str = key("standing")
    name: str = text()
    opens_at: int = integer()
    closes_at: int = integer()


class DeskRow(SQLModel, table=True):
    __tablename__ = "desk"
    __table_args__ = (Index("ix_desk_session", "session"),)
    id: str = primary()
    session: str = key(foreign_key="session.id")
    station: str = key()
    opened_at: int = integer()
    opened_by: str = key()
    closed_at: int | None = integer(None)


class HoldRow(SQLModel, table=True):
    """Points and goods reserved. The hold's act is its id; `resolved_by` is the act that settled, voided or expired it."""

    __tablename__ = "hold"
    __table_args__ = (
        Index("ix_hold_holder_state", "holder", "state"),
        Index("ix_hold_state_expires_at", "state", "expires_at"),
        CheckConstraint("state IN ('held','settled','voided','expired')", name="state"),
    )
    id: str = primary()
    holder: str = key()
    station: str = key()
    session: str = key()
    cycle: str = key()
    points: int = integer()
    state: str = key("held")
    placed_at: int = integer()
    expires_at: int = integer()
    resolved_by: str = key()
    resolved_at: int | None = integer(None)


class HoldLineRow(SQLModel, table=True):
    __tablename__ = "hold_line"
    hold: str = primary(foreign_key="hold.id")
    sku: str = primary()
    quantity: int = integer()
    price_points: int = integer()


class RedemptionRow(SQLModel, table=True):
    """A hand-over. Its id is its entry's id; the receipt is what the QR on the slip names."""

    __tablename__ = "redemption"
    __table_args__ = (
        Index("ix_redemption_holder_at", "holder", "at"),
        Index("ix_redemption_station_at", "station", "at"),
        Index("ix_redemption_receipt", "receipt", unique=True),
    )
    id: str = primary(foreign_key="act.id")
    receipt: str = key()
    hold: str = key()
    holder: str = key()
    station: str = key()
    session: str = key()
    desk: str = key()
    keeper: str = key()
    cycle: str = key()
    points: int = integer()
    at: int = integer()
    reversed_by: str = key()


class RedemptionLineRow(SQLModel, table=True):
    __tablename__ = "redemption_line"
    redemption: str = primary(foreign_key="redemption.id")
    sku: str = primary()
    quantity: int = integer()
    price_points: int = integer()


class AllowanceRow(SQLModel, table=True):
    """Pieces one person took or holds of one good in one cycle: moved by guarded updates against the limit."""

    __tablename__ = "allowance"
    __table_args__ = (CheckConstraint("taken >= 0", name="taken"),)
    holder: str = primary()
    cycle: str = primary()
    sku: str = primary()
    taken: int = integer()
