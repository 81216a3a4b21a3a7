"""Each settlement happens exactly once: with two schedulers, with one killed in the middle, after three days of none."""

from __future__ import annotations

import signal
from datetime import timedelta

import pytest

from ledger.audit.checks import check
from tests.schedule.conftest import PEOPLE, Street, quarters

ROUNDS = 4
GATE_ROUNDS, GATE_ROUNDS_POSTGRESQL = 100, 30
PAST_THE_END = timedelta(minutes=5)


def to_notice(street: Street, name: str) -> int:
    """Serve a quarter and let the running scheduler publish its notice."""
    lines = street.serve_quarter(name)
    street.set_clock(street.cycle(name).notice_from + PAST_THE_END)
    street.wait_for_state(name, "noticed")
    return lines


def end_notice(street: Street, name: str) -> None:
    street.set_clock(street.cycle(name).notice_ends_at + PAST_THE_END)


def two_at_once(street: Street, rounds: int) -> None:
    for _ in range(2):
        street.start()
    for name in quarters("2022Q3", rounds):
        lines = to_notice(street, name)
        end_notice(street, name)
        street.wait_for_state(name, "redeeming")
        street.check_settled_once(name, lines)


def killed_in_the_middle(street: Street, rounds: int) -> None:
    running, in_the_middle = street.start(), 0
    for n, name in enumerate(quarters("2022Q3", rounds)):
        lines = to_notice(street, name)
        end_notice(street, name)
        street.wait_for_settled(name, 1 + n * 7 % (PEOPLE // 2))
        street.stop(running, signal.SIGKILL)
        in_the_middle += street.settled(name) < lines
        running = street.start()
        street.wait_for_state(name, "redeeming")
        street.check_settled_once(name, lines)
        street.wait_until_started(running)
    assert in_the_middle > rounds // 2, "the kills came too late to interrupt anything"


def three_days_down(street: Street, rounds: int) -> None:
    running = street.start()
    for name in quarters("2022Q3", rounds):
        lines = to_notice(street, name)
        assert street.stop(running) == 0
        street.set_clock(street.cycle(name).notice_ends_at + timedelta(days=3))
        running = street.start()
        street.wait_for_state(name, "redeeming")
        street.check_settled_once(name, lines)


WAYS = (two_at_once, killed_in_the_middle, three_days_down)


@pytest.mark.parametrize("disturb", WAYS)
def test_each_settlement_happens_exactly_once(street: Street, disturb) -> None:
    disturb(street, ROUNDS if street.url == "" else 2)
    expect_clean(street)


def expect_clean(street: Street) -> None:
    """Stop what still runs, then let the audit say what it thinks."""
    for process in list(street.processes):
        assert street.stop(process) == 0
    report = check(street.book, now=street.now)
    assert report.ok, [(c.name, c.findings[:2]) for c in report.checks if not c.ok]


@pytest.mark.gate
@pytest.mark.parametrize("disturb", WAYS)
def test_a_hundred_settlements_happen_exactly_once_each(street: Street, disturb) -> None:
    disturb(street, GATE_ROUNDS if street.url == "" else GATE_ROUNDS_POSTGRESQL)
    expect_clean(street)
