"""What the signer signed is held against the chains: a tail that was cut behind it is missed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial

import asyncpg
import pytest

from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database
from bubuh.pdf.seal.keys import proves
from bubuh.pdf.seal.pki import from_pem, is_for_statements
from bubuh.quota.chain.heads import HeadBreak
from bubuh.quota.chain.link import link_shard
from bubuh.quota.chain.model import BreakKind
from bubuh.quota.chain.verify_heads import verify_heads
from bubuh.signer.heads import HeadsRefused, StatementKey, sign_heads
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import read_keyring, read_statement_chain
from tests.conftest import Dsns
from tests.quota.desk import Desk


@pytest.fixture
async def hand(dsns: Dsns) -> AsyncIterator[Conn]:
    """A superuser who writes past the guards."""
    conn = await asyncpg.connect(dsns.superuser)
    await conn.execute("SET session_replication_role = replica")
    yield conn
    await conn.close()


@pytest.fixture
async def shard(desk: Desk, db: Database, signer_db: Database, statement_key: StatementKey) -> Shard:
    """A shard with three links, each signed."""
    account = await desk.account(9)
    shard = shard_of_account(account)
    for no in (1, 2, 3):
        assert await link_shard(db, shard) == 1
        signed = await sign_heads(signer_db, statement_key)
        assert signed is not None
        assert (signed.ends.no, signed.ends.nos[shard]) == (no, no)
        await desk.hold(account, 1)
    return shard


async def broken(db: Database, key_folder: DataFolder) -> tuple[int, list[HeadBreak]]:
    chain = read_statement_chain(key_folder)
    assert chain is not None
    return await verify_heads(
        db,
        lambda signature, message, by: (
            by == chain.key_id and proves(signature, message, chain.seal_certificate)
        ),
    )


async def test_signed_heads_hold_and_nothing_new_is_not_signed_again(
    shard: Shard, db: Database, signer_db: Database, statement_key: StatementKey, key_folder: DataFolder
) -> None:
    assert await sign_heads(signer_db, statement_key) is None
    assert await broken(db, key_folder) == (3, [])
    assert await link_shard(db, shard) == 1
    assert await sign_heads(signer_db, statement_key) is not None
    assert await broken(db, key_folder) == (4, [])


@pytest.mark.parametrize(
    ("statement", "kind", "no"),
    [
        ("DELETE FROM quota_signed_heads WHERE no = 2", BreakKind.MISSING, 2),
        ("UPDATE quota_signed_heads SET nos[1] = 7 WHERE no = 2", BreakKind.ALTERED, 2),
        ("UPDATE quota_signed_heads SET signed_at = now() WHERE no = 1", BreakKind.ALTERED, 1),
        ("UPDATE quota_signed_heads SET key_id = 'x' WHERE no = 3", BreakKind.ALTERED, 3),
        ("UPDATE quota_links SET hash = sha256('x') WHERE no = 2", BreakKind.HEAD_DIFFERS, 2),
    ],
)
async def test_a_head_that_does_not_hold_is_named(
    statement: str, kind: BreakKind, no: int, shard: Shard, db: Database, hand: Conn, key_folder: DataFolder
) -> None:
    assert shard in range(64)
    await hand.execute(statement)
    first = (await broken(db, key_folder))[1][0]
    assert (first.kind, first.no) == (kind, no)


async def test_a_tail_cut_behind_a_signed_head_is_missed_and_nothing_more_is_signed(
    shard: Shard,
    db: Database,
    signer_db: Database,
    hand: Conn,
    key_folder: DataFolder,
    statement_key: StatementKey,
) -> None:
    """Even when all else is made to agree: the last transfer, its link, the head and the balance are cut."""
    for statement in (
        "DELETE FROM quota_transfers WHERE no >= 3",
        "DELETE FROM quota_links WHERE no = 3",
        "UPDATE quota_link_heads SET no = 2, hash = (SELECT hash FROM quota_links WHERE no = 2) WHERE no = 3",
        "UPDATE quota_linked SET moves = 2",
        "UPDATE quota_balances SET moves = 2, free = 8, held = 1",
        "DELETE FROM quota_holds WHERE held_at = (SELECT max(held_at) FROM quota_holds)",
    ):
        await hand.execute(statement)
    (found,) = (await broken(db, key_folder))[1]
    assert (found.kind, found.no, found.shard, found.link) == (BreakKind.MISSING, 3, shard, 3)
    with pytest.raises(HeadsRefused):
        await sign_heads(signer_db, statement_key)


def test_the_statement_key_is_for_statements_and_no_seal_key_is(key_folder: DataFolder) -> None:
    (chain,) = read_keyring(key_folder).chains.values()
    (anchor,) = from_pem(key_folder.root_certificate.read_bytes())
    vouched = partial(is_for_statements, issuing=chain.issuing_certificate, root=anchor)
    statements = read_statement_chain(key_folder)
    assert statements is not None
    assert vouched(statements.seal_certificate)
    assert not vouched(chain.seal_certificate)
    assert not vouched(chain.issuing_certificate)


async def test_the_application_writes_no_signed_head(conn: Conn) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await conn.execute(
            "INSERT INTO quota_signed_heads VALUES (1, now(), array_fill(0, ARRAY[64]), '', '', '', '')"
        )
