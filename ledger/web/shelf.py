"""The books this process serves: opened at the first request, after the worker was forked, with one pool each."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from urllib.parse import urlsplit

from ledger.config import BookSettings, Settings
from ledger.domain.ids import IdSource
from ledger.keyring import Keyring
from ledger.storage.unit_of_work import Book

SPARE_CONNECTIONS = 2
"""Beside one for each thread: SQLite's shared writer keeps one, and a streamed export may hold another."""


class Shelf:
    """Finds the book of a request and opens it once, however many threads ask at the same moment."""

    def __init__(self, settings: Settings, books: Mapping[str, Book] | None = None) -> None:
        self._settings = settings
        self._open: dict[str, Book] = dict(books or {})
        self._lock = threading.Lock()
        self._hosts: dict[str, str] = {}
        for slug, book in settings.books.items():
            self._hosts.setdefault(urlsplit(book.public_url).netloc.lower(), slug)
        self._first = next(iter(settings.books))

    def slug_of(self, host: str, named: str = "") -> str:
        """The book whose public address this host is; else the one a token names; else the first."""
        return self._hosts.get(host.lower()) or (named if named in self._settings.books else self._first)

    def settings_of(self, slug: str) -> BookSettings:
        return self._settings.books[slug]

    def book(self, slug: str) -> Book:
        """Raises Unavailable or KeyringUnreadable when the book cannot be opened now; the next request tries again."""
        found = self._open.get(slug)
        if found is not None:
            return found
        with self._lock:
            if slug not in self._open:
                settings = self._settings.books[slug]
                keyring = Keyring.load(settings.keys_folder)
                self._open[slug] = Book(settings, keyring, IdSource(), pool_size=self._settings.threads + SPARE_CONNECTIONS)
            return self._open[slug]

    def slugs(self) -> tuple[str, ...]:
        return tuple(self._settings.books)

    def cookie_secrets(self) -> tuple[bytes, ...]:
        """The keys under the form cookie: those of the first book, the current one first."""
        if self._first in self._open:
            return self._open[self._first].keyring.cookie_secrets()
        return Keyring.load(self._settings.books[self._first].keys_folder).cookie_secrets()

    def close(self) -> None:
        for book in self._open.values():
            book.close()
        self._open.clear()
