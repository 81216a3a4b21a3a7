"""`demo` (what `make run` starts): a demonstration district in an empty book, the two processes, and who may sign in."""

from __future__ import annotations

import secrets
import select
import signal
import sys
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import pyotp
from rich.console import Console
from rich.table import Table

from ledger import clock
from ledger.config import BookSettings, Settings
from ledger.console import session
from ledger.console.processes import Processes, lan_address, wait_until_ready
from ledger.console.session import ConsoleSession
from ledger.domain.ids import IdSource
from ledger.domain.people import Actor
from ledger.keyring import Keyring
from ledger.simulate.district import SIMULATOR, Cast
from ledger.simulate.fill_book import fill_book, is_unused
from ledger.simulate.size import PRESETS
from ledger.storage import migrating, people
from ledger.storage.unit_of_work import Book
from ledger.usecases.add_login import add_login
from ledger.usecases.found_book import found_book
from ledger.usecases.request import Request

SEED: Final = 2022
ENDED: Final = 143
LETTERS: Final = "abcdefghjkmnpqrstuvwxyz23456789"
ROLES: Final = {
    "volunteer": ("志愿者", "积分、二维码、预留"),
    "keeper": ("站长", "扫码发放、库存"),
    "organiser": ("组织者", "活动、签到、确认"),
    "officer": ("经办人", "季度、公示、规则、导入"),
    "auditor": ("监督员", "只看：核对、导出"),
    "admin": ("管理员", "账号、岗位"),
}


@dataclass(frozen=True, slots=True)
class SignIn:
    """One login as it is told once. otp_uri: what an authenticator app reads, for roles that need it. card: a volunteer's."""

    role: str
    login: str
    password: str
    otp_uri: str = ""
    card: str = ""

    def code(self, at: datetime) -> str:
        """The one-time code of that moment, or empty."""
        parsed = pyotp.parse_uri(self.otp_uri) if self.otp_uri else None
        return parsed.at(at) if isinstance(parsed, pyotp.TOTP) else ""


@dataclass(frozen=True, slots=True)
class Shown:
    """One book as the demonstration found or made it: counts and sign-ins only when it was made just now."""

    book: str
    name: str
    loaded: bool
    counts: dict[str, int]
    sign_ins: list[SignIn]

    def document(self, at: datetime) -> dict[str, Any]:
        told = [{**asdict(sign_in), "otp_now": sign_in.code(at)} for sign_in in self.sign_ins]
        return {"book": self.book, "name": self.name, "loaded": self.loaded, "counts": self.counts, "sign_ins": told}


def run_demo(now: ConsoleSession) -> None:
    """Prepare every book, start web and scheduler, say where and as whom to sign in, and stay until SIGTERM or SIGINT.

    Ends with 4 when a process ended by itself. Raises: InvalidInput when the port is taken; what the use cases refuse.
    """
    settings = now.settings
    quiet = Console(stderr=True)
    processes = Processes(settings)
    processes.check_port()
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(ENDED))  # while books are made: what is aside is tidied up
    shown = [_prepare(book, now.now, quiet) for book in settings.books.values()]
    processes.start()
    try:
        wait_until_ready(settings, processes)
        now.show(_document(settings, shown, now.now), lambda console: _print(console, settings, shown, processes))
        _stay(processes, [sign_in for book in shown for sign_in in book.sign_ins], quiet)
    finally:
        processes.stop()
    if processes.fallen:
        quiet.print(f"{processes.fallen} 自己停了，看 {processes.log_file(processes.fallen)}", highlight=False, soft_wrap=True)
        session.finish(4)
    quiet.print("已停止。再运行一次会接着用同一个账本。")


def _prepare(settings: BookSettings, now: datetime, quiet: Console) -> Shown:
    """Fill an unused book; bring any other up to date and leave it as it is."""
    if is_unused(settings):
        with quiet.status("装入示范区 …") as status:
            counts, sign_ins = fill_book(
                settings, size=PRESETS["small"], seed=SEED, now=now, finish=lambda book, cast: _sign_ins(book, cast, now),
                tell=lambda text: status.update(f"装入示范区：{text}"),
            )  # fmt: skip
        return Shown(settings.slug, settings.name, True, counts, sign_ins)
    Keyring.create(settings.keys_folder, book=settings.slug)
    migrating.upgrade(settings)
    book = Book(settings, Keyring.load(settings.keys_folder), IdSource(), pool_size=2)
    try:
        found_book(book, Request(actor=SIMULATOR, now=now, name="found_book"))
    finally:
        book.close()
    return Shown(settings.slug, settings.name, False, {}, [])


def _sign_ins(book: Book, cast: Cast, now: datetime) -> list[SignIn]:
    """One login for each role, with passwords and secrets that are only in this copy."""
    where: dict[str, dict[str, str]] = {
        "volunteer": {"person": cast.volunteer},
        "keeper": {"person": cast.keeper, "station": cast.station},
        "organiser": {"person": cast.organiser, "area": cast.area},
    }
    return [_sign_in(book, role, where.get(role, {}), now) for role in ROLES]


def _sign_in(book: Book, role: str, where: dict[str, str], now: datetime) -> SignIn:
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))
    request = Request(actor=Actor("console:demo"), now=now, name="add_login", trace=book.ids.new(now))
    made = add_login(book, request, login=role, role=role, password=password, **where)
    card = book.read(lambda unit: people.card_of(unit, where["person"])) if "person" in where else ""
    return SignIn(role, made["login"], password, made.get("otp_uri", ""), card)


def _document(settings: Settings, shown: list[Shown], now: datetime) -> dict[str, Any]:
    lan = lan_address()
    reaches = settings.host not in ("127.0.0.1", "::1", "localhost")
    return {
        "url": f"http://127.0.0.1:{settings.port}",
        "lan_url": f"http://{lan}:{settings.port}" if lan else None,
        "lan_reachable": reaches and lan is not None,
        "books": [book.document(now) for book in shown],
    }


def _print(console: Console, settings: Settings, shown: list[Shown], processes: Processes) -> None:
    for book in shown:
        if book.loaded:
            counts = book.counts
            words = f"{counts['people']} 人、{counts['stations']} 个驿站、{counts['activities']} 次活动、{counts['redemptions']} 笔发放"
            console.print(f"\n{book.name}：示范区已装好（{words}；人名和电话都是编的）", highlight=False, soft_wrap=True)
            _print_sign_ins(console, book)
        else:
            console.print(f"\n{book.name}：账本里已有账，照旧使用；登录名和密码只在装入时显示过一次。", highlight=False, soft_wrap=True)
            console.print("忘了密码，另加一个登录：.venv/bin/python cli.py user add 登录名 --role officer --password-stdin", soft_wrap=True)
    document = _document(settings, [], clock.now())
    console.print(f"\n网址  [bold]{document['url']}[/]", highlight=False)
    if document["lan_reachable"]:
        console.print(f"手机  [bold]{document['lan_url']}[/]（同一局域网）", highlight=False)
    elif document["lan_url"]:
        console.print(f"手机  {document['lan_url']}：先按 Ctrl-C，再用 LEDGER_HOST=0.0.0.0 make run 启动", highlight=False, soft_wrap=True)
    console.print(f"日志  {processes.log_file('web')}，{processes.log_file('scheduler')}", highlight=False, soft_wrap=True)
    console.print("停下  Ctrl-C")


def _print_sign_ins(console: Console, book: Shown) -> None:
    console.print("登录（每份副本随机生成，只显示这一次，请记下）：")
    table = Table("岗位", "登录名", "密码", "卡号", "能做什么")
    for sign_in in book.sign_ins:
        role, purpose = ROLES[sign_in.role]
        table.add_row(role, sign_in.login, sign_in.password, sign_in.card, purpose)
    console.print(table)
    guarded = [sign_in for sign_in in book.sign_ins if sign_in.otp_uri]
    console.print("经办人、监督员、管理员还要 6 位动态码，用验证器应用添加下面的地址（或密钥）：", soft_wrap=True)
    for sign_in in guarded:
        console.print(f"  {sign_in.login}：{sign_in.otp_uri}", highlight=False, soft_wrap=True, markup=False)
    console.print(_codes(guarded), highlight=False, soft_wrap=True)
    console.print("没有验证器：在这里按回车，显示新的动态码。")


def _codes(guarded: list[SignIn]) -> str:
    now = clock.now()
    return "此刻的动态码（30 秒一换）  " + "  ".join(f"{sign_in.login} {sign_in.code(now)}" for sign_in in guarded)


def _stay(processes: Processes, sign_ins: list[SignIn], quiet: Console) -> None:
    """Wait for the order to stop; Enter shows the one-time codes of the moment while the sign-ins are known."""
    guarded = [sign_in for sign_in in sign_ins if sign_in.otp_uri]
    listens = bool(guarded) and sys.stdin is not None and sys.stdin.isatty()
    while processes.go_on():
        if listens and select.select([sys.stdin], [], [], 0)[0]:
            listens = sys.stdin.readline() != ""
            quiet.print(_codes(guarded), highlight=False)
