"""Open an activity: name, area within one's own, time, and the published rule it earns by."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Response, flash, request
from flask_babel import lazy_gettext as _
from wtforms import DateField, Form, IntegerField, SelectField, StringField, TimeField
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from ledger.domain.errors import InvalidInput, LedgerError
from ledger.storage.unit_of_work import Unit
from ledger.usecases import view_activity
from ledger.usecases.open_activity import open_activity
from ledger.web import gate
from ledger.web.asking import optional_key, page_request
from ledger.web.language import new_request_key
from ledger.web.organiser import showing
from ledger.web.organiser.place import ROLES, blueprint, go, page
from ledger.web.public.telling import today

NEEDED = InputRequired(_("要填这一项。"))


class ActivityForm(Form):
    """What the use case needs, as people type it: local dates and times."""

    name = StringField(_("活动名称"), [NEEDED, Length(max=80, message=_("最多80个字。"))])
    kind = StringField(_("类型"), [NEEDED, Length(max=40, message=_("最多40个字。"))], default="志愿服务")
    area = SelectField(_("社区或网格"), [NEEDED])
    place = StringField(_("集合地点"), [Optional(), Length(max=120, message=_("最多120个字。"))])
    day = DateField(_("日期"), [NEEDED])
    starts = TimeField(_("开始"), [NEEDED])
    ends = TimeField(_("结束"), [NEEDED])
    rule = SelectField(_("怎么计分"), [NEEDED])
    capacity = IntegerField(_("最多几人"), [Optional(), NumberRange(1, 100_000, message=_("填1到100000之间的整数。"))])

    class Meta:
        locales = ("zh",)


@blueprint.get("/activities/new")
@gate.allow(*ROLES)
def new() -> Response:
    form = gate.book().read(_form)
    form.day.data, form.starts.data, form.ends.data = today(), time(14), time(15)
    return _page(form)


@blueprint.post("/activities/new")
@gate.allow(*ROLES)
def take_new() -> Response:
    """Open it, and go to its page, where the screen is one press away."""
    form = gate.book().read(_form)
    if not form.validate():
        return _page(form, InvalidInput("body"), told=str(_("有几处要改，都标在下面。什么都没有写入。")))
    starts_at, ends_at = _times(form.day.data, form.starts.data, form.ends.data)
    values: dict[str, Any] = {
        "name": form.name.data, "kind": form.kind.data, "area": form.area.data, "rule": form.rule.data, "capacity": form.capacity.data,
        "place": form.place.data or "",
    }  # fmt: skip
    body = {**values, "starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}
    try:
        answer = open_activity(gate.book(), page_request("open_activity", body), starts_at=starts_at, ends_at=ends_at, **values)
    except LedgerError as error:
        return _page(form, error)
    said = _("“%(name)s”开好了，编号%(code)s。到点把签到码投到屏幕上。", name=answer["name"], code=answer["code"])
    flash(str(said), "done")
    return go("activity", id=answer["activity"])


def _form(unit: Unit) -> ActivityForm:
    form = ActivityForm(request.form)
    form.area.choices = [(area.code, _path_words(area.path)) for area in view_activity.areas(unit, gate.actor())]
    form.rule.choices = [(rule.id, showing.rule_words(rule)) for rule in view_activity.rules(unit, gate.now())]
    return form


def _path_words(path: str) -> str:
    """东苑社区 › 第1网格: the town is told only where nothing stands below it."""
    parts = path.split("/")
    return " › ".join(parts[1:] or parts)


def _times(day: date, starts: time, ends: time) -> tuple[datetime, datetime]:
    """Local times as moments; an end before the start is the next day's."""
    zone = ZoneInfo(gate.book_settings().zone)
    last = day if ends > starts else day + timedelta(days=1)
    return datetime.combine(day, starts, zone), datetime.combine(last, ends, zone)


def _page(form: ActivityForm, refused: LedgerError | None = None, told: str = "") -> Response:
    key = optional_key() or new_request_key()
    return page("new.html", title=str(_("开一个活动")), current="new", refused=refused, told=told, form=form, key=key)
