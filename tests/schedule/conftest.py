"""A district whose quarters the test walks through while real scheduler processes do what is due."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import pytest

from ledger.domain.cycle import Cycle, bounds_of, following
from ledger.storage import cycles
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book
from ledger.usecases.found_book import found_book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_people import import_people
from ledger.usecases.request import Request
from tests.cast import Actor, local, migrated_settings, open_book
from tests.schedule.scheduler_process import moved_now

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 60
PATIENCE_S = 60

COUNT_ACTS = Statement("SELECT count(*) FROM {act} WHERE kind = :kind AND cycle = :cycle")
UNRESOLVED = Statement(
    "SELECT count(*) FROM {act} a WHERE a.kind = 'service_earned' AND a.cycle = :cycle"
    " AND NOT EXISTS (SELECT 1 FROM {act} r WHERE r.resolves = a.id AND r.kind = 'points_settled')"
)
STEPS_TO = Statement("SELECT facts FROM {act} WHERE kind = 'cycle_stepped' AND cycle = :cycle")
RUNS_OF = Statement("SELECT job FROM {job_run} WHERE cycle = :cycle ORDER BY job")


@dataclass
class Street:
    """The book, the clock that its schedulers read, and the processes that this test started."""

    book: Book
    home: Path
    url: str
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def clock_file(self) -> Path:
        return self.home / "clock"

    @property
    def now(self) -> datetime:
        return moved_now(self.clock_file)

    def set_clock(self, moment: datetime) -> None:
        fresh = self.clock_file.with_suffix(".new")
        fresh.write_text(str(int((moment - datetime.now(moment.tzinfo)).total_seconds())))
        fresh.replace(self.clock_file)

    def start(self) -> subprocess.Popen[bytes]:
        script = str(ROOT / "tests/schedule/scheduler_process.py")
        arguments = [str(self.home), str(self.home / "config.toml"), self.url, str(self.clock_file)]
        with (self.home / "scheduler.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, script, *arguments], cwd=ROOT, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        self.processes.append(process)
        return process

    def stop(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> int:
        """End a process that this test started; its exit code."""
        if process.poll() is None:
            process.send_signal(number)
        code = process.wait(30)
        if process in self.processes:
            self.processes.remove(process)
        return code

    def log(self) -> str:
        return (self.home / "scheduler.log").read_text(encoding="utf-8")

    def request(self, name: str) -> Request:
        return Request(actor=Actor("console:test"), now=self.now, name=name)

    def serve_quarter(self, name: str) -> int:
        """Paper of one quarter, recorded on its last day: every person at one activity. Returns the lines it makes."""
        day = bounds_of(name)[1]
        self.set_clock(local(f"{day} 18:00"))
        activities, sheet = self.home / "activities.csv", self.home / "attendance.csv"
        activities.write_text(
            f"活动编号,活动名称,类型,社区,日期,开始时间,结束时间,承办单位,积分/次\nH{name},清扫,志愿服务,东苑社区,{day},09:00,11:00,东苑社区,6\n",
            encoding="utf-8",
        )
        lines = [f"H{name},志愿者{n:02d},1380000{n:04d},{day} 09:00,{day} 11:00" for n in range(PEOPLE)]
        sheet.write_text("\n".join(["活动编号,姓名,联系电话,签到时间,签退时间", *lines]) + "\n", encoding="utf-8")
        assert not import_activities(self.book, self.request("import"), activities)["rejected"]
        assert not import_attendance(self.book, self.request("import"), sheet)["rejected"]
        return PEOPLE

    def cycle(self, name: str) -> Cycle:
        found = self.book.read(lambda unit: cycles.cycle(unit, name))
        assert found is not None
        return found[0]

    def settled(self, name: str) -> int:
        return int(self.book.read(lambda unit: unit.value(COUNT_ACTS, kind="points_settled", cycle=name)))

    def wait_for(self, what: Callable[[], bool], words: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not what():
            assert time.monotonic() < until, f"{words} did not come\n{self.log()[-3000:]}"
            time.sleep(0.005)

    def wait_for_state(self, name: str, state: str) -> None:
        self.wait_for(lambda: self.cycle(name).state == state, f"{name} {state}")

    def wait_for_settled(self, name: str, at_least: int) -> None:
        self.wait_for(lambda: self.settled(name) >= at_least, f"{at_least} settled lines of {name}")

    def wait_until_started(self, process: subprocess.Popen[bytes]) -> None:
        self.wait_for(lambda: f'"started", "books": ["main"], "process": {process.pid}' in self.log(), "the start")

    def check_settled_once(self, name: str, lines: int) -> None:
        """Each line settled by one entry, each step of the quarter taken and recorded once."""
        assert self.settled(name) == lines
        assert self.book.read(lambda unit: unit.value(UNRESOLVED, cycle=name)) == 0
        steps = [facts for (facts,) in self.book.read(lambda unit: unit.rows(STEPS_TO, cycle=name))]
        assert sum('"to":"redeeming"' in facts for facts in steps) == 1, steps
        assert sum('"to":"noticed"' in facts for facts in steps) == 1, steps
        assert [job for (job,) in self.book.read(lambda unit: unit.rows(RUNS_OF, cycle=name))][:3] == [
            "earning->frozen",
            "frozen->noticed",
            "noticed->redeeming",
        ]


def quarters(first: str, count: int) -> list[str]:
    names = [first]
    while len(names) < count:
        names.append(following(names[-1]))
    return names


@pytest.fixture
def street(engine: str, home: Path, request: pytest.FixtureRequest) -> Iterator[Street]:
    """A founded book with an area and its people, on each engine; no process of the test is left behind."""
    url = request.getfixturevalue("pg_url") if engine == "postgresql" else ""
    made = Street(open_book(migrated_settings(home, url)), home, url)
    made.set_clock(local("2022-07-01 08:00"))
    found_book(made.book, made.request("found"))
    areas, people = home / "areas.csv", home / "people.csv"
    areas.write_text("镇街,社区,网格,微网格,网格长,联系电话\n石桥街道,东苑社区,第1网格,微网格01,金平,15908159075\n", encoding="utf-8")
    lines = [f"志愿者{n:02d},1380000{n:04d},石桥街道,东苑社区,第1网格,微网格01" for n in range(PEOPLE)]
    people.write_text("\n".join(["姓名,联系电话,镇街,社区,网格,微网格", *lines]) + "\n", encoding="utf-8")
    assert not import_areas(made.book, made.request("import"), areas)["rejected"]
    assert not import_people(made.book, made.request("import"), people)["rejected"]
    yield made
    for process in list(made.processes):
        made.stop(process, signal.SIGKILL)
    made.book.close()
