import pytest

from ledger.domain.errors import PassInvalid
from ledger.passes.links import pass_in, url_of
from ledger.passes.signing import PassSigner
from ledger.passes.spoken import check_letter

CARD = "EAAVHYKABAAAB5S7QHZBYV4MSKJTR2Q"
OTHER = "EAAVHYKABAAAB5S7QHZBYV4MSKJTR2R"
SPOKEN = "K7PW3M9" + check_letter("K7PW3M9")
ORIGIN = "https://points.dongyuan.cn"
OURS = (ORIGIN, "http://192.168.1.5:8000")
LINK = f"HTTPS://POINTS.DONGYUAN.CN/Q/{CARD}"


def wide(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter for letter in text)


def typed_in_chinese(text: str) -> str:
    """What an input method in Chinese mode, half-width letters, prints for the keys of a gun."""
    return text.replace(":", "：").replace("/", "、").replace(".", "。")


def dirt_of(card: str) -> dict[str, str]:
    """What reaches the field, by what went wrong on the way."""
    link, lan, prefix = f"HTTPS://POINTS.DONGYUAN.CN/Q/{card}", f"HTTP://192.168.1.5:8000/Q/{card}", "HTTPS://POINTS.DONGYUAN.CN/Q/"
    return {
        "nothing": link,
        "the pass alone": card,
        "enter": link + "\n",
        "return and line feed": link + "\r\n",
        "tab": link + "\t",
        "tab and enter": link + "\t\r\n",
        "blanks around": f"  {link}  ",
        "wide blanks around": f"\u3000{link}\u3000",
        "a no-break space after a paste": f"\u00a0{link}\u00a0",
        "small letters": link.lower(),
        "mixed letters": link.title(),
        "small pass alone": card.lower(),
        "wide letters and marks": wide(link),
        "wide small letters": wide(link.lower()),
        "wide pass alone": wide(card),
        "half of it wide": link[:30] + wide(link[30:]),
        "wide colon": link.replace(":", "："),
        "wide strokes": link.replace("/", "／"),
        "wide colon and strokes": link.replace(":", "：").replace("/", "／"),
        "enumeration commas for strokes": link.replace("/", "、"),
        "Chinese mode": typed_in_chinese(link),
        "Chinese mode, small letters": typed_in_chinese(link.lower()),
        "Chinese mode, tab": typed_in_chinese(link) + "\t",
        "Chinese mode, wide letters": wide(link).replace("／", "、").replace("．", "。"),
        "half-width ideographic full stop": link.replace(".", "｡"),
        "shift lost on the colon": link.replace(":", ";"),
        "shift lost in Chinese mode": typed_in_chinese(link).replace("：", "；"),
        "first letter lost": link[1:],
        "two letters lost": link[2:],
        "scheme lost": link.removeprefix("HTTPS"),
        "scheme and colon lost": link.removeprefix("HTTPS:"),
        "all before the host lost": link.removeprefix("HTTPS://"),
        "half of the host lost": link[15:],
        "all before the path lost": "/Q/" + card,
        "first stroke lost too": "Q/" + card,
        "the last stroke left": "/" + card,
        "one stroke lost": link.replace("//", "/"),
        "both strokes lost": link.replace("//", ""),
        "colon lost": link.replace(":", ""),
        "colon and strokes lost": link.replace("://", ""),
        "strokes doubled": link.replace("/Q/", "//Q//"),
        "scheme doubled": "HTTPS://" + link,
        "scheme doubled in Chinese mode": typed_in_chinese("HTTPS://" + link),
        "whole prefix doubled": prefix + link,
        "prefix doubled with its start lost": prefix[3:] + link,
        "read twice": link + link,
        "read twice with enter": f"{link}\n{link}\n",
        "read twice with tab": f"{link}\t{link}\t",
        "read three times": link * 3,
        "read four times": link * 4,
        "pass read twice": card * 2,
        "pass read twice with a blank": f"{card} {card}",
        "pass read four times": card * 4,
        "read twice, second without scheme": link + link.removeprefix("HTTPS://"),
        "read twice, second the pass alone": f"{link} {card}",
        "read twice in Chinese mode": typed_in_chinese(link) * 2,
        "one read wide, one not": wide(link) + link,
        "a blank after the prefix": link.replace("/Q/", "/Q/ "),
        "the gun's symbology mark": "]Q1" + link,
        "the gun's symbology mark, wide": wide("]Q1") + link,
        "the gun's symbology mark in Chinese mode": "】Q1" + typed_in_chinese(link),
        "the mark at each of two reads": f"]Q1{link}]Q1{link}",
        "a stroke at the end": link + "/",
        "the address in the house": lan,
        "the address in the house, wide": wide(lan),
        "the address in the house in Chinese mode": typed_in_chinese(lan),
        "the address in the house, shift lost": lan.replace(":", ";"),
        "the address in the house, start lost": lan[9:],
    }


DIRT = dirt_of(CARD)
SPOKEN_DIRT = {
    "as it is": SPOKEN,
    "grouped": f"{SPOKEN[:4]} {SPOKEN[4:]}",
    "grouped by two blanks": f"{SPOKEN[:4]}  {SPOKEN[4:]}",
    "grouped by a wide blank": f"{SPOKEN[:4]}\u3000{SPOKEN[4:]}",
    "hyphen": f"{SPOKEN[:4]}-{SPOKEN[4:]}",
    "wide hyphen": f"{SPOKEN[:4]}－{SPOKEN[4:]}",
    "every letter apart": " ".join(SPOKEN),
    "small": SPOKEN.lower(),
    "wide": wide(SPOKEN),
    "wide and small": wide(SPOKEN.lower()),
    "tab and enter": SPOKEN + "\t\n",
    "twice": SPOKEN * 2,
    "twice, grouped": f"{SPOKEN[:4]} {SPOKEN[4:]} {SPOKEN[:4]} {SPOKEN[4:]}",
    "twice by hyphens": f"{SPOKEN[:4]}-{SPOKEN[4:]}{SPOKEN[:4]}-{SPOKEN[4:]}",
    "in a link": f"{ORIGIN}/q/{SPOKEN}",
    "in a link in Chinese mode": typed_in_chinese(f"{ORIGIN}/q/{SPOKEN}"),
}  # fmt: skip

HOST = "points.dongyuan.cn"
FOREIGN_HOSTS = (
    # another name
    "evil.cn", "points.dongyuan.com", "points.dongyuan.cn.evil.cn", "evil.cn.points.dongyuan.cn", "evilpoints.dongyuan.cn",
    "points-dongyuan.cn",
    "points.dongyuan.cn-evil.cn", "pointsdongyuan.cn", "points.dongyuancn", "dongyuan.cn", "www.dongyuan.cn", "cn", "oints.dongyuan.cn",
    "xpoints.dongyuan.cn", "points.dongyuan.c", "points.dongyuan.cnn", "points..dongyuan.cn", "point5.dongyuan.cn", "p0ints.dongyuan.cn",
    "points.d0ngyuan.cn", "points.dongyuam.cn", "poimts.dongyuan.cn", "points.dongyuan.co", "points.dongyuan.cn.cn", "localhost", "[::1]",
    "127.0.0.1", "192.168.1.5", "192.168.1.50", "3232235781", "0xc0a80105", "points.dongyuan.cn%2eevil.cn", "points.dongyuan.cn%00.evil.cn",
    # a dot at the end
    "points.dongyuan.cn.", "points.dongyuan.cn..", ".points.dongyuan.cn", "points.dongyuan.cn。", "points.dongyuan.cn．",
    # a port
    "points.dongyuan.cn:8443", "points.dongyuan.cn:444", "points.dongyuan.cn:80", "points.dongyuan.cn:4430", "points.dongyuan.cn:",
    "points.dongyuan.cn:0",
    # somebody before the @
    "points.dongyuan.cn@evil.cn", "evil@points.dongyuan.cn", "points.dongyuan.cn:443@evil.cn", "@points.dongyuan.cn",
    "a:b@points.dongyuan.cn",
    "points.dongyuan.cn%40evil.cn", "points.dongyuan.cn＠evil.cn",
    # international look-alikes
    "pоints.dongyuan.cn", "points.dоngyuan.cn", "роints.dongyuan.cn", "points.dongyuаn.cn", "pοints.dongyuan.cn", "póints.dongyuan.cn",
    "points.dongyuan.ċn", "pointꜱ.dongyuan.cn", "ⓟoints.dongyuan.cn", "𝐩oints.dongyuan.cn", "xn--pints-6we.dongyuan.cn",
    "points.dongyuan.中国",
    "points·dongyuan.cn", "points․dongyuan.cn", "points.dongyuan.cn\u200b", "points.dong\u00adyuan.cn", "points.dongyuan.cn\u202e",
    "\u2066points.dongyuan.cn",
    # strokes that are none
    "points.dongyuan.cn\\@evil.cn", "evil.cn\\points.dongyuan.cn", "evil.cn#points.dongyuan.cn", "evil.cn?points.dongyuan.cn",
    "points.dongyuan.cn?evil.cn",
    "points.dongyuan.cn#evil.cn", "points.dongyuan.cn;evil.cn", "points.dongyuan.cn,evil.cn", "points.dongyuan.cn∕evil.cn",
    "points.dongyuan.cn⁄evil.cn",
    "points.dongyuan.cn\0evil.cn", "points.dongyuan.cn&evil.cn", "evil.cn/points.dongyuan.cn", "points.dongyuan.cn/evil.cn",
)  # fmt: skip
FOREIGN_LINKS = (
    *(f"https://{host}/q/{CARD}" for host in FOREIGN_HOSTS),
    f"http://{HOST}/q/{CARD}", f"ftp://{HOST}/q/{CARD}", f"javascript://{HOST}/q/{CARD}", f"https:\\\\{HOST}/q/{CARD}",
    f"httpss://{HOST}/q/{CARD}",
    f"https:///evil.cn/q/{CARD}", f"https://https://evil.cn/q/{CARD}", f"https:evil.cn/q/{CARD}", f"httpsevil.cn/q/{CARD}",
    f"//evil.cn/q/{CARD}",
    f"https://{HOST}/go?to={CARD}", f"https://{HOST}/x/{CARD}", f"https://{HOST}/{CARD}/q", f"https://{HOST}/q/../x/{CARD}",
    f"https://{HOST}/q/{CARD}?to=evil.cn",
    f"https://{HOST}/q/{CARD}#x", f"https://{HOST}/q?{CARD}", f"https://evil.cn/https://{HOST}/q/{CARD}",
    f"https://{HOST}.evil.cn/q/{CARD} {LINK}",
    f"{LINK} https://evil.cn/q/{CARD}", f"http://192.168.1.5/q/{CARD}", f"http://192.168.1.5:80000/q/{CARD}",
    f"https://192.168.1.5:8000/q/{CARD}",
    f"http://1192.168.1.5:8000/q/{CARD}", f"http://192.168.1.5:8000@evil.cn/q/{CARD}", f"weixin://dl/scan?{CARD}",
)  # fmt: skip


@pytest.mark.parametrize("typed", DIRT.values(), ids=DIRT.keys())
def test_a_pass_is_found_in_what_a_gun_typed(typed: str) -> None:
    assert pass_in(typed, OURS) == CARD


def test_no_pass_is_lost_for_the_letters_it_ends_or_begins_with(signer: PassSigner) -> None:
    # "Q/" broken off a prefix once cut the last letter from every pass that ended in Q.
    cards = [signer.card(f"V{number:06d}") for number in range(150)] + [CARD[:-1] + letter for letter in "HTPSQ27"]
    wrong = [(card, how) for card in cards for how, typed in dirt_of(card).items() if pass_in(typed, OURS) != card]
    assert wrong == []


@pytest.mark.parametrize("typed", SPOKEN_DIRT.values(), ids=SPOKEN_DIRT.keys())
def test_a_spoken_code_is_found_in_what_was_typed(typed: str) -> None:
    assert pass_in(typed, OURS) == SPOKEN


def test_at_least_forty_kinds_of_dirt_and_a_hundred_look_alikes_are_kept() -> None:
    assert len(set(DIRT.values())) >= 40
    assert len(set(FOREIGN_LINKS)) >= 100


@pytest.mark.parametrize("typed", FOREIGN_LINKS)
def test_a_link_to_another_door_is_refused(typed: str) -> None:
    for form in (typed, typed.upper(), wide(typed), typed + "\n", typed * 2):
        with pytest.raises(PassInvalid):
            pass_in(form, OURS)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "\t\n", "/", "/Q/", LINK.removesuffix(CARD), "V000123", "13800000000", "你好", "K7PW", SPOKEN[:7], SPOKEN + "2",
        f"{SPOKEN} {CARD}",
        f"{CARD} {OTHER}", LINK + LINK.replace(CARD, OTHER), f"{CARD} {CARD[:-1]}", f"{CARD[:9]} {CARD[9:]}", f"{CARD}-",
        f"{CARD[:4]}-{CARD[4:]}", CARD * 5,
        CARD.replace("A", "1"), LINK + "?from=singlemessage", f"{CARD}\0", f"\u202e{CARD}", f"{CARD}\u200b", f"{CARD}\ufeff", "]Q1",
        CARD[:25], "A" * 145,
        SPOKEN.replace("7", "٧"), SPOKEN[:7] + check_letter("K7PW3M8"),
    ],
)  # fmt: skip
def test_what_holds_no_single_code_is_refused(typed: str) -> None:
    with pytest.raises(PassInvalid):
        pass_in(typed, OURS)


def test_a_link_of_ours_is_foreign_to_another_district() -> None:
    with pytest.raises(PassInvalid):
        pass_in(LINK, ("https://points.xicheng.cn",))
    with pytest.raises(PassInvalid):
        pass_in(LINK, ())
    assert pass_in(CARD, ()) == CARD


@pytest.mark.parametrize(
    ("public_url", "link"),
    [
        ("https://points.dongyuan.cn", LINK),
        ("https://points.dongyuan.cn/", LINK),
        ("https://Points.Dongyuan.cn:443", LINK),
        ("http://192.168.1.5:8000", f"HTTP://192.168.1.5:8000/Q/{CARD}"),
        ("http://[::1]:8000", f"HTTP://[::1]:8000/Q/{CARD}"),
        ("https://积分.中国", f"HTTPS://XN--VHQRB.XN--FIQS8S/Q/{CARD}"),
    ],
)
def test_a_link_is_capitals_and_is_found_again(public_url: str, link: str) -> None:
    made = url_of(public_url, CARD)
    assert made.endswith(f"/Q/{CARD}")
    assert made == made.upper()
    assert pass_in(made, (public_url,)) == CARD
    if "XN--" not in link:
        assert made == link


@pytest.mark.parametrize(
    "public_url",
    [
        "points.cn",
        "ftp://points.cn",
        "https://",
        "https://points.cn/app",
        "https://points.cn?x=1",
        "https://a@points.cn",
        "https://points.cn:x",
    ],
)
def test_a_public_address_of_another_shape_is_a_slip_of_the_settings(public_url: str) -> None:
    with pytest.raises(ValueError):
        url_of(public_url, CARD)
    with pytest.raises(ValueError):
        pass_in(CARD, (public_url,))
