import json
import os
import secrets
import stat
import threading
import time
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.keyring import KEY_NUMBER_MAX, LOOKUP_BYTES, PURPOSES, Keyring, KeyringUnreadable, SealBroken, UnknownKey

FIRST_KEYS = ("p1", "c1", "l1", "s1", "k1", "h1", "n1", "d1")


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_only_the_owner_can_read_the_keys_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = tmp_path / "dongyuan" / "keys"
        Keyring.create(folder)
    finally:
        os.umask(before)
    assert mode_of(folder) == 0o700
    assert [(path.name, mode_of(path)) for path in folder.iterdir()] == [("keyring.json", 0o600)]


def test_rotation_leaves_the_file_mode_and_no_draft_behind(folder: Path, keyring: Keyring) -> None:
    keyring.rotate("seal")
    assert [(path.name, mode_of(path)) for path in folder.iterdir()] == [("keyring.json", 0o600)]


def test_a_new_ring_has_one_key_for_each_purpose(keyring: Keyring) -> None:
    assert keyring.key_ids() == FIRST_KEYS
    assert keyring.book == "dongyuan"
    assert len({keyring.mac(purpose, b"same")[1] for purpose in PURPOSES}) == len(PURPOSES)


def test_creating_twice_keeps_the_keys(folder: Path, keyring: Keyring) -> None:
    before = (folder / "keyring.json").read_bytes()
    again = Keyring.create(folder, book="elsewhere")
    assert (folder / "keyring.json").read_bytes() == before
    assert again.book == "dongyuan"
    assert again.open("phone", "a", keyring.seal("phone", "a", "13800000000")) == "13800000000"


def test_creating_again_tightens_loose_modes(folder: Path, keyring: Keyring) -> None:
    folder.chmod(0o755)
    (folder / "keyring.json").chmod(0o644)
    Keyring.create(folder)
    assert (mode_of(folder), mode_of(folder / "keyring.json")) == (0o700, 0o600)


def test_two_processes_setting_up_one_book_agree_on_its_keys(folder: Path) -> None:
    rings: list[Keyring] = []
    threads = [threading.Thread(target=lambda: rings.append(Keyring.create(folder))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({ring.mac("passes", b"m") for ring in rings}) == 1


def test_a_missing_file_is_named(folder: Path) -> None:
    with pytest.raises(KeyringUnreadable) as refusal:
        Keyring.load(folder)
    assert refusal.value.path == folder / "keyring.json"


def test_a_file_cut_anywhere_is_unreadable_and_never_replaced(folder: Path, keyring: Keyring) -> None:
    path = folder / "keyring.json"
    whole = path.read_bytes()
    for size in (*range(0, len(whole), 37), len(whole) - 1):
        path.write_bytes(whole[:size])
        with pytest.raises(KeyringUnreadable):
            Keyring.load(folder)
        with pytest.raises(KeyringUnreadable):
            Keyring.create(folder)
        assert path.read_bytes() == whole[:size]


def test_one_flipped_bit_of_a_key_is_noticed(folder: Path, keyring: Keyring) -> None:
    path = folder / "keyring.json"
    document = json.loads(path.read_text())
    secret = document["keys"]["seal"]["1"]
    document["keys"]["seal"]["1"] = ("0" if secret[0] != "0" else "1") + secret[1:]
    path.write_text(json.dumps(document))
    with pytest.raises(KeyringUnreadable) as refusal:
        Keyring.load(folder)
    assert secret[1:20] not in str(refusal.value)


@pytest.mark.parametrize("text", ["[]", "null", "{}", "7", '"x"', '{"format": 1}', "\ufeff{}", "{\x00}"])
def test_a_file_of_another_shape_is_unreadable(folder: Path, keyring: Keyring, text: str) -> None:
    (folder / "keyring.json").write_text(text)
    with pytest.raises(KeyringUnreadable):
        Keyring.load(folder)


def test_a_crash_before_the_rename_leaves_the_old_ring(folder: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    def power_cut(self: Path, target: Path) -> Path:
        raise OSError("power cut")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="power cut"):
        patch.setattr(Path, "replace", power_cut)
        keyring.rotate("passes")
    assert Keyring.load(folder).key_ids() == FIRST_KEYS
    assert [path.name for path in folder.iterdir()] == ["keyring.json"]


def test_keys_come_from_the_random_source_handed_in(tmp_path: Path) -> None:
    first = Keyring.create(tmp_path / "a" / "keys", lambda n: bytes(n), book="b")
    second = Keyring.create(tmp_path / "c" / "keys", lambda n: bytes(n), book="b")
    assert first.lookup("phone", "1") == second.lookup("phone", "1")


def test_secrets_do_not_show_when_a_ring_is_printed(folder: Path, keyring: Keyring) -> None:
    assert repr(keyring) == "Keyring('dongyuan')"
    assert str(keyring) == "Keyring('dongyuan')"


def test_after_rotation_everything_older_is_still_readable(keyring: Keyring) -> None:
    key_id, code = keyring.mac("passes", b"m", 10)
    blob = keyring.seal("phone", "a", "13800000000")
    signature, head_id = keyring.sign_head(b"head")
    cookie = keyring.cookie_secrets()[0]
    assert [keyring.rotate(purpose) for purpose in ("passes", "seal", "head", "cookies")] == ["p2", "s2", "h2", "k2"]
    assert keyring.check_mac("passes", key_id, b"m", code, 10)
    assert keyring.open("phone", "a", blob) == "13800000000"
    assert keyring.verify_head(b"head", signature, head_id)
    assert keyring.cookie_secrets()[1:] == (cookie,)
    assert keyring.mac("passes", b"m", 10) != (key_id, code)
    assert keyring.seal("phone", "a", "1")[0] == 2
    assert keyring.sign_head(b"head")[1] == "h2"


def test_another_process_meets_a_rotated_key_without_a_restart(folder: Path, keyring: Keyring) -> None:
    elsewhere = Keyring.load(folder)
    keyring.rotate("passes")
    key_id, code = keyring.mac("passes", b"m")
    assert key_id == "p2"
    assert elsewhere.check_mac("passes", key_id, b"m", code)
    keyring.rotate("seal")
    assert elsewhere.open("phone", "a", keyring.seal("phone", "a", "1")) == "1"


def test_two_processes_rotating_do_not_lose_each_others_key(folder: Path, keyring: Keyring) -> None:
    elsewhere = Keyring.load(folder)
    keyring.rotate("passes")
    elsewhere.rotate("seal")
    assert Keyring.load(folder).key_ids() == ("p1", "p2", "c1", "l1", "s1", "s2", "k1", "h1", "n1", "d1")


def test_rotating_the_lookup_key_needs_a_promise_to_rebuild(keyring: Keyring) -> None:
    before = keyring.lookup("phone", "13800000000")
    with pytest.raises(ValueError, match="index"):
        keyring.rotate("lookup")
    assert keyring.lookup("phone", "13800000000") == before
    assert keyring.rotate("lookup", rebuilding_indexes=True) == "l2"
    assert keyring.lookup("phone", "13800000000") != before
    assert keyring.lookup("phone", "13800000000", key_id="l1") == before


def test_key_numbers_end_at_one_byte(folder: Path, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    assert KEY_NUMBER_MAX == 255
    monkeypatch.setattr("ledger.keyring.KEY_NUMBER_MAX", 3)
    assert [keyring.rotate("notes"), keyring.rotate("notes")] == ["n2", "n3"]
    with pytest.raises(ValueError, match="3 key numbers"):
        keyring.rotate("notes")
    assert Keyring.load(folder).current_id("notes") == "n3"


def test_a_code_is_checked_at_its_full_size_only(keyring: Keyring) -> None:
    key_id, code = keyring.mac("notes", b"m", 10)
    assert len(code) == 10
    assert keyring.check_mac("notes", key_id, b"m", code, 10)
    assert not keyring.check_mac("notes", key_id, b"m", code[:1], 10)
    assert not keyring.check_mac("notes", key_id, b"m", b"", 10)
    assert not keyring.check_mac("notes", key_id, b"n", code, 10)
    assert not keyring.check_mac("codes", key_id, b"m", code, 10)


@pytest.mark.parametrize("key_id", ["n2", "n0", "n01", "n", "", "p1", "n-1", "n256", "n９", "nx", "n1 "])
def test_a_key_not_on_the_ring_proves_nothing(keyring: Keyring, key_id: str) -> None:
    assert not keyring.check_mac("notes", key_id, b"m", keyring.mac("notes", b"m")[1])
    assert not keyring.verify_head(b"m", keyring.sign_head(b"m")[0], key_id)
    with pytest.raises(UnknownKey):
        keyring.mac("notes", b"m", key_id=key_id or "n2")


def test_lookups_part_kinds_values_and_books(tmp_path: Path, keyring: Keyring) -> None:
    other = Keyring.create(tmp_path / "xicheng" / "keys")
    asked = [("phone", "13800000000"), ("name", "13800000000"), ("phone", "13800000001"), ("phon", "e13800000000")]
    found = {keyring.lookup(kind, value) for kind, value in asked} | {other.lookup("phone", "13800000000")}
    assert len(found) == 5
    assert {len(index) for index in found} == {LOOKUP_BYTES}
    assert keyring.lookup("phone", "13800000000") == keyring.lookup("phone", "13800000000")


def test_the_same_text_is_never_sealed_twice_alike(keyring: Keyring) -> None:
    blobs = {keyring.seal("name", "a", "张三") for _ in range(100)}
    assert len(blobs) == 100
    assert {keyring.open("name", "a", blob) for blob in blobs} == {"张三"}


def test_a_sealed_text_opens_only_for_its_own_book_kind_and_subject(tmp_path: Path, keyring: Keyring) -> None:
    blob = keyring.seal("phone", "a", "13800000000")
    elsewhere = tmp_path / "elsewhere" / "keys"
    elsewhere.mkdir(parents=True)
    document = json.loads((tmp_path / "dongyuan" / "keys" / "keyring.json").read_text())
    assert b"13800000000" not in blob
    for kind, subject in (("name", "a"), ("phone", "b"), ("phonea", ""), ("", "phonea")):
        with pytest.raises(SealBroken):
            keyring.open(kind, subject, blob)
    same_key = Keyring.create(elsewhere, lambda _: bytes.fromhex(document["keys"]["seal"]["1"]))
    with pytest.raises(SealBroken):
        same_key.open("phone", "a", blob)


def test_any_altered_byte_of_a_sealed_text_is_refused(keyring: Keyring) -> None:
    blob = keyring.seal("phone", "a", "13800000000")
    for place in range(len(blob)):
        with pytest.raises(SealBroken if place else UnknownKey):
            keyring.open("phone", "a", blob[:place] + bytes((blob[place] ^ 0x80,)) + blob[place + 1 :])
        with pytest.raises(SealBroken):
            keyring.open("phone", "a", blob[:place])


def test_a_head_is_checked_by_anyone_with_the_public_key(keyring: Keyring) -> None:
    signature, key_id = keyring.sign_head(b"dongyuan\n7\nab\n2022-10-15T00:00:00Z")
    Ed25519PublicKey.from_public_bytes(keyring.public_key(key_id)).verify(signature, b"dongyuan\n7\nab\n2022-10-15T00:00:00Z")
    assert keyring.verify_head(b"dongyuan\n7\nab\n2022-10-15T00:00:00Z", signature, key_id)
    assert not keyring.verify_head(b"dongyuan\n8\nab\n2022-10-15T00:00:00Z", signature, key_id)
    assert not keyring.verify_head(b"dongyuan\n7\nab\n2022-10-15T00:00:00Z", signature[:-1], key_id)
    with pytest.raises(UnknownKey):
        keyring.public_key("h9")


def test_a_district_of_2753_people_is_indexed_and_sealed_in_a_fifth_of_a_second(keyring: Keyring) -> None:
    people = [(secrets.token_hex(8), f"138{number:08d}", f"张{number}") for number in range(2753)]
    best = 9.0
    for _ in range(3):  # the best of three: the machine has other work
        begun = time.perf_counter()
        for person, phone, name in people:
            keyring.lookup("phone", phone)
            keyring.lookup("name", name)
            keyring.seal("phone", person, phone)
            keyring.seal("name", person, name)
        best = min(best, time.perf_counter() - begun)
    assert best < 0.2
