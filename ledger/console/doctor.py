"""`doctor`: what a person should look at before trusting this installation; exit 1 when something needs one."""

from __future__ import annotations

import ipaddress
import os
import platform
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from ledger import boundary, phrases
from ledger.config import BookSettings
from ledger.console import session
from ledger.console.session import ConsoleSession
from ledger.domain.errors import LedgerError
from ledger.domain.ids import IdSource
from ledger.keyring import FILE_NAME, Keyring
from ledger.schedule.runner import LEADING
from ledger.storage import database
from ledger.storage.condition import Condition, condition
from ledger.storage.migrating import HEAD
from ledger.storage.unit_of_work import Book
from ledger.usecases.found_book import check_settings

CLOCK_SLACK: Final = timedelta(seconds=5)
SEALED_WITHIN: Final = timedelta(minutes=15)
DISK_NEEDED: Final = 200 * 1024**2
DISK_WISHED: Final = 2 * 1024**3
STATES: Final = {"ok": "正常", "note": "提示", "act": "要办"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. state: ok, note (worth knowing) or act (a person must do something)."""

    name: str
    title: str
    state: str
    message: str
    book: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        told = {"name": self.name, "title": self.title, "ok": self.state != "act", "state": self.state, "message": self.message}
        return {**told, **({"book": self.book} if self.book else {}), **self.facts}


def examine(now: ConsoleSession) -> None:
    """Look at every book (or the one named), show a table or one document, and end with 1 when something needs a person."""
    books = [now.book_settings] if now.book_slug else list(now.settings.books.values())
    findings = [*_program(), _disk(now.settings.home)]
    for book in books:
        findings += _book(book, now.now, now.settings.host)
    is_well = all(finding.state != "act" for finding in findings)
    document = {"checks": [finding.document() for finding in findings], "ok": is_well}
    now.show(document, lambda console: _print(console, findings, several=len(books) > 1))
    if not is_well:
        session.finish(1)


def _program() -> Iterator[Finding]:
    version = database.sqlite_module().sqlite_version
    words = f"Python {platform.python_version()}，SQLite {version}（{database.sqlite_module().__name__.partition('.')[0]}）"
    facts = {"python": platform.python_version(), "sqlite": version}
    if database.wal_is_safe():
        yield Finding("environment", "运行环境", "ok", words, facts=facts)
    else:
        yield Finding("environment", "运行环境", "note", words + "：有 WAL 缺陷的版本，改用 DELETE 日志，慢一些但不丢账", facts=facts)
    if os.environ.get("FLASK_DEBUG"):
        yield Finding("debug", "调试开关", "act", "环境变量 FLASK_DEBUG 开着，请去掉")


def _disk(home: Path) -> Finding:
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    state = "act" if free < DISK_NEEDED else "note" if free < DISK_WISHED else "ok"
    return Finding("disk", "磁盘", state, f"{place} 还有 {free / 1024**3:.1f} GB", facts={"free_bytes": free})


def _book(settings: BookSettings, now: datetime, host: str) -> Iterator[Finding]:
    """What concerns one book; what cannot be looked at because something before it is broken is left out."""

    def told(name: str, title: str, state: str, message: str, **facts: Any) -> Finding:
        return Finding(name, title, state, message, settings.slug, facts)

    yield _address(settings, host, told)
    yield from _leftovers(settings, told)
    keyring, finding = _keys(settings, told)
    yield finding
    if keyring is None:
        return
    try:
        book = Book(settings, keyring, IdSource(), pool_size=2)
    except LedgerError as error:
        yield told("database", "数据库", "act", _sentence(error))
        return
    try:
        yield from _database(book, now, told)
    finally:
        book.close()


Told = Callable[..., Finding]


def _address(settings: BookSettings, host: str, told: Told) -> Finding:
    parts = urlsplit(settings.public_url)
    name, facts = parts.hostname or "", {"public_url": settings.public_url}
    if _is_loopback(name):
        return told(
            "public_address", "公开地址", "note", f"{settings.public_url} 只有本机能打开，手机扫码到不了：请设 LEDGER_PUBLIC_URL", **facts
        )
    if parts.scheme != "https":
        return told("public_address", "公开地址", "note", f"{settings.public_url} 是明文：手机不让网页用摄像头，密码也会被看见", **facts)
    if not _is_loopback(host):
        return told(
            "public_address", "公开地址", "note", f"{settings.public_url}；网站同时在 {host} 上直接可达，请只让反向代理进来", **facts
        )
    return told("public_address", "公开地址", "ok", settings.public_url, **facts)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_unspecified
    except ValueError:
        return host in ("localhost", "")


def _leftovers(settings: BookSettings, told: Told) -> Iterator[Finding]:
    left = sorted(path.name for path in settings.folder.glob(".restoring-*")) if settings.folder.exists() else []
    if left:
        yield told("leftovers", "残留", "note", f"有中断的恢复留下的文件夹，可以删掉：{'、'.join(left)}", folders=left)


def _keys(settings: BookSettings, told: Told) -> tuple[Keyring | None, Finding]:
    folder, file = settings.keys_folder, settings.keys_folder / FILE_NAME
    if not file.exists():
        return None, told("keys", "密钥", "act", f"{file} 不在：新账本请运行 init，旧账本请从备份取回")
    try:
        keyring = Keyring.load(folder)
    except boundary.REFUSALS as error:
        return None, told("keys", "密钥", "act", _sentence(boundary.refusal(error)))
    open_to_others = [path for path in (settings.folder, folder, file) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    ids = list(keyring.key_ids())
    if open_to_others:
        words = "别人也能读：请运行 " + "；".join(f"chmod {'600' if path == file else '700'} {path}" for path in open_to_others)
        return keyring, told("keys", "密钥", "act", words, key_ids=ids)
    return keyring, told("keys", "密钥", "ok", f"{len(ids)} 把，只有属主能读", key_ids=ids)


def _database(book: Book, now: datetime, told: Told) -> Iterator[Finding]:
    try:
        found = book.read(lambda unit: condition(unit, LEADING), snapshot=True)
    except LedgerError as error:
        yield told("database", "数据库", "act", _sentence(error))
        return
    except Exception as error:  # noqa: BLE001 (whatever the driver calls tables that are missing or broken)
        yield told("database", "数据库", "act", f"读不了：{type(error).__name__}。请运行 init；仍不行就从备份恢复")
        return
    yield told("database", "数据库", "ok", f"{found.engine} {found.engine_version}", engine=found.engine, version=found.engine_version)
    yield from _roles(book, found, told)
    state, words = (
        ("ok", found.revision) if found.revision == HEAD else ("act", f"表在 {found.revision or '空'}，程序要 {HEAD}：请运行 init")
    )
    yield told("migration", "表结构", state, words, revision=found.revision, head=HEAD)
    yield _genesis(book, told)
    yield _clock(book, found, now, told)
    yield _scheduler(found, now, told)
    yield _unsealed(found, now, told)


def _roles(book: Book, found: Condition, told: Told) -> Iterator[Finding]:
    """On PostgreSQL the application's role must not be the owner, who could change what is only appended to."""
    if found.engine != "PostgreSQL":
        return
    facts = {"changeable": list(found.changeable)}
    if urlsplit(book.settings.database_url).username == urlsplit(book.settings.owner_url).username:
        yield told("roles", "数据库角色", "note", "应用和属主是同一个角色，只追加的表只靠触发器守着：请设 LEDGER_OWNER_URL", **facts)
    elif found.changeable:
        yield told("roles", "数据库角色", "act", f"应用的角色能改 {'、'.join(found.changeable)}：请用属主运行 init 收回", **facts)
    else:
        yield told("roles", "数据库角色", "ok", "应用的角色不能改、不能删流水", **facts)


def _genesis(book: Book, told: Told) -> Finding:
    try:
        book.read(check_settings)
    except LedgerError as error:
        return told("genesis", "开账约定", "act", _sentence(error))
    return told("genesis", "开账约定", "ok", "config.toml 与账本一致")


def _clock(book: Book, found: Condition, now: datetime, told: Told) -> Finding:
    zone = ZoneInfo(book.settings.zone)
    local = f"{now.astimezone(zone):%Y-%m-%d %H:%M:%S}（{book.settings.zone}）"
    facts = {"now": now.astimezone(zone).isoformat(timespec="seconds")}
    if found.newest_at is not None and found.newest_at > now + CLOCK_SLACK:
        words = f"现在是 {local}，比最后一笔账 {found.newest_at.astimezone(zone):%Y-%m-%d %H:%M:%S} 还早：请校准时钟"
        return told("clock", "时钟", "act", words, **facts)
    return told("clock", "时钟", "ok", local, **facts)


def _scheduler(found: Condition, now: datetime, told: Told) -> Finding:
    if found.leading is None:
        return told("scheduler", "调度进程", "note", "没有在运行：到期的步骤和封存要靠它，或手动 cycle tick、audit seal", leading=None)
    owner, until = found.leading
    facts = {"leading": owner, "lease_until": until.isoformat(timespec="seconds")}
    if until >= now:
        return told("scheduler", "调度进程", "ok", f"{owner} 在岗", **facts)
    return told("scheduler", "调度进程", "act", f"{owner} 中断了 {_age(now - until)}：请重新启动 scheduler", **facts)


def _unsealed(found: Condition, now: datetime, told: Told) -> Finding:
    if found.waiting_since is None:
        return told("unsealed", "待封存", "ok", "没有", count=0)
    age = now - found.waiting_since
    state = "act" if age > SEALED_WITHIN else "ok"
    words = f"{found.unsealed} 张，最早的等了 {_age(age)}" + ("：请启动 scheduler 或运行 audit seal" if state == "act" else "")
    return told("unsealed", "待封存", state, words, count=found.unsealed, oldest_s=max(0, int(age.total_seconds())))


def _age(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    if seconds < 120:
        return f"{seconds} 秒"
    return f"{seconds // 60} 分钟" if seconds < 7200 else f"{seconds // 3600} 小时" if seconds < 172_800 else f"{seconds // 86_400} 天"


def _sentence(error: LedgerError) -> str:
    return phrases.sentence(error, "zh", audience="staff")


def _print(console: Console, findings: list[Finding], *, several: bool) -> None:
    table = Table(*(["账本"] if several else []), "项目", "结果")
    table.add_column("说明", overflow="fold")
    for finding in findings:
        style = {"ok": "green", "note": "yellow", "act": "bold red"}[finding.state]
        row = [finding.title, f"[{style}]{STATES[finding.state]}[/]", finding.message]
        table.add_row(*([finding.book] if several else []), *row)
    console.print(table)
    needed = sum(finding.state == "act" for finding in findings)
    console.print(f"有 {needed} 项要人办。" if needed else "没有要人办的事。")
