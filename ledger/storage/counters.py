"""Numbers given out one after another: holders, cards, receipts, batches, lines."""

from __future__ import annotations

from typing import Final

from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit

TAKE: Final = Statement(
    "INSERT INTO {counter} AS c (kind, next) VALUES (:kind, :first + :count)"
    " ON CONFLICT (kind) DO UPDATE SET next = c.next + :count RETURNING next"
)


def take(unit: Unit, kind: str, count: int = 1) -> range:
    """The next `count` numbers of a kind, from 1. Rolled back numbers are given out again."""
    following = unit.value(TAKE, kind=kind, first=1, count=count)
    return range(following - count, following)


def luhn(number: str) -> str:
    """The Luhn check digit (ISO/IEC 7812-1) of a digit string."""
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return str(-total % 10)


def card_number(serial: int) -> str:
    """Eight digits: seven of the serial and a Luhn digit."""
    body = f"{serial:07d}"
    return body + luhn(body)
