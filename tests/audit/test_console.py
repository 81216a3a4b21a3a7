"""The `audit` commands as a stranger runs them: one JSON document, exit codes, files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import trail
from ledger.console.main import main
from tests.audit import district
from tests.audit.conftest import open_book
from tests.audit.test_checks import Intruder

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    book = open_book(tmp_path / "home")
    district.live(book, tmp_path / "files")
    book.close()
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LEDGER_HOME", str(home))
    monkeypatch.setenv("LEDGER_CONFIG", str(home / "config.toml"))
    monkeypatch.delenv("LEDGER_DATABASE_URL", raising=False)

    def run(*words: str) -> tuple[int, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            main(["audit", *words])
        return int(done.value.code or 0), capsys.readouterr().out

    return run


def document(run: Run, *words: str, code: int = 0) -> dict[str, Any]:
    got, out = run(*words, "--json")
    assert got == code, out
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_heads_proofs_and_exports_from_the_console(home: Path, run: Run, tmp_path: Path):
    kept, export = tmp_path / "head.json", tmp_path / "book.journal"
    old = document(run, "head", "--out", str(kept))
    assert json.loads(kept.read_text(encoding="utf-8")) == old
    sealed = document(run, "seal")
    assert sealed["size"] > old["size"] and document(run, "seal") == sealed == document(run, "head")
    grown = document(run, "consistency", "--since", str(kept))
    assert (grown["first"], grown["second"], grown["ok"]) == (old["size"], sealed["size"], True)
    made = document(run, "export", "--format", "hledger", "--out", str(export))
    assert made["sha256"] == hashlib.sha256(export.read_bytes()).hexdigest()
    entry = export.read_text(encoding="utf-8").split("(", 1)[1].split(")", 1)[0]
    assert document(run, "proof", entry)["root"] == sealed["root"]
    assert document(run, "proof", "no-such-entry", code=3)["code"] == "not_found"
    assert document(run, "export", "--format", "csv", "--out", "/no/such/folder/x.csv", code=4)["code"] == "unavailable"
    assert run("export", "--format", "xls", "--out", str(export))[0] == 2


def test_check_says_yes_and_no_in_words_and_by_exit_code(home: Path, run: Run):
    code, said = run("check")
    assert code == 0 and "50 项检查" in said
    book = open_book(home)
    intruder = Intruder(book)
    intruder.do("UPDATE account SET balance = balance + 1 WHERE path LIKE 'wallet/V000004/2022Q2%'")
    intruder.leave()
    book.close()
    code, said = run("check")
    assert code == 1 and "balances_match_postings" in said
    report = document(run, "check", code=1)
    bad = [check for check in report["checks"] if not check["ok"]]
    assert [(check["name"], check["findings"][0]["field"]) for check in bad] == [("balances_match_postings", "balance")]


def test_a_rolled_back_book_is_not_consistent_with_a_kept_head(home: Path, run: Run, tmp_path: Path):
    book = open_book(home)
    ahead = {**trail.head(book).document(), "size": trail.head(book).size + 5}
    book.close()
    kept = tmp_path / "later.json"
    kept.write_text(json.dumps(ahead), encoding="utf-8")
    assert document(run, "consistency", "--since", str(kept), code=1)["ok"] is False
