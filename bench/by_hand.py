"""The same redemption written by hand: the same statements in the same order on the bare driver, one commit each.

This is what a careful programmer would write for one engine with nothing around it; it is the reference of `bench redeem`.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

from bench.district import PRICE, SKU, STATION
from ledger.domain.act import HEADER

ACT = ", ".join([*HEADER, "facts"])
ACT_VALUES = ", ".join(f":{name}" for name in [*HEADER, "facts"])
SQL = {
    "key": "SELECT body_digest, answer FROM {request_key} WHERE actor = :actor AND request = :request",
    "claim": "INSERT INTO {request_key} (actor, request, body_digest, answer, recorded_at) VALUES (:actor, :request, :digest, '', :at)"
    " ON CONFLICT (actor, request) DO NOTHING",
    "used": "SELECT used_at, station, by FROM {pass_use} WHERE nonce = :nonce",
    "window": "SELECT c.name, c.redeem_until, s.closes_at,"
    " (SELECT MAX(d.id) FROM {desk} d WHERE d.session = s.id AND d.closed_at IS NULL)"
    " FROM {cycle} c LEFT JOIN {session} s ON s.id = c.name || '.' || :station"
    " WHERE c.state = 'redeeming' AND c.redeem_until > :at ORDER BY c.name DESC LIMIT 1",
    "holder": "SELECT status, pool FROM {holder} WHERE id = :id",
    "offer": "SELECT g.sku, g.name, g.unit, g.price_points, g.limit_per_cycle, COALESCE(a.taken, 0) FROM {good} g"
    " LEFT JOIN {allowance} a ON a.sku = g.sku AND a.holder = :holder AND a.cycle = :cycle WHERE g.sku = :sku AND g.status = 'open'",
    "lots": "SELECT path, balance, expires_at FROM {account} WHERE path >= :low AND path < :high AND balance > 0",
    "receipts": "SELECT r.id, r.sku, a.balance, r.unit_cost_fen, r.source FROM {receipt_lot} r"
    " JOIN {account} a ON a.path = 'shelf/' || r.station || '/' || r.id WHERE r.station = :station AND r.sku = :sku AND a.balance > 0"
    " ORDER BY r.sku, r.received_at, r.id",
    "allow": "INSERT INTO {allowance} AS a (holder, cycle, sku, taken) VALUES (:holder, :cycle, :sku, 1)"
    " ON CONFLICT (holder, cycle, sku) DO UPDATE SET taken = a.taken + 1 WHERE a.taken + 1 <= :most",
    "use": "INSERT INTO {pass_use} (nonce, purpose, subject, used_at, station, by, act) VALUES (:nonce, 'V',"
    " :subject, :at, :station, :by, :act)"
    " ON CONFLICT (nonce) DO NOTHING",
    "act": f"INSERT INTO {{act}} ({ACT}) VALUES ({ACT_VALUES})",
    "open": "INSERT INTO {account} (path, commodity, floor, balance, expires_at) VALUES (:path, :commodity, NULL, NULL, NULL)"
    " ON CONFLICT (path) DO NOTHING",
    "debit": "UPDATE {account} SET balance = balance + :delta WHERE path = :path AND (floor IS NULL OR balance + :delta >= floor)",
    "posting": "INSERT INTO {posting} (act, line, account, commodity, amount) VALUES (:act, :line, :account, :commodity, :amount)",
    "unsealed": "INSERT INTO {unsealed} (act) VALUES (:act)",
    "post": "SELECT {post_acts}(:acts, :postings, :balances)",
    "redemption": "INSERT INTO {redemption} (id, receipt, hold, holder, station, session, desk, keeper, cycle, points, at, reversed_by)"
    " VALUES (:id, :receipt, '', :holder, :station, :session, :desk, :keeper, :cycle, :points, :at, '')",
    "line": "INSERT INTO {redemption_line} (redemption, sku, quantity, price_points) VALUES (:id, :sku, 1, :price)",
    "keep": "INSERT INTO {request_key} (actor, request, body_digest, answer, recorded_at) VALUES (:actor, :request, :digest, :answer, :at)",
    "kept": "UPDATE {request_key} SET answer = :answer WHERE actor = :actor AND request = :request",
}


class ByHand:
    """One connection and its statements. Not shared between threads."""

    def __init__(self, connection: Any, *, schema: str = "") -> None:
        self.connection = connection
        self.is_postgresql = bool(schema)
        self.cursor = connection.cursor()
        prefix = f'"{schema}".' if schema else ""
        self.sql = {name: re.sub(r"\{(\w+)\}", rf"{prefix}\1", text) for name, text in SQL.items()}
        if self.is_postgresql:
            self.sql = {name: re.sub(r"(?<![:\w]):(\w+)", r"%(\1)s", text) for name, text in self.sql.items()}
            self.sql["holder"] += " FOR NO KEY UPDATE"

    def redeem(self, holder: str, nonce: str, key: str, at: int) -> dict[str, Any]:
        """One walk-up for one piece, committed."""
        run, sql = self.cursor.execute, self.sql
        if not self.is_postgresql:
            run("BEGIN IMMEDIATE")
            assert run(sql["key"], {"actor": "U1", "request": key}).fetchone() is None
        else:
            run(sql["claim"], {"actor": "U1", "request": key, "digest": key, "at": at})
        run(sql["used"], {"nonce": nonce}).fetchone()
        cycle, _until, _closes, desk = run(sql["window"], {"station": STATION, "at": at}).fetchone()
        session = f"{cycle}.{STATION}"
        run(sql["holder"], {"id": holder}).fetchone()
        offer = run(sql["offer"], {"holder": holder, "cycle": cycle, "sku": SKU}).fetchone()
        assert offer[3] == PRICE
        wallet = {"low": f"wallet/{holder}/", "high": f"wallet/{holder}0"}
        path, left, _expires = run(sql["lots"], wallet).fetchall()[0]
        receipt, _sku, _on_shelf, cost, source = run(sql["receipts"], {"station": STATION, "sku": SKU}).fetchall()[0]
        run(sql["allow"], {"holder": holder, "cycle": cycle, "sku": SKU, "most": 1 << 60})
        id = str(uuid.uuid4())
        run(sql["use"], {"nonce": nonce, "subject": holder, "at": at, "station": STATION, "by": "U1", "act": id})
        pool = path.rpartition(".")[2]
        legs = [
            (path, "PTS", -PRICE), (f"redeemed/{session}/{pool}", "PTS", PRICE), (f"shelf/{STATION}/{receipt}", SKU, -1),
            (f"handed/{session}/{SKU}", SKU, 1), (f"worth/{STATION}/{receipt}", "CNY", -cost), (f"spent/{session}/{source}", "CNY", cost),
        ]  # fmt: skip
        self._post(id, holder, cycle, session, desk, key, at, legs)
        row = {
            "id": id,
            "receipt": str(uuid.uuid4()),
            "holder": holder,
            "station": STATION,
            "session": session,
            "desk": desk,
            "keeper": "U1",
        }
        run(sql["redemption"], {**row, "cycle": cycle, "points": PRICE, "at": at})
        run(sql["line"], {"id": id, "sku": SKU, "price": PRICE})
        answer = {"redemption": id, "receipt": row["receipt"], "points": PRICE, "spendable_after": left - PRICE, "entry": id}
        keep = {"actor": "U1", "request": key, "answer": json.dumps(answer)}
        run(sql["kept"], keep) if self.is_postgresql else run(sql["keep"], {**keep, "digest": key, "at": at})
        run("COMMIT")
        return answer

    def _post(self, id: str, holder: str, cycle: str, session: str, desk: str, key: str, at: int, legs: list[tuple[str, str, int]]) -> None:
        act: dict[str, Any] = dict.fromkeys(HEADER, "")
        act |= {"id": id, "kind": "handed_over", "occurred_at": at, "recorded_at": at, "actor": "U1", "cycle": cycle, "subject": holder}
        act |= {
            "rule_version": 0,
            "evidence_level": -1,
            "station": STATION,
            "session": session,
            "desk": desk,
            "request": key,
            "reverses": None,
        }
        act |= {"resolves": None, "facts": json.dumps({"items": [{"price_points": PRICE, "quantity": 1, "sku": SKU}], "how": "code"})}
        postings = [{"act": id, "line": n, "account": p, "commodity": c, "amount": a} for n, (p, c, a) in enumerate(legs)]
        if self.is_postgresql:
            balances = [_balance(p) for p in sorted(postings, key=lambda p: p["account"])]
            self.cursor.execute(
                self.sql["post"], {"acts": json.dumps([act]), "postings": json.dumps(postings), "balances": json.dumps(balances)}
            )
            assert self.cursor.fetchone()[0] is None
            return
        self.cursor.execute(self.sql["act"], act)
        for path, commodity, amount in sorted(legs):
            if amount > 0:
                self.cursor.execute(self.sql["open"], {"path": path, "commodity": commodity})
            else:
                self.cursor.execute(self.sql["debit"], {"path": path, "delta": amount})
                assert self.cursor.rowcount == 1
        self.cursor.executemany(self.sql["posting"], postings)
        self.cursor.execute(self.sql["unsealed"], {"act": id})


def _balance(posting: dict[str, Any]) -> dict[str, Any]:
    cached = posting["amount"] < 0
    return {
        "path": posting["account"], "commodity": posting["commodity"], "floor": 0 if cached else None,
        "delta": posting["amount"] if cached else None, "expires_at": None,
    }  # fmt: skip


Connect = Callable[[], ByHand]
