"""What reconciling asks of others."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from bubuh.core.ids import AccountId


class Revisions(Protocol):
    """Can say whether a document's revision still has all its bytes. (Objects lie outside the database.)"""

    async def fault_of(self, account_id: AccountId, document_id: UUID, no: int) -> str | None:
        """Why revision `no` cannot be delivered with the hash its row names, in a word; None when it can.

        Raises:
            Fault: nobody can say now, because the store does not answer.
        """
        ...
