"""How large an imagined district is. The presets name the two sizes that are wanted: to look at, and to measure by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """Counts of one district; those marked so are per quarter."""

    communities: int
    micro_grids: int
    building_heads: int
    teams: int
    people: int
    stations: int
    activities: int  # a quarter
    attendances: int  # a quarter
    redemptions: int  # a quarter

    def scaled(self, factor: float) -> Size:
        """The same district, larger or smaller; never without a thing it has."""
        return Size(**{f.name: max(1, round(getattr(self, f.name) * factor)) for f in fields(self)})


PRESETS: Final[Mapping[str, Size]] = {
    "small": Size(
        communities=3, micro_grids=24, building_heads=60, teams=8, people=300, stations=12, activities=36, attendances=900, redemptions=90,
    ),
    "district": Size(
        communities=15, micro_grids=176, building_heads=2171, teams=87, people=2700, stations=106, activities=150, attendances=1950,
        redemptions=1200,
    ),
}  # fmt: skip
"""small: for demonstrations. district: the counts a real one reported for a year, its activities spread over four quarters."""
