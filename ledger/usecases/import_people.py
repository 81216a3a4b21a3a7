"""Import the roster: people with their card, phones, place in the grid, team and work unit. ID numbers leave no trace."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ledger.domain.act import micros
from ledger.paperwork import Line, PersonRow, digest_of, read_people
from ledger.storage import counters, people
from ledger.storage.people import Area
from ledger.storage.rows.people import CardRow, HolderRow, MembershipRow, PhoneRow, WorkUnitRow
from ledger.storage.unit_of_work import Book
from ledger.usecases.area_names import AreaIndex
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.request import Answer, Request

MARKS = {"双楼长": "building_head", "网格长": "grid_head", "网格员": "grid_worker", "站长": "station_head", "评议员": "reviewer"}


@dataclass
class _Rows:
    """Rows collected for one bulk insert per table."""

    holders: list[dict[str, Any]] = field(default_factory=list)
    phones: list[dict[str, Any]] = field(default_factory=list)
    cards: list[dict[str, Any]] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    units: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[str, str] = field(default_factory=dict)
    work_units: dict[str, str] = field(default_factory=dict)


def import_people(book: Book, request: Request, path: Path, *, strict: bool = False, progress: Progress | None = None) -> Answer:
    """Import 志愿者花名册. A person is name and phone; without a phone, name and place. See `run_import`."""
    reading = read_people(path)

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        index = AreaIndex(people.areas(batch.unit))
        rows = _Rows(teams=_teams(batch), work_units=dict(batch.unit.rows(people.WORK_UNITS)))
        sound = _sound(batch, reading.lines, index, reading.read)
        _number(batch, sound, rows)
        batch.unit.insert_many(HolderRow, rows.holders)
        batch.unit.insert_many(PhoneRow, rows.phones)
        batch.unit.insert_many(CardRow, rows.cards)
        batch.unit.insert_many(MembershipRow, rows.memberships)
        batch.unit.insert_many(WorkUnitRow, rows.units)
        batch.add("people", len(sound))

    return run_import(book, request, kind="people", file_digest=digest_of(path), as_of="", strict=strict, fill=fill, progress=progress)


def _teams(batch: Batch) -> dict[str, str]:
    return {people.open_name(batch.book, id, blob): id for id, blob in batch.unit.rows(people.TEAMS)}


def _sound(batch: Batch, lines: list[Line[PersonRow]], index: AreaIndex, total: int) -> list[tuple[PersonRow, Area, bytes, bytes]]:
    """Rows that are new and whole, with their area and digests."""
    id_numbers: dict[str, str] = {}
    known, sound = batch.known("people"), []
    for line in lines:
        batch.tell(total)
        row = line.row
        area, unknown = index.find(row.town, row.community, row.grid, row.micro_grid)
        bad = line.first(*([line.problem(unknown, "unknown_area")] if area is None else []))
        if bad or area is None:
            batch.reject(line, bad or line.problem("community", "unknown_area"))
            continue
        key_text = text_of((row.name, min(row.phones) if row.phones else area.path))
        if id_numbers.setdefault(key_text, row.id_number) != row.id_number:
            batch.reject_as(line, "id_number", "differs")
            continue
        sorted_row = sort_line(batch, line, known, "people", key_text, _value(row), key_field="name")
        if sorted_row is not None:
            sound.append((row, area, *sorted_row))
    return sound


def _value(row: PersonRow) -> str:
    """Everything the row says but 序号 and the ID number."""
    return text_of(
        (
            row.name,
            row.gender,
            *sorted(row.phones),
            row.town,
            row.community,
            row.grid,
            row.micro_grid,
            row.political_class,
            row.work_unit,
            row.team,
            row.remark,
        )
    )


def _number(batch: Batch, sound: list[tuple[PersonRow, Area, bytes, bytes]], rows: _Rows) -> None:
    """Give out holder and card numbers and collect the rows."""
    if not sound:
        return
    ids = counters.take(batch.unit, "person", len(sound))
    cards = counters.take(batch.unit, "card", len(sound))
    for (row, area, key, value), n, card in zip(sound, ids, cards, strict=True):
        id = f"V{n:06d}"
        _person(batch, rows, row, area, id, counters.card_number(card))
        batch.accept("people", key, value, id)


def _person(batch: Batch, rows: _Rows, row: PersonRow, area: Area, id: str, card: str) -> None:
    keyring, at = batch.book.keyring, micros(batch.request.now)
    rows.holders.append(
        {
            "id": id, "kind": "person", "status": "active", "name": keyring.seal("name", id, row.name),
            "name_lookup": keyring.lookup("name", row.name), "gender": row.gender, "area": area.code, "pool": area.pool,
            "political_class": row.political_class, **_identity(batch, row), "extra_large": False, "joined_at": at, "batch": batch.id,
        }
    )  # fmt: skip
    for phone in row.phones:
        tail = keyring.lookup("phone tail", phone[-4:])
        rows.phones.append(
            {"holder": id, "lookup": keyring.lookup("phone", phone), "tail_lookup": tail, "sealed": keyring.seal("phone", id, phone)}
        )
    rows.cards.append({"number": card, "holder": id, "status": "active", "pin_hash": "", "issued_at": at, "revoked_at": None})
    marks = sorted({mark for word, mark in MARKS.items() if word in row.remark})
    links = [("area", area.code), *(("mark", mark) for mark in marks)]
    if row.team:
        links.append(("team", _team(batch, rows, row.team)))
    if row.work_unit:
        links.append(("work_unit", _work_unit(batch, rows, row.work_unit)))
    rows.memberships += [{"holder": id, "kind": k, "target": t, "from_at": at, "until_at": None, "batch": batch.id} for k, t in links]
    batch.act(
        "person_enrolled", subject=id, facts={"card": card, "area": area.code, "pool": area.pool, "links": [list(link) for link in links]}
    )


def _identity(batch: Batch, row: PersonRow) -> dict[str, Any]:
    """A keyed hash and the last four of the ID number, only where the district asks for it."""
    if not (batch.book.settings.identity.keep_id_digest and row.id_number):
        return {"identity_lookup": None, "identity_tail": ""}
    return {"identity_lookup": batch.book.keyring.lookup("id", row.id_number), "identity_tail": row.id_number[-4:]}


def _team(batch: Batch, rows: _Rows, name: str) -> str:
    known = rows.teams.get(name)
    if known:
        return known
    id = f"T{counters.take(batch.unit, 'team')[0]:04d}"
    rows.teams[name] = id
    keyring = batch.book.keyring
    rows.holders.append(
        {
            "id": id, "kind": "team", "status": "active", "name": keyring.seal("name", id, name),
            "name_lookup": keyring.lookup("name", name),
            "gender": "", "area": "", "pool": "", "political_class": "", "identity_lookup": None, "identity_tail": "", "extra_large": False,
            "joined_at": micros(batch.request.now), "batch": batch.id,
        }
    )  # fmt: skip
    batch.act("team_formed", subject=id)
    return id


def _work_unit(batch: Batch, rows: _Rows, name: str) -> str:
    code = rows.work_units.get(name)
    if code is None:
        code = rows.work_units[name] = f"W{counters.take(batch.unit, 'work_unit')[0]:04d}"
        rows.units.append({"code": code, "name": name})
    return code
