"""`simulate`: an imagined district in an empty book, by the real importers and use cases."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from ledger.console import session
from ledger.domain.cycle import local_date
from ledger.domain.errors import InvalidInput

SCALE_MAX = 20.0
WORDS = {
    "people": "人", "stations": "个驿站", "activities": "次活动", "attendances": "人次", "redemptions": "笔发放", "holds": "份预留",
}  # fmt: skip


def simulate(
    preset: Annotated[str, typer.Argument(help="small（示范）或 district（一个区的规模）。")] = "small",
    scale: Annotated[float, typer.Option("--scale", help="放大或缩小多少倍。")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", help="同一个数给出同样的人、地点和活动。")] = 1,
) -> None:
    """在空账本里造一个示范区：两个过去的季度和现在的季度；人名和电话都是编的。"""
    from ledger.simulate.fill_book import fill_book
    from ledger.simulate.size import PRESETS

    now = session.current()
    if preset not in PRESETS:
        raise InvalidInput("preset", "unknown_preset")
    if not 0 < scale <= SCALE_MAX:
        raise InvalidInput("scale", "range")
    settings, quiet = now.book_settings, Console(stderr=True)
    size = PRESETS[preset].scaled(scale)
    counts: dict[str, int] = {}
    if not now.dry:
        counts, _ = fill_book(settings, size=size, seed=seed, now=now.now, finish=lambda _book, _cast: None, tell=quiet.print)
    made: dict[str, Any] = {"book": settings.slug, "preset": preset, "scale": scale, "seed": seed}
    made |= {"as_of": local_date(now.now, settings.zone).isoformat(), "counts": counts}
    now.show(made, lambda console: console.print("、".join(f"{counts[name]} {word}" for name, word in WORDS.items() if counts)))
