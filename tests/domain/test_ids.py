"""UUIDv7 ids: rising, sortable as text, repeatable from a seed, also when the clock stands still or goes back."""

from __future__ import annotations

import threading
import uuid
from datetime import UTC, datetime, timedelta

from ledger.domain.act import micros
from ledger.domain.ids import IdSource

NOW = datetime(2022, 10, 12, 1, tzinfo=UTC)
GOLDEN = [
    "0183c9b4-9a80-7000-a46d-d6122265b1f5",
    "0183c9b4-9a80-7001-b358-4f8cd8f16adf",
    "0183c9b4-9a81-7000-8409-f134c386bbc4",
]


def test_a_seed_gives_these_ids_for_ever() -> None:
    ids = IdSource.seeded(1)
    assert [ids.new(NOW), ids.new(NOW), ids.new(NOW + timedelta(milliseconds=1))] == GOLDEN


def test_an_id_says_version_variant_and_millisecond() -> None:
    made = uuid.UUID(IdSource().new(NOW))
    assert (made.version, made.variant) == (7, uuid.RFC_4122)
    assert made.int >> 80 == micros(NOW) // 1000


def test_ids_rise_within_a_millisecond_past_4096_and_while_the_clock_goes_back() -> None:
    source = IdSource()
    ids = [source.new(NOW) for _ in range(10_000)]
    ids += [source.new(NOW - timedelta(hours=1)) for _ in range(100)]
    ids += [source.new(NOW + timedelta(seconds=10))]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_two_sources_in_the_same_millisecond_do_not_meet() -> None:
    one, two = IdSource(), IdSource()
    assert not {one.new(NOW) for _ in range(5000)} & {two.new(NOW) for _ in range(5000)}


def test_many_threads_get_ids_of_their_own() -> None:
    source, made = IdSource(), []
    lock = threading.Lock()

    def take() -> None:
        mine = [source.new(NOW) for _ in range(500)]
        with lock:
            made.extend(mine)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 4000
