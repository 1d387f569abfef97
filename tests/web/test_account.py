from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import pyotp
import pytest

from bubuh.core.ids import AccountId, fresh_account_id, fresh_id, show_account, show_id
from bubuh.core.shards import shard_of_account
from bubuh.documents.expire import expire
from bubuh.edge.cookies import Cookies
from bubuh.identity.model import Account, AccountKind
from bubuh.identity.people import store as people
from bubuh.identity.people.model import Session
from bubuh.identity.people.sessions import resume
from bubuh.identity.store import add_account, add_owner
from bubuh.quota.allot import allot
from bubuh.webhooks.register import register
from bubuh.webhooks.store import list_webhooks
from tests.api.site import Site
from tests.web.browser import PASSWORD, PIN, Browser, Form, Forms, registered
from tests.web.test_stamp import DEED, checked, rich
from tests.web.test_tus import begun

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_registers_is_signed_in_and_can_come_back(site: Site) -> None:
    sari = await registered(site)
    assert sari.browser.heading == "Sari Uji"
    assert "0 meterai" in sari.browser.page.text
    await sari.browser.send(sari.browser.form("/keluar"))
    assert (await sari.browser.open("/akun")).request.url.path == "/masuk"
    assert (await sari.sign_in(sari.browser)).request.url.path == "/akun"


async def test_a_form_with_a_sign_that_nothing_can_keep_is_refused(site: Site) -> None:
    browser = Browser(site)
    answer = await browser.fill("/masuk", {"contact": "a\0@contoh.id", "password": PASSWORD})
    assert answer.status_code == 400


async def test_known_and_unknown_addresses_get_the_same_answers(site: Site) -> None:
    sari, stranger = await registered(site), "tiada@contoh.id"
    for path in ("/daftar", "/sandi"):
        pages = []
        for address in (sari.address, stranger):
            browser = Browser(site)
            await browser.fill(path, {"contact": address})
            pages.append((browser.page.status_code, browser.heading, len(browser.page.history)))
        assert pages[0] == pages[1]
    refused = []
    for address in (sari.address, stranger):
        browser = Browser(site)
        answer = await browser.fill("/masuk", {"contact": address, "password": "bukan sandinya"})
        refused.append((answer.status_code, answer.text.replace(address, "").count("tidak cocok")))
    assert refused[0] == refused[1] == (422, 2)  # in the summary and beside the field


async def test_guessing_a_password_is_slowed_for_known_and_unknown_addresses_alike(site: Site) -> None:
    sari, seen = await registered(site), []
    for address in (sari.address, f"{sari.address}.id"):
        browser = Browser(site)
        answers = [
            (await browser.fill("/masuk", {"contact": address, "password": "bukan sandinya"})).status_code
            for _ in range(12)
        ]
        seen.append(answers)
    assert seen[0] == seen[1] == [422] * 10 + [429] * 2
    assert (await sari.browser.open("/akun")).request.url.path == "/akun"  # who is in stays in


async def test_a_known_address_is_told_in_its_letter_alone(site: Site) -> None:
    sari, browser = await registered(site), Browser(site)
    await browser.fill("/daftar", {"contact": sari.address})
    assert "sudah memiliki akun" in await browser.letter(sari.address)
    await browser.fill("/sandi", {"contact": "siapa@contoh.id"})
    assert "belum memiliki akun" in await browser.letter("siapa@contoh.id")


async def test_a_code_is_good_in_its_browser_five_times_and_once(site: Site) -> None:
    browser, other, address = Browser(site), Browser(site), "kode@contoh.id"
    await browser.fill("/daftar", {"contact": address})
    path, code = browser.path, await browser.code(address)
    await other.open("/daftar")
    assert (await other.open(path)).status_code == 410  # another browser
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    for left in (4, 3, 2, 1, 0):
        answer = await browser.fill(path, {"code": wrong})
        assert answer.status_code == 422
        assert f"Sisa percobaan: {left}" in answer.text
    assert (await browser.fill(path, {"code": code})).status_code == 422  # spent by guessing


async def test_a_proved_code_opens_one_account(site: Site) -> None:
    browser, address = Browser(site), "sekali@contoh.id"
    await browser.fill("/daftar", {"contact": address})
    await browser.fill(None, {"code": await browser.code(address)})
    form, filled = browser.form(), {"name": "Budi", "password": PASSWORD}
    assert (await browser.send(form, filled)).request.url.path == "/akun/pin"
    again = await browser.send(form, filled)
    assert again.status_code == 403  # the form was shown before somebody signed in here


async def test_a_new_password_ends_every_session(site: Site) -> None:
    sari, browser = await registered(site), Browser(site)
    await browser.fill("/sandi", {"contact": sari.address})
    await browser.fill(None, {"code": await browser.code(sari.address)})
    assert (await browser.fill(None, {"password": "12345678"})).status_code == 422
    await browser.fill(None, {"password": "gajah minum susu"})
    assert browser.heading == "Kata sandi sudah diganti"
    assert (await sari.browser.open("/akun")).request.url.path == "/masuk"
    assert (await sari.sign_in(browser)).status_code == 422
    assert (await sari.sign_in(browser, password="gajah minum susu")).request.url.path == "/akun"


async def test_an_authenticator_is_asked_for_and_its_code_works_once(site: Site) -> None:
    sari = await registered(site)
    await sari.browser.open("/akun/autentikator")
    form = sari.browser.form("/akun/autentikator")
    totp = pyotp.TOTP(form.fields["secret"])
    now = datetime.now(UTC)
    await sari.browser.send(form, {"code": totp.at(now)})
    assert "Nonaktifkan" in sari.browser.page.text
    browser = Browser(site)
    await sari.sign_in(browser)
    assert browser.path.startswith("/kode/")
    assert (await browser.fill(None, {"code": totp.at(now)})).status_code == 422  # used to turn it on
    await browser.fill(None, {"code": totp.at(now, counter_offset=1)})
    assert browser.path == "/akun"


async def test_a_locked_pin_is_chosen_anew_by_code(site: Site) -> None:
    sari = await registered(site)
    session = await _session(site, sari.browser)
    for _ in range(5):
        await people.try_pin(site.services.db, session.user_id)
    await sari.browser.open("/akun/pin")
    assert "terkunci" in sari.browser.page.text
    await sari.browser.send(sari.browser.form("/akun/pin/kode"))
    await sari.browser.fill(None, {"code": await sari.browser.code(sari.address)})
    assert (await sari.browser.fill(None, {"pin": "123456", "again": "123456"})).status_code == 422
    await sari.browser.fill(None, {"pin": "915273", "again": "915273"})
    assert sari.browser.path == "/akun"


async def test_a_locked_pin_is_chosen_anew_by_the_authenticator_and_no_guess_passes(site: Site) -> None:
    sari = await registered(site)
    session = await _session(site, sari.browser)
    await sari.browser.open("/akun/pin")
    assert "/akun/pin/autentikator" not in sari.browser.page.text
    await sari.browser.open("/akun/autentikator")
    form = sari.browser.form("/akun/autentikator")
    totp, now = pyotp.TOTP(form.fields["secret"]), datetime.now(UTC)
    await sari.browser.send(form, {"code": totp.at(now)})
    for _ in range(5):
        await people.try_pin(site.services.db, session.user_id)
    letters = len(site.sender.letters())
    await sari.browser.open("/akun/pin")
    asked = sari.browser.form("/akun/pin/autentikator")
    assert (await sari.browser.send(asked, {"code": totp.at(now)})).status_code == 422  # used to turn it on
    await sari.browser.send(asked, {"code": totp.at(now, counter_offset=1)})
    assert sari.browser.path.startswith("/akun/pin/baru/chl_")
    renewing = sari.browser.form()
    assert (await sari.browser.send(renewing, {"pin": "915273", "again": "915273"})).status_code == 200
    assert sari.browser.path == "/akun"
    assert await people.try_pin(site.services.db, session.user_id) is not None  # open again
    assert len(site.sender.letters()) == letters
    again = await sari.browser.send(renewing, {"pin": "264809", "again": "264809"})
    assert again.status_code == 410  # what was proved opens one thing, once

    for _ in range(4):
        assert (await sari.browser.send(asked, {"code": "000000"})).status_code == 422
    assert (await sari.browser.send(asked, {"code": "000000"})).status_code == 429
    budi = await registered(site)
    await budi.browser.open("/akun/pin")
    stolen = Form("/akun/pin/autentikator", budi.browser.form("/akun/pin/kode").fields)
    assert (await budi.browser.send(stolen, {"code": totp.at(now)})).status_code == 422  # has none


async def test_sessions_are_listed_and_ended_by_their_owner_alone(site: Site) -> None:
    sari, budi, phone = await registered(site), await registered(site), Browser(site)
    await sari.sign_in(phone)
    page = (await sari.browser.open("/akun/perangkat")).text
    assert page.count("Terakhir dipakai") == 2
    ends = next(
        form for form in Forms(page).found if form.action.endswith("/keluar") and "ses_" in form.action
    )
    await budi.browser.open("/akun")
    stolen = Form(ends.action, budi.browser.form("/keluar").fields)
    await budi.browser.send(stolen)  # another person's session: nothing happens
    assert (await phone.open("/akun")).request.url.path == "/akun"
    await sari.browser.open("/akun/perangkat")
    await sari.browser.send(sari.browser.form(ends.action))
    assert (await phone.open("/akun")).request.url.path == "/masuk"


async def test_an_organisations_account_is_its_members_alone(site: Site) -> None:
    sari, budi = await registered(site), await registered(site)
    session = await _session(site, sari.browser)
    office = Account(id=fresh_account_id(), kind=AccountKind.ORGANISATION, name="CV Maju")
    async with site.services.db.transaction() as conn:
        await add_account(conn, office)
        await add_owner(conn, user_id=session.user_id, account_id=office.id)
    await sari.browser.open("/akun/ganti")
    await sari.browser.send(sari.browser.form("/akun/ganti"), {"account": show_account(office.id)})
    assert sari.browser.heading == "CV Maju"
    await budi.browser.open("/akun")
    form = Form("/akun/ganti", budi.browser.form("/keluar").fields)
    answer = await budi.browser.send(form, {"account": show_account(office.id)})
    assert answer.status_code == 404
    assert (await budi.browser.open("/akun")).text.count("CV Maju") == 0


async def test_a_national_number_is_masked_and_nowhere_in_clear(site: Site) -> None:
    sari, nik = await registered(site), "3174054107900001"
    await sari.browser.open("/akun/data")
    await sari.browser.send(sari.browser.form("/akun/data/nik"), {"nik": nik})
    assert nik not in sari.browser.page.text
    assert "3174••••••••••01" in sari.browser.page.text
    rows = await site.services.db.fetch("SELECT * FROM credentials")
    assert not any(nik.encode() in bytes(str(dict(row)), "utf-8") for row in rows)
    assert (await sari.browser.send(sari.browser.form("/akun/data/nik"), {"nik": "123"})).status_code == 422


async def test_own_data_are_taken_along_and_forgotten(site: Site) -> None:
    sari = await registered(site)
    session = await _session(site, sari.browser)
    webhook = await hearing(site, session.account_id)
    export = json.loads((await sari.browser.client.get("/akun/data/unduh")).content)
    assert export["user"]["contacts"] == [sari.address]
    assert [(each["id"], each["url"]) for each in export["webhooks"]] == [webhook]
    async with site.services.db.transaction() as conn:
        await allot(conn, ref=session.id, account_id=session.account_id, stamps=1, actor="local")
    await sari.browser.open("/akun/data")
    refused = await sari.browser.send(sari.browser.form("/akun/data/hapus"), {"password": PASSWORD})
    assert "Masih ada 1 meterai" in refused.text
    budi = await registered(site)
    gone = await _session(site, budi.browser)
    await hearing(site, gone.account_id)
    await budi.browser.open("/akun/data")
    await budi.browser.send(budi.browser.form("/akun/data/hapus"), {"password": PASSWORD})
    assert (await budi.sign_in(Browser(site))).status_code == 422
    name = await site.services.db.fetchval("SELECT name FROM users WHERE id = $1", gone.user_id)
    assert name == "(dihapus)"
    assert await list_webhooks(site.services.db, gone.account_id) == []
    assert len(await list_webhooks(site.services.db, session.account_id)) == 1


async def hearing(site: Site, account_id: AccountId) -> tuple[str, str]:
    """A webhook of the account: its id and address."""
    made = await register(
        site.services.db,
        account_id,
        "https://toko.example/kabar",
        webhook_id=fresh_id(account_id),
        may_be_here=False,
        actor="local",
        key=site.services.person_key,
    )
    return show_id("whk", made.webhook.id), made.webhook.url


async def test_what_is_taken_along_is_everything_that_the_site_shows(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bubuh.complaints.show.MOST_LISTED", 2)
    sari = await rich(site)
    await sari.browser.fill("/beli", {"stamps": "2", "method": "qris"})
    order = sari.browser.path.rpartition("/")[2]
    for told in range(3):  # more than are read at once
        await sari.browser.open(f"/bantuan/{order}")
        await sari.browser.send(sari.browser.form(f"/bantuan/{order}"), {"words": f"Belum bertambah {told}."})
    path = await checked(site, sari)
    await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
    stamp = sari.browser.path.rpartition("/")[2]
    answer = await sari.browser.client.get("/akun/data/unduh")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"].startswith("attachment")
    export = json.loads(answer.content)
    assert {each["id"] for each in export["history"]} == {order, stamp}
    assert next(each for each in export["history"] if each["id"] == stamp)["document_no"] == DEED["number"]
    assert [each["words"] for each in export["complaints"]] == [f"Belum bertambah {n}." for n in (2, 1, 0)]
    assert [each["kind"] for each in export["movements"]] == ["hold", "allot"]
    assert {each["agent"] for each in export["sessions"]} == {"? · ?"}
    files = [(each["name"], each["state"]) for each in export["documents"]]
    assert files == [("surat lamaran.pdf", "ready")]


async def test_who_has_something_under_way_is_forgotten_after_it(site: Site) -> None:
    sari = await registered(site)
    await sari.browser.fill("/beli", {"stamps": "2", "method": "qris"})
    await sari.browser.open("/akun/data")
    refused = await sari.browser.send(sari.browser.form("/akun/data/hapus"), {"password": PASSWORD})
    assert "pesanan yang menunggu pembayaran" in refused.text  # late money would be nobody's
    assert (await sari.browser.open("/akun")).request.url.path == "/akun"


async def test_with_who_is_forgotten_go_their_documents(site: Site) -> None:
    """Keys and names at once; what was kept of the bytes, increments too, with the worker's next round."""
    sari = await rich(site, stamps=1)
    session = await _session(site, sari.browser)
    shard, objects = shard_of_account(session.account_id), site.services.objects
    path = await checked(site, sari)
    async with site.working():
        await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
        stamp = sari.browser.path
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"{stamp}/keadaan")).headers:
                break
    await sari.browser.open(stamp)
    await sari.browser.send(sari.browser.form(f"{stamp}/simpan"))  # kept: it would not go by its time
    serial_no = re.search(r'class="serial">(\w+)<', sari.browser.page.text)
    assert serial_no is not None
    rows = "SELECT * FROM {} WHERE shard = $1 AND account_id = $2"
    made = {
        row["object_key"]
        for table in ("documents", "document_revisions")
        for row in await site.services.db.fetch(rows.format(table), shard, session.account_id)
    }
    assert len(made & {each.key async for each in objects.list()}) == 2, "an original and an increment"
    await begun(sari.browser, name="rahasia.pdf")
    await sari.browser.open("/akun/data")
    answer = await sari.browser.send(sari.browser.form("/akun/data/hapus"), {"password": PASSWORD})
    assert answer.request.url.path == "/"
    (kept,) = await site.services.db.fetch(rows.format("documents"), shard, session.account_id)
    assert (kept["state"], kept["key_sealed"], kept["name_sealed"]) == ("destroyed", None, None)
    assert await site.services.db.fetch(rows.format("uploads"), shard, session.account_id) == []
    await expire(shard, db=site.services.db, objects=objects)
    assert not made & {each.key async for each in objects.list()}
    (kept,) = await site.services.db.fetch(rows.format("documents"), shard, session.account_id)
    assert kept["object_key"] is None
    facts = (await site.anyone.get(f"/v1/serials/{serial_no[1]}")).json()
    assert facts["state"] == "affixed", "the stamp's record stays, and verifies"


async def test_letters_wait_sealed(site: Site) -> None:
    browser, address = Browser(site), "tersegel@contoh.id"
    await browser.fill("/daftar", {"contact": address})
    rows = await site.services.db.fetch(
        "SELECT facts::text AS facts FROM outbox_facts WHERE topic = 'person.letter'"
    )
    assert rows
    assert not any(address in row["facts"] for row in rows)


async def _session(site: Site, browser: Browser) -> Session:
    found = await resume(site.services.db, browser.client.cookies[Cookies(is_https=False).session])
    assert found is not None
    return found
