"""Points, pieces and money as they stand in a cell.

int() and Decimal() alone accept 1_000, １００ and NaN: nothing reaches them unchecked.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ledger.paperwork.normal import narrow, written

_NUMBER = re.compile(r"(?:[0-9]{1,7}|[0-9]{1,3}(?:,[0-9]{3}){1,2})(?:\.([0-9]{1,15}))?")
_MONEY_SIGNS = re.compile(r"^[¥￥]\s*|\s*元$")
_DEGREES = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,12})?")


def decimal_of(value: object, *, places: int) -> Decimal | None:
    """A number of at most seven digits before the point and `places` (not counting zeros) after it; None when it is anything else.

    Signs, exponents, underscores, NaN and truth values are no numbers here.
    """
    if isinstance(value, bool):
        return None
    text = narrow(written(value))
    if not (match := _NUMBER.fullmatch(text)):
        return None
    if len((match[1] or "").rstrip("0")) > places:
        return None
    number = Decimal(text.replace(",", ""))
    if number >= 10_000_000:  # 12,345,678 has its commas right and is still too long
        return None
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()


def whole_of(value: object) -> int | None:
    """A whole number from 0 to 9 999 999; 5.0 is 5, 5.5 is None."""
    number = decimal_of(value, places=0)
    return None if number is None else int(number)


def fen_of(value: object) -> int | None:
    """Money in yuan, with or without ¥ and 元, as fen; None when it is no amount or finer than a fen."""
    text = _MONEY_SIGNS.sub("", narrow(written(value)).replace("￥", "¥")) if isinstance(value, str) else value
    number = decimal_of(text, places=2)
    return None if number is None else int(number * 100)


def degrees_of(value: object) -> Decimal | None:
    """A longitude or latitude in degrees, exactly as written; None when it is none."""
    if isinstance(value, bool):
        return None
    text = narrow(written(value))
    return Decimal(text) if _DEGREES.fullmatch(text) and abs(Decimal(text)) <= 180 else None
