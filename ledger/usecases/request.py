"""A request: who asks, under which key, when; and running its work exactly once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ledger.domain.act import Act
from ledger.domain.errors import InvalidInput, RequestKeyMissing
from ledger.domain.people import Actor
from ledger.storage import journal, request_keys
from ledger.storage.unit_of_work import Book, Unit

KEY_LENGTH_MAX = 200
NOTE_LENGTH_MAX = 500

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What every writing use case needs to know about the call.

    actor: who asks. now: aware UTC. name: the use case's own word, part of what the key is bound to. key: the caller's
    idempotency key, or None for jobs and imports whose own natural keys make them repeatable. body: JSON-able facts the
    key is bound to. trace: the web request's or console run's id. dry: rehearse and roll back.
    """

    actor: Actor
    now: datetime
    name: str
    key: str | None = None
    body: Mapping[str, Any] = field(default_factory=dict)
    trace: str = ""
    second: Actor | None = None
    dry: bool = False

    def digest(self) -> str:
        """SHA-256 of the use case's name and body: what the key is bound to. Hex."""
        text = json.dumps([self.name, self.body], ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def reference(self) -> str:
        """What acts carry in their `request` header: binds actor, key and body without showing them."""
        if self.key is None:
            return ""
        return hashlib.sha256(f"{self.actor.id}\n{self.key}\n{self.digest()}".encode()).hexdigest()[:32]

    def act(self, book: Book, kind: str, **header: Any) -> Act:
        """An act by this request's actor, now. `header` gives or overrides any column of Act."""
        values: dict[str, Any] = {
            "id": book.ids.new(self.now),
            "kind": kind,
            "occurred_at": self.now,
            "recorded_at": self.now,
            "actor": self.actor.id,
            "device": self.actor.device,
            "second_actor": self.second.id if self.second else "",
            "trace": self.trace,
            "request": self.reference(),
        }
        return Act(**{**values, **header})


def check_key(key: str | None) -> str:
    """Raises RequestKeyMissing or InvalidInput for a key from outside that is absent, too long or not printable."""
    if not key:
        raise RequestKeyMissing()
    if len(key) > KEY_LENGTH_MAX or not key.isprintable():
        raise InvalidInput("idempotency_key")
    return key


def once(book: Book, request: Request, work: Callable[[Unit], Answer]) -> Answer:
    """Run work in one unit. Same key and body: the first answer again; other body: refused; refusals use up no key."""

    def keyed(unit: Unit) -> Answer:
        key = check_key(request.key)
        digest = request.digest()
        kept = request_keys.claim(unit, actor=request.actor.id, key=key, digest=digest, now=request.now)
        if kept is not None:
            return kept
        answer = work(unit)
        request_keys.keep(unit, actor=request.actor.id, key=key, digest=digest, answer=answer, now=request.now)
        return answer

    if request.dry:
        answer, acts = book.rehearse(work)
        return {**answer, "would_write": [describe(act) for act in acts]}
    if request.key is None:
        return book.run(work)
    return book.run(keyed)


def resumable(book: Book, request: Request, work: Callable[[], Answer]) -> Answer:
    """Do work that takes several units and is harmless twice, and keep its answer under the request's key afterwards.

    Same key and body: the first answer again; other body: refused. Killed half way, the next try takes it up.
    The work itself runs without the key: what it writes is not one unit with the answer.
    """
    if request.key is None or request.dry:
        return work()
    key, digest, actor = check_key(request.key), request.digest(), request.actor.id
    kept = book.read(lambda unit: request_keys.kept_answer(unit, actor=actor, key=key, digest=digest))
    if kept is not None:
        return kept
    answer = work()

    def keep(unit: Unit) -> Answer:
        first = request_keys.claim(unit, actor=actor, key=key, digest=digest, now=request.now)
        if first is not None:
            return first
        request_keys.keep(unit, actor=actor, key=key, digest=digest, answer=answer, now=request.now)
        return answer

    return book.run(keep)


def describe(act: Act) -> Answer:
    """An act as a dry run shows it: kind, subject and postings."""
    return {
        "entry": act.id,
        "kind": act.kind,
        "subject": act.subject,
        "cycle": act.cycle,
        "postings": [{"account": p.account.path, "commodity": p.account.commodity, "amount": p.amount} for p in act.postings],
    }


def with_note(book: Book, act: Act, text: str) -> Act:
    """The act carrying the salted digest of its free text. Call `keep_note` after posting it.

    Raises InvalidInput for a note of more than 500 characters.
    """
    text = text.strip()
    if not text:
        return act
    if len(text) > NOTE_LENGTH_MAX:
        raise InvalidInput("reason", "too_long")
    return replace(act, note_digest=note_digest(book, act.id, text))


def note_digest(book: Book, act: str, text: str) -> str:
    """`<key id>:<hex>` of the keyed digest over the act's id and its text: erasing the text leaves nothing to guess."""
    key_id, mac = book.keyring.mac("notes", f"{act}\n{text}".encode())
    return f"{key_id}:{mac.hex()}"


def keep_note(book: Book, unit: Unit, act: Act, text: str) -> None:
    """Keep the free text sealed beside its act."""
    if act.note_digest:
        journal.write_note(unit, act.id, act.note_digest.partition(":")[0], book.keyring.seal("note", act.id, text.strip()))
