"""Units of work when the machine is against them: refusals, bugs, lost connections, unknown commits, full disks, locked files."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import Any

import pytest
from sqlalchemy import event, text

from ledger.domain import errors
from ledger.storage import database, goods, unit_of_work
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import GuardFailed, Unit
from tests.cast import District, open_book
from tests.storage.test_races import at_once

PUT = Statement("INSERT INTO {counter} (kind, next) VALUES (:kind, 1)")
GET = Statement("SELECT next FROM {counter} WHERE kind = :kind")
ADD = Statement("UPDATE {counter} SET next = next + 1 WHERE kind = :kind")
KINDS = Statement("SELECT kind FROM {counter} WHERE kind LIKE 'unit %' ORDER BY kind")


def kinds(district: District) -> list[str]:
    return [row[0] for row in district.book.read(lambda unit: unit.rows(KINDS))]


def test_a_unit_that_is_refused_leaves_nothing(district: District) -> None:
    def work(unit: Unit) -> None:
        unit.change(PUT, kind="unit a")
        raise errors.NotFound("nothing")

    with pytest.raises(errors.NotFound):
        district.book.run(work)
    assert kinds(district) == []


def test_a_bug_stays_a_bug_and_leaves_nothing(district: District) -> None:
    def work(unit: Unit) -> None:
        unit.change(PUT, kind="unit a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        district.book.run(work)
    assert kinds(district) == []
    district.book.run(lambda unit: unit.change(PUT, kind="unit b"))
    with pytest.raises(Exception, match="(?i)unique"):
        district.book.run(lambda unit: unit.change(PUT, kind="unit b"))
    assert kinds(district) == ["unit b"]


def test_units_at_once_lose_no_update(district: District) -> None:
    district.book.run(lambda unit: unit.change(PUT, kind="unit a"))
    assert at_once([lambda: {"n": district.book.run(lambda unit: unit.change(ADD, kind="unit a"))} for _ in range(40)]) == [{"n": 1}] * 40
    assert district.book.read(lambda unit: unit.value(GET, kind="unit a")) == 41


def test_a_rehearsal_answers_shows_its_acts_and_leaves_nothing(district: District) -> None:
    district.to_redeeming()
    before = district.balance()
    from ledger.domain.redemption import Item
    from ledger.usecases.reserve_goods import reserve_goods

    request = district.request("reserve", district.as_volunteer(), dry=True)
    shown = reserve_goods(district.book, request, holder="V000001", station="DY001", items=[Item("SP-01", 1)])
    assert [act["kind"] for act in shown["would_write"]] == ["session_opened", "hold_placed"]
    assert district.balance() == before


def test_a_guard_that_fails_runs_the_unit_again_and_gives_up_in_the_end(district: District) -> None:
    tries: list[int] = []

    def third_time(unit: Unit) -> str:
        unit.change(PUT, kind="unit a")
        tries.append(1)
        if len(tries) < 3:
            raise GuardFailed("wallet/x")
        return "done"

    assert district.book.run(third_time) == "done"
    assert (len(tries), kinds(district)) == (3, ["unit a"])

    def never(unit: Unit) -> None:
        unit.change(PUT, kind="unit b")
        raise GuardFailed("wallet/x")

    with pytest.raises(errors.Unavailable) as refusal:
        district.book.run(never)
    assert refusal.value.facts["reason"] == "contention"
    assert kinds(district) == ["unit a"]


# -- a commit whose outcome nobody knows -----------------------------------------------------------------------------


def test_a_commit_that_was_answered_by_an_error_is_found_under_its_key(district: District) -> None:
    """The commit happened, its answer got lost. PostgreSQL asks again by itself; on SQLite the caller does, with the same key."""
    district.to_redeeming()
    code, lost = district.code(), _lose_answers(district, 1)
    try:
        done = district.walk_up("SP-03", shown=code, key="unknown")
    except errors.Unavailable:
        done = district.walk_up("SP-03", shown=code, key="unknown")
    assert lost == [1]
    assert done["points"] == 8
    assert district.balance().spendable == 103
    assert district.walk_up("SP-03", shown=code, key="unknown") == done


def _lose_answers(district: District, times: int) -> list[int]:
    """Let the next commits happen and then fail as a broken connection would."""
    lost: list[int] = []
    engine = district.book.engine
    dialect_commit = engine.dialect.do_commit

    def commit_and_fail(connection: Any) -> None:
        dialect_commit(connection)
        if len(lost) < times:
            lost.append(1)
            raise database.sqlite_module().OperationalError("disk I/O error")

    engine.dialect.do_commit = commit_and_fail  # type: ignore[method-assign]
    return lost


# -- SQLite: what one process and its neighbours do to each other ----------------------------------------------------


def test_one_refusal_in_a_shared_commit_spoils_no_other(sqlite_district: District) -> None:
    def work(n: int) -> Any:
        def unit_of(unit: Unit) -> dict[str, int]:
            unit.change(PUT, kind=f"unit {n:02d}")
            if n % 3 == 0:
                raise errors.NotFound("nothing")
            return {"n": n}

        return lambda: sqlite_district.book.run(unit_of)

    answers = at_once([work(n) for n in range(30)])
    assert sorted(a["n"] for a in answers if isinstance(a, dict)) == [n for n in range(30) if n % 3]
    assert kinds(sqlite_district) == [f"unit {n:02d}" for n in range(30) if n % 3]


def test_many_waiting_units_share_one_commit(sqlite_district: District) -> None:
    commits: list[int] = []
    event.listen(sqlite_district.book.engine, "commit", lambda _connection: commits.append(1))
    started = threading.Event()

    def slow(unit: Unit) -> dict[str, int]:
        started.set()
        time.sleep(0.2)
        return {"n": unit.change(PUT, kind="unit slow")}

    leader = threading.Thread(target=lambda: sqlite_district.book.run(slow))
    leader.start()
    started.wait()
    at_once([lambda n=n: {"n": sqlite_district.book.run(lambda unit: unit.change(PUT, kind=f"unit {n}"))} for n in range(20)])
    leader.join()
    assert len(kinds(sqlite_district)) == 21
    assert len(commits) <= 4


def test_a_refusal_that_is_still_being_told_does_not_hold_the_book_in_the_past(sqlite_district: District) -> None:
    """Its statement stands half read in a traceback; another process writes; the next unit must see that and go on."""
    other = open_book(sqlite_district.book.settings)
    kept: list[BaseException] = []

    def refused(unit: Unit) -> None:
        unit.row(Statement("SELECT path FROM {account}"))
        raise errors.NotFound("nothing")

    def two_at_once() -> None:
        for answer in at_once([lambda: sqlite_district.book.run(refused), lambda: {"n": sqlite_district.book.run(_nothing)}] * 4):
            if isinstance(answer, BaseException):
                kept.append(answer)

    try:
        two_at_once()
        other.run(lambda unit: unit.change(PUT, kind="unit elsewhere"))
        sqlite_district.book.run(lambda unit: unit.change(PUT, kind="unit here"))
    finally:
        other.close()
    assert len(kept) == 4
    assert kinds(sqlite_district) == ["unit elsewhere", "unit here"]


def _nothing(_unit: Unit) -> int:
    return 0


def test_a_locked_file_is_waited_for_and_then_said_to_be_unavailable(sqlite_district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "BUSY_TIMEOUT_MS", 300)
    book = open_book(sqlite_district.book.settings)
    file = database.sqlite_file(book.settings)
    locker = """if True:
        import sys
        from pysqlite3 import dbapi2
        connection = dbapi2.connect(sys.argv[1], isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        print("locked", flush=True)
        sys.stdin.readline()
    """
    with subprocess.Popen([sys.executable, "-c", locker, str(file)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None and process.stdin is not None
        process.stdout.readline()
        try:
            with pytest.raises(errors.Unavailable):
                book.run(lambda unit: unit.change(PUT, kind="unit a"))
            with pytest.raises(errors.Unavailable):
                book.rehearse(lambda unit: unit.change(PUT, kind="unit a"))
            assert book.read(lambda unit: unit.value(GET, kind="unit a")) is None  # reading goes on
        finally:
            process.stdin.write("\n")
            process.stdin.flush()
    book.run(lambda unit: unit.change(PUT, kind="unit a"))
    assert kinds(sqlite_district) == ["unit a"]
    book.close()


def test_a_full_disk_is_unavailable_and_loses_nothing_that_was_answered(sqlite_district: District) -> None:
    """max_page_count stands in for the disk: the engine raises the same SQLITE_FULL."""
    book = sqlite_district.book
    book.run(lambda unit: unit.change(PUT, kind="unit before"))
    pages = book.run(lambda unit: unit._cursor.execute("PRAGMA page_count").fetchone()[0])
    book.run(lambda unit: unit._cursor.execute(f"PRAGMA max_page_count={pages + 2}").fetchone()[0])
    answered = 0
    with pytest.raises(errors.Unavailable):
        for n in range(2000):
            book.run(lambda unit, n=n: unit.change(PUT, kind=f"unit {n:05d} {'x' * 500}"))
            answered += 1
    assert len(kinds(sqlite_district)) == answered + 1
    book.run(lambda unit: unit.change(PUT, kind="unit after"))  # a new connection, and room again
    assert len(kinds(sqlite_district)) == answered + 2


# -- PostgreSQL ------------------------------------------------------------------------------------------------------


@pytest.fixture
def pg_district(district: District) -> District:
    return district


on_postgresql = pytest.mark.parametrize(
    "engine", [pytest.param("postgresql", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")])], indirect=True
)


@on_postgresql
def test_a_deadlock_is_run_again_until_both_are_through(pg_district: District) -> None:
    for kind in ("unit a", "unit b"):
        pg_district.book.run(lambda unit, kind=kind: unit.change(PUT, kind=kind))
    tries: list[str] = []
    meet = threading.Barrier(2, timeout=5)

    def both(first: str, second: str) -> Any:
        def work(unit: Unit) -> dict[str, str]:
            tries.append(first)
            unit.change(ADD, kind=first)
            if tries.count(first) == 1:
                meet.wait()
            unit.change(ADD, kind=second)
            return {"done": first}

        return lambda: pg_district.book.run(work)

    answers = at_once([both("unit a", "unit b"), both("unit b", "unit a")])
    assert sorted(a["done"] for a in answers) == ["unit a", "unit b"]
    assert len(tries) == 3
    assert [pg_district.book.read(lambda unit, k=k: unit.value(GET, kind=k)) for k in ("unit a", "unit b")] == [3, 3]


@on_postgresql
def test_lost_connections_leave_the_pool_and_nobody_hears_of_them(pg_district: District) -> None:
    """A server that restarted: every idle connection is dead. Units run again; reads do too."""
    book = pg_district.book
    at_once([lambda: {"n": book.read(lambda unit: unit.value(Statement("SELECT pg_sleep(0.2)")) or 1)} for _ in range(12)])
    for ask in (
        lambda: book.run(lambda unit: unit.change(PUT, kind="unit a")),
        lambda: book.read(lambda unit: unit.value(GET, kind="unit a")),
        lambda: book.rehearse(lambda unit: unit.change(PUT, kind="unit b"))[0],
    ):
        _terminate_all(pg_district)
        assert ask() == 1
    assert kinds(pg_district) == ["unit a"]


def _terminate_all(district: District) -> None:
    """End every session of the application, as a restart would."""
    engine = database.make_engine(district.book.settings, owner=True, pool_size=1)
    with engine.connect() as connection:
        connection.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ledger' AND pid <> pg_backend_pid()")
        )
    engine.dispose()
    time.sleep(0.1)


@on_postgresql
def test_a_connection_lost_in_the_middle_runs_the_unit_again(pg_district: District) -> None:
    tries: list[int] = []

    def work(unit: Unit) -> str:
        unit.change(PUT, kind="unit a")
        tries.append(unit.value(Statement("SELECT pg_backend_pid()")))
        if len(tries) == 1:
            engine = database.make_engine(pg_district.book.settings, owner=True, pool_size=1)
            with engine.connect() as connection:
                connection.execute(text(f"SELECT pg_terminate_backend({tries[0]})"))
            engine.dispose()
        unit.value(Statement("SELECT 1"))
        return "done"

    assert pg_district.book.run(work) == "done"
    assert (len(tries), kinds(pg_district)) == (2, ["unit a"])


@on_postgresql
def test_a_row_that_stays_locked_is_in_flight_and_not_an_error(pg_district: District, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "PG_OPTIONS", database.PG_OPTIONS.replace("lock_timeout=10000", "lock_timeout=200"))
    book = open_book(pg_district.book.settings)
    pg_district.book.run(lambda unit: unit.change(PUT, kind="unit a"))
    held, go = threading.Event(), threading.Event()

    def hold(unit: Unit) -> None:
        unit.change(ADD, kind="unit a")
        held.set()
        go.wait(10)

    thread = threading.Thread(target=lambda: pg_district.book.run(hold))
    thread.start()
    held.wait()
    try:
        with pytest.raises(errors.RequestInFlight):
            book.run(lambda unit: unit.change(ADD, kind="unit a"))
        with pytest.raises(errors.RequestInFlight):
            book.rehearse(lambda unit: unit.change(ADD, kind="unit a"))
    finally:
        go.set()
        thread.join()
        book.close()
    assert pg_district.book.read(lambda unit: unit.value(GET, kind="unit a")) == 2


@on_postgresql
def test_two_that_make_the_same_row_are_told_as_if_one_had_come_later(pg_district: District) -> None:
    """A unique key met at commit is not a fault of ours: the unit runs again and sees the other's row."""
    meet = threading.Barrier(2, timeout=5)
    first = threading.local()

    def work(unit: Unit) -> dict[str, str]:
        if unit.value(GET, kind="unit a") is not None:
            return {"saw": "the other"}
        if not getattr(first, "met", False):
            first.met = True
            meet.wait()
        unit.change(PUT, kind="unit a")
        return {"saw": "nobody"}

    answers = at_once([lambda: pg_district.book.run(work)] * 2)
    assert sorted(a["saw"] for a in answers) == ["nobody", "the other"]


@on_postgresql
def test_looking_somebody_up_waits_for_nobody(pg_district: District) -> None:
    """Reading takes no locks: a balance is shown while its holder is being served."""
    from ledger.storage import people
    from ledger.usecases.find_person import find_holder

    held, go = threading.Event(), threading.Event()

    def serve(unit: Unit) -> None:
        people.lock(unit, "V000001")
        held.set()
        go.wait(10)

    thread = threading.Thread(target=lambda: pg_district.book.run(serve))
    thread.start()
    held.wait()
    begun = time.monotonic()
    try:
        assert pg_district.book.read(lambda unit: find_holder(unit, "V000001"), snapshot=True) == "V000001"
        assert pg_district.book.read(lambda unit: goods.balance(unit, "wallet/V000001/2022Q2.dongyuan")) == 100
    finally:
        waited = time.monotonic() - begun
        go.set()
        thread.join()
    assert waited < 2


def test_an_unreachable_database_is_unavailable(sqlite_district: District) -> None:
    from dataclasses import replace

    settings = replace(sqlite_district.book.settings, database_url="postgresql+psycopg://nobody@127.0.0.1:1/none")
    book = open_book(settings)
    for ask in (lambda: book.run(_nothing), lambda: book.read(_nothing), lambda: book.rehearse(_nothing)):
        with pytest.raises(errors.Unavailable):
            ask()
    book.close()
    missing = replace(sqlite_district.book.settings, folder=sqlite_district.folder / "nowhere")
    with pytest.raises(errors.Unavailable) as refusal:
        unit_of_work.Book(missing, sqlite_district.book.keyring, sqlite_district.book.ids)
    assert refusal.value.facts["reason"] == "not_initialised"
