from __future__ import annotations

import hashlib
import re
from uuid import uuid4

import pytest
from hypothesis import given, strategies as st

from bubuh.core.ids import fresh_account_id, fresh_id, read_id
from bubuh.db.pool import Conn, Database
from bubuh.identity.authenticate import authenticate, authenticate_operator, require_scope
from bubuh.identity.make_key import make_key, owner_of
from bubuh.identity.model import AccountKind, Environment, NewKey, OpenedAccount, Principal, Role, Scope
from bubuh.identity.open_account import open_account
from bubuh.identity.refusals import (
    AccountUnknown,
    KeyRefused,
    KeyUnknown,
    NotAnOperator,
    ScopeMissing,
    ScopesEmpty,
)
from bubuh.identity.revoke_key import revoke_key
from bubuh.identity.secret import fresh_secret, opens

TEST, LIVE = Environment.TEST, Environment.LIVE


async def opened(db: Database, *roles: Role) -> OpenedAccount:
    async with db.transaction() as conn:
        return await open_account(conn, kind=AccountKind.PERSON, name="Siti", roles=roles)


async def keyed(
    db: Database, account: OpenedAccount, *scopes: Scope, environment: Environment = TEST
) -> NewKey:
    async with db.transaction() as conn:
        return await make_key(
            conn,
            account_id=account.account_id,
            user_id=account.user_id,
            scopes=scopes,
            environment=environment,
            actor="local",
        )


async def test_a_key_speaks_for_its_maker_and_its_account(db: Database) -> None:
    account = await opened(db)
    key = await keyed(db, account, Scope.QUOTA_READ, Scope.STAMPS_WRITE)
    principal = await authenticate(db, key.secret, TEST)
    assert principal == Principal(
        user_id=account.user_id,
        account_id=account.account_id,
        scopes=frozenset({Scope.QUOTA_READ, Scope.STAMPS_WRITE}),
        roles=frozenset(),
    )
    assert read_id("usr", principal.actor) == account.user_id
    assert principal.shard == account.account_id % 64


async def test_no_row_holds_a_secret(db: Database, owner_conn: Conn) -> None:
    account = await opened(db)
    key = await keyed(db, account, Scope.ALL)
    for table in ("api_keys", "audit_entries", "users", "accounts"):
        rows = await owner_conn.fetch(f"SELECT t::text AS row FROM {table} AS t")
        assert rows
        assert not [row for row in rows if key.secret[9:] in row["row"]]
    kept = await owner_conn.fetchval("SELECT secret_sha256 FROM api_keys")
    assert kept == hashlib.sha256(key.secret.encode()).digest()
    assert key.secret not in repr(key)


async def test_a_revoked_key_is_refused_at_once(db: Database) -> None:
    account = await opened(db)
    key, other = await keyed(db, account, Scope.ALL), await keyed(db, account, Scope.ALL)
    await authenticate(db, key.secret, TEST)
    for _ in range(2):  # closing again changes nothing
        async with db.transaction() as conn:
            await revoke_key(conn, account_id=account.account_id, key_id=key.id, actor="local")
    with pytest.raises(KeyRefused):
        await authenticate(db, key.secret, TEST)
    assert (await authenticate(db, other.secret, TEST)).account_id == account.account_id


async def test_another_accounts_key_cannot_be_revoked(db: Database) -> None:
    mine, theirs = await opened(db), await opened(db)
    key = await keyed(db, theirs, Scope.ALL)
    async with db.transaction() as conn:
        for key_id in (key.id, fresh_id(mine.account_id)):
            with pytest.raises(KeyUnknown):
                await revoke_key(conn, account_id=mine.account_id, key_id=key_id, actor="local")
    assert (await authenticate(db, key.secret, TEST)).account_id == theirs.account_id


async def test_test_and_live_never_open_each_other(db: Database) -> None:
    account = await opened(db)
    test, live = await keyed(db, account, Scope.ALL), await keyed(db, account, Scope.ALL, environment=LIVE)
    assert (await authenticate(db, live.secret, LIVE)).account_id == account.account_id
    disguised = test.secret.replace("bbh_test_", "bbh_live_")
    for secret, environment in (
        (test.secret, LIVE),
        (live.secret, TEST),
        (disguised, LIVE),
        (live.secret.replace("bbh_live_", "bbh_test_"), TEST),
    ):
        with pytest.raises(KeyRefused):
            await authenticate(db, secret, environment)


@pytest.mark.parametrize(
    "secret", ["", "bbh_test_", "Bearer x", "bbh_test_" + "\0" * 43, "bbh_test_" + "é" * 43]
)
async def test_what_is_no_key_is_refused_like_an_unknown_one(db: Database, secret: str) -> None:
    unknown = fresh_secret(TEST)
    refusals = []
    for tried in (secret, unknown):
        with pytest.raises(KeyRefused) as refused:
            await authenticate(db, tried, TEST)
        refusals.append(str(refused.value))
    assert refusals[0] == refusals[1]


@given(st.binary(min_size=32, max_size=32), st.sampled_from(Environment))
def test_a_fresh_secret_has_the_form_of_its_environment_alone(
    material: bytes, environment: Environment
) -> None:
    secret = fresh_secret(environment, lambda _: material)
    assert re.fullmatch(rf"bbh_{environment}_[A-Za-z0-9_-]{{43}}", secret)
    assert [opens(secret, each) for each in (TEST, LIVE)] == [environment is TEST, environment is LIVE]


def test_secrets_do_not_repeat() -> None:
    assert len({fresh_secret(TEST) for _ in range(1000)}) == 1000


async def test_a_key_opens_what_it_names_and_no_more(db: Database) -> None:
    account = await opened(db)
    narrow = await authenticate(db, (await keyed(db, account, Scope.QUOTA_READ)).secret, TEST)
    whole = await authenticate(db, (await keyed(db, account, Scope.ALL)).secret, TEST)
    for scope in Scope:
        require_scope(whole, scope)
    require_scope(narrow, Scope.QUOTA_READ)
    for scope in set(Scope) - {Scope.QUOTA_READ}:
        assert not narrow.may(scope)
        with pytest.raises(ScopeMissing) as refused:
            require_scope(narrow, scope)
        assert refused.value.details == {"scope": str(scope)}


async def test_an_operator_acts_with_a_whole_key(db: Database) -> None:
    operator, owner = await opened(db, Role.OPERATOR), await opened(db, Role.AUDITOR, Role.APPROVER)
    whole = await keyed(db, operator, Scope.ALL)
    assert (await authenticate_operator(db, whole.secret, TEST)).roles == {Role.OPERATOR}
    with pytest.raises(NotAnOperator):
        await authenticate_operator(db, (await keyed(db, owner, Scope.ALL)).secret, TEST)
    with pytest.raises(ScopeMissing):
        await authenticate_operator(db, (await keyed(db, operator, Scope.QUOTA_READ)).secret, TEST)
    with pytest.raises(KeyRefused):
        await authenticate_operator(db, whole.secret, LIVE)


async def test_a_key_is_made_only_for_a_member_and_for_something(db: Database) -> None:
    mine, theirs = await opened(db), await opened(db)
    nobody = OpenedAccount(user_id=uuid4(), account_id=fresh_account_id())
    with pytest.raises(ScopesEmpty):
        await keyed(db, mine)
    for user, account in ((mine, theirs), (nobody, mine), (mine, nobody)):
        stranger = OpenedAccount(user_id=user.user_id, account_id=account.account_id)
        with pytest.raises(AccountUnknown):
            await keyed(db, stranger, Scope.ALL)


async def test_the_owner_of_an_account_is_found(db: Database) -> None:
    account = await opened(db)
    async with db.connection() as conn:
        assert await owner_of(conn, account.account_id) == account.user_id
        with pytest.raises(AccountUnknown):
            await owner_of(conn, fresh_account_id())
