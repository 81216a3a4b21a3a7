"""`bench paperwork`: CPU seconds of importing the 2,753-row roster, against reading the same file alone."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench import district, timing
from ledger.domain.people import Actor
from ledger.paperwork import read_people
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_people import import_people
from ledger.usecases.request import Request

PAPERWORK = Path(__file__).parent.parent / "tests" / "paperwork" / "quarter-2022q3"


def measure(tell: Callable[[str], None], *, entries: int = 0) -> dict[str, Any]:  # noqa: ARG001 (the console gives all the same)
    """CPU seconds of the roster's import; the goal is 5."""
    request = Request(actor=Actor("console:bench"), now=district.NOW, name="bench")
    roster = PAPERWORK / "志愿者花名册.xlsx"
    with district.filled(holders=1) as book:
        import_areas(book, request, PAPERWORK / "网格架构.csv")
        tell("导入花名册")
        begun = time.process_time()
        report = import_people(book, request, roster)
        ours = time.process_time() - begun
        begun = time.process_time()
        read_people(roster)
        reference = time.process_time() - begun
        row = {
            "ratio": round(ours / reference, 2),
            "goal": 5.0,
            "ours": round(ours, 3),
            "reference": round(reference, 3),
            "unit": "CPU s, ours at most the goal",
        }
        return {"ratios": {f"roster_{report['accepted']}": row}, "machine": timing.machine(), "versions": timing.versions()}
