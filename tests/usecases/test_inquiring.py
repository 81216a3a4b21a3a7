"""Entries and people's points are explained in plain words; the book adds up at any moment; operators leave their traces."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ledger.audit import trail
from ledger.domain import errors
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Unit
from ledger.usecases.explain_entry import explain_entry
from ledger.usecases.explain_holder import explain_holder
from ledger.usecases.export_journal import export_journal
from ledger.usecases.reveal_phone import reveal_phone
from ledger.usecases.trial_balance import trial_balance
from ledger.usecases.view_journal import journal_document
from tests.audit.quarter import Repeatable, emptied, lived
from tests.cast import local
from tests.conftest import ENGINES

ACTS = Statement("SELECT id FROM {act} WHERE kind = :kind AND subject = :subject ORDER BY recorded_at, id")
KINDS = Statement("SELECT DISTINCT kind FROM {act} ORDER BY kind")
ANY = Statement("SELECT MIN(id) FROM {act} WHERE kind = :kind")


@pytest.fixture(scope="module", params=ENGINES)
def quarter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repeatable]:
    """Three quarters lived through once; nothing here writes but the tests that say so."""
    home: Path = tmp_path_factory.mktemp("inquiring") / "home"
    url = request.getfixturevalue("pg_server") if request.param == "postgresql" else ""
    emptied(url)
    district = lived(home, url)
    trail.seal(district.book, district.now)
    yield district
    district.check_clean()
    district.book.close()
    emptied(url)


def asked(district: Repeatable, read: Callable[[Unit], Any]) -> Any:
    return district.book.read(read)


def explained(district: Repeatable, kind: str, subject: str, which: int = 0) -> dict[str, Any]:
    def read(unit: Unit) -> dict[str, Any]:
        return explain_entry(unit, unit.rows(ACTS, kind=kind, subject=subject)[which][0])

    found: dict[str, Any] = district.book.read(read)
    return found


def test_a_service_is_explained_as_on_paper(quarter: Repeatable) -> None:
    told = explained(quarter, "service_earned", "V000001", 2)
    assert told["sentence"] == (
        "2022-09-30 14:50，王*兰（V000001）：晚间巡逻，服务190分钟，巡逻按时长，依据细则第七条，计19分，"
        "待公示积分 +19 分，荣誉时长 +190 分钟。经办：控制台 test。"
    )
    assert told["paper"] == [
        "190 分钟 × 每小时 4 分 ÷ 60 × 系数 1.5 = 19 分", "计 19 分，先待公示", "荣誉时长 190 分钟（只算计划时间以内的，兑换不会减少）",
    ]  # fmt: skip
    assert told["rule"] == {"id": "hourly", "version": 1, "name": "巡逻按时长", "clause": "细则第七条"}
    assert (told["evidence"]["activity"], told["evidence"]["level"], told["evidence"]["came_at"]) == (
        "晚间巡逻", 2, "2022-09-30T14:50:00+08:00"
    )  # fmt: skip
    assert {(p["account"], p["amount"]) for p in told["postings"]} == {
        ("issued/hourly/dongyuan/2022Q3", -19), ("pending/V000001/2022Q3.dongyuan", 19),
        ("issued/hourly/dongyuan/2022Q3/HON", -190), ("honour/V000001", 190),
    }  # fmt: skip
    assert told["links"]["resolved_by"]["what"] == "异议成立，不计"
    assert told["head"]["size"] > told["leaf_index"] >= 0


def test_what_a_cap_cut_off_is_told_with_what_was_used_before(quarter: Repeatable) -> None:
    told = explained(quarter, "service_earned", "V000001", 3)
    assert told["paper"][:2] == [
        "90 分钟 × 每小时 4 分 ÷ 60 × 系数 1.5 = 9 分", "每日上限 20 分，此前已计 19 分，这次只计 1 分"
    ]  # fmt: skip


def test_rounding_is_told_only_where_something_was_rounded(quarter: Repeatable) -> None:
    told = explained(quarter, "service_earned", "V000001", 4)
    assert told["paper"][0] == "87 分钟 × 每小时 4 分 ÷ 60 × 系数 1.5 = 9 分（零头四舍五入）"


def test_a_hand_over_names_goods_price_lot_and_who_served(quarter: Repeatable) -> None:
    told = explained(quarter, "handed_over", "V000001", 1)
    assert told["sentence"] == "2022-10-13 09:20，王*兰（V000001）：兑换肥皂×3（东苑站），可用积分 −27 分。经办：staffu000001。"
    assert told["paper"] == ["肥皂 3 件 × 9 分 = 27 分", "从批次 2022Q2.dongyuan 付 27 分（先到期的先用）"]
    receipt = told["links"]["receipt"]
    assert asked(quarter, lambda unit: explain_entry(unit, f" {receipt.upper()} ")) == told


def test_a_settlement_tells_the_debt_that_came_first_and_the_day_the_lot_ends(quarter: Repeatable) -> None:
    told = explained(quarter, "points_settled", "V000005")
    assert told["paper"] == ["先抵欠分 8 分", "批次 2022Q4.dongyuan 转入可用 4 分，2023-12-31 24:00 到期"]


def test_corrections_say_what_they_turn_back_and_why(quarter: Repeatable) -> None:
    back = explained(quarter, "hand_over_reversed", "V000002")
    assert "冲的是“兑换食用油×1（东苑站）”" in back["sentence"] and back["note"] == "拿错了"
    original = asked(quarter, lambda unit: explain_entry(unit, back["links"]["reverses"]))
    assert original["links"]["reversed_by"]["entry"] == back["entry"]


def test_every_kind_of_act_has_a_sentence_without_full_names_phones_or_codes(quarter: Repeatable) -> None:
    def read(unit: Unit) -> list[dict[str, Any]]:
        return [explain_entry(unit, unit.value(ANY, kind=kind)) for (kind,) in unit.rows(KINDS)]

    told = asked(quarter, read)
    assert len(told) > 25
    for entry in told:
        assert entry["sentence"].endswith("。") and entry["what"] != entry["kind"], entry["kind"]
        for word in ("王玉兰", "欧阳娜娜", "1380000000", "{", "_at"):
            assert word not in entry["sentence"], entry["sentence"]


def test_what_is_no_entry_is_not_found(quarter: Repeatable) -> None:
    with pytest.raises(errors.NotFound):
        asked(quarter, lambda unit: explain_entry(unit, "01830000-0000-7000-8000-000000000000"))


def test_a_persons_lots_say_where_points_came_from_and_went(quarter: Repeatable) -> None:
    told = asked(quarter, lambda unit: explain_holder(unit, "V000005", quarter.now))
    assert (told["name"], told["spendable"], told["debt"]) == ("买*·艾*", 4, 0)
    old, new = told["lots"]
    assert [(c["what"], c["points"]) for c in old["came"]] == [("期初积分转入", 50), ("记欠分", 35), ("取消预留", 27)]
    assert [(c["what"], c["points"]) for c in old["went"]] == [("兑换", 18), ("预留", 27), ("冲回期初积分转入", 40), ("抵欠分", 27)]
    assert (old["remaining"], new["remaining"], new["expires_on"]) == (0, 4, "2023-12-31")
    assert [(c["what"], c["points"]) for c in told["owed"]] == [("记欠分", -35), ("抵欠分", 27), ("公示后转可用", 8)]
    assert told["lines"][-1]["balance"] == told["spendable"]


def test_lots_always_add_up(quarter: Repeatable) -> None:
    for person in (f"V{n:06d}" for n in range(1, 7)):
        told = asked(quarter, lambda unit, person=person: explain_holder(unit, person, quarter.now))
        for lot in (*told["lots"], *told["waiting"]):
            came, went = (sum(change["points"] for change in lot[side]) for side in ("came", "went"))
            assert came - went == lot["remaining"], (person, lot)
        assert sum(lot["remaining"] for lot in told["lots"]) == told["spendable"]


# -- the trial balance -----------------------------------------------------------------------------------------------
def test_every_commodity_adds_up_to_nothing_at_any_moment_and_depth(quarter: Repeatable) -> None:
    for moment in (None, local("2022-10-02 09:00"), local("2022-10-05 00:00"), local("2022-10-13 09:20"), local("2022-12-31 23:59")):
        for depth in (1, 2, 3, 4):
            found = asked(quarter, lambda unit, moment=moment, depth=depth: trial_balance(unit, until=moment, depth=depth))
            assert found["balanced"] and all(total["balance"] == 0 for total in found["totals"])
            for commodity in {line["commodity"] for line in found["accounts"]}:
                assert sum(line["balance"] for line in found["accounts"] if line["commodity"] == commodity) == 0


def test_the_balance_as_of_a_moment_is_that_of_what_was_recorded_by_then(quarter: Repeatable) -> None:
    def families(moment: datetime | None) -> dict[str, Any]:
        found = asked(quarter, lambda unit: trial_balance(unit, until=moment))
        return {line["account"]: line["balance"] for line in found["accounts"] if line["commodity"] == "PTS"}

    assert families(local("2022-10-02 09:59")) == {}
    before, after = families(local("2022-10-11 00:00")), families(local("2022-10-12 09:00"))
    assert (before["wallet"], before["pending"]) == (210, 71) and (after["wallet"], after["pending"]) == (239, 42)
    assert families(None)["wallet"] == 34


def test_a_deeper_look_only_splits_what_was_there(quarter: Repeatable) -> None:
    shallow, deep = (asked(quarter, lambda unit, depth=depth: trial_balance(unit, depth=depth)) for depth in (1, 3))
    assert shallow["totals"] == deep["totals"] and len(deep["accounts"]) > len(shallow["accounts"])
    assert {line["account"] for line in shallow["accounts"]} >= {"wallet", "pending", "issued", "redeemed", "lapsed"}
    assert "wallet/V000001/2022Q2.dongyuan" in {line["account"] for line in deep["accounts"]}
    with pytest.raises(errors.InvalidInput):
        asked(quarter, lambda unit: trial_balance(unit, depth=0))


# -- the operator journal --------------------------------------------------------------------------------------------
def journal(district: Repeatable, **more: Any) -> list[dict[str, Any]]:
    bounds = {"since": local("2022-01-01 00:00"), "until": local("2024-01-01 00:00")}
    found: list[dict[str, Any]] = asked(district, lambda unit: journal_document(unit, **{**bounds, **more})["acts"])
    return found


def test_reveals_and_exports_are_journalled_with_their_actor(quarter: Repeatable) -> None:
    quarter.now = local("2023-01-13 09:00")
    reveal_phone(quarter.book, quarter.request("reveal_phone", quarter.officer), person="V000001", reason="通知领取")
    out = quarter.folder / "out.csv"
    export_journal(quarter.book, quarter.request("export", quarter.officer, key=None), format="csv", out=out)
    found = journal(quarter, since=local("2023-01-13 00:00"), actor="staffu000003")
    assert [(act["what"], act["by"], act["subject"]) for act in found] == [
        ("查看手机号", "staffu000003", "V000001"), ("导出账本", "staffu000003", "journal")
    ]  # fmt: skip
    assert found[0]["called"] == "王*兰" and found[1]["facts"]["format"] == "csv"


def test_a_change_shows_what_was_before(quarter: Repeatable) -> None:
    (first, *_), (last,) = journal(quarter, kind="定价格", actor="console:test"), journal(quarter, kind="good_priced", actor="U000003")
    assert "before" not in first
    assert (last["before"], last["after"], last["facts"]["name"]) == ({"price_points": 8}, {"price_points": 9}, "肥皂")
    steps = journal(quarter, kind="cycle_stepped")
    assert steps[0]["before"] == {"state": "earning"} and steps[0]["after"] == {"state": "frozen"}
    assert steps[1]["after"] == {"noticed_at": "2022-10-04T09:00:00+08:00", "state": "noticed"}


def test_entries_are_listed_only_when_asked_for_and_days_bound_the_list(quarter: Repeatable) -> None:
    day = {"since": local("2022-10-13 00:00"), "until": local("2022-10-14 00:00")}
    plain, whole = journal(quarter, **day), journal(quarter, **day, entries=True)
    assert {act["kind"] for act in plain} == {"session_opened", "desk_opened", "good_priced", "batch_imported", "batch_undone"}
    assert {"handed_over", "hold_placed", "debt_booked"} <= {act["kind"] for act in whole}
    assert [act["at"] for act in whole] == sorted(act["at"] for act in whole)
    assert asked(quarter, lambda unit: journal_document(unit, **day, most=2))["more"]
