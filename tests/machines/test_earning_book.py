"""A hypothesis machine over earning: people come, leave, are approved, rejected, imported, undone, settled and spend, in any order."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ledger.domain import errors
from ledger.domain.earning import Rule
from ledger.storage import goods, service
from ledger.storage.sql import Statement
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.usecases.check_in import check_in_oneself
from ledger.usecases.check_out import check_out_oneself
from ledger.usecases.identify import signer
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.open_activity import open_activity
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.undo_batch import undo_batch
from tests.cast import District, found_district, local, migrated_settings, open_book

PEOPLE = {"V000001": "王玉兰,13800000001", "V000002": "欧阳娜娜,13800000002", "V000005": "买买提·艾力,13800000005"}
START = {"V000001": 100, "V000002": 60, "V000005": 10}
DAYS = 3
POINTS, DAY_CAP = 6, 9
"""Two activities a day of one event rule: the second earns three of its six."""

SUM = Statement("SELECT commodity, SUM(amount) FROM {posting} GROUP BY commodity HAVING SUM(amount) <> 0")

people = st.sampled_from(sorted(PEOPLE))
activities = st.integers(0, 2 * DAYS - 1)


class EarningBook(RuleBasedStateMachine):
    """Model per person: spendable, owed, and what each attendance gave (points, minutes) with its state and batch.

    Points that settle pay what is owed first; what is undone after it was spent is owed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-earning-"))
        self.book = open_book(migrated_settings(self.folder), seed=2)
        self.district: District = found_district(self.book, self.folder)
        d = self.district
        d.to_redeeming()
        d.tick_at(local("2022-12-20 08:00"))
        event = Rule(
            id="capped", version=1, name="每次", basis="event", points=POINTS, clause="第一条", caps={"day": DAY_CAP}, min_evidence=2
        )
        publish_rule(self.book, d.request("publish", d.officer), event, valid_from=local("2022-01-01 00:00"))
        self.first = local("2022-12-21 09:00")
        self.ids, self.codes = [], []
        for n in range(2 * DAYS):
            opened = open_activity(self.book, d.request("open", d.organiser), name=f"第{n}次", kind="", area="石桥街道/东苑社区",
                                   starts_at=self.starts(n), ends_at=self.starts(n) + timedelta(hours=2), rule="capped")  # fmt: skip
            self.ids.append(opened["activity"])
            self.codes.append(opened["code"])
        self.records: dict[tuple[str, int], dict[str, Any]] = {}
        self.batches: dict[str, list[tuple[str, int]]] = {}
        self.lots = {p: {"2022Q2": START[p], "2022Q3": d.balance(p).spendable - START[p]} for p in PEOPLE}
        self.owed = dict.fromkeys(PEOPLE, 0)
        self.settled = False
        self.file = 0

    def starts(self, n: int) -> Any:
        return self.first + timedelta(days=n // 2, hours=4 * (n % 2))

    def room(self, person: str, n: int) -> int:
        """What the day's cap leaves for an activity."""
        earned = sum(
            r["points"] for (p, m), r in self.records.items() if p == person and m // 2 == n // 2 and r["state"] != "gone" and m != n
        )
        return max(0, min(POINTS, DAY_CAP - earned))

    def known(self, person: str, n: int) -> bool:
        return (person, n) in self.records and not self.records[person, n].get("undone")

    def go_to(self, moment: Any) -> None:
        if moment > self.district.now:
            self.district.now = moment

    @precondition(lambda self: not self.settled)
    @rule(person=people, n=activities, poster=st.booleans())
    def come(self, person: str, n: int, poster: bool) -> None:
        if self.district.now >= self.starts(n) + timedelta(hours=2):
            return
        self.go_to(self.starts(n))
        sign = signer(self.book)
        shown = sign.poster(self.ids[n]) if poster else sign.activity_code(self.ids[n], self.district.now)
        request = self.district.request("check_in", self.district.as_volunteer(person))
        try:
            answer = check_in_oneself(self.book, request, shown=shown)
        except errors.AlreadyCheckedIn:
            assert self.known(person, n)
            return
        assert not self.known(person, n)
        points = 0 if poster else self.room(person, n)
        assert (answer["points"], answer["state"]) == (points, "waiting" if poster else "checked_in")
        state = "waiting" if poster else "in"
        self.records[person, n] = {"id": answer["attendance"], "points": points, "minutes": 0, "state": state, "came": self.district.now}

    @precondition(lambda self: not self.settled)
    @rule(person=people, n=activities, after=st.integers(0, 150))
    def leave(self, person: str, n: int, after: int) -> None:
        record = self.records.get((person, n))
        if record is None or record["state"] != "in" or self.district.now >= self.starts(n) + timedelta(hours=2):
            return
        self.go_to(min(record["came"] + timedelta(minutes=after), self.starts(n) + timedelta(minutes=119)))
        shown = signer(self.book).activity_code(self.ids[n], self.district.now)
        check_out_oneself(self.book, self.district.request("check_out", self.district.as_volunteer(person)), shown=shown)
        record |= {"state": "out", "minutes": (self.district.now - record["came"]) // timedelta(minutes=1)}

    @precondition(lambda self: not self.settled)
    @rule(person=people, n=activities)
    def approve(self, person: str, n: int) -> None:
        record = self.records.get((person, n))
        if record is None or record["state"] != "waiting":
            return
        points = self.room(person, n)
        answer = approve_attendance(self.book, self.district.request("approve", self.district.officer), attendance=record["id"])
        minutes = (self.starts(n) + timedelta(hours=2) - record["came"]) // timedelta(minutes=1)
        assert (answer["points"], answer["minutes"]) == (points, minutes)
        record |= {"state": "out", "points": points, "minutes": minutes}

    @rule(person=people, n=activities)
    def reject(self, person: str, n: int) -> None:
        record = self.records.get((person, n))
        if record is None or record.get("undone"):
            return
        request = self.district.request("reject", self.district.officer)
        try:
            reject_attendance(self.book, request, attendance=record["id"], reason="未到")
        except errors.AlreadyReversed:
            assert self.settled
            assert record["points"] > 0
            return
        assert record["state"] == "gone" or not (self.settled and record["points"])
        record |= {"state": "gone", "points": 0, "minutes": 0}

    @precondition(lambda self: not self.settled)
    @rule(rows=st.lists(st.tuples(people, activities), min_size=1, max_size=5, unique=True))
    def bring_sheet(self, rows: list[tuple[str, int]]) -> None:
        self.file += 1
        self.go_to(self.starts(max(n for _p, n in rows)) + timedelta(hours=2))
        sheet = self.folder / f"sheet{self.file}.csv"
        lines = [f"{self.codes[n]},{PEOPLE[p]},{self.starts(n).astimezone(self.zone):%Y-%m-%d %H:%M}," for p, n in rows]
        sheet.write_text("\n".join(["活动编号,姓名,联系电话,签到时间,签退时间", *lines]), encoding="utf-8")
        fresh = [row for row in rows if not self.known(*row)]
        report = import_attendance(self.book, self.district.request("import", key=None), sheet)
        assert report["accepted"] == len(fresh)
        for person, n in fresh:
            self.records[person, n] = {"id": "", "points": self.room(person, n), "minutes": 120, "state": "out"}
        if report["batch"]:
            self.batches[report["batch"]] = fresh
            for person, n in fresh:
                found = self.book.read(lambda unit, p=person, n=n: service.attendance_at(unit, self.ids[n], p))
                self.records[person, n]["id"] = found.id
        assert report["control"]["points"] == sum(self.records[row]["points"] for row in fresh)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def undo(self, data: st.DataObject) -> None:
        batch = data.draw(st.sampled_from(sorted(self.batches)))
        rows = self.batches.pop(batch)
        answer = undo_batch(self.book, self.district.request("undo", key=None), batch=batch)
        new_debt = 0
        for person, n in rows:
            record = self.records[person, n]
            points = record["points"] if record["state"] != "gone" else 0
            record |= {"undone": True, "state": "gone", "points": 0, "minutes": 0}
            if self.settled and points:
                new_debt += self.take_back(person, points, record)
        assert answer["debt"] == new_debt

    def take_back(self, person: str, points: int, record: dict[str, Any]) -> int:
        """What settled goes out of the lot again, the part that paid a debt is owed again, and what is missing is owed."""
        self.owed[person] += record["paid_debt"]
        due = points - record["paid_debt"]
        short = max(0, due - self.lots[person]["2022Q4"])
        self.lots[person]["2022Q4"] -= due - short
        self.owed[person] += short
        return short

    @precondition(lambda self: not self.settled)
    @rule()
    def settle(self) -> None:
        """The notice of the quarter comes and goes. Opening points of the year have lapsed by then."""
        self.district.tick_at(local("2023-01-04 09:00"))
        self.district.tick_at(local("2023-01-12 09:00"))
        self.settled = True
        for person in PEOPLE:
            self.lots[person] = {"2022Q4": 0}
        for (person, n), record in self.in_notice_order():
            if record["state"] == "in":
                record |= {"state": "out", "minutes": 120 - (record["came"] - self.starts(n)) // timedelta(minutes=1)}
            if record["state"] == "out":
                record["paid_debt"] = min(self.owed[person], record["points"])
                self.owed[person] -= record["paid_debt"]
                self.lots[person]["2022Q4"] += record["points"] - record["paid_debt"]

    def in_notice_order(self) -> list[tuple[tuple[str, int], dict[str, Any]]]:
        return list(self.records.items())

    @precondition(lambda self: self.settled)
    @rule(person=people)
    def spend(self, person: str) -> None:
        spendable = sum(self.lots[person].values())
        try:
            self.district.collect(self.district.hold("SP-03", 1, person)["hold"])
        except errors.NotEnoughPoints:
            assert spendable < 8
            return
        self.lots[person]["2022Q4"] -= 8

    @property
    def zone(self) -> Any:
        from tests.cast import SHANGHAI

        return SHANGHAI

    @invariant()
    def book_and_counters_agree(self) -> None:
        for person in PEOPLE:
            mine = [r for (p, _n), r in self.records.items() if p == person]
            balance = self.district.balance(person)
            pending = 0 if self.settled else sum(r["points"] for r in mine if r["state"] != "gone")
            expected = (sum(self.lots[person].values()), pending, self.owed[person])
            assert (balance.spendable, balance.pending, balance.debt) == expected, person
            before = {"V000001": 178}.get(person, 0)
            assert balance.honour_minutes == before + sum(r["minutes"] for r in mine), person
        assert self.book.read(lambda unit: unit.rows(SUM)) == []

    @invariant()
    def no_day_gives_more_than_its_cap(self) -> None:
        for person in PEOPLE:
            for day in range(DAYS):
                given = sum(r["points"] for (p, n), r in self.records.items() if p == person and n // 2 == day)
                assert given <= DAY_CAP

    def teardown(self) -> None:
        self.district.check_clean()
        assert self.book.read(lambda unit: goods.balance(unit, "debt/V000001")) == -self.owed["V000001"]
        self.book.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestEarningBook = EarningBook.TestCase
TestEarningBook.settings = settings(max_examples=20, stateful_step_count=40)
