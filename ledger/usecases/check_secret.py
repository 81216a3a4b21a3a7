"""Passwords and PINs: hashed with argon2id, compared at one speed for the known and the unknown, and refused when easily guessed."""

from __future__ import annotations

import secrets
import unicodedata
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ledger.domain.errors import InvalidInput

HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
"""OWASP's smaller argon2id setting: 58 ms and 19 MiB for each check where it was measured."""

PASSWORD_MAX: Final = 128
VOLUNTEER_PASSWORD_MIN: Final = 8
STAFF_PASSWORD_MIN: Final = 12
PIN_DIGITS: Final = 6

_MOST_COMMON: Final = """
    password password1 password12 password123 password1234 passw0rd p@ssw0rd p@ssword admin123 admin1234 admin12345 administrator
    12345678 123456789 1234567890 12345678910 123456789012 87654321 0987654321 11111111 111111111 00000000 66666666 88888888 888888888
    99999999 12341234 11223344 123123123 1234567a 12345678a a12345678 a123456789 1qaz2wsx 1qaz2wsx3edc qwer1234 qwertyui qwertyuiop
    qwerty123 qwerty12345 asdfghjk asdfghjkl zxcvbnm1 abcd1234 abc12345 abc123456 abcdefgh iloveyou iloveyou1 sunshine princess football
    baseball superman trustno1 letmein1 letmein123 welcome1 welcome123 changeme changeme123 test1234 testtest guest1234 root1234 rootroot
    woaini1314 woaini520 5201314a 52013145 13145200 520520520 5211314521 wodemima mima1234 zhiyuanzhe zhiyuan123 volunteer volunteer1
    volunteer123 jifen123 ledger123 ledger1234 keeper123 keeper1234 shequ123 admin@123 admin@1234 a1234567 q1w2e3r4 q1w2e3r4t5
"""
COMMON: Final = frozenset(_MOST_COMMON.split())
WEAK_RUNS: Final = ("01234567890", "09876543210")


def normal_secret(text: str) -> str:
    """One form for what different keyboards send for the same characters."""
    return unicodedata.normalize("NFC", text)


def hash_secret(text: str) -> str:
    """The argon2id hash to keep. Takes tens of milliseconds: never inside a unit of work."""
    return HASHER.hash(normal_secret(text))


def is_secret(kept: str, text: str) -> bool:
    """Whether text is what was hashed. Where nothing is kept a decoy is checked, so that the unknown takes as long as the known."""
    decoy = _decoy()
    try:
        HASHER.verify(kept or decoy, normal_secret(text[: PASSWORD_MAX * 2]))
    except (VerificationError, InvalidHashError):
        return False
    return kept != ""


def wants_rehash(kept: str) -> bool:
    """Whether a hash was made under other settings than today's."""
    return HASHER.check_needs_rehash(kept)


def check_password(password: str, login: str, *, staff: bool) -> str:
    """The password, if it may be used. Raises InvalidInput("password", too_short | too_long | too_common)."""
    text = normal_secret(password)
    if len(text) > PASSWORD_MAX:
        raise InvalidInput("password", "too_long")
    if len(text) < (STAFF_PASSWORD_MIN if staff else VOLUNTEER_PASSWORD_MIN):
        raise InvalidInput("password", "too_short")
    plain = text.lower()
    if plain in COMMON or plain == login.lower() or plain == login.lower()[::-1] or len(set(plain)) < 4 or _is_run(plain):
        raise InvalidInput("password", "too_common")
    return text


def check_pin(pin: str) -> str:
    """Six ASCII digits that are not the first a thief tries. Raises InvalidInput("pin", malformed | too_common)."""
    if len(pin) != PIN_DIGITS or not (pin.isascii() and pin.isdecimal()):
        raise InvalidInput("pin")
    if len(set(pin)) < 3 or _is_run(pin) or pin[:3] == pin[3:] or pin[:2] * 3 == pin:
        raise InvalidInput("pin", "too_common")
    return pin


def _is_run(text: str) -> bool:
    return any(text in run * 3 for run in WEAK_RUNS)


@cache
def _decoy() -> str:
    return HASHER.hash(secrets.token_urlsafe(16))
