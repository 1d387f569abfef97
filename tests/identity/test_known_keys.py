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


async def test_whose_key_it_was_is_known_for_longer_but_not_of_refused_ones(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says in whose line a call waits."""
    monkeypatch.setattr("bubuh.identity.known_keys.MOST_KNOWN", 2)
    account, clock = await opened(db), Clock()
    key, other = await keyed(db, account, Scope.ALL), await keyed(db, account, Scope.QUOTA_READ)
    keys = KnownKeys(clock_s=clock)
    assert (keys.last_bearer(key.secret), keys.last_bearer("")) == (None, None)
    for known in (key, other):
        await keys.authenticate(db, known.secret, TEST)
    clock.now_s = 100 * KNOWN_S
    for known in (key, other):
        bearer = keys.last_bearer(known.secret)
        assert bearer is not None
        assert bearer.account_id == account.account_id
    async with db.transaction() as conn:
        await revoke_key(conn, account_id=account.account_id, key_id=other.id, actor="local")
    with pytest.raises(KeyRefused):
        await keys.authenticate(db, other.secret, TEST)
    assert keys.last_bearer(other.secret) is None
    for _ in range(2):
        await keys.authenticate(db, (await keyed(db, account, Scope.ALL)).secret, TEST)
    assert keys.last_bearer(key.secret) is None, "asked about longest ago"


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
