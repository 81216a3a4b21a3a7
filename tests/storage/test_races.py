"""Races with real connections: as many succeed as can be paid, never one more. With the guards off the same race fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import text

from ledger.domain import errors
from ledger.storage import goods, journal, people, unit_of_work
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book
from tests.cast import District, open_book

RACERS = 12


@pytest.fixture
def two_processes(district: District) -> Iterator[list[District]]:
    """The same book opened twice, as two web workers would: two writers that do not know each other."""
    district.to_redeeming()
    other = open_book(district.book.settings)
    yield [district, District(other, district.folder, now=district.now)]
    other.close()


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run all calls in the same moment; each gives its answer or the exception it raised."""
    gate, answers = threading.Barrier(len(calls)), []

    def run(call: Callable[[], Any]) -> None:
        gate.wait()
        try:
            answers.append(call())
        except Exception as error:
            answers.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def won(answers: list[Any], refusal: type[Exception]) -> int:
    strange = [a for a in answers if not isinstance(a, dict | refusal)]
    assert not strange, strange
    return sum(isinstance(a, dict) for a in answers)


def test_the_last_points_are_spent_once(two_processes: list[District]) -> None:
    calls = [lambda d=two_processes[n % 2]: d.hold("SP-01") for n in range(RACERS)]
    assert won(at_once(calls), errors.NotEnoughPoints) == 3
    assert two_processes[0].balance().spendable == 21


def test_the_last_pieces_go_to_as_many_as_there_are(two_processes: list[District]) -> None:
    for d in two_processes:
        d.station = "XY001"
    who = ["V000001", "V000002"]
    calls = [lambda d=two_processes[n % 2], p=who[n % 2]: d.hold("SP-03", 1, p) for n in range(RACERS)]
    assert won(at_once(calls), errors.OutOfStock) == 5


def test_the_limit_is_not_passed_by_asking_at_once(two_processes: list[District]) -> None:
    calls = [lambda d=two_processes[n % 2]: d.hold("SP-02") for n in range(RACERS)]
    assert won(at_once(calls), errors.LimitReached) == 2


def test_one_code_at_once_is_one_redemption(two_processes: list[District]) -> None:
    code = two_processes[0].code()
    calls = [lambda d=two_processes[n % 2]: d.walk_up("SP-03", shown=code) for n in range(RACERS)]
    assert won(at_once(calls), errors.PassAlreadyUsed) == 1


def test_one_key_at_once_is_one_answer(two_processes: list[District]) -> None:
    code = two_processes[0].code()
    answers = at_once([lambda d=two_processes[n % 2]: d.walk_up("SP-03", shown=code, key="same") for n in range(RACERS)])
    assert all(isinstance(a, dict) for a in answers), answers
    assert len({a["redemption"] for a in answers}) == 1
    assert two_processes[0].balance().spendable == 103


def test_a_hold_is_collected_or_called_off_never_both(two_processes: list[District]) -> None:
    hold = two_processes[0].hold("SP-03")["hold"]
    one, two = two_processes
    answers = at_once([lambda: one.collect(hold), lambda: two.void(hold), lambda: two.collect(hold), lambda: one.void(hold)] * 2)
    collected = sum(isinstance(a, dict) and "redemption" in a for a in answers)
    voided = any(isinstance(a, dict) and a.get("state") == "voided" for a in answers)
    assert collected + voided == 1
    assert one.balance().spendable == (103 if collected else 111)


# -- positive controls: the same races with the protection taken away must go wrong ---------------------------------


def test_control_without_lock_and_guard_points_are_spent_twice(two_processes: list[District], monkeypatch: pytest.MonkeyPatch) -> None:
    book = two_processes[0].book
    _take_protection_away(book, monkeypatch)
    calls = [lambda d=two_processes[n % 2], n=n: d.hold("SP-01", key=f"control {n}") for n in range(RACERS)]
    answers = at_once(calls)
    assert sum(isinstance(a, dict) for a in answers) > 3, answers
    two_processes[0].check_clean = lambda: None  # type: ignore[method-assign]  # this book is broken on purpose


def _take_protection_away(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    """Check, then write: no write lock, no holder lock, no guard, no CHECK, and a pause between reading and writing."""
    unguarded = Statement("UPDATE {account} SET balance = balance + :delta WHERE path = :path")
    monkeypatch.setattr(journal, "DEBIT", unguarded)
    monkeypatch.setattr(people, "LOCK", Statement("SELECT status, pool FROM {holder} WHERE id = :id"))
    real_lots = goods.lots

    def slow_lots(*args: Any) -> Any:
        found = real_lots(*args)
        time.sleep(0.05)
        return found

    monkeypatch.setattr(goods, "lots", slow_lots)
    if book.compiler.engine == "sqlite":
        monkeypatch.setattr(unit_of_work, "_begin", _begin_without_transaction)
        monkeypatch.setattr(unit_of_work._SharedCommits, "run", lambda self, work: unit_of_work._run_alone(self._book, work))
        return
    with book.engine.connect() as connection:
        schema = f"book_{book.slug}"
        source = str(
            connection.execute(
                text(f"SELECT prosrc FROM pg_proc WHERE proname = 'post_acts' AND pronamespace = '{schema}'::regnamespace")
            ).scalar()
        )
        weak = source.replace("AND (a.floor IS NULL OR a.balance + b.delta >= a.floor)", "")
        assert weak != source
        connection.execute(text(f'ALTER TABLE "{schema}".account DROP CONSTRAINT ck_account_floor'))
        connection.connection.driver_connection.execute(
            f'CREATE OR REPLACE FUNCTION "{schema}".post_acts(acts text, postings text, balances text) RETURNS text'
            f' LANGUAGE plpgsql SET search_path = "{schema}", pg_catalog AS $body${weak}$body$'
        )
        connection.commit()


def _begin_without_transaction(book: Book, connection: Any, *, immediate: bool) -> None:
    """Autocommit, as a default engine would read: every statement stands alone."""
    connection.connection.driver_connection.execute("PRAGMA ignore_check_constraints=ON")
    if not connection.in_transaction():
        connection.begin()
