"""One cast for all tests: a small district with a volunteer, a neighbour, a keeper, an officer, an organiser, an outsider."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ledger import config
from ledger.config import BookSettings
from ledger.domain.act import micros
from ledger.domain.ids import IdSource
from ledger.domain.people import Actor, Grant
from ledger.domain.redemption import Item
from ledger.keyring import Keyring
from ledger.storage import access, counters, journal, migrating, people, statements
from ledger.storage.unit_of_work import Book, Unit
from ledger.usecases.advance_cycle import tick
from ledger.usecases.found_book import found_book
from ledger.usecases.give_role import post_grant
from ledger.usecases.hand_over_goods import collect_hold, hand_over_at_once
from ledger.usecases.identify import signer
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.usecases.request import Answer, Request
from ledger.usecases.reserve_goods import reserve_goods
from ledger.usecases.void_hold import void_hold

SHANGHAI = ZoneInfo("Asia/Shanghai")
PASSWORD = "Station-2022-pass!"

AREAS = """镇街,社区,网格,微网格,网格长,联系电话
石桥街道,东苑社区,第1网格,微网格01,金平,15908159075
石桥街道,西苑社区,第1网格,微网格01,邹志,15091945295
"""
PEOPLE = """姓名,性别,身份证号,联系电话,镇街,社区,网格,微网格,政治面貌,工作单位,志愿队伍,备注
王玉兰,女,370399195001011234,13800000001,石桥街道,东苑社区,第1网格,微网格01,群众,,一队,双楼长
欧阳娜娜,女,370399196001011234,13800000002,石桥街道,东苑社区,第1网格,微网格01,群众,区医院,一队,
李芳,女,370399197001011234,13800000003,石桥街道,东苑社区,第1网格,微网格01,中共党员,,二队,
赵强,男,370399198001011234,13800000004,石桥街道,西苑社区,第1网格,微网格01,中共党员,,二队,
买买提·艾力,男,370399199001011234,13800000005,石桥街道,西苑社区,第1网格,微网格01,群众,,二队,
张三,男,,无,石桥街道,西苑社区,第1网格,微网格01,群众,,,
"""
STATIONS = """驿站编号,驿站名称,社区,地址,经度,纬度,开放时间,负责人,联系电话
DY001,东苑站,东苑社区,东苑路1号,118.0,36.8,08:30-17:30,韩丽,13137797619
XY001,西苑站,西苑社区,西苑路1号,118.1,36.8,08:30-17:30,邵平,15813081753
"""
GOODS = [
    ["物资编码", "物资名称", "单位", "所需积分", "采购单价(元)", "类别", "每人每季限兑"],
    ["SP-01", "大米", "袋", "30", "29.9", "物资", ""],
    ["SP-02", "食用油", "桶", "50", "68", "物资", "2"],
    ["SP-03", "肥皂", "块", "8", "5", "物资", ""],
]
STOCK = [
    ["驿站编号", "物资编码", "数量"],
    ["DY001", "SP-01", "40"],
    ["DY001", "SP-02", "10"],
    ["DY001", "SP-03", "100"],
    ["XY001", "SP-03", "5"],
]
OPENING = """姓名,联系电话,截至2022年6月30日结余积分
王玉兰,13800000001,100
欧阳娜娜,13800000002,60
买买提·艾力,13800000005,10
张三,无,40
"""
ACTIVITIES = """活动编号,活动名称,类型,社区,日期,开始时间,结束时间,承办单位,积分/次
HD1,清扫小广场,志愿服务,东苑社区,2022.7.9,14:00,15:00,东苑社区,6
HD2,反诈宣传,志愿服务,西苑社区,2022年9月3日,09:00,11:00,西苑社区,5
"""
ATTENDANCE = """活动编号,姓名,联系电话,签到时间,签退时间
HD1,王玉兰,13800000001,2022/7/9 14:02,2022/7/9 15:10
HD2,王玉兰,138 0000 0001,2022/9/3 9:00,
HD2,欧阳娜娜,13800000002,,
"""


def local(text: str) -> datetime:
    """`2022-10-02 10:00` in the district's zone, as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


IMPORTED_AT = local("2022-10-02 10:00")
NOTICED_AT = local("2022-10-04 09:00")
REDEEMING_AT = local("2022-10-12 09:00")


def migrated_settings(home: Path, url: str = "", toml: str = "") -> BookSettings:
    """Settings of a book under `home`, with its tables and keys made."""
    home.mkdir(parents=True, exist_ok=True)
    file = home / "config.toml"
    if toml or not file.exists():
        file.write_text(toml, encoding="utf-8")
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(file), "LEDGER_DATABASE_URL": url}).book()
    Keyring.create(settings.keys_folder, book=settings.slug)
    migrating.upgrade(settings)
    return settings


def open_book(settings: BookSettings, *, seed: int | None = None, pool_size: int = 16) -> Book:
    return Book(settings, Keyring.load(settings.keys_folder), IdSource() if seed is None else IdSource.seeded(seed), pool_size=pool_size)


@dataclass
class District:
    """The book, the moment, and the people; each helper is one real use case."""

    book: Book
    folder: Path
    now: datetime = IMPORTED_AT
    volunteer: str = "V000001"
    neighbour: str = "V000002"
    keeper_person: str = "V000003"
    outsider: str = "V000005"
    without_phone: str = "V000006"
    station: str = "DY001"
    console: Actor = field(default_factory=lambda: Actor("console:test"))
    keeper: Actor = field(default_factory=lambda: Actor("U000001", person="V000003", grants=(Grant("keeper", "DY001"),)))
    other_keeper: Actor = field(default_factory=lambda: Actor("U000002", person="V000004", grants=(Grant("keeper", "XY001"),)))
    officer: Actor = field(default_factory=lambda: Actor("U000003", grants=(Grant("officer"),)))
    second_officer: Actor = field(default_factory=lambda: Actor("U000004", grants=(Grant("officer"),)))
    organiser: Actor = field(default_factory=lambda: Actor("U000005", person="V000004", grants=(Grant("organiser", ""),)))

    def request(
        self, name: str, actor: Actor | None = None, key: str | None = "", body: Mapping[str, Any] | None = None, **more: Any
    ) -> Request:
        """A request now; a fresh key unless one is given (None: none)."""
        fresh = str(uuid.uuid4()) if key == "" else key
        return Request(actor=actor or self.console, now=self.now, name=name, key=fresh, body=body or {}, **more)

    def as_volunteer(self, person: str | None = None) -> Actor:
        who = person or self.volunteer
        return Actor(who, person=who, grants=(Grant("volunteer"),))

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def tick_at(self, moment: datetime) -> list[Answer]:
        self.now = moment
        return tick(self.book, self.request("tick", key=None, trace=str(uuid.uuid4())))

    def to_redeeming(self) -> None:
        """Walk the quarter through its notice to the redemption window."""
        self.tick_at(NOTICED_AT)
        self.tick_at(REDEEMING_AT)

    def balance(self, person: str | None = None) -> statements.Balance:
        return self.book.read(lambda unit: statements.balance(unit, person or self.volunteer, self.now))

    def card(self, person: str | None = None) -> str:
        return self.book.read(lambda unit: people.card_of(unit, person or self.volunteer))

    def code(self, person: str | None = None, nonce: bytes | None = None) -> str:
        """A fresh volunteer code as the phone would show it."""
        return signer(self.book).volunteer_code(person or self.volunteer, self.now, nonce or uuid.uuid4().bytes[:6])

    def hold(self, sku: str = "SP-01", quantity: int = 1, person: str | None = None, key: str = "") -> Answer:
        who = person or self.volunteer
        request = self.request("reserve", self.as_volunteer(who), key, {"sku": sku, "quantity": quantity})
        return reserve_goods(self.book, request, holder=who, station=self.station, items=[Item(sku, quantity)])

    def void(self, hold: str, person: str | None = None) -> Answer:
        return void_hold(self.book, self.request("void", self.as_volunteer(person)), hold=hold)

    def collect(self, hold: str, keeper: Actor | None = None, key: str = "") -> Answer:
        return collect_hold(self.book, self.request("collect", keeper or self.keeper, key, {"hold": hold}), hold=hold)

    def walk_up(self, sku: str = "SP-01", quantity: int = 1, *, shown: str = "", key: str = "", **more: Any) -> Answer:
        shown = shown or self.code()
        request = self.request("walk_up", self.keeper, key, {"shown": shown, "sku": sku, "quantity": quantity})
        return hand_over_at_once(self.book, request, station=self.station, items=[Item(sku, quantity)], shown=shown, **more)

    def check_clean(self) -> None:
        """Every test that writes leaves a book the audit agrees with."""
        from ledger.audit.checks import check

        report = check(self.book, now=self.now)
        findings = [f"{c.name}: {f}" for c in report.checks if not c.ok for f in c.findings]
        assert report.ok, findings[:10]


def found_district(book: Book, folder: Path, now: datetime = IMPORTED_AT) -> District:
    """Genesis and the small district's paperwork, through the real importers."""
    district = District(book, folder, now=now)
    paperwork = folder / "paperwork"
    paperwork.mkdir(exist_ok=True)
    request = district.request("import", key=None)
    found_book(book, request)
    sheets = {
        "areas": AREAS,
        "people": PEOPLE,
        "stations": STATIONS,
        "opening": OPENING,
        "activities": ACTIVITIES,
        "attendance": ATTENDANCE,
    }
    for name, body in sheets.items():
        (paperwork / f"{name}.csv").write_text(body, encoding="utf-8-sig")
    write_goods(paperwork / "goods.xlsx", GOODS, STOCK)
    for importer, file in (
        (import_areas, "areas.csv"), (import_people, "people.csv"), (import_stations, "stations.csv"), (import_goods, "goods.xlsx"),
        (import_opening, "opening.csv"), (import_activities, "activities.csv"), (import_attendance, "attendance.csv"),
    ):  # fmt: skip
        report = importer(book, request, paperwork / file)
        assert not report["rejected"], report
    book.run(lambda unit: _add_staff(unit, district))
    return district


def _add_staff(unit: Unit, district: District) -> None:
    """Logins of the cast. Their passwords are never tried, so none is hashed."""
    request = district.request("add_login", key=None)
    for actor in (district.keeper, district.other_keeper, district.officer, district.second_officer, district.organiser):
        id = f"U{counters.take(unit, 'login')[0]:06d}"
        assert id == actor.id
        unit.change(
            access.ADD_LOGIN,
            id=id,
            login=f"staff{id}".lower(),
            person=actor.person,
            password_hash="-",
            otp_secret=b"",
            now=micros(district.now),
        )
        journal.post(unit, [request.act(unit.book, "login_added", subject=id)])
        for grant in actor.grants:
            post_grant(unit, request, id, grant.role, grant.scope)


def write_goods(path: Path, goods: list[list[str]], stock: list[list[str]]) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as workbook:
        for name, rows in (("兑换物资", goods), ("驿站库存", stock)):
            sheet = workbook.add_worksheet(name)
            for n, row in enumerate(rows):
                sheet.write_row(n, 0, row)
