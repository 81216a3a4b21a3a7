import base64
import hashlib
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain.errors import PassExpired, PassInvalid
from ledger.keyring import Keyring
from ledger.passes.signing import ACTIVITY_LIFE_SECONDS, ACTIVITY_PERIOD_SECONDS, VOLUNTEER_LIFE_SECONDS, Pass, PassSigner
from ledger.passes.subjects import packed, unpacked

NONCE = bytes.fromhex("0123456789ab")
ACTIVITY = "01890a5d-ac96-774b-bcce-b302099a8057"
HOLD = "01890a5d-ac96-774b-bcce-b302099a8058"


def every_pass(signer: PassSigner, now: datetime) -> dict[str, str]:
    later = now + timedelta(hours=1)
    return {
        "V": signer.volunteer_code("V000123", now, NONCE),
        "C": signer.card("V000123"),
        "A": signer.activity_code(ACTIVITY, now),
        "P": signer.poster(ACTIVITY),
        "S": signer.station("YZ001"),
        "H": signer.hold(HOLD),
        "R": signer.receipt(HOLD),
        "B": signer.binding(HOLD, later),
        "D": signer.device("YZ001/1", later),
    }


def full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def test_every_pass_is_read_back_as_it_was_made(signer: PassSigner, now: datetime) -> None:
    at = int(now.timestamp())
    assert {purpose: signer.read(text, now) for purpose, text in every_pass(signer, now).items()} == {
        "V": Pass("V", "V000123", at, NONCE, "p1"),
        "C": Pass("C", "V000123", None, None, "p1"),
        "A": Pass("A", ACTIVITY, at, None, "p1"),
        "P": Pass("P", ACTIVITY, None, None, "p1"),
        "S": Pass("S", "YZ001", None, None, "p1"),
        "H": Pass("H", HOLD, None, None, "p1"),
        "R": Pass("R", HOLD, None, None, "p1"),
        "B": Pass("B", HOLD, None, None, "p1", expires_at=at + 3600),
        "D": Pass("D", "YZ001/1", None, None, "p1", expires_at=at + 3600),
    }


def test_a_pass_is_understood_in_small_and_in_wide_letters(signer: PassSigner, now: datetime) -> None:
    for text in every_pass(signer, now).values():
        found = signer.read(text, now)
        assert [signer.read(form, now) for form in (text.lower(), full_width(text), full_width(text.lower()))] == [found] * 3


def test_passes_are_capitals_and_short(signer: PassSigner, now: datetime) -> None:
    passes = every_pass(signer, now)
    assert {letter for text in passes.values() for letter in text} <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
    assert {purpose: len(text) for purpose, text in passes.items()} == {
        "V": 47, "C": 31, "A": 56, "P": 50, "S": 29, "H": 50, "R": 50, "B": 56, "D": 42,
    }  # fmt: skip
    assert len(signer.volunteer_code("YZ00123456", now, NONCE)) == 48
    assert len(signer.volunteer_code("999999999999", now, NONCE)) == 48


def test_a_card_link_of_a_24_character_origin_stays_under_62_letters(signer: PassSigner) -> None:
    assert len("HTTPS://A1234567890.ORG" + "X" + "/Q/" + signer.card("V000123")) == 58


def test_a_volunteer_code_lives_for_its_period_and_one_of_grace(signer: PassSigner, now: datetime) -> None:
    text = signer.volunteer_code("V000123", now, NONCE)
    assert VOLUNTEER_LIFE_SECONDS == 60
    assert signer.read(text, now + seconds(59.999)).issued_at == int(now.timestamp())
    for late in (60, 61, 3600, 86400 * 365):
        with pytest.raises(PassExpired):
            signer.read(text, now + seconds(late))


def test_a_code_may_come_from_a_clock_a_minute_ahead_and_no_more(signer: PassSigner, now: datetime) -> None:
    text = signer.volunteer_code("V000123", now, NONCE)
    assert signer.read(text, now - seconds(60)).nonce == NONCE
    with pytest.raises(PassExpired):
        signer.read(text, now - seconds(61))


def test_a_part_of_a_second_does_not_lengthen_a_code(signer: PassSigner, now: datetime) -> None:
    text = signer.volunteer_code("V000123", now + seconds(0.9), NONCE)
    with pytest.raises(PassExpired):
        signer.read(text, now + seconds(60))


def test_an_activity_code_is_one_text_within_its_period_and_another_in_the_next(signer: PassSigner, now: datetime) -> None:
    beats = [signer.activity_code(ACTIVITY, now + seconds(passed)) for passed in (0, 0.5, ACTIVITY_PERIOD_SECONDS - 0.001)]
    assert len(set(beats)) == 1
    assert signer.activity_code(ACTIVITY, now + seconds(ACTIVITY_PERIOD_SECONDS)) != beats[0]
    assert signer.activity_code(ACTIVITY, now - seconds(0.001)) != beats[0]


def test_an_activity_code_lives_until_its_grace_is_over(signer: PassSigner, now: datetime) -> None:
    text = signer.activity_code(ACTIVITY, now + seconds(ACTIVITY_PERIOD_SECONDS - 1))
    assert signer.read(text, now + seconds(ACTIVITY_LIFE_SECONDS - 0.001)).subject == ACTIVITY
    with pytest.raises(PassExpired):
        signer.read(text, now + seconds(ACTIVITY_LIFE_SECONDS))


def test_an_invitation_ends_when_it_says(signer: PassSigner, now: datetime) -> None:
    for text in (signer.binding(HOLD, now), signer.device("YZ001/1", now)):
        assert signer.read(text, now - seconds(1)).expires_at == int(now.timestamp())
        with pytest.raises(PassExpired):
            signer.read(text, now)


def test_printed_passes_do_not_age(signer: PassSigner, now: datetime) -> None:
    passes = every_pass(signer, now)
    much_later = now + timedelta(days=20 * 365)
    assert [signer.read(passes[purpose], much_later).purpose for purpose in "CPSHR"] == list("CPSHR")
    assert passes["C"] == every_pass(signer, much_later)["C"]


def test_a_place_that_takes_some_purposes_refuses_the_others(signer: PassSigner, now: datetime) -> None:
    for purpose, text in every_pass(signer, now).items():
        assert signer.read(text, now, purposes={purpose}).purpose == purpose
        with pytest.raises(PassInvalid):
            signer.read(text, now, purposes=set("VCAPSHRBD") - {purpose})


def test_an_expired_pass_of_another_purpose_is_invalid_rather_than_expired(signer: PassSigner, now: datetime) -> None:
    with pytest.raises(PassInvalid):
        signer.read(signer.volunteer_code("V000123", now, NONCE), now + seconds(3600), purposes={"C"})


def test_a_pass_of_another_book_is_refused_even_under_the_same_keys(
    keyring: Keyring, signer: PassSigner, tmp_path: Path, now: datetime
) -> None:
    strangers = PassSigner("xicheng", Keyring.create(tmp_path / "xicheng" / "keys"))
    same_keys = PassSigner("xicheng", keyring)
    for other in (strangers, same_keys):
        for text in every_pass(other, now).values():
            with pytest.raises(PassInvalid):
                signer.read(text, now)


def test_a_book_whose_tag_happens_to_be_the_same_is_still_another_book(keyring: Keyring, signer: PassSigner, now: datetime) -> None:
    tag = hashlib.sha256(b"dongyuan").digest()[:2]
    namesake = next(f"book{number}" for number in range(10**6) if hashlib.sha256(f"book{number}".encode()).digest()[:2] == tag)
    with pytest.raises(PassInvalid):
        signer.read(PassSigner(namesake, keyring).card("V000123"), now)


def test_a_pass_relabelled_for_another_purpose_is_refused(signer: PassSigner, now: datetime) -> None:
    for text in every_pass(signer, now).values():
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
        for first in range(256):
            if first != raw[0]:
                with pytest.raises(PassInvalid):
                    signer.read(base64.b32encode(bytes((first,)) + raw[1:]).decode().rstrip("="), now)


def test_any_changed_letter_is_refused_the_last_one_too(signer: PassSigner, now: datetime) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    for text in every_pass(signer, now).values():
        for place in range(len(text)):
            for letter in letters:
                if letter != text[place]:
                    with pytest.raises(PassInvalid):
                        signer.read(text[:place] + letter + text[place + 1 :], now)


def test_passes_from_before_a_rotation_stay_readable(signer: PassSigner, keyring: Keyring, folder: Path, now: datetime) -> None:
    before = every_pass(signer, now)
    keyring.rotate("passes")
    after = every_pass(signer, now)
    restarted = PassSigner("dongyuan", Keyring.load(folder))
    for reader in (signer, restarted):
        assert {reader.read(text, now).key_id for text in before.values()} == {"p1"}
        assert {reader.read(text, now).key_id for text in after.values()} == {"p2"}
    assert not set(before.values()) & set(after.values())


def test_a_naive_moment_is_a_programmers_slip(signer: PassSigner, now: datetime) -> None:
    naive = now.replace(tzinfo=None)
    for make in (
        lambda: signer.volunteer_code("V1", naive, NONCE),
        lambda: signer.binding("B1", naive),
        lambda: signer.read(signer.card("V1"), naive),
    ):
        with pytest.raises(ValueError, match="aware"):
            make()


def test_the_zone_of_the_moment_does_not_matter(signer: PassSigner, now: datetime) -> None:
    here = now.astimezone(timezone(timedelta(hours=8)))
    assert signer.volunteer_code("V000123", here, NONCE) == signer.volunteer_code("V000123", now.astimezone(UTC), NONCE)


@pytest.mark.parametrize("nonce", [b"", b"12345", b"1234567"])
def test_a_nonce_of_another_length_is_a_programmers_slip(signer: PassSigner, now: datetime, nonce: bytes) -> None:
    with pytest.raises(ValueError, match="nonce"):
        signer.volunteer_code("V000123", now, nonce)


@pytest.mark.parametrize(
    ("subject", "size"),
    [
        ("V000123", 5), ("0117", 3), ("0", 2), ("000", 3), ("999999999999999", 8), ("ZZZ999999999999999", 9), ("AAA000", 5), ("YZ001", 4),
        (ACTIVITY, 17), (str(UUID(int=0)), 17), (str(UUID(int=2**128 - 1)), 17),
        ("V", 2), ("v000123", 8), ("V-1", 4), ("１２３", 10), (ACTIVITY.upper(), 37), ("ABCD1", 6), ("0000000000000000", 17), ("东苑站",
        10), ("x" * 63, 64),
    ],
)  # fmt: skip
def test_a_subject_is_packed_small_and_comes_back_exactly(subject: str, size: int) -> None:
    assert len(packed(subject)) == size
    assert unpacked(packed(subject) + b"rest") == (subject, b"rest")


@pytest.mark.parametrize("subject", ["", "x" * 64, "东" * 22])
def test_a_subject_too_short_or_too_long_is_a_programmers_slip(subject: str) -> None:
    with pytest.raises(ValueError, match="subject"):
        packed(subject)


@given(
    st.one_of(st.from_regex(r"[A-Z]{0,4}[0-9]{1,16}", fullmatch=True), st.uuids().map(str), st.text(min_size=1, max_size=15)),
    st.binary(max_size=8),
)
def test_every_subject_comes_back_with_what_followed_it(subject: str, rest: bytes) -> None:
    try:
        raw = packed(subject)
    except UnicodeEncodeError:  # lone surrogates are no text
        return
    assert unpacked(raw + rest) == (subject, rest)
    for cut in range(len(raw)):
        with pytest.raises(PassInvalid):
            unpacked(raw[:cut])


@given(st.binary(max_size=80))
def test_unpacking_anything_gives_a_subject_or_a_refusal(raw: bytes) -> None:
    try:
        subject, rest = unpacked(raw)
    except PassInvalid:
        return
    assert raw.endswith(rest)
    assert len(subject.encode()) <= 63
