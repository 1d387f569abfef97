"""The statements about people, one typed function each. Their tables are on every node: no shard is named."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.db.queries import load_queries
from bubuh.identity.model import AccountKind, Role
from bubuh.identity.people.model import (
    CODE_TRIES,
    CODE_VALID_S,
    SESSION_VALID_S,
    Challenge,
    Credentials,
    Membership,
    Purpose,
    Session,
)

SQL = load_queries("bubuh.identity.people")

Where: TypeAlias = Conn | Database


async def add_contact(conn: Conn, *, address_index: bytes, user_id: UUID, address_sealed: bytes) -> bool:
    """Give the user an address. False: somebody has it."""
    return await conn.fetchrow(SQL.add_contact.sql, address_index, user_id, address_sealed) is not None


async def find_user_of(where: Where, address_index: bytes) -> UUID | None:
    """Whose address it is; None for nobody's."""
    row = await where.fetchrow(SQL.find_user_of.sql, address_index)
    return None if row is None else row["user_id"]


async def list_contacts(where: Where, user_id: UUID) -> list[tuple[bytes, bytes]]:
    """Index and sealed address of each, the oldest first."""
    rows = await where.fetch(SQL.list_contacts.sql, user_id)
    return [(row["address_index"], row["address_sealed"]) for row in rows]


async def list_account_contacts(where: Where, account_id: AccountId) -> list[tuple[UUID, bytes]]:
    """Each user of an account who can be reached, and their first address, sealed."""
    rows = await where.fetch(SQL.list_account_contacts.sql, account_id)
    return [(row["user_id"], row["address_sealed"]) for row in rows]


async def list_member_contacts(
    where: Where, people: Sequence[tuple[AccountId, UUID]]
) -> list[tuple[AccountId, UUID, bytes]]:
    """Account, user and sealed address, of each of `people` who is in the account; in the order given."""
    accounts, users = [account_id for account_id, _ in people], [user_id for _, user_id in people]
    rows = await where.fetch(SQL.list_member_contacts.sql, accounts, users)
    return [(AccountId(row["account_id"]), row["user_id"], row["address_sealed"]) for row in rows]


async def add_credentials(conn: Conn, user_id: UUID, *, password_hash: str) -> None:
    """Let the user sign in."""
    await conn.execute(SQL.add_credentials.sql, user_id, password_hash)


async def find_credentials(where: Where, user_id: UUID) -> Credentials | None:
    """What the user knows and has; None for one who signs in nowhere."""
    row = await where.fetchrow(SQL.find_credentials.sql, user_id)
    return None if row is None else Credentials(**row)


async def set_password(where: Where, user_id: UUID, *, password_hash: str) -> None:
    """Replace the password."""
    await where.execute(SQL.set_password.sql, user_id, password_hash)


async def set_pin(where: Where, user_id: UUID, *, pin_hash: str) -> None:
    """Replace the PIN; all tries are free again."""
    await where.execute(SQL.set_pin.sql, user_id, pin_hash)


async def try_pin(db: Database, user_id: UUID) -> tuple[str, int] | None:
    """Count a try; the PIN's hash and how many there were. None: no try is left, or there is no PIN."""
    row = await db.fetchrow(SQL.try_pin.sql, user_id)
    return None if row is None else (row["pin_hash"], row["pin_tries"])


async def pass_pin(db: Database, user_id: UUID) -> None:
    """The PIN was right: all tries are free again."""
    await db.execute(SQL.pass_pin.sql, user_id)


async def set_totp(db: Database, user_id: UUID, *, totp_sealed: bytes | None, totp_step: int) -> None:
    """Ask for an authenticator from now on, or (None) no longer."""
    await db.execute(SQL.set_totp.sql, user_id, totp_sealed, totp_step)


async def pass_totp(db: Database, user_id: UUID, *, totp_step: int) -> bool:
    """Use up the code of a step. False: it, or a later one, was used before."""
    return await db.fetchrow(SQL.pass_totp.sql, user_id, totp_step) is not None


async def set_nik(db: Database, user_id: UUID, *, nik_sealed: bytes | None, nik_index: bytes | None) -> None:
    """Keep the national number, or (None) forget it."""
    await db.execute(SQL.set_nik.sql, user_id, nik_sealed, nik_index)


async def add_session(
    where: Where, *, secret_sha256: bytes, session_id: UUID, user_id: UUID, account_id: AccountId, agent: str
) -> None:
    """Sign the user in where the secret is."""
    args = (secret_sha256, session_id, user_id, account_id, agent, SESSION_VALID_S)
    await where.execute(SQL.add_session.sql, *args)


async def find_session(db: Database, secret_sha256: bytes) -> tuple[Session, bool] | None:
    """The living session of a secret, and whether its use is to be noted again."""
    row = await db.fetchrow(SQL.find_session.sql, secret_sha256)
    if row is None:
        return None
    facts = dict(row)
    is_unseen = facts.pop("is_unseen")
    return _session(facts), is_unseen


async def session_stands(db: Database, session: Session) -> bool:
    """Whether the session acts for the same account still."""
    return await db.fetchrow(SQL.session_stands.sql, session.id, session.account_id) is not None


async def see_session(db: Database, session_id: UUID) -> None:
    """Note that the session is in use."""
    await db.execute(SQL.see_session.sql, session_id)


async def list_sessions(where: Where, user_id: UUID) -> list[Session]:
    """Where the user is signed in, the one last used first."""
    return [_session(dict(row)) for row in await where.fetch(SQL.list_sessions.sql, user_id)]


async def end_session(db: Database, session_id: UUID, *, user_id: UUID) -> None:
    """Sign the user out there; nothing when it is not the user's."""
    await db.execute(SQL.end_session.sql, session_id, user_id)


async def end_sessions(where: Where, user_id: UUID, *, but: UUID) -> None:
    """Sign the user out everywhere but there."""
    await where.execute(SQL.end_sessions.sql, user_id, but)


async def turn_session(db: Database, session_id: UUID, *, user_id: UUID, account_id: AccountId) -> bool:
    """Have the session act for another account. False: the user is not in it."""
    return await db.fetchrow(SQL.turn_session.sql, session_id, user_id, account_id) is not None


async def list_memberships(where: Where, user_id: UUID) -> list[Membership]:
    """The accounts the user may act for, the oldest first."""
    return [
        Membership(
            account_id=AccountId(row["account_id"]),
            kind=AccountKind(row["kind"]),
            name=row["name"],
            role=row["role"],
        )
        for row in await where.fetch(SQL.list_memberships.sql, user_id)
    ]


async def add_challenge(
    where: Where,
    *,
    challenge_id: UUID,
    purpose: Purpose,
    browser_sha256: bytes,
    user_id: UUID | None,
    address_index: bytes | None = None,
    address_sealed: bytes | None = None,
    code_mac: bytes | None = None,
) -> None:
    """Write a challenge for one browser."""
    args = (challenge_id, str(purpose), browser_sha256, user_id, address_index, address_sealed, code_mac)
    await where.execute(SQL.add_challenge.sql, *args, CODE_TRIES, CODE_VALID_S)


async def find_challenge(where: Where, challenge_id: UUID, *, browser_sha256: bytes) -> Challenge | None:
    """The browser's living challenge."""
    row = await where.fetchrow(SQL.find_challenge.sql, challenge_id, browser_sha256)
    return None if row is None else Challenge(**{**row, "purpose": Purpose(row["purpose"])})


async def try_challenge(db: Database, challenge_id: UUID) -> int | None:
    """Count a try; how many are left after it, None when none was."""
    row = await db.fetchrow(SQL.try_challenge.sql, challenge_id)
    return None if row is None else row["tries_left"]


async def prove_challenge(where: Where, challenge_id: UUID) -> None:
    """The code was right."""
    await where.execute(SQL.prove_challenge.sql, challenge_id)


async def use_challenge(conn: Conn, challenge_id: UUID) -> bool:
    """Spend a proved challenge. False: it was spent, or not proved."""
    return await conn.fetchrow(SQL.use_challenge.sql, challenge_id) is not None


async def sweep(db: Database) -> None:
    """Delete sessions and challenges whose time is over."""
    await db.execute(SQL.sweep.sql)


async def rename(conn: Conn, user_id: UUID, account_id: AccountId | None, *, name: str) -> None:
    """Call the user, and the account when one is named, otherwise."""
    await conn.execute(SQL.rename_user.sql, user_id, name)
    if account_id is not None:
        await conn.execute(SQL.rename_account.sql, account_id, name)


async def forget(conn: Conn, user_id: UUID) -> None:
    """Delete all that is known of a user but their row."""
    for statement in (
        SQL.forget_sessions,
        SQL.forget_challenges,
        SQL.forget_contacts,
        SQL.forget_credentials,
        SQL.forget_memberships,
    ):
        await conn.execute(statement.sql, user_id)


def _session(row: Mapping[str, Any]) -> Session:
    return Session(
        **{
            **row,
            "account_id": AccountId(row["account_id"]),
            "account_kind": AccountKind(row["account_kind"]),
            "roles": frozenset(map(Role, row["roles"])),
        }
    )
