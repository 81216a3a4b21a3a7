"""What every answer carries, and what a form may come from: security headers, CSRF, and the origin of a POST."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from flask import Flask, Response, request
from flask_wtf import CSRFProtect

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


def install(app: Flask) -> None:
    """Headers on every answer, errors among them; CSRF and origin before every form's view. Register after the gate."""
    csrf = CSRFProtect()
    csrf.init_app(app)

    @app.before_request
    def _check_form() -> None:
        if request.method in READING or gate.is_api():
            return
        check_origin()
        csrf.protect()
        check_form()

    @app.after_request
    def _add_headers(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        if gate.is_secure():
            response.headers.setdefault("Strict-Transport-Security", HSTS)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def check_origin() -> None:
    """Raises Forbidden for a form sent from another site. An old web view that sends neither header still has its CSRF token."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        raise Forbidden()
    origin = request.headers.get("Origin")
    if site is None and origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        raise Forbidden()
