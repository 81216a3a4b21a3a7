"""What office screens list: people by place, stations, goods, logins and their grants. Reads, and the one price that is moved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ledger.domain.act import instant, micros
from ledger.storage import people
from ledger.storage.access import DatedGrant
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

PEOPLE_IN: Final = Statement(
    "SELECT id, name, area, status FROM {holder} WHERE kind = 'person' AND status IN ('active','provisional') AND area IN @areas"
    " AND id > :after ORDER BY id LIMIT :most"
)
PEOPLE_BY_AREA: Final = Statement(
    "SELECT area, COUNT(*) FROM {holder} WHERE kind = 'person' AND status IN ('active','provisional') GROUP BY area"
)
PEOPLE_BY_ID: Final = Statement("SELECT id, name, area, status FROM {holder} WHERE id IN @ids ORDER BY id")
CARDS_OF_MANY: Final = Statement("SELECT holder, number FROM {card} WHERE holder IN @ids AND status = 'active' ORDER BY issued_at, number")
CARDS_OF: Final = Statement(
    "SELECT number, status, issued_at, revoked_at, pin_hash <> '' FROM {card} WHERE holder = :id ORDER BY issued_at DESC"
)
LINKS_OF: Final = Statement(
    "SELECT kind, target, from_at, until_at FROM {membership} WHERE holder = :id ORDER BY until_at IS NOT NULL, kind, from_at"
)
WORK_UNIT_NAMES: Final = Statement("SELECT code, name FROM {work_unit} WHERE code IN @codes")
AREA_NAMES: Final = Statement("SELECT code, path FROM {area} WHERE code IN @codes")
AREA_HISTORY: Final = Statement("SELECT code, parent, kind, name, path, pool, from_at, until_at FROM {area} ORDER BY path, from_at")

STATIONS: Final = Statement("SELECT code, name, area, address, hours, status FROM {station} WHERE status <> 'undone' ORDER BY code")
STATION_STOCK: Final = Statement(
    "SELECT r.station, COUNT(DISTINCT r.sku), SUM(a.balance), SUM(a.balance * r.unit_cost_fen) FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id WHERE a.balance > 0 GROUP BY r.station"
)
GOODS: Final = Statement(
    "SELECT sku, name, unit, category, price_points, cost_fen, limit_per_cycle, status FROM {good}"
    " WHERE status <> 'undone' ORDER BY category, sku"
)
GOOD: Final = Statement("SELECT sku, name, unit, category, price_points, cost_fen, limit_per_cycle, status FROM {good} WHERE sku = :sku")
GOOD_STOCK: Final = Statement(
    "SELECT r.sku, COUNT(DISTINCT r.station), SUM(a.balance) FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id WHERE a.balance > 0 GROUP BY r.sku"
)
PRICE_GOOD: Final = Statement(
    "UPDATE {good} SET price_points = :price_points, limit_per_cycle = :limit_per_cycle WHERE sku = :sku AND price_points = :was_price"
    " AND COALESCE(limit_per_cycle, 0) = COALESCE(:was_limit, 0) AND status <> 'undone'"
)

LOGIN_NAMES: Final = Statement("SELECT id, login FROM {login} WHERE id IN @ids")
GRANTS_OF_MANY: Final = Statement(
    "SELECT grantee, id, role, scope, from_at, until_at, deputy_for FROM {role_grant} WHERE grantee IN @ids ORDER BY grantee, id"
)
PEOPLE_WITH_ROLES: Final = Statement(
    "SELECT DISTINCT grantee FROM {role_grant} WHERE grantee >= 'V' AND grantee < 'W'"
    " AND (until_at IS NULL OR until_at > :now) ORDER BY grantee LIMIT :most"
)
SESSIONS_OF: Final = Statement(
    "SELECT kind, device, created_at, seen_at, expires_at FROM {sign_in} WHERE grantee = :id AND revoked_at IS NULL AND expires_at > :now"
    " ORDER BY created_at DESC LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Listed:
    """A person as a list shows them. `name` is in the clear: mask it before it is shown."""

    id: str
    name: str
    area: str
    status: str
    card: str = ""


@dataclass(frozen=True, slots=True)
class Card:
    number: str
    status: str
    issued_at: datetime
    revoked_at: datetime | None
    has_pin: bool


@dataclass(frozen=True, slots=True)
class Link:
    """A dated membership: `target` is an area, a team, a work unit's code, or empty for a mark."""

    kind: str
    target: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class AreaOnce:
    """An area with the dates between which it held; `until_at` None is still."""

    code: str
    parent: str
    kind: str
    name: str
    path: str
    pool: str
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Good:
    """A good as priced now; `price_points` in smallest steps, `limit_per_cycle` None where there is none."""

    sku: str
    name: str
    unit: str
    category: str
    price_points: int
    cost_fen: int
    limit_per_cycle: int | None
    status: str


@dataclass(frozen=True, slots=True)
class Session:
    kind: str
    device: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime


def people_in(unit: Unit, areas: Sequence[str], after: str, most: int) -> list[Listed]:
    """Active people who live in any of these areas, by id, from behind `after`."""
    return _with_cards(unit, unit.rows(PEOPLE_IN, areas=list(areas), after=after, most=most))


def people_by_id(unit: Unit, ids: Sequence[str]) -> list[Listed]:
    return _with_cards(unit, unit.rows(PEOPLE_BY_ID, ids=list(ids))) if ids else []


def _with_cards(unit: Unit, rows: Sequence[tuple[str, bytes, str, str]]) -> list[Listed]:
    cards: dict[str, str] = dict(unit.rows(CARDS_OF_MANY, ids=[row[0] for row in rows])) if rows else {}
    return [Listed(id, people.open_name(unit.book, id, name), area, status, cards.get(id, "")) for id, name, area, status in rows]


def people_by_area(unit: Unit) -> dict[str, int]:
    """How many active people live in each area itself (not below it)."""
    return {area: int(count) for area, count in unit.rows(PEOPLE_BY_AREA)}


def cards_of(unit: Unit, holder: str) -> list[Card]:
    """Every card of a person, the newest first."""
    return [
        Card(number, status, instant(issued), None if revoked is None else instant(revoked), bool(pin))
        for number, status, issued, revoked, pin in unit.rows(CARDS_OF, id=holder)
    ]


def links_of(unit: Unit, holder: str) -> list[Link]:
    """Memberships of a person, present ones first, ended ones with their dates."""
    return [
        Link(kind, target, instant(from_at), None if until_at is None else instant(until_at))
        for kind, target, from_at, until_at in unit.rows(LINKS_OF, id=holder)
    ]


def place_names(unit: Unit, codes: Sequence[str]) -> dict[str, str]:
    """Chinese paths of areas and names of work units, by code."""
    wanted = sorted(set(codes))
    return {**dict(unit.rows(WORK_UNIT_NAMES, codes=wanted)), **dict(unit.rows(AREA_NAMES, codes=wanted))} if wanted else {}


def areas_ever(unit: Unit) -> list[AreaOnce]:
    """Every area there is or was, by path."""
    return [
        AreaOnce(code, parent, kind, name, path, pool, instant(from_at), None if until_at is None else instant(until_at))
        for code, parent, kind, name, path, pool, from_at, until_at in unit.rows(AREA_HISTORY)
    ]


def station_stock(unit: Unit) -> dict[str, tuple[int, int, int]]:
    """(different goods, pieces, cost in fen) on the shelf of each station that has any."""
    return {code: (int(kinds), int(pieces), int(fen)) for code, kinds, pieces, fen in unit.rows(STATION_STOCK)}


def goods(unit: Unit) -> list[Good]:
    return [Good(*row) for row in unit.rows(GOODS)]


def good(unit: Unit, sku: str) -> Good | None:
    row = unit.row(GOOD, sku=sku)
    return None if row is None else Good(*row)


def good_stock(unit: Unit) -> dict[str, tuple[int, int]]:
    """(stations, pieces) on shelves of each good that has any."""
    return {sku: (int(stations), int(pieces)) for sku, stations, pieces in unit.rows(GOOD_STOCK)}


def price_good(unit: Unit, was: Good, price_points: int, limit_per_cycle: int | None) -> bool:
    """Move the price and limit from what was read; False when somebody else moved them first."""
    seen = {"was_price": was.price_points, "was_limit": was.limit_per_cycle}
    return unit.change(PRICE_GOOD, sku=was.sku, price_points=price_points, limit_per_cycle=limit_per_cycle, **seen) == 1


def login_names(unit: Unit, ids: Sequence[str]) -> dict[str, str]:
    wanted = sorted({id for id in ids if id.startswith("U")})
    return dict(unit.rows(LOGIN_NAMES, ids=wanted)) if wanted else {}


def grants_of_many(unit: Unit, ids: Sequence[str]) -> dict[str, list[DatedGrant]]:
    """Every grant of these grantees, ended ones among them."""
    found: dict[str, list[DatedGrant]] = {}
    for grantee, id, role, scope, from_at, until_at, deputy_for in unit.rows(GRANTS_OF_MANY, ids=list(ids)):
        until = None if until_at is None else instant(until_at)
        found.setdefault(grantee, []).append(DatedGrant(id, role, scope, instant(from_at), until, deputy_for))
    return found


def people_with_roles(unit: Unit, now: datetime, most: int = 200) -> list[str]:
    """People (V…) who hold a grant without a login."""
    return [row[0] for row in unit.rows(PEOPLE_WITH_ROLES, now=micros(now), most=most)]


def sessions_of(unit: Unit, grantee: str, now: datetime, most: int = 50) -> list[Session]:
    """Sessions that may still be open, the newest first."""
    return [
        Session(kind, device, instant(created), instant(seen), instant(expires))
        for kind, device, created, seen, expires in unit.rows(SESSIONS_OF, id=grantee, now=micros(now), most=most)
    ]
