"""Calls a WSGI application the way a server does, without a socket."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from ledger.config import load
from ledger.domain.people import Actor
from ledger.storage import access
from ledger.storage.unit_of_work import Book
from ledger.usecases.add_login import add_login
from ledger.usecases.request import Request
from ledger.usecases.sign_in import sign_in

PASSWORD = "Bench-keeper-2022!"


def our_app(book: Book, now: datetime) -> Any:
    """The whole application on one book, with a clock that stands."""
    from ledger.web import create_app

    settings = load({"LEDGER_HOME": str(book.settings.folder.parent), "LEDGER_CONFIG": "none.toml"})
    return create_app(settings, {book.slug: book}, clock=lambda: now)


def keeper_token(book: Book, now: datetime) -> str:
    """A signed-in keeper of the bench's station."""
    from bench.district import STATION

    request = Request(actor=Actor("console:bench"), now=now, name="bench", key="add keeper")
    if book.read(lambda unit: access.login_by_name(unit, "benchkeeper")) is None:
        add_login(book, request, login="benchkeeper", role="keeper", station=STATION, password=PASSWORD)
    anyone = Request(actor=Actor("anyone"), now=now, name="sign_in")
    return str(sign_in(book, anyone, login="benchkeeper", password=PASSWORD, otp="", address="127.0.0.1")["token"])


def call(app: Any, path: str, body: bytes, *, key: str, token: str = "") -> int:
    """POST a JSON body and return the status."""
    environ = {
        "REQUEST_METHOD": "POST", "PATH_INFO": path, "SCRIPT_NAME": "", "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1", "HTTP_HOST": "127.0.0.1:8000", "REMOTE_ADDR": "127.0.0.1", "CONTENT_TYPE": "application/json",
        "CONTENT_LENGTH": str(len(body)), "HTTP_IDEMPOTENCY_KEY": key, "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http", "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
    }  # fmt: skip
    if token:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {token}"
    told: list[str] = []
    answer = app(environ, lambda status, _headers, _info=None: told.append(status))
    for _part in answer:
        pass
    if hasattr(answer, "close"):
        answer.close()
    return int(told[0][:3])
