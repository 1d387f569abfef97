"""Change what a member may do."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Database
from bubuh.identity.model import show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.members import find_member, lock_as_administrator, see_others_administer
from bubuh.identity.organisations.model import MemberRole


async def appoint(
    db: Database, *, account_id: AccountId, user_id: UUID, member_id: UUID, role: MemberRole
) -> None:
    """Make the member an administrator, or no longer one; what they invited to is then withdrawn.

    Raises:
        AccountUnknown, NotAnAdministrator: who asks.
        MemberUnknown: who is meant.
        LastAdministrator: nobody would be left.
    """
    async with db.transaction() as conn:
        await lock_as_administrator(conn, account_id, user_id)
        member = await find_member(conn, account_id, member_id)
        if member.role is role:
            return
        await see_others_administer(conn, account_id, member)
        await store.set_role(conn, account_id, member_id, role)
        if role is not MemberRole.OWNER:
            await store.withdraw_of(conn, account_id, member_id)
        facts = {"member": show_actor(member_id), "role": str(role)}
        actor = show_actor(user_id)
        await record(conn, account_id=account_id, act="member.appoint", actor=actor, facts=facts)
