"""The keeper's desk in a real Chromium: a gun that types, fingers, a camera, no script at all; and a network that goes silent."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from ledger import config
from ledger.domain.people import Actor
from ledger.passes.image import qr_png
from ledger.passes.links import url_of
from ledger.storage import goods
from ledger.usecases.identify import signer
from ledger.usecases.open_sign_in import open_sign_in
from ledger.usecases.reserve_goods import pick_up_code
from ledger.usecases.set_pin import set_pin
from ledger.web import create_app
from tests.browser.chromium import AXE, CHROMIUM, FLAGS
from tests.cast import District, found_district, open_book

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

TABLET = {"width": 1024, "height": 768}
PHONE = {"width": 390, "height": 844}
OFFICE = {"width": 1280, "height": 800}
QUIET_MS = 900
"""A little longer than desk.js waits before Enter on the empty box confirms."""

TAPS_MAX = 3


class Counter:
    """The district behind a real port, with its own clock."""

    def __init__(self, district: District, base: str) -> None:
        self.district = district
        self.base = base

    def token(self, actor: Actor) -> str:
        roles = [grant.role for grant in actor.grants]

        def work(unit: Any) -> str:
            now = self.district.now
            return open_sign_in(unit, grantee=actor.id, person=actor.person, roles=roles, kind="web", device="", now=now).token

        return self.district.book.run(work)

    def link(self, text: str) -> str:
        return url_of(self.district.book.settings.public_url, text)

    def code(self, person: str = "") -> str:
        """The link on a volunteer's phone."""
        return self.link(self.district.code(person or None))

    def handed(self) -> list[goods.Redemption]:
        since = self.district.now.replace(hour=0)
        return self.district.book.read(lambda unit: goods.redemptions_at(unit, self.district.station, since, 50))


@pytest.fixture
def counter(home: Path) -> Iterator[Counter]:
    (home / "config.toml").touch()
    place = {"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml")}
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    settings = config.load({**place, "LEDGER_PUBLIC_URL": base})
    book = open_book(settings.book())
    district = found_district(book, home)
    district.to_redeeming()
    server.app = create_app(settings, {book.slug: book}, clock=lambda: district.now)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Counter(district, base)
    server.shutdown()
    thread.join()
    district.check_clean()
    book.close()


@pytest.fixture(scope="module")
def start() -> Iterator[Callable[..., Browser]]:
    """start(*flags) opens a Chromium; all are closed when the module ends."""
    if not Path(CHROMIUM).exists():
        pytest.skip("no /usr/bin/chromium: the desk was NOT tried in a browser")
    with sync_playwright() as driver:
        opened: list[Browser] = []

        def launch(*more: str) -> Browser:
            opened.append(driver.chromium.launch(executable_path=CHROMIUM, args=[*FLAGS, *more]))
            return opened[-1]

        yield launch
        for browser in opened:
            browser.close()


@pytest.fixture(scope="module")
def browser(start: Callable[..., Browser]) -> Browser:
    return start()


@pytest.fixture
def visit(counter: Counter, browser: Browser) -> Iterator[Callable[..., Page]]:
    """visit(actor, path, …) opens a page in which an actor of the cast is signed in; a keeper at the desk by default."""
    contexts: list[BrowserContext] = []

    def go(actor: Actor | None = None, path: str = "/station/desk", *, within: Browser | None = None, **more: Any) -> Page:
        more.setdefault("viewport", TABLET)
        context = (within or browser).new_context(locale="zh-CN", **more)
        contexts.append(context)
        context.add_cookies([{"name": "ledger-main", "value": counter.token(actor or counter.district.keeper), "url": counter.base}])
        page = context.new_page()
        page.goto(counter.base + path)
        return page

    yield go
    for context in contexts:
        context.close()


def gun(page: Page, text: str, *, leads_on: bool = True) -> None:
    """Type as a scanner gun does, whatever holds the focus, with its Enter at the end."""
    page.keyboard.type(text)
    if not leads_on:
        page.keyboard.press("Enter")
        return
    with page.expect_navigation():
        page.keyboard.press("Enter")


def confirm_by_enter(page: Page) -> None:
    page.wait_for_timeout(QUIET_MS)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def wide(text: str) -> str:
    """What a Chinese input method makes of a gun's letters."""
    return "".join("、" if c == "/" else chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


def check_page(page: Page) -> None:
    """axe finds nothing, and nothing but tables in their own region scrolls sideways."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
    )
    assert found == [], (page.url, found)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def test_a_whole_hand_over_with_nothing_but_a_gun_and_a_few_keys(counter, visit):
    page = visit()
    expect(page.get_by_label("扫码，或念码8位、卡号")).to_be_focused()
    gun(page, f"  {wide(counter.code())}")
    expect(page.locator(".facing")).to_contain_text("王*兰")
    gun(page, "3*2", leads_on=False)
    gun(page, "1", leads_on=False)
    expect(page.locator("[data-cart-after]")).to_have_text("65分")
    gun(page, "9", leads_on=False)
    expect(page.locator("[data-scan-state]")).to_contain_text("没有这个编号")
    confirm_by_enter(page)
    expect(page.locator(".flashes")).to_contain_text("已发放大米1袋、肥皂2块，用46分，还剩65分。")
    expect(page.locator(".receipt .seal")).to_be_visible()
    assert page.locator(".receipt img.qr").evaluate("image => image.naturalWidth") > 100
    expect(page.get_by_label("扫码，或念码8位、卡号")).to_be_focused()
    assert [done.points for done in counter.handed()] == [46]


def test_undo_with_the_person_still_there(counter, visit):
    page = visit()
    gun(page, counter.code())
    gun(page, "1", leads_on=False)
    confirm_by_enter(page)
    with page.expect_navigation():
        page.get_by_role("button", name="撤回").click()
    gun(page, counter.code())
    expect(page.locator(".flashes")).to_contain_text("已撤回王*兰的大米1袋，退回30分。")
    assert counter.district.balance().spendable == 111


def test_a_walk_up_takes_three_taps_at_most(counter, visit):
    page = visit(viewport=PHONE, has_touch=True, is_mobile=True)
    gun(page, counter.code())
    page.evaluate("window.taps = 0; document.addEventListener('click', () => (window.taps += 1), true)")
    page.get_by_role("button", name="大米").tap()
    page.get_by_role("button", name="肥皂").tap()
    taps = page.evaluate("window.taps") + 1
    with page.expect_navigation():
        page.get_by_role("button", name="确认发放").tap()
    assert taps <= TAPS_MAX
    expect(page.locator(".flashes")).to_contain_text("已发放大米1袋、肥皂1块")


def test_a_guns_double_enter_never_confirms(counter, visit):
    code = pick_up_code(counter.district.book, counter.district.hold("SP-01", 1))
    page = visit()
    gun(page, code)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="确认发放")).to_be_visible()
    assert counter.handed() == []
    confirm_by_enter(page)
    expect(page.locator(".flashes")).to_contain_text("已发放大米1袋，用30分")


def test_a_used_code_says_when_where_and_who(counter, visit):
    code = counter.code()
    page = visit()
    gun(page, code)
    gun(page, "3", leads_on=False)
    confirm_by_enter(page)
    page.wait_for_timeout(2100)  # the same code within two seconds is one scan
    gun(page, code)
    refusal = page.get_by_role("alert").filter(has_text="先核对，别重复发")
    expect(refusal).to_contain_text("这张码09:00已在东苑站用过，经手李*。")
    expect(refusal).to_be_focused()
    gun(page, counter.code(counter.district.neighbour))
    expect(page.locator(".facing")).to_contain_text("欧**娜")


def test_more_than_the_points_allow_is_told_before_anything_is_sent(counter, visit):
    page = visit()
    gun(page, counter.code(counter.district.outsider))
    expect(page.locator(".tile.off").first).to_contain_text("还差20分")
    gun(page, "1", leads_on=False)
    expect(page.locator("[data-scan-state]")).to_contain_text("大米：还差20分")
    confirmed = page.locator("[data-scan-state]")
    page.wait_for_timeout(QUIET_MS)
    page.keyboard.press("Enter")
    expect(confirmed).to_contain_text("先选物品")
    assert counter.handed() == []


def test_a_card_and_the_pad_turned_to_its_owner(counter, visit):
    district = counter.district
    set_pin(district.book, district.request("set_pin", district.as_volunteer()), person=district.volunteer, pin="258036")
    page = visit()
    gun(page, counter.link(signer(district.book).card(district.card())))
    gun(page, "3", leads_on=False)
    confirm_by_enter(page)
    expect(page.get_by_text("请转给本人按")).to_be_visible()
    for digit in "258036":
        page.locator(f"[data-key='{digit}']").click()
    assert page.locator("[data-dots] .full").count() == 6
    assert "258036" not in page.content()
    check_page(page)
    with page.expect_navigation():
        page.get_by_role("button", name="按好了").click()
    expect(page.locator(".flashes")).to_contain_text("已发放肥皂1块，用8分，还剩103分。")


def test_the_whole_way_without_script(counter, visit):
    page = visit(java_script_enabled=False, viewport=PHONE)
    page.get_by_label("扫码，或念码8位、卡号").fill(wide(counter.code()))
    page.get_by_role("button", name="查").click()
    page.get_by_label("大米").fill("1")
    page.get_by_label("肥皂").fill("2")
    page.get_by_role("button", name="确认发放").click()
    expect(page.locator(".flashes")).to_contain_text("已发放大米1袋、肥皂2块，用46分，还剩65分。")
    page.get_by_role("button", name="撤回").click()
    page.get_by_label("本人的码或卡").fill(counter.district.card())
    page.get_by_role("button", name="查").click()
    expect(page.locator(".flashes")).to_contain_text("已撤回王*兰的大米1袋、肥皂2块，退回46分。")
    code = pick_up_code(counter.district.book, counter.district.hold("SP-03", 3))
    page.get_by_label("扫码，或念码8位、卡号").fill(code)
    page.get_by_role("button", name="查").click()
    page.get_by_role("button", name="确认发放").click()
    expect(page.locator(".flashes")).to_contain_text("已发放肥皂3块，用24分")


def film(path: Path, text: str) -> Path:
    """A second of somebody holding their code before the camera."""
    code = Image.open(io.BytesIO(qr_png(text, module_pixels=8))).convert("RGB")
    frame = Image.new("RGB", (640, 480), (150, 140, 130))
    frame.paste(code.resize((400, 400)), (120, 40))
    picture = io.BytesIO()
    frame.save(picture, "JPEG", quality=92)
    path.write_bytes(picture.getvalue() * 15)
    return path


def test_the_camera_reads_a_code_and_nothing_is_fetched_from_elsewhere(counter, visit, start, tmp_path):
    shown = film(tmp_path / "code.mjpeg", counter.code())
    fake = start("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", f"--use-file-for-fake-video-capture={shown}")
    page = visit(within=fake)
    elsewhere: list[str] = []
    page.on("request", lambda asked: elsewhere.append(asked.url) if not asked.url.startswith((counter.base, "blob:", "data:")) else None)
    with page.expect_navigation(timeout=20_000):
        page.get_by_role("button", name="用摄像头扫").click()
    expect(page.locator(".facing")).to_contain_text("王*兰")
    assert elsewhere == []


def test_where_no_camera_opens_a_photograph_is_read(counter, visit, tmp_path):
    picture = tmp_path / "photo.png"
    picture.write_bytes(qr_png(counter.code(), module_pixels=8))
    page = visit()
    page.get_by_role("button", name="用摄像头扫").click()
    expect(page.get_by_text("没有打开摄像头。可以拍照，或输入8位。")).to_be_visible()
    with page.expect_navigation(timeout=20_000):
        page.locator("[data-photo]").set_input_files(picture)
    expect(page.locator(".facing")).to_contain_text("王*兰")


LOSE_THE_ANSWER = """addEventListener("submit", (event) => {
  event.preventDefault();
  fetch(event.target.action, { method: "POST", body: new URLSearchParams(new FormData(event.target)), redirect: "manual" });
}, { once: true })"""
"""The form arrives and is done, but nothing comes back: the page is left waiting, as with a network that fell silent."""


def test_silence_is_told_as_unknown_and_asked_again_under_the_same_key(counter, visit):
    page = visit()
    gun(page, counter.code())
    gun(page, "1", leads_on=False)
    keys: list[str] = []
    page.on("request", lambda asked: keys.append(asked.post_data or "") if asked.method == "POST" else None)
    page.evaluate(LOSE_THE_ANSWER)
    page.get_by_role("button", name="确认发放").click()
    unknown = page.locator("[data-unknown]:visible")
    expect(unknown).to_contain_text("先别发货，按“查结果”，不会扣两次。", timeout=15_000)
    assert page.locator(".receipt").count() == 0 and len(counter.handed()) == 1
    with page.expect_navigation():
        unknown.get_by_role("button", name="查结果").click()
    expect(page.locator(".flashes")).to_contain_text("已发放大米1袋，用30分")
    assert len(keys) == 2 and keys[0] == keys[1]
    assert len(counter.handed()) == 1


@pytest.mark.parametrize("size", [PHONE, TABLET, OFFICE], ids=["phone", "tablet", "office"])
def test_every_page_of_the_station_is_clean(counter, visit, size):
    district = counter.district
    district.hold("SP-03", 1)
    district.walk_up("SP-02", 2, shown=district.code())
    page = visit(viewport=size)
    check_page(page)
    for shown in (counter.code(), district.card(), "nonsense"):
        gun(page, shown)
        check_page(page)
    hand_over = f"/hand-overs/{counter.handed()[0].id}"
    for path in ("", "/waiting", "/shelf?sku=SP-01", "/opening", "/people", "/people/V000001", "/choose"):
        page.goto(f"{counter.base}/station{path}")
        check_page(page)
    for path in (hand_over, f"{hand_over}/undo", f"{hand_over}/slip"):
        page.goto(f"{counter.base}/station{path}")
        check_page(page)


@pytest.mark.parametrize("look", ["light", "dark", "contrast"])
def test_the_desk_is_clean_in_every_light(counter, visit, look):
    page = visit(color_scheme="dark" if look == "dark" else "light")
    if look == "contrast":
        page.goto(f"{counter.base}/station/desk?theme=contrast")
    gun(page, counter.code())
    check_page(page)
    gun(page, "1", leads_on=False)
    confirm_by_enter(page)
    check_page(page)
