"""A book filled for measuring: many holders with points, one station with deep shelves, a quarter that is redeeming."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ledger import config
from ledger.domain import account
from ledger.domain.act import Act, micros
from ledger.domain.entry import Posting, move
from ledger.domain.ids import IdSource
from ledger.domain.people import Actor, Grant
from ledger.domain.redemption import Item
from ledger.keyring import Keyring
from ledger.storage import counters, journal, migrating
from ledger.storage.rows.goods import GoodRow, ReceiptLotRow, StationRow
from ledger.storage.rows.people import CardRow, HolderRow
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.advance_cycle import tick
from ledger.usecases.found_book import found_book
from ledger.usecases.hand_over_goods import hand_over_at_once
from ledger.usecases.identify import signer
from ledger.usecases.request import Answer, Request

NOW = datetime(2022, 10, 12, 1, tzinfo=UTC)
OPENED = datetime(2022, 9, 1, tzinfo=UTC)
STATION, SKU, PRICE = "YZ001", "SP-0001", 2
PLENTY = 5_000_000
KEEPER = Actor("U000001", grants=(Grant("keeper", STATION),))


@contextmanager
def filled(url: str = "", *, holders: int = 200) -> Iterator[Book]:
    """A fresh book (SQLite in a temporary folder, or the PostgreSQL at `url`) with `holders` people who have plenty."""
    with tempfile.TemporaryDirectory(prefix="ledger-bench-") as home:
        settings = config.load({"LEDGER_HOME": home, "LEDGER_CONFIG": str(Path(home) / "none.toml"), "LEDGER_DATABASE_URL": url}).book()
        Keyring.create(settings.keys_folder, book=settings.slug)
        migrating.upgrade(settings)
        book = Book(settings, Keyring.load(settings.keys_folder), IdSource(), pool_size=16)
        try:
            _fill(book, holders)
            yield book
        finally:
            book.close()
            if url:
                _drop(book)


def _fill(book: Book, holders: int) -> None:
    opened = Request(actor=Actor("console:bench"), now=OPENED, name="bench")
    found_book(book, opened)
    book.run(lambda unit: _people_and_goods(unit, opened, holders))
    for moment in (OPENED, datetime(2022, 10, 3, 17, tzinfo=UTC), datetime(2022, 10, 10, 17, tzinfo=UTC)):
        tick(book, Request(actor=Actor("console:bench"), now=moment, name="tick", trace="bench"))


def _people_and_goods(unit: Unit, request: Request, holders: int) -> None:
    at = micros(request.now)
    ids = [f"V{n:06d}" for n in counters.take(unit, "person", holders)]
    unit.insert_many(HolderRow, [_holder(id, at) for id in ids])
    serials = counters.take(unit, "card", holders)
    cards = [
        {"number": counters.card_number(n), "holder": id, "status": "active", "pin_hash": "", "issued_at": at}
        for n, id in zip(serials, ids, strict=True)
    ]
    unit.insert_many(CardRow, cards)
    station = {"code": STATION, "name": "东苑站", "area": "", "address": "", "hours": "", "longitude": "", "latitude": "", "contact": b""}
    unit.insert_many(StationRow, [{**station, "status": "open", "opened_at": at, "batch": ""}])
    good = {"name": "大米", "unit": "袋", "category": "物资", "price_points": PRICE, "cost_fen": 100, "limit_per_cycle": None}
    unit.insert_many(GoodRow, [{"sku": SKU, **good, "status": "open", "batch": ""}])
    lot = {"id": "R0000001", "station": STATION, "sku": SKU, "source": "opening", "invoice": "", "unit_cost_fen": 100, "quantity": PLENTY}
    unit.insert_many(ReceiptLotRow, [{**lot, "received_at": at, "act": "", "batch": ""}])
    legs: list[Posting] = [*move(account.opening("B1", SKU), account.shelf(STATION, "R0000001", SKU), PLENTY)]
    legs += move(account.opening("B1", account.CNY), account.worth(STATION, "R0000001"), 100 * PLENTY)
    acts = [request.act(unit.book, "stock_received", subject=SKU, station=STATION, postings=tuple(legs))]
    for id in ids:
        legs = [*move(account.opening("B1"), account.wallet(id, "2022Q2.dongyuan"), PLENTY)]
        acts.append(request.act(unit.book, "points_opened", subject=id, postings=tuple(legs)))
    journal.post(unit, acts)


def _holder(id: str, at: int) -> dict[str, Any]:
    return {
        "id": id, "kind": "person", "status": "active", "name": b"", "name_lookup": id.encode(), "gender": "", "area": "",
        "pool": "dongyuan",
        "political_class": "", "identity_lookup": None, "identity_tail": "", "extra_large": False, "joined_at": at, "batch": "",
    }  # fmt: skip


def _drop(book: Book) -> None:
    from sqlalchemy import create_engine, text

    engine = create_engine(book.settings.database_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP SCHEMA IF EXISTS "book_{book.slug}" CASCADE'))
    engine.dispose()


def redeem(book: Book, code: str, key: str, *, now: datetime = NOW) -> Answer:
    """One walk-up through the real use case."""
    body = {"volunteer_pass": code, "items": [{"sku": SKU, "quantity": 1}]}
    request = Request(actor=KEEPER, now=now, name="hand_over", key=key, body=body, trace="bench")
    return hand_over_at_once(book, request, station=STATION, items=[Item(SKU, 1)], shown=code)


def code_of(book: Book, holder: str, nonce: bytes, *, now: datetime = NOW) -> str:
    return signer(book).volunteer_code(holder, now, nonce)


def grow(book: Book, entries: int) -> None:
    """Add settled history by plain bulk inserts: `entries` hand-overs spread over other holders, so that only tables grow."""
    for start in range(0, entries, 20_000):
        count = min(20_000, entries - start)
        book.run(lambda unit, start=start, count=count: _history(unit, start, count))


def _history(unit: Unit, start: int, count: int) -> None:
    acts, postings = [], []
    for n in range(start, start + count):
        at = OPENED - timedelta(days=200) + timedelta(seconds=n)
        holder = f"V{900_000 + n % 20_000:06d}"
        wallet, spent = f"wallet/{holder}/2021Q4.dongyuan", f"redeemed/2021Q4.{STATION}/dongyuan"
        act = Act(
            id=unit.book.ids.new(at), kind="handed_over", occurred_at=at, recorded_at=at, actor="U000009", subject=holder, cycle="2021Q4"
        )
        acts.append(journal.act_row(act))
        amount = 2 if n % 2 else -2
        postings += [
            {"act": act.id, "line": 0, "account": wallet, "commodity": "PTS", "amount": amount},
            {"act": act.id, "line": 1, "account": spent, "commodity": "PTS", "amount": -amount},
        ]
    for path in sorted({p["account"] for p in postings}):
        floor, delta = (0, 0) if path.startswith("wallet/") else (None, None)
        unit.change(journal.OPEN_ACCOUNT, path=path, commodity="PTS", floor=floor, delta=delta, expires_at=None)
    unit.change_many(journal.INSERT_ACT, acts)
    unit.change_many(journal.INSERT_POSTING, postings)
