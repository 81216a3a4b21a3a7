"""One import: rows sorted into new, unchanged, differing and refused; everything accepted in one unit, with its digest.

An import is keyed by kind and natural key, so a second import of the same file changes nothing. The file itself is not
kept, only its SHA-256; rows are remembered by keyed digests.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ledger.domain.account import Account
from ledger.domain.act import Act
from ledger.domain.errors import RowsRejected
from ledger.domain.people import require
from ledger.paperwork import Line, Problem
from ledger.storage import batches, counters, journal
from ledger.storage.journal import Expiries
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, describe

KINDS: Final = ("areas", "people", "stations", "goods", "activities", "attendance", "opening")
Progress = Callable[[int, int], None]


@dataclass
class Batch:
    """What one import has collected so far. `id` is given out only when the first row is accepted."""

    unit: Unit
    request: Request
    kind: str
    strict: bool = False
    progress: Progress | None = None
    read: int = 0
    unchanged: int = 0
    rejected: list[Answer] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    expiries: dict[Account, Any] = field(default_factory=dict)
    control: dict[str, int] = field(default_factory=dict)
    lines: list[dict[str, Any]] = field(default_factory=list)
    _id: str = ""
    _seen: int = 0

    @property
    def book(self) -> Book:
        return self.unit.book

    @property
    def id(self) -> str:
        if not self._id:
            self._id = f"B{counters.take(self.unit, 'batch')[0]:06d}"
        return self._id

    @property
    def accepted(self) -> int:
        return len(self.lines)

    def known(self, kind: str) -> dict[bytes, tuple[bytes, str]]:
        return batches.known_lines(self.unit, kind)

    def digest(self, purpose: str, text: str) -> bytes:
        return self.book.keyring.lookup(f"import {purpose}", text)

    def reject(self, line: Line[Any], problem: Problem) -> None:
        self.rejected.append({"sheet": line.sheet, "row": line.number, "column": problem.column, "code": problem.code})

    def reject_as(self, line: Line[Any], field_name: str, code: str) -> None:
        self.reject(line, line.problem(field_name, code))

    def accept(self, kind: str, key: bytes, value: bytes, target: str) -> None:
        self.lines.append({"kind": kind, "key_digest": key, "value_digest": value, "target": target, "batch": self.id})

    def act(self, kind: str, **header: Any) -> Act:
        act = self.request.act(self.book, kind, batch=self.id, **header)
        self.acts.append(act)
        return act

    def tell(self, total: int) -> None:
        self._seen += 1
        if self.progress and (self._seen % 100 == 0 or self._seen == total):
            self.progress(self._seen, total)

    def add(self, name: str, amount: int) -> None:
        self.control[name] = self.control.get(name, 0) + amount


Fill = Callable[[Batch], None]


def run_import(
    book: Book, request: Request, *, kind: str, file_digest: str, as_of: str, strict: bool, fill: Fill, progress: Progress | None = None
) -> Answer:  # fmt: skip
    """Let `fill` sort the rows, then write what was accepted, whole.

    Returns: {batch, read, accepted, unchanged, rejected: [{sheet, row, column, code}], control}.
    Raises: RowsRejected under strict when any row was refused; its `report` is this answer.
    """
    require(request.actor, "officer")

    def work(unit: Unit) -> Answer:
        batches.take_turn(unit)
        batch = Batch(unit, request, kind, strict, progress)
        fill(batch)
        report = _report(batch)
        if strict and batch.rejected:
            refusal = RowsRejected(len(batch.rejected))
            refusal.report = report
            raise refusal
        if batch.lines:
            _write(batch, file_digest, as_of)
        return report

    if request.dry:
        answer, acts = book.rehearse(work)
        return {**answer, "batch": None, "would_write": [describe(act) for act in acts]}
    return book.run(work)


def _report(batch: Batch) -> Answer:
    return {
        "batch": batch.id if batch.lines else None,
        "kind": batch.kind,
        "read": batch.read,
        "accepted": batch.accepted,
        "unchanged": batch.unchanged,
        "rejected": batch.rejected,
        "control": batch.control,
    }


def _write(batch: Batch, file_digest: str, as_of: str) -> None:
    counts = {
        "read": batch.read,
        "accepted": batch.accepted,
        "unchanged": batch.unchanged,
        "rejected": len(batch.rejected),
        **batch.control,
    }
    facts = {"kind": batch.kind, "file_digest": file_digest, "as_of": as_of, "counts": counts}
    header = batch.request.act(batch.book, "batch_imported", subject=batch.id, batch=batch.id, facts=facts)
    expiries: Expiries = batch.expiries
    journal.post(batch.unit, [header, *batch.acts], expiries=expiries)
    batches.keep(
        batch.unit, id=batch.id, kind=batch.kind, file_digest=file_digest, as_of=as_of, actor=batch.request.actor.id,
        now=batch.request.now, counts=counts, lines=batch.lines,
    )  # fmt: skip


def sort_line(batch: Batch, line: Line[Any], known: dict[bytes, tuple[bytes, str]], kind: str, key_text: str, value_text: str, *,
              key_field: str, differs: str = "differs") -> tuple[bytes, bytes] | None:  # fmt: skip
    """Whether a sound row is new: its digests if so; None when it was counted as unchanged or refused.

    known: grows with each new row, so that repeated rows inside one file are found too.
    differs: the code for a known key with other values.
    """
    key, value = batch.digest(f"key {kind}", key_text), batch.digest(f"value {kind}", value_text)
    if key in known:
        if known[key][0] == value:
            batch.unchanged += 1
        else:
            batch.reject_as(line, key_field, differs)
        return None
    known[key] = (value, "")
    return key, value


def text_of(values: Sequence[object]) -> str:
    """A row's values as one text for digesting."""
    return "\x1f".join(str(v) for v in values)
