from __future__ import annotations

import io
import re

import pytest
from PIL import Image

from bubuh.pdf.preview import draw_page
from bubuh.web.verify.document import LIMIT_BYTES
from tests.api.site import LETTER, PUBLIC_URL, Site
from tests.web.browser import Browser

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def verified(browser: Browser, document: bytes, *, name: str = "surat.pdf", consent: str = "ya") -> str:
    """What the page says of the file."""
    await browser.open("/periksa")
    form = browser.form("/periksa")
    browser.page = await browser.client.post(
        "/periksa",
        data={"token": form.fields["token"], "consent": consent},
        files={"file": (name, document, "application/pdf")},
        headers={"Origin": PUBLIC_URL},
    )
    return browser.heading


def photographed(document: bytes) -> tuple[bytes, bytes]:
    """What a camera makes of its first page, and the PDF that an application makes of the photo."""
    drawn, photo, scan = draw_page(document, 1, width_px=900), io.BytesIO(), io.BytesIO()
    with Image.open(io.BytesIO(drawn.webp)) as page:
        page.convert("RGB").save(photo, "JPEG")
        page.convert("RGB").save(scan, "PDF")
    return photo.getvalue(), scan.getvalue()


async def test_genuine_altered_foreign_photographed_and_empty_files_are_told_apart(site: Site) -> None:
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
    photo, scan = photographed(document)
    for name, content in (("foto.jpg", photo), ("pindaian.pdf", scan)):
        assert await verified(browser, content, name=name) == "Tidak ada meterai yang sah"
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


async def test_a_file_is_judged_only_with_its_senders_consent(site: Site) -> None:
    browser = Browser(site)
    assert await verified(browser, LETTER.read_bytes(), consent="") == "Periksa dokumen"
    assert browser.page.status_code == 422
    assert browser.page.text.count("Setujui dahulu") == 2
    assert await verified(browser, LETTER.read_bytes()) == "Tidak ada meterai yang sah"


async def test_fields_may_stand_after_the_file(site: Site) -> None:
    """As a browser sends them: in the order of the page."""
    browser = Browser(site)
    await browser.open("/periksa")
    token = browser.form("/periksa").fields["token"]
    parts = [
        (b'name="token"', token.encode()),
        (b'name="file"; filename="a.pdf"\r\nContent-Type: application/pdf', b"%PDF-1.7"),
        (b'name="consent"', b"ya"),
    ]
    body = b"".join(
        b"--b\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + content + b"\r\n"
        for head, content in parts
    )
    answer = await browser.client.post(
        "/periksa",
        content=body + b"--b--\r\n",
        headers={"Origin": PUBLIC_URL, "Content-Type": "multipart/form-data; boundary=b"},
    )
    assert answer.status_code == 200
    assert "Tidak ada meterai yang sah" in answer.text


async def test_digests_are_compared_without_the_file(site: Site) -> None:
    person, browser = await site.person(), Browser(site)
    serial = (await person.affixed())["serial"]
    digest = (await site.anyone.get(f"/v1/serials/{serial}")).json()["digest"]
    unknown = site.services.serial_key.show(7)
    for asked, word in (
        (f"s={serial}.{digest}&utuh=1", "Tercatat dan utuh"),
        (f"s={serial}.{digest}", "Tercatat"),
        (f"s={serial}.{digest}&s={serial}.{'0' * 64}&utuh=1", "Tidak cocok"),
        (f"s={serial}.{digest}&s={unknown}.{digest}", "Tidak tercatat"),
        ("", "Belum ditemukan meterai"),
        ("utuh=1", "Belum ditemukan meterai"),
    ):
        page = await browser.open(f"/periksa/sidik?{asked}")
        assert re.findall("<h2>(.*?)</h2>", page.text) == [word], asked
        assert "Siti Uji" not in page.text
    assert (await browser.open(f"/periksa/sidik?s={serial}.x")).status_code == 422


async def test_only_this_page_may_ask_for_the_camera(site: Site) -> None:
    browser = Browser(site)
    assert "camera=(self)" in (await browser.open("/periksa")).headers["permissions-policy"]
    for path in ("/", "/masuk", "/s/" + "A" * 22):
        assert "camera=()" in (await browser.open(path)).headers["permissions-policy"]
