"""The unmatched list: each thing once, open until it is resolved with a reason, audited."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bubuh.core.ids import fresh_account_id, fresh_id, shard_of_id
from bubuh.core.shards import SHARDS, shard_of_account
from bubuh.db.pool import Database
from bubuh.payments.lines import Kind, Resolution, Unmatched
from bubuh.payments.refusals import LineResolved, LineUnknown, ResolutionUnexplained
from bubuh.payments.unmatched import list_unmatched, resolve_line, show_unmatched

STRANGE = Unmatched(
    kind=Kind.SETTLEMENT_UNKNOWN,
    gateway="midtrans",
    subject="pay_1",
    why="a payment of 20,000 that no order has",
    suggestion="ask the gateway whose it is",
    amount=20_000,
)


async def resolve(
    db: Database, line_id: object, reason: str = "asked the bank", actor: str = "usr_1"
) -> None:
    async with db.transaction() as conn:
        await resolve_line(
            conn,
            line_id,  # type: ignore[arg-type]
            resolution=Resolution.EXPLAINED,
            reason=reason,
            actor=actor,
        )


async def test_a_thing_is_listed_once_however_often_it_is_found(db: Database) -> None:
    account_id = fresh_account_id()
    ours = replace(STRANGE, account_id=account_id, order_id=fresh_id(account_id), kind=Kind.UNDERPAID)
    assert await list_unmatched(db, [STRANGE, ours]) == 2
    assert await list_unmatched(db, [ours, replace(STRANGE, amount=30_000)]) == 0
    lines = {line.kind: line for line in await show_unmatched(db)}
    assert len(lines) == 2
    assert lines[Kind.UNDERPAID].account_id == account_id
    assert lines[Kind.UNDERPAID].show()["age_s"] in range(60)
    nobodys = lines[Kind.SETTLEMENT_UNKNOWN]
    assert nobodys.amount == 30_000
    assert nobodys.account_id < SHARDS
    assert nobodys.show()["account"] is None
    for line in lines.values():
        assert shard_of_id(line.id) == shard_of_account(line.account_id)


async def test_a_line_is_resolved_once_with_a_reason_and_audited(db: Database) -> None:
    await list_unmatched(db, [STRANGE])
    (line,) = await show_unmatched(db)
    with pytest.raises(ResolutionUnexplained):
        await resolve(db, line.id, reason=" ")
    await resolve(db, line.id)
    with pytest.raises(LineResolved):
        await resolve(db, line.id)
    assert await show_unmatched(db) == []
    entry = await db.fetchrow("SELECT act, actor, facts FROM audit_entries")
    assert entry is not None
    assert (entry["act"], entry["actor"]) == ("payments.resolve", "usr_1")
    assert "asked the bank" in entry["facts"]
    assert await list_unmatched(db, [STRANGE]) == 0
    assert await show_unmatched(db) == []


async def test_a_line_that_is_not_there(db: Database) -> None:
    with pytest.raises(LineUnknown):
        await resolve(db, fresh_id(fresh_account_id()))
