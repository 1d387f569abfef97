"""Freeze an account, so that nothing is held or sent from it, and thaw it.

What is sealed is still captured, what is held still comes back, and its owner sees, downloads and verifies
as before: only what would move more stamps waits.
"""

from __future__ import annotations

from typing import Final

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, fresh_id
from bubuh.db.pool import Conn
from bubuh.identity.open_account import find_account
from bubuh.outbox.publish import publish
from bubuh.quota import store
from bubuh.quota.refusals import ReasonMissing

FROZEN: Final = "account.frozen"  #: the topic that pages an operator
MOST_LETTERS: Final = 500  #: of a reason


async def freeze(conn: Conn, *, account_id: AccountId, reason: str, actor: str) -> bool:
    """Freeze an account by an operator's word; to be called in a transaction. False: it was frozen before.

    Raises:
        ReasonMissing: nothing is said, or more than MOST_LETTERS.
        AccountUnknown: there is no such account.
    """
    check_reason(reason)
    await find_account(conn, account_id)
    changed = await freeze_now(conn, account_id=account_id, reason=reason, actor=actor)
    if changed:
        facts = {"reason": reason, "actor": actor}
        await publish(conn, account_id=account_id, topic=FROZEN, subject=fresh_id(account_id), facts=facts)
    return changed


async def freeze_now(conn: Conn, *, account_id: AccountId, reason: str, actor: str) -> bool:
    """The same by our own watch, which pages by itself, and may find no row of the account."""
    changed = await store.freeze(conn, account_id)
    if changed:
        await record(conn, account_id=account_id, act="account.freeze", actor=actor, facts={"reason": reason})
    return changed


async def thaw(conn: Conn, *, account_id: AccountId, reason: str, actor: str) -> bool:
    """Thaw an account by an operator's word; to be called in a transaction. False: it was not frozen.

    Raises:
        ReasonMissing: nothing is said, or more than MOST_LETTERS.
        AccountUnknown: there is no such account.
    """
    check_reason(reason)
    await find_account(conn, account_id)
    changed = await store.thaw(conn, account_id)
    if changed:
        await record(conn, account_id=account_id, act="account.thaw", actor=actor, facts={"reason": reason})
    return changed


def check_reason(reason: str) -> None:
    """Pass when `reason` says something; raises `ReasonMissing`."""
    if not 1 <= len(reason.strip()) <= MOST_LETTERS:
        raise ReasonMissing(most=MOST_LETTERS)
