"""The chart of accounts: typed, one commodity each, printed as a path.

A path is the account's identity everywhere: in postings, in hashes, in exports. `wallet/V000123/2022Q3.dongyuan` says
whose, from which quarter and which pool; `shelf/YZ001/R0000042` says where and from which receipt. Families that can
hold several commodities end in the commodity. Source: design decisions on accounts and hot rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PTS: Final = "PTS"
HON: Final = "HON"
CNY: Final = "CNY"

PATH_LENGTH_MAX: Final = 160
STATION_CODE_LENGTH_MAX: Final = 40
GOODS_CODE_LENGTH_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Family:
    """What is true of all accounts whose path begins with this word.

    `cached` accounts keep a balance that a guarded update moves; `floor` is the least it may become (None: any).
    """

    name: str
    cached: bool
    floor: int | None


FAMILIES: Final[dict[str, Family]] = {
    f.name: f
    for f in (
        Family("wallet", True, 0),
        Family("pending", True, 0),
        Family("held", True, 0),
        Family("debt", True, None),
        Family("honour", True, None),
        Family("shelf", True, 0),
        Family("worth", True, 0),
        Family("fund", True, 0),
        Family("issued", False, None),
        Family("redeemed", False, None),
        Family("handed", False, None),
        Family("spent", False, None),
        Family("lapsed", False, None),
        Family("donated", False, None),
        Family("supplied", False, None),
        Family("variance", False, None),
        Family("opening", False, None),
        Family("payable", False, None),
        Family("clearing", False, None),
    )
}


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One account: its path and the commodity it holds."""

    path: str
    commodity: str

    def __post_init__(self) -> None:
        assert self.family_name in FAMILIES, self.path
        assert len(self.path) <= PATH_LENGTH_MAX, self.path

    @property
    def family_name(self) -> str:
        return self.path.partition("/")[0]

    @property
    def family(self) -> Family:
        return FAMILIES[self.family_name]


def wallet(holder: str, lot: str) -> Account:
    return Account(f"wallet/{holder}/{lot}", PTS)


def pending(holder: str, lot: str) -> Account:
    return Account(f"pending/{holder}/{lot}", PTS)


def debt(holder: str) -> Account:
    return Account(f"debt/{holder}", PTS)


def honour(holder: str) -> Account:
    return Account(f"honour/{holder}", HON)


def held_points(hold: str, lot: str) -> Account:
    return Account(f"held/{hold}/{lot}", PTS)


def held_goods(hold: str, receipt: str, sku: str) -> Account:
    return Account(f"held/{hold}/{receipt}", sku)


def shelf(station: str, receipt: str, sku: str) -> Account:
    return Account(f"shelf/{station}/{receipt}", sku)


def worth(station: str, receipt: str) -> Account:
    return Account(f"worth/{station}/{receipt}", CNY)


def fund(source: str) -> Account:
    return Account(f"fund/{source}", CNY)


def issued(rule: str, area: str, cycle: str, commodity: str = PTS) -> Account:
    tail = "" if commodity == PTS else f"/{commodity}"
    return Account(f"issued/{rule}/{area}/{cycle}{tail}", commodity)


def redeemed(session: str, pool: str) -> Account:
    return Account(f"redeemed/{session}/{pool}", PTS)


def handed(session: str, sku: str) -> Account:
    return Account(f"handed/{session}/{sku}", sku)


def spent(session: str, source: str) -> Account:
    return Account(f"spent/{session}/{source}", CNY)


def lapsed(cycle: str) -> Account:
    return Account(f"lapsed/{cycle}", PTS)


def supplied(source: str, commodity: str) -> Account:
    return Account(f"supplied/{source}/{commodity}", commodity)


def opening(batch: str, commodity: str = PTS) -> Account:
    tail = "" if commodity == PTS else f"/{commodity}"
    return Account(f"opening/{batch}{tail}", commodity)


def variance(count: str, commodity: str) -> Account:
    return Account(f"variance/{count}/{commodity}", commodity)


def can_name_goods(code: str) -> bool:
    """Whether a goods code can stand as a commodity and in a path: not one of ours, no slash, not endless."""
    return 0 < len(code) <= GOODS_CODE_LENGTH_MAX and "/" not in code and code.isprintable() and code not in (PTS, HON, CNY)


def can_name_station(code: str) -> bool:
    """Whether a station's code can stand in a path."""
    return 0 < len(code) <= STATION_CODE_LENGTH_MAX and "/" not in code and code.isprintable()


def holder_of(path: str) -> str:
    """The holder named by a wallet, pending, debt or honour path; empty for any other family."""
    family, _, rest = path.partition("/")
    return rest.partition("/")[0] if family in ("wallet", "pending", "debt", "honour") else ""


def lot_of(path: str) -> str:
    """The last component: a lot for wallet, pending and held points; a receipt for shelf, worth and held goods."""
    return path.rpartition("/")[2]
