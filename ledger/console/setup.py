"""`init`, `serve`, `scheduler`, `demo`, `doctor`: setting up and running the processes."""

from __future__ import annotations

from typing import Annotated

import typer

from ledger.console import session
from ledger.keyring import Keyring
from ledger.usecases.found_book import found_book


def init() -> None:
    """建立或升级账本：密钥、表、创世凭证。重复运行无害。"""
    from ledger.storage import migrating

    now = session.current()
    settings = now.book_settings
    if now.dry and not settings.keys_folder.exists():
        now.show(
            {"book": settings.slug, "founded": False, "would_write": [{"kind": "genesis"}]},
            lambda console: console.print("将建立账本，什么都没有保存。"),
        )
        return
    if now.dry:
        now.show(found_book(now.book, now.request("found_book")), lambda console: console.print("账本已经建立，没有要写的。"))
        return
    settings.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    Keyring.create(settings.keys_folder, book=settings.slug)
    migrating.upgrade(settings)
    answer = found_book(now.book, now.request("found_book"))
    now.show(answer, lambda console: console.print(f"账本 {answer['book']} 就绪：{answer['database']}", highlight=False))


def serve(
    insecure: Annotated[bool, typer.Option("--insecure", help="允许在非本机地址上用明文 http。")] = False,
) -> None:
    """启动网站（gunicorn）。没有调度进程也能用。"""
    from ledger.console.serve import run_web

    run_web(session.current().settings, insecure=insecure)


def scheduler() -> None:
    """启动调度进程：每分钟看有什么到期，几秒封存一次。"""
    from ledger.schedule.runner import run

    run(session.current().settings)


def demo() -> None:
    """演示：空账本装入一个示范区，启动网站和调度，打印地址和各角色的登录。"""
    from ledger.console.demo import run_demo

    run_demo(session.current())


def doctor() -> None:
    """体检：环境、密钥、时钟、磁盘、数据库版本、迁移、调度、待封存、公开地址。有事要人办时退出码为 1。"""
    from ledger.console.doctor import examine

    examine(session.current())
