"""The whole roster in memory for one import: who is meant by a name and phones."""

from __future__ import annotations

from ledger.storage import people
from ledger.storage.unit_of_work import Unit


class Roster:
    """People by keyed look-ups of name and phone; read once per import."""

    def __init__(self, unit: Unit) -> None:
        self._keyring = unit.book.keyring
        self.pools: dict[str, str] = {}
        self._names: dict[bytes, set[str]] = {}
        self._phones: dict[bytes, set[str]] = {}
        for id, name, pool in unit.rows(people.ALL_PEOPLE):
            self.pools[id] = pool
            self._names.setdefault(bytes(name), set()).add(id)
        for lookup, holder in unit.rows(people.ALL_PHONES):
            self._phones.setdefault(bytes(lookup), set()).add(holder)

    def find(self, name: str, phones: tuple[str, ...]) -> tuple[str, str]:
        """The one person of that name who uses one of the phones (or, without phones, the only one of that name).

        Returns: (holder id, "") or ("", the field to blame: phones or name).
        """
        named = self._names.get(self._keyring.lookup("name", name), set()) if name else set()
        if not phones:
            return (next(iter(named)), "") if len(named) == 1 else ("", "name")
        users: set[str] = set()
        for phone in phones:
            users |= self._phones.get(self._keyring.lookup("phone", phone), set())
        both = users & named
        if len(both) == 1:
            return next(iter(both)), ""
        return "", "name" if users else "phones"
