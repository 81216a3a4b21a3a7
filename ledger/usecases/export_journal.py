"""Write the journal to a file for another program, and journal that it left the house."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ledger.audit.export import export
from ledger.domain.errors import NotFound
from ledger.domain.people import require
from ledger.storage import cycles, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Request

Progress = Callable[[int], None]


def export_journal(
    book: Book, request: Request, *, format: str, out: Path, cycle: str = "", progress: Progress | None = None
) -> dict[str, Any]:
    """Export the whole journal, or one cycle of it.

    Returns: entries, postings, acts, sha256 of the file.
    Raises: Forbidden unless an officer or auditor asks; NotFound for an unknown cycle; InvalidInput for an unknown format;
    Unavailable when the file cannot be written.
    """
    require(request.actor, "officer", "auditor")
    if cycle and book.read(lambda unit: cycles.cycle(unit, cycle)) is None:
        raise NotFound("cycle")
    written = export(book, format, out, cycle or None, progress)
    facts = {"format": format, "cycle": cycle, "entries": written["entries"], "postings": written["postings"], "sha256": written["sha256"]}

    def note(unit: Unit) -> None:
        journal.post(unit, [request.act(book, "exported", subject="journal", facts=facts)])

    book.run(note)
    return written
