"""`backup` and `restore`: one file for one book, and the way back that proves itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from ledger.console import session
from ledger.domain.errors import InvalidInput, Unavailable

FileArgument = Annotated[Path, typer.Argument(help="备份文件。")]
FIRST_LINE = "口令文件：第一行是口令，至少 12 个字符。"


def backup(
    file: FileArgument,
    with_keys: Annotated[Path | None, typer.Option("--with-keys", help="把密钥用口令加密后一起放进去。" + FIRST_LINE)] = None,
) -> None:
    """备份整个账本到一个文件，不用停机。没有 --with-keys 时，恢复还要另存的 keys 文件夹。"""
    from ledger.usecases.back_up import back_up

    now = session.current()
    with _progress("备份") as tell:
        made = back_up(now.book, now.request("back_up"), file.absolute(), passphrase=_passphrase(with_keys), progress=tell)
    now.show(made, lambda console: _print_backup(console, made))


def restore(
    file: FileArgument,
    replace: Annotated[bool, typer.Option("--replace", help="账本里已有账也换掉。")] = False,
    keys: Annotated[Path | None, typer.Option("--keys", "--with-keys", help="用口令取出备份里的密钥。" + FIRST_LINE)] = None,
    accept_findings: Annotated[bool, typer.Option("--accept-findings", help="核对有发现也恢复（备份时账就有问题）。")] = False,
) -> None:
    """从备份恢复到空账本；先在旁边装好、核对无误才换上，否则什么都不动。请先停 serve 和 scheduler。"""
    from ledger.usecases.restore_book import restore_book

    now = session.current()
    with _progress("恢复") as tell:
        done = restore_book(
            now.book_settings, now.request("restore"), file.absolute(), replace_all=replace, passphrase=_passphrase(keys),
            accept_findings=accept_findings, progress=tell,
        )  # fmt: skip
    now.show(done, lambda console: _print_restored(console, done, dry=now.dry))
    if done["findings"] and not done["restored"]:
        session.finish(1)


def _passphrase(file: Path | None) -> str:
    """The first line of the file. Raises Unavailable, InvalidInput."""
    if file is None:
        return ""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Unavailable("path") from error
    if not lines or not lines[0].strip():
        raise InvalidInput("password", "missing")
    return lines[0].strip()


@contextmanager
def _progress(doing: str) -> Iterator[Callable[[str, int], None]]:
    """A line on stderr that says what is being done; silent when nobody watches."""
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(doing, total=None)
        yield lambda what, count: bar.update(task, description=f"{doing}：{what} {count}")


def _print_backup(console: Console, made: dict[str, Any]) -> None:
    head = made["head"]
    if made["file"] is None:
        console.print(f"试运行：会备份 {made['acts']} 张凭证，什么都没有写。", highlight=False, soft_wrap=True)
        return
    console.print(f"已备份 {made['acts']} 张凭证到 {made['file']}（{made['bytes'] / 1_000_000:.1f} MB）", highlight=False, soft_wrap=True)
    if head:
        console.print(f"树头 {head['size']} 片叶，{head['root']}", highlight=False, soft_wrap=True)
    console.print(f"SHA-256 {made['sha256']}", highlight=False, soft_wrap=True)
    if made["has_keys"]:
        console.print("密钥已用口令加密放在里面；口令要另外保管，丢了谁也打不开。")
    else:
        console.print(
            f"密钥不在里面。恢复时要用 {'、'.join(made['key_ids'])} 这些密钥：请另外保管 keys 文件夹。", highlight=False, soft_wrap=True
        )


def _print_restored(console: Console, done: dict[str, Any], *, dry: bool) -> None:
    for finding in done["findings"]:
        console.print(f"  · {finding['message']}（{finding['name']}）", highlight=False, markup=False, soft_wrap=True)
    if done["restored"]:
        words = f"已恢复 {done['acts']} 张凭证" + (f"，换下 {done['replaced']} 张" if done["replaced"] else "")
        console.print(f"{words}。树头一致，核对{'有发现，已按要求接受' if done['findings'] else '通过'}。", highlight=False, soft_wrap=True)
        console.print("所有人要重新登录；请重新启动 serve 和 scheduler。")
    elif dry and not done["findings"]:
        console.print(f"试运行：备份完好，{done['acts']} 张凭证，核对通过，什么都没有换。", highlight=False, soft_wrap=True)
    else:
        console.print("核对有发现，什么都没有换。备份时账就有这些问题的，加 --accept-findings 可以照样恢复。")
