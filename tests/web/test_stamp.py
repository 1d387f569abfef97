from __future__ import annotations

import gzip
import io
import re
import sys
from importlib import import_module
from pathlib import Path
from uuid import uuid4

import httpx
import pikepdf
import pytest
from PIL import Image, ImageChops

from bubuh.core.ids import fresh_id
from bubuh.core.shards import shard_of_account
from bubuh.documents.expire import expire
from bubuh.identity.people.model import Session
from bubuh.identity.people.sessions import resume
from bubuh.pdf.geometry import to_page_space
from bubuh.pdf.model import PageBox, Rect
from bubuh.quota.allot import allot
from bubuh.quota.show import show_quota
from bubuh.web.files import STATIC
from bubuh.web.stamp.presets import MARGIN_PT, Preset, place_of
from tests.api.site import LETTER, PUBLIC_URL, Site
from tests.web.browser import PIN, Browser, Citizen, registered

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
face = import_module("face")  # the script that draws the sample

journey = pytest.mark.asyncio(loop_scope="module")

DEED = {"type": "Surat lamaran", "number": "001/SL/2026", "date": "2026-11-22"}


async def session_of(site: Site, browser: Browser) -> Session:
    session = await resume(site.services.db, browser.client.cookies["bubuh"])
    assert session is not None
    return session


async def rich(site: Site, *, stamps: int = 5, pin: str | None = PIN) -> Citizen:
    """Somebody who registered and has stamps."""
    sari = await registered(site, pin=pin)
    account_id = (await session_of(site, sari.browser)).account_id
    async with site.services.db.transaction() as conn:
        await allot(conn, ref=fresh_id(account_id), account_id=account_id, stamps=stamps, actor="local")
    return sari


async def sent(browser: Browser, document: bytes, *, name: str = "surat lamaran.pdf") -> httpx.Response:
    """The answer to a file in the form of `/bubuhkan`."""
    await browser.open("/bubuhkan")
    browser.page = await browser.client.post(
        "/bubuhkan",
        data={"token": browser.form("/bubuhkan").fields["token"]},
        files={"file": (name, document, "application/pdf")},
        headers={"Origin": PUBLIC_URL},
    )
    return browser.page


async def checked(site: Site, sari: Citizen, **other: str) -> str:
    """Lead to the check page; answers the document's path."""
    await sent(sari.browser, LETTER.read_bytes())
    path = sari.browser.path
    assert path.startswith("/bubuhkan/doc_"), sari.browser.page.text
    form = sari.browser.form(f"{path}/periksa")
    await sari.browser.send(form, {**DEED, **other})
    return path


@journey
async def test_from_the_file_to_the_stamped_document_without_scripts(site: Site) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    assert sari.browser.heading == "Periksa sebelum dibubuhkan"
    assert "1 keping akan dipakai, sisa 4" in sari.browser.page.text
    assert "surat lamaran.pdf" in sari.browser.page.text
    picture = await sari.browser.client.get(f"{path}/halaman/1")
    assert picture.headers["content-type"] == "image/webp"
    assert picture.headers["cache-control"] == "no-store"
    with Image.open(io.BytesIO(picture.content)) as shown:
        assert shown.width == 720
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    stamp = sari.browser.path
    assert stamp.startswith("/meterai/stm_")
    assert sari.browser.heading == "Diterima"
    assert 'http-equiv="refresh"' in sari.browser.page.text
    assert "hx-refresh" not in (await sari.browser.open(f"{stamp}/keadaan")).headers
    early = await sari.browser.open(f"{stamp}/dokumen")
    assert early.status_code == 409
    await sari.browser.open(stamp)
    await sari.browser.open("/bubuhkan")
    form = sari.browser.form("/bubuhkan")
    assert (await sari.browser.send(form, action=f"{stamp}/surat")).status_code == 409
    async with site.working():
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"{stamp}/keadaan")).headers:
                break
    await sari.browser.open(stamp)
    assert sari.browser.heading == "Meterai sudah dibubuhkan"
    assert [word in sari.browser.page.text for word in ("Diterima", "Diproses", "Berhasil")] == [True] * 3
    assert "data-hx-get" not in sari.browser.page.text
    document = await sari.browser.client.get(f"{stamp}/dokumen")
    assert document.content.startswith(LETTER.read_bytes())
    assert len(document.content) == int(document.headers["content-length"])
    assert "surat lamaran-bermeterai.pdf" in document.headers["content-disposition"]
    assert document.headers["content-disposition"].startswith("attachment;")
    assert document.headers["content-security-policy"].endswith("; sandbox")
    assert (document.headers["cache-control"], document.headers["x-content-type-options"]) == (
        "no-store",
        "nosniff",
    )
    for _ in range(2):
        await sari.browser.open(stamp)
        await sari.browser.send(sari.browser.form(f"{stamp}/surat"))
        assert "Tautan ke halaman ini sudah dikirim" in sari.browser.page.text
    assert f"{PUBLIC_URL}{stamp} " in await sari.browser.letter(sari.address)
    letters = [sent.message for sent in site.sender.letters() if sent.message.to == sari.address]
    assert sum(stamp in letter.text for letter in letters) == 1
    after = await sari.browser.client.get(f"{path}/halaman/1")
    assert after.content != picture.content  # the preview shows the stamps that are there


@journey
async def test_each_page_of_the_journey_is_small(site: Site) -> None:
    """Pictures of pages apart: at most 30 KB for who comes for the first time, 6 KB for who was here."""
    sari = await rich(site)

    def weigh() -> None:
        page = sari.browser.page.text
        files = {STATIC[name] for name in re.findall(r"/static/([^\"']+)", page)}
        told = len(gzip.compress(page.encode(), 6))
        assert told <= 6_000, sari.browser.path
        assert told + sum(len(file.brotli) for file in files) <= 30_000, sari.browser.path

    await sent(sari.browser, LETTER.read_bytes())
    weigh()
    path = sari.browser.path
    for _ in range(9):
        await sari.browser.send(sari.browser.form(f"{path}/periksa"), {**DEED, "act": "add"}, action=path)
    weigh()
    await sari.browser.send(sari.browser.form(f"{path}/periksa"), {"more": ""})
    weigh()
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    weigh()


@journey
async def test_a_double_tap_and_the_back_button_use_one_stamp(site: Site) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    form = sari.browser.form(f"{path}/pin")
    places = {(await sari.browser.send(form, {"pin": PIN})).request.url.path for _ in range(3)}
    assert len(places) == 1
    changed = await sari.browser.send(form, {"pin": PIN, "number": "lain"})
    assert changed.status_code == 422
    assert "sudah pernah dikirim" in changed.text
    balance = await show_quota(site.services.db, (await session_of(site, sari.browser)).account_id)
    assert (balance.free, balance.held) == (4, 1)


@journey
async def test_the_pin_and_the_quota_are_asked_for_in_words(site: Site) -> None:
    sari = await rich(site, stamps=1)
    path = await checked(site, sari)
    for left in (4, 3):
        await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": "000000"})
        assert sari.browser.page.status_code == 422
        assert f"Sisa percobaan: {left}" in sari.browser.page.text
        assert sari.browser.form(f"{path}/pin").fields["number"] == DEED["number"]
    form = sari.browser.form(f"{path}/pin")
    await sari.browser.send(form, {"pin": PIN})
    again = await checked(site, sari)
    assert "Kuota Anda habis" in sari.browser.page.text
    form.action = f"{again}/pin"
    await sari.browser.open(again)
    form.fields["token"] = sari.browser.form(f"{again}/periksa").fields["token"]
    refused = await sari.browser.send(form, {"pin": PIN})
    assert refused.status_code == 422
    assert "Kuota bebas Anda 0" in refused.text
    poor = await rich(site, pin=None)
    assert "Buat PIN" in (await poor.browser.open("/bubuhkan")).text
    await poor.browser.send((await _form_after(site, poor)), {"pin": PIN})
    assert "Buat PIN dahulu" in poor.browser.page.text


async def _form_after(site: Site, citizen: Citizen):
    path = await checked(site, citizen)
    return citizen.browser.form(f"{path}/pin")


@journey
@pytest.mark.parametrize(
    ("document", "name", "status", "words"),
    [
        (b"", "", 422, "Pilih berkas PDF dahulu"),
        (b"", "kosong.pdf", 400, "kosong"),
        (b"GIF89a" * 300, "foto.gif", 415, "PDF"),
        (b"%PDF-1.7\n" + bytes(11 * 2**20), "besar.pdf", 413, "10"),
        (b"%PDF-1.7\n" + bytes(12 * 2**20), "lebih.pdf", 413, "10"),
        (b"%PDF-1.7\nrusak\n%%EOF", "rusak.pdf", 400, "terpotong"),
    ],
    ids=["none", "empty", "foreign", "large", "larger", "damaged"],
)
async def test_what_cannot_be_stamped_is_refused_with_its_reason(
    document: bytes, name: str, status: int, words: str, site: Site
) -> None:
    sari = await registered(site)
    page = await sent(sari.browser, document, name=name)
    assert page.status_code == status
    assert sari.browser.heading == "Bubuhkan meterai"
    assert page.text.count('href="#file"') == 1
    assert words in page.text.partition('href="#file"')[2].partition("</a>")[0]


@journey
@pytest.mark.parametrize(
    ("filled", "field"),
    [
        ({"page": "9"}, "page"),
        ({"page": "x"}, "page"),
        ({"side": "30"}, "side"),
        ({"side": "lebar"}, "side"),
        ({"preset": "angka", "x": "600", "y": "10"}, "x"),
        ({"preset": "angka", "x": "10", "y": ""}, "y"),
        ({"preset": "angka", "x": "-1", "y": "10"}, "x"),
        ({"type": ""}, "type"),
        ({"type": "a" * 65}, "type"),
        ({"number": "a\tb"}, "number"),
        ({"date": "kemarin"}, "date"),
    ],
)
async def test_what_does_not_fit_is_told_beside_its_field(
    filled: dict[str, str], field: str, site: Site
) -> None:
    sari = await rich(site)
    path = await checked(site, sari, **filled)
    assert sari.browser.page.status_code == 422
    assert f'href="#{field}"' in sari.browser.page.text
    assert f'id="{field}-error"' in sari.browser.page.text
    form = sari.browser.form(f"{path}/periksa")
    form.fields |= {"page": "1", "preset": "angka", "x": "10,5", "y": "20", "side": "60", **DEED}
    await sari.browser.send(form)
    assert "Halaman 1, kiri atas: 4 mm dari kiri, 7 mm dari atas" in sari.browser.page.text
    await sari.browser.send(sari.browser.form(path))
    assert sari.browser.form(f"{path}/periksa").fields["x"] == "10,5"  # the way back forgets nothing


def letter_of(pages: int) -> bytes:
    """A document of empty pages, each turned and cut otherwise."""
    written = io.BytesIO()
    with pikepdf.new() as pdf:
        for number in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
            pdf.pages[number].obj.Rotate = 90 * number
            pdf.pages[number].obj.CropBox = pikepdf.Array([10, 20, 500, 700])
        pdf.save(written)
    return written.getvalue()


@journey
async def test_several_stamps_on_several_pages_in_one_go(site: Site) -> None:
    sari = await rich(site)
    browser = sari.browser
    await sent(browser, letter_of(2))
    path = browser.path
    await browser.send(browser.form(f"{path}/periksa"), {**DEED, "act": "add"}, action=path)
    await browser.send(browser.form(f"{path}/periksa"), {"act": "page-2"}, action=path)
    assert "2 meterai pada dokumen ini" in browser.page.text
    await browser.send(browser.form(f"{path}/periksa"), {"act": "add"}, action=path)
    assert browser.page.text.count("remove-") == 2
    await browser.send(browser.form(f"{path}/periksa"), {"act": "edit-0"}, action=path)
    assert browser.form(f"{path}/periksa").fields["page"] == "1"
    await browser.send(browser.form(f"{path}/periksa"), {"act": "remove-0"}, action=path)
    await browser.send(browser.form(f"{path}/periksa"))
    assert "2 keping akan dipakai, sisa 3" in browser.page.text
    assert [f"{path}/halaman/{page}" in browser.page.text for page in (1, 2)] == [True, True]
    form = browser.form(f"{path}/pin")
    places = {(await browser.send(form, {"pin": PIN})).request.url.path for _ in range(2)}
    balance = await show_quota(site.services.db, (await session_of(site, browser)).account_id)
    assert (len(places), balance.free, balance.held) == (1, 3, 2)
    stamp = places.pop()
    assert "Meterai sebelumnya pada dokumen ini" in browser.page.text
    async with site.working():
        for _ in range(600):
            if "hx-refresh" in (await browser.open(f"{stamp}/keadaan")).headers:
                break
    document = await browser.client.get(f"{stamp}/dokumen")
    with pikepdf.open(io.BytesIO(document.content)) as pdf:
        marked = [len(page.get("/Annots", [])) for page in pdf.pages]
    assert marked == [1, 1]


@journey
async def test_a_face_over_text_or_over_another_is_warned_of(site: Site) -> None:
    sari = await rich(site)
    over_text = {"preset": "angka", "x": "100", "y": "250"}
    path = await checked(site, sari, **over_text)
    assert "Meterai menutupi tulisan atau tanda lain di halaman 1" in sari.browser.page.text
    await sari.browser.send(sari.browser.form(path), action=path)
    assert "Meterai menutupi tulisan" in sari.browser.page.text
    await checked(site, sari)
    assert "menutupi" not in sari.browser.page.text
    form = sari.browser.form(path := sari.browser.path.removesuffix("/periksa"))
    await sari.browser.send(form, {"more": "1:479:726:80"}, action=f"{path}/periksa")
    assert "Dua meterai bertumpuk di halaman 1" in sari.browser.page.text


@journey
async def test_quota_that_ends_between_two_stamps_leaves_no_doubt(site: Site) -> None:
    sari = await rich(site, stamps=2)
    browser = sari.browser
    await sent(browser, LETTER.read_bytes())
    path = browser.path
    await browser.send(browser.form(f"{path}/periksa"), {**DEED, "act": "add"}, action=path)
    await browser.send(browser.form(f"{path}/periksa"))
    form = browser.form(f"{path}/pin")
    other = await checked(site, sari)
    await browser.send(browser.form(f"{other}/pin"), {"pin": PIN})
    await browser.send(form, {"pin": PIN})
    assert browser.page.status_code == 422
    assert "1 meterai sudah diterima dan sedang dibubuhkan" in browser.page.text
    assert "Kuota Anda habis" in browser.page.text
    await browser.open(other)
    await browser.send(form, {"pin": PIN})  # the same form once more changes nothing
    assert "1 meterai sudah diterima" in browser.page.text
    balance = await show_quota(site.services.db, (await session_of(site, browser)).account_id)
    assert (balance.free, balance.held) == (0, 2)


@journey
async def test_what_no_page_of_ours_sends_is_refused(site: Site) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    form = sari.browser.form(f"{path}/pin")
    for more in ("x", "1:1:1", ";".join(["1:1:1:40"] * 10)):
        assert (await sari.browser.send(form, {"pin": PIN, "more": more})).status_code == 400
    assert (await sari.browser.send(form, {"pin": PIN, "more": "9:1:1:40"})).status_code == 422
    assert (await sari.browser.send(form, {"pin": PIN, "more": "1:1:1:400"})).status_code == 422
    balance = await show_quota(site.services.db, (await session_of(site, sari.browser)).account_id)
    assert balance.held == 0


@journey
async def test_a_tap_on_the_picture_places_the_face_without_scripts(site: Site) -> None:
    sari = await rich(site)
    browser = sari.browser
    await sent(browser, letter_of(2))
    path = browser.path
    form = browser.form(f"{path}/periksa")
    await browser.send(form, {"page": "2", "tap.x": "140", "tap.y": "100"}, action=path)
    fields = browser.form(f"{path}/periksa").fields
    wide, scale = 680, 680 / 280  # turned by a quarter, and cut to 490 x 680
    assert (fields["page"], fields["preset"]) == ("2", "angka")
    assert float(fields["x"]) == pytest.approx(140.5 * scale - 40, abs=0.01)
    assert float(fields["y"]) == pytest.approx(100.5 * scale - 40, abs=0.01)
    await browser.send(browser.form(f"{path}/periksa"), {"tap.x": "279", "tap.y": "1"}, action=path)
    fields = browser.form(f"{path}/periksa").fields
    assert (float(fields["x"]), float(fields["y"])) == (wide - 80, 0)
    await browser.send(browser.form(f"{path}/periksa"), {"tap.x": "0", "tap.y": "0"}, action=path)
    assert browser.form(f"{path}/periksa").fields["x"] == fields["x"]  # a key, not a tap


@journey
async def test_documents_and_stamps_are_their_owners_alone(site: Site) -> None:
    sari, budi = await rich(site), await rich(site)
    path = await checked(site, sari)
    form = sari.browser.form(f"{path}/pin")
    await sari.browser.send(form, {"pin": PIN})
    stamp = sari.browser.path
    for place in (path, f"{path}/halaman/1", stamp, f"{stamp}/keadaan", f"{stamp}/dokumen"):
        assert (await budi.browser.open(place)).status_code == 404
        assert (await Browser(site).open(place)).request.url.path == "/masuk"
    await budi.browser.open("/bubuhkan")
    token = budi.browser.form("/bubuhkan").fields["token"]
    for action in (path, f"{path}/periksa", f"{path}/pin", f"{stamp}/surat"):
        form.action = action
        assert (await budi.browser.send(form, {"pin": PIN})).status_code == 403  # another's form
        assert (await budi.browser.send(form, {"pin": PIN, "token": token})).status_code == 404
    for page in ("0", "2", "99999999999"):
        assert (await sari.browser.open(f"{path}/halaman/{page}")).status_code in {404, 422}
    assert (await sari.browser.open(f"/meterai/stm_{uuid4().hex}")).status_code == 404


@pytest.mark.parametrize("preset", [preset for preset in Preset if preset is not Preset.NUMBERS])
@pytest.mark.parametrize("rotate", [0, 90, 180, 270])
@pytest.mark.parametrize("size", [(595, 842), (100, 90), (40, 40)])
def test_each_named_place_lies_on_the_page(preset: Preset, rotate: int, size: tuple[int, int]) -> None:
    box = PageBox(crop=Rect(7, 9, 7 + size[0], 9 + size[1]), rotate=rotate, user_unit=1)
    place = place_of(preset, 1, box, side_pt=40)
    assert to_page_space(place, box).width == pytest.approx(40)
    if size == (595, 842):
        assert min(place.x_pt, place.y_pt) >= MARGIN_PT


def test_the_sample_face_is_the_engines_own() -> None:
    with Image.open(face.FACE) as kept:
        assert ImageChops.difference(kept.convert("RGB"), face.drawn()).getbbox() is None


@journey
async def test_a_page_tells_how_long_the_file_stays_and_its_owner_may_keep_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    async with site.working():
        await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
        stamp = sari.browser.path
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"{stamp}/keadaan")).headers:
                break
    page = (await sari.browser.open(stamp)).text
    assert "Berkas ini kami hapus sesudah" in page
    await sari.browser.send(sari.browser.form(f"{stamp}/simpan"))
    assert "kami simpan atas permintaan Anda" in sari.browser.page.text
    await sari.browser.send(sari.browser.form(f"{stamp}/simpan"))
    assert "Berkas ini kami hapus sesudah" in sari.browser.page.text
    monkeypatch.setattr("bubuh.documents.store.KEPT_S", 0.0)
    shard = shard_of_account((await session_of(site, sari.browser)).account_id)
    await expire(shard, db=site.services.db, objects=site.services.objects)
    page = (await sari.browser.open(stamp)).text
    assert "Berkasnya sudah kami hapus" in page
    assert f"{stamp}/dokumen" not in page
    assert (await sari.browser.client.get(f"{stamp}/dokumen")).status_code == 409


@journey
async def test_a_stamp_that_still_waits_is_taken_back_and_one_in_work_is_not(site: Site) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    stamp, form = sari.browser.path, sari.browser.form(f"{sari.browser.path}/batal")
    await sari.browser.send(form)
    assert sari.browser.heading == "Refund: kuota dikembalikan"
    assert "Kuota Anda sekarang: 5" in sari.browser.page.text
    again = await sari.browser.send(form)
    assert (again.request.url.path, sari.browser.heading) == (stamp, "Refund: kuota dikembalikan")
    path = await checked(site, sari)
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    other, form = sari.browser.path, sari.browser.form(f"{sari.browser.path}/batal")
    async with site.working():
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"{other}/keadaan")).headers:
                break
    late = await sari.browser.send(form)
    assert sari.browser.heading == "Meterai sudah dibubuhkan"
    assert "tidak dapat dibatalkan lagi" in late.text


@journey
async def test_a_page_that_watches_hears_nothing_until_there_is_news(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sari = await rich(site)
    path = await checked(site, sari)
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    stamp = sari.browser.path
    found = re.search(r'data-hx-get="([^"]+)"', sari.browser.page.text)
    assert found is not None
    quiet = await sari.browser.open(found[1])
    assert (quiet.status_code, quiet.content) == (204, b"")
    assert "lebih lama daripada biasanya" not in (await sari.browser.open(stamp)).text
    monkeypatch.setattr("bubuh.web.stamp.stamped._USUAL_S", 0.0)
    slow = await sari.browser.open(found[1])
    assert "lebih lama daripada biasanya" in slow.text
    assert f"/bantuan{stamp.removeprefix('/meterai')}" in slow.text


async def alone(site: Site, *, stamps: int) -> Citizen:
    """Somebody rich in whose shard nobody waits."""
    while True:
        sari = await rich(site, stamps=stamps)
        shard = shard_of_account((await session_of(site, sari.browser)).account_id)
        waiting = "SELECT count(*) FROM stamps WHERE shard = $1 AND state = 'accepted'"
        if await site.services.db.fetchval(waiting, shard) == 0:
            return sari


@journey
async def test_who_waits_is_told_how_many_are_before_them(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sari = await alone(site, stamps=13)
    made: list[str] = []
    for _ in range(13):
        path = await checked(site, sari)
        await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
        made.append(sari.browser.path)
    assert "Menunggu giliran" not in sari.browser.page.text  # a moment ago: there is nothing to tell yet
    monkeypatch.setattr("bubuh.web.stamp.stamped._AT_ONCE_S", 0.0)
    english = Browser(site, language="en")
    await sari.sign_in(english)
    for at, told, in_english in (
        (0, "Ini yang berikutnya", "the next one in its line"),
        (1, " 1 meterai lain", "1 other stamp is before it"),
        (2, " 2 meterai lain", "2 other stamps are before it"),
        (12, "Kira-kira 20 meterai lain", "About 20 other stamps"),
    ):
        assert told in (await sari.browser.open(made[at])).text.replace("\n", " ")
        assert in_english in (await english.open(made[at])).text
    mark = re.search(r'data-hx-get="([^"]+)"', sari.browser.page.text)
    assert mark is not None
    assert (await sari.browser.open(mark[1])).status_code == 204
    await sari.browser.open(made[0])
    await sari.browser.send(sari.browser.form(f"{made[0]}/batal"))
    await sari.browser.open(made[1])
    assert "Ini yang berikutnya" in sari.browser.page.text
    assert (await sari.browser.open(mark[1])).status_code == 204  # eleven are told as twelve were
    monkeypatch.setattr("bubuh.web.stamp.stamped.MOST_COUNTED", 10)
    assert "Sedikitnya 10 meterai lain" in (await sari.browser.open(made[12])).text.replace("\n", " ")
