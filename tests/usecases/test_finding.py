"""Finding people: what is typed, scanned or said names one person or is refused; and what it may be used for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ledger.domain import errors
from ledger.passes.links import url_of
from ledger.storage import statements
from ledger.usecases.find_person import find_holder
from ledger.usecases.identify import Identified, identify, signer
from ledger.usecases.replace_card import replace_card
from ledger.usecases.reserve_goods import pick_up_code
from ledger.usecases.show_code import show_code
from ledger.usecases.view_points import balance_document, statement_document
from tests.cast import REDEEMING_AT, District, local


def find(district: District, text: str) -> str:
    return district.book.read(lambda unit: find_holder(unit, text))


def seen(district: District, text: str, **more: object) -> Identified:
    return district.book.read(lambda unit: identify(unit, text, now=district.now, **more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "typed",
    ["13800000001", "138 0000 0001", "138-0000-0001", "+8613800000001", "86 138 0000 0001", "0086-13800000001", "１３８０００００００１",
     "V000001",
     "v000001", " Ｖ０００００１ "],
)  # fmt: skip
def test_a_person_is_found_however_the_number_is_written(sqlite_district: District, typed: str) -> None:
    assert find(sqlite_district, typed) == "V000001"


def test_a_card_finds_its_owner(sqlite_district: District) -> None:
    assert find(sqlite_district, sqlite_district.card("V000006")) == "V000006"


@pytest.mark.parametrize("typed", ["", "V999999", "13800000099", "1380000001", "王玉兰", "00000000", "V", "' OR 1=1 --", "138000000011"])
def test_what_names_nobody_is_not_found(sqlite_district: District, typed: str) -> None:
    with pytest.raises(errors.NotFound) as refusal:
        find(sqlite_district, typed)
    assert refusal.value.facts == {"what": "person"}


def test_a_code_a_link_and_the_words_below_it_name_the_same_person(sqlite_district: District) -> None:
    request = sqlite_district.request("show_code", sqlite_district.as_volunteer())
    shown = show_code(sqlite_district.book, request)
    texts = [shown["pass"], shown["url"], shown["url"].lower(), shown["spoken_code"], shown["spoken_code"].lower(), f"{shown['url']}\t"]
    found = [seen(sqlite_district, text) for text in texts]
    assert {each.holder for each in found} == {"V000001"}
    assert {each.how for each in found} == {"code"}
    assert len({each.nonce for each in found}) == 1  # using one form uses up both


def test_the_pass_dies_after_a_minute_and_the_spoken_code_after_five(sqlite_district: District) -> None:
    request = sqlite_district.request("show_code", sqlite_district.as_volunteer())
    shown = show_code(sqlite_district.book, request)
    sqlite_district.later(seconds=60)
    with pytest.raises(errors.PassExpired):
        seen(sqlite_district, shown["pass"])
    sqlite_district.later(minutes=3, seconds=59)
    assert seen(sqlite_district, shown["spoken_code"]).holder == "V000001"
    sqlite_district.later(seconds=1)
    with pytest.raises(errors.PassExpired):
        seen(sqlite_district, shown["spoken_code"])


def test_a_page_opened_in_time_keeps_its_code_for_ten_minutes(sqlite_district: District) -> None:
    code, opened = sqlite_district.code(), sqlite_district.now
    sqlite_district.later(minutes=10)
    assert seen(sqlite_district, code, seen_at=opened).holder == "V000001"
    for seen_at in (opened - timedelta(seconds=1), sqlite_district.now + timedelta(seconds=1)):
        with pytest.raises(errors.PassExpired):
            seen(sqlite_district, code, seen_at=seen_at)


def test_a_code_of_tomorrow_is_no_code(sqlite_district: District) -> None:
    """The clock of whoever made it was wrong, or it was made to live longer."""
    sqlite_district.later(days=1)
    code = sqlite_district.code()
    sqlite_district.later(days=-1)
    with pytest.raises((errors.PassInvalid, errors.PassExpired)):
        seen(sqlite_district, code)


def test_codes_used_at_the_desk_are_spent_in_every_form(sqlite_district: District) -> None:
    sqlite_district.to_redeeming()
    shown = show_code(sqlite_district.book, sqlite_district.request("show_code", sqlite_district.as_volunteer()))
    sqlite_district.walk_up("SP-03", shown=shown["spoken_code"])
    for text in (shown["pass"], shown["spoken_code"], shown["url"]):
        with pytest.raises(errors.PassAlreadyUsed) as refusal:
            seen(sqlite_district, text)
        assert refusal.value.facts == {"used_at": "09:00", "station": "东苑站", "keeper": "李*"}


def test_a_lost_card_falls_silent_and_the_new_one_speaks(district: District) -> None:
    old = district.card()
    answer = replace_card(district.book, district.request("card", district.officer), person="13800000001")
    assert answer["revoked"] == [old]
    for text in (old, signer(district.book).card(old)):
        with pytest.raises(errors.PassRevoked):
            seen(district, text)
    assert seen(district, answer["card"]) == Identified("V000001", "card", card=answer["card"])


def test_a_hold_is_named_by_its_code_and_its_pass(sqlite_district: District) -> None:
    sqlite_district.to_redeeming()
    held = sqlite_district.hold("SP-03")
    found = [
        seen(sqlite_district, text) for text in (pick_up_code(sqlite_district.book, held), signer(sqlite_district.book).hold(held["hold"]))
    ]
    assert found == [Identified("V000001", "hold", hold=held["hold"])] * 2


def test_a_pass_of_another_purpose_or_door_names_nobody(sqlite_district: District) -> None:
    sign, public = signer(sqlite_district.book), sqlite_district.book.settings.public_url
    code = sqlite_district.code()
    for text in (
        sign.station("DY001"), sign.receipt("x" * 36), sign.poster("x" * 36), sign.activity_code("x" * 36, sqlite_district.now),
        url_of("https://elsewhere.example", code), code[:-1] + ("A" if code[-1] != "A" else "B"), code[:-3],
        code + "A", "ABCDEFGH", "12345678",
        url_of(public, code) + url_of(public, sqlite_district.code("V000002")),
    ):  # fmt: skip
        with pytest.raises(errors.PassInvalid):
            seen(sqlite_district, text)


# -- what is shown of a person's points --------------------------------------------------------------------------------


def test_a_balance_as_of_a_moment_is_what_was_recorded_by_then(district: District) -> None:
    district.to_redeeming()
    moments = [("before", district.now)]
    district.later(minutes=1)
    held = district.hold("SP-01")
    moments.append(("held", district.now))
    district.later(minutes=1)
    district.collect(held["hold"])
    moments.append(("collected", district.now))
    district.tick_at(local("2023-01-01 00:00"))
    moments.append(("lapsed", district.now))

    def as_of(at: object) -> tuple[int, int, int]:
        found = district.book.read(lambda unit: statements.balance_as_of(unit, "V000001", at))  # type: ignore[arg-type]
        return found.spendable, found.pending, found.held

    assert {name: as_of(at) for name, at in moments} == {
        "before": (111, 0, 0), "held": (81, 0, 30), "collected": (81, 0, 0), "lapsed": (0, 0, 0),
    }  # fmt: skip
    assert as_of(local("2022-10-02 09:59")) == (0, 0, 0)
    assert as_of(local("2022-10-02 10:00")) == (100, 11, 0)
    assert as_of(REDEEMING_AT - timedelta(microseconds=1)) == (100, 11, 0)


def test_a_statement_adds_up_line_by_line(district: District) -> None:
    district.to_redeeming()
    district.collect(district.hold("SP-01")["hold"])
    district.void(district.hold("SP-03")["hold"])
    begin, end = local("2022-01-01 00:00"), local("2023-01-01 00:00")
    lines = district.book.read(lambda unit: statements.lines(unit, "V000001", since=begin, until=end))
    running = 0
    for line in lines:
        running += line.amount
        assert line.balance == running
    assert running == district.balance().spendable == 81
    document = district.book.read(lambda unit: statement_document(unit, lines))["lines"]
    assert [(line["kind"], line["amount"], line["balance"]) for line in document if line["amount"]] == [
        ("points_opened", 100, 100), ("points_settled", 6, 106), ("points_settled", 5, 111), ("hold_placed", -30, 81),
        ("hold_placed", -8, 73),
        ("hold_voided", 8, 81),
    ]  # fmt: skip
    assert all(line["why"] and not line["why"].isascii() for line in document)
    later = district.book.read(lambda unit: statements.lines(unit, "V000001", since=REDEEMING_AT, until=end))
    assert later[0].balance - later[0].amount in (100, 106, 105)


def test_the_document_of_a_balance_is_the_contracts(sqlite_district: District) -> None:
    document = sqlite_district.book.read(lambda unit: balance_document(unit, statements.balance(unit, "V000001", sqlite_district.now)))
    assert document == {
        "holder": "V000001", "spendable": 100, "pending": 11, "held": 0, "debt": 0, "honour_minutes": 178,
        "lots": [{"cycle": "2022Q2", "pool": "dongyuan", "remaining": 100, "expires_on": "2022-12-31"}],
    }  # fmt: skip
