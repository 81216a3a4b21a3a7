"""Import stations: place, hours, community. The person in charge is a contact, kept sealed."""

from __future__ import annotations

from pathlib import Path

from ledger.domain.account import can_name_station
from ledger.domain.act import micros
from ledger.paperwork import digest_of, read_stations
from ledger.storage import people
from ledger.storage.rows.goods import StationRow as StoredStation
from ledger.storage.unit_of_work import Book
from ledger.usecases.area_names import AreaIndex
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.request import Answer, Request


def import_stations(book: Book, request: Request, path: Path, *, strict: bool = False, progress: Progress | None = None) -> Answer:
    """Import 红色驿站, keyed by station code. See `run_import`."""
    reading = read_stations(path)

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        known, index = batch.known("stations"), AreaIndex(people.areas(batch.unit))
        stored: list[dict[str, object]] = []
        for line in reading.lines:
            batch.tell(reading.read)
            row = line.row
            area, unknown = index.find(row.town, row.community, row.grid, row.micro_grid)
            mine = [line.problem(unknown, "unknown_area")] if area is None else []
            mine += [] if can_name_station(row.code) or not row.code else [line.problem("code", "unknown_station")]
            bad = line.first(*mine)
            if bad or area is None:
                batch.reject(line, bad or line.problem("community", "unknown_area"))
                continue
            value = text_of(
                (row.code, row.name, area.code, row.address, row.longitude, row.latitude, row.hours, row.contact_name, row.contact_phone)
            )
            sorted_row = sort_line(batch, line, known, "stations", row.code, value, key_field="code")
            if sorted_row is None:
                continue
            contact = batch.book.keyring.seal("contact", row.code, text_of((row.contact_name, row.contact_phone)))
            stored.append(
                {
                    "code": row.code, "name": row.name, "area": area.code, "address": row.address, "hours": row.hours,
                    "longitude": "" if row.longitude is None else str(row.longitude),
                    "latitude": "" if row.latitude is None else str(row.latitude),
                    "contact": contact, "status": "open", "opened_at": micros(batch.request.now), "batch": batch.id,
                }
            )  # fmt: skip
            batch.act("station_opened", subject=row.code, station=row.code, facts={"name": row.name, "area": area.code})
            batch.accept("stations", *sorted_row, row.code)
        _forget_undone(batch, [str(s["code"]) for s in stored])
        batch.unit.insert_many(StoredStation, stored)

    return run_import(book, request, kind="stations", file_digest=digest_of(path), as_of="", strict=strict, fill=fill, progress=progress)


def _forget_undone(batch: Batch, codes: list[str]) -> None:
    """A code whose earlier import was undone may come again: its row is replaced."""
    batch.unit.change(people.FORGET_UNDONE_STATIONS, codes=codes)
