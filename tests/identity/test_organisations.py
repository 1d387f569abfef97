from __future__ import annotations

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

import asyncpg
import pytest

from bubuh.core.ids import AccountId, founded_account_id, fresh_account_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.authenticate import authenticate
from bubuh.identity.make_key import make_key
from bubuh.identity.model import AccountKind, Environment, NewKey, Scope, show_actor
from bubuh.identity.open_account import open_account
from bubuh.identity.organisations import store
from bubuh.identity.organisations.appoint import appoint
from bubuh.identity.organisations.codes import code_mac, number_of, read_code
from bubuh.identity.organisations.found import found
from bubuh.identity.organisations.invite import NewInvitation, ToSend, invite, invite_owner, withdraw
from bubuh.identity.organisations.join import find_invited, join
from bubuh.identity.organisations.leave import close, leave, leave_all
from bubuh.identity.organisations.model import MOST_ACCOUNTS, MOST_INVITATIONS, MemberRole
from bubuh.identity.organisations.refusals import (
    AccountsFull,
    AlreadyMember,
    InvitationRefused,
    InvitationUnknown,
    LastAdministrator,
    MembersRemain,
    MemberUnknown,
    NotAnAdministrator,
    OrganisationFull,
    OwnerPresent,
)
from bubuh.identity.organisations.remove import remove
from bubuh.identity.people import store as people
from bubuh.identity.people.contacts import read_contact
from bubuh.identity.people.keys import PersonKey
from bubuh.identity.people.letters import LETTER_WANTED, opened_letter
from bubuh.identity.people.refusals import AccountBusy, AccountNotEmpty, NameUnfit, SignInNeeded
from bubuh.identity.people.sessions import open_session, resume, see_it_stands, switch_account
from bubuh.identity.refusals import AccountUnknown, KeyRefused
from bubuh.outbox.ports import Message
from bubuh.worker.letters import written

KEY = PersonKey(bytes(range(32)))
OWNER, MEMBER = MemberRole.OWNER, MemberRole.MEMBER
LINK = "https://meterai.example/akun/ganti"


@dataclass(frozen=True)
class Office:
    """An organisation with its founder."""

    db: Database
    account_id: AccountId
    founder: UUID

    async def invited(self, *, role: MemberRole = MEMBER, by: UUID | None = None) -> NewInvitation:
        return await invite(
            self.db,
            account_id=self.account_id,
            user_id=by or self.founder,
            role=role,
            form=uuid4().hex,
            key=KEY,
            to=None,
        )

    async def joined(self, *, role: MemberRole = MEMBER) -> UUID:
        """Somebody else, in the office."""
        user_id = await somebody(self.db)
        await join(self.db, user_id, (await self.invited(role=role)).code, key=KEY)
        return user_id

    async def acts(self) -> list[tuple[str, str]]:
        rows = await self.db.fetch(
            "SELECT act, actor FROM audit_entries WHERE shard = $1 AND account_id = $2 ORDER BY no",
            self.account_id % 64,
            self.account_id,
        )
        return [(row["act"], row["actor"]) for row in rows]


async def somebody(db: Database) -> UUID:
    async with db.transaction() as conn:
        return (await open_account(conn, kind=AccountKind.PERSON, name="Siti Nurbaya")).user_id


async def founded(db: Database, name: str = "CV Maju") -> Office:
    founder = await somebody(db)
    account_id = founded_account_id(founder, uuid4().hex)
    await found(db, founder, account_id, name=name)
    return Office(db, account_id, founder)


async def removed(office: Office, member_id: UUID, *, by: UUID | None = None) -> None:
    await remove(
        office.db,
        account_id=office.account_id,
        user_id=by or office.founder,
        member_id=member_id,
        key=KEY,
        link=LINK,
    )


async def reachable(db: Database, user_id: UUID, address: str) -> None:
    async with db.transaction() as conn:
        sealed = KEY.seal(address, "contact")
        index = KEY.index(address, "contact")
        assert await people.add_contact(conn, address_index=index, user_id=user_id, address_sealed=sealed)


async def letters(db: Database) -> list[Message]:
    """What waits to be sent, written."""
    rows = await db.fetch("SELECT subject, facts FROM outbox_facts WHERE topic = $1", LETTER_WANTED)
    return [written(opened_letter(row["facts"], row["subject"], KEY)) for row in rows]


async def role_of(office: Office, user_id: UUID) -> MemberRole | None:
    found = await store.find_member(office.db, office.account_id, user_id)
    return None if found is None else found.role


async def test_who_founds_an_organisation_administers_it_and_twice_is_once(db: Database) -> None:
    founder, account_id = await somebody(db), fresh_account_id()
    for _ in range(2):
        await found(db, founder, account_id, name="CV Maju")
    office = Office(db, account_id, founder)
    assert await role_of(office, founder) is OWNER
    assert await office.acts() == [("account.open", show_actor(founder))]
    with pytest.raises(AccountUnknown):
        await found(db, await somebody(db), account_id, name="CV Maju")
    for name in ("", "x" * 101, "baris\nbaru"):
        with pytest.raises(NameUnfit):
            await found(db, founder, fresh_account_id(), name=name)


async def test_a_code_lets_one_in_once_and_its_bearer_alone_repeats_it(db: Database) -> None:
    office, budi, ani = await founded(db), await somebody(db), await somebody(db)
    code = (await office.invited()).code
    seen = await find_invited(db, code.lower().replace("-", " "), key=KEY)
    assert (seen.account_id, seen.name, seen.role) == (office.account_id, "CV Maju", MEMBER)
    assert await role_of(office, budi) is None  # looking joins nobody
    await join(db, budi, code, key=KEY)
    assert await role_of(office, budi) is MEMBER
    assert (await join(db, budi, code, key=KEY)).account_id == office.account_id  # a double tap
    with pytest.raises(InvitationRefused):
        await join(db, ani, code, key=KEY)
    assert [act for act, _ in await office.acts()] == ["account.open", "member.invite", "member.join"]


async def test_two_who_use_a_code_at_once_are_one(db: Database) -> None:
    office = await founded(db)
    code, people = (await office.invited()).code, [await somebody(db) for _ in range(4)]
    ended = await asyncio.gather(
        *(join(db, user_id, code, key=KEY) for user_id in people), return_exceptions=True
    )
    assert sum(not isinstance(one, BaseException) for one in ended) == 1
    assert sum(isinstance(one, InvitationRefused) for one in ended) == 3


async def test_a_member_spends_no_code_and_cannot_raise_themselves_by_one(db: Database) -> None:
    office, ani = await founded(db), await somebody(db)
    budi, code = await office.joined(), (await office.invited(role=OWNER)).code
    with pytest.raises(AlreadyMember):
        await join(db, budi, code, key=KEY)
    assert await role_of(office, budi) is MEMBER
    await join(db, ani, code, key=KEY)
    assert await role_of(office, ani) is OWNER


async def test_a_code_is_refused_when_over_withdrawn_or_nobodys(db: Database, owner_conn: Conn) -> None:
    office, budi = await founded(db), await somebody(db)
    old, gone = await office.invited(), await office.invited()
    await owner_conn.execute("UPDATE invitations SET expires_at = now() WHERE id = $1", old.id)
    await withdraw(db, account_id=office.account_id, user_id=office.founder, invitation_id=gone.id)
    for code in (old.code, gone.code, "0000-0000-0000", "", "KUCING", "é" * 12):
        with pytest.raises(InvitationRefused):
            await join(db, budi, code, key=KEY)
        with pytest.raises(InvitationRefused):
            await find_invited(db, code, key=KEY)
    with pytest.raises(InvitationRefused):
        await join(db, budi, (await office.invited()).code, key=PersonKey(bytes(32)))  # another service's
    with pytest.raises(InvitationUnknown):
        await withdraw(db, account_id=office.account_id, user_id=office.founder, invitation_id=gone.id)


async def test_five_wrong_tries_end_a_code_however_many_try_at_once(db: Database) -> None:
    office, budi = await founded(db), await somebody(db)
    invitation, other = await office.invited(), await office.invited()
    wrong = invitation.code[:-1] + ("A" if invitation.code[-1] != "A" else "B")
    tries = (find_invited(db, wrong, key=KEY) for _ in range(4))
    for ended in await asyncio.gather(*tries, return_exceptions=True):
        assert isinstance(ended, InvitationRefused)
    assert (await find_invited(db, invitation.code, key=KEY)).role is MEMBER  # a right one costs no try
    with pytest.raises(InvitationRefused):
        await find_invited(db, wrong, key=KEY)
    with pytest.raises(InvitationRefused):
        await join(db, budi, invitation.code, key=KEY)
    await join(db, budi, other.code, key=KEY)  # each has tries of its own


async def test_of_a_code_a_keyed_hash_is_kept_and_a_number_that_is_no_secret(db: Database) -> None:
    office = await founded(db)
    made = await office.invited()
    code = read_code(made.code)
    assert code is not None
    row = await db.fetchrow("SELECT *, invitations::text AS whole FROM invitations WHERE id = $1", made.id)
    assert row is not None
    assert (row["no"], row["code_mac"]) == (number_of(code), code_mac(KEY, code))
    assert code not in row["whole"]
    assert code[6:] not in row["whole"]


async def test_the_same_form_shows_the_same_code_and_sends_one_letter(db: Database) -> None:
    office, form = await founded(db), uuid4().hex
    to = ToSend(contact=read_contact("budi@contoh.id"), link="https://bubuh.example/undangan", language="id")
    made = [
        await invite(
            db,
            account_id=office.account_id,
            user_id=office.founder,
            role=MEMBER,
            form=form,
            key=KEY,
            to=to,
        )
        for _ in range(2)
    ]
    assert made[0] == made[1]
    facts = await db.fetch("SELECT facts FROM outbox_facts WHERE shard = 0 AND topic = $1", LETTER_WANTED)
    assert len(facts) == 1
    assert "budi" not in str(facts[0]["facts"])
    letter = opened_letter(facts[0]["facts"], made[0].id, KEY)
    assert (letter.address, letter.code, letter.link) == (to.contact.address, made[0].code, to.link)
    assert len(await store.list_invitations(db, office.account_id)) == 1


async def test_only_an_administrator_of_that_organisation_says_who_is_in_it(db: Database) -> None:
    office, other = await founded(db), await founded(db)
    budi, open_one = await office.joined(), await office.invited()
    for user_id, said in ((budi, NotAnAdministrator), (other.founder, AccountUnknown)):
        with pytest.raises(said):
            await office.invited(by=user_id)
        with pytest.raises(said):
            await withdraw(db, account_id=office.account_id, user_id=user_id, invitation_id=open_one.id)
        with pytest.raises(said):
            await appoint(db, account_id=office.account_id, user_id=user_id, member_id=user_id, role=OWNER)
        with pytest.raises(said):
            await removed(office, office.founder, by=user_id)
        with pytest.raises(said):
            async with db.transaction() as conn:
                await close(conn, account_id=office.account_id, user_id=user_id, stamps=0, is_busy=False)
    for act in (remove, appoint):
        with pytest.raises(MemberUnknown):
            await act(
                db,
                account_id=other.account_id,
                user_id=other.founder,
                member_id=budi,
                **({"role": OWNER} if act is appoint else {"key": KEY, "link": LINK}),
            )
    with pytest.raises(InvitationUnknown):
        await withdraw(db, account_id=other.account_id, user_id=other.founder, invitation_id=open_one.id)
    assert await role_of(office, budi) is MEMBER


async def test_nobody_is_let_into_a_persons_own_account(db: Database) -> None:
    async with db.transaction() as conn:
        sari = await open_account(conn, kind=AccountKind.PERSON, name="Sari")
    own = Office(db, sari.account_id, sari.user_id)
    with pytest.raises(AccountUnknown):
        await own.invited()
    with pytest.raises(AccountUnknown):
        await leave(db, account_id=sari.account_id, user_id=sari.user_id)


async def test_an_organisation_never_loses_its_last_administrator(db: Database) -> None:
    office = await founded(db)
    budi = await office.joined()
    with pytest.raises(LastAdministrator):
        await leave(db, account_id=office.account_id, user_id=office.founder)
    with pytest.raises(LastAdministrator):
        await removed(office, office.founder)
    with pytest.raises(LastAdministrator):
        await appoint(
            db,
            account_id=office.account_id,
            user_id=office.founder,
            member_id=office.founder,
            role=MEMBER,
        )
    with pytest.raises(LastAdministrator):
        async with db.transaction() as conn:
            await leave_all(conn, office.founder)
    await appoint(db, account_id=office.account_id, user_id=office.founder, member_id=budi, role=OWNER)
    await leave(db, account_id=office.account_id, user_id=office.founder)
    assert await role_of(office, budi) is OWNER
    assert [act for act, _ in await office.acts()][-2:] == ["member.appoint", "member.leave"]


async def test_two_administrators_who_leave_at_once_leave_one_behind(db: Database) -> None:
    for _ in range(5):
        office = await founded(db)
        budi = await office.joined(role=OWNER)
        ended = await asyncio.gather(
            leave(db, account_id=office.account_id, user_id=office.founder),
            removed(office, budi, by=budi),
            return_exceptions=True,
        )
        assert [type(one) for one in ended if one is not None] == [LastAdministrator]


async def test_who_is_removed_opens_nothing_more_and_nothing_old_opens_when_they_return(
    db: Database,
) -> None:
    office = await founded(db)
    budi = await office.joined(role=OWNER)
    secret = await open_session(db, budi, agent="uji")
    first = await resume(db, secret)
    assert first is not None
    await switch_account(db, first, office.account_id)
    session = await resume(db, secret)
    assert session is not None
    await see_it_stands(db, session)
    async with db.transaction() as conn:
        key: NewKey = await make_key(
            conn,
            account_id=office.account_id,
            user_id=budi,
            scopes=(Scope.ALL,),
            environment=Environment.TEST,
            actor="local",
        )
    code = (await office.invited(by=budi)).code
    await removed(office, budi)

    async def opens_nothing() -> None:
        assert await resume(db, secret) is None
        with pytest.raises(SignInNeeded):
            await see_it_stands(db, session)
        with pytest.raises(KeyRefused):
            await authenticate(db, key.secret, Environment.TEST)
        with pytest.raises(InvitationRefused):
            await find_invited(db, code, key=KEY)

    await opens_nothing()
    await join(db, budi, (await office.invited()).code, key=KEY)
    await opens_nothing()


async def test_an_administrator_no_longer_takes_their_invitations_along(db: Database) -> None:
    office = await founded(db)
    budi = await office.joined(role=OWNER)
    code = (await office.invited(by=budi, role=OWNER)).code
    await appoint(db, account_id=office.account_id, user_id=office.founder, member_id=budi, role=MEMBER)
    with pytest.raises(InvitationRefused):
        await find_invited(db, code, key=KEY)


async def test_an_organisation_is_closed_empty_and_by_who_is_left_alone_in_it(db: Database) -> None:
    office = await founded(db)
    budi = await office.joined()

    async def closed(*, stamps: int = 0, is_busy: bool = False) -> None:
        async with db.transaction() as conn:
            await close(
                conn, account_id=office.account_id, user_id=office.founder, stamps=stamps, is_busy=is_busy
            )

    with pytest.raises(MembersRemain):
        await closed()
    await leave(db, account_id=office.account_id, user_id=budi)
    with pytest.raises(AccountNotEmpty):
        await closed(stamps=1)
    with pytest.raises(AccountBusy):
        await closed(is_busy=True)
    code = (await office.invited()).code
    await closed()
    assert await role_of(office, office.founder) is None
    assert await db.fetchval("SELECT name FROM accounts WHERE id = $1", office.account_id) == "(ditutup)"
    with pytest.raises(InvitationRefused):
        await join(db, budi, code, key=KEY)
    assert (await office.acts())[-1] == ("account.close", show_actor(office.founder))


async def test_there_are_only_so_many_invitations_and_accounts(db: Database) -> None:
    office, budi = await founded(db), await somebody(db)
    made = [await office.invited() for _ in range(MOST_INVITATIONS)]
    with pytest.raises(OrganisationFull):
        await office.invited()
    assert len(await store.list_invitations(db, office.account_id)) == MOST_INVITATIONS
    await withdraw(db, account_id=office.account_id, user_id=office.founder, invitation_id=made[0].id)
    await office.invited()
    for _ in range(MOST_ACCOUNTS - 1):
        await found(db, budi, fresh_account_id(), name="CV Maju")
    with pytest.raises(AccountsFull):
        await found(db, budi, fresh_account_id(), name="CV Maju")
    with pytest.raises(AccountsFull):
        await join(db, budi, made[1].code, key=KEY)
    assert (await find_invited(db, made[1].code, key=KEY)).name == "CV Maju"  # not spent


async def test_the_audit_names_no_name_and_holds_no_code(db: Database) -> None:
    office = await founded(db, "Yayasan Rahasia")
    made = await office.invited()
    await join(db, await somebody(db), made.code, key=KEY)
    text = str([dict(row) for row in await db.fetch("SELECT facts FROM audit_entries")])
    for secret in ("Yayasan", "Siti", made.code, str(read_code(made.code))):
        assert secret not in text


async def test_invitations_of_long_ago_are_swept(db: Database, owner_conn: Conn) -> None:
    office = await founded(db)
    old, young = await office.invited(), await office.invited()
    await owner_conn.execute(
        "UPDATE invitations SET expires_at = now() - interval '31 days' WHERE id = $1", old.id
    )
    await store.sweep(db)
    rows = await db.fetch("SELECT id FROM invitations WHERE account_id = $1", office.account_id)
    assert [row["id"] for row in rows] == [young.id]


async def test_the_application_moves_no_invitation_to_another_account(conn: Conn) -> None:
    for column in ("account_id", "role", "code_mac", "expires_at", "invited_by"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await conn.execute(f"UPDATE invitations SET {column} = {column}")


async def test_who_is_removed_is_told_once_in_both_languages_and_the_organisation_is_not_named(
    db: Database,
) -> None:
    office = await founded(db)
    budi, silent = await office.joined(), await office.joined()
    await reachable(db, budi, "budi@contoh.id")
    await removed(office, budi)
    await removed(office, silent)
    (letter,) = await letters(db)
    assert letter.to == "budi@contoh.id"
    assert "pengurusnya mengeluarkan Anda" in letter.text
    assert "its administrator removed you" in letter.text
    assert LINK in letter.text
    assert "CV Maju" not in letter.text
    await join(db, budi, (await office.invited()).code, key=KEY)
    await removed(office, budi)
    assert len(await letters(db)) == 2


async def test_an_operator_names_the_first_administrator_who_signs_in_and_no_second(db: Database) -> None:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.CHANNEL, name="Toko Maju", actor="local")
    office = Office(db, opened.account_id, opened.user_id)

    async def named(form: str, to: ToSend | None = None) -> NewInvitation:
        return await invite_owner(db, account_id=office.account_id, actor="local", form=form, key=KEY, to=to)

    invitation = await named("a")
    assert await named("a") == invitation
    sari = await somebody(db)
    async with db.transaction() as conn:
        await people.add_credentials(conn, sari, password_hash="argon2")
    await join(db, sari, invitation.code, key=KEY)
    assert await role_of(office, sari) is OWNER
    assert [act for act, _ in await office.acts()] == ["account.open", "member.invite", "member.join"]
    with pytest.raises(OwnerPresent):
        await named("b")
    await office.invited(by=sari)


async def test_an_operator_names_nobody_in_a_persons_own_account(db: Database) -> None:
    async with db.transaction() as conn:
        own = await open_account(conn, kind=AccountKind.PERSON, name="Sari")
    with pytest.raises(AccountUnknown):
        await invite_owner(db, account_id=own.account_id, actor="local", form="a", key=KEY, to=None)
