"""Invite somebody into an organisation, and withdraw that."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from bubuh.audit.record import record
from bubuh.core.ids import THE_SERVICE, AccountId, derived_id, show_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.make_key import owner_of
from bubuh.identity.model import show_actor
from bubuh.identity.organisations import store
from bubuh.identity.organisations.codes import code_for, code_mac, number_of, shown
from bubuh.identity.organisations.members import lock_as_administrator
from bubuh.identity.organisations.model import MOST_INVITATIONS, MOST_MEMBERS, MemberRole
from bubuh.identity.organisations.refusals import InvitationUnknown, OrganisationFull, OwnerPresent
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED, Wanted as WantedLetter, sealed_letter
from bubuh.identity.people.model import Contact, Letter
from bubuh.identity.refusals import AccountUnknown
from bubuh.outbox.publish import publish

PREFIX = "inv"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToSend:
    """Where a code is to be sent, and how it is said there."""

    contact: Contact
    link: str  #: where it is typed
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """An invitation to be written, who may having been seen."""

    account_id: AccountId
    role: MemberRole
    form: str
    invited_by: UUID  #: the member in whose name it is
    actor: str  #: who does it, for the audit


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInvitation:
    """An invitation, and its code for whoever hands it over."""

    id: UUID
    code: str = field(repr=False)  #: in groups, as it is read out


async def invite(
    db: Database,
    *,
    account_id: AccountId,
    user_id: UUID,
    role: MemberRole,
    form: str,
    key: PersonKey,
    to: ToSend | None,
) -> NewInvitation:
    """Invite somebody in that role; the code goes to an address, or is handed over.

    The same `form` (128 random bits) again shows the same code, and sends and writes nothing. Nobody looks
    whether the address is known. Raises `AccountUnknown`, `NotAnAdministrator`, `OrganisationFull`.
    """
    async with db.transaction() as conn:
        await lock_as_administrator(conn, account_id, user_id)
        actor = show_actor(user_id)
        wanted = Wanted(account_id=account_id, role=role, form=form, invited_by=user_id, actor=actor)
        return await _write(conn, wanted, key=key, to=to)


async def invite_owner(
    db: Database, *, account_id: AccountId, actor: str, form: str, key: PersonKey, to: ToSend | None
) -> NewInvitation:
    """Invite its first administrator into an account that an operator (`actor`) opened, as `invite` does.

    Only where no administrator could sign in: else it is theirs to say who is in it.

    Raises:
        AccountUnknown: there is no such account, or it is a person's own.
        OwnerPresent: it has an administrator who signs in.
        OrganisationFull: too many invitations are open.
    """
    async with db.transaction() as conn:
        if await store.lock_organisation(conn, account_id) is None:
            raise AccountUnknown(account_id=account_id)
        if await store.has_owner_who_signs_in(conn, account_id):
            raise OwnerPresent
        invited_by = await owner_of(conn, account_id)
        wanted = Wanted(
            account_id=account_id, role=MemberRole.OWNER, form=form, invited_by=invited_by, actor=actor
        )
        return await _write(conn, wanted, key=key, to=to)


async def withdraw(db: Database, *, account_id: AccountId, user_id: UUID, invitation_id: UUID) -> None:
    """Have an invitation open nothing any more.

    Raises `AccountUnknown`, `NotAnAdministrator`, `InvitationUnknown`.
    """
    async with db.transaction() as conn:
        await lock_as_administrator(conn, account_id, user_id)
        if not await store.withdraw(conn, account_id, invitation_id):
            raise InvitationUnknown
        facts, actor = {"invitation": show_id(PREFIX, invitation_id)}, show_actor(user_id)
        await record(conn, account_id=account_id, act="member.withdraw", actor=actor, facts=facts)


async def _write(conn: Conn, wanted: Wanted, *, key: PersonKey, to: ToSend | None) -> NewInvitation:
    """The row, the letter and the audit; of a form that came before, nothing but its code again."""
    account_id, code = wanted.account_id, code_for(key, wanted.account_id, wanted.form)
    invitation_id = derived_id(account_id, "invite", wanted.form)
    added = await store.add_invitation(
        conn,
        invitation_id=invitation_id,
        account_id=account_id,
        no=number_of(code),
        code_mac=code_mac(key, code),
        role=wanted.role,
        address_sealed=None if to is None else key.seal(to.contact.address, "contact"),
        invited_by=wanted.invited_by,
    )
    if added:
        await _see_room(conn, account_id)
        if to is not None:
            await _send(conn, invitation_id, shown(code), to, key)
        told = {
            "invitation": show_id(PREFIX, invitation_id),
            "role": str(wanted.role),
            "sent": to is not None,
        }
        await record(conn, account_id=account_id, act="member.invite", actor=wanted.actor, facts=told)
    return NewInvitation(id=invitation_id, code=shown(code))


async def _see_room(conn: Conn, account_id: AccountId) -> None:
    open_now = await store.count_invitations(conn, account_id)
    members, _ = await store.count_people(conn, account_id)
    if open_now > MOST_INVITATIONS:
        raise OrganisationFull(most=MOST_INVITATIONS)
    if open_now + members > MOST_MEMBERS:
        raise OrganisationFull(most=MOST_MEMBERS)


async def _send(conn: Conn, invitation_id: UUID, code: str, to: ToSend, key: PersonKey) -> None:
    wanted = WantedLetter(
        kind=to.contact.kind,
        address=to.contact.address,
        letter=Letter.INVITED,
        code=code,
        link=to.link,
        language=to.language,
    )
    facts = sealed_letter(wanted, invitation_id, key)
    await publish(conn, account_id=THE_SERVICE, topic=LETTER_WANTED, subject=invitation_id, facts=facts)
