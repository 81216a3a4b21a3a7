"""A district of its own for each test, with a clock the test sets and the people the doors are tried by."""

from __future__ import annotations

import datetime as dt

import pytest

from ledger import config
from ledger.domain.ids import IdSource
from ledger.domain.people import Actor
from ledger.keyring import Keyring
from ledger.storage import migrating
from ledger.storage.unit_of_work import Book
from ledger.usecases.add_login import add_login
from ledger.usecases.request import Request
from ledger.web import create_app

PASSWORD = "Station-2022-pass!"
START = dt.datetime(2022, 10, 8, 6, 0, tzinfo=dt.UTC)


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        return self.now

    def tick(self, **by: float) -> None:
        self.now += dt.timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def settings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return config.load({"LEDGER_HOME": str(tmp_path / "var")})


@pytest.fixture
def book(settings):
    of_book = settings.book()
    migrating.upgrade(of_book)
    opened = Book(of_book, Keyring.create(of_book.keys_folder, book=of_book.slug), IdSource.seeded(7))
    yield opened
    opened.close()


@pytest.fixture
def console(clock) -> Request:
    return Request(actor=Actor("console:test"), now=clock.now, name="test")


@pytest.fixture
def staff(book, console):
    """An organiser and an officer; the officer's one-time secret is in otp_uri."""
    organiser = add_login(book, console, login="organiser", role="organiser", password=PASSWORD)
    officer = add_login(book, console, login="officer", role="officer", password=PASSWORD)
    return {"organiser": organiser, "officer": officer}


@pytest.fixture
def app(settings, book, clock):
    made = create_app(settings, {book.slug: book}, clock=clock)
    made.testing = True
    return made


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def token(client):
    """token(login) signs in over the API and returns the Bearer header."""

    def sign_in(login: str, password: str = PASSWORD, **more: str) -> dict[str, str]:
        answer = client.post("/api/v1/sessions", json={"login": login, "password": password, **more})
        assert answer.status_code == 201, answer.text
        return {"Authorization": f"Bearer {answer.json['token']}"}

    return sign_in
