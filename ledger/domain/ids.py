"""Identifiers made by the application: UUIDv7 (RFC 9562 §5.7) from a source that is handed in like `now`."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections.abc import Callable
from datetime import datetime
from random import Random

from ledger.domain.act import micros

RandomBits = Callable[[int], int]


class IdSource:
    """Makes UUIDv7 texts, rising within one process even inside the same millisecond.

    The 12 bits after the milliseconds count up within one millisecond, so that acts of one unit of work keep their
    order when sorted by id. With a seeded `bits` the same calls give the same ids.
    """

    def __init__(self, bits: RandomBits = secrets.randbits) -> None:
        self._bits = bits
        self._lock = threading.Lock()
        self._last_ms = -1
        self._count = 0

    @classmethod
    def seeded(cls, seed: int) -> IdSource:
        return cls(Random(seed).getrandbits)  # noqa: S311 (a repeatable book, not a secret)

    def new(self, now: datetime) -> str:
        """A fresh id in canonical text form (36 characters)."""
        ms = micros(now) // 1000
        with self._lock:
            if ms > self._last_ms:
                self._last_ms, self._count = ms, 0
            else:
                self._count += 1
                if self._count >= 4096:
                    self._last_ms, self._count = self._last_ms + 1, 0
            ms, count = self._last_ms, self._count
        value = (ms & (1 << 48) - 1) << 80 | 0x7 << 76 | count << 64 | 0b10 << 62 | self._bits(62)
        return str(uuid.UUID(int=value))
