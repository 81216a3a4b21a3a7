"""An organiser's day: what runs now, what comes, what was, and how much waits for a word of theirs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from flask import Response
from flask_babel import gettext as _

from ledger.domain.cycle import local_date, start_of_day
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.web import gate
from ledger.web.organiser import showing
from ledger.web.organiser.place import ROLES, blueprint, page

AHEAD: Final = timedelta(days=14)
BEHIND: Final = timedelta(days=7)


@blueprint.get("", strict_slashes=False)
@gate.allow(*ROLES)
def today() -> Response:
    """The day first, then what comes and what was."""
    return page("today.html", title=_("我的活动"), current="today", **gate.book().read(_values))


def _values(unit: Unit) -> dict[str, Any]:
    now, zone = gate.now(), gate.book_settings().zone
    begins = start_of_day(local_date(now, zone), zone)
    ends = begins + timedelta(days=1)
    actor = gate.actor()
    return {
        "running": [showing.listed(one) for one in view_activity.activities(unit, actor, begins, ends)],
        "coming": [
            showing.listed(one) for one in view_activity.activities(unit, actor, ends, ends + AHEAD) if one.activity.starts_at >= ends
        ],
        "past": [
            showing.listed(one)
            for one in reversed(view_activity.activities(unit, actor, begins - BEHIND, begins))
            if one.activity.ends_at < begins
        ],
        "waiting": view_activity.waiting_count(unit, actor),
    }
