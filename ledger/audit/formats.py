"""How an entry looks to other programs.

Our signs fit theirs seen from the holders' side: wallets, shelves and funds are assets, what is issued or supplied is
income (negative), what is redeemed, handed over, spent or lapsed is an expense (positive). Points are written in points,
money in yuan, honour in minutes, goods in pieces.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from ledger.domain import account as accounts
from ledger.domain.act import CANONICAL_VERSION, HEADER, instant
from ledger.storage.evidence import ACT_COLUMNS, Recorded

INCOME: Final = frozenset({"issued", "supplied"})
EXPENSE: Final = frozenset({"redeemed", "handed", "spent", "lapsed", "donated", "variance"})
EQUITY: Final = frozenset({"opening", "clearing"})
LIABILITY: Final = frozenset({"payable"})

_HLEDGER_TYPES: Final = {"Assets": "A", "Liabilities": "L", "Equity": "E", "Income": "R", "Expenses": "X"}

_ID, _KIND, _OCCURRED, _RECORDED = (ACT_COLUMNS.index(name) for name in ("id", "kind", "occurred_at", "recorded_at"))
_TAGS: Final = ("cycle", "subject", "actor", "second_actor", "rule", "station", "session", "batch", "reverses", "resolves")
_TAG_PLACES: Final = tuple((name, ACT_COLUMNS.index(name)) for name in _TAGS)


@dataclass(frozen=True, slots=True)
class Scales:
    """What a file must know of its book: slug, zone of local dates, decimals of a point, hash algorithm."""

    book: str
    zone: str
    decimals: int
    algorithm: str

    def decimals_of(self, commodity: str) -> int:
        return {accounts.PTS: self.decimals, accounts.CNY: 2}.get(commodity, 0)

    def amount(self, commodity: str, amount: int) -> str:
        """Points in points, money in yuan, everything else as it is; exact decimal text."""
        places = self.decimals_of(commodity)
        if not places:
            return str(amount)
        whole, rest = divmod(abs(amount), 10**places)
        return f"{'-' if amount < 0 else ''}{whole}.{rest:0{places}d}"

    def local_date(self, at_micros: int) -> date:
        return instant(at_micros).astimezone(ZoneInfo(self.zone)).date()


class Hledger:
    """hledger's journal format; passes `hledger check --strict`."""

    needs_postings = True

    def __init__(self, scales: Scales) -> None:
        self._scales = scales

    def opening(self, used: Iterable[tuple[str, str]]) -> Iterator[str]:
        """Account directives as they come, then the commodities met on the way."""
        yield f"; {self._scales.book}: points in points, CNY in yuan, HON in minutes, goods in pieces\n\n"
        commodities: set[str] = set()
        families: set[str] = set()
        for path, commodity in used:
            family = path.partition("/")[0]
            if family not in families:
                families.add(family)
                yield f"account {_hledger_account(family)}  ; type:{_HLEDGER_TYPES[_root(family)]}\n"
            commodities.add(commodity)
            yield f"account {_hledger_account(path)}\n"
        for commodity in sorted(commodities):
            places = self._scales.decimals_of(commodity)
            yield f"commodity 1.{'0' * places} {_quoted(commodity)}\n"
        yield "\n"

    def entry(self, recorded: Recorded) -> str:
        columns = recorded.columns
        day, occurred = self._scales.local_date(columns[_RECORDED]), self._scales.local_date(columns[_OCCURRED])
        dates = f"{day}" if occurred == day else f"{day}={occurred}"
        lines = [f"{dates} ({_plain(columns[_ID])}) {_plain(columns[_KIND])}{_hledger_tags(columns)}\n"]
        for path, commodity, amount in recorded.legs:
            lines.append(f"    {_hledger_account(path)}  {self._scales.amount(commodity, amount)} {_quoted(commodity)}\n")
        return "".join(lines) + "\n"


class Beancount:
    """beancount's language; passes `bean-check`. Names that it cannot spell are escaped one to one."""

    needs_postings = True

    def __init__(self, scales: Scales) -> None:
        self._scales = scales

    def opening(self, used: Iterable[tuple[str, str]]) -> Iterator[str]:
        yield f'option "title" "{_plain(self._scales.book)}"\n\n'
        commodities: set[str] = set()
        for path, commodity in used:
            commodities.add(commodity)
            yield f"1970-01-01 open {beancount_account(path)} {beancount_commodity(commodity)}\n"
        for commodity in sorted(commodities):
            yield f'1970-01-01 commodity {beancount_commodity(commodity)}\n  code: "{_plain(commodity)}"\n'
        yield "\n"

    def entry(self, recorded: Recorded) -> str:
        columns = recorded.columns
        day, occurred = self._scales.local_date(columns[_RECORDED]), self._scales.local_date(columns[_OCCURRED])
        lines = [f'{day} * "{_plain(columns[_KIND])}"\n  entry: "{_plain(columns[_ID])}"\n']
        if occurred != day:
            lines.append(f"  occurred: {occurred}\n")
        lines += [f'  {name}: "{_plain(columns[place])}"\n' for name, place in _TAG_PLACES if columns[place]]
        for path, commodity, amount in recorded.legs:
            lines.append(f"  {beancount_account(path)}  {self._scales.amount(commodity, amount)} {beancount_commodity(commodity)}\n")
        return "".join(lines) + "\n"


class Csv:
    """One row a posting, RFC 4180, UTF-8 with a byte order mark so that spreadsheets read it."""

    needs_postings = True
    COLUMNS: Final = ("entry", "recorded_at", "occurred_at", "kind", *_TAGS, "line", "account", "commodity", "amount", "amount_in_units")

    def __init__(self, scales: Scales) -> None:
        self._scales = scales

    def opening(self, _used: Iterable[tuple[str, str]]) -> Iterator[str]:
        yield "\ufeff" + _csv_row(self.COLUMNS)

    def entry(self, recorded: Recorded) -> str:
        columns = recorded.columns
        times = [instant(columns[place]).astimezone(ZoneInfo(self._scales.zone)).isoformat() for place in (_RECORDED, _OCCURRED)]
        head = [columns[_ID], *times, columns[_KIND], *(columns[place] or "" for _, place in _TAG_PLACES)]
        return "".join(
            _csv_row(
                [*map(_no_formula, head), line, _no_formula(path), _no_formula(commodity), amount, self._scales.amount(commodity, amount)]
            )
            for line, (path, commodity, amount) in enumerate(recorded.legs)
        )


class JsonLines:
    """Every act with all that its leaf hash is made of: what `docs/verify/verify.py` reads.

    The first line names the book and its hash; then one act a line: leaf_index (null while unsealed), header in canonical
    order with times in microseconds, facts as the exact text that was hashed, postings in order.
    """

    needs_postings = False

    def __init__(self, scales: Scales) -> None:
        self._scales = scales
        self._encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

    def opening(self, _used: Iterable[tuple[str, str]]) -> Iterator[str]:
        first = {
            "book": self._scales.book,
            "algorithm": self._scales.algorithm,
            "decimals": self._scales.decimals,
            "zone": self._scales.zone,
        }
        yield self._encode({"format": "ledger-acts", "canonical": CANONICAL_VERSION, **first}) + "\n"

    def entry(self, recorded: Recorded) -> str:
        header = {name: "" if value is None else value for name, value in zip(HEADER, recorded.columns, strict=False)}
        legs = [{"account": path, "commodity": commodity, "amount": amount} for path, commodity, amount in recorded.legs]
        return self._encode({"leaf_index": recorded.leaf_index, "header": header, "facts": recorded.columns[-1], "postings": legs}) + "\n"


def beancount_account(path: str) -> str:
    """An account path under one of the five roots: `wallet/V1/2022Q3.x` is `Assets:X--wallet:V1:2022Q3-2Ex`."""
    return _beancount_account(_root(path.partition("/")[0]), path)


@lru_cache(maxsize=4096)
def beancount_commodity(commodity: str) -> str:
    """The code itself where beancount can spell it, else `X.` and 20 letters of its SHA-256; the code stands beside it."""
    if re.fullmatch(r"[A-Z][A-Z0-9'._-]{0,22}[A-Z0-9]", commodity) and not commodity.startswith("X."):
        return commodity
    return "X." + hashlib.sha256(commodity.encode()).hexdigest()[:20].upper()


@lru_cache(maxsize=65536)
def _beancount_account(root: str, path: str) -> str:
    return ":".join([root, *(_beancount_part(part) for part in path.split("/"))])


def _beancount_part(part: str) -> str:
    """Letters and digits stay; every other byte becomes -XX; `X--` (which no escape gives) leads where a capital or digit must."""
    text = "".join(c if _is_letter_or_digit(c) else "".join(f"-{byte:02X}" for byte in c.encode()) for c in part)
    return text if text and (unicodedata.category(text[0]) in ("Lu", "Nd")) else f"X--{text}"


def _is_letter_or_digit(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] == "L" or category == "Nd"


def _root(family: str) -> str:
    if family in INCOME:
        return "Income"
    if family in EXPENSE:
        return "Expenses"
    if family in EQUITY:
        return "Equity"
    return "Liabilities" if family in LIABILITY else "Assets"


@lru_cache(maxsize=65536)
def _hledger_account(path: str) -> str:
    """`/` becomes `:`; what hledger would read as syntax is written %XX, and so is %."""
    return ":".join(re.sub(r"[\s%:;()\[\]\"]", _percent, part) or "%" for part in path.split("/"))


def _hledger_tags(columns: tuple[object, ...]) -> str:
    tags = [f"{name}:{re.sub(r'[,;]', _percent, _plain(columns[place]))}" for name, place in _TAG_PLACES if columns[place]]
    return f"  ; {', '.join(tags)}" if tags else ""


def _quoted(commodity: str) -> str:
    return '"' + re.sub(r'[\s%";]', _percent, commodity) + '"'


def _percent(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())


def _plain(value: object) -> str:
    """One line without quotes or parentheses, so that an altered act cannot break the file it is exported to."""
    return re.sub(r"[^\S ]|[\"\\()|]", _percent, str(value))


def _no_formula(value: object) -> str:
    """A spreadsheet would run a cell that begins with = + - @ or a control character: an apostrophe stops it."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "\0") and text else text


def _csv_row(cells: Iterable[object]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
