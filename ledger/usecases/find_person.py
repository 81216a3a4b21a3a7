"""Find whom a person means: by card number, holder id or phone."""

from __future__ import annotations

import re
import unicodedata

from ledger.domain.errors import Ambiguous, NotFound
from ledger.storage import people
from ledger.storage.unit_of_work import Unit


def find_holder(unit: Unit, text: str) -> str:
    """The holder id for a card number, a holder id (V…, H…, T…) or a phone as people type it.

    Raises: NotFound; Ambiguous when several people share the phone (their cards tell them apart).
    """
    plain = re.sub(r"[\s\-]", "", unicodedata.normalize("NFKC", text)).upper()
    if re.fullmatch(r"[VHT][0-9]{1,9}", plain) and people.is_known(unit, plain):
        return plain
    carded = people.by_card(unit, plain) if plain.isdigit() else None
    if carded is not None and carded[0]:
        return carded[0]
    phone = re.sub(r"^(\+?86|0086)(?=1[3-9][0-9]{9}$)", "", plain)
    matches = people.by_phone(unit, phone) if re.fullmatch(r"1[3-9][0-9]{9}", phone) else []
    if len(matches) > 1:
        raise Ambiguous(len(matches))
    if not matches:
        raise NotFound("person")
    return matches[0]
