"""A backup as one file: a zip of JSON lines for each table, the keys under a passphrase if asked for, and a manifest.

The manifest is written last and names every table with its row count and SHA-256, so that a file that was cut off or
altered is refused. A file appears under its name only when it is whole and on the disk.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from ledger.domain.errors import Unavailable, UnreadableFile
from ledger.storage.dump import Columns

FORMAT: Final = "sanlian-ledger backup"
VERSION: Final = 1
MANIFEST: Final = "manifest.json"
KEYS: Final = "keys.locked"
FASTEST: Final = 1
CHUNK: Final = 1 << 20
NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
KINDS: Final = frozenset({"text", "bytes", "bool"})

Progress = Callable[[str, int], None]


class Packing:
    """A backup being written. `add` tables, then `finish` with what the manifest shall say besides."""

    def __init__(self, stream: Any) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=FASTEST)
        self._tables: list[dict[str, Any]] = []

    def add(self, name: str, columns: Columns, lines: Iterable[bytes]) -> int:
        """Write one table; its row count."""
        digest, rows = hashlib.sha256(), 0
        with self._zip.open(f"{name}.jsonl", "w", force_zip64=True) as member:
            for line in lines:
                member.write(line)
                digest.update(line)
                rows += 1
        self._tables.append({"name": name, "columns": [list(column) for column in columns], "rows": rows, "sha256": digest.hexdigest()})
        return rows

    def add_keys(self, locked: bytes) -> None:
        self._zip.writestr(KEYS, locked)

    def finish(self, facts: Mapping[str, Any]) -> None:
        manifest = {"format": FORMAT, "version": VERSION, **facts, "tables": self._tables}
        self._zip.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        self._zip.close()


@contextmanager
def packing(target: Path) -> Iterator[Packing]:
    """Write a backup beside `target` and give it that name only when it is whole and safe on the disk (mode 0600).

    Raises: Unavailable when the folder cannot be written or is full; no half file stays.
    """
    draft = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w+b") as stream:
                yield Packing(stream)
                stream.flush()
                os.fsync(stream.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise Unavailable("disk" if error.errno in (errno.ENOSPC, errno.EDQUOT) else "path") from error


def sha256_of(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class Unpacking:
    """A backup being read."""

    def __init__(self, file: zipfile.ZipFile, manifest: Mapping[str, Any]) -> None:
        self._zip = file
        self.manifest = manifest

    @property
    def locked_keys(self) -> bytes | None:
        return self._zip.read(KEYS) if KEYS in self._zip.namelist() else None

    def tables(self, progress: Progress) -> Iterator[tuple[str, Columns, Iterator[bytes]]]:
        """Name, columns and lines of each table. Lines raise UnreadableFile at their end when they are not those written."""
        for table in self.manifest["tables"]:
            columns: Columns = tuple((name, kind) for name, kind in table["columns"])
            yield table["name"], columns, self._lines(table)
            progress(table["name"], table["rows"])

    def _lines(self, table: Mapping[str, Any]) -> Iterator[bytes]:
        digest, rows = hashlib.sha256(), 0
        with self._zip.open(f"{table['name']}.jsonl") as member:
            for line in member:
                digest.update(line)
                rows += 1
                yield line
        if rows != table["rows"] or digest.hexdigest() != table["sha256"]:
            raise UnreadableFile("damaged")


@contextmanager
def unpacking(source: Path) -> Iterator[Unpacking]:
    """Open a backup for reading.

    Raises: UnreadableFile("not_found" | "damaged") for what is no whole backup, from the first look to the last line.
    """
    try:
        with zipfile.ZipFile(source) as file:
            yield Unpacking(file, _manifest(file))
    except FileNotFoundError as error:
        raise UnreadableFile("not_found") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UnreadableFile("damaged") from error
    except OSError as error:
        raise Unavailable("path") from error


def _manifest(file: zipfile.ZipFile) -> Mapping[str, Any]:
    if file.getinfo(MANIFEST).file_size > CHUNK:
        raise UnreadableFile("damaged")
    manifest = json.loads(file.read(MANIFEST))
    if manifest["format"] != FORMAT or manifest["version"] != VERSION:
        raise UnreadableFile("damaged")
    for table in manifest["tables"]:
        names = [table["name"], *(name for name, _ in table["columns"])]
        if not all(NAME.fullmatch(name) for name in names) or not KINDS.issuperset(kind for _, kind in table["columns"]):
            raise UnreadableFile("damaged")
    return manifest  # type: ignore[no-any-return]


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
