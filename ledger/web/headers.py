"""What every answer carries, and what a form may come from: security headers, CSRF, and the origin of a POST."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from flask import Flask, Request, current_app, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf import CSRFProtect

from ledger.config import Settings
from ledger.domain.errors import Forbidden
from ledger.web import gate
from ledger.web.asking import check_form

CONTENT_POLICY: Final = (
    "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": CONTENT_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS: Final = "max-age=31536000"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: Flask, settings: Settings) -> None:
    """Headers on every answer, errors among them, added last and once; CSRF tokens for forms."""
    app.session_interface = PageSessions()
    CSRFProtect().init_app(app)
    fixed = list(HEADERS.items())
    if all(book.public_url.startswith("https://") for book in settings.books.values()):
        fixed.append(("Strict-Transport-Security", HSTS))
    app.wsgi_app = _WithHeaders(app.wsgi_app, fixed)  # type: ignore[method-assign]


class PageSessions(SecureCookieSessionInterface):
    """Flask's signed cookie holds the CSRF token and messages of pages, nothing of authority; the API has none."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if request.path.startswith("/api/"):
            return self.make_null_session(app)
        return super().open_session(app, request)


class _WithHeaders:
    """Adds the same headers to whatever the application answers, and `no-store` where nothing else was said."""

    def __init__(self, application: Any, fixed: list[tuple[str, str]]) -> None:
        self._application = application
        self._fixed = fixed
        self._unstored = [*fixed, ("Cache-Control", "no-store")]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            kept = any(name == "Cache-Control" for name, _ in headers)
            return start_response(status, headers + (self._fixed if kept else self._unstored), exc_info)

        return self._application(environ, start)


def check_form_of_page() -> None:
    """CSRF and origin of a form, before its view. The API takes no cookies, so nothing can be forged there."""
    if request.method in READING or gate.is_api():
        return
    check_origin()
    current_app.extensions["csrf"].protect()
    check_form()


def check_origin() -> None:
    """Raises Forbidden for a form sent from another site. An old web view that sends neither header still has its CSRF token."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden()
    origin = request.headers.get("Origin")
    if site is None and origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise Forbidden()
