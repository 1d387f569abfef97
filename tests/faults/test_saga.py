"""A: the saga's processes die, stand still or come late; its clients double-click and hang up."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from uuid import UUID

import httpx
import pytest

from bubuh.core.ids import read_account, read_id
from tests.faults.kit import (
    HELD,
    KEPT,
    accepted,
    assert_whole,
    fault,
    fresh_key,
    insist,
    own_process,
    paused,
    quota,
    state_of,
    until_row,
    upload,
)
from tests.faults.proxy import Proxy
from tests.service.conftest import Running, open_citizen, until
from tests.service.test_kills import DIGEST, SEAL, Step, cut, held_at, nobody_waits, someone_waits

pytestmark = pytest.mark.service

AFFIXED = "SELECT state = 'affixed' FROM stamps WHERE id = $1"
SEALED = "SELECT count(*) = 1 FROM seals WHERE stamp_id = $1"


@fault("A1")
@pytest.mark.parametrize(
    "step", [KEPT, pytest.param(HELD, marks=pytest.mark.long)], ids=lambda step: step.name
)
async def test_a_kill_before_the_hold_leaves_quota_untouched_and_the_same_request_completes_it(
    service: Running, step: Step, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_key, stamp_key = fresh_key(), fresh_key()
        if step is HELD:
            document_id = upload(citizen, document_key).json()["id"]
        async with held_at(service, step) as owner:
            ask = (
                asyncio.to_thread(upload, citizen, document_key)
                if step is KEPT
                else asyncio.to_thread(citizen.ask_for_stamp, document_id, key=stamp_key)
            )
            asked = asyncio.create_task(ask)
            await someone_waits(owner)
            service.kill("web")
            service.kill("worker")
            await cut(service)
            with pytest.raises(httpx.TransportError):
                await asked
            free = "SELECT free FROM quota_balances WHERE account_id = $1"
            assert await owner.fetchval(free, read_account(citizen.account)) == 2
        document = await asyncio.to_thread(insist, lambda: upload(citizen, document_key))
        stamp = await asyncio.to_thread(
            insist, lambda: citizen.ask_for_stamp(document.json()["id"], key=stamp_key)
        )
        ended = await asyncio.to_thread(citizen.await_end, stamp.json()["id"])
        assert ended["state"] == "affixed"
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, ended["id"])])


@pytest.mark.long
@fault("A4")
async def test_a_document_over_which_three_workers_die_is_given_up_and_the_quota_comes_back(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id = citizen.upload()
        async with held_at(service, DIGEST) as owner:
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            for _ in range(3):
                await someone_waits(owner)
                service.kill("worker")
                await cut(service)
                await nobody_waits(owner)
            await until_row(
                owner,
                "SELECT reason = 'worker_died_repeatedly' FROM stamps WHERE id = $1",
                read_id("stm", stamp_id),
                within_s=60,
            )
        stamp = await asyncio.to_thread(citizen.await_end, stamp_id)
        assert stamp["state"] == "returned"
        assert await quota(citizen) == (2, 0, 0)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@fault("A5")
async def test_a_worker_that_dies_between_seal_and_object_is_followed_with_the_same_seal(
    service: Running, rng: random.Random
) -> None:
    """It stands still while the signer commits the seal, and never gets the answer."""
    with open_citizen(service, stamps=2) as citizen:
        document_id = citizen.upload()
        owner = await service.owner()
        async with held_at(service, SEAL) as gate:
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            await someone_waits(gate)
            worker = service.pid("worker")
            os.kill(worker, signal.SIGSTOP)
        await until_row(owner, SEALED, read_id("stm", stamp_id))
        before = await state_of(owner, stamp_id)
        assert before["state"] == "processing"
        os.kill(worker, signal.SIGKILL)
        ended = await asyncio.to_thread(citizen.await_end, stamp_id)
        after = await state_of(owner, stamp_id)
        await owner.close()
        assert ended["state"] == "affixed"
        for name in ("serial_no", "signature", "digest"):
            assert after[name] == before[name]
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@pytest.mark.long
@fault("A7")
async def test_a_worker_that_dies_right_after_the_capture_leaves_one_leaf_and_every_fact_is_told(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=1) as citizen:
        owner = await service.owner()
        stamp_id = citizen.ask_for_stamp(citizen.upload()).json()["id"]
        bare: UUID = read_id("stm", stamp_id)
        await until_row(owner, AFFIXED, bare)
        service.kill("worker")
        leaves = """
            SELECT count(*) FROM log_leaves AS l JOIN stamps AS s ON s.serial = l.serial
             WHERE l.kind = 'issue' AND s.id = $1
        """
        assert await owner.fetchval(leaves, bare) == 1
        untold = "SELECT count(*) FILTER (WHERE told_at IS NULL) = 0 FROM outbox_facts WHERE subject = $1"
        await until_row(owner, untold, bare, within_s=60)
        assert await owner.fetchval(leaves, bare) == 1
        await owner.close()
        assert (await asyncio.to_thread(citizen.await_end, stamp_id))["state"] == "affixed"
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@pytest.mark.long
@fault("A8")
async def test_a_kill_before_the_delivery_costs_nothing_and_gives_the_same_bytes(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        stamp_id = citizen.ask_for_stamp(document_id, key=key).json()["id"]
        citizen.await_end(stamp_id)
        first = citizen.download(stamp_id)
        service.kill("web")
        service.kill("worker")
        again = await asyncio.to_thread(insist, lambda: citizen.ask_for_stamp(document_id, key=key))
        assert again.json()["id"] == stamp_id
        assert again.headers["Idempotent-Replayed"] == "true"
        assert citizen.download(stamp_id) == first
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@pytest.mark.long
@fault("A9")
async def test_workers_killed_every_two_seconds_still_end_every_stamp(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=40) as citizen:
        asked: list[str] = []
        for _ in range(30):
            document = await asyncio.to_thread(citizen.upload)
            asked.append((await asyncio.to_thread(citizen.ask_for_stamp, document)).json()["id"])
            until(lambda: _lives(service, "worker"))
            service.kill("worker")
            await asyncio.sleep(rng.uniform(1.5, 2.5))
        ended = [await asyncio.to_thread(citizen.await_end, one) for one in asked]
        assert len(set(asked)) == 30
        assert sum(stamp["state"] == "affixed" for stamp in ended) >= 27  # three deaths over one give it back
        await assert_whole(service, told=[accepted(citizen, one) for one in asked])


@pytest.mark.long
@fault("A10")
async def test_a_worker_that_slept_past_its_lease_is_fenced_out(service: Running, rng: random.Random) -> None:
    """Its lease is made to be over while it stands still; another worker ends the stamp; then it wakes."""
    with open_citizen(service, stamps=2) as citizen:
        document_id = citizen.upload()
        owner = await service.owner()
        async with held_at(service, SEAL) as gate:
            stamp_id = (await asyncio.to_thread(citizen.ask_for_stamp, document_id)).json()["id"]
            bare = read_id("stm", stamp_id)
            await someone_waits(gate)
            sleeper = service.pid("worker")
            os.kill(sleeper, signal.SIGSTOP)
        with paused(sleeper):
            await until_row(owner, SEALED, bare)
            before = await state_of(owner, stamp_id)
            await owner.execute("UPDATE stamps SET lease_until = now() - interval '1 s' WHERE id = $1", bare)
            with own_process(service, "worker", "--name", "awake"):
                await until_row(owner, AFFIXED, bare, within_s=60)
            after = await state_of(owner, stamp_id)
        assert after["fence"] > before["fence"]
        assert after["signature"] == before["signature"]
        first = await asyncio.to_thread(citizen.download, stamp_id)
        other = await asyncio.to_thread(citizen.ask_for_stamp, await asyncio.to_thread(citizen.upload))
        await asyncio.to_thread(citizen.await_end, other.json()["id"])  # the sleeper works again
        assert await state_of(owner, stamp_id) == after
        assert await asyncio.to_thread(citizen.download, stamp_id) == first
        await owner.close()
        assert await quota(citizen) == (0, 0, 2)
        await assert_whole(service, told=[accepted(citizen, stamp_id)])


@fault("A11")
async def test_20_requests_at_once_with_one_key_are_one_stamp_and_equal_answers(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=3) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        answers = await asyncio.gather(
            *(asyncio.to_thread(citizen.ask_for_stamp, document_id, key=key) for _ in range(20))
        )
        assert {answer.status_code for answer in answers} == {202}
        assert sum(answer.headers.get("Idempotent-Replayed") == "true" for answer in answers) == 19
        later = dict.fromkeys(("state", "timeline", "serial", "tier", "level", "ended_at"))
        told = [answer.json() | later for answer in answers]
        assert all(one == told[0] for one in told), "equal but for how far it has come meanwhile"
        await asyncio.to_thread(citizen.await_end, told[0]["id"])
        assert await quota(citizen) == (2, 0, 1)
        await assert_whole(service, told=[accepted(citizen, told[0]["id"])])


@fault("A12")
async def test_one_key_for_another_wish_is_refused_and_changes_nothing(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        first = citizen.ask_for_stamp(document_id, key=key)
        other = citizen.ask_for_stamp(citizen.upload(), key=key)
        assert (other.status_code, other.json()["code"]) == (422, "idempotency_conflict")
        citizen.await_end(first.json()["id"])
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, first.json()["id"])])


@fault("A13")
async def test_a_client_whose_line_is_cut_before_the_answer_asks_again_and_pays_once(
    service: Running, rng: random.Random
) -> None:
    with open_citizen(service, stamps=2) as citizen:
        document_id, key = citizen.upload(), fresh_key()
        host, port = service.url.removeprefix("http://").split(":")
        async with Proxy.tcp(host, int(port)) as proxy:
            proxy.withhold_answers()
            with httpx.Client(base_url=proxy.url, headers=citizen.http.headers, timeout=30) as http:
                behind = type(citizen)(citizen.account, http)
                asked = asyncio.create_task(asyncio.to_thread(behind.ask_for_stamp, document_id, key=key))
                await proxy.answer_withheld()
                proxy.cut()
                with pytest.raises(httpx.TransportError):
                    await asked
        again = await asyncio.to_thread(citizen.ask_for_stamp, document_id, key=key)
        assert again.headers["Idempotent-Replayed"] == "true"
        await asyncio.to_thread(citizen.await_end, again.json()["id"])
        assert await quota(citizen) == (1, 0, 1)
        await assert_whole(service, told=[accepted(citizen, again.json()["id"])])


def _lives(service: Running, name: str) -> bool:
    try:
        return service.pid(name) > 0
    except LookupError:
        return False
