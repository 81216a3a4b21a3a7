"""By what entries are reckoned: rule versions, activities, pools, prices, receipts and quarters, each as its act published it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final, cast

from ledger.audit.inquiry import TOLERANCE
from ledger.audit.recount.told import CannotReckon, Told
from ledger.domain.act import instant, micros
from ledger.domain.cycle import STATES, Cycle, Plan, earning_cycle, following, local_date, name_of
from ledger.domain.earning import Rule
from ledger.domain.errors import InvalidInput
from ledger.domain.lot import CarryOver

EARNING: Final = ("draft", "earning")
BEFORE_NOTICE: Final = (*EARNING, "frozen")
_INSTANTS: Final = ("cutoff_at", "notice_from", "notice_ends_at", "redeem_until", "settle_until", "noticed_at")


@dataclass(frozen=True, slots=True)
class Activity:
    id: str
    area: str
    starts_at: datetime
    ends_at: datetime
    rule: str
    rule_version: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt lot. `order` is what first in, first out goes by: when it was received, then its number."""

    source: str
    unit_cost_fen: int
    order: tuple[int, str]


class Published:
    """What publishing acts said. Prices are kept with their times; everything else is named by the acts that use it."""

    def __init__(self, acts: Iterable[Told]) -> None:
        self.rules: dict[tuple[str, int], tuple[Rule, str]] = {}
        self.batches: dict[str, Told] = {}
        self.receipts: dict[str, Receipt] = {}
        self.homes: dict[str, str] = {}
        self.unreadable: list[tuple[Told, CannotReckon]] = []
        self._activities: dict[str, Activity] = {}
        self._pools: dict[str, str] = {}
        self._prices: dict[str, list[tuple[int, Any]]] = {}
        for act in acts:
            try:
                self._learn(act)
            except CannotReckon as error:
                self.unreadable.append((act, error))
            except (KeyError, TypeError, ValueError, AttributeError, OverflowError, InvalidInput) as error:
                self.unreadable.append((act, CannotReckon(f"内容读不懂（{error}）", field="facts", expected="{…}", found=str(error))))
        self.capped: Final = frozenset(id for (id, _), (rule, _) in self.rules.items() if rule.caps)

    def activity(self, act: Told) -> Activity:
        """The activity that is an act's evidence. Raises CannotReckon when nothing opened it."""
        found = self._activities.get(act.at.evidence.removeprefix("activity:"))
        if found is None:
            raise CannotReckon("找不到作为凭据的活动", field="evidence", expected="activity:…", found=act.at.evidence)
        return found

    def rule(self, activity: Activity) -> Rule:
        """The rule version by which an activity earns. Raises CannotReckon when it was never published."""
        found = self.rules.get((activity.rule, activity.rule_version))
        if found is None:
            name = f"{activity.rule} 第 {activity.rule_version} 版"
            raise CannotReckon(f"找不到规则 {name}的公布凭证", field="rule", expected=name, found=None)
        return found[0]

    def pool(self, activity: Activity) -> str:
        """Raises CannotReckon when nothing opened its area."""
        if activity.area not in self._pools:
            raise CannotReckon(f"找不到网格 {activity.area} 的开设凭证", field="area", expected=activity.area, found=None)
        return self._pools[activity.area]

    def prices(self, sku: str, at: int) -> list[Any]:
        """Steps a piece cost at a moment, then prices that were in force within five minutes of it.

        Raises CannotReckon for a good that had no price.
        """
        history = self._prices.get(sku, [])
        now = bisect_right(history, at, key=lambda change: change[0]) - 1
        before = bisect_right(history, at - TOLERANCE, key=lambda change: change[0]) - 1
        after = bisect_right(history, at + TOLERANCE, key=lambda change: change[0]) - 1
        if after < 0:
            raise CannotReckon(f"{sku} 当时没有定价", field="facts.items", expected="price_points", found=None)
        return [history[max(now, 0)][1], *(price for _, price in history[max(before, 0) : after + 1])]

    def _learn(self, act: Told) -> None:
        facts, kind, subject = act.facts, act.at.kind, act.at.subject
        if kind == "rule_published":
            rule = Rule(id=subject, version=act.at.rule_version, clause=act.at.clause, **facts)
            self.rules.setdefault((subject, act.at.rule_version), (_whole_rule(rule), act.at.id))
        elif kind == "activity_opened":
            times = instant(facts["starts_at"]), instant(facts["ends_at"])
            self._activities[subject] = Activity(subject, _text(facts["area"]), *times, act.at.rule, act.at.rule_version)
        elif kind == "area_opened":
            self._pools[subject] = _text(facts["pool"])
        elif kind == "person_enrolled":
            self.homes[subject] = _text(facts["pool"])
        elif kind == "good_priced":
            self._prices.setdefault(subject, []).append((act.at.recorded_at, _whole(facts["price_points"])))
        elif kind == "stock_received":
            order = (_whole(facts.get("received_at", act.at.recorded_at)), _text(facts["receipt"]))
            self.receipts[_text(facts["receipt"])] = Receipt(_text(facts["source"]), _whole(facts["unit_cost_fen"]), order)
        elif kind == "batch_imported":
            self.batches[subject] = act


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _whole(value: Any) -> int:
    if type(value) is not int:
        raise TypeError(value)
    return value


def _whole_rule(rule: Rule) -> Rule:
    """The rule, when its numbers are numbers. Raises TypeError."""
    for value in (rule.points, rule.per_mille, rule.min_evidence, *rule.caps.values()):
        _whole(value)
    return rule


@dataclass(frozen=True, slots=True)
class Quarter:
    """A cycle as its acts left it, and the carry-over preset written when it opened."""

    cycle: Cycle
    carry_over: CarryOver


class Quarters:
    """Quarters as they stand while the journal goes by."""

    def __init__(self, plan: Plan, zone: str) -> None:
        self._plan, self._zone = plan, zone
        self._known: dict[str, Quarter] = {}

    def learn(self, act: Told) -> None:
        """Take in an act that opened or stepped a quarter. Raises CannotReckon when it does not say its dates."""
        facts, name = act.facts, act.at.subject
        try:
            if act.at.kind == "cycle_opened":
                self._known[name] = Quarter(_cycle(name, facts, facts["state"]), cast(CarryOver, facts["carry_over"]))
                return
            known = self.named(name)
            merged = replace(_cycle(name, facts, facts["to"]), state=facts["to"])
            self._known[name] = replace(known, cycle=merged)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise CannotReckon(f"季度的日期读不懂（{error}）", field="facts", expected="{…}", found=str(error)) from error

    def named(self, name: str) -> Quarter:
        """Raises CannotReckon for a quarter that nothing opened."""
        if name not in self._known:
            raise CannotReckon(f"找不到季度 {name} 的开启凭证", field="cycle", expected=name, found=None)
        return self._known[name]

    def is_past(self, name: str, state: str) -> bool:
        """Whether a quarter has reached a state, or gone beyond it."""
        known = self._known.get(name)
        return known is not None and STATES.index(known.cycle.state) >= STATES.index(state)

    def for_fact(self, fact_on: date, act: Told, first: str = "") -> str:
        """The quarter that a fact recorded by this act belongs to; one recorded in time before stays in `first` until its notice.

        Within five minutes of a cut-off or a publication either side may have come first: then the quarter the act says is believed.
        """
        name = first if first in self._known and self._is_in(first, BEFORE_NOTICE) else self._now(fact_on, instant(act.at.recorded_at))
        told = act.at.cycle
        return told if told != name and self._is_between(name, told, act) else name

    def _now(self, fact_on: date, at: datetime) -> str:
        cutoffs = {name: quarter.cycle.cutoff_at for name, quarter in self._known.items()}
        name = earning_cycle(fact_on, at, self._plan, self._zone, cutoffs)
        while not self._is_in(name, EARNING):
            name = max(following(name), name_of(local_date(at, self._zone)))
        return name

    def _is_in(self, name: str, states: tuple[str, ...]) -> bool:
        known = self._known.get(name)
        return known is None or known.cycle.state in states

    def _is_between(self, name: str, told: str, act: Told) -> bool:
        """Whether the act was recorded so near the end of one of two neighbouring quarters that it may belong to either."""
        earlier, later = sorted((name, told))
        if earlier not in self._known or following(earlier) != later:
            return False
        ends = (self._known[earlier].cycle.cutoff_at, self._known[earlier].cycle.noticed_at)
        return any(at is not None and abs(micros(at) - act.at.recorded_at) <= TOLERANCE for at in ends)


def _cycle(name: str, facts: dict[str, Any], state: Any) -> Cycle:
    if state not in STATES:
        raise ValueError(state)
    times: dict[str, Any] = {column: None if facts[column] is None else instant(facts[column]) for column in _INSTANTS}
    return Cycle(
        name=name, state=state, starts_on=date.fromisoformat(facts["starts_on"]), ends_on=date.fromisoformat(facts["ends_on"]),
        notice_days=facts["notice_days"], **times,
    )  # fmt: skip
