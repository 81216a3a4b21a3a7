"""What a scanner gun or an input method makes of our letters, and the way back.

Only what is listed here is understood; every other character (NUL, bidi marks, look-alike letters and digits of other scripts) is not ours.
"""

from ledger.domain.errors import PassInvalid

TYPED_MAX = 640  # characters: three double reads of the longest link

_ASCII = {code: chr(code) for code in range(0x21, 0x7F)}
_FULL_WIDTH = {code + 0xFEE0: chr(code) for code in range(0x21, 0x7F)}
# What a Chinese input method prints for the keys a gun presses: `/` as an enumeration comma, `.` as a full stop.
_CHINESE_MARKS = {ord("、"): "/", ord("。"): ".", ord("\uff61"): ".", ord("【"): "[", ord("】"): "]"}
_BLANKS = {ord(blank): " " for blank in " \t\r\n\u3000\u00a0"}
_ONE_FORM = {code: mark.upper() for code, mark in (_ASCII | _FULL_WIDTH | _CHINESE_MARKS).items()}
_ONE_FORM_OR_BLANK = _ONE_FORM | _BLANKS


def in_one_form(text: str) -> str:
    """Upper-case, half-width letters, digits and marks. Raises: PassInvalid for anything else, blanks too, and over TYPED_MAX."""
    return _mapped(text, _ONE_FORM)


def with_blanks(text: str) -> str:
    """As `in_one_form`, but spaces, tabs, line ends and ideographic spaces are kept, each as one space. Raises: PassInvalid."""
    return _mapped(text, _ONE_FORM_OR_BLANK)


def _mapped(text: str, forms: dict[int, str]) -> str:
    if len(text) > TYPED_MAX:
        raise PassInvalid
    try:
        return "".join([forms[ord(mark)] for mark in text])
    except KeyError:
        raise PassInvalid from None
