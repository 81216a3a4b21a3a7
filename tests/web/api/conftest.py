"""A small district behind the API: one made for the whole run while its notice hangs and one while it redeems, copied for each test."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from ledger import config
from ledger.domain.ids import IdSource
from ledger.keyring import Keyring
from ledger.storage import access
from ledger.storage.unit_of_work import Book
from ledger.usecases.add_login import add_login
from ledger.usecases.open_sign_in import open_sign_in
from ledger.web import create_app
from tests.cast import NOTICED_AT, PASSWORD, REDEEMING_AT, District, found_district, migrated_settings, open_book

STAFF = {
    "keeper": {"role": "keeper", "station": "DY001", "person": "V000003"},
    "colleague": {"role": "keeper", "station": "DY001"},
    "elsewhere": {"role": "keeper", "station": "XY001", "person": "V000004"},
    "organiser": {"role": "organiser", "area": "dongyuan"},
    "stranger": {"role": "organiser", "area": "xiyuan"},
    "officer": {"role": "officer"},
    "second": {"role": "officer"},
    "auditor": {"role": "auditor"},
    "admin": {"role": "admin"},
}


@dataclass
class Api:
    """The district with a client: `api.post(who, path, body)` under a fresh key unless one is given. `who` is a login or a V… id."""

    district: District
    client: Any
    tokens: dict[str, tuple[str, datetime]] = field(default_factory=dict)

    @property
    def book(self) -> Book:
        return self.district.book

    def token(self, who: str) -> str:
        token, opened_at = self.tokens.get(who, ("", None))
        if opened_at is None or self.district.now - opened_at > timedelta(hours=8):
            token = self.book.run(lambda unit: self._open(unit, who))
            self.tokens[who] = (token, self.district.now)
        return token

    def _open(self, unit: Any, who: str) -> str:
        person, grantee, roles = who, who, ["volunteer"]
        if not who.startswith("V"):
            login = access.login_by_name(unit, who)
            assert login is not None, who
            person, grantee, roles = login.person, login.id, [STAFF[who]["role"]]
        now = self.district.now
        return open_sign_in(unit, grantee=grantee, person=person, roles=roles, kind="api", device="", now=now).token

    def call(self, method: str, who: str, path: str, body: Any = None, *, key: str | None = None, **more: Any) -> TestResponse:
        headers = {"Authorization": f"Bearer {self.token(who)}"} if who else {}
        if method == "POST" and key != "":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if method != "GET" and "data" not in more:
            more["json"] = {} if body is None and method == "POST" else body
        return self.client.open(f"/api/v1{path}", method=method, headers=headers, **more)

    def get(self, who: str, path: str) -> TestResponse:
        return self.call("GET", who, path)

    def post(self, who: str, path: str, body: Any = None, *, key: str | None = None) -> TestResponse:
        return self.call("POST", who, path, body, key=key)

    def put(self, who: str, path: str, body: Any = None) -> TestResponse:
        return self.call("PUT", who, path, body)

    def delete(self, who: str, path: str) -> TestResponse:
        return self.call("DELETE", who, path)

    # what many tests do ---------------------------------------------------------------------------------------------
    def hold(self, sku: str = "SP-01", quantity: int = 1, *, who: str = "V000001", key: str | None = None) -> TestResponse:
        return self.post(who, "/holds", {"station": "DY001", "items": [{"sku": sku, "quantity": quantity}]}, key=key)

    def walk_up(
        self, sku: str = "SP-01", quantity: int = 1, *, shown: str = "", keeper: str = "keeper", key: str | None = None
    ) -> TestResponse:
        body = {"volunteer_pass": shown or self.fresh_pass(), "items": [{"sku": sku, "quantity": quantity}]}
        return self.post(keeper, "/redemptions", body, key=key)

    def fresh_pass(self, who: str = "V000001") -> str:
        return str(self.get(who, "/me/pass").json["pass"])

    def spendable(self, who: str = "V000001") -> int:
        return int(self.get(who, "/me").json["spendable"])

    def on_shelf(self, sku: str = "SP-01") -> int:
        return next(line["on_shelf"] for line in self.get("", "/stations/DY001").json["shelf"] if line["sku"] == sku)


def refused(answer: TestResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json", answer.text
    return answer.status_code, answer.json["code"]


def api_of(district: District) -> Api:
    home = district.folder
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml")})
    app = create_app(settings, {district.book.slug: district.book}, clock=lambda: district.now)
    app.testing = True
    return Api(district, app.test_client())


def add_staff(district: District) -> None:
    for login, about in STAFF.items():
        add_login(district.book, district.request("add_login", key=None), login=login, password=PASSWORD, **about)


@pytest.fixture(scope="session")
def districts(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> dict[str, Path]:
    """Folders of a book while its notice hangs and while it redeems."""
    made = tmp_path_factory.mktemp("districts")
    noticed, redeeming = made / "noticed", made / "redeeming"
    shutil.copytree(sqlite_template, noticed)
    book = open_book(migrated_settings(noticed))
    district = found_district(book, noticed)
    add_staff(district)
    district.tick_at(NOTICED_AT)
    book.close()
    shutil.copytree(noticed, redeeming)
    book = open_book(migrated_settings(redeeming))
    District(book, redeeming).tick_at(REDEEMING_AT)
    book.close()
    return {"noticed": noticed, "redeeming": redeeming}


def _copied(source: Path, target: Path, now: Any) -> Iterator[Api]:
    shutil.copytree(source, target)
    settings = migrated_settings(target)
    book = Book(settings, Keyring.load(settings.keys_folder), IdSource(), pool_size=8)
    api = api_of(District(book, target, now=now))
    yield api
    try:
        api.district.check_clean()
    finally:
        book.close()


@pytest.fixture
def api(districts: dict[str, Path], tmp_path: Path) -> Iterator[Api]:
    """While 2022Q3 redeems."""
    yield from _copied(districts["redeeming"], tmp_path / "api", REDEEMING_AT)


@pytest.fixture
def noticed(districts: dict[str, Path], tmp_path: Path) -> Iterator[Api]:
    """While the notice of 2022Q3 hangs."""
    yield from _copied(districts["noticed"], tmp_path / "noticed", NOTICED_AT)


@pytest.fixture
def pg_api(home: Path, pg_url: str) -> Iterator[Api]:
    """A redeeming district on PostgreSQL."""
    settings = migrated_settings(home, pg_url)
    book = open_book(settings)
    district = found_district(book, home)
    add_staff(district)
    district.to_redeeming()
    yield api_of(district)
    try:
        district.check_clean()
    finally:
        book.close()
