"""Holders, cards, phones and areas: look-ups for requests, bulk maps for imports, rows for screens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import micros
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book, Unit

BY_PHONE: Final = Statement(
    "SELECT h.id FROM {phone} p JOIN {holder} h ON h.id = p.holder"
    " WHERE p.lookup = :lookup AND h.status IN ('active','provisional') ORDER BY h.id"
)
BY_CARD: Final = Statement("SELECT holder, status FROM {card} WHERE number = :number")
BY_ID: Final = Statement("SELECT id, kind, status, name, area, pool, political_class FROM {holder} WHERE id = :id")
CARD_OF: Final = Statement(
    "SELECT number FROM {card} WHERE holder = :id AND status = 'active' ORDER BY issued_at DESC, number DESC LIMIT 1"
)
IS_KNOWN: Final = Statement("SELECT 1 FROM {holder} WHERE id = :id")
LOCK: Final = Statement(
    "SELECT status, pool FROM {holder} WHERE id = :id",
    postgresql="SELECT status, pool FROM {holder} WHERE id = :id FOR NO KEY UPDATE",
)
LOCK_MANY: Final = Statement(
    "SELECT id FROM {holder} WHERE id IN @ids ORDER BY id",
    postgresql="SELECT id FROM {holder} WHERE id IN @ids ORDER BY id FOR NO KEY UPDATE",
)
NAMES: Final = Statement("SELECT id, name FROM {holder} WHERE id IN @ids")
BY_NAME: Final = Statement("SELECT id FROM {holder} WHERE name_lookup = :lookup AND status IN ('active','provisional') ORDER BY id")
PERSON_OF_LOGIN: Final = Statement("SELECT person FROM {login} WHERE id = :id")
HAS_ROLE: Final = Statement(
    "SELECT 1 FROM {role_grant} g LEFT JOIN {login} l ON l.id = g.grantee WHERE (g.grantee = :id OR l.person = :id)"
    " AND g.role <> 'volunteer' AND g.from_at <= :now AND (g.until_at IS NULL OR g.until_at > :now) LIMIT 1"
)
PHONES_OF: Final = Statement("SELECT sealed FROM {phone} WHERE holder = :id ORDER BY lookup")
MEMBERSHIPS: Final = Statement("SELECT kind, target FROM {membership} WHERE holder = :id AND until_at IS NULL ORDER BY kind, target")

ALL_PEOPLE: Final = Statement("SELECT id, name_lookup, pool FROM {holder} WHERE kind = 'person' AND status IN ('active','provisional')")
ALL_PHONES: Final = Statement(
    "SELECT p.lookup, p.holder FROM {phone} p JOIN {holder} h ON h.id = p.holder WHERE h.status IN ('active','provisional')"
)
FORGET_UNDONE_STATIONS: Final = Statement("DELETE FROM {station} WHERE status = 'undone' AND code IN @codes")
FORGET_UNDONE_GOODS: Final = Statement("DELETE FROM {good} WHERE status = 'undone' AND sku IN @codes")
AREAS: Final = Statement("SELECT code, parent, kind, name, path, pool FROM {area} WHERE until_at IS NULL ORDER BY path")
AREA_CODES: Final = Statement("SELECT code FROM {area}")
AREA: Final = Statement("SELECT code, parent, kind, name, path, pool FROM {area} WHERE (code = :text OR path = :text) AND until_at IS NULL")
TEAMS: Final = Statement("SELECT id, name FROM {holder} WHERE kind = 'team' AND status = 'active'")
WORK_UNITS: Final = Statement("SELECT name, code FROM {work_unit}")


@dataclass(frozen=True, slots=True)
class Area:
    """A current area. `pool` is the community (or street) whose points people there earn."""

    code: str
    parent: str
    kind: str
    name: str
    path: str
    pool: str


@dataclass(frozen=True, slots=True)
class Holder:
    """Whoever holds points. `name` is in the clear: mask it before it leaves for the public."""

    id: str
    kind: str
    status: str
    name: str
    area: str
    pool: str
    political_class: str


def by_phone(unit: Unit, phone: str) -> list[str]:
    """Ids of the people who use this phone."""
    return [row[0] for row in unit.rows(BY_PHONE, lookup=unit.book.keyring.lookup("phone", phone))]


def by_name(unit: Unit, name: str) -> list[str]:
    return [row[0] for row in unit.rows(BY_NAME, lookup=unit.book.keyring.lookup("name", name))]


def by_card(unit: Unit, number: str) -> tuple[str, str] | None:
    """(holder, status) of a card number; holder is empty for a blank card."""
    row = unit.row(BY_CARD, number=number)
    return None if row is None else (row[0], row[1])


def holder(unit: Unit, id: str) -> Holder | None:
    row = unit.row(BY_ID, id=id)
    if row is None:
        return None
    return Holder(row[0], row[1], row[2], open_name(unit.book, row[0], row[3]), row[4], row[5], row[6])


def lock(unit: Unit, id: str) -> tuple[str, str] | None:
    """(status, pool) of a holder, whose own units then wait for each other; None when unknown."""
    row = unit.row(LOCK, id=id)
    return None if row is None else (row[0], row[1])


def is_known(unit: Unit, id: str) -> bool:
    """Whether there is a holder of this id. Locks nothing: for those who only look."""
    return unit.value(IS_KNOWN, id=id) is not None


def card_of(unit: Unit, id: str) -> str:
    """The holder's active card number, or empty."""
    return unit.value(CARD_OF, id=id) or ""


def names(unit: Unit, ids: list[str]) -> dict[str, str]:
    """Names in the clear by id, for many holders at once."""
    return {id: open_name(unit.book, id, blob) for id, blob in unit.rows(NAMES, ids=sorted(set(ids)))} if ids else {}


def person_of_login(unit: Unit, login: str) -> str:
    """The holder behind a login's id, or empty."""
    return unit.value(PERSON_OF_LOGIN, id=login) or ""


def has_role(unit: Unit, holder: str, now: datetime) -> bool:
    """Whether a person holds any staff role now (what makes a witness)."""
    return unit.value(HAS_ROLE, id=holder, now=micros(now)) is not None


def phones_of(unit: Unit, id: str) -> list[str]:
    """Phones in the clear. Whoever shows them journals a reveal first."""
    return [unit.book.keyring.open("phone", id, row[0]) for row in unit.rows(PHONES_OF, id=id)]


def open_name(book: Book, id: str, blob: bytes) -> str:
    return book.keyring.open("name", id, bytes(blob)) if blob else ""


def areas(unit: Unit) -> list[Area]:
    return [Area(*row) for row in unit.rows(AREAS)]


def area(unit: Unit, text: str) -> Area | None:
    """A current area by its code or its Chinese path."""
    row = unit.row(AREA, text=text)
    return None if row is None else Area(*row)


def lineage(unit: Unit, code: str) -> list[str]:
    """The codes of an area and all areas above it, from itself upwards."""
    codes: list[str] = []
    while code and code not in codes:
        found = area(unit, code)
        if found is None:
            break
        codes.append(found.code)
        code = found.parent
    return codes
