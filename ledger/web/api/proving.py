"""Receipts and the trail: what anyone may check without a login."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from ledger.audit import trail
from ledger.usecases.view_receipt import receipt_document
from ledger.web import gate
from ledger.web.api import Code, Query, api_blueprint

blueprint = api_blueprint("api_proving", __name__, tag="对账公开", public=True)


class HeadAnswer(BaseModel):
    book: str
    size: int
    root: str
    signed_at: str
    signature: str
    public_key: str
    algorithm: str
    key_id: str


class ProofAnswer(BaseModel):
    entry: str
    leaf_hash: str
    leaf_index: int
    tree_size: int
    path: list[str]
    root: str


class ReceiptPath(BaseModel):
    receipt: Code


class ReceiptItem(BaseModel):
    sku: str
    name: str
    quantity: int
    points: int | float


class ReceiptAnswer(BaseModel):
    entry: str
    at: str
    station: str
    items: list[ReceiptItem]
    points: int | float
    state: str
    reversed_by: str = ""
    leaf_index: int = -1
    head: HeadAnswer | None = None
    proof: ProofAnswer | None = None


class EntryPath(BaseModel):
    entry: Code


class ConsistencyQuery(Query):
    first: int = Field(ge=1, le=2**53)
    second: int | None = Field(default=None, ge=1, le=2**53)


class ConsistencyAnswer(BaseModel):
    first: int
    second: int
    path: list[str]


@blueprint.get("/receipts/<string:receipt>", summary="查一张凭证", responses={200: ReceiptAnswer})
@gate.everyone
def receipt(path: ReceiptPath) -> dict[str, Any]:
    """What went over the counter, by the receipt's id or its scanned pass; no name. With its proof once sealed."""
    return receipt_document(gate.book(), path.receipt, gate.now())


@blueprint.get("/trail/head", summary="最新的账本头", responses={200: HeadAnswer})
@gate.everyone
def head() -> dict[str, Any]:
    """The latest signed head."""
    return trail.head(gate.book()).document()


@blueprint.get("/trail/proof/<string:entry>", summary="一笔账在树里的证明", responses={200: ProofAnswer})
@gate.everyone
def proof(path: EntryPath) -> dict[str, Any]:
    """RFC 9162 inclusion proof of an entry in the latest head."""
    return trail.proof(gate.book(), path.entry)


@blueprint.get("/trail/consistency", summary="旧账本头是新账本头的开头", responses={200: ConsistencyAnswer})
@gate.everyone
def consistency(query: ConsistencyQuery) -> dict[str, Any]:
    """RFC 9162 consistency proof between two sizes; `second` defaults to the latest."""
    return trail.consistency(gate.book(), query.first, query.second)
