"""The same audit on PostgreSQL: a district that lived a quarter is clean, and edits by the owner are found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from ledger.audit import trail
from ledger.audit.checks import check
from ledger.audit.export import export
from ledger.storage import database
from ledger.storage.migrations import append_only
from tests.audit import district
from tests.audit.conftest import Pen, open_book

pytestmark = [pytest.mark.pg, pytest.mark.xdist_group("pg")]

BLUNT = "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$"
OTHER_ACTOR = "UPDATE act SET actor = 'U000002' WHERE id = (SELECT min(id) FROM act WHERE kind = 'handed_over')"


@pytest.fixture
def lived(pg_url: str, tmp_path: Path):
    book = open_book(tmp_path / "home", url=pg_url)
    now = district.live(book, tmp_path / "files")
    yield book, now
    book.close()


def as_owner(book, *statements: str) -> None:
    """Edit as whoever owns the schema can: triggers off, edit, triggers on."""
    url = book.settings.database_url.replace("+psycopg", "")
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(f'SET search_path = "{database.schema_of(book.settings)}"')
        owner.execute("SET session_replication_role = replica")
        for statement in statements:
            owner.execute(statement)


def test_a_district_that_lived_a_quarter_has_no_findings(lived, tmp_path):
    book, now = lived
    report = check(book, now=now)
    assert [f"{c.name}: {f.message}" for c in report.checks for f in c.findings] == []
    assert report.acts > 80 and report.postings > 120
    old = trail.head(book)
    assert trail.seal(book, now).size > old.size
    assert trail.since(book, old.document())["ok"] is True
    assert check(book, now=now).ok
    assert export(book, "hledger", tmp_path / "b.journal")["postings"] == report.postings


@pytest.mark.parametrize(
    ("edit", "name", "field"),
    [
        ("UPDATE posting SET amount = amount + sign(amount) * 500 WHERE act = (SELECT min(id) FROM act WHERE kind = 'points_opened')",
         "leaf_hashes_recompute", "amount"),
        (OTHER_ACTOR, "leaf_hashes_recompute", "actor"),
        ("DELETE FROM act WHERE kind = 'grant_ended'", "acts_sealed_once", "id"),
        ("UPDATE account SET balance = balance + 7 WHERE path LIKE 'wallet/V000004/%'", "balances_match_postings", "balance"),
        ("UPDATE cycle SET state = 'earning' WHERE name = '2022Q3'", "cycles_match_acts", "state"),
        ("UPDATE role_grant SET role = 'admin' WHERE grantee = 'U000001'", "roles_match_acts", "role"),
        ("DROP TRIGGER act_change_refused ON act", "schema_complete", "trigger"),
        ("ALTER TABLE posting DISABLE TRIGGER posting_change_refused", "schema_complete", "trigger"),
        ("DROP INDEX uq_attendance_once", "schema_complete", "index"),
        (BLUNT, "schema_complete", "function"),
    ],
)  # fmt: skip
def test_an_edit_by_the_owner_is_found(lived, edit, name, field):
    book, now = lived
    as_owner(book, edit)
    report = check(book, now=now)
    assert field in [f.field for f in report.check(name).findings], [f.message for c in report.checks for f in c.findings]


def test_sealers_that_meet_give_out_each_leaf_once(lived, monkeypatch):
    book, now = lived
    monkeypatch.setattr(trail, "CHUNK", 5)
    pen = Pen(book, now)
    acts = [pen.write("signed_in", actor="anyone").id for _ in range(60)]
    with ThreadPoolExecutor(4) as threads:
        heads = list(threads.map(lambda _: trail.seal(book, pen.now), range(4)))
    assert max(head.size for head in heads if head) == trail.head(book).size
    assert [c.name for c in check(book, now=pen.now).checks if c.findings] == []
    assert trail.proof(book, acts[-1])["leaf_index"] == trail.head(book).size - 1


def test_every_guard_of_the_schema_is_expected():
    assert len(append_only.postgresql_ddl("s")) == 2 + 2 * len(append_only.APPEND_ONLY) + 1
