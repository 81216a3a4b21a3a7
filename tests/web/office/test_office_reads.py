"""What the office reads, on both engines: lists, one act whole, the journal by pages, and sums by account."""

from __future__ import annotations

from ledger.domain.act import instant
from ledger.domain.errors import Differs
from ledger.storage import journal_pages, registers
from ledger.storage.unit_of_work import Unit
from ledger.usecases.price_good import price_good
from ledger.usecases.reveal_phone import reveal_phone
from tests.cast import District, local


def test_lists_of_people_places_and_goods(district: District) -> None:
    def look(unit: Unit) -> None:
        assert [one.id for one in registers.people_in(unit, ["dongyuan-w01"], "", 10)] == ["V000001", "V000002", "V000003"]
        assert [one.id for one in registers.people_in(unit, ["dongyuan-w01"], "V000001", 1)] == ["V000002"]
        assert registers.people_in(unit, [], "", 10) == []
        assert registers.people_by_area(unit) == {"dongyuan-w01": 3, "xiyuan-w01": 3}
        (card,) = registers.cards_of(unit, "V000001")
        assert (card.number, card.status, card.has_pin) == (district.card(), "active", False)
        assert {link.kind for link in registers.links_of(unit, "V000001")} == {"area", "team", "mark"}
        assert registers.place_names(unit, ["dongyuan"]) == {"dongyuan": "石桥街道/东苑社区"}
        assert {area.kind for area in registers.areas_ever(unit)} == {"town", "community", "grid", "micro_grid"}
        assert registers.station_stock(unit) == {"DY001": (3, 150, 237_600), "XY001": (1, 5, 2500)}
        assert [good.sku for good in registers.goods(unit)] == ["SP-01", "SP-02", "SP-03"]
        assert registers.good_stock(unit)["SP-03"] == (2, 105)
        assert list(registers.login_names(unit, ["U000001", "V000001"])) == ["U000001"]
        assert [grant.role for grant in registers.grants_of_many(unit, ["U000001"])["U000001"]] == ["keeper"]
        assert registers.people_with_roles(unit, district.now) == []
        assert registers.sessions_of(unit, "U000001", district.now) == []

    district.book.read(look)


def test_the_journal_comes_in_pages_whatever_it_is_asked_for(district: District) -> None:
    def walk(**asked: object) -> list[str]:
        found: list[str] = []
        before = journal_pages.NEWEST
        while lines := district.book.read(lambda unit: journal_pages.page(unit, before=before, since=instant(1), most=3, **asked)):  # type: ignore[arg-type]  # noqa: B023
            found += [line.id for line in lines]
            before = lines[-1].cursor
        return found

    everything = walk()
    assert len(everything) == len(set(everything)) > 30
    some = walk(kinds=["person_enrolled", "points_opened", "genesis"])
    assert len(some) == len(set(some)) == 6 + 4 + 1
    assert [act for act in everything if act in set(some)] == some
    assert set(walk(subject="V000001")) < set(everything)
    assert walk(actor="console:test") == everything


def test_sums_by_account_agree_with_the_journal(district: District) -> None:
    def look(unit: Unit) -> None:
        until = local("2022-10-03 00:00")
        tops = {(one.name, one.commodity): one for one in journal_pages.account_tree(unit, under="", until=until)}
        assert tops[("wallet/", "PTS")].balance == 210
        assert tops[("opening/", "PTS")].balance == -210
        assert tops[("pending/", "PTS")].balance == 16
        wallets = journal_pages.account_tree(unit, under="wallet/", until=until)
        assert [(one.name, one.balance) for one in wallets] == [("V000001/", 100), ("V000002/", 60), ("V000005/", 10), ("V000006/", 40)]
        assert [one.name for one in journal_pages.account_tree(unit, under="wallet/", until=until, after="V000002/")] == [
            "V000005/",
            "V000006/",
        ]
        assert [one.name for one in journal_pages.account_tree(unit, under="wallet/V000001/", until=until)] == ["2022Q2.dongyuan"]
        assert all(one.balance == 0 for one in journal_pages.commodity_sums(unit, until))
        assert journal_pages.account_tree(unit, under="", until=local("2022-10-01 00:00")) == []
        assert journal_pages.shelf_worth(unit) == 240_100

    district.book.read(look, snapshot=True)


def test_one_act_with_all_that_hangs_on_it(district: District) -> None:
    district.to_redeeming()
    price_good(district.book, district.request("price"), sku="SP-01", price_points=31, limit_per_cycle=None, reason="试一试")
    shown = reveal_phone(district.book, district.request("reveal", key=None), person="V000001", reason="核对")
    assert shown["phones"] == ["13800000001"]

    def look(unit: Unit) -> None:
        (priced, *_older) = journal_pages.page(unit, since=instant(1), most=5, subject="SP-01")
        whole = journal_pages.whole_act(unit, priced.id)
        assert whole is not None and whole.note == "试一试" and whole.leaf_index is None
        earned = list(journal_pages.page(unit, since=instant(1), most=50, kinds=["service_earned"]))
        followed = journal_pages.whole_act(unit, earned[0].id)
        assert followed is not None
        assert [(one.kind, one.how) for one in followed.followers] == [("points_settled", "resolves")]
        assert [line.kind for line in journal_pages.steps_of_cycle(unit, "2022Q3")] == ["cycle_opened"] + ["cycle_stepped"] * 3
        assert [row[0] for row in journal_pages.runs_of(unit, "2022Q3")][-1] == "noticed->redeeming"
        count, since = journal_pages.unsealed(unit)
        assert count > 30 and since == local("2022-10-02 10:00")
        assert journal_pages.open_objections(unit) == (0, None)
        assert journal_pages.waiting_attendances(unit) == (0, None)

    district.book.read(look)


def test_a_price_seen_too_early_is_not_overwritten(district: District) -> None:
    price_good(district.book, district.request("price"), sku="SP-02", price_points=51, limit_per_cycle=2, was_price=50)
    try:
        price_good(district.book, district.request("price"), sku="SP-02", price_points=52, limit_per_cycle=2, was_price=50)
    except Differs:
        pass
    else:
        raise AssertionError("the second price should have been refused")
    found = district.book.read(lambda unit: registers.good(unit, "SP-02"))
    assert found is not None and found.price_points == 51
