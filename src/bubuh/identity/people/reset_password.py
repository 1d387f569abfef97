"""Set a new password after a code has proved the address."""

from __future__ import annotations

from uuid import UUID

from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.model import Challenge
from bubuh.identity.people.passwords import check_password
from bubuh.identity.people.refusals import ChallengeUnknown

_NONE = UUID(int=0)


async def reset_password(db: Database, challenge: Challenge, password: str, *, hasher: Hasher) -> None:
    """Replace the password, and sign its user out everywhere.

    Raises:
        PasswordUnfit: what was typed.
        ChallengeUnknown: it was spent before.
    """
    check_password(password)
    password_hash = await hasher.hash(password)
    assert challenge.user_id is not None, "no code proves a challenge of nobody"
    async with db.transaction() as conn:
        if not await store.use_challenge(conn, challenge.id):
            raise ChallengeUnknown
        await store.set_password(conn, challenge.user_id, password_hash=password_hash)
        await store.end_sessions(conn, challenge.user_id, but=_NONE)
