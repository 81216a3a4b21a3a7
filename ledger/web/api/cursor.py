"""Where a list goes on: the keys of the last row, as text that a client hands back unread."""

from __future__ import annotations

import re
from typing import Final

from ledger.domain.errors import InvalidInput

BETWEEN: Final = "~"
_NUMBER: Final = re.compile(r"-?[0-9]{1,18}")


def written(*keys: int | str) -> str:
    """The keys of the last row shown. No key of ours holds the separator."""
    return BETWEEN.join(str(key) for key in keys)


def numbers_and_text(text: str, numbers: int) -> tuple[list[int], str]:
    """`numbers` whole numbers and one text behind them; zeros and an empty text for no cursor. Raises InvalidInput("cursor")."""
    if not text:
        return [0] * numbers, ""
    parts = text.split(BETWEEN)
    if len(parts) != numbers + 1 or not all(_NUMBER.fullmatch(part) for part in parts[:numbers]):
        raise InvalidInput("cursor")
    return [int(part) for part in parts[:numbers]], plain(parts[-1])


def number(text: str) -> int:
    """One whole number, 0 for no cursor. Raises InvalidInput("cursor")."""
    if not text:
        return 0
    if not _NUMBER.fullmatch(text):
        raise InvalidInput("cursor")
    return int(text)


def plain(text: str) -> str:
    """One text key. Raises InvalidInput("cursor") for what no key of ours holds."""
    if not text.isprintable() or "\0" in text:
        raise InvalidInput("cursor")
    return text
