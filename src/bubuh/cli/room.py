"""`bubuh room`: open the waiting room, close it, show it. The gate and the site follow within a second."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bubuh.audit.record import record
from bubuh.cli.output import Json, answer
from bubuh.cli.room_draw import draw
from bubuh.cli.room_file import decide, room_folder, show
from bubuh.cli.room_lane import lane
from bubuh.cli.room_rules import see_that_now_fits, settled
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import THE_SERVICE
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.lanes import RoomRules
from bubuh.waitingroom.room_file import Why, read_room_file
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.room import rotate_rings

room = typer.Typer(no_args_is_help=True, help="The waiting room: whether people go in by turn, and how.")
room.add_typer(draw, name="draw")
room.add_typer(lane, name="lane")


@room.command("open")
def open_command(
    rules: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="Lanes and limits, JSON as `room show --json` has it."
        ),
    ] = None,
    per_s: Annotated[float | None, typer.Option(min=0.01, help="People admitted a second, at most.")] = None,
    slots: Annotated[int | None, typer.Option(min=1, help="People inside at once, at most.")] = None,
    why: Annotated[Why | None, typer.Option(help="What people are told when it is slow.")] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Let people in by turn from now on; on an open room, change its rules."""
    present = read_room_file(room_folder())
    given = present.rules if rules is None else _read_rules(rules)
    limits = {"per_s": per_s, "slots": slots}
    changed = msgspec.structs.replace(given, **{name: v for name, v in limits.items() if v is not None})

    async def settle(db: Database) -> RoomRules:
        return await settled(db, changed)

    wanted = with_database(settle)
    see_that_now_fits(wanted, present.draw)
    file = msgspec.structs.replace(present, is_open=True, rules=wanted, why=why)
    decide(file, act="room.open", key=as_key, as_json=as_json)


@room.command("close")
def close_command(as_key: As = None, as_json: Json = False) -> None:
    """Let everyone in as they come. Turns stay good, and none is used up while the room is closed."""
    present = read_room_file(room_folder())
    closed = msgspec.structs.replace(present, is_open=False, why=None)
    decide(closed, act="room.close", key=as_key, as_json=as_json)


@room.command("show")
def show_command(as_json: Json = False) -> None:
    """What was decided last."""
    show(read_room_file(room_folder()), as_json=as_json)


@room.command("rotate")
def rotate_command(
    after: Annotated[
        int, typer.Option(min=2, help="Seconds until the new keys mark: until all machines have their files.")
    ] = 60,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Give turns and passes new keys, without a restart; what older ones marked stays good."""
    folder = DataFolder(data_folder(Settings.from_env()))
    now_s = int(time.time())

    async def recorded(db: Database) -> None:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            facts = {"after_s": after}
            await record(conn, account_id=THE_SERVICE, act="room.rotate", actor=actor, facts=facts)

    with_database(recorded)
    rings = rotate_rings(folder, Uids.here().app, now_s=now_s, after_s=after)
    facts = {name: f"{ring.generation} marks, {max(ring.keys)} is the newest" for name, ring in rings.items()}
    told = {name: {"marks": ring.generation, "newest": max(ring.keys)} for name, ring in rings.items()}
    answer(told if as_json else facts, as_json=as_json)


def _read_rules(path: Path) -> RoomRules:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RoomRules)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}") from error
