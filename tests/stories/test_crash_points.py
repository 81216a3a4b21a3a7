"""A process killed at the worst moments of a unit of work: what it did is there whole or not at all, and asking again completes it.

The child is a fork that opens the book for itself and kills itself with -9 at a named point; the points are patched into
the child alone, so the program that ships has none.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ledger.storage import journal
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book
from ledger.usecases.import_opening import import_opening
from ledger.usecases.undo_batch import undo_batch
from tests.cast import NOTICED_AT, REDEEMING_AT, District, open_book

POINTS = ("before_posting", "after_posting", "before_commit", "after_commit")
ACTS = Statement("SELECT COUNT(*) FROM {act}")
SETTLED = Statement("SELECT COUNT(*) FROM {act} WHERE kind = 'points_settled'")
UNSEALED = Statement("SELECT COUNT(*) FROM {unsealed}")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def crash_at(point: str, book: Book, monkeypatch: pytest.MonkeyPatch, nth: int = 1) -> None:
    """Patch this process so that it dies at the point; of commits, at the nth."""
    post, commit = journal.post, book.engine.dialect.do_commit
    commits: list[int] = []

    def dying_post(*args: Any, **more: Any) -> None:
        if point == "before_posting":
            die()
        post(*args, **more)
        if point == "after_posting":
            die()

    def dying_commit(connection: Any) -> None:
        commits.append(1)
        if point == "before_commit" and len(commits) == nth:
            die()
        commit(connection)
        if point == "after_commit" and len(commits) == nth:
            die()

    monkeypatch.setattr(journal, "post", dying_post)
    monkeypatch.setattr(book.engine.dialect, "do_commit", dying_commit)


def in_a_child_that_dies(district: District, point: str, work: Callable[[District], Any], nth: int = 1) -> None:
    child = os.fork()
    if child == 0:
        try:
            with pytest.MonkeyPatch.context() as monkeypatch:
                mine = District(open_book(district.book.settings), district.folder, now=district.now)
                crash_at(point, mine.book, monkeypatch, nth)
                work(mine)
        finally:
            os._exit(17)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, (point, status)


def counts(district: District) -> tuple[int, int]:
    return tuple(district.book.read(lambda unit: (unit.value(ACTS), unit.value(UNSEALED))))


@pytest.mark.parametrize("point", POINTS)
def test_a_hold_killed_half_way_is_whole_or_absent_and_asked_again_is_one(district: District, point: str) -> None:
    district.to_redeeming()
    before = counts(district)
    in_a_child_that_dies(district, point, lambda d: d.hold("SP-01", key="k"))
    is_there = point == "after_commit"
    assert district.balance().held == (30 if is_there else 0)
    assert (counts(district) == before) is not is_there
    first = district.hold("SP-01", key="k")
    assert district.hold("SP-01", key="k") == first
    assert (district.balance().spendable, district.balance().held) == (81, 30)


@pytest.mark.parametrize("point", POINTS)
def test_a_hand_over_killed_half_way_takes_points_goods_and_code_once(district: District, point: str) -> None:
    district.to_redeeming()
    code = district.code()
    in_a_child_that_dies(district, point, lambda d: d.walk_up("SP-01", 2, shown=code, key="k"))
    assert district.balance().spendable == (51 if point == "after_commit" else 111)
    done = district.walk_up("SP-01", 2, shown=code, key="k")
    assert (done["points"], done["spendable_after"], district.balance().spendable) == (60, 51, 51)
    assert district.walk_up("SP-01", 2, shown=code, key="k") == done


@pytest.mark.parametrize("point", POINTS)
def test_a_hold_collected_or_called_off_while_dying_is_resolved_once(sqlite_district: District, point: str) -> None:
    district = sqlite_district
    district.to_redeeming()
    one, two = district.hold("SP-01")["hold"], district.hold("SP-03")["hold"]
    in_a_child_that_dies(district, point, lambda d: d.collect(one, key="collect"))
    in_a_child_that_dies(district, point, lambda d: d.void(two))
    assert district.collect(one, key="collect")["points"] == 30
    district.void(two)
    assert (district.balance().spendable, district.balance().held) == (81, 0)


@pytest.mark.parametrize(("point", "nth"), [*((point, 1) for point in POINTS), *((point, n) for point in POINTS[2:] for n in (4, 5, 6))])
def test_a_settlement_killed_half_way_goes_on_and_settles_once(district: District, point: str, nth: int) -> None:
    """At its lease, in the lines, after them, and at the step itself."""
    district.tick_at(NOTICED_AT)
    district.now = REDEEMING_AT
    in_a_child_that_dies(district, point, lambda d: d.tick_at(REDEEMING_AT), nth)
    district.later(minutes=2)  # the dead one's lease lapses by itself
    district.tick_at(district.now)
    assert (district.balance().spendable, district.balance().pending) == (111, 0)
    assert district.book.read(lambda unit: unit.value(SETTLED)) == 3
    assert district.tick_at(district.now) == []


@pytest.mark.parametrize("point", POINTS)
def test_an_import_and_its_undo_killed_half_way_are_whole_or_absent(sqlite_district: District, point: str) -> None:
    district = sqlite_district
    file = district.folder / "more.csv"
    file.write_text("姓名,联系电话,积分\n李芳,13800000003,5\n赵强,13800000004,7\n", encoding="utf-8")
    request = district.request("import", key=None)

    def bring(d: District) -> dict[str, Any]:
        return import_opening(d.book, request, file, as_of=date(2022, 6, 30))

    in_a_child_that_dies(district, point, bring)
    again = bring(district)
    assert (again["accepted"], again["unchanged"]) == ((0, 2) if point == "after_commit" else (2, 0))
    assert [district.balance(p).spendable for p in ("V000003", "V000004")] == [5, 7]
    in_a_child_that_dies(district, point, lambda d: undo_batch(d.book, d.request("undo", key=None), batch="B000008"))
    if point != "after_commit":
        undo_batch(district.book, district.request("undo", key=None), batch="B000008")
    assert [district.balance(p).spendable for p in ("V000003", "V000004")] == [0, 0]
    assert bring(district)["accepted"] == 2
