"""People before the drill begins: accounts with a PIN, signed in. What that costs is in no figure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bubuh.db.pool import Database
from bubuh.identity.model import LOCAL_OPERATOR, AccountKind
from bubuh.identity.open_account import open_account
from bubuh.identity.people import store
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.sessions import open_session

PIN: Final = "482913"
_HOSTS: Final = 250


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in at an address of their own."""

    secret: str  #: of their session
    source: str  #: the loopback address they come from, as each phone has its own


async def make_people(db: Database, count: int) -> list[Person]:
    """So many people; one hash stands for the PIN of all."""
    hasher, made = Hasher(), list[Person]()
    pin_hash = await hasher.hash(PIN)
    for number in range(count):
        async with db.transaction() as conn:
            opened = await open_account(
                conn, kind=AccountKind.PERSON, name=f"Warga {number}", actor=LOCAL_OPERATOR
            )
            await store.add_credentials(conn, opened.user_id, password_hash=pin_hash)
            await store.set_pin(conn, opened.user_id, pin_hash=pin_hash)
        secret = await open_session(db, opened.user_id, agent="drill")
        source = f"127.{1 + number // _HOSTS // _HOSTS}.{number // _HOSTS % _HOSTS}.{1 + number % _HOSTS}"
        made.append(Person(secret, source))
    return made
