"""Import activities; each earns by a published rule «N points per event», made from its 积分/次 column."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from ledger.domain.earning import Rule
from ledger.domain.errors import InvalidInput
from ledger.paperwork import ActivityRow, digest_of, read_activities
from ledger.storage import people, service
from ledger.storage.rows.service import ActivityRow as StoredActivity
from ledger.storage.service import Activity
from ledger.storage.unit_of_work import Book
from ledger.usecases.area_names import AreaIndex
from ledger.usecases.import_batch import Batch, Progress, run_import, sort_line, text_of
from ledger.usecases.open_activity import opened
from ledger.usecases.publish_rule import publish_if_new
from ledger.usecases.request import Answer, Request


def import_activities(book: Book, request: Request, path: Path, *, strict: bool = False, progress: Progress | None = None) -> Answer:
    """Import 活动, keyed by activity code. A missing time means the whole local day. See `run_import`."""
    reading = read_activities(path)

    def fill(batch: Batch) -> None:
        batch.read = reading.read
        known, index, rules = batch.known("activities"), AreaIndex(people.areas(batch.unit)), {}
        stored: list[dict[str, object]] = []
        for line in reading.lines:
            batch.tell(reading.read)
            row = line.row
            area = index.community("", row.community)
            mine = [] if area else [line.problem("community", "unknown_area")]
            try:
                steps = batch.book.settings.scale.steps(row.points)
            except InvalidInput:
                steps = 0
                mine.append(line.problem("points", "bad_number"))
            bad = line.first(*mine)
            if not bad and _moment(row.ends_on, row.ends_at, batch, end=True) <= _moment(row.starts_on, row.starts_at, batch):
                bad = line.problem("ends_at", "bad_date")
            if bad or area is None:
                batch.reject(line, bad or line.problem("community", "unknown_area"))
                continue
            value = text_of(
                (row.code, row.name, row.kind, area.code, row.starts_on, row.starts_at, row.ends_on, row.ends_at, row.host, steps)
            )
            sorted_row = sort_line(batch, line, known, "activities", row.code, value, key_field="code")
            if sorted_row is None:
                continue
            if steps not in rules:
                rules[steps] = publish_if_new(batch.unit, batch.request, event_rule(batch, steps), batch=batch.id)
            new = _activity(batch, row, area.code, area.pool, rules[steps])
            stored.append(service.activity_values(new, batch.id))
            batch.acts.append(opened(batch.unit, batch.request, new, batch.id))
            batch.accept("activities", *sorted_row, new.id)
        batch.unit.insert_many(StoredActivity, stored)

    return run_import(book, request, kind="activities", file_digest=digest_of(path), as_of="", strict=strict, fill=fill, progress=progress)


def event_rule(batch: Batch, steps: int) -> Rule:
    """The rule behind a 积分/次 figure. Its clause is the column of the office's own table."""
    points = batch.book.settings.scale.text(steps)
    return Rule(
        id=f"event-{steps}",
        version=1,
        name=f"每次活动{points}分",
        basis="event",
        points=steps,
        clause="活动表「积分/次」一栏",
        min_evidence=1,
    )


def _moment(day: date, at: time | None, batch: Batch, *, end: bool = False) -> datetime:
    local = datetime.combine(day, at or time(), ZoneInfo(batch.book.settings.zone))
    if at is None and end:
        local += timedelta(days=1)
    return local.astimezone(UTC)


def _activity(batch: Batch, row: ActivityRow, area: str, pool: str, rule: Rule) -> Activity:
    starts_at, ends_at = _moment(row.starts_on, row.starts_at, batch), _moment(row.ends_on, row.ends_at, batch, end=True)
    return Activity(
        batch.book.ids.new(batch.request.now), row.code, row.name, row.kind, area, pool, "", row.host, starts_at, ends_at,
        rule.id, rule.version, None, batch.request.actor.id, "open",
    )  # fmt: skip
