"""Signs where the chains over transfers end, each minute, by itself: no request makes it sign anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from prometheus_client import Counter, Gauge

from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS
from bubuh.db.pool import Database
from bubuh.pdf.model import Chain
from bubuh.quota.chain import store
from bubuh.quota.chain.heads import FIRST, Ends, SignedHead, digest_of
from bubuh.quota.chain.verify_heads import break_of, hashes_at

_log = structlog.get_logger(__name__)
EVERY_S: Final = 60.0

_SIGNED_AT: Final = Gauge("bubuh_signer_heads_signed_at_seconds", "When heads were last signed (Unix time)")
_REFUSED: Final = Counter("bubuh_signer_heads_refused", "Times that a chain no longer bore what was signed")


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementKey:
    """The key for statements that are no stamps; never a seal key."""

    chain: Chain  #: of its certificate, which is for statements alone
    sign: Callable[[bytes], bytes]  #: signature over SHA-256 of a message

    @property
    def key_id(self) -> str:
        """What signatures name it by."""
        return self.chain.key_id


class HeadsRefused(Fault):
    """A chain no longer bears what was signed before: nothing is signed until somebody has looked."""

    code = "heads_refused"


async def sign_heads(db: Database, key: StatementKey) -> SignedHead | None:
    """Sign where all chains end now; None when that is signed already.

    Raises:
        HeadsRefused: links that were signed are gone or say something else.
        DatabaseUnavailable: whether the heads were kept is not known; the next minute shows.
    """
    before = await store.newest_signed(db)
    heads = [(await store.find_head(db, shard))[0] for shard in ALL_SHARDS]
    nos = [head.no for head in heads]
    if before is None and not any(nos):
        return None
    if before is not None:
        if (broken := break_of(before.ends, await hashes_at(db, [before.ends]))) is not None:
            raise HeadsRefused(
                f"signed head {broken.no}: {broken.kind}, shard {broken.shard}, link {broken.link}"
            )
        if nos == list(before.ends.nos):
            return None
    ends = Ends(
        no=1 if before is None else before.ends.no + 1,
        signed_at=await db.fetchval("SELECT now()"),
        nos=nos,
        digest=digest_of([head.hash for head in heads]),
        previous_hash=FIRST if before is None else before.ends.hash(),
    )
    signed = SignedHead(ends=ends, key_id=key.key_id, signature=key.sign(ends.message()))
    return signed if await store.keep_signed(db, signed) else None


async def sign_heads_for_ever(db: Database, key: StatementKey, stop: asyncio.Event) -> None:
    """Sign each minute until `stop` is set. What fails is tried again with the next."""
    while not stop.is_set():
        try:
            await sign_heads(db, key)
            _SIGNED_AT.set_to_current_time()
        except Fault as fault:
            _REFUSED.inc(isinstance(fault, HeadsRefused))
            _log.error("heads_not_signed", code=fault.code, why=str(fault))
        try:
            async with asyncio.timeout(EVERY_S):
                await stop.wait()
        except TimeoutError:
            continue
