"""Remove a member. From the commit on they open nothing: no session, no key, no invitation they gave out."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.identity.model import show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.members import find_member, lock_as_administrator, see_others_administer
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.model import Letter
from bubuh.identity.people.send_link import want_letter


async def remove(
    db: Database, *, account_id: AccountId, user_id: UUID, member_id: UUID, key: PersonKey, link: str
) -> None:
    """Remove the member and have them told; what they asked for before stays the organisation's.

    `link` leads to the accounts that they act for. The letter names no organisation, as none does that is
    sent to an address: a name could be anything.

    Raises:
        AccountUnknown, NotAnAdministrator: who asks.
        MemberUnknown: who is meant.
        LastAdministrator: nobody would be left.
    """
    async with db.transaction() as conn:
        await lock_as_administrator(conn, account_id, user_id)
        member = await find_member(conn, account_id, member_id)
        await see_others_administer(conn, account_id, member)
        await take_away(conn, account_id, member_id, act="member.remove", actor=show_actor(user_id))
        if member_id != user_id:
            about = f"{account_id} {member.since.isoformat()}"
            await want_letter(conn, member_id, link, letter=Letter.REMOVED, about=about, key=key)


async def take_away(conn: Conn, account_id: AccountId, member_id: UUID, *, act: str, actor: str) -> None:
    """Take from the user all that acts for the account; its caller has locked it and seen that it may be."""
    await store.withdraw_of(conn, account_id, member_id)
    keys = await store.drop_member(conn, account_id, member_id)
    facts = {"member": show_actor(member_id), "keys": keys}
    await record(conn, account_id=account_id, act=act, actor=actor, facts=facts)
