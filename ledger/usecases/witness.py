"""A second person at a desk: another role-holder, known by their own card."""

from __future__ import annotations

from datetime import datetime

from ledger.domain.errors import LedgerError, WitnessRequired
from ledger.domain.people import Actor, Grant
from ledger.storage import access, cards
from ledger.storage.unit_of_work import Unit
from ledger.usecases.identify import identify
from ledger.usecases.open_sign_in import STAFF


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
    grants = tuple(Grant(g.role, g.scope) for id in cards.grantees_of(unit, seen.holder) for g in access.grants(unit, id, now))
    found = Actor(seen.holder, seen.holder, grants)
    if not found.has(*STAFF):
        raise WitnessRequired()
    return found
