"""A resident's phone without script: it follows links, fills the forms it was given, and remembers its cookies."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from ledger import config
from ledger.storage.unit_of_work import Unit
from ledger.usecases.open_sign_in import open_sign_in
from ledger.web import create_app
from tests.cast import District


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.text: list[str] = []
        self.scripts = 0
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get")))
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "script":
            self.scripts += 1
        elif tag in ("input", "textarea") and self.forms and "name" in given:
            self.forms[-1].fields[given["name"]] = given.get("value", "")
        elif tag == "button" and self.forms and "name" in given:
            self.forms[-1].buttons.append((given["name"], given.get("value", "")))
        self._hidden += tag in ("style", "script", "svg")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script", "svg")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text.append(data)


@dataclass
class Page:
    phone: Phone
    response: Any
    forms: list[Form]
    links: list[str]
    words: str
    scripts: int

    @property
    def status(self) -> int:
        return int(self.response.status_code)

    @property
    def at(self) -> str:
        return str(self.response.request.path)

    def form(self, action: str) -> Form:
        """The first form whose action begins so."""
        found = [form for form in self.forms if form.action.startswith(action)]
        assert found, (action, [form.action for form in self.forms])
        return found[0]

    def submit(self, action: str, *, follow: bool = True, button: int = 0, **values: str) -> Page:
        form = self.form(action)
        data = {**form.fields, **values}
        if form.buttons:
            data.update([form.buttons[button]])
        return self.phone.open(form.action, method=form.method.upper(), data=data, follow=follow)

    def link(self, beginning: str) -> str:
        found = [href for href in self.links if href.startswith(beginning)]
        assert found, (beginning, self.links)
        return found[0]


class Phone:
    """One browser. `who` is a V… id, or empty for a visitor; `sign_in` lets somebody in without the door."""

    def __init__(self, district: District, app: Any, who: str = "", grants: tuple[str, ...] = ("volunteer",)) -> None:
        self.district = district
        self.client = app.test_client()
        if who:
            self.sign_in(who, grants)

    def sign_in(self, who: str, roles: tuple[str, ...] = ("volunteer",)) -> None:
        def work(unit: Unit) -> str:
            return open_sign_in(unit, grantee=who, person=who, roles=roles, kind="web", device="", now=self.district.now).token

        self.client.set_cookie("ledger-main", self.district.book.run(work))

    def get(self, path: str, *, follow: bool = True) -> Page:
        return self.open(path, follow=follow)

    def open(self, path: str, *, method: str = "GET", data: dict[str, str] | None = None, follow: bool = True) -> Page:
        more: dict[str, Any] = {"query_string": data} if method == "GET" and data else {"data": data}
        response = self.client.open(path, method=method, follow_redirects=follow, **more)
        reader = _Reader()
        if response.mimetype == "text/html":
            reader.feed(response.text)
        words = "".join(" ".join(reader.text).split())
        return Page(self, response, reader.forms, reader.links, words, reader.scripts)


def app_of(district: District) -> Any:
    """The web application over a district, its clock the district's."""
    settings = config.load({"LEDGER_HOME": str(district.folder), "LEDGER_CONFIG": str(district.folder / "config.toml")})
    app = create_app(settings, {district.book.slug: district.book}, clock=lambda: district.now)
    app.testing = True
    app.config["PROPAGATE_EXCEPTIONS"] = True
    return app
