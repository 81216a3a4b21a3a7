"""Signed passes: short upper-case texts that say what they are for and whom they are about, and cannot be made without the book's keys.

A pass is RFC 4648 base32 without padding over these bytes, the last ten of which are an HMAC-SHA256 over all before them and the book:

    format and purpose 1 · key number 1 · book tag 2 · subject 2 … 64 · seconds 4 (V A B D) · nonce 6 (V) · code 10

`seconds` is the issue of a pass that rotates (V, A) and the end of an invitation (B, D), in seconds since 1970 UTC. The other passes carry
no time, so the same subject has one text until the key is rotated, and it is not stored: it is made again.
"""

import base64
import binascii
import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from ledger.domain.errors import PassExpired, PassInvalid
from ledger.keyring import Keyring
from ledger.passes.lettering import in_one_form
from ledger.passes.subjects import packed, unpacked

VOLUNTEER_CODE = "V"
CARD = "C"
ACTIVITY_CODE = "A"
POSTER = "P"
STATION = "S"
HOLD = "H"
RECEIPT = "R"
BINDING = "B"
DEVICE = "D"

VOLUNTEER_PERIOD_SECONDS = 30  # after which the phone shows a fresh code
VOLUNTEER_LIFE_SECONDS = 60  # from issue: one period, and one of grace for the way from a shutter to our door
ACTIVITY_PERIOD_SECONDS = 10  # the screen's code changes on these beats of the clock
ACTIVITY_LIFE_SECONDS = 31  # from the beat: a picture of the screen is worth nothing after 30 s (threat T1), whoever is slow has a ticket
FUTURE_SECONDS_MAX = 60  # how far the clock of another of our machines may be ahead

NONCE_BYTES = 6
CODE_BYTES = 10
PASS_CHARACTERS_MIN = 26
PASS_CHARACTERS_MAX = 144

_PURPOSES = "VCAPSHRBD"  # the place of a letter is its number in the first byte: add at the end, never reorder
_FORMAT = 1
_LIFE_SECONDS = {VOLUNTEER_CODE: VOLUNTEER_LIFE_SECONDS, ACTIVITY_CODE: ACTIVITY_LIFE_SECONDS}
_ROTATING = VOLUNTEER_CODE + ACTIVITY_CODE
_ENDING = BINDING + DEVICE


@dataclass(frozen=True)
class Pass:
    """What a pass says, once its code was found right.

    issued_at (V, A) and expires_at (B, D) are seconds since 1970 UTC; the nonce (V) is what makes a code usable once.
    """

    purpose: str
    subject: str
    issued_at: int | None
    nonce: bytes | None
    key_id: str
    expires_at: int | None = None


class PassSigner:
    """Makes and reads the passes of one book."""

    def __init__(self, book: str, keyring: Keyring) -> None:
        self._keyring = keyring
        self._book = book.encode()
        self._tag = hashlib.sha256(self._book).digest()[:2]

    def volunteer_code(self, person: str, now: datetime, nonce: bytes) -> str:
        """A code on the volunteer's phone, for one use within VOLUNTEER_LIFE_SECONDS.

        Args:
            person: card number (`V000123` gives 47 characters) or UUID (66).
            nonce: NONCE_BYTES random bytes.
        """
        if len(nonce) != NONCE_BYTES:
            raise ValueError(f"a nonce has {NONCE_BYTES} bytes")
        return self._signed(VOLUNTEER_CODE, person, _seconds(_epoch(now)) + nonce)

    def card(self, number: str) -> str:
        """The pass on a printed card: permanent, an identity pointer only."""
        return self._signed(CARD, number)

    def activity_code(self, activity_id: str, now: datetime) -> str:
        """The code on the organiser's screen: the same text through one ACTIVITY_PERIOD_SECONDS of the clock."""
        epoch = _epoch(now)
        return self._signed(ACTIVITY_CODE, activity_id, _seconds(epoch - epoch % ACTIVITY_PERIOD_SECONDS))

    def poster(self, activity_id: str) -> str:
        """The form of an activity's code that hangs on a wall; it earns a lower evidence level."""
        return self._signed(POSTER, activity_id)

    def station(self, code: str) -> str:
        """The permanent pass of a station's door or a shelf label; it opens a page."""
        return self._signed(STATION, code)

    def hold(self, hold_id: str) -> str:
        """A pick-up code. It carries no end: the hold's row knows whether it may still be collected."""
        return self._signed(HOLD, hold_id)

    def receipt(self, receipt_id: str) -> str:
        """The permanent pass of a receipt that anyone may check."""
        return self._signed(RECEIPT, receipt_id)

    def binding(self, code_id: str, expires_at: datetime) -> str:
        """A one-time invitation for a volunteer's phone; the row of that id knows whether it was used."""
        return self._signed(BINDING, code_id, _seconds(_epoch(expires_at)))

    def device(self, device_id: str, expires_at: datetime) -> str:
        """A one-time enrolment of a station's device; the row of that id knows whether it was used."""
        return self._signed(DEVICE, device_id, _seconds(_epoch(expires_at)))

    def read(self, text: str, now: datetime, *, purposes: Collection[str] | None = None) -> Pass:
        """Read a pass that `pass_in` found, in any case or width.

        Args:
            purposes: the letters that may be shown here; by default all.
        Raises:
            PassInvalid: not ours, altered, of another book, or of another purpose.
            PassExpired: ours, but its time is over (or its issue lies more than FUTURE_SECONDS_MAX ahead).
        """
        letters = in_one_form(text)
        if not PASS_CHARACTERS_MIN <= len(letters) <= PASS_CHARACTERS_MAX:
            raise PassInvalid
        found = self._opened(_decoded(letters))
        if purposes is not None and found.purpose not in purposes:
            raise PassInvalid
        _refuse_out_of_time(found, _epoch(now))
        return found

    def _signed(self, purpose: str, subject: str, rest: bytes = b"") -> str:
        key_id = self._keyring.current_id("passes")
        head = bytes((_FORMAT << 5 | _PURPOSES.index(purpose), int(key_id[1:])))
        body = head + self._tag + packed(subject) + rest
        _, code = self._keyring.mac("passes", self._bound(body), CODE_BYTES, key_id=key_id)
        return base64.b32encode(body + code).decode().rstrip("=")

    def _opened(self, raw: bytes) -> Pass:
        body, code = raw[:-CODE_BYTES], raw[-CODE_BYTES:]
        key_id = f"p{body[1]}"
        # The code comes first: nothing of an unsigned text is interpreted.
        if not self._keyring.check_mac("passes", key_id, self._bound(body), code, CODE_BYTES):
            raise PassInvalid
        place = body[0] & 0x1F
        if body[0] >> 5 != _FORMAT or place >= len(_PURPOSES) or body[2:4] != self._tag:
            raise PassInvalid
        purpose = _PURPOSES[place]
        subject, rest = unpacked(body[4:])
        has_time = purpose in _ROTATING + _ENDING
        if len(rest) != 4 * has_time + NONCE_BYTES * (purpose == VOLUNTEER_CODE):
            raise PassInvalid
        seconds = int.from_bytes(rest[:4])
        return Pass(
            purpose=purpose,
            subject=subject,
            issued_at=seconds if purpose in _ROTATING else None,
            nonce=rest[4:] or None,
            key_id=key_id,
            expires_at=seconds if purpose in _ENDING else None,
        )

    def _bound(self, body: bytes) -> bytes:
        return len(self._book).to_bytes(2) + self._book + body


def _decoded(letters: str) -> bytes:
    try:
        raw = base64.b32decode(letters + "=" * (-len(letters) % 8))
    except (binascii.Error, ValueError):
        raise PassInvalid from None
    # Spare bits of the last letter would give one pass several spellings.
    if base64.b32encode(raw).decode().rstrip("=") != letters:
        raise PassInvalid
    return raw


def _refuse_out_of_time(found: Pass, now: int) -> None:
    if found.issued_at is not None:
        age = now - found.issued_at
        if age >= _LIFE_SECONDS[found.purpose] or age < -FUTURE_SECONDS_MAX:
            raise PassExpired
    if found.expires_at is not None and now >= found.expires_at:
        raise PassExpired


def _epoch(moment: datetime) -> int:
    if moment.tzinfo is None:
        raise ValueError("a pass needs an aware moment")
    return int(moment.timestamp())


def _seconds(epoch: int) -> bytes:
    return epoch.to_bytes(4)
