"""config.toml and the LEDGER_ variables into one frozen Settings. A wrong value is refused by name, never guessed."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from ledger.domain.cycle import Plan
from ledger.domain.errors import InvalidInput, NotFound
from ledger.domain.lot import CARRY_OVERS
from ledger.domain.points import PointScale

T = TypeVar("T")
SLUG = re.compile(r"[a-z][a-z0-9_]{0,30}")


@dataclass(frozen=True, slots=True)
class Genesis:
    decimals: int = 0
    hash: str = "sha256"
    zone: str = "Asia/Shanghai"
    currency: str = "CNY"


@dataclass(frozen=True, slots=True)
class CycleSettings:
    cutoff_days: int = 3
    notice_days: int = 7
    redeem_until_days: int = 31
    settle_until_days: int = 35
    carry_over: str = "year_end"

    @property
    def plan(self) -> Plan:
        return Plan(
            cutoff_days=self.cutoff_days,
            notice_days=self.notice_days,
            redeem_until_days=self.redeem_until_days,
            settle_until_days=self.settle_until_days,
        )


@dataclass(frozen=True, slots=True)
class RedemptionSettings:
    always_open: bool = False
    own_area_only: bool = False
    undo_seconds: int = 120


@dataclass(frozen=True, slots=True)
class DeskSettings:
    opening_count: str = "book"


@dataclass(frozen=True, slots=True)
class EarningSettings:
    check_in_opens_minutes: int = 15
    scan_ticket_minutes: int = 10


@dataclass(frozen=True, slots=True)
class IdentitySettings:
    keep_id_digest: bool = False


@dataclass(frozen=True, slots=True)
class SignInSettings:
    failures_per_account: int = 5
    failures_per_address: int = 30
    window_minutes: int = 15
    staff_hours: int = 12
    staff_idle_minutes: int = 30
    volunteer_days: int = 180
    binding_minutes: int = 60
    pin_tries: int = 5
    roster_match: bool = True


@dataclass(frozen=True, slots=True)
class WebSettings:
    trusted_proxies: int = 0


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    language: str = "zh_Hans_CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookSettings:
    """What one book needs. `database_url` empty means SQLite in its folder."""

    slug: str
    name: str
    folder: Path
    database_url: str
    owner_url: str
    public_url: str
    genesis: Genesis
    cycle: CycleSettings
    redemption: RedemptionSettings
    desk: DeskSettings
    earning: EarningSettings
    identity: IdentitySettings
    sign_in: SignInSettings

    @property
    def zone(self) -> str:
        return self.genesis.zone

    @property
    def scale(self) -> PointScale:
        return PointScale(self.genesis.decimals)

    @property
    def keys_folder(self) -> Path:
        return self.folder / "keys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole program's settings: web address, processes, and every book by slug."""

    home: Path
    config_file: Path
    host: str
    port: int
    workers: int
    threads: int
    public_url: str
    web: WebSettings = WebSettings()
    console: ConsoleSettings
    books: Mapping[str, BookSettings]

    def book(self, slug: str | None = None) -> BookSettings:
        """The book of that slug, or the only one. Raises InvalidInput when there are several, NotFound when unknown."""
        if slug is None:
            if len(self.books) != 1:
                raise InvalidInput("book", "several_books")
            return next(iter(self.books.values()))
        if slug not in self.books:
            raise NotFound("book")
        return self.books[slug]


def load(environment: Mapping[str, str] | None = None) -> Settings:
    """Read settings. Raises InvalidInput naming the key that is wrong, with the file unreadable among them."""
    env = os.environ if environment is None else environment
    config_file = Path(env.get("LEDGER_CONFIG") or "config.toml").absolute()
    raw = _read_toml(config_file)
    home = Path(env.get("LEDGER_HOME") or config_file.parent / "var").absolute()
    host, port = env.get("LEDGER_HOST") or "127.0.0.1", _whole(env.get("LEDGER_PORT") or "8000", "LEDGER_PORT")
    public_url = (env.get("LEDGER_PUBLIC_URL") or f"http://{host}:{port}").rstrip("/")
    books = raw.get("books") or {"main": {}}
    return Settings(
        home=home,
        config_file=config_file,
        host=host,
        port=port,
        workers=_whole(env.get("LEDGER_WORKERS") or str(os.cpu_count() or 1), "LEDGER_WORKERS"),
        threads=_whole(env.get("LEDGER_THREADS") or "8", "LEDGER_THREADS"),
        public_url=public_url,
        web=_section(WebSettings, raw, "web"),
        console=_section(ConsoleSettings, raw, "console"),
        books={slug: _book(slug, more, raw, env, home, public_url) for slug, more in books.items()},
    )


def _book(slug: str, more: Mapping[str, Any], raw: Mapping[str, Any], env: Mapping[str, str], home: Path, public_url: str) -> BookSettings:
    if not SLUG.fullmatch(slug):
        raise InvalidInput("books", "slug")
    merged = {**raw, **{name: {**raw.get(name, {}), **value} for name, value in more.items() if isinstance(value, dict)}}
    cycle = _section(CycleSettings, merged, "cycle")
    if cycle.carry_over not in CARRY_OVERS:
        raise InvalidInput("cycle.carry_over", "unknown_preset")
    genesis = _section(Genesis, merged, "genesis")
    if genesis.decimals not in (0, 1, 2) or genesis.hash not in ("sha256", "sm3"):
        raise InvalidInput("genesis", "range")
    database_url = str(more.get("database_url") or env.get("LEDGER_DATABASE_URL") or "")
    return BookSettings(
        slug=slug,
        name=str(more.get("name") or slug),
        folder=home / slug,
        database_url=database_url,
        owner_url=str(more.get("owner_url") or env.get("LEDGER_OWNER_URL") or database_url),
        public_url=str(more.get("public_url") or public_url).rstrip("/"),
        genesis=genesis,
        cycle=cycle,
        redemption=_section(RedemptionSettings, merged, "redemption"),
        desk=_section(DeskSettings, merged, "desk"),
        earning=_section(EarningSettings, merged, "earning"),
        identity=_section(IdentitySettings, merged, "identity"),
        sign_in=_section(SignInSettings, merged, "sign_in"),
    )


def _read_toml(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput("LEDGER_CONFIG", "unreadable") from error


def _section(cls: type[T], raw: Mapping[str, Any], name: str) -> T:
    """One table of config.toml as its dataclass; unknown keys and wrong types are refused by name."""
    given = raw.get(name, {})
    known = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    for key, value in given.items():
        if key not in known or type(value) is not type(known[key].default):
            raise InvalidInput(f"{name}.{key}", "unknown_setting" if key not in known else "type")
        if isinstance(value, int) and not isinstance(value, bool) and not 0 <= value <= 1_000_000:
            raise InvalidInput(f"{name}.{key}", "range")
    return cls(**given)


def _whole(text: str, name: str) -> int:
    if not re.fullmatch(r"[0-9]{1,6}", text):
        raise InvalidInput(name)
    return int(text)
