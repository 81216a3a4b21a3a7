"""`audit`: check, seal, head, proof, consistency, export. One JSON document on stdout with --json; prose for people."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from ledger.console import session
from ledger.domain.errors import InvalidInput, Unavailable

app = typer.Typer(help="对账与公开：检查、封存、证明、导出。", no_args_is_help=True)

FINDINGS_SHOWN = 20
HEX_SHOWN = 16


class ExportFormat(StrEnum):
    hledger = "hledger"
    beancount = "beancount"
    csv = "csv"
    jsonl = "jsonl"


@app.command("check")
def check_command() -> None:
    """从凭证和分录重新计算一切，逐项核对；有问题时退出码为 1。"""
    from ledger.audit.checks import check

    now = session.current()
    with _progress("核对") as advance:
        report = check(now.book, now=now.now, progress=advance)
    now.show(report.document(), lambda console: _print_report(console, report.document()))
    if not report.ok:
        session.finish(1)


@app.command("seal")
def seal_command() -> None:
    """把等待中的凭证封入默克尔树，并签发树头。"""
    from ledger.audit import trail

    now = session.current()
    with _progress("封存") as advance:
        sealed = None if now.dry else trail.seal(now.book, now.now, lambda size: advance("叶", size))
    head = (sealed or trail.head(now.book)).document()
    now.show(head, lambda console: _print_head(console, head))


@app.command("head")
def head_command(out: Annotated[Path | None, typer.Option("--out", help="同时写入此文件，供日后比对。")] = None) -> None:
    """显示最近一次签发的树头。"""
    from ledger.audit import trail

    now = session.current()
    head = trail.head(now.book).document()
    if out is not None:
        _write(out, json.dumps(head, ensure_ascii=False, indent=1) + "\n")
    now.show(head, lambda console: _print_head(console, head))


@app.command("proof")
def proof_command(entry: Annotated[str, typer.Argument(help="凭证号（回执或对账单上有）。")]) -> None:
    """给出一张凭证在树中的包含证明。"""
    from ledger.audit import trail

    now = session.current()
    shown = trail.proof(now.book, entry)

    def prose(console: Console) -> None:
        console.print(f"凭证 {shown['entry']} 是第 {shown['leaf_index']} 片叶（从 0 数起）")
        console.print(f"树有 {shown['tree_size']} 片叶，树根 {shown['root']}")
        for step in shown["path"]:
            console.print(f"  {step}")

    now.show(shown, prose)


@app.command("consistency")
def consistency_command(since: Annotated[Path, typer.Option("--since", help="以前用 audit head --out 存下的树头文件。")]) -> None:
    """证明现在的账是某个旧树头的延续：只增不改。不是时退出码为 1。"""
    from ledger.audit import trail

    now = session.current()
    shown = trail.since(now.book, _read_head(since))
    words = "现在的账以旧树头为开头，只增不改" if shown["ok"] else "现在的账不是旧树头的延续，旧账被改过、删过或换过"
    now.show(shown, lambda console: console.print(f"{words}（{shown['first']} → {shown['second']} 片叶）。"))
    if not shown["ok"]:
        session.finish(1)


@app.command("export")
def export_command(
    out: Annotated[Path, typer.Option("--out", help="写到哪个文件；写完才替换旧文件。")],
    format: Annotated[ExportFormat, typer.Option("--format", help="hledger、beancount、csv 或 jsonl（含哈希所需的全部字段）。")],
    cycle: Annotated[str | None, typer.Option("--cycle", help="只导出这个季度，如 2022Q3。")] = None,
) -> None:
    """把流水导出成别的记账程序能读的文件；不含姓名、电话。"""
    from ledger.usecases.export_journal import export_journal

    now = session.current()
    with _progress("导出") as advance:
        request = now.request("export_journal")
        made = export_journal(
            now.book, request, format=format.value, out=out, cycle=cycle or "", progress=lambda acts: advance("凭证", acts)
        )
    words = f"已写 {out}：{made['entries']} 张凭证，{made['postings']} 条分录，SHA-256 {made['sha256']}"
    now.show(made, lambda console: console.print(words))


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[str, int], None]]:
    """A line on stderr that says what is being done and how far it is; gone when done, silent when nobody watches."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda what, done: bar.update(task, description=f"{doing}：{what} {done}")


def _read_head(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Unavailable("path") from error
    except ValueError as error:
        raise InvalidInput("since", "not_a_head") from error
    if not isinstance(document, dict):
        raise InvalidInput("since", "not_a_head")
    return document


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable("path") from error


def _print_head(console: Console, head: dict[str, Any]) -> None:
    table = Table(show_header=False, box=None)
    for name, field in (("账簿", "book"), ("叶数", "size"), ("树根", "root"), ("签发时间", "signed_at"), ("算法", "algorithm")):
        table.add_row(name, str(head[field]))
    table.add_row("签名", head["signature"][:HEX_SHOWN] + "…")
    table.add_row("公钥", head["public_key"][:HEX_SHOWN] + "…")
    console.print(table)


def _print_report(console: Console, report: dict[str, Any]) -> None:
    bad = [check for check in report["checks"] if check["findings"]]
    table = Table("项目", "结果", "发现")
    for check in report["checks"]:
        word = "通过" if not check["findings"] else "提示" if check["severity"] == "notice" else "有误"
        table.add_row(check["title"], word, str(check["found"]) if check["findings"] else "")
    console.print(table)
    for check in bad:
        console.print(f"\n{check['title']}（{check['name']}）")
        for finding in check["findings"][:FINDINGS_SHOWN]:
            console.print(f"  · {finding['message']}", markup=False)
        if check["found"] > FINDINGS_SHOWN:
            console.print(f"  · 另有 {check['found'] - FINDINGS_SHOWN} 处")
    console.print(f"\n核对了 {report['acts']} 张凭证、{report['postings']} 条分录，{len(report['checks'])} 项检查。")
