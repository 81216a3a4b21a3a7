"""Rotate a key: new work uses a new one, what older ones made stays readable."""

from __future__ import annotations

from ledger.domain.errors import InvalidInput
from ledger.domain.people import require
from ledger.keyring import PURPOSES
from ledger.storage import journal
from ledger.storage.unit_of_work import Book
from ledger.usecases.request import Answer, Request

BOUND_TO_ROWS = frozenset({"lookup"})
"""Rotating it makes every phone and name unfindable until all indexes are written anew, so it is not offered."""


def rotate_key(book: Book, request: Request, *, purpose: str) -> Answer:
    """Add a key for one purpose of `keyring.PURPOSES` and make it the current one.

    Processes that run go on under the older key until they are restarted. Returns: {purpose, key_id, key_ids}.
    Raises: Forbidden; InvalidInput for another purpose, or one whose numbers are used up.
    """
    require(request.actor, "admin")
    if purpose not in PURPOSES or purpose in BOUND_TO_ROWS:
        raise InvalidInput("purpose", "unknown_preset")
    if request.dry:
        return {"purpose": purpose, "key_id": None, "key_ids": list(book.keyring.key_ids())}
    try:
        key_id = book.keyring.rotate(purpose)
    except ValueError as error:
        raise InvalidInput("purpose", "range") from error
    act = request.act(book, "key_rotated", subject=key_id, facts={"purpose": purpose})
    book.run(lambda unit: journal.post(unit, [act]))
    return {"purpose": purpose, "key_id": key_id, "key_ids": list(book.keyring.key_ids())}
