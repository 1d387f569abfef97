from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from bubuh.core.ids import fresh_id
from bubuh.documents.find import find_document, key_of
from bubuh.documents.ground import Ground
from bubuh.documents.ports import ObjectDamaged
from bubuh.documents.refusals import DocumentNotReady
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.pdf.model import Chain, Increment, Intent, Tier
from bubuh.pdf.refusals import OutsidePage, PageOutOfRange, Reason
from bubuh.quota.reconcile import reconcile
from bubuh.quota.refusals import QuotaExhausted
from bubuh.quota.show import show_quota
from bubuh.sandbox import Sandbox, SandboxDied
from bubuh.stamping import store
from bubuh.stamping.affix import MOST_DEATHS, Ended, affix
from bubuh.stamping.cancel import cancel
from bubuh.stamping.deliver import open_stamped_document
from bubuh.stamping.model import Lease, Planned
from bubuh.stamping.moves import MOVES, ReturnReason, StampState
from bubuh.stamping.plans import open_plan
from bubuh.stamping.ports import Signer
from bubuh.stamping.refusals import LeaseLost, SealedStuck, StampNotCancellable, StampNotReady, StampUnknown
from bubuh.stamping.show import find_stamp, list_stamps
from bubuh.stamping.sweep import sweep
from tests.pdf.damage import wrong_startxref
from tests.pdf.locked import locked_with_strings_in_streams
from tests.stamping.conftest import LETTER, Town


async def download(town: Town, stamp_id) -> bytes:
    opened = await open_stamped_document(
        town.citizen.account_id,
        stamp_id,
        db=town.db,
        doorbell=town.doorbell,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
    )
    return b"".join([piece async for piece in opened.chunks])


async def assert_books_balance(town: Town) -> None:
    report = await reconcile(town.db)
    assert report.balanced, report.differences


async def test_a_stamp_goes_from_accepted_to_affixed_and_its_document_is_genuine(town: Town) -> None:
    accepted = await town.accept(await town.upload())
    (lease,) = await town.lease()

    assert await affix(lease, town.shop) is Ended.AFFIXED

    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert [event.state for event in stamp.timeline] == ["accepted", "processing", "affixed"]
    document = await download(town, stamp.id)
    assert document.startswith(LETTER.read_bytes())
    judgement = await town.shop.sandbox.judge(document, town.trust)
    assert judgement.is_genuine, judgement
    assert [found.serial_no for found in judgement.stamps] == [stamp.serial_no]
    balance = await show_quota(town.db, town.citizen.account_id)
    assert (balance.free, balance.held, balance.used) == (2, 0, 1)
    await assert_books_balance(town)


async def test_stamps_of_one_document_are_affixed_one_after_the_other_and_all_stay_genuine(
    town: Town,
) -> None:
    document_id = await town.upload()
    stamps = [(await town.accept(document_id, no=str(no))).stamp for no in (1, 2)]

    (first,) = await town.lease()
    assert await town.lease(worker="worker-2") == []  # the document is in work
    assert await affix(first, town.shop) is Ended.AFFIXED
    (second,) = await town.lease(worker="worker-2")
    assert await affix(second, town.shop) is Ended.AFFIXED

    assert (await download(town, stamps[1].id)).startswith(await download(town, stamps[0].id))
    judgement = await town.shop.sandbox.judge(await download(town, stamps[1].id), town.trust)
    assert judgement.is_genuine, judgement
    assert len(judgement.stamps) == 2
    await assert_books_balance(town)


async def test_a_repeated_request_shows_the_same_stamp_and_holds_nothing_more(town: Town) -> None:
    document_id, stamp_id = await town.upload(), fresh_id(town.citizen.account_id)

    answers = await asyncio.gather(*(town.accept(document_id, stamp_id=stamp_id) for _ in range(20)))

    assert {answer.stamp.id for answer in answers} == {stamp_id}
    assert sorted(answer.replayed for answer in answers) == [False] + [True] * 19
    assert (await show_quota(town.db, town.citizen.account_id)).free == 2


async def test_the_same_id_with_another_body_is_refused(town: Town) -> None:
    document_id, stamp_id = await town.upload(), fresh_id(town.citizen.account_id)
    await town.accept(document_id, stamp_id=stamp_id)

    with pytest.raises(IdempotencyConflict):
        await town.accept(document_id, stamp_id=stamp_id, no="2")

    assert (await show_quota(town.db, town.citizen.account_id)).free == 2


async def test_a_repeated_request_is_answered_even_when_its_document_is_gone_meanwhile(
    town: Town, owner_conn
) -> None:
    document_id, stamp_id = await town.upload(), fresh_id(town.citizen.account_id)
    await town.accept(document_id, stamp_id=stamp_id)
    await owner_conn.execute(
        """UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL,
                  object_key = NULL, base_object_key = NULL
            WHERE id = $1""",
        document_id,
    )

    again = await town.accept(document_id, stamp_id=stamp_id)
    with pytest.raises(DocumentNotReady):
        await town.accept(document_id)

    assert again.replayed
    assert again.stamp.id == stamp_id


async def test_of_many_who_want_the_last_stamp_exactly_one_wins(town: Town) -> None:
    document_id = await town.upload()
    for _ in range(2):
        await town.accept(document_id)

    answers = await asyncio.gather(*(town.accept(document_id) for _ in range(64)), return_exceptions=True)

    refused = [answer for answer in answers if isinstance(answer, QuotaExhausted)]
    assert len(refused) == 63
    assert {refusal.details["free"] for refusal in refused} == {0}
    await assert_books_balance(town)


@pytest.mark.parametrize(("page", "refusal"), [(2, PageOutOfRange), (0, PageOutOfRange)])
async def test_a_face_that_does_not_fit_touches_no_quota(
    town: Town, page: int, refusal: type[Exception]
) -> None:
    document_id = await town.upload()

    with pytest.raises(refusal):
        await town.accept(document_id, page=page)

    assert (await show_quota(town.db, town.citizen.account_id)).free == 3


async def test_a_worker_that_wakes_up_late_is_fenced_out_and_the_stamp_is_affixed_once(town: Town) -> None:
    accepted = await town.accept(await town.upload())
    (late,) = await town.lease(lease_s=0.0)
    (now,) = await town.take_over(worker="worker-2")

    assert await affix(now, town.shop) is Ended.AFFIXED
    with pytest.raises(LeaseLost):
        await affix(late, town.shop)

    assert (await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)).state == "affixed"
    await assert_books_balance(town)


async def test_a_crash_after_the_seal_only_goes_forward_with_the_same_serial_and_bytes(town: Town) -> None:
    """A worker that died after S4 left intent, digest and seal: its heir makes the very same increment."""
    accepted = await town.accept(await town.upload())
    (dead,) = await town.lease(lease_s=0.0)

    words = LastWords(town.shop.signer)
    with pytest.raises(PowerCut):
        await affix(dead, replace(town.shop, signer=words))
    before = await town.find_job(dead)
    assert before is not None
    assert before.sealed

    (heir,) = await town.take_over(worker="worker-2")
    after = await town.find_job(heir)
    assert after is not None
    assert after.written == before.written
    assert await town.shop.signer.seal(heir) == words.signature
    assert await affix(heir, town.shop) is Ended.AFFIXED
    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert before.written is not None
    assert stamp.serial_no == before.written.serial_no
    assert (await town.shop.sandbox.judge(await download(town, stamp.id), town.trust)).is_genuine
    await assert_books_balance(town)


async def test_a_sealed_stamp_is_never_returned(town: Town) -> None:
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    await _until_sealed(town, lease)

    assert await town.give_back(lease) == "sealed"


async def test_a_sealed_stamp_goes_forward_though_the_engine_plans_otherwise_now(town: Town) -> None:
    """As after an upgrade, or with a document that makes the new engine fail: nothing is planned again."""
    accepted = await town.accept(await town.upload())
    (lease,) = await town.lease()
    words = LastWords(town.shop.signer)
    with pytest.raises(PowerCut):
        await affix(lease, replace(town.shop, signer=words))

    assert await affix(lease, replace(town.shop, sandbox=DyingSandbox())) is Ended.AFFIXED

    document = await download(town, accepted.stamp.id)
    judgement = await town.shop.sandbox.judge(document, town.trust)
    assert judgement.is_genuine, judgement
    assert words.signature is not None
    assert words.signature.hex().encode() in document
    await assert_books_balance(town)


async def test_a_plan_is_kept_from_the_digest_to_the_end_and_sealed_under_the_documents_key(
    town: Town,
) -> None:
    document_id = await town.upload()
    await town.accept(document_id)
    (lease,) = await town.lease()
    await _until_sealed(town, lease)

    job = await town.find_job(lease)
    assert job is not None
    assert job.planned is not None
    assert b"/Annots" not in job.planned.sealed
    document = await find_document(town.db, town.citizen.account_id, document_id)
    key, base = key_of(document, town.shop.store_key), LETTER.read_bytes()
    increment = open_plan(job.planned.sealed, key, lease.stamp_id, Ground(data=base))
    assert b"/Annots" in increment.pre
    with pytest.raises(ObjectDamaged):
        open_plan(job.planned.sealed, key, uuid4(), Ground(data=base))
    with pytest.raises(ObjectDamaged):
        open_plan(job.planned.sealed, key, lease.stamp_id, Ground(data=base + b" "))

    assert await affix(lease, town.shop) is Ended.AFFIXED
    rows = await town.db.fetch("SELECT plan_sealed FROM stamps WHERE shard = $1", lease.shard)
    assert [row["plan_sealed"] for row in rows] == [None]


async def test_a_sealed_stamp_whose_document_is_lost_waits_and_is_never_returned(
    town: Town, tmp_path: Path
) -> None:
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    await _until_sealed(town, lease)
    originals = [found for found in (tmp_path / "objects").rglob("*") if found.is_file()]
    kept = {found: found.read_bytes() for found in originals}
    for found in originals:
        found.unlink()

    with pytest.raises(SealedStuck):
        await affix(lease, town.shop)

    assert (await show_quota(town.db, town.citizen.account_id)).held == 1
    for found, data in kept.items():
        found.write_bytes(data)
    assert await affix(lease, town.shop) is Ended.AFFIXED
    await assert_books_balance(town)


async def test_a_seal_that_does_not_fit_its_plan_is_never_delivered(town: Town) -> None:
    """As when signer and worker are of releases that sign different attributes."""
    await town.accept(await town.upload())
    (lease,) = await town.lease()

    with pytest.raises(SealedStuck):
        await affix(lease, replace(town.shop, signer=OtherSigner(town.shop.signer)))

    assert await affix(lease, town.shop) is Ended.AFFIXED
    await assert_books_balance(town)


async def test_the_tier_that_served_is_told(town: Town) -> None:
    locked = locked_with_strings_in_streams()
    damaged = wrong_startxref(LETTER.read_bytes())
    for data, tier in ((LETTER.read_bytes(), Tier.T1), (locked, Tier.T2), (damaged, Tier.T3)):
        accepted = await town.accept(await town.upload(data))
        (lease,) = await town.lease()
        assert accepted.stamp.tier is None
        assert await affix(lease, town.shop) is Ended.AFFIXED
        assert (await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)).tier is tier
        judgement = await town.shop.sandbox.judge(await download(town, accepted.stamp.id), town.trust)
        assert judgement.is_genuine, judgement
    await assert_books_balance(town)


async def test_a_document_that_kills_its_sandbox_brings_the_quota_back_with_the_reason(town: Town) -> None:
    accepted = await town.accept(await town.upload())
    (lease,) = await town.lease()

    assert await affix(lease, replace(town.shop, sandbox=DyingSandbox())) is Ended.RETURNED

    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert stamp.reason == Reason.SANDBOX_DIED
    await assert_books_balance(town)


async def test_a_document_over_which_workers_die_is_given_up_and_the_quota_comes_back(town: Town) -> None:
    accepted = await town.accept(await town.upload())
    for no in range(MOST_DEATHS):
        assert len(await town.take_over(worker=f"worker-{no}", lease_s=0.0)) == 1
    (last,) = await town.take_over(worker="worker-1")

    assert await affix(last, town.shop) is Ended.RETURNED

    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert (stamp.state, stamp.reason) == (StampState.RETURNED, ReturnReason.WORKER_DIED)
    assert (await show_quota(town.db, town.citizen.account_id)).free == 3
    await assert_books_balance(town)


async def test_a_lost_original_brings_the_quota_back(town: Town, tmp_path: Path) -> None:
    await town.accept(await town.upload())
    for found in (tmp_path / "objects").rglob("*"):
        if found.is_file():
            found.unlink()
    (lease,) = await town.lease()

    assert await affix(lease, town.shop) is Ended.RETURNED

    assert (await show_quota(town.db, town.citizen.account_id)).free == 3
    await assert_books_balance(town)


async def test_an_accepted_stamp_can_be_cancelled_and_one_in_work_cannot(town: Town) -> None:
    document_id = await town.upload()
    first, second = [(await town.accept(document_id)).stamp for _ in range(2)]
    await town.lease()

    cancelled = await cancel(town.citizen, second.id, db=town.db)
    again = await cancel(town.citizen, second.id, db=town.db)
    with pytest.raises(StampNotCancellable):
        await cancel(town.citizen, first.id, db=town.db)

    assert cancelled.reason == again.reason == ReturnReason.CANCELLED
    assert (await show_quota(town.db, town.citizen.account_id)).free == 2
    await assert_books_balance(town)


async def test_what_waits_too_long_comes_back_by_itself(town: Town) -> None:
    accepted = await town.accept(await town.upload())

    assert await sweep(town.db, town.citizen.shard, wait_s=3600) == 0
    assert await sweep(town.db, town.citizen.shard, wait_s=0) == 1

    stamp = await find_stamp(town.db, town.citizen.account_id, accepted.stamp.id)
    assert stamp.reason == ReturnReason.WAITED_TOO_LONG


async def test_a_stamp_that_is_not_there_and_a_document_that_is_not_ready_are_refused(town: Town) -> None:
    accepted = await town.accept(await town.upload())

    with pytest.raises(StampUnknown):
        await find_stamp(town.db, town.citizen.account_id, uuid4())
    with pytest.raises(StampNotReady):
        await download(town, accepted.stamp.id)


async def test_the_list_shows_the_newest_first(town: Town) -> None:
    document_id = await town.upload()
    made = [(await town.accept(document_id)).stamp.id for _ in range(3)]

    top = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
    listed = await list_stamps(town.db, town.citizen.account_id, before=top, most=2)
    rest = await list_stamps(
        town.db, town.citizen.account_id, before=(listed[-1].accepted_at, listed[-1].id), most=2
    )

    assert [stamp.id for stamp in listed + rest] == made[::-1]
    assert all(stamp.timeline for stamp in listed)


async def test_the_signer_signs_only_what_the_row_holds(town: Town) -> None:
    """No digest, no fence, no job: no signature. A stranger's word for a digest is not even asked for."""
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    with pytest.raises(LeaseLost):
        await town.shop.signer.seal(lease)  # no digest stands in the row yet
    await _until_sealed(town, lease)
    with pytest.raises(LeaseLost):
        await town.shop.signer.seal(
            type(lease)(account_id=lease.account_id, stamp_id=lease.stamp_id, fence=lease.fence + 1)
        )


async def test_a_second_digest_is_refused_for_ever(town: Town) -> None:
    await town.accept(await town.upload())
    (lease,) = await town.lease()
    await _until_sealed(town, lease)

    planned = Planned(sealed=b"another", tier=Tier.T1)
    new = store.NewPlan(lease=lease, digest=bytes(32), planned=planned)
    assert await store.write_plan_n(town.db, lease.shard, [new]) == [False]


def test_states_only_move_forward() -> None:
    assert set(MOVES) == set(StampState)
    assert not MOVES[StampState.AFFIXED]
    assert not MOVES[StampState.RETURNED]
    assert OutsidePage.code


async def _until_sealed(town: Town, lease: Lease) -> None:
    """Go as far as S4 and stop there."""
    with pytest.raises(PowerCut):
        await affix(lease, replace(town.shop, signer=LastWords(town.shop.signer)))


class PowerCut(Exception):
    """The worker's power fails."""


class LastWords:
    """The signer of a worker whose power fails right after the answer."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer
        self.signature: bytes | None = None

    async def seal(self, lease: Lease) -> bytes:
        self.signature = await self._signer.seal(lease)
        raise PowerCut

    async def is_well(self) -> bool:
        return await self._signer.is_well()


class OtherSigner(LastWords):
    """A signer that signs something else over the same digest."""

    async def seal(self, lease: Lease) -> bytes:
        signature = await self._signer.seal(lease)
        return signature[:-1] + bytes([signature[-1] ^ 1])


class DyingSandbox(Sandbox):
    """A sandbox in which every document is its child's end."""

    def __init__(self) -> None:
        """No zygote stands behind it."""

    async def plan(self, document: bytes, intent: Intent, chain: Chain) -> Increment:
        raise SandboxDied(reason=Reason.SANDBOX_DIED, cause=f"signal 11 after {len(document)} bytes")
