"""`doctor` names what a person must do, and is silent about the rest."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger import clock
from ledger.console.main import main
from ledger.domain.people import Actor
from ledger.storage import cycles
from ledger.usecases.found_book import found_book
from ledger.usecases.request import Request
from tests.cast import migrated_settings, open_book


@pytest.fixture
def doctor(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """doctor() answers the exit code, the states by name, and the checks by name."""
    for name in ("LEDGER_DATABASE_URL", "LEDGER_OWNER_URL", "LEDGER_PUBLIC_URL", "FLASK_DEBUG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LEDGER_HOME", str(home))
    monkeypatch.setenv("LEDGER_CONFIG", str(home / "config.toml"))
    (home / "main").chmod(0o700)

    def look() -> tuple[int, dict[str, str], dict[str, Any]]:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(["doctor", "--json"])
        told = json.loads(capsys.readouterr().out)
        assert told["ok"] == (ended.value.code == 0)
        return int(ended.value.code or 0), {c["name"]: c["state"] for c in told["checks"]}, {c["name"]: c for c in told["checks"]}

    return look


def found(home: Path, ago: timedelta = timedelta(0)) -> None:
    book = open_book(migrated_settings(home))
    found_book(book, Request(actor=Actor("console:test"), now=clock.now() - ago, name="found"))
    book.close()


def test_a_fresh_book_needs_nobody_but_phones_cannot_reach_it(doctor, home: Path) -> None:
    found(home)
    code, states, _ = doctor()
    assert code == 0
    assert states.pop("public_address") == "note" and states.pop("scheduler") == "note"
    assert set(states.values()) == {"ok"}, states


def test_keys_that_others_can_read_need_a_person(doctor, home: Path) -> None:
    found(home)
    (home / "main" / "keys" / "keyring.json").chmod(0o644)
    code, states, _ = doctor()
    assert (code, states["keys"]) == (1, "act")


def test_missing_keys_need_a_person_and_nothing_behind_them_is_guessed(doctor, home: Path) -> None:
    found(home)
    (home / "main" / "keys" / "keyring.json").unlink()
    code, states, _ = doctor()
    assert (code, states["keys"]) == (1, "act") and "database" not in states


def test_a_scheduler_that_broke_off_needs_a_person(doctor, home: Path) -> None:
    found(home)
    book = open_book(migrated_settings(home))
    book.run(lambda unit: cycles.take_lease(unit, name="scheduler", owner="host.1.x", now=clock.now() - timedelta(minutes=9), seconds=30))
    code, states, told = doctor()
    assert (code, states["scheduler"]) == (1, "act") and "host.1.x" in told["scheduler"]["message"]
    book.run(lambda unit: cycles.take_lease(unit, name="scheduler", owner="host.1.x", now=clock.now(), seconds=30))
    assert doctor()[1]["scheduler"] == "ok"
    book.close()


def test_acts_that_wait_too_long_need_a_person(doctor, home: Path) -> None:
    found(home, ago=timedelta(hours=1))
    code, states, told = doctor()
    assert (code, states["unsealed"], told["unsealed"]["count"]) == (1, "act", 1)


def test_a_clock_behind_the_book_needs_a_person(doctor, home: Path) -> None:
    found(home, ago=timedelta(hours=-1))
    code, states, _ = doctor()
    assert (code, states["clock"]) == (1, "act")


def test_settings_that_contradict_the_book_need_a_person(doctor, home: Path) -> None:
    found(home)
    (home / "config.toml").write_text("[genesis]\ndecimals = 2\n", encoding="utf-8")
    code, states, told = doctor()
    assert (code, states["genesis"]) == (1, "act") and "decimals" in told["genesis"]["message"]
