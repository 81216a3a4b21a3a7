"""Files an officer brings: kept only while their preview is open, at most an hour, in the book's own folder under a random name.

Beside each file lies a note of what was found in it, without names or phones in the clear, so that a page can be shown again
without reading the file again. The name the file had outside is shown and never becomes a path.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Final

from ledger.domain.errors import InvalidInput, NotFound, Unavailable, UnreadableFile
from ledger.paperwork.limits import FILE_BYTES_MAX

LIFE: Final = timedelta(hours=1)
TOKEN: Final = re.compile(r"[0-9a-f]{32}")
NAME_MAX: Final = 80
CHUNK_BYTES: Final = 1 << 20


@dataclass
class Upload:
    """One file brought in. `kinds` holds, for each kind of sheet in it, the preview (and after writing the result)."""

    token: str
    folder: Path
    by: str
    at: str
    name: str
    as_of: str = ""
    strict: bool = False
    kinds: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.folder / self.token

    @property
    def has_file(self) -> bool:
        return self.path.is_file()

    def save(self) -> None:
        """Keep the note beside the file."""
        note = {
            "by": self.by,
            "at": self.at,
            "name": self.name,
            "as_of": self.as_of,
            "strict": self.strict,
            "kinds": self.kinds,
        }
        _write(_note_of(self.folder, self.token), json.dumps(note, ensure_ascii=False).encode())

    def drop_file(self) -> None:
        self.path.unlink(missing_ok=True)

    def drop(self) -> None:
        self.drop_file()
        _note_of(self.folder, self.token).unlink(missing_ok=True)


def bring(folder: Path, stream: IO[bytes], *, name: str, by: str, now: datetime) -> Upload:
    """Copy what a browser sends into the folder. Raises UnreadableFile("too_large"), InvalidInput without a file, Unavailable."""
    shown = _shown_name(name)
    if not shown:
        raise InvalidInput("file", "missing")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sweep(folder, now)
        upload = Upload(secrets.token_hex(16), folder, by, now.isoformat(), shown)
        upload.save()
        _copy(stream, upload)
    except OSError as error:
        raise Unavailable("disk") from error
    return upload


def find(folder: Path, token: str, *, by: str, now: datetime) -> Upload:
    """The upload of this token, if it is this person's and not too old. Raises NotFound."""
    if not TOKEN.fullmatch(token):
        raise NotFound()
    note = _read_note(_note_of(folder, token))
    if note is None or note["by"] != by or not _is_fresh(note, now):
        raise NotFound()
    return Upload(token, folder, note["by"], note["at"], note["name"], note["as_of"], note["strict"], note["kinds"])


def sweep(folder: Path, now: datetime) -> None:
    """Remove what has lain longer than an hour. Called whenever somebody brings a file or opens the list."""
    for note_path in folder.glob("*.json"):
        note = _read_note(note_path)
        if note is None or not _is_fresh(note, now):
            note_path.with_suffix("").unlink(missing_ok=True)
            note_path.unlink(missing_ok=True)


def _is_fresh(note: dict[str, Any], now: datetime) -> bool:
    """A note from the future (the clock went back) is too old as well."""
    age = now - datetime.fromisoformat(note["at"])
    return -LIFE <= age <= LIFE


def _note_of(folder: Path, token: str) -> Path:
    return folder / f"{token}.json"


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        datetime.fromisoformat(note["at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return note if isinstance(note, dict) else None


def _copy(stream: IO[bytes], upload: Upload) -> None:
    size = 0
    with os.fdopen(os.open(upload.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        while chunk := stream.read(CHUNK_BYTES):
            size += len(chunk)
            if size > FILE_BYTES_MAX:
                break
            file.write(chunk)
    if size > FILE_BYTES_MAX:
        upload.drop()
        raise UnreadableFile("too_large")


def _write(path: Path, data: bytes) -> None:
    """Replace a note whole, so that a reader never meets half of it."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.draft")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
    draft.replace(path)


def _shown_name(name: str) -> str:
    """The last part of the name a browser gave, printable and short: words for a page."""
    last = re.split(r"[\\/]", name)[-1]
    return "".join(c for c in last if c.isprintable()).strip()[:NAME_MAX]
