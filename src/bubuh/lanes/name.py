"""Say which accounts may stand in a lane, and which may no more."""

from __future__ import annotations

from collections.abc import Sequence

from bubuh.audit.record import record
from bubuh.core.ids import AccountId, show_account
from bubuh.db.pool import Conn
from bubuh.identity.store import find_account
from bubuh.lanes import store
from bubuh.lanes.model import NamedLane
from bubuh.lanes.refusals import AccountNotThere, LaneNotOpen


async def name_accounts(conn: Conn, name: str, accounts: Sequence[AccountId], *, actor: str) -> NamedLane:
    """Let `accounts` stand in the lane `name`; in a transaction. Raises `LaneNotOpen`, `AccountNotThere`."""
    lane = await _open_one(conn, name)
    for account_id in accounts:
        if await find_account(conn, account_id) is None:
            raise AccountNotThere(account=show_account(account_id))
    await store.name_n(conn, lane.lane_id, accounts, actor=actor)
    await _note(conn, lane, accounts, act="room.lane.name", actor=actor)
    return lane


async def unname_accounts(conn: Conn, name: str, accounts: Sequence[AccountId], *, actor: str) -> NamedLane:
    """Let them stand there no more; their turns stay good. In a transaction; raises `LaneNotOpen`."""
    lane = await _open_one(conn, name)
    await store.unname_n(conn, lane.lane_id, accounts)
    await _note(conn, lane, accounts, act="room.lane.unname", actor=actor)
    return lane


async def _open_one(conn: Conn, name: str) -> NamedLane:
    found = [lane for lane in await store.list_all(conn) if lane.name == name and lane.is_open]
    if not found:
        raise LaneNotOpen
    return found[0]


async def _note(conn: Conn, lane: NamedLane, accounts: Sequence[AccountId], *, act: str, actor: str) -> None:
    """In the audit of each account."""
    facts = {"lane": str(lane.lane_id), "name": lane.name}
    for account_id in accounts:
        await record(conn, account_id=account_id, act=act, actor=actor, facts=facts)
