"""Import a file of any kind, by the kind's name."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from ledger.domain.errors import InvalidInput
from ledger.storage.unit_of_work import Book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_batch import Progress
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.request import Answer, Request

PLAIN_KINDS = {
    "areas": import_areas,
    "people": import_people,
    "stations": import_stations,
    "activities": import_activities,
    "attendance": import_attendance,
}


def import_file(
    book: Book, request: Request, path: Path, *, kind: str, as_of: str = "", strict: bool = False, progress: Progress | None = None
) -> Answer:
    """Import a file; `as_of` (YYYY-MM-DD) is for goods and opening points alone.

    Returns: as `run_import`. Raises: InvalidInput for an unknown kind or a wrong date, and what the importer raises.
    """
    day = _day(as_of)
    if kind == "goods":
        return import_goods(book, request, path, as_of=as_of, strict=strict, progress=progress)
    if kind == "opening":
        return import_opening(book, request, path, as_of=day, strict=strict, progress=progress)
    if kind not in PLAIN_KINDS:
        raise InvalidInput("kind", "unknown")
    return PLAIN_KINDS[kind](book, request, path, strict=strict, progress=progress)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput("as_of") from error
