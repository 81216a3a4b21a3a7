"""The cells of one row by field, taken as what they should be; what cannot be taken is noted and an empty value stands in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TypeVar

from ledger.paperwork.amounts import decimal_of, degrees_of, fen_of, whole_of
from ledger.paperwork.columns import SheetRead
from ledger.paperwork.moments import DAY, Moment, moment_of, time_on
from ledger.paperwork.normal import code_of, name_of, narrow, says_nothing, text_of, word_of, written
from ledger.paperwork.phones import phones_of
from ledger.paperwork.problem import Problem, problem_in

N = TypeVar("N", int, Decimal)

_POINTS_PLACES = 2  # the importer turns points into steps and refuses what its book cannot hold


class Cells:
    """A row being read. Every method takes the name of a field; a column the sheet lacks is an empty cell."""

    def __init__(self, sheet: SheetRead, values: Mapping[str, object]) -> None:
        self._sheet = sheet
        self._values = values
        self.problems: list[Problem] = []

    def refuse(self, name: str, code: str) -> None:
        self.problems.append(problem_in(self._sheet, name, code))

    def has(self, name: str) -> bool:
        return name in self._sheet.order

    def raw(self, name: str) -> object:
        return self._values.get(name, "")

    def is_empty(self, name: str) -> bool:
        return says_nothing(written(self.raw(name)))

    def text(self, name: str) -> str:
        return text_of(self.raw(name))

    def word(self, name: str) -> str:
        """An area or a team, without spaces; 无 is none."""
        return "" if self.is_empty(name) else word_of(self.raw(name))

    def key(self, name: str, code: str) -> str:
        """A code such as SP-0001; an empty one is refused as `code`."""
        found = "" if self.is_empty(name) else code_of(self.raw(name))
        if not found:
            self.refuse(name, code)
        return found

    def person(self, name: str, *, needed: bool = True) -> str:
        found = name_of(self.raw(name))
        if needed and not found:
            self.refuse(name, "missing_name")
        return found

    def title(self, name: str) -> str:
        """The name of a thing: a station, an activity, a kind of goods."""
        found = "" if self.is_empty(name) else text_of(self.raw(name))
        if not found:
            self.refuse(name, "missing_name")
        return found

    def phones(self, name: str) -> tuple[str, ...]:
        """A volunteer's mobiles."""
        return self._phones(name, landlines=False)

    def contact_phone(self, name: str) -> str:
        """The first number of somebody named in an area or station file; a landline will do."""
        return next(iter(self._phones(name, landlines=True)), "")

    def points(self, name: str) -> Decimal:
        return self._number(name, decimal_of(self.raw(name), places=_POINTS_PLACES), Decimal(0))

    def count(self, name: str) -> int:
        return self._number(name, whole_of(self.raw(name)), 0)

    def fen(self, name: str) -> int:
        return self._number(name, fen_of(self.raw(name)), 0)

    def limit(self, name: str) -> int | None:
        """每人每季限兑: blank, 无 or 不限 is no limit. 0 is refused: it could mean "none at all" as well as "no limit"."""
        if self.is_empty(name) or narrow(written(self.raw(name))) in {"不限", "不限量", "无限制", "不限制"}:
            return None
        return self._number(name, whole_of(self.raw(name)) or None, 0) or None

    def degrees(self, name: str) -> Decimal | None:
        if self.is_empty(name):
            return None
        return self._number(name, degrees_of(self.raw(name)), Decimal(0))

    def moment(self, name: str) -> Moment | None:
        """A date, a time of day or a span; an empty cell says nothing, an unreadable one is refused."""
        if self.is_empty(name):
            return None
        found = moment_of(self.raw(name))
        if found is None:
            self.refuse(name, "bad_date")
        return found

    def sign(self, name: str, day: date | None) -> datetime | time | None:
        """When somebody signed: joined with the row's own date if it has one, else a bare time. A date without a time says no time."""
        found = self.moment(name)
        if found is None or found.clock is None:
            return None
        if found.until is not None:
            self.refuse(name, "bad_date")
            return None
        day = found.day or day
        if day is None and found.clock == DAY:  # 24:00 of a day not named here cannot be a time; the last second of it can
            return time(23, 59, 59)
        return joined(day, found.clock) if day else time_on(found.clock)

    def _phones(self, name: str, *, landlines: bool) -> tuple[str, ...]:
        found = phones_of(self.raw(name), landlines=landlines)
        if found is None:
            self.refuse(name, "bad_phone")
        return found or ()

    def _number(self, name: str, found: N | None, instead: N) -> N:
        if found is None:
            self.refuse(name, "bad_number")
            return instead
        return found


def joined(day: date, clock: timedelta) -> datetime:
    """Wall-clock time on a day; 24:00 is midnight of the day after."""
    return datetime.combine(day, time()) + clock
