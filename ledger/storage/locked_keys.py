"""A keyring under a passphrase, for a backup that shall be enough by itself: scrypt (RFC 7914), then AES-256-GCM."""

from __future__ import annotations

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ledger.domain.errors import InvalidInput, UnreadableFile

MARK: Final = b"sanlian-ledger keys 1\n"
PASSPHRASE_MIN: Final = 12
SALT_BYTES: Final = 16
NONCE_BYTES: Final = 12
COST: Final = 2**17
"""128 MiB and about half a second for each guess."""


def lock(plain: bytes, passphrase: str) -> bytes:
    """Encrypt. Raises InvalidInput for a passphrase of fewer than 12 characters."""
    if len(passphrase) < PASSPHRASE_MIN:
        raise InvalidInput("password", "too_short")
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    return MARK + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, plain, MARK)


def unlock(locked: bytes, passphrase: str) -> bytes:
    """Decrypt what `lock` made. Raises UnreadableFile when it was altered or the passphrase is another one."""
    body = locked.removeprefix(MARK)
    if body == locked or len(body) < SALT_BYTES + NONCE_BYTES:
        raise UnreadableFile("damaged")
    salt, nonce, rest = body[:SALT_BYTES], body[SALT_BYTES : SALT_BYTES + NONCE_BYTES], body[SALT_BYTES + NONCE_BYTES :]
    try:
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, rest, MARK)
    except InvalidTag:
        raise UnreadableFile("wrong_key") from None


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=8, p=1).derive(passphrase.encode())
