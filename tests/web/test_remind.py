"""Asking to be told, over the gate itself: whose turn it may be, taking it back, and being forgotten."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.reminders import store
from bubuh.reminders.model import Reminder
from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.room_file import RoomFile, Watched
from bubuh.waitingroom.turn import ANYONE, TURN_LIFE_S, Holder, Turn, bind_of, issue, show_bytes
from bubuh.worker.routes import all_routes, tell
from bubuh.worker.turns import NowUnreadable, TurnRound
from tests.waitingroom.make import BOB, RING, UMUM
from tests.web.browser import PASSWORD, Browser, Citizen, registered
from tests.web.test_deadline import Night, night  # noqa: F401 -- a fixture
from tests.web.test_stamp import session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

PATH = "/antre/kabari"


def joined(night: Night, **given: Any) -> Turn:  # noqa: F811
    facts: dict[str, Any] = {"bind": ANYONE, "now_s": int(time.time())}
    return night.gate.keeper.join(UMUM, **(facts | given))


def text_of(turn: Turn) -> str:
    return show_bytes(issue(turn, RING))


async def asked(citizen: Citizen, number: str) -> str:
    """The page after the form was sent."""
    await citizen.browser.open(f"{PATH}?nomor={number}")
    return (await citizen.browser.send(citizen.browser.form(PATH))).text


async def wishes(night: Night, citizen: Citizen) -> list[Reminder]:  # noqa: F811
    session = await session_of(night.site, citizen.browser)
    return await store.list_of(night.site.services.db, session.account_id, session.user_id)


async def messages(night: Night, account_id: AccountId) -> list[str]:  # noqa: F811
    services = night.site.services
    routes = all_routes(sender=night.site.sender, person_key=services.person_key)
    await tell(services.db, shard_of_account(account_id), routes=routes)
    return [sent.message.text for sent in night.site.sender.letters() if "Giliran Anda" in sent.message.text]


async def test_from_the_waiting_page_to_the_message_without_a_script(night: Night) -> None:  # noqa: F811
    await night.follow(per_s=20.0)
    sari = await registered(night.site)
    turn = joined(night, now_s=int(time.time()) - 60)
    place = await night.gate.call("GET", "/antre/tempat", query=f"nomor={code_of(turn, RING)}")
    assert f"http://situs{PATH}?nomor={code_of(turn, RING)}" in place.body.decode()
    stranger = Browser(night.site)
    await stranger.open(f"{PATH}?nomor={text_of(turn)}")
    assert stranger.path == "/masuk", "who is not signed in does that first"
    await stranger.send(stranger.form("/masuk"), {"contact": sari.address, "password": PASSWORD})
    assert stranger.path == PATH
    form = stranger.form(PATH)
    assert form.fields["number"] == text_of(turn), "the browser has kept the number meanwhile"
    shown = (await stranger.send(form)).text
    assert "Anda akan dikabari" in shown
    assert sari.address not in shown
    assert "•••@contoh.id" in shown
    services = night.site.services
    watched = Watched(night.gate.folder, RoomFile())
    turns = TurnRound(services.db, watched, gate_url="http://gerbang/", key=services.person_key)
    account_id = (await session_of(night.site, stranger)).account_id
    await turns.make()
    assert await messages(night, account_id) == []
    for at in range(3):
        await night.tick(time.time() + at)
    for _ in range(2):
        await turns.make()
    (text,) = await messages(night, account_id)
    assert f"{turn.number} (Umum)" in text
    assert "http://gerbang/antre " in text
    assert "Sudah dipanggil dan dikabari" in (await stranger.open(PATH)).text


async def test_a_foreign_forged_or_outlived_turn_is_refused(night: Night) -> None:  # noqa: F811
    await night.follow()
    sari = await registered(night.site)
    own_id = (await session_of(night.site, sari.browser)).account_id
    foreign = joined(night, bind=bind_of(BOB))
    old = joined(night, now_s=int(time.time()) - TURN_LIFE_S - 5)
    whole = text_of(joined(night))
    forged = whole[:-3] + ("AAA" if not whole.endswith("AAA") else "BBB")
    for number, words in (
        (text_of(foreign), "yang mengambil nomor ini"),
        (code_of(foreign, RING), "yang mengambil nomor ini"),
        (text_of(old), "lewat 72 jam"),
        (forged, "bukan dari layanan ini"),
        ("0000-0000-0000-0000", "bukan dari layanan ini"),
        ("", "bukan dari layanan ini"),
    ):
        assert words in await asked(sari, number), number
    assert await wishes(night, sari) == []
    assert "Anda akan dikabari" in await asked(sari, text_of(joined(night, bind=bind_of(own_id))))
    browsers = joined(night, bind=7, holder=Holder.KEY)
    assert "Anda akan dikabari" in await asked(sari, text_of(browsers))
    assert "yang mengambil nomor ini" in await asked(sari, code_of(browsers, RING)), "a code shows no browser"
    (wish,) = await wishes(night, sari)
    assert wish.number == browsers.number, "for one lane one has one"


async def test_it_is_ones_own_to_take_back(night: Night) -> None:  # noqa: F811
    await night.follow()
    sari, budi = await registered(night.site), await registered(night.site)
    for citizen in (sari, budi):
        await asked(citizen, text_of(joined(night)))
    await budi.browser.open(PATH)
    assert f"nomor {(await wishes(night, sari))[0].number}</h2>" not in budi.browser.page.text
    assert budi.browser.page.text.count("/antre/kabari/batal") == 1
    await budi.browser.send(budi.browser.form(f"{PATH}/batal"))
    assert len(await wishes(night, sari)) == 1
    assert await wishes(night, budi) == []
    for lane in ("", "x", "99", "\N{SUPERSCRIPT TWO}"):
        await sari.browser.open(PATH)
        await sari.browser.send(sari.browser.form(f"{PATH}/batal"), {"lane": lane})
    assert len(await wishes(night, sari)) == 1


async def test_english_readers_are_asked_and_told_in_english(night: Night) -> None:  # noqa: F811
    await night.follow()
    sari = await registered(night.site)
    sari.browser.client.headers["Accept-Language"] = "en"
    assert "You will be told when this number is called." in await asked(sari, text_of(joined(night)))
    assert (await wishes(night, sari))[0].language == "en"


async def test_it_is_among_ones_data_and_goes_with_the_account(night: Night) -> None:  # noqa: F811
    await night.follow()
    sari = await registered(night.site)
    turn = joined(night)
    await asked(sari, text_of(turn))
    export = json.loads((await sari.browser.client.get("/akun/data/unduh")).content)
    (told,) = export["reminders"]
    assert (told["lane"], told["number"], told["told_at"]) == (UMUM, turn.number, None)
    session = await session_of(night.site, sari.browser)
    await sari.browser.open("/akun/data")
    await sari.browser.send(sari.browser.form("/akun/data/hapus"), {"password": PASSWORD})
    assert await store.list_of(night.site.services.db, session.account_id, session.user_id) == []


async def test_nobody_is_asked_while_people_go_in_as_they_come(night: Night, tmp_path: Path) -> None:  # noqa: F811
    await night.follow(is_open=False)
    sari = await registered(night.site)
    await asked(sari, text_of(joined(night)))
    services = night.site.services
    watched = Watched(night.gate.folder, RoomFile())
    await TurnRound(services.db, watched, gate_url="http://gerbang", key=services.person_key).make()
    assert (await wishes(night, sari))[0].told_at is None
    nothing = Watched(tmp_path, RoomFile())
    round_ = TurnRound(services.db, nothing, gate_url="http://gerbang", key=services.person_key)
    await round_.make()
    (tmp_path / "public").mkdir()
    (tmp_path / "public/now.json").write_text("<html>")
    with pytest.raises(NowUnreadable):
        await round_.make()
