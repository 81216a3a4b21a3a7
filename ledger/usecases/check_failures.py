"""Brute force is slowed by counting failures only, in a table that all workers share: per account, per address, per card.

What is counted appears under a keyed look-up, never in the clear. A try is counted before its outcome is believed and given
back when it was right, so that a thousand guesses sent at once tell no more than the allowed few.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ledger.domain.errors import TooManyRequests
from ledger.storage import access
from ledger.storage.unit_of_work import Book, Unit


@dataclass(frozen=True, slots=True)
class Counter:
    """One thing whose failures are counted: its keyed subject, its kind, how many are allowed, and in what time."""

    subject: bytes
    kind: str
    most: int
    window: timedelta


def account(book: Book, login: str) -> Counter:
    """Failures of one login, known or not: the answers must not differ."""
    return Counter(book.keyring.lookup("account", login), "account", book.settings.sign_in.failures_per_account, window(book))


def address(book: Book, text: str) -> Counter:
    """Failures from one address; an IPv6 customer is a /64."""
    return Counter(book.keyring.lookup("address", network(text)), "address", book.settings.sign_in.failures_per_address, window(book))


def pin(book: Book, holder: str) -> Counter:
    """Wrong PINs of one person, over all their cards."""
    return Counter(book.keyring.lookup("pin", holder), "pin", book.settings.sign_in.pin_tries, window(book))


def roster(book: Book, typed: str) -> Counter:
    """Wrong matches of one name or card number. Four digits are few, so the allowed tries are those of a whole day."""
    return Counter(book.keyring.lookup("roster", typed), "roster", book.settings.sign_in.failures_per_account, timedelta(days=1))


def network(text: str) -> str:
    """An address as it is counted. What is no address counts as itself."""
    try:
        parsed = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)


def window(book: Book) -> timedelta:
    return timedelta(minutes=book.settings.sign_in.window_minutes)


def check(unit: Unit, counters: Sequence[Counter], now: datetime) -> None:
    """Before anything slow is done. Raises TooManyRequests with the seconds to wait when any counter is at its limit."""
    waits = [wait for counter in counters if (wait := seconds_locked(unit, counter, now))]
    if waits:
        raise TooManyRequests(max(waits))


def take_try(unit: Unit, counters: Sequence[Counter], now: datetime) -> None:
    """Count a failure in advance, in a fixed row order: tries that run side by side wait for each other on these rows.

    Keep it when the try fails; `forgive` it when not. Raises TooManyRequests when a counter is past its limit, which leaves nothing.
    """
    waits = []
    for counter in sorted(counters, key=lambda c: (c.subject, c.kind)):
        access.count_failure(unit, counter.subject, counter.kind, now, counter.window)
        failures, wait = access.failures(unit, counter.subject, counter.kind, now, counter.window)
        waits += [wait] if failures > counter.most else []
    if waits:
        raise TooManyRequests(max(waits))


def forgive(unit: Unit, counters: Sequence[Counter]) -> None:
    """After a success: the first counter (whose secret was right) forgets its failures, the others get this try back."""
    unit.change(access.CLEAR_FAILURES, subject=counters[0].subject, kind=counters[0].kind)
    give_back(unit, counters[1:])


def give_back(unit: Unit, counters: Sequence[Counter]) -> None:
    """Take one try off each counter again."""
    for counter in counters:
        unit.change(access.GIVE_BACK, subject=counter.subject, kind=counter.kind)


def seconds_locked(unit: Unit, counter: Counter, now: datetime) -> int:
    """Seconds until a counter at its limit opens again, or 0."""
    failures, wait = access.failures(unit, counter.subject, counter.kind, now, counter.window)
    return wait if failures >= counter.most else 0


def failures_left(unit: Unit, counter: Counter, now: datetime) -> int:
    """How many more failures are allowed in this window."""
    failures, _ = access.failures(unit, counter.subject, counter.kind, now, counter.window)
    return max(counter.most - failures, 0)
