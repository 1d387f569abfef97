"""The site in Debian's Chromium, over the whole service: what a citizen sees, taps and is read aloud."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from litestar import MediaType
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.edge.bare import bare_app
from tests.service.conftest import LETTER, Running, until

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
    "/antre/masuk",
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
#: parts of pages, ways through, and what is for developers
ELSEWHERE = {
    "/pesanan/{order_id:str}/keadaan",
    "/meterai/{stamp_id:str}/keadaan",
    "/periksa/sidik",
    "/bahasa/{language:str}",
    "/dev/letters",
}


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


def passed_by(page: Page) -> None:
    """Its pages are looked at in another journey, in the same language, theme and width."""


Look = Callable[[Page], None]


def submit(page: Page) -> None:
    """By keyboard: the button of the page's first form, reached and pressed."""
    button = page.locator("main form button").first
    button.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")


def code_for(
    page: Page, service: Running, address: str, *, form: str = r"\b\d{6}\b", letters_in_all: int = 1
) -> str:
    """The code of that form in the newest letter that the development sender kept, once it has so many."""
    letters = page.context.new_page()
    found_letters = letters.locator("article", has_text=address).filter(has_text=re.compile(form))
    for _ in range(60):
        letters.goto(f"{service.url}/dev/letters")
        if found_letters.count() >= letters_in_all:
            break
        letters.wait_for_timeout(250)  # the outbox is told once a second
    found = re.search(form, found_letters.first.inner_text().split(address)[1])
    letters.close()
    assert found is not None
    return found[0]


def register(page: Page, service: Running, *, look: Look = looked_at) -> str:
    """From nothing to an account with a PIN; each page looked at on the way."""
    address = f"{uuid4().hex[:12]}@contoh.id"
    page.goto(service.url)
    look(page)
    page.goto(f"{service.url}/daftar")
    page.get_by_role("textbox").fill("bukan alamat")
    submit(page)
    expect(page.get_by_role("alert")).to_be_focused()
    look(page)
    page.locator("#contact").fill(address)
    submit(page)
    look(page)
    page.locator("#code").fill(code_for(page, service, address))
    submit(page)
    look(page)
    page.locator("#name").fill("Sari Uji")
    page.locator("#password").fill(PASSWORD)
    submit(page)
    look(page)
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


def buy(page: Page, service: Running, *, look: Look = looked_at) -> None:
    """Order, pay at the pretended gateway in another window, and watch this one change."""
    page.goto(f"{service.url}/beli")
    look(page)
    page.locator("#stamps").fill("2")
    submit(page)
    look(page)
    pay(page)
    expect(page.locator(".panel h1")).to_be_visible(timeout=20_000)
    expect(page.locator(".qr")).to_have_count(0)
    look(page)
    page.goto(f"{service.url}/akun")
    assert page.locator("#free").inner_text().startswith("2 ")


def stamp(page: Page, service: Running, *, look: Look = looked_at) -> Path:
    """Send the letter, look at the place, check, affix, and fetch it when the page says so."""
    page.goto(f"{service.url}/bubuhkan")
    look(page)
    page.locator("#file").set_input_files(LETTER)
    submit(page)
    look(page)
    page.locator("#type").fill("Surat lamaran")
    page.locator("#number").fill("001/SL/2026")
    page.locator("#date").fill("2026-11-22")
    submit(page)
    expect(page.locator("#pin")).to_be_visible()  # first it wrote what was filled in into its history
    look(page)
    shown = page.locator("#sheet").bounding_box()
    face = page.locator("#sheet-face").bounding_box()
    assert shown is not None
    assert face is not None
    assert shown["x"] < face["x"] < face["x"] + face["width"] < shown["x"] + shown["width"]
    page.locator("#pin").fill(PIN)
    page.locator("#pin").press("Enter")
    expect(page.locator(".panel .serial")).to_be_visible(timeout=20_000)
    look(page)
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


def recover(page: Page, service: Running, address: str) -> None:
    """To a new password and a new PIN, and no further."""
    page.goto(f"{service.url}/sandi")
    page.locator("#contact").fill(address)
    submit(page)
    looked_at(page)
    page.locator("#code").fill(code_for(page, service, address, letters_in_all=2))
    submit(page)
    looked_at(page)
    page.goto(f"{service.url}/akun/pin")
    page.locator("main form button").last.click()
    page.locator("#code").fill(code_for(page, service, address, letters_in_all=3))
    submit(page)
    looked_at(page)


def organise(page: Page, service: Running, colleague: Page) -> None:
    """Found an organisation, invite a colleague, and come near to removing them and to leaving."""
    page.goto(f"{service.url}/organisasi/baru")
    page.locator("#name").fill("CV Uji Bersama")
    submit(page)
    looked_at(page)
    page.goto(f"{service.url}/organisasi/undang")
    looked_at(page)
    page.locator("#pin").fill(PIN)
    submit(page)
    looked_at(page)
    register(colleague, service, look=passed_by)
    colleague.goto(f"{service.url}/undangan")
    colleague.locator("#code").fill(page.locator("main .serial").inner_text())
    for _ in ("the code", "join"):
        submit(colleague)
        looked_at(colleague)
    page.goto(f"{service.url}/organisasi")
    page.locator("main a[href^='/organisasi/anggota/']").first.click()
    looked_at(page)
    page.goto(f"{page.url}/keluarkan")
    looked_at(page)
    page.goto(f"{service.url}/organisasi/keluar")
    looked_at(page)


def lanes(page: Page, service: Running) -> None:
    """A lane for customers, who is not named there, and one before a deadline; both are closed again."""
    customers, deadline = "uji-pelanggan", f"uji-{uuid4().hex[:8]}"
    service.json("room", "lane", "open", customers, "--title", "Dinas Uji")
    facts = ("--name", "Seleksi Uji", "--agency", "Badan Uji", "--at", "2027-01-31T23:59+07:00")
    service.json("deadline", "register", deadline, *facts)
    until(lambda: httpx.get(f"{service.url}/jalur/{deadline}").is_success)  # looked at once a second
    for lane in (customers, deadline):
        page.goto(f"{service.url}/jalur/{lane}")
        looked_at(page)
        page.goto(f"{service.url}/jalur/{lane}/nomor")
        looked_at(page)
    page.goto(f"{service.url}/jalur/{customers}/nomor")
    submit(page)
    looked_at(page)
    service.json("deadline", "close", deadline)
    service.json("room", "lane", "close", customers)


@pytest.fixture(scope="module")
def proof(service: Running, chromium: Browser) -> Iterator[str]:
    """The address of a signed proof of turn; of one in a room that is not open, which nothing else needs."""
    context = chromium.new_context(locale="id-ID")
    page = context.new_page()
    page.goto(f"{service.run.gate}/antre")
    page.get_by_role("button", name="Umum").click()
    expect(page.locator("#mine")).to_be_visible()
    asks = str(page.locator("#proof").get_attribute("href"))

    def is_stated() -> bool:
        """Once the minute in which the number was given is over."""
        page.goto(asks)
        submit(page)
        return re.search(r"/bukti-antre/trn_", page.url) is not None

    until(is_stated, within_s=90.0)
    expect(page.get_by_role("link", name="Unduh PDF")).to_be_visible(timeout=30_000)
    yield urlsplit(page.url).path
    context.close()


def pages_of_no(paths: Collection[str]) -> set[str]:
    """The addresses of pages, as the application has them, of which none of `paths` is one."""
    pages = {
        route.path
        for route in bare_app().routes
        for handler in getattr(route, "route_handlers", ())
        if "GET" in handler.http_methods and handler.media_type == MediaType.HTML
    }
    return {
        page
        for page in pages - ELSEWHERE
        if not any(re.fullmatch(re.sub(r"\{\w+:str\}", "[^/]+", page), path) for path in paths)
    }


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
    language: str, theme: str, service: Running, chromium: Browser, proof: str
) -> None:
    options: dict[str, Any] = {"locale": language, "color_scheme": theme, "bypass_csp": True}
    context, other = chromium.new_context(**options), chromium.new_context(**options)
    page, paths = context.new_page(), set[str]()
    page.on("framenavigated", lambda frame: paths.add(urlsplit(frame.url).path))
    address = register(page, service)
    assert page.locator("html").get_attribute("lang") == language
    buy(page, service)
    stamped = stamp(page, service)
    look_back(page, service)
    complain(page, service)
    verify(page, service, stamped)
    recover(page, service, address)
    organise(page, service, other.new_page())
    other.close()
    lanes(page, service)
    for path in (*ALONE, "/bukti-antre", proof):
        page.goto(service.url + path)
        looked_at(page)
    page.goto(f"{service.url}/docs")
    looked_at(page, bands=0)  # the same for everybody
    context.close()
    assert pages_of_no(paths) == set()


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
