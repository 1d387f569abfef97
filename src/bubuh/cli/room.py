"""`bubuh room`: open the waiting room, close it, show it. The gate and the site follow within a second."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bubuh.cli.output import Json
from bubuh.cli.room_draw import draw
from bubuh.cli.room_file import decide, room_folder, show
from bubuh.cli.service import As
from bubuh.waitingroom.lanes import RoomRules
from bubuh.waitingroom.room_file import read_room_file

room = typer.Typer(no_args_is_help=True, help="The waiting room: whether people go in by turn, and how.")
room.add_typer(draw, name="draw")


class Why(StrEnum):
    """Words of the waiting page for what makes it slow."""

    PAYMENT = "bayar"
    BUSY = "server"
    MAINTENANCE = "rawat"


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
    wanted = present.rules if rules is None else _read_rules(rules)
    limits = {"per_s": per_s, "slots": slots}
    wanted = msgspec.structs.replace(wanted, **{name: v for name, v in limits.items() if v is not None})
    told = "" if why is None else str(why)
    file = msgspec.structs.replace(present, is_open=True, rules=wanted, why=told)
    decide(file, act="room.open", key=as_key, as_json=as_json)


@room.command("close")
def close_command(as_key: As = None, as_json: Json = False) -> None:
    """Let everyone in as they come. Turns stay good, and none is used up while the room is closed."""
    present = read_room_file(room_folder())
    closed = msgspec.structs.replace(present, is_open=False, why="")
    decide(closed, act="room.close", key=as_key, as_json=as_json)


@room.command("show")
def show_command(as_json: Json = False) -> None:
    """What was decided last."""
    show(read_room_file(room_folder()), as_json=as_json)


def _read_rules(path: Path) -> RoomRules:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RoomRules)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}") from error
