"""Whether an address is known shows in no work that is done: the same statements, the same hashes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from bubuh.core.clock import utc_now
from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.ask_code import ask_code
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Contact, Purpose
from bubuh.identity.people.prove import find_challenge, prove
from bubuh.identity.people.refusals import CodeRefused, SignInRefused
from bubuh.identity.people.register import register
from bubuh.identity.people.sign_in import sign_in
from tests.conftest import Dsns

KEY, BROWSER = PersonKey(bytes(range(32))), bytes(32)
KNOWN, STRANGER = read_contact("sari@contoh.id"), read_contact("tiada@contoh.id")


class Counting(Hasher):
    """The real one, which counts."""

    verified = 0

    async def verify(self, secret: str, kept: str) -> bool:
        self.verified += 1
        return await super().verify(secret, kept)


@dataclass
class Watched:
    """A database of one connection, and what it was asked."""

    db: Database
    asked: list[str] = field(default_factory=list)

    async def taken(self) -> list[str]:
        await asyncio.sleep(0)  # the driver tells of a statement in the loop's next turn
        asked, self.asked[:] = self.asked.copy(), []
        return asked


@pytest.fixture
async def watched(dsns: Dsns) -> AsyncIterator[Watched]:
    async with await Database.open(dsns.app, size=1) as db:
        found = Watched(db)
        async with db.connection() as conn:
            conn.add_query_logger(lambda seen: found.asked.append(seen.query))
        yield found


async def known_person(db: Database) -> None:
    challenge_id = await ask_code(db, Purpose.REGISTER, KNOWN, browser_sha256=BROWSER, language="id", key=KEY)
    await store.prove_challenge(db, challenge_id)
    challenge = await find_challenge(db, challenge_id, browser_sha256=BROWSER)
    await register(db, challenge, name="Sari", password="kucing makan ikan", hasher=Hasher())


async def test_signing_in_asks_and_hashes_the_same_for_an_address_that_nobody_has(watched: Watched) -> None:
    await known_person(watched.db)
    await watched.taken()

    async def work(contact: Contact) -> tuple[list[str], int]:
        hasher = Counting()
        with pytest.raises(SignInRefused):
            await sign_in(
                watched.db, contact, "bukan sandinya", browser_sha256=BROWSER, hasher=hasher, key=KEY
            )
        return await watched.taken(), hasher.verified

    known = await work(KNOWN)
    assert known == await work(STRANGER)
    assert len(known[0]) == 2
    assert known[1] == 1


@pytest.mark.parametrize("purpose", [Purpose.REGISTER, Purpose.RESET])
async def test_asking_for_a_code_asks_the_same_and_no_code_proves_what_should_not_be(
    watched: Watched, purpose: Purpose
) -> None:
    await known_person(watched.db)
    await watched.taken()

    async def work(contact: Contact) -> list[str]:
        await ask_code(watched.db, purpose, contact, browser_sha256=BROWSER, language="id", key=KEY)
        return await watched.taken()

    assert await work(KNOWN) == await work(STRANGER)
    instead = KNOWN if purpose is Purpose.REGISTER else STRANGER
    challenge_id = await ask_code(
        watched.db, purpose, instead, browser_sha256=BROWSER, language="id", key=KEY
    )
    with pytest.raises(CodeRefused):
        await prove(watched.db, challenge_id, "000000", browser_sha256=BROWSER, key=KEY, now=utc_now())
