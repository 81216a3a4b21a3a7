"""People as staff find them, and as they see themselves."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final

from ledger.domain.errors import Ambiguous, NotFound
from ledger.domain.people import mask_name, mask_phone
from ledger.paperwork.normal import name_of, narrow
from ledger.storage import people, statements
from ledger.storage.unit_of_work import Unit
from ledger.usecases.find_person import find_holder
from ledger.usecases.view_points import balance_document

FOUND_MAX: Final = 20


def me_document(unit: Unit, person: str, now: datetime) -> dict[str, Any]:
    """CONTRACT §3 `GET /me`: one's balance with one's own name and card."""
    found = people.holder(unit, person)
    if found is None:
        raise NotFound("person")
    balance = balance_document(unit, statements.balance(unit, person, now))
    return {**balance, "name": found.name, "card": people.card_of(unit, person)}


def people_found(unit: Unit, query: str) -> dict[str, Any]:
    """Who fits a name, a phone, a card number or an id: masked, with area and card tail to tell namesakes apart."""
    ids = _ids(unit, query)[:FOUND_MAX]
    areas = {area.code: area.path for area in people.areas(unit)}
    return {"people": [_person(unit, id, areas) for id in ids]}


def _ids(unit: Unit, query: str) -> list[str]:
    try:
        return [find_holder(unit, query)]
    except NotFound:
        return people.by_name(unit, name_of(query))
    except Ambiguous:
        phone = re.sub(r"^(\+?86|0086)(?=1)", "", re.sub(r"[\s\-]", "", narrow(query)))
        return people.by_phone(unit, phone)


def _person(unit: Unit, id: str, areas: dict[str, str]) -> dict[str, Any]:
    found = people.holder(unit, id)
    assert found is not None, id
    return {
        "holder": id,
        "kind": found.kind,
        "name": mask_name(found.name),
        "card_tail": people.card_of(unit, id)[-4:],
        "area": areas.get(found.area, found.area),
        "phones": [mask_phone(phone) for phone in people.phones_of(unit, id)],
    }
