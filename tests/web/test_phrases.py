"""Every refusal has its words in both languages, in the tone of the house."""

import datetime as dt
import re

import pytest

from ledger import phrases
from ledger.domain import errors
from ledger.domain.errors import LedgerError
from ledger.domain.points import PointScale
from ledger.phrases import REFUSALS
from ledger.phrases.words import ROWS

ROW_CODES = ["missing_name", "bad_phone", "unknown_area", "unknown_person", "unknown_activity", "unknown_station", "unknown_goods"]
ROW_CODES += ["bad_date", "bad_number", "already_checked_in", "differs"]
NEVER = ("失败", "非法", "异常", "无权限", "错误")
AT_TWO = dt.datetime(2022, 10, 8, 6, 2, tzinfo=dt.UTC)


def every_error() -> list[type[LedgerError]]:
    kinds = [LedgerError]
    for kind in kinds:
        kinds.extend(kind.__subclasses__())
    return kinds


@pytest.mark.parametrize("error", every_error(), ids=lambda e: e.__name__)
def test_every_refusal_has_a_title_and_a_sentence_in_both_languages(error):
    refusal = REFUSALS[error.code]
    for chinese, english in (refusal.title, *refusal.says, *refusal.staff):
        assert re.search(r"[一-鿿]", chinese)
        assert english
        assert not re.search(r"[一-鿿]", english)
        assert phrases.placeholders(chinese) == tuple(n for n in phrases.placeholders(chinese) if n in phrases.placeholders(english))


def test_every_code_of_the_domain_is_spoken_of_and_no_other():
    codes = {error.code for error in every_error()}
    later = {"device_revoked", "not_owned_offline"}
    assert set(REFUSALS) - later == codes - later


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_no_sentence_blames_or_says_what_the_house_never_says(code):
    refusal = REFUSALS[code]
    for chinese, _ in (refusal.title, *refusal.says, *refusal.staff):
        assert not any(word in chinese for word in NEVER)
    for chinese, _ in refusal.staff:
        assert "您" not in chinese


@pytest.mark.parametrize("code", ROW_CODES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_row_code_has_a_message(code, language):
    text = phrases.row_message(code, "手机号", language)
    assert text and "{" not in text
    assert set(ROWS) == set(ROW_CODES)


@pytest.mark.parametrize("language", ["zh", "en", "zh_Hans_CN", "fr"])
@pytest.mark.parametrize("audience", ["resident", "staff"])
def test_no_refusal_without_facts_is_left_speechless(language, audience):
    for code in REFUSALS:
        bare = LedgerError()
        bare.code = code
        text = phrases.sentence(bare, language, audience=audience)
        assert text
        assert "{" not in text


def test_points_are_told_in_points_of_the_book():
    error = errors.NotEnoughPoints(spendable_points=360, needed_points=505)
    assert phrases.sentence(error, "zh", PointScale(1)).startswith("还差14.5分：可用36分，要50.5分。")


def test_the_table_of_the_house_is_kept_word_for_word():
    said = {
        errors.PassExpired(): "这张码已换新，请再亮一次。积分没动。",
        errors.PassAlreadyUsed("2022-10-08T14:05:00+08:00", "东苑站", "李*芳"): "这张码14:05已在东苑站用过，经手李*芳。先核对，别重复发。",
        errors.NotOpen("2022-10-08T13:45:00+08:00", "2022-10-08T14:00:00+08:00"): "14:00开始，13:45起可签到。不用离开，到点再点一次。",
        errors.OverlappingService("清扫小广场"): "您正在“清扫小广场”服务。换活动前，先在那边签退。",
        errors.NotEnoughPoints(36, 50): "还差14分：可用36分，要50分。可少拿一样，或选够分的。",
        errors.WrongStation("西苑站"): "这份预留在西苑站。要在这里领，请本人先取消。",
    }
    for error, text in said.items():
        assert phrases.sentence(error, now=AT_TWO) == text


def test_a_time_on_another_day_carries_its_date():
    error = errors.PassAlreadyUsed("2022-10-07T14:05:00+08:00", "东苑站", "李*芳")
    assert "10月7日14:05" in phrases.sentence(error, now=AT_TWO)
    assert "14:05 on 7 October" in phrases.sentence(error, "en", now=AT_TWO)


def test_a_fact_from_outside_is_never_a_format():
    assert "{0.__class__}" in phrases.sentence(errors.OverlappingService("{0.__class__}"))
