"""Receipts and the trail without a login: no name, and a proof that leads to the signed root."""

from __future__ import annotations

from ledger.audit import trail
from ledger.audit.merkle import Hashing, is_consistent, root_by_inclusion
from ledger.usecases.identify import signer
from tests.web.api.conftest import Api, refused


def test_a_receipt_is_public_nameless_and_proved_once_sealed(api: Api) -> None:
    done = api.walk_up("SP-01", 2).json
    answer = api.get("", f"/receipts/{done['receipt']}")
    assert answer.json == {
        "entry": done["entry"], "at": "2022-10-12T09:00:00+08:00", "station": "东苑站", "points": 60, "state": "handed_over",
        "items": [{"sku": "SP-01", "name": "大米", "quantity": 2, "points": 60}],
    }  # fmt: skip
    trail.seal(api.book, api.district.now)
    sealed = api.get("", f"/receipts/{done['receipt']}").json
    head = api.get("", "/trail/head").json
    assert sealed["head"] == head
    assert sealed["proof"] == api.get("", f"/trail/proof/{done['entry']}").json
    assert sealed["leaf_index"] == sealed["proof"]["leaf_index"]
    assert (sealed["proof"]["tree_size"], sealed["proof"]["root"]) == (head["size"], head["root"])
    path = [bytes.fromhex(step) for step in sealed["proof"]["path"]]
    leaf = bytes.fromhex(sealed["proof"]["leaf_hash"])
    assert root_by_inclusion(Hashing("sha256"), leaf, sealed["leaf_index"], head["size"], path) == bytes.fromhex(head["root"])
    for word in ("王玉兰", "李芳", "V000001", "V000003", "U0000"):
        assert word not in str(sealed)


def test_a_receipt_is_found_by_its_scanned_pass_and_link(api: Api) -> None:
    done = api.walk_up("SP-03").json
    text = signer(api.book).receipt(done["receipt"])
    for shown in (text, text.lower()):
        assert api.get("", f"/receipts/{shown}").json["entry"] == done["entry"]
    assert refused(api.get("", "/receipts/nothing")) == (404, "not_found")
    assert refused(api.get("", f"/receipts/{done['entry']}")) == (404, "not_found")
    assert refused(api.get("", f"/receipts/{api.fresh_pass()}")) == (404, "not_found")


def test_a_reversed_receipt_says_so(api: Api) -> None:
    done = api.walk_up("SP-03").json
    back = api.post("officer", f"/redemptions/{done['redemption']}/reverse", {"reason": "坏了"}).json
    receipt = api.get("", f"/receipts/{done['receipt']}").json
    assert (receipt["state"], receipt["reversed_by"]) == ("reversed", back["entry"])


def test_the_trail_only_grows(api: Api) -> None:
    assert refused(api.get("", "/trail/head")) == (404, "not_found")
    assert refused(api.get("", "/trail/consistency?first=1")) == (404, "not_found")
    trail.seal(api.book, api.district.now)
    old = api.get("", "/trail/head").json
    api.walk_up("SP-03")
    trail.seal(api.book, api.district.now)
    new = api.get("", "/trail/head").json
    shown = api.get("", f"/trail/consistency?first={old['size']}&second={new['size']}").json
    steps = [bytes.fromhex(step) for step in shown["path"]]
    roots = bytes.fromhex(old["root"]), bytes.fromhex(new["root"])
    assert is_consistent(Hashing("sha256"), old["size"], new["size"], *roots, steps)
    for query in ("first=0", f"first={new['size'] + 1}", "first=1&second=999999", "first=x", "", "first=1&more=2"):
        assert refused(api.get("", f"/trail/consistency?{query}")) == (422, "invalid_input")
    assert refused(api.get("", "/trail/proof/nothing")) == (404, "not_found")
