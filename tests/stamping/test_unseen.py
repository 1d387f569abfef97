"""Stamps on documents that stay at home: affixed as any other, and whole only in their owner's hands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from bubuh.core.ids import fresh_id
from bubuh.documents.check import StoredRevisions
from bubuh.documents.find import find_document
from bubuh.documents.receive_unseen import receive_unseen
from bubuh.documents.refusals import ContentUnseen, DocumentUnknown
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.lean.engine import plan_lean
from bubuh.pdf.midstate import Midstate, midstate_of
from bubuh.pdf.model import Chain, Increment, Intent, Level, Place
from bubuh.pdf.refusals import MidstateUnsupported, OutsidePage
from bubuh.pdf.seal.room import TIME_STAMP_ROOM_BYTES
from bubuh.quota.reconcile import reconcile
from bubuh.quota.show import show_quota
from bubuh.sandbox import Sandbox
from bubuh.stamping import level_store
from bubuh.stamping.affix import Ended, affix
from bubuh.stamping.deliver import open_stamp_increment, open_stamped_document
from bubuh.stamping.model import Lease, WantedStamp
from bubuh.stamping.show import find_stamp
from tests.stamping.conftest import LETTER, PUBLIC_URL, Accepted, Town

DOCUMENT = LETTER.read_bytes()
MIDSTATE = midstate_of(DOCUMENT, 1)


async def receive(town: Town, midstate: Midstate = MIDSTATE, document_id: UUID | None = None) -> UUID:
    document = await receive_unseen(
        midstate,
        1,
        document_id=document_id or fresh_id(town.citizen.account_id),
        account_id=town.citizen.account_id,
        db=town.db,
        sandbox=town.shop.sandbox,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
    )
    return document.id


async def ask(town: Town, document_id: UUID, *, x_pt: float = 400) -> Accepted:
    wanted = WantedStamp(
        document_id=document_id,
        place=Place(page=1, x_pt=x_pt, y_pt=600, side_pt=70),
        document_type="surat lamaran",
        document_no="1",
        document_date=date(2026, 11, 22),
    )
    return await town.ask(wanted, content_unseen=True)


async def increment_of(town: Town, stamp_id: UUID) -> bytes:
    found = await open_stamp_increment(
        town.citizen.account_id,
        stamp_id,
        db=town.db,
        doorbell=town.doorbell,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
        level_wait_s=0.0,
    )
    return found.data


async def check_books(town: Town, document_id: UUID) -> None:
    stored = StoredRevisions(db=town.db, objects=town.shop.objects, store_key=town.shop.store_key)
    assert [await stored.fault_of(town.citizen.account_id, document_id, no) for no in (0, 1)] == [None, None]
    report = await reconcile(town.db)
    assert report.balanced, report.differences


async def test_document_and_increment_make_a_genuine_stamp_that_says_it_was_blind(town: Town) -> None:
    document_id = await receive(town)
    accepted = await ask(town, document_id)
    (lease,) = await town.lease()
    assert await affix(lease, town.shop) is Ended.AFFIXED

    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert stamp.content_unseen
    whole = DOCUMENT + await increment_of(town, stamp.id)
    judgement = await town.shop.sandbox.judge(whole, town.trust)
    assert judgement.is_genuine, judgement
    assert judgement.findings == ("content_unseen",)
    assert [found.serial_no for found in judgement.stamps] == [stamp.serial_no]
    await check_books(town, document_id)


async def test_its_document_cannot_be_had_and_its_increment_can_of_any_stamp(town: Town) -> None:
    unseen, seen = await ask(town, await receive(town)), await town.accept(await town.upload())
    for lease in await town.lease():
        await affix(lease, town.shop)

    async def document_of(stamp_id: UUID) -> bytes:
        opened = await open_stamped_document(
            town.citizen.account_id,
            stamp_id,
            db=town.db,
            doorbell=town.doorbell,
            objects=town.shop.objects,
            store_key=town.shop.store_key,
        )
        return await opened.read()

    with pytest.raises(ContentUnseen):
        await document_of(unseen.stamp.id)
    assert await document_of(seen.stamp.id) == DOCUMENT + await increment_of(town, seen.stamp.id)


async def test_the_increment_is_the_one_that_the_engine_makes_of_the_whole_document(town: Town) -> None:
    await ask(town, await receive(town))
    (lease,) = await town.lease()
    planned: list[tuple[Intent, Increment]] = []

    class Watched(Sandbox):
        """The sandbox, remembering what it planned."""

        async def plan_midstate(self, midstate: bytes, intent: Intent, chain: Chain) -> Increment:
            planned.append((intent, await super().plan_midstate(midstate, intent, chain)))
            return planned[-1][1]

    await affix(lease, replace(town.shop, sandbox=Watched(town.shop.sandbox.line)))
    ((intent, increment),) = planned
    chain = town.shop.keyring().chain(intent.key_id)
    assert increment == plan_lean(DOCUMENT, intent, chain)
    assert intent.qr_payload.startswith(PUBLIC_URL)


async def test_who_died_after_the_seal_is_followed_by_the_same_bytes(town: Town) -> None:
    accepted = await ask(town, await receive(town))
    (lease,) = await town.lease(lease_s=0.0)

    class Dead(Exception):
        pass

    class Dying:
        """The signer, whose caller dies as soon as it has the seal."""

        async def seal(self, lease: Lease) -> bytes:
            await town.shop.signer.seal(lease)
            raise Dead

        async def is_well(self) -> bool:
            return await town.shop.signer.is_well()

    with pytest.raises(Dead):
        await affix(lease, replace(town.shop, signer=Dying()))
    job = await town.find_job(lease)
    assert job is not None
    assert job.sealed

    (again,) = await town.take_over(worker="worker-2")
    assert await affix(again, town.shop) is Ended.AFFIXED
    whole = DOCUMENT + await increment_of(town, accepted.stamp.id)
    assert (await town.shop.sandbox.judge(whole, town.trust)).is_genuine
    await check_books(town, accepted.stamp.document_id)


@pytest.mark.parametrize(
    ("wanted", "room"), [(Level.B_T, TIME_STAMP_ROOM_BYTES), (Level.B_LT, TIME_STAMP_ROOM_BYTES)]
)
async def test_its_level_goes_no_further_than_a_time_stamp(town: Town, wanted: Level, room: int) -> None:
    accepted = await ask(town, await receive(town))
    (lease,) = await town.lease()
    assert await affix(lease, replace(town.shop, level=wanted)) is Ended.AFFIXED
    level = await level_store.find_pending_level(
        town.db, town.citizen.account_id, accepted.stamp.id, wait_s=60
    )
    assert level is not None
    assert level.wanted is Level.B_T
    assert level.increment_bytes > 2 * room
    await increment_of(town, accepted.stamp.id)  # nobody waits for an authority for ever
    settled = await level_store.find_pending_level(
        town.db, town.citizen.account_id, accepted.stamp.id, wait_s=60
    )
    assert settled is None


async def test_it_takes_the_one_stamp_it_was_sent_for(town: Town) -> None:
    document_id = await receive(town)
    with pytest.raises(ContentUnseen):
        await town.accept(document_id)


async def test_what_is_refused_touches_no_quota_and_leaves_nothing(town: Town) -> None:
    document_id = fresh_id(town.citizen.account_id)
    catalog = next(ref for ref, written in MIDSTATE.objects.items() if b"/Catalog" in written)
    hostile = replace(MIDSTATE, objects={**MIDSTATE.objects, catalog: b"<< >> << >>"})
    with pytest.raises(MidstateUnsupported):
        await receive(town, hostile, document_id)
    with pytest.raises(DocumentUnknown):
        await find_document(town.db, town.citizen.account_id, document_id)
    with pytest.raises(OutsidePage):
        await ask(town, await receive(town), x_pt=590)
    balance = await show_quota(town.db, town.citizen.account_id)
    assert (balance.free, balance.held, balance.used) == (3, 0, 0)


async def test_the_same_midstate_again_is_the_same_document_and_another_is_a_conflict(town: Town) -> None:
    document_id = await receive(town)
    assert await receive(town, MIDSTATE, document_id) == document_id
    with pytest.raises(IdempotencyConflict):
        await receive(town, midstate_of(DOCUMENT + b"\n", 1), document_id)
