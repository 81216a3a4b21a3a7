"""`audit check`: one walk along the trail past all witnesses, in one snapshot; every check runs, none raises.

Nothing cached is believed: balances, states and leaves are rebuilt from acts and postings and compared with what the
tables say. The engine's own check of its files runs beside the walk on another connection.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from ledger.audit.inquiry import ActColumns, Inquiry, Make, Seen, Witness
from ledger.audit.report import Finding, Report, empty_report
from ledger.audit.witnesses.books import Books
from ledger.audit.witnesses.corrections import Corrections, Founding
from ledger.audit.witnesses.desk import Allowances, Holds, Redemptions
from ledger.audit.witnesses.leaves import Leaves
from ledger.audit.witnesses.mirrors import Goods, Grants, Mirrors, Rules
from ledger.audit.witnesses.people import Actors, Cards, Notes, RequestKeys
from ledger.audit.witnesses.quarters import ClosedCycles, Cycles, Lots
from ledger.audit.witnesses.service import Attendances, NoticeLines, Objections
from ledger.domain.act import micros
from ledger.domain.errors import Unavailable
from ledger.storage import database, evidence, structure
from ledger.storage.unit_of_work import Book, Unit

Progress = Callable[[str, int], None]

WHOLE: Final[tuple[Make, ...]] = (Books, Actors, Notes, RequestKeys, Corrections)
"""Witnesses of every act."""

BY_KIND: Final[tuple[Make, ...]] = (
    Founding, Mirrors, Goods, Rules, Grants, Cards, Cycles, ClosedCycles, Lots, Attendances, NoticeLines, Objections, Holds, Redemptions,
    Allowances,
)  # fmt: skip
"""Witnesses of some kinds of acts."""


def check(book: Book, progress: Progress | None = None, *, now: datetime | None = None) -> Report:
    """Audit the whole book.

    Args:
        progress: told what is being read and how many acts of it were.
        now: the moment of the audit; without it nothing is judged by the clock.
    Returns: a report with every check of the catalogue; damaged data becomes findings, never an exception.
    Raises: Unavailable when the database cannot be reached at all.
    """
    report = empty_report()
    engine = _Beside(lambda: _damage(book))
    try:
        book.read(lambda unit: _inquire(book, unit, report, now, progress), snapshot=True)
    except Unavailable as error:
        if database.is_postgresql(book.settings):
            raise
        report.note("journal_readable", Finding(message="数据库文件读不了", expected="能读", found=repr(error)))
    for table, words in engine.result():
        report.note("engine_sound", Finding(message=f"数据库文件：{words}", expected="ok", found=words, table=table))
    return report


def _inquire(book: Book, unit: Unit, report: Report, now: datetime | None, progress: Progress | None) -> None:
    try:
        inquiry = Inquiry(book, unit, report, None if now is None else micros(now))
    except Exception as error:  # noqa: BLE001 (the first page read of a damaged file)
        report.note("journal_readable", Finding(message="流水读不了", expected="能读", found=str(error)))
        return
    _walk(inquiry, report, progress)


def _walk(inquiry: Inquiry, report: Report, progress: Progress | None) -> None:
    company = _Company(inquiry)
    try:
        _collect_nothing_meanwhile(lambda: _pass_by(inquiry, company, report, progress))
    except Exception as error:  # noqa: BLE001 (a damaged file must end in a finding, whatever the driver calls it)
        inquiry.could_not("journal_readable", error)
    company.finish()
    _run(inquiry, ("schema_complete",), lambda: _structure(inquiry))


def _pass_by(inquiry: Inquiry, company: _Company, report: Report, progress: Progress | None) -> None:
    for rows, legs in evidence.along_the_trail(inquiry.unit):
        acts = [Seen(ActColumns._make(row), legs.get(row[3], ())) for row in rows]
        company.see(acts)
        present = [act for act in acts if act.at.id is not None]
        report.acts += len(present)
        report.postings += sum([len(act.legs) for act in present])
        if progress is not None:
            progress("凭证", report.acts)


def _collect_nothing_meanwhile(work: Callable[[], None]) -> None:
    """Millions of tuples go by and none is part of a cycle; the collector walked them over and over, a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        work()
    finally:
        if was_enabled:
            gc.enable()


class _Company:
    """The leaves and all witnesses; one that fails on damaged data says so and leaves."""

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._leaves: Leaves | None = self._make(Leaves)
        self._whole = [made for make in WHOLE if (made := self._make(make)) is not None]
        self._by_kind = [made for make in BY_KIND if (made := self._make(make)) is not None]

    def see(self, acts: Sequence[Seen]) -> None:
        """Show a chunk of places to the leaves, and the acts that stand there to everybody else."""
        leaves = self._leaves
        if leaves is not None and not _run(self._inquiry, leaves.checks, lambda: leaves.see(acts)):
            self._leaves = None
        present = [act for act in acts if act.at.id is not None]
        self._whole = [witness for witness in self._whole if self._shown(witness, present)]
        groups: dict[str, list[Seen]] = {}
        for act in present:
            groups.setdefault(act.at.kind, []).append(act)
        self._by_kind = [witness for witness in self._by_kind if self._shown(witness, _of_kinds(groups, witness))]

    def finish(self) -> None:
        for witness in (self._leaves, *self._whole, *self._by_kind):
            if witness is not None:
                _run(self._inquiry, witness.checks, witness.finish)

    def _make(self, make: Callable[[Inquiry], Any]) -> Any:
        made: list[Any] = []
        _run(self._inquiry, make.checks, lambda: made.append(make(self._inquiry)))  # type: ignore[attr-defined]
        return made[0] if made else None

    def _shown(self, witness: Witness, acts: Sequence[Seen]) -> bool:
        return not acts or _run(self._inquiry, witness.checks, lambda: witness.see(acts))


def _of_kinds(groups: dict[str, list[Seen]], witness: Witness) -> list[Seen]:
    """The acts of a witness's kinds, in trail order."""
    wanted = [groups[kind] for kind in witness.kinds if kind in groups]
    if len(wanted) <= 1:
        return wanted[0] if wanted else []
    return sorted(
        (act for group in wanted for act in group), key=lambda act: (act.at.leaf_index is None, act.at.leaf_index or 0, act.at.id)
    )


def _run(inquiry: Inquiry, checks: Sequence[str], work: Callable[[], None]) -> bool:
    """Whether the work was done; otherwise its first check carries why not."""
    try:
        work()
    except Exception as error:  # noqa: BLE001 (no check may end the audit)
        inquiry.could_not(checks[0], error)
        return False
    return True


def _structure(inquiry: Inquiry) -> None:
    for table, what, expected, found in structure.differences(inquiry.unit):
        words = {"table": "表", "column": "列", "unique": "唯一约束", "index": "索引", "trigger": "触发器", "function": "函数"}[what]
        state = "不是本程序所建" if found and not expected else "被改过" if found else "缺失"
        inquiry.note(
            "schema_complete",
            f"{words} {(expected or found)[:80]}（表 {table}）{state}",
            expected=expected,
            found=found,
            table=table,
            field=what,
        )


def _damage(book: Book) -> list[tuple[str, str]]:
    def work(unit: Unit) -> list[tuple[str, str]]:
        return list(structure.damage(unit))

    return book.read(work)


class _Beside:
    """Work on a thread of its own; a failure becomes its result."""

    def __init__(self, work: Callable[[], list[tuple[str, str]]]) -> None:
        self._work = work
        self._found: list[tuple[str, str]] = []
        self._thread = threading.Thread(target=self._do, name="engine-check", daemon=True)
        self._thread.start()

    def result(self) -> list[tuple[str, str]]:
        self._thread.join()
        return self._found

    def _do(self) -> None:
        try:
            self._found = self._work()
        except Exception as error:  # noqa: BLE001 (a file the engine cannot read is what this looks for)
            self._found = [("", f"{type(error).__name__}: {error}")]
