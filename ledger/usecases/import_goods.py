"""Import goods with prices and limits, and the opening stock of each station as receipt lots with their cost."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ledger.domain import account
from ledger.domain.account import CNY
from ledger.domain.act import micros
from ledger.domain.entry import Posting, move
from ledger.domain.errors import InvalidInput
from ledger.paperwork import GoodsRow, Line, StockRow, digest_of, read_goods
from ledger.storage import batches, counters, people
from ledger.storage.rows.goods import GoodRow, ReceiptLotRow
from ledger.storage.unit_of_work import Book
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.request import Answer, Request

OPENING_SOURCE = "opening"


def import_goods(
    book: Book, request: Request, path: Path, *, as_of: str = "", strict: bool = False, progress: Progress | None = None
) -> Answer:
    """Import 兑换物资: goods keyed by code, stock by station, code and `as_of`. Control: stock (pieces), cost_fen."""
    reading = read_goods(path)
    total = reading.goods.read + reading.stock.read

    def fill(batch: Batch) -> None:
        batch.read = total
        costs: dict[str, int] = dict(batch.unit.rows(batches.GOODS))
        batch.unit.insert_many(GoodRow, _goods(batch, reading.goods.lines, costs, total))
        batch.unit.insert_many(ReceiptLotRow, _stock(batch, reading.stock.lines, costs, as_of, total))

    return run_import(book, request, kind="goods", file_digest=digest_of(path), as_of=as_of, strict=strict, fill=fill, progress=progress)


def _goods(batch: Batch, lines: list[Line[GoodsRow]], costs: dict[str, int], total: int) -> list[dict[str, Any]]:
    known, stored = batch.known("goods"), []
    for line in lines:
        batch.tell(total)
        row = line.row
        bad = line.first(*([] if account.can_name_goods(row.sku) or not row.sku else [line.problem("sku", "unknown_goods")]))
        price = 0
        if not bad:
            try:
                price = batch.book.settings.scale.steps(row.price_points)
            except InvalidInput:
                bad = line.problem("price_points", "bad_number")
            if not bad and price <= 0:
                bad = line.problem("price_points", "bad_number")
        if bad:
            batch.reject(line, bad)
            continue
        value = text_of((row.sku, row.name, row.unit, price, row.unit_cost_fen, row.category, row.limit_per_cycle))
        sorted_row = sort_line(batch, line, known, "goods", row.sku, value, key_field="sku")
        if sorted_row is None:
            continue
        facts = {
            "name": row.name, "unit": row.unit, "category": row.category, "price_points": price, "cost_fen": row.unit_cost_fen,
            "limit_per_cycle": row.limit_per_cycle,
        }  # fmt: skip
        stored.append({"sku": row.sku, **facts, "status": "open", "batch": batch.id})
        costs[row.sku] = row.unit_cost_fen
        batch.act("good_priced", subject=row.sku, facts=facts)
        batch.accept("goods", *sorted_row, row.sku)
    batch.unit.change(people.FORGET_UNDONE_GOODS, codes=[str(s["sku"]) for s in stored])
    return stored


def _stock(batch: Batch, lines: list[Line[StockRow]], costs: dict[str, int], as_of: str, total: int) -> list[dict[str, Any]]:
    known, sound = batch.known("stock"), []
    stations = {row[0] for row in batch.unit.rows(batches.STATIONS)}
    for line in lines:
        batch.tell(total)
        row, mine = line.row, []
        if row.station not in stations:
            mine.append(line.problem("station", "unknown_station"))
        if row.sku not in costs:
            mine.append(line.problem("sku", "unknown_goods"))
        bad = line.first(*mine)
        if bad:
            batch.reject(line, bad)
            continue
        key = text_of((row.station, row.sku, as_of))
        sorted_row = sort_line(batch, line, known, "stock", key, text_of((key, row.quantity)), key_field="sku")
        if sorted_row is not None:
            sound.append((row, sorted_row))
    if not sound:
        return []
    serials = counters.take(batch.unit, "receipt", len(sound))
    stored = []
    for (row, digests), serial in zip(sound, serials, strict=True):
        receipt = f"R{serial:07d}"
        batch.accept("stock", *digests, receipt)
        if row.quantity:
            stored.append(_receive(batch, row, receipt, costs[row.sku]))
    return stored


def _receive(batch: Batch, row: StockRow, receipt: str, unit_cost_fen: int) -> dict[str, Any]:
    legs: list[Posting] = [*move(account.opening(batch.id, row.sku), account.shelf(row.station, receipt, row.sku), row.quantity)]
    if unit_cost_fen:
        legs += move(account.opening(batch.id, CNY), account.worth(row.station, receipt), row.quantity * unit_cost_fen)
    facts = {"receipt": receipt, "source": OPENING_SOURCE, "unit_cost_fen": unit_cost_fen, "quantity": row.quantity}
    act = batch.act("stock_received", subject=row.sku, station=row.station, evidence=receipt, facts=facts, postings=tuple(legs))
    batch.add("stock", row.quantity)
    batch.add("cost_fen", row.quantity * unit_cost_fen)
    return {
        "id": receipt, "station": row.station, "sku": row.sku, "source": OPENING_SOURCE, "invoice": "", "unit_cost_fen": unit_cost_fen,
        "quantity": row.quantity, "received_at": micros(batch.request.now), "act": act.id, "batch": batch.id,
    }  # fmt: skip
