"""The activity's screen and the organiser's pages in a real Chromium: the code renews itself, and says so when it cannot."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from werkzeug.serving import make_server

from ledger import config
from ledger.usecases.check_in import check_in_for
from ledger.usecases.open_activity import open_activity
from ledger.usecases.open_sign_in import open_sign_in
from ledger.web import create_app
from tests.browser.chromium import AXE, CHROMIUM, FLAGS
from tests.cast import District, found_district, open_book

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

SCREEN = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
RENEWED_MS = 13_000


class Wall:
    """The district behind a real port, with its own clock, and one activity that runs now."""

    def __init__(self, district: District, base: str) -> None:
        self.district = district
        self.base = base
        opened = open_activity(
            district.book, district.request("open_activity"), name="清扫小广场", kind="志愿服务", area="dongyuan", place="社区服务中心门口",
            starts_at=district.now, ends_at=district.now + timedelta(hours=1), rule="event-6", capacity=60,
        )  # fmt: skip
        self.activity = str(opened["activity"])

    def token(self) -> str:
        who = self.district.organiser

        def work(unit: Any) -> str:
            now = self.district.now
            return open_sign_in(unit, grantee=who.id, person=who.person, roles=["organiser"], kind="web", device="", now=now).token

        return self.district.book.run(work)

    def check_in(self, person: str) -> None:
        request = self.district.request("check_in", self.district.organiser)
        check_in_for(self.district.book, request, activity=self.activity, shown=self.district.card(person))


@pytest.fixture
def wall(home: Path) -> Iterator[Wall]:
    (home / "config.toml").touch()
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml"), "LEDGER_PUBLIC_URL": base})
    book = open_book(settings.book())
    district = found_district(book, home)
    district.to_redeeming()
    server.app = create_app(settings, {book.slug: book}, clock=lambda: district.now)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Wall(district, base)
    server.shutdown()
    thread.join()
    district.check_clean()
    book.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no /usr/bin/chromium: the screen was NOT tried in a browser")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def visit(wall: Wall, browser: Browser) -> Iterator[Callable[..., Page]]:
    contexts: list[BrowserContext] = []

    def go(path: str, **more: Any) -> Page:
        context = browser.new_context(locale="zh-CN", **{"viewport": SCREEN, **more})
        contexts.append(context)
        context.add_cookies([{"name": "ledger-main", "value": wall.token(), "url": wall.base}])
        page = context.new_page()
        page.goto(f"{wall.base}/organiser{path}")
        return page

    yield go
    for context in contexts:
        context.close()


def check_page(page: Page) -> None:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
        ".then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html.slice(0, 120))]))"
    )
    assert found == [], (page.url, found)
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"], page.url


def test_the_screen_renews_itself_and_says_when_it_cannot(wall, visit):
    page = visit(f"/activities/{wall.activity}/screen")
    code = page.locator(".screen-code img")
    first = code.get_attribute("src")
    assert code.bounding_box()["height"] >= 0.65 * SCREEN["height"]
    expect(page.locator(".screen-count")).to_contain_text("0 / 60")
    wall.check_in("V000001")
    wall.district.later(seconds=30)
    expect(page.locator(".screen-count")).to_contain_text("1 / 60", timeout=RENEWED_MS)
    expect(page.locator(".just-in")).to_contain_text("王*兰")
    assert page.locator(".screen-code img").get_attribute("src") != first
    page.context.set_offline(True)
    banner = page.get_by_text("断网，码已停更。请改用纸表，或到台前刷卡。")
    expect(banner).to_be_visible(timeout=RENEWED_MS)
    page.context.set_offline(False)
    expect(banner).to_be_hidden(timeout=RENEWED_MS)


def test_without_script_the_screen_reloads_by_itself(wall, visit):
    page = visit(f"/activities/{wall.activity}/screen", java_script_enabled=False)
    wall.check_in("V000002")
    expect(page.locator(".screen-count")).to_contain_text("1 / 60", timeout=RENEWED_MS)


def test_people_are_checked_in_by_gun(wall, visit):
    page = visit(f"/activities/{wall.activity}")
    page.keyboard.type(wall.district.card())
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".flashes")).to_contain_text("王*兰签到成功")
    expect(page.get_by_label("签到：扫码，或输入卡号")).to_be_focused()


def test_the_poster_prints_its_code_120_mm_wide(wall, visit):
    page = visit(f"/activities/{wall.activity}/poster")
    page.emulate_media(media="print")
    side = page.locator(".big-qr").evaluate("image => image.getBoundingClientRect().width")
    assert round(side / 96 * 25.4) == 120


@pytest.mark.parametrize("size", [PHONE, SCREEN], ids=["phone", "office"])
def test_every_page_of_the_organiser_is_clean(wall, visit, size):
    wall.check_in("V000001")
    page = visit("", viewport=size)
    check_page(page)
    for path in ("/activities/new", f"/activities/{wall.activity}", f"/activities/{wall.activity}?mode=out", "/waiting",
                 f"/activities/{wall.activity}/screen"):  # fmt: skip
        page.goto(f"{wall.base}/organiser{path}")
        check_page(page)
    page.goto(f"{wall.base}/organiser/activities/{wall.activity}")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/attendances/**")
    check_page(page)
