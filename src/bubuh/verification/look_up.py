"""What a serial number stands for, told to anyone who asks; nothing of whose it is, or on what document."""

from __future__ import annotations

from bubuh.db.pool import Database
from bubuh.stamping.refusals import SerialUnknown
from bubuh.stamping.serial import SerialKey, block_of
from bubuh.verification import store
from bubuh.verification.model import SerialFacts


async def look_up(db: Database, serial_key: SerialKey, text: str) -> SerialFacts:
    """The affixed stamp that bears the serial number `text`.

    Raises:
        SerialUnknown: none does. Malformed, never given out, not yet affixed and void look equal.
    """
    serial = serial_key.read(text)
    shard = await store.find_shard(db, block_of(serial))
    facts = None if shard is None else await store.find_affixed(db, shard, serial)
    if facts is None:
        raise SerialUnknown
    return facts


class DatabaseLedger:
    """The ledger itself, for a checker beside the database."""

    def __init__(self, db: Database, serial_key: SerialKey) -> None:
        self._db = db
        self._serial_key = serial_key

    async def look_up(self, serial_no: str) -> SerialFacts:
        """See `Ledger.look_up`."""
        return await look_up(self._db, self._serial_key, serial_no)
