"""Import sign-in sheets: paper evidence of an activity; once per person and activity, earning pending points and honour."""

from __future__ import annotations

from datetime import UTC, datetime, time
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.domain.act import micros
from ledger.domain.cycle import Cycle, local_date
from ledger.domain.earning import Rule, served_minutes
from ledger.paperwork import AttendanceRow, Line, digest_of, moment_on, read_attendance
from ledger.storage import batches, service
from ledger.storage.rows.service import AttendanceRow as StoredAttendance
from ledger.storage.service import Activity, Attendance
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.earn import earn, explanation
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.open_cycle import cycle_for_fact
from ledger.usecases.request import Answer, Request
from ledger.usecases.roster import Roster

PAPER_EVIDENCE = 2


def import_attendance(book: Book, request: Request, path: Path, *, strict: bool = False, progress: Progress | None = None) -> Answer:
    """Import 签到表. Control: attendances, points (in points). See `run_import`."""
    reading = read_attendance(path)

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        importer = _Importer(batch)
        for line in reading.lines:
            batch.tell(reading.read)
            importer.take(line)
        batch.unit.insert_many(StoredAttendance, importer.stored)
        batch.control = {"attendances": batch.accepted, "points": book.settings.scale.number(importer.points)}  # type: ignore[dict-item]

    return run_import(book, request, kind="attendance", file_digest=digest_of(path), as_of="", strict=strict, fill=fill, progress=progress)


class _Importer:
    """Maps of the whole book, read once, and the rows collected."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.roster = Roster(batch.unit)
        self.known = batch.known("attendance")
        self.activities: dict[str, str] = dict(batch.unit.rows(batches.ACTIVITIES))
        self.present: set[tuple[str, str]] = {(a, p) for a, p in batch.unit.rows(batches.LIVE_ATTENDANCE)}
        self._opened: dict[str, tuple[Activity, Rule, Cycle, bool]] = {}
        self.stored: list[dict[str, object]] = []
        self.points = 0

    def take(self, line: Line[AttendanceRow]) -> None:
        row, batch = line.row, self.batch
        activity_id = self.activities.get(row.activity, "")
        person, field = self.roster.find(row.name, row.phones)
        mine = [] if activity_id else [line.problem("activity", "unknown_activity")]
        mine += [] if person else [line.problem(field, "unknown_person")]
        bad = line.first(*mine)
        if bad:
            batch.reject(line, bad)
            return
        key, value = text_of((row.activity, person)), text_of((row.activity, row.name, *sorted(row.phones), row.in_at, row.out_at))
        fresh = sort_line(batch, line, self.known, "attendance", key, value, key_field="name", differs="already_checked_in")
        if fresh is None:
            return
        if (activity_id, person) in self.present:
            batch.reject_as(line, "name", "already_checked_in")
            return
        self.present.add((activity_id, person))
        self._record(row, self._activity(activity_id), person)
        batch.accept("attendance", *fresh, person)

    def _activity(self, id: str) -> tuple[Activity, Rule, Cycle, bool]:
        if id not in self._opened:
            unit: Unit = self.batch.unit
            activity = service.activity(unit, id)
            assert activity is not None
            rule = service.rule(unit, activity.rule, activity.rule_version)
            assert rule is not None
            self._opened[id] = (activity, rule, *cycle_for_fact(unit, self.batch.request, activity.starts_at))
        return self._opened[id]

    def _record(self, row: AttendanceRow, opened: tuple[Activity, Rule, Cycle, bool], person: str) -> None:
        batch, (activity, rule, cycle, late) = self.batch, opened
        came_at, left_at = self._at(row.in_at, activity), self._at(row.out_at, activity)
        flags = [word for word, on in (("late", late), ("no_sign_in", came_at is None), ("no_sign_out", left_at is None)) if on]
        minutes = 0 if came_at is None and left_at is None else served_minutes(came_at, left_at, activity.starts_at, activity.ends_at)
        came = min(came_at or activity.starts_at, batch.request.now)
        mine = Attendance(
            batch.book.ids.new(batch.request.now), activity.id, person, "out", came, left_at, minutes, 0, 0, "", cycle.name,
            PAPER_EVIDENCE, " ".join(flags), "", "", batch.request.actor.id,
        )  # fmt: skip
        given = earn(batch.unit, rule=rule, activity=activity, attendance=mine, cycle=cycle, with_points=True, minutes=minutes)
        facts: dict[str, object] = {
            "attendance": mine.id, "came_at": micros(came), "left_at": None if left_at is None else micros(left_at), "minutes": minutes,
            "raw": given.award.raw, "capped_by": given.award.capped_by, "lot": given.lot, "flags": mine.flags,
        }  # fmt: skip
        kind = "service_earned" if given.points else "service_served"
        act = batch.act(kind, occurred_at=came, cycle=cycle.name, facts=facts, postings=given.postings, **explanation(rule, activity, mine))
        values = service.attendance_values(mine, batch.id)
        values |= {
            "points": given.points, "raw_points": given.award.raw, "capped_by": given.award.capped_by,
            "earned_act": act.id if given.points else "", "served_act": act.id if minutes else "",
        }  # fmt: skip
        if rule.caps:  # the next row of this person must count it
            batch.unit.insert_many(StoredAttendance, [values])
        else:
            self.stored.append(values)
        self.points += given.points

    def _at(self, value: datetime | time | None, activity: Activity) -> datetime | None:
        zone = self.batch.book.settings.zone
        local = moment_on(value, local_date(activity.starts_at, zone))
        return None if local is None else local.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
