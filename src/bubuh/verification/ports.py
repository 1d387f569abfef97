"""What a checker asks of others."""

from __future__ import annotations

from typing import Protocol

from bubuh.verification.model import SerialFacts, Unsealed


class Ledger(Protocol):
    """Knows which serial numbers were affixed, and over what."""

    async def look_up(self, serial_no: str) -> SerialFacts | Unsealed:
        """What stands behind `serial_no`; not every ledger tells who asks that one is still in work.

        Raises:
            SerialUnknown: nothing: never given out, void, or no serial number at all.
            Fault: nobody can say now.
        """
        ...
