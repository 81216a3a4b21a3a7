"""What a keeper sees at the desk: who stands there, what they may take now, what waits, and what was handed over last. Only reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ledger.domain.cycle import local_date, start_of_day
from ledger.domain.errors import AgentNotNamed, CycleClosed, Forbidden, HoldExpired, LedgerError, NotFound, WrongStation
from ledger.domain.people import Actor, mask_name
from ledger.storage import agents, desk_screen, goods, journal, people, statements
from ledger.storage.desk_screen import OpenDesk, Piece, ShelfGood
from ledger.storage.goods import Hold, Redemption, Station
from ledger.storage.unit_of_work import Unit
from ledger.usecases.hand_over_goods import check_station
from ledger.usecases.identify import Identified, identify, served_by
from ledger.usecases.open_session import open_cycle_for_redeeming
from ledger.usecases.set_pin import has_pin
from ledger.usecases.void_hold import resolved


@dataclass(frozen=True, slots=True)
class Person:
    """The person at the desk. name is masked, initial its first character; `place` is community and grid."""

    holder: str
    name: str
    initial: str
    place: str
    political_class: str
    card: str
    has_pin: bool


@dataclass(frozen=True, slots=True)
class LastTime:
    """The person's last hand-over that stands: when, where, what."""

    at: datetime
    station: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A hold that waits, with the name of its station and its owner's masked name."""

    hold: Hold
    station: str
    owner: str
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Facing:
    """Everything the desk shows of one scan; points in smallest steps.

    how: code, card or hold, as `identify` says. blocked: why nothing can be handed over now, or None. hold: what a pick-up
    code names. waiting: the person's other holds. goods: what stands on the shelf, empty when a hold is picked up.
    agents: masked names of those who may collect for the person, first named first.
    """

    how: str
    person: Person
    spendable: int
    pending: int
    debt: int
    last: LastTime | None
    blocked: LedgerError | None
    hold: Waiting | None
    waiting: tuple[Waiting, ...]
    goods: tuple[ShelfGood, ...]
    agents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A hand-over as the desk shows it again: masked names, pieces, and until when its keeper may take it back."""

    redemption: Redemption
    person: str
    keeper: str
    station: str
    pieces: tuple[Piece, ...]
    undo_until: datetime
    reversed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """A station now: its cycle (empty while none is redeeming), desk, today's hand-overs, holds that wait."""

    station: Station
    cycle: str
    closes_at: datetime | None
    desk: OpenDesk | None
    opened_by: str
    handed_today: int
    waiting: int
    closed: CycleClosed | None


def facing(unit: Unit, actor: Actor, *, station: str, shown: str, now: datetime, seen_at: datetime | None) -> Facing:
    """Who stands at the desk by what was scanned, said or typed.

    Raises: WrongStation for a station that is not the keeper's, and whatever `identify` raises.
    """
    check_station(actor, unit, station)
    who = identify(unit, shown, now=now, seen_at=seen_at)
    balance = statements.balance(unit, who.holder, now)
    hold = _picked_up(unit, who)
    cycle, closed = _cycle(unit, now)
    blocked = Forbidden(reason="own_redemption") if actor.is_self(who.holder) else _blocked(unit, hold, station, now) if hold else closed
    shelf = () if hold or closed else tuple(desk_screen.shelf_for(unit, station=station, holder=who.holder, cycle=cycle))
    others = [h for h in goods.holds_of(unit, who.holder) if h.expires_at > now and not (hold and h.id == hold.hold.id)]
    return Facing(
        who.how, person(unit, who.holder, who.card), balance.spendable, balance.pending, balance.debt, _last_time(unit, who.holder),
        blocked, hold, tuple(waiting(unit, h) for h in others), shelf, _agents(unit, who.holder),
    )  # fmt: skip


def person(unit: Unit, holder: str, card: str = "") -> Person:
    """Raises NotFound for an unknown holder."""
    found = people.holder(unit, holder)
    if found is None:
        raise NotFound("person")
    area = people.area(unit, found.area)
    place = "".join(area.path.split("/")[1:3]) if area else ""
    return Person(
        found.id, mask_name(found.name), found.name[:1], place, found.political_class, card or people.card_of(unit, holder),
        has_pin(unit, holder),
    )  # fmt: skip


def waiting(unit: Unit, hold: Hold) -> Waiting:
    found = goods.station(unit, hold.station)
    owner = mask_name(people.names(unit, [hold.holder]).get(hold.holder, ""))
    return Waiting(hold, found.name if found else hold.station, owner, desk_screen.hold_pieces(unit, hold.id))


def waiting_at(unit: Unit, actor: Actor, station: str, now: datetime) -> list[Waiting]:
    """Holds that wait at a keeper's station, oldest first. Raises WrongStation."""
    check_station(actor, unit, station)
    return [waiting(unit, hold) for hold in desk_screen.held_at(unit, station, now)]


def standing(unit: Unit, actor: Actor, station: str, now: datetime) -> Standing:
    """How a station stands now. Raises WrongStation, NotFound."""
    check_station(actor, unit, station)
    found = goods.station(unit, station)
    if found is None:
        raise NotFound("station")
    cycle, closed = _cycle(unit, now)
    session = unit.row(goods.SESSION_DESK, id=f"{cycle}.{station}") if cycle else None
    opened = desk_screen.open_desk(unit, f"{cycle}.{station}") if session else None
    zone = unit.book.settings.zone
    today = start_of_day(local_date(now, zone), zone)
    closes_at = None if closed else open_cycle_for_redeeming(unit, now).redeem_until
    return Standing(
        found, cycle, closes_at, opened, served_by(unit, opened.opened_by) if opened else "",
        desk_screen.handed_since(unit, station, today), desk_screen.held_count(unit, station, now), closed,
    )  # fmt: skip


def last_handed_over(unit: Unit, actor: Actor, station: str, now: datetime) -> HandedOver | None:
    """What this keeper handed over here within the time it may be taken back, if it still stands."""
    since = now - timedelta(seconds=unit.book.settings.redemption.undo_seconds)
    found = desk_screen.last_by_keeper(unit, station=station, keeper=actor.id, since=since)
    return None if found is None else described(unit, found)


def handed_over_today(unit: Unit, actor: Actor, station: str, now: datetime, most: int = 20) -> list[HandedOver]:
    """Today's hand-overs of a station, newest first. Raises WrongStation."""
    check_station(actor, unit, station)
    zone = unit.book.settings.zone
    today = start_of_day(local_date(now, zone), zone)
    return [described(unit, one) for one in goods.redemptions_at(unit, station, today, most)]


def hand_over(unit: Unit, actor: Actor, id: str) -> HandedOver:
    """One hand-over of the keeper's own stations. Raises NotFound, WrongStation."""
    found = goods.redemption(unit, id)
    if found is None:
        raise NotFound("redemption")
    check_station(actor, unit, found.station)
    return described(unit, found)


def described(unit: Unit, found: Redemption) -> HandedOver:
    station = goods.station(unit, found.station)
    name = mask_name(people.names(unit, [found.holder]).get(found.holder, ""))
    undo_until = found.at + timedelta(seconds=unit.book.settings.redemption.undo_seconds)
    reversal = journal.act_by_id(unit, found.reversed_by) if found.reversed_by else None
    return HandedOver(
        redemption=found,
        person=name,
        keeper=served_by(unit, found.keeper),
        station=station.name if station else found.station,
        pieces=desk_screen.redemption_pieces(unit, found.id),
        undo_until=undo_until,
        reversed_at=reversal.recorded_at if reversal else None,
    )


def outcome(unit: Unit, actor: Actor, key: str) -> dict[str, Any] | None:
    """What a request key of this actor came to, or None while nothing is known of it: how a page asks again after silence."""
    return desk_screen.answer_kept(unit, actor=actor.id, key=key)


def stations_of(unit: Unit, actor: Actor, most: int = 200) -> list[Station]:
    """The stations a keeper serves, by code; all of them for a keeper of the whole book."""
    scopes: Sequence[str] = actor.scopes("keeper")
    if "" in scopes or actor.is_console:
        return [Station(*row) for row in unit.rows(goods.STATIONS, after="", most=most)]
    return [found for code in sorted(set(scopes)) if (found := goods.station(unit, code)) is not None]


def check_agent(unit: Unit, holder: str, card: str, now: datetime) -> None:
    """Whether this card is that of somebody the holder named; handing over decides again.

    Raises: AgentNotNamed, and what `identify` raises.
    """
    seen = identify(unit, card, now=now)
    if seen.how != "card" or not agents.is_agent(unit, holder, seen.holder):
        raise AgentNotNamed()


def _agents(unit: Unit, holder: str) -> tuple[str, ...]:
    ids = agents.agents_of(unit, holder)
    names = people.names(unit, ids)
    return tuple(mask_name(names[id]) for id in ids if id in names)


def _cycle(unit: Unit, now: datetime) -> tuple[str, CycleClosed | None]:
    try:
        return open_cycle_for_redeeming(unit, now).name, None
    except CycleClosed as error:
        return "", error


def _picked_up(unit: Unit, who: Identified) -> Waiting | None:
    if who.how != "hold":
        return None
    hold = goods.hold(unit, who.hold)
    return None if hold is None else waiting(unit, hold)


def _blocked(unit: Unit, picked: Waiting, station: str, now: datetime) -> LedgerError | None:
    """Why a hold cannot be collected here and now; handing over decides again under lock."""
    hold = picked.hold
    if hold.state != "held":
        return resolved(unit, hold.id)
    if hold.station != station:
        return WrongStation(picked.station)
    return HoldExpired() if hold.expires_at <= now else None


def _last_time(unit: Unit, holder: str) -> LastTime | None:
    found = desk_screen.last_of(unit, holder)
    if found is None:
        return None
    station = goods.station(unit, found.station)
    return LastTime(found.at, station.name if station else found.station, desk_screen.redemption_pieces(unit, found.id))
