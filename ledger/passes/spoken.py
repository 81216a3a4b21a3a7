"""Spoken codes: seven letters and a check letter over 31 letters that nobody mishears or misreads.

31 is prime and every place has its own weight, so any one wrong letter and any two neighbours swapped give another check letter.
Rows keep only a keyed digest of a code.
"""

from collections.abc import Callable

from ledger.domain.errors import PassInvalid
from ledger.keyring import Keyring
from ledger.passes.lettering import with_blanks

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # 2-9 and A-Z without I, L, O, which look like 1, 1, 0
FREE_LETTERS = 7  # 31^7 = 2.75 * 10^10 codes
CODE_LETTERS = 8

_VALUES = {letter: value for value, letter in enumerate(LETTERS)}
_HYPHENS = str.maketrans("", "", " -")


def new_code(random_bytes: Callable[[int], bytes]) -> str:
    """A random code, every one equally likely. Args: random_bytes gives n random bytes."""

    def more(_: int) -> bytes:
        return random_bytes(2 * FREE_LETTERS)

    return _drawn(more)


def derived_code(keyring: Keyring, purpose: str, subject: str, *, key_id: str | None = None) -> str:
    """The code that belongs to a subject: made again each time it is shown, so that it is never stored in clear.

    Args:
        purpose: what the code is for ("hold"); subject: the row's id.
        key_id: `keyring.current_id("derive")` when the row was made, kept in the row; by default the current key.
    Two subjects may share a code (1 in 2.75 * 10^10): where the row's digest is unique and taken, the caller takes a new id.
    """
    about = b"\0".join((purpose.encode(), subject.encode()))

    def more(turn: int) -> bytes:
        return keyring.mac("derive", turn.to_bytes(2) + about, key_id=key_id)[1]

    return _drawn(more)


def read_code(text: str) -> str:
    """What was typed or heard, as the eight letters of the code; case, width, spaces and hyphens do not matter. Raises: PassInvalid."""
    code = with_blanks(text).translate(_HYPHENS)
    if not _is_right(code):
        raise PassInvalid
    return code


def is_code(text: str) -> bool:
    """Whether `read_code` would take it."""
    try:
        read_code(text)
    except PassInvalid:
        return False
    return True


def code_digest(keyring: Keyring, code: str) -> bytes:
    """What a new row keeps of a code: 17 bytes, the first of which is the key's number. Raises: PassInvalid."""
    return code_digests(keyring, code)[0]


def code_digests(keyring: Keyring, code: str) -> tuple[bytes, ...]:
    """Where a typed code may lie: one digest for each key still held, so a rotation strands no living code. Raises: PassInvalid."""
    return keyring.keyed_digests("codes", read_code(code).encode())


def grouped(code: str) -> str:
    """As it is shown and read aloud: `K7PW 3M9X`."""
    return f"{code[:4]} {code[4:]}"


def check_letter(free: str) -> str:
    """The eighth letter for seven letters of LETTERS."""
    return LETTERS[sum(weight * _VALUES[letter] for weight, letter in enumerate(free, 1)) % len(LETTERS)]


def _drawn(more: Callable[[int], bytes]) -> str:
    free = ""
    turn = 0
    while len(free) < FREE_LETTERS:
        # Five bits of a byte, thrown away when they give 31: a remainder would favour the first letters.
        free += "".join(LETTERS[byte & 31] for byte in more(turn) if byte & 31 < len(LETTERS))
        turn += 1
    return free[:FREE_LETTERS] + check_letter(free[:FREE_LETTERS])


def _is_right(code: str) -> bool:
    if len(code) != CODE_LETTERS or not all(letter in _VALUES for letter in code):
        return False
    return check_letter(code[:FREE_LETTERS]) == code[FREE_LETTERS]
