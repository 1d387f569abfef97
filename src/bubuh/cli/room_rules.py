"""The lanes that stand in the database, in the room's file: put there also where a crash came between."""

from __future__ import annotations

import msgspec

from bubuh.cli.room_file import room_folder
from bubuh.cli.service import with_database
from bubuh.core.privileges import Uids
from bubuh.db.pool import Conn, Database
from bubuh.deadlines import store as deadlines
from bubuh.deadlines.lane import with_lanes
from bubuh.gate.now import MOST_BYTES, longest
from bubuh.lanes import store as lanes
from bubuh.lanes.open import with_named
from bubuh.waitingroom.draw import DrawPlan
from bubuh.waitingroom.lanes import RoomRules
from bubuh.waitingroom.refusals import NowTooLong
from bubuh.waitingroom.room_file import RoomFile, Watched, read_room_file, write_room_file


async def settled(where: Conn | Database, rules: RoomRules) -> RoomRules:
    """`rules` with a lane for each open deadline and each open lane of named accounts, and no closed one."""
    return with_named(with_lanes(rules, await deadlines.list_all(where)), await lanes.list_all(where))


def see_that_now_fits(rules: RoomRules, plan: DrawPlan | None) -> None:
    """Raises `NowTooLong` where the gate could have more to say under `rules` than its file may hold.

    A draw that was revealed counts until nobody stands in its order any more.
    """
    drawn = () if plan is None or plan.is_dropped else plan.lanes
    if plan is not None and plan.secret:
        room = room_folder()
        now = Watched(room, RoomFile()).now()
        drawn = () if now is not None and now.draw is None else drawn
    size = longest(rules, drawn)
    if size > MOST_BYTES:
        raise NowTooLong(size_bytes=size, most_bytes=MOST_BYTES)


def settle_lanes(*, anew: int | None = None) -> None:
    """Tell the gate by the room's file; `anew`: a lane whose facts were changed."""
    present = read_room_file(room_folder())
    before = msgspec.structs.replace(
        present.rules, lanes=tuple(rule for rule in present.rules.lanes if rule.id != anew)
    )

    async def act(db: Database) -> RoomRules:
        return await settled(db, before)

    rules = with_database(act)
    if rules != present.rules:
        write_room_file(room_folder(), msgspec.structs.replace(present, rules=rules), uid=Uids.here().app)
