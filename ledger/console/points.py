"""`points`: balance and statement of one holder."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table

from ledger.console import session
from ledger.domain.cycle import end_of_day, start_of_day
from ledger.domain.errors import InvalidInput
from ledger.storage import statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.find_person import find_holder
from ledger.usecases.view_points import balance_document, statement_document

app = typer.Typer(help="积分：余额与流水。", no_args_is_help=True)

HolderArgument = Annotated[str, typer.Argument(help="卡号、手机号，或 V 开头的编号。")]


@app.command()
def balance(
    holder: HolderArgument, as_of: Annotated[str, typer.Option("--as-of", help="截至某时刻已入账的，如 2022-10-08T12:00。")] = ""
) -> None:
    """余额：可用、待公示、预留、欠分、荣誉时长、各批次。"""
    now = session.current()
    at = moment(as_of, now.book.settings.zone, end=True) if as_of else None

    def find(unit: Unit) -> dict[str, Any]:
        id = find_holder(unit, holder)
        found = statements.balance(unit, id, now.now) if at is None else statements.balance_as_of(unit, id, at)
        return balance_document(unit, found)

    found = now.book.read(find)
    now.show(found, lambda console: _print_balance(console, found))


@app.command()
def statement(
    holder: HolderArgument,
    since: Annotated[str, typer.Option("--from", help="从哪天起。")] = "",
    until: Annotated[str, typer.Option("--to", help="到哪天止。")] = "",
) -> None:
    """流水：每一笔的时间、原因、变动、结余。"""
    now = session.current()
    zone = now.book.settings.zone
    start = moment(since, zone) if since else datetime(1970, 1, 2, tzinfo=UTC)
    end = moment(until, zone, end=True) if until else now.now + timedelta(days=1)

    def find(unit: Unit) -> dict[str, Any]:
        id = find_holder(unit, holder)
        return statement_document(unit, statements.lines(unit, id, since=start, until=end, most=100_000))

    found = now.book.read(find)
    now.show(found, lambda console: _print_statement(console, found))


def moment(text: str, zone: str, *, end: bool = False) -> datetime:
    """A local date (its start or end) or an ISO time (local when without an offset) as an instant. Raises InvalidInput."""
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return end_of_day(day, zone) if end else start_of_day(day, zone)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise InvalidInput("time") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _print_balance(console: Console, found: dict[str, Any]) -> None:
    hours, minutes = divmod(found["honour_minutes"], 60)
    console.print(f"[bold]{found['holder']}[/]  可用 {found['spendable']} 分", highlight=False)
    console.print(
        f"待公示 {found['pending']}   预留 {found['held']}   欠分 {found['debt']}   荣誉时长 {hours}小时{minutes}分", highlight=False
    )
    if found["lots"]:
        table = Table("季度", "积分池", "剩余", "到期")
        for lot in found["lots"]:
            table.add_row(lot["cycle"], lot["pool"], str(lot["remaining"]), lot["expires_on"] or "长期")
        console.print(table)


def _print_statement(console: Console, found: dict[str, Any]) -> None:
    table = Table("时间", Column("事项", overflow="fold"), Column("变动", justify="right"), Column("结余", justify="right"))
    for line in found["lines"]:
        table.add_row(
            line["at"][:16].replace("T", " "), line["why"], f"{line['amount']:+}" if line["amount"] else "0", str(line["balance"])
        )
    console.print(table)
