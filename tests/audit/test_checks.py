"""Whoever edits the database behind our back is found: the check, the entry and, where it can be known, the field are named.

The kinds are those of the fault programme (F25): an administrator drops the triggers, edits, and puts the triggers back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import trail
from ledger.audit.checks import check
from ledger.audit.report import CATALOGUE, CheckResult, Report
from ledger.audit.witnesses.people import reference_of
from ledger.domain import account as accounts
from ledger.domain.act import micros
from ledger.domain.entry import move
from ledger.storage import database
from ledger.storage.migrations import append_only
from ledger.storage.unit_of_work import Book
from ledger.usecases.request import Request
from tests.audit import district
from tests.audit.conftest import Pen, open_book


@pytest.fixture
def lived(tmp_path: Path) -> Iterator[tuple[Book, datetime]]:
    book = open_book(tmp_path / "home")
    now = district.live(book, tmp_path / "files")
    yield book, now
    book.close()


class Intruder:
    """Somebody with the database file: no triggers, no foreign keys, no checks."""

    def __init__(self, book: Book) -> None:
        self._db = database.sqlite_module().connect(str(database.sqlite_file(book.settings)), isolation_level=None)
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "recursive_triggers=OFF"):
            self._db.execute(f"PRAGMA {pragma}")
        for name in append_only.SQLITE_TRIGGERS:
            self._db.execute(f"DROP TRIGGER {name}")

    def one(self, sql: str, *values: Any) -> Any:
        row = self._db.execute(sql, values).fetchone()
        assert row is not None, sql
        return row[0]

    def do(self, sql: str, *values: Any) -> None:
        assert self._db.execute(sql, values).rowcount > 0, sql

    def act(self, kind: str) -> str:
        return str(self.one("SELECT act FROM leaf JOIN act ON act.id = leaf.act WHERE kind = ? ORDER BY leaf_index DESC", kind))

    def leave(self) -> None:
        for ddl in append_only.sqlite_ddl():
            self._db.execute(ddl)
        self._db.close()


def found(report: Report, name: str) -> CheckResult:
    return report.check(name)


def described(report: Report) -> list[str]:
    return [f"{c.name}: {f.message}" for c in report.checks for f in c.findings]


def test_a_district_that_lived_a_quarter_has_no_findings(lived):
    book, now = lived
    report = check(book, now=now)
    assert described(report) == [] and report.ok
    assert len(report.checks) == len(CATALOGUE) >= 25
    assert report.acts > 80 and report.postings > 120


def test_an_empty_book_has_no_findings_but_its_missing_genesis(book):
    report = check(book)
    assert [c.name for c in report.checks if c.findings] == ["genesis_agrees"]


def amount(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_opened")
    i.do("UPDATE posting SET amount = amount + 500 WHERE act = ? AND line = 1", entry)
    return entry, "amount"


def balanced_amount(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_opened")
    i.do("UPDATE posting SET amount = amount + sign(amount) * 500 WHERE act = ?", entry)
    return entry, "amount"


def sign(i: Intruder) -> tuple[str, str]:
    entry = i.act("service_earned")
    i.do("UPDATE posting SET amount = -amount WHERE act = ? AND line = 0", entry)
    return entry, "amount"


def account(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_opened")
    mine = i.one("SELECT account FROM posting WHERE act = ? AND line = 1", entry)
    other = i.one("SELECT path FROM account WHERE path LIKE 'wallet/%' AND path <> ?", mine)
    i.do("UPDATE posting SET account = ? WHERE act = ? AND line = 1", other, entry)
    return entry, "account"


def occurred(i: Intruder) -> tuple[str, str]:
    entry = i.act("hold_placed")
    i.do("UPDATE act SET occurred_at = occurred_at - 86400000000 WHERE id = ?", entry)
    return entry, "occurred_at"


def recorded(i: Intruder) -> tuple[str, str]:
    entry = i.act("service_earned")
    i.do("UPDATE act SET recorded_at = recorded_at + 3600000000 WHERE id = ?", entry)
    return entry, "recorded_at"


def actor(i: Intruder) -> tuple[str, str]:
    entry = i.act("handed_over")
    i.do("UPDATE act SET actor = 'U000002' WHERE id = ?", entry)
    return entry, "actor"


def approval(i: Intruder) -> tuple[str, str]:
    entry = i.act("cycle_stepped")
    i.do("UPDATE act SET second_actor = 'U000001' WHERE id = ?", entry)
    return entry, "second_actor"


def subject(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_opened")
    i.do("UPDATE act SET subject = 'V000006' WHERE id = ?", entry)
    return entry, "subject"


def kind(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_opened")
    i.do("UPDATE act SET kind = 'service_served' WHERE id = ?", entry)
    return entry, "kind"


def price(i: Intruder) -> tuple[str, str]:
    entry = i.act("good_priced")
    i.do("UPDATE act SET facts = replace(facts, '\"price_points\":7', '\"price_points\":6') WHERE id = ?", entry)
    return entry, "facts.price_points"


def reason_digest(i: Intruder) -> tuple[str, str]:
    entry = str(i.one("SELECT id FROM act WHERE note_digest <> '' AND kind = 'reversed'"))
    i.do("UPDATE act SET note_digest = '' WHERE id = ?", entry)
    return entry, "note_digest"


def leg_deleted(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_settled")
    i.do("DELETE FROM posting WHERE act = ? AND line = 0", entry)
    return entry, "line"


def leg_added(i: Intruder) -> tuple[str, str]:
    entry = i.act("points_settled")
    path = i.one("SELECT account FROM posting WHERE act = ? AND amount > 0", entry)
    i.do("INSERT INTO posting VALUES (?, 2, ?, 'PTS', 70)", entry, path)
    return entry, "line"


ALTERED = [
    amount, balanced_amount, sign, account, occurred, recorded, actor, approval, subject, kind, price, reason_digest,
    leg_deleted, leg_added,
]  # fmt: skip


@pytest.mark.parametrize("edit", ALTERED, ids=lambda edit: edit.__name__)
def test_an_altered_act_is_named_with_its_field(lived, edit: Callable[[Intruder], tuple[str, str]]):
    book, now = lived
    intruder = Intruder(book)
    entry, field = edit(intruder)
    intruder.leave()
    result = found(check(book, now=now), "leaf_hashes_recompute")
    assert [(f.entry, f.field) for f in result.findings] == [(entry, field)]
    assert result.findings[0].expected != result.findings[0].found and entry in result.findings[0].message


def entry_deleted(i: Intruder) -> tuple[str, str, str]:
    entry = i.act("points_opened")
    i.do("DELETE FROM posting WHERE act = ?", entry)
    i.do("DELETE FROM act WHERE id = ?", entry)
    return "acts_sealed_once", "entry", entry


def audit_event_deleted(i: Intruder) -> tuple[str, str, str]:
    entry = i.act("grant_ended")
    i.do("DELETE FROM act WHERE id = ?", entry)
    return "acts_sealed_once", "entry", entry


def tail_cut(i: Intruder) -> tuple[str, str, str]:
    last = i.one("SELECT max(leaf_index) FROM leaf")
    for table, key in (("posting", "act"), ("note", "act"), ("act", "id")):
        i._db.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT act FROM leaf WHERE leaf_index > ?)", (last - 3,))
    i.do("DELETE FROM leaf WHERE leaf_index > ?", last - 3)
    return "heads_are_prefixes", "expected", last + 1


def entry_inserted(i: Intruder) -> tuple[str, str, str]:
    i.do("INSERT INTO act SELECT 'forged', " + columns_after_id() + " FROM act WHERE id = ?", i.act("points_opened"))
    for line, path, points in ((0, "opening/B000005", -9), (1, "wallet/V000006/2022Q3.x", 9)):
        i.do("INSERT INTO posting VALUES ('forged', ?, ?, 'PTS', ?)", line, path, points)
    return "acts_sealed_once", "entry", "forged"


def balance_with_a_matching_entry(i: Intruder) -> tuple[str, str, str]:
    i.do("INSERT INTO account VALUES ('wallet/V000006/2022Q3.x', 'PTS', 0, 9, NULL)")
    return entry_inserted(i)


def entries_swapped(i: Intruder) -> tuple[str, str, str]:
    one, other = i.act("points_opened"), i.act("service_earned")
    places = [i.one("SELECT leaf_index FROM leaf WHERE act = ?", act) for act in (one, other)]
    i.do("UPDATE leaf SET act = 'x' WHERE leaf_index = ?", places[0])
    i.do("UPDATE leaf SET act = ? WHERE leaf_index = ?", one, places[1])
    i.do("UPDATE leaf SET act = ? WHERE leaf_index = ?", other, places[0])
    return "leaf_hashes_recompute", "entry", one


def renumbered(i: Intruder) -> tuple[str, str, str]:
    entry = i.one("SELECT act FROM leaf WHERE leaf_index = 7")
    i.do("UPDATE leaf SET leaf_index = 100000 WHERE leaf_index = 7")
    return "leaf_indexes_dense", "entry", entry


def node_changed(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE node SET hash = zeroblob(32) WHERE level = 3 AND node_index = 2")
    return "nodes_recompute", "table", "node"


def leaf_and_act_changed_together(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE leaf SET hash = zeroblob(32) WHERE leaf_index = 3")
    return "heads_are_prefixes", "table", "head"


def head_changed(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE head SET signed_at = '2022-10-01T00:00:00+08:00' WHERE size = (SELECT max(size) FROM head)")
    return "heads_signed", "field", "signature"


def cached_balance(i: Intruder) -> tuple[str, str, str]:
    path = i.one("SELECT path FROM account WHERE path LIKE 'wallet/V000004/%'")
    i.do("UPDATE account SET balance = balance + 1000 WHERE path = ?", path)
    return "balances_match_postings", "account", path


def stock_count(i: Intruder) -> tuple[str, str, str]:
    path = i.one("SELECT path FROM account WHERE path LIKE 'shelf/%' AND commodity = 'SP-0002'")
    i.do("UPDATE account SET balance = balance - 2 WHERE path = ?", path)
    return "balances_match_postings", "account", path


def lot_lives_longer(i: Intruder) -> tuple[str, str, str]:
    path = i.one("SELECT path FROM account WHERE path LIKE 'wallet/V000004/2022Q2%'")
    i.do("UPDATE account SET expires_at = expires_at + 86400000000 WHERE path = ?", path)
    return "lots_expire_as_written", "account", path


def floor_lifted(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE account SET floor = -100 WHERE path LIKE 'wallet/V000001/2022Q2%'")
    return "accounts_well_formed", "field", "floor"


def token_unused(i: Intruder) -> tuple[str, str, str]:
    entry = i.one("SELECT act FROM pass_use")
    i.do("DELETE FROM pass_use")
    return "passes_used_once", "entry", entry


def hold_revived(i: Intruder) -> tuple[str, str, str]:
    hold = i.one("SELECT id FROM hold WHERE state = 'settled'")
    i.do("UPDATE hold SET state = 'held', resolved_by = '', resolved_at = NULL WHERE id = ?", hold)
    return "holds_match_acts", "entry", hold


def redemption_cheaper(i: Intruder) -> tuple[str, str, str]:
    entry = i.one("SELECT redemption FROM redemption_line WHERE sku = 'SP-0003'")
    i.do("UPDATE redemption_line SET quantity = 1 WHERE redemption = ? AND sku = 'SP-0003'", entry)
    return "redemptions_match_acts", "entry", entry


def allowance_given_back(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE allowance SET taken = 0 WHERE holder = 'V000002' AND sku = 'SP-0003'")
    return "allowances_match", "found", 0


def attendance_points(i: Intruder) -> tuple[str, str, str]:
    entry = i.one("SELECT earned_act FROM attendance WHERE points = 3 AND person = 'V000002'")
    i.do("UPDATE attendance SET points = 30 WHERE earned_act = ?", entry)
    return "attendance_matches_acts", "entry", entry


def notice_line_unsettled(i: Intruder) -> tuple[str, str, str]:
    entry = i.one("SELECT earned_act FROM notice_line WHERE line = 2")
    i.do("UPDATE notice_line SET state = 'noticed' WHERE line = 2")
    return "notice_matches_acts", "entry", entry


def notice_line_dropped(i: Intruder) -> tuple[str, str, str]:
    i.do("DELETE FROM notice_line WHERE line = 2")
    return "notice_matches_acts", "field", "lines"


def cycle_reopened(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE cycle SET state = 'earning' WHERE name = '2022Q3'")
    return "cycles_match_acts", "field", "state"


def cycle_dates(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE cycle SET redeem_until = redeem_until + 86400000000 WHERE name = '2022Q3'")
    return "cycles_match_acts", "field", "redeem_until"


def present_price(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE good SET price_points = 1 WHERE sku = 'SP-0003'")
    return "goods_match_acts", "field", "price_points"


def rule_changed(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE rule SET points = points * 10 WHERE rowid = 1")
    return "rules_match_acts", "field", "points"


def receipt_cost(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE receipt_lot SET unit_cost_fen = 1 WHERE sku = 'SP-0001'")
    return "receipts_match_acts", "field", "unit_cost_fen"


def user_role(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE role_grant SET role = 'admin' WHERE grantee = 'U000001'")
    return "roles_match_acts", "field", "role"


def role_planted(i: Intruder) -> tuple[str, str, str]:
    i.do("INSERT INTO role_grant VALUES ('planted', 'U000002', 'officer', '', 1, NULL, '')")
    return "roles_match_acts", "found", "planted"


def login_revived(i: Intruder) -> tuple[str, str, str]:
    i.do("INSERT INTO login VALUES ('U000009', 'ghost', '', 'x', x'', 0, NULL, 1)")
    return "roles_match_acts", "found", "U000009"


def card_moved(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE card SET holder = 'V000005' WHERE holder = 'V000001'")
    return "cards_match_acts", "field", "holder"


def ghost_person(i: Intruder) -> tuple[str, str, str]:
    i.do("INSERT INTO holder SELECT 'V000099', " + ", ".join(names_of(i, "holder")[1:]) + " FROM holder WHERE id = 'V000001'")
    return "people_match_acts", "found", "V000099"


def reason_replaced(i: Intruder) -> tuple[str, str, str]:
    one, other = (row[0] for row in i._db.execute("SELECT act FROM note ORDER BY act LIMIT 2"))
    i.do("UPDATE note SET body = (SELECT body FROM note WHERE act = ?) WHERE act = ?", other, one)
    return "notes_match", "entry", one


def request_key_altered(i: Intruder) -> tuple[str, str, str]:
    row = i._db.execute("SELECT actor, request, body_digest FROM request_key WHERE answer LIKE '%receipt%'").fetchone()
    entry = i.one("SELECT id FROM act WHERE request = ? AND kind = 'handed_over'", reference_of(*row))
    i.do("UPDATE request_key SET body_digest = 'other' WHERE request = ?", row[1])
    return "request_keys_match", "entry", entry


def request_answer_altered(i: Intruder) -> tuple[str, str, str]:
    key, answer = i._db.execute("SELECT request, answer FROM request_key WHERE answer LIKE '%receipt%'").fetchone()
    other = i.act("points_opened")
    i.do("UPDATE request_key SET answer = ? WHERE request = ?", json.dumps({**json.loads(answer), "entry": other}), key)
    return "request_keys_match", "field", "answer"


def batch_hidden(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE import_batch SET file_digest = 'other' WHERE id = 'B000001'")
    return "batches_match_acts", "field", "file_digest"


def desk_backdated(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE desk SET opened_by = 'U000002'")
    return "stations_match_acts", "field", "opened_by"


def genesis_row(i: Intruder) -> tuple[str, str, str]:
    i.do("UPDATE book SET decimals = 2")
    return "genesis_agrees", "field", "decimals"


EDITED = [
    entry_deleted, audit_event_deleted, tail_cut, entry_inserted, balance_with_a_matching_entry, entries_swapped, renumbered, node_changed,
    leaf_and_act_changed_together, head_changed, cached_balance, stock_count, lot_lives_longer, floor_lifted, token_unused, hold_revived,
    redemption_cheaper, allowance_given_back, attendance_points, notice_line_unsettled, notice_line_dropped, cycle_reopened, cycle_dates,
    present_price, rule_changed, receipt_cost, user_role, role_planted, login_revived, card_moved, ghost_person, reason_replaced,
    request_key_altered, request_answer_altered, batch_hidden, desk_backdated, genesis_row,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITED, ids=lambda edit: edit.__name__)
def test_an_edit_behind_our_back_is_found(lived, edit: Callable[[Intruder], tuple[str, str, Any]]):
    book, now = lived
    intruder = Intruder(book)
    name, where, what = edit(intruder)
    intruder.leave()
    report = check(book, now=now)
    assert not report.ok
    assert what in [getattr(f, where) for f in found(report, name).findings], described(report)
    assert not any("无法完成" in line for line in described(report))


def columns_after_id() -> str:
    from ledger.domain.act import HEADER

    return ", ".join([*(name if name not in ("reverses", "resolves") else "NULL" for name in HEADER[1:]), "facts"])


def names_of(i: Intruder, table: str) -> list[str]:
    return [row[1] for row in i._db.execute(f"PRAGMA table_info({table})")]


def test_a_dropped_trigger_is_found(lived):
    book, now = lived
    intruder = Intruder(book)
    intruder.leave()
    assert check(book, now=now).ok
    intruder = Intruder(book)
    intruder._db.close()
    result = found(check(book, now=now), "schema_complete")
    assert result.count == len(append_only.SQLITE_TRIGGERS) and {f.table for f in result.findings} == {*append_only.APPEND_ONLY, "rule"}


def test_a_trigger_that_was_rewritten_is_found(lived):
    book, now = lived
    intruder = Intruder(book)
    intruder.leave()
    db = database.sqlite_module().connect(str(database.sqlite_file(book.settings)), isolation_level=None)
    db.execute("DROP TRIGGER act_update_refused")
    db.execute("CREATE TRIGGER act_update_refused BEFORE UPDATE ON act WHEN 0 BEGIN SELECT RAISE(ABORT, 'append-only: act'); END")
    db.close()
    assert [(f.table, f.field) for f in found(check(book, now=now), "schema_complete").findings] == [("act", "trigger")]


def test_a_dropped_unique_index_is_found(lived):
    book, now = lived
    intruder = Intruder(book)
    intruder._db.execute("DROP INDEX uq_attendance_once")
    intruder.leave()
    assert [(f.table, f.field) for f in found(check(book, now=now), "schema_complete").findings] == [("attendance", "index")]


def test_damaged_values_become_findings_and_never_a_crash(lived):
    book, now = lived
    intruder = Intruder(book)
    for sql in (
        "UPDATE act SET facts = 'not json' WHERE kind IN ('handed_over', 'cycle_stepped', 'grant_given')",
        "UPDATE posting SET amount = 'abc' WHERE rowid % 9 = 0",
        "UPDATE act SET recorded_at = 'soon' WHERE rowid % 11 = 0",
        "UPDATE leaf SET hash = x'00' WHERE leaf_index % 5 = 0",
        "UPDATE hold SET points = 'few'",
        "UPDATE note SET body = x'01'",
        "UPDATE head SET public_key = 'zz', signature = 'no hex'",
        "UPDATE request_key SET answer = '{'",
        "UPDATE account SET balance = 'much' WHERE rowid % 7 = 0",
    ):
        intruder.do(sql)
    intruder.leave()
    report = check(book, now=now)
    assert not report.ok and len([c for c in report.checks if c.findings]) > 8
    json.dumps(report.document())


@pytest.mark.parametrize("place", [0.02, 0.2, 0.4, 0.6, 0.8, 0.95])
def test_a_damaged_file_is_reported_not_raised(tmp_path, place):
    book = open_book(tmp_path / "home")
    now = district.live(book, tmp_path / "files")
    book.close()
    file = database.sqlite_file(book.settings)
    with file.open("r+b") as raw:
        raw.seek(int(file.stat().st_size * place) // 4096 * 4096)
        raw.write(b"\xff" * 4096)
    damaged = Book(book.settings, book.keyring, book.ids)
    report = check(damaged, now=now)
    damaged.close()
    assert not report.ok


def test_an_account_below_its_floor_on_the_way_is_found_and_a_moment_of_disorder_is_not(book):
    pen = Pen(book)
    wallet, bank = accounts.wallet("V000001", "2022Q3.x"), accounts.opening("B000001")
    pen.write("points_opened", postings=move(bank, wallet, 5))
    intruder = Intruder(book)
    low = pen.act("points_lapsed", postings=move(wallet, accounts.lapsed("2022Q3"), 8))
    raise_again = pen.act("points_opened", postings=move(bank, wallet, 4))
    for act in (low, raise_again):
        forge(intruder, act)
    intruder.leave()
    assert found(check(book), "floors_hold").count == 0
    intruder = Intruder(book)
    pen.now += timedelta(minutes=1)
    late = [pen.act("points_lapsed", postings=move(wallet, accounts.lapsed("2022Q3"), 8))]
    pen.now += timedelta(hours=1)
    late.append(pen.act("points_opened", postings=move(bank, wallet, 40)))
    for act in late:
        forge(intruder, act)
    intruder.leave()
    result = found(check(book), "floors_hold")
    assert [(f.entry, f.account, f.found) for f in result.findings] == [(late[0].id, wallet.path, -7)]


def forge(intruder: Intruder, act: Any) -> None:
    from ledger.storage.journal import act_row, posting_rows

    row = act_row(act)
    intruder.do(f"INSERT INTO act ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", *row.values())
    for leg in posting_rows(act):
        intruder.do("INSERT INTO posting VALUES (?, ?, ?, ?, ?)", *leg.values())
    intruder.do("INSERT INTO unsealed VALUES (?)", act.id)


def test_a_reversal_that_is_not_opposite_is_found(book):
    pen = Pen(book)
    wallet, bank = accounts.wallet("V000001", "2022Q3.x"), accounts.opening("B000001")
    first = pen.write("points_opened", postings=move(bank, wallet, 5))
    wrong = pen.write("reversed", reverses=first.id, postings=move(wallet, bank, 4))
    assert [(f.entry, f.expected, f.found) for f in found(check(book), "reversals_opposite").findings] == [
        (wrong.id, 5, 4), (wrong.id, -5, -4),
    ]  # fmt: skip


def test_an_entry_recorded_for_a_sealed_quarter_is_found(book):
    pen = Pen(book)
    pen.write("cycle_opened", subject="2022Q3", facts={"state": "reconciling"})
    pen.write("cycle_stepped", subject="2022Q3", facts={"from": "reconciling", "to": "sealed"})
    pen.now += timedelta(days=1)
    late = pen.write("service_earned", subject="V000001", cycle="2022Q3", facts={"attendance": "a"})
    assert [f.entry for f in found(check(book), "closed_cycles_untouched").findings] == [late.id]


def test_a_cycle_that_jumps_is_found(book):
    pen = Pen(book)
    pen.write("cycle_opened", subject="2022Q3", facts={"state": "earning"})
    jump = pen.write("cycle_stepped", subject="2022Q3", facts={"from": "earning", "to": "redeeming"})
    assert jump.id in [f.entry for f in found(check(book), "cycles_match_acts").findings]


def test_a_lot_that_lapses_before_its_day_is_found(book):
    pen = Pen(book)
    wallet = accounts.wallet("V000001", "2022Q3.x")
    pen.write("points_opened", postings=move(accounts.opening("B000001"), wallet, 5))
    facts = {"lot": "2022Q3.x", "expires_at": micros(pen.now + timedelta(days=9))}
    early = pen.write("points_lapsed", facts=facts, postings=move(wallet, accounts.lapsed("2022Q3"), 5))
    assert [f.entry for f in found(check(book), "lapses_exact").findings] == [early.id]


def test_the_same_person_twice_is_found(book):
    pen = Pen(book)
    acts = [
        pen.write("cycle_stepped", actor="console:a", second_actor="console:a"),
        pen.write("service_earned", actor="console:a", second_actor="V000001", subject="V000001"),
    ]
    assert [f.entry for f in found(check(book), "duties_separated").findings] == [act.id for act in acts]


def test_an_unknown_actor_is_found(book):
    act = Pen(book).write("points_opened", actor="U000077")
    assert [(f.entry, f.found) for f in found(check(book), "actors_known").findings] == [(act.id, "U000077")]


def test_a_backlog_is_a_notice_only_while_a_scheduler_runs(lived):
    book, now = lived
    later = now + timedelta(hours=3)
    assert found(check(book, now=later), "unsealed_are_fresh").count == 0
    intruder = Intruder(book)
    intruder.do("INSERT INTO job_lease VALUES ('scheduler', 'me', ?)", micros(later + timedelta(minutes=1)))
    intruder.leave()
    report = check(book, now=later)
    assert found(report, "unsealed_are_fresh").count == 1 and report.ok


def test_references_are_those_that_use_cases_write():
    from ledger.domain.people import Actor

    request = Request(actor=Actor("U1"), now=datetime(2022, 1, 1), name="x", key="k", body={"a": 1})
    assert reference_of("U1", "k", request.digest()) == request.reference()


def test_sealing_goes_on_after_an_audit_and_the_audit_writes_nothing(lived):
    book, now = lived
    before = trail.head(book)
    check(book, now=now)
    assert trail.head(book) == before
    assert trail.seal(book, now).size > before.size
    assert check(book, now=now).ok
