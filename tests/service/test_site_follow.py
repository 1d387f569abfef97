"""After the stamp, in Debian's Chromium: history and receipts, and a stranger who verifies."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, Route, expect, sync_playwright

from bubuh.gateway_dev.signing import call_headers
from bubuh.wiring.folder import DataFolder
from tests.service.conftest import LETTER, Running
from tests.service.test_site import ARGUMENTS, buy, looked_at, passed_by, pay, register, stamp, submit

pytestmark = [pytest.mark.service, pytest.mark.shared]

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
PHONE = {"width": 320, "height": 640}

#: what Chromium has on phones alone: it sees one code
DETECTOR = """
globalThis.BarcodeDetector = class { async detect() { return [{ rawValue: "%s" }]; } };
"""


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def chromium(oracle: Callable[[str], str], playwright: Playwright) -> Iterator[Browser]:
    """Debian's own, with a camera that shows a test picture."""
    browser = playwright.chromium.launch(executable_path=oracle("chromium"), args=[*ARGUMENTS, *CAMERA])
    yield browser
    browser.close()


@dataclass(frozen=True)
class Stamped:
    """A document from `bubuh demo`, and its serial number."""

    path: Path
    serial: str


def photo() -> bytes:
    """What a camera makes of a stamped page."""
    written = io.BytesIO()
    Image.effect_noise((300, 400), 60).convert("RGB").save(written, "JPEG")
    return written.getvalue()


@pytest.fixture(scope="module")
def stamped(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Stamped:
    target = tmp_path_factory.mktemp("demo") / "surat-bermeterai.pdf"
    return Stamped(target, service.json("demo", str(LETTER), "-o", str(target))["serial"])


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(viewport=PHONE, locale="id-ID", bypass_csp=True)  # type: ignore[arg-type]
    yield context.new_page()
    context.close()


def test_a_citizen_finds_everything_again(service: Running, page: Page) -> None:
    register(page, service, look=passed_by)
    buy(page, service, look=passed_by)
    stamp(page, service, look=passed_by)
    page.get_by_role("link", name="Riwayat").first.click()
    expect(page.locator(".list li")).to_have_count(2)
    looked_at(page)
    page.locator("#jenis").select_option("pesanan")
    submit(page)
    expect(page.locator(".list li")).to_have_count(1)
    page.get_by_role("link", name="Pembelian meterai: 2", exact=True).click()
    expect(page.locator("ol.list strong").last).to_have_text("Pesanan: Berhasil")
    looked_at(page)
    page.get_by_role("link", name="Bukti pembelian").click()
    expect(page.get_by_role("img", name="Kode QR")).to_be_visible()
    looked_at(page)
    page.goto(f"{service.url}/riwayat/kuota")
    assert page.locator(".money td:nth-child(2)").all_inner_texts() == ["0", "\N{MINUS SIGN}1", "+2"]
    assert page.locator(".money td:nth-child(3)").all_inner_texts() == ["1", "1", "2"]
    looked_at(page)
    page.locator(".money a").first.click()
    page.get_by_role("link", name="Bukti pembubuhan").click()
    looked_at(page)


def follow(service: Running, script: bytes) -> None:
    """Have the development gateway behave as `script` says."""
    secret = DataFolder(service.data.resolve()).read_secret("gateway.secret")
    headers = call_headers(secret, "PUT", "/script", script)
    assert httpx.put(f"{service.run.gateway}/script", content=script, headers=headers).is_success


def test_a_payment_whose_notice_is_lost_is_found_when_its_buyer_asks(service: Running, page: Page) -> None:
    """The buyer presses "periksa pembayaran sekarang"; nobody sends a screenshot."""
    register(page, service, look=passed_by)
    follow(service, b'{"lose": 1}')
    try:
        page.goto(f"{service.url}/beli")
        page.locator("#stamps").fill("3")
        submit(page)
        pay(page)
        expect(page.get_by_role("heading", level=1)).to_contain_text("Bayar Rp30.000")
        page.get_by_role("button", name="Periksa pembayaran sekarang").click()
        expect(page.get_by_role("heading", name="Kuota sudah bertambah")).to_be_visible(timeout=20_000)
    finally:
        follow(service, b"{}")
    page.goto(f"{service.url}/akun")
    assert page.locator("#free").inner_text().startswith("3 ")


def test_a_stranger_verifies_where_the_file_lies(
    service: Running, page: Page, stamped: Stamped, tmp_path: Path
) -> None:
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    whole = stamped.path.read_bytes()
    middle = len(LETTER.read_bytes()) // 2
    serial = stamped.serial.encode()
    fakes = [
        ("Tercatat dan utuh", whole),
        ("Tercatat", whole + b"\n% and something more\n"),
        ("Tidak cocok", whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]),
        ("Tidak tercatat", whole.replace(b"([" + serial + b"]", b"([" + serial[::-1] + b"]")),
        ("Belum ditemukan meterai", LETTER.read_bytes()),
        ("Belum ditemukan meterai", photo()),
    ]
    page.goto(f"{service.url}/periksa")
    for word, content in fakes:
        target = tmp_path / f"{len(content)}-{word}.pdf"
        target.write_bytes(content)
        page.locator("#file").set_input_files(target)
        expect(page.locator("#compared h2")).to_have_text(word)
        looked_at(page)
    assert set(sent) == {"GET"}  # the file stayed where it was
    page.locator("#file").set_input_files(stamped.path)
    expect(page.locator("#compared .serial")).to_have_text(stamped.serial)
    submit(page)
    expect(page.get_by_role("alert")).to_contain_text("Setujui dahulu")
    looked_at(page)
    page.locator("#file").set_input_files(stamped.path)
    page.locator("#consent").check()
    submit(page)
    expect(page.locator("h1")).to_have_text("Asli")
    looked_at(page)


def test_a_range_that_hides_what_was_slipped_in_is_not_called_whole(
    service: Running, page: Page, stamped: Stamped, tmp_path: Path
) -> None:
    """Hex digits put into the document, and a ByteRange in front of the true one that leaves them out."""
    whole = stamped.path.read_bytes()
    at, slipped = 400, b"<" + b"41" * 50 + b">"
    content = whole[:at] + slipped + whole[at:]
    fake = b"/ByteRange [0 %d %d %d]" % (at, at + len(slipped), len(whole) - at)
    target = tmp_path / "tersusupi.pdf"
    for forged in (content, content + b"\n%" + fake, content.replace(b"%%EOF", fake, 1)):
        target.write_bytes(forged)
        page.goto(f"{service.url}/periksa")
        page.locator("#file").set_input_files(target)
        expect(page.locator("#compared h2")).to_be_visible()
        assert page.locator("#compared h2").inner_text() != "Tercatat dan utuh"


def test_a_serial_number_is_scanned(service: Running, page: Page, stamped: Stamped) -> None:
    page.goto(f"{service.url}/periksa")
    expect(page.get_by_role("button", name="Pindai QR")).to_have_count(0)
    page.add_init_script(DETECTOR % f"{service.url}/s/{stamped.serial}")
    page.goto(f"{service.url}/periksa")
    looked_at(page)
    page.get_by_role("button", name="Pindai QR").click()
    expect(page.locator("h1")).to_have_text("Nomor seri ini terdaftar")
    assert page.url == f"{service.url}/s/{stamped.serial}"


def test_a_file_is_dropped(service: Running, page: Page, stamped: Stamped) -> None:
    page.goto(f"{service.url}/periksa")
    dropped = page.evaluate_handle(
        """bytes => {
            const held = new DataTransfer();
            held.items.add(new File([new Uint8Array(bytes)], "surat.pdf", { type: "application/pdf" }));
            return held;
        }""",
        list(stamped.path.read_bytes()),
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": dropped})
    expect(page.locator("#compared h2")).to_have_text("Tercatat dan utuh")


def test_a_page_that_watches_goes_on_watching_when_it_is_told_to_come_later(
    service: Running, page: Page
) -> None:
    """A 503 or 429 is not put in the place of what is watched: there it would end the watching."""
    register(page, service, look=passed_by)
    page.goto(f"{service.url}/beli")
    page.locator("#stamps").fill("2")
    submit(page)
    refused: list[int] = []

    def refuse(route: Route) -> None:
        refused.append(1)
        route.fulfill(status=(503, 429)[len(refused) % 2], content_type="text/html", body="<p>Nanti</p>")

    page.route("**/keadaan?*", refuse)
    while len(refused) < 2:
        with page.expect_response("**/keadaan?*", timeout=20_000):
            pass
    assert page.locator("#state").count() == 1
    page.unroute("**/keadaan?*")
    pay(page)
    expect(page.locator(".panel h1")).to_have_text("Kuota sudah bertambah", timeout=20_000)


def test_a_page_that_watches_leads_to_sign_in_when_its_session_has_ended(
    service: Running, page: Page
) -> None:
    register(page, service, look=passed_by)
    page.goto(f"{service.url}/beli")
    page.locator("#stamps").fill("2")
    submit(page)
    page.context.clear_cookies()
    expect(page).to_have_url(re.compile(r"/masuk\?ke=/pesanan/"), timeout=20_000)
    expect(page.locator("#contact")).to_be_visible()
