"""Whom or what a pass is about, in as few bytes as it can be said.

The first byte tells the form and with it the length, so that what follows in a pass needs no separator:

| first byte | then | for |
| --- | --- | --- |
| `00` letters (2 bits) digits (4 bits) | one integer | `V000123`, `0117`, `YZ001`: 0 to 3 letters, then 1 to 15 digits |
| `01000000` | 16 bytes | a UUID in its usual lower-case form |
| `10` length (6 bits) | UTF-8 | any other text of 1 to 63 bytes |

Every text has exactly one form, and is given back as it came.
"""

import re
from uuid import UUID

from ledger.domain.errors import PassInvalid

_NUMBER = re.compile(r"([A-Z]{0,3})([0-9]{1,15})", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)
_UUID_FORM = 0x40
_TEXT_FORM = 0x80
_TEXT_BYTES_MAX = 63


def packed(subject: str) -> bytes:
    """The bytes of a subject. Raises: ValueError for an empty text or one over 63 bytes (a programmer's slip, not a visitor's)."""
    number = _NUMBER.fullmatch(subject)
    if number:
        return _packed_number(*number.groups())
    if _UUID.fullmatch(subject):
        return bytes((_UUID_FORM,)) + UUID(subject).bytes
    raw = subject.encode()
    if not 1 <= len(raw) <= _TEXT_BYTES_MAX:
        raise ValueError(f"the subject of a pass has 1 to {_TEXT_BYTES_MAX} bytes, not {len(raw)}")
    return bytes((_TEXT_FORM | len(raw),)) + raw


def unpacked(raw: bytes) -> tuple[str, bytes]:
    """Read the subject at the start of `raw`. Returns: it, and the bytes after it. Raises: PassInvalid."""
    if not raw:
        raise PassInvalid
    first, rest = raw[0], raw[1:]
    if first == _UUID_FORM:
        return str(UUID(bytes=_taken(rest, 16))), rest[16:]
    if first & 0xC0 == _TEXT_FORM:
        size = first & 0x3F
        try:
            return _taken(rest, size).decode(), rest[size:]
        except UnicodeDecodeError:
            raise PassInvalid from None
    if first & 0xC0:
        raise PassInvalid
    letters, digits = first >> 4, first & 0x0F
    size = _number_bytes(letters, digits)
    return _number(letters, digits, int.from_bytes(_taken(rest, size))), rest[size:]


def _packed_number(letters: str, digits: str) -> bytes:
    value: int = 0
    for letter in letters:
        value = value * 26 + ord(letter) - ord("A")
    number: int = value * 10 ** len(digits) + int(digits)
    return bytes((len(letters) << 4 | len(digits),)) + number.to_bytes(_number_bytes(len(letters), len(digits)))


def _number(letters: int, digits: int, value: int) -> str:
    prefix_value, digits_value = divmod(value, 10**digits)
    prefix = ""
    for _ in range(letters):
        prefix_value, letter = divmod(prefix_value, 26)
        prefix = chr(ord("A") + letter) + prefix
    if prefix_value or not digits:
        raise PassInvalid
    return f"{prefix}{digits_value:0{digits}d}"


def _number_bytes(letters: int, digits: int) -> int:
    """As many as the largest number of that shape needs."""
    largest: int = 26**letters * 10**digits - 1
    return (largest.bit_length() + 7) // 8


def _taken(raw: bytes, size: int) -> bytes:
    if len(raw) < size:
        raise PassInvalid
    return raw[:size]
