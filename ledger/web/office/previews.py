"""What a file holds and what importing it would do: the real importer, rehearsed. Names and phones are masked before they are kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from flask_babel import gettext as _

from ledger import phrases
from ledger.domain.errors import InvalidInput, UnreadableFile
from ledger.domain.people import mask_name, mask_phone
from ledger.paperwork import (
    GoodsReading,
    Line,
    Reading,
    SheetRead,
    read_activities,
    read_areas,
    read_attendance,
    read_goods,
    read_opening,
    read_people,
    read_stations,
    stated_as_of,
)
from ledger.storage.unit_of_work import Book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.request import Answer, Request
from ledger.web.language import language
from ledger.web.office.words import KINDS_OF_FILE

READERS: Final[Mapping[str, Callable[[Path], Any]]] = {
    "areas": read_areas,
    "people": read_people,
    "stations": read_stations,
    "goods": read_goods,
    "activities": read_activities,
    "attendance": read_attendance,
    "opening": read_opening,
}
IMPORTERS: Final[Mapping[str, Callable[..., Answer]]] = {
    "areas": import_areas,
    "people": import_people,
    "stations": import_stations,
    "goods": import_goods,
    "activities": import_activities,
    "attendance": import_attendance,
    "opening": import_opening,
}
TAKES_AS_OF: Final = ("goods", "opening")
ROWS_SHOWN: Final = 20
REJECTED_KEPT: Final = 5000
"""Refused rows kept for the page and the download; a file that has more is not worth mending row by row."""

ABOUT_PEOPLE: Final = ("people", "attendance", "opening")

Sorts = dict[str, tuple[Reading[Any], ...]]
Refused = Mapping[tuple[str, int], Mapping[str, Any]]
"""Refused rows of a report by sheet and row."""


def sorts_of(path: Path, kind: str = "") -> Sorts:
    """Which kinds of sheets a file holds, each with what was read. A sheet that fits several kinds is of the one that knows most columns.

    Args: kind: what the officer says it is; empty to find out.
    Raises: UnreadableFile; when nothing fits, with the columns that the nearest kind lacks.
    """
    found: Sorts = {}
    nearest: UnreadableFile | None = None
    for name in (kind,) if kind else READERS:
        try:
            found[name] = _readings(READERS[name](path))
        except UnreadableFile as refusal:
            if not str(refusal.facts["reason"]).startswith("missing_columns"):
                raise
            nearest = min((nearest, refusal), key=_lacking) if nearest else refusal
    if not found:
        raise nearest or UnreadableFile("not_a_table")
    return found if kind else _best(found)


def _readings(read: Reading[Any] | GoodsReading) -> tuple[Reading[Any], ...]:
    if isinstance(read, GoodsReading):
        return tuple(reading for reading in (read.goods, read.stock) if reading.sheets)
    return (read,)


def _lacking(refusal: UnreadableFile) -> int:
    return str(refusal.facts["reason"]).count(",")


def _best(found: Sorts) -> Sorts:
    """Each sheet counts for the kind that knows most of its columns; a kind that is best for no sheet is left out."""
    best: dict[str, tuple[int, str]] = {}
    for kind, readings in found.items():
        for sheet in _sheets(readings):
            best[sheet.name] = max(best.get(sheet.name, (0, "")), (len(sheet.order), kind))
    kinds = {kind for _columns, kind in best.values()}
    return {kind: found[kind] for kind in KINDS_OF_FILE if kind in kinds}


def _sheets(readings: Iterable[Reading[Any]]) -> list[SheetRead]:
    return [sheet for reading in readings for sheet in reading.sheets]


def run(book: Book, request: Request, kind: str, path: Path, *, as_of: str, strict: bool) -> Answer:
    """Import one kind of sheets of a file; rehearsed when the request is dry. Raises what the importer raises."""
    more: dict[str, Any] = {}
    if kind == "goods":
        more["as_of"] = as_of
    elif kind == "opening":
        more["as_of"] = date.fromisoformat(as_of) if as_of else None
    return IMPORTERS[kind](book, request, path, strict=strict, **more)


def preview(book: Book, request: Request, kind: str, readings: Sequence[Reading[Any]], path: Path, *, as_of: str) -> dict[str, Any]:
    """What importing would do, as JSON-able values without anybody's name or phone in the clear."""
    stated = stated_as_of(readings[0]) if kind == "opening" else None
    shown: dict[str, Any] = {"kind": kind, "sheets": [_sheet(sheet) for sheet in _sheets(readings)]}
    try:
        report = run(book, replace(request, dry=True), kind, path, as_of=as_of, strict=False)
    except InvalidInput as refusal:
        if refusal.facts.get("field") != "as_of":
            raise
        return {**shown, "needs_as_of": True, "tables": []}
    refused = {(row["sheet"], row["row"]): row for row in report["rejected"]}
    return {
        **shown,
        **results(report),
        "as_of": as_of or (stated.isoformat() if stated else ""),
        "tables": [_table(kind, reading, refused) for reading in readings],
    }


def results(report: Answer) -> dict[str, Any]:
    """The counts of an import, its control totals and its refused rows."""
    return {
        "batch": report["batch"],
        "read": report["read"],
        "counts": {"new": report["accepted"], "unchanged": report["unchanged"], "rejected": len(report["rejected"])},
        "control": report["control"],
        "rejected": report["rejected"][:REJECTED_KEPT],
    }


def _sheet(sheet: SheetRead) -> dict[str, Any]:
    return {"name": sheet.name, "read": sheet.read, "ignored": list(sheet.ignored)}


def _table(kind: str, reading: Reading[Any], refused: Refused) -> dict[str, Any]:
    """The columns found and the first rows of the first sheet of a kind."""
    sheet = reading.sheets[0]
    first = [line for line in reading.lines[:ROWS_SHOWN] if line.heading == sheet]
    fields = [name for name in sorted(sheet.order, key=lambda name: sheet.order[name]) if name == "remark" or _has(first, name)]
    columns = [{"found": sheet.columns[name], "ours": "" if name == "remark" else sheet.titles[name]} for name in fields]
    return {"name": sheet.name, "columns": columns, "rows": [_row(kind, line, fields, refused) for line in first]}


def _has(lines: Sequence[Line[Any]], name: str) -> bool:
    return bool(lines) and hasattr(lines[0].row, name)


def _row(kind: str, line: Line[Any], fields: Sequence[str], refused: Refused) -> dict[str, Any]:
    why = {problem.column: problem.code for problem in line.problems}
    known = refused.get((line.sheet, line.number))
    if known is not None:
        why.setdefault(known["column"], known["code"])
    columns = line.heading.columns
    cells = [{"value": cell_of(kind, name, getattr(line.row, name, "")), "code": why.get(columns[name], "")} for name in fields]
    return {"no": line.number, "cells": cells}


def cell_of(kind: str, name: str, value: object) -> str:
    """A cell as a page may show it: people's names and phones masked, ID numbers and remarks not at all."""
    if name in ("id_number", "remark"):
        return _("不保留") if value else ""
    if name == "phones":
        return "、".join(mask_phone(str(phone)) for phone in value) if isinstance(value, tuple) else ""
    if name == "contact_phone":
        return mask_phone(str(value))
    if name == "contact_name" or (name == "name" and kind in ABOUT_PEOPLE):
        return mask_name(str(value)) if value else ""
    if name == "unit_cost_fen" and isinstance(value, int):
        return f"{value / 100:.2f}"
    if value is None or value == date.min:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def sentences(rejected: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Refused rows with their sentence in the visitor's language."""
    return [{**row, "message": phrases.row_message(row["code"], row["column"], language())} for row in rejected]
