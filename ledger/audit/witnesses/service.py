"""Service: attendances and what they earned, the public notice, objections."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from ledger.audit.inquiry import Follower, Inquiry, Seen, Witness, by, followers, read_object
from ledger.audit.rebuild import LINE_STATES
from ledger.domain.account import PTS
from ledger.storage import evidence

GONE: Final = ("rejected", "undone")
EVIDENCE: Final = "activity:"


class Attendances(Witness):
    """An attendance says who, where, how long and for how many points; so do its acts."""

    checks = ("attendance_matches_acts", "one_earning_each")
    kinds = frozenset({"checked_in", "service_earned", "service_served"})

    def see(self, acts: Sequence[Seen]) -> None:
        unit = self.inquiry.unit
        rows = by(evidence.rows_by(unit, "attendance", "id", [act.facts.get("attendance") for act in acts]), "id")
        reversers = followers(unit.rows(evidence.REVERSERS, ids=[act.at.id for act in acts]))
        for act in acts:
            name = act.facts.get("attendance", "")
            row = rows.get(name)
            if row is None:
                self.inquiry.missing("attendance_matches_acts", table="attendance", name=str(name), entry=act.at.id)
                continue
            told = _attendance_as_told(act, reversers.get(act.at.id), row)
            self.inquiry.compare("attendance_matches_acts", told, row, table="attendance", name=name, entry=act.at.id)
            if act.at.kind == "service_earned" and row["earned_act"] != act.at.id:
                self.inquiry.note(
                    "one_earning_each",
                    f"服务记录 {name} 由凭证 {act.at.id} 计过分，记录上却写 {row['earned_act'] or '空'}：可能计了两次",
                    expected=act.at.id, found=row["earned_act"], entry=act.at.id, table="attendance", field="earned_act",
                )  # fmt: skip

    def finish(self) -> None:
        unit, check = self.inquiry.unit, "attendance_matches_acts"
        for (id,) in unit.rows(evidence.ATTENDANCE_UNEXPLAINED):
            self.inquiry.unexplained(check, table="attendance", name=id)
        for id, act in unit.rows(evidence.EARNINGS_UNEXPLAINED):
            self.inquiry.note(
                check, f"服务记录 {id} 所指的计分凭证 {act} 不存在", expected=None, found=act, entry=act, table="attendance",
                field="earned_act",
            )  # fmt: skip
        for id, points in unit.rows(evidence.POINTS_UNEXPLAINED):
            self.inquiry.note(
                check, f"服务记录 {id} 有 {points} 点积分而没有计分凭证", expected=0, found=points, table="attendance", field="points"
            )
        for activity, person, count in unit.rows(evidence.ATTENDED_TWICE):
            self.inquiry.note(
                "one_earning_each", f"{person} 在活动 {activity} 有 {count} 条有效记录", expected=1, found=count, table="attendance",
                field="person",
            )  # fmt: skip


class NoticeLines(Witness):
    """A notice line shows an earning; its state follows from the act that settled or voided that earning."""

    checks = ("notice_matches_acts",)
    kinds = frozenset({"service_earned", "notice_published"})

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._published: dict[str, Seen] = {}

    def see(self, acts: Sequence[Seen]) -> None:
        earned = [act for act in acts if act.at.kind == "service_earned"]
        self._published |= {act.at.cycle: act for act in acts if act.at.kind == "notice_published"}
        ids = [act.at.id for act in earned]
        rows = by(evidence.rows_by(self.inquiry.unit, "notice_line", "earned_act", ids), "earned_act")
        resolvers = followers(self.inquiry.unit.rows(evidence.RESOLVERS, ids=ids))
        for act in earned:
            row = rows.get(act.at.id)
            if row is not None:
                self._compare(act, row, resolvers.get(act.at.id))

    def finish(self) -> None:
        for cycle, line, act in self.inquiry.unit.rows(evidence.LINES_UNEXPLAINED):
            self.inquiry.note(
                "notice_matches_acts", f"{cycle} 公示第 {line} 行所指的计分凭证 {act} 不存在", expected=None, found=act, entry=act,
                table="notice_line", field="earned_act",
            )  # fmt: skip
        totals: dict[str, dict[str, Any]] = {
            cycle: {"lines": lines, "points": int(points)} for cycle, lines, points in self.inquiry.unit.rows(evidence.LINE_TOTALS)
        }
        for cycle, act in self._published.items():
            told: dict[str, Any] = {name: act.facts[name] for name in ("lines", "points") if name in act.facts}
            found: dict[str, Any] = totals.get(cycle) or {"lines": 0, "points": 0}
            self.inquiry.compare("notice_matches_acts", told, found, table="notice_line", name=f"{cycle} 公示", entry=act.at.id)

    def _compare(self, act: Seen, row: dict[str, Any], resolver: Follower | None) -> None:
        name = f"{row['cycle']} 第 {row['line']} 行"
        told = {"cycle": act.at.cycle, "holder": act.at.subject, "points": -act.total("issued", PTS)}
        self.inquiry.compare("notice_matches_acts", told, row, table="notice_line", name=name, entry=act.at.id)
        states = LINE_STATES.get(resolver.kind if resolver else "", ())
        if row["state"] not in states:
            self.inquiry.note(
                "notice_matches_acts", f"公示 {name} 的状态应为 {'或'.join(states) or '未知'}，现为 {row['state']}",
                expected=list(states), found=row["state"], entry=act.at.id, table="notice_line", field="state",
            )  # fmt: skip


class Objections(Witness):
    """An objection is open until an act decides it, and as that act decides."""

    checks = ("objections_match_acts",)
    kinds = frozenset({"objection_filed"})

    def see(self, acts: Sequence[Seen]) -> None:
        unit, ids = self.inquiry.unit, [act.at.subject for act in acts]
        rows = by(evidence.rows_by(unit, "objection", "tracking", ids), "tracking")
        decided = {row[0]: row for row in unit.rows(evidence.ACTS_ABOUT, ids=ids, kind="objection_decided")}
        for act in acts:
            name = act.at.subject
            if name not in rows:
                self.inquiry.missing("objections_match_acts", table="objection", name=name, entry=act.at.id)
                continue
            told: dict[str, Any] = {"cycle": act.at.cycle, "state": "open"}
            told |= {column: act.facts[column] for column in ("line", "answer_by") if column in act.facts}
            if name in decided:
                told["state"] = (read_object(decided[name][4]) or {}).get("outcome", "")
                told["decided_at"] = decided[name][3]
            self.inquiry.compare("objections_match_acts", told, rows[name], table="objection", name=name, entry=act.at.id)

    def finish(self) -> None:
        for name in evidence.rows_no_act_explains(self.inquiry.unit, "objection", "tracking", ("objection_filed",), 200):
            self.inquiry.unexplained("objections_match_acts", table="objection", name=name)


def _attendance_as_told(act: Seen, reverser: Follower | None, row: dict[str, Any]) -> dict[str, Any]:
    told: dict[str, Any] = {"person": act.at.subject, "evidence_level": act.at.evidence_level}
    if act.at.evidence.startswith(EVIDENCE):
        told["activity"] = act.at.evidence.removeprefix(EVIDENCE)
    if "came_at" in act.facts:
        told["came_at"] = act.facts["came_at"]
    if reverser is not None:
        return told | ({} if row["state"] in GONE else {"state": "rejected"})
    if row["state"] in GONE:
        return told
    if "minutes" in act.facts:
        told["minutes"] = act.facts["minutes"]
    if act.at.kind == "service_earned":
        told["points"] = -act.total("issued", PTS)
        told |= {column: act.facts[name] for column, name in (("raw_points", "raw"), ("capped_by", "capped_by")) if name in act.facts}
    return told
