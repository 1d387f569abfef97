"""The books that money is entered into, as payments want them."""

from __future__ import annotations

from collections.abc import Sequence

from bubuh.db.pool import Database
from bubuh.orders import store
from bubuh.orders.settle import settle
from bubuh.payments.model import ReceivedPayment, ReceivedReversal, SettleOutcome


class OrderBooks:
    """See `payments.ports.Books`."""

    def __init__(self, db: Database) -> None:
        """Every call is committed by itself."""
        self._db = db

    async def settle(self, payments: Sequence[ReceivedPayment]) -> list[SettleOutcome]:
        """See `Books.settle`."""
        return await settle(self._db, payments)

    async def reverse(self, reversal: ReceivedReversal) -> SettleOutcome:
        """See `Books.reverse`. Free stamps go with the money; where too few are, the account is frozen."""
        return await store.reverse(self._db, reversal)
