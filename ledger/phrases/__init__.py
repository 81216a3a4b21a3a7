"""Sentences people read, keyed by error code. zh-CN first, English beside it; facts in, words out, and nothing else known.

Order of every sentence: what is so, whether points or goods moved, what to do now. Residents are addressed as 您, staff with short verbs.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from datetime import datetime
from typing import Final, Literal

from ledger.domain.errors import Fact, LedgerError
from ledger.domain.points import PointScale
from ledger.phrases.moments import day, moment, wait
from ledger.phrases.not_now import NOT_NOW
from ledger.phrases.refusal import Refusal, Words
from ledger.phrases.turned_away import TURNED_AWAY
from ledger.phrases.words import CYCLE_STATES, FIELDS, FILE_REASONS, HOLD_STATES, OUTAGES, REASONS, ROWS, THINGS

Language = Literal["zh", "en"]
Audience = Literal["resident", "staff"]
WHOLE_POINTS: Final = PointScale(0)
REFUSALS: Final[Mapping[str, Refusal]] = {**TURNED_AWAY, **NOT_NOW}


def sentence(
    error: LedgerError,
    language: str = "zh",
    scale: PointScale = WHOLE_POINTS,
    audience: Audience = "resident",
    *,
    zone: str = "Asia/Shanghai",
    now: datetime | None = None,
) -> str:
    """What is so, whether anything moved, and what to do now.

    Args:
        language: "zh" or "en" (longer tags such as en-GB are understood; anything else is Chinese).
        scale: of the book, because facts ending in `_points` are smallest steps.
        audience: residents read 您, staff short verbs.
        zone: in which times are told; now: times of its day are told without the date.
    """
    chinese = is_chinese(language)
    refusal = REFUSALS[error.code]
    told = _told(error, chinese, scale, zone, now)
    variants = refusal.staff if audience == "staff" and refusal.staff else refusal.says
    for words in variants:
        text = words[0] if chinese else words[1]
        if all(told.get(name) for name in placeholders(text)):
            return text.format_map(told)
    return _without_facts(refusal.says[-1], chinese)


def title(code: str, language: str = "zh") -> str:
    """A few words that name the refusal, without a full stop."""
    return _pick(REFUSALS[code].title, is_chinese(language))


def row_message(code: str, column: str, language: str = "zh") -> str:
    """What is wrong with an imported row, and what to do about it. `code` is one of CONTRACT §5; `column` the header as found."""
    return _pick(ROWS[code], is_chinese(language)).format(column=column)


def field_name(name: str, language: str = "zh") -> str:
    """A field as people call it; an unknown one keeps its name."""
    return _pick(FIELDS.get(name, (name, name)), is_chinese(language))


def is_chinese(language: str) -> bool:
    """Whether a language tag (zh, zh-CN, zh_Hans_CN, en …) is answered in Chinese, as all but English are."""
    return not language.lower().startswith("en")


def placeholders(text: str) -> tuple[str, ...]:
    """The facts a sentence names."""
    return tuple(name for _, name, _, _ in string.Formatter().parse(text) if name)


def _told(error: LedgerError, chinese: bool, scale: PointScale, zone: str, now: datetime | None) -> dict[str, str]:
    """The facts of a refusal as words. Facts that are absent (None, empty, 0) give no word, so that a shorter sentence is chosen."""
    told = {name: _word(name, fact, chinese, scale, zone, now) for name, fact in error.facts.items()}
    told.update(_words_of_code(error, chinese))
    spendable, needed = error.facts.get("spendable_points"), error.facts.get("needed_points")
    if isinstance(spendable, int) and isinstance(needed, int):
        told["short_points"] = scale.text(needed - spendable)
    return told


def _word(name: str, fact: Fact, chinese: bool, scale: PointScale, zone: str, now: datetime | None) -> str:
    if fact is None or fact == "":
        return ""
    if isinstance(fact, int):
        return scale.text(fact) if name.endswith("_points") else str(fact or "")
    if name == "at" or name.endswith("_at"):
        return moment(fact, zone, now, chinese)
    return day(fact, chinese) if name.endswith("_on") else fact


def _words_of_code(error: LedgerError, chinese: bool) -> Mapping[str, str]:
    facts = {name: str(fact or "") for name, fact in error.facts.items()}
    if error.code == "invalid_input":
        reason = REASONS.get(facts.get("reason", ""), REASONS["malformed"])
        return {"field": _field(facts.get("field", ""), chinese), "reason": _pick(reason, chinese)}
    if error.code == "not_found":
        return {"what": _known(THINGS, facts.get("what", ""), chinese)}
    if error.code == "unreadable_file":
        return {"reason": _file_reason(facts.get("reason", ""), chinese)}
    if error.code == "unavailable":
        return {"reason": _known(OUTAGES, facts.get("reason", ""), chinese)}
    if error.code == "too_many_requests":
        return {"wait": wait(int(facts.get("retry_after_s") or 0), chinese)}
    states = {"hold_resolved": HOLD_STATES, "illegal_step": CYCLE_STATES}.get(error.code, {})
    return {name: _known(states, facts[name], chinese) or facts[name] for name in ("state", "to") if facts.get(name)}


def _field(name: str, chinese: bool) -> str:
    """A dotted path such as items.0.quantity is told by its last name; settings such as cycle.carry_over stay whole."""
    last = name.rsplit(".", 1)[-1]
    return _pick(FIELDS.get(last, (name, name)), chinese)


def _file_reason(reason: str, chinese: bool) -> str:
    word, _, columns = reason.partition(":")
    between = "、" if chinese else ", "
    return _pick(FILE_REASONS.get(word, FILE_REASONS["not_a_table"]), chinese).format(columns=between.join(columns.split(",")))


def _known(table: Mapping[str, Words], name: str, chinese: bool) -> str:
    return _pick(table[name], chinese) if name in table else ""


def _without_facts(words: Words, chinese: bool) -> str:
    """The last sentence of an entry with the facts it lacks left out: better short than an error while refusing."""
    text = _pick(words, chinese)
    return text.format_map(dict.fromkeys(placeholders(text), "…"))


def _pick(words: Words, chinese: bool) -> str:
    return words[0] if chinese else words[1]
