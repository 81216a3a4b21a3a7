"""The operator journal: who did what and when, from which device, and what it was before; sign-ins, reveals and exports too."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.people import mask_name
from ledger.phrases.acts import kind_of, kind_words
from ledger.storage import access, inquiring, people, registers
from ledger.storage.inquiring import JournalAct
from ledger.storage.unit_of_work import Unit
from ledger.usecases.sign_in import normal_login
from ledger.usecases.tell_facts import told

HOLDER: Final = re.compile(r"[VTH][0-9]+")
ACTOR: Final = re.compile(r"[VTHU][0-9]{1,9}")
SUCCESSIVE: Final[dict[str, tuple[str, ...]]] = {
    "good_priced": ("good_priced",), "rule_published": ("rule_published",), "cycle_stepped": ("cycle_opened", "cycle_stepped"),
}  # fmt: skip
"""Kinds whose facts say the whole new state, and the kinds whose last act said the state before."""


def journal_document(
    unit: Unit, *, since: datetime, until: datetime, actor: str = "", kind: str = "", entries: bool = False,
    after: tuple[int, str] = (0, ""), most: int = 1000,
) -> dict[str, Any]:  # fmt: skip
    """Acts recorded in [since, until), oldest first.

    Args: actor: a login's name, or an id as the journal shows it. kind: its code or its name. entries: also acts that move
    points or goods. Returns: acts: [{entry, at, kind, what, actor, by, second_actor, subject, called, station, device, cycle,
    batch, trace, facts, before?, after?}], more (whether `most` cut it off).
    """
    found = inquiring.journal(
        unit, since=since, until=until, actor=_actor_id(unit, actor), kind=kind_of(kind), entries=entries, after=after, most=most + 1
    )
    names = called(unit, [id for act in found for id in (act.actor, act.second_actor, act.subject) if id])
    return {"acts": [_told(unit, act, names) for act in found[:most]], "more": len(found) > most}


def called(unit: Unit, ids: Sequence[str]) -> dict[str, str]:
    """How actors and subjects are called: logins by name, people masked, teams by name. Ids without a name are left out."""
    found: dict[str, str] = dict(registers.login_names(unit, ids))
    names = people.names(unit, sorted({id for id in ids if HOLDER.fullmatch(id)}))
    for id in ids:
        origin, colon, name = id.partition(":")
        if colon:
            found[id] = {"console": f"控制台 {name}", "job": f"自动 {name}"}.get(origin, id)
    return found | {id: mask_name(name) if id.startswith("V") else name for id, name in names.items()}


def _actor_id(unit: Unit, typed: str) -> str:
    """The id behind what was typed."""
    text = typed.strip()
    if not text or ":" in text or ACTOR.fullmatch(text.upper()):
        return text if ":" in text else text.upper()
    found = access.login_by_name(unit, normal_login(text))
    return text if found is None else found.id


def _told(unit: Unit, act: JournalAct, names: dict[str, str]) -> dict[str, Any]:
    facts = json.loads(act.facts)
    return {
        "entry": act.id,
        "at": act.at.astimezone(ZoneInfo(unit.book.settings.zone)).isoformat(),
        "kind": act.kind,
        "what": kind_words(act.kind),
        "actor": act.actor,
        "by": names.get(act.actor, act.actor),
        "second_actor": act.second_actor,
        "subject": act.subject,
        "called": names.get(act.subject, ""),
        "station": act.station,
        "device": act.device,
        "cycle": act.cycle,
        "batch": act.batch,
        "trace": act.trace,
        "facts": told(unit, facts),
        **_change(unit, act, facts),
    }


def _change(unit: Unit, act: JournalAct, facts: dict[str, Any]) -> dict[str, Any]:
    """What the act changed, and to what, where the act before it said the same things."""
    kinds = SUCCESSIVE.get(act.kind)
    text = inquiring.facts_before(unit, act, kinds) if kinds else None
    if text is None:
        return {}
    was = json.loads(text)
    if act.kind == "cycle_stepped":
        was, facts = {**was, "state": facts.get("from")}, {**facts, "state": facts.get("to")}
    changed = [name for name, value in facts.items() if name in was and was[name] != value and name not in ("from", "to", "count")]
    return {"before": told(unit, {name: was[name] for name in changed}), "after": told(unit, {name: facts[name] for name in changed})}
