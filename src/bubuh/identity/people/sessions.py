"""Sessions: opened with a fresh secret each, found by it, ended one by one or all at once."""

from __future__ import annotations

import hashlib
import secrets
from uuid import UUID, uuid4

from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.model import Session
from bubuh.identity.people.refusals import SignInNeeded
from bubuh.identity.refusals import AccountUnknown

LONGEST_AGENT = 60


def hash_secret(secret: str) -> bytes:
    """What is kept of a browser's secret: 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


async def open_session(db: Database, user_id: UUID, *, agent: str) -> str:
    """Sign the user in to the oldest of their accounts; the new secret, which is not seen again."""
    secret = secrets.token_urlsafe(32)
    accounts = await store.list_memberships(db, user_id)
    assert accounts, "who signs in has an account"
    await store.add_session(
        db,
        secret_sha256=hash_secret(secret),
        session_id=uuid4(),
        user_id=user_id,
        account_id=accounts[0].account_id,
        agent=agent[:LONGEST_AGENT],
    )
    return secret


async def resume(db: Database, secret: str) -> Session | None:
    """Whose session the secret opens; None for nobody's."""
    found = await store.find_session(db, hash_secret(secret))
    if found is None:
        return None
    session, is_unseen = found
    if is_unseen:
        await store.see_session(db, session.id)
    return session


async def see_it_stands(db: Database, session: Session) -> None:
    """After something slow: see that the session may still do what it began; raises `SignInNeeded`."""
    if not await store.session_stands(db, session):
        raise SignInNeeded


async def switch_account(db: Database, session: Session, account_id: AccountId) -> None:
    """Have the session act for another account of its user; raises `AccountUnknown`."""
    if not await store.turn_session(db, session.id, user_id=session.user_id, account_id=account_id):
        raise AccountUnknown(account_id=account_id)
