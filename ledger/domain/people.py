"""Volunteer, keeper, organiser, officer, auditor, admin: who acts, and what each may ask of the ledger.

Also the one function that masks names and the one that masks phones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from ledger.domain.errors import Forbidden

Role = Literal["volunteer", "keeper", "organiser", "officer", "auditor", "admin"]
ROLES: Final[tuple[Role, ...]] = ("volunteer", "keeper", "organiser", "officer", "auditor", "admin")
NEEDS_OTP: Final[frozenset[str]] = frozenset({"officer", "auditor", "admin"})

COMPOUND_SURNAMES: Final = frozenset(
    (
        "欧阳", "司马", "上官", "诸葛", "东方", "独孤", "南宫", "夏侯", "皇甫", "尉迟", "公孙", "慕容", "长孙", "宇文", "司徒", "令狐",
        "司空", "轩辕", "端木", "百里", "东郭", "南门", "呼延", "西门", "第五", "公冶", "太叔", "申屠", "仲孙", "钟离", "鲜于", "闾丘",
        "濮阳", "淳于", "单于", "赫连", "澹台", "完颜", "纳兰", "拓跋", "万俟", "闻人", "谷梁", "梁丘", "左丘", "东门", "公羊",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Grant:
    """A dated role: `scope` is a station code for keepers, an area code for organisers, empty for the whole book."""

    role: str
    scope: str = ""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks. `id` is what the journal shows; `person` is the holder behind it, empty when there is none.

    The console without `--as` acts as `console:<system user>` and may do all that needs no second person.
    """

    id: str
    person: str = ""
    grants: tuple[Grant, ...] = ()
    device: str = ""
    login: str = ""

    @property
    def is_console(self) -> bool:
        return self.id.startswith(("console:", "job:"))

    def has(self, *roles: str) -> bool:
        return self.is_console or any(g.role in roles for g in self.grants)

    def scopes(self, role: str) -> tuple[str, ...]:
        return tuple(g.scope for g in self.grants if g.role == role)

    def is_self(self, holder: str) -> bool:
        return bool(self.person) and self.person == holder


def require(actor: Actor, *roles: str) -> None:
    """Raises Forbidden unless the actor holds one of the roles (the console holds all)."""
    if not actor.has(*roles):
        raise Forbidden()


def require_area(actor: Actor, area_lineage: Iterable[str]) -> None:
    """An organiser acts in the areas of their grants and below. Officers and the console act everywhere.

    area_lineage: the codes of the area itself and all areas above it.
    """
    if actor.has("officer") or actor.is_console:
        return
    scopes = actor.scopes("organiser")
    if not any(scope == "" or scope in set(area_lineage) for scope in scopes):
        raise Forbidden()


def mask_name(name: str) -> str:
    """A name as the public may see it: 张*, 张*三, 欧**娜, 诸葛*, 买*·艾*.

    Two-character names hide the second; longer ones keep first and last, except that a compound surname with a single
    given character hides that character. Parts joined by · keep their first character each.
    """
    name = name.strip()
    if "·" in name:
        return "·".join(part[:1] + "*" for part in name.split("·") if part)
    if len(name) <= 1:
        return name + "*" if name else "*"
    if len(name) == 2:
        return name[0] + "*"
    if len(name) == 3 and name[:2] in COMPOUND_SURNAMES:
        return name[:2] + "*"
    return name[0] + "*" * min(len(name) - 2, 2) + name[-1]


def mask_phone(phone: str) -> str:
    """138****1234; empty stays empty."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else ""
