"""Back a book up: everything of one moment in one file, which says what keys it needs and what proves it whole."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.audit import trail
from ledger.domain.people import require
from ledger.keyring import FILE_NAME, PURPOSES, Keyring
from ledger.storage import archive, books, dump, journal
from ledger.storage import trail as leaves
from ledger.storage.archive import Packing
from ledger.storage.locked_keys import lock
from ledger.storage.migrating import HEAD
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.request import Answer, Request

CHECKED: Final = b"sanlian-ledger backup"
CHECK_BYTES: Final = 8

Progress = Callable[[str, int], None]


def back_up(book: Book, request: Request, target: Path, *, passphrase: str = "", progress: Progress | None = None) -> Answer:
    """Write a backup of the book as it is at one moment; people go on working meanwhile.

    Args:
        target: the file; replaced as a whole when the new one is safe on the disk.
        passphrase: when given, the book's keys are in the file too, encrypted with it. Without them the file alone opens no
            name and no phone. progress: told each table and its rows.
    Returns: {acts, head (the fields of `audit head`, or None), key_ids, has_keys, file, bytes, sha256}.
    Raises: Forbidden; InvalidInput for a short passphrase; Unavailable when the file cannot be written.
    """
    require(request.actor, "admin")
    keys = lock((book.settings.keys_folder / FILE_NAME).read_bytes(), passphrase) if passphrase else None
    if request.dry:
        return {**book.read(lambda unit: _facts(book, unit), snapshot=True), "has_keys": keys is not None, "file": None}
    trail.seal(book, request.now)
    with archive.packing(target) as packing:
        facts = book.read(lambda unit: _pack(book, unit, request, packing, progress or (lambda _name, _rows: None)), snapshot=True)
        if keys is not None:
            packing.add_keys(keys)
        packing.finish({**facts, "has_keys": keys is not None})
    made = {"file": str(target), "bytes": target.stat().st_size, "sha256": archive.sha256_of(target)}
    head = facts["head"] or {}
    told = {"acts": facts["acts"], "size": head.get("size", 0), "root": head.get("root", ""), "sha256": made["sha256"]}
    act = request.act(book, "backup_made", subject=book.slug, facts={**told, "has_keys": keys is not None})
    book.run(lambda unit: journal.post(unit, [act]))
    return {name: facts[name] for name in ("acts", "head", "key_ids")} | {"has_keys": keys is not None} | made


def key_checks(keyring: Keyring) -> dict[str, str]:
    """For each key id a short code that only this key makes: says whether a keyring is the one a backup needs."""
    purposes = {mark: purpose for purpose, mark in PURPOSES.items()}
    return {id: keyring.mac(purposes[id[0]], CHECKED, CHECK_BYTES, key_id=id)[1].hex() for id in keyring.key_ids()}


def _pack(book: Book, unit: Unit, request: Request, packing: Packing, progress: Progress) -> dict[str, Any]:
    for name in dump.KEPT:
        progress(name, packing.add(name, dump.columns_of(name), dump.lines_of(unit, name)))
    local = request.now.astimezone(ZoneInfo(book.settings.zone)).isoformat(timespec="seconds")
    return {
        "book": book.slug,
        "made_at": local,
        "schema": HEAD,
        "genesis": books.founded(unit),
        **_facts(book, unit),
        "key_checks": key_checks(book.keyring),
        "left_out": sorted(dump.LEFT_OUT),
    }


def _facts(book: Book, unit: Unit) -> dict[str, Any]:
    row = leaves.head(unit)
    head = None if row is None else trail.head_of(book.slug, row).document()
    return {"acts": dump.count_acts(unit), "head": head, "key_ids": list(book.keyring.key_ids())}
