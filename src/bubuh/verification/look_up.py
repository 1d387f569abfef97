"""What a serial number stands for, told to anyone who asks; nothing of whose it is, or on what document."""

from __future__ import annotations

from bubuh.db.pool import Database
from bubuh.stamping.refusals import SerialUnknown
from bubuh.stamping.serial import SerialKey, block_of
from bubuh.verification import store
from bubuh.verification.model import SerialFacts, Unsealed


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

    async def look_up(self, serial_no: str) -> SerialFacts | Unsealed:
        """See `Ledger.look_up`."""
        try:
            return await look_up(self._db, self._serial_key, serial_no)
        except SerialUnknown:
            serial = self._serial_key.read(serial_no)
            shard = await store.find_shard(self._db, block_of(serial))
            if shard is None or not await store.is_in_work(self._db, shard, serial):
                raise
            return Unsealed(serial_no)
