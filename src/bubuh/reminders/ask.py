"""Ask to be told when a turn is called."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn, Database
from bubuh.reminders import store
from bubuh.waitingroom.proof import Shown
from bubuh.waitingroom.refusals import TurnForeign, TurnOver, TurnRefused
from bubuh.waitingroom.turn import TURN_LIFE_S, bind_of


async def ask(
    where: Conn | Database, account_id: AccountId, user_id: UUID, shown: Shown, *, language: str, now_s: int
) -> None:
    """Have `user_id` told of the turn that the gate has `shown`, once, at the address of their account.

    Whoever holds a turn of a browser may ask: what they learn stands in `now.json` for everybody. A number
    that was called already is told of at once.

    Raises:
        TurnRefused: its life is over.
        TurnForeign: it is another account's.
        TurnOver: nobody can enter with it any more.
    """
    expires_s = shown.issued_at + TURN_LIFE_S
    if expires_s <= now_s:
        raise TurnRefused
    if shown.holder and not shown.is_browsers and shown.holder != f"{bind_of(account_id):016x}":
        raise TurnForeign
    if shown.is_spent:
        raise TurnOver
    await store.ask(
        where,
        account_id=account_id,
        user_id=user_id,
        lane=shown.lane,
        number=shown.number,
        place=shown.place,
        language=language,
        expires_at=datetime.fromtimestamp(expires_s, UTC),
    )
