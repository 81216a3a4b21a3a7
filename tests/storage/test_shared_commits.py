"""SQLite's shared commits: everybody gets their own answer, however many wait; a refusal spoils nobody else's unit."""

from __future__ import annotations

import threading
import time

import pytest

from ledger.domain import errors
from ledger.storage import database
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import SHARED_COMMIT_MAX, Unit
from tests.cast import District

PUT = Statement("INSERT INTO {counter} (kind, next) VALUES (:kind, 1)")
COUNT = Statement("SELECT COUNT(*) FROM {counter} WHERE kind LIKE 'shared %'")


def test_more_waiting_units_than_one_commit_takes_are_all_answered(sqlite_district: District) -> None:
    book, started = sqlite_district.book, threading.Event()
    answers: dict[int, object] = {}
    waiters = SHARED_COMMIT_MAX * 2 + 5

    def slow(_unit: Unit) -> None:
        started.set()
        time.sleep(0.3)

    def put(n: int) -> None:
        def work(unit: Unit) -> int:
            if n % 7 == 0:
                raise errors.NotFound("nothing")
            unit.change(PUT, kind=f"shared {n}")
            return n

        try:
            answers[n] = book.run(work)
        except errors.LedgerError as error:
            answers[n] = error.code

    threads = [threading.Thread(target=lambda: book.run(slow))]
    threads[0].start()
    started.wait()
    threads += [threading.Thread(target=put, args=(n,)) for n in range(waiters)]
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {n: "not_found" if n % 7 == 0 else n for n in range(waiters)}
    assert book.read(lambda unit: unit.value(COUNT)) == sum(n % 7 != 0 for n in range(waiters))


def test_a_unit_that_waits_too_long_is_withdrawn_and_refused(sqlite_district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    book, started = sqlite_district.book, threading.Event()
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 50)

    def slow(_unit: Unit) -> None:
        started.set()
        time.sleep(0.4)

    first = threading.Thread(target=lambda: book.run(slow))
    first.start()
    started.wait()
    with pytest.raises(errors.Unavailable):
        book.run(lambda unit: unit.change(PUT, kind="shared too late"))
    first.join()
    assert book.read(lambda unit: unit.value(COUNT)) == 0
