"""Brute force is slowed by counting failures only, in a table that all workers share: per account, per address, per card.

What is counted appears under a keyed look-up, never in the clear. A right secret is believed only while the count is below
its limit, so that a thousand guesses sent at once tell no more than the allowed few.
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
    """Raises TooManyRequests with the seconds to wait when any counter is at its limit."""
    waits = [wait for counter in counters if (wait := seconds_locked(unit, counter, now))]
    if waits:
        raise TooManyRequests(max(waits))


def seconds_locked(unit: Unit, counter: Counter, now: datetime) -> int:
    """Seconds until a counter at its limit opens again, or 0."""
    failures, wait = access.failures(unit, counter.subject, counter.kind, now, counter.window)
    return wait if failures >= counter.most else 0


def failures_left(unit: Unit, counter: Counter, now: datetime) -> int:
    """How many more failures are allowed in this window."""
    failures, _ = access.failures(unit, counter.subject, counter.kind, now, counter.window)
    return max(counter.most - failures, 0)


def count(unit: Unit, counters: Sequence[Counter], now: datetime) -> None:
    """Add one failure to each, in a fixed row order."""
    for counter in sorted(counters, key=lambda c: (c.subject, c.kind)):
        access.count_failure(unit, counter.subject, counter.kind, now, counter.window)


def clear(unit: Unit, counter: Counter) -> None:
    """A success of the account forgets its failures; those of the address stay."""
    unit.change(access.CLEAR_FAILURES, subject=counter.subject, kind=counter.kind)
