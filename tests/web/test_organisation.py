from __future__ import annotations

import asyncio
import re
import threading

import httpx
import pytest

from bubuh.core.ids import show_account
from bubuh.core.shards import shard_of_account
from bubuh.identity.model import show_actor
from bubuh.identity.organisations.remove import remove
from bubuh.quota.allot import allot
from bubuh.quota.show import show_quota
from bubuh.webhooks.store import list_webhooks
from tests.api.site import LETTER, PUBLIC_URL, Site
from tests.web.browser import PIN, Browser, Citizen, Form, registered
from tests.web.test_account import hearing
from tests.web.test_stamp import DEED, checked, sent, session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRM = "CV Maju Jaya"


async def founded(site: Site, *, stamps: int = 0) -> Citizen:
    """Somebody who acts for an organisation that they founded."""
    sari = await registered(site)
    await sari.browser.fill("/organisasi/baru", {"name": FIRM})
    assert sari.browser.path == "/organisasi", sari.browser.page.text
    if stamps:
        session = await session_of(site, sari.browser)
        async with site.services.db.transaction() as conn:
            await allot(conn, ref=session.id, account_id=session.account_id, stamps=stamps, actor="local")
    return sari


async def code_of(sari: Citizen, **other: str) -> str:
    page = await sari.browser.fill("/organisasi/undang", {"pin": PIN, **other})
    found = re.search(r'class="serial">(.+?)<', page.text)
    assert found is not None, page.text
    return found[1]


async def joined(site: Site, sari: Citizen, *, acting: bool = True, **other: str) -> Citizen:
    """Somebody else in the organisation that `sari` acts for."""
    budi, code = await registered(site), await code_of(sari, **other)
    await budi.browser.fill("/undangan", {"code": code})
    assert FIRM in budi.browser.heading
    await budi.browser.send(budi.browser.form("/undangan/terima"))
    if acting:
        await budi.browser.send(budi.browser.form("/akun/ganti"))
        assert budi.browser.heading == FIRM
    return budi


async def member_path(site: Site, budi: Citizen) -> str:
    return f"/organisasi/anggota/{show_actor((await session_of(site, budi.browser)).user_id)}"


def acts_for(page: httpx.Response) -> str:
    """Whom the line at the top names."""
    found = re.search(r'class="acting[^"]*">.*?<strong>(.*?)</strong>', page.text)
    return found[1] if found else ""


async def test_every_page_says_on_whose_account_one_acts(site: Site) -> None:
    sari = await founded(site, stamps=3)
    pages = ("/", "/akun", "/beli", "/bubuhkan", "/riwayat", "/riwayat/kuota", "/periksa", "/meterai/stm_0")
    for path in pages:
        assert acts_for(await sari.browser.open(path)) == FIRM, path
    assert "3 meterai" in (await sari.browser.open("/akun")).text
    await sari.browser.open("/akun/ganti")
    own = re.search(r'value="(acc_\w+)"(?! checked)', sari.browser.page.text)
    assert own is not None
    await sari.browser.send(sari.browser.form("/akun/ganti"), {"account": own[1]})
    assert acts_for(sari.browser.page) == "Sari Uji"
    assert "0 meterai" in sari.browser.page.text
    assert acts_for(await Browser(site).open("/")) == ""


async def test_a_form_left_open_for_one_account_does_nothing_for_another(site: Site) -> None:
    sari = await founded(site)
    organisation = show_account((await session_of(site, sari.browser)).account_id)
    await sari.browser.open("/beli")
    form = sari.browser.form("/beli")
    await sari.browser.open("/akun/ganti")
    own = re.search(r'value="(acc_\w+)"(?! checked)', sari.browser.page.text)
    assert own is not None
    await sari.browser.send(sari.browser.form("/akun/ganti"), {"account": own[1]})
    answer = await sari.browser.send(form, {"stamps": "2", "method": "qris"})
    assert answer.status_code == 403
    assert "berganti akun" in answer.text
    await sari.browser.open("/akun/ganti")
    await sari.browser.send(sari.browser.form("/akun/ganti"), {"account": organisation})
    answer = await sari.browser.send(form, {"stamps": "2", "method": "qris"})
    assert answer.request.url.path.startswith("/pesanan/")  # shown for this one


async def test_a_double_tap_founds_one_organisation(site: Site) -> None:
    sari = await registered(site)
    await sari.browser.open("/organisasi/baru")
    form = sari.browser.form("/organisasi/baru")
    assert (await sari.browser.send(form, {"name": ""})).status_code == 422
    for _ in range(2):
        await sari.browser.send(form, {"name": FIRM})
    await sari.browser.open("/akun/ganti")
    assert sari.browser.page.text.count("acc_") == 2


async def test_stamps_and_history_are_the_organisations_whoever_asks(site: Site) -> None:
    sari = await founded(site, stamps=2)
    budi = await joined(site, sari)
    account_id = (await session_of(site, sari.browser)).account_id
    path = await checked(site, budi)
    assert "sisa 1" in budi.browser.page.text
    await budi.browser.send(budi.browser.form(f"{path}/pin"), {"pin": PIN})
    stamp = budi.browser.path
    assert stamp.startswith("/meterai/stm_")
    assert (await show_quota(site.services.db, account_id)).free == 1
    assert stamp in (await sari.browser.open("/riwayat")).text  # a colleague sees it too
    await budi.browser.open("/akun/ganti")
    own = re.search(r'value="(acc_\w+)"(?! checked)', budi.browser.page.text)
    assert own is not None
    await budi.browser.send(budi.browser.form("/akun/ganti"), {"account": own[1]})
    assert stamp not in (await budi.browser.open("/riwayat")).text
    assert (await budi.browser.open(stamp)).status_code == 404


async def test_a_code_is_sent_where_the_inviter_says_and_shown_to_nobody_else(site: Site) -> None:
    sari, budi = await founded(site), await registered(site)
    await sari.browser.open("/organisasi/undang")
    form = sari.browser.form("/organisasi/undang")
    wrong = await sari.browser.send(form, {"pin": PIN, "contact": "bukan alamat"})
    assert wrong.status_code == 422
    page = await sari.browser.send(form, {"pin": PIN, "contact": budi.address})
    assert 'class="serial"' not in page.text
    assert budi.address not in page.text
    letter = await budi.browser.letter(budi.address)
    assert f"{PUBLIC_URL}/undangan" in letter
    assert FIRM not in letter  # a name could be anything
    code = re.search(r"\w{4}-\w{4}-\w{4}", letter)
    assert code is not None
    assert code[0] not in page.text
    assert code[0] not in (await sari.browser.open("/organisasi")).text
    await budi.browser.fill("/undangan", {"code": code[0]})
    assert budi.browser.heading == f"Bergabung dengan {FIRM}?"


async def test_a_wrong_code_says_so_and_guessing_is_slowed(site: Site) -> None:
    budi = await registered(site)
    for _ in range(6):
        answer = await budi.browser.fill("/undangan", {"code": "0000-0000-0000"})
        assert answer.status_code == 422
        assert "lewat 7 hari" in answer.text
    assert (await budi.browser.fill("/undangan", {"code": "0000-0000-0000"})).status_code == 429


async def test_who_may_not_manage_members_is_shown_no_way_and_is_refused(site: Site) -> None:
    sari = await founded(site)
    budi = await joined(site, sari)
    page = (await budi.browser.open("/organisasi")).text
    assert "/organisasi/undang" not in page
    assert sari.address[:1] + "•••" not in page  # addresses are for administrators
    assert (await budi.browser.open("/organisasi/undang")).status_code == 403
    assert (await budi.browser.open(await member_path(site, sari))).status_code == 403
    await budi.browser.open("/organisasi/keluar")
    fields = budi.browser.form("/organisasi/keluar").fields
    for path in ("/organisasi/undang", "/organisasi/tutup", await member_path(site, budi)):
        answer = await budi.browser.send(Form(path, fields), {"pin": PIN, "role": "owner"})
        assert answer.status_code == 403, path
        assert "Hanya untuk pengurus" in answer.text


async def test_every_change_of_members_asks_for_the_pin(site: Site) -> None:
    """Else who steals a session invites themselves, and stamps with a PIN of their own."""
    sari = await founded(site)
    budi = await joined(site, sari)
    path = await member_path(site, budi)
    for page, action in (
        ("/organisasi/undang", "/organisasi/undang"),
        (path, path),
        (f"{path}/keluarkan", f"{path}/keluarkan"),
    ):
        await sari.browser.open(page)
        answer = await sari.browser.send(sari.browser.form(action), {"pin": "000000", "role": "owner"})
        assert answer.status_code == 422, action
        assert "PIN tidak cocok" in answer.text
        await sari.browser.open(page)
        assert (await sari.browser.send(sari.browser.form(action), {"pin": PIN})).status_code == 200
    assert (await sari.browser.open(path)).status_code == 404  # removed by the last one


async def test_roles_are_changed_and_the_last_administrator_stays(site: Site) -> None:
    sari = await founded(site)
    budi = await joined(site, sari)
    await sari.browser.open("/organisasi/keluar")
    assert "satu-satunya pengurus" in sari.browser.page.text
    assert "<form" not in sari.browser.page.text
    path = await member_path(site, budi)
    await sari.browser.fill(path, {"pin": PIN, "role": "owner"})
    await sari.browser.open("/organisasi/keluar")
    leaving = sari.browser.form("/organisasi/keluar")
    await budi.browser.open(await member_path(site, sari))
    await budi.browser.send(budi.browser.form(), {"pin": PIN, "role": "member"})
    await sari.browser.send(leaving)
    assert (sari.browser.path, acts_for(sari.browser.page)) == ("/akun", "Sari Uji")
    await budi.browser.open("/organisasi/keluar")
    assert "Tutup organisasi" in budi.browser.page.text  # alone now


async def test_the_last_administrator_who_leaves_all_the_same_is_refused_in_words(site: Site) -> None:
    sari = await founded(site)
    await joined(site, sari)
    await sari.browser.open("/organisasi/undang")
    fields = sari.browser.form("/organisasi/undang").fields
    for path in ("/organisasi/keluar", "/organisasi/tutup"):
        answer = await sari.browser.send(Form(path, fields), {"pin": PIN})
        assert answer.status_code == 409, path
    assert "Masih ada anggota lain" in sari.browser.page.text
    await sari.browser.open("/akun/data")
    refused = await sari.browser.send(
        sari.browser.form("/akun/data/hapus"), {"password": "kucing makan ikan"}
    )
    assert "Tanpa pengurus ini" in refused.text  # nor is the person forgotten before


async def test_an_organisation_is_closed_once_nothing_is_left_in_it(site: Site) -> None:
    sari = await founded(site, stamps=1)

    async def closing() -> httpx.Response:
        await sari.browser.open("/organisasi/keluar")
        return await sari.browser.send(sari.browser.form("/organisasi/tutup"), {"pin": PIN})

    assert "Masih ada 1 meterai" in (await closing()).text
    empty = await founded(site)
    await empty.browser.fill("/beli", {"stamps": "1", "method": "qris"})
    sari = empty
    assert "menunggu pembayaran" in (await closing()).text
    sari = await founded(site)
    assert (await closing()).request.url.path == "/akun"
    assert FIRM not in (await sari.browser.open("/akun/ganti")).text


async def test_with_an_organisation_that_is_closed_go_the_keys_of_its_documents(site: Site) -> None:
    sari = await founded(site)
    account_id = (await session_of(site, sari.browser)).account_id
    await sent(sari.browser, LETTER.read_bytes())
    await hearing(site, account_id)
    await sari.browser.open("/organisasi/keluar")
    assert "Berkas dokumennya dihapus" in sari.browser.page.text
    await sari.browser.send(sari.browser.form("/organisasi/tutup"), {"pin": PIN})
    rows = await site.services.db.fetch(
        "SELECT state, key_sealed, name_sealed FROM documents WHERE shard = $1 AND account_id = $2",
        *(account_id % 64, account_id),
    )
    assert [tuple(row) for row in rows] == [("destroyed", None, None)]
    assert await list_webhooks(site.services.db, account_id) == []


async def test_a_removed_members_open_session_ends_at_once(site: Site) -> None:
    sari = await founded(site, stamps=2)
    budi, phone = await joined(site, sari), Browser(site)
    await budi.sign_in(phone)  # another device, on their own account
    await sent(budi.browser, LETTER.read_bytes())
    place = budi.browser.path
    await budi.browser.send(budi.browser.form(f"{place}/periksa"), DEED)
    ready = budi.browser.form(f"{place}/pin")  # one press from a stamp
    path = await member_path(site, budi)
    await sari.browser.open(f"{path}/keluarkan")
    await sari.browser.send(sari.browser.form(f"{path}/keluarkan"), {"pin": PIN})
    answer = await budi.browser.send(ready, {"pin": PIN})
    assert answer.request.url.path == "/masuk"
    for page in ("/akun", "/riwayat", "/organisasi", place):
        assert (await budi.browser.open(page)).request.url.path == "/masuk", page
    balance = await show_quota(site.services.db, (await session_of(site, sari.browser)).account_id)
    assert (balance.free, balance.held) == (2, 0)
    assert acts_for(await phone.open("/akun")) == "Sari Uji"  # their own account is theirs
    await budi.sign_in(budi.browser)
    assert acts_for(await budi.browser.open("/akun")) == "Sari Uji"
    assert FIRM not in (await budi.browser.open("/akun/ganti")).text


async def test_an_act_that_waits_for_the_pins_hash_is_stopped_by_the_removal(site: Site) -> None:
    sari = await founded(site, stamps=2)
    budi = await joined(site, sari)
    organisation = await session_of(site, sari.browser)
    gone = await session_of(site, budi.browser)
    path = await checked(site, budi)
    form = budi.browser.form(f"{path}/pin")
    hasher, until = site.services.hasher, threading.Event()
    blocking = [asyncio.create_task(hasher._run(until.wait)) for _ in range(2)]  # both its threads
    affixing = asyncio.create_task(budi.browser.send(form, {"pin": PIN}))
    while hasher._inside < 3:  # noqa: ASYNC110 -- it waits in the hasher's queue
        await asyncio.sleep(0.01)
    await remove(
        site.services.db,
        account_id=organisation.account_id,
        user_id=organisation.user_id,
        member_id=gone.user_id,
        key=site.services.person_key,
        link=PUBLIC_URL,
    )
    until.set()
    await asyncio.gather(*blocking)
    assert (await affixing).request.url.path == "/masuk"
    shard = shard_of_account(organisation.account_id)
    rows = await site.services.db.fetch(
        "SELECT id FROM stamps WHERE shard = $1 AND account_id = $2", shard, organisation.account_id
    )
    assert rows == []


async def test_bytes_that_are_on_their_way_when_their_sender_is_removed_are_not_kept(site: Site) -> None:
    sari = await founded(site)
    budi = await joined(site, sari)
    organisation, gone = await session_of(site, sari.browser), await session_of(site, budi.browser)
    await budi.browser.open("/bubuhkan")
    token = budi.browser.form("/bubuhkan").fields["token"]
    begun, half = asyncio.Event(), asyncio.Event()
    head = (
        f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
        '--b\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        "Content-Type: application/pdf\r\n\r\n"
    ).encode()

    async def body() -> object:
        yield head + LETTER.read_bytes()[:1000]
        begun.set()  # the first half was read: the guard has let it in
        await half.wait()
        yield LETTER.read_bytes()[1000:] + b"\r\n--b--\r\n"

    sending = asyncio.create_task(
        budi.browser.client.post(
            "/bubuhkan",
            content=body(),  # type: ignore[arg-type]
            headers={"Origin": PUBLIC_URL, "Content-Type": "multipart/form-data; boundary=b"},
        )
    )
    await begun.wait()
    await remove(
        site.services.db,
        account_id=organisation.account_id,
        user_id=organisation.user_id,
        member_id=gone.user_id,
        key=site.services.person_key,
        link=PUBLIC_URL,
    )
    half.set()
    assert (await sending).request.url.path == "/masuk"
    shard = shard_of_account(organisation.account_id)
    rows = await site.services.db.fetch(
        "SELECT id FROM documents WHERE shard = $1 AND account_id = $2", shard, organisation.account_id
    )
    assert rows == []


async def test_members_are_shown_by_the_page(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bubuh.web.organisation.members.A_PAGE", 2)
    sari = await founded(site)
    for _ in range(4):
        await joined(site, sari, acting=False)
    seen: list[str] = []
    page = await sari.browser.open("/organisasi")
    for _ in range(3):
        seen += re.findall(r"/organisasi/anggota/(usr_\w+)", page.text)
        onward = re.search(r'href="(/organisasi\?sesudah=\w+)"', page.text)
        if onward is None:
            break
        page = await sari.browser.open(onward[1])
    assert len(seen) == len(set(seen)) == 4  # all but oneself, who came first
    assert onward is None
    assert (await sari.browser.open("/organisasi?sesudah=usr_0")).status_code == 404


async def test_who_acts_for_their_own_account_has_no_members_page(site: Site) -> None:
    sari = await registered(site)
    assert (await sari.browser.open("/organisasi")).request.url.path == "/akun/ganti"
    for path in ("/organisasi/undang", "/organisasi/keluar", await member_path(site, sari)):
        assert (await sari.browser.open(path)).status_code == 404, path
