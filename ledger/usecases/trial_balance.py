"""The trial balance: sums by branch of the chart of accounts, from postings recorded by a moment; every commodity adds up to nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.account import PTS
from ledger.domain.errors import InvalidInput
from ledger.phrases.acts import family_words
from ledger.storage import inquiring
from ledger.storage.unit_of_work import Unit

DEEPEST: Final = 4


def trial_balance(unit: Unit, *, until: datetime | None = None, depth: int = 1) -> dict[str, Any]:
    """Sum every account's postings and add them up by the first `depth` parts of their paths (1: by family).

    Returns: as_of (None: everything), depth, accounts: [{account, name, commodity, balance, postings}] by account and commodity,
    totals: [{commodity, balance, postings}] (balance 0 in a sound book), balanced. Points in points, money in fen.
    Raises: InvalidInput for a depth that is not 1…4.
    """
    if not 1 <= depth <= DEEPEST:
        raise InvalidInput("depth", "range")
    branches: dict[tuple[str, str], list[int]] = {}
    totals: dict[str, list[int]] = {}
    for path, commodity, amount, postings in inquiring.sums(unit, until):
        branch = "/".join(path.split("/", depth)[:depth])
        for sums in (branches.setdefault((branch, commodity), [0, 0]), totals.setdefault(commodity, [0, 0])):
            sums[0] += int(amount)
            sums[1] += int(postings)
    return {
        "as_of": None if until is None else until.astimezone(ZoneInfo(unit.book.settings.zone)).isoformat(),
        "depth": depth,
        "accounts": [
            {"account": path, "name": family_words(path), **_sums(unit, commodity, branches[path, commodity])}
            for path, commodity in sorted(branches)
        ],
        "totals": [_sums(unit, commodity, totals[commodity]) for commodity in sorted(totals)],
        "balanced": not any(sums[0] for sums in totals.values()),
    }


def _sums(unit: Unit, commodity: str, sums: list[int]) -> dict[str, Any]:
    amount, postings = sums
    number = unit.book.settings.scale.number(amount) if commodity == PTS else amount
    return {"commodity": commodity, "balance": number, "postings": postings}
