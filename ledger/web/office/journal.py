"""The operator journal, page by page, and one act with all that hangs on it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from flask import Response, request
from flask_babel import gettext as _

from ledger.domain.act import HEADER
from ledger.domain.errors import NotFound
from ledger.storage import access, journal_pages
from ledger.storage.journal_pages import JournalLine, WholeAct
from ledger.storage.unit_of_work import Unit
from ledger.usecases.sign_in import normal_login
from ledger.web import gate
from ledger.web.office.place import (
    EVERYBODY,
    READERS,
    ROWS,
    amount,
    blueprint,
    called,
    cursor_argument,
    cursor_text,
    days_ago,
    facts_of,
    figure,
    href,
    kind_words,
    moment,
    page,
    turned,
    writes,
)
from ledger.web.office.words import COMMODITIES, GROUPS, LONG_FACTS

BRIEF_MAX: Final = 120
ALWAYS_DAYS: Final = 36500
ACTOR_DAYS: Final = 31
"""Acts by an actor are looked for in the last month only: the journal is indexed by kind and by whom it is about."""

ACCESS_ONLY: Final = ("", "door", "access", "out")
"""What an admin, who has no business with points, finds in the journal."""

PERSON: Final = re.compile(r"[VTHU][0-9]{1,9}")


@blueprint.get("/journal")
@gate.allow(*EVERYBODY)
def journal() -> Response:
    """Acts by time, the newest first; by kind, by who did it, or by what it is about."""
    group, typed, subject = (
        request.args.get("kinds", ""),
        request.args.get("actor", "").strip()[:64],
        request.args.get("subject", "").strip()[:64],
    )
    whole = writes(*READERS)
    groups = {name: words for name, words in GROUPS.items() if whole or name in ACCESS_ONLY}
    kinds = groups.get(group, GROUPS[""])[1]
    if not whole:
        kinds, subject = kinds or tuple(kind for name in ACCESS_ONLY for kind in GROUPS[name][1]), ""
        typed = ""
    before = cursor_argument()

    def find(unit: Unit) -> tuple[list[JournalLine], dict[str, str]]:
        actor = _actor(unit, typed)
        since = days_ago(ACTOR_DAYS if actor and not subject else ALWAYS_DAYS)
        lines = journal_pages.page(unit, before=before, since=since, most=ROWS + 1, kinds=kinds, actor=actor, subject=subject)
        return lines, called(unit, [id for line in lines for id in (line.actor, line.second_actor, line.subject) if id])

    lines, names = gate.book().read(find)
    shown = lines[:ROWS]
    return page(
        "journal.html",
        title=_("操作流水"),
        current="journal",
        rows=[_row(line, names) for line in shown],
        typed=typed,
        subject=subject,
        whole=whole,
        groups=[
            {"label": words[0], "href": href("journal", kinds=name or None), "current": name == group and not typed and not subject}
            for name, words in groups.items()
        ],
        days=ACTOR_DAYS if typed else 0,
        next=turned("journal", before=cursor_text(shown[-1].cursor)) if len(lines) > ROWS else "",
        start=turned("journal", before="") if request.args.get("before") else "",
    )


@blueprint.get("/entries/<id>")
@gate.allow(*READERS)
def entry(id: str) -> Response:
    """One act: what, who, when, why; its postings; whether it is sealed; what it corrects and what corrects it."""

    def find(unit: Unit) -> tuple[WholeAct, dict[str, str]]:
        found = journal_pages.whole_act(unit, id)
        if found is None:
            raise NotFound("entry")
        act = found.act
        return found, called(unit, [one for one in (act.actor, act.second_actor, act.subject, act.on_behalf_of, act.collected_by) if one])

    found, names = gate.book().read(find)
    act = found.act
    return page(
        "entry.html",
        title=kind_words(act.kind),
        current="journal",
        id=id,
        at=moment(act.recorded_at),
        header=_header(found, names),
        postings=[
            {
                "account": posting.account.path,
                "commodity": COMMODITIES.get(posting.account.commodity, posting.account.commodity),
                "amount": ("+" if posting.amount > 0 else "") + amount(posting.account.commodity, posting.amount),
            }
            for posting in act.postings
        ],
        facts=facts_of(act.facts),
        note=found.note,
        had_note=bool(act.note_digest),
        leaf=figure(found.leaf_index) if found.leaf_index is not None else "",
        links=_links(found),
    )


def _actor(unit: Unit, typed: str) -> str:
    """The id behind what was typed: a login's name, or an id as the journal shows it."""
    if not typed or PERSON.fullmatch(typed.upper()) or ":" in typed:
        return typed.upper() if typed and ":" not in typed else typed
    found = access.login_by_name(unit, normal_login(typed))
    return found.id if found is not None else typed


def _row(line: JournalLine, names: dict[str, str]) -> dict[str, Any]:
    facts = json.loads(line.facts)
    return {
        "at": moment(line.at),
        "kind": kind_words(line.kind),
        "code": line.kind,
        "by": names.get(line.actor, line.actor),
        "second": names.get(line.second_actor, line.second_actor),
        "subject": names.get(line.subject, ""),
        "subject_id": line.subject,
        "place": line.station or line.device,
        "cycle": line.cycle,
        "facts": _brief(facts),
        "href": href("entry", id=line.id),
    }


def _brief(facts: dict[str, Any]) -> str:
    """The facts of a line, short."""
    text = "，".join(f"{word} {value}" for name, word, value in facts_of(facts) if name not in LONG_FACTS)
    return text if len(text) <= BRIEF_MAX else text[: BRIEF_MAX - 1] + "…"


def _header(found: WholeAct, names: dict[str, str]) -> list[dict[str, str]]:
    """The header columns that say something, in words."""
    act = found.act
    words = {
        "occurred_at": _("发生"),
        "recorded_at": _("记入"),
        "actor": _("谁"),
        "second_actor": _("第二人"),
        "subject": _("关于"),
        "cycle": _("季度"),
        "on_behalf_of": _("代谁"),
        "collected_by": _("谁来领"),
        "rule": _("规则"),
        "rule_version": _("规则版本"),
        "clause": _("条款"),
        "evidence": _("凭据"),
        "evidence_level": _("凭据等级"),
        "station": _("驿站"),
        "session": _("场次"),
        "desk": _("发放台"),
        "device": _("设备"),
        "trace": _("请求号"),
        "batch": _("批次"),
    }
    rows = []
    for name in HEADER:
        value = getattr(act, name)
        if name not in words or value in ("", 0, -1, None):
            continue
        text = moment(value) if name.endswith("_at") else f"L{value}" if name == "evidence_level" else str(value)
        called_so = names.get(text, "")
        rows.append({"label": str(words[name]), "value": text, "called": called_so})
    return rows


def _links(found: WholeAct) -> list[dict[str, str]]:
    """What it corrects or settles, and what corrected or settled it."""
    act, links = found.act, []
    if act.reverses:
        links.append({"label": _("它冲回的"), "href": href("entry", id=act.reverses), "text": act.reverses})
    if act.resolves and act.resolves != act.reverses:
        links.append({"label": _("它了结的"), "href": href("entry", id=act.resolves), "text": act.resolves})
    for follower in found.followers:
        label = _("冲回它的") if follower.how == "reverses" else _("了结它的")
        links.append({"label": label, "href": href("entry", id=follower.id), "text": f"{kind_words(follower.kind)} {moment(follower.at)}"})
    return links
