"""Keeps the English catalogue in step with the pages: `python -m ledger.web.translating`.

Chinese is the language pages are written in, so their sentences are the keys. This reads them from ledger/ and templates/, adds
the new ones to messages.po with an empty translation, drops those nobody says any more, and compiles messages.mo.
"""

from __future__ import annotations

import io
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

HERE: Final = Path(__file__).resolve().parent
ROOT: Final = HERE.parents[1]
CATALOGUE: Final = HERE / "translations" / "en" / "LC_MESSAGES" / "messages.po"
LINE_WIDTH: Final = 160
NO_DATE: Final = datetime(2022, 1, 1, tzinfo=UTC)
"""So that the same sentences compile to the same bytes."""


def said() -> set[str]:
    """Every sentence that pages say, as written in code and templates."""
    methods, options = parse_mapping_cfg(io.StringIO((HERE / "babel.cfg").read_text(encoding="utf-8")))  # type: ignore[no-untyped-call]
    found = set()
    for folder in ("ledger/web", "templates"):
        for _, _, message, _, _ in extract_from_dir(ROOT / folder, methods, options, keywords={"_": None, "gettext": None}):
            found.add(message if isinstance(message, str) else message[0])
    return found


def kept() -> dict[str, str]:
    """The catalogue: what is said, and its English."""
    with CATALOGUE.open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file, locale="en") if message.id}


def missing() -> list[str]:
    """Sentences without English."""
    english = kept()
    return sorted(text for text in said() if not english.get(text))


def compiled(english: dict[str, str]) -> bytes:
    """The catalogue as gettext reads it."""
    catalogue, out = Catalog(locale="en", fuzzy=False, creation_date=NO_DATE, revision_date=NO_DATE), io.BytesIO()
    for text in sorted(english):
        if english[text]:
            catalogue.add(text, english[text])
    write_mo(out, catalogue)
    return out.getvalue()


def update() -> list[str]:
    """Bring the catalogue in step and compile it. Returns what still needs English."""
    english, catalogue = kept(), Catalog(locale="en", fuzzy=False)
    for text in sorted(said()):
        catalogue.add(text, english.get(text, ""))
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, omit_header=True, sort_output=True, width=LINE_WIDTH, no_location=True)
    CATALOGUE.with_suffix(".mo").write_bytes(compiled(kept()))
    return missing()


if __name__ == "__main__":
    for sentence in update():
        sys.stdout.write(f"{sentence}\n")
