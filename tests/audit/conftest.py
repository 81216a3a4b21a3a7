"""A fresh book per test, and the shortest way to write acts into it without any use case."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import config
from ledger.domain.act import Act
from ledger.domain.ids import IdSource
from ledger.keyring import Keyring
from ledger.storage import journal, migrating
from ledger.storage.unit_of_work import Book

NOW = datetime(2022, 10, 2, 2, tzinfo=UTC)


def open_book(home: Path, *, hash_: str = "sha256", decimals: int = 0, url: str = "") -> Book:
    """A migrated book in `home`, with keys and seeded ids."""
    home.mkdir(parents=True, exist_ok=True)
    settings_file = home / "config.toml"
    settings_file.write_text(f'[genesis]\nhash = "{hash_}"\ndecimals = {decimals}\n', encoding="utf-8")
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(settings_file), "LEDGER_DATABASE_URL": url}).book()
    migrating.upgrade(settings)
    return Book(settings, Keyring.create(settings.keys_folder, book=settings.slug), IdSource.seeded(7))


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Book]:
    opened = open_book(tmp_path)
    yield opened
    opened.close()


class Pen:
    """Writes acts one after another, a second apart."""

    def __init__(self, book: Book, now: datetime = NOW) -> None:
        self.book = book
        self.now = now

    def act(self, kind: str, **header: Any) -> Act:
        self.now += timedelta(seconds=1)
        values = {
            "id": self.book.ids.new(self.now),
            "kind": kind,
            "occurred_at": self.now,
            "recorded_at": self.now,
            "actor": "console:test",
        }
        return Act(**{**values, **header})

    def write(self, kind: str, *, also: Callable[[Any, Act], None] | None = None, expiries: Any = None, **header: Any) -> Act:
        """Post one act; `also` runs in the same unit (for read models)."""
        act = self.act(kind, **header)

        def work(unit: Any) -> None:
            journal.post(unit, [act], expiries=expiries)
            if also is not None:
                also(unit, act)

        self.book.run(work)
        return act


@pytest.fixture
def pen(book: Book) -> Pen:
    return Pen(book)
