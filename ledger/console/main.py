"""Assembles the command groups and turns refusals into exit codes: the console's one wrapper."""

from __future__ import annotations

import json
import sys
from io import TextIOWrapper

import typer
from rich.console import Console

from ledger import boundary, clock
from ledger.console import audit, backups, bench, cycle, inquiry, keys, points, rules, session, setup, simulate, stock, users
from ledger.console.imports import app as imports

app = typer.Typer(
    help="三联账本：志愿者信得过的积分账本。\n\n"
    "每个命令都可加 --json、--book SLUG、--as LOGIN、--second LOGIN；会写入的命令可加 --dry-run。",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
for command in (setup.init, setup.serve, setup.scheduler, setup.demo, setup.doctor, backups.backup, backups.restore, simulate.simulate):
    app.command()(command)
app.command("bench")(bench.bench)
app.add_typer(imports, name="import")
app.add_typer(users.app, name="user")
app.add_typer(cycle.app, name="cycle")
app.add_typer(points.app, name="points")
app.add_typer(stock.app, name="stock")
app.add_typer(rules.app, name="rules")
inquiry.register(audit.app, points.app)
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")


def main(arguments: list[str] | None = None) -> None:
    """Run one command. Exit codes: 0 done, 1 findings, 2 usage, 3 refused, 4 out of reach."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="replace")
    given = sys.argv[1:] if arguments is None else arguments
    try:
        rest = session.begin(given)
        app(rest, prog_name="cli.py")
    except boundary.REFUSALS as error:
        _tell(error, json_wanted=session.is_json(given))
        sys.exit(boundary.exit_code(error))
    except KeyboardInterrupt:
        Console(stderr=True).print("已中断，没有留下做了一半的事。")
        sys.exit(130)
    finally:
        session.end()


def _tell(error: BaseException, *, json_wanted: bool) -> None:
    problem = boundary.problem(error, "zh", audience="staff", now=clock.now())
    if json_wanted:
        report = getattr(error, "report", None) or {}
        sys.stdout.write(json.dumps({**problem, **report}, ensure_ascii=False) + "\n")
    Console(stderr=True).print(f"{problem['title']}：{problem['detail']}（{problem['code']}）", highlight=False, markup=False)
