"""Restore a book from a backup: it is built and proved aside first, and takes its place only when nothing speaks against it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ledger.audit.checks import check
from ledger.audit.report import Report
from ledger.config import BookSettings
from ledger.domain.errors import ConfigDisagrees, NotEmpty, UnreadableFile
from ledger.domain.ids import IdSource
from ledger.domain.people import require
from ledger.keyring import FILE_NAME, Keyring, KeyringUnreadable
from ledger.storage import archive, dump, journal
from ledger.storage import trail as leaves
from ledger.storage.archive import Unpacking
from ledger.storage.aside import built_aside, lay_keys, take_place
from ledger.storage.locked_keys import unlock
from ledger.storage.unit_of_work import Book
from ledger.usecases.back_up import key_checks
from ledger.usecases.found_book import check_settings
from ledger.usecases.request import Answer, Request

Progress = Callable[[str, int], None]


def restore_book(
    settings: BookSettings, request: Request, source: Path, *, replace_all: bool = False, passphrase: str = "",
    accept_findings: bool = False, progress: Progress | None = None,
) -> Answer:  # fmt: skip
    """Put the book of a backup in the place of an empty one (or, with `replace_all`, of the one that is there).

    The backup is loaded into a copy aside; its digests, its head, its settings and a whole audit must agree. Only then it
    is written over the target, in one transaction; its roles and triggers stay. A backup of either engine fits both.

    Args:
        settings: the book to restore into; it need not exist. passphrase: opens the keys in the backup; without it the keys
            of the book's folder must be the right ones. accept_findings: restore although the audit has findings, because
            the book had them when it was backed up. progress: told what is read and how much of it.
    Returns: {acts, head, key_ids, replaced (acts that were there before), findings: [{name, message}]}; with findings that
        were not accepted, `restored` is false and nothing was changed.
    Raises: Forbidden; NotEmpty; UnreadableFile (not_found, damaged, wrong_key); ConfigDisagrees; Unavailable.
    """
    require(request.actor, "admin")
    tell = progress or (lambda _what, _count: None)
    is_damaged = dump.is_damaged(settings)
    present = 0 if is_damaged else dump.acts_but(settings, "genesis")
    if (present or is_damaged) and not replace_all:
        raise NotEmpty()
    with built_aside(settings) as aside:
        manifest = _load(settings, aside, source, passphrase, tell)
        keyring = Keyring.load(aside.keys_folder)
        book = Book(aside, keyring, IdSource(), pool_size=3)
        try:
            report = _prove(book, manifest, tell)
            findings = [{"name": c.name, "message": c.findings[0].message} for c in report.checks if not c.ok]
            done = not request.dry and (not findings or accept_findings)
            if done:
                _note(book, request, manifest, present)
                take_place(book, settings, is_empty=not present, progress=tell)
        finally:
            book.close()
    told = {"acts": manifest["acts"], "head": manifest["head"], "key_ids": list(keyring.key_ids())}
    return {**told, "replaced": present, "findings": findings, "restored": done}


def _load(settings: BookSettings, aside: BookSettings, source: Path, passphrase: str, tell: Progress) -> Mapping[str, Any]:
    """Keys and tables of the backup into the copy aside. Returns its manifest."""
    with archive.unpacking(source) as unpacking:
        manifest = unpacking.manifest
        if manifest["book"] != settings.slug:
            raise ConfigDisagrees("slug", str(manifest["book"]), settings.slug)
        _lay_keys(settings, aside, unpacking, passphrase)
        dump.load_aside(aside, str(manifest["schema"]), unpacking.tables(tell))
    return manifest


def _lay_keys(settings: BookSettings, aside: BookSettings, unpacking: Unpacking, passphrase: str) -> None:
    """The keys of the backup, or else those of the book's folder, when they are the ones the backup was made with."""
    locked = unpacking.locked_keys
    if passphrase and locked is not None:
        plain = unlock(locked, passphrase)
    else:
        try:
            plain = (settings.keys_folder / FILE_NAME).read_bytes()
        except OSError as error:
            raise UnreadableFile("wrong_key") from error
    lay_keys(aside, plain)
    try:
        keyring = Keyring.load(aside.keys_folder)
    except KeyringUnreadable as error:
        raise UnreadableFile("wrong_key") from error
    held = key_checks(keyring)
    if any(held.get(id) != code for id, code in unpacking.manifest["key_checks"].items()):
        raise UnreadableFile("wrong_key")


def _prove(book: Book, manifest: Mapping[str, Any], tell: Progress) -> Report:
    """The copy against its manifest, our settings and the audit. Raises ConfigDisagrees, UnreadableFile."""
    book.read(check_settings)
    acts, row = book.read(lambda unit: (dump.count_acts(unit), leaves.head(unit)))
    head = manifest["head"]
    told = None if head is None else (head["size"], head["root"], head["signature"])
    found = None if row is None else (row[0], row[1], row[3])
    if acts != manifest["acts"] or told != found:
        raise UnreadableFile("damaged")
    return check(book, tell)


def _note(book: Book, request: Request, manifest: Mapping[str, Any], present: int) -> None:
    """The restored book itself says that it was restored, from what, and how many acts were given up for it."""
    head = manifest["head"] or {}
    facts = {
        "acts": manifest["acts"], "size": head.get("size", 0), "root": head.get("root", ""), "made_at": manifest["made_at"],
        "replaced": present,
    }  # fmt: skip
    act = request.act(book, "restored", subject=book.slug, facts=facts)
    book.run(lambda unit: journal.post(unit, [act]))
