"""A small district that lived through a quarter by the real use cases: paperwork, service, notice, holds, hand-overs, undo."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from ledger.audit import trail
from ledger.domain.people import Actor, Grant
from ledger.domain.redemption import Item
from ledger.storage.sql import Statement
from ledger.storage.unit_of_work import Book
from ledger.usecases.add_login import add_login
from ledger.usecases.advance_cycle import tick
from ledger.usecases.approve_attendance import reject_attendance
from ledger.usecases.found_book import found_book
from ledger.usecases.give_role import end_role, give_role
from ledger.usecases.hand_over_goods import collect_hold, hand_over_at_once
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.price_good import price_good
from ledger.usecases.replace_card import replace_card
from ledger.usecases.request import Request
from ledger.usecases.reserve_goods import reserve_goods
from ledger.usecases.show_code import show_code
from ledger.usecases.undo_batch import undo_batch
from ledger.usecases.void_hold import void_hold

CONSOLE = Actor("console:test")
PEOPLE = ("赵一", "钱二", "孙三", "李四", "周五", "吴六")
PHONES = tuple(f"1380000000{n}" for n in range(1, 7))
ATTENDED = Statement("SELECT id FROM {attendance} WHERE person = :person")


def request(now: datetime, name: str, actor: Actor = CONSOLE, *, keyed: bool = False, **body: Any) -> Request:
    return Request(actor=actor, now=now, name=name, key=str(uuid.uuid4()) if keyed else None, body=body, trace="t1")


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}:00+08:00")


def volunteer(n: int) -> Actor:
    return Actor(f"V{n:06d}", person=f"V{n:06d}", grants=(Grant("volunteer"),))


def live(book: Book, folder: Path) -> datetime:
    """Fill the book; returns the moment after the last act. Some acts are sealed, the last few wait."""
    now = at("2022-10-02 10:00")
    found_book(book, request(now, "found_book"))
    paperwork(book, folder, now)
    now += timedelta(hours=1)
    for login, role, station in (("keeper", "keeper", "YZ001"), ("deputy", "keeper", "YZ001")):
        words = request(now, "add_login", keyed=True, login=login)
        add_login(book, words, login=login, role=role, station=station, password="Station-2022-pass!")
    given = give_role(book, request(now, "give_role", keyed=True), grantee="U000002", role="organiser")
    now += timedelta(hours=1)
    end_role(book, request(now, "end_role", keyed=True), grant=given["grant"])
    rejected = book.read(lambda unit: unit.value(ATTENDED, person="V000006"))
    reject_attendance(book, request(now, "reject", keyed=True, a=rejected), attendance=rejected, reason="吴六当天请假")
    trail.seal(book, now)
    for day in ("2022-10-04 09:00", "2022-10-12 09:00"):
        tick(book, request(at(day), "tick"))
    trail.seal(book, at("2022-10-12 09:05"))
    now = redeem(book, at("2022-10-13 09:00"), folder)
    trail.seal(book, now)
    void_hold(book, request(now, "void", volunteer(2), keyed=True), hold=reserve(book, now, 2)["hold"])
    return now + timedelta(minutes=1)


def reserve(book: Book, now: datetime, n: int, sku: str = "SP-0001", quantity: int = 1) -> dict[str, Any]:
    words = request(now, "reserve_goods", volunteer(n), keyed=True, sku=sku, quantity=quantity)
    return reserve_goods(book, words, holder=f"V{n:06d}", station="YZ001", items=[Item(sku, quantity)])


def redeem(book: Book, now: datetime, folder: Path) -> datetime:
    """Two hand-overs, holds in every state, a new price, a new card, an undone opening that was partly spent."""
    keeper = Actor("U000001", grants=(Grant("keeper", "YZ001"),), login="keeper")
    collected = reserve(book, now, 1, "SP-0002", 2)
    collect_hold(book, request(now, "collect_hold", keeper, keyed=True, hold=collected["hold"]), hold=collected["hold"])
    now += timedelta(minutes=1)
    shown = show_code(book, request(now, "show_code", volunteer(2)))["pass"]
    words = request(now, "hand_over_at_once", keeper, keyed=True, shown=shown)
    hand_over_at_once(book, words, station="YZ001", items=[Item("SP-0001", 1), Item("SP-0003", 2)], shown=shown)
    price_good(book, request(now, "price_good", keyed=True), sku="SP-0003", price_points=7, limit_per_cycle=4, reason="进价上涨")
    now += timedelta(minutes=10)
    reserve(book, now, 3, "SP-0003", 1)
    replace_card(book, request(now, "replace_card", keyed=True), person="V000003")
    extra = import_opening(book, request(now, "import"), write_opening(folder / "more.csv", "2022年6月29日", {3: 40}))
    now += timedelta(minutes=1)
    reserve(book, now, 3, "SP-0001", 4)
    undo_batch(book, request(now, "undo"), batch=extra["batch"])
    return now + timedelta(minutes=1)


def paperwork(book: Book, folder: Path, now: datetime) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    words = request(now, "import")
    import_areas(
        book, words, write_csv(folder / "areas.csv", "镇街,社区,网格,微网格,网格长,联系电话", "东岳街道,世博社区,第1网格,微网格01,金霞,")
    )
    import_people(book, words, write_book(folder / "people.xlsx", 花名册=[
        ["序号", "姓名", "性别", "身份证号", "联系电话", "镇街", "社区", "网格", "微网格", "政治面貌", "工作单位", "志愿队伍", "备注"],
        *([n, name, "男", None, phone, "东岳街道", "世博社区", "第1网格", "微网格01", "群众", None, "领航01队", None]
          for n, (name, phone) in enumerate(zip(PEOPLE, PHONES, strict=True), 1)),
    ]))  # fmt: skip
    header = "驿站编号,驿站名称,社区,地址,经度,纬度,开放时间,负责人,联系电话"
    station = "YZ001,世博红色驿站,世博社区,12号,118.04,36.86,8:30-18:00,韩春,"
    import_stations(book, words, write_csv(folder / "stations.csv", header, station))
    import_goods(book, words, write_book(folder / "goods.xlsx", 兑换物资=[
        ["物资编码", "物资名称", "单位", "所需积分", "采购单价(元)", "类别", "每人每季限兑"],
        ["SP-0001", "花生油", "桶", 10, 68, "物资", 5],
        ["SP-0002", "大米", "袋", 8, 29.9, "物资", None],
        ["SP-0003", "洗衣液", "瓶", 5, 12.5, "物资", 3],
    ], 驿站库存=[
        ["驿站编号", "物资编码", "数量"],
        ["YZ001", "SP-0001", 20], ["YZ001", "SP-0002", 30], ["YZ001", "SP-0003", 40],
    ]))  # fmt: skip
    opening = write_opening(folder / "opening.csv", "2022年6月30日", {1: 60, 2: 50, 3: 20, 4: 30})
    import_opening(book, words, opening)
    days, everybody = [datetime(2022, 9, 9), datetime(2022, 9, 10)], list(zip(PEOPLE, PHONES, strict=True))
    sheets = write_book(folder / "sheets.xlsx", 活动=[
        ["活动编号", "活动名称", "类型", "社区", "日期", "开始时间", "结束时间", "承办单位", "积分/次"],
        ["HD-001", "环境清洁", "志愿服务", "世博社区", days[0], "17:00", "19:00", "世博社区", 5],
        ["HD-002", "反诈宣传", "志愿服务", "世博社区", days[1], "09:00", "11:00", "世博社区", 3],
    ], 签到表=[
        ["活动编号", "姓名", "联系电话", "签到时间", "签退时间"],
        *(["HD-001", *who, days[0].replace(hour=17, minute=1), days[0].replace(hour=19)] for who in everybody),
        *(["HD-002", *who, days[1].replace(hour=9), days[1].replace(hour=10, minute=30)] for who in everybody[:4]),
    ])  # fmt: skip
    import_activities(book, words, sheets)
    import_attendance(book, words, sheets)


def write_opening(file: Path, day: str, points: dict[int, int]) -> Path:
    rows = [f"{PEOPLE[n - 1]},{PHONES[n - 1]},{amount}" for n, amount in points.items()]
    return write_csv(file, f"姓名,联系电话,截至{day}结余积分", *rows)


def write_csv(file: Path, *lines: str) -> Path:
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def write_book(file: Path, **sheets: list[list[Any]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(file)
    return file
