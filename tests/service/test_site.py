"""The site in Debian's Chromium, over the whole service: what a citizen sees, taps and is read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.service.conftest import LETTER, Running

pytestmark = [pytest.mark.service, pytest.mark.shared]

AXE = (Path(__file__).parents[1] / "web/vendor/axe-4.14.1.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ARGUMENTS = ["--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking"]
PASSWORD, PIN = "kucing makan ikan", "482913"
TOUCH_PX = 44
#: pages that lie on no journey of these tests, or look otherwise at its end
ALONE = (
    "/",
    "/akun",
    "/akun/autentikator",
    "/akun/pin",
    "/akun/perangkat",
    "/akun/data",
    "/akun/ganti",
    "/organisasi/baru",
    "/undangan",
    "/antre/kabari",
    "/antre/nomor",
    "/riwayat",
    "/riwayat?jenis=dana",
    "/masuk",
    "/daftar",
    "/sandi",
    "/periksa",
    "/pengaduan",
    "/s/0000000000000000000000",
    "/tiada",
)


@pytest.fixture(scope="module")
def chromium(oracle: Callable[[str], str]) -> Iterator[Browser]:
    """Debian's own, as `./test` installs it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=ARGUMENTS)
        yield browser
        browser.close()


def looked_at(page: Page, *, bands: int = 1) -> None:
    """No violation of WCAG 2.2 AA, nothing wider than the screen, and so many bands, of one line each."""
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run({runOnly: tags})", RULES)
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found["violations"]] == [], (
        page.url
    )
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    header = page.evaluate(
        "[...document.querySelectorAll('.top, .top a')].map(one => [one.offsetWidth, one.offsetHeight])"
    )
    assert header[0][1] < 2.1 * TOUCH_PX, page.url  # two lines at most
    assert min(min(each) for each in header) >= TOUCH_PX, page.url
    heights = page.locator(".band").evaluate_all("bands => bands.map(band => band.offsetHeight)")
    assert len(heights) == bands, page.url
    assert max(heights, default=0) < TOUCH_PX, page.url


def submit(page: Page) -> None:
    """By keyboard: the button of the page's first form, reached and pressed."""
    button = page.locator("main form button").first
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def code_for(page: Page, service: Running, address: str, *, form: str = r"\b\d{6}\b") -> str:
    """The code of that form in the newest letter that the development sender kept."""
    letters = page.context.new_page()
    letter = letters.locator("article", has_text=address).filter(has_text=re.compile(form)).first
    for _ in range(60):
        letters.goto(f"{service.url}/dev/letters")
        if letter.count():
            break
        letters.wait_for_timeout(250)  # the outbox is told once a second
    found = re.search(form, letter.inner_text().split(address)[1])
    letters.close()
    assert found is not None
    return found[0]


def register(page: Page, service: Running) -> str:
    """From nothing to an account with a PIN; each page looked at on the way."""
    address = f"{uuid4().hex[:12]}@contoh.id"
    page.goto(service.url)
    looked_at(page)
    page.goto(f"{service.url}/daftar")
    page.get_by_role("textbox").fill("bukan alamat")
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    looked_at(page)
    page.locator("#contact").fill(address)
    submit(page)
    looked_at(page)
    page.locator("#code").fill(code_for(page, service, address))
    submit(page)
    looked_at(page)
    page.locator("#name").fill("Sari Uji")
    page.locator("#password").fill(PASSWORD)
    submit(page)
    looked_at(page)
    page.locator("#pin").fill(PIN)
    page.locator("#again").fill(PIN)
    page.locator("#password").fill(PASSWORD)
    submit(page)
    expect(page).to_have_url(f"{service.url}/akun")
    return address


def pay(page: Page) -> None:
    """Pay what the page asks for, at the pretended gateway."""
    gateway = page.context.new_page()
    gateway.goto(str(page.locator("a[rel=noreferrer]").get_attribute("href")))
    with (
        gateway.expect_navigation()
    ):  # Chromium may forget to close a page that is just on its way to another
        gateway.locator("button").first.click()
    gateway.close()


def buy(page: Page, service: Running, *, scripts: bool = True) -> None:
    """Order, pay at the pretended gateway in another window, and watch this one change."""
    page.goto(f"{service.url}/beli")
    looked_at(page)
    page.locator("#stamps").fill("2")
    submit(page)
    looked_at(page)
    pay(page)
    if not scripts:
        submit(page)  # "periksa pembayaran sekarang"
    expect(page.locator(".panel h1")).to_be_visible(timeout=20_000)
    expect(page.locator(".qr")).to_have_count(0)
    looked_at(page)
    page.goto(f"{service.url}/akun")
    assert page.locator("#free").inner_text().startswith("2 ")


def stamp(page: Page, service: Running) -> Path:
    """Send the letter, look at the place, check, affix, and fetch it when the page says so."""
    page.goto(f"{service.url}/bubuhkan")
    looked_at(page)
    page.locator("#file").set_input_files(LETTER)
    submit(page)
    looked_at(page)
    page.locator("#type").fill("Surat lamaran")
    page.locator("#number").fill("001/SL/2026")
    page.locator("#date").fill("2026-11-22")
    submit(page)
    expect(page.locator("#pin")).to_be_visible()  # first it wrote what was filled in into its history
    looked_at(page)
    shown = page.locator("#sheet").bounding_box()
    face = page.locator("#sheet-face").bounding_box()
    assert shown is not None
    assert face is not None
    assert shown["x"] < face["x"] < face["x"] + face["width"] < shown["x"] + shown["width"]
    page.locator("#pin").fill(PIN)
    page.locator("#pin").press("Enter")
    expect(page.locator(".panel .serial")).to_be_visible(timeout=20_000)
    looked_at(page)
    with page.expect_download() as download:
        page.locator("a[download]").click()
    assert download.value.suggested_filename == f"{LETTER.stem}-bermeterai.pdf"
    stamped = download.value.path()
    assert stamped.read_bytes().startswith(LETTER.read_bytes())
    return stamped


def complain(page: Page, service: Running) -> None:
    """From the newest row of the history to a complaint and its number; each page looked at on the way."""
    page.goto(f"{service.url}/riwayat/kuota")
    looked_at(page)
    page.goto(f"{service.url}/riwayat")
    page.locator("main ul.list a[href^='/bantuan/']").first.click()
    looked_at(page)
    page.locator("#words").fill("")
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    looked_at(page)
    page.locator("#words").fill("Kuota saya belum bertambah.")
    submit(page)
    expect(page).to_have_url(re.compile(r"/pengaduan/cmp_"))
    looked_at(page)
    page.goto(f"{service.url}/pengaduan")
    looked_at(page)


def verify(page: Page, service: Running, stamped: Path) -> None:
    """Compare where the file lies, have it judged, find its number."""
    page.goto(f"{service.url}/periksa")
    page.locator("#file").set_input_files(stamped)
    expect(page.locator("#compared .serial")).to_be_visible()
    looked_at(page)
    serial_no = page.locator("#compared .serial").inner_text()
    page.locator("#consent").check()
    submit(page)
    expect(page.locator("#compared")).to_have_count(0)
    looked_at(page)
    page.goto(f"{service.url}/s/{serial_no}")
    looked_at(page)


def look_back(page: Page, service: Running) -> None:
    """What there is of a stamp and of an order: its row, its page, its receipt."""
    for kind in ("meterai", "pesanan"):
        page.goto(f"{service.url}/riwayat?jenis={kind}")
        looked_at(page)
        page.locator(f"main ul.list a[href^='/{kind}/']").first.click()
        expect(page.locator("ol.list")).to_be_visible()
        looked_at(page)
        page.locator("a[href$='/bukti']").click()
        expect(page.locator(".qr")).to_be_visible()
        looked_at(page)


def test_a_citizen_registers_buys_and_stamps_on_a_small_phone(service: Running, chromium: Browser) -> None:
    asked: list[str] = []
    said: list[str] = []
    context = chromium.new_context(viewport={"width": 320, "height": 640}, locale="id-ID", bypass_csp=True)
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    register(page, service)
    buy(page, service)
    stamp(page, service)
    complain(page, service)
    assert [url for url in asked if not url.startswith((service.url, "data:"))] == []
    for path in ALONE:
        page.goto(service.url + path)
        looked_at(page)
    assert [text for text in said if "[DOM]" in text] == []  # what Chromium misses in forms of passwords
    context.close()


@pytest.mark.long
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_in_both_languages_and_themes_on_a_desktop(
    language: str, theme: str, service: Running, chromium: Browser
) -> None:
    context = chromium.new_context(locale=language, color_scheme=theme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    register(page, service)
    assert page.locator("html").get_attribute("lang") == language
    buy(page, service)
    stamped = stamp(page, service)
    look_back(page, service)
    complain(page, service)
    verify(page, service, stamped)
    for path in ALONE:
        page.goto(service.url + path)
        looked_at(page)
    context.close()


@pytest.mark.long
def test_our_own_policy_blocks_nothing_of_ours(service: Running, chromium: Browser) -> None:
    """The same without `bypass_csp`, which axe needs: no page breaks the policy that it is sent with."""
    said: list[str] = []
    context = chromium.new_context(locale="id-ID")
    page = context.new_page()
    page.on("console", lambda message: said.append(message.text))
    for path in ("/", "/masuk", "/daftar", "/sandi", "/docs"):
        page.goto(service.url + path)
    assert [text for text in said if "Content Security Policy" in text] == []
    context.close()
