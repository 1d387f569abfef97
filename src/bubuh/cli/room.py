"""`bubuh room`: open the waiting room, close it, show it. The gate and the site follow within a second."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bubuh.audit.record import record
from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import THE_SERVICE
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.lanes import RoomRules
from bubuh.waitingroom.room_file import RoomFile, read_room_file, write_room_file
from bubuh.wiring.folder import DataFolder

room = typer.Typer(no_args_is_help=True, help="The waiting room: whether people go in by turn, and how.")


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
    present = read_room_file(_folder())
    wanted = present.rules if rules is None else _read_rules(rules)
    limits = {"per_s": per_s, "slots": slots}
    wanted = msgspec.structs.replace(wanted, **{name: v for name, v in limits.items() if v is not None})
    told = "" if why is None else str(why)
    _decide(RoomFile(is_open=True, rules=wanted, why=told), act="room.open", key=as_key, as_json=as_json)


@room.command("close")
def close_command(as_key: As = None, as_json: Json = False) -> None:
    """Let everyone in as they come. Turns stay good, and none is used up while the room is closed."""
    present = read_room_file(_folder())
    closed = msgspec.structs.replace(present, is_open=False, why="")
    _decide(closed, act="room.close", key=as_key, as_json=as_json)


@room.command("show")
def show_command(as_json: Json = False) -> None:
    """What was decided last."""
    _show(read_room_file(_folder()), as_json=as_json)


def _decide(file: RoomFile, *, act: str, key: str | None, as_json: bool) -> None:
    """Audited first: an act that was recorded and not done can be seen and repeated, the reverse cannot."""

    async def recorded(db: Database) -> None:
        actor = await acting_operator(db, key)
        facts = {"is_open": file.is_open, "why": file.why, "rules": msgspec.to_builtins(file.rules)}
        async with db.transaction() as conn:
            await record(conn, account_id=THE_SERVICE, act=act, actor=actor, facts=facts)

    with_database(recorded)
    write_room_file(_folder(), file, uid=Uids.here().app)
    _show(file, as_json=as_json)


def _show(file: RoomFile, *, as_json: bool) -> None:
    rules = file.rules
    lanes = ", ".join(lane.name for lane in rules.lanes)
    facts = {"room": "open" if file.is_open else "closed", "per_s": rules.per_s, "slots": rules.slots}
    shown = msgspec.to_builtins(file) if as_json else facts | {"lanes": lanes}
    answer(shown, as_json=as_json)


def _read_rules(path: Path) -> RoomRules:
    try:
        return msgspec.json.decode(path.read_bytes(), type=RoomRules)
    except ValueError as error:
        raise typer.BadParameter(f"{path}: {error}") from error


def _folder() -> Path:
    return DataFolder(data_folder(Settings.from_env())).room
