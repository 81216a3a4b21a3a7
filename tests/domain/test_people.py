"""Names and phones as the public may see them; who may act where."""

from __future__ import annotations

import pytest

from ledger.domain.errors import Forbidden
from ledger.domain.people import Actor, Grant, mask_name, mask_phone, require, require_area


@pytest.mark.parametrize(
    ("name", "masked"),
    [
        ("张三", "张*"), ("王玉兰", "王*兰"), ("诸葛亮", "诸葛*"), ("欧阳娜娜", "欧**娜"), ("司马相如", "司**如"), ("上官婉儿", "上**儿"),
        ("慕容", "慕*"), ("买买提·艾力", "买*·艾*"), ("阿卜杜拉·买买提·艾力", "阿*·买*·艾*"), ("张", "张*"), ("", "*"), ("  李芳 ", "李*"),
        ("爱新觉罗溥仪", "爱**仪"), ("John Smith", "J**h"), ("·", ""),
    ],
)  # fmt: skip
def test_a_name_hides_its_owner(name: str, masked: str) -> None:
    assert mask_name(name) == masked


def test_two_characters_hide_the_second_and_compound_surnames_their_given_one() -> None:
    for name in ("欧阳锋", "东方朔", "令狐冲"):
        assert mask_name(name) == name[:2] + "*"
    assert mask_name("欧阳") == "欧*"


@pytest.mark.parametrize(("phone", "masked"), [("13812341234", "138****1234"), ("", ""), ("110", ""), ("05338123456", "053****3456")])
def test_a_phone_shows_its_ends(phone: str, masked: str) -> None:
    assert mask_phone(phone) == masked


VOLUNTEER = Actor("V000001", person="V000001", grants=(Grant("volunteer"),))
ORGANISER = Actor("U000005", person="V000004", grants=(Grant("organiser", "dongyuan"),))
OFFICER = Actor("U000003", grants=(Grant("officer"),))
CONSOLE = Actor("console:root")
JOB = Actor("job:scheduler")


def test_a_role_is_needed_and_the_console_has_all_of_them() -> None:
    for actor in (OFFICER, CONSOLE, JOB):
        require(actor, "officer", "admin")
    for actor in (VOLUNTEER, ORGANISER):
        with pytest.raises(Forbidden):
            require(actor, "officer", "admin")


def test_an_organiser_acts_in_their_area_and_below() -> None:
    require_area(ORGANISER, ["dongyuan-1-w01", "dongyuan-1", "dongyuan", "shiqiao"])
    require_area(OFFICER, ["xiyuan"])
    require_area(CONSOLE, [])
    require_area(Actor("U1", grants=(Grant("organiser", ""),)), ["xiyuan"])
    for actor, lineage in ((ORGANISER, ["xiyuan", "shiqiao"]), (ORGANISER, []), (VOLUNTEER, ["dongyuan"])):
        with pytest.raises(Forbidden):
            require_area(actor, lineage)


def test_a_person_is_themselves_under_any_login() -> None:
    assert ORGANISER.is_self("V000004")
    assert not ORGANISER.is_self("V000001")
    assert not CONSOLE.is_self("")
