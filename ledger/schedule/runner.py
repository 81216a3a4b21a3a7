"""The one process that runs the timetable. Any number may be started: one leads each book, the others are spares.

APScheduler only wakes us up; its store is in memory and nothing is read from it, so nothing can be lost with it. Which
process leads a book is a lease row in that book, renewed every few seconds: a spare takes over when it lapses.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from apscheduler.events import EVENT_SCHEDULER_STARTED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.jobstores.memory import MemoryJobStore
from apscheduler.schedulers.blocking import BlockingScheduler
from apscheduler.triggers.base import BaseTrigger

from ledger import clock
from ledger.config import BookSettings, Settings
from ledger.domain.errors import RequestInFlight, Unavailable
from ledger.domain.ids import IdSource
from ledger.keyring import Keyring
from ledger.schedule.diary import keep_library_lines, say, say_failure
from ledger.schedule.timetable import TIMETABLE, Entry, Turn
from ledger.storage.readiness import is_ready
from ledger.storage.unit_of_work import Book
from ledger.usecases.found_book import check_settings
from ledger.usecases.lease import LEASE_SECONDS, Lease

LEADING: Final = "scheduler"
"""The lease row that says which process leads a book; `doctor` reads its age."""
SPARE_ASKS_S: Final = 5.0
WATCH_S: Final = 1.0
JUMP_S: Final = 2.0
SAME_TROUBLE_S: Final = 60.0
THREADS_MAX: Final = 32

Clock = Callable[[], datetime]


def run(settings: Settings, *, timetable: Sequence[Entry] = TIMETABLE, lease_s: int = LEASE_SECONDS, now: Clock = clock.now) -> None:
    """Run until SIGTERM or SIGINT; what is being done then is finished piece by piece, nothing is left half.

    Args: lease_s: after how long the place of a killed process is free. now: the ledger's clock.
    Raises: Unavailable, KeyringUnreadable or ConfigDisagrees when no book at all can be opened. One that cannot be opened
    beside others is told and tried again.
    """
    keep_library_lines()
    process = _Process(timetable, [Post(book, lease_s, now) for book in settings.books.values()])
    process.open()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: process.stop())
    process.run()


class Post:
    """One book as this process works on it: opened on first use, led by one process at a time."""

    def __init__(self, settings: BookSettings, lease_s: int, now: Clock) -> None:
        self.slug = settings.slug
        self.now = now
        self.lease_s = lease_s
        self._settings = settings
        self._book: Book | None = None
        self._lock = threading.Lock()
        self._owner = f"{socket.gethostname()}.{os.getpid()}.{IdSource().new(now())[-12:]}"
        self._sure_until = 0.0

    def open(self) -> Book:
        """The book. Raises Unavailable, KeyringUnreadable, ConfigDisagrees when it cannot be used now."""
        with self._lock:
            if self._book is None:
                book = Book(self._settings, Keyring.load(self._settings.keys_folder), IdSource(), pool_size=4)
                try:
                    if not is_ready(book):
                        raise Unavailable("not_initialised")
                    book.read(check_settings)
                except BaseException:
                    book.close()
                    raise
                self._book = book
            return self._book

    def leads(self) -> bool:
        """Ask for this book's place, or renew it when a third of its time is over. Not inside a unit."""
        book = self.open()
        with self._lock:
            if self._sure_until - time.monotonic() > self.lease_s * 2 / 3:
                return True
            begun = time.monotonic()
            try:
                self._lease(book).take()
            except RequestInFlight:
                if self._sure_until:
                    say("no_longer_leading", book=self.slug)
                self._sure_until = 0.0
                return False
            if not self._sure_until:
                say("leading", book=self.slug)
            self._sure_until = begun + self.lease_s
            return True

    def is_unsure(self) -> bool:
        """Whether the last renewal is so long ago that another process may lead by now."""
        return time.monotonic() >= self._sure_until

    def close(self) -> None:
        """Give the place back, so that a spare goes on at once, and close the book."""
        book, self._book = self._book, None
        if book is not None:
            if self._sure_until:
                self._lease(book).drop()
            book.close()

    def _lease(self, book: Book) -> Lease:
        return Lease(book, name=LEADING, owner=self._owner, now=self.now(), seconds=self.lease_s)


class _Every(BaseTrigger):  # type: ignore[misc]
    """A run now, then one every so many seconds after the last: what was missed is one run, however long it was."""

    def __init__(self, seconds: float) -> None:
        self._pause = timedelta(seconds=seconds)

    def __str__(self) -> str:
        return f"every {self._pause.total_seconds():g} s"

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        return now if previous_fire_time is None else now + self._pause


class _Process:
    """The scheduler with one job for each entry and book, so that a book that hangs or fails stops no other."""

    def __init__(self, timetable: Sequence[Entry], posts: Sequence[Post]) -> None:
        self._timetable = timetable
        self._posts = posts
        self._stopped, self._started = threading.Event(), threading.Event()
        self._told: dict[str, tuple[str, float]] = {}
        threads = min(THREADS_MAX, max(2, len(posts) * len(timetable)))
        self._scheduler: Any = BlockingScheduler(
            timezone=UTC,
            jobstores={"default": MemoryJobStore()},
            executors={"default": ThreadPoolExecutor(threads)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    def open(self) -> None:
        """Open the books that can be opened. Raises what the first one said when none could."""
        refusals = []
        for post in self._posts:
            try:
                post.open()
            except Exception as error:  # noqa: BLE001 (one book's trouble must not keep the others waiting)
                say_failure("not_opened", error, book=post.slug)
                refusals.append(error)
        if len(refusals) == len(self._posts):
            raise refusals[0]

    def run(self) -> None:
        for entry in self._timetable:
            for post in self._posts:
                name = f"{entry.name}:{post.slug}"
                self._scheduler.add_job(self._take_turn, _Every(entry.every_s), args=(entry, post, name), id=name, name=name)
        self._scheduler.add_listener(lambda _event: self._started.set(), EVENT_SCHEDULER_STARTED)
        watch = threading.Thread(target=self._watch, name="watch", daemon=True)
        watch.start()
        say("started", books=[post.slug for post in self._posts], process=os.getpid())
        self._scheduler.start()
        watch.join()
        for post in self._posts:
            post.close()
        say("stopped", process=os.getpid())

    def stop(self) -> None:
        self._stopped.set()

    def _take_turn(self, entry: Entry, post: Post, job: str) -> None:
        try:
            if self._stopped.is_set():
                return
            if not post.leads():
                self._ask_again_soon(entry, job)
                return
            done = entry.work(Turn(post.open(), post.now(), post.leads, lambda: self._stopped.is_set() or post.is_unsure(), post.lease_s))
            if done:
                say("done", job=entry.name, book=post.slug, **done)
            self._told.pop(job, None)
        except RequestInFlight:
            self._ask_again_soon(entry, job)
        except Exception as error:  # noqa: BLE001 (the other jobs and books go on; told once, not every five seconds)
            self._tell_trouble(entry, post, job, error)

    def _ask_again_soon(self, entry: Entry, job: str) -> None:
        """Another process leads or is at work: look again in a few seconds, not with the next regular run."""
        if entry.every_s > SPARE_ASKS_S and not self._stopped.is_set():
            self._scheduler.modify_job(job, next_run_time=clock.now() + timedelta(seconds=SPARE_ASKS_S))

    def _tell_trouble(self, entry: Entry, post: Post, job: str, error: Exception) -> None:
        kind, at = f"{type(error).__name__}", time.monotonic()
        last_kind, last_at = self._told.get(job, ("", 0.0))
        if kind != last_kind or at - last_at >= SAME_TROUBLE_S:
            say_failure("not_done", error, job=entry.name, book=post.slug)
            self._told[job] = (kind, at)

    def _watch(self) -> None:
        """Notice that the wall clock was set, and the order to stop.

        APScheduler sleeps until a wall-clock moment: after the clock was set back it would sleep until that comes again.
        """
        self._started.wait()
        wall, steady = clock.now(), time.monotonic()
        while not self._stopped.wait(WATCH_S):
            was_wall, was_steady, wall, steady = wall, steady, clock.now(), time.monotonic()
            jump_s = (wall - was_wall).total_seconds() - (steady - was_steady)
            if abs(jump_s) > JUMP_S:
                say("clock_was_set", level="warning", seconds=round(jump_s))
                for job in self._scheduler.get_jobs():
                    job.modify(next_run_time=wall)
        self._scheduler.shutdown(wait=True)
