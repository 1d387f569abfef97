"""Something is wrong: the machine looks first, then a complaint, which anyone follows by its number."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import uuid4

import pytest

from bubuh.complaints import show
from bubuh.complaints.answer import answer
from bubuh.complaints.look import PATIENCE_S, look
from bubuh.complaints.model import COMPLAINT, MOST_LETTERS, Code, Finding, read_subject
from bubuh.complaints.refusals import ComplaintAnswered, ComplaintUnexplained, ComplaintUnknown
from bubuh.core.clock import utc_now
from bubuh.core.ids import MalformedId, fresh_id, read_id, show_id
from bubuh.edge.findings import FINDINGS, said_of
from bubuh.edge.looking import eyes_of
from bubuh.edge.words import Language
from bubuh.refunds.list_overdue import list_overdue
from bubuh.stamping.cancel import cancel
from bubuh.worker.notices import LINES
from tests.api.site import Site
from tests.web.browser import Browser, Citizen, registered
from tests.web.test_history import asked_for, expired, ordered, paid
from tests.web.test_stamp import rich, session_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

TOLD = "Uangnya sudah terpotong dari rekening 1234567890"


async def codes(site: Site, sari: Citizen, about: str, **other: Any) -> list[Code]:
    """What the machine finds."""
    session = await session_of(site, sari.browser)
    eyes = replace(eyes_of(site.services), **other)
    return [found.code for found in await look(eyes, session.account_id, read_subject(about))]


async def complained(sari: Citizen, about: str, words: str = TOLD) -> str:
    """The number of a complaint about it."""
    await sari.browser.open(f"/bantuan/{about}")
    await sari.browser.send(sari.browser.form(f"/bantuan/{about}"), {"words": words})
    assert sari.browser.path.startswith("/pengaduan/cmp_"), sari.browser.page.text
    return sari.browser.path.rpartition("/")[2]


async def test_every_finding_has_words() -> None:
    assert FINDINGS.keys() == set(Code)


async def test_an_order_is_looked_at_with_its_gateway(site: Site) -> None:
    sari = await registered(site)
    order = await ordered(sari, stamps=2)
    about = show_id("ord", order)
    page = (await sari.browser.open(f"/bantuan/{about}")).text
    assert "Belum ada uang yang tercatat" in page
    assert "Penyedia pembayaran baru saja kami tanya" in page
    other = show_id("ord", await ordered(sari))
    assert await codes(site, sari, other, gateways={}) == [Code.ORDER_UNPAID, Code.GATEWAY_SILENT]
    await paid(site, sari, order, 15_000, "k-1")
    assert (await codes(site, sari, about))[0] is Code.ORDER_UNDERPAID
    page = (await sari.browser.open(f"/pesanan/{about}")).text
    assert "Baru Rp15.000 yang diterima; masih kurang Rp5.000" in page
    await paid(site, sari, order, 25_000, "k-2")
    page = (await sari.browser.open(f"/pesanan/{about}")).text
    assert "lebih Rp20.000 dari harganya. Kelebihannya kami kembalikan sendiri" in page
    assert await codes(site, sari, about) == [Code.ORDER_FILLED, Code.SURPLUS_RETURNS]
    assert "Kelebihan Rp20.000 dikembalikan sendiri" in (await sari.browser.open(f"/bantuan/{about}")).text
    (refund,) = re.findall(r'"/bantuan/(rfd_[^"]+)"', (await sari.browser.open("/riwayat")).text)
    assert await codes(site, sari, refund) == [Code.REFUND_SENT]
    assert "sudah kami minta" in (await sari.browser.open(f"/bantuan/{refund}")).text
    shard = (await session_of(site, sari.browser)).principal.shard
    assert await list_overdue(site.services.db, shard, after_s=0.0) == 1
    assert await codes(site, sari, refund) == [Code.REFUND_OVERDUE]
    assert "Petugas kami menanyakannya" in (await sari.browser.open(f"/bantuan/{refund}")).text
    assert "petugas menanyakannya" in (await sari.browser.open(f"/pesanan/{about}")).text


async def test_a_stamp_is_looked_at_with_hold_signer_and_file(site: Site) -> None:
    async def dead() -> bool:
        return False

    sari = await rich(site)
    first, second = [path.rpartition("/")[2] for path in await asked_for(sari, "satu", "dua")]
    waiting = [Code.STAMP_WAITS, Code.QUOTA_HELD]
    assert await codes(site, sari, first) == [*waiting, Code.SIGNER_WELL]
    assert await codes(site, sari, first, signer_health=dead) == [*waiting, Code.SIGNER_AWAY]
    session = await session_of(site, sari.browser)
    await cancel(session.principal, read_id("stm", first), db=site.services.db)
    assert await codes(site, sari, first) == [Code.STAMP_RETURNED, Code.QUOTA_RELEASED]
    page = (await sari.browser.open(f"/bantuan/{first}")).text
    assert "Dibatalkan oleh pemiliknya" in page
    assert "sudah kami kembalikan" in page
    async with site.working():
        for _ in range(600):
            if "hx-refresh" in (await sari.browser.open(f"/meterai/{second}/keadaan")).headers:
                break
    done = [Code.STAMP_AFFIXED, Code.QUOTA_USED]
    assert await codes(site, sari, second) == [*done, Code.FILE_READY]
    assert await codes(site, sari, second, patience_s=0.0) == [*done, Code.FILE_AWAY]


async def test_who_does_not_answer_holds_nobody_up(site: Site) -> None:
    """Two seconds are promised: each look waits for one outside the database, and no longer than that."""

    async def silent() -> bool:
        await asyncio.Event().wait()
        return True

    assert PATIENCE_S < 2
    sari = await rich(site)
    (stamp,) = [path.rpartition("/")[2] for path in await asked_for(sari, "satu")]
    order = show_id("ord", await ordered(sari))
    found = await codes(site, sari, stamp, signer_health=silent, patience_s=0.05)
    assert found == [Code.STAMP_WAITS, Code.QUOTA_HELD, Code.SIGNER_AWAY]
    await site.gateway.script(slow_s=60)
    try:
        found = await codes(site, sari, order, patience_s=0.05)
    finally:
        await site.gateway.script()
    assert found == [Code.ORDER_UNPAID, Code.GATEWAY_SILENT]


async def test_nothing_is_seen_of_what_is_anothers(site: Site) -> None:
    sari, budi = await rich(site), await rich(site)
    order = show_id("ord", await ordered(sari))
    (stamp,) = [path.rpartition("/")[2] for path in await asked_for(sari, "satu")]
    account_id = (await session_of(site, sari.browser)).account_id
    for about in (order, stamp, show_id("rfd", fresh_id(account_id)), "doc_" + "0" * 26, "apa"):
        assert (await budi.browser.open(f"/bantuan/{about}")).status_code == 404
    await budi.browser.open("/pengaduan")
    form = budi.browser.form("/pengaduan")
    form.action = f"/bantuan/{order}"
    assert (await budi.browser.send(form, {"words": TOLD})).status_code == 404


async def test_a_complaint_takes_all_along_and_is_followed_without_signing_in(site: Site) -> None:
    sari = await registered(site)
    about = show_id("ord", await ordered(sari))
    await sari.browser.open(f"/bantuan/{about}")
    form = sari.browser.form(f"/bantuan/{about}")
    places = {(await sari.browser.send(form, {"words": TOLD})).request.url.path for _ in range(2)}
    assert len(places) == 1  # a double tap opens one
    number = sari.browser.path.rpartition("/")[2]
    assert TOLD in sari.browser.page.text
    assert "Belum ada uang yang tercatat" in sari.browser.page.text
    assert number in (await sari.browser.open("/pengaduan")).text
    conflict = await sari.browser.send(form, {"words": "lain"})
    assert conflict.status_code == 422

    stranger = Browser(site)
    await stranger.fill("/pengaduan", {"no": f" {number.lower()} "})
    assert stranger.path == f"/pengaduan/{number}"
    assert "Menunggu jawaban" in stranger.page.text
    for secret in (TOLD, about, "Sari Uji", "Belum ada uang"):
        assert secret not in stranger.page.text
    await stranger.open("/pengaduan")
    assert stranger.form("/pengaduan").fields["no"] == ""
    assert (await stranger.fill("/pengaduan", {"no": "123"})).status_code == 422
    assert stranger.form("/pengaduan").fields["no"] == "123"
    assert (await stranger.open(f"/pengaduan/cmp_{'0' * 26}")).status_code == 404

    services = site.services
    waiting = await show.list_open(services.db)
    assert number in [one.no for one in waiting]
    wanted = read_id(COMPLAINT, number)
    row = await services.db.fetchrow(
        "SELECT * FROM complaints WHERE shard = $1 AND id = $2", wanted.bytes[0], wanted
    )
    assert row is not None
    assert TOLD not in str(dict(row))  # people's words are sealed
    await answer(services.db, wanted, "Sudah kami cocokkan.", actor="op", key=services.person_key)
    with pytest.raises(ComplaintAnswered):
        await answer(services.db, wanted, "Lagi.", actor="op", key=services.person_key)
    for words in ("  ", "x" * (MOST_LETTERS + 1)):
        with pytest.raises(ComplaintUnexplained):
            await answer(services.db, wanted, words, actor="op", key=services.person_key)
    with pytest.raises(ComplaintUnknown):
        await answer(services.db, fresh_id(1), "Ya.", actor="op", key=services.person_key)
    assert "Sudah kami cocokkan." in (await stranger.open(f"/pengaduan/{number}")).text
    facts = await services.db.fetch(
        "SELECT topic FROM outbox_facts WHERE shard = $1 AND subject = $2", wanted.bytes[0], wanted
    )
    assert {fact["topic"] for fact in facts} == {"complaint.opened", "complaint.answered"} <= LINES.keys()
    acts = await services.db.fetch(
        "SELECT act, facts FROM audit_entries WHERE shard = $1 AND account_id = $2",
        wanted.bytes[0],
        (await session_of(site, sari.browser)).account_id,
    )
    told = {entry["act"] for entry in acts if number in entry["facts"]}
    assert told == {"complaint.open", "complaint.answer"}


async def test_words_are_wanted_and_bounded_and_so_are_open_complaints(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    sari = await registered(site)
    about = show_id("ord", await ordered(sari))
    await sari.browser.open(f"/bantuan/{about}")
    for words in ("", "x" * (MOST_LETTERS + 1)):
        page = await sari.browser.send(sari.browser.form(f"/bantuan/{about}"), {"words": words})
        assert page.status_code == 422
        assert 'id="words-error"' in page.text
    monkeypatch.setattr("bubuh.complaints.open.MOST_OPEN", 1)
    await complained(sari, about)
    await sari.browser.open(f"/bantuan/{about}")
    page = await sari.browser.send(sari.browser.form(f"/bantuan/{about}"), {"words": "lagi"})
    assert "pengaduan yang belum dijawab" in page.text


async def test_who_is_forgotten_leaves_no_words_and_no_answer(site: Site) -> None:
    sari, services = await registered(site), site.services
    order = await ordered(sari)
    answered, waiting = [await complained(sari, show_id("ord", order)) for _ in range(2)]
    desk = partial(answer, services.db, actor="op", key=services.person_key)
    await desk(read_id(COMPLAINT, answered), f"Sari, {TOLD} sudah kami cocokkan.")
    await expired(site, order)  # nobody is forgotten while money is under way
    await sari.browser.open("/akun/data")
    await sari.browser.send(sari.browser.form("/akun/data/hapus"), {"password": "kucing makan ikan"})
    for number, state in ((answered, "answered"), (waiting, "withdrawn")):
        wanted = read_id(COMPLAINT, number)
        found = await show.find_complaint(services.db, wanted, key=services.person_key)
        assert (found.words, found.answer, found.complaint.state) == (None, None, state)
        assert found.complaint.findings  # of the machine, and about nobody
        assert "sudah dihapus atas permintaannya" in (await Browser(site).open(f"/pengaduan/{number}")).text
        with pytest.raises(ComplaintAnswered):  # nor does any come in later
            await desk(wanted, f"Sari, {TOLD}")
        events = await services.db.fetch(
            "SELECT state FROM complaint_events WHERE shard = $1 AND complaint_id = $2",
            wanted.bytes[0],
            wanted,
        )
        assert {event["state"] for event in events} == {"open", state}
    assert not {answered, waiting} & {one.no for one in await show.list_open(services.db)}


async def test_programs_complain_too_about_their_own_things_alone(site: Site) -> None:
    person, other = await site.person(), await site.person()
    placed = await person.post("/v1/orders", key=str(uuid4()), json={"stamps": 1, "method": "va"})
    about = placed.json()["id"]
    key = str(uuid4())
    opened = await person.post("/v1/complaints", key=key, json={"about": about, "message": TOLD})
    assert opened.status_code == 201, opened.text
    assert [each["code"] for each in opened.json()["findings"]] == ["order_unpaid", "gateway_asked"]
    again = await person.post("/v1/complaints", key=key, json={"about": about, "message": TOLD})
    assert again.json()["no"] == opened.json()["no"]
    assert again.headers["idempotent-replayed"] == "true"
    lies = await person.post("/v1/complaints", key=key, json={"about": about, "message": "lain"})
    assert lies.status_code == 422
    path = f"/v1/complaints/{opened.json()['no']}"
    assert (await person.get(path)).json() == opened.json()
    assert (await other.get(path)).status_code == 404
    for wrong in (about, "xyz_1"):
        answered = await other.post(
            "/v1/complaints", key=str(uuid4()), json={"about": wrong, "message": TOLD}
        )
        assert answered.status_code == 404
    empty = await person.post("/v1/complaints", key=str(uuid4()), json={"about": about, "message": " "})
    assert empty.json()["code"] == "complaint_unexplained"


async def test_findings_are_said_in_both_languages() -> None:
    facts: dict[str, str | int] = {
        "at": utc_now().isoformat(),
        "amount_idr": 20_000,
        "stamps": 2,
        "reason": "x",
    }
    for code in Code:
        for language in Language:
            assert "{" not in said_of(Finding(code=code, facts=facts), language)
    with pytest.raises(MalformedId):
        read_subject("doc_" + "0" * 26)
