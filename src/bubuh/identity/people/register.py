"""Register: a person with an address they have proved, a password, and an account of their own."""

from __future__ import annotations

from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind, OpenedAccount
from bubuh.identity.open_account import open_account
from bubuh.identity.people import store
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.model import MOST_NAME, Challenge
from bubuh.identity.people.passwords import check_password
from bubuh.identity.people.refusals import ChallengeUnknown, ContactTaken, NameUnfit


async def register(
    db: Database, challenge: Challenge, *, name: str, password: str, hasher: Hasher
) -> OpenedAccount:
    """Open a person's account under the address that `challenge` has proved.

    Raises:
        NameUnfit, PasswordUnfit: what was typed.
        ChallengeUnknown: it was spent before.
        ContactTaken: somebody registered the address meanwhile.
    """
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise NameUnfit
    check_password(password)
    password_hash = await hasher.hash(password)
    assert challenge.address_index is not None, "a code was sent to an address"
    assert challenge.address_sealed is not None, "which is kept"
    async with db.transaction() as conn:
        if not await store.use_challenge(conn, challenge.id):
            raise ChallengeUnknown
        opened = await open_account(conn, kind=AccountKind.PERSON, name=name)
        await store.add_credentials(conn, opened.user_id, password_hash=password_hash)
        if not await store.add_contact(
            conn,
            address_index=challenge.address_index,
            user_id=opened.user_id,
            address_sealed=challenge.address_sealed,
        ):
            raise ContactTaken
    return opened
