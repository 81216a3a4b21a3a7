"""Bringing what people type to one form: full-width letters, invisible marks, spaces inside names, words that mean "nothing".

Normalising decides what counts as the same: a name written 张　三 and one written 张三 are one name, ＳＰ－０００１ is SP-0001.
"""

from __future__ import annotations

import re
import unicodedata

# Only the full-width forms: whole NFKC would turn 5² into 52 and ½ into 1/2, which in a number is a forgery of the cell.
_HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20, 0x00A0: 0x20, 0x2007: 0x20, 0x202F: 0x20}
_DASHES = dict.fromkeys(map(ord, "‐‑‒–—―−﹣"), "-")  # an office's input method writes any of them
_DOTS = dict.fromkeys(map(ord, "•‧・･∙⋅"), "·")  # 阿卜杜拉·买买提 is typed with every one of these
_NARROW = _HALF_WIDTH | _DASHES
_PLAIN = re.compile(r"[\x20-\x7e\u4e00-\u9fff]*")  # most cells: nothing here can need folding
_CJK = r"\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SPACE_BY_CJK = re.compile(rf"(?<=[{_CJK}·])\s+|\s+(?=[{_CJK}·])")
_DOT_IN_CJK = re.compile(rf"(?<=[{_CJK}])\.(?=[{_CJK}])")
_KEPT = dict(zip(map(ord, "，；：！？"), "\ue000\ue001\ue002\ue003\ue004", strict=True))
_KEPT_BACK = dict(zip(map(ord, "\ue000\ue001\ue002\ue003\ue004"), "，；：！？", strict=True))

_NOTHING = frozenset(
    {"", "-", "--", "---", "/", "\\", "无", "没有", "暂无", "不详", "未知", "无电话", "无手机", "无号码", "n/a", "none", "null"}
)


def written(value: object) -> str:
    """A cell as the text a person sees: 5.0 is "5", 13800000000.0 keeps its digits, an empty cell is ""."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, float):
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        return f"{value:.15g}"  # as many digits as Excel shows: 68.10000000000001 is 68.1
    return str(value)


def narrow(text: str) -> str:
    """Full-width letters, digits and signs as ASCII; every dash a hyphen; invisible marks gone; stripped. For phones, numbers, dates."""
    if text.isascii():
        return text.strip()
    return "".join(c for c in text.translate(_NARROW) if unicodedata.category(c) != "Cf").strip()


def text_of(value: object) -> str:
    """Free text: NFKC with single spaces, but ，；：！？ stay what they are, so that a sentence keeps its look."""
    text = written(value)
    if not _PLAIN.fullmatch(text):
        text = _visible(unicodedata.normalize("NFKC", text.translate(_KEPT))).translate(_KEPT_BACK)
    return " ".join(text.split())


def word_of(value: object) -> str:
    """A name of an area, a team or a column: NFKC, no spaces at all. 第１网格 is 第1网格."""
    text = written(value)
    if not _PLAIN.fullmatch(text):
        text = _visible(unicodedata.normalize("NFKC", text))
    return _composed("".join(text.split()))


def code_of(value: object) -> str:
    """A code such as SP-0001: NFKC, every dash a hyphen, no spaces, upper case."""
    return _composed(word_of(value).translate(_DASHES).upper())


def name_of(value: object) -> str:
    """A person's name: NFKC, one middle dot, no spaces next to Chinese, single ones between Latin words; "" when it has no letter."""
    text = written(value)
    if not _PLAIN.fullmatch(text):
        text = _visible(unicodedata.normalize("NFKC", text)).translate(_DOTS)
    text = _DOT_IN_CJK.sub("·", _SPACE_BY_CJK.sub("", _composed(" ".join(text.split()))))
    return "" if says_nothing(text) or not any(c.isalpha() for c in text) else text


def says_nothing(text: str) -> bool:
    """Whether a cell is empty or holds a word for empty: 无, 没有, -, /."""
    return narrow(text).lower() in _NOTHING


def _composed(text: str) -> str:
    """Normalised once more: where a space fell away, an accent may have met its letter."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _visible(text: str) -> str:
    """Without marks nobody sees, such as the U+202D that phones copied out of a chat carry."""
    return "".join(c for c in text if unicodedata.category(c) != "Cf")
