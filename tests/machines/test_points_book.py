"""A hypothesis machine drives the real book beside plain counters: whatever order people come in, both say the same."""

from __future__ import annotations

import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from ledger.domain import errors
from ledger.storage import goods
from ledger.usecases.view_shelf import shelf_document
from tests.cast import District, found_district, local, migrated_settings, open_book

PRICE = {"SP-01": 30, "SP-02": 50, "SP-03": 8}
LIMIT = {"SP-01": None, "SP-02": 2, "SP-03": None}
SHELF = {"SP-01": 40, "SP-02": 10, "SP-03": 100}
START = {"V000001": 111, "V000002": 65, "V000005": 10}
WINDOW_ENDS = local("2022-11-01 00:00")

people = st.sampled_from(sorted(START))
skus = st.sampled_from(sorted(PRICE))
quantities = st.integers(1, 4)


class PointsBook(RuleBasedStateMachine):
    """Model: a wallet and a held sum per person, pieces per good, pieces taken per person and limited good."""

    holds = Bundle("holds")
    done = Bundle("done")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-machine-"))
        self.book = open_book(migrated_settings(self.folder), seed=1)
        self.district: District = found_district(self.book, self.folder)
        self.district.to_redeeming()
        self.wallet, self.shelf = dict(START), dict(SHELF)
        self.held: dict[str, tuple[str, str, int]] = {}
        self.taken: dict[tuple[str, str], int] = {}

    def expected_refusal(self, person: str, sku: str, quantity: int) -> type[errors.LedgerError] | None:
        limit = LIMIT[sku]
        if limit is not None and self.taken.get((person, sku), 0) + quantity > limit:
            return errors.LimitReached
        if PRICE[sku] * quantity > self.wallet[person]:
            return errors.NotEnoughPoints
        return errors.OutOfStock if quantity > self.shelf[sku] else None

    def move(self, person: str, sku: str, quantity: int) -> None:
        self.wallet[person] -= PRICE[sku] * quantity
        self.shelf[sku] -= quantity
        self.taken[person, sku] = self.taken.get((person, sku), 0) + quantity

    @rule(target=holds, person=people, sku=skus, quantity=quantities)
    def reserve(self, person: str, sku: str, quantity: int) -> str:
        refusal = self.expected_refusal(person, sku, quantity)
        try:
            hold = str(self.district.hold(sku, quantity, person)["hold"])
        except errors.LedgerError as error:
            assert type(error) is refusal, (error, refusal)
            return ""
        assert refusal is None
        self.move(person, sku, quantity)
        self.held[hold] = (person, sku, quantity)
        return hold

    @rule(hold=consumes(holds))
    def collect(self, hold: str) -> None:
        if hold in self.held:
            self.district.collect(hold)
            del self.held[hold]

    @rule(hold=holds)
    def call_off(self, hold: str) -> None:
        if hold not in self.held:
            return
        person, sku, quantity = self.held.pop(hold)
        self.district.void(hold, person)
        self.wallet[person] += PRICE[sku] * quantity
        self.shelf[sku] += quantity
        self.taken[person, sku] -= quantity

    @rule(target=done, person=people, sku=skus, quantity=quantities)
    def walk_up(self, person: str, sku: str, quantity: int) -> tuple[str, str, int, str, str]:
        refusal = self.expected_refusal(person, sku, quantity)
        code = self.district.code(person)
        key = f"key of {code}"
        try:
            entry = str(self.district.walk_up(sku, quantity, shown=code, key=key)["entry"])
        except errors.LedgerError as error:
            assert type(error) is refusal, (error, refusal)
            return "", "", 0, "", ""
        assert refusal is None
        self.move(person, sku, quantity)
        return code, sku, quantity, key, entry

    @rule(before=done, fresh_key=st.booleans())
    def show_the_code_again(self, before: tuple[str, str, int, str, str], fresh_key: bool) -> None:
        code, sku, quantity, key, entry = before
        if not code:
            return
        if not fresh_key:
            assert self.district.walk_up(sku, quantity, shown=code, key=key)["entry"] == entry
            return
        try:
            self.district.walk_up(sku, quantity, shown=code)
        except (errors.PassAlreadyUsed, errors.PassExpired):
            return
        raise AssertionError("a code was used twice")

    @rule(minutes=st.integers(1, 600))
    def time_passes(self, minutes: int) -> None:
        if self.district.now + timedelta(minutes=minutes) < WINDOW_ENDS:
            self.district.tick_at(self.district.now + timedelta(minutes=minutes))

    @invariant()
    def book_and_counters_agree(self) -> None:
        for person, points in self.wallet.items():
            balance = self.district.balance(person)
            held = sum(PRICE[s] * q for p, s, q in self.held.values() if p == person)
            assert (balance.spendable, balance.held) == (points, held)
            assert sum(lot.remaining for lot in balance.lots) == points
        shown = self.book.read(lambda unit: shelf_document(unit, "DY001"))["shelf"]
        assert {s["sku"]: s["on_shelf"] for s in shown} == self.shelf
        reserved = {sku: sum(q for _p, s, q in self.held.values() if s == sku) for sku in PRICE}
        assert {s["sku"]: s["reserved"] for s in shown} == reserved

    def teardown(self) -> None:
        self.district.tick_at(WINDOW_ENDS)
        for person, sku, quantity in self.held.values():
            self.wallet[person] += PRICE[sku] * quantity
        assert {p: self.district.balance(p).spendable for p in self.wallet} == self.wallet
        self.district.tick_at(local("2023-01-01 00:00"))
        assert {p: self.district.balance(p).spendable for p in self.wallet} == dict.fromkeys(self.wallet, 0)
        assert self.book.read(lambda unit: unit.value(goods.HELD_POINTS, holder="V000001")) == 0
        self.district.check_clean()
        self.book.close()
        shutil.rmtree(self.folder, ignore_errors=True)


TestPointsBook = PointsBook.TestCase
TestPointsBook.settings = settings(max_examples=12, stateful_step_count=40)
