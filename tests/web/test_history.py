"""The history: each stamp, order and refund once; movements that add up; receipts."""

from __future__ import annotations

import re
from uuid import UUID

import pytest

from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id, show_id
from bubuh.db.pool import connect
from bubuh.orders.expire import Expirer
from bubuh.orders.settle import settle
from bubuh.orders.show import show_order
from bubuh.payments.model import ReceivedPayment
from bubuh.quota.show import show_quota
from bubuh.stamping.cancel import cancel
from bubuh.web.history import entries, movements
from tests.api.site import LETTER, Site
from tests.web.browser import PIN, Browser, Citizen, registered
from tests.web.test_stamp import DEED, rich, sent, session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def asked_for(sari: Citizen, *numbers: str) -> list[str]:
    """Stamps of one document, by their pages."""
    await sent(sari.browser, LETTER.read_bytes())
    path, made = sari.browser.path, []
    for number in numbers:
        await sari.browser.open(path)
        await sari.browser.send(sari.browser.form(f"{path}/periksa"), {**DEED, "number": number})
        await sari.browser.send(sari.browser.form(f"{path}/pin"), {"pin": PIN})
        made.append(sari.browser.path)
    return made


async def ordered(sari: Citizen, *, stamps: int = 2) -> UUID:
    await sari.browser.fill("/beli", {"stamps": str(stamps), "method": "va"})
    return read_id("ord", sari.browser.path.rpartition("/")[2])


async def paid(site: Site, sari: Citizen, order_id: UUID, amount_idr: int, payment_no: str) -> None:
    account_id = (await session_of(site, sari.browser)).account_id
    order = (await show_order(site.services.db, account_id, order_id)).order
    payment = ReceivedPayment(
        order_id=order.id,
        account_id=account_id,
        gateway="development",
        payment_no=payment_no,
        amount_idr=amount_idr,
        paid_at=utc_now(),
    )
    await settle(site.services.db, [payment])


async def expired(site: Site, order_id: UUID) -> None:
    """Its time to be paid is over."""
    owner = await connect(site.dsns.owner)
    await owner.execute("UPDATE orders SET expires_at = now() WHERE id = $1", order_id)
    await owner.close()
    await Expirer(site.services.db).expire()


async def test_everything_stands_once_newest_first_page_by_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "ROWS", 2)
    sari, budi = await rich(site), await rich(site)
    assert "Belum ada pesanan" in (await sari.browser.open("/riwayat")).text
    order = await ordered(sari)
    made = await asked_for(sari, "<0>", "<1>", "<2>")
    session = await session_of(site, sari.browser)
    await cancel(session.principal, read_id("stm", made[0].rpartition("/")[2]), db=site.services.db)
    first = await sari.browser.open("/riwayat")
    assert re.findall(r'"(/meterai/[^"]+)"', first.text) == made[:0:-1]
    assert "&lt;2&gt;" in first.text
    assert first.text.count("Diterima") == 2
    (older,) = re.findall(r'"(/riwayat\?sesudah=[^"]+)"', first.text)
    last = await sari.browser.open(older)
    assert re.findall(r'"(/(?:meterai|pesanan)/[^"]+)"', last.text) == [
        made[0],
        f"/pesanan/{show_id('ord', order)}",
    ]
    assert "Refund" in last.text
    assert "Dibatalkan oleh pemiliknya" in last.text
    assert "Menunggu pembayaran" in last.text
    assert "/riwayat?sesudah=" not in last.text
    assert "/meterai/" not in (await budi.browser.open(older)).text  # a cursor opens nobody else's list
    assert (await sari.browser.open("/riwayat?sesudah=x")).status_code == 400


async def test_a_reader_chooses_what_to_see_and_pages_keep_to_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entries, "ROWS", 1)
    sari = await rich(site)
    await ordered(sari)
    made = await asked_for(sari, "satu", "dua")
    session = await session_of(site, sari.browser)
    await cancel(session.principal, read_id("stm", made[0].rpartition("/")[2]), db=site.services.db)
    await sari.browser.open("/riwayat?jenis=meterai")
    (older,) = re.findall(r'"(/riwayat\?jenis=meterai&amp;sesudah=[^"]+)"', sari.browser.page.text)
    assert f'"{made[0]}"' in (await sari.browser.open(older.replace("&amp;", "&"))).text
    refunds = await sari.browser.open("/riwayat?keadaan=refund")
    assert re.findall(r'"(/meterai/[^"]+)"', refunds.text) == [made[0]]
    assert "/pesanan/" not in refunds.text
    open_orders = await sari.browser.open("/riwayat?jenis=pesanan&keadaan=berjalan")
    assert open_orders.text.count('href="/pesanan/') == 1
    assert "/meterai/" not in open_orders.text
    assert "Tidak ada yang cocok" in (await sari.browser.open("/riwayat?jenis=dana")).text
    assert '"/meterai/' in (await sari.browser.open("/riwayat?jenis=lain&keadaan=lain")).text


async def test_an_order_tells_its_payments_and_what_went_back(site: Site) -> None:
    sari = await registered(site)
    order = await ordered(sari, stamps=2)
    await paid(site, sari, order, 20_000, "p-1")
    await paid(site, sari, order, 20_000, "p-2")
    page = (await sari.browser.open(f"/pesanan/{show_id('ord', order)}")).text
    told = [re.sub(r"\s+", " ", each) for each in re.findall(r"<strong>(.*?)</strong>", page)]
    assert told == [
        "Sari Uji",  # on whose account
        "Pesanan: Menunggu pembayaran",
        "Pembayaran Rp20.000 diterima",
        "Pesanan: Diproses",
        "Pesanan: Berhasil",
        "Pembayaran Rp20.000 diterima",
        "Pengembalian dana Rp20.000: Diproses",
    ]
    listed = (await sari.browser.open("/riwayat?jenis=dana")).text
    assert "Pengembalian dana Rp20.000" in listed
    receipt = (await sari.browser.open(f"/pesanan/{show_id('ord', order)}/bukti")).text
    assert "Bukti pembelian" in receipt
    assert "data:image/svg" in receipt
    fresh = await ordered(sari)
    await sari.browser.open(f"/pesanan/{show_id('ord', fresh)}/bukti")
    assert sari.browser.path == f"/pesanan/{show_id('ord', fresh)}"  # nothing to show a receipt of


async def test_late_double_and_partial_payments_are_explained_in_words(site: Site) -> None:
    sari, words = await registered(site), {}
    for case, amounts in {"twice": (20_000, 20_000), "partly": (5_000,), "late": ()}.items():
        order = await ordered(sari, stamps=2)
        for number, amount in enumerate(amounts):
            await paid(site, sari, order, amount, f"{case}-{number}")
        words[case] = f"/pesanan/{show_id('ord', order)}"
    assert "lebih Rp20.000 dari harganya" in (await sari.browser.open(words["twice"])).text
    partly = (await sari.browser.open(words["partly"])).text
    assert "Baru Rp5.000 yang diterima; masih kurang Rp15.000" in partly
    for case in ("late", "partly"):
        await expired(site, read_id("ord", words[case].rpartition("/")[2]))
    late = (await sari.browser.open(words["late"])).text
    assert "Bila Anda terlanjur membayar, kuota tetap ditambahkan" in late
    assert "Terlambat: harga yang masuk sesudah batas waktu tetap menambah kuota." in late
    assert "masih kurang Rp15.000" in (await sari.browser.open(words["partly"])).text
    await paid(site, sari, read_id("ord", words["late"].rpartition("/")[2]), 20_000, "late-1")
    assert "Kuota sudah bertambah" in (await sari.browser.open(words["late"])).text


async def test_movements_add_up_to_the_balance_on_every_page(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(movements, "ROWS", 2)
    sari = await rich(site, stamps=4)
    made = await asked_for(sari, "satu", "dua")
    session = await session_of(site, sari.browser)
    await cancel(session.principal, read_id("stm", made[0].rpartition("/")[2]), db=site.services.db)
    rows: list[list[str]] = []
    path: str | None = "/riwayat/kuota"
    while path:
        page = (await sari.browser.open(path)).text
        rows += [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(<td>.*?)</tr>", page)]
        found = re.search(r'"(/riwayat/kuota\?sesudah=[^"]+)"', page)
        path = found[1] if found else None
    changes = [int(change.replace("\N{MINUS SIGN}", "-")) for _, change, _, _ in rows]
    left = [int(free) for _, _, free, _ in rows]
    balance = await show_quota(site.services.db, session.account_id)
    assert (left[0], int(rows[0][3])) == (balance.free, balance.held) == (3, 1)
    assert [after - change for after, change in zip(left, changes, strict=True)] == [*left[1:], 0]
    assert list(reversed(changes)) == [4, -1, -1, 1]


async def test_a_receipt_leads_to_the_serial_number_and_names_its_owner_to_nobody(site: Site) -> None:
    sari = await rich(site)
    async with site.working():
        (stamp,) = await asked_for(sari, "satu")
        await sari.browser.open(f"{stamp}/bukti")
        assert sari.browser.path in {stamp, f"{stamp}/bukti"}
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"{stamp}/keadaan")).headers:
                break
    receipt = (await sari.browser.open(f"{stamp}/bukti")).text
    assert "Bukti pembubuhan" in receipt
    assert "data:image/svg" in receipt
    (serial,) = re.findall(r'<p class="serial">([0-9A-Z]{22})</p>', receipt)
    assert "Sari Uji" in receipt
    assert "Sari Uji" not in (await Browser(site).open(f"/s/{serial}")).text
