"""Quota's statements, one typed function each.

Those in `_n` take requests of one shard, each id at most once (the batch sees to it), and commit in one call;
their results come in the order of the requests.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from bubuh.core.ids import THE_SERVICE, AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.batch import SetAct
from bubuh.db.pool import Conn, Database, Row
from bubuh.db.queries import columns, load_queries
from bubuh.quota.model import (
    Balance,
    Breach,
    Leg,
    Moved,
    Movement,
    MovementKind,
    Outcome,
    OwnShare,
    Purpose,
    Result,
    SentTransfer,
    ShardStanding,
    Share,
    ShareOutcome,
    Sink,
    WantedAllotment,
    WantedEnd,
    WantedHold,
    WantedLeg,
    Watch,
)

SQL = load_queries("bubuh.quota")


async def allot_n(where: Conn | Database, shard: Shard, wanted: Sequence[WantedAllotment]) -> list[Result]:
    """Give for each of `wanted`: done, already_done or conflict."""
    arrays = columns(wanted, "ref", "account_id", "stamps", "source", "actor")
    return _results(await where.fetch(SQL.allot_n.sql, shard, *arrays))


def holding(purpose: Purpose) -> SetAct[WantedHold, Result]:
    """`hold_n` for `purpose`, as batches want it."""

    def arguments(wanted: Sequence[WantedHold]) -> Sequence[object]:
        ids, account_ids, stamps, actors = columns(wanted, "id", "account_id", "stamps", "actor")
        return ids, account_ids, stamps, str(purpose), actors

    return SetAct(SQL.hold_n.sql, arguments, _result)


def capturing(sink: Sink) -> SetAct[WantedEnd, Result]:
    """`capture_n` into `sink`, as batches want it."""

    def arguments(wanted: Sequence[WantedEnd]) -> Sequence[object]:
        ids, account_ids, actors = columns(wanted, "id", "account_id", "actor")
        return ids, account_ids, str(sink), actors

    return SetAct(SQL.capture_n.sql, arguments, _result)


async def hold_n(
    where: Conn | Database, shard: Shard, wanted: Sequence[WantedHold], *, purpose: Purpose
) -> list[Result]:
    """Set aside for each of `wanted`: done, already_done, exhausted, frozen or conflict."""
    return await holding(purpose)(where, shard, wanted)


async def capture_n(
    where: Conn | Database, shard: Shard, wanted: Sequence[WantedEnd], *, sink: Sink
) -> list[Result]:
    """Use what each of `wanted` held: done, already_done, conflict or unknown."""
    return await capturing(sink)(where, shard, wanted)


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
    return None if row is None else _balance(row)


def _movement(row: Row) -> Movement:
    purpose = row["purpose"]
    return Movement(
        **{
            **row,
            "kind": MovementKind(row["kind"]),
            "purpose": None if purpose is None else Purpose(purpose),
        }
    )


def _balance(row: Row) -> Balance:
    facts = dict(row)
    parent_id, limit, closed = (facts.pop(name) for name in ("parent_id", "share_limit", "share_closed"))
    share = None if parent_id is None else OwnShare(parent_id=parent_id, limit=limit, closed=closed)
    return Balance(**facts, share=share)


async def is_child(where: Conn | Database, account_id: AccountId) -> bool:
    """Whether the account lives on its parent's stamps."""
    return bool(await where.fetchval(SQL.is_child.sql, shard_of_account(account_id), account_id))


async def open_share(
    conn: Conn, *, parent_id: AccountId, child_id: AccountId, name: str, limit: int
) -> ShareOutcome:
    """Write a child's share: done, already_done, conflict or child."""
    shard = shard_of_account(parent_id)
    return ShareOutcome(await conn.fetchval(SQL.open_share.sql, shard, parent_id, child_id, name, limit))


async def change_share(
    conn: Conn, *, parent_id: AccountId, child_id: AccountId, limit: int | None, closed: bool | None
) -> ShareOutcome:
    """Change a child's share, where not None: done, already_done, low or unknown."""
    shard = shard_of_account(parent_id)
    return ShareOutcome(await conn.fetchval(SQL.change_share.sql, shard, parent_id, child_id, limit, closed))


async def list_shares(
    where: Conn | Database, parent_id: AccountId, *, after: AccountId, at_most: int
) -> list[Share]:
    """Children of the account by their ids, after one of them."""
    shard = shard_of_account(parent_id)
    rows = await where.fetch(SQL.list_shares.sql, shard, parent_id, after, None, at_most)
    return [Share(**row) for row in rows]


async def find_share(where: Conn | Database, *, parent_id: AccountId, child_id: AccountId) -> Share | None:
    """One child of the account."""
    shard = shard_of_account(parent_id)
    rows = await where.fetch(SQL.list_shares.sql, shard, parent_id, THE_SERVICE, child_id, 1)
    return Share(**rows[0]) if rows else None


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
    return [_movement(row) for row in rows]


async def take_watch(db: Database, shard: Shard, *, every_s: float, patrol_every_s: float) -> Watch | None:
    """How far the shard was watched; None: another watches it just now, or nothing is due."""
    row = await db.fetchrow(SQL.take_watch.sql, shard, every_s, patrol_every_s)
    return None if row is None else Watch(**row)


async def end_pass(db: Database, shard: Shard, watch: Watch) -> None:
    """Write how far the shard was watched."""
    arguments = (watch.read_to, watch.patrol_after, watch.audit_no, watch.audit_hash, watch.is_patrol_due)
    await db.execute(SQL.end_pass.sql, shard, *arguments)


async def list_moved(db: Database, shard: Shard, *, read_to: datetime, at_most: int) -> list[Moved]:
    """Transfers of the shard since `read_to`, oldest first."""
    return [Moved(**row) for row in await db.fetch(SQL.list_moved.sql, shard, read_to, at_most)]


async def list_patrolled(db: Database, shard: Shard, *, after: AccountId, at_most: int) -> list[AccountId]:
    """The next accounts with a balance, by their ids."""
    rows = await db.fetch(SQL.list_patrolled.sql, shard, after, at_most)
    return [AccountId(row["account_id"]) for row in rows]


async def list_folded(db: Database, shard: Shard, account_ids: Sequence[AccountId]) -> list[AccountId]:
    """Those of the accounts that have a fold."""
    rows = await db.fetch(SQL.list_folded.sql, shard, account_ids)
    return [AccountId(row["account_id"]) for row in rows]


async def fold(db: Database, shard: Shard, account_ids: Sequence[AccountId], *, least: int) -> None:
    """Fold the transfers of the accounts with `least` of them or more beyond their fold."""
    await db.execute(SQL.fold.sql, shard, account_ids, least)


async def unfold(db: Database, shard: Shard, account_ids: Sequence[AccountId]) -> None:
    """Forget the folds of the accounts."""
    await db.execute(SQL.unfold.sql, shard, account_ids)


async def list_open_breaches(
    db: Database, shard: Shard, *, found_by: str | None, at_most: int
) -> list[Breach]:
    """The shard's breaches that are not known to be gone, of one finder or all."""
    return [Breach(**row) for row in await db.fetch(SQL.list_open_breaches.sql, shard, found_by, at_most)]


async def open_breach(
    conn: Conn, shard: Shard, breach: Breach, *, expected: str, found: str, found_by: str
) -> bool:
    """Write a breach down; False: it is open already."""
    arguments = (
        breach.account_id,
        breach.invariant,
        breach.subject,
        expected,
        found,
        breach.is_late,
        found_by,
    )
    return await conn.fetchrow(SQL.open_breach.sql, shard, *arguments) is not None


async def close_breach(db: Database, shard: Shard, breach: Breach) -> None:
    """Write that a breach is gone."""
    await db.execute(SQL.close_breach.sql, shard, breach.account_id, breach.invariant, breach.subject)


async def find_standing(conn: Conn, shard: Shard) -> ShardStanding:
    """What the shard knows of its own books."""
    row = await conn.fetchrow(SQL.find_standing.sql, shard)
    assert row is not None, "the migration wrote a watch for each shard"
    return ShardStanding(**row)


async def find_sent(where: Conn | Database, account_id: AccountId, ref: UUID) -> SentTransfer | None:
    """The transfer that `account_id` sent under `ref`."""
    row = await where.fetchrow(SQL.find_sent.sql, shard_of_account(account_id), account_id, ref)
    return None if row is None else SentTransfer(**row)


def _results(rows: Sequence[Row]) -> list[Result]:
    return [_result(None, row) for row in rows]


def _result(_: object, row: Row) -> Result:
    id_, outcome, free, held = row
    return Result(id=id_, outcome=Outcome(outcome), free=free, held=held)
