"""A second person at a desk: another role-holder, known by their own card."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.errors import LedgerError, WitnessRequired
from ledger.domain.people import Actor, Grant
from ledger.storage import access
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import identify
from ledger.usecases.open_sign_in import STAFF

LOGINS_OF: Final = Statement("SELECT id FROM {login} WHERE person = :person AND disabled_at IS NULL ORDER BY id")


def witness_by_card(unit: Unit, actor: Actor, shown: str, now: datetime) -> Actor:
    """The role-holder whose card was shown beside the actor.

    Raises: WitnessRequired for anything else: no card, nobody's, the actor's own, or one without a staff role.
    """
    try:
        seen = identify(unit, shown, now=now)
    except LedgerError as error:
        raise WitnessRequired() from error
    if seen.how != "card" or actor.is_self(seen.holder):
        raise WitnessRequired()
    grantees = [seen.holder, *(row[0] for row in unit.rows(LOGINS_OF, person=seen.holder))]
    grants = tuple(Grant(g.role, g.scope) for grantee in grantees for g in access.grants(unit, grantee, now))
    found = Actor(seen.holder, seen.holder, grants)
    if not found.has(*STAFF):
        raise WitnessRequired()
    return found
