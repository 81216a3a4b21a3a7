import base64
import io
import re
import time
import xml.etree.ElementTree as ET
from datetime import datetime

import pytest
from PIL import Image, ImageFilter

from ledger.passes.image import PHOTO_PIXELS_MAX, module_count, png_data_uri, qr_png, qr_svg, read_photo, svg_bytes
from ledger.passes.links import pass_in, url_of
from ledger.passes.signing import PassSigner

ORIGIN = "https://points.example.o"  # 24 characters
LINK = "HTTPS://POINTS.EXAMPLE.O/Q/EAAVHYKABAAAB5S7QHZBYV4MSKJTR2Q"


def picture(mode: str = "RGB") -> Image.Image:
    return Image.open(io.BytesIO(qr_png(LINK))).convert("RGB").convert(mode)


def as_file(image: Image.Image, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def drawn(svg: str, pixels: int) -> Image.Image:
    """Draws the boxes of our SVG, as a browser would."""
    side = int(re.search(r'viewBox="0 0 (\d+) ', svg)[1])
    image = Image.new("L", (side * pixels, side * pixels), 90)  # a dark page behind it
    for path in ET.fromstring(svg):
        colour = {"#fff": 255, "#000": 0}[path.get("fill")]
        for x, y, width, height in re.findall(r"M(\d+) (\d+)h(\d+)v(\d+)[hH]-?\d+z", path.get("d").replace("M0 0h", "M0 0h")):
            box = [int(x) * pixels, int(y) * pixels, (int(x) + int(width)) * pixels, (int(y) + int(height)) * pixels]
            image.paste(colour, tuple(box))
    return image


def test_every_pass_survives_the_way_through_a_picture(signer: PassSigner, now: datetime) -> None:
    hold = "01890a5d-ac96-774b-bcce-b302099a8058"
    for text in (
        signer.card("V000123"),
        signer.volunteer_code("V000123", now, bytes(6)),
        signer.activity_code(hold, now),
        signer.hold(hold),
    ):
        link = url_of(ORIGIN, text)
        assert read_photo(qr_png(link, module_pixels=4)) == [link]
        assert signer.read(pass_in(read_photo(qr_png(link))[0], (ORIGIN,)), now) == signer.read(text, now)


def test_the_svg_is_black_on_white_and_reads_as_the_same_text() -> None:
    svg = qr_svg(LINK)
    assert set(re.findall(r'fill="([^"]+)"', svg)) == {"#fff", "#000"}
    assert read_photo(as_file(drawn(svg, 5))) == [LINK]
    assert svg_bytes(LINK) == svg.encode()


def test_the_svg_can_stand_many_times_on_one_page() -> None:
    svg = qr_svg(LINK)
    assert " id=" not in svg
    assert "style" not in svg
    assert len(svg) < 4500


def test_the_quiet_zone_is_four_modules_unless_asked() -> None:
    assert module_count(LINK) == module_count(LINK, border=0) + 8
    assert f'viewBox="0 0 {module_count(LINK)} {module_count(LINK)}"' in qr_svg(LINK)
    assert f'viewBox="0 0 {module_count(LINK, border=1)} ' in qr_svg(LINK, border=1)
    assert Image.open(io.BytesIO(qr_png(LINK, module_pixels=3))).size == (module_count(LINK) * 3,) * 2


def test_print_can_fix_the_size_of_a_module() -> None:
    assert f'width="{37 * 0.8:g}mm" height="{37 * 0.8:g}mm"' in qr_svg(LINK, module_mm=0.8)
    assert "width" not in qr_svg(LINK)


def test_a_card_of_a_24_character_origin_is_printed_within_41_modules(signer: PassSigner) -> None:
    link = url_of(ORIGIN, signer.card("V000123"))
    assert len(ORIGIN) == 24
    assert len(link) == 58
    assert module_count(link) == 37
    assert 34 / module_count(link) > 0.83
    assert module_count(url_of(ORIGIN, signer.card("YZ00123456"))) == 37


def test_a_volunteer_code_is_at_most_version_4(signer: PassSigner, now: datetime) -> None:
    assert module_count(url_of(ORIGIN, signer.volunteer_code("V000123", now, bytes(6)))) == 41


def test_a_picture_is_drawn_once(signer: PassSigner) -> None:
    link = url_of(ORIGIN, signer.card("V000777"))
    assert qr_svg(link) is qr_svg(link)
    assert qr_png(link) is qr_png(link)


def test_the_data_address_holds_the_png() -> None:
    head, data = png_data_uri(LINK).split(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) == qr_png(LINK)


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("1", "PNG"), ("L", "PNG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("LA", "PNG"), ("P", "PNG"), ("I;16", "PNG"),
        ("RGB", "JPEG"), ("L", "JPEG"), ("CMYK", "JPEG"), ("RGB", "MPO"), ("RGB", "WEBP"), ("RGBA", "WEBP"), ("P", "GIF"), ("RGB", "BMP"),
    ],
)  # fmt: skip
def test_photos_are_read_in_the_forms_phones_send(mode: str, form: str) -> None:
    assert read_photo(as_file(picture(mode), form)) == [LINK]


def test_a_code_on_a_transparent_ground_is_read_as_on_paper() -> None:
    code = picture("L")
    clear = Image.new("RGBA", code.size, (0, 0, 0, 0))
    clear.paste((0, 0, 0, 255), mask=code.point(lambda light: 255 - light))
    assert read_photo(as_file(clear)) == [LINK]


def test_a_turned_blurred_and_large_photo_is_read() -> None:
    page = Image.new("RGB", (4000, 3000), (208, 196, 180))
    page.paste(picture().resize((480, 480)).rotate(15, expand=True, fillcolor=(208, 196, 180)), (2100, 900))
    assert read_photo(as_file(page.filter(ImageFilter.GaussianBlur(2)), "JPEG")) == [LINK]


def test_all_codes_of_a_sheet_are_read_each_once(signer: PassSigner) -> None:
    links = [url_of(ORIGIN, signer.card(f"V{number:06d}")) for number in range(10)]
    page = Image.new("L", (1700, 2400), 255)
    for row, link in enumerate([*links, links[0]]):
        page.paste(Image.open(io.BytesIO(qr_png(link, module_pixels=4))).convert("L"), (100 + row % 2 * 1200, 60 + row * 190))
    assert sorted(read_photo(as_file(page))) == sorted(links)


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBPVP8 ", b"\0" * 5000, b"<svg/>", b"%PDF-1.7"],
)
def test_what_is_no_picture_has_no_codes(data: bytes) -> None:
    assert read_photo(data) == []


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP", "GIF", "BMP"])
def test_a_broken_picture_has_no_codes_and_breaks_nothing(form: str) -> None:
    whole = as_file(picture(), form)
    for size in range(0, len(whole) // 2, max(1, len(whole) // 60)):
        assert read_photo(whole[:size]) == []
    for place in range(0, len(whole), max(1, len(whole) // 120)):
        assert read_photo(whole[:place] + bytes((whole[place] ^ 0xFF,)) + whole[place + 1 :]) in ([], [LINK])


def test_a_kind_of_file_we_do_not_take_has_no_codes() -> None:
    assert read_photo(as_file(picture(), "TIFF")) == []
    assert read_photo(as_file(picture(), "PDF")) == []


def test_a_picture_of_fifty_million_pixels_is_read_and_one_more_row_is_not() -> None:
    page = Image.new("1", (10_000, PHOTO_PIXELS_MAX // 10_000), 1)
    page.paste(picture("1").resize((1110, 1110)), (400, 400))
    assert read_photo(as_file(page)) == [LINK]
    taller = Image.new("1", (10_000, PHOTO_PIXELS_MAX // 10_000 + 1), 1)
    taller.paste(picture("1").resize((1110, 1110)), (400, 400))
    begun = time.perf_counter()
    assert read_photo(as_file(taller)) == []
    assert time.perf_counter() - begun < 5


def test_a_file_that_claims_a_huge_picture_is_turned_away_by_its_header() -> None:
    head = as_file(Image.new("1", (1, 1)))
    for side in (8000, 60_000, 2**31 - 1):
        claimed = head[:16] + side.to_bytes(4) * 2 + head[24:]
        begun = time.perf_counter()
        assert read_photo(claimed) == []
        assert time.perf_counter() - begun < 0.5
