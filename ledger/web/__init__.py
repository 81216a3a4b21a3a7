"""Who stands where: one blueprint per place a person stands. Pages and the API decide nothing about points."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.info import Info
from flask_openapi3.openapi import OpenAPI
from werkzeug.middleware.proxy_fix import ProxyFix

from ledger import clock
from ledger.config import Settings
from ledger.storage.unit_of_work import Book
from ledger.web import asking, gate, headers, language, observe, refusing
from ledger.web.api import SECURITY, Problem
from ledger.web.shelf import Shelf

ROOT: Final = Path(__file__).resolve().parents[2]
STATIC_SECONDS: Final = 600

BLUEPRINTS: Final[tuple[str, ...]] = (
    "ledger.web.observe",
    "ledger.web.api.access",
    "ledger.web.api.activities",
    "ledger.web.api.attendances",
    "ledger.web.api.auditing",
    "ledger.web.api.cycles",
    "ledger.web.api.desk",
    "ledger.web.api.importing",
    "ledger.web.api.me",
    "ledger.web.api.objecting",
    "ledger.web.api.office",
    "ledger.web.api.people",
    "ledger.web.api.proving",
    "ledger.web.api.redeeming",
    "ledger.web.api.stations",
    "ledger.web.api.document",
    "ledger.web.office",
    "ledger.web.public.signing",
    "ledger.web.public.scanning",
    "ledger.web.public.receipts",
    "ledger.web.public.stations",
    "ledger.web.public.notices",
    "ledger.web.public.activities",
    "ledger.web.volunteer.home",
    "ledger.web.volunteer.my_code",
    "ledger.web.volunteer.reserving",
    "ledger.web.volunteer.statement",
    "ledger.web.volunteer.settings",
    "ledger.web.volunteer.attendance",
    "ledger.web.station",
    "ledger.web.organiser",
)
"""Modules that hold a `blueprint`. To add a place: one line here."""


def create_app(settings: Settings, books: Mapping[str, Book] | None = None, clock: gate.Clock = clock.now) -> OpenAPI:
    """The web application.

    Args:
        settings: of all books; the first one is used where a host names none.
        books: already opened books by slug (tests); others open at their first request.
        clock: gives the present moment, aware UTC, once per request.
    """
    shelf = Shelf(settings, books)
    app = OpenAPI(
        "ledger.web",
        info=Info(title="三联账本", version="1.0.0", description="志愿积分、站点兑换、对账公开。金额单位：积分；时间：ISO 8601。"),
        doc_ui=False,
        security_schemes=SECURITY,
        validation_error_model=Problem,
        validation_error_callback=asking.refuse_validation,
        template_folder=str(ROOT / "templates"),
        static_folder=str(ROOT / "static"),
        root_path=str(ROOT / "ledger" / "web"),
    )
    app.request_class = asking.LedgerRequest
    app.config.update(_configuration(settings, shelf))
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.log_exception = lambda exc_info: observe.bug(exc_info[1])  # type: ignore[method-assign,arg-type]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["ledger_shelf"] = shelf
    language.install(app, next(iter(settings.books.values())).zone)
    headers.install(app, settings)
    refusing.install(app)
    _stand_in_order(app, clock)
    _register(app)
    gate.check_all_marked(app)
    if settings.web.trusted_proxies:
        hops = settings.web.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=0)  # type: ignore[method-assign]
    return app


def _stand_in_order(app: OpenAPI, clock: gate.Clock) -> None:
    """What happens to every request, in this order: it is numbered, let in, and its form is checked; at the end it is counted.

    One hook before and one after: each costs every hand-over its microseconds.
    """

    @app.before_request
    def _arrive() -> None:
        observe.begin()
        gate.let_in(clock())
        headers.check_form_of_page()

    @app.after_request
    def _leave(response: Response) -> Response:
        language.keep_choices(response)
        observe.end(response)
        return response


def _configuration(settings: Settings, shelf: Shelf) -> dict[str, Any]:
    secrets = shelf.cookie_secrets()
    secure = all(book.public_url.startswith("https://") for book in settings.books.values())
    return {
        "SECRET_KEY": secrets[0],
        "SECRET_KEY_FALLBACKS": list(secrets[1:]),
        "SESSION_COOKIE_NAME": "__Host-ledger-form" if secure else "ledger-form",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "MAX_CONTENT_LENGTH": gate.BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": gate.BODY_BYTES,
        "MAX_FORM_PARTS": 2000,
        "SEND_FILE_MAX_AGE_DEFAULT": STATIC_SECONDS,
        "WTF_CSRF_CHECK_DEFAULT": False,
        "WTF_CSRF_TIME_LIMIT": None,
        "WTF_CSRF_SSL_STRICT": False,
        "TRAP_BAD_REQUEST_ERRORS": False,
        "PROPAGATE_EXCEPTIONS": False,
    }


def _register(app: OpenAPI) -> None:
    for path in BLUEPRINTS:
        blueprint = import_module(path).blueprint
        if isinstance(blueprint, APIBlueprint):
            app.register_api(blueprint)
        else:
            app.register_blueprint(blueprint)
