from __future__ import annotations

import asyncio
import threading

import pytest

from bubuh.identity.people.hashing import NOBODY, Hasher
from bubuh.identity.people.refusals import HasherBusy


async def test_a_hash_is_argon2id_at_what_is_recommended_and_verifies_its_secret_alone() -> None:
    hasher = Hasher()
    kept = await hasher.hash("kucing makan ikan")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert NOBODY.split("$")[:4] == kept.split("$")[:4]  # a stranger's takes as long
    assert await hasher.verify("kucing makan ikan", kept)
    assert not await hasher.verify("kucing makan ikan ", kept)
    assert kept != await hasher.hash("kucing makan ikan")


async def test_few_hash_at_once_few_wait_and_the_next_is_told_to_come_back() -> None:
    hasher, until = Hasher(threads=2, most_waiting=3), threading.Event()
    inside, most, lock = 0, 0, threading.Lock()

    def work() -> None:
        nonlocal inside, most
        with lock:
            inside += 1
            most = max(most, inside)
        until.wait()
        with lock:
            inside -= 1

    waiting = [asyncio.create_task(hasher._run(work)) for _ in range(5)]
    await asyncio.sleep(0)
    with pytest.raises(HasherBusy):
        await hasher.hash("satu lagi")
    until.set()
    await asyncio.gather(*waiting)
    assert most <= 2
    assert (await hasher.hash("satu lagi")).startswith("$argon2id$")  # there is room again
