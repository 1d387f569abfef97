"""The statements of refunds, one typed function each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import ALL_SHARDS, Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import load_queries
from bubuh.refunds.model import AskedRefund, DueRefund, Ending, Refund, RefundKind, RefundState

SQL = load_queries("bubuh.refunds")


@dataclass(frozen=True, slots=True, kw_only=True)
class AskOutcome:
    """How asking ended, and what may go back now: in all, and at most at once."""

    outcome: str
    refundable_idr: int
    most_idr: int


async def ask(
    conn: Conn, asked: AskedRefund, *, refund_id: UUID, account_id: AccountId, limit_idr: int, actor: str
) -> AskOutcome:
    """Hold the stamps and write the refund, or say why not."""
    row = await conn.fetchrow(
        SQL.ask.sql,
        shard_of_account(account_id),
        refund_id,
        account_id,
        asked.order_id,
        asked.sha256,
        asked.stamps,
        asked.refundable_idr,
        limit_idr,
        asked.reason,
        actor,
    )
    assert row is not None, "asking always answers"
    return AskOutcome(**row)


async def decide(
    conn: Conn, shard: Shard, refund_id: UUID, *, agrees: bool, actor: str
) -> tuple[str, AccountId]:
    """A second person's word; the outcome, and whose refund it is."""
    row = await conn.fetchrow(SQL.decide.sql, shard, refund_id, agrees, actor)
    assert row is not None, "deciding always answers"
    return row["outcome"], row["account_id"]


async def tell_end(
    conn: Conn, shard: Shard, refund_id: UUID, *, ending: str, why: str, limit_idr: int, actor: str
) -> tuple[str, AccountId]:
    """An operator's word of a refund's end; the outcome, and whose refund it is."""
    row = await conn.fetchrow(SQL.tell_end.sql, shard, refund_id, ending, why, limit_idr, actor)
    assert row is not None, "telling always answers"
    return row["outcome"], row["account_id"]


async def list_due_shards(db: Database, *, resting: Sequence[str]) -> list[Shard]:
    """Where refunds are due, but at `resting` gateways; one way there and back for all shards."""
    rows = await db.fetchmany(SQL.find_due.sql, [(shard, list(resting)) for shard in ALL_SHARDS])
    return [Shard(row["shard"]) for row in rows]


async def take_due_n(conn: Conn, shard: Shard, *, resting: Sequence[str], at_most: int) -> list[DueRefund]:
    """Refunds of a shard whose gateway is to be asked; no other worker asks as well."""
    rows = await conn.fetch(SQL.take_due_n.sql, shard, list(resting), at_most)
    return [DueRefund(**{**row, "before": RefundState(row["before"])}) for row in rows]


async def list_overdue(db: Database, shard: Shard, *, after_s: float, at_most: int) -> int:
    """Put a shard's overdue refunds on the unmatched list; how many."""
    return int(await db.fetchval(SQL.list_overdue.sql, shard, after_s, at_most))


async def record_word(db: Database, due: DueRefund, *, word: str, why: str | None) -> str:
    """Record what the gateway says."""
    return str(await db.fetchval(SQL.record_word.sql, due.shard, due.account_id, due.id, word, why))


async def note_fault(db: Database, due: DueRefund, *, fault: str) -> None:
    """Keep why the gateway could not be asked."""
    await db.execute(SQL.note_fault.sql, due.shard, due.account_id, due.id, fault)


async def find(conn: Conn | Database, *, account_id: AccountId, refund_id: UUID) -> Refund | None:
    """The account's refund, or None."""
    row = await conn.fetchrow(SQL.find.sql, shard_of_account(account_id), account_id, refund_id)
    return None if row is None else _refund(row)


async def of_order(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> list[Refund]:
    """An order's refunds, the oldest first."""
    rows = await conn.fetch(SQL.of_order.sql, shard_of_account(account_id), account_id, order_id)
    return [_refund(row) for row in rows]


async def waiting(db: Database, shard: Shard, *, at_most: int) -> list[Refund]:
    """Refunds of a shard that wait for a second person, to begin or to end."""
    return [_refund(row) for row in await db.fetch(SQL.waiting.sql, shard, at_most)]


async def refundable_idr(conn: Conn | Database, *, account_id: AccountId, order_id: UUID) -> int:
    """What of an order may still go back."""
    return int(await conn.fetchval(SQL.refundable.sql, shard_of_account(account_id), account_id, order_id))


async def account_of_order(db: Database, shard: Shard, order_id: UUID) -> AccountId | None:
    """Whose an order is."""
    found = await db.fetchval(SQL.account_of_order.sql, shard, order_id)
    return None if found is None else AccountId(found)


def _refund(row: Row) -> Refund:
    told = row["end_told"]
    return Refund(
        **{
            **row,
            "kind": RefundKind(row["kind"]),
            "state": RefundState(row["state"]),
            "end_told": None if told is None else Ending(told),
        }
    )
