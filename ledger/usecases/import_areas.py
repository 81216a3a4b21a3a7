"""Import the grid: towns, communities, grids and micro-grids, one row for each of the deepest."""

from __future__ import annotations

from pathlib import Path

from ledger.domain.act import micros
from ledger.paperwork import AreaRow, digest_of, read_areas
from ledger.storage import people
from ledger.storage.people import Area
from ledger.storage.rows.people import AreaRow as StoredArea
from ledger.storage.unit_of_work import Book
from ledger.usecases.area_names import AreaIndex, area_code
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.request import Answer, Request

LEVELS = ("town", "community", "grid", "micro_grid")


def import_areas(book: Book, request: Request, path: Path, *, strict: bool = False, progress: Progress | None = None) -> Answer:
    """Import 网格架构. People named there are contacts, kept sealed with the area. See `run_import`."""
    reading = read_areas(path)

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        known = batch.known("areas")
        index = AreaIndex(people.areas(batch.unit))
        codes = {row[0] for row in batch.unit.rows(people.AREA_CODES)}
        stored: list[dict[str, object]] = []
        for line in reading.lines:
            batch.tell(reading.read)
            bad = line.first()
            if bad:
                batch.reject(line, bad)
                continue
            row = line.row
            names = [getattr(row, level) for level in LEVELS if getattr(row, level)]
            value = text_of((*names, row.contact_name, row.contact_phone))
            sorted_row = sort_line(batch, line, known, "areas", "/".join(names), value, key_field=_deepest(row))
            if sorted_row is None:
                continue
            area = _open_all(batch, index, codes, row, stored)
            batch.accept("areas", *sorted_row, area.code)
        batch.unit.insert_many(StoredArea, stored)

    return run_import(book, request, kind="areas", file_digest=digest_of(path), as_of="", strict=strict, fill=fill, progress=progress)


def _deepest(row: AreaRow) -> str:
    return next((level for level in reversed(LEVELS) if getattr(row, level)), "town")


def _open_all(batch: Batch, index: AreaIndex, codes: set[str], row: AreaRow, stored: list[dict[str, object]]) -> Area:
    """Open every level of the row's path that does not exist yet, and return the deepest.

    Micro-grids hang below their grid but are numbered within the community.
    """
    path, parent, pool = "", "", ""
    area: Area | None = None
    community = ""
    for level in LEVELS:
        name = getattr(row, level)
        if not name:
            continue
        path = f"{path}/{name}" if path else name
        area = index.by_path.get(path)
        if area is None:
            code = area_code(name, community or parent, codes)
            area = Area(code, parent, level, name, path, code if level in ("town", "community") else pool)
            _store(batch, area, stored, row if level == _deepest(row) else None)
            codes.add(code)
            index.add(area)
        parent, pool = area.code, area.pool
        community = area.code if level == "community" else community
    assert area is not None
    return area


def _store(batch: Batch, area: Area, stored: list[dict[str, object]], row: AreaRow | None) -> None:
    contact = text_of((row.contact_name, row.contact_phone)) if row else ""
    sealed = batch.book.keyring.seal("contact", area.code, contact) if contact.strip("\x1f") else b""
    stored.append(
        {
            "code": area.code, "parent": area.parent, "kind": area.kind, "name": area.name, "path": area.path, "pool": area.pool,
            "contact": sealed, "from_at": micros(batch.request.now), "until_at": None, "batch": batch.id,
        }
    )  # fmt: skip
    facts = {"parent": area.parent, "kind": area.kind, "name": area.name, "path": area.path, "pool": area.pool}
    batch.act("area_opened", subject=area.code, facts=facts)
