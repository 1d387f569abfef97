"""Who wrote complaints is forgotten: nothing that anybody wrote stays."""

from __future__ import annotations

from bubuh.complaints import store
from bubuh.complaints.model import ComplaintState
from bubuh.complaints.moves import MOVES
from bubuh.core.ids import AccountId
from bubuh.db.pool import Conn


async def forget(conn: Conn, account_id: AccountId) -> None:
    """Delete the words of the account's complaints and of their answers; to be called in a transaction.

    Those that are open are withdrawn: nobody is there to be answered, and no answer may be kept. What the
    machine found stays, as the ledger does; it names nobody.
    """
    before, state = ComplaintState.OPEN, ComplaintState.WITHDRAWN
    for complaint_id in await store.withdraw(conn, account_id):
        await store.note(conn, account_id, complaint_id, state=state, move=MOVES[before][state].name)
    await store.forget(conn, account_id)
