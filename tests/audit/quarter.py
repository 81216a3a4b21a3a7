"""The small district through three quarters, the same to the byte each time: fixed clock, keys and codes, seeded ids.

Every kind of act that moves points happens once at least: openings, service on paper and at the venue, caps, an approval, a
rejection, objections of both outcomes, settlement with a debt, holds in every state, hand-overs, one taken back, an undone
import, lots that lapse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import xlsxwriter
from sqlalchemy import create_engine, text

from ledger.domain.earning import Rule
from ledger.domain.people import Actor
from ledger.usecases.advance_cycle import tick
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.usecases.check_in import check_in_for
from ledger.usecases.check_out import check_out_for
from ledger.usecases.decide_objection import decide_objection
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_opening import import_opening
from ledger.usecases.object_to_line import object_to_line
from ledger.usecases.open_activity import open_activity
from ledger.usecases.price_good import price_good
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.request import Answer, Request
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.usecases.undo_batch import undo_batch
from tests.cast import IMPORTED_AT, NOTICED_AT, REDEEMING_AT, District, found_district, local, migrated_settings, open_book

AREA = "石桥街道/东苑社区"
HOURLY = Rule(
    id="hourly", version=1, name="巡逻按时长", basis="minute", points=4, clause="细则第七条", per_mille=1500, rounding="half_up",
    caps={"day": 20, "quarter": 30},
)  # fmt: skip
STRICT = Rule(id="strict", version=1, name="须复核", basis="event", points=9, clause="细则第八条", min_evidence=3)


@dataclass
class Repeatable(District):
    """A district whose request keys, traces and codes count up instead of being random."""

    count: int = 0

    def next(self) -> int:
        self.count += 1
        return self.count

    def request(
        self, name: str, actor: Actor | None = None, key: str | None = "", body: Mapping[str, Any] | None = None, **more: Any
    ) -> Request:
        fresh = f"{name}-{self.next()}" if key == "" else key
        return super().request(name, actor, fresh, body, **{"trace": f"t{self.next()}", **more})

    def tick_at(self, moment: datetime) -> list[Answer]:
        self.now = moment
        return tick(self.book, self.request("tick", key=None))

    def code(self, person: str | None = None, nonce: bytes | None = None) -> str:
        return super().code(person, nonce or self.next().to_bytes(6, "big"))


def lived(home: Path, url: str = "") -> Repeatable:
    """A book in `home` (keys and tables there are kept) that lived until the middle of January 2023."""
    book = open_book(migrated_settings(home, url), seed=11)
    with patch("tests.cast.write_goods", write_goods_alike):
        found = found_district(book, home)
    district = Repeatable(**{f.name: getattr(found, f.name) for f in fields(District)})
    serve(district)
    district.tick_at(NOTICED_AT)
    object_twice(district)
    district.tick_at(REDEEMING_AT)
    redeem(district)
    district.tick_at(local("2022-11-01 09:00"))
    for moment in ("2023-01-01 09:00", "2023-01-04 09:00", "2023-01-12 09:00"):
        district.tick_at(local(moment))
    return district


def emptied(url: str) -> None:
    """Make room for a book on a PostgreSQL server; nothing to do where there is none."""
    if not url:
        return
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text('DROP SCHEMA IF EXISTS "book_main" CASCADE'))
    engine.dispose()


def write_goods_alike(path: Path, goods: list[list[str]], stock: list[list[str]]) -> None:
    """A workbook says when it was made, and the import keeps its digest: made always at the same moment."""
    with xlsxwriter.Workbook(str(path)) as workbook:
        workbook.set_properties({"created": IMPORTED_AT.replace(tzinfo=None)})
        for name, rows in (("兑换物资", goods), ("驿站库存", stock)):
            sheet = workbook.add_worksheet(name)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)


# -- earning ---------------------------------------------------------------------------------------------------------
def serve(d: District) -> None:
    """A patrol of six hours and a watch of two on the last of September, on paper; the third of October at the venue."""
    d.later(hours=1)
    for rule in (HOURLY, STRICT):
        publish_rule(d.book, d.request("publish_rule", d.officer), rule, valid_from=local("2022-01-01 00:00"))
    patrol = opened(d, "晚间巡逻", "hourly", "2022-09-30 15:00", "2022-09-30 21:00")
    watch = opened(d, "夜间值守", "hourly", "2022-09-30 21:30", "2022-09-30 23:00")
    on_paper(d, f"{patrol},王玉兰,13800000001,14:50,18:10", f"{watch},王玉兰,13800000001,21:30,", f"{patrol},欧阳娜娜,13800000002,,17:00")
    walk = opened(d, "入户走访", "hourly", "2022-10-03 09:00", "2022-10-03 11:00")
    snow = opened(d, "夜间清雪", "strict", "2022-10-03 14:00", "2022-10-03 15:00")
    d.now = local("2022-10-03 09:04")
    come(d, walk, d.volunteer)
    for forgetful in (d.neighbour, d.outsider):
        come(d, walk, forgetful)
    d.now = local("2022-10-03 10:31")
    check_out_for(d.book, d.request("check_out", d.organiser), activity=walk, shown=d.card(d.volunteer))
    d.now = local("2022-10-03 14:05")
    waiting = [come(d, snow, person)["attendance"] for person in (d.volunteer, d.outsider)]
    d.now = local("2022-10-03 16:00")
    approve_attendance(d.book, d.request("approve", d.officer), attendance=waiting[0])
    reject_attendance(d.book, d.request("reject", d.officer), attendance=waiting[1], reason="没有到场")


def opened(d: District, name: str, rule: str, starts: str, ends: str) -> str:
    """The code of a new activity."""
    request = d.request("open_activity", d.organiser)
    starts_at, ends_at = local(starts), local(ends)
    return str(
        open_activity(d.book, request, name=name, kind="志愿服务", area=AREA, starts_at=starts_at, ends_at=ends_at, rule=rule)["code"]
    )


def on_paper(d: District, *rows: str) -> None:
    sheet = d.folder / f"sheet{len(rows)}.csv"
    sheet.write_text("\n".join(("活动编号,姓名,联系电话,签到时间,签退时间", *rows)) + "\n", encoding="utf-8")
    report = import_attendance(d.book, d.request("import", key=None), sheet)
    assert report["accepted"] == len(rows), report


def come(d: District, activity: str, person: str) -> Answer:
    return check_in_for(d.book, d.request("check_in", d.organiser), activity=activity, shown=d.card(person))


def object_twice(d: District) -> None:
    """One objection is refused, one upheld: its line is voided."""
    d.later(days=1)
    filed = [
        object_to_line(d.book, d.request("object", d.console), line=f"2022Q3-{n}", reason="没有看到这个人")["tracking"] for n in (1, 2)
    ]
    for tracking, outcome in zip(filed, ("confirm", "uphold"), strict=True):
        decide_objection(d.book, d.request("decide", d.officer), tracking=tracking, outcome=outcome, answer="已经核实")


# -- redeeming -------------------------------------------------------------------------------------------------------
def redeem(d: Repeatable) -> None:
    d.later(days=1)
    d.collect(d.hold("SP-01", 2)["hold"])
    price_good(d.book, d.request("price_good", d.officer), sku="SP-03", price_points=9, limit_per_cycle=None, reason="进价上涨")
    d.later(minutes=20)
    d.walk_up("SP-03", 3)
    taken = d.walk_up("SP-02", 1, shown=d.code(d.neighbour))
    d.later(minutes=1)
    shown = d.code(d.neighbour)
    reverse_hand_over(d.book, d.request("reverse", d.keeper), redemption=taken["redemption"], reason="拿错了", volunteer=shown)
    d.void(d.hold("SP-03", 1)["hold"])
    d.later(hours=1)
    more = d.folder / "more.csv"
    more.write_text("姓名,联系电话,截至2022年6月29日结余积分\n买买提·艾力,13800000005,40\n", encoding="utf-8")
    batch = import_opening(d.book, d.request("import", key=None), more)["batch"]
    d.later(hours=1)
    d.walk_up("SP-03", 2, shown=d.code(d.outsider))
    kept = d.hold("SP-03", 3, d.outsider)
    d.later(minutes=1)
    undo_batch(d.book, d.request("undo", key=None), batch=batch)
    d.later(minutes=1)
    d.void(kept["hold"], d.outsider)
    d.hold("SP-03", 1)  # nobody comes for it
