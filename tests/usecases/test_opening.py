"""Opening: the book, a rule, an activity, a quarter, a desk; each once, by whom it may, and on both sides of its edge."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from ledger.domain import errors
from ledger.domain.earning import Rule
from ledger.domain.people import Actor, Grant
from ledger.storage import cycles, service
from ledger.storage.sql import Statement
from ledger.usecases.close_desk import close_desk
from ledger.usecases.found_book import found_book
from ledger.usecases.open_activity import open_activity
from ledger.usecases.open_desk import open_desk
from ledger.usecases.price_good import price_good
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.request import Answer
from tests.cast import NOTICED_AT, District, found_district, local, migrated_settings, open_book
from tests.storage.test_races import at_once

START = local("2022-10-20 09:00")
SESSIONS = Statement("SELECT id, closes_at FROM {session} ORDER BY id")
DESKS = Statement("SELECT id, closed_at IS NULL FROM {desk} ORDER BY id")
KINDS = Statement("SELECT kind FROM {act} WHERE kind IN ('session_opened','desk_opened') ORDER BY id")


def rule(**more: Any) -> Rule:
    return Rule(**{"id": "sweep", "version": 1, "name": "清扫", "basis": "event", "points": 6, "clause": "第三条", **more})


def publish(district: District, new: Rule, actor: Actor | None = None, valid_from: str = "2022-01-01 00:00") -> Answer:
    return publish_rule(district.book, district.request("publish", actor or district.officer), new, valid_from=local(valid_from))


def activity(district: District, actor: Actor | None = None, **more: Any) -> Answer:
    values = {"name": "清扫", "kind": "志愿服务", "area": "石桥街道/东苑社区", "starts_at": START, "ends_at": START + timedelta(hours=2),
              "rule": "sweep", **more}  # fmt: skip
    return open_activity(district.book, district.request("open_activity", actor or district.organiser), **values)


# -- the book ----------------------------------------------------------------------------------------------------------


def test_a_book_is_founded_once_by_whoever_comes_first(home: Path) -> None:
    book = open_book(migrated_settings(home))
    district = District(book, home)
    request = district.request("found", key=None)
    answers = at_once([lambda: found_book(book, request) for _ in range(6)])
    assert sorted(a["founded"] for a in answers) == [False] * 5 + [True]
    assert answers[0] | {"founded": True} == {
        "book": "main", "founded": True, "database": "sqlite", "slug": "main", "decimals": 0, "hash": "sha256", "zone": "Asia/Shanghai",
        "currency": "CNY",
    }  # fmt: skip
    book.close()


@pytest.mark.parametrize(("key", "value"), [("zone", '"Asia/Urumqi"'), ("currency", '"USD"'), ("hash", '"sm3"'), ("decimals", "2")])
def test_settings_that_contradict_the_genesis_are_refused(home: Path, key: str, value: str) -> None:
    book = open_book(migrated_settings(home))
    found_book(book, District(book, home).request("found", key=None))
    book.close()
    changed = open_book(migrated_settings(home, toml=f"[genesis]\n{key} = {value}\n"))
    with pytest.raises(errors.ConfigDisagrees) as refusal:
        found_book(changed, District(changed, home).request("found", key=None))
    assert refusal.value.facts["field"] == key
    changed.close()


# -- rules and activities ------------------------------------------------------------------------------------------------


def test_a_version_is_published_once_and_never_with_other_content(district: District) -> None:
    assert publish(district, rule()) == {"rule": "sweep", "version": 1}
    assert publish(district, rule()) == {"rule": "sweep", "version": 1}
    with pytest.raises(errors.Differs):
        publish(district, rule(points=7))
    assert publish(district, rule(version=2, points=7))["version"] == 2
    with pytest.raises(errors.Forbidden):
        publish(district, rule(version=3), district.organiser)


def test_an_activity_takes_the_version_that_holds_when_it_begins(sqlite_district: District) -> None:
    publish(sqlite_district, rule())
    publish(sqlite_district, rule(version=2, points=7), valid_from="2022-10-20 09:00")
    found = []
    for starts_at in (START - timedelta(microseconds=1), START):
        opened = activity(sqlite_district, starts_at=starts_at)
        found.append(sqlite_district.book.read(lambda unit, o=opened: service.activity(unit, o["activity"])).rule_version)
    assert found == [1, 2]
    with pytest.raises(errors.NotFound) as refusal:
        activity(sqlite_district, starts_at=local("2021-12-31 09:00"), ends_at=local("2021-12-31 10:00"))
    assert refusal.value.facts == {"what": "rule"}


def test_an_organiser_opens_in_their_own_area_and_below(sqlite_district: District) -> None:
    publish(sqlite_district, rule())
    local_organiser = Actor("U000005", grants=(Grant("organiser", "dongyuan"),))
    assert activity(sqlite_district, local_organiser)["code"] == "A000001"
    assert activity(sqlite_district, local_organiser, area="石桥街道/东苑社区/第1网格")["code"] == "A000002"
    for area in ("石桥街道/西苑社区", "石桥街道"):
        with pytest.raises(errors.Forbidden):
            activity(sqlite_district, local_organiser, area=area)
    with pytest.raises(errors.Forbidden):
        activity(sqlite_district, sqlite_district.keeper)
    with pytest.raises(errors.NotFound):
        activity(sqlite_district, area="石桥街道/北苑社区")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"), ({"name": "长" * 81}, "name"), ({"ends_at": START}, "ends_at"),
        ({"ends_at": START + timedelta(hours=24, seconds=1)}, "ends_at"), ({"capacity": 0}, "capacity"),
        ({"capacity": 100_001}, "capacity"),
    ],
)  # fmt: skip
def test_an_activity_that_makes_no_sense_is_refused(sqlite_district: District, more: dict[str, Any], field: str) -> None:
    publish(sqlite_district, rule())
    with pytest.raises(errors.InvalidInput) as refusal:
        activity(sqlite_district, **more)
    assert refusal.value.facts["field"] == field
    assert activity(sqlite_district, ends_at=START + timedelta(hours=24), capacity=1)["name"] == "清扫"


# -- quarters ------------------------------------------------------------------------------------------------------------


def test_a_quarter_opens_with_its_first_fact_or_its_first_day(district: District) -> None:
    names = [c.name for c, _preset in district.book.read(cycles.all_cycles)]
    assert names == ["2022Q2", "2022Q3"]
    district.tick_at(local("2022-10-03 00:00"))
    assert [c.name for c, _preset in district.book.read(cycles.all_cycles)] == ["2022Q2", "2022Q3", "2022Q4"]
    district.tick_at(local("2022-12-31 23:59"))
    assert [c.name for c, _preset in district.book.read(cycles.all_cycles)][-1] == "2022Q4"
    district.tick_at(local("2023-01-01 00:00"))
    assert [c.name for c, _preset in district.book.read(cycles.all_cycles)][-1] == "2023Q1"


def test_settings_change_only_the_quarters_that_open_later(home: Path) -> None:
    book = open_book(migrated_settings(home))
    district = found_district(book, home)
    before, _preset = district.book.read(lambda unit: cycles.cycle(unit, "2022Q3"))
    book.close()
    toml = '[cycle]\ncutoff_days = 10\nnotice_days = 3\ncarry_over = "never"\n'
    changed = District(open_book(migrated_settings(home, toml=toml)), home, now=NOTICED_AT)
    changed.tick_at(NOTICED_AT)
    (old, kept), (new, preset) = [changed.book.read(lambda unit, n=n: cycles.cycle(unit, n)) for n in ("2022Q3", "2022Q4")]
    assert (old.cutoff_at, old.notice_days, kept) == (before.cutoff_at, 7, "year_end")
    assert (new.cutoff_at, new.notice_days, preset) == (local("2023-01-11 00:00"), 3, "never")
    changed.check_clean()
    changed.book.close()


def test_goods_at_all_times_where_the_district_says_so(home: Path) -> None:
    book = open_book(migrated_settings(home, toml="[redemption]\nalways_open = true\n"))
    district = found_district(book, home)
    held = district.hold("SP-03")
    assert district.book.read(lambda unit: unit.rows(SESSIONS))[0][0] == "2022Q4.DY001"
    assert district.collect(held["hold"])["points"] == 8
    district.check_clean()
    book.close()


def test_only_at_home_where_the_district_says_so(home: Path) -> None:
    book = open_book(migrated_settings(home, toml="[redemption]\nown_area_only = true\n"))
    district = found_district(book, home)
    district.to_redeeming()
    district.hold("SP-03")
    with pytest.raises(errors.WrongStation) as refusal:
        district.hold("SP-03", person="V000005")
    assert refusal.value.facts == {"station": "东苑站"}
    book.close()


# -- sessions and desks ----------------------------------------------------------------------------------------------------


def test_a_stations_session_and_desk_open_once_whoever_comes_first(district: District) -> None:
    district.to_redeeming()
    other = open_book(district.book.settings)
    try:
        pair = [district, District(other, district.folder, now=district.now)]
        codes = [district.code(p) for p in ("V000001", "V000002", "V000005", "V000006")]
        answers = at_once([lambda d=pair[n % 2], c=code: d.walk_up("SP-03", shown=c) for n, code in enumerate(codes)])
    finally:
        other.close()
    assert [a for a in answers if not isinstance(a, dict)] == []
    assert district.book.read(lambda unit: unit.rows(KINDS)) == [("session_opened",), ("desk_opened",)]
    assert [row[0] for row in district.book.read(lambda unit: unit.rows(DESKS))] == ["2022Q3.DY001.1"]


def test_a_desk_that_must_be_counted_opens_with_a_count(home: Path) -> None:
    book = open_book(migrated_settings(home, toml='[desk]\nopening_count = "required"\n'))
    district = found_district(book, home)
    district.to_redeeming()
    with pytest.raises(errors.DeskNotOpen):
        district.walk_up("SP-03")
    count = {"SP-01": 40, "SP-02": 10, "SP-03": 100}
    with pytest.raises(errors.InvalidInput):
        open_desk(book, district.request("open", district.keeper), station="DY001")
    with pytest.raises(errors.SecondPersonRequired):
        open_desk(book, district.request("open", district.keeper), station="DY001", count={**count, "SP-01": 39})
    opened = open_desk(book, district.request("open", district.keeper), station="DY001", count=count)
    assert (opened["desk"], opened["variances"]) == ("2022Q3.DY001.1", [])
    assert district.walk_up("SP-03")["points"] == 8
    closed = close_desk(book, district.request("close", district.keeper), desk=opened["desk"], count={**count, "SP-03": 99})
    assert (closed["hand_overs"], closed["points"], closed["pieces"], closed["cost_fen"]) == (1, 8, 1, 500)
    with pytest.raises(errors.DeskNotOpen):
        district.walk_up("SP-03")
    district.check_clean()
    book.close()


def test_a_price_changes_what_is_sold_from_now_on_and_no_hold(district: District) -> None:
    district.to_redeeming()
    held = district.hold("SP-03")
    price_good(district.book, district.request("price", district.officer), sku="SP-03", price_points=9, limit_per_cycle=None, reason="涨价")
    assert district.collect(held["hold"])["points"] == 8
    assert district.walk_up("SP-03")["points"] == 9
    with pytest.raises(errors.Differs):
        price_good(
            district.book, district.request("price", district.officer), sku="SP-03", price_points=10, limit_per_cycle=None, was_price=8
        )  # fmt: skip
    for wrong in (0, -1, 10_000_001):
        with pytest.raises(errors.InvalidInput):
            price_good(district.book, district.request("p", district.officer), sku="SP-03", price_points=wrong, limit_per_cycle=None)
