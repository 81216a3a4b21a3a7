"""People: cards, who acted, duties kept apart, notes, and requests that made acts."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any, Final

from ledger.audit.inquiry import MINUTE, Inquiry, Seen, Witness, by, read_object
from ledger.audit.witnesses.mirrors import Latest
from ledger.keyring import SealBroken, UnknownKey
from ledger.storage import evidence

NOT_PEOPLE: Final = ("console:", "job:", "anyone", "system:", "device:")
KEYS_KEPT: Final = 400 * 24 * 60 * MINUTE
"""Request keys are kept at least 400 days; older ones may be gone."""


class Cards(Latest):
    """A card belongs to whom its last act gave it, and is revoked only by an act."""

    checks = ("cards_match_acts",)
    kinds = frozenset({"person_enrolled", "card_issued", "card_bound", "card_revoked"})
    table, key = "card", "number"

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            number = act.facts.get("card")
            if number and act.at.kind == "card_revoked":
                self.say(number, act, status="revoked")
            elif number:
                self.undoable(number, act)
                holder = "" if act.at.subject == number else act.at.subject
                self.say(number, act, holder=holder, status="active" if holder else "blank")


class Actors(Witness):
    """Whoever stands in the journal is known; nobody approves or serves themselves (RELIABILITY I19, I20)."""

    checks = ("actors_known", "duties_separated", "acts_well_formed")

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._person_of: dict[str, str] = dict(inquiry.unit.rows(evidence.LOGINS))
        self._first: dict[str, str] = {}

    def see(self, acts: Sequence[Seen]) -> None:
        first = self._first
        for act in acts:
            at = act.at
            first.setdefault(at.actor, at.id)
            if at.second_actor:
                first.setdefault(at.second_actor, at.id)
                self._check_apart(at, at.second_actor, at.actor, "复核人与经办人相同")
                self._check_apart(at, at.second_actor, at.subject, "复核人就是受益人")
            if at.kind == "handed_over":
                self._check_apart(at, at.actor, at.subject, "经办人就是受益人")
            if not at.kind or not at.actor or type(at.recorded_at) is not int or type(at.occurred_at) is not int:
                self._note_form(act, "actor", "缺少种类、经办人或时间", at.actor)
            elif at.facts != "{}" and act.at.facts[:1] != "{":
                self._note_form(act, "facts", "事实栏不是 JSON", at.facts)

    def finish(self) -> None:
        names = {name for name in self._first if name and not name.startswith(NOT_PEOPLE) and name not in self._person_of}
        known = set()
        ordered = sorted(names)
        for low in range(0, len(ordered), evidence.CHUNK):
            known |= {row["id"] for row in evidence.rows_by(self.inquiry.unit, "holder", "id", ordered[low : low + evidence.CHUNK])}
        for name in sorted(names - known):
            entry = self._first[name]
            self.inquiry.note(
                "actors_known", f"凭证 {entry} 的经办人 {name} 不在册", expected="在册的人或作业", found=name, entry=entry, table="act",
                field="actor",
            )  # fmt: skip

    def _check_apart(self, at: Any, one: str, other: str, words: str) -> None:
        persons = {self._person_of.get(one) or one, self._person_of.get(other) or other}
        if len(persons) == 1:
            self.inquiry.note(
                "duties_separated", f"凭证 {at.id}：{words}（{one}）", expected="两个人", found=one, entry=at.id, table="act",
                field="second_actor" if one == at.second_actor else "actor",
            )  # fmt: skip

    def _note_form(self, act: Seen, field: str, words: str, found: Any) -> None:
        self.inquiry.note(
            "acts_well_formed", f"凭证 {act.at.id} {words}", expected="齐全", found=found, entry=act.at.id, table="act", field=field
        )


class Notes(Witness):
    """A note that is still kept is the text whose digest the act carries."""

    checks = ("notes_match",)

    def see(self, acts: Sequence[Seen]) -> None:
        noted = [act for act in acts if act.at.note_digest]
        if not noted:
            return
        rows = by(evidence.rows_by(self.inquiry.unit, "note", "act", [act.at.id for act in noted]), "act")
        for act in noted:
            if act.at.id in rows:
                self._check(act, rows[act.at.id])

    def finish(self) -> None:
        for (act,) in self.inquiry.unit.rows(evidence.NOTES_UNEXPLAINED):
            self.inquiry.note(
                "notes_match", f"凭证 {act} 没有说明的摘要，却存有说明", expected=None, found=act, entry=act, table="note", field="act"
            )

    def _check(self, act: Seen, note: dict[str, Any]) -> None:
        ring, id = self.inquiry.book.keyring, act.at.id
        key_id, _, code = act.at.note_digest.partition(":")
        try:
            text = ring.open("note", id, bytes(note["body"]))
            fits = ring.check_mac("notes", key_id, f"{id}\n{text}".encode(), bytes.fromhex(code))
        except (SealBroken, UnknownKey, ValueError):
            fits = False
        if not fits:
            self.inquiry.note(
                "notes_match", f"凭证 {id} 的说明文字与封存的摘要不符，说明被改过或换过", expected=act.at.note_digest, found="不符",
                entry=id, table="note", field="body",
            )  # fmt: skip


class RequestKeys(Witness):
    """An entry made under a request key refers to that key's actor, name and body; the answer kept names entries of its own."""

    checks = ("request_keys_match",)

    def __init__(self, inquiry: Inquiry) -> None:
        super().__init__(inquiry)
        self._known = _References()
        for chunk in evidence.chunked(inquiry.unit.stream(evidence.REQUEST_KEYS)):
            self._read(chunk)
        self._known.close()

    def see(self, acts: Sequence[Seen]) -> None:
        for act in acts:
            if act.legs and act.at.request and act.at.request not in self._known and self._is_recent(act.at.recorded_at):
                self.inquiry.note(
                    "request_keys_match", f"凭证 {act.at.id} 所属的请求在幂等键表中没有相符的一行，该行被改过或删过",
                    expected=act.at.request, found=None, entry=act.at.id, table="request_key", field="body_digest",
                )  # fmt: skip

    def _read(self, rows: Sequence[Any]) -> None:
        answers = [(reference_of(row[0], row[1], row[2]), row, read_object(row[3])) for row in rows]
        named = {answer.get(field) for _, _, answer in answers if answer for field in ("entry", "redemption")}
        ids = sorted(id for id in named if isinstance(id, str))
        requests: dict[str, str] = dict(self.inquiry.unit.rows(evidence.ACT_REQUESTS, ids=ids)) if ids else {}
        for reference, row, answer in answers:
            self._known.add(reference)
            self._check_answer(reference, row, answer, requests)

    def _check_answer(self, reference: str, row: Sequence[Any], answer: dict[str, Any] | None, requests: dict[str, str]) -> None:
        if answer is None:
            if row[3]:
                self._note_answer(row, "答复不是 JSON", "JSON", row[3], "")
            return
        for field in ("entry", "redemption"):
            id = answer.get(field)
            if not isinstance(id, str):
                continue
            if id not in requests:
                self._note_answer(row, f"答复中的 {field} 指向不存在的凭证 {id}", None, id, id)
            elif requests[id] != reference:
                self._note_answer(row, f"答复中的 {field} 指向别的请求的凭证 {id}", reference, requests[id], id)

    def _note_answer(self, row: Sequence[Any], words: str, expected: Any, found: Any, entry: str) -> None:
        self.inquiry.note(
            "request_keys_match", f"{row[0]} 的幂等键 {row[1]}：{words}", expected=expected, found=found, entry=entry,
            table="request_key", field="answer",
        )  # fmt: skip

    def _is_recent(self, at: Any) -> bool:
        now = self.inquiry.now
        return now is None or type(at) is not int or at > now - KEYS_KEPT


def reference_of(actor: str, key: str, body_digest: str) -> str:
    """What acts carry in their `request` header (written by the use case that made them)."""
    return hashlib.sha256(f"{actor}\n{key}\n{body_digest}".encode()).hexdigest()[:32]


class _References:
    """A million references in eight megabytes: their first 64 bits, in 256 sorted arrays."""

    def __init__(self) -> None:
        self._parts = [array("Q") for _ in range(256)]

    def add(self, reference: str) -> None:
        short = _short(reference)
        self._parts[short & 255].append(short)

    def close(self) -> None:
        self._parts = [array("Q", sorted(part)) for part in self._parts]

    def __contains__(self, reference: str) -> bool:
        short = _short(reference)
        part = self._parts[short & 255]
        place = bisect_left(part, short)
        return place < len(part) and part[place] == short


def _short(reference: str) -> int:
    try:
        return int(reference[:16], 16)
    except ValueError:
        return 0
