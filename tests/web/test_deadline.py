"""A deadline's page, its lane, and the proof of turn, over the gate itself."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest
import pytest_asyncio

from bubuh.asgi import create_app
from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id
from bubuh.db.pool import Database
from bubuh.deadlines import store
from bubuh.deadlines.board import DeadlineBoard
from bubuh.deadlines.lane import with_lanes
from bubuh.deadlines.model import Deadline, Eligibility, NewDeadline, mark_of
from bubuh.deadlines.register import close, register
from bubuh.edge.door import Door
from bubuh.pdf.seal.pki import from_pem
from bubuh.pdf.sheet import attached, covered, signature_in
from bubuh.signer.heads import StatementKey
from bubuh.signer.statements import sign_statements
from bubuh.statements.prove import prove
from bubuh.waitingroom.code import code_of
from bubuh.waitingroom.proof import Outcome, TurnRecord
from bubuh.waitingroom.room_file import RoomFile, Watched, write_room_file
from bubuh.waitingroom.turn import ANYONE, bind_of, issue, show_bytes
from bubuh.wiring.folder import DataFolder
from tests.api.site import PUBLIC_URL, Site
from tests.gate.conftest import Door as Gate, open_door
from tests.gate.in_process import InProcess
from tests.waitingroom.make import RING, lane, rules
from tests.web.browser import PASSWORD, Browser, Citizen, registered
from tests.web.test_stamp import session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

SALT = "garam-2026-november"
NUMBER = "3175-0001"
LEFT_S = 7200


@dataclass
class Night:
    """A service with a waiting room, its gate, and what is registered."""

    site: Site
    gate: Gate

    async def registered(self, slug: str, **given: Any) -> Deadline:
        """A deadline whose lane the gate follows; others are closed."""
        facts: dict[str, Any] = {"name": "Seleksi CPNS 2026", "agency": "BKN", "expected": 0, "slug": slug}
        facts |= {"at": datetime.fromtimestamp(int(time.time()) + LEFT_S, UTC)}
        facts |= {"eligibility": Eligibility.DECLARED, "salt": None}
        marks = given.pop("marks", [])
        db, key = self.site.services.db, self.site.services.person_key
        async with db.transaction() as conn:
            for other in await store.list_all(conn):
                if other.is_open:
                    await close(conn, other.slug, actor="local")
            made = await register(
                conn,
                NewDeadline(**(facts | given)),
                marks,
                person_key=key,
                lanes=[],
                now=utc_now(),
                actor="local",
            )
        await self.follow()
        return made

    async def follow(self, *, is_open: bool = True, **given: Any) -> None:
        """The gate and the site learn what is so."""
        plain = rules(lane(floor=0.1), **({"per_s": 0.05, "safety_s": 0} | given))
        all_lanes = with_lanes(plain, await store.list_all(self.site.services.db))
        write_room_file(self.gate.folder, RoomFile(is_open=is_open, rules=all_lanes), uid=None)
        self.gate.keeper._watched._seen = -1  # within one tick of the file's clock
        assert self.site.services.door is not None
        self.site.services.door._watched._seen = -1
        self.site.services.door._looked_s = float("-inf")
        self.site.services.deadlines._read_s = float("-inf")
        await self.tick()

    async def tick(self, at_s: float | None = None) -> None:
        await self.gate.tick(now_s=time.time() if at_s is None else at_s)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def night(site: Site, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Night]:
    folder = tmp_path_factory.mktemp("room")
    (folder / "public").mkdir()
    write_room_file(folder, RoomFile(is_open=True, rules=rules(lane())), uid=None)
    async with open_door(folder) as gate:
        door = Door(Watched(folder, RoomFile()), RING, InProcess(gate), gate_url="http://gerbang")
        hosts = {"cpns.contoh.id": "cpns-host"}
        services = replace(site.services, door=door, hosts=hosts, deadlines=DeadlineBoard())
        yield Night(replace(site, services=services, app=create_app(services)), gate)


async def turn_page(sari: Citizen, deadline: Deadline) -> str:
    page = await sari.browser.open(f"/jalur/{deadline.slug}/nomor")
    assert page.status_code == 200
    return page.text


async def taken(sari: Citizen, deadline: Deadline, **filled: str) -> str:
    """The page after the form was sent."""
    await turn_page(sari, deadline)
    form = sari.browser.form(f"/jalur/{deadline.slug}/nomor")
    return (await sari.browser.send(form, filled)).text


async def test_the_page_tells_the_queue_and_the_honest_verdict(night: Night) -> None:
    deadline = await night.registered("cpns-1")
    anyone = Browser(night.site)
    page = (await anyone.open("/jalur/cpns-1")).text
    for text in ("Seleksi CPNS 2026", "BKN", "2 jam", "0 nomor", "terkejar sebelum tenggat"):
        assert text in page, text
    assert (
        len((await anyone.client.get("/jalur/cpns-1", headers={"Accept-Encoding": "gzip"})).content) < 12_000
    )
    for _ in range(1000):
        night.gate.keeper.join(deadline.lane_id, bind=ANYONE, now_s=int(time.time()))
    await night.tick()
    page = (await anyone.open("/jalur/cpns-1")).text
    assert "tidak terkejar sebelum tenggat" in page
    assert "http://gerbang/antre" in page, "the lane for everybody"
    english = (await Browser(night.site, language="en").open("/jalur/cpns-1")).text
    assert "is not reached before the deadline" in english
    await night.follow(is_open=False)
    assert "langsung masuk" in (await anyone.open("/jalur/cpns-1")).text
    night.gate.keeper._publish(int(time.time()) - 60)
    await night.follow()
    night.gate.keeper._publish(int(time.time()) - 60)
    assert "belum diketahui" in (await anyone.open("/jalur/cpns-1")).text
    assert (await anyone.open("/jalur/tidak-ada")).status_code == 404


async def test_a_deadline_has_a_host_name_of_its_own(night: Night) -> None:
    deadline = await night.registered("cpns-host", name="Lewat nama sendiri")
    anyone, there = Browser(night.site), PUBLIC_URL.partition("://")[0] + "://cpns.contoh.id:8443"
    anyone.client.base_url = httpx.URL(there)
    assert "Lewat nama sendiri" in (await anyone.open("/")).text
    assert f'href="{PUBLIC_URL}/jalur/cpns-host/nomor"' in anyone.page.text, "who signs in there does so once"
    assert "Lewat nama sendiri" not in (await Browser(night.site).open("/")).text
    assert 'href="/jalur/cpns-host/nomor"' in (await Browser(night.site).open("/jalur/cpns-host")).text
    sari = await registered(night.site)
    await anyone.open("/jalur/cpns-host/nomor")
    assert anyone.path == "/masuk", "who takes a turn there signs in there"
    await anyone.send(anyone.form(), {"contact": sari.address, "password": PASSWORD}, Origin=there)
    assert str(anyone.page.url) == f"{there}/jalur/cpns-host/nomor"
    page = await anyone.send(anyone.form("/jalur/cpns-host/nomor"), {"declares": "1"}, Origin=there)
    session = await session_of(night.site, sari.browser)
    entry = await store.find_entry(night.site.services.db, deadline.id, session.account_id)
    assert entry is not None
    assert entry.code is not None
    assert entry.code in page.text


async def test_who_declares_takes_one_turn_and_keeps_it(night: Night) -> None:
    deadline = await night.registered("cpns-2")
    sari = await registered(night.site)
    assert "Centang pernyataan" in await taken(sari, deadline)
    page = await taken(sari, deadline, declares="1")
    session = await session_of(night.site, sari.browser)
    entry = await store.find_entry(night.site.services.db, deadline.id, session.account_id)
    assert entry is not None
    assert entry.code is not None
    assert entry.code in page
    assert f"http://gerbang/antre/bawa?nomor={entry.turn}" in page
    assert entry.code in await taken(sari, deadline), "asked again, the same number"
    assert night.gate.keeper.room.lanes[deadline.lane_id].numbers.issued == 1
    door = night.site.services.door
    assert door is not None
    assert entry.turn is not None
    shown = await door.show(entry.turn, account_id=None, deadline_s=None, now_s=int(time.time()))
    assert (shown.lane, shown.number, shown.holder) == (
        deadline.lane_id,
        1,
        f"{bind_of(session.account_id):016x}",
    )


async def test_a_turn_that_was_used_is_followed_by_a_new_one(night: Night) -> None:
    deadline = await night.registered("cpns-3")
    sari = await registered(night.site)
    first = await taken(sari, deadline, declares="1")
    await night.follow(per_s=50.0)
    await night.tick(time.time() + 1)
    await night.tick(time.time() + 2)
    session = await session_of(night.site, sari.browser)
    entry = await store.find_entry(night.site.services.db, deadline.id, session.account_id)
    assert entry is not None
    assert entry.turn is not None
    door = night.site.services.door
    assert door is not None
    assert await door.enter(session.account_id, entry.turn, now_s=int(time.time()))
    second = await taken(sari, deadline)
    assert entry.code is not None
    assert entry.code in first
    assert entry.code not in second


async def test_the_list_decides_where_there_is_one(night: Night) -> None:
    marks = [mark_of(SALT, NUMBER)]
    facts = {"eligibility": Eligibility.LIST, "salt": SALT, "marks": marks}
    deadline = await night.registered("cpns-4", **facts)
    sari, budi = await registered(night.site), await registered(night.site)
    assert "tidak ada di daftar" in await taken(sari, deadline, number="3175-0009")
    assert "Kode Anda" in await taken(sari, deadline, number="3175 0001")
    assert "Akun lain sudah mengambil" in await taken(budi, deadline, number=NUMBER)


async def asked(browser: Browser, number: str) -> str:
    """The page that follows on asking for a proof."""
    await browser.open(f"/bukti-antre?nomor={number}")
    return (await browser.send(browser.form("/bukti-antre"))).text


async def test_a_proof_is_signed_for_who_was_not_reached(
    night: Night, signer_db: Database, key_folder: DataFolder, statement_key: StatementKey
) -> None:
    """From the turn of somebody on a list to files that anybody can check."""
    del signer_db
    roots = from_pem(key_folder.root_certificate.read_bytes())
    marks = [mark_of(SALT, NUMBER)]
    deadline = await night.registered("cpns-5", eligibility=Eligibility.LIST, salt=SALT, marks=marks)
    for _ in range(700):
        night.gate.keeper.join(deadline.lane_id, bind=ANYONE, now_s=int(time.time()))
    sari = await registered(night.site)
    await taken(sari, deadline, number=NUMBER)
    session = await session_of(night.site, sari.browser)
    entry = await store.find_entry(night.site.services.db, deadline.id, session.account_id)
    assert entry is not None
    assert entry.turn is not None
    assert "tiap menit" in await asked(sari.browser, entry.turn), "its minute is not over"
    until_s = deadline.at.timestamp()
    for at_s in (until_s - 3600, until_s - 60, until_s + 61):
        await night.tick(at_s)
    page = await asked(sari.browser, entry.turn)
    assert "Sedang ditandatangani" in page
    assert "tidak dapat dilayani sebelum tenggat" in page.replace("\n", " ")
    path = sari.browser.path
    assert (await sari.browser.client.get(f"{path}.pdf")).status_code == 404, "not signed yet"
    async with await Database.open(night.site.dsns.signer, size=1) as db:
        assert await sign_statements(db, statement_key) == 2
    assert "Unduh PDF" in (await sari.browser.open(path)).text
    files = {form: await sari.browser.client.get(f"{path}.{form}") for form in ("pdf", "json", "p7s")}
    assert files["pdf"].headers["content-disposition"].startswith("attachment")
    told = msgspec.json.decode(files["json"].content, type=TurnRecord)
    assert (told.outcome, told.lane, told.number) == (Outcome.NOT_REACHED, "cpns-5", 701)
    assert told.holder == marks[0], "the agency finds its own hash"
    assert attached(files["pdf"].content) == files["json"].content
    digest, contents = covered(files["pdf"].content), signature_in(files["pdf"].content)
    assert digest is not None
    assert contents is not None
    assert prove(digest, contents, roots) is not None
    assert await count_of(night, read_id("trn", path.rpartition("/")[2])) == 2
    await asked(sari.browser, entry.turn)
    assert sari.browser.path == path
    assert await count_of(night, read_id("trn", path.rpartition("/")[2])) == 2, "said once"


async def count_of(night: Night, subject: UUID) -> int:
    count: int = await night.site.services.db.fetchval(
        "SELECT count(*) FROM statements WHERE subject = $1", subject
    )
    return count


async def test_nobody_gets_a_proof_by_anothers_code(night: Night) -> None:
    deadline = await night.registered("cpns-6")
    sari, budi = await registered(night.site), await registered(night.site)
    await taken(sari, deadline, declares="1")
    session = await session_of(night.site, sari.browser)
    entry = await store.find_entry(night.site.services.db, deadline.id, session.account_id)
    assert entry is not None
    assert entry.code is not None
    await night.tick(time.time() + 61)
    for browser in (budi.browser, Browser(night.site)):
        assert "yang mengambil nomor ini" in await asked(browser, entry.code)
    assert "Sedang ditandatangani" in await asked(sari.browser, entry.code)
    for wrong in ("0000-0000-0000-0000", "x", "\N{SNOWMAN}"):
        await budi.browser.open("/bukti-antre")
        answer = await budi.browser.send(budi.browser.form("/bukti-antre"), {"number": wrong})
        assert answer.status_code == 403, wrong
    for path in ("trn_x", "trn_" + "0" * 26, "trn_" + "0" * 26 + ".exe"):
        assert (await budi.browser.open(f"/bukti-antre/{path}")).status_code == 404


async def test_a_plain_lanes_turn_has_a_proof_too(night: Night) -> None:
    await night.follow()
    turn = night.gate.keeper.join(3, bind=ANYONE, now_s=int(time.time()))
    await night.tick(time.time() + 122)
    anyone = Browser(night.site)
    assert "diambil" in await asked(anyone, show_bytes(issue(turn, RING)))
    assert "Umum" in anyone.page.text
    again = anyone.path
    await asked(Browser(night.site), code_of(turn, RING))
    assert (await anyone.open(again)).status_code == 200
