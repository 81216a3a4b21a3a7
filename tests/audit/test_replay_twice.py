"""The same facts by the same rules give the same book: with the same ids and the same clock, to the byte, on either engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from ledger.audit import trail
from ledger.audit.export import export
from tests.audit.quarter import emptied, lived


def exported(home: Path, url: str = "") -> bytes:
    """Everything the book knows, as JSON lines, after it was sealed."""
    district = lived(home, url)
    try:
        trail.seal(district.book, district.now)
        out = home / "book.jsonl"
        export(district.book, "jsonl", out)
        district.check_clean()
        return out.read_bytes()
    finally:
        district.book.close()


def copied(template: Path, folder: Path) -> Path:
    """The same keys: what is keyed (codes, digests of notes) must not differ for that alone."""
    shutil.copytree(template, folder)
    return folder


def test_a_district_lived_twice_is_the_same_to_the_byte(sqlite_template: Path, tmp_path: Path) -> None:
    first = exported(copied(sqlite_template, tmp_path / "first"))
    second = exported(copied(sqlite_template, tmp_path / "second"))
    assert first.count(b"\n") > 100
    assert first.splitlines() == second.splitlines() and first == second


@pytest.mark.pg
@pytest.mark.xdist_group("pg")
def test_both_engines_keep_the_same_book(sqlite_template: Path, tmp_path: Path, pg_url: str) -> None:
    here = exported(copied(sqlite_template, tmp_path / "here"))
    there = exported(copied(sqlite_template, tmp_path / "there"), pg_url)
    emptied(pg_url)
    assert exported(copied(sqlite_template, tmp_path / "again"), pg_url) == there
    assert here.splitlines() == there.splitlines() and here == there


def test_with_other_ids_only_the_ids_differ(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = exported(copied(sqlite_template, tmp_path / "first"))
    was = __import__("tests.audit.quarter", fromlist=["open_book"]).open_book
    monkeypatch.setattr("tests.audit.quarter.open_book", lambda settings, seed: was(settings, seed=seed + 1))
    second = exported(copied(sqlite_template, tmp_path / "second"))
    assert first != second
    assert without_ids(first) == without_ids(second)


def without_ids(lines: bytes) -> list[object]:
    """The acts with each id replaced by where it was first seen, and without what is made from ids."""
    names: dict[str, str] = {}

    def named(value: object) -> object:
        if isinstance(value, dict):
            return {key: named(item) for key, item in value.items() if key not in ("note_digest", "request", "pass")}
        if isinstance(value, list):
            return [named(item) for item in value]
        if isinstance(value, str):
            return "/".join(part if len(part) != 36 else names.setdefault(part, f"#{len(names)}") for part in value.split("/"))
        return value

    found = []
    for line in lines.splitlines()[1:]:
        act = json.loads(line)
        act["header"]["evidence"] = act["header"]["evidence"].replace("activity:", "activity:/")
        found.append(named({**act, "facts": json.loads(act["facts"])}))
    return found
