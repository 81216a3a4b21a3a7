"""kill -9 of everything, again and again, while people redeem over HTTP: no acknowledged write is lost, none is half done.

The driver writes an intent before it sends and the answer after it came; what was acknowledged must be there under the
same key after the restart, with the same answer.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import pytest

from ledger.clock import now as present
from ledger.domain.people import Actor
from ledger.usecases.add_login import add_login
from ledger.usecases.request import Request
from tests.cast import PASSWORD, District, found_district, migrated_settings, open_book

ROOT = Path(__file__).resolve().parents[2]
KILLS = {"sqlite": 50, "postgresql": 20}
WORKERS = 4


class Server:
    """`cli.py serve` in a process group of its own, on a free port."""

    def __init__(self, home: Path, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("LEDGER_")}
        self.env |= {
            "LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml"), "LEDGER_PORT": str(self.port), "LEDGER_DATABASE_URL": url,
            "LEDGER_WORKERS": "2",
        }  # fmt: skip
        self.log = home / "server.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "cli.py", "serve"],
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                with urllib.request.urlopen(self.base + "/healthz", timeout=2):
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(self.log.read_text(encoding="utf-8")[-2000:])

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def call(self, method: str, path: str, token: str = "", body: object = None, key: str = "") -> tuple[int, dict[str, object]]:
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        headers |= {"Idempotency-Key": key} if key else {}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + "/api/v1" + path, data=data, headers=headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else {}
        except http.client.HTTPException as cut:
            raise ConnectionError("the answer was cut off") from cut
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.loads(refusal.read() or b"{}")


class Driver(threading.Thread):
    """One volunteer who reserves and calls off, over and over. `known` holds what was acknowledged, by key."""

    def __init__(self, server: Server, token: str) -> None:
        super().__init__(daemon=True)
        self.server, self.token = server, token
        self.known: dict[str, str] = {}
        self.unknown: list[str] = []
        self.held: set[str] = set()
        self.stop = threading.Event()

    def run(self) -> None:
        while not self.stop.is_set():
            for key in self.unknown or [str(uuid.uuid4())]:
                self.reserve_and_call_off(key)
            for hold in list(self.held):
                self.call_off(hold)

    def reserve_and_call_off(self, key: str) -> None:
        """One reservation; an unanswered one is asked again under its key until it is known."""
        try:
            status, answer = self.reserve(key)
        except OSError as error:
            if "refused" not in str(error) and key not in self.unknown:
                self.unknown.append(key)
            time.sleep(0.02)
            return
        assert status in (201, 503), (status, answer)
        if status == 201:
            hold = str(answer["hold"])
            self.unknown = [k for k in self.unknown if k != key]
            self.known[key] = hold
            self.held.add(hold)
            self.call_off(hold)

    def reserve(self, key: str) -> tuple[int, dict[str, object]]:
        return self.server.call("POST", "/holds", self.token, {"station": "DY001", "items": [{"sku": "SP-03", "quantity": 1}]}, key)

    def call_off(self, hold: str) -> None:
        try:
            if self.server.call("DELETE", f"/holds/{hold}", self.token)[0] in (200, 204):
                self.held.discard(hold)
        except OSError:
            time.sleep(0.02)


@pytest.mark.gate
def test_kills_lose_nothing_that_was_acknowledged(tmp_path: Path, engine: str, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("pg_url") if engine == "postgresql" else ""
    home = tmp_path / "home"
    settings = migrated_settings(home, url, toml="[redemption]\nalways_open = true\n")
    book = open_book(settings)
    district = found_district(book, home, now=present())
    people = (district.volunteer, district.neighbour, district.without_phone)
    console = Request(actor=Actor("console:test"), now=present(), name="add_login", key="a")
    for n, person in enumerate(people):
        add_login(
            book,
            Request(actor=console.actor, now=present(), name="add_login", key=f"login {n}"),
            login=f"v{n}",
            role="volunteer",
            person=person,
            password=PASSWORD,
        )
    before = [_worth(district, person) for person in people]
    server = Server(home, url)
    server.start()
    try:
        tokens = [
            str(server.call("POST", "/sessions", body={"login": f"v{n}", "password": PASSWORD})[1]["token"]) for n in range(len(people))
        ]
        drivers = [Driver(server, token) for token in tokens]
        for driver in drivers:
            driver.start()
        dice = random.Random(7)
        for _ in range(KILLS[engine]):
            time.sleep(dice.uniform(0.05, 0.6))
            server.kill()
            server.start()
        for driver in drivers:
            driver.stop.set()
        for driver in drivers:
            driver.join(60)
        _settle_accounts(drivers)
    finally:
        server.kill()
    assert sum(len(driver.known) for driver in drivers) > KILLS[engine], "the load ran"
    assert [_worth(district, person) for person in people] == before
    district.now = present()
    district.check_clean()
    book.close()


def _settle_accounts(drivers: list[Driver]) -> None:
    """Ask every key again: the acknowledged ones give the same hold; the unknown ones become known. Then call all off."""
    for driver in drivers:
        for key, hold in list(driver.known.items()):
            status, answer = driver.reserve(key)
            assert (status, answer.get("hold")) == (201, hold), "an acknowledged hold was lost"
        for key in driver.unknown:
            first, again = driver.reserve(key), driver.reserve(key)
            assert first == again and first[0] == 201
            driver.held.add(str(first[1]["hold"]))
        for hold in list(driver.held):
            assert driver.server.call("DELETE", f"/holds/{hold}", driver.token)[0] in (200, 204)


def _worth(district: District, person: str) -> tuple[int, int]:
    balance = district.balance(person)
    return balance.spendable, balance.held
