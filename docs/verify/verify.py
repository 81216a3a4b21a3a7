"""独立核验程序：不用账本自己的任何代码，只凭导出的流水和公布过的树头，重新算一遍。

    python verify.py --head NEW.json [--acts BOOK.jsonl] [--old OLD.json] [--proof PROOF.json] [--consistency C.json] [--key HEX]

Checks, from the documents alone: every leaf hash and the root over them (RFC 9162), the Ed25519 signature of each head,
that the old head is a beginning of the new one, one act's inclusion, and that every entry balances, nothing is resolved
or reversed twice, and no wallet, shelf or fund ends below zero. Needs Python >= 3.11 and `cryptography`; nothing else.

Exit codes: 0 everything holds, 1 something does not, 2 the documents could not be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

CANONICAL = 1
HEADER = (
    "id", "kind", "occurred_at", "recorded_at", "actor", "cycle", "second_actor", "subject", "on_behalf_of", "collected_by", "rule",
    "rule_version", "clause", "evidence", "evidence_level", "station", "session", "desk", "device", "trace", "batch", "request",
    "reverses", "resolves", "note_digest",
)  # fmt: skip
FLOORED = ("wallet/", "pending/", "held/", "shelf/", "worth/")
LISTED = 20


class Verdicts:
    """Says each verdict once, in one line, and remembers whether all were good."""

    def __init__(self) -> None:
        self.bad = 0

    def say(self, ok: bool, good: str, bad: str = "") -> bool:
        print(f"{'通过' if ok else '不符'}  {good if ok else bad or good}")
        self.bad += not ok
        return ok


class Hashes:
    """RFC 9162 §2.1 over one algorithm (sha256 or sm3)."""

    def __init__(self, algorithm: str) -> None:
        self.algorithm = algorithm

    def of(self, data: bytes) -> bytes:
        return hashlib.new(self.algorithm, data).digest()

    def leaf(self, data: bytes) -> bytes:
        return self.of(b"\x00" + data)

    def node(self, left: bytes, right: bytes) -> bytes:
        return self.of(b"\x01" + left + right)

    def root(self, leaves: list[bytes]) -> bytes:
        """The root over leaf hashes: pairs joined level by level; a lone last one moves up as it is."""
        if not leaves:
            return self.of(b"")
        row = leaves
        while len(row) > 1:
            paired = [self.node(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
            row = paired + row[len(row) & ~1 :]
        return row[0]

    def included(self, leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
        """§2.1.3.2: the root that an inclusion path leads to, None when it cannot be one."""
        if not 0 <= index < size:
            return None
        fn, sn, now = index, size - 1, leaf
        for step in path:
            if sn == 0:
                return None
            if fn & 1 or fn == sn:
                now = self.node(step, now)
                while fn and not fn & 1:
                    fn, sn = fn >> 1, sn >> 1
            else:
                now = self.node(now, step)
            fn, sn = fn >> 1, sn >> 1
        return now if sn == 0 else None

    def consistent(self, first: int, second: int, old: bytes, new: bytes, path: list[bytes]) -> bool:
        """§2.1.4.2: whether the tree of `first` leaves is the beginning of the tree of `second`."""
        if first == second:
            return old == new and not path
        if not 0 < first < second:
            return False
        steps = [old, *path] if first & (first - 1) == 0 else path
        if not steps:
            return False
        fn, sn = first - 1, second - 1
        while fn & 1:
            fn, sn = fn >> 1, sn >> 1
        was = now = steps[0]
        for step in steps[1:]:
            if sn == 0:
                return False
            if fn & 1 or fn == sn:
                was, now = self.node(step, was), self.node(step, now)
                while fn and not fn & 1:
                    fn, sn = fn >> 1, sn >> 1
            else:
                now = self.node(now, step)
            fn, sn = fn >> 1, sn >> 1
        return sn == 0 and was == old and now == new


class Acts:
    """An export read line by line: leaf hashes by index, sums by account, and what is wrong with single acts."""

    def __init__(self, file: Path, verdicts: Verdicts) -> None:
        self._verdicts = verdicts
        lines = _lines(file)
        first = next(lines)
        if first.get("format") != "ledger-acts" or first.get("canonical") != CANONICAL:
            raise ValueError("不是本程序认识的流水导出")
        self.book, self.hashes = first["book"], Hashes(first["algorithm"])
        self.leaves: dict[int, bytes] = {}
        self.ids: dict[str, int | None] = {}
        self.sums: defaultdict[tuple[str, str], int] = defaultdict(int)
        self.wrong: list[str] = []
        self._ended: dict[tuple[str, str], str] = {}
        self.entries = 0
        for line in lines:
            self._add(line)

    def _add(self, act: dict[str, Any]) -> None:
        header, legs = act["header"], [(leg["account"], leg["commodity"], leg["amount"]) for leg in act["postings"]]
        id = header["id"]
        if tuple(header) != HEADER:
            self.wrong.append(f"凭证 {id} 的栏目与规范不符")
            return
        body = [CANONICAL, [header[name] for name in HEADER], act["facts"], [list(leg) for leg in legs]]
        leaf = self.hashes.leaf(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
        if id in self.ids or act["leaf_index"] in self.leaves:
            self.wrong.append(f"凭证 {id} 或其叶号出现了两次")
        self.ids[id] = act["leaf_index"]
        if act["leaf_index"] is not None:
            self.leaves[act["leaf_index"]] = leaf
        self._check_legs(id, legs)
        for column in ("reverses", "resolves"):
            if header[column] and self._ended.setdefault((column, header[column]), id) != id:
                self.wrong.append(f"凭证 {header[column]} 被 {column} 了两次：{self._ended[column, header[column]]} 与 {id}")

    def _check_legs(self, id: str, legs: list[tuple[str, str, int]]) -> None:
        if not legs:
            return
        self.entries += 1
        totals: defaultdict[str, int] = defaultdict(int)
        for account, commodity, amount in legs:
            if type(amount) is not int or amount == 0:
                self.wrong.append(f"凭证 {id} 的数额不是非零整数：{amount}")
                return
            totals[commodity] += amount
            self.sums[account, commodity] += amount
        for commodity, total in totals.items():
            if total:
                self.wrong.append(f"凭证 {id} 的 {commodity} 借贷相差 {total}")
        if len(legs) < 2:
            self.wrong.append(f"凭证 {id} 只有一条分录")

    def in_order(self, size: int) -> list[bytes] | None:
        """The first `size` leaves, None when one is missing."""
        found = [self.leaves.get(index) for index in range(size)]
        return None if None in found else found  # type: ignore[return-value]

    def verify_books(self) -> None:
        say = self._verdicts.say
        say(not self.wrong, f"{self.entries} 张凭证各自相抵，无重复冲正", "；".join(self.wrong[:LISTED]))
        totals: defaultdict[str, int] = defaultdict(int)
        for (_, commodity), amount in self.sums.items():
            totals[commodity] += amount
        uneven = {commodity: total for commodity, total in totals.items() if total}
        say(not uneven, f"全账 {len(totals)} 种商品合计均为零", f"全账合计不为零：{uneven}")
        low = [f"{account} {amount}" for (account, _), amount in self.sums.items() if amount < 0 and account.startswith(FLOORED)]
        say(not low, "没有账户透支", f"透支：{'；'.join(sorted(low)[:LISTED])}")
        missing = [index for index in range(len(self.leaves)) if index not in self.leaves]
        say(not missing, f"{len(self.leaves)} 片叶，叶号从零起连续", f"缺叶，第一片是 {missing[:1]}")


def verify_head(head: dict[str, Any], key: str | None, verdicts: Verdicts) -> None:
    """The signature, and whose key made it where the reader knows the key."""
    name = f"{head['size']} 片叶的树头（{head['signed_at']}）"
    message = f"{head['book']}\n{head['size']}\n{head['root']}\n{head['signed_at']}".encode()
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(head["public_key"])).verify(bytes.fromhex(head["signature"]), message)
        signed = True
    except (InvalidSignature, ValueError):
        signed = False
    verdicts.say(signed, f"{name}签名有效", f"{name}签名无效")
    if key is not None:
        verdicts.say(head["public_key"] == key.lower(), f"{name}由所知公钥签发", f"{name}的公钥不是所知的那一把")


def verify_acts(acts: Acts, heads: list[dict[str, Any]], verdicts: Verdicts) -> None:
    """Each head's root over the export's own leaves: the old head then is a beginning of the new one."""
    acts.verify_books()
    for head in heads:
        leaves = acts.in_order(head["size"])
        if leaves is None:
            gap = next(index for index in range(head["size"]) if index not in acts.leaves)
            verdicts.say(False, "", f"树头有 {head['size']} 片叶，导出中缺第 {gap} 片：凭证被删，或只导出了一部分")
            continue
        root = acts.hashes.root(leaves).hex()
        same = root == head["root"] and head["book"] == acts.book and head["algorithm"] == acts.hashes.algorithm
        name = f"{head['size']} 片叶的树头"
        verdicts.say(same, f"由流水重算的树根等于{name}", f"重算的树根是 {root}，{name}是 {head['root']}")


def verify_proof(proof: dict[str, Any], head: dict[str, Any], acts: Acts | None, verdicts: Verdicts) -> None:
    """An act's inclusion under the signed head, and its leaf against the export."""
    path = [bytes.fromhex(step) for step in proof["path"]]
    leaf, hashes = bytes.fromhex(proof["leaf_hash"]), Hashes(head["algorithm"])
    root = hashes.included(leaf, proof["leaf_index"], proof["tree_size"], path)
    fits = root is not None and root.hex() == proof["root"] == head["root"] and proof["tree_size"] == head["size"]
    verdicts.say(fits, f"凭证 {proof['entry']} 包含在树头之内（第 {proof['leaf_index']} 片叶）", f"凭证 {proof['entry']} 的包含证明不成立")
    if acts is not None:
        ours = acts.leaves.get(proof["leaf_index"])
        same = acts.ids.get(proof["entry"]) == proof["leaf_index"] and ours == leaf
        verdicts.say(same, "证明中的叶就是导出里的那张凭证", f"导出里的凭证 {proof['entry']} 与证明中的叶不同")


def verify_growth(shown: dict[str, Any], old: dict[str, Any], new: dict[str, Any], verdicts: Verdicts) -> None:
    """A consistency proof between two heads, without the export."""
    sizes = (shown["first"], shown["second"]) == (old["size"], new["size"])
    path = [bytes.fromhex(step) for step in shown["path"]]
    hashes = Hashes(new["algorithm"])
    grown = hashes.consistent(old["size"], new["size"], bytes.fromhex(old["root"]), bytes.fromhex(new["root"]), path)
    verdicts.say(sizes and grown, f"{old['size']} 片叶的旧树头是 {new['size']} 片叶新树头的开头", "旧树头不是新树头的开头：旧账被改过")


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _document(path: str | None) -> dict[str, Any] | None:
    return None if path is None else json.loads(Path(path).read_text(encoding="utf-8"))


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="核验账本公布的树头、证明和流水导出。")
    parser.add_argument("--head", required=True, help="要核验的树头（audit head --out 或 /api/v1/trail/head）")
    parser.add_argument("--acts", help="audit export --format jsonl 的文件")
    parser.add_argument("--old", help="以前留下的树头")
    parser.add_argument("--proof", help="audit proof 的结果")
    parser.add_argument("--consistency", help="audit consistency 的结果，与 --old 合用")
    parser.add_argument("--key", help="从别处得知的公钥（十六进制），用来确认是谁签的")
    asked = parser.parse_args(arguments)
    verdicts = Verdicts()
    try:
        head, old, proof, growth = (_document(path) for path in (asked.head, asked.old, asked.proof, asked.consistency))
        assert head is not None
        heads = [head] + ([old] if old else [])
        for one in heads:
            verify_head(one, asked.key, verdicts)
        acts = Acts(Path(asked.acts), verdicts) if asked.acts else None
        if acts is not None:
            verify_acts(acts, heads, verdicts)
        if proof:
            verify_proof(proof, head, acts, verdicts)
        if growth and old:
            verify_growth(growth, old, head, verdicts)
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as error:
        print(f"读不了：{type(error).__name__}: {error}", file=sys.stderr)
        return 2
    print("全部相符。" if not verdicts.bad else f"{verdicts.bad} 项不符。")
    return 1 if verdicts.bad else 0


if __name__ == "__main__":
    sys.exit(main())
