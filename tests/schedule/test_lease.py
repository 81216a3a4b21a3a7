"""The lease: one worker at a time, a killed one's place becomes free, and whoever lost it writes nothing more."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from ledger.domain.errors import RequestInFlight
from ledger.storage.unit_of_work import Book
from ledger.usecases.advance_cycle import tick
from ledger.usecases.lease import Lease
from ledger.usecases.open_cycle import ensure_cycle
from ledger.usecases.settle_cycle import settle_cycle
from tests.cast import open_book
from tests.schedule.conftest import Street

NAME = "work"


def lease(street: Street, owner: str, *, later: float = 0, **more) -> Lease:
    return Lease(street.book, name=NAME, owner=owner, now=street.now + timedelta(seconds=later), **more)


def test_a_second_worker_is_refused_until_the_first_is_done(street: Street) -> None:
    first, second = lease(street, "first"), lease(street, "second")
    first.take()
    with pytest.raises(RequestInFlight):
        second.take()
    first.drop()
    second.take()


def test_a_killed_workers_place_is_free_when_its_lease_has_lapsed(street: Street) -> None:
    lease(street, "killed", seconds=30).take()
    with pytest.raises(RequestInFlight):
        lease(street, "spare", later=29).take()
    lease(street, "spare", later=31).take()


def test_a_lease_from_the_far_future_counts_as_lapsed(street: Street) -> None:
    lease(street, "before the clock was set back", later=86_400).take()
    lease(street, "after", later=0).take()


def test_work_of_a_lost_lease_leaves_nothing(street: Street) -> None:
    slow = lease(street, "slow")
    slow.take()
    lease(street, "quick", later=60).take()

    def piece(unit) -> None:
        ensure_cycle(unit, street.request("open"), "2023Q1")
        slow.keep(unit)

    with pytest.raises(RequestInFlight):
        street.book.run(piece)
    with pytest.raises(AssertionError):
        street.cycle("2023Q1")


def test_work_that_shall_stop_ends_between_two_pieces_and_goes_on_later(street: Street) -> None:
    lines = street.serve_quarter("2022Q3")
    street.set_clock(street.cycle("2022Q3").notice_from + timedelta(hours=1))
    tick(street.book, street.request("tick"))
    street.set_clock(street.cycle("2022Q3").notice_ends_at + timedelta(hours=1))
    with pytest.raises(RequestInFlight):
        tick(street.book, street.request("tick"), should_stop=lambda: True)
    assert street.settled("2022Q3") == 0
    tick(street.book, street.request("tick"))
    street.check_settled_once("2022Q3", lines)


def test_two_settlements_without_any_lease_still_settle_each_line_once(street: Street) -> None:
    lines = street.serve_quarter("2022Q3")
    street.set_clock(street.cycle("2022Q3").notice_from + timedelta(hours=1))
    tick(street.book, street.request("tick"))
    street.set_clock(street.cycle("2022Q3").notice_ends_at + timedelta(hours=1))
    books: list[Book] = [open_book(street.book.settings) for _ in range(2)]
    cycle, request = street.cycle("2022Q3"), street.request("settle")
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda book: settle_cycle(book, request, cycle, "year_end"), books))
    for book in books:
        book.close()
    tick(street.book, street.request("tick"))
    assert sum(counts) <= lines
    street.check_settled_once("2022Q3", lines)
