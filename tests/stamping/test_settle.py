from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from bubuh.adapters.rfc3161_authority import Rfc3161Authority
from bubuh.core.clock import utc_now
from bubuh.documents.check import StoredRevisions
from bubuh.documents.ports import Objects
from bubuh.pdf.model import Evidence, Indication, Level, Trust
from bubuh.stamping import store
from bubuh.stamping.affix import Ended, affix
from bubuh.stamping.deliver import open_stamped_document
from bubuh.stamping.settle import Witness, settle
from bubuh.worker.levels import settle_levels, settle_shard
from tests.authority import Authority, Script, serving
from tests.stamping.conftest import LETTER, Town

PATIENCE_S = 0.2


@pytest.fixture
def authority() -> Iterator[Authority]:
    with serving(Authority.found(utc_now() - timedelta(days=1))) as authority:
        yield authority


@pytest.fixture
async def witness(town: Town, authority: Authority) -> AsyncIterator[Witness]:
    client = Rfc3161Authority(authority.url, [authority.root], deadline_s=2.0)
    chain = town.shop.keyring().chain("test-1")
    evidence = Evidence(
        certificates=(chain.seal_certificate, chain.issuing_certificate, *town.trust.roots, authority.root)
    )
    yield Witness(
        db=town.db,
        sandbox=town.shop.sandbox,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
        authority=client,
        evidence=lambda _key_id: evidence,
        wait_s=60.0,
    )
    await client.close()


def at(level: Level, town: Town) -> Town:
    """The town with a policy that wants `level`."""
    return replace(town, shop=replace(town.shop, level=level))


def believing(town: Town, authority: Authority) -> Trust:
    return replace(town.trust, now=utc_now(), timestamp_roots=(authority.root,))


async def affixed(town: Town, document_id: UUID | None = None, *, no: str = "1") -> UUID:
    accepted = await town.accept(document_id or await town.upload(), no=no)
    (lease,) = await town.lease()
    assert await affix(lease, town.shop) is Ended.AFFIXED
    return accepted.stamp.id


async def download(town: Town, stamp_id: UUID, *, wait_s: float = PATIENCE_S) -> bytes:
    opened = await open_stamped_document(
        town.citizen.account_id,
        stamp_id,
        db=town.db,
        doorbell=town.doorbell,
        objects=town.shop.objects,
        store_key=town.shop.store_key,
        level_wait_s=wait_s,
    )
    whole = b"".join([piece async for piece in opened.chunks])
    assert len(whole) == opened.size_bytes
    return whole


async def level_of(town: Town, stamp_id: UUID) -> tuple[Any, ...]:
    """State, level reached, and why it is less than was wanted."""
    row = await town.db.fetchrow(
        "SELECT state, level, reason FROM stamp_levels WHERE stamp_id = $1", stamp_id
    )
    assert row is not None
    return row["state"], row["level"], row["reason"]


async def run_once(town: Town, witness: Witness) -> int:
    return await settle_shard(witness, town.citizen.shard)


async def make_due(owner_conn: Any, *, age_s: float = 0.0) -> None:
    """Let every pending level be leased again, as if it had been wanted `age_s` ago."""
    await owner_conn.execute(
        "UPDATE stamp_levels SET lease_until = NULL, since = now() - make_interval(secs => $1)"
        " WHERE state = 'pending'",
        age_s,
    )


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT])
async def test_the_first_download_has_its_level_and_never_changes(
    town: Town, witness: Witness, authority: Authority, level: Level
) -> None:
    town = at(level, town)
    stamp_id = await affixed(town)

    assert await run_once(town, witness) == 1

    document = await download(town, stamp_id)
    assert await level_of(town, stamp_id) == ("settled", level, None)
    judgement = await town.shop.sandbox.judge(document, believing(town, authority))
    assert judgement.indication is Indication.PASSED, judgement
    assert "seal_time_stamp" in judgement.findings
    assert document.startswith(LETTER.read_bytes())
    assert await download(town, stamp_id) == document
    assert await run_once(town, witness) == 0
    assert authority.asked == 1


async def test_without_a_policy_nobody_is_asked_and_nothing_is_reserved(
    town: Town, witness: Witness, authority: Authority
) -> None:
    stamp_id = await affixed(town)

    assert await run_once(town, witness) == 0

    assert len(await download(town, stamp_id)) - len(LETTER.read_bytes()) <= 8 * 1024
    assert authority.asked == 0


@pytest.mark.parametrize("level", [Level.B_T, Level.B_LT])
async def test_the_next_stamp_waits_for_the_level_of_the_one_before(
    town: Town,
    witness: Witness,
    authority: Authority,
    level: Level,
    pyhanko_ades: Callable[[bytes, Trust], list[tuple[str, datetime]]],
) -> None:
    town = at(level, town)
    document_id = await town.upload()
    first = await affixed(town, document_id)
    await town.accept(document_id, no="2")

    assert await town.lease() == []
    await run_once(town, witness)
    (lease,) = await town.lease()
    assert await affix(lease, town.shop) is Ended.AFFIXED
    await run_once(town, witness)

    second = await download(town, lease.stamp_id)
    assert second.startswith(await download(town, first))
    trust = believing(town, authority)
    judgement = await town.shop.sandbox.judge(second, trust)
    assert judgement.indication is Indication.PASSED, judgement
    assert len(judgement.stamps) == 2
    said = await asyncio.to_thread(pyhanko_ades, second, trust)
    assert [indication for indication, _at in said] == ["PASSED", "PASSED"]


async def test_a_stamp_that_waits_before_its_document_is_in_work_is_leased_when_the_level_is_given_up(
    town: Town, witness: Witness
) -> None:
    town = at(Level.B_T, town)
    document_id = await town.upload()
    first = await affixed(town, document_id)
    await town.accept(document_id, no="2")
    assert await town.lease() == []

    await settle(town.citizen.account_id, first, replace(witness, wait_s=0.0))

    assert await level_of(town, first) == ("settled", "B-B", "late")
    assert len(await town.lease()) == 1


@pytest.mark.parametrize(
    ("script", "why"),
    [(Script(status=500), "bad_status"), (Script(message_digest=lambda _: bytes(32)), "wrong_hash")],
)
async def test_a_bad_answer_is_asked_again_and_given_up_in_the_end_with_its_reason(
    town: Town, witness: Witness, authority: Authority, owner_conn, script: Script, why: str
) -> None:
    town = at(Level.B_T, town)
    stamp_id = await affixed(town)
    authority.script = script

    await run_once(town, witness)
    assert await level_of(town, stamp_id) == ("pending", None, why)
    assert await run_once(town, witness) == 0  # not at once
    await make_due(owner_conn)
    await run_once(town, witness)
    assert await level_of(town, stamp_id) == ("pending", None, why)
    await make_due(owner_conn, age_s=61)
    await run_once(town, witness)

    assert await level_of(town, stamp_id) == ("settled", "B-B", why)
    assert authority.asked == 2
    judgement = await town.shop.sandbox.judge(await download(town, stamp_id), town.trust)
    assert judgement.is_genuine


async def test_an_authority_that_comes_back_is_believed(
    town: Town, witness: Witness, authority: Authority, owner_conn
) -> None:
    town = at(Level.B_T, town)
    stamp_id = await affixed(town)
    authority.script = Script(status=503)
    await run_once(town, witness)

    authority.script = Script()
    await make_due(owner_conn)
    await run_once(town, witness)

    assert await level_of(town, stamp_id) == ("settled", "B-T", None)


async def test_a_download_waits_for_the_time_stamp_under_way(town: Town, witness: Witness) -> None:
    town = at(Level.B_T, town)
    stamp_id = await affixed(town)
    await town.doorbell.until_listening()
    stop = asyncio.Event()

    settling = asyncio.create_task(settle_levels(witness, town.doorbell, stop))
    document = await download(town, stamp_id, wait_s=20.0)
    stop.set()
    await settling

    assert await level_of(town, stamp_id) == ("settled", "B-T", None)
    assert await download(town, stamp_id) == document


async def test_a_download_that_is_quicker_than_the_authority_decides_and_its_bytes_stay(
    town: Town, witness: Witness, authority: Authority
) -> None:
    town = at(Level.B_LT, town)
    stamp_id = await affixed(town)
    authority.script = Script(late_s=1.0)

    asking = asyncio.create_task(run_once(town, witness))
    document = await download(town, stamp_id)
    await asking

    assert authority.asked == 1
    assert await level_of(town, stamp_id) == ("settled", "B-B", "downloaded")
    assert await download(town, stamp_id) == document


async def test_settings_that_have_changed_give_up_what_older_ones_wanted(
    town: Town, witness: Witness
) -> None:
    town = at(Level.B_LT, town)
    stamp_id = await affixed(town)

    await run_once(town, replace(witness, authority=None))

    assert await level_of(town, stamp_id) == ("settled", "B-B", "no_authority")


async def test_many_workers_and_downloads_at_once_leave_one_document(
    town: Town, witness: Witness, owner_conn
) -> None:
    town = at(Level.B_LT, town)
    stamp_id = await affixed(town)
    account_id = town.citizen.account_id

    settled = (settle(account_id, stamp_id, witness) for _ in range(4))
    downloads = await asyncio.gather(
        *(download(town, stamp_id, wait_s=wait_s) for wait_s in (0.0, 0.05, 0.3, 20.0)), *settled
    )

    assert len({document for document in downloads if document is not None}) == 1
    assert (await level_of(town, stamp_id))[0] == "settled"


class Killed(Exception):
    """The process died here."""


class DyingObjects:
    """A store before or after whose n-th write the process dies."""

    def __init__(self, objects: Objects, *, before: bool) -> None:
        self._objects, self._before = objects, before

    async def create(self, key: str, data: bytes) -> bool:
        if not self._before:
            await self._objects.create(key, data)
        raise Killed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._objects, name)


@pytest.mark.parametrize("point", ["asked", "token kept", "before dss", "after dss"])
async def test_a_worker_killed_at_any_point_leaves_a_row_that_says_how_to_go_on(
    town: Town, witness: Witness, authority: Authority, owner_conn, point: str, monkeypatch
) -> None:
    town = at(Level.B_LT, town)
    stamp_id = await affixed(town)

    async def die(*_: Any, **__: Any) -> Any:
        raise Killed

    dying = witness
    with monkeypatch.context() as patch:
        if point == "asked":
            patch.setattr("bubuh.stamping.settle.level_store.keep_token", die)
        elif point == "token kept":
            patch.setattr("bubuh.stamping.settle._append_dss", die)
        else:
            objects: Any = DyingObjects(town.shop.objects, before=point == "before dss")
            dying = replace(witness, objects=objects)
        with pytest.raises(Killed):
            await run_once(town, dying)
    assert (await level_of(town, stamp_id))[0] == "pending"

    await make_due(owner_conn)
    other = replace(witness.evidence("test-1"), crls=(b"\x30\x00",))  # gathered anew, and other than before
    await run_once(town, replace(witness, evidence=lambda _key_id: other))

    assert await level_of(town, stamp_id) == ("settled", "B-LT", None)
    assert authority.asked == (2 if point == "asked" else 1)
    document = await download(town, stamp_id)
    judgement = await town.shop.sandbox.judge(document, believing(town, authority))
    assert judgement.indication is Indication.PASSED, judgement
    check = StoredRevisions(db=town.db, objects=town.shop.objects, store_key=town.shop.store_key)
    assert await check.fault_of(town.citizen.account_id, await document_of(town, stamp_id), 1) is None


@pytest.mark.parametrize("point", ["token kept", "after dss"])
async def test_what_came_before_giving_up_is_kept(
    town: Town, witness: Witness, authority: Authority, point: str
) -> None:
    town = at(Level.B_LT, town)
    stamp_id = await affixed(town)
    objects: Any = DyingObjects(town.shop.objects, before=point == "token kept")
    with pytest.raises(Killed):
        await run_once(town, replace(witness, objects=objects))

    document = await download(town, stamp_id)

    assert await level_of(town, stamp_id) == ("settled", "B-T", "downloaded")
    judgement = await town.shop.sandbox.judge(document, believing(town, authority))
    assert judgement.indication is Indication.PASSED, judgement
    await town.accept(await document_of(town, stamp_id), no="2")
    (lease,) = await town.lease()
    assert await affix(lease, town.shop) is Ended.AFFIXED


async def test_a_document_that_was_destroyed_meanwhile_wants_nothing_more(
    town: Town, witness: Witness, owner_conn
) -> None:
    town = at(Level.B_T, town)
    stamp_id = await affixed(town)
    await owner_conn.execute(
        """UPDATE documents SET state = 'destroyed', key_sealed = NULL, name_sealed = NULL,
                  object_key = NULL, base_object_key = NULL"""
    )

    await run_once(town, witness)

    assert (await level_of(town, stamp_id))[:2] == ("settled", "B-B")


async def document_of(town: Town, stamp_id: UUID) -> UUID:
    made = await store.find_made(town.db, town.citizen.account_id, stamp_id)
    assert made is not None
    return made.document_id
