"""Who may take what: prices an order, checks limits, and chooses which receipts leave the shelf first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.domain.errors import InvalidInput, LimitReached, OutOfStock

ITEMS_MAX: Final = 20
QUANTITY_MAX: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """What was asked for: a good and how many pieces (> 0)."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A good at a station now: price in smallest steps, cost in fen, limit per person and cycle (None: none)."""

    sku: str
    name: str
    unit: str
    price_points: int
    limit_per_cycle: int | None
    taken: int = 0


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt lot on the shelf: pieces left and what one piece cost, in fen, from which funding source."""

    id: str
    sku: str
    remaining: int
    unit_cost_fen: int
    source: str


@dataclass(frozen=True, slots=True)
class Pick:
    """`quantity` pieces leave the receipt lot."""

    receipt: Receipt
    quantity: int

    @property
    def cost_fen(self) -> int:
        return self.quantity * self.receipt.unit_cost_fen


@dataclass(frozen=True, slots=True)
class Line:
    """A priced line of an order."""

    sku: str
    name: str
    quantity: int
    price_points: int

    @property
    def points(self) -> int:
        return self.quantity * self.price_points


def check_items(items: Sequence[Item]) -> tuple[Item, ...]:
    """Merge repeated goods. Raises InvalidInput for nothing, too many, or a quantity that is not 1…1,000,000."""
    if not items or len(items) > ITEMS_MAX:
        raise InvalidInput("items", "count")
    merged: dict[str, int] = {}
    for item in items:
        if isinstance(item.quantity, bool) or not 0 < item.quantity <= QUANTITY_MAX:
            raise InvalidInput("quantity", "range")
        merged[item.sku] = merged.get(item.sku, 0) + item.quantity
    return tuple(Item(sku, merged[sku]) for sku in sorted(merged))


def price(items: Sequence[Item], offers: Mapping[str, Offer]) -> tuple[Line, ...]:
    """Price each item at the shelf's prices. Raises InvalidInput for a good the station does not know."""
    lines = []
    for item in items:
        offer = offers.get(item.sku)
        if offer is None:
            raise InvalidInput("sku", "unknown_goods", sku=item.sku)
        lines.append(Line(item.sku, offer.name, item.quantity, offer.price_points))
    return tuple(lines)


def check_limits(items: Sequence[Item], offers: Mapping[str, Offer]) -> None:
    """每人每季限兑, holds included. Raises LimitReached with what was already taken."""
    for item in items:
        offer = offers[item.sku]
        if offer.limit_per_cycle is not None and offer.taken + item.quantity > offer.limit_per_cycle:
            raise LimitReached(item.sku, offer.name, offer.limit_per_cycle, offer.taken)


def pick_first_in(items: Sequence[Item], receipts: Sequence[Receipt], offers: Mapping[str, Offer]) -> tuple[Pick, ...]:
    """Choose receipts first in, first out.

    Args:
        receipts: the station's lots with pieces left, oldest first.
    Raises: OutOfStock naming the first good that does not suffice.
    """
    picks: list[Pick] = []
    for item in items:
        missing = item.quantity
        for receipt in receipts:
            if receipt.sku == item.sku and missing and receipt.remaining > 0:
                taken = min(receipt.remaining, missing)
                picks.append(Pick(receipt, taken))
                missing -= taken
        if missing:
            raise OutOfStock(item.sku, offers[item.sku].name, item.quantity - missing)
    return tuple(picks)
