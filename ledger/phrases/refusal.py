"""What people read when the ledger says no, by error code: what is so, whether points or goods moved, what to do now.

Each entry has a short title and one or more sentences, the most telling first: a sentence is used when every fact it names is there.
`staff` stands where staff read other words than residents (short verbs, no 您); where it is empty both read the same.
"""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[str, str]
"""zh-CN and en."""


@dataclass(frozen=True, slots=True)
class Refusal:
    title: Words
    says: tuple[Words, ...]
    staff: tuple[Words, ...] = ()
