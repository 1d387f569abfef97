"""Quota's statements, one typed function each.

Those in `_n` take requests of one shard, each id at most once (the batch sees to it), and commit in one call;
their results come in the order of the requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.quota.model import (
    Balance,
    Leg,
    Movement,
    MovementKind,
    Outcome,
    Purpose,
    Result,
    Sink,
    WantedAllotment,
    WantedEnd,
    WantedHold,
    WantedLeg,
)

SQL = load_queries("bubuh.quota")


async def allot_n(where: Conn | Database, shard: Shard, wanted: Sequence[WantedAllotment]) -> list[Result]:
    """Give for each of `wanted`: done, already_done or conflict."""
    arrays = columns(wanted, "ref", "account_id", "stamps", "source", "actor")
    return _results(await where.fetch(SQL.allot_n.sql, shard, *arrays))


async def hold_n(
    where: Conn | Database, shard: Shard, wanted: Sequence[WantedHold], *, purpose: Purpose
) -> list[Result]:
    """Set aside for each of `wanted`: done, already_done, exhausted, frozen or conflict."""
    ids, account_ids, stamps, actors = columns(wanted, "id", "account_id", "stamps", "actor")
    return _results(await where.fetch(SQL.hold_n.sql, shard, ids, account_ids, stamps, str(purpose), actors))


async def capture_n(
    where: Conn | Database, shard: Shard, wanted: Sequence[WantedEnd], *, sink: Sink
) -> list[Result]:
    """Use what each of `wanted` held: done, already_done, conflict or unknown."""
    ids, account_ids, actors = columns(wanted, "id", "account_id", "actor")
    return _results(await where.fetch(SQL.capture_n.sql, shard, ids, account_ids, str(sink), actors))


async def release_n(where: Conn | Database, shard: Shard, wanted: Sequence[WantedEnd]) -> list[Result]:
    """Give back what each of `wanted` held: done, already_done, conflict or unknown."""
    arrays = columns(wanted, "id", "account_id", "actor")
    return _results(await where.fetch(SQL.release_n.sql, shard, *arrays))


async def transfer_n(
    where: Conn | Database, shard: Shard, wanted: Sequence[WantedLeg], *, leg: Leg
) -> list[Result]:
    """One leg of each of `wanted`: done, already_done, exhausted, frozen, conflict or unknown."""
    arrays = columns(wanted, "ref", "account_id", "counter_account_id", "stamps", "actor")
    return _results(await where.fetch(SQL.transfer_n.sql, shard, str(leg), *arrays))


async def find_balance(where: Conn | Database, account_id: AccountId) -> Balance | None:
    """What the account has; None when it never had a stamp."""
    row = await where.fetchrow(SQL.find_balance.sql, shard_of_account(account_id), account_id)
    return None if row is None else Balance(**row)


async def freeze(conn: Conn, account_id: AccountId) -> bool:
    """Freeze the account's balance; whether it was not before."""
    return bool(await conn.fetchval(SQL.freeze.sql, shard_of_account(account_id), account_id))


async def thaw(conn: Conn, account_id: AccountId) -> bool:
    """Thaw the account's balance; whether it was frozen before."""
    return bool(await conn.fetchval(SQL.thaw.sql, shard_of_account(account_id), account_id))


async def list_movements(
    where: Conn | Database, account_id: AccountId, *, after: int | None, at_most: int
) -> list[Movement]:
    """Movements of the account, newest first, from the newest or after a place."""
    shard = shard_of_account(account_id)
    rows = await where.fetch(SQL.list_movements.sql, shard, account_id, after, at_most)
    return [Movement(**{**row, "kind": MovementKind(row["kind"])}) for row in rows]


def _results(rows: Sequence[Row]) -> list[Result]:
    return [Result(**{**row, "outcome": Outcome(row["outcome"])}) for row in rows]
