"""Activities of an imagined district that go on now or come in the next days, and who has come so far."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from ledger.domain.act import instant
from ledger.domain.earning import Rule
from ledger.domain.people import Actor, Grant
from ledger.simulate.imagined import District
from ledger.storage import people
from ledger.storage.unit_of_work import Book
from ledger.usecases.check_in import check_in_for, check_in_oneself
from ledger.usecases.identify import signer
from ledger.usecases.open_activity import open_activity
from ledger.usecases.publish_rule import publish_rule
from ledger.usecases.request import Answer, Request

RULE: Final = "service-hours"
CLAUSE: Final = "《志愿服务积分办法（演示）》第六条：志愿服务每小时2分，每日不超过8分"
BY_CARD: Final = 6
BY_POSTER: Final = 2
COMING: Final = (("环境清洁", 1, 9), ("助老探访", 2, 14), ("反诈宣传", 4, 9), ("居住地服务日", 6, 18), ("文明交通劝导", 9, 8))
"""What, in how many days, at what hour; for two hours."""


def open_coming_activities(book: Book, request: Request, district: District, now: datetime) -> list[Answer]:
    """One activity that began a quarter of an hour ago, and those of the next days. They earn by the hour."""
    scale = book.settings.scale
    rule = Rule(
        id=RULE, version=1, name="志愿服务每小时2分", basis="minute", points=scale.steps(2), clause=CLAUSE, min_evidence=2,
        caps={"day": scale.steps(8)},
    )  # fmt: skip
    publish_rule(book, request, rule, valid_from=request.now)
    starts_at = now - timedelta(minutes=15 + now.minute % 5, seconds=now.second, microseconds=now.microsecond)
    windows = [("网格巡查", starts_at, starts_at + timedelta(hours=3))]
    for name, days, hour in COMING:
        day = (now + timedelta(days=days)).astimezone(ZoneInfo(book.settings.zone)).date()
        begins = datetime.combine(day, time(hour), ZoneInfo(book.settings.zone)).astimezone(UTC)
        windows.append((name, begins, begins + timedelta(hours=2)))
    return [_open(book, request, district, n, *window) for n, window in enumerate(windows)]


def _open(book: Book, request: Request, district: District, n: int, name: str, starts_at: datetime, ends_at: datetime) -> Answer:
    place = next(p for p in district.places if p.community == district.communities[n % len(district.communities)])
    return open_activity(
        book, request, name=place.community + name, kind="志愿服务", area=f"{place.town}/{place.community}", starts_at=starts_at,
        ends_at=ends_at, rule=RULE, place=f"{place.community}党群服务中心",
    )  # fmt: skip


def see_who_comes(book: Book, actor: Actor, district: District, opened: dict[str, Any], now: datetime, die: Random) -> int:
    """Some residents check in by their card at the first community's activity, two by the poster, who wait to be approved."""
    near = [p for p in district.people if p.place.community == district.communities[0]]
    came = die.sample(near, min(len(near), BY_CARD + BY_POSTER))
    first = max(instant(opened["starts_at"]), now - timedelta(minutes=19))
    for n, person in enumerate(came):
        moment = first + timedelta(minutes=n)
        holder = book.read(lambda unit, phone=person.phone: people.by_phone(unit, phone))[0]  # type: ignore[misc]
        if n < BY_CARD:
            card = book.read(lambda unit, holder=holder: people.card_of(unit, holder))  # type: ignore[misc]
            check_in_for(book, Request(actor=actor, now=moment, name="check_in"), activity=opened["activity"], shown=card)
        else:
            oneself = Actor(holder, person=holder, grants=(Grant("volunteer"),))
            shown = signer(book).poster(opened["activity"])
            check_in_oneself(book, Request(actor=oneself, now=moment, name="check_in"), shown=shown)
    return len(came)
