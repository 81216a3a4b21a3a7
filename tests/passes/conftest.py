"""A book's keyring and signer, fresh for each test."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.keyring import Keyring
from ledger.passes.signing import PassSigner


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "dongyuan" / "keys"


@pytest.fixture
def keyring(folder: Path) -> Keyring:
    return Keyring.create(folder)


@pytest.fixture
def signer(keyring: Keyring) -> PassSigner:
    return PassSigner("dongyuan", keyring)


@pytest.fixture
def now() -> datetime:
    return datetime(2022, 10, 15, 2, 30, 0, tzinfo=UTC)  # a beat of the 30-second clock
