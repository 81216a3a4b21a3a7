"""A copy of a book that is built aside, in a folder of its own, and takes the book's place only when it is whole."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from ledger.config import BookSettings
from ledger.keyring import FILE_NAME
from ledger.storage import database, dump, migrating
from ledger.storage.unit_of_work import Book

PREFIX: Final = ".restoring-"

Progress = Callable[[str, int], None]


@contextmanager
def built_aside(settings: BookSettings) -> Iterator[BookSettings]:
    """Settings of an SQLite book in a folder that only its owner can read, gone afterwards; what a killed run left goes too."""
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in settings.folder.glob(f"{PREFIX}*"):
        shutil.rmtree(old, ignore_errors=True)
    folder = settings.folder / f"{PREFIX}{secrets.token_hex(4)}"
    folder.mkdir(mode=0o700)
    try:
        yield replace(settings, folder=folder, database_url="", owner_url="")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def lay_keys(aside: BookSettings, keyring: bytes) -> None:
    """Give the copy its keyring file."""
    aside.keys_folder.mkdir(mode=0o700)
    _write_private(aside.keys_folder / FILE_NAME, keyring)


def take_place(book: Book, settings: BookSettings, *, is_empty: bool, progress: Progress) -> None:
    """Write the copy over the target in one transaction of it. Keys come first where nothing can be lost, else last.

    Args: book: the copy, open. is_empty: whether the target holds nothing but perhaps its genesis.
    Raises: Unavailable; the target is then as it was.
    """
    if is_empty:
        _install_keys(book, settings)
    if database.is_postgresql(settings, owner=True):
        migrating.upgrade(settings)
        book.read(lambda unit: dump.pour_postgresql(unit, settings, progress), snapshot=True)
    else:
        if dump.is_damaged(settings):
            _set_aside_damaged(settings)
        dump.pour_sqlite(book.settings, settings)
    if not is_empty:
        _install_keys(book, settings)


def _set_aside_damaged(settings: BookSettings) -> None:
    """A file that is no database any more is kept under another name for whoever wants to examine it."""
    file, mark = database.sqlite_file(settings), secrets.token_hex(4)
    for suffix in ("", "-wal", "-shm"):
        part = file.with_name(file.name + suffix)
        if part.exists():
            part.replace(file.with_name(f"{file.name}.damaged-{mark}{suffix}"))


def _install_keys(book: Book, settings: BookSettings) -> None:
    """Put the copy's keys in the book's folder; keys that differ are kept beside them under another name."""
    fresh, place = (book.settings.keys_folder / FILE_NAME).read_bytes(), settings.keys_folder / FILE_NAME
    settings.keys_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if place.exists():
        old = place.read_bytes()
        if old == fresh:
            return
        _write_private(place.with_name(f"{FILE_NAME}.before-{secrets.token_hex(4)}"), old)
    draft = place.with_name(f".{FILE_NAME}.{secrets.token_hex(6)}")
    _write_private(draft, fresh)
    draft.replace(place)


def _write_private(path: Path, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
