"""Prove a challenge: by the code that was sent, or by the authenticator."""

from __future__ import annotations

import hmac
from datetime import datetime
from uuid import UUID

from bubuh.db.pool import Conn, Database
from bubuh.identity.people import store
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Challenge, Purpose
from bubuh.identity.people.refusals import ChallengeUnknown, CodeRefused
from bubuh.identity.people.totp import check_totp


async def find_challenge(db: Database, challenge_id: UUID, *, browser_sha256: bytes) -> Challenge:
    """The browser's own challenge; raises `ChallengeUnknown`."""
    found = await store.find_challenge(db, challenge_id, browser_sha256=browser_sha256)
    if found is None:
        raise ChallengeUnknown
    return found


async def find_proved(
    db: Database, challenge_id: UUID, purpose: Purpose, *, browser_sha256: bytes
) -> Challenge:
    """The same, of one purpose and proved; raises `ChallengeUnknown`."""
    found = await find_challenge(db, challenge_id, browser_sha256=browser_sha256)
    if found.purpose is not purpose or found.proved_at is None:
        raise ChallengeUnknown
    return found


async def prove(
    db: Database, challenge_id: UUID, code: str, *, browser_sha256: bytes, key: PersonKey, now: datetime
) -> Challenge:
    """The challenge, proved by `code`; proving it again is harmless.

    Raises:
        ChallengeUnknown: not this browser's, or too old.
        CodeRefused: a wrong code; after five of them no code is right.
    """
    challenge = await find_challenge(db, challenge_id, browser_sha256=browser_sha256)
    if challenge.proved_at is not None:
        return challenge
    left = await store.try_challenge(db, challenge_id)
    if left is None or not await _is_right(db, challenge, code, key=key, now=now):
        raise CodeRefused(tries_left=left or 0)
    await store.prove_challenge(db, challenge_id)
    return challenge


async def _is_right(db: Database, challenge: Challenge, code: str, *, key: PersonKey, now: datetime) -> bool:
    if challenge.purpose is Purpose.TOTP:
        assert challenge.user_id is not None, "an authenticator is somebody's"
        return await check_totp(db, challenge.user_id, code, key=key, now=now)
    assert challenge.code_mac is not None, "a code that was sent is kept as its MAC"
    return hmac.compare_digest(challenge.code_mac, key.code_mac(challenge.id, code))


async def spend(conn: Conn, challenge: Challenge) -> None:
    """Use up a proved challenge; raises `ChallengeUnknown` when it was."""
    if not await store.use_challenge(conn, challenge.id):
        raise ChallengeUnknown
