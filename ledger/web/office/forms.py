"""Forms of the office: what may be typed, checked before a use case sees it. CSRF is the gate's business."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from flask_babel import lazy_gettext as _
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from wtforms import BooleanField, DateField, DecimalField, IntegerField, PasswordField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from ledger.web.office.words import KINDS_OF_FILE, OUTCOMES, ROLES

NEEDED: Final = _("这里要填。")
REASON_MAX: Final = 200
AUTO: Final = "auto"
"""Let the headers say what kind of sheet it is."""


class OfficeForm(FlaskForm):
    class Meta:
        csrf = False


def _trimmed(text: str | None) -> str:
    return (text or "").strip()


def _text(label: Any, most: int, *, needed: bool = True, **more: Any) -> StringField:
    checks = [InputRequired(NEEDED) if needed else Optional(), Length(max=most, message=_("最多%(max)d个字。"))]
    return StringField(label, checks, filters=[_trimmed], **more)


def _reason(label: Any, *, needed: bool = True) -> TextAreaField:
    checks = [InputRequired(NEEDED) if needed else Optional(), Length(max=REASON_MAX, message=_("最多%(max)d个字。"))]
    return TextAreaField(label, checks, filters=[_trimmed], render_kw={"rows": 2, "maxlength": REASON_MAX})


def options(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    """(value, words) pairs as the options of a SelectField."""
    return [SelectChoice(value, words) for value, words in pairs]


class UploadForm(OfficeForm):
    file = FileField(_("表格文件"), [InputRequired(NEEDED)], render_kw={"accept": ".xlsx,.csv,.txt"})
    kind = SelectField(_("这是什么表"), [InputRequired(NEEDED)], choices=options([(AUTO, _("看表头自动认")), *KINDS_OF_FILE.items()]))
    as_of = DateField(_("截至日期"), [Optional()], render_kw={"type": "date"})
    strict = BooleanField(_("有一行退回，就整份不写"))


class AsOfForm(OfficeForm):
    as_of = DateField(_("截至日期"), [InputRequired(NEEDED)], render_kw={"type": "date"})


class AdvanceForm(OfficeForm):
    to = StringField(validators=[InputRequired()])
    reason = _reason(_("为什么提前走"))


class SecondForm(OfficeForm):
    """What the second person types on the same form."""

    second_login = _text(_("第二人的登录名"), 64, render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})
    second_password = PasswordField(_("第二人的密码"), [InputRequired(NEEDED), Length(max=128)], render_kw={"autocomplete": "off"})
    second_otp = _text(_("第二人的动态码"), 6, needed=False, render_kw={"inputmode": "numeric", "autocomplete": "off", "maxlength": 6})


class DecisionForm(OfficeForm):
    outcome = RadioField(_("怎么定"), [InputRequired(NEEDED)], choices=options(OUTCOMES.items()))
    answer = _reason(_("怎么答复"))


class PriceForm(OfficeForm):
    price = DecimalField(
        _("兑换积分"), [InputRequired(NEEDED), NumberRange(min=0, max=1_000_000)], places=None, render_kw={"inputmode": "decimal"}
    )
    limit = IntegerField(_("每人每季限兑"), [Optional(), NumberRange(min=1, max=10_000)], render_kw={"inputmode": "numeric"})
    reason = _reason(_("为什么改"), needed=False)


class RevealForm(OfficeForm):
    reason = _reason(_("为什么要看"))


class LoginForm(OfficeForm):
    login = _text(_("登录名"), 64, render_kw={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})
    role = SelectField(_("岗位"), [InputRequired(NEEDED)], choices=options(ROLES.items()))
    station = SelectField(_("驿站（站长才填）"), validate_choice=False)
    area = SelectField(_("网格（组织者才填）"), validate_choice=False)
    person = _text(_("是哪位志愿者"), 40, needed=False, render_kw={"autocomplete": "off"})


class GrantForm(OfficeForm):
    role = SelectField(_("岗位"), [InputRequired(NEEDED)], choices=options(ROLES.items()))
    station = SelectField(_("驿站（站长才填）"), validate_choice=False)
    area = SelectField(_("网格（组织者才填）"), validate_choice=False)
    until = DateField(_("到哪天为止"), [Optional()], render_kw={"type": "date"})
    deputy_for = _text(_("代谁（登录名）"), 64, needed=False, render_kw={"autocomplete": "off", "autocapitalize": "none"})


class ExportForm(OfficeForm):
    format = StringField(validators=[InputRequired()])
    cycle = StringField(filters=[_trimmed])
