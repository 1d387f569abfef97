"""`bubuh room draw`: call those who joined before the opening in an order that nobody could know."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from bubuh.cli.output import Json
from bubuh.cli.room_file import decide, room_folder
from bubuh.cli.room_rules import see_that_now_fits
from bubuh.cli.service import As
from bubuh.core.errors import Refusal
from bubuh.core.privileges import Uids
from bubuh.db.rights import write_whole
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.draw import SECRET_BYTES, DrawPlan, commitment, revealed
from bubuh.waitingroom.room_file import RoomFile, read_room_file
from bubuh.wiring.folder import DataFolder

draw = typer.Typer(no_args_is_help=True, help="A drawn order for those who join before the opening.")

_SECRET: Final = "draw.key"  # noqa: S105 - the name of a file


class DrawUnderWay(Refusal):
    """A draw was announced and is neither revealed nor given up."""

    code = "draw_under_way"


class NoDraw(Refusal):
    """No draw is under way."""

    code = "no_draw"


class DrawStillOpen(Refusal):
    """People still join the draw: a secret that is known now could be used by them."""

    code = "draw_still_open"


@draw.command("announce")
def announce_command(
    closes_at: Annotated[
        datetime,
        typer.Option(
            help="Who joins from then on queues behind the draw; with its zone.",
            formats=["%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"],
        ),
    ],
    says: Annotated[
        str, typer.Option(help="Which public value, known only after that, the order will come of.")
    ],
    lane: Annotated[list[str], typer.Option(help="A lane that is drawn; at most four.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Commit to a secret: who joins these lanes from now on waits for the draw."""
    present = read_room_file(room_folder())
    if present.draw is not None and not (present.draw.secret or present.draw.is_dropped):
        raise DrawUnderWay
    secret = secrets.token_bytes(SECRET_BYTES)
    write_whole(_secret_path(), secret.hex() + "\n", mode=0o600, uid=Uids.here().app)
    try:
        plan = msgspec.convert(
            {
                "lanes": [present.rules.by_name(name).id for name in lane],
                "commit": commitment(secret),
                "says": says,
                "closes_at": int(closes_at.timestamp()),
            },
            DrawPlan,
        )
    except msgspec.ValidationError as error:
        raise typer.BadParameter(str(error)) from error
    see_that_now_fits(present.rules, plan)
    _decide(present, plan, act="room.draw.announce", key=as_key, as_json=as_json)


@draw.command("reveal")
def reveal_command(
    value: Annotated[str, typer.Option(help="The public value, as its source writes it.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Publish secret and value: the gate draws within a second."""
    present, plan = _pending()
    if time.time() < plan.closes_at:
        raise DrawStillOpen(closes_at=plan.closes_at)
    secret = bytes.fromhex(_secret_path().read_text(encoding="ascii").strip())
    shown = revealed(plan, secret, value)
    _decide(present, shown, act="room.draw.reveal", key=as_key, as_json=as_json)


@draw.command("drop")
def drop_command(as_key: As = None, as_json: Json = False) -> None:
    """Give the draw up, where secret or value is lost: all stand as they joined, and the log says so."""
    present, plan = _pending()
    dropped = msgspec.structs.replace(plan, is_dropped=True)
    _decide(present, dropped, act="room.draw.drop", key=as_key, as_json=as_json)


def _pending() -> tuple[RoomFile, DrawPlan]:
    present = read_room_file(room_folder())
    plan = present.draw
    if plan is None or plan.secret or plan.is_dropped:
        raise NoDraw
    return present, plan


def _decide(present: RoomFile, plan: DrawPlan, *, act: str, key: str | None, as_json: bool) -> None:
    """The plan stays public under a name of its own, also when another draw follows."""
    decide(msgspec.structs.replace(present, draw=plan), act=act, key=key, as_json=as_json)
    path = room_folder() / "public" / f"draw-{plan.start.hex()}.json"
    write_whole(path, msgspec.json.encode(plan).decode() + "\n", mode=0o644, uid=Uids.here().app)


def _secret_path() -> Path:
    return DataFolder(data_folder(Settings.from_env())).secrets / _SECRET
