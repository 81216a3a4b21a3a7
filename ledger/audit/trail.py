"""The trail: seals acts into the Merkle tree, signs its heads, and proves from them what it holds.

Copies of heads leave the district on notices and receipts; whoever keeps one can later demand a consistency proof. Source:
RFC 9162 §2.1; the signature is Ed25519 over the UTF-8 of `book\\nsize\\nroot\\nsigned_at`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from ledger.audit.merkle import Frontier, Hashing, ReadSubtree, Tree, is_consistent
from ledger.domain.act import HEADER, canonical_bytes
from ledger.domain.errors import InvalidInput, NotFound
from ledger.storage import trail as store
from ledger.storage.unit_of_work import Book, Row, Unit

CHUNK: Final = 4000
"""Acts sealed in one unit: few enough that nobody waits a tenth of a second for the writer."""

_REVERSES, _RESOLVES = HEADER.index("reverses"), HEADER.index("resolves")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A signed tree head. `root`, `signature` and `public_key` are lower-case hex; `signed_at` is ISO 8601 with offset."""

    book: str
    size: int
    root: str
    signed_at: str
    signature: str
    public_key: str
    algorithm: str
    key_id: str = ""

    def document(self) -> dict[str, Any]:
        """The fields that `audit head` and the API show."""
        return asdict(self)

    def is_signed(self) -> bool:
        """Whether the signature fits the head's own public key; whose key that is, is for the reader to know."""
        try:
            key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.public_key))
            key.verify(bytes.fromhex(self.signature), signed_message(self.book, self.size, self.root, self.signed_at))
        except (InvalidSignature, ValueError):
            return False
        return True


def signed_message(book: str, size: int, root: str, signed_at: str) -> bytes:
    return f"{book}\n{size}\n{root}\n{signed_at}".encode()


def seal(book: Book, now: datetime, progress: Callable[[int], None] | None = None) -> Head | None:
    """Append every waiting act to the tree and sign the new head.

    Works in chunks, each a unit of its own with its own head, so that redemptions pass in between and an interrupted
    sealing leaves whole, signed work. Returns: the last head signed, or None when nothing waited.
    """
    last: Head | None = None
    while True:
        count, head = book.run(lambda unit: _seal_chunk(book, unit, now))
        last = head or last
        if head is not None and progress is not None:
            progress(head.size)
        if count < CHUNK:
            return last


def head(book: Book) -> Head:
    """The latest signed head. Raises NotFound while nothing was ever sealed."""
    return book.read(lambda unit: latest(book, unit))


def proof(book: Book, entry: str, size: int | None = None) -> dict[str, Any]:
    """Show that an act is in the tree of the latest signed head, or of an older signed size.

    Returns: entry, leaf_hash, leaf_index, tree_size, path, root, hashes in hex.
    Raises: NotFound when the act is unknown or not sealed within that size.
    """

    def work(unit: Unit) -> dict[str, Any]:
        row = store.head(unit, size)
        found = store.leaf_of(unit, entry)
        if row is None or found is None or found[0] >= row[0]:
            raise NotFound("entry")
        index, leaf_hash = found
        path = Tree(_hashing(book), _reader(unit)).inclusion(index, row[0])
        return {
            "entry": entry,
            "leaf_hash": leaf_hash.hex(),
            "leaf_index": index,
            "tree_size": row[0],
            "path": [step.hex() for step in path],
            "root": row[1],
        }

    return book.read(work, snapshot=True)


def consistency(book: Book, first: int, second: int | None = None) -> dict[str, Any]:
    """Show that the tree of `first` leaves is the beginning of the tree of `second` (default: the latest head's).

    Returns: first, second, path in hex. Raises: InvalidInput for sizes that were not reached, NotFound without any head.
    """

    def work(unit: Unit) -> dict[str, Any]:
        reached = latest(book, unit).size
        until = reached if second is None else second
        if not 1 <= until <= reached:
            raise InvalidInput("second", "range")
        if not 1 <= first <= until:
            raise InvalidInput("first", "range")
        path = Tree(_hashing(book), _reader(unit)).consistency(first, until)
        return {"first": first, "second": until, "path": [step.hex() for step in path]}

    return book.read(work, snapshot=True)


def since(book: Book, old: Mapping[str, Any]) -> dict[str, Any]:
    """Compare a head that somebody kept with the latest one.

    Args: old: a document as `audit head` printed it. Returns: first, second, path, ok; `ok` is false when the old head's
    signature is wrong, it names another book, or its leaves are not the beginning of ours. A book that is now shorter than
    the old head (an older backup restored) is not ok either. Raises: InvalidInput when the document is not a head.
    """
    kept, old_root = _kept(old)
    now = head(book)
    if kept.size > now.size:
        return {"first": kept.size, "second": now.size, "path": [], "ok": False}
    shown = consistency(book, kept.size, now.size)
    steps = [bytes.fromhex(step) for step in shown["path"]]
    grown = is_consistent(_hashing(book), kept.size, now.size, old_root, bytes.fromhex(now.root), steps)
    return {**shown, "ok": grown and kept.book == book.slug and kept.is_signed()}


def _kept(old: Mapping[str, Any]) -> tuple[Head, bytes]:
    try:
        kept = Head(**{name: old[name] for name in ("book", "size", "root", "signed_at", "signature", "public_key", "algorithm")})
        root = bytes.fromhex(kept.root)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput("since", "not_a_head") from error
    if type(kept.size) is not int or kept.size < 1:
        raise InvalidInput("since", "not_a_head")
    return kept, root


def latest(book: Book, unit: Unit) -> Head:
    """The latest signed head within a unit. Raises NotFound while nothing was ever sealed."""
    row = store.head(unit)
    if row is None:
        raise NotFound("head")
    return head_of(book.slug, row)


def head_of(slug: str, row: Row) -> Head:
    """A head from its columns."""
    return Head(book=slug, **dict(zip(store.HEAD_COLUMNS, row, strict=True)))


def canonical_of(row: Row, postings: list[tuple[str, str, int]]) -> bytes:
    """The canonical bytes of an act from its columns (HEADER, then facts) and its postings in order."""
    header = list(row[:-1])
    header[_REVERSES], header[_RESOLVES] = header[_REVERSES] or "", header[_RESOLVES] or ""
    return canonical_bytes(header, row[-1], postings)


def _seal_chunk(book: Book, unit: Unit, now: datetime) -> tuple[int, Head | None]:
    store.take_turn(unit)
    acts, postings = store.unsealed(unit, CHUNK)
    if not acts:
        return 0, None
    hashing = _hashing(book)
    frontier = Frontier(hashing, store.size(unit), _reader(unit))
    leaves, nodes = [], []
    for row in acts:
        leaf = hashing.leaf(canonical_of(row, postings.get(row[0], [])))
        leaves.append((frontier.size, row[0], leaf))
        nodes += list(frontier.append(leaf))
    store.append(unit, leaves, nodes)
    return len(acts), _sign(book, unit, frontier, now)


def _sign(book: Book, unit: Unit, frontier: Frontier, now: datetime) -> Head:
    root = frontier.root().hex()
    signed_at = now.astimezone(ZoneInfo(book.settings.zone)).isoformat(timespec="seconds")
    signature, key_id = book.keyring.sign_head(signed_message(book.slug, frontier.size, root, signed_at))
    signed = Head(
        book=book.slug,
        size=frontier.size,
        root=root,
        signed_at=signed_at,
        signature=signature.hex(),
        public_key=book.keyring.public_key(key_id).hex(),
        algorithm=book.settings.genesis.hash,
        key_id=key_id,
    )
    store.write_head(unit, {name: getattr(signed, name) for name in store.HEAD_COLUMNS})
    return signed


def _hashing(book: Book) -> Hashing:
    return Hashing(book.settings.genesis.hash)


def _reader(unit: Unit) -> ReadSubtree:
    def read(level: int, index: int) -> bytes:
        found = store.subtree(unit, level, index)
        if found is None:
            raise NotFound("node")
        return found

    return read
