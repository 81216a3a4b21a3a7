"""`import`: bring what offices send; undo a batch."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from ledger import phrases
from ledger.console import session
from ledger.domain.errors import InvalidInput, RowsRejected, Unavailable

app = typer.Typer(help="导入街道、社区发来的表格；整批可撤销。", no_args_is_help=True)

FileArgument = Annotated[Path, typer.Argument(help="表格文件：.xlsx 或 .csv（UTF-8、GBK、GB18030）。")]
StrictOption = Annotated[bool, typer.Option("--strict", help="有一行退回就整批不导入。")]
AsOfOption = Annotated[str, typer.Option("--as-of", help="截至哪一天，如 2022-06-30。")]
ROWS_SHOWN = 40


@app.command()
def areas(file: FileArgument, strict: StrictOption = False) -> None:
    """网格架构：镇街、社区、网格、微网格。"""
    from ledger.usecases.import_areas import import_areas

    _run("areas", file, lambda **more: import_areas(**more), strict=strict)


@app.command()
def people(file: FileArgument, strict: StrictOption = False) -> None:
    """志愿者花名册。身份证号不会留下。"""
    from ledger.usecases.import_people import import_people

    _run("people", file, lambda **more: import_people(**more), strict=strict)


@app.command()
def stations(file: FileArgument, strict: StrictOption = False) -> None:
    """红色驿站。"""
    from ledger.usecases.import_stations import import_stations

    _run("stations", file, lambda **more: import_stations(**more), strict=strict)


@app.command()
def goods(file: FileArgument, strict: StrictOption = False, as_of: AsOfOption = "") -> None:
    """兑换物资，和各站的库存。"""
    from ledger.usecases.import_goods import import_goods

    day = _day(as_of)
    _run("goods", file, lambda **more: import_goods(**more, as_of=day.isoformat() if day else ""), strict=strict)


@app.command()
def activities(file: FileArgument, strict: StrictOption = False) -> None:
    """活动。"""
    from ledger.usecases.import_activities import import_activities

    _run("activities", file, lambda **more: import_activities(**more), strict=strict)


@app.command()
def attendance(file: FileArgument, strict: StrictOption = False) -> None:
    """签到表：每人每次活动记一次。"""
    from ledger.usecases.import_attendance import import_attendance

    _run("attendance", file, lambda **more: import_attendance(**more), strict=strict)


@app.command()
def opening(file: FileArgument, strict: StrictOption = False, as_of: AsOfOption = "") -> None:
    """期初积分。"""
    from ledger.usecases.import_opening import import_opening

    day = _day(as_of)
    _run("opening", file, lambda **more: import_opening(**more, as_of=day), strict=strict)


@app.command()
def undo(batch: Annotated[str, typer.Argument(help="批次号，如 B000003。")], strict: StrictOption = False) -> None:
    """撤销一批：用相反的凭证冲回；已花掉的记为欠分（--strict 时拒绝）。"""
    from ledger.usecases.undo_batch import undo_batch

    now = session.current()
    answer = undo_batch(now.book, now.request("undo_batch", body={"batch": batch}), batch=batch, strict=strict)
    answer["debt"] = now.book.settings.scale.number(answer["debt"])
    now.show(answer, lambda console: console.print(f"已撤销 {batch}：冲回 {answer['reversed']} 笔，转为欠分 {answer['debt']} 分。"))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInput("as_of", "malformed") from error


def _run(kind: str, file: Path, importer: Callable[..., Any], *, strict: bool) -> None:
    """Import one file with a progress bar on stderr, then show the report."""
    now = session.current()
    if not file.is_file():
        raise Unavailable("path")
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=Console(stderr=True), transient=True)
    with bar:
        task = bar.add_task("读取", total=None)

        def progress(done: int, total: int) -> None:
            bar.update(task, description="核对", completed=done, total=total)

        try:
            report = importer(book=now.book, request=now.request(f"import_{kind}"), path=file, strict=strict, progress=progress)
        except RowsRejected as refusal:
            explain(refusal.report.get("rejected", []), now.language)  # type: ignore[arg-type]
            raise
    explain(report["rejected"], now.language)
    now.show(report, lambda console: _print(console, file, report))


def explain(rejected: list[dict[str, Any]], language: str) -> None:
    """Give every refused row its sentence."""
    for row in rejected:
        row["message"] = phrases.row_message(row["code"], row["column"], language)


def _print(console: Console, file: Path, report: dict[str, Any]) -> None:
    counts = f"读到 {report['read']} 行：新增 {report['accepted']}，不变 {report['unchanged']}，退回 {len(report['rejected'])}"
    console.print(f"[bold]{file.name}[/]  {counts}", highlight=False)
    words = {"people": "人", "points": "积分", "attendances": "人次", "stock": "库存件数", "cost_fen": "成本（分）"}
    control = "  ".join(f"{words.get(name, name)} {amount}" for name, amount in report["control"].items())
    if control:
        console.print(f"控制数：{control}", highlight=False)
    if report["batch"]:
        console.print(f"批次 {report['batch']}，撤销用：cli.py import undo {report['batch']}", highlight=False)
    if report["rejected"]:
        table = Table("表", "行", "列", "原因", "代码")
        for row in report["rejected"][:ROWS_SHOWN]:
            table.add_row(row["sheet"] or "—", str(row["row"]), row["column"], row["message"], row["code"])
        console.print(table)
        if len(report["rejected"]) > ROWS_SHOWN:
            console.print(f"另有 {len(report['rejected']) - ROWS_SHOWN} 行退回，加 --json 可看全部。")
