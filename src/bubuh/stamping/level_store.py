"""The statements over levels beyond B-B: what is pending, what came, what was given up."""

from __future__ import annotations

from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.core.shards import Shard, shard_of_account
from bubuh.db.pool import Database
from bubuh.pdf.model import Level
from bubuh.stamping.model import PendingLevel
from bubuh.stamping.store import SQL


async def lease_levels(
    db: Database, shard: Shard, *, most: int, lease_s: float
) -> list[tuple[AccountId, UUID]]:
    """Up to `most` stamps of `shard` whose level is pending; for `lease_s` nobody else gets them."""
    rows = await db.fetch(SQL.level_lease_n.sql, shard, most, lease_s)
    return [(AccountId(row["account_id"]), row["stamp_id"]) for row in rows]


async def find_pending_level(
    db: Database, account_id: AccountId, stamp_id: UUID, *, wait_s: float
) -> PendingLevel | None:
    """What is still to be added to the stamp's revision; None when its level is settled."""
    shard = shard_of_account(account_id)
    row = await db.fetchrow(SQL.find_pending_level.sql, shard, account_id, stamp_id, wait_s)
    if row is None:
        return None
    return PendingLevel(
        **{**row, "account_id": account_id, "stamp_id": stamp_id, "wanted": Level(row["wanted"])}
    )


async def wait_with_level(db: Database, level: PendingLevel, *, reason: str, wait_s: float) -> None:
    """An attempt failed for `reason`; another may follow after `wait_s`."""
    await db.fetchval(SQL.level_wait.sql, *level.key, reason, wait_s)


async def keep_token(
    db: Database, level: PendingLevel, token: bytes, *, sha256: bytes, size_bytes: int
) -> bool:
    """Keep the first token; `sha256` is of the whole document with it. False: another's came first."""
    return bool(await db.fetchval(SQL.level_stamp.sql, *level.key, token, sha256, size_bytes))


async def keep_dss(
    db: Database, level: PendingLevel, *, object_key: str, dss_bytes: int, sha256: bytes, size_bytes: int
) -> bool:
    """Settle at B-LT; `sha256` is of the whole document with the DSS. False: it was settled before."""
    args = (object_key, dss_bytes, sha256, size_bytes)
    return bool(await db.fetchval(SQL.level_append.sql, *level.key, *args))


async def give_up_level(db: Database, account_id: AccountId, stamp_id: UUID, *, reason: str) -> bool:
    """Settle at what has come; false when it was settled before."""
    shard = shard_of_account(account_id)
    return bool(await db.fetchval(SQL.level_give_up.sql, shard, stamp_id, account_id, reason))
