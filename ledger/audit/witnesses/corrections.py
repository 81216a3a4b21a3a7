"""Corrections: each act resolved and reversed once, by an act that fits, and reversals equal and opposite."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Final

from ledger.audit.inquiry import Inquiry, Seen, Witness
from ledger.storage import evidence

OPPOSITE_OF_RESOLVED: Final = frozenset({"hold_voided", "hold_expired", "points_voided"})
"""Kinds that give back exactly what the act they resolve took."""

RESOLVES: Final = {
    "handed_over": {"hold_placed"}, "hold_voided": {"hold_placed"}, "hold_expired": {"hold_placed"},
    "points_settled": {"service_earned"}, "points_voided": {"service_earned"}, "reversed": {"service_earned"},
    "hand_over_reversed": {"handed_over"},
}  # fmt: skip
"""Which kinds of act a kind may resolve."""


class Corrections(Witness):
    checks = ("resolved_once", "reversals_opposite")

    def see(self, acts: Sequence[Seen]) -> None:
        following = [act for act in acts if act.at.reverses or act.at.resolves]
        if not following:
            return
        wanted = {id for act in following for id in (act.at.reverses, act.at.resolves) if id}
        followed: dict[str, str] = dict(self.inquiry.unit.rows(evidence.ACT_KINDS, ids=sorted(wanted)))
        undone = {act.at.id: self._undone(act) for act in following}
        legs = evidence.legs_of(self.inquiry.unit, sorted({id for id in undone.values() if id}))
        for act in following:
            for column in ("reverses", "resolves"):
                id = getattr(act.at, column)
                if id and id not in followed:
                    self._note_unknown(act, column, id)
            if act.at.resolves in followed:
                self._check_kind(act, followed[act.at.resolves])
            if undone[act.at.id] in followed:
                self._check_opposite(act, undone[act.at.id], legs.get(undone[act.at.id], []))

    def finish(self) -> None:
        for statement, column in ((evidence.RESOLVED_TWICE, "resolves"), (evidence.REVERSED_TWICE, "reverses")):
            for id, count, last in self.inquiry.unit.rows(statement):
                words = "结清" if column == "resolves" else "冲正"
                self.inquiry.note(
                    "resolved_once", f"凭证 {id} 被{words}了 {count} 次", expected=1, found=count, entry=last, table="act", field=column
                )

    def _undone(self, act: Seen) -> str:
        """The act whose opposite this one is, or empty."""
        return str(act.at.reverses or (act.at.resolves if act.at.kind in OPPOSITE_OF_RESOLVED else "") or "")

    def _note_unknown(self, act: Seen, column: str, id: str) -> None:
        self.inquiry.note(
            "resolved_once", f"凭证 {act.at.id} 所指的凭证 {id} 不存在", expected="存在的凭证", found=id, entry=act.at.id,
            table="act", field=column,
        )  # fmt: skip

    def _check_kind(self, act: Seen, kind: str) -> None:
        fits = RESOLVES.get(act.at.kind)
        if fits is not None and kind not in fits:
            self.inquiry.note(
                "resolved_once", f"凭证 {act.at.id}（{act.at.kind}）不能结清 {kind} 类凭证", expected=sorted(fits), found=kind,
                entry=act.at.id, table="act", field="resolves",
            )  # fmt: skip

    def _check_opposite(self, act: Seen, undone: str, legs: Sequence[tuple[str, str, int]]) -> None:
        if sorted((path, commodity, -amount) for path, commodity, amount in legs) == sorted(leg[1:] for leg in act.legs):
            return
        expected = {key: -amount for key, amount in _net(legs).items()}
        found = _net((path, commodity, amount) for _, path, commodity, amount in act.legs)
        for path, commodity in sorted(expected.keys() | found.keys()):
            was, now = expected.get((path, commodity), 0), found.get((path, commodity), 0)
            if was != now:
                self.inquiry.note(
                    "reversals_opposite", f"凭证 {act.at.id} 冲回 {undone}，在 {path} 上应为 {was}，现为 {now}",
                    expected=was, found=now, entry=act.at.id, account=path, table="posting", field="amount",
                )  # fmt: skip


class Founding(Witness):
    """Act 0 fixes the book; the book's row and the settings agree with it."""

    checks = ("genesis_agrees",)
    kinds = frozenset({"genesis"})

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._acts: list[Seen] = []

    def see(self, acts: Sequence[Seen]) -> None:
        self._acts += acts

    def finish(self) -> None:
        rows, settings = self.inquiry.unit.rows(evidence.BOOK), self.inquiry.book.settings
        if len(self._acts) != 1 or len(rows) != 1:
            self.inquiry.note(
                "genesis_agrees", f"应有一张开账凭证和一行账簿设置，现有 {len(self._acts)} 张、{len(rows)} 行",
                expected=1, found=len(self._acts), table="book",
            )  # fmt: skip
            return
        act, (slug, genesis, decimals, hash_, zone, currency) = self._acts[0], rows[0]
        row = {"book": slug, "genesis": genesis, "decimals": decimals, "hash": hash_, "zone": zone, "currency": currency}
        told = {name: act.facts.get(name) for name in ("book", "decimals", "hash", "zone", "currency")} | {"genesis": act.at.id}
        self.inquiry.compare("genesis_agrees", told, row, table="book", name=slug, entry=act.at.id)
        fixed = settings.genesis
        config: dict[str, Any] = {name: getattr(fixed, name) for name in ("decimals", "hash", "zone", "currency")}
        config["book"] = settings.slug
        for name, value in config.items():
            if told.get(name) != value:
                self.inquiry.note(
                    "genesis_agrees", f"config.toml 的 {name} 为 {value}，开账凭证为 {told.get(name)}",
                    expected=told.get(name), found=value, entry=act.at.id, table="config.toml", field=name,
                )  # fmt: skip
        if act.at.leaf_index not in (0, None):
            self.inquiry.note(
                "genesis_agrees", f"开账凭证 {act.at.id} 应是第 0 片叶，现为第 {act.at.leaf_index} 片", expected=0, found=act.at.leaf_index,
                entry=act.at.id, table="leaf", field="leaf_index",
            )  # fmt: skip


def _net(legs: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], int]:
    totals: defaultdict[tuple[str, str], int] = defaultdict(int)
    for path, commodity, amount in legs:
        totals[path, commodity] += amount
    return {key: amount for key, amount in totals.items() if amount}
