from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bubuh.identity.model import Environment
from tests.adapters.gateways import DIALECTS
from tests.api.site import Site
from tests.web.browser import Browser, Citizen, registered

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def ordered(site: Site, *, stamps: str = "3", method: str = "qris") -> tuple[Citizen, str]:
    """Somebody on the page of an order they placed, and the order's id."""
    sari = await registered(site, pin=None)
    await sari.browser.fill("/beli", {"stamps": stamps, "method": method})
    assert sari.browser.path.startswith("/pesanan/ord_"), sari.browser.page.text
    return sari, sari.browser.path.rpartition("/")[2]


async def test_who_pays_finds_the_quota_on_the_page(site: Site) -> None:
    sari, order = await ordered(site)
    assert sari.browser.heading == "Bayar Rp30.000"
    assert "data:image/svg+xml;base64," in sari.browser.page.text
    waiting = await sari.browser.open(f"/pesanan/{order}/keadaan")
    assert 'data-hx-trigger="every 2s"' in waiting.text
    assert "hx-refresh" not in waiting.headers
    await sari.browser.open(f"/pesanan/{order}")
    await site.gateway.pay(f"{order}-1")
    await sari.browser.send(sari.browser.form(f"/pesanan/{order}/periksa"))
    assert sari.browser.heading == "Kuota sudah bertambah"
    assert "3 meterai dari pesanan ini" in sari.browser.page.text
    assert "data-hx-get" not in sari.browser.page.text  # there is nothing to wait for any more
    whole = await sari.browser.open(f"/pesanan/{order}/keadaan")
    assert whole.headers["hx-refresh"] == "true"
    assert "3 meterai" in (await sari.browser.open("/akun")).text


async def test_a_page_without_a_way_to_pay_is_loaded_anew_once_there_is_one(site: Site) -> None:
    await site.gateway.script(fail=1)
    sari, order = await ordered(site)
    assert "Kode pembayaran sedang dibuat" in sari.browser.page.text
    again = re.search(r'data-hx-get="([^"]+)"', sari.browser.page.text)
    assert again is not None
    assert "hx-refresh" not in (await sari.browser.open(again[1])).headers
    await site.gateway.script()
    await sari.browser.open(f"/pesanan/{order}")
    await sari.browser.send(sari.browser.form(f"/pesanan/{order}/periksa"))
    assert "Kode pembayaran sedang dibuat" not in sari.browser.page.text
    assert f'data-hx-get="/pesanan/{order}/keadaan"' in sari.browser.page.text
    assert (await sari.browser.open(again[1])).headers["hx-refresh"] == "true"


async def test_a_double_tap_and_the_back_button_order_once(site: Site) -> None:
    sari = await registered(site, pin=None)
    await sari.browser.open("/beli")
    form = sari.browser.form()
    places = {
        (await sari.browser.send(form, {"stamps": "2", "method": "va"})).request.url.path for _ in range(3)
    }
    assert len(places) == 1
    changed = await sari.browser.send(form, {"stamps": "5", "method": "va"})
    assert changed.status_code == 422
    assert "sudah pernah dikirim" in changed.text


@pytest.mark.parametrize(
    ("filled", "words"),
    [
        ({"stamps": "0", "method": "qris"}, "Sedikitnya 1"),
        ({"stamps": "1001", "method": "qris"}, "sebanyaknya 1000"),
        ({"stamps": "banyak", "method": "qris"}, "Sedikitnya 1"),
        ({"stamps": "2", "method": "tunai"}, "Pilih cara membayar"),
    ],
)
async def test_what_cannot_be_bought_is_told_beside_the_field(
    filled: dict[str, str], words: str, site: Site
) -> None:
    sari = await registered(site, pin=None)
    page = await sari.browser.fill("/beli", filled)
    assert page.status_code == 422
    assert page.text.count(words) == 2  # in the summary and beside the field


async def test_an_order_is_its_owners_alone(site: Site) -> None:
    _, order = await ordered(site, method="va")
    budi = await registered(site, pin=None)
    for path in (f"/pesanan/{order}", f"/pesanan/{order}/keadaan"):
        assert (await budi.browser.open(path)).status_code == 404
    await budi.browser.open("/akun")
    form = budi.browser.form("/keluar")
    form.action = f"/pesanan/{order}/periksa"
    assert (await budi.browser.send(form)).status_code == 404
    assert (await Browser(site).open(f"/pesanan/{order}")).request.url.path == "/masuk"


async def test_in_development_the_page_leads_to_the_bank_where_a_number_is_typed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A bank that takes numbers of ours tells no page; where one is played, ours leads there."""
    snap = DIALECTS["snap"].make("http://127.0.0.1:9")
    services = replace(site.services, gateways={"snap": snap}, payer_page="http://127.0.0.1:9/accounts")
    monkeypatch.setattr(site.app.state, "services", services)
    sari, _ = await ordered(site, method="va")
    assert 'href="http://127.0.0.1:9/accounts/88899' in sari.browser.page.text
    monkeypatch.setattr(site.app.state, "services", replace(services, environment=Environment.LIVE))
    assert "127.0.0.1:9" not in (await sari.browser.open(sari.browser.path)).text
    await snap.close()
