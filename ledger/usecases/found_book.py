"""Found a book: act 0 fixes decimals, hash, zone, currency and slug; later settings that disagree are refused."""

from __future__ import annotations

from ledger.domain.act import micros
from ledger.domain.errors import ConfigDisagrees
from ledger.storage import books, journal
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request, describe


def found_book(book: Book, request: Request) -> Answer:
    """Write the genesis act unless it stands, and check that the settings agree with it.

    Returns: {book, founded (bool), decimals, hash, zone, currency, database}. Raises: ConfigDisagrees.
    """

    def work(unit: Unit) -> Answer:
        known = books.founded(unit)
        founded = known is None
        if known is None:
            settings = book.settings
            facts = {
                "book": settings.slug, "decimals": settings.genesis.decimals, "hash": settings.genesis.hash, "zone": settings.genesis.zone,
                "currency": settings.genesis.currency,
            }  # fmt: skip
            act = request.act(book, "genesis", subject=settings.slug, facts=facts)
            journal.post(unit, [act])
            books.insert(unit, genesis=act.id, at=micros(request.now), facts=facts)
        check_settings(unit)
        return {
            "book": book.slug,
            "founded": founded,
            "database": "sqlite" if unit.is_sqlite else "postgresql",
            **(books.founded(unit) or {}),
        }

    if request.dry:
        answer, acts = book.rehearse(work)
        return {**answer, "would_write": [describe(act) for act in acts]}
    return book.run(work)


def check_settings(unit: Unit) -> None:
    """Raises ConfigDisagrees when config.toml contradicts the genesis act."""
    known = books.founded(unit)
    if known is None:
        return
    genesis = unit.book.settings.genesis
    for name in ("decimals", "hash", "zone", "currency"):
        if known[name] != getattr(genesis, name):
            raise ConfigDisagrees(name, str(known[name]), str(getattr(genesis, name)))
    if known["slug"] != unit.book.slug:
        raise ConfigDisagrees("slug", str(known["slug"]), unit.book.slug)
