"""A hundred thousand malformed codes: none accepted, and never another exception than a refusal."""

import base64
import random
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.errors import PassExpired, PassInvalid
from ledger.keyring import Keyring
from ledger.passes.links import pass_in, url_of
from ledger.passes.signing import PassSigner
from ledger.passes.spoken import read_code

TRIES = 100_000
OURS = ("https://points.example.o",)
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
BIDI = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c"
OTHER_DIGITS = "٠١٢٣٤٥٦٧٨٩०१२३४५６７８９𝟎𝟏𝟐𝟑①②③一二三ⅣⅧ²³"

Spoil = Callable[[random.Random, str], str]


def flipped(die: random.Random, text: str) -> str:
    place = die.randrange(len(text))
    return text[:place] + chr(ord(text[place]) ^ 1 << die.randrange(8)) + text[place + 1 :]


def flipped_inside(die: random.Random, text: str) -> str:
    raw = bytearray(base64.b32decode(text + "=" * (-len(text) % 8)))
    raw[die.randrange(len(raw))] ^= 1 << die.randrange(8)
    return base64.b32encode(bytes(raw)).decode().rstrip("=")


def cut(die: random.Random, text: str) -> str:
    return text[: die.randrange(len(text))] if die.random() < 0.5 else text[die.randrange(1, len(text)) :]


def grown(die: random.Random, text: str) -> str:
    return text + "".join(die.choices(LETTERS + "=", k=die.randint(1, 9)))


def relabelled(die: random.Random, text: str) -> str:
    raw = bytearray(base64.b32decode(text + "=" * (-len(text) % 8)))
    raw[0] = raw[0] & 0xE0 | die.choice([place for place in range(32) if place != raw[0] & 0x1F])
    return base64.b32encode(bytes(raw)).decode().rstrip("=")


def swapped(die: random.Random, text: str) -> str:
    place = die.choice([place for place in range(len(text) - 1) if text[place] != text[place + 1]])
    return text[:place] + text[place + 1] + text[place] + text[place + 2 :]


def sprinkled(marks: str) -> Spoil:
    def spoil(die: random.Random, text: str) -> str:
        place = die.randint(0, len(text))
        return text[:place] + die.choice(marks) + text[place + die.randint(0, 1) :]

    return spoil


def wide_and_flipped(die: random.Random, text: str) -> str:
    place = die.randrange(len(text))
    wide = [chr(ord(letter) + 0xFEE0) for letter in text]
    wide[place] = chr(0xFEE0 + ord(die.choice([letter for letter in LETTERS + "0189" if letter != text[place]])))
    return "".join(wide)


def random_letters(die: random.Random, text: str) -> str:
    return "".join(die.choices(LETTERS, k=len(text)))


def four_kilobytes(die: random.Random, text: str) -> str:
    return (text * 200)[: 4096 + die.randrange(3)]


SPOILS: tuple[Spoil, ...] = (
    flipped, flipped_inside, cut, grown, relabelled, swapped, wide_and_flipped, random_letters, four_kilobytes,
    sprinkled("\0"), sprinkled(BIDI), sprinkled(OTHER_DIGITS), sprinkled("АВЕКМОРСТХаеорсухі"), sprinkled("\u200b\ufeff\u00ad"),
    sprinkled("01890=+/-_.%&?#@\\"),
)  # fmt: skip


def means_the_same(spoilt: str, text: str) -> bool:
    """Case and width are not malformations."""
    return "".join(chr(ord(mark) - 0xFEE0) if 0xFF01 <= ord(mark) <= 0xFF5E else mark for mark in spoilt).upper() == text


def test_of_a_hundred_thousand_malformed_passes_none_is_accepted(
    signer: PassSigner, keyring: Keyring, tmp_path: Path, now: datetime
) -> None:
    die = random.Random(20221015)
    nonce, later = bytes(6), now + timedelta(hours=1)
    hold = "01890a5d-ac96-774b-bcce-b302099a8058"
    genuine = [
        signer.volunteer_code("V000123", now, nonce), signer.volunteer_code(hold, now, nonce), signer.card("V000123"),
        signer.card("YZ0012"),
        signer.activity_code(hold, now), signer.poster(hold), signer.station("YZ001"), signer.hold(hold), signer.receipt(hold),
        signer.binding(hold, later), signer.device("YZ001/1", later),
    ]  # fmt: skip
    others = [PassSigner("xicheng", keyring), PassSigner("dongyuan", Keyring.create(tmp_path / "other" / "keys"))]
    accepted = tried = 0
    begun = time.perf_counter()
    while tried < TRIES:
        text = genuine[tried % len(genuine)]
        kind = die.randrange(len(SPOILS) + 1)
        if kind == len(SPOILS):
            spoilt = die.choice(others).card(f"V{die.randrange(10**6):06d}")
        else:
            spoilt = SPOILS[kind](die, text)
            if means_the_same(spoilt, text):
                continue
        tried += 1
        try:
            signer.read(spoilt, now)
        except PassInvalid:
            continue
        accepted += 1
    assert accepted == 0
    assert all(signer.read(text, now) for text in genuine)
    assert time.perf_counter() - begun < 10


def test_of_twenty_thousand_malformed_links_none_leads_to_a_pass(signer: PassSigner, now: datetime) -> None:
    die = random.Random(7)
    card = signer.card("V000123")
    link = url_of(OURS[0], card)
    accepted = 0
    for turn in range(20_000):
        spoilt = SPOILS[turn % len(SPOILS)](die, card)
        if means_the_same(spoilt, card):
            continue
        try:
            found = pass_in(link.removesuffix(card) + spoilt, OURS)
            signer.read(found, now)
        except PassInvalid:
            continue
        # A blank, a repeat or a stroke of a slash is dirt and no malformation, if what it leads to is the very same card.
        accepted += found != card or len(set(spoilt) - set(card) - set("/")) > 0
    assert accepted == 0


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=700))
def test_any_text_at_all_is_refused_without_another_exception(text: str) -> None:
    for reader in (lambda: pass_in(text, OURS), lambda: read_code(text)):
        try:
            reader()
        except PassInvalid:
            continue


@pytest.mark.parametrize("size", [641, 4096, 10**6])
def test_an_overlong_text_is_refused_at_once(signer: PassSigner, now: datetime, size: int) -> None:
    begun = time.perf_counter()
    for text in ("A" * size, "HTTPS://" * (size // 8 + 1), "/Q/" * size, " " * size, "\0" * size):
        for reader in (lambda text=text: signer.read(text, now), lambda text=text: pass_in(text, OURS), lambda text=text: read_code(text)):
            with pytest.raises(PassInvalid):
                reader()
    assert time.perf_counter() - begun < 1


@pytest.mark.parametrize(
    "piece", ["HTTPS://", "HTTPS", "/Q/", "Q/", "/", "H", "-", "2", "K7PW", "]Q1", "HTTPS://POINTS.EXAMPLE.O/Q/", " ", "\t"]
)
def test_no_repeated_piece_makes_the_finder_slow(piece: str) -> None:
    text = (piece * 640)[:640]
    begun = time.perf_counter()
    with pytest.raises(PassInvalid):
        pass_in(text, (*OURS, "http://192.168.1.5:8000", "http://127.0.0.1:8000"))
    assert time.perf_counter() - begun < 1


def test_a_signed_but_expired_code_altered_later_is_invalid_and_not_expired(signer: PassSigner, now: datetime) -> None:
    text = signer.volunteer_code("V000123", now, bytes(6))
    late = now + timedelta(hours=1)
    with pytest.raises(PassExpired):
        signer.read(text, late)
    with pytest.raises(PassInvalid):
        signer.read(text[:-1] + ("B" if text[-1] == "A" else "A"), late)
