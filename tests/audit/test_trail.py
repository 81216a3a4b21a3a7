"""Sealing a real book, and proving from it."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.audit import merkle, trail
from ledger.domain import account as accounts
from ledger.domain.act import HEADER, canonical_bytes, micros
from ledger.domain.entry import move
from ledger.domain.errors import InvalidInput, NotFound
from ledger.storage.sql import Statement
from tests.audit.conftest import NOW, Pen, open_book

COUNT_UNSEALED = Statement("SELECT count(*) FROM {unsealed}")
COUNT_LEAVES = Statement("SELECT count(*), max(leaf_index) FROM {leaf}")


def write_openings(pen: Pen, count: int) -> list[str]:
    legs = move(accounts.opening("B000001"), accounts.wallet("V000001", "2022Q2.x"), 10)
    return [pen.write("points_opened", subject="V000001", postings=legs).id for _ in range(count)]


def test_nothing_to_seal_signs_nothing(book):
    assert trail.seal(book, NOW) is None
    with pytest.raises(NotFound):
        trail.head(book)


def test_a_sealed_act_is_proved_against_the_signed_head(book, pen):
    ids = write_openings(pen, 11)
    head = trail.seal(book, NOW)
    assert head is not None and head.size == 11
    assert trail.head(book) == head
    assert book.read(lambda unit: unit.value(COUNT_UNSEALED)) == 0
    assert tuple(book.read(lambda unit: unit.row(COUNT_LEAVES))) == (11, 10)
    hashing = merkle.Hashing("sha256")
    for n, entry in enumerate(ids):
        shown = trail.proof(book, entry)
        path = [bytes.fromhex(step) for step in shown["path"]]
        assert shown["leaf_index"] == n and shown["tree_size"] == 11 and shown["root"] == head.root
        assert merkle.root_by_inclusion(hashing, bytes.fromhex(shown["leaf_hash"]), n, 11, path).hex() == head.root


def test_a_leaf_is_the_hash_of_the_canonical_act(book, pen):
    legs = move(accounts.opening("B000001"), accounts.wallet("V000001", "2022Q2.x"), 10)
    act = pen.write("points_opened", subject="V000001", facts={"lot": "2022Q2.x", "expires_at": None}, postings=legs)
    trail.seal(book, NOW)
    header = [getattr(act, name) for name in HEADER]
    header[HEADER.index("occurred_at")] = header[HEADER.index("recorded_at")] = micros(act.recorded_at)
    bytes_ = canonical_bytes(header, act.facts_text(), [(p.account.path, p.account.commodity, p.amount) for p in legs])
    assert trail.proof(book, act.id)["leaf_hash"] == hashlib.sha256(b"\x00" + bytes_).hexdigest()
    assert json.loads(bytes_)[0] == 1


def test_a_head_is_signed_over_book_size_root_and_time(book, pen):
    write_openings(pen, 3)
    head = trail.seal(book, NOW).document()
    assert head["signed_at"] == "2022-10-02T10:00:00+08:00" and head["algorithm"] == "sha256"
    message = f"main\n3\n{head['root']}\n{head['signed_at']}".encode()
    Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["public_key"])).verify(bytes.fromhex(head["signature"]), message)


def test_heads_grow_and_older_ones_stay_beginnings(book, pen, monkeypatch):
    monkeypatch.setattr(trail, "CHUNK", 4)
    heads = []
    for more in (3, 9, 1, 20):
        write_openings(pen, more)
        heads.append(trail.seal(book, NOW + timedelta(hours=len(heads))))
    assert [head.size for head in heads] == [3, 12, 13, 33]
    hashing = merkle.Hashing("sha256")
    for old in heads:
        shown = trail.consistency(book, old.size)
        path = [bytes.fromhex(step) for step in shown["path"]]
        assert merkle.is_consistent(hashing, old.size, 33, bytes.fromhex(old.root), bytes.fromhex(heads[-1].root), path)
        assert trail.since(book, old.document())["ok"] is True
        assert trail.since(book, {**old.document(), "root": "00" * 32})["ok"] is False
    assert trail.since(book, {**heads[-1].document(), "size": 34})["ok"] is False


def test_what_is_not_sealed_or_not_there_cannot_be_proved(book, pen):
    (sealed,) = write_openings(pen, 1)
    trail.seal(book, NOW)
    (waiting,) = write_openings(pen, 1)
    assert trail.proof(book, sealed)["path"] == []
    for entry in (waiting, "no-such-act"):
        with pytest.raises(NotFound):
            trail.proof(book, entry)
    for first, second in ((0, 1), (2, 1), (1, 2)):
        with pytest.raises(InvalidInput):
            trail.consistency(book, first, second)
    with pytest.raises(InvalidInput):
        trail.since(book, {"root": "zz"})


def test_a_book_may_seal_with_sm3(tmp_path):
    book = open_book(tmp_path, hash_="sm3")
    (entry,) = write_openings(Pen(book), 1)
    head = trail.seal(book, NOW)
    assert head.algorithm == "sm3" and trail.proof(book, entry)["root"] == head.root
    book.close()
