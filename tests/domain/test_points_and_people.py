"""Points in smallest steps, caps and rounding, masks, account paths, ids, and the canonical form of acts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from ledger.domain import account, errors
from ledger.domain.act import HEADER, Act, canonical_bytes, instant, leaf_hash, micros
from ledger.domain.earning import Rule, award, raw_points, served_minutes
from ledger.domain.entry import Posting, move, net_by_account, opposite
from ledger.domain.ids import IdSource
from ledger.domain.people import mask_name, mask_phone
from ledger.domain.points import PointScale, share_per_mille

NOW = datetime(2022, 10, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("decimals", "points", "steps", "text"),
    [(0, "7", 7, "7"), (1, "7.5", 75, "7.5"), (2, "7.05", 705, "7.05"), (2, "7.50", 750, "7.5"), (2, "-0.1", -10, "−0.1")],
)
def test_points_become_whole_steps_and_read_back(decimals: int, points: str, steps: int, text: str) -> None:
    scale = PointScale(decimals)
    assert scale.steps(Decimal(points)) == steps
    assert scale.text(steps) == text
    assert Decimal(str(scale.number(steps))) == Decimal(points)


def test_points_finer_than_a_step_are_refused_and_exactly_a_step_is_not() -> None:
    with pytest.raises(errors.InvalidInput):
        PointScale(1).steps(Decimal("0.05"))
    assert PointScale(2).steps(Decimal("0.05")) == 5


@pytest.mark.parametrize(("rounding", "found"), [("down", 12), ("up", 13), ("half_up", 13)])
def test_a_share_is_rounded_as_its_rule_says(rounding: str, found: int) -> None:
    assert share_per_mille(25, 500, rounding) == found


def rule(**more: object) -> Rule:
    values: dict[str, object] = {"id": "r", "version": 1, "name": "每小时1分", "basis": "minute", "points": 1, "clause": "第3条"}
    return Rule(**{**values, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("minutes", "rounding", "points"),
    [(59, "down", 0), (60, "down", 1), (119, "down", 1), (1, "up", 1), (29, "half_up", 0), (30, "half_up", 1)],
)
def test_minutes_become_points_once_by_the_rule_s_rounding(minutes: int, rounding: str, points: int) -> None:
    assert raw_points(rule(rounding=rounding), minutes) == points


def test_the_tightest_cap_cuts_and_is_named() -> None:
    capped = rule(basis="event", points=10, caps={"day": 12, "quarter": 15})
    assert award(capped, 0, {}).points == 10
    given = award(capped, 0, {"day": 4, "quarter": 8})
    assert (given.raw, given.points, given.capped_by) == (10, 7, "quarter")
    assert award(capped, 0, {"day": 12}).points == 0


def test_a_rule_without_a_clause_is_refused() -> None:
    with pytest.raises(errors.InvalidInput):
        rule(clause="  ")


def test_minutes_count_inside_the_planned_window_only() -> None:
    start, end = NOW, NOW + timedelta(hours=1)
    assert served_minutes(start - timedelta(minutes=10), end + timedelta(hours=3), start, end) == 60
    assert served_minutes(start + timedelta(minutes=2, seconds=30), None, start, end) == 57
    assert served_minutes(end, start, start, end) == 0


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"),
        ("张小三", "张*三"),
        ("欧阳娜娜", "欧**娜"),
        ("诸葛亮", "诸葛*"),
        ("买买提·艾力", "买*·艾*"),
        ("李", "李*"),
        ("", "*"),
        ("爱新觉罗启功", "爱**功"),
    ],
)
def test_a_name_is_masked_in_public(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_a_phone_shows_three_and_four_digits() -> None:
    assert mask_phone("13812341234") == "138****1234"
    assert mask_phone("") == ""


def test_accounts_print_as_paths_with_one_commodity() -> None:
    assert account.wallet("V000123", "2022Q3.dongyuan") == account.Account("wallet/V000123/2022Q3.dongyuan", "PTS")
    assert account.handed("2022Q3.YZ001", "SP-01").path == "handed/2022Q3.YZ001/SP-01"
    assert account.issued("event-5", "dongyuan", "2022Q3", account.HON).path == "issued/event-5/dongyuan/2022Q3/HON"
    assert (account.holder_of("pending/V1/2022Q3.a"), account.holder_of("shelf/YZ001/R1")) == ("V1", "")
    assert (account.wallet("V1", "l").family.floor, account.debt("V1").family.floor, account.redeemed("s", "p").family.cached) == (
        0,
        None,
        False,
    )


def test_an_entry_that_does_not_sum_to_zero_cannot_be_built() -> None:
    wallet, lapsed = account.wallet("V1", "l"), account.lapsed("2022Q3")
    with pytest.raises(AssertionError):
        _act(postings=(Posting(wallet, -5), Posting(lapsed, 4)))
    with pytest.raises(AssertionError):
        _act(postings=(Posting(wallet, 0), Posting(lapsed, 0)))
    entry = _act(postings=move(wallet, lapsed, 5))
    assert net_by_account([*entry.postings, *opposite(entry.postings)]) == {}


def _act(**more: object) -> Act:
    values = {
        "id": "0183c9b4-9a80-7000-961f-5ef379129a8d",
        "kind": "points_lapsed",
        "occurred_at": NOW,
        "recorded_at": NOW,
        "actor": "job:test",
    }
    return Act(**{**values, **more})  # type: ignore[arg-type]


def test_the_canonical_form_is_these_bytes_for_ever() -> None:
    act = _act(
        subject="V000001",
        cycle="2022Q4",
        facts={"lot": "2022Q3.东苑", "expires_at": 1},
        postings=move(account.wallet("V000001", "2022Q3.x"), account.lapsed("2022Q4"), 5),
    )
    header = [micros(getattr(act, n)) if n.endswith("_at") else getattr(act, n) for n in HEADER]
    legs = [(p.account.path, p.account.commodity, p.amount) for p in act.postings]
    found = canonical_bytes(header, act.facts_text(), legs)
    assert found.decode() == (
        '[1,["0183c9b4-9a80-7000-961f-5ef379129a8d","points_lapsed",1665536400000000,1665536400000000,"job:test","2022Q4","","V000001","","","",0,"","",-1,'
        '"","","","","","","","","",""],"{\\"expires_at\\":1,\\"lot\\":\\"2022Q3.东苑\\"}",[["wallet/V000001/2022Q3.x","PTS",-5],["lapsed/2022Q4","PTS",5]]]'
    )
    assert leaf_hash(found, "sha256").hex() == "73ffbab249dae8bd13de6a5a425285813d616497f70d9d12dd5a90d73e841023"
    assert leaf_hash(found, "sm3").hex() == "69c561dad292bd1384ed5dfb4aeeae4880e0197ba21145f3b75c90d5d7f718c4"


def test_times_are_whole_microseconds_and_come_back_exactly() -> None:
    at = datetime(2022, 10, 12, 1, 2, 3, 456789, tzinfo=UTC)
    assert instant(micros(at)) == at


def test_ids_rise_within_a_millisecond_and_repeat_with_a_seed() -> None:
    source = IdSource.seeded(7)
    ids = [source.new(NOW) for _ in range(5000)]
    assert ids == sorted(set(ids))
    again = IdSource.seeded(7)
    assert ids[:10] == [again.new(NOW) for _ in range(10)]
    assert all(text[14] == "7" and text[19] in "89ab" for text in ids)
