"""A redemption day with everything at once: desks, phones, officers and jobs on two machines, and nobody sees a fault."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from ledger.domain import errors
from ledger.domain.earning import Rule
from ledger.storage.sql import Statement
from ledger.usecases.advance_cycle import tick
from ledger.usecases.approve_attendance import approve_attendance, reject_attendance
from ledger.usecases.check_in import check_in_oneself
from ledger.usecases.check_out import check_out_oneself
from ledger.usecases.identify import signer
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_opening import import_opening
from ledger.usecases.open_activity import open_activity
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.reverse_hand_over import reverse_hand_over
from ledger.usecases.undo_batch import undo_batch
from tests.cast import District, local, open_book

PEOPLE = ("V000001", "V000002", "V000003", "V000005", "V000006")
THREADS = 8
SPENDABLE = Statement("SELECT COALESCE(SUM(balance), 0) FROM {account} WHERE path >= :low AND path < :high")


class Bustle:
    """One person's turn after another, chosen by a die; answers and refusals are counted, anything else is a fault."""

    def __init__(self, districts: list[District], seed: int, seconds: float) -> None:
        self.districts = districts
        self.seed = seed
        self.begun = (districts[0].now + timedelta(seconds=1), time.monotonic())
        self.until = time.monotonic() + seconds
        self.seen: Counter[str] = Counter()
        self.faults: list[BaseException] = []
        self.holds: list[tuple[str, str]] = []
        self.done: list[str] = []
        self.records: list[str] = []
        self.batches: list[str] = []
        self.serial = iter(range(1_000_000))
        self.activities: list[str] = []
        self.lock = threading.Lock()
        self.turns: list[Callable[[District, random.Random], Any]] = [
            self.hold, self.hold, self.collect, self.collect, self.void, self.walk_up, self.walk_up, self.reverse, self.tick, self.come,
            self.come, self.leave, self.judge, self.bring_opening, self.bring_sheet, self.undo, self.look,
        ]  # fmt: skip

    def run(self) -> None:
        threads = [threading.Thread(target=self.turn_after_turn, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def turn_after_turn(self, n: int) -> None:
        die, machine = random.Random(f"{self.seed} {n}"), self.districts[n % len(self.districts)]
        district = District(machine.book, machine.folder)
        while time.monotonic() < self.until and not self.faults:
            turn = die.choice(self.turns)
            district.now = self.begun[0] + timedelta(seconds=time.monotonic() - self.begun[1])
            try:
                turn(district, die)
                self.seen[turn.__name__] += 1
            except errors.LedgerError as refusal:
                self.seen[f"{turn.__name__}: {refusal.code}"] += 1
                if isinstance(refusal, errors.Unavailable):
                    self.faults.append(refusal)
            except Exception as fault:
                self.faults.append(fault)
                raise

    def some(self, die: random.Random, of: list[Any]) -> Any:
        with self.lock:
            if not of:
                raise errors.NotFound("nothing yet")
            return die.choice(of)

    def hold(self, d: District, die: random.Random) -> None:
        person = die.choice(PEOPLE)
        self.holds.append((d.hold(die.choice(("SP-01", "SP-02", "SP-03")), die.randint(1, 2), person)["hold"], person))

    def collect(self, d: District, die: random.Random) -> None:
        self.done.append(d.collect(self.some(die, self.holds)[0], d.console)["redemption"])

    def void(self, d: District, die: random.Random) -> None:
        d.void(*self.some(die, self.holds))

    def walk_up(self, d: District, die: random.Random) -> None:
        person = die.choice(PEOPLE)
        self.done.append(d.walk_up(die.choice(("SP-01", "SP-03")), 1, shown=d.code(person))["redemption"])

    def reverse(self, d: District, die: random.Random) -> None:
        reverse_hand_over(d.book, d.request("reverse", d.officer), redemption=self.some(die, self.done), reason="发错了")

    def tick(self, d: District, die: random.Random) -> None:
        tick(d.book, d.request("tick", key=None, trace=str(next(self.serial))), patience_s=0.05)

    def come(self, d: District, die: random.Random) -> None:
        id, person = die.choice(self.activities), die.choice(PEOPLE)
        sign = signer(d.book)
        shown = sign.poster(id) if die.random() < 0.5 else sign.activity_code(id, d.now)
        answer = check_in_oneself(d.book, d.request("check_in", d.as_volunteer(person)), shown=shown)
        self.records.append(answer["attendance"])

    def leave(self, d: District, die: random.Random) -> None:
        shown = signer(d.book).activity_code(die.choice(self.activities), d.now)
        check_out_oneself(d.book, d.request("check_out", d.as_volunteer(die.choice(PEOPLE))), shown=shown)

    def judge(self, d: District, die: random.Random) -> None:
        record = self.some(die, self.records)
        if die.random() < 0.6:
            approve_attendance(d.book, d.request("approve", d.officer), attendance=record)
        else:
            reject_attendance(d.book, d.request("reject", d.officer), attendance=record, reason="未到")

    def bring_opening(self, d: District, die: random.Random) -> None:
        person, phone = die.choice((("王玉兰", "13800000001"), ("欧阳娜娜", "13800000002"), ("李芳", "13800000003")))
        day = date(2022, 6, 1) + timedelta(days=next(self.serial) % 29)
        self.bring(d, import_opening, f"姓名,联系电话,积分\n{person},{phone},{die.randint(1, 60)}\n", as_of=day)

    def bring_sheet(self, d: District, die: random.Random) -> None:
        person, phone = die.choice((("王玉兰", "13800000001"), ("欧阳娜娜", "13800000002"), ("赵强", "13800000004")))
        code = f"A{die.randint(1, len(self.activities)):06d}"
        self.bring(d, import_attendance, f"活动编号,姓名,联系电话,签到时间,签退时间\n{code},{person},{phone},,\n")

    def bring(self, d: District, importer: Any, text: str, **more: Any) -> None:
        file = d.folder / f"brought{next(self.serial)}.csv"
        file.write_text(text, encoding="utf-8")
        report = importer(d.book, d.request("import", key=None), file, **more)
        if report["batch"]:
            self.batches.append(report["batch"])

    def undo(self, d: District, die: random.Random) -> None:
        undo_batch(d.book, d.request("undo", key=None), batch=self.some(die, self.batches))

    def look(self, d: District, die: random.Random) -> None:
        balance = d.balance(die.choice(PEOPLE))
        assert min(balance.spendable, balance.pending, balance.held, balance.debt) >= 0


@pytest.fixture
def machines(district: District) -> Iterator[list[District]]:
    district.to_redeeming()
    other = open_book(district.book.settings)
    yield [district, District(other, district.folder, now=district.now)]
    other.close()


def bustle(machines: list[District], seed: int, seconds: float) -> Bustle:
    one = machines[0]
    rule = Rule(id="capped", version=1, name="每次", basis="event", points=6, clause="第一条", caps={"day": 9}, min_evidence=2)
    publish_rule(one.book, one.request("publish", one.officer), rule, valid_from=local("2022-01-01 00:00"))
    day = Bustle(machines, seed, seconds)
    for _ in range(4):
        opened = open_activity(
            one.book, one.request("open", one.organiser), name="清扫", kind="", area="石桥街道/东苑社区", rule="capped",
            starts_at=one.now - timedelta(hours=1), ends_at=one.now + timedelta(hours=3),
        )  # fmt: skip
        day.activities.append(opened["activity"])
    day.run()
    return day


def expect_sound(day: Bustle) -> None:
    one = day.districts[0]
    assert day.faults == [], day.seen
    for person in PEOPLE:
        low = f"wallet/{person}/"
        cached = int(one.book.read(lambda unit, low=low: unit.value(SPENDABLE, low=low, high=low[:-1] + "0")))
        assert cached == one.balance(person).spendable >= 0
    one.tick_at(local("2022-11-01 09:00"))
    assert all(one.balance(person).held == 0 for person in PEOPLE)


def test_a_few_seconds_of_everything_at_once(machines: list[District]) -> None:
    day = bustle(machines, seed=1, seconds=4)
    assert sum(day.seen.values()) > 100
    expect_sound(day)


@pytest.mark.gate
@pytest.mark.parametrize("seed", range(5))
def test_minutes_of_everything_at_once(machines: list[District], seed: int) -> None:
    expect_sound(bustle(machines, seed=seed + 2, seconds=40))
