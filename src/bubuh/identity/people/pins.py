"""The PIN that a stamp asks for: chosen, checked, and chosen anew once it is locked."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID, uuid4

from bubuh.db.pool import Database
from bubuh.identity.people import store
from bubuh.identity.people.hashing import Hasher
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import PIN_TRIES, Challenge, Purpose
from bubuh.identity.people.passwords import check_pin as check_new
from bubuh.identity.people.refusals import (
    ChallengeUnknown,
    CodeRefused,
    PinLocked,
    PinRefused,
    PinUnset,
    SignInRefused,
)
from bubuh.identity.people.totp import check_totp


async def set_pin(db: Database, user_id: UUID, pin: str, *, password: str, hasher: Hasher) -> None:
    """Choose a PIN, or another one: the password shows who chooses.

    Raises:
        PinUnfit: what was typed.
        SignInRefused: not the password.
        PinLocked: it was wrong too often; `renew_pin` is the way.
    """
    check_new(pin)
    known = await store.find_credentials(db, user_id)
    if known is None or not await hasher.verify(password, known.password_hash):
        raise SignInRefused
    if known.pin_is_locked:
        raise PinLocked
    await store.set_pin(db, user_id, pin_hash=await hasher.hash(pin))


async def prove_by_totp(
    db: Database, user_id: UUID, code: str, *, browser_sha256: bytes, key: PersonKey, now: datetime
) -> UUID:
    """A proved challenge for a new PIN, by the authenticator's code of now; raises `CodeRefused`."""
    if not await check_totp(db, user_id, code, key=key, now=now):
        raise CodeRefused(tries_left=1)
    challenge_id = uuid4()
    async with db.transaction() as conn:
        await store.add_challenge(
            conn,
            challenge_id=challenge_id,
            purpose=Purpose.PIN,
            browser_sha256=browser_sha256,
            user_id=user_id,
        )
        await store.prove_challenge(conn, challenge_id)
    return challenge_id


async def renew_pin(db: Database, challenge: Challenge, pin: str, *, hasher: Hasher) -> None:
    """Choose a PIN after a code, sent or the authenticator's, has proved who it is.

    Raises as `set_pin` does.
    """
    check_new(pin)
    assert challenge.user_id is not None, "a PIN is somebody's"
    pin_hash = await hasher.hash(pin)
    async with db.transaction() as conn:
        if not await store.use_challenge(conn, challenge.id):
            raise ChallengeUnknown
        await store.set_pin(conn, challenge.user_id, pin_hash=pin_hash)


async def check_pin(db: Database, user_id: UUID, pin: str, *, hasher: Hasher) -> None:
    """Pass when it is the user's PIN. A try is counted before it is made.

    Raises:
        PinUnset: there is none.
        PinRefused: it is another.
        PinLocked: it was wrong five times in a row.
    """
    tried = await store.try_pin(db, user_id)
    if tried is None:
        known = await store.find_credentials(db, user_id)
        raise PinUnset if known is None or not known.has_pin else PinLocked
    pin_hash, tries = tried
    if await hasher.verify(pin, pin_hash):
        await store.pass_pin(db, user_id)
    elif tries >= PIN_TRIES:
        raise PinLocked
    else:
        raise PinRefused(tries_left=PIN_TRIES - tries)
