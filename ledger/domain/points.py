"""Points and their smallest step, and the only arithmetic allowed on them.

Inside the ledger an amount of points is an integer of smallest steps; the number of decimals (0, 1 or 2) is fixed by
the genesis act of a book. People, files and the API speak in points.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ledger.domain.errors import InvalidInput

POSTING_MAX = 10_000_000
"""Largest amount of points, pieces or minutes in one posting (RELIABILITY I26)."""


@dataclass(frozen=True, slots=True)
class PointScale:
    """Converts between points and smallest steps. `decimals` is 0, 1 or 2."""

    decimals: int = 0

    @property
    def steps_per_point(self) -> int:
        return int(10**self.decimals)

    def steps(self, points: Decimal | int, field: str = "points") -> int:
        """Points to smallest steps. Raises InvalidInput when the amount is finer than the book's step."""
        scaled = Decimal(points) * self.steps_per_point
        if scaled != scaled.to_integral_value():
            raise InvalidInput(field, "finer_than_a_step")
        return int(scaled)

    def number(self, steps: int) -> int | float:
        """Smallest steps to a JSON number in points: an int when whole."""
        whole, rest = divmod(steps, self.steps_per_point)
        return whole if rest == 0 else steps / self.steps_per_point

    def text(self, steps: int) -> str:
        """Smallest steps to points as people read them, with a true minus sign (U+2212)."""
        sign = "−" if steps < 0 else ""
        whole, rest = divmod(abs(steps), self.steps_per_point)
        return f"{sign}{whole}" if rest == 0 else f"{sign}{whole}.{rest:0{self.decimals}d}".rstrip("0")


def share_per_mille(amount: int, per_mille: int, rounding: str) -> int:
    """amount × per_mille ÷ 1000 in integers; `rounding` is down, up or half_up (away from zero at one half)."""
    whole, rest = divmod(amount * per_mille, 1000)
    if rounding == "down" or rest == 0:
        return whole
    if rounding == "up":
        return whole + 1
    return whole + (1 if rest >= 500 else 0)
