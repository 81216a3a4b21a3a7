"""Areas by the names offices write: finding one from town, community, grid and micro-grid; short codes from pinyin."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pypinyin import lazy_pinyin

from ledger.storage.people import Area

SUFFIXES = ("社区", "街道", "街道办事处", "管理中心", "新区", "镇", "乡", "村")


class AreaIndex:
    """Current areas of a book by path, and communities by their bare name."""

    def __init__(self, areas: Iterable[Area]) -> None:
        self.by_path: dict[str, Area] = {}
        self.by_code: dict[str, Area] = {}
        self._communities: dict[str, list[Area]] = {}
        for area in areas:
            self.add(area)

    def add(self, area: Area) -> None:
        self.by_path[area.path] = area
        self.by_code[area.code] = area
        if area.kind == "community":
            self._communities.setdefault(area.name, []).append(area)

    def community(self, town: str, name: str) -> Area | None:
        """A community by its name, within its town when the town is given; None when unknown or not unique."""
        matches = [a for a in self._communities.get(name, []) if not town or a.path.startswith(town + "/")]
        return matches[0] if len(matches) == 1 else None

    def find(self, town: str, community: str, grid: str, micro_grid: str) -> tuple[Area | None, str]:
        """The deepest area named, or the field whose name is unknown: town, community, grid or micro_grid."""
        if not community:
            found = self.by_path.get(town)
            return (found, "") if found else (None, "community")
        place = self.community(town, community)
        if place is None:
            return None, "community"
        for field, name in (("grid", grid), ("micro_grid", micro_grid)):
            if name:
                inner = self.by_path.get(f"{place.path}/{name}")
                if inner is None:
                    return None, field
                place = inner
        return place, ""


def area_code(name: str, parent: str, taken: Iterable[str]) -> str:
    """A short ASCII code: pinyin of the name without its suffix, or the parent's code and a number; made unique."""
    used = set(taken)
    digits = "".join(re.findall(r"[0-9]+", name))
    if parent and digits and "网格" in name:
        stem = f"{parent}-w{digits}" if name.startswith("微") else f"{parent}-{digits}"
    else:
        bare = name
        for suffix in SUFFIXES:
            if bare.endswith(suffix) and len(bare) > len(suffix):
                bare = bare[: -len(suffix)]
                break
        stem = re.sub(r"[^a-z0-9]", "", "".join(lazy_pinyin(bare)).lower())[:24] or "area"
    code, n = stem, 2
    while code in used:
        code, n = f"{stem}-{n}", n + 1
    return code
