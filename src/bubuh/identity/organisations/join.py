"""Join an organisation by the code of an invitation."""

from __future__ import annotations

from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import show_id
from bubuh.db.pool import Database
from bubuh.identity.model import show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.codes import code_mac, number_of, read_code
from bubuh.identity.organisations.invite import PREFIX
from bubuh.identity.organisations.model import MOST_ACCOUNTS, Invited
from bubuh.identity.organisations.refusals import AccountsFull, AlreadyMember, InvitationRefused
from bubuh.identity.people.keys import PersonKey


async def find_invited(db: Database, text: str, *, key: PersonKey) -> Invited:
    """What the code leads to, before anybody joins; a wrong one is counted. Raises `InvitationRefused`."""
    code = read_code(text)
    if code is None:
        raise InvitationRefused
    mac = code_mac(key, code)
    if await store.try_code(db, number_of(code), mac) is None:
        raise InvitationRefused
    invited = await store.find_open(db, mac)
    if invited is None:
        raise InvitationRefused
    return invited


async def join(db: Database, user_id: UUID, text: str, *, key: PersonKey) -> Invited:
    """Let the user act for the organisation that the code leads to; by the same code again: they may already.

    Raises:
        InvitationRefused: no open invitation has this code.
        AlreadyMember: the user is in it by another way; the code stays good.
        AccountsFull: the user is in too many accounts.
    """
    mac = code_mac(key, read_code(text) or "")
    joined = await store.find_accepted(db, mac, user_id)
    if joined is not None:
        return joined
    invited = await find_invited(db, text, key=key)
    account_id = invited.account_id
    async with db.transaction() as conn:
        await store.lock_organisation(conn, account_id)
        accepted = await store.accept(conn, account_id, mac, user_id)
        if accepted is None:
            raise InvitationRefused
        invitation_id, role = accepted
        if not await store.add_member(conn, user_id=user_id, account_id=account_id, role=role):
            raise AlreadyMember
        if await store.count_accounts(conn, user_id) > MOST_ACCOUNTS:
            raise AccountsFull(most=MOST_ACCOUNTS)
        actor = show_actor(user_id)
        facts = {"invitation": show_id(PREFIX, invitation_id), "role": str(role)}
        await record(conn, account_id=account_id, act="member.join", actor=actor, facts=facts)
    return invited
