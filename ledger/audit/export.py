"""The journal as files that other accounting programs read: hledger, beancount, csv, and canonical JSON lines.

Entries come by recorded_at and id, in one snapshot, so that the same journal always gives the same bytes. Nothing in a
file names a person: the journal knows opaque ids only, and notes are left out.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Protocol, TextIO

from ledger.audit.formats import Beancount, Csv, Hledger, JsonLines, Scales
from ledger.domain.errors import InvalidInput, Unavailable
from ledger.storage import evidence
from ledger.storage.unit_of_work import Book, Unit

PROGRESS_EVERY: Final = 2000


class Format(Protocol):
    """How one kind of file is written. `needs_postings` leaves acts out that move nothing."""

    needs_postings: bool

    def opening(self, accounts: Any) -> Any: ...

    def entry(self, recorded: evidence.Recorded) -> str: ...


FORMATS: Final[dict[str, Callable[[Scales], Format]]] = {"hledger": Hledger, "beancount": Beancount, "csv": Csv, "jsonl": JsonLines}


def export(book: Book, format: str, out: Path, cycle: str | None = None, progress: Callable[[int], None] | None = None) -> dict[str, Any]:
    """Write the journal, or one cycle of it, to `out`, replacing it whole when everything was written.

    Returns: entries (acts with postings), postings, acts (lines written), sha256 of the file.
    Raises: InvalidInput for an unknown format, Unavailable when the path cannot be written.
    """
    if format not in FORMATS:
        raise InvalidInput("format", "unknown")
    genesis = book.settings.genesis
    writer = FORMATS[format](Scales(book=book.slug, zone=genesis.zone, decimals=genesis.decimals, algorithm=genesis.hash))
    try:
        return _replace_whole(out, lambda file: book.read(lambda unit: _write(unit, writer, file, cycle, progress), snapshot=True))
    except OSError as error:
        raise Unavailable("path") from error


def _write(unit: Unit, writer: Format, file: _Digesting, cycle: str | None, progress: Callable[[int], None] | None) -> dict[str, Any]:
    for text in writer.opening(evidence.accounts_used(unit, cycle)):
        file.write(text)
    acts = entries = postings = 0
    for recorded in evidence.as_recorded(unit, cycle):
        if recorded.legs or not writer.needs_postings:
            file.write(writer.entry(recorded))
            acts += 1
        entries += bool(recorded.legs)
        postings += len(recorded.legs)
        if progress is not None and acts % PROGRESS_EVERY == 0:
            progress(acts)
    return {"entries": entries, "postings": postings, "acts": acts, "sha256": file.sha256()}


class _Digesting:
    """A text file that knows the SHA-256 of what was written to it."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    def write(self, text: str) -> None:
        self._hash.update(text.encode())
        self._file.write(text)

    def sha256(self) -> str:
        return self._hash.hexdigest()


def _replace_whole(out: Path, write: Callable[[_Digesting], dict[str, Any]]) -> dict[str, Any]:
    handle, draft = tempfile.mkstemp(prefix=f".{out.name}.", dir=out.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            answer = write(_Digesting(file))
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(out)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    return answer
