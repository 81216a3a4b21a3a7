"""兑换物资: what points are exchanged for, and how much of it each station has."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ledger.paperwork import titles
from ledger.paperwork.cells import Cells
from ledger.paperwork.columns import Column, Kind
from ledger.paperwork.lines import Reading, read_lines
from ledger.paperwork.tables import read_tables

_GOODS = Kind(
    columns=(
        Column("sku", titles.SKU, needed=True),
        Column("name", ("物资名称", "商品名称", "物品名称", "礼品名称", "兑换物资", "服务名称", "品名", "名称"), needed=True),
        Column("unit", ("单位", "计量单位")),
        Column(
            "price_points",
            ("所需积分", "兑换积分", "兑换所需积分", "单价(积分)", "积分价格", "所需分值", "兑换分值", "积分", "分值"),
            needed=True,
            amount=True,
        ),
        Column(
            "unit_cost_fen",
            ("采购单价(元)", "采购单价", "采购价", "进价", "成本价", "成本单价", "单价(元)", "单价"),
            amount=True,
            other_units=frozenset({"分", "角", "千元", "万元", "积分"}),
        ),
        Column("category", ("类别", "物资类别", "分类", "类型", "商品类别", "物资类型")),
        Column(
            "limit_per_cycle",
            ("每人每季限兑", "每人每季度限兑", "每人每季限兑数量", "每季限兑", "每人限兑", "限兑数量", "限兑次数", "限兑"),
            amount=True,
        ),
        Column("remark", titles.REMARK),
    ),
    foreign=frozenset({*titles.STATION, *titles.ACTIVITY}),
)
_STOCK = Kind(
    columns=(
        Column("station", (*titles.STATION, "驿站", "站点"), needed=True),
        Column("sku", titles.SKU, needed=True),
        Column("quantity", ("数量", "库存", "库存数量", "库存数", "现有库存", "期初库存", "配发数量"), needed=True, amount=True),
        Column("remark", titles.REMARK),
    ),
)


@dataclass(frozen=True, slots=True)
class GoodsRow:
    """One kind of goods: its price in points (at most two decimals), its cost in fen, and how many one person may take in a cycle."""

    sku: str
    name: str
    unit: str
    price_points: Decimal
    unit_cost_fen: int
    category: str
    limit_per_cycle: int | None


@dataclass(frozen=True, slots=True)
class StockRow:
    """Pieces of one kind of goods at one station."""

    station: str
    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class GoodsReading:
    """The two kinds of sheets of one file; either may be missing and then has no sheets and no lines."""

    goods: Reading[GoodsRow]
    stock: Reading[StockRow]


def read_goods(path: Path) -> GoodsReading:
    """Read a file of goods and stock. Rows without 物资编码 or 驿站编号 are refused as unknown_goods and unknown_station.

    A cost column left out altogether means the office keeps no costs, which is 0; an empty cell in it is refused as bad_number.

    Raises: UnreadableFile; a file with neither kind of sheet lacks the columns of goods.
    """
    tables = read_tables(path)
    stock = read_lines(tables, _STOCK, _stock, optional=True)
    return GoodsReading(read_lines(tables, _GOODS, _goods, optional=bool(stock.sheets)), stock)


def _goods(cells: Cells) -> GoodsRow:
    return GoodsRow(
        sku=cells.key("sku", "unknown_goods"),
        name=cells.title("name"),
        unit=cells.text("unit"),
        price_points=cells.points("price_points"),
        unit_cost_fen=cells.fen("unit_cost_fen") if cells.has("unit_cost_fen") else 0,
        category=cells.text("category"),
        limit_per_cycle=cells.limit("limit_per_cycle"),
    )


def _stock(cells: Cells) -> StockRow:
    return StockRow(cells.key("station", "unknown_station"), cells.key("sku", "unknown_goods"), cells.count("quantity"))
