"""The office on a small district, and on a book that holds nothing yet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger import config
from ledger.usecases.found_book import found_book
from tests.cast import District, migrated_settings, open_book
from tests.web.office.office_cast import Office, opened


@pytest.fixture
def office(sqlite_district: District, home: Path) -> Iterator[Office]:
    """The small district as it was imported."""
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml")})

    yield opened(sqlite_district, settings)


@pytest.fixture
def empty_office(home: Path) -> Iterator[Office]:
    """An office whose book holds nothing but its genesis."""
    of_book = migrated_settings(home)
    book = open_book(of_book)
    district = District(book, home)
    found_book(book, district.request("found", key=None))
    yield opened(district, config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml")}), is_peopled=False)
    book.close()
