"""People, places and goods that nobody has: drawn from a seeded die, so that a seed gives the same district again.

Telephone numbers are of the range 144, which networks give to machines and not to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

from ledger.simulate.size import Size

TOWNS: Final = ("清河街道", "望江街道", "栖霞街道")
COMMUNITIES: Final = (
    "东苑", "南湖", "枫林", "西苑", "北辰", "梅园", "柳岸", "松涛", "春晓", "锦绣", "云溪", "和园", "安居", "静水", "明德",
    "翠屏", "长桥", "文昌", "新民", "向阳",
)  # fmt: skip
SURNAMES: Final = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜谢邹喻柏窦章苏潘葛范彭鲁韦马苗方"
LONG_SURNAMES: Final = ("欧阳", "诸葛", "上官", "司马")
FIRST: Final = "玉秀桂春建国志明海文丽晓美雪冬立永德家正书雅若子思佳宇浩嘉欣艺梦安乐"
SECOND: Final = "兰英芳华军平强梅珍霞琴红娟刚峰辉涛林波燕敏静洁凯然涵轩彤怡阳琪萱宁悦"
PARTS: Final = ("清洁家园", "助老探访", "反诈宣传", "文明交通", "爱心义剪", "夜间巡逻", "垃圾分类", "邻里调解")
CLASSES: Final = ("群众", "群众", "群众", "中共党员", "中共党员", "共青团员")
WORK_UNITS: Final = ("", "", "", "", "区教育局", "区卫生健康局", "区供电公司", "清河中学", "区行政审批局")
GOODS: Final = (
    ("SP-0001", "花生油 5L", "桶", 60, "68.00", "物资", "2"), ("SP-0002", "大米 5kg", "袋", 30, "29.90", "物资", ""),
    ("SP-0003", "面粉 5kg", "袋", 25, "24.50", "物资", ""), ("SP-0004", "鸡蛋 30枚", "盘", 20, "19.80", "物资", "2"),
    ("SP-0005", "洗衣液 2kg", "瓶", 18, "16.90", "物资", ""), ("SP-0006", "抽纸 6包", "提", 12, "11.50", "物资", ""),
    ("SP-0007", "牙膏 120g", "支", 6, "5.80", "物资", ""), ("SP-0008", "毛巾", "条", 5, "4.90", "物资", ""),
    ("SP-0009", "香皂", "块", 3, "2.90", "物资", ""), ("SP-0010", "食盐 400g", "袋", 2, "2.00", "物资", "5"),
    ("SP-0011", "酱油 500ml", "瓶", 6, "5.50", "物资", ""), ("SP-0012", "陈醋 500ml", "瓶", 6, "5.50", "物资", ""),
    ("SP-0013", "保温杯", "个", 40, "39.00", "物资", ""), ("SP-0014", "雨伞", "把", 22, "19.90", "物资", "1"),
    ("SP-0015", "垃圾袋 5卷", "组", 8, "7.50", "物资", ""), ("SP-0016", "学生文具套装", "套", 15, "14.00", "物资", ""),
    ("SP-0017", "西红柿 1kg", "份", 4, "3.60", "智慧菜篮子", ""), ("SP-0018", "时令蔬菜包", "份", 8, "7.80", "智慧菜篮子", ""),
    ("FW-0001", "理发券", "张", 10, "10.00", "服务", ""), ("FW-0002", "家政保洁2小时", "次", 80, "80.00", "服务", "1"),
    ("FW-0003", "停车券 5小时", "张", 10, "10.00", "服务", ""), ("FW-0004", "长者食堂午餐券", "张", 12, "12.00", "服务", ""),
    ("FW-0005", "家电清洗", "次", 60, "60.00", "服务", "1"), ("FW-0006", "体检套餐", "次", 150, "150.00", "服务", ""),
)  # fmt: skip
"""Code, name, unit, points, yuan, category, limit for each person and quarter."""
KINDS: Final = (
    ("清洁家园", "志愿服务", 2), ("助老探访", "志愿服务", 3), ("反诈宣传", "志愿服务", 2), ("文明交通劝导", "志愿服务", 3),
    ("社区双报到服务", "社区双报到", 5), ("居住地服务日", "居住地服务日", 3), ("主题党日", "主题党日", 2), ("网格议事会", "议事协商", 1),
)  # fmt: skip
"""Activity, kind, points each time."""


@dataclass(frozen=True, slots=True)
class Place:
    """A micro-grid: town, community, grid, its own name."""

    town: str
    community: str
    grid: str
    micro_grid: str


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    gender: str
    phone: str
    place: Place
    political_class: str
    work_unit: str
    team: str
    remark: str


@dataclass(frozen=True, slots=True)
class Station:
    code: str
    name: str
    place: Place
    address: str
    longitude: str
    latitude: str
    contact: str
    phone: str


@dataclass(frozen=True, slots=True)
class District:
    """Everything that stands before the first activity."""

    places: tuple[Place, ...]
    people: tuple[Person, ...]
    stations: tuple[Station, ...]

    @property
    def communities(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(place.community for place in self.places))


def imagine(size: Size, die: Random) -> District:
    """A district of that size. Two people may share a name, none a name and a telephone number."""
    phones = iter(die.sample(range(100_000_000), size.people + size.stations))
    places = tuple(_place(n, size) for n in range(size.micro_grids))
    people = tuple(_person(n, size, die, next(phones), places) for n in range(size.people))
    stations = tuple(_station(n, die, next(phones), places[n * len(places) // size.stations]) for n in range(size.stations))
    return District(places, people, stations)


def community_name(n: int) -> str:
    """The n-th community; beyond the list they are numbered."""
    rounds, place = divmod(n, len(COMMUNITIES))
    return f"{COMMUNITIES[place]}{'' if not rounds else '二三四五六七八九'[rounds - 1]}社区"


def person_name(die: Random) -> str:
    surname = die.choice(LONG_SURNAMES) if die.random() < 0.02 else die.choice(SURNAMES)
    return surname + (die.choice(FIRST) if die.random() < 0.8 else "") + die.choice(SECOND)


def phone_of(number: int) -> str:
    return f"144{number:08d}"


def _place(n: int, size: Size) -> Place:
    """Micro-grids are numbered within their community and spread over its grids, four to each."""
    community = n * size.communities // size.micro_grids
    first = -(-community * size.micro_grids // size.communities)
    inside = n - first
    return Place(TOWNS[community % len(TOWNS)], community_name(community), f"第{inside // 4 + 1}网格", f"微网格{inside + 1:02d}")


def _person(n: int, size: Size, die: Random, phone: int, places: tuple[Place, ...]) -> Person:
    place = places[n % len(places)]
    team = f"{PARTS[n % size.teams % len(PARTS)]}志愿服务{n % size.teams + 1:02d}队"
    remark = "双楼长" if n < size.building_heads else ""
    return Person(
        person_name(die), die.choice("男女"), phone_of(phone), place, die.choice(CLASSES), die.choice(WORK_UNITS), team, remark
    )  # fmt: skip


def _station(n: int, die: Random, phone: int, place: Place) -> Station:
    longitude, latitude = f"{118 + die.random() / 5:.6f}", f"{36.7 + die.random() / 5:.6f}"
    name = f"{place.community}{place.micro_grid}红色驿站"
    address = f"{place.town}{place.community.removesuffix('社区')}路{die.randint(1, 199)}号"
    return Station(f"YZ{n + 1:03d}", name, place, address, longitude, latitude, person_name(die), phone_of(phone))
