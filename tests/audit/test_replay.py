"""A quarter is reckoned once more: nothing differs in an honest book, and exactly the touched entries in a touched one."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from ledger.audit.replay import Replayed, replay
from ledger.domain import errors
from tests.audit.intruder import Intruder
from tests.audit.quarter import Repeatable, emptied, lived
from tests.cast import District
from tests.conftest import ENGINES

DAY = 86_400_000_000


@pytest.fixture(scope="module", params=ENGINES)
def touched(
    request: pytest.FixtureRequest, sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Repeatable]:  # fmt: skip
    """One book for all of them: what each test alters is put back."""
    home = tmp_path_factory.mktemp("replay") / "home"
    shutil.copytree(sqlite_template, home)
    if request.param == "sqlite":
        district = lived(home)
        yield district
        district.check_clean()
        district.book.close()
        return
    url = request.getfixturevalue("pg_server")
    emptied(url)
    district = lived(home, url)
    yield district
    district.check_clean()
    district.book.close()
    emptied(url)


@pytest.fixture
def intruder(touched: Repeatable) -> Iterator[Intruder]:
    someone = Intruder(touched.book)
    yield someone
    someone.leave()


def entries(found: Replayed) -> set[str]:
    return {finding.entry for finding in found.differing}


def test_an_honest_book_differs_nowhere(touched: Repeatable) -> None:
    heard: list[tuple[str, int]] = []
    for cycle, lines, points, minutes in (("2022Q2", 6, 0, 0), ("2022Q3", 26, 48, 578), ("2022Q4", 21, 42, 374), ("2023Q1", 0, 0, 0)):
        found = replay(touched.book, cycle, lambda what, done: heard.append((what, done)))
        assert [f.message for f in found.differing] == [] and found.ok
        assert (found.lines, found.points, found.minutes, dict(found.left)) == (lines, points, minutes, {}), cycle
    assert heard and all(what == "凭证" and done > 60 for what, done in heard)


def test_every_kind_that_moves_points_was_reckoned(touched: Repeatable) -> None:
    kinds: set[str] = set()
    for cycle in ("2022Q2", "2022Q3", "2022Q4"):
        kinds |= set(replay(touched.book, cycle).kinds)
    assert kinds == {
        "points_opened", "reversed", "service_earned", "checked_in", "notice_published", "points_settled", "points_voided", "points_lapsed",
        "hold_placed", "handed_over", "hold_voided", "hold_expired", "hand_over_reversed", "debt_paid",
    }  # fmt: skip


def test_a_quarter_that_is_none_is_refused(touched: Repeatable) -> None:
    with pytest.raises(errors.InvalidInput):
        replay(touched.book, "2022-3")
    with pytest.raises(errors.NotFound):
        replay(touched.book, "2021Q1")


# -- what somebody may alter: where to look, and which entries and fields must be named ----------------------------------------------------
Named = tuple[set[str], set[str]]


def points_of_a_service(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-6")
    i.scale_legs(entry, "pending/", 60)
    return {entry}, {"amount"}


def minutes_of_a_service(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-6")
    minutes = i.facts(entry)["minutes"]
    i.tell(entry, minutes=minutes + 30)
    i.scale_legs(entry, "honour/", minutes + 30)
    return {entry}, {"amount", "facts.minutes"}


def time_of_leaving(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="hourly", subject="V000002")
    i.tell(entry, left_at=i.facts(entry)["left_at"] - 60 * 60_000_000)
    return {entry}, {"facts.minutes", "amount", "facts.raw", "facts.capped_by"}


def a_point_beyond_the_cap(i: Intruder) -> Named:
    entry = next(e for e in sorted(i.entries("service_earned", rule="hourly")) if i.facts(e)["capped_by"])
    i.tell(entry, capped_by="")
    i.scale_legs(entry, "pending/", i.facts(entry)["raw"])
    return {entry}, {"amount", "facts.capped_by"}


def a_cap_of_a_rule(i: Intruder) -> Named:
    rule = i.entry("rule_published", subject="hourly")
    i.tell(rule, caps={"day": 999, "quarter": 999})
    capped = {e for e in i.entries("service_earned", rule="hourly") if i.facts(e)["capped_by"]}
    return {rule, *capped}, {"caps", "amount", "facts.capped_by"}


def points_of_a_rule(i: Intruder) -> Named:
    rule = i.entry("rule_published", subject="event-5")
    i.tell(rule, points=7)
    i.change("rule", {"id": "event-5", "version": 1}, points=7)
    return i.entries("service_earned", rule="event-5"), {"amount", "facts.raw"}


def the_rule_table_alone(i: Intruder) -> Named:
    i.change("rule", {"id": "event-5", "version": 1}, points=50)
    return {i.entry("rule_published", subject="event-5")}, {"points"}


def version_of_a_rule(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-6")
    i.change("act", {"id": entry}, rule_version=2)
    return {entry}, {"rule_version"}


def quarter_of_a_service(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-6")
    i.change("act", {"id": entry}, cycle="2022Q2")
    return {entry}, {"cycle"}


def a_whole_row_of_a_sheet(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-5", subject="V000002")
    batch = i.entry("batch_imported", subject="B000007")
    for following in i.entries("points_voided", resolves=entry) | i.entries("points_settled", resolves=entry):
        i.change("act", {"id": following}, resolves=None)
        i.remove(following)
    i.remove(entry)
    return {batch, i.entry("notice_published", cycle="2022Q3")}, {
        "facts.counts.attendances", "facts.counts.points", "facts.lines", "facts.points"
    }  # fmt: skip


def lot_of_a_settlement(i: Intruder) -> Named:
    entry = i.entry("points_settled", cycle="2022Q3")
    line, path, _ = next(leg for leg in i.legs(entry, "wallet/") if leg[2] > 0)
    i.change("posting", {"act": entry, "line": line}, account=path.replace("2022Q3", "2022Q2"))
    return {entry}, {"amount"}


def a_debt_passed_over(i: Intruder) -> Named:
    entry = next(e for e in i.entries("points_settled", cycle="2022Q4") if i.legs(e, "debt/"))
    (line, _, _), (_, wallet, _) = i.legs(entry, "debt/")[0], i.legs(entry, "wallet/")[0]
    i.change("posting", {"act": entry, "line": line}, account=wallet)
    return {entry}, {"amount"}


def a_settlement_taken_away(i: Intruder) -> Named:
    entry = i.entry("points_settled", cycle="2022Q4")
    earned = next(e for e in i.entries("service_earned", cycle="2022Q4") if i.entries("points_settled", resolves=e) == {entry})
    i.remove(entry)
    return {earned}, {"resolves"}


def day_of_a_lot(i: Intruder) -> Named:
    entry = next(e for e in sorted(i.entries("points_settled", cycle="2022Q3")) if "2022Q3" in i.facts(e)["lot"])
    _, path, _ = i.legs(entry, "wallet/")[0]
    first = min(e for e in i.entries("points_settled", cycle="2022Q3") if any(leg[1] == path for leg in i.legs(e)))
    i.change("account", {"path": path}, expires_at=1_700_000_000_000_000)
    return {first}, {"expires_at"}


def day_in_an_opening(i: Intruder) -> Named:
    entry = i.entry("points_opened", batch="B000005")
    i.tell(entry, expires_at=i.facts(entry)["expires_at"] + 365 * DAY)
    return {entry}, {"facts.expires_at"}


def points_of_an_opening(i: Intruder) -> Named:
    entry = i.entry("points_opened", batch="B000005")
    i.scale_legs(entry, "wallet/", 160)
    return {entry}, {"amount"}


def points_that_lapsed(i: Intruder) -> Named:
    entry = i.entry("points_lapsed")
    i.scale_legs(entry, "lapsed/", 1)
    return {entry}, {"amount"}


def a_lapse_left_out(i: Intruder) -> Named:
    entry = i.entry("points_lapsed", subject="V000006")
    i.remove(entry)
    return {i.entry("points_opened", subject="V000006")}, {"amount"}


def price_of_a_hand_over(i: Intruder) -> Named:
    entry = next(e for e in i.entries("handed_over") if i.facts(e)["items"][0]["sku"] == "SP-03" and i.facts(e)["how"] == "code")
    (item,) = i.facts(entry)["items"]
    i.tell(entry, items=[{**item, "price_points": 1}])
    i.scale_legs(entry, "redeemed/", item["quantity"])
    return {entry}, {"facts.items", "amount"}


def a_price_list(i: Intruder) -> Named:
    entry = i.entry("good_priced", subject="SP-01")
    i.tell(entry, price_points=31)
    return {i.entry("hold_placed")}, {"facts.items", "amount"}


def lot_that_paid(i: Intruder) -> Named:
    entry = i.entry("hold_placed")
    for line, path, _ in i.legs(entry):
        if "2022Q2" in path:
            i.change("posting", {"act": entry, "line": line}, account=path.replace("2022Q2", "2022Q3"))
    return {entry}, {"amount"}


def cost_of_a_hand_over(i: Intruder) -> Named:
    entry = i.entry("handed_over")
    i.scale_legs(entry, "spent/", 1)
    return {entry}, {"amount"}


def half_a_reversal(i: Intruder) -> Named:
    entry = i.entry("hold_voided")
    i.scale_legs(entry, "wallet/", 1)
    return {entry}, {"amount"}


def a_debt_too_large(i: Intruder) -> Named:
    entry = i.entry("debt_booked")
    i.scale_legs(entry, "wallet/", 40)
    return {entry}, {"amount"}


def a_debt_not_paid(i: Intruder) -> Named:
    i.remove(i.entry("debt_paid"))
    return {i.entry("hold_voided", subject="V000005")}, {""}


def facts_that_nobody_can_read(i: Intruder) -> Named:
    entry = i.entry("handed_over", which=1)
    i.change("act", {"id": entry}, facts='{"items":')
    return {entry}, {"facts"}


def facts_that_are_something_else(i: Intruder) -> Named:
    entry = i.entry("service_earned", cycle="2022Q3", rule="event-6")
    i.tell(entry, came_at="yesterday")
    return {entry}, {"facts"}


QUARTERS = {points_of_an_opening: "2022Q2", day_in_an_opening: "2022Q2", a_debt_too_large: "2022Q2"}
IN_DECEMBER = (a_debt_passed_over, a_settlement_taken_away, points_that_lapsed, a_lapse_left_out)


@pytest.mark.parametrize(
    "alter",
    [
        points_of_a_service, minutes_of_a_service, time_of_leaving, a_point_beyond_the_cap, a_cap_of_a_rule, points_of_a_rule,
        the_rule_table_alone, version_of_a_rule, quarter_of_a_service, a_whole_row_of_a_sheet, lot_of_a_settlement, a_debt_passed_over,
        a_settlement_taken_away, day_of_a_lot, day_in_an_opening, points_of_an_opening, points_that_lapsed, a_lapse_left_out,
        price_of_a_hand_over, a_price_list, lot_that_paid, cost_of_a_hand_over, half_a_reversal, a_debt_too_large, a_debt_not_paid,
        facts_that_nobody_can_read, facts_that_are_something_else,
    ],
)  # fmt: skip
def test_exactly_the_altered_entries_are_named(touched: Repeatable, intruder: Intruder, alter: Callable[[Intruder], Named]) -> None:
    named, fields = alter(intruder)
    cycle = QUARTERS.get(alter) or ("2022Q4" if alter in IN_DECEMBER else "2022Q3")
    found = replay(touched.book, cycle)
    assert entries(found) == named, [f.message for f in found.differing]
    assert {finding.field for finding in found.differing} <= fields
    for finding in found.document(touched.book.settings.scale.number)["differing"]:
        assert set(finding) >= {"entry", "expected", "found", "message"} and any("\u4e00" <= c <= "\u9fff" for c in finding["message"])


WEIRD: list[Any] = [None, -5, 10**30, "x", [], {}, [1], {"a": 1}, True, 1.5, "2022Q3"]
COLUMNS = ("recorded_at", "cycle", "subject", "rule", "rule_version", "evidence", "evidence_level", "station", "batch", "clause")


def test_nothing_that_anybody_writes_into_the_tables_stops_a_replay(touched: Repeatable, intruder: Intruder) -> None:
    """Whatever the facts, columns and postings hold: the answer is findings, never a crash. SQLite takes any type anywhere."""
    if touched.book.compiler.engine != "sqlite":
        pytest.skip("columns are typed there")
    die = Random(20221004)
    acts = sorted(intruder.everything())
    for _ in range(80):
        entry = die.choice(acts)
        choice, legs = die.random(), intruder.legs(entry)
        if choice < 0.5 and intruder.facts(entry):
            intruder.tell(entry, **{die.choice(sorted(intruder.facts(entry))): die.choice(WEIRD)})
        elif choice < 0.8 or not legs:
            intruder.change("act", {"id": entry}, **{die.choice(COLUMNS): die.choice([0, -1, 2**62, "", "x", "[]", "2022Q9", 1.5])})
        else:
            line = die.choice(legs)[0]
            told = die.choice([{"amount": "x"}, {"amount": 0}, {"account": "wallet"}, {"account": "shelf/a"}, {"commodity": "HON"}])
            intruder.change("posting", {"act": entry, "line": line}, **told)
        for cycle in ("2022Q2", "2022Q3", "2022Q4"):
            json.dumps(replay(touched.book, cycle).document(lambda steps: steps), ensure_ascii=False)
        intruder.undo()


def test_the_other_quarters_do_not_repeat_it(touched: Repeatable, intruder: Intruder) -> None:
    points_of_a_service(intruder)
    assert [replay(touched.book, cycle).ok for cycle in ("2022Q2", "2022Q4", "2023Q1")] == [True, True, True]


def test_an_altered_opening_is_told_as_it_was(touched: Repeatable, intruder: Intruder) -> None:
    """The file is not kept, but the keyed digest of its row is: it tells the true figure."""
    entry, _ = points_of_an_opening(intruder)
    found = {(f.account, f.expected, f.found) for f in replay(touched.book, "2022Q2").differing if f.entry in entry}
    assert found == {("opening/B000005", -100, -160), ("wallet/V000001/2022Q2.dongyuan", 100, 160)}


def test_orders_that_ran_side_by_side_may_be_recorded_in_another_order(sqlite_district: District) -> None:
    """Each drew what was there when it was done; recorded the other way round, together they are right."""
    district = sqlite_district
    district.to_redeeming()
    first = district.hold("SP-01", 3)["hold"]
    district.later(seconds=20)
    second = district.hold("SP-03", 2)["hold"]
    district.void(first)
    district.void(second)
    district.later(minutes=1)
    early = district.hold("SP-01", 3)["hold"]
    district.later(seconds=-40)
    late = district.hold("SP-03", 2)["hold"]
    assert replay(district.book, "2022Q3").ok
    assert early != late


def test_a_pair_that_does_not_add_up_is_named(touched: Repeatable, intruder: Intruder) -> None:
    entry, _ = lot_that_paid(intruder)
    found: dict[str, Any] = {f.account: (f.expected, f.found) for f in replay(touched.book, "2022Q3").differing}
    assert set(found) == {
        path for _, leg, _ in intruder.legs(entry.pop()) if "2022Q3." in leg for path in (leg, leg.replace("2022Q3.", "2022Q2."))
    }
