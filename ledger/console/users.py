"""`user`: logins, roles."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from ledger.console import session
from ledger.domain.errors import InvalidInput

app = typer.Typer(help="登录与角色。", no_args_is_help=True)


class RoleName(StrEnum):
    volunteer = "volunteer"
    keeper = "keeper"
    organiser = "organiser"
    officer = "officer"
    auditor = "auditor"
    admin = "admin"


@app.command()
def add(
    login: Annotated[str, typer.Argument(help="登录名。")],
    role: Annotated[RoleName, typer.Option("--role", help="角色。")],
    station: Annotated[str, typer.Option("--station", help="站长所在驿站编号。")] = "",
    area: Annotated[str, typer.Option("--area", help="组织者的区域：编号或中文路径。")] = "",
    person: Annotated[str, typer.Option("--person", help="本人：卡号或手机号。")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="从标准输入读密码。")] = False,
) -> None:
    """加一个登录，或给已有的登录加一个角色。"""
    from ledger.usecases.add_login import add_login

    now = session.current()
    password = sys.stdin.readline().rstrip("\r\n") if password_stdin else ""
    if password_stdin and not password:
        raise InvalidInput("password", "missing")
    answer = add_login(
        now.book, now.request("add_login"), login=login, role=role.value, station=station, area=area, person=person, password=password
    )
    now.show(answer, lambda console: _print(console, answer))


def _print(console: Console, answer: dict[str, str]) -> None:
    console.print(f"已添加 {answer['login']}（{answer['role']}）", highlight=False)
    if answer.get("otp_uri"):
        console.print("这个角色登录还要动态码。请本人用验证器应用加上它；只显示这一次：")
        console.print(answer["otp_uri"], highlight=False, markup=False, soft_wrap=True)


@app.command()
def disable(login: Annotated[str, typer.Argument(help="登录名。")]) -> None:
    """停用一个登录，所有会话立即失效。"""
    from ledger.usecases.add_login import disable_login

    now = session.current()
    answer = disable_login(now.book, now.request("disable_login"), login=login)
    now.show(answer, lambda console: console.print(f"已停用 {login}", highlight=False))
