"""Every document of the console has the contract's fields, and no rehearsal writes anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ledger.audit import trail
from ledger.console.main import main
from tests.cast import OPENING, PASSWORD, REDEEMING_AT, District, found_district, local, migrated_settings, open_book

Run = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def district(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[District]:
    """A quarter that is redeeming, with a hold, a hand-over and a sealed trail, at a moment the console is told."""
    home = tmp_path / "home"
    book = open_book(migrated_settings(home))
    found = found_district(book, home)
    found.to_redeeming()
    found.collect(found.hold("SP-01")["hold"])
    found.hold("SP-03")
    trail.seal(book, found.now)
    monkeypatch.setattr("ledger.clock.now", lambda: found.now)
    monkeypatch.setenv("LEDGER_HOME", str(home))
    monkeypatch.setenv("LEDGER_CONFIG", str(home / "config.toml"))
    for name in ("LEDGER_DATABASE_URL", "LEDGER_ACTOR"):
        monkeypatch.delenv(name, raising=False)
    yield found
    found.check_clean()
    book.close()


@pytest.fixture
def run(district: District, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    import ledger.console.session as session

    monkeypatch.setattr(session.ConsoleSession.__dataclass_fields__["now"], "default_factory", lambda: district.now)
    original = session.ConsoleSession.__init__
    monkeypatch.setattr(session.ConsoleSession, "__init__", lambda self, *a, **k: original(self, *a, **{"now": district.now, **k}))

    def run(*words: str) -> tuple[int, dict[str, Any]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            main([*words, "--json"])
        out = capsys.readouterr().out
        return int(done.value.code or 0), json.loads(out) if out.strip() else {}

    return run


CYCLE = {"cycle", "state", "dates", "totals"}
TOTALS = {"earned", "pending", "spendable", "held", "redeemed", "lapsed"}


def test_each_document_has_the_contracts_fields(district: District, run: Run, tmp_path: Path) -> None:
    assert run("cycle", "list")[1].keys() == {"cycles"}
    shown = run("cycle", "show", "2022Q3")[1]
    assert (shown.keys(), shown["totals"].keys(), shown["state"]) == (CYCLE, TOTALS, "redeeming")
    assert shown["totals"] == {"earned": 16, "pending": 0, "spendable": 16, "held": 8, "redeemed": 30, "lapsed": 0}
    assert all(each.keys() == CYCLE for each in run("cycle", "tick")[1]["cycles"])
    balance = run("points", "balance", district.card())[1]
    assert balance == {
        "holder": "V000001", "spendable": 73, "pending": 0, "held": 8, "debt": 0, "honour_minutes": 178,
        "lots": [
            {"cycle": "2022Q2", "pool": "dongyuan", "remaining": 62, "expires_on": "2022-12-31"},
            {"cycle": "2022Q3", "pool": "dongyuan", "remaining": 6, "expires_on": "2022-12-31"},
            {"cycle": "2022Q3", "pool": "xiyuan", "remaining": 5, "expires_on": "2022-12-31"},
        ],
    }  # fmt: skip
    assert run("points", "balance", "138 0000 0001", "--as-of", "2022-10-02")[1]["spendable"] == 100
    lines = run("points", "statement", "V000001")[1]["lines"]
    assert {"entry", "at", "kind", "why", "amount", "balance"} <= lines[0].keys()
    assert lines[-1]["balance"] == 73
    shelf = run("stock", "show", "DY001")[1]["shelf"]
    soap = {name: shelf[2][name] for name in ("sku", "name", "on_shelf", "reserved", "price_points", "cost_fen", "limit_per_cycle")}
    assert soap == {
        "sku": "SP-03", "name": "肥皂", "on_shelf": 99, "reserved": 1, "price_points": 8, "cost_fen": 500, "limit_per_cycle": None,
    }  # fmt: skip
    assert run("rules", "list")[1]["rules"][0]["clause"] == "活动表「积分/次」一栏"
    head = run("audit", "seal")[1]
    assert {"book", "size", "root", "signed_at", "signature", "public_key", "algorithm"} <= head.keys()
    assert run("audit", "head", "--out", str(tmp_path / "head.json"))[1] == head
    proof = run("audit", "proof", lines[0]["entry"])[1]
    assert {"entry", "leaf_hash", "leaf_index", "tree_size", "path", "root"} <= proof.keys()
    assert {"first", "second", "path", "ok"} <= run("audit", "consistency", "--since", str(tmp_path / "head.json"))[1].keys()
    made = run("audit", "export", "--format", "jsonl", "--out", str(tmp_path / "book.jsonl"))[1]
    assert {"entries", "postings", "sha256"} <= made.keys()
    report = run("audit", "check")[1]
    assert {"checks", "acts", "postings"} <= report.keys()
    assert all({"name", "ok", "findings"} <= check.keys() for check in report["checks"])


def test_an_import_reports_as_the_contract_says(district: District, run: Run) -> None:
    file = district.folder / "again.csv"
    file.write_text(OPENING.replace("张三,无,40", "张三,无,41"), encoding="utf-8")
    code, report = run("import", "opening", str(file), "--as-of", "2022-06-30")
    assert code == 0
    assert (report["batch"], report["read"], report["accepted"], report["unchanged"]) == (None, 4, 0, 3)
    [refused] = report["rejected"]
    assert refused.keys() == {"sheet", "row", "column", "code", "message"}
    assert (refused["row"], refused["code"]) == (5, "differs")
    code, undone = run("import", "undo", "B000005")
    assert (code, undone["debt"]) == (0, 38)


WRITING = [
    ("init",),
    ("import", "undo", "B000007"),
    ("import", "opening", "{folder}/more.csv", "--as-of", "2022-06-30"),
    ("cycle", "tick"),
    ("cycle", "advance", "2022Q4", "--to", "frozen", "--reason", "试"),
    ("user", "add", "newcomer", "--role", "officer", "--password-stdin"),
    ("user", "disable", "staffu000001"),
    ("audit", "seal"),
]


@pytest.mark.parametrize("words", WRITING, ids=lambda words: " ".join(words[:2]))
def test_a_rehearsal_writes_nothing(district: District, run: Run, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    import io

    (district.folder / "more.csv").write_text("姓名,联系电话,积分\n李芳,13800000003,5\n", encoding="utf-8")
    district.void(district.hold("SP-03")["hold"])  # so that there is something to seal
    district.now = REDEEMING_AT.replace(month=11)  # and something due
    before = dump(district)
    monkeypatch.setattr("sys.stdin", io.StringIO(PASSWORD + "\n"))
    code, _document = run(*(word.format(folder=district.folder) for word in words), "--dry-run")
    assert code == 0
    assert dump(district) == before


def test_a_rehearsed_tick_names_the_steps_that_are_due(district: District, run: Run) -> None:
    district.now = local("2022-11-06 09:00")
    code, document = run("cycle", "tick", "--dry-run")
    assert code == 0
    assert document["done"] == [
        {"cycle": "2022Q3", "from": "redeeming", "to": "reconciling"}, {"cycle": "2022Q3", "from": "reconciling", "to": "sealed"},
    ]  # fmt: skip
    taken = [{name: step[name] for name in ("cycle", "from", "to")} for step in run("cycle", "tick")[1]["done"] if "cycle" in step]
    assert taken == document["done"]


def test_a_rehearsed_founding_leaves_the_folder_empty(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_HOME", str(tmp_path / "elsewhere"))
    code, document = run("init", "--dry-run")
    assert (code, document["founded"]) == (0, False)
    assert not (tmp_path / "elsewhere").exists()


def dump(district: District) -> dict[str, list[Any]]:
    """All rows of all tables."""
    with district.book.engine.connect() as connection:
        tables = [row[0] for row in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))]
        return {table: sorted(map(str, connection.execute(text(f'SELECT * FROM "{table}"')))) for table in tables}


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("cycle", "show", "2031Q1"), 3), (("points", "balance", "13800000099"), 3), (("stock", "show", "NO001"), 3),
        (("import", "undo", "B999999"), 3), (("audit", "proof", "nothing"), 3),
        (("cycle", "advance", "2022Q4", "--to", "sealed", "--reason", "x"), 3),
        (("import", "people", "/nowhere/at-all.csv"), 4), (("audit", "export", "--format", "csv", "--out", "/nowhere/x.csv"), 4),
        (("audit", "consistency", "--since", "/nowhere/head.json"), 4), (("points", "balance", "V000001", "--as-of", "yesterday"), 3),
        (("nonsense",), 2), (("cycle", "show"), 2), (("audit", "check", "--quickly"), 2),
        (("points", "balance", "V000001", "--book", "other"), 3),
        (("cycle", "tick", "--as", "nobody"), 3),
    ],
)  # fmt: skip
def test_what_goes_wrong_has_its_exit_code(run: Run, words: tuple[str, ...], code: int) -> None:
    got, document = run(*words)
    assert got == code
    assert code == 2 or {"code", "title", "detail", "status"} <= document.keys()
