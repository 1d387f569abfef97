"""Open an account, and find it again."""

from __future__ import annotations

from collections.abc import Collection
from uuid import uuid4

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, fresh_account_id
from bubuh.db.pool import Conn
from bubuh.identity import store
from bubuh.identity.model import Account, AccountKind, OpenedAccount, Role, show_actor
from bubuh.identity.refusals import AccountUnknown


async def open_account(
    conn: Conn,
    *,
    kind: AccountKind,
    name: str,
    roles: Collection[Role] = (),
    actor: str | None = None,
    account_id: AccountId | None = None,
) -> OpenedAccount:
    """Open an account with one user, its owner; to be called in a transaction.

    `actor` is who does it; None means the new user themselves. The audit names no names: it never forgets.
    `account_id` is for one whose id was decided before (a child's); by default it is drawn.
    """
    opened = OpenedAccount(user_id=uuid4(), account_id=account_id or fresh_account_id())
    await store.add_user(conn, user_id=opened.user_id, name=name, roles=roles)
    await store.add_account(conn, Account(id=opened.account_id, kind=kind, name=name))
    await store.add_owner(conn, user_id=opened.user_id, account_id=opened.account_id)
    owner = show_actor(opened.user_id)
    facts = {"kind": str(kind), "owner": owner, "roles": sorted(roles)}
    await record(conn, account_id=opened.account_id, act="account.open", actor=actor or owner, facts=facts)
    return opened


async def find_account(conn: Conn, account_id: AccountId) -> Account:
    """The account; raises `AccountUnknown`."""
    account = await store.find_account(conn, account_id)
    if account is None:
        raise AccountUnknown(account_id=account_id)
    return account
