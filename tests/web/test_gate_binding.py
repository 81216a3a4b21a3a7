"""Volunteers come in by a code from staff or by the roster; PINs are theirs to set and lock after five wrong tries."""

from dataclasses import replace

import pytest

from ledger.domain.act import micros
from ledger.domain.errors import (
    Forbidden,
    InvalidInput,
    PassAlreadyUsed,
    PassExpired,
    PassInvalid,
    PinLocked,
    PinWrong,
    TooManyRequests,
    Unauthenticated,
    WitnessRequired,
)
from ledger.domain.people import Actor, Grant
from ledger.storage.rows.people import CardRow, HolderRow, PhoneRow
from ledger.storage.sql import Statement
from ledger.usecases.bind_phone import bind, invite, match
from ledger.usecases.open_sign_in import who
from ledger.usecases.set_pin import check_pin, set_pin
from ledger.usecases.sign_in import ANYONE

PEOPLE = (("V000001", "王秀兰", "13800001234", "00000018"), ("V000002", "李强", "13900005678", "00000026"))
ACTS = Statement("SELECT kind, actor, subject, evidence FROM {act} WHERE kind IN ('binding_offered','phone_bound') ORDER BY id")


@pytest.fixture
def people(book, clock):
    def write(unit):
        keys, at = book.keyring, micros(clock.now)
        for id, name, phone, card in PEOPLE:
            sealed = {"name": keys.seal("name", id, name), "name_lookup": keys.lookup("name", name)}
            unit.insert_many(HolderRow, [{"id": id, "kind": "person", "status": "active", "joined_at": at, "extra_large": False, **sealed}])
            unit.insert_many(CardRow, [{"number": card, "holder": id, "status": "active", "issued_at": at}])
            tail = keys.lookup("phone tail", phone[-4:])
            row = {"holder": id, "lookup": keys.lookup("phone", phone), "tail_lookup": tail, "sealed": keys.seal("phone", id, phone)}
            unit.insert_many(PhoneRow, [row])

    book.run(write)


@pytest.fixture
def keeper(console):
    return replace(console, actor=Actor("U000009", "V000002", (Grant("keeper", "YZ001"),)), key="invite-1", body={})


@pytest.fixture
def anyone(console):
    return replace(console, actor=ANYONE)


def test_a_binding_code_lets_its_person_in_once(book, people, keeper, anyone, clock):
    offered = invite(book, keeper, person="138 0000 1234")
    assert invite(book, keeper, person="138 0000 1234") == offered
    came = bind(book, anyone, shown=offered["spoken_code"].lower(), address="10.0.0.1")
    assert (came["person"], came["roles"]) == ("V000001", ["volunteer"])
    actor = who(book, came["token"], clock.now)
    assert (actor.id, actor.person, actor.has("volunteer"), actor.has("keeper")) == ("V000001", "V000001", True, False)
    for again in (offered["spoken_code"], offered["pass"], offered["url"]):
        with pytest.raises(PassAlreadyUsed):
            bind(book, anyone, shown=again)
    offer, bound = (tuple(row) for row in book.read(lambda unit: unit.rows(ACTS)))
    assert offer[:3] == ("binding_offered", "U000009", "V000001")
    assert bound == ("phone_bound", "V000001", "V000001", offer[3])


def test_the_code_lies_in_the_book_under_a_key_only(book, people, keeper):
    offered = invite(book, keeper, person="00000018")
    rows = book.read(lambda unit: unit.rows(Statement("SELECT * FROM {spoken_code}")) + unit.rows(Statement("SELECT * FROM {request_key}")))
    assert offered["spoken_code"] not in repr(rows)
    assert offered["pass"] not in repr(rows)


def test_a_binding_code_lives_an_hour(book, people, keeper, anyone, clock):
    offered = invite(book, keeper, person="00000018")
    clock.tick(minutes=60)
    for shown in (offered["spoken_code"], offered["pass"]):
        with pytest.raises(PassExpired):
            bind(book, replace(anyone, now=clock.now), shown=shown)


def test_guessing_codes_is_slowed(book, people, anyone):
    for _ in range(30):
        with pytest.raises(PassInvalid):
            bind(book, anyone, shown="K7PW3M9X", address="10.0.0.9")
    with pytest.raises(TooManyRequests):
        bind(book, anyone, shown="K7PW3M9X", address="10.0.0.9")


def test_a_volunteer_invites_nobody(book, people, keeper):
    with pytest.raises(Forbidden):
        invite(book, replace(keeper, actor=Actor("V000002", "V000002", (Grant("volunteer"),))), person="00000018")


def test_card_and_phone_tail_let_in(book, people, anyone):
    assert match(book, anyone, known="0000 0018", tail="1234")["person"] == "V000001"
    assert match(book, anyone, known="００００００１８", tail="138-0000-1234")["person"] == "V000001"


@pytest.mark.parametrize(
    ("known", "tail"),
    [("00000018", "5678"), ("00000018", ""), ("00000018", "234"), ("99999999", "1234"), ("王秀兰", "1234"), ("", "")],
)
def test_whatever_does_not_fit_gets_one_answer(book, people, anyone, known, tail):
    with pytest.raises(Unauthenticated):
        match(book, anyone, known=known, tail=tail)


def test_name_and_phone_let_in_only_while_nobody_is_in(book, people, anyone):
    assert match(book, anyone, known=" 王 秀兰 ", tail="+86 138 0000 1234")["person"] == "V000001"
    with pytest.raises(Unauthenticated):
        match(book, anyone, known="王秀兰", tail="13800001234")


def test_a_card_number_is_guessed_at_five_times_a_day(book, people, anyone, clock):
    for _ in range(5):
        with pytest.raises(Unauthenticated):
            match(book, anyone, known="00000018", tail="0000")
    clock.tick(hours=23)
    with pytest.raises(TooManyRequests):
        match(book, replace(anyone, now=clock.now), known="00000018", tail="1234")
    clock.tick(hours=1)
    assert match(book, replace(anyone, now=clock.now), known="00000018", tail="1234")["person"] == "V000001"


def test_a_person_sets_their_own_pin_and_staff_only_with_a_witness(book, people, console, keeper):
    own = replace(console, actor=Actor("V000001", "V000001", (Grant("volunteer"),)))
    assert set_pin(book, own, person="00000018", pin="135790") == {"card": "0018"}
    alone = replace(keeper, key=None)
    with pytest.raises(WitnessRequired):
        set_pin(book, alone, person="00000018", pin="135790")
    with pytest.raises(WitnessRequired):
        set_pin(book, replace(alone, second=alone.actor), person="00000018", pin="135790")
    witness = Actor("U000010", "", (Grant("organiser"),))
    assert set_pin(book, replace(alone, second=witness), person="00000018", pin="246813") == {"card": "0018"}
    with pytest.raises(Forbidden):
        set_pin(book, own, person="00000026", pin="135790")


EASY = ["123456", "000000", "654321", "112211", "121212", "123123", "12345", "1234567", "１３５７９０", "abcdef", ""]


@pytest.mark.parametrize("pin", EASY)
def test_a_pin_that_is_easily_guessed_is_refused(book, people, console, pin):
    with pytest.raises(InvalidInput):
        set_pin(book, replace(console, actor=Actor("V000001", "V000001")), person="00000018", pin=pin)


def test_five_wrong_pins_lock_the_card_for_a_while(book, people, console, keeper, clock):
    set_pin(book, replace(console, actor=Actor("V000001", "V000001")), person="00000018", pin="135790")
    desk = replace(keeper, key=None)
    left = []
    for _ in range(5):
        with pytest.raises(PinWrong) as wrong:
            check_pin(book, desk, shown="00000018", pin="111111")
        left.append(wrong.value.facts["tries_left"])
    assert left == [4, 3, 2, 1, 0]
    with pytest.raises(PinLocked) as locked:
        check_pin(book, desk, shown="00000018", pin="135790")
    assert locked.value.facts == {"minutes": 15}
    clock.tick(minutes=15)
    check_pin(book, replace(desk, now=clock.now), shown="00000018", pin="135790")


def test_a_card_without_a_pin_needs_a_witness(book, people, keeper):
    with pytest.raises(WitnessRequired):
        check_pin(book, keeper, shown="00000026", pin="135790")


def test_the_page_takes_a_code_or_a_card(client, book, people, keeper):
    def send(**fields):
        page = client.get("/bind").text
        token = page.split('name="csrf_token" value="')[1].split('"')[0]
        return client.post("/bind", data={"csrf_token": token, **fields})

    refused = send(code="00000018", tail="9999")
    assert refused.status_code == 401 and "和名册对不上" in refused.text
    came = send(code="00000018", tail="1234")
    assert came.status_code == 303 and "Expires=" in came.headers["Set-Cookie"]
    assert send(code=invite(book, keeper, person="V000001")["spoken_code"]).status_code == 303
    assert client.get("/").headers["Location"] == "/me"
