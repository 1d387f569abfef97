"""S4: sign what the stamp's row holds, and commit the signature before answering it."""

from __future__ import annotations

from typing import Any

from prometheus_client import Counter

from bubuh.core.shards import shard_of_account
from bubuh.db.pool import Database
from bubuh.db.queries import load_queries
from bubuh.pdf.seal.cms import signed_attributes
from bubuh.stamping.ports import SealKeys
from bubuh.stamping.refusals import SignerUnavailable
from bubuh.stamping.wire import Wanted

SQL: Any = load_queries(__package__)
_SIGNATURES = Counter("bubuh_signer_signatures", "Signatures that a key made, kept or not", ["key_id"])


async def seal(db: Database, keys: SealKeys, wanted: Wanted) -> bytes | None:
    """The signature that stands for the stamp; None when its row is not in work under this fence.

    The caller names a stamp, never a digest. The same stamp and digest get the stored signature again; for
    another digest under the same serial number there is none, for ever.

    Raises:
        SignerUnavailable: the row's key is not at hand, or its device does not answer.
        DatabaseUnavailable: whether the signature was kept is not known; ask again.
    """
    shard = shard_of_account(wanted.account_id)
    async with db.connection() as conn:
        row = await conn.fetchrow(
            SQL.find_wanted.sql, shard, wanted.account_id, wanted.stamp_id, wanted.fence
        )
        if row is None:
            return None
        if row["signature"] is not None:
            return bytes(row["signature"])
        key = keys.get(row["key_id"])
        if key is None:
            raise SignerUnavailable(f"key {row['key_id']} is not at hand")
        signature = key.sign(signed_attributes(row["digest"], key.chain))
        _SIGNATURES.labels(row["key_id"]).inc()
        stored = await conn.fetchval(
            SQL.keep.sql,
            shard,
            wanted.stamp_id,
            wanted.account_id,
            wanted.fence,
            row["digest"],
            signature,
            row["key_id"],
        )
    return None if stored is None else bytes(stored)
