"""Fill an empty book with an imagined district, whole or not at all: it is built aside and then takes the book's place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final, TypeVar

from ledger.config import BookSettings
from ledger.domain.errors import NotEmpty
from ledger.domain.ids import IdSource
from ledger.keyring import FILE_NAME, Keyring
from ledger.simulate.district import Cast, load_district, settings_for
from ledger.simulate.size import Size
from ledger.storage import dump, migrating
from ledger.storage.aside import built_aside, lay_keys, take_place
from ledger.storage.unit_of_work import Book

T = TypeVar("T")
BY_THEMSELVES: Final = ("genesis", "cycle_opened", "cycle_stepped", "notice_published", "backup_made")
"""Acts of a book that nobody has used yet."""


def is_unused(settings: BookSettings) -> bool:
    """Whether the book does not exist yet, or holds nothing that a person did."""
    return dump.acts_but(settings, *BY_THEMSELVES) == 0


def fill_book(
    settings: BookSettings, *, size: Size, seed: int, now: datetime, finish: Callable[[Book, Cast], T],
    tell: Callable[[str], None] = lambda _text: None,
) -> tuple[dict[str, int], T]:  # fmt: skip
    """Make the district and let it take the place of the empty book; its keys are kept, or made.

    Args: finish: does what still belongs to the book, such as sign-ins, before it takes its place. now: the present moment.
    Returns: counts of what was made, and what `finish` answered.
    Raises: NotEmpty when people have used the book; Unavailable.
    """
    if not is_unused(settings):
        raise NotEmpty()
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    Keyring.create(settings.keys_folder, book=settings.slug)
    with built_aside(settings) as aside:
        lay_keys(aside, (settings.keys_folder / FILE_NAME).read_bytes())
        migrating.upgrade(aside)
        book = Book(settings_for(aside), Keyring.load(aside.keys_folder), IdSource(), pool_size=3)
        try:
            counts, cast = load_district(book, size=size, seed=seed, now=now, tell=tell)
            answer = finish(book, cast)
            take_place(book, settings, is_empty=True, progress=lambda _table, _rows: None)
        finally:
            book.close()
    return counts, answer
