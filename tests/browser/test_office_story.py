"""An officer's morning in a real Chromium on the real quarter: sign in, bring files, undo a batch, see the quarter, take a file away."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from ledger import config
from ledger.usecases.add_login import add_login
from ledger.usecases.found_book import found_book
from ledger.usecases.import_activities import import_activities
from ledger.usecases.import_areas import import_areas
from ledger.usecases.import_attendance import import_attendance
from ledger.usecases.import_goods import import_goods
from ledger.usecases.import_opening import import_opening
from ledger.usecases.import_people import import_people
from ledger.usecases.import_stations import import_stations
from ledger.web import create_app
from tests.browser.chromium import AXE, CHROMIUM, FLAGS
from tests.cast import PASSWORD, District, migrated_settings, open_book

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUARTER = Path(__file__).parents[1] / "paperwork" / "quarter-2022q3"
SHEETS = (
    (import_areas, "网格架构.csv"),
    (import_people, "志愿者花名册.xlsx"),
    (import_stations, "红色驿站.csv"),
    (import_goods, "兑换物资.xlsx"),
    (import_opening, "期初积分.csv"),
    (import_activities, "2022年第三季度签到表.xlsx"),
    (import_attendance, "2022年第三季度签到表.xlsx"),
)
DESK = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
PAGES = (
    "", "/imports", "/imports/new", "/imports/B000002", "/cycles", "/cycles/2022Q3", "/objections", "/people", "/people?area=shibo",
    "/people/V000001",
    "/areas", "/stations", "/stations/YZ001", "/goods", "/goods/SP-0001", "/rules", "/journal", "/audit", "/audit/balance",
    "/audit/balance?under=shelf/",
)  # fmt: skip


class House:
    """The real quarter behind a real port, with its own clock, and one login for each role of the office."""

    def __init__(self, district: District, base: str) -> None:
        self.district = district
        self.base = base
        self.secrets: dict[str, str] = {}

    def add(self, login: str, role: str) -> None:
        answer = add_login(self.district.book, self.district.request("add"), login=login, role=role, password=PASSWORD)
        self.secrets[login] = parse_qs(urlsplit(answer["otp_uri"]).query)["secret"][0]

    def code(self, login: str) -> str:
        """A one-time code of the next half minute: each works once."""
        self.district.later(seconds=31)
        return pyotp.TOTP(self.secrets[login]).at(self.district.now)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home = tmp_path_factory.mktemp("office")
    of_book = migrated_settings(home)
    book = open_book(of_book)
    district = District(book, home)
    request = district.request("import", key=None)
    found_book(book, request)
    for importer, name in SHEETS:
        importer(book, request, QUARTER / name)
    district.to_redeeming()
    server = make_server("127.0.0.1", 0, lambda _environ, _start: [], threaded=True)
    base = f"http://127.0.0.1:{server.server_port}"
    settings = config.load({"LEDGER_HOME": str(home), "LEDGER_CONFIG": str(home / "config.toml"), "LEDGER_PUBLIC_URL": base})
    server.app = create_app(settings, {book.slug: book}, clock=lambda: district.now)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    made = House(district, base)
    for login, role in (("wang", "officer"), ("shen", "auditor"), ("root", "admin")):
        made.add(login, role)
    yield made
    server.shutdown()
    thread.join()
    district.check_clean()
    book.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not Path(CHROMIUM).exists():
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


def signed_in(browser: Browser, house: House, login: str, **more: Any) -> Page:
    """A page at the office, come to by password and one-time code."""
    page = browser.new_context(locale="zh-CN", accept_downloads=True, **{"viewport": DESK, **more}).new_page()
    page.goto(f"{house.base}/office")
    page.get_by_label("登录名").fill(login)
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_role("button", name="登录").click()
    page.get_by_label("密码").fill(PASSWORD)
    page.get_by_label("动态码").fill(house.code(login))
    page.get_by_role("button", name="登录").click()
    expect(page).to_have_url(re.compile("/office$"))
    return page


def bring(page: Page, house: House, file: Path | dict[str, Any]) -> None:
    page.goto(f"{house.base}/office/imports")
    page.get_by_role("link", name="导入一份表").click()
    page.get_by_label("表格文件").set_input_files(file)
    page.get_by_role("button", name="读一遍").click()


def test_an_officers_morning(browser: Browser, house: House, tmp_path: Path) -> None:
    page = signed_in(browser, house, "wang")
    expect(page.get_by_role("heading", name="今天", exact=True)).to_be_visible()
    expect(page.locator("ol.quarter li[aria-current=step]")).to_contain_text("兑换")

    bring(page, house, QUARTER / "志愿者花名册.xlsx")
    expect(page.get_by_text("没有新的要写：2,725行和账本里一样，28行退回。")).to_be_visible()
    with page.expect_download() as returned:
        page.get_by_role("link", name="下载退回的行").click()
    assert len(Path(returned.value.path()).read_text(encoding="utf-8-sig").splitlines()) == 29

    bring(page, house, {"name": "照片.xlsx", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(512)})
    expect(page.get_by_role("alert")).to_contain_text("不是表格")
    expect(page.get_by_role("alert")).to_be_focused()

    newcomer = "姓名,联系电话,镇街,社区,网格,微网格\n周小川,13800000077,东岳街道,世博社区,第1网格,微网格01\n"
    bring(page, house, {"name": "新来的.csv", "mimeType": "text/csv", "buffer": newcomer.encode("gb18030")})
    page.get_by_role("button", name="写进账本").click()
    expect(page.get_by_text("写好了，批次B000008")).to_be_visible()
    page.get_by_role("link", name="整批撤回…").click()
    page.get_by_role("button", name="整批撤回").click()
    expect(page.get_by_role("status").first).to_contain_text("B000008已整批撤回")

    page.get_by_role("link", name="季度").first.click()
    page.get_by_role("link", name="2022Q3").click()
    expect(page.locator("ol.quarter > li")).to_have_count(6)
    expect(page.get_by_text("15个社区，共1,950行，4,835分。")).to_be_visible()

    page.get_by_role("link", name="核查").click()
    page.get_by_text("hledger", exact=True).click()
    with page.expect_download() as exported:
        page.get_by_role("button", name="导出").click()
    text = Path(exported.value.path()).read_text(encoding="utf-8")
    assert text.startswith("; main: points in points")
    assert exported.value.suggested_filename == "main-all-20221012.journal"
    page.get_by_role("link", name="操作流水").click()
    expect(page.locator("tbody tr").first).to_contain_text("导出账本")


def test_an_auditor_looks_and_leaves_nothing(browser: Browser, house: House) -> None:
    page = signed_in(browser, house, "shen")
    for path in ("/imports", "/people/V000001", "/goods/SP-0001", "/cycles/2022Q3"):
        page.goto(f"{house.base}/office{path}")
        assert page.locator("form[method=post]").count() == 0, path
    page.goto(f"{house.base}/office/audit/balance")
    assert page.get_by_text("对不上").count() == 0
    page.get_by_role("link", name="货架", exact=True).first.click()
    expect(page.get_by_role("link", name="YZ001").first).to_be_visible()


def test_the_office_works_without_script_and_by_keyboard(browser: Browser, house: House) -> None:
    page = signed_in(browser, house, "wang", java_script_enabled=False)
    bring(page, house, QUARTER / "红色驿站.csv")
    expect(page.get_by_text("有106行和账本里一样")).to_be_visible()
    page.goto(f"{house.base}/office/people")
    page.get_by_label("卡号、手机号或全名").focus()
    page.keyboard.type("V000007")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/office/people/V000007$"))


@pytest.mark.parametrize(
    ("viewport", "scheme"),
    [
        pytest.param(PHONE, "dark", id="phone-dark"),
        pytest.param(DESK, "light", id="desk-light"),
        pytest.param(PHONE, "light", id="phone-light", marks=pytest.mark.gate),
        pytest.param(DESK, "dark", id="desk-dark", marks=pytest.mark.gate),
    ],
)
def test_no_page_of_the_office_fails_axe_or_scrolls_sideways(browser: Browser, house: House, viewport: dict[str, int], scheme: str) -> None:
    wrong = []
    for login, pages in (("wang", PAGES), ("root", ("", "/users", "/users/new", "/users/U000001", "/journal"))):
        page = signed_in(browser, house, login, viewport=viewport, color_scheme=scheme)
        for path in pages:
            answer = page.goto(f"{house.base}/office{path}")
            assert answer is not None and answer.status == 200, path
            if page.evaluate("document.documentElement.scrollWidth") > viewport["width"]:
                wrong.append((path, "scrolls sideways"))
            page.evaluate(AXE.read_text(encoding="utf-8"))
            found = page.evaluate("axe.run().then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html.slice(0, 120)))")
            wrong += [(path, violation) for violation in found]
    assert wrong == []
