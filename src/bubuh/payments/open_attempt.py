"""Begin to have an order paid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn
from bubuh.payments import store
from bubuh.payments.model import FIRST_ATTEMPT, Attempt, AttemptState, Method, reference_of


async def open_attempt(
    conn: Conn,
    *,
    account_id: AccountId,
    order_id: UUID,
    gateway: str,
    method: Method,
    amount_idr: int,
    expires_at: datetime,
) -> Attempt:
    """Write the order's first attempt, in the order's own transaction and before the gateway hears of it."""
    attempt = Attempt(
        account_id=account_id,
        order_id=order_id,
        no=FIRST_ATTEMPT,
        gateway=gateway,
        reference=reference_of(order_id, FIRST_ATTEMPT),
        method=method,
        amount_idr=amount_idr,
        state=AttemptState.UNKNOWN,
        expires_at=expires_at,
        is_over=False,
    )
    await store.open_attempt(conn, attempt)
    return attempt
