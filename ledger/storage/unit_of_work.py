"""run(work): commits, retries, shares a commit, or leaves no trace; hands out the unit through which work reads and writes.

Work is a function of a Unit. Storage may run it again (deadlock, serialization, a guard that another writer moved,
an unknown commit), so it must do nothing but read, decide and write through the unit. On SQLite several waiting units,
each in a savepoint, share one commit; an answer leaves only after that commit.
"""

from __future__ import annotations

import random
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from sqlalchemy import Engine as SqlEngine
from sqlalchemy import Executable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from ledger.config import BookSettings
from ledger.domain.act import Act
from ledger.domain.errors import RequestInFlight, Unavailable
from ledger.domain.ids import IdSource
from ledger.keyring import Keyring
from ledger.storage import database
from ledger.storage.sql import Compiler, Statement

T = TypeVar("T")
Row = tuple[Any, ...]

ATTEMPTS_MAX: Final = 6
SHARED_COMMIT_MAX: Final = 32
RETRIED_STATES: Final = frozenset({"40001", "40P01"})
UNIQUE_STATE: Final = "23505"
MET_MAX: Final = 2
"""How often a unit that met another's row in a unique key is run again, to be told as if it had come later; then it is a bug."""
LOCK_STATES: Final = frozenset({"55P03"})
OUR_MISTAKES: Final = frozenset({"IntegrityError", "ProgrammingError", "DataError", "NotSupportedError"})


class GuardFailed(Exception):
    """A guarded balance update found less than was read: another writer came first. The unit is run again."""

    def __init__(self, account: str) -> None:
        super().__init__(account)
        self.account = account


class Unit:
    """One atomic unit: statements on one connection, and the acts it posted (for a dry run's report)."""

    def __init__(self, book: Book, connection: Any) -> None:
        self.book = book
        self.connection = connection
        self._driver = connection.connection.driver_connection
        self._cursor = self._driver.cursor()
        self._compiler = book.compiler
        self.posted: list[Act] = []
        self._has_streamed = False

    @property
    def is_sqlite(self) -> bool:
        return self._compiler.engine == "sqlite"

    @property
    def was_told(self) -> bool:
        """Whether the database has answered anything in this unit (PostgreSQL only)."""
        return self._has_streamed or self._cursor.statusmessage is not None

    def close(self) -> None:
        self._cursor.close()

    def rows(self, statement: Statement, /, **values: Any) -> list[Row]:
        self._cursor.execute(self._compiler.text(statement), self._compiler.parameters(statement, values))
        return self._cursor.fetchall()  # type: ignore[no-any-return]

    def row(self, statement: Statement, /, **values: Any) -> Row | None:
        self._cursor.execute(self._compiler.text(statement), self._compiler.parameters(statement, values))
        return self._cursor.fetchone()  # type: ignore[no-any-return]

    def value(self, statement: Statement, /, **values: Any) -> Any:
        """First column of the first row, or None."""
        row = self.row(statement, **values)
        return None if row is None else row[0]

    def change(self, statement: Statement, /, **values: Any) -> int:
        """Run a writing statement; the number of rows it changed decides, never an earlier read."""
        self._cursor.execute(self._compiler.text(statement), self._compiler.parameters(statement, values))
        return self._cursor.rowcount  # type: ignore[no-any-return]

    def change_many(self, statement: Statement, values: Sequence[Mapping[str, Any]]) -> None:
        if len(values) == 1:
            self._cursor.execute(self._compiler.text(statement), values[0])
        elif values:
            self._cursor.executemany(self._compiler.text(statement), values)

    def stream(self, statement: Statement, /, batch: int = 2000, **values: Any) -> Iterable[Row]:
        """Rows one after another without holding them all (a server-side cursor on PostgreSQL)."""
        self._has_streamed = True
        cursor = self._driver.cursor() if self.is_sqlite else self._driver.cursor(name="stream")
        if not self.is_sqlite:
            cursor.itersize = batch
        cursor.execute(self._compiler.text(statement), self._compiler.parameters(statement, values))
        cursor.arraysize = batch
        while chunk := cursor.fetchmany(batch):
            yield from chunk
        cursor.close()

    def select(self, statement: Executable) -> Sequence[Any]:
        """Core or ORM-select statements for screens, on the same connection."""
        self._has_streamed = True
        return self.connection.execute(statement).all()  # type: ignore[no-any-return]

    def insert_many(self, table: type[Any], values: Sequence[Mapping[str, Any]]) -> None:
        """Bulk insert by Core; missing columns take their declared defaults. For imports, not for the hot path."""
        if values:
            self.connection.execute(table.__table__.insert(), list(values))


class Book:
    """One district's storage: settings, keys, ids, and the way to run units of work on it."""

    def __init__(self, settings: BookSettings, keyring: Keyring, ids: IdSource, *, pool_size: int = 8) -> None:
        database.check_reachable(settings)
        self.settings = settings
        self.keyring = keyring
        self.ids = ids
        self.engine: SqlEngine = database.make_engine(settings, pool_size=pool_size)
        engine = "postgresql" if database.is_postgresql(settings) else "sqlite"
        self.compiler = Compiler(engine, database.schema_of(settings))  # type: ignore[arg-type]
        self._writer = _SharedCommits(self) if engine == "sqlite" else None

    @property
    def slug(self) -> str:
        return self.settings.slug

    @property
    def is_sqlite(self) -> bool:
        return self._writer is not None

    def run(self, work: Callable[[Unit], T]) -> T:
        """Run work and commit. Raises the refusal work raised (nothing is left), or Unavailable."""
        return self._writer.run(work) if self._writer is not None else _run_alone(self, work)

    def rehearse(self, work: Callable[[Unit], T]) -> tuple[T, list[Act]]:
        """Run work, roll back, and return its answer with the acts it would have written."""
        return _look(self, lambda unit: (work(unit), unit.posted), immediate=True)

    def read(self, work: Callable[[Unit], T], *, snapshot: bool = False) -> T:
        """Run work that only reads. `snapshot` sees one moment of the whole book on both engines."""
        return _look(self, work, snapshot=snapshot)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()


class _Job(Generic[T]):
    __slots__ = ("answer", "done", "error", "work")

    def __init__(self, work: Callable[[Unit], T]) -> None:
        self.work = work
        self.done = False
        self.answer: T | None = None
        self.error: BaseException | None = None


class _SharedCommits:
    """SQLite's one writer per process: whoever gets the turn runs all waiting units and commits them once."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._turn = threading.Lock()
        self._queue = threading.Lock()
        self._waiting: deque[_Job[Any]] = deque()
        self._connection: Any = None

    def run(self, work: Callable[[Unit], T]) -> T:
        """Wait for a turn, at most the busy time-out; a unit that was not begun by then is withdrawn and refused."""
        job = _Job(work)
        with self._queue:
            self._waiting.append(job)
        if not self._turn.acquire(timeout=database.BUSY_TIMEOUT_MS / 1000):
            if self._withdraw(job):
                raise Unavailable("busy")
            self._turn.acquire()
        try:
            while not job.done:
                self._lead()
        finally:
            self._turn.release()
        if job.error is not None:
            raise job.error
        return job.answer  # type: ignore[return-value]

    def _withdraw(self, job: _Job[Any]) -> bool:
        """Take a waiting job back; False when a leader has begun it."""
        with self._queue:
            if job in self._waiting:
                self._waiting.remove(job)
                return True
            return False

    def _take(self) -> list[_Job[Any]]:
        with self._queue:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), SHARED_COMMIT_MAX))]

    def close(self) -> None:
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _lead(self) -> None:
        jobs = self._take()
        try:
            if self._connection is None:
                self._connection = self._book.engine.connect()
            _begin(self._book, self._connection, immediate=True)
            for job in jobs:
                self._run_one(job, alone=len(jobs) == 1)
            self._commit(jobs)
        except BaseException as error:
            self._fail(jobs, error)
            if not isinstance(error, Exception):
                raise
        finally:
            for job in jobs:
                job.done = True

    def _run_one(self, job: _Job[Any], *, alone: bool) -> None:
        driver = self._connection.connection.driver_connection
        for attempt in range(ATTEMPTS_MAX):
            if not alone:
                driver.execute("SAVEPOINT unit")
            try:
                job.answer = self._answer(job)
            except Exception as error:
                if not driver.in_transaction:
                    raise  # the engine rolled everything back by itself (disk full, I/O error)
                self._undo(driver, alone=alone)
                if isinstance(error, GuardFailed) and attempt < ATTEMPTS_MAX - 1:
                    continue
                job.error = _told(error)
                return
            if not alone:
                driver.execute("RELEASE unit")
            return

    def _answer(self, job: _Job[T]) -> T:
        """What the work answers. A statement left half read would keep this connection in the past after its commit."""
        unit = Unit(self._book, self._connection)
        try:
            return job.work(unit)
        finally:
            unit.close()

    def _undo(self, driver: Any, *, alone: bool) -> None:
        if alone:
            driver.execute("ROLLBACK")
            driver.execute("BEGIN IMMEDIATE")
        else:
            driver.execute("ROLLBACK TO unit")
            driver.execute("RELEASE unit")

    def _commit(self, jobs: Sequence[_Job[Any]]) -> None:
        if all(job.error is not None for job in jobs):
            self._connection.rollback()
        else:
            self._connection.commit()

    def _fail(self, jobs: Sequence[_Job[Any]], error: BaseException) -> None:
        """The engine gave up (locked, full, unreadable): nothing of this commit was kept, everybody is told."""
        for job in jobs:
            job.error, job.answer = _told(error), None
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _run_alone(book: Book, work: Callable[[Unit], T]) -> T:
    """PostgreSQL: one connection and one commit per unit; the server groups commits by itself."""
    last: BaseException | None = None
    for attempt in range(ATTEMPTS_MAX):
        try:
            with _connected(book) as connection:
                _begin(book, connection, immediate=True)
                try:
                    answer = work(Unit(book, connection))
                    connection.commit()
                except BaseException as error:
                    _give_up(book, connection, error)
                    raise
                return answer
        except GuardFailed as error:
            last = error
        except _DATABASE_ERRORS as error:
            last = error
            state = database.sqlstate_of(error)
            if state in LOCK_STATES:
                raise RequestInFlight() from error
            met = state == UNIQUE_STATE and attempt < MET_MAX
            if not (met or state in RETRIED_STATES or _connection_was_lost(error)):
                raise _told(error) from error
        time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 (jitter)
    raise Unavailable("contention") from last


def _look(book: Book, work: Callable[[Unit], T], *, immediate: bool = False, snapshot: bool = False) -> T:
    """Run work and roll back. Begun again when a guard moved, or when the connection was dead before it had told anything:
    later than that the work may have shown what it read."""
    last: BaseException | None = None
    for _attempt in range(ATTEMPTS_MAX):
        unit: Unit | None = None
        try:
            with _connected(book) as connection:
                try:
                    if snapshot and not book.is_sqlite:
                        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                    _begin(book, connection, immediate=immediate)
                    unit = Unit(book, connection)
                    answer = work(unit)
                    connection.rollback()
                except BaseException as error:
                    _give_up(book, connection, error)
                    raise
                return answer
        except GuardFailed as error:
            last = error
        except _DATABASE_ERRORS as error:
            last = error
            if book.is_sqlite or not _connection_was_lost(error) or (unit is not None and unit.was_told):
                raise _told(error) from error
    raise Unavailable("contention") from last


def _give_up(book: Book, connection: Any, error: BaseException) -> None:
    """Roll back; a lost connection is thrown away, and so are those that idle: a server that restarted took them all."""
    if isinstance(error, _DATABASE_ERRORS) and not book.is_sqlite and _connection_was_lost(error):
        connection.invalidate()
        book.engine.dispose()
    else:
        connection.rollback()


def _connected(book: Book) -> Any:
    try:
        return book.engine.connect()
    except _DATABASE_ERRORS as error:
        raise _told(error) from error


def _begin(book: Book, connection: Any, *, immediate: bool) -> None:
    if book.compiler.engine == "sqlite":
        connection.connection.driver_connection.execute("BEGIN IMMEDIATE" if immediate else "BEGIN")
    connection.begin() if not connection.in_transaction() else None


def _driver_errors() -> tuple[type[BaseException], ...]:
    import psycopg

    return (DBAPIError, PoolTimeout, psycopg.Error, database.sqlite_module().Error)


_DATABASE_ERRORS: Final = _driver_errors()


def _connection_was_lost(error: BaseException) -> bool:
    """Class 08, shutdowns, or no SQLSTATE at all: the outcome is unknown, so the unit is run again under its key."""
    state = database.sqlstate_of(error)
    if state:
        return state.startswith(("08", "57P", "XX000"))
    return type(error).__name__ not in OUR_MISTAKES


def _told(error: BaseException) -> BaseException:
    """What the caller hears: a refusal or a bug as it is; a driver's word that it cannot now as Unavailable.

    Constraint violations and wrong SQL are bugs and stay what they are.
    """
    if isinstance(error, GuardFailed):
        return Unavailable("contention")
    if not isinstance(error, _DATABASE_ERRORS) or type(error).__name__ in OUR_MISTAKES:
        return error
    state = database.sqlstate_of(error)
    if state in LOCK_STATES:
        return RequestInFlight()
    return error if state.startswith(("22", "23", "42")) else Unavailable("database")
