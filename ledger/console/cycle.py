"""`cycle`: list, show, tick, advance."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from ledger.console import session
from ledger.usecases.view_cycle import cycles_document, one_cycle_document

app = typer.Typer(help="季度周期：积分、公示、兑换、对账、封存。", no_args_is_help=True)

STATE_WORDS = {
    "draft": "草稿", "earning": "积分中", "frozen": "已截止", "noticed": "公示中",
    "redeeming": "兑换中", "reconciling": "对账中", "sealed": "已封存",
}  # fmt: skip
TOTAL_WORDS = {"earned": "已得", "pending": "待公示", "spendable": "可用", "held": "预留", "redeemed": "已兑换", "lapsed": "已清零"}


def _all(now: session.ConsoleSession) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = now.book.read(lambda unit: cycles_document(unit, with_totals=True))["cycles"]
    return found


@app.command("list")
def list_cycles() -> None:
    """全部季度。"""
    now = session.current()
    found = _all(now)
    now.show({"cycles": found}, lambda console: _print(console, found))


@app.command()
def show(cycle: Annotated[str, typer.Argument(help="季度，如 2022Q3。")]) -> None:
    """一个季度的状态、日期、合计。"""
    now = session.current()

    found = now.book.read(lambda unit: one_cycle_document(unit, cycle, with_totals=True))
    now.show(found, lambda console: _print(console, [found]))


@app.command()
def tick() -> None:
    """把到期的步骤都做完，按先后；重复运行无害。"""
    from ledger.usecases.advance_cycle import due_steps
    from ledger.usecases.advance_cycle import tick as run_tick

    now = session.current()
    done: list[dict[str, Any]] = []
    if now.dry:
        done = due_steps(now.book, now.request("tick"))
    else:
        stderr = Console(stderr=True)
        done = run_tick(now.book, now.request("tick", trace=now.book.ids.new(now.now)), lambda text: stderr.print(text, highlight=False))
    found = _all(now)
    now.show({"cycles": found, "done": done}, lambda console: _print(console, found))


@app.command()
def advance(
    cycle: Annotated[str, typer.Argument(help="季度，如 2022Q3。")],
    to: Annotated[str, typer.Option("--to", help="下一个状态。")],
    reason: Annotated[str, typer.Option("--reason", help="原因。")],
) -> None:
    """提前走一步；要动积分的步骤还要 --second 第二人。"""
    from ledger.usecases.advance_cycle import advance_cycle

    now = session.current()
    done = advance_cycle(now.book, now.request("advance_cycle"), cycle=cycle, to=to, reason=reason)
    found = _all(now)
    now.show({**done, "cycles": found}, lambda console: _print(console, found))


def _print(console: Console, found: list[dict[str, Any]]) -> None:
    """Dates and totals as two tables, so that both fit a terminal of 80 columns."""
    dates = Table("季度", "状态", "截止", "公示到", "兑换到", "结清到")
    totals = Table("季度", *[Column(word, justify="right") for word in TOTAL_WORDS.values()])
    for c in found:
        names = ("cutoff_on", "notice_ends_on", "redeem_until", "settle_until")
        dates.add_row(c["cycle"], STATE_WORDS[c["state"]], *[str(c["dates"][name] or "") for name in names])
        totals.add_row(c["cycle"], *[f"{c['totals'][name]:,}" for name in TOTAL_WORDS])
    console.print(dates)
    console.print(totals)
