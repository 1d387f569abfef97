"""Found an organisation."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.identity.model import AccountKind, show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.model import MOST_ACCOUNTS, MOST_NAME, MemberRole
from bubuh.identity.organisations.refusals import AccountsFull
from bubuh.identity.people.refusals import NameUnfit
from bubuh.identity.refusals import AccountUnknown


async def found(db: Database, user_id: UUID, account_id: AccountId, *, name: str) -> None:
    """Open an organisation's account with the user as its administrator; the same id again changes nothing.

    Raises:
        NameUnfit: missing, too long, or with control characters.
        AccountsFull: the user is in too many accounts.
        AccountUnknown: the id is somebody else's account.
    """
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise NameUnfit
    actor = show_actor(user_id)
    async with db.transaction() as conn:
        if not await store.add_organisation(conn, account_id, name=name):
            if await store.find_member(conn, account_id, user_id) is None:
                raise AccountUnknown(account_id=account_id)
            return
        if await store.count_accounts(conn, user_id) >= MOST_ACCOUNTS:
            raise AccountsFull(most=MOST_ACCOUNTS)
        await store.add_member(conn, user_id=user_id, account_id=account_id, role=MemberRole.OWNER)
        facts = {"kind": str(AccountKind.ORGANISATION), "owner": actor, "roles": list[str]()}
        await record(conn, account_id=account_id, act="account.open", actor=actor, facts=facts)
