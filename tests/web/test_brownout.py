"""Each level of the brownout ladder, met by a browser and by a program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bubuh.edge.brownout import Hold
from bubuh.edge.door import Door
from bubuh.waitingroom.report import Health
from bubuh.waitingroom.room_file import RoomFile, Watched
from tests.api.site import Site
from tests.waitingroom.make import RING
from tests.web.browser import Citizen, registered
from tests.web.test_stamp import letter_of, sent

pytestmark = pytest.mark.asyncio(loop_scope="module")

ORDER = {"stamps": "2", "method": "qris"}


class NoGate:
    """Nobody enters and nothing is told in these tests."""

    async def enter(self, body: bytes) -> bytes:
        raise AssertionError(body)

    async def repair(self, body: bytes) -> bytes:
        raise AssertionError(body)

    async def join(self, body: bytes) -> bytes:
        raise AssertionError(body)

    async def turn(self, body: bytes) -> bytes:
        raise AssertionError(body)

    async def report(self, body: bytes) -> None:
        raise AssertionError(body)


def hold(site: Site, level: int | None) -> None:
    """As after the second within which a process follows its operator."""
    site.services.brownout._hold = Hold(level=level)


@pytest.fixture
def held(site: Site) -> Iterator[Site]:
    yield site
    hold(site, None)
    object.__setattr__(site.services, "door", None)


async def statuses(sari: Citizen, *paths: str) -> dict[str, int]:
    return {path: (await sari.browser.open(path)).status_code for path in paths}


async def test_all_on_says_nothing(held: Site) -> None:
    sari = await registered(held, pin=None)
    page = await sari.browser.open("/akun")
    assert "bubuh-level" not in page.headers
    assert "diistirahatkan" not in page.text


async def test_reduced_shows_histories_from_memory_(held: Site) -> None:
    sari, budi = await registered(held, pin=None), await registered(held, pin=None)
    whole = await sari.browser.open("/riwayat")
    assert "age" not in whole.headers
    hold(held, 1)
    again = await sari.browser.open("/riwayat")
    assert (again.status_code, again.text, again.headers["bubuh-level"]) == (200, whole.text, "L1")
    assert int(again.headers["age"]) < 60
    assert "age" not in (await budi.browser.open("/riwayat")).headers  # another's is never shown
    assert "diistirahatkan" in (await budi.browser.open("/akun")).text
    assert await statuses(sari, "/beli", "/bubuhkan", "/periksa") == dict.fromkeys(
        ("/beli", "/bubuhkan", "/periksa"), 200
    )


async def test_reduced_shows_the_pictures_at_hand_and_draws_no_other(held: Site) -> None:
    sari = await registered(held, pin=None)
    await sent(sari.browser, letter_of(2))
    place = sari.browser.path
    assert (await sari.browser.open(f"{place}/halaman/1")).status_code == 200
    hold(held, 1)
    assert (await sari.browser.open(f"{place}/halaman/1")).status_code == 200
    other = await sari.browser.open(f"{place}/halaman/2")
    assert (other.status_code, other.headers["retry-after"]) == (503, "60")
    assert "Tidak ada yang hilang" in other.text
    assert (await sari.browser.open(f"{place}?halaman=2")).status_code == 200  # places can still be chosen


async def test_queued_asks_for_a_turn_to_buy_and_for_nothing_else(held: Site, tmp_path: Path) -> None:
    sari, brownout = await registered(held, pin=None), held.services.brownout
    closed = Watched(tmp_path, RoomFile())
    door = Door(closed, RING, NoGate(), gate_url="http://gerbang", health=brownout.for_gate)
    object.__setattr__(held.services, "door", door)
    assert await statuses(sari, "/beli") == {"/beli": 200}
    hold(held, 2)
    assert await statuses(sari, "/beli", "/bubuhkan", "/riwayat", "/akun") == {
        "/beli": 429,
        "/bubuhkan": 200,
        "/riwayat": 200,
        "/akun": 200,
    }


async def test_paused_sells_nothing_and_the_same_form_orders_afterwards(held: Site) -> None:
    sari = await registered(held, pin=None)
    await sari.browser.open("/beli")
    form = sari.browser.form()
    hold(held, 3)
    refused = await sari.browser.send(form, ORDER)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "60")
    assert sari.browser.heading == "Pembelian dihentikan sementara"
    program = await held.person()
    paused = await _order(held, program.key, "once")
    assert (paused[0], paused[1]["code"]) == (503, "buying_paused")
    assert await statuses(sari, "/bubuhkan", "/periksa", "/masuk", "/riwayat") == {
        "/bubuhkan": 200,
        "/periksa": 200,
        "/masuk": 200,
        "/riwayat": 503,  # nothing of it in memory
    }
    hold(held, None)
    await sari.browser.send(form, ORDER)
    assert sari.browser.path.startswith("/pesanan/ord_"), sari.browser.page.text
    assert (await _order(held, program.key, "once"))[0] == 201


async def test_static_leaves_files_probes_and_what_is_remembered(held: Site) -> None:
    sari = await registered(held, pin=None)
    style = (await sari.browser.open("/")).text.partition('rel="stylesheet" href="')[2].partition('"')[0]
    await sari.browser.open("/periksa")
    hold(held, 4)
    assert await statuses(sari, "/periksa", style, "/health/live") == {
        "/periksa": 200,
        style: 200,
        "/health/live": 200,
    }
    assert set((await statuses(sari, "/", "/akun", "/bubuhkan", "/beli", "/riwayat")).values()) == {503}
    assert held.services.brownout.for_gate() == Health(able=0.0, queues=True, sells=False)


async def _order(site: Site, key: str, again: str) -> tuple[int, dict[str, object]]:
    answer = await site.anyone.post(
        "/v1/orders",
        json={"stamps": 1, "method": "qris"},
        headers={"Authorization": f"Bearer {key}", "Idempotency-Key": again},
    )
    return answer.status_code, answer.json()
