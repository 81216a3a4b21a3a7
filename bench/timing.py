"""Pairs of runs, A B A B …, and the median of their ratios: what holds on a machine whose speed drifts."""

from __future__ import annotations

import platform
import statistics
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

ROUNDS = 5


def per_second(workers: Sequence[Callable[[], None]], seconds: float) -> float:
    """Calls per second of all workers together, each in its own thread, for about `seconds`."""
    counts, stop, gate = [0] * len(workers), threading.Event(), threading.Barrier(len(workers) + 1)

    def run(n: int) -> None:
        gate.wait()
        while not stop.is_set():
            workers[n]()
            counts[n] += 1

    threads = [threading.Thread(target=run, args=(n,), daemon=True) for n in range(len(workers))]
    for thread in threads:
        thread.start()
    gate.wait()
    begun = time.perf_counter()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - begun)


def seconds_of(work: Callable[[], object], times: int) -> float:
    """Median seconds of one call."""
    taken = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begun)
    return statistics.median(taken)


def paired(ours: Callable[[], float], reference: Callable[[], float], *, goal: float, unit: str, rounds: int = ROUNDS) -> dict[str, Any]:
    """Measure both in turn; the ratio is the median of the pairs' ratios."""
    ours(), reference()  # warm up
    pairs = [(ours(), reference()) for _ in range(rounds)]
    return {
        "ratio": round(statistics.median(a / b for a, b in pairs), 3),
        "goal": goal,
        "ours": round(statistics.median(a for a, _ in pairs), 3),
        "reference": round(statistics.median(b for _, b in pairs), 3),
        "unit": unit,
    }


def machine() -> dict[str, Any]:
    import os

    return {"cores": os.cpu_count(), "system": platform.platform(), "python": sys.version.split()[0]}


def versions() -> dict[str, str]:
    """Versions that decide the figures."""
    import flask
    import psycopg
    import sqlalchemy

    from ledger.storage.database import sqlite_module

    return {
        "sqlite": sqlite_module().sqlite_version, "sqlalchemy": sqlalchemy.__version__, "psycopg": psycopg.__version__,
        "flask": flask.__dict__.get("__version__", "") or __import__("importlib.metadata").metadata.version("flask"),
    }  # fmt: skip
