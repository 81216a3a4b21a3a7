"""`make run` as a stranger has it: a district, one sign-in per role, two processes, and a quiet end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pyotp
import pytest

from ledger.audit.checks import check
from ledger.domain.errors import NotEmpty
from ledger.domain.people import ROLES
from ledger.simulate.fill_book import fill_book, is_unused
from ledger.simulate.size import PRESETS
from ledger.storage import cycles, people, statements
from ledger.storage.unit_of_work import Book
from tests.cast import local, migrated_settings, open_book

ROOT = Path(__file__).resolve().parents[2]
TINY = PRESETS["small"].scaled(0.2)
WEB = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Demo:
    """`cli.py demo --json` in a home of its own."""

    def __init__(self, home: Path, port: int) -> None:
        self.home, self.port = home, port
        self._run: subprocess.Popen[str] | None = None

    def start(self) -> dict[str, Any]:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LEDGER_")}
        environment |= {"LEDGER_HOME": str(self.home), "LEDGER_PORT": str(self.port), "LEDGER_WORKERS": "1"}
        command = [sys.executable, "cli.py", "demo", "--json"]
        self._run = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self._run.stdout is not None and self._run.stderr is not None
        line = self._run.stdout.readline()
        assert line, self._run.stderr.read()
        return json.loads(line)  # type: ignore[no-any-return]

    def end(self, number: int) -> int:
        assert self._run is not None
        self._run.send_signal(number)
        code = self._run.wait(60)
        self._run = None
        return code

    def is_served(self) -> bool:
        try:
            with WEB.open(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        ask = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", json.dumps(body).encode(), {"Content-Type": "application/json"})
        try:
            with WEB.open(ask) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)

    def log(self, name: str) -> str:
        return (self.home / "logs" / f"{name}.log").read_text(encoding="utf-8")


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Demo(tmp_path / "var", port)
    yield made
    if made._run is not None:
        made.end(signal.SIGTERM)


def test_the_first_run_fills_the_book_and_names_one_sign_in_per_role(demo: Demo) -> None:
    told = demo.start()
    assert told["url"] == f"http://127.0.0.1:{demo.port}"
    book = told["books"][0]
    assert book["loaded"] and [s["role"] for s in book["sign_ins"]] == list(ROLES)
    for sign_in in book["sign_ins"]:
        otp = {"otp": pyotp.parse_uri(sign_in["otp_uri"]).now()} if sign_in["otp_uri"] else {}
        status, answer = demo.post("/api/v1/sessions", {"login": sign_in["login"], "password": sign_in["password"], **otp})
        assert (status, answer.get("role")) == (201, sign_in["role"])
    assert bool([s for s in book["sign_ins"] if s["otp_uri"]]) and '"leading"' in demo.log("scheduler")
    assert demo.end(signal.SIGINT) == 0
    assert not demo.is_served() and '"stopped"' in demo.log("scheduler")
    passwords = [s["password"] for s in book["sign_ins"]]
    assert len(set(passwords)) == len(ROLES) and not any(p in demo.log(name) for p in passwords for name in ("web", "scheduler"))

    again = demo.start()["books"][0]
    assert not again["loaded"] and again["sign_ins"] == []
    assert demo.end(signal.SIGTERM) == 0


def test_a_killed_demonstration_leaves_no_process_behind(demo: Demo) -> None:
    demo.start()
    demo.end(signal.SIGKILL)
    until = time.monotonic() + 40
    while demo.is_served() or '"stopped"' not in demo.log("scheduler"):
        assert time.monotonic() < until
        time.sleep(0.2)


def test_a_port_that_is_taken_is_told_before_anything_is_made(demo: Demo) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", demo.port))
        other.listen()
        told = demo.start()
    assert (told["code"], told["field"]) == ("invalid_input", "LEDGER_PORT") and demo.end(0) == 3
    assert not (demo.home / "main" / "ledger.sqlite3").exists()


DAYS = ("2026-11-21 20:40", "2027-01-01 00:05", "2027-01-11 00:30", "2027-04-12 09:00", "2028-02-29 13:00", "2026-12-31 23:50")


@pytest.mark.parametrize("day", DAYS)
def test_whatever_today_is_somebody_can_redeem_something(home: Path, day: str) -> None:
    settings, now = migrated_settings(home), local(day)
    counts, volunteer = fill_book(settings, size=TINY, seed=3, now=now, finish=lambda _book, cast: cast.volunteer)
    book = open_book(settings)
    assert book.read(lambda unit: cycles.redeeming(unit, now)) is not None
    assert book.read(lambda unit: statements.balance(unit, volunteer, now)).spendable > 0
    assert counts["redemptions"] > 0 and counts["holds"] > 0
    check_clean(book, now)
    book.close()


@pytest.mark.pg
@pytest.mark.xdist_group("pg")
def test_a_district_is_imagined_on_postgresql_too(home: Path, pg_url: str) -> None:
    settings, now = migrated_settings(home, pg_url), local("2026-11-21 20:40")
    fill_book(settings, size=TINY, seed=3, now=now, finish=lambda _book, _cast: None)
    book = open_book(settings)
    check_clean(book, now)
    book.close()


def test_a_book_that_people_use_is_never_filled(sqlite_district, home: Path) -> None:
    settings = sqlite_district.book.settings
    assert not is_unused(settings)
    with pytest.raises(NotEmpty):
        fill_book(settings, size=TINY, seed=3, now=sqlite_district.now, finish=lambda _book, _cast: None)


def test_invented_telephones_are_of_a_range_that_people_do_not_have(home: Path) -> None:
    settings = migrated_settings(home)
    fill_book(settings, size=TINY, seed=3, now=local("2026-11-21 20:40"), finish=lambda _book, _cast: None)
    book = open_book(settings)
    phones = book.read(lambda unit: [p for n in range(1, TINY.people + 1) for p in people.phones_of(unit, f"V{n:06d}")])
    assert len(phones) == TINY.people and all(phone.startswith("144") for phone in phones)
    book.close()


def check_clean(book: Book, now: datetime) -> None:
    report = check(book, now=now)
    assert report.ok, [c.findings[0].message for c in report.checks if not c.ok]
