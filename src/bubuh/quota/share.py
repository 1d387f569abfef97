"""Let child accounts use an account's stamps, each up to a limit.

A child has no stamps: what it holds is held of its parent's, and counts against its limit until it is given
back. What it used stays counted for good. So a limit is lifetime, and a parent that wants to give a child
more raises it.
"""

from __future__ import annotations

from typing import Final

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_account
from bubuh.db.pool import Conn, Database
from bubuh.identity.open_account import find_account, open_account
from bubuh.identity.refusals import IdempotencyConflict
from bubuh.quota import store
from bubuh.quota.model import Share, ShareOutcome
from bubuh.quota.refusals import (
    MOST_STAMPS,
    ChildAccount,
    LimitOutOfRange,
    LimitTooLow,
    NameOutOfRange,
    ShareUnknown,
)

MOST_LETTERS: Final = 200  #: of a child's name
MOST_AT_ONCE: Final = 201


async def open_share(
    conn: Conn, *, parent_id: AccountId, child_id: AccountId, name: str, limit: int, actor: str
) -> ShareOutcome:
    """Open a child of `parent_id` that may use `limit` of its stamps; to be called in a transaction.

    `child_id` is of the parent's shard (`child_account_id`). The same child again opens nothing more: the
    answer is `already_done`.

    Raises:
        NameOutOfRange: nobody could tell the child by such a name.
        LimitOutOfRange: below none, or beyond all reason.
        AccountUnknown: there is no such parent.
        ChildAccount: the parent is a child itself.
        IdempotencyConflict: the child was opened with another name or limit.
    """
    _check(limit)
    if not 1 <= len(name) <= MOST_LETTERS or not name.isprintable():
        raise NameOutOfRange(most=MOST_LETTERS)
    parent = await find_account(conn, parent_id)
    outcome = await store.open_share(conn, parent_id=parent_id, child_id=child_id, name=name, limit=limit)
    if outcome is ShareOutcome.CHILD:
        raise ChildAccount(account_id=parent_id)
    if outcome is ShareOutcome.CONFLICT:
        raise IdempotencyConflict
    if outcome is ShareOutcome.DONE:
        await open_account(conn, kind=parent.kind, name=name, account_id=child_id, actor=actor)
        facts = {"child": show_account(child_id), "limit": limit}
        await record(conn, account_id=parent_id, act="quota.share", actor=actor, facts=facts)
    return outcome


async def change_share(
    conn: Conn,
    *,
    parent_id: AccountId,
    child_id: AccountId,
    actor: str,
    limit: int | None = None,
    closed: bool | None = None,
) -> None:
    """Set a child's limit, close its share or open it again; to be called in a transaction.

    Under a closed share nothing more is held; what is held already is still used or given back.

    Raises:
        LimitOutOfRange: below none, or beyond all reason.
        LimitTooLow: the child holds and has used more than that.
        ShareUnknown: the parent has no such child.
    """
    if limit is not None:
        _check(limit)
    outcome = await store.change_share(
        conn, parent_id=parent_id, child_id=child_id, limit=limit, closed=closed
    )
    if outcome is ShareOutcome.LOW:
        share = await find_share(conn, parent_id=parent_id, child_id=child_id)
        assert limit is not None, "only a limit can be too low"
        raise LimitTooLow(limit=limit, counted=share.held + share.used)
    if outcome is ShareOutcome.UNKNOWN:
        raise ShareUnknown(account_id=child_id)
    if outcome is ShareOutcome.DONE:
        facts = {"child": show_account(child_id), "limit": limit, "closed": closed}
        await record(conn, account_id=parent_id, act="quota.share_change", actor=actor, facts=facts)


async def find_share(where: Conn | Database, *, parent_id: AccountId, child_id: AccountId) -> Share:
    """One child of the account; raises `ShareUnknown`."""
    share = await store.find_share(where, parent_id=parent_id, child_id=child_id)
    if share is None:
        raise ShareUnknown(account_id=child_id)
    return share


async def list_shares(
    where: Conn | Database, parent_id: AccountId, *, after: int | None = None, limit: int = 50
) -> list[Share]:
    """At most `limit` children of the account, by their ids, from the first or after the last one seen."""
    at_most = max(1, min(limit, MOST_AT_ONCE))
    return await store.list_shares(where, parent_id, after=AccountId(after or 0), at_most=at_most)


async def refuse_child(where: Conn | Database, account_id: AccountId) -> None:
    """Pass when the account may have stamps of its own; raises `ChildAccount`."""
    if await store.is_child(where, account_id):
        raise ChildAccount(account_id=account_id)


def _check(limit: int) -> None:
    if not 0 <= limit <= MOST_STAMPS:
        raise LimitOutOfRange(limit=limit)
