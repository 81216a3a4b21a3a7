"""Read models that repeat what one act said: areas, stations, sessions, desks, activities, receipts, people, logins, batches.

Each row must say what its act says, and no row may stand there without an act.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.audit.inquiry import Inquiry, Seen, Witness, by
from ledger.storage import evidence

LISTED_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Mirror:
    """A table whose rows repeat acts of one kind.

    key: the row's key as the act names it. said: what the act says of the row's columns. orphans: kinds of acts one of which
    every row needs; empty when another mirror of the table asks for it.
    """

    check: str
    kind: str
    table: str
    column: str
    said: Callable[[Seen], dict[str, Any]]
    key: Callable[[Seen], Any] = lambda act: act.at.subject
    orphans: tuple[str, ...] = ()


def from_facts(*names: str, **header: str) -> Callable[[Seen], dict[str, Any]]:
    """Columns that stand in the facts under their own name, and columns that stand in the header under another."""

    def said(act: Seen) -> dict[str, Any]:
        facts = act.facts
        values = {name: facts[name] for name in names if name in facts}
        return values | {column: getattr(act.at, name) for column, name in header.items()}

    return said


HOLDER_KINDS: Final = ("person_enrolled", "team_formed", "household_formed")

MIRRORS: Final = (
    Mirror(check="people_match_acts", kind="area_opened", table="area", column="code", orphans=("area_opened",),
           said=from_facts("parent", "kind", "name", "path", "pool", batch="batch")),
    Mirror(check="people_match_acts", kind="person_enrolled", table="holder", column="id", orphans=HOLDER_KINDS,
           said=lambda act: {"kind": "person", "batch": act.at.batch, **from_facts("area", "pool")(act)}),
    Mirror(check="people_match_acts", kind="team_formed", table="holder", column="id",
           said=lambda act: {"kind": "team", "batch": act.at.batch}),
    Mirror(check="stations_match_acts", kind="station_opened", table="station", column="code", orphans=("station_opened",),
           said=from_facts("name", "area", batch="batch")),
    Mirror(check="stations_match_acts", kind="session_opened", table="session", column="id", orphans=("session_opened",),
           said=from_facts("kind", "opens_at", "closes_at", station="station", cycle="cycle")),
    Mirror(check="stations_match_acts", kind="desk_opened", table="desk", column="id", orphans=("desk_opened",),
           said=from_facts(session="session", station="station", opened_by="actor", opened_at="recorded_at")),
    Mirror(check="stations_match_acts", kind="desk_closed", table="desk", column="id", said=from_facts(closed_at="recorded_at")),
    Mirror(check="activities_match_acts", kind="activity_opened", table="activity", column="id", orphans=("activity_opened",),
           said=from_facts("code", "name", "kind", "area", "starts_at", "ends_at", "capacity", rule="rule", rule_version="rule_version")),
    Mirror(check="receipts_match_acts", kind="stock_received", table="receipt_lot", column="id", key=lambda act: act.facts.get("receipt"),
           said=lambda act: {"sku": act.at.subject, "station": act.at.station, "act": act.at.id,
                             **from_facts("source", "unit_cost_fen", "quantity")(act)}),
    Mirror(check="batches_match_acts", kind="batch_imported", table="import_batch", column="id", orphans=("batch_imported",),
           said=from_facts("kind", "file_digest", "as_of", actor="actor")),
    Mirror(check="batches_match_acts", kind="batch_undone", table="import_batch", column="id", said=from_facts(undone_at="recorded_at")),
    Mirror(check="roles_match_acts", kind="login_added", table="login", column="id", orphans=("login_added",), said=from_facts()),
    Mirror(check="roles_match_acts", kind="login_disabled", table="login", column="id", said=from_facts(disabled_at="recorded_at")),
)  # fmt: skip


class Mirrors(Witness):
    """Compares the rows of all MIRRORS with their acts."""

    checks = tuple(sorted({mirror.check for mirror in MIRRORS}))
    kinds = frozenset(mirror.kind for mirror in MIRRORS)
    _by_kind: ClassVar = {mirror.kind: mirror for mirror in MIRRORS}

    def see(self, acts: Sequence[Seen]) -> None:
        groups: dict[str, list[Seen]] = {}
        for act in acts:
            if act.at.batch not in self.inquiry.undone or act.at.kind.startswith("batch_"):
                groups.setdefault(act.at.kind, []).append(act)
        for kind, group in groups.items():
            self._compare(self._by_kind[kind], group)

    def finish(self) -> None:
        for mirror in MIRRORS:
            if mirror.orphans:
                for key in evidence.rows_no_act_explains(self.inquiry.unit, mirror.table, mirror.column, mirror.orphans, LISTED_MAX):
                    self.inquiry.unexplained(mirror.check, table=mirror.table, name=key)
        for table, column, check, key, kind in ENDED:
            for name in self.inquiry.unit.rows(evidence.ended_without_act(table, key, column), kind=kind, most=LISTED_MAX):
                self.inquiry.note(
                    check, f"表 {table} 中 {name[0]} 的 {column} 没有凭证", expected=None, found=name[1], table=table, field=column
                )
        for id, act in self.inquiry.unit.rows(evidence.RECEIPTS_UNEXPLAINED):
            self.inquiry.note(
                "receipts_match_acts", f"入库单 {id} 没有凭证", expected=None, found=id, entry=act, table="receipt_lot", field="act"
            )

    def _compare(self, mirror: Mirror, acts: Sequence[Seen]) -> None:
        rows = by(evidence.rows_by(self.inquiry.unit, mirror.table, mirror.column, [mirror.key(act) for act in acts]), mirror.column)
        for act in acts:
            key = mirror.key(act)
            if key not in rows:
                self.inquiry.missing(mirror.check, table=mirror.table, name=str(key), entry=act.at.id)
            else:
                self.inquiry.compare(mirror.check, mirror.said(act), rows[key], table=mirror.table, name=str(key), entry=act.at.id)


ENDED: Final = (
    ("desk", "closed_at", "stations_match_acts", "id", "desk_closed"),
    ("import_batch", "undone_at", "batches_match_acts", "id", "batch_undone"),
    ("login", "disabled_at", "roles_match_acts", "id", "login_disabled"),
)
"""Columns that are filled only by an act about the row: table, column, check, key, kind."""


class Latest(Witness):
    """A small read model in which later acts change what earlier ones said; compared whole at the end."""

    table: ClassVar[str]
    key: ClassVar[str]

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self.said: dict[Any, dict[str, Any]] = {}
        self.entries: dict[Any, str] = {}
        self.taken_back: set[Any] = set()

    def say(self, key: Any, act: Seen, **values: Any) -> None:
        """Add what an act says of a row; the last word on a column counts."""
        self.said.setdefault(key, {}).update(values)
        self.entries[key] = act.at.id

    def undoable(self, key: Any, act: Seen) -> None:
        """Leave the row of a batch that was undone alone, until a later act writes it again."""
        if act.at.batch in self.inquiry.undone:
            self.taken_back.add(key)
        else:
            self.taken_back.discard(key)

    def key_of(self, row: dict[str, Any]) -> Any:
        return row[self.key]

    def compare_whole(self) -> None:
        check, said = self.checks[0], dict(self.said)
        for row in evidence.whole_table(self.inquiry.unit, self.table):
            key = self.key_of(row)
            expected = said.pop(key, None)
            if key in self.taken_back:
                continue
            if expected is None:
                if self.needs_act(row):
                    self.inquiry.unexplained(check, table=self.table, name=str(key))
                continue
            self.inquiry.compare(check, expected, row, table=self.table, name=str(key), entry=self.entries[key])
        for key in said.keys() - self.taken_back:
            self.inquiry.missing(check, table=self.table, name=str(key), entry=self.entries[key])

    def needs_act(self, _row: dict[str, Any]) -> bool:
        """Whether a row without an act is wrong."""
        return True

    def finish(self) -> None:
        self.compare_whole()


class Rules(Latest):
    """Published rules never change, and earnings name a published version with its clause."""

    checks = ("rules_match_acts",)
    kinds = frozenset({"rule_published", "service_earned", "service_served"})
    table = "rule"

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            key = (act.at.rule, act.at.rule_version)
            if act.at.kind == "rule_published":
                values = {name: value for name, value in act.facts.items() if name in RULE_COLUMNS}
                self.say(key, act, clause=act.at.clause, **values)
            elif act.at.rule and key not in self.said:
                self.inquiry.note(
                    "rules_match_acts", f"凭证 {act.at.id} 按规则 {key[0]} 第 {key[1]} 版计分，此前没有公布过这一版",
                    expected="已公布的规则", found=f"{key[0]} {key[1]}", entry=act.at.id, table="act", field="rule",
                )  # fmt: skip
            elif act.at.rule and self.said[key]["clause"] != act.at.clause:
                self.inquiry.note(
                    "rules_match_acts", f"凭证 {act.at.id} 所引条款与规则 {key[0]} 第 {key[1]} 版的不同",
                    expected=self.said[key]["clause"], found=act.at.clause, entry=act.at.id, table="act", field="clause",
                )  # fmt: skip

    def key_of(self, row: dict[str, Any]) -> Any:
        return row["id"], row["version"]

    def needs_act(self, _row: dict[str, Any]) -> bool:
        return _row["published_at"] is not None


RULE_COLUMNS: Final = frozenset({"name", "basis", "points", "per_mille", "rounding", "min_evidence", "caps", "valid_from"})


class Goods(Latest):
    """The present price of a good is the one its last act wrote."""

    checks = ("goods_match_acts",)
    kinds = frozenset({"good_priced"})
    table, key = "good", "sku"

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            self.undoable(act.at.subject, act)
            self.say(act.at.subject, act, **{name: value for name, value in act.facts.items() if name in GOOD_COLUMNS})


GOOD_COLUMNS: Final = frozenset({"name", "unit", "category", "price_points", "cost_fen", "limit_per_cycle"})


class Grants(Latest):
    """Roles are what grants say, from when to when."""

    checks = ("roles_match_acts",)
    kinds = frozenset({"grant_given", "grant_ended"})
    table, key = "role_grant", "id"

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            values = {name: act.facts[name] for name in ("role", "scope", "from_at", "until_at") if name in act.facts}
            if act.at.kind == "grant_ended":
                values = {name: value for name, value in values.items() if name == "until_at"}
            self.say(act.facts.get("grant", ""), act, grantee=act.at.subject, **values)
