"""What the audit and the exports read: the whole journal streamed, read models, sums, and the schema as it is.

Everything here only reads and is meant for one snapshot (`Book.read(..., snapshot=True)`). Memory stays flat: acts come
in chunks, their postings are fetched chunk by chunk, sums are made by the database.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple

from ledger.domain.act import HEADER
from ledger.storage.rows import METADATA
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Row, Unit

CHUNK: Final = 256
"""Acts read at a time: few enough to stay in the processor's cache (2000 took a third longer when measured)."""
ACT_COLUMNS: Final = (*HEADER, "facts")
_ACT: Final = ", ".join(f"a.{name}" for name in ACT_COLUMNS)

Leg = tuple[str, str, int]
"""(account path, commodity, amount)."""

NumberedLeg = tuple[int, str, str, int]
"""(line, account path, commodity, amount)."""


class Recorded(NamedTuple):
    """One act as it is stored: ACT_COLUMNS, its leaf index and hash (None when unsealed), its postings in order."""

    columns: Row
    leaf_index: int | None
    leaf_hash: bytes | None
    legs: list[Leg]


PLACE_COLUMNS: Final = ("leaf_index", "leaf_hash", "waits", "place", *ACT_COLUMNS)
"""One place of the trail, or an act without one: leaf_index and leaf_hash are None there, and waits says whether it stands in
`unsealed`. `place` is the act that the leaf names; the act's own columns are None when that act is gone."""


ACTS_AS_RECORDED: Final = Statement(
    f"SELECT {_ACT}, l.leaf_index, l.hash FROM {{act}} a LEFT JOIN {{leaf}} l ON l.act = a.id ORDER BY a.recorded_at, a.id"
)
ACTS_OF_CYCLE: Final = Statement(
    f"SELECT {_ACT}, l.leaf_index, l.hash FROM {{act}} a LEFT JOIN {{leaf}} l ON l.act = a.id"
    " WHERE a.cycle = :cycle ORDER BY a.recorded_at, a.id"
)
_SEALED: Final = ", ".join(f"coalesce(a.{name}, '')" if name in ("reverses", "resolves") else f"a.{name}" for name in ACT_COLUMNS)
ACTS_BY_LEAF: Final = Statement(
    f"SELECT l.leaf_index, l.hash, 0, l.act, {_SEALED} FROM {{leaf}} l LEFT JOIN {{act}} a ON a.id = l.act ORDER BY l.leaf_index"
)
ACTS_WITHOUT_LEAF: Final = Statement(
    f"SELECT NULL, NULL, CASE WHEN u.act IS NULL THEN 0 ELSE 1 END, a.id, {_SEALED} FROM {{act}} a LEFT JOIN {{leaf}} l ON l.act = a.id"
    " LEFT JOIN {unsealed} u ON u.act = a.id WHERE l.act IS NULL ORDER BY a.id"
)
LEGS_BY_ACT: Final = Statement("SELECT act, line, account, commodity, amount FROM {posting} ORDER BY act, line")
NUMBERED_LEGS: Final = Statement("SELECT act, line, account, commodity, amount FROM {posting} WHERE act IN @acts ORDER BY act, line")
NODES: Final = Statement(
    "SELECT node_index, hash FROM {node} WHERE level = :level AND node_index >= :low AND node_index < :high ORDER BY node_index"
)
HEADS_BETWEEN: Final = Statement(
    "SELECT size, root, signed_at, signature, public_key, key_id, algorithm FROM {head} WHERE size > :low AND size <= :high ORDER BY size"
)
UNSEALED_ODD: Final = Statement(
    "SELECT u.act, l.leaf_index IS NOT NULL, a.id IS NOT NULL FROM {unsealed} u LEFT JOIN {leaf} l ON l.act = u.act"
    " LEFT JOIN {act} a ON a.id = u.act WHERE l.act IS NOT NULL OR a.id IS NULL ORDER BY u.act"
)
LEASES_HELD: Final = Statement("SELECT count(*) FROM {job_lease} WHERE until_at > :now")
ACCOUNTS: Final = Statement("SELECT path, commodity, floor, balance, expires_at FROM {account} ORDER BY path")
LEGS_WITHOUT_ACCOUNT: Final = Statement(
    "SELECT p.account, p.commodity, min(p.act), sum(p.amount) FROM {posting} p"
    " LEFT JOIN {account} a ON a.path = p.account AND a.commodity = p.commodity WHERE a.path IS NULL"
    " GROUP BY p.account, p.commodity ORDER BY p.account LIMIT :most"
)
FIRST_ON_ACCOUNT: Final = Statement("SELECT min(act) FROM {posting} WHERE account = :path")
LAST_ON_ACCOUNT: Final = Statement("SELECT max(a.recorded_at) FROM {posting} p JOIN {act} a ON a.id = p.act WHERE p.account = :path")
ACCOUNT_DRIFT: Final = Statement(
    "SELECT a.balance - (SELECT coalesce(sum(p.amount), 0) FROM {posting} p WHERE p.account = a.path) FROM {account} a WHERE a.path = :path"
)
NEIGHBOURS: Final = Statement("SELECT recorded_at, occurred_at FROM {act} WHERE id >= :low AND id <= :high ORDER BY id LIMIT 200")
RECEIPTS_UNEXPLAINED: Final = Statement(
    "SELECT r.id, r.act FROM {receipt_lot} r LEFT JOIN {act} a ON a.id = r.act AND a.kind IN ('stock_received', 'stock_moved')"
    " WHERE a.id IS NULL ORDER BY r.id LIMIT 200"
)
HOLD_ROWS: Final = Statement(
    "SELECT h.id, h.holder, h.station, h.session, h.cycle, h.points, h.placed_at, h.expires_at, h.state, h.resolved_by, h.resolved_at,"
    " coalesce(r.kind, ''), coalesce(r.id, ''), r.recorded_at FROM {hold} h LEFT JOIN {act} r ON r.resolves = h.id WHERE h.id IN @ids"
)
HOLD_LINE_ROWS: Final = Statement("SELECT hold, sku, quantity, price_points FROM {hold_line} WHERE hold IN @ids ORDER BY hold, sku")
REDEMPTION_ROWS: Final = Statement(
    "SELECT d.id, d.receipt, d.hold, d.holder, d.station, d.session, d.desk, d.keeper, d.cycle, d.points, d.at, d.reversed_by,"
    " coalesce(r.id, '') FROM {redemption} d LEFT JOIN {act} r ON r.reverses = d.id WHERE d.id IN @ids"
)
PASS_ROWS: Final = Statement("SELECT nonce, act, subject, used_at, station FROM {pass_use} WHERE nonce IN @ids")
REDEMPTION_LINE_ROWS: Final = Statement(
    "SELECT redemption, sku, quantity, price_points FROM {redemption_line} WHERE redemption IN @ids ORDER BY redemption, sku"
)
HOLDS_UNEXPLAINED: Final = Statement(
    "SELECT h.id FROM {hold} h LEFT JOIN {act} a ON a.id = h.id AND a.kind = 'hold_placed' WHERE a.id IS NULL ORDER BY h.id LIMIT 200"
)
REDEMPTIONS_UNEXPLAINED: Final = Statement(
    "SELECT r.id FROM {redemption} r LEFT JOIN {act} a ON a.id = r.id AND a.kind = 'handed_over' WHERE a.id IS NULL ORDER BY r.id LIMIT 200"
)
PASSES_UNEXPLAINED: Final = Statement(
    "SELECT u.nonce, u.act FROM {pass_use} u LEFT JOIN {act} a ON a.id = u.act WHERE u.act <> '' AND a.id IS NULL"
    " ORDER BY u.nonce LIMIT 200"
)
HOLDERS: Final = Statement("SELECT id FROM {holder} WHERE id > :after ORDER BY id LIMIT :most")
TAKEN_ON_HOLD: Final = Statement(
    "SELECT h.holder, h.cycle, l.sku, l.quantity FROM {hold} h JOIN {hold_line} l ON l.hold = h.id WHERE h.holder IN @ids"
    " AND h.state = 'held'"
)
TAKEN_BY_HAND: Final = Statement(
    "SELECT r.holder, r.cycle, l.sku, l.quantity FROM {redemption} r JOIN {redemption_line} l ON l.redemption = r.id"
    " WHERE r.holder IN @ids AND r.reversed_by = ''"
)
ATTENDANCE_UNEXPLAINED: Final = Statement(
    "SELECT t.id FROM {attendance} t WHERE NOT EXISTS (SELECT 1 FROM {act} a WHERE a.subject = t.person AND a.evidence = 'activity:'"
    " || t.activity AND a.kind IN ('checked_in', 'service_earned', 'service_served')) ORDER BY t.id LIMIT 200"
)
EARNINGS_UNEXPLAINED: Final = Statement(
    "SELECT t.id, t.earned_act FROM {attendance} t LEFT JOIN {act} a ON a.id = t.earned_act AND a.kind = 'service_earned'"
    " WHERE t.earned_act <> '' AND a.id IS NULL ORDER BY t.id LIMIT 200"
)
POINTS_UNEXPLAINED: Final = Statement("SELECT id, points FROM {attendance} WHERE earned_act = '' AND points <> 0 ORDER BY id LIMIT 200")
ATTENDED_TWICE: Final = Statement(
    "SELECT activity, person, count(*) FROM {attendance} WHERE state <> 'undone' GROUP BY activity, person HAVING count(*) > 1 LIMIT 200"
)
LINES_UNEXPLAINED: Final = Statement(
    "SELECT l.cycle, l.line, l.earned_act FROM {notice_line} l LEFT JOIN {act} a ON a.id = l.earned_act AND a.kind = 'service_earned'"
    " WHERE a.id IS NULL ORDER BY l.cycle, l.line LIMIT 200"
)
LINE_TOTALS: Final = Statement("SELECT cycle, count(*), coalesce(sum(points), 0) FROM {notice_line} GROUP BY cycle")
LAPSED_BUT_LEFT: Final = Statement(
    "SELECT path, balance, expires_at FROM {account} WHERE path >= 'wallet/' AND path < 'wallet0' AND expires_at <= :at AND balance > 0"
    " ORDER BY path"
)
LOGINS: Final = Statement("SELECT id, person FROM {login}")
BOOK: Final = Statement("SELECT slug, genesis, decimals, hash, zone, currency FROM {book}")
NOTES_UNEXPLAINED: Final = Statement(
    "SELECT n.act FROM {note} n LEFT JOIN {act} a ON a.id = n.act WHERE a.id IS NULL OR a.note_digest = '' ORDER BY n.act LIMIT 200"
)
REQUEST_KEYS: Final = Statement("SELECT actor, request, body_digest, answer FROM {request_key} ORDER BY actor, request")
RESOLVED_TWICE: Final = Statement(
    "SELECT resolves, count(*), max(id) FROM {act} WHERE resolves IS NOT NULL GROUP BY resolves HAVING count(*) > 1 LIMIT 200"
)
REVERSED_TWICE: Final = Statement(
    "SELECT reverses, count(*), max(id) FROM {act} WHERE reverses IS NOT NULL GROUP BY reverses HAVING count(*) > 1 LIMIT 200"
)
UNDONE_BATCHES: Final = Statement("SELECT subject FROM {act} WHERE kind = 'batch_undone'")
OVERDRAFTS: Final = Statement("SELECT path FROM {account} WHERE path >= 'fund/' AND path < 'fund0' AND floor IS NULL")
ACT_KINDS: Final = Statement("SELECT id, kind FROM {act} WHERE id IN @ids")
ACT_REQUESTS: Final = Statement("SELECT id, request FROM {act} WHERE id IN @ids")
EXPIRIES: Final = Statement("SELECT path, expires_at FROM {account} WHERE path IN @ids")
RESOLVERS: Final = Statement("SELECT resolves, id, kind, recorded_at FROM {act} WHERE resolves IN @ids")
REVERSERS: Final = Statement("SELECT reverses, id, kind, recorded_at FROM {act} WHERE reverses IN @ids")
ACTS_ABOUT: Final = Statement("SELECT subject, id, kind, recorded_at, facts FROM {act} WHERE subject IN @ids AND kind = :kind ORDER BY id")
LEGS: Final = Statement("SELECT act, account, commodity, amount FROM {posting} WHERE act IN @acts ORDER BY act, line")
ACCOUNTS_USED: Final = Statement("SELECT DISTINCT account, commodity FROM {posting} ORDER BY account, commodity")
ACCOUNTS_USED_IN_CYCLE: Final = Statement(
    "SELECT DISTINCT p.account, p.commodity FROM {posting} p JOIN {act} a ON a.id = p.act WHERE a.cycle = :cycle"
    " ORDER BY p.account, p.commodity"
)


def as_recorded(unit: Unit, cycle: str | None = None) -> Iterator[Recorded]:
    """Every act of the book, or of one cycle, by recorded_at and id."""
    rows = unit.stream(ACTS_AS_RECORDED) if cycle is None else unit.stream(ACTS_OF_CYCLE, cycle=cycle)
    for chunk in chunked(rows):
        legs = legs_of(unit, [row[0] for row in chunk])
        for row in chunk:
            yield Recorded(row[:-2], row[-2], _bytes(row[-1]), legs.get(row[0], []))


def along_the_trail(unit: Unit) -> Iterator[tuple[list[Row], dict[str, list[NumberedLeg]]]]:
    """Every leaf in order with its act, then the acts that have no leaf by id: chunks of PLACE_COLUMNS, and their postings."""
    legs = _LegsById(unit)
    for statement in (ACTS_BY_LEAF, ACTS_WITHOUT_LEAF):
        cursor = _cursor(unit, "trail")
        cursor.execute(unit.book.compiler.text(statement))
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk, legs.of([row[3] for row in chunk])
        cursor.close()
    legs.close()


class _LegsById:
    """Postings merged with acts that come nearly by id: one pass over the postings' own key instead of a search per act.

    Postings of acts that come a little later wait here. When too many wait (an id far out of order), the rest is searched
    for chunk by chunk.
    """

    WAITING_MAX: Final = 50_000

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._cursor: Any = _cursor(unit, "legs_by_id")
        self._cursor.execute(unit.book.compiler.text(LEGS_BY_ACT))
        self._waiting: dict[str, list[NumberedLeg]] = {}
        self._next: list[Row] = []

    def of(self, acts: list[str]) -> dict[str, list[NumberedLeg]]:
        """The postings of these acts, in order. Postings of other acts may be there, too."""
        if self._cursor is not None:
            found = self._read_until(max(acts))
            if len(found) <= self.WAITING_MAX:
                self._waiting = {act: found[act] for act in found.keys() - set(acts)}
                return found
            self.close()
            self._cursor, self._waiting = None, {}
        return _numbered_legs(self._unit, acts)

    def close(self) -> None:
        if self._cursor is not None:
            self._cursor.close()

    def _read_until(self, last: str) -> dict[str, list[NumberedLeg]]:
        found, rows = self._waiting, self._next
        while len(found) <= self.WAITING_MAX:
            for place, row in enumerate(rows):
                act = row[0]
                if act > last:
                    self._next = rows[place:]
                    return found
                if act in found:
                    found[act].append(row[1:])
                else:
                    found[act] = [row[1:]]
            rows = self._cursor.fetchmany(CHUNK)
            if not rows:
                self._next = []
                break
        return found


def _cursor(unit: Unit, name: str) -> Any:
    """A cursor of its own that does not fetch everything at once."""
    driver = unit.connection.connection.driver_connection
    return driver.cursor() if unit.is_sqlite else driver.cursor(name=name)


def rows_by(unit: Unit, table: str, column: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    """Whole rows of a table, as dictionaries, whose text column holds one of the values."""
    statement, names = _by(table, column)
    wanted = sorted({value for value in values if isinstance(value, str)})
    return [dict(zip(names, row, strict=True)) for row in unit.rows(statement, ids=wanted)] if wanted else []


def whole_table(unit: Unit, table: str) -> Iterator[dict[str, Any]]:
    """Every row of a table by its primary key."""
    statement, names = _all(table)
    return (dict(zip(names, row, strict=True)) for row in unit.stream(statement))


def rows_no_act_explains(unit: Unit, table: str, key: str, kinds: Sequence[str], most: int) -> list[str]:
    """Keys of rows that no act of these kinds is about."""
    return [row[0] for row in unit.rows(_unexplained(table, key), kinds=list(kinds), most=most)]


@lru_cache(maxsize=256)
def _by(table: str, column: str) -> tuple[Statement, tuple[str, ...]]:
    names = tuple(METADATA.tables[table].columns.keys())
    return Statement(f"SELECT {', '.join(names)} FROM {{{table}}} WHERE {column} IN @ids"), names


@lru_cache(maxsize=64)
def _all(table: str) -> tuple[Statement, tuple[str, ...]]:
    names = tuple(METADATA.tables[table].columns.keys())
    keys = ", ".join(METADATA.tables[table].primary_key.columns.keys())
    return Statement(f"SELECT {', '.join(names)} FROM {{{table}}} ORDER BY {keys}"), names


@lru_cache(maxsize=64)
def _unexplained(table: str, key: str) -> Statement:
    return Statement(
        f"SELECT t.{key} FROM {{{table}}} t WHERE NOT EXISTS (SELECT 1 FROM {{act}} a WHERE a.subject = t.{key} AND a.kind IN @kinds)"
        f" ORDER BY t.{key} LIMIT :most"
    )


def _numbered_legs(unit: Unit, acts: list[str]) -> dict[str, list[NumberedLeg]]:
    legs: dict[str, list[NumberedLeg]] = {}
    for act, *leg in unit.rows(NUMBERED_LEGS, acts=acts):
        legs.setdefault(act, []).append(tuple(leg))
    return legs


def legs_of(unit: Unit, acts: list[str]) -> dict[str, list[Leg]]:
    """The postings of some acts, in order."""
    legs: dict[str, list[Leg]] = {}
    for act, account, commodity, amount in unit.rows(LEGS, acts=acts):
        legs.setdefault(act, []).append((account, commodity, amount))
    return legs


def accounts_used(unit: Unit, cycle: str | None = None) -> Iterable[tuple[str, str]]:
    """(path, commodity) of every account that has postings (in that cycle), by path."""
    rows = unit.stream(ACCOUNTS_USED) if cycle is None else unit.stream(ACCOUNTS_USED_IN_CYCLE, cycle=cycle)
    return ((row[0], row[1]) for row in rows)


def chunked(rows: Iterable[Row], size: int = CHUNK) -> Iterator[list[Row]]:
    chunk: list[Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _bytes(value: object) -> bytes | None:
    return value if value is None or isinstance(value, bytes) else bytes(value)  # type: ignore[call-overload]


def column_values(unit: Unit, table: str, column: str, most: int, begins: str = "") -> list[Any]:
    """Different values of a column (those that begin with a text), at most so many."""
    return [row[0] for row in unit.rows(_values_of(table, column), low=begins, high=begins + "\U0010ffff", most=most)]


@lru_cache(maxsize=64)
def _values_of(table: str, column: str) -> Statement:
    return Statement(f"SELECT DISTINCT {column} FROM {{{table}}} WHERE {column} >= :low AND {column} < :high ORDER BY {column} LIMIT :most")


@lru_cache(maxsize=64)
def ended_without_act(table: str, key: str, column: str) -> Statement:
    """Rows whose column is filled although no act of :kind is about them: (key, column)."""
    return Statement(
        f"SELECT t.{key}, t.{column} FROM {{{table}}} t WHERE t.{column} IS NOT NULL"
        f" AND NOT EXISTS (SELECT 1 FROM {{act}} a WHERE a.subject = t.{key} AND a.kind = :kind) ORDER BY t.{key} LIMIT :most"
    )
