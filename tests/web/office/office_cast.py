"""The office's cast: two officers, an auditor, an admin and others, each with a browser of their own on one small district."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ledger.config import Settings
from ledger.domain.act import Act, instant
from ledger.domain.people import Actor, Grant
from ledger.storage import access, journal, journal_pages
from ledger.storage.unit_of_work import Unit
from ledger.usecases.add_login import add_login
from ledger.usecases.sign_in import welcome
from ledger.web import create_app
from tests.cast import PASSWORD, District

ROLES = ("officer", "auditor", "admin", "organiser", "keeper", "volunteer")
MORE = {"keeper": {"station": "DY001", "person": "V000003"}, "volunteer": {"person": "V000001"}, "organiser": {"area": ""}}


@dataclass
class Office:
    """The pages as a test drives them. `otp` holds the one-time secret of each login that has one."""

    district: District
    app: Flask
    is_peopled: bool = True
    otp: dict[str, str] = field(default_factory=dict)
    _added: set[str] = field(default_factory=set)
    _clients: dict[str, tuple[FlaskClient, datetime]] = field(default_factory=dict)

    def add(self, login: str) -> None:
        """Sign a login up when it is first needed: hashing seven passwords for each test would take longer than the tests."""
        if login in self._added:
            return
        self._added.add(login)
        role = "officer" if login == "deputy" else login
        more = MORE.get(role, {}) if self.is_peopled else {}
        answer = add_login(self.district.book, self.district.request("add"), login=login, role=role, password=PASSWORD, **more)
        if "otp_uri" in answer:
            self.otp[login] = parse_qs(urlsplit(answer["otp_uri"]).query)["secret"][0]

    def code(self, login: str) -> str:
        self.add(login)
        return pyotp.TOTP(self.otp[login]).at(self.district.now)

    def browser(self, login: str, *, fresh: bool = False) -> FlaskClient:
        """A browser in which this login is signed in; again when the test's clock has moved on past the idle time."""
        self.add(login)
        client, since = self._clients.get(login, (None, self.district.now))
        if client is None or fresh or self.district.now - since > timedelta(minutes=25):
            client, since = self.app.test_client(), self.district.now
            client.set_cookie("ledger-main", self._token(login))
            self._clients[login] = (client, since)
        return client

    def _token(self, login: str) -> str:
        asked = self.district.request("sign_in", Actor("anyone"), key=None)

        def work(unit: Unit) -> str:
            found = access.login_by_name(unit, login)
            assert found is not None
            grants = tuple(Grant(g.role, g.scope) for g in access.grants(unit, found.id, asked.now))
            return str(welcome(unit, asked, found.id, found.person, grants, kind="web", login=login)["token"])

        return self.district.book.run(work)

    def get(self, login: str, path: str) -> TestResponse:
        return self.browser(login).get(path)

    def post(self, who: str, path: str, /, **data: Any) -> TestResponse:
        """Send a form as the page would: with its anti-forgery token and a request key."""
        client = self.browser(who)
        token = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/sign-out").text)
        assert token is not None
        form = {"csrf_token": token[1], "request_key": f"key-{len(data)}-{path}-{sorted(map(str, data.items()))}"[:190], **data}
        return client.post(path, data=form, content_type="multipart/form-data")

    def acts(self, kind: str) -> list[Act]:
        """Acts of a kind, oldest first."""

        def find(unit: Unit) -> list[Act]:
            lines = journal_pages.page(unit, since=instant(1), most=200, kinds=[kind])
            found = [journal.act_by_id(unit, line.id) for line in reversed(lines)]
            return [act for act in found if act is not None]

        return self.district.book.read(find)


def opened(district: District, settings: Settings, *, is_peopled: bool = True) -> Office:
    app = create_app(settings, {district.book.slug: district.book}, clock=lambda: district.now)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return Office(district, app, is_peopled)
