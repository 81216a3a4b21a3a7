"""Who stands at the door: the book a request is for, who asks, and whether the view is open to them.

Every view says who may call it: `@everyone`, `@signed_in` or `@allow("keeper", …)`; a view that says nothing stops the start. The mark
is checked before the view and before its body is read. Under /api only a Bearer token counts; elsewhere only the cookie. What lies
below a role (own station, own area, own person) is decided by the use cases.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar

from flask import Flask, Response, current_app, g, request

from ledger.config import BookSettings
from ledger.domain.errors import Forbidden, InvalidInput, Unauthenticated
from ledger.domain.people import ROLES, Actor
from ledger.storage.unit_of_work import Book
from ledger.usecases.open_sign_in import STAFF, book_of, who
from ledger.usecases.request import Answer
from ledger.usecases.sign_in import ANYONE
from ledger.web.shelf import Shelf

View = TypeVar("View", bound=Callable[..., Any])
Clock = Callable[[], datetime]

UPLOAD_BYTES: Final = 25 * 1024 * 1024
BODY_BYTES: Final = 1024 * 1024
MARK: Final = "__open_to__"
UPLOAD: Final = "__takes_upload__"


@dataclass(frozen=True, slots=True)
class OpenTo:
    """Whom a view is open to: everyone, anybody signed in (no roles), or holders of one of the roles."""

    everyone: bool = False
    roles: tuple[str, ...] = ()

    def check(self, actor: Actor | None) -> None:
        """Raises Unauthenticated when nobody is signed in, Forbidden when the roles do not fit."""
        if self.everyone:
            return
        if actor is None:
            raise Unauthenticated()
        if self.roles and not actor.has(*self.roles):
            raise Forbidden()


def everyone(view: View) -> View:
    """Open without signing in. `actor_or_none()` says who it is when somebody is signed in."""
    setattr(view, MARK, OpenTo(everyone=True))
    return view


def signed_in(view: View) -> View:
    """Open to anybody who is signed in."""
    setattr(view, MARK, OpenTo())
    return view


def allow(*roles: str) -> Callable[[View], View]:
    """Open to holders of one of these roles, wherever their scope."""
    assert roles and set(roles) <= set(ROLES), roles

    def mark(view: View) -> View:
        setattr(view, MARK, OpenTo(roles=roles))
        return view

    return mark


def takes_upload(view: View) -> View:
    """A view whose body may be 25 MB instead of 1 MB."""
    setattr(view, UPLOAD, True)
    return view


def let_in(moment: datetime) -> None:
    """Decide whether this request reaches its view. Raises InvalidInput, Unauthenticated, Forbidden, and what opening a book raises."""
    g.now = moment
    view = current_app.view_functions.get(request.endpoint or "")
    if view is None or request.endpoint == "static":
        return
    if hasattr(view, UPLOAD):
        request.max_content_length = UPLOAD_BYTES
    check_text_of_address()
    g.token = token_of_request()
    access: OpenTo = getattr(view, MARK)
    if not access.everyone:
        access.check(actor_or_none())


def check_all_marked(app: Flask) -> None:
    """Every endpoint says whom it is open to; called once when the app is made."""
    silent = [name for name, view in app.view_functions.items() if name != "static" and not hasattr(view, MARK)]
    assert not silent, f"views that do not say who may call them: {silent}"


def is_api() -> bool:
    return request.path.startswith("/api/")


def shelf() -> Shelf:
    found: Shelf = current_app.extensions["ledger_shelf"]
    return found


def book_settings() -> BookSettings:
    """Settings of the request's book, without opening it."""
    if "book_slug" not in g:
        g.book_slug = shelf().slug_of(request.host, book_of(bearer()) if is_api() else "")
    return shelf().settings_of(g.book_slug)


def book() -> Book:
    """The request's book. Raises Unavailable or KeyringUnreadable when it cannot be opened now."""
    return shelf().book(book_settings().slug)


def now() -> datetime:
    """The moment of this request, read once from the clock."""
    moment: datetime = g.now
    return moment


def actor_or_none() -> Actor | None:
    """Who is signed in, asked of the database once per request."""
    if "actor" not in g:
        token = g.get("token", "")
        g.actor = who(book(), token, now()) if token else None
    found: Actor | None = g.actor
    return found


def actor() -> Actor:
    """Who is signed in. Raises Unauthenticated."""
    found = actor_or_none()
    if found is None:
        raise Unauthenticated()
    return found


def actor_or_anyone() -> Actor:
    return actor_or_none() or ANYONE


def is_staff() -> bool:
    """Whether sentences are for staff: somebody known holds a role beside volunteer. Never asks the database on its own account."""
    known: Actor | None = g.get("actor")
    return known is not None and known.has(*STAFF)


def bearer() -> str:
    """The token of the Authorization header, or empty."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def token_of_request() -> str:
    return bearer() if is_api() else request.cookies.get(cookie_name(), "")


def cookie_name() -> str:
    """`__Host-` binds the cookie to this host and to https; browsers refuse the prefix without https."""
    settings = book_settings()
    return ("__Host-" if is_secure() else "") + f"ledger-{settings.slug}"


def is_secure() -> bool:
    return book_settings().public_url.startswith("https://")


def keep_signed_in(response: Response, answer: Answer) -> Response:
    """Hand the browser its token. A volunteer's outlives the browser; staff's ends with it."""
    expires = datetime.fromisoformat(answer["expires_at"]) if answer["roles"] == ["volunteer"] else None
    response.set_cookie(cookie_name(), answer["token"], path="/", secure=is_secure(), httponly=True, samesite="Lax", expires=expires)
    return response


def forget_signed_in(response: Response) -> Response:
    """Take the token back and have the browser drop what it kept of this site's pages."""
    response.delete_cookie(cookie_name(), path="/", secure=is_secure(), httponly=True, samesite="Lax")
    response.headers["Clear-Site-Data"] = '"cache", "storage"'
    return response


def check_text_of_address() -> None:
    """Raises InvalidInput for NUL or other control characters in the path or the query: no database takes them."""
    if any(letter < " " or letter == "\x7f" for letter in request.path):
        raise InvalidInput("path", "unprintable")
    if b"%" in request.query_string:
        for name, value in request.args.items(multi=True):
            if "\0" in name + value:
                raise InvalidInput("query", "unprintable")
