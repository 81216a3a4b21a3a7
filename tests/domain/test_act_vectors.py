"""The canonical form of an act, byte for byte: every trail ever sealed stands on it, so it may never change.

A new form gets a new version number and new vectors; these stay.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.domain import account
from ledger.domain.act import CANONICAL_VERSION, EPOCH, HEADER, Act, canonical_bytes, instant, leaf_hash, micros
from ledger.domain.entry import Posting, move
from ledger.storage.journal import act_row, posting_rows

AT = datetime(2022, 10, 12, 1, 0, 0, 123456, tzinfo=UTC)
GENESIS = Act(
    id="0183caaf-1a80-7000-8000-000000000000", kind="genesis", occurred_at=AT, recorded_at=AT, actor="console:root", subject="main",
    facts={"zone": "Asia/Shanghai", "book": "main", "decimals": 0, "hash": "sha256", "currency": "CNY"},
)  # fmt: skip
HANDED_OVER = Act(
    id="0183caaf-1a80-7001-8000-000000000001", kind="handed_over", occurred_at=AT, recorded_at=AT + timedelta(seconds=1), actor="U000001",
    cycle="2022Q3", subject="V000001", collected_by="V000002", clause="第三条", evidence="activity:x", evidence_level=2, station="DY001",
    session="2022Q3.DY001", desk="2022Q3.DY001.1", device="d1", trace="t", request="r" * 32,
    resolves="0183caaf-1a80-7000-8000-000000000000", note_digest="k1:00ff",
    facts={
        "items": [{"sku": "SP-01", "quantity": 2, "price_points": 30}], "how": "code", "说明": "“两袋”\n", "none": None, "yes": True,
    },
    postings=(
        *move(account.wallet("V000001", "2022Q3.dongyuan"), account.redeemed("2022Q3.DY001", "dongyuan"), 60),
        *move(account.shelf("DY001", "R0000001", "SP-01"), account.handed("2022Q3.DY001", "SP-01"), 2),
    ),
)  # fmt: skip
GENESIS_BYTES = (
    '[1,["0183caaf-1a80-7000-8000-000000000000","genesis",1665536400123456,1665536400123456,"console:root'
    '","","","main","","","",0,"","",-1,"","","","","","","",null,null,""],"{\\"book\\":\\"main\\",\\"currency'
    '\\":\\"CNY\\",\\"decimals\\":0,\\"hash\\":\\"sha256\\",\\"zone\\":\\"Asia/Shanghai\\"}",[]]'
)
HANDED_OVER_BYTES = (
    '[1,["0183caaf-1a80-7001-8000-000000000001","handed_over",1665536400123456,1665536401123456,"U000001"'
    ',"2022Q3","","V000001","","V000002","",0,"第三条","activity:x",2,"DY001","2022Q3.DY001","2022Q3.DY001.1'
    '","d1","t","","rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",null,"0183caaf-1a80-7000-8000-000000000000","k1:00f'
    'f"],"{\\"how\\":\\"code\\",\\"items\\":[{\\"price_points\\":30,\\"quantity\\":2,\\"sku\\":\\"SP-01\\"}],\\"none\\":n'
    'ull,\\"yes\\":true,\\"说明\\":\\"“两袋”\\\\n\\"}",[["wallet/V000001/2022Q3.dongyuan","PTS",-60],["redeemed/2022Q'
    '3.DY001/dongyuan","PTS",60],["shelf/DY001/R0000001","SP-01",-2],["handed/2022Q3.DY001/SP-01","SP-01"'
    ",2]]]"
)


def canonical(act: Act) -> bytes:
    row = act_row(act)
    legs = [(leg["account"], leg["commodity"], leg["amount"]) for leg in posting_rows(act)]
    return canonical_bytes([row[name] for name in HEADER], act.facts_text(), legs)


@pytest.mark.parametrize(
    ("act", "text", "sha256", "sm3"),
    [
        (
            GENESIS, GENESIS_BYTES, "4d28522763701b0e803982bd15662962d9bfe6af549210ee124f23ac73557f2b",
            "04bb53e32ce0592fa5a17a97f8bf54c8cb3dbf89cb4a06ff7523a917ddce3879",
        ),
        (
            HANDED_OVER, HANDED_OVER_BYTES, "90f31cbb6b27f62efda7868bb91991eb6303e2cab66c664eb109395b2dce8ecd",
            "c3477c12ba10c3775386c6bb871eba7b31b61d50ef6b5b67dff3019a0c684630",
        ),
    ],
    ids=["an act without postings", "an entry"],
)  # fmt: skip
def test_the_bytes_and_their_hashes_are_these_for_ever(act: Act, text: str, sha256: str, sm3: str) -> None:
    assert canonical(act) == text.encode()
    assert leaf_hash(canonical(act), "sha256").hex() == sha256
    assert leaf_hash(canonical(act), "sm3").hex() == sm3


def test_the_version_and_the_order_of_columns_are_fixed() -> None:
    assert CANONICAL_VERSION == 1
    assert HEADER == (
        "id", "kind", "occurred_at", "recorded_at", "actor", "cycle", "second_actor", "subject", "on_behalf_of", "collected_by", "rule",
        "rule_version", "clause", "evidence", "evidence_level", "station", "session", "desk", "device", "trace", "batch", "request",
        "reverses", "resolves", "note_digest",
    )  # fmt: skip


def test_facts_are_sorted_and_hold_chinese_as_itself() -> None:
    assert GENESIS.facts_text() == '{"book":"main","currency":"CNY","decimals":0,"hash":"sha256","zone":"Asia/Shanghai"}'
    assert Act(id="i", kind="k", occurred_at=AT, recorded_at=AT, actor="a").facts_text() == "{}"


@pytest.mark.parametrize(
    "changed", [name for name in HEADER if name not in ("occurred_at", "recorded_at", "rule_version", "evidence_level")]
)
def test_every_word_of_the_header_changes_the_hash(changed: str) -> None:
    from dataclasses import replace

    assert canonical(replace(HANDED_OVER, **{changed: "other"})) != canonical(HANDED_OVER)


def test_times_numbers_facts_and_legs_change_the_hash() -> None:
    from dataclasses import replace

    tick = timedelta(microseconds=1)
    others = [
        replace(HANDED_OVER, occurred_at=AT + tick), replace(HANDED_OVER, recorded_at=AT + tick), replace(HANDED_OVER, rule_version=1),
        replace(HANDED_OVER, evidence_level=3), replace(HANDED_OVER, facts={}), replace(HANDED_OVER, postings=()),
        replace(HANDED_OVER, postings=tuple(reversed(HANDED_OVER.postings))),
        replace(HANDED_OVER, postings=tuple(Posting(leg.account, leg.amount * 2) for leg in HANDED_OVER.postings)),
    ]  # fmt: skip
    assert len({canonical(act) for act in [HANDED_OVER, *others]}) == len(others) + 1


def test_the_same_moment_in_another_zone_is_the_same_act() -> None:
    from dataclasses import replace

    there = AT.astimezone(timezone(timedelta(hours=8)))
    assert canonical(replace(GENESIS, occurred_at=there, recorded_at=there)) == canonical(GENESIS)


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_stored_microseconds_and_moments_are_one_to_one(stored: int) -> None:
    assert micros(instant(stored)) == stored


def test_a_moment_without_a_zone_is_a_bug() -> None:
    assert micros(EPOCH) == 0
    with pytest.raises(AssertionError):
        micros(datetime(2022, 1, 1))
