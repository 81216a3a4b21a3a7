"""Facts of acts as people and other programs read them: times as local times, points in points."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.act import instant
from ledger.phrases.acts import fact_words, value_words
from ledger.storage.unit_of_work import Unit

TIMES: Final = ("_at", "_until", "_from")
POINTS: Final = frozenset({"price_points", "points", "raw"})
CAPS: Final = "caps"
COUNTED: Final = "counts"
"""What a batch counted is written in points already."""


def told(unit: Unit, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Stored facts with times in ISO 8601 and points in points."""
    return {name: _value(unit, name, value) for name, value in facts.items()}


def in_words(unit: Unit, facts: Mapping[str, Any]) -> list[str]:
    """`名称 值` of every fact that says something; digests are left out."""
    return [
        f"{fact_words(name)} {_text(name, value)}"
        for name, value in told(unit, facts).items()
        if value not in (None, "", [], {}) and name not in ("file_digest", "attendance", "grant", "links")
    ]


def _value(unit: Unit, name: str, value: Any) -> Any:
    number = unit.book.settings.scale.number
    if name == COUNTED or value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if name.endswith(TIMES) and value > 10**12:
            return instant(value).astimezone(ZoneInfo(unit.book.settings.zone)).isoformat()
        return number(value) if name in POINTS else value
    if isinstance(value, list):
        return [_value(unit, name, item) for item in value]
    if isinstance(value, dict):
        return {key: number(item) if name == CAPS and isinstance(item, int) else _value(unit, key, item) for key, item in value.items()}
    return value


def _text(name: str, value: Any) -> str:
    if isinstance(value, dict):
        return "（" + "，".join(f"{fact_words(key)} {_text(key, item)}" for key, item in value.items()) + "）"
    if isinstance(value, list):
        return "、".join(_text(name, item) for item in value)
    text = value_words(name, str(value))
    return text[:16].replace("T", " ") if len(text) >= 25 and text[10:11] == "T" else text
