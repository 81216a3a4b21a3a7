"""A resident's day in a real Chromium, with script and without: come in, the number, the code, check in, reserve, cancel."""

from __future__ import annotations

import re
import threading
import urllib.parse
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from werkzeug.serving import make_server

from ledger import config
from ledger.audit import trail
from ledger.usecases.bind_phone import invite
from ledger.usecases.choose_mode import choose_mode
from ledger.usecases.identify import signer
from ledger.usecases.open_activity import open_activity
from ledger.usecases.open_sign_in import open_sign_in
from ledger.web import create_app
from tests.browser.chromium import AXE, CHROMIUM, FLAGS
from tests.cast import District, found_district, open_book

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 800}
PAGE_BYTES = 60_000
ELDER_BYTES = 50_000

OWN = (
    "/me",
    "/me/code",
    "/me/card",
    "/me/help",
    "/me/reserve",
    "/me/reserve/DY001",
    "/me/reserve/DY001/review?quantity-SP-03=1",
    "/me/statement",
    "/me/settings",
)
PUBLIC = (
    "/",
    "/activities",
    "/stations",
    "/stations/DY001",
    "/notice",
    "/notice/2022Q3",
    "/notice/2022Q3/lines/1",
    "/receipts",
    "/objections",
)

ASK_AGAIN = """() => new Promise((told) => {
  const notice = document.querySelector("[data-unknown]");
  new MutationObserver(() => {
    if (notice.hidden) return;
    told(notice.innerText);
    setTimeout(() => notice.querySelector("[data-ask-again]").click(), 100);
  }).observe(notice, { attributes: true });
  document.querySelector("main form .primary").click();
})"""


class Street:
    """The district behind a real port, with its own clock. While `answers` is clear, forms are taken and nothing comes back."""

    def __init__(self, district: District, base: str, answers: threading.Event) -> None:
        self.district = district
        self.base = base
        self.answers = answers

    def token(self, who: str) -> str:
        def work(unit):
            return open_sign_in(unit, grantee=who, person=who, roles=["volunteer"], kind="web", device="", now=self.district.now).token

        return self.district.book.run(work)

    def activity(self) -> str:
        starts_at = self.district.now - timedelta(minutes=5)
        request = self.district.request("open_activity")
        opened = open_activity(
            self.district.book, request, name="打扫楼道", kind="志愿服务", area="dongyuan", starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=1), rule="event-6",
        )  # fmt: skip
        return opened["activity"]


@pytest.fixture
def street(home, tmp_path) -> Iterator[Street]:
    (home / "config.toml").touch()
    place = {"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml")}
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    settings = config.load({**place, "LEDGER_PUBLIC_URL": base})
    book = open_book(settings.book())
    district = found_district(book, home)
    district.to_redeeming()
    answers = threading.Event()
    answers.set()
    server.app = _without_dates(create_app(settings, {book.slug: book}, clock=lambda: district.now), answers)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Street(district, base, answers)
    server.shutdown()
    thread.join()
    district.check_clean()
    book.close()


def _without_dates(app: Any, answers: threading.Event) -> Any:
    """The district lives in 2022 and the browser does not: cookies lose their end, or they would be over on arrival."""

    def answer(environ: Any, start: Any) -> Any:
        def begin(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            kept = [(k, re.sub(r"; Expires=[^;]+", "", v) if k == "Set-Cookie" else v) for k, v in headers]
            return start(status, kept, *more)

        told = app(environ, begin)
        if environ["REQUEST_METHOD"] == "POST":
            answers.wait(60)
        return told

    return answer


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def open_phone(chromium: Browser, street: Street, who: str = "", *, script: bool = True, viewport=PHONE, **more) -> Page:
    context = chromium.new_context(base_url=street.base, viewport=viewport, java_script_enabled=script, **more)
    if who:
        context.add_cookies([{"name": "ledger-main", "value": street.token(who), "url": street.base}])
    return context.new_page()


def spoken(page: Page) -> str:
    return "".join(page.locator(".spoken-code [aria-hidden]").all_inner_texts())


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
def test_a_residents_day(chromium, street, script):
    district = street.district
    page = open_phone(chromium, street, script=script)

    binding = invite(district.book, district.request("invite", district.keeper), person=district.volunteer)
    page.goto("/q/" + binding["pass"])
    page.get_by_role("button", name="进去").click()
    page.goto("/me")
    before = district.balance().spendable
    assert page.locator(".figure").inner_text().startswith(str(before))

    page.get_by_role("link", name="出示我的码").click()
    district.walk_up("SP-03", 1, shown=spoken(page))
    page.get_by_role("link", name="返回").click()
    assert page.locator(".figure").inner_text().startswith(str(before - 8))
    page.goto("/me/code")
    assert page.get_by_text("已用").is_visible()
    trail.seal(district.book, district.now)
    page.get_by_role("link", name="看凭证").click()
    assert page.get_by_text("已发", exact=True).is_visible()

    scanned = signer(district.book).activity_code(street.activity(), district.now)
    page.goto(f"/Q/{scanned}")
    page.get_by_role("button", name="签到").click()
    assert page.get_by_role("heading", name="签到成功").is_visible()
    page.get_by_role("link", name="知道了").click()
    assert "待公示 6" in page.locator(".parts").inner_text()
    page.goto(f"/q/{scanned}")
    page.get_by_role("button", name="签退").click()
    assert page.get_by_role("heading", name="签退成功").is_visible()

    page.goto("/me")
    page.get_by_role("link", name="预留物品").click()
    page.get_by_role("link", name="东苑站").click()
    if script:
        page.locator("#SP-01 [data-more]").click()
        assert page.locator("[data-tally-points]").inner_text() == f"{before - 38}分"
    else:
        page.fill("#quantity-SP-01", "1")
    page.get_by_role("button", name="下一步：看一遍").click()
    page.get_by_role("button", name="确认预留").click()
    assert len(spoken(page)) == 8
    assert district.balance().held == 30
    page.get_by_role("button", name="取消预留").click()
    assert page.get_by_role("heading", name="预留已取消").is_visible()
    assert district.balance().held == 0 and district.balance().spendable == before - 8
    page.context.close()


def test_the_phone_checks_the_receipt_itself(chromium, street):
    district = street.district
    receipt = district.walk_up("SP-01", 1)["receipt"]
    trail.seal(district.book, district.now)
    page = open_phone(chromium, street)
    page.goto(f"/receipts/{receipt}")
    page.get_by_role("button", name="用这台手机再算一遍").click()
    page.get_by_text("和账本头相符").wait_for()
    page.reload()
    page.evaluate("document.querySelector('[data-verify]').dataset.leaf = '00'.repeat(32)")
    page.get_by_role("button", name="用这台手机再算一遍").click()
    page.locator("[data-verify-said]", has_text="对不上").wait_for()
    page.context.close()


def test_the_code_renews_itself_and_says_when_there_is_no_network(chromium, street):
    page = open_phone(chromium, street, street.district.volunteer)
    page.clock.install()
    page.goto("/me/code")
    first = spoken(page)
    street.district.later(seconds=31)
    page.clock.run_for(31_000)
    page.wait_for_function("code => document.querySelector('.spoken-code').innerText.replace(/\\s/g, '').slice(-8) !== code", arg=first)
    page.wait_for_function("() => document.querySelector('#my-code img').naturalWidth > 200")
    page.context.set_offline(True)
    page.clock.run_for(31_000)
    page.get_by_text("没有网。念下面8位，或用纸卡。").wait_for()
    assert len(spoken(page)) == 8
    page.context.close()


def test_silence_is_told_as_unknown_and_asked_again_under_the_same_key(chromium, street):
    district = street.district
    page = open_phone(chromium, street, district.volunteer)
    page.goto("/me/reserve/DY001/review?quantity-SP-03=1")
    street.answers.clear()
    # A page that waits for an answer is looked at from the inside: Playwright itself would wait with it.
    words = page.evaluate(ASK_AGAIN)
    assert "还不知道成没成" in words and "查结果" in words
    street.answers.set()
    page.get_by_role("heading", name="到站点亮这张码").wait_for()
    assert district.balance().held == 8
    page.context.close()


@pytest.mark.parametrize("viewport", [PHONE, DESK], ids=["390", "1280"])
def test_every_page_is_clean_light_and_keeps_to_itself(chromium, street, viewport):
    district = street.district
    district.now = district.now.replace(hour=2)
    street.activity()
    hold = district.hold("SP-03", 1)["hold"]
    receipt = district.walk_up("SP-01", 1)["receipt"]
    trail.seal(district.book, district.now)
    scan = "/q/" + signer(district.book).activity_code(street.activity(), district.now)
    page = open_phone(chromium, street, district.volunteer, viewport=viewport)
    page.goto("/me/statement")
    line = page.locator("ul.list a").first.get_attribute("href")
    for path in (*OWN, *PUBLIC, f"/me/holds/{hold}", f"/receipts/{receipt}", scan, line):
        check(page, street, path, PAGE_BYTES)
    page.context.close()
    visitor = open_phone(chromium, street, viewport=viewport)
    for path in (*PUBLIC, scan):
        check(visitor, street, path, PAGE_BYTES)
    visitor.context.close()


@pytest.mark.parametrize("look", ["elder", "dark", "contrast"])
def test_every_look_is_clean(chromium, street, look):
    district = street.district
    more = {"color_scheme": "dark"} if look == "dark" else {}
    page = open_phone(chromium, street, district.outsider, **more)
    if look == "elder":
        request = district.request("choose_mode", district.as_volunteer(district.outsider))
        choose_mode(district.book, request, person=district.outsider, elder=True)
    if look == "contrast":
        page.context.add_cookies([{"name": "ledger-theme", "value": "contrast", "url": street.base}])
    for path in (*OWN, "/notice/2022Q3", "/stations/DY001"):
        check(page, street, path, ELDER_BYTES if look == "elder" else PAGE_BYTES)
        if look == "elder":
            assert page.locator("script").count() == 0, path
    page.context.close()


def test_nothing_scrolls_sideways_at_320(chromium, street):
    page = open_phone(chromium, street, street.district.outsider, viewport={"width": 320, "height": 640})
    for path in (*OWN, *PUBLIC):
        page.goto(path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, (path, width)
    page.context.close()


def check(page: Page, street: Street, path: str, most_bytes: int) -> None:
    """No finding of axe, no request to another host, nothing in the console, and few bytes in all."""
    weights: dict[str, int] = {}
    said: list[str] = []

    def hear(message: Any) -> None:
        if message.type == "error":
            said.append(message.text)

    def weigh(response: Any) -> None:
        if response.status == 200:
            weights[response.url] = len(response.body())

    page.on("console", hear)
    page.on("response", weigh)
    page.goto(path)
    page.remove_listener("console", hear)
    page.remove_listener("response", weigh)
    host = urllib.parse.urlsplit(street.base).netloc
    assert all(urllib.parse.urlsplit(url).netloc == host for url in weights), (path, list(weights))
    assert sum(weights.values()) < most_bytes, (path, sum(weights.values()), weights)
    assert said == [], (path, said)
    findings = findings_of(page)
    assert findings == [], (path, findings)


def test_axe_would_find_something(chromium, street):
    page = open_phone(chromium, street)
    page.goto("/")
    page.evaluate("document.querySelector('h1').outerHTML = '<img src=\"/static/img/mark.svg\">'")
    assert "image-alt" in [finding[0] for finding in findings_of(page)]
    page.context.close()


def findings_of(page: Page) -> list[Any]:
    """What axe says against a page: (rule, the first places)."""
    return page.evaluate(
        "source => { (0, eval)(source); return axe.run().then(r => r.violations.map(v => [v.id, v.nodes.map(n => n.html).slice(0, 3)])) }",
        AXE.read_text(encoding="utf-8"),
    )
