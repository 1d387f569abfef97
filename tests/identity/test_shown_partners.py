"""The public learns of a partner only what an operator names it by, and of no person."""

from __future__ import annotations

import asyncio

import pytest

from bubuh.audit.verify import verify_shard
from bubuh.core.ids import AccountId
from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.identity.authenticate import authenticate
from bubuh.identity.model import AccountKind, Environment, Scope
from bubuh.identity.open_account import open_account
from bubuh.identity.partners import store
from bubuh.identity.partners.model import MOST_LETTERS, MOST_SHOWN, ShownPartner
from bubuh.identity.partners.refusals import PartnerNotShown, PartnersSpent, PartnerWrong
from bubuh.identity.partners.show import hide_partner, show_partner
from bubuh.identity.refusals import AccountUnknown
from tests.identity.test_keys import keyed


async def account(db: Database, kind: AccountKind = AccountKind.CHANNEL) -> AccountId:
    async with db.transaction() as conn:
        return (await open_account(conn, kind=kind, name="Uji")).account_id


async def show(db: Database, account_id: AccountId, name: str) -> ShownPartner:
    async with db.transaction() as conn:
        return await show_partner(conn, account_id, name=name, actor="local")


async def hide(db: Database, account_id: AccountId) -> ShownPartner:
    async with db.transaction() as conn:
        return await hide_partner(conn, account_id, actor="local")


async def test_shown_renamed_hidden_and_each_of_these_audited(db: Database) -> None:
    one, other = await account(db), await account(db, AccountKind.ORGANISATION)
    assert await store.list_all(db) == []
    first = await show(db, one, "Toko B")
    second = await show(db, other, "Toko A")
    assert (first.slot, second.slot) == (1, 2)
    assert [found.name for found in await store.list_all(db)] == ["Toko A", "Toko B"]
    assert (await show(db, one, "Toko C")).slot == 1
    assert (await hide(db, one)).name == "Toko C"
    assert [found.account_id for found in await store.list_all(db)] == [other]
    with pytest.raises(PartnerNotShown):
        await hide(db, one)
    acts = await db.fetch(
        "SELECT act FROM audit_entries AS e"
        " WHERE e.shard = $1 AND e.account_id = $2 AND e.act LIKE 'partner.%' ORDER BY e.no",
        *(shard_of_account(one), one),
    )
    assert [row["act"] for row in acts] == ["partner.show", "partner.show", "partner.hide"]
    assert await verify_shard(db, shard_of_account(one)) == []


async def test_no_person_is_shown_and_no_name_is_two_partners(db: Database) -> None:
    one = await account(db)
    await show(db, one, "Toko A")
    for name in ("", " Toko", "Toko\n", "T" * (MOST_LETTERS + 1)):
        with pytest.raises(PartnerWrong):
            await show(db, one, name)
    for who in (await account(db), await account(db, AccountKind.PERSON)):
        with pytest.raises(PartnerWrong):
            await show(db, who, "Toko A")
    with pytest.raises(PartnerWrong):
        await show(db, await account(db, AccountKind.PERSON), "Orang")
    with pytest.raises(AccountUnknown):
        await show(db, AccountId(64 * 10**12), "Siapa")
    assert [found.account_id for found in await store.list_all(db)] == [one]


async def test_so_many_are_shown_and_no_more_even_at_once(db: Database) -> None:
    accounts = [await account(db) for _ in range(MOST_SHOWN + 1)]
    for number, who in enumerate(accounts[:-2]):
        await show(db, who, f"Toko {number}")
    told = await asyncio.gather(
        *(show(db, who, f"Toko baru {who}") for who in accounts[-2:]), return_exceptions=True
    )
    assert sorted(type(one).__name__ for one in told) == ["PartnersSpent", "ShownPartner"]
    with pytest.raises(PartnersSpent):
        await show(db, await account(db), "Toko lagi")
    assert {one.slot for one in await store.list_all(db)} == set(range(1, MOST_SHOWN + 1))
    assert (await show(db, accounts[0], "Toko nol")).slot == 1, "one who is shown may be renamed"


async def test_whoever_bears_its_key_bears_its_slot(db: Database) -> None:
    async with db.transaction() as conn:
        opened = await open_account(conn, kind=AccountKind.CHANNEL, name="Uji")
    key = await keyed(db, opened, Scope.ALL)
    assert (await authenticate(db, key.secret, Environment.TEST)).slot is None
    shown = await show(db, opened.account_id, "Toko A")
    assert (await authenticate(db, key.secret, Environment.TEST)).slot == shown.slot
    await hide(db, opened.account_id)
    assert (await authenticate(db, key.secret, Environment.TEST)).slot is None
