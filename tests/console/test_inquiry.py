"""`audit replay`, `audit explain`, `audit journal` and `points trial-balance` as a stranger runs them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.console.main import main
from ledger.usecases.add_login import add_login
from tests.audit.intruder import Intruder
from tests.audit.quarter import Repeatable, lived
from tests.cast import PASSWORD
from tests.web.api.conftest import STAFF

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def quarter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repeatable]:
    home = tmp_path_factory.mktemp("console") / "home"
    district = lived(home)
    for login in ("keeper", "auditor"):
        add_login(district.book, district.request("add_login", key=None), login=login, password=PASSWORD, **STAFF[login])
    yield district
    district.check_clean()
    district.book.close()


@pytest.fixture
def run(quarter: Repeatable, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.setenv("LEDGER_HOME", str(quarter.folder))
    monkeypatch.setenv("LEDGER_CONFIG", str(Path(quarter.folder) / "config.toml"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("LEDGER_DATABASE_URL", raising=False)
    monkeypatch.delenv("LEDGER_ACTOR", raising=False)

    def run(*words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as done:
            main(list(words))
        told = capsys.readouterr()
        return int(done.value.code or 0), told.out, told.err

    return run


def document(run: Run, *words: str, code: int = 0) -> dict[str, Any]:
    got, out, err = run(*words, "--json")
    assert (got, err) == (code, ""), (out, err)
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_a_replay_of_an_honest_quarter_finds_nothing_and_ends_well(run: Run) -> None:
    found = document(run, "audit", "replay", "--cycle", "2022Q3")
    assert (found["cycle"], found["lines"], found["differing"]) == ("2022Q3", 26, [])
    code, out, _ = run("audit", "replay", "--cycle", "2022Q3")
    assert code == 0 and out == "2022Q3：重算了 26 张凭证（服务积分 48 分，荣誉时长 578 分钟），与账上完全一样。\n"


def test_a_replay_that_differs_prints_exactly_that_and_ends_with_one(quarter: Repeatable, run: Run) -> None:
    intruder = Intruder(quarter.book)
    try:
        entry = intruder.entry("service_earned", cycle="2022Q3", rule="event-6")
        intruder.scale_legs(entry, "pending/", 60)
        found = document(run, "audit", "replay", "--cycle", "2022Q3", code=1)
        assert [(line["entry"], line["account"], line["expected"], line["found"]) for line in found["differing"]] == [
            (entry, "issued/event-6/dongyuan/2022Q3", -6, -60), (entry, "pending/V000001/2022Q3.dongyuan", 6, 60)
        ]  # fmt: skip
        code, out, _ = run("audit", "replay", "--cycle", "2022Q3")
        assert code == 1 and out.count("·") == 2 and "2 处不一样" in out
        assert f"凭证 {entry}（服务得分，V000001）在 pending/V000001/2022Q3.dongyuan 上应记 +6 PTS，现记 +60" in out
    finally:
        intruder.leave()


def test_a_quarter_that_is_not_there_is_refused(run: Run) -> None:
    assert run("audit", "replay", "--cycle", "2019Q1")[0] == 3
    assert run("audit", "replay", "--cycle", "third")[0] == 3
    assert run("audit", "replay")[0] == 2


def test_an_entry_and_a_person_are_explained(quarter: Repeatable, run: Run) -> None:
    statement = document(run, "points", "statement", "V000001")["lines"]
    entry = next(line["entry"] for line in statement if line["kind"] == "handed_over")
    told = document(run, "audit", "explain", entry)
    assert told["entry"] == entry and told["paper"][0] == "大米 2 件 × 30 分 = 60 分"
    assert document(run, "audit", "explain", told["links"]["receipt"]) == told
    code, out, _ = run("audit", "explain", entry)
    assert code == 0 and told["sentence"] in out and "封存：还没有封存" in out and "worth/DY001/R0000001" in out
    by_card, by_phone = (document(run, "audit", "explain", who) for who in (quarter.card(), "138 0000 0001"))
    assert by_card == by_phone and by_card["holder"] == "V000001"
    code, out, _ = run("audit", "explain", "V000001")
    assert code == 0 and "王*兰（V000001）" in out and "王玉兰" not in out and "到期清零" in out
    assert run("audit", "explain", "V999999")[0] == 3
    assert "笔账" in run("audit", "explain", "01830000-0000-7000-8000-000000000000")[2]


def test_the_book_adds_up(run: Run) -> None:
    found = document(run, "points", "trial-balance", "--depth", "2", "--as-of", "2022-10-11")
    assert found["balanced"] and found["as_of"] == "2022-10-12T00:00:00+08:00"
    wallets = {line["account"]: line["balance"] for line in found["accounts"] if line["account"].startswith("wallet/")}
    assert wallets == {"wallet/V000001": 100, "wallet/V000002": 60, "wallet/V000005": 10, "wallet/V000006": 40}
    code, out, _ = run("points", "trial-balance")
    assert code == 0 and "货架成本" in out and "2,316.20" in out and "不平" not in out
    assert run("points", "trial-balance", "--as-of", "soon")[0] == 3
    assert run("points", "trial-balance", "--depth", "9")[0] == 2


def test_a_book_that_does_not_add_up_ends_with_one(quarter: Repeatable, run: Run) -> None:
    intruder = Intruder(quarter.book)
    try:
        entry = intruder.entry("points_opened")
        intruder.change("posting", {"act": entry, "line": 1}, amount=999)
        found = document(run, "points", "trial-balance", code=1)
        assert [total["balance"] for total in found["totals"] if total["commodity"] == "PTS"] == [899]
        assert "不平" in run("points", "trial-balance")[1]
    finally:
        intruder.leave()


def test_the_operator_journal_by_actor_kind_and_day(run: Run) -> None:
    found = document(run, "audit", "journal", "--kind", "定价格", "--actor", "staffu000003")
    assert [(act["before"], act["after"]) for act in found["acts"]] == [({"price_points": 8}, {"price_points": 9})]
    code, out, _ = run("audit", "journal", "--from", "2022-10-13", "--to", "2022-10-13")
    assert code == 0 and "价格（分）：8 → 9" in out and "整批撤回" in out and "兑换" not in out
    assert "兑换" in run("audit", "journal", "--from", "2022-10-13", "--to", "2022-10-13", "--entries")[1]
    assert "只列出前 1 条" in run("audit", "journal", "--most", "1")[1]


def test_only_officers_and_auditors_may_ask_under_their_login(run: Run) -> None:
    commands = (
        ("audit", "replay", "--cycle", "2022Q3"), ("audit", "explain", "V000001"), ("audit", "journal"), ("points", "trial-balance"),
    )  # fmt: skip
    for command in commands:
        assert run(*command, "--as", "keeper")[0] == 3, command
        assert run(*command, "--as", "auditor")[0] == 0, command


def test_every_question_explains_itself(run: Run) -> None:
    for command in (("audit", "replay"), ("audit", "explain"), ("audit", "journal"), ("points", "trial-balance")):
        code, out, _ = run(*command, "--help")
        assert code == 0 and any("\u4e00" <= character <= "\u9fff" for character in out), command
