"""Telephone numbers as offices write them: as numbers, with +86, spaces, hyphens, in full-width digits, several in one cell."""

from __future__ import annotations

import re

from ledger.paperwork.normal import narrow, says_nothing, written

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"0[0-9]{2,3}[0-9]{7,8}")
_PREFIX = re.compile(r"(?:\+86|0086|86)(?=1[3-9][0-9]{9}$)|\+86(?=0[0-9]{9,11}$)")
_BETWEEN = re.compile(r"[、,;/|\n\r]+")  # after narrowing, so ， and ； are here too
_FILL = re.compile(r"[\s()\-.]+")
# A cell longer than this is no list of telephone numbers, and a refusal must not cost more than the cell.
LONGEST_CELL = 200


def phones_of(value: object, *, landlines: bool = False) -> tuple[str, ...] | None:
    """Every number in a cell, digits only, in the order written, none twice.

    Args:
        value: the cell; an Excel number, text, or None.
        landlines: also accept 0533-3581234 (people named in area and station files; a volunteer needs a mobile).
    Returns: () for an empty cell or 无; None when any part is no valid number.
    """
    text = narrow(written(value))
    if says_nothing(text):
        return ()
    if len(text) > LONGEST_CELL:
        return None
    found: list[str] = []
    for part in _BETWEEN.split(text):
        if says_nothing(part):
            continue
        numbers = _numbers(part, landlines)
        if not numbers:
            return None
        found.extend(n for n in numbers if n not in found)
    return tuple(found)


def _numbers(part: str, landlines: bool) -> list[str]:
    """One number written with spaces in it, or several with spaces between them; [] when neither."""
    whole = _number(part, landlines)
    if whole:
        return [whole]
    each = [_number(piece, landlines) for piece in part.split()]
    return [] if "" in each else each


def _number(part: str, landlines: bool) -> str:
    digits = _PREFIX.sub("", _FILL.sub("", part))
    if _MOBILE.fullmatch(digits) or (landlines and _LANDLINE.fullmatch(digits)):
        return digits
    return ""
