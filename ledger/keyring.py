"""One book's secrets: a keyring of numbered keys, a key set for each purpose, in LEDGER_HOME/<book>/keys/.

| purpose | key ids | what it does |
| --- | --- | --- |
| `passes` | p1, p2 … | HMAC under QR passes |
| `codes` | c1 … | HMAC that stands in a row for a spoken code |
| `lookup` | l1 … | HMAC behind the phone, name and id look-ups |
| `seal` | s1 … | AES-256-GCM over personal data at rest |
| `cookies` | k1 … | Flask's secret |
| `head` | h1 … | Ed25519 under tree heads |
| `notes` | n1 … | HMAC that salts the digest of a note |
| `derive` | d1 … | HMAC from which the codes in an answer are derived again |

Every ciphertext, HMAC and signature names its key, so a rotation leaves what is older readable. The keys are one file of mode 0600 in
a directory of mode 0700, replaced as a whole: a crash leaves the old ring or the new one, never half of each.
"""

import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PURPOSES: Mapping[str, str] = {
    "passes": "p",
    "codes": "c",
    "lookup": "l",
    "seal": "s",
    "cookies": "k",
    "head": "h",
    "notes": "n",
    "derive": "d",
}
KEY_BYTES = 32
KEY_NUMBER_MAX = 255  # one byte in a pass, a ciphertext and an index
LOOKUP_BYTES = 17  # the key's number, then 16 bytes of HMAC
NONCE_BYTES = 12
FILE_NAME = "keyring.json"

RandomBytes = Callable[[int], bytes]


class KeyringUnreadable(Exception):
    """The key file is missing, half written or altered; restore it from a backup taken with its keys.

    Facts: path, reason.
    """

    def __init__(self, path: Path, reason: str = "unreadable") -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason


class UnknownKey(Exception):
    """Something names a key that this ring does not hold. Facts: key_id."""

    def __init__(self, key_id: str) -> None:
        super().__init__(key_id)
        self.key_id = key_id


class SealBroken(Exception):
    """A ciphertext that was altered, or belongs to another book, kind or subject. Facts: kind."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(frozen=True)
class _Ring:
    """What the file holds, with the objects that use it made once. `keys[purpose]` maps number to secret, in the order they were made."""

    book: str
    keys: Mapping[str, dict[int, bytes]]
    ciphers: Mapping[int, AESGCM]
    signers: Mapping[int, Ed25519PrivateKey]
    stamp: tuple[int, int, int]

    def current(self, purpose: str) -> int:
        return max(self.keys[purpose])


class Keyring:
    """The keys of one book, safe to share between threads. It is read again when it meets a key that another process has added."""

    def __init__(self, path: Path, ring: _Ring) -> None:
        self._path = path
        self._ring = ring

    def __repr__(self) -> str:
        return f"Keyring({self._ring.book!r})"

    @classmethod
    def create(cls, folder: Path, random: RandomBytes = secrets.token_bytes, *, book: str | None = None) -> "Keyring":
        """Make the keys of a book, or keep those that are there.

        Args:
            folder: LEDGER_HOME/<book>/keys; made with mode 0700.
            random: gives n random bytes.
            book: the book's slug, written into the file and bound into every ciphertext; by default the name of the folder's parent.
        Raises: KeyringUnreadable when a file is there but damaged: it is never replaced by new keys.
        """
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        path = folder / FILE_NAME
        with _alone(folder):
            if not path.exists():
                keys = {purpose: {1: _fresh_key(random)} for purpose in PURPOSES}
                _write(path, book or folder.absolute().parent.name, keys)
            path.chmod(0o600)
        return cls.load(folder)

    @classmethod
    def load(cls, folder: Path) -> "Keyring":
        """Read the keys that `create` made. Raises: KeyringUnreadable."""
        path = folder / FILE_NAME
        return cls(path, _read(path))

    @property
    def book(self) -> str:
        return self._ring.book

    def key_ids(self) -> tuple[str, ...]:
        """Every key id of the ring by purpose, oldest first: what a backup lists beside its ciphertexts."""
        return tuple(f"{PURPOSES[purpose]}{number}" for purpose in PURPOSES for number in self._ring.keys[purpose])

    def current_id(self, purpose: str) -> str:
        """The id of the key that new work of this purpose uses."""
        return f"{PURPOSES[purpose]}{self._ring.current(purpose)}"

    def rotate(self, purpose: str, random: RandomBytes = secrets.token_bytes, *, rebuilding_indexes: bool = False) -> str:
        """Add a key and make it the current one; older ones stay readable. Returns: the new key's id.

        Args:
            rebuilding_indexes: must be true for `lookup`. A look-up is found only under the key it was made with, so whoever rotates that
                purpose opens every sealed phone and name and writes its index anew in the same maintenance; until then nobody is found.
        Raises: ValueError for `lookup` without that promise, or when the 255 numbers of a purpose are used up.
        """
        if purpose == "lookup" and not rebuilding_indexes:
            raise ValueError("rotating the lookup key makes every index stale: pass rebuilding_indexes=True and rewrite them")
        with _alone(self._path.parent):
            ring = _read(self._path)
            number = ring.current(purpose) + 1
            if number > KEY_NUMBER_MAX:
                raise ValueError(f"{purpose} has used all of its {KEY_NUMBER_MAX} key numbers")
            keys = {name: dict(numbered) for name, numbered in ring.keys.items()}
            keys[purpose][number] = _fresh_key(random)
            _write(self._path, ring.book, keys)
            self._ring = _read(self._path)
        return self.current_id(purpose)

    def mac(self, purpose: str, message: bytes, size: int = 32, *, key_id: str | None = None) -> tuple[str, bytes]:
        """HMAC-SHA256 of a message, cut to `size` bytes (≤ 32). Returns: the key's id and the code.

        Args:
            key_id: an older key to use again; by default the current one.
        Raises: UnknownKey.
        """
        key_id = key_id or self.current_id(purpose)
        secret = self._secret(purpose, key_id)
        if secret is None:
            raise UnknownKey(key_id)
        return key_id, hmac.digest(secret, message, "sha256")[:size]

    def check_mac(self, purpose: str, key_id: str, message: bytes, code: bytes, size: int = 32) -> bool:
        """Whether `code` is what `mac` gave under that key and size, compared in constant time; false for a key we do not hold."""
        secret = self._secret(purpose, key_id)
        return secret is not None and hmac.compare_digest(hmac.digest(secret, message, "sha256")[:size], code)

    def keyed_digests(self, purpose: str, message: bytes) -> tuple[bytes, ...]:
        """For an indexed column: the key's number and 16 bytes of HMAC, under every key of the purpose, the current one first."""
        return tuple(_numbered(number, secret, message) for number, secret in reversed(self._ring.keys[purpose].items()))

    def lookup(self, kind: str, value: str, *, key_id: str | None = None) -> bytes:
        """The index under which a person's value is found: equal values give equal bytes, and nothing else can be read from them.

        Args:
            kind: "phone", "name", "id": the same text under two kinds gives unrelated bytes.
            value: already normalised by the caller.
            key_id: an older look-up key, while indexes are being rebuilt; see `rotate`.
        Returns: LOOKUP_BYTES bytes, the first of which is the key's number.
        Raises: UnknownKey.
        """
        key_id = key_id or self.current_id("lookup")
        secret = self._secret("lookup", key_id)
        if secret is None:
            raise UnknownKey(key_id)
        return _numbered(int(key_id[1:]), secret, _framed(kind, value))

    def seal(self, kind: str, subject: str, text: str) -> bytes:
        """Encrypt personal data for its row: AES-256-GCM, bound to book, kind and subject.

        Args:
            kind: what it is ("phone", "name", "note"); subject: the opaque id of the row or person it belongs to.
        Returns: the key's number (1 byte), a random nonce (12), the ciphertext with its tag (16 longer than the UTF-8 text).
        """
        ring = self._ring
        number = ring.current("seal")
        nonce = secrets.token_bytes(NONCE_BYTES)  # never from a seeded source: one nonce twice gives the key's stream away
        return bytes((number,)) + nonce + ring.ciphers[number].encrypt(nonce, text.encode(), _framed(ring.book, kind, subject))

    def open(self, kind: str, subject: str, blob: bytes) -> str:
        """Read what `seal` made under the same kind and subject. Raises: SealBroken; UnknownKey for a key not on this ring."""
        if len(blob) < 1 + NONCE_BYTES + 16:
            raise SealBroken(kind)
        number, nonce, rest = blob[0], blob[1 : 1 + NONCE_BYTES], blob[1 + NONCE_BYTES :]
        if self._secret("seal", f"s{number}") is None:
            raise UnknownKey(f"s{number}")
        try:
            return self._ring.ciphers[number].decrypt(nonce, rest, _framed(self._ring.book, kind, subject)).decode()
        except InvalidTag:
            raise SealBroken(kind) from None

    def cookie_secrets(self) -> tuple[bytes, ...]:
        """Flask's SECRET_KEY first, then the older ones for SECRET_KEY_FALLBACKS."""
        return tuple(reversed(self._ring.keys["cookies"].values()))

    def sign_head(self, message: bytes) -> tuple[bytes, str]:
        """Sign a tree head with Ed25519. Returns: the signature (64 bytes) and the key's id."""
        number = self._ring.current("head")
        return self._ring.signers[number].sign(message), f"h{number}"

    def public_key(self, key_id: str) -> bytes:
        """The 32 bytes with which anyone checks a head signed by that key. Raises: UnknownKey."""
        if self._secret("head", key_id) is None:
            raise UnknownKey(key_id)
        return self._ring.signers[int(key_id[1:])].public_key().public_bytes_raw()

    def verify_head(self, message: bytes, signature: bytes, key_id: str) -> bool:
        """Whether this ring's key of that id signed the message; false for a key we do not hold."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key(key_id)).verify(signature, message)
        except (InvalidSignature, UnknownKey):
            return False
        return True

    def _secret(self, purpose: str, key_id: str) -> bytes | None:
        digits = key_id[1:]
        number = int(digits) if digits.isascii() and digits.isdecimal() and len(digits) <= 3 else 0
        if key_id != f"{PURPOSES[purpose]}{number}":
            return None
        if number not in self._ring.keys[purpose] and self._was_rewritten():
            self._ring = _read(self._path)
        return self._ring.keys[purpose].get(number)

    def _was_rewritten(self) -> bool:
        # A forged key number costs one stat of the file, not a reading of it.
        try:
            return _stamp(self._path.stat()) != self._ring.stamp
        except OSError:
            return False


def _fresh_key(random: RandomBytes) -> bytes:
    secret = random(KEY_BYTES)
    assert len(secret) == KEY_BYTES, "the random source gives as many bytes as it is asked for"
    return secret


def _numbered(number: int, secret: bytes, message: bytes) -> bytes:
    return bytes((number,)) + hmac.digest(secret, message, "sha256")[: LOOKUP_BYTES - 1]


def _framed(*parts: str) -> bytes:
    """Join texts so that no two lists of parts give the same bytes."""
    return b"".join(len(raw).to_bytes(4) + raw for raw in (part.encode() for part in parts))


def _stamp(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_mtime_ns, status.st_size


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two processes setting up one book agree on its keys."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write(path: Path, book: str, keys: Mapping[str, Mapping[int, bytes]]) -> None:
    shown = {purpose: {str(number): secret.hex() for number, secret in numbered.items()} for purpose, numbered in keys.items()}
    body: dict[str, Any] = {"format": 1, "book": book, "keys": shown}
    data = json.dumps({**body, "digest": _digest(body)}, ensure_ascii=False, indent=1).encode()
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _read(path: Path) -> _Ring:
    try:
        with path.open("rb") as file:
            stamp = _stamp(os.fstat(file.fileno()))
            document = json.loads(file.read())
        body = {"format": document["format"], "book": document["book"], "keys": document["keys"]}
        if body["format"] != 1 or document["digest"] != _digest(body):
            raise KeyringUnreadable(path, "damaged")
        keys = {purpose: _numbers(document["keys"][purpose]) for purpose in PURPOSES}
    except OSError as missing:
        raise KeyringUnreadable(path, missing.strerror or "missing") from missing
    except (ValueError, KeyError, TypeError, AttributeError):
        # Neither the text nor the parser's words go into the message: both may hold part of a key.
        raise KeyringUnreadable(path, "damaged") from None
    return _Ring(
        book=str(body["book"]),
        keys=keys,
        ciphers={number: AESGCM(secret) for number, secret in keys["seal"].items()},
        signers={number: Ed25519PrivateKey.from_private_bytes(secret) for number, secret in keys["head"].items()},
        stamp=stamp,
    )


def _numbers(shown: Mapping[str, str]) -> dict[int, bytes]:
    numbered = {int(number): bytes.fromhex(secret) for number, secret in sorted(shown.items(), key=lambda item: int(item[0]))}
    if not numbered or any(len(secret) != KEY_BYTES for secret in numbered.values()):
        raise ValueError("a key of another length")
    return numbered


def _digest(body: Mapping[str, Any]) -> str:
    """Finds a flipped bit that would still parse: a key changed in silence makes a book unreadable much later."""
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
