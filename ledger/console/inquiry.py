"""Questions put to the book: replay a quarter, explain an entry or a person's points, the trial balance, the operator journal.

Registered beside the commands they belong to: `audit replay`, `audit explain`, `audit journal`, `points trial-balance`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from ledger.console import session
from ledger.console.points import moment
from ledger.domain.people import require
from ledger.phrases.acts import fact_words, value_words
from ledger.storage.unit_of_work import Unit
from ledger.usecases.explain_entry import explain_entry
from ledger.usecases.explain_holder import explain_holder
from ledger.usecases.find_person import find_holder
from ledger.usecases.trial_balance import trial_balance
from ledger.usecases.view_journal import journal_document

READERS: Final = ("officer", "auditor")
ENTRY: Final = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
BEGINNING: Final = datetime(1970, 1, 2, tzinfo=UTC)
UNITS: Final = {"PTS": "分", "HON": "分钟", "CNY": "元"}


def replay_command(cycle: Annotated[str, typer.Option("--cycle", help="哪个季度，如 2022Q3。")]) -> None:
    """从凭据和公布的规则把一个季度重算一遍，只列出不一样的；有不一样时退出码为 1。"""
    from ledger.audit.replay import replay

    now = _reading()
    with _progress("重算") as advance:
        found = replay(now.book, cycle, advance)
    document = found.document(now.book.settings.scale.number)
    now.show(document, lambda console: _print_replay(console, document))
    if not found.ok:
        session.finish(1)


def explain_command(what: Annotated[str, typer.Argument(help="凭证号、回执号；或卡号、手机号、V 开头的编号。")]) -> None:
    """说明一笔账：谁、何时、依据哪一条、怎么算、记在哪里；或说明一个人的积分从哪里来、到哪里去。"""
    now = _reading()

    def find(unit: Unit) -> dict[str, Any]:
        if ENTRY.fullmatch(what.strip()):
            return explain_entry(unit, what)
        return explain_holder(unit, find_holder(unit, what), now.now)

    found = now.book.read(find)
    now.show(found, lambda console: (_print_entry if "entry" in found else _print_holder)(console, found))


def journal_command(
    actor: Annotated[str, typer.Option("--actor", help="只看某人做的：登录名或编号。")] = "",
    kind: Annotated[str, typer.Option("--kind", help="只看一种，如 signed_in 或“登录”。")] = "",
    since: Annotated[str, typer.Option("--from", help="从哪天起。")] = "",
    until: Annotated[str, typer.Option("--to", help="到哪天止。")] = "",
    entries: Annotated[bool, typer.Option("--entries", help="连同动了积分、物资的凭证一起列出。")] = False,
    most: Annotated[int, typer.Option("--most", min=1, max=100_000, help="最多列出几条。")] = 1000,
) -> None:
    """操作流水：谁、何时、在哪台设备、做了什么、改前改后；登录、查看手机号、导出也在内。"""
    now = _reading()
    zone = now.book.settings.zone
    start = moment(since, zone) if since else BEGINNING
    end = moment(until, zone, end=True) if until else now.now + timedelta(days=1)
    found = now.book.read(
        lambda unit: journal_document(unit, since=start, until=end, actor=actor, kind=kind, entries=entries, most=most), snapshot=True
    )
    now.show(found, lambda console: _print_journal(console, found))


def trial_balance_command(
    as_of: Annotated[str, typer.Option("--as-of", help="截至某时刻已入账的，如 2022-10-08T12:00。")] = "",
    depth: Annotated[int, typer.Option("--depth", min=1, max=4, help="科目看到第几级：1 只看大类。")] = 1,
) -> None:
    """试算平衡：各科目合计，每种单位加起来必须是零；不是零时退出码为 1。"""
    now = _reading()
    at = moment(as_of, now.book.settings.zone, end=True) if as_of else None
    found = now.book.read(lambda unit: trial_balance(unit, until=at, depth=depth), snapshot=True)
    now.show(found, lambda console: _print_balance(console, found))
    if not found["balanced"]:
        session.finish(1)


def register(audit: typer.Typer, points: typer.Typer) -> None:
    """Put the commands into their groups."""
    audit.command("replay")(replay_command)
    audit.command("explain")(explain_command)
    audit.command("journal")(journal_command)
    points.command("trial-balance")(trial_balance_command)


def _reading() -> session.ConsoleSession:
    """This run, for those who may read everything. Raises Forbidden for other logins."""
    now = session.current()
    require(now.actor(), *READERS)
    return now


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[str, int], None]]:
    """A line on stderr that says how far it is; gone when done, silent when nobody watches."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda what, done: bar.update(task, description=f"{doing}：{what} {done}")


# -- prose -------------------------------------------------------------------------------------------------------------------------
def _print_replay(console: Console, found: dict[str, Any]) -> None:
    for finding in found["differing"]:
        console.print(f"· {finding['message']}", markup=False, highlight=False, soft_wrap=True)
    done = f"{found['cycle']}：重算了 {found['lines']} 张凭证（服务积分 {found['points']} 分，荣誉时长 {found['minutes']} 分钟），"
    console.print(
        done + (f"{len(found['differing'])} 处不一样。" if found["differing"] else "与账上完全一样。"), highlight=False, soft_wrap=True
    )
    if found["not_reckoned"]:
        told = "、".join(f"{kind} {count} 张" for kind, count in found["not_reckoned"].items())
        console.print(f"另有没有规则可依、未重算的：{told}。", highlight=False)


def _print_entry(console: Console, found: dict[str, Any]) -> None:
    console.print(found["sentence"], markup=False, highlight=False, soft_wrap=True)
    for line in found["paper"]:
        console.print(f"    {line}", markup=False, highlight=False)
    if found["postings"]:
        table = Table("科目", "说明", Column("数额", justify="right"), "单位", title="分录", title_justify="left")
        for posting in found["postings"]:
            table.add_row(posting["account"], posting["name"], *_quantity(posting["commodity"], posting["amount"], "+"))
        console.print(table, markup=False)
    for name, value in _rest(found):
        console.print(f"{name}：{value}", markup=False, highlight=False, soft_wrap=True)


def _rest(found: dict[str, Any]) -> list[tuple[str, str]]:
    """Basis, evidence, links and seal as lines that say something."""
    links, evidence, rule, head = found["links"], found.get("evidence", {}), found.get("rule"), found["head"]
    lines = [("凭证", f"{found['entry']}（{found['what']}）"), ("季度", found["cycle"])]
    lines.append(("依据", f"{rule['clause']}；{rule['name']}（{rule['id']} 第 {rule['version']} 版）" if rule else ""))
    told = [evidence.get("activity") or evidence.get("reference", ""), evidence.get("level_words", "")]
    told += [
        f"{word} {evidence[name][:16].replace('T', ' ')}" for name, word in (("came_at", "签到"), ("left_at", "签退")) if evidence.get(name)
    ]
    lines.append(("凭据", "，".join(part for part in told if part)))
    lines.append(("说明", found["note"]))
    for name, word in (("reverses", "冲的是"), ("resolves", "了结的是"), ("batch", "批次"), ("receipt", "回执")):
        lines.append((word, links.get(name, "")))
    for name, word in (("reversed_by", "后来被冲回"), ("resolved_by", "后来了结")):
        if name in links:
            lines.append((word, f"{links[name]['at'][:16].replace('T', ' ')} {links[name]['what']}，凭证 {links[name]['entry']}"))
    seal = "还没有封存" if head is None else f"第 {found['leaf_index']} 片叶，最近的树头 {head['size']} 片，树根 {head['root']}"
    return [(name, value) for name, value in (*lines, ("封存", seal)) if value]


def _print_holder(console: Console, found: dict[str, Any]) -> None:
    hours, minutes = divmod(found["honour_minutes"], 60)
    console.print(f"[bold]{found['name']}（{found['holder']}）[/]  可用 {found['spendable']} 分", highlight=False)
    console.print(
        f"待公示 {found['pending']}   预留 {found['held']}   欠分 {found['debt']}   荣誉时长 {hours}小时{minutes}分", highlight=False
    )
    table = Table("批次", "到期", "从哪里来", "到哪里去", Column("余", justify="right"))
    for lot in [*found["waiting"], *found["lots"]]:
        waits = "待公示" if lot in found["waiting"] else lot["expires_on"] or "长期"
        table.add_row(lot["lot"], waits, _told(lot["came"]), _told(lot["went"]), str(lot["remaining"]))
    console.print(table, markup=False)
    lines = Table("时间", "事项", Column("变动", justify="right"), Column("待公示", justify="right"), Column("结余", justify="right"))
    for line in found["lines"]:
        moved = [f"{line[name]:+}" if line[name] else "" for name in ("amount", "pending")]
        lines.add_row(line["at"][:16].replace("T", " "), line["why"], *moved, str(line["balance"]))
    console.print(lines, markup=False)


def _told(changes: list[dict[str, Any]]) -> str:
    return "\n".join(f"{change['what']} {change['points']} 分（{change['entries']} 笔）" for change in changes)


def _print_journal(console: Console, found: dict[str, Any]) -> None:
    table = Table("时间", "谁", "做了什么", "关于", "设备或站点", Column("改动", overflow="fold"))
    for act in found["acts"]:
        before, after = act.get("before", {}), act.get("after", {})
        change = "\n".join(f"{fact_words(name)}：{_value(name, before[name])} → {_value(name, after[name])}" for name in after)
        by = f"{act['by']}、{act['second_actor']}" if act["second_actor"] else act["by"]
        about = act["called"] or act["subject"]
        table.add_row(act["at"][:19].replace("T", " "), by, act["what"], about, act["device"] or act["station"], change)
    console.print(table, markup=False)
    if found["more"]:
        console.print(f"只列出前 {len(found['acts'])} 条；用 --from、--to 缩小范围，或用 --most 多列。")


def _value(name: str, value: Any) -> str:
    text = value_words(name, str("无" if value is None else value))
    return text[:16].replace("T", " ") if name.endswith(("_at", "_until", "_from")) else text


def _print_balance(console: Console, found: dict[str, Any]) -> None:
    table = Table("科目", "说明", Column("余额", justify="right"), "单位", Column("分录", justify="right"))
    for line in found["accounts"]:
        table.add_row(line["account"], line["name"], *_quantity(line["commodity"], line["balance"]), str(line["postings"]))
    table.add_section()
    for total in found["totals"]:
        balanced = "平" if total["balance"] == 0 else "不平"
        table.add_row("合计", balanced, *_quantity(total["commodity"], total["balance"]), str(total["postings"]))
    console.print(table, markup=False)


def _quantity(commodity: str, amount: int | float, sign: str = "") -> tuple[str, str]:
    """An amount and its unit as people read them: money in yuan."""
    number = f"{amount / 100:{sign},.2f}" if commodity == "CNY" else f"{amount:{sign},}"
    return number, UNITS.get(commodity, commodity)
