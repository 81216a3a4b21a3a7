"""`rules`: published rule versions."""

from __future__ import annotations

import json
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from ledger.console import session
from ledger.domain.act import instant
from ledger.storage import service
from ledger.storage.unit_of_work import Unit

app = typer.Typer(help="规则版本。", no_args_is_help=True)


@app.command("list")
def list_rules() -> None:
    """已发布的规则，一行一版。"""
    now = session.current()

    def find(unit: Unit) -> list[dict[str, Any]]:
        scale = unit.book.settings.scale
        return [
            {
                "rule": r[0], "version": r[1], "name": r[2], "basis": r[3], "points": scale.number(r[4]),
                "per_mille": r[5], "rounding": r[6],
                "min_evidence": r[7], "caps": {k: scale.number(v) for k, v in json.loads(r[8]).items()}, "clause": r[9],
                "published_at": instant(r[11]).isoformat() if r[11] else None,
            }
            for r in unit.rows(service.RULES)
        ]  # fmt: skip

    found = now.book.read(find)
    now.show({"rules": found}, lambda console: _print(console, found))


def _print(console: Console, found: list[dict[str, Any]]) -> None:
    table = Table("规则", "版本", "名称", "积分", "按", "依据条款")
    for rule in found:
        table.add_row(
            rule["rule"],
            str(rule["version"]),
            rule["name"],
            str(rule["points"]),
            "次" if rule["basis"] == "event" else "小时",
            rule["clause"],
        )
    console.print(table)
