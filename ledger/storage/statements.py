"""Read models for screens and reports: balances, statements, totals of a cycle, receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ledger.domain import account
from ledger.domain.account import lot_of
from ledger.domain.act import instant, micros
from ledger.storage import goods
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

AS_OF: Final = Statement(
    "SELECT p.account, SUM(p.amount) FROM {posting} p JOIN {act} a ON a.id = p.act WHERE p.account >= :low AND p.account < :high"
    " AND a.recorded_at <= :at GROUP BY p.account"
)
HELD_AS_OF: Final = Statement(
    "SELECT COALESCE(SUM(h.points), 0) FROM {hold} h WHERE h.holder = :holder AND h.placed_at <= :at"
    " AND (h.resolved_at IS NULL OR h.resolved_at > :at)"
)
EXPIRIES: Final = Statement("SELECT path, expires_at FROM {account} WHERE path >= :low AND path < :high")
LINES: Final = Statement(
    "SELECT a.id, a.recorded_at, a.occurred_at, a.kind, a.rule, a.rule_version, a.clause, a.evidence, a.station, a.facts, a.actor,"
    " COALESCE((SELECT SUM(p.amount) FROM {posting} p WHERE p.act = a.id AND p.account >= :wallet_low AND p.account < :wallet_high), 0),"
    " COALESCE((SELECT SUM(p.amount) FROM {posting} p WHERE p.act = a.id AND p.account >= :pending_low AND p.account < :pending_high), 0),"
    " a.cycle, a.reverses, a.resolves"
    " FROM {act} a WHERE a.subject = :holder AND a.recorded_at >= :since AND a.recorded_at < :until"
    " AND (a.recorded_at, a.id) > (:after_at, :after_id) AND EXISTS (SELECT 1 FROM {posting} p WHERE p.act = a.id)"
    " ORDER BY a.recorded_at, a.id LIMIT :most"
)
BEFORE: Final = Statement(
    "SELECT COALESCE(SUM(p.amount), 0) FROM {posting} p JOIN {act} a ON a.id = p.act WHERE p.account >= :low AND p.account < :high"
    " AND a.recorded_at < :since"
)
CYCLE_EARNED: Final = Statement(
    "SELECT COALESCE(-SUM(p.amount), 0) FROM {act} a JOIN {posting} p ON p.act = a.id WHERE a.cycle = :cycle"
    " AND a.kind IN ('service_earned','reversed','points_voided') AND p.account >= 'issued/' AND p.account < 'issued0'"
    " AND p.commodity = 'PTS'"
)
CYCLE_OPENED: Final = Statement(
    "SELECT COALESCE(-SUM(p.amount), 0) FROM {act} a JOIN {posting} p ON p.act = a.id WHERE a.cycle = :cycle"
    " AND a.kind IN ('points_opened','reversed') AND p.account >= 'opening/' AND p.account < 'opening0' AND p.commodity = 'PTS'"
)
CYCLE_LOTS: Final = Statement("SELECT SUM(balance) FROM {account} WHERE path >= :low AND path < :high AND balance > 0 AND path LIKE :lots")
CYCLE_REDEEMED: Final = Statement("SELECT COALESCE(SUM(points), 0) FROM {redemption} WHERE cycle = :cycle AND reversed_by = ''")
CYCLE_HELD: Final = Statement("SELECT COALESCE(SUM(points), 0) FROM {hold} WHERE cycle = :cycle AND state = 'held'")
CYCLE_LAPSED: Final = Statement(
    "SELECT COALESCE(SUM(p.amount), 0) FROM {act} a JOIN {posting} p ON p.act = a.id WHERE a.cycle = :cycle AND a.kind = 'points_lapsed'"
    " AND p.account >= 'lapsed/' AND p.account < 'lapsed0'"
)


@dataclass(frozen=True, slots=True)
class LotLeft:
    cycle: str
    pool: str
    remaining: int
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Balance:
    """One holder's points in smallest steps, minutes, and lots with points left, earliest expiry first."""

    holder: str
    spendable: int
    pending: int
    held: int
    debt: int
    honour_minutes: int
    lots: tuple[LotLeft, ...]


def balance(unit: Unit, holder: str, now: datetime) -> Balance:
    """From cached balances: the same few rows at one thousand and at ten million entries. Lapsed lots do not count."""
    lots = [lot for lot in goods.lots(unit, "wallet", holder) if lot.expires_at is None or lot.expires_at > now]
    pending = sum(lot.remaining for lot in goods.lots(unit, "pending", holder))
    left = tuple(LotLeft(lot.cycle, lot.pool, lot.remaining, lot.expires_at) for lot in sorted(lots, key=_by_expiry))
    return Balance(
        holder,
        sum(lot.remaining for lot in lots),
        pending,
        goods.held_points(unit, holder),
        max(0, -goods.balance(unit, account.debt(holder).path)),
        goods.balance(unit, account.honour(holder).path),
        left,
    )


def _by_expiry(lot: Any) -> tuple[bool, datetime, str]:
    return (lot.expires_at is None, lot.expires_at or instant(0), lot.name)


def balance_as_of(unit: Unit, holder: str, at: datetime) -> Balance:
    """From postings recorded by then (DESIGN: as-of means recorded by then)."""
    sums: dict[str, int] = {}
    for family in ("wallet", "pending"):
        low = f"{family}/{holder}/"
        sums |= {path: int(total) for path, total in unit.rows(AS_OF, low=low, high=low[:-1] + "0", at=micros(at))}
    for path in (account.debt(holder).path, account.honour(holder).path):
        rows = unit.rows(AS_OF, low=path, high=path + "!", at=micros(at))
        sums |= {p: int(total) for p, total in rows}
    low = f"wallet/{holder}/"
    expiries: dict[str, Any] = dict(unit.rows(EXPIRIES, low=low, high=low[:-1] + "0"))
    lots = []
    for path, total in sums.items():
        expires_at = None if expiries.get(path) is None else instant(expiries[path])
        if path.startswith(low) and total > 0 and (expires_at is None or expires_at > at):
            cycle, _, pool = lot_of(path).partition(".")
            lots.append(LotLeft(cycle, pool, total, expires_at))
    lots.sort(key=lambda lot: (lot.expires_at is None, lot.expires_at or at, lot.cycle, lot.pool))
    return Balance(
        holder,
        sum(lot.remaining for lot in lots),
        sum(total for path, total in sums.items() if path.startswith("pending/")),
        int(unit.value(HELD_AS_OF, holder=holder, at=micros(at))),
        max(0, -sums.get(account.debt(holder).path, 0)),
        sums.get(account.honour(holder).path, 0),
        tuple(lots),
    )


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One act of a holder: what it did to the spendable wallet (amount) and to pending points, and the wallet after it."""

    entry: str
    at: datetime
    occurred_at: datetime
    kind: str
    rule: str
    rule_version: int
    clause: str
    evidence: str
    station: str
    facts: str
    actor: str
    amount: int
    pending: int
    balance: int
    cycle: str
    reverses: str
    resolves: str


def lines(
    unit: Unit,
    holder: str,
    *,
    since: datetime,
    until: datetime,
    after: tuple[int, str] = (0, ""),
    most: int = 1000,
    before: int | None = None,
) -> list[StatementLine]:
    """Acts with postings about a holder in [since, until), oldest first, with the running wallet balance.

    before: the wallet's balance before the first line, when the caller already knows it (paging).
    """
    low, pending = f"wallet/{holder}/", f"pending/{holder}/"
    running = before
    if running is None:
        running = int(unit.value(BEFORE, low=low, high=low[:-1] + "0", since=micros(since)))
    found = []
    for row in unit.rows(
        LINES, holder=holder, since=micros(since), until=micros(until), after_at=after[0], after_id=after[1], most=most,
        wallet_low=low, wallet_high=low[:-1] + "0", pending_low=pending, pending_high=pending[:-1] + "0",
    ):  # fmt: skip
        running += int(row[11])
        found.append(
            StatementLine(
                row[0], instant(row[1]), instant(row[2]), row[3], row[4], row[5], row[6], row[7], row[8], row[9], row[10],
                int(row[11]), int(row[12]), running, row[13], row[14] or "", row[15] or "",
            )
        )  # fmt: skip
    return found


def cycle_totals(unit: Unit, name: str) -> dict[str, int]:
    """Sums over one cycle in smallest steps: earned (issued and opening), pending, spendable, held, redeemed, lapsed."""
    return {
        "earned": int(unit.value(CYCLE_EARNED, cycle=name)) + int(unit.value(CYCLE_OPENED, cycle=name)),
        "pending": int(unit.value(CYCLE_LOTS, low="pending/", high="pending0", lots=f"pending/%/{name}.%") or 0),
        "spendable": int(unit.value(CYCLE_LOTS, low="wallet/", high="wallet0", lots=f"wallet/%/{name}.%") or 0),
        "held": int(unit.value(CYCLE_HELD, cycle=name)),
        "redeemed": int(unit.value(CYCLE_REDEEMED, cycle=name)),
        "lapsed": int(unit.value(CYCLE_LAPSED, cycle=name)),
    }
