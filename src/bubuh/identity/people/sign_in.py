"""Sign in: by address and password, then by the authenticator where there is one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid4

from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.hashing import NOBODY, Hasher
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Contact, Purpose
from bubuh.identity.people.refusals import SignInRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Who it is. With `challenge_id` the authenticator is still to be asked."""

    user_id: UUID
    challenge_id: UUID | None


async def sign_in(
    db: Database, contact: Contact, password: str, *, browser_sha256: bytes, hasher: Hasher, key: PersonKey
) -> Known:
    """Who has this address and this password.

    A wrong address costs the same look-ups and the same hash as a wrong password, and ends the same way.

    Raises:
        SignInRefused: nobody.
        HasherBusy: too many want to know at once.
    """
    user_id = await store.find_user_of(db, key.index(contact.address, "contact"))
    known = await store.find_credentials(db, user_id or uuid4())
    if not await hasher.verify(password, NOBODY if known is None else known.password_hash) or known is None:
        raise SignInRefused
    if not known.has_totp:
        return Known(user_id=known.user_id, challenge_id=None)
    challenge_id = uuid4()
    await store.add_challenge(
        db,
        challenge_id=challenge_id,
        purpose=Purpose.TOTP,
        browser_sha256=browser_sha256,
        user_id=known.user_id,
    )
    return Known(user_id=known.user_id, challenge_id=challenge_id)
