"""Show an activity's rotating code on the organiser's screen, and the poster that hangs on the wall."""

from __future__ import annotations

from datetime import timedelta

from ledger.domain.act import micros
from ledger.domain.errors import NotFound
from ledger.domain.people import require, require_area
from ledger.passes.links import url_of
from ledger.passes.signing import ACTIVITY_LIFE_SECONDS, ACTIVITY_PERIOD_SECONDS
from ledger.storage import people, service
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.identify import signer
from ledger.usecases.request import Answer, Request


def show_activity_code(book: Book, request: Request, *, activity: str) -> Answer:
    """The code of this half minute, and the poster's.

    Returns: {activity, name, pass, url, expires_at (µs), poster_url}. Raises: Forbidden outside the organiser's area, NotFound.
    """
    require(request.actor, "organiser", "officer")

    def find(unit: Unit) -> tuple[str, str]:
        found = service.activity(unit, activity)
        if found is None or found.status != "open":
            raise NotFound("activity")
        require_area(request.actor, people.lineage(unit, found.area))
        return found.id, found.name

    id, name = book.read(find)
    text = signer(book).activity_code(id, request.now)
    period = timedelta(seconds=ACTIVITY_PERIOD_SECONDS)
    beat = micros(request.now) // micros_of(period) * micros_of(period)
    ends = beat + micros_of(timedelta(seconds=ACTIVITY_LIFE_SECONDS))
    return {
        "activity": id,
        "name": name,
        "pass": text,
        "url": url_of(book.settings.public_url, text),
        "expires_at": ends,
        "poster_url": url_of(book.settings.public_url, signer(book).poster(id)),
    }


def micros_of(length: timedelta) -> int:
    return length // timedelta(microseconds=1)
