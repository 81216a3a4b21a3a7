"""Cards: issued, bound to a holder, revoked. A card is an identity pointer; what it opens is decided elsewhere."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from ledger.domain.act import micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

CARDS_OF: Final = Statement("SELECT number, pin_hash FROM {card} WHERE holder = :holder AND status = 'active' ORDER BY issued_at, number")
ISSUE: Final = Statement(
    "INSERT INTO {card} (number, holder, status, pin_hash, issued_at, revoked_at) VALUES (:number, :holder, :status, :pin_hash, :now, NULL)"
)
BIND: Final = Statement(
    "UPDATE {card} SET holder = :holder, status = 'active', pin_hash = :pin_hash WHERE number = :number AND status = 'blank'"
)
REVOKE: Final = Statement("UPDATE {card} SET status = 'revoked', revoked_at = :now WHERE number = :number AND status = 'active'")

LOGINS_OF: Final = Statement("SELECT id FROM {login} WHERE person = :person AND disabled_at IS NULL ORDER BY id")


def active_cards(unit: Unit, holder: str) -> list[tuple[str, str]]:
    """(number, hash of the PIN or empty) of a holder's active cards, oldest first."""
    return [(row[0], row[1]) for row in unit.rows(CARDS_OF, holder=holder)]


def issue(unit: Unit, number: str, *, holder: str, pin_hash: str, now: datetime) -> None:
    """A new card; without a holder it is blank."""
    unit.change(ISSUE, number=number, holder=holder, status="active" if holder else "blank", pin_hash=pin_hash, now=micros(now))


def bind(unit: Unit, number: str, *, holder: str, pin_hash: str) -> bool:
    """Give a blank card its holder; False when it is not blank any more."""
    return unit.change(BIND, number=number, holder=holder, pin_hash=pin_hash) == 1


def revoke(unit: Unit, number: str, now: datetime) -> bool:
    return unit.change(REVOKE, number=number, now=micros(now)) == 1


def grantees_of(unit: Unit, person: str) -> list[str]:
    """The ids under which the owner of a card may hold roles: themselves, and their logins."""
    return [person, *(row[0] for row in unit.rows(LOGINS_OF, person=person))]
