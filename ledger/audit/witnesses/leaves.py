"""The trail: every act hashed again, every subtree and head recomputed, every act sealed once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.audit.diagnosis import Diagnosis
from ledger.audit.inquiry import MINUTE, TOLERANCE, Inquiry, moment
from ledger.audit.merkle import Frontier, Hashing
from ledger.audit.trail import Head, canonical_of, head_of
from ledger.storage import evidence
from ledger.storage.evidence import Sealed


class Leaves:
    """Walks the trail in leaf order. Leaves are appended as stored, so that one altered act does not spoil every head."""

    checks = (
        "leaf_hashes_recompute", "leaf_indexes_dense", "acts_sealed_once", "nodes_recompute", "heads_signed", "heads_are_prefixes",
        "recorded_in_order", "unsealed_are_fresh", "clock_is_steady",
    )  # fmt: skip

    def __init__(self, inquiry: Inquiry) -> None:
        self._inquiry = inquiry
        self._hashing = Hashing(inquiry.book.settings.genesis.hash)
        self._frontier = Frontier(self._hashing)
        self._diagnosis = Diagnosis(inquiry, self._hashing)
        self._expected_index = 0
        self._latest = 0
        self._sound_until = 0
        self._oldest_unsealed: tuple[int, str] | None = None
        self._unsealed = 0

    def see(self, places: Sequence[Sealed]) -> None:
        if places and places[0].leaf_index is not None:
            self._see_leaves(places)
        for place in places:
            if place.leaf_index is None:
                self._see_unsealed(place)
            if place.columns is not None:
                self._check_order(place.act, place.columns[evidence.ACT_COLUMNS.index("recorded_at")])

    def finish(self) -> None:
        self._check_heads({}, self._frontier.size, None)
        for act, sealed, _known in self._inquiry.unit.rows(evidence.UNSEALED_ODD):
            words = "已封存，却仍在待封存之列" if sealed else "在待封存之列，凭证却不存在"
            self._inquiry.note(
                "acts_sealed_once", f"凭证 {act} {words}", expected=None, found=act, entry=act, table="unsealed", field="act"
            )
        self._check_backlog()

    def _see_leaves(self, places: Sequence[Sealed]) -> None:
        low = self._frontier.size
        heads = {row[0]: row for row in self._inquiry.unit.rows(evidence.HEADS_BETWEEN, low=low, high=low + len(places))}
        nodes: dict[int, list[tuple[int, bytes]]] = {}
        for place in places:
            self._check_index(place)
            stored = place.leaf_hash or b""
            self._check_leaf(place, stored)
            for level, index, hash_ in self._frontier.append(stored):
                nodes.setdefault(level, []).append((index, hash_))
            if self._frontier.size in heads:
                self._check_heads(heads, self._frontier.size, self._frontier.root())
        self._check_nodes(nodes)

    def _check_index(self, place: Sealed) -> None:
        if place.leaf_index != self._expected_index:
            self._inquiry.note(
                "leaf_indexes_dense", f"叶号应为 {self._expected_index}，现为 {place.leaf_index}（凭证 {place.act}），其间缺叶",
                expected=self._expected_index, found=place.leaf_index, entry=place.act, table="leaf", field="leaf_index",
            )  # fmt: skip
        self._expected_index = (place.leaf_index or 0) + 1

    def _check_leaf(self, place: Sealed, stored: bytes) -> None:
        if place.columns is None:
            self._inquiry.note(
                "acts_sealed_once", f"第 {place.leaf_index} 片叶的凭证 {place.act} 已不在流水中", expected=place.act, found=None,
                entry=place.act, table="act", field="id",
            )  # fmt: skip
            return
        legs = [leg[1:] for leg in place.legs]
        if self._hashing.leaf(canonical_of(place.columns, legs)) != stored:
            self._diagnosis.name(place, stored)

    def _check_nodes(self, nodes: dict[int, list[tuple[int, bytes]]]) -> None:
        for level, made in nodes.items():
            low, high = made[0][0], made[-1][0] + 1
            stored = {row[0]: bytes(row[1]) for row in self._inquiry.unit.rows(evidence.NODES, level=level, low=low, high=high)}
            for index, hash_ in made:
                if stored.get(index) != hash_:
                    first, last = index << level, (index + 1 << level) - 1
                    self._inquiry.note(
                        "nodes_recompute", f"第 {level} 层第 {index} 个节点（叶 {first} 至 {last}）与叶重算的不符",
                        expected=hash_, found=stored.get(index), table="node", field="hash",
                    )  # fmt: skip

    def _check_heads(self, heads: dict[int, Any], size: int, root: bytes | None) -> None:
        """The head of this size; with no root, the heads that claim more leaves than there are."""
        book = self._inquiry.book
        if root is None:
            for row in self._inquiry.unit.rows(evidence.HEADS_BETWEEN, low=size, high=1 << 60):
                self._inquiry.note(
                    "heads_are_prefixes", f"已签发 {row[0]} 片叶的树头，现只有 {size} 片：从第 {size} 片叶起的凭证不见了",
                    expected=row[0], found=size, table="leaf", field="leaf_index",
                )  # fmt: skip
            return
        head = head_of(book.slug, heads[size])
        if root.hex() != head.root:
            self._inquiry.note(
                "heads_are_prefixes",
                f"{size} 片叶的树头（{head.signed_at} 签发）与重算的树根不符，改动在第 {self._sound_until} 至 {size - 1} 片叶之间",
                expected=root.hex(), found=head.root, table="head", field="root",
            )  # fmt: skip
        else:
            self._sound_until = size
        self._check_signature(head)

    def _check_signature(self, head: Head) -> None:
        ring = self._inquiry.book.keyring
        ours = head.key_id in ring.key_ids() and ring.public_key(head.key_id).hex() == head.public_key
        if not ours or not head.is_signed():
            words = "签名无效" if ours else "公钥不是本账簿的"
            self._inquiry.note(
                "heads_signed", f"{head.size} 片叶的树头{words}", expected="本账簿密钥的签名", found=head.signature, table="head",
                field="signature" if ours else "public_key",
            )  # fmt: skip
        if head.algorithm != self._hashing.algorithm:
            self._inquiry.note(
                "heads_signed", f"{head.size} 片叶的树头写明的算法不对", expected=self._hashing.algorithm, found=head.algorithm,
                table="head", field="algorithm",
            )  # fmt: skip

    def _check_order(self, act: str, at: Any) -> None:
        if type(at) is not int:
            return
        if at < self._latest - TOLERANCE:
            self._inquiry.note(
                "recorded_in_order", f"凭证 {act} 记于 {moment(at)}，却排在记于 {moment(self._latest)} 的凭证之后",
                expected=self._latest, found=at, entry=act, table="act", field="recorded_at",
            )  # fmt: skip
        elif at < self._latest - MINUTE:
            self._inquiry.note(
                "clock_is_steady", f"凭证 {act} 的记录时间倒退到 {moment(at)}", expected=self._latest, found=at, entry=act,
                table="act", field="recorded_at",
            )  # fmt: skip
        if self._inquiry.now is not None and at > self._inquiry.now + TOLERANCE:
            self._inquiry.note(
                "clock_is_steady", f"凭证 {act} 记于将来的 {moment(at)}", expected=self._inquiry.now, found=at, entry=act,
                table="act", field="recorded_at",
            )  # fmt: skip
        self._latest = max(self._latest, at)

    def _see_unsealed(self, place: Sealed) -> None:
        if not place.waits:
            self._inquiry.note(
                "acts_sealed_once", f"凭证 {place.act} 既没有封存，也不在待封存之列", expected="封存或待封存", found=None,
                entry=place.act, table="act", field="id",
            )  # fmt: skip
            return
        self._unsealed += 1
        at = place.columns[evidence.ACT_COLUMNS.index("recorded_at")] if place.columns is not None else 0
        if self._oldest_unsealed is None and type(at) is int:
            self._oldest_unsealed = at, place.act

    def _check_backlog(self) -> None:
        now = self._inquiry.now
        if now is None or self._oldest_unsealed is None:
            return
        at, act = self._oldest_unsealed
        scheduled = self._inquiry.unit.value(evidence.LEASES_HELD, now=now)
        if scheduled and at < now - 2 * TOLERANCE:
            self._inquiry.note(
                "unsealed_are_fresh", f"调度在运行，却有 {self._unsealed} 张凭证未封存，最早一张 {act} 记于 {moment(at)}",
                expected=0, found=self._unsealed, entry=act, table="unsealed",
            )  # fmt: skip
