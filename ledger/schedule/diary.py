"""What the scheduler did, for operators: one JSON line on stderr for each thing, without personal data.

A refusal is told by its code, a bug by the name of its exception and the places in our code; messages of exceptions may
hold values of rows and stay out.
"""

from __future__ import annotations

import json
import logging
import sys
import traceback
from pathlib import PurePath
from typing import Any, Final

from ledger import boundary, clock

FRAMES: Final = 8


def say(event: str, *, level: str = "info", **facts: Any) -> None:
    """Write one line: event, level, timestamp (UTC), and facts that JSON can hold."""
    told = {"event": event, **facts, "level": level, "timestamp": clock.now().isoformat(timespec="milliseconds")}
    sys.stderr.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
    sys.stderr.flush()


def say_failure(event: str, error: BaseException, **facts: Any) -> None:
    """Tell what stopped a job: a refusal's code as a warning, anything else as an error with its places in the code."""
    if isinstance(error, boundary.REFUSALS):
        say(event, level="warning", code=boundary.refusal(error).code, **facts)
    else:
        frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
        places = [f"{PurePath(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
        say(event, level="error", error=type(error).__name__, places=places, **facts)


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        say("timer", level=record.levelname.lower(), message=record.getMessage())


def keep_library_lines() -> None:
    """Let APScheduler's own warnings appear as lines of this diary."""
    logger = logging.getLogger("apscheduler")
    logger.handlers = [_Lines(logging.WARNING)]
    logger.propagate = False
