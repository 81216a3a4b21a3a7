"""Show a volunteer's code: a fresh single-use pass, and below it a code that can be said for five minutes."""

from __future__ import annotations

import secrets
from datetime import timedelta
from typing import Final

from ledger.domain.act import micros
from ledger.domain.errors import Forbidden, NotFound
from ledger.passes.links import url_of
from ledger.passes.signing import NONCE_BYTES, VOLUNTEER_CODE, VOLUNTEER_PERIOD_SECONDS
from ledger.passes.spoken import code_digest, derived_code
from ledger.storage import goods, people
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.identify import signer
from ledger.usecases.request import Answer, Request

SPOKEN_LIFE: Final = timedelta(minutes=5)
DRAWS_MAX: Final = 8


def show_code(book: Book, request: Request, *, person: str = "") -> Answer:
    """A new pass for the actor's person, or for `person` who shares the phone; using either form uses up both.

    Returns: {pass, url, spoken_code, expires_at, spoken_expires_at}, times in µs. Raises: Forbidden, NotFound.
    """
    who = person or request.actor.person
    if not who or not request.actor.is_self(who):
        raise Forbidden()

    def work(unit: Unit) -> Answer:
        status = people.lock(unit, who)
        if status is None or status[0] not in ("active", "provisional"):
            raise NotFound("person")
        nonce, code = _kept_code(unit, request, who)
        text = signer(book).volunteer_code(who, request.now, nonce)
        return {
            "pass": text,
            "url": url_of(book.settings.public_url, text),
            "spoken_code": code,
            "expires_at": micros(request.now + timedelta(seconds=VOLUNTEER_PERIOD_SECONDS)),
            "spoken_expires_at": micros(request.now + SPOKEN_LIFE),
        }

    return book.run(work)


def _kept_code(unit: Unit, request: Request, who: str) -> tuple[bytes, str]:
    """A nonce and its spoken code, kept by digest; codes that live already, or read as card numbers, are passed over."""
    expires_at = micros(request.now + SPOKEN_LIFE)
    for _ in range(DRAWS_MAX):
        nonce = secrets.token_bytes(NONCE_BYTES)
        code = derived_code(unit.book.keyring, "volunteer", nonce.hex())
        if code.isdigit():
            continue
        digest = code_digest(unit.book.keyring, code)
        if unit.change(goods.KEEP_CODE, digest=digest, purpose=VOLUNTEER_CODE, subject=who, nonce=nonce.hex(), expires_at=expires_at) == 1:
            return nonce, code
    raise AssertionError("no free code in eight draws out of 2.75e10")
