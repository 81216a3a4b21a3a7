"""The posting primitive: the only writer of acts and postings. It knows no business rule.

Acts come balanced from the domain. Postings of all acts of one call are netted per account and applied in account
order: a credit creates the account row or adds to it, a debit is a guarded update whose row count decides. On
PostgreSQL the whole call is one function of the book's schema; on SQLite prepared statements on the driver's cursor.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from ledger.domain.account import Account
from ledger.domain.act import HEADER, Act, instant, micros
from ledger.domain.entry import Posting, net_by_account
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import GuardFailed, Row, Unit

_COLUMNS: Final = (*HEADER, "facts")
_NULLABLE: Final = frozenset({"reverses", "resolves"})

INSERT_ACT: Final = Statement(f"INSERT INTO {{act}} ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + c for c in _COLUMNS)})")
INSERT_UNSEALED: Final = Statement("INSERT INTO {unsealed} (act) VALUES (:act)")
INSERT_POSTING: Final = Statement(
    "INSERT INTO {posting} (act, line, account, commodity, amount) VALUES (:act, :line, :account, :commodity, :amount)"
)
OPEN_ACCOUNT: Final = Statement(
    "INSERT INTO {account} (path, commodity, floor, balance, expires_at) VALUES (:path, :commodity, :floor, :delta, :expires_at)"
    " ON CONFLICT (path) DO NOTHING"
)
CREDIT: Final = Statement(
    "INSERT INTO {account} AS a (path, commodity, floor, balance, expires_at) VALUES (:path, :commodity, :floor, :delta, :expires_at)"
    " ON CONFLICT (path) DO UPDATE SET balance = a.balance + excluded.balance"
)
DEBIT: Final = Statement(
    "UPDATE {account} SET balance = balance + :delta WHERE path = :path AND (floor IS NULL OR balance + :delta >= floor)"
)
POST: Final = Statement("SELECT {post_acts}(:acts, :postings, :balances)")

ACT_BY_ID: Final = Statement(f"SELECT {', '.join(_COLUMNS)} FROM {{act}} WHERE id = :id")
ACT_RESOLVING: Final = Statement(f"SELECT {', '.join(_COLUMNS)} FROM {{act}} WHERE resolves = :id")
ACT_REVERSING: Final = Statement("SELECT id FROM {act} WHERE reverses = :id")
ACTS_OF_BATCH: Final = Statement(
    f"SELECT {', '.join('a.' + c for c in _COLUMNS)} FROM {{act}} a WHERE a.batch = :batch AND a.reverses IS NULL"
    " AND a.kind <> 'debt_booked' ORDER BY a.id"
)
LAPSES_OF: Final = Statement(
    f"SELECT {', '.join('a.' + c for c in _COLUMNS)} FROM {{posting}} p JOIN {{act}} a ON a.id = p.act WHERE p.account = :path"
    " AND a.kind = 'points_lapsed' AND NOT EXISTS (SELECT 1 FROM {act} r WHERE r.reverses = a.id) ORDER BY a.id DESC"
)
POSTINGS_OF: Final = Statement("SELECT account, commodity, amount FROM {posting} WHERE act = :act ORDER BY line")
POSTINGS_OF_MANY: Final = Statement("SELECT act, account, commodity, amount FROM {posting} WHERE act IN @acts ORDER BY act, line")
INSERT_NOTE: Final = Statement("INSERT INTO {note} (act, salt, body) VALUES (:act, :salt, :body)")

Expiries = Mapping[Account, datetime | None]


def post(unit: Unit, acts: Sequence[Act], *, expiries: Expiries | None = None, overdraft: Iterable[Account] = ()) -> None:
    """Write acts with their postings, whole.

    expiries: when a lot's account is opened by this call, its `expires_at`; ignored for accounts that exist.
    overdraft: accounts that, when opened by this call, get no floor (funds that may overdraw).
    Raises: GuardFailed when a debit would go below the floor, which makes the unit run again.
    """
    unit.posted.extend(acts)
    net = net_by_account(p for act in acts for p in act.postings)
    touched = {p.account for act in acts for p in act.postings}
    free = set(overdraft)
    balances = [_balance_row(account, net.get(account, 0), expiries or {}, free) for account in sorted(touched)]
    if unit.is_sqlite:
        _post_by_statements(unit, acts, balances)
    else:
        _post_by_function(unit, acts, balances)


def _balance_row(account: Account, delta: int, expiries: Expiries, free: set[Account]) -> dict[str, Any]:
    family = account.family
    expires_at = expiries.get(account)
    return {
        "path": account.path,
        "commodity": account.commodity,
        "floor": None if account in free else family.floor,
        "delta": delta if family.cached else None,
        "expires_at": None if expires_at is None else micros(expires_at),
    }


def _post_by_statements(unit: Unit, acts: Sequence[Act], balances: Sequence[dict[str, Any]]) -> None:
    unit.change_many(INSERT_ACT, [act_row(act) for act in acts])
    for row in balances:
        if row["delta"] is None or row["delta"] == 0:
            unit.change(OPEN_ACCOUNT, **row)
        elif row["delta"] > 0:
            unit.change(CREDIT, **row)
        elif unit.change(DEBIT, path=row["path"], delta=row["delta"]) != 1 and not _opened_below_zero(unit, row):
            raise GuardFailed(row["path"])
    unit.change_many(INSERT_POSTING, [row for act in acts for row in posting_rows(act)])
    unit.change_many(INSERT_UNSEALED, [{"act": act.id} for act in acts])


def _opened_below_zero(unit: Unit, row: dict[str, Any]) -> bool:
    """A debit on an account without a floor that does not exist yet (a first debt) opens it."""
    return row["floor"] is None and unit.change(OPEN_ACCOUNT, **row) == 1


def _post_by_function(unit: Unit, acts: Sequence[Act], balances: Sequence[dict[str, Any]]) -> None:
    failed = unit.value(
        POST,
        acts=_json([act_row(act) for act in acts]),
        postings=_json([row for act in acts for row in posting_rows(act)]),
        balances=_json(balances),
    )
    if failed is not None:
        raise GuardFailed(failed)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def act_row(act: Act) -> dict[str, Any]:
    """An act as the act table's columns."""
    row: dict[str, Any] = {name: getattr(act, name) for name in HEADER}
    row["occurred_at"], row["recorded_at"] = micros(act.occurred_at), micros(act.recorded_at)
    for name in _NULLABLE:
        row[name] = row[name] or None
    row["facts"] = act.facts_text()
    return row


def posting_rows(act: Act) -> list[dict[str, Any]]:
    return [
        {"act": act.id, "line": n, "account": p.account.path, "commodity": p.account.commodity, "amount": p.amount}
        for n, p in enumerate(act.postings)
    ]


def read_act(row: Row, postings: Sequence[Row] = ()) -> Act:
    """An act from its columns and its (account, commodity, amount) rows."""
    values: dict[str, Any] = dict(zip(_COLUMNS, row, strict=True))
    values["occurred_at"], values["recorded_at"] = instant(values["occurred_at"]), instant(values["recorded_at"])
    for name in _NULLABLE:
        values[name] = values[name] or ""
    values["facts"] = json.loads(values["facts"])
    legs = tuple(Posting(Account(path, commodity), amount) for path, commodity, amount in postings)
    return Act(**values, postings=legs)


def act_by_id(unit: Unit, id: str) -> Act | None:
    """The act with its postings, or None."""
    row = unit.row(ACT_BY_ID, id=id)
    return None if row is None else read_act(row, unit.rows(POSTINGS_OF, act=id))


def act_resolving(unit: Unit, id: str) -> Act | None:
    """The act that settled, voided or reversed an open one, with its postings."""
    row = unit.row(ACT_RESOLVING, id=id)
    return None if row is None else read_act(row, unit.rows(POSTINGS_OF, act=row[0]))


def is_reversed(unit: Unit, id: str) -> bool:
    return unit.value(ACT_REVERSING, id=id) is not None


def lapses_of(unit: Unit, path: str) -> list[Act]:
    """The acts by which a wallet's lot lapsed and that nothing has reversed, newest first, with postings."""
    return [read_act(row, unit.rows(POSTINGS_OF, act=row[0])) for row in unit.rows(LAPSES_OF, path=path)]


def acts_of_batch(unit: Unit, batch: str) -> list[Act]:
    """The acts a batch wrote, with postings, in order."""
    rows = unit.rows(ACTS_OF_BATCH, batch=batch)
    legs: dict[str, list[Row]] = {}
    for chunk in range(0, len(rows), 500):
        ids = [row[0] for row in rows[chunk : chunk + 500]]
        for act, account, commodity, amount in unit.rows(POSTINGS_OF_MANY, acts=ids):
            legs.setdefault(act, []).append((account, commodity, amount))
    return [read_act(row, legs.get(row[0], [])) for row in rows]


def write_note(unit: Unit, act: str, salt: str, sealed: bytes) -> None:
    """Keep the free text of an act apart from it, sealed and erasable."""
    unit.change(INSERT_NOTE, act=act, salt=salt, body=sealed)
