"""How commands decide about the waiting room: audited, and then in its file."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bubuh.audit.record import record
from bubuh.cli.output import answer
from bubuh.cli.service import acting_operator, with_database
from bubuh.core.ids import THE_SERVICE
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.draw import DrawPlan
from bubuh.waitingroom.room_file import RoomFile, write_room_file
from bubuh.wiring.folder import DataFolder


def decide(file: RoomFile, *, act: str, key: str | None, as_json: bool) -> None:
    """Audited first: an act that was recorded and not done can be seen and repeated, the reverse cannot."""

    async def recorded(db: Database) -> None:
        actor = await acting_operator(db, key)
        facts = {
            "is_open": file.is_open,
            "why": file.why,
            "rules": msgspec.to_builtins(file.rules),
            "draw": msgspec.to_builtins(file.draw),
        }
        async with db.transaction() as conn:
            await record(conn, account_id=THE_SERVICE, act=act, actor=actor, facts=facts)

    with_database(recorded)
    write_room_file(room_folder(), file, uid=Uids.here().app)
    show(file, as_json=as_json)


def show(file: RoomFile, *, as_json: bool) -> None:
    """Print what is decided."""
    rules = file.rules
    lanes = ", ".join(lane.name for lane in rules.lanes)
    facts = {"room": "open" if file.is_open else "closed", "per_s": rules.per_s, "slots": rules.slots}
    if file.draw is not None:
        facts["draw"] = draw_word(file.draw)
    shown = msgspec.to_builtins(file) if as_json else facts | {"lanes": lanes}
    answer(shown, as_json=as_json)


def draw_word(plan: DrawPlan) -> str:
    """How far a draw is."""
    if plan.is_dropped:
        return "given up"
    return "revealed" if plan.secret else f"announced, commitment {plan.commit}"


def room_folder() -> Path:
    """The room's part of the data folder."""
    return DataFolder(data_folder(Settings.from_env())).room
