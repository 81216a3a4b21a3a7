"""Exports that other programs read: hledger and beancount run here for real."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.audit import trail
from ledger.audit.export import export
from ledger.audit.formats import beancount_account, beancount_commodity
from ledger.domain import account as accounts
from ledger.domain.act import HEADER, canonical_bytes
from ledger.domain.entry import move
from ledger.domain.errors import InvalidInput, Unavailable
from ledger.storage.sql import Statement
from tests.audit.conftest import NOW, Pen, open_book

SUMS = Statement("SELECT account, commodity, sum(amount) FROM {posting} GROUP BY account, commodity")


@pytest.fixture(params=[0, 2], ids=["whole points", "two decimals"])
def filled(tmp_path: Path, request: pytest.FixtureRequest):
    """Points, goods, money, a Chinese pool, a lower-case good, an act of another cycle and one without postings."""
    book = open_book(tmp_path / "home", decimals=request.param)
    pen = Pen(book)
    pen.write("genesis", subject="main", facts={"book": "main"})
    lot = "2022Q3.东苑 社区"
    pen.write(
        "points_opened",
        subject="V000001",
        cycle="2022Q2",
        postings=move(accounts.opening("B000001"), accounts.wallet("V000001", lot), 1250),
    )
    goods = [*move(accounts.opening("B000002", "SP-0001"), accounts.shelf("YZ001", "R0000001", "SP-0001"), 30)]
    goods += move(accounts.opening("B000002", "CNY"), accounts.worth("YZ001", "R0000001"), 36005)
    pen.write("stock_received", subject="SP-0001", postings=tuple(goods))
    other = move(accounts.supplied("街道(办);%", "soap bar"), accounts.shelf("YZ001", "R0000002", "soap bar"), 3)
    pen.write("stock_received", subject="soap bar", postings=other)
    legs = [*move(accounts.wallet("V000001", lot), accounts.redeemed("2022Q3.YZ001", "东苑 社区"), 1005)]
    legs += move(accounts.shelf("YZ001", "R0000001", "SP-0001"), accounts.handed("2022Q3.YZ001", "SP-0001"), 2)
    legs += move(accounts.worth("YZ001", "R0000001"), accounts.spent("2022Q3.YZ001", "street"), 2405)
    pen.write("handed_over", subject="V000001", cycle="2022Q3", occurred_at=datetime(2022, 9, 30, 15, 59, tzinfo=UTC), postings=tuple(legs))
    yield book
    book.close()


def our_sums(book) -> dict[tuple[str, str], int]:
    return {(row[0], row[1]): int(row[2]) for row in book.read(lambda unit: unit.rows(SUMS)) if row[2]}


def hledger(file: Path, *args: str) -> str:
    done = subprocess.run(
        ["hledger", "-f", str(file), *args], capture_output=True, encoding="utf-8", env={**os.environ, "LC_ALL": "C.UTF-8"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(not shutil.which("hledger"), reason="hledger is not installed")
def test_hledger_accepts_the_books_and_finds_our_balances(filled, tmp_path):
    out = tmp_path / "book.journal"
    made = export(filled, "hledger", out)
    assert made["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert (made["entries"], made["postings"]) == (4, 14)
    hledger(out, "check")
    hledger(out, "check", "--strict")
    assert re.search(r"(?m)^(?:Transactions|Txns)\s*:\s*(\d+)", hledger(out, "stats"))[1] == "4"
    balances = json.loads(hledger(out, "bal", "--flat", "-N", "-O", "json"))[0]
    theirs = {}
    for name, _, _, amounts in balances:
        for amount in amounts:
            quantity = amount["aquantity"]
            theirs[name, amount["acommodity"]] = (quantity["decimalMantissa"], quantity["decimalPlaces"])
    places = {"PTS": filled.settings.genesis.decimals, "CNY": 2}

    def spelled(text: str) -> str:
        return re.sub(r"[\s%:;()]", lambda m: f"%{ord(m[0]):02X}", text)

    expected = {(spelled(path).replace("/", ":"), spelled(unit)): sum_ for (path, unit), sum_ in our_sums(filled).items()}
    assert {key: mantissa * 10 ** places.get(key[1], 0) // 10**digits for key, (mantissa, digits) in theirs.items()} == expected
    assert "2022-10-02=2022-09-30 (" in out.read_text(encoding="utf-8")


def test_bean_check_accepts_the_books_and_beancount_finds_our_balances(filled, tmp_path):
    out = tmp_path / "book.beancount"
    made = export(filled, "beancount", out)
    done = subprocess.run([str(Path(sys.executable).with_name("bean-check")), str(out)], capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    from beancount import loader
    from beancount.core.data import Transaction

    entries, errors, _ = loader.load_file(str(out))
    assert not errors and sum(isinstance(entry, Transaction) for entry in entries) == made["entries"] == 4
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        for leg in entry.postings if isinstance(entry, Transaction) else ():
            places = {"PTS": filled.settings.genesis.decimals, "CNY": 2}.get(leg.units.currency, 0)
            sums[leg.account, leg.units.currency] += int(leg.units.number.scaleb(places))
    ours = {(beancount_account(path), beancount_commodity(unit)): sum_ for (path, unit), sum_ in our_sums(filled).items()}
    assert {key: sum_ for key, sum_ in sums.items() if sum_} == ours


def test_escaped_account_names_stay_apart():
    names = ["a", "A", "X--a", "-61", "a.b", "a-2Eb", "", "X--", "东苑", "东 苑", "东\u3000苑", "东-20苑", "X.a", "X"]
    paths = [f"wallet/V1/{name}" for name in names]
    assert len({beancount_account(path) for path in paths}) == len(paths)
    assert [beancount_commodity(code) for code in ("SP-0001", "PTS", "CNY")] == ["SP-0001", "PTS", "CNY"]
    assert len({beancount_commodity(code) for code in ("soap bar", "Soap bar", "X.1", "A" * 30, "A")}) == 5


def test_jsonl_carries_everything_that_is_hashed(filled, tmp_path):
    trail.seal(filled, NOW)
    out = tmp_path / "book.jsonl"
    made = export(filled, "jsonl", out)
    first, *lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert first["format"] == "ledger-acts" and (made["entries"], made["acts"]) == (4, 5) and len(lines) == 5
    for line in lines:
        assert tuple(line["header"]) == HEADER
        legs = [(leg["account"], leg["commodity"], leg["amount"]) for leg in line["postings"]]
        leaf = hashlib.sha256(b"\x00" + canonical_bytes(list(line["header"].values()), line["facts"], legs)).hexdigest()
        shown = trail.proof(filled, line["header"]["id"])
        assert (shown["leaf_index"], shown["leaf_hash"]) == (line["leaf_index"], leaf)


def test_csv_has_a_row_a_posting_and_no_formula(filled, tmp_path):
    out = tmp_path / "book.csv"
    Pen(filled, datetime(2022, 10, 3, tzinfo=UTC)).write(
        "=cmd()", subject="@x", postings=move(accounts.opening("B1"), accounts.debt("V2"), 1)
    )
    made = export(filled, "csv", out)
    rows = list(csv.DictReader(out.open(encoding="utf-8-sig", newline="")))
    assert len(rows) == made["postings"] == 16
    assert rows[-1]["kind"] == "'=cmd()" and rows[-1]["subject"] == "'@x" and rows[-1]["account"] == "debt/V2"
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for row in rows:
        sums[row["account"], row["commodity"]] += int(row["amount"])
    assert {key: sum_ for key, sum_ in sums.items() if sum_} == our_sums(filled)


def test_an_export_of_one_cycle_holds_that_cycle_and_stays_the_same(filled, tmp_path):
    made = export(filled, "hledger", tmp_path / "a", cycle="2022Q2")
    assert (made["entries"], made["postings"]) == (1, 2)
    Pen(filled, datetime(2022, 11, 3, tzinfo=UTC)).write(
        "points_lapsed", cycle="2022Q4", postings=move(accounts.opening("B9"), accounts.lapsed("2022Q4"), 5)
    )
    again = export(filled, "hledger", tmp_path / "b", cycle="2022Q2")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() and made == again


def test_a_wrong_format_or_path_is_refused_and_leaves_the_old_file(filled, tmp_path):
    with pytest.raises(InvalidInput):
        export(filled, "excel", tmp_path / "x")
    with pytest.raises(Unavailable):
        export(filled, "csv", tmp_path / "no" / "such" / "folder.csv")
    kept = tmp_path / "kept.csv"
    kept.write_text("old")

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        from ledger.audit import export as module

        module.PROGRESS_EVERY = 1
        export(filled, "csv", kept, progress=stop)
    module.PROGRESS_EVERY = 2000
    assert kept.read_text() == "old" and [p.name for p in tmp_path.iterdir() if p.name.startswith(".kept")] == []
