"""The console as another program sees it: documents, exit codes, rehearsals, and Chinese whatever the locale says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cast import PASSWORD

ROOT = Path(__file__).resolve().parents[2]
PAPERWORK = ROOT / "tests" / "paperwork" / "quarter-2022q3"


class Shell:
    """Runs `cli.py` in a process of its own on one home."""

    def __init__(self, home: Path) -> None:
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("LEDGER_")}
        self.env |= {"LEDGER_HOME": str(home), "LC_ALL": "C.UTF-8"}

    def run(self, *words: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "cli.py", *words],
            cwd=ROOT,
            env={**self.env, **env},
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )

    def document(self, *words: str, code: int = 0, stdin: str = "") -> dict[str, Any]:
        done = self.run(*words, "--json", stdin=stdin)
        assert done.returncode == code, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    shell = Shell(tmp_path_factory.mktemp("console"))
    assert shell.document("init")["founded"] is True
    shell.document("import", "areas", str(PAPERWORK / "网格架构.csv"))
    return shell


def test_init_twice_is_harmless(shell: Shell) -> None:
    assert shell.document("init")["founded"] is False


def test_a_rehearsal_shows_what_it_would_write_and_writes_nothing(shell: Shell) -> None:
    rehearsed = shell.document("import", "stations", str(PAPERWORK / "红色驿站.csv"), "--dry-run")
    assert (rehearsed["accepted"], rehearsed["batch"], len(rehearsed["would_write"])) == (106, None, 107)
    assert shell.document("import", "stations", str(PAPERWORK / "红色驿站.csv"), "--dry-run")["accepted"] == 106


def test_a_strict_import_that_meets_a_bad_row_writes_nothing_and_names_it(shell: Shell) -> None:
    refused = shell.document("import", "people", str(PAPERWORK / "志愿者花名册.xlsx"), "--strict", code=3)
    assert (refused["code"], refused["accepted"], len(refused["rejected"])) == ("rows_rejected", 2700, 28)
    again = shell.document("import", "people", str(PAPERWORK / "志愿者花名册.xlsx"), "--dry-run")
    assert again["accepted"] == 2700


def test_exit_codes_tell_refused_from_out_of_reach_from_misused(shell: Shell, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.xlsx"
    garbage.write_bytes(b"PK\x03\x04 not a workbook")
    assert shell.document("import", "people", str(garbage), code=3)["code"] == "unreadable_file"
    assert shell.document("import", "people", str(tmp_path / "nowhere.csv"), code=4)["code"] == "unavailable"
    assert shell.document("points", "balance", "13800000000", code=3)["code"] == "not_found"
    assert shell.document("cycle", "show", "1999Q1", code=3)["code"] == "not_found"
    assert shell.run("cycle", "jump").returncode == 2
    assert shell.run("import", "people").returncode == 2
    assert shell.run("audit", "check", LEDGER_HOME="/nonexistent/ledger").returncode == 4


def test_people_act_under_their_own_login_and_within_their_role(shell: Shell) -> None:
    added = shell.document("user", "add", "office", "--role", "officer", "--password-stdin", stdin=PASSWORD)
    assert added["otp_uri"].startswith("otpauth://totp/")
    shell.document("user", "add", "looker", "--role", "auditor", "--password-stdin", stdin=PASSWORD)
    assert shell.document("cycle", "tick", "--as", "office")["cycles"]
    assert shell.document("cycle", "tick", "--as", "looker", code=3)["code"] == "forbidden"
    assert shell.document("cycle", "tick", "--as", "nobody", code=3)["code"] == "not_found"


def test_moving_points_by_hand_needs_a_second_person(shell: Shell) -> None:
    shell.document("user", "add", "first", "--role", "officer", "--password-stdin", stdin=PASSWORD)
    name = shell.document("cycle", "tick")["cycles"][-1]["cycle"]
    assert shell.document("cycle", "advance", name, "--to", "redeeming", "--reason", "提前", code=3)["code"] == "illegal_step"
    assert shell.document("cycle", "advance", name, "--to", "frozen", "--reason", " ", code=3)["code"] == "invalid_input"
    assert shell.document("cycle", "advance", name, "--to", "frozen", "--reason", "试一步")["to"] == "frozen"
    assert shell.document("cycle", "advance", name, "--to", "noticed", "--reason", "试一步")["to"] == "noticed"
    refused = shell.document("cycle", "advance", name, "--to", "redeeming", "--reason", "试一步", "--as", "first", code=3)
    assert refused["code"] == "second_person_required"


def test_prose_is_chinese_whatever_the_locale_says_and_stdout_stays_clean(shell: Shell) -> None:
    done = shell.run("cycle", "list", LC_ALL="POSIX", PYTHONUTF8="0")
    assert done.returncode == 0 and "季度" in done.stdout
    told = shell.run("points", "balance", "13800000000", LC_ALL="POSIX", PYTHONUTF8="0")
    assert (told.returncode, told.stdout) == (3, "") and "not_found" in told.stderr


def test_the_audit_of_all_this_is_clean_and_says_what_it_counted(shell: Shell) -> None:
    found = shell.document("audit", "check")
    assert len(found["checks"]) >= 25 and all(c["ok"] and not c["findings"] for c in found["checks"])
    assert found["acts"] > 200
