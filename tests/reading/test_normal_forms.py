"""What counts as the same text, telephone number, amount or moment."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.paperwork.amounts import decimal_of, degrees_of, fen_of, whole_of
from ledger.paperwork.moments import Moment, moment_of, time_on
from ledger.paperwork.normal import code_of, name_of, says_nothing, text_of, word_of
from ledger.paperwork.phones import phones_of


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("张三", "张三"),
        (" 张　三 ", "张三"),
        ("张\u00a0三\n", "张三"),
        ("欧阳 娜 娜", "欧阳娜娜"),
        ("阿卜杜拉•买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉 ・ 买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉.买买提", "阿卜杜拉·买买提"),
        ("阿卜杜拉．买买提", "阿卜杜拉·买买提"),
        ("John   Smith", "John Smith"),
        ("Ｊｏｈｎ　Ｓｍｉｔｈ", "John Smith"),
        ("\u202d张三\u202c", "张三"),
        ("⽂⼩⾬", "文小雨"),  # radicals, as text copied out of a PDF has them
        ("𠮷田", "𠮷田"),
        ("无", ""),
        ("-", ""),
        ("123", ""),
        ("", ""),
        (None, ""),
        (12.0, ""),
    ],
)
def test_names(written: object, name: str) -> None:
    assert name_of(written) == name


@pytest.mark.parametrize(
    ("written", "phones"),
    [
        ("13812345678", ("13812345678",)),
        (13812345678.0, ("13812345678",)),
        (13812345678, ("13812345678",)),
        ("１３８１２３４５６７８", ("13812345678",)),
        ("+8613812345678", ("13812345678",)),
        ("＋86 138 1234 5678", ("13812345678",)),
        ("0086-138-1234-5678", ("13812345678",)),
        ("8613812345678", ("13812345678",)),
        ("(+86)13812345678", ("13812345678",)),
        ("138－1234－5678", ("13812345678",)),
        ("138–1234—5678", ("13812345678",)),
        ("\u202d138 1234 5678\u202c", ("13812345678",)),
        ("13812345678、13987654321", ("13812345678", "13987654321")),
        ("13812345678/13987654321", ("13812345678", "13987654321")),
        ("13812345678；13987654321；", ("13812345678", "13987654321")),
        ("13812345678\n13987654321", ("13812345678", "13987654321")),
        ("13812345678 13987654321", ("13812345678", "13987654321")),
        ("13812345678，13812345678", ("13812345678",)),
        ("", ()),
        (None, ()),
        ("无", ()),
        (" 没有 ", ()),
        ("—", ()),
        ("／", ()),
        ("138 0533", None),
        ("1380533", None),
        ("0533-3581234x", None),
        ("0533-3581234", None),
        ("12812345678", None),
        ("138123456789", None),
        ("13812345678 转 8", None),
        ("1.3812345678e10", None),
        ("1.38E+10", None),
        (1.5, None),
        (True, None),
        ("13812345678、1380533", None),
        ("١٣٨١٢٣٤٥٦٧٨", None),
        ("138²12345678", None),
        ("13812345678;" * 50, None),
    ],
)
def test_phones(written: object, phones: tuple[str, ...] | None) -> None:
    assert phones_of(written) == phones


@pytest.mark.parametrize("written", ["0533-3581234", "（0533）3581234", "0533 3581234", "+86 0533-3581234", "０５３３－３５８１２３４"])
def test_landlines_are_for_contacts_only(written: str) -> None:
    assert phones_of(written, landlines=True) == ("05333581234",)
    assert phones_of(written) is None


@pytest.mark.parametrize(
    ("written", "number"),
    [
        (5.0, "5"),
        (5, "5"),
        ("5", "5"),
        ("５", "5"),
        ("5.0", "5"),
        ("2.50", "2.5"),
        (2.25, "2.25"),
        (0.1 + 0.2, "0.3"),
        ("1,234", "1234"),
        ("1，234,567", "1234567"),
        ("9999999", "9999999"),
        ("007", "7"),
        (0.0, "0"),
        *(
            (bad, None)
            for bad in ("-1", "+1", "1_000", "1e5", "NaN", "inf", "10000000", "12,345,678", "1,23", "1 2", "5分", "五", "", " ", ".5", "5.")
        ),
        *((bad, None) for bad in (-1.0, -0.5, float("nan"), float("inf"), 1e7, 1e400, 2.125, True, False, None, "١", "²", "½", "5²")),
    ],
)
def test_amounts(written: object, number: str | None) -> None:
    found = decimal_of(written, places=2)
    assert (found if found is None else str(found)) == number


def test_counts_are_whole() -> None:
    assert (whole_of(5.0), whole_of("5.0"), whole_of("12"), whole_of(5.5), whole_of("5.5"), whole_of("")) == (5, 5, 12, None, None, None)


def test_money_becomes_fen() -> None:
    assert (fen_of(68.0), fen_of("29.9"), fen_of("¥68.00"), fen_of("￥ 68"), fen_of("1,068.5元")) == (6800, 2990, 6800, 6800, 106850)
    assert (fen_of("29.905"), fen_of("-1"), fen_of("六十八"), fen_of(None), fen_of(19.9 * 3)) == (None, None, None, None, 5970)


def test_degrees_stay_as_written() -> None:
    assert (degrees_of("118.046347"), degrees_of(36.869478), degrees_of("-1.50")) == (
        Decimal("118.046347"),
        Decimal("36.869478"),
        Decimal("-1.50"),
    )
    assert (degrees_of("181"), degrees_of("118°"), degrees_of("nan"), degrees_of(True)) == (None, None, None, None)


JULY_3 = date(2022, 7, 3)


def hm(hours: int, minutes: int = 0) -> timedelta:
    return timedelta(hours=hours, minutes=minutes)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        *(
            (text, Moment(JULY_3))
            for text in ("2022.7.3", "2022-07-03", "2022/7/3", "2022年7月3日", "20220703", "2022 年 7 月 3 日", "２０２２．７．３")
        ),
        *(
            (text, Moment(JULY_3))
            for text in ("2022年07月03号", "2022年7月3日（星期日）", "2022.7.3 周日", "44745", JULY_3, 44745.0, 44745, 20220703.0)
        ),
        (datetime(2022, 7, 3, 16, 54), Moment(JULY_3, hm(16, 54))),
        (datetime(2022, 7, 3, 16, 53, 59, 999000), Moment(JULY_3, hm(16, 54))),
        (44745.704166666663, Moment(JULY_3, hm(16, 54))),
        (0.704166666666667, Moment(None, hm(16, 54))),
        (1.0, Moment(None, hm(24))),
        (time(16, 54), Moment(None, hm(16, 54))),
        (hm(24), Moment(None, hm(24))),
        *(
            (text, Moment(None, hm(16, 54)))
            for text in ("16:54", "１６：５４", "下午4:54", "4:54 PM", "16时54分", "16点54", "下午 4点54分", "16:54:00")
        ),
        ("下午2:30", Moment(None, hm(14, 30))),
        ("下午2点半", Moment(None, hm(14, 30))),
        ("上午9点", Moment(None, hm(9))),
        ("中午12:00", Moment(None, hm(12))),
        ("中午1点", Moment(None, hm(13))),
        ("凌晨12点", Moment(None, hm(0))),
        ("24:00", Moment(None, hm(24))),
        ("2022/9/9 16:54", Moment(date(2022, 9, 9), hm(16, 54))),
        ("2022-09-09T16:54:30", Moment(date(2022, 9, 9), hm(16, 54) + timedelta(seconds=30))),
        ("2022年9月9日下午4:54", Moment(date(2022, 9, 9), hm(16, 54))),
        ("2022年9月9日 17:00-19:00", Moment(date(2022, 9, 9), hm(17), hm(19))),
        ("17:00至19:00", Moment(None, hm(17), hm(19))),
        ("9:00～11:30", Moment(None, hm(9), hm(11, 30))),
        *(
            (bad, None)
            for bad in (
                "",
                "7.3",
                "22.7.3",
                "2022.13.1",
                "2022.2.30",
                "2022年7月",
                "2022.7.3 17",
                "25:00",
                "24:01",
                "16:60",
                "待定",
                "1899.1.1",
            )
        ),
        *(
            (bad, None)
            for bad in ("2022.7.314:30", "2022.7.3-7.5", "5", 5.0, -1.0, float("nan"), 1e12, 20221301.0, True, None, "١٦:٥٤", "2022-7-3Z")
        ),
        (timedelta(hours=25), None),
        (datetime(1850, 1, 1), None),
        (date(9999, 12, 31), None),
    ],
)
def test_moments(written: object, moment: Moment | None) -> None:
    assert moment_of(written) == moment


def test_the_end_of_a_day_is_the_start_of_the_next() -> None:
    assert time_on(hm(24)) == time(0, 0) and time_on(hm(16, 54)) == time(16, 54)


def test_words_codes_and_sentences() -> None:
    assert word_of("第１ 网格") == "第1网格"
    assert code_of(" ｓｐ－０００１ ") == code_of("SP—0001") == "SP-0001"
    assert code_of(1001.0) == "1001"
    assert text_of("石桥街道，１２号；  （东门）") == "石桥街道，12号； (东门)"
    assert says_nothing("　") and says_nothing("N/A") and not says_nothing("吴")


@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.none(), st.datetimes(), st.dates(), st.times(), st.timedeltas()))
def test_nothing_in_a_cell_raises(value: object) -> None:
    name = name_of(value)
    assert name_of(name) == name
    assert code_of(code_of(value)) == code_of(value)
    for phones in (phones_of(value), phones_of(value, landlines=True)):
        assert phones is None or all(p.isascii() and p.isdigit() for p in phones)
    number = decimal_of(value, places=2)
    assert number is None or 0 <= number < 10_000_000
    moment_of(value), fen_of(value), whole_of(value), degrees_of(value), text_of(value), word_of(value)
