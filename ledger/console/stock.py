"""`stock`: what is on a station's shelf."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from ledger.console import session
from ledger.usecases.view_shelf import shelf_document

app = typer.Typer(help="驿站的货架。", no_args_is_help=True)


@app.command()
def show(station: Annotated[str, typer.Argument(help="驿站编号，如 YZ001。")]) -> None:
    """货架：在架、预留、积分、限兑。"""
    now = session.current()
    found = now.book.read(lambda unit: shelf_document(unit, station))
    now.show(found, lambda console: _print(console, found))


def _print(console: Console, found: dict[str, Any]) -> None:
    console.print(f"[bold]{found['station']}[/] {found['name']}", highlight=False)
    table = Table("编码", "名称", "在架", "预留", "积分", "成本（元）", "每人每季限兑")
    for item in found["shelf"]:
        limit = "不限" if item["limit_per_cycle"] is None else str(item["limit_per_cycle"])
        cost = f"{item['cost_fen'] / 100:.2f}"
        table.add_row(item["sku"], item["name"], str(item["on_shelf"]), str(item["reserved"]), str(item["price_points"]), cost, limit)
    console.print(table)
