"""`bench NAME`: ratios against a reference measured in the same run."""

from __future__ import annotations

import importlib
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ledger.console import session
from ledger.domain.errors import NotFound

NAMES = ("redeem", "paperwork")


def bench(
    name: Annotated[str, typer.Argument(help="测什么：redeem、paperwork。")],
    entries: Annotated[int, typer.Option("--entries", help="账增到多少笔。")] = 1_000_000,
) -> None:
    """测速：同一次运行里与参照比，给出比值，不给绝对时间作目标。"""
    if name not in NAMES:
        raise NotFound("bench")
    now = session.current()
    stderr = Console(stderr=True)
    found = importlib.import_module(f"bench.{name}").measure(lambda text: stderr.print(text, highlight=False), entries=entries)
    now.show(found, lambda console: _print(console, found))


def _print(console: Console, found: dict[str, Any]) -> None:
    table = Table("项目", "比值", "目标", "我们", "参照", "单位")
    for name, row in found["ratios"].items():
        table.add_row(name, f"{row['ratio']:.2f}", f"{row['goal']:.2f}", f"{row['ours']:,}", f"{row['reference']:,}", row["unit"])
    console.print(table)
    console.print(
        f"{found['machine']['system']}，{found['machine']['cores']} 核，Python {found['machine']['python']}；{found['versions']}",
        highlight=False,
    )
