"""Settles levels beside the desk: woken by a hint, and round all shards every so often without one."""

from __future__ import annotations

import asyncio
from typing import Final

import structlog

from bubuh.core.errors import Fault
from bubuh.core.shards import ALL_SHARDS, Shard
from bubuh.db.doorbell import Doorbell
from bubuh.stamping.bells import LEVEL_WANTED
from bubuh.stamping.level_store import lease_levels
from bubuh.stamping.settle import Witness, settle
from bubuh.worker.desk import first_of

_log = structlog.get_logger(__name__)

AT_ONCE: Final = 8  #: so many ask the authority at the same time
LEASE_S: Final = 15.0  #: longer than an authority may take, and a DSS after it
LOOK_ROUND_EVERY_S: Final = 2.0
ALONE_EVERY_S: Final = 30.0  #: without an authority there is only what older settings left, to be given up


async def settle_levels(witness: Witness, doorbell: Doorbell, stop: asyncio.Event) -> None:
    """Settle what is pending until `stop` is set; what is under way then is leased anew by another."""
    settling = asyncio.create_task(_settle_for_ever(witness, doorbell), name="settle")
    try:
        await first_of(stop.wait(), settling)
        if settling.done():
            settling.result()  # raises our own mistake
    finally:
        settling.cancel()
        await asyncio.gather(settling, return_exceptions=True)


async def _settle_for_ever(witness: Witness, doorbell: Doorbell) -> None:
    now = asyncio.get_running_loop().time
    every_s = ALONE_EVERY_S if witness.authority is None else LOOK_ROUND_EVERY_S
    with doorbell.subscribe(LEVEL_WANTED) as heard:
        round_due = now()
        while True:
            shards = {Shard(int(payload)) for payload in heard.take() if payload.isdigit()}
            if now() >= round_due:
                shards, round_due = set(ALL_SHARDS), now() + every_s
            try:
                for shard in sorted(shards):
                    await settle_shard(witness, shard)
            except Fault as fault:
                _log.warning("levels_failed", code=fault.code)
            await heard.wait(max(0.0, round_due - now()))


async def settle_shard(witness: Witness, shard: Shard) -> int:
    """Settle what is pending in `shard`, AT_ONCE together; how many were tried.

    Raises:
        Fault: the database's; what was kept is kept.
    """
    tried = 0
    while leased := await lease_levels(witness.db, shard, most=AT_ONCE, lease_s=LEASE_S):
        tried += len(leased)
        acts = (settle(account_id, stamp_id, witness) for account_id, stamp_id in leased)
        for ended in await asyncio.gather(*acts, return_exceptions=True):
            if ended is not None:
                raise ended
    return tried
