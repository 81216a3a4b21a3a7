"""Request keys: the first answer again, to the same asker, for the same body, at the same moment or a year later, after a restart."""

from __future__ import annotations

import pytest

from ledger.domain import errors
from ledger.storage.sql import Statement
from tests.cast import District, open_book
from tests.storage.test_races import at_once

KEPT = Statement("SELECT actor, request, answer FROM {request_key} WHERE request = :request")
TAKEN = Statement("SELECT COUNT(*) FROM {act} WHERE kind = :kind")


@pytest.fixture
def redeeming(district: District) -> District:
    district.to_redeeming()
    return district


def count(district: District, kind: str) -> int:
    return int(district.book.read(lambda unit: unit.value(TAKEN, kind=kind)))


def test_fifty_at_once_under_one_key_are_one_hold_and_one_answer(redeeming: District) -> None:
    other = open_book(redeeming.book.settings)
    try:
        pair = [redeeming, District(other, redeeming.folder, now=redeeming.now)]
        answers = at_once([lambda d=pair[n % 2]: d.hold("SP-03", key="one key") for n in range(50)])
    finally:
        other.close()
    assert [a for a in answers if not isinstance(a, dict)] == []
    assert len({a["hold"] for a in answers}) == 1
    assert (count(redeeming, "hold_placed"), redeeming.balance().spendable) == (1, 103)


def test_another_body_under_the_key_is_refused_and_changes_nothing(redeeming: District) -> None:
    first = redeeming.hold("SP-03", key="k")
    for sku, quantity in (("SP-03", 2), ("SP-01", 1)):
        with pytest.raises(errors.RequestKeyReused):
            redeeming.hold(sku, quantity, key="k")
    assert redeeming.hold("SP-03", key="k") == first
    assert redeeming.balance().spendable == 103


def test_another_use_case_under_the_key_is_refused(redeeming: District) -> None:
    held = redeeming.hold("SP-03", key="k")
    from ledger.usecases.void_hold import void_hold

    with pytest.raises(errors.RequestKeyReused):
        void_hold(redeeming.book, redeeming.request("void", redeeming.as_volunteer(), "k", {"hold": held["hold"]}), hold=held["hold"])


def test_another_persons_key_of_the_same_text_is_their_own(redeeming: District) -> None:
    mine, theirs = redeeming.hold("SP-03", key="k"), redeeming.hold("SP-03", key="k", person=redeeming.neighbour)
    assert mine["hold"] != theirs["hold"]
    assert count(redeeming, "hold_placed") == 2


def test_the_answer_is_kept_over_a_restart_and_a_year(redeeming: District) -> None:
    first = redeeming.hold("SP-03", key="k")
    again = open_book(redeeming.book.settings)
    try:
        later = District(again, redeeming.folder, now=redeeming.now.replace(year=2023))
        assert later.hold("SP-03", key="k") == first
    finally:
        again.close()
    assert count(redeeming, "hold_placed") == 1


@pytest.mark.parametrize("key", ["", None])
def test_a_write_from_outside_needs_a_key(redeeming: District, key: str | None) -> None:
    from ledger.usecases.request import check_key

    with pytest.raises(errors.RequestKeyMissing):
        check_key(key)


@pytest.mark.parametrize("key", ["k" * 201, "two\nlines", "nul\x00"])
def test_a_key_that_is_none_is_refused(sqlite_district: District, key: str) -> None:
    sqlite_district.to_redeeming()
    with pytest.raises(errors.InvalidInput):
        sqlite_district.hold("SP-03", key=key)
    assert sqlite_district.hold("SP-03", key="k" * 200)["points"] == 8


def test_a_refused_request_does_not_use_up_its_key(redeeming: District) -> None:
    with pytest.raises(errors.LimitReached):
        redeeming.hold("SP-02", 3, key="k")
    assert redeeming.book.read(lambda unit: unit.rows(KEPT, request="k")) == []
    assert redeeming.hold("SP-02", 2, key="k")["points"] == 100


def test_what_is_kept_is_facts_and_never_a_code(redeeming: District) -> None:
    from ledger.usecases.reserve_goods import pick_up_code

    held = redeeming.hold("SP-03", key="k")
    [(actor, _key, answer)] = redeeming.book.read(lambda unit: unit.rows(KEPT, request="k"))
    assert actor == redeeming.volunteer
    code = pick_up_code(redeeming.book, held)
    assert len(code) == 8
    assert code not in answer
    assert redeeming.collect(code)["points"] == 8
