"""The office as a place: its blueprint, who reads what, its side list, and how times, names and figures are told on its pages."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, current_app, make_response, render_template, request, url_for
from flask_babel import gettext as _

from ledger import boundary
from ledger.domain.act import instant, micros
from ledger.domain.cycle import end_of_day, local_date
from ledger.domain.errors import InvalidInput, LedgerError
from ledger.domain.people import mask_name
from ledger.storage import people, registers
from ledger.storage.journal_pages import NEWEST, Cursor
from ledger.storage.unit_of_work import Unit
from ledger.web import gate
from ledger.web.language import language
from ledger.web.office.words import ACTS, FACTS, PLACES, ROLES, SESSION_KINDS, STATES
from ledger.web.refusing import sentence_of

READERS: Final = ("officer", "auditor")
"""Who reads the ledger's business: officers, and auditors, who write nothing."""

EVERYBODY: Final = ("officer", "auditor", "admin")
ROWS: Final = 50
FACT_VALUES: Final[Mapping[str, Mapping[str, Any]]] = {"role": ROLES, "from": STATES, "to": STATES, "state": STATES, "kind": SESSION_KINDS}
"""Facts whose value is a word of the program."""


blueprint = Blueprint("office", __name__, url_prefix="/office")


SIDE: Final[tuple[tuple[str, tuple[tuple[str, str, tuple[str, ...]], ...]], ...]] = (
    (
        "do",
        (
            ("today_page", "home", EVERYBODY),
            ("cycles", "calendar", READERS),
            ("objections", "question", READERS),
            ("organiser.waiting", "check", ("officer",)),
            ("imports", "import", READERS),
        ),
    ),
    (
        "look",
        (
            ("find_people", "people", READERS),
            ("areas", "chart", READERS),
            ("stations", "station", READERS),
            ("goods", "goods", READERS),
            ("rules", "book", READERS),
        ),
    ),
    ("keep", (("users", "key", ("admin", "auditor")), ("journal", "list", EVERYBODY), ("audit", "shield", READERS))),
)
"""The side list: headings, and under each the view (of another place: with its blueprint), its icon, and who may open it."""


def page(
    template: str, *, title: str, current: str, error: LedgerError | None = None, words: str = "", status: int = 200, **values: Any
) -> Response:
    """A page of the office with its side list.

    A refusal is shown in it as `error` and `code`, with its status; in `words` of the page's own where the general sentence
    would speak of something else.
    """
    if error is not None:
        status = boundary.http_status(error)
    said = {"error": words or refusal_words(error), "code": error.code if error else ""}
    html = render_template(
        f"office/{template}", title=title, nav=side(current), person=who(), home_href=href("today_page"), **said, **values
    )
    response = make_response(html, status)
    seconds = boundary.retry_after(error) if error is not None else None
    if seconds is not None:
        response.headers["Retry-After"] = str(seconds)
    return response


def refusal_words(error: LedgerError | None) -> str:
    return sentence_of(error) if error is not None else ""


def side(current: str) -> list[dict[str, Any]]:
    """The side list for whoever is signed in."""
    actor = gate.actor()
    nav: list[dict[str, Any]] = []
    for heading, doors in SIDE:
        found = [(at, link_to(at if "." in at else f"office.{at}"), icon) for at, icon, roles in doors if actor.has(*roles)]
        lines = [{"label": PLACES[at], "href": address, "icon": icon, "current": at == current} for at, address, icon in found if address]
        nav += [{"heading": PLACES[heading]}, *lines] if lines else []
    return nav


def who() -> dict[str, str]:
    actor = gate.actor()
    name = actor.login or actor.id
    return {"name": name, "initial": name[:1].upper(), "sign_out_href": "/sign-out"}


def href(endpoint: str, **values: Any) -> str:
    return url_for(f"office.{endpoint}", **values)


def link_to(endpoint: str, **values: Any) -> str:
    """The address of a view of another place, or empty when this program has none."""
    return url_for(endpoint, **values) if endpoint in current_app.view_functions else ""


def writes(*roles: str) -> bool:
    """Whether whoever is signed in holds one of the roles: templates show a form only then."""
    return gate.actor().has(*roles)


# -- figures and times -----------------------------------------------------------------------------------------------------------------
def figure(number: int | float) -> str:
    """31,206 with thousands by comma and a true minus."""
    text = f"{abs(number):,}"
    return f"−{text}" if number < 0 else text


def points(steps: int) -> str:
    """Smallest steps as points with thousands by comma."""
    return figure(gate.book_settings().scale.number(steps))


def yuan(fen: int) -> str:
    whole, rest = divmod(abs(fen), 100)
    return f"{'−' if fen < 0 else ''}¥{whole:,}.{rest:02d}"


def amount(commodity: str, value: int) -> str:
    """A posting's amount in the unit people use: points, yuan, minutes, pieces."""
    if commodity == "PTS":
        return points(value)
    return yuan(value) if commodity == "CNY" else figure(value)


def zone() -> ZoneInfo:
    return ZoneInfo(gate.book_settings().zone)


def today() -> date:
    return local_date(gate.now(), gate.book_settings().zone)


def moment(at: datetime | None) -> str:
    """10月8日 14:02, with its year when that is not this one; empty for None."""
    if at is None:
        return ""
    local = at.astimezone(zone())
    return f"{day(local.date())} {local:%H:%M}"


def day(on: date) -> str:
    if language() == "en":
        return f"{on.day} {on:%b}" + (f" {on.year}" if on.year != today().year else "")
    return (f"{on.year}年" if on.year != today().year else "") + f"{on.month}月{on.day}日"


def as_of() -> str:
    return str(_("截至%(at)s", at=moment(gate.now())))


def day_argument(name: str) -> date | None:
    """A date of the query, or None when it is absent. Raises InvalidInput for any other text."""
    text = request.args.get(name, "").strip()
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput(name) from error


def end_of(on: date) -> datetime:
    """24:00 of a local day; an as-of date means everything recorded by then."""
    return end_of_day(on, gate.book_settings().zone)


def days_ago(days: int) -> datetime:
    return max(gate.now() - timedelta(days=days), datetime(1970, 1, 2, tzinfo=UTC))


# -- paging ----------------------------------------------------------------------------------------------------------------------------
def cursor_argument() -> Cursor:
    """The cursor of the query (`<microseconds>.<act id>`), or that of the newest line."""
    text = request.args.get("before", "")
    if not text:
        return NEWEST
    match = re.fullmatch(r"([0-9]{1,18})\.([0-9a-f-]{1,40})", text)
    if match is None:
        raise InvalidInput("cursor")
    return int(match[1]), match[2]


def cursor_text(cursor: Cursor) -> str:
    return f"{cursor[0]}.{cursor[1]}"


def turned(endpoint: str, **changed: Any) -> str:
    """The address of this list with some arguments of its query changed; empty ones are left out."""
    kept = {key: text for key, text in request.args.items() if key not in ("lang", "size", "theme")}
    return href(endpoint, **{key: value for key, value in {**(request.view_args or {}), **kept, **changed}.items() if value})


# -- people and acts -------------------------------------------------------------------------------------------------------------------
def kind_words(kind: str) -> str:
    return str(ACTS.get(kind, kind))


def called(unit: Unit, ids: Sequence[str]) -> dict[str, str]:
    """How actors and subjects are called: logins and teams by name, people masked, jobs and consoles in words."""
    found: dict[str, str] = dict(registers.login_names(unit, ids))
    names = people.names(unit, [id for id in ids if re.fullmatch(r"[VTH][0-9]+", id)])
    found.update({id: mask_name(name) if id.startswith("V") else name for id, name in names.items()})
    for id in ids:
        if id not in found and ":" in id:
            origin, _colon, name = id.partition(":")
            found[id] = {"console": _("控制台 %(name)s", name=name), "job": _("自动 %(name)s", name=name)}.get(origin, id)
    found["anyone"] = str(_("未登录的人"))
    return found


def local_minutes(at: datetime) -> str:
    """A moment as `datetime-local` fields want it."""
    return at.astimezone(zone()).strftime("%Y-%m-%dT%H:%M")


def facts_of(facts: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Facts of an act that say something: stored name, its word, and the value as people read it."""
    told = [(name, str(FACTS.get(name, name)), _fact(name, value)) for name, value in sorted(facts.items())]
    return [fact for fact in told if fact[2]]


def _fact(name: str, value: Any) -> str:
    if isinstance(value, str) and name in FACT_VALUES:
        return str(FACT_VALUES[name].get(value, value))
    if isinstance(value, int) and name in ("price_points", "points", "raw") and not isinstance(value, bool):
        return points(value)
    if isinstance(value, int) and not isinstance(value, bool) and name.endswith(("_at", "_until", "notice_from")) and value > 0:
        return moment(instant(value))
    if isinstance(value, dict):
        return "，".join(f"{FACTS.get(key, key)} {_fact(key, part)}" for key, part in value.items())
    if isinstance(value, list):
        return "；".join(_fact("", part) for part in value)
    return "" if value is None else str(value)


def micros_of(at: datetime) -> int:
    return micros(at)
