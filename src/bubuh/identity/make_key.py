"""Make an API key."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, fresh_id, show_id
from bubuh.db.pool import Conn
from bubuh.identity import store
from bubuh.identity.model import Environment, NewKey, Scope
from bubuh.identity.refusals import AccountUnknown, ScopesEmpty
from bubuh.identity.secret import ending_of, fresh_secret, hash_secret


async def make_key(
    conn: Conn,
    *,
    account_id: AccountId,
    user_id: UUID,
    scopes: Collection[Scope],
    environment: Environment,
    actor: str,
) -> NewKey:
    """Make a key for the account, through which `user_id` acts; to be called in a transaction.

    Raises:
        ScopesEmpty: the key would open nothing.
        AccountUnknown: there is no such account, or the user is not in it.
    """
    if not scopes:
        raise ScopesEmpty
    if not await store.is_member(conn, user_id=user_id, account_id=account_id):
        raise AccountUnknown(account_id=account_id)
    key = NewKey(id=fresh_id(account_id), secret=fresh_secret(environment))
    await store.add_key(
        conn,
        key_id=key.id,
        secret_sha256=hash_secret(key.secret),
        ending=ending_of(key.secret),
        account_id=account_id,
        user_id=user_id,
        scopes=scopes,
    )
    facts = {"key": show_id("key", key.id), "scopes": sorted(scopes)}
    await record(conn, account_id=account_id, act="key.make", actor=actor, facts=facts)
    return key


async def owner_of(conn: Conn, account_id: AccountId) -> UUID:
    """The user whom an account's keys act through when nobody else is named; raises `AccountUnknown`."""
    owner = await store.find_owner(conn, account_id)
    if owner is None:
        raise AccountUnknown(account_id=account_id)
    return owner
