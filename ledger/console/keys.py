"""`keys`: which keys a book has, and a new one for a purpose."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ledger.console import session
from ledger.keyring import PURPOSES

app = typer.Typer(help="账本的密钥：看有哪些、换新的。旧的留着，以前的东西照样能读。", no_args_is_help=True)

WORDS = {
    "passes": "二维码签名", "codes": "口令码", "lookup": "手机号和姓名的查找（不能单独换）", "seal": "姓名、手机号的加密",
    "cookies": "网页会话", "head": "树头签名", "notes": "说明文字的摘要", "derive": "取货码",
}  # fmt: skip


@app.command("list")
def list_keys() -> None:
    """每种用途的密钥编号，最后一个是现在用的。"""
    now = session.current()
    ids = now.book.keyring.key_ids()
    found: list[dict[str, Any]] = [
        {"purpose": purpose, "key_ids": [id for id in ids if id[0] == mark]} for purpose, mark in PURPOSES.items()
    ]
    now.show({"keys": found}, lambda console: _print(console, found))


@app.command()
def rotate(purpose: Annotated[str, typer.Argument(help="用途，见 keys list。")]) -> None:
    """为一种用途换一把新钥匙。换完请重启 serve 和 scheduler，并重新备份密钥。"""
    from ledger.usecases.rotate_key import rotate_key

    now = session.current()
    made = rotate_key(now.book, now.request("rotate_key"), purpose=purpose)
    done = f"{purpose} 现在用 {made['key_id']}。请重启 serve 和 scheduler，并重新备份密钥。"
    words = done if made["key_id"] else "试运行：什么都没有换。"
    now.show(made, lambda console: console.print(words, highlight=False))


def _print(console: Console, found: list[dict[str, Any]]) -> None:
    table = Table("用途", "做什么", "密钥")
    for row in found:
        table.add_row(row["purpose"], WORDS[row["purpose"]], " ".join(row["key_ids"]))
    console.print(table)
