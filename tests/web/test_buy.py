from __future__ import annotations

import re
from dataclasses import replace

import pytest

from bubuh.core.ids import read_id
from bubuh.identity.model import Environment
from bubuh.payments.breaker import FAILS
from bubuh.payments.refusals import GatewayUnavailable
from bubuh.payments.steady import Steady
from tests.adapters.gateways import DIALECTS
from tests.api.site import Site
from tests.web.browser import Browser, Citizen, registered
from tests.web.test_history import expired

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


def part_of(page: str) -> str:
    """Where a page asks for its part that changes."""
    found = re.search(r'data-hx-get="([^"]+)"', page)
    assert found is not None, page
    return found[1]


async def test_a_page_without_a_way_to_pay_is_loaded_anew_once_there_is_one(site: Site) -> None:
    await site.gateway.script(fail=1)
    sari, order = await ordered(site)
    assert "Menunggu kode pembayaran" in sari.browser.page.text
    again = part_of(sari.browser.page.text)
    assert "hx-refresh" not in (await sari.browser.open(again)).headers
    await site.gateway.script()
    await sari.browser.open(f"/pesanan/{order}")
    await sari.browser.send(sari.browser.form(f"/pesanan/{order}/periksa"))
    assert "Menunggu kode pembayaran" not in sari.browser.page.text
    assert "Menunggu pembayaran" in sari.browser.page.text
    assert (await sari.browser.open(again)).headers["hx-refresh"] == "true"


@pytest.mark.parametrize("language", ["id", "en"])
async def test_who_buys_in_an_outage_reads_what_happens_and_when_to_look_again(
    site: Site, language: str
) -> None:
    await site.gateway.script(fail=1)
    sari, order = await ordered(site)
    sari.browser.client.headers["accept-language"] = language
    said = {
        "id": (
            "belum menjawab",
            "tidak ada yang hilang",
            "selambatnya setiap 40 detik",
            "berakhir sendiri tanpa biaya",
        ),
        "en": (
            "has not answered",
            "nothing is lost",
            "at least every 40 seconds",
            "ends by itself and costs nothing",
        ),
    }
    page = (await sari.browser.open(f"/pesanan/{order}")).text
    assert [words in page for words in said[language]] == [True] * 4
    assert 'class="qr"' not in page
    assert 'href="/beli">' in page.partition("<main")[2], "another way to pay may be answered"
    answer = await sari.browser.send(sari.browser.form(f"/pesanan/{order}/periksa"))
    assert answer.status_code == 200, "the gateway's silence is no page that failed"
    assert ("tidak menjawab" if language == "id" else "did not answer") in answer.text
    await site.gateway.script()


async def test_where_every_gateway_of_a_way_rests_buyers_are_told_before_and_after(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sari, order = await ordered(site)
    words = "Penyedia pembayaran sedang tidak menjawab"
    assert words not in sari.browser.page.text
    seen = part_of(sari.browser.page.text)
    gone = DIALECTS["development"].make("http://127.0.0.1:9")
    tired = Steady(gone)
    for _ in range(FAILS):
        with pytest.raises(GatewayUnavailable):
            await tired.status("sari-1")
    gateways = site.services.gateways
    assert isinstance(gateways, dict)
    monkeypatch.setitem(gateways, "development", tired)
    assert words in (await sari.browser.open(seen)).text
    assert words in (await sari.browser.open(f"/pesanan/{order}")).text
    assert (await sari.browser.open("/beli")).text.count("sedang tidak menjawab") == 2
    await sari.browser.fill(None, {"stamps": "1", "method": "qris"})
    assert "belum menjawab" in sari.browser.page.text
    assert "cara membayar lain" not in sari.browser.page.text, "there is none that would be answered"
    await gone.close()


async def test_nothing_new_is_answered_with_nothing(site: Site) -> None:
    """What stands on the page keeps the reader's focus, and is not read out every other second."""
    sari, order = await ordered(site)
    seen = part_of(sari.browser.page.text)
    answer = await sari.browser.open(seen)
    assert (answer.status_code, answer.content) == (204, b"")
    await site.gateway.pay(f"{order}-1")
    await sari.browser.open(f"/pesanan/{order}")
    await sari.browser.send(sari.browser.form(f"/pesanan/{order}/periksa"))
    paid = await sari.browser.open(seen)
    assert (paid.status_code, paid.headers["hx-refresh"]) == (200, "true")


async def test_an_order_that_never_had_a_code_ends_in_words_of_its_own(site: Site) -> None:
    await site.gateway.script(fail=1)
    sari, order = await ordered(site)
    await expired(site, read_id("ord", order))
    page = await sari.browser.open(f"/pesanan/{order}")
    assert sari.browser.heading == "Pesanan kedaluwarsa"
    assert "tidak sempat memberi kodenya" in page.text
    assert "terlanjur membayar" not in page.text
    await site.gateway.script()


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
