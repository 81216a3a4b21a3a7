"""The scheduler as shipped, under a wall clock that is set ahead and back while it runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from ledger.storage import trail
from ledger.usecases.open_cycle import ensure_cycle
from tests.schedule.conftest import ROOT, Street


@pytest.fixture
def shim(tmp_path: Path) -> Path:
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: a process's wall clock cannot be moved")
    library = tmp_path / "moved_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, ROOT / "tests/schedule/moved_clock.c", "-ldl"], check=True)
    return library


def start_as_shipped(street: Street, shim: Path) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LEDGER_")}
    environment |= {"LEDGER_HOME": str(street.home), "LEDGER_CONFIG": str(street.home / "config.toml"), "LEDGER_DATABASE_URL": street.url}
    environment |= {"LD_PRELOAD": str(shim), "MOVED_CLOCK": str(street.clock_file)}
    with (street.home / "scheduler.log").open("ab") as log:
        process = subprocess.Popen([sys.executable, "cli.py", "scheduler"], cwd=ROOT, env=environment, stdout=log, stderr=log)
    street.processes.append(process)
    street.wait_until_started(process)
    return process


@pytest.mark.parametrize("engine", ["sqlite"])
def test_steps_follow_a_clock_set_ahead_and_nothing_comes_back_with_one_set_back(street: Street, shim: Path) -> None:
    lines = street.serve_quarter("2022Q3")
    running = start_as_shipped(street, shim)
    street.set_clock(street.cycle("2022Q3").notice_from + timedelta(hours=1))
    street.wait_for(lambda: street.cycle("2022Q3").state == "noticed", "the notice")
    street.set_clock(street.now + timedelta(days=10))
    street.wait_for(lambda: street.cycle("2022Q3").state == "redeeming", "the settlement ten days on")
    street.set_clock(street.now - timedelta(days=1))
    street.wait_for(lambda: '"seconds": -86' in street.log(), "the notice of a clock set back")
    street.book.run(lambda unit: ensure_cycle(unit, street.request("open"), "2023Q3"))
    street.wait_for(lambda: street.book.read(trail.unsealed_count) == 0, "sealing after the clock was set back")
    assert street.cycle("2022Q3").state == "redeeming"
    street.check_settled_once("2022Q3", lines)
    assert street.stop(running, signal.SIGTERM) == 0
    assert '"not_done"' not in street.log()
