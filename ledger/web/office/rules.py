"""The rules by which service becomes points: every published version with its clause. A published version never changes."""

from __future__ import annotations

import json
from typing import Any

from flask import Response
from flask_babel import gettext as _

from ledger.domain.act import instant
from ledger.storage import service
from ledger.web import gate
from ledger.web.office.place import READERS, blueprint, moment, page, points
from ledger.web.office.words import BASES, CAPS, ROUNDINGS


@blueprint.get("/rules")
@gate.allow(*READERS)
def rules() -> Response:
    """Every version, the latest of each rule first."""
    rows = gate.book().read(lambda unit: unit.rows(service.RULES))
    latest = {row[0]: row[1] for row in rows}
    shown = [{**_words(row), "is_latest": latest[row[0]] == row[1]} for row in sorted(rows, key=lambda row: (row[0], -row[1]))]
    return page("rules.html", title=_("规则"), current="rules", rows=shown)


def _words(row: tuple[Any, ...]) -> dict[str, Any]:
    caps = "，".join(f"{CAPS.get(name, name)} {points(steps)}" for name, steps in json.loads(row[8]).items())
    whole, rest = divmod(row[5], 1000)
    return {
        "id": row[0],
        "version": row[1],
        "name": row[2],
        "basis": BASES.get(row[3], row[3]),
        "points": points(row[4]),
        "times": f"{whole}.{rest:03d}".rstrip("0").rstrip("."),
        "rounding": ROUNDINGS.get(row[6], row[6]),
        "evidence": f"L{row[7]}",
        "caps": caps or _("没有上限"),
        "clause": row[9],
        "since": moment(instant(row[10])) if row[10] else _("一直"),
        "published": moment(instant(row[11])) if row[11] else "",
    }
