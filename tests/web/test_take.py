"""Who is signed in takes a turn of their account's: without work, good on any device, nobody else's."""

from __future__ import annotations

import re
import time

import pytest

from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.lanes import DEFAULT_LANES, LaneKind
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.waitingroom.turn import Holder, bind_of, issue, read_bytes, read_turn, show_bytes
from tests.waitingroom.make import RING, UMUM, lane, rules
from tests.web.browser import Browser, registered
from tests.web.test_deadline import Night, night  # noqa: F401 -- a fixture
from tests.web.test_stamp import session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/antre/nomor"


async def test_a_turn_of_ones_own_is_taken_shown_and_entered_with_elsewhere(night: Night) -> None:  # noqa: F811
    await night.follow(per_s=20.0)
    night.gate.keeper.toll.work = 100_000  # which a stranger would have to do
    sari = await registered(night.site)
    await sari.browser.open(PATH)
    page = (await sari.browser.send(sari.browser.form(PATH))).text
    shown = re.search(r"http://gerbang/antre/bawa\?nomor=([A-Za-z0-9_-]{54})", page)
    assert shown is not None
    night.gate.keeper.toll.work = 0
    turn = read_turn(read_bytes(shown[1]), RING, now_s=int(time.time()))
    account_id = (await session_of(night.site, sari.browser)).account_id
    assert (turn.lane, turn.holder, turn.bind) == (UMUM, Holder.ACCOUNT, bind_of(account_id))
    carried = await night.gate.call("GET", "/antre/bawa", query=f"nomor={shown[1]}")
    assert (carried.status, carried.header("location")) == (303, ["/antre"])
    assert [one.partition(";")[0] for one in carried.header("set-cookie")] == [
        f"giliran={shown[1]}",
        f"kode={code_of(turn, RING)}",
    ]
    for at in range(3):
        await night.tick(time.time() + at)
    tablet = Browser(night.site)
    await sari.sign_in(tablet)
    await tablet.open(f"/antre/masuk?nomor={code_of(turn, RING)}")
    entered = await tablet.send(tablet.form("/antre/masuk"))
    assert entered.request.url.path == "/akun"


async def test_lanes_that_a_room_comes_with_are_named_in_the_readers_language(night: Night) -> None:  # noqa: F811
    own = lane(id=4, name="loket", kind=LaneKind.ASSIST, title="Loket 100 % & bantuan")
    given = [*(one for one in DEFAULT_LANES if one.kind is not LaneKind.ASSIST), own]
    write_room_file(night.gate.folder, RoomFile(is_open=True, rules=rules(*given)), uid=None)
    door = night.site.services.door
    assert door is not None
    door._watched._seen, door._looked_s = -1, float("-inf")
    sari = await registered(night.site)
    for language, titles in (
        ("id", ["Sudah punya kuota", "Umum"]),
        ("en", ["Has quota already", "Everybody"]),
    ):
        sari.browser.client.headers["Accept-Language"] = language
        page = (await sari.browser.open(PATH)).text
        shown = re.findall(
            r"<button type=\"submit\"[^>]*>([^<]+)</button>\n</form>", page.split("<main", 1)[1]
        )
        assert shown == [*titles, "Loket 100 % &amp; bantuan"]


async def test_a_lane_that_is_reserved_or_unknown_is_not_joined_here(night: Night) -> None:  # noqa: F811
    deadline = await night.registered("cpns-take")
    sari = await registered(night.site)
    await sari.browser.open(PATH)
    assert deadline.slug not in sari.browser.page.text
    form = sari.browser.form(PATH)
    assert (await sari.browser.send(form, {"lane": deadline.slug})).status_code == 403
    assert (await sari.browser.send(form, {"lane": "tidak-ada"})).status_code == 404
    assert (await Browser(night.site).open(PATH)).request.url.path == "/masuk"


async def test_no_link_takes_away_the_turn_that_a_browser_keeps(night: Night) -> None:  # noqa: F811
    await night.follow()
    now_s = int(time.time())
    own, other = (night.gate.keeper.join(UMUM, bind=7, now_s=now_s) for _ in range(2))
    mine, theirs = (show_bytes(issue(one, RING)) for one in (own, other))
    for given in (theirs, code_of(other, RING)):
        led = await night.gate.call("GET", "/antre/bawa", query=f"nomor={given}", cookie=f"giliran={mine}")
        assert led.header("location") == [f"/antre/tempat?nomor={code_of(other, RING)}"]
        assert led.header("set-cookie") == []
        place = await night.gate.call(
            "GET", "/antre/tempat", query=f"nomor={given}", cookie=f"giliran={mine}"
        )
        assert code_of(other, RING) in place.body.decode()
        assert place.header("set-cookie") == []
    again = await night.gate.call("GET", "/antre/bawa", query=f"nomor={mine}", cookie=f"giliran={mine}")
    assert again.header("location") == ["/antre"]
    first = await night.gate.call("GET", "/antre/tempat", query=f"nomor={code_of(other, RING)}")
    assert first.header("set-cookie")[0].startswith(f"kode={code_of(other, RING)}")
    assert (await night.gate.call("GET", "/antre/bawa", query="nomor=x")).status == 403
