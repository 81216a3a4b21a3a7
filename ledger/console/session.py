"""One run of the console: which book, who acts, when, and how the result is shown.

`--json`, `--book SLUG`, `--as LOGIN`, `--second LOGIN` and `--dry-run` may stand anywhere after the command; they are
taken out of the arguments before the command sees them, so that every command has them.
"""

from __future__ import annotations

import getpass
import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NoReturn

import typer
from rich.console import Console

from ledger import clock, config
from ledger.config import BookSettings, Settings
from ledger.domain.errors import InvalidInput, NotFound
from ledger.domain.ids import IdSource
from ledger.domain.people import Actor, Grant
from ledger.keyring import Keyring
from ledger.storage import access
from ledger.storage.unit_of_work import Book
from ledger.usecases.request import Request

TAKES_VALUE: Final = {"--book": "book", "--as": "actor", "--second": "second"}
FLAGS: Final = {"--json": "json_wanted", "--dry-run": "dry"}

Prose = Callable[[Console], None]


@dataclass
class ConsoleSession:
    """What a command needs. The book is opened on first use."""

    settings: Settings
    json_wanted: bool = False
    dry: bool = False
    book_slug: str | None = None
    actor_login: str = ""
    second_login: str = ""
    now: datetime = field(default_factory=clock.now)
    _book: Book | None = None

    @property
    def book_settings(self) -> BookSettings:
        return self.settings.book(self.book_slug)

    @property
    def book(self) -> Book:
        if self._book is None:
            settings = self.book_settings
            self._book = Book(settings, Keyring.load(settings.keys_folder), IdSource(), pool_size=3)
        return self._book

    @property
    def language(self) -> str:
        return "zh" if self.settings.console.language.startswith("zh") else "en"

    def actor(self) -> Actor:
        """Who acts: `--as LOGIN`, LEDGER_ACTOR, or the console itself. Raises NotFound for an unknown login."""
        login = self.actor_login or os.environ.get("LEDGER_ACTOR", "")
        return self._staff(login) if login else Actor(f"console:{_system_user()}")

    def request(self, name: str, **more: Any) -> Request:
        """A request by this run's actor, now; rehearsed under --dry-run."""
        second = self._staff(self.second_login) if self.second_login else None
        return Request(actor=self.actor(), now=self.now, name=name, second=second, dry=self.dry, **more)

    def _staff(self, login: str) -> Actor:
        def find(unit: Any) -> Actor:
            found = access.login_by_name(unit, login)
            if found is None or found.is_disabled:
                raise NotFound("login")
            grants = tuple(Grant(g.role, g.scope) for g in access.grants(unit, found.id, self.now))
            return Actor(found.id, person=found.person, grants=grants, login=login)

        return self.book.read(find)

    def show(self, document: Mapping[str, Any], prose: Prose | None = None) -> None:
        """One JSON document on stdout with --json; otherwise what `prose` prints."""
        if self.json_wanted:
            sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=None, default=str) + "\n")
            sys.stdout.flush()
        elif prose is not None:
            prose(Console())
            if self.dry and "would_write" in document:
                _show_rehearsal(document["would_write"])

    def close(self) -> None:
        if self._book is not None:
            self._book.close()
            self._book = None


_current: ConsoleSession | None = None


def begin(arguments: list[str]) -> list[str]:
    """Start a run from the command line and return the arguments that are left for the command."""
    global _current
    taken: dict[str, Any] = {}
    rest: list[str] = []
    waiting = iter(arguments)
    for word in waiting:
        name, equals, value = word.partition("=")
        if word in FLAGS:
            taken[FLAGS[word]] = True
        elif name in TAKES_VALUE:
            given = value if equals else next(waiting, "")
            if not given:
                raise InvalidInput(name.lstrip("-"), "missing")
            taken[TAKES_VALUE[name]] = given
        elif word == "--":
            rest += [word, *waiting]
        else:
            rest.append(word)
    _current = ConsoleSession(
        config.load(), json_wanted=taken.get("json_wanted", False), dry=taken.get("dry", False), book_slug=taken.get("book"),
        actor_login=taken.get("actor", ""), second_login=taken.get("second", ""),
    )  # fmt: skip
    return rest


def current() -> ConsoleSession:
    assert _current is not None, "session.begin comes first"
    return _current


def end() -> None:
    """Close the book of this run."""
    if _current is not None:
        _current.close()


def is_json(arguments: list[str]) -> bool:
    return "--json" in arguments


def finish(code: int) -> NoReturn:
    """End the run with an exit code (1: findings)."""
    raise typer.Exit(code)


def _system_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _show_rehearsal(acts: list[Mapping[str, Any]]) -> None:
    console = Console()
    console.print(f"[bold]试运行[/]：将写入 {len(acts)} 笔，什么都没有保存。")
    for act in acts[:20]:
        console.print(f"  {act['kind']}  {act['subject']}  {act['cycle']}")
        for posting in act["postings"]:
            console.print(f"      {posting['account']}  {posting['amount']:+d} {posting['commodity']}", highlight=False)
    if len(acts) > 20:
        console.print(f"  …… 另有 {len(acts) - 20} 笔，加 --json 可看全部")
