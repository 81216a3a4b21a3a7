"""Import opening balances: spendable at once, in a lot of the quarter of their date, as one reversible batch."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import cast

from ledger.domain import account
from ledger.domain.act import micros
from ledger.domain.cycle import Cycle, local_date, name_of
from ledger.domain.entry import Posting, move
from ledger.domain.errors import InvalidInput
from ledger.domain.lot import CarryOver, lot_name
from ledger.paperwork import digest_of, read_opening, stated_as_of
from ledger.storage.unit_of_work import Book
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.open_cycle import ensure_cycle, lapses_at
from ledger.usecases.pay_debt import debts
from ledger.usecases.request import Answer, Request
from ledger.usecases.roster import Roster


def import_opening(
    book: Book, request: Request, path: Path, *, as_of: date | None = None, strict: bool = False, progress: Progress | None = None
) -> Answer:
    """Import 期初积分, keyed by person and date. Control: points (in points). See `run_import`.

    as_of: the local date of the balances; default: what the file's own header says.
    Raises: InvalidInput when neither names a date, or it lies in the future.
    """
    reading = read_opening(path)
    day = as_of or stated_as_of(reading)
    if day is None or day > local_date(request.now, book.settings.zone):
        raise InvalidInput("as_of", "missing" if day is None else "future")

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        known, roster = batch.known("opening"), Roster(batch.unit)
        expires_at: datetime | None = None
        cycle: Cycle | None = None
        points = 0
        owed = debts(batch.unit)
        for line in reading.lines:
            batch.tell(reading.read)
            row, steps = line.row, 0
            person, field = roster.find(row.name, row.phones)
            mine = [] if person else [line.problem(field, "unknown_person")]
            try:
                steps = book.settings.scale.steps(row.points)
            except InvalidInput:
                mine.append(line.problem("points", "bad_number"))
            bad = line.first(*mine)
            if bad:
                batch.reject(line, bad)
                continue
            fresh = sort_line(batch, line, known, "opening", text_of((person, day)), text_of((person, day, steps)), key_field="points")
            if fresh is None:
                continue
            batch.accept("opening", *fresh, person)
            if not steps:
                continue
            if cycle is None:
                cycle = _cycle_of(batch, day)
                expires_at = lapses_at(book, cast(CarryOver, book.settings.cycle.carry_over), cycle, request.now)
            _open(batch, person, lot_name(cycle.name, roster.pools[person] or "district"), steps, cycle, expires_at, owed)
            points += steps
        batch.control = {"points": book.settings.scale.number(points)}  # type: ignore[dict-item]

    text = day.isoformat()
    return run_import(book, request, kind="opening", file_digest=digest_of(path), as_of=text, strict=strict, fill=fill, progress=progress)


def _cycle_of(batch: Batch, day: date) -> Cycle:
    """The quarter of the balances: sealed from the start, as it is settled in them; earning when it still runs."""
    name, today = name_of(day), local_date(batch.request.now, batch.book.settings.zone)
    return ensure_cycle(batch.unit, batch.request, name, "sealed" if name < name_of(today) else "earning")


def _open(
    batch: Batch, person: str, lot: str, steps: int, cycle: Cycle, expires_at: datetime | None, owed: dict[str, int]
) -> None:  # fmt: skip
    """Points into the wallet's lot; first what an undone import of points already spent left owing."""
    source, wallet = account.opening(batch.id), account.wallet(person, lot)
    paid = min(steps, owed.get(person, 0))
    legs: list[Posting] = []
    if paid:
        owed[person] -= paid
        legs += move(source, account.debt(person), paid)
    if steps > paid:
        legs += move(source, wallet, steps - paid)
    facts = {"lot": lot, "expires_at": None if expires_at is None else micros(expires_at)}
    batch.act("points_opened", subject=person, cycle=cycle.name, facts=facts, postings=tuple(legs))
    batch.expiries[wallet] = expires_at
