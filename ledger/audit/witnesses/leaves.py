"""The trail: every act hashed again, every subtree and head recomputed, every act sealed once and in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ledger.audit.diagnosis import Diagnosis
from ledger.audit.inquiry import MINUTE, TOLERANCE, Inquiry, Seen, moment
from ledger.audit.merkle import Frontier, Hashing
from ledger.audit.trail import Head, head_of
from ledger.domain.act import canonical_bytes
from ledger.storage import evidence


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

    def see(self, acts: Sequence[Seen]) -> None:
        if acts[0].at.leaf_index is not None:
            self._see_leaves(acts)
        else:
            for act in acts:
                self._see_unsealed(act)
        self._check_order(acts)

    def finish(self) -> None:
        self._check_heads({}, self._frontier.size, None)
        for act, sealed, _known in self._inquiry.unit.rows(evidence.UNSEALED_ODD):
            words = "已封存，却仍在待封存之列" if sealed else "在待封存之列，凭证却不存在"
            self._inquiry.note(
                "acts_sealed_once", f"凭证 {act} {words}", expected=None, found=act, entry=act, table="unsealed", field="act"
            )
        self._check_backlog()

    def _see_leaves(self, acts: Sequence[Seen]) -> None:
        low = self._frontier.size
        heads = {row[0]: row for row in self._inquiry.unit.rows(evidence.HEADS_BETWEEN, low=low, high=low + len(acts))}
        leaves: list[bytes] = []
        for act in acts:
            at = act.at
            if at.leaf_index != self._expected_index:
                self._note_gap(at)
            self._expected_index = (at.leaf_index or 0) + 1
            stored = at.leaf_hash if type(at.leaf_hash) is bytes else bytes(at.leaf_hash or b"")
            leaves.append(stored)
            if at.id is None:
                self._note_gone(at)
            elif self._hashing.leaf(canonical_bytes(at[4:-1], at.facts, [leg[1:] for leg in act.legs])) != stored:
                self._diagnosis.name(act, stored)
        for size in sorted({*heads, low + len(leaves)}):
            self._check_nodes(self._frontier.extend(leaves[self._frontier.size - low : size - low]))
            if size in heads:
                self._check_heads(heads, size, self._frontier.root())

    def _note_gap(self, at: Any) -> None:
        self._inquiry.note(
            "leaf_indexes_dense", f"叶号应为 {self._expected_index}，现为 {at.leaf_index}（凭证 {at.place}），其间缺叶",
            expected=self._expected_index, found=at.leaf_index, entry=at.place, table="leaf", field="leaf_index",
        )  # fmt: skip

    def _note_gone(self, at: Any) -> None:
        self._inquiry.note(
            "acts_sealed_once", f"第 {at.leaf_index} 片叶的凭证 {at.place} 已不在流水中", expected=at.place, found=None,
            entry=at.place, table="act", field="id",
        )  # fmt: skip

    def _check_nodes(self, nodes: dict[int, tuple[int, list[bytes]]]) -> None:
        for level, (low, made) in nodes.items():
            rows = self._inquiry.unit.rows(evidence.NODES, level=level, low=low, high=low + len(made))
            if [row[1] for row in rows] == made and all(row[0] == index for index, row in enumerate(rows, low)):
                continue
            stored = {row[0]: bytes(row[1]) for row in rows}
            for index, hash_ in enumerate(made, low):
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

    def _check_order(self, acts: Sequence[Seen]) -> None:
        latest, now = self._latest, self._inquiry.now
        future = 1 << 62 if now is None else now + TOLERANCE
        for act in acts:
            at = act.at.recorded_at
            if type(at) is not int:
                continue
            if at < latest - MINUTE:
                self._note_backward(act, at, latest)
            if at > future:
                self._inquiry.note(
                    "clock_is_steady", f"凭证 {act.at.id} 记于将来的 {moment(at)}", expected=now, found=at, entry=act.at.id,
                    table="act", field="recorded_at",
                )  # fmt: skip
            latest = max(latest, at)
        self._latest = latest

    def _note_backward(self, act: Seen, at: int, latest: int) -> None:
        name = "recorded_in_order" if at < latest - TOLERANCE else "clock_is_steady"
        self._inquiry.note(
            name, f"凭证 {act.at.id} 记于 {moment(at)}，却排在记于 {moment(latest)} 的凭证之后", expected=latest, found=at,
            entry=act.at.id, table="act", field="recorded_at",
        )  # fmt: skip

    def _see_unsealed(self, act: Seen) -> None:
        if not act.at.waits:
            self._inquiry.note(
                "acts_sealed_once", f"凭证 {act.at.id} 既没有封存，也不在待封存之列", expected="封存或待封存", found=None,
                entry=act.at.id, table="act", field="id",
            )  # fmt: skip
            return
        self._unsealed += 1
        if self._oldest_unsealed is None and type(act.at.recorded_at) is int:
            self._oldest_unsealed = act.at.recorded_at, act.at.id

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
