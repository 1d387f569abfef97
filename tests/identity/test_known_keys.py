"""A known key opens at once; a revoked one nothing, once what was known of it is too old."""

from __future__ import annotations

import pytest

from bubuh.db.pool import Database
from bubuh.identity.known_keys import KNOWN_S, KnownKeys
from bubuh.identity.model import Environment, Scope
from bubuh.identity.refusals import KeyRefused
from bubuh.identity.revoke_key import revoke_key
from bubuh.identity.secret import fresh_secret
from tests.identity.test_keys import keyed, opened

TEST = Environment.TEST


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_a_revoked_key_is_refused_within_two_seconds(db: Database) -> None:
    account, clock = await opened(db), Clock()
    key, keys = await keyed(db, account, Scope.ALL), KnownKeys(clock_s=clock)
    first = await keys.authenticate(db, key.secret, TEST)
    async with db.transaction() as conn:
        await revoke_key(conn, account_id=account.account_id, key_id=key.id, actor="local")

    clock.now_s = KNOWN_S - 0.001
    assert await keys.authenticate(db, key.secret, TEST) == first
    clock.now_s = KNOWN_S
    for _ in range(2):
        with pytest.raises(KeyRefused):
            await keys.authenticate(db, key.secret, TEST)


async def test_use_does_not_prolong_what_is_known(db: Database) -> None:
    account, clock = await opened(db), Clock()
    key, keys = await keyed(db, account, Scope.ALL), KnownKeys(clock_s=clock)
    await keys.authenticate(db, key.secret, TEST)
    clock.now_s = KNOWN_S * 0.9
    await keys.authenticate(db, key.secret, TEST)
    async with db.transaction() as conn:
        await revoke_key(conn, account_id=account.account_id, key_id=key.id, actor="local")
    clock.now_s = KNOWN_S * 1.1
    with pytest.raises(KeyRefused):
        await keys.authenticate(db, key.secret, TEST)


async def test_a_refused_key_is_asked_about_each_time(db: Database) -> None:
    keys = KnownKeys(clock_s=Clock())
    for secret in (fresh_secret(TEST), fresh_secret(Environment.LIVE), "bbh_test_"):
        for _ in range(2):
            with pytest.raises(KeyRefused):
                await keys.authenticate(db, secret, TEST)


async def test_each_key_has_its_own_bearer(db: Database) -> None:
    keys = KnownKeys(clock_s=Clock())
    theirs = {(account := await opened(db)).account_id: await keyed(db, account, Scope.ALL) for _ in range(5)}
    for _ in range(2):
        for account_id, key in theirs.items():
            assert (await keys.authenticate(db, key.secret, TEST)).account_id == account_id
