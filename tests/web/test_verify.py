from __future__ import annotations

import pytest

from bubuh.web.verify.document import LIMIT_BYTES
from tests.api.site import LETTER, PUBLIC_URL, Site
from tests.web.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def verified(browser: Browser, document: bytes, *, name: str = "surat.pdf") -> str:
    """What the page says of the file."""
    await browser.open("/periksa")
    form = browser.form("/periksa")
    browser.page = await browser.client.post(
        "/periksa",
        data={"token": form.fields["token"]},
        files={"file": (name, document, "application/pdf")},
        headers={"Origin": PUBLIC_URL},
    )
    return browser.heading


async def test_genuine_altered_foreign_and_empty_files_are_told_apart(site: Site) -> None:
    person, browser = await site.person(), Browser(site)
    stamp = await person.affixed()
    document = (await person.get(f"/v1/stamps/{stamp['id']}/document")).content
    assert await verified(browser, document) == "Asli"
    assert stamp["serial"] in browser.page.text
    assert "Siti Uji" not in browser.page.text  # whose it is, is nobody's business
    middle = len(LETTER.read_bytes()) // 2
    altered = document[:middle] + bytes([document[middle] ^ 1]) + document[middle + 1 :]
    assert await verified(browser, altered) != "Asli"
    assert await verified(browser, LETTER.read_bytes()) == "Tidak ada meterai yang sah"
    assert await verified(browser, b"GIF89a", name="foto.gif") == "Tidak ada meterai yang sah"
    assert await verified(browser, b"", name="") == "Periksa dokumen"
    assert browser.page.text.count("Pilih berkas PDF dahulu") == 2


async def test_a_serial_number_is_found_however_it_is_grouped(site: Site) -> None:
    person, browser = await site.person(), Browser(site)
    serial_no = (await person.affixed())["serial"]
    await browser.open("/periksa")
    form = browser.form("/periksa/nomor")
    await browser.send(form, {"serial": f" {serial_no[:8].lower()} {serial_no[8:15]}-{serial_no[15:]} "})
    assert browser.heading == "Nomor seri ini terdaftar"
    assert (await browser.send(form, {"serial": "123"})).status_code == 422
    assert (await browser.send(form, {"serial": "A" * 22})).status_code == 404


async def test_a_file_too_large_or_without_a_token_is_refused_in_words(site: Site) -> None:
    browser = Browser(site)
    assert await verified(browser, b"%PDF-" + bytes(LIMIT_BYTES)) == "Periksa dokumen"
    assert browser.page.status_code == 413
    refused = await browser.client.post(
        "/periksa", data={"token": "x" * 43}, files={"file": ("a.pdf", b"%PDF-1.7", "application/pdf")}
    )
    assert refused.status_code == 403
    broken = await browser.client.post(
        "/periksa", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code in {400, 403}
