"""`bubuh brownout`: see at which level the service runs, hold it at one, let it go again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import httpx
import typer

from bubuh.audit.record import record
from bubuh.cli.output import Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import THE_SERVICE
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.edge.brownout import Hold
from bubuh.settings import NotRunning, RunFile, Settings, data_folder
from bubuh.status.scrape import level, read_numbers
from bubuh.wiring.folder import DataFolder

brownout = typer.Typer(no_args_is_help=True, help="What is left off under load, so that the rest goes on.")

_PATIENCE_S = 3.0


@brownout.command("show")
def show_command(as_json: Json = False) -> None:
    """What is held, and at which level the running service is."""
    _show(Hold.read(_folder().room), as_json=as_json)


@brownout.command("hold")
def hold_command(
    wanted: Annotated[
        int,
        typer.Argument(
            min=0,
            max=4,
            metavar="LEVEL",
            help="0 all on, 1 histories from memory, 2 buying queues, 3 no buying, 4 files only.",
        ),
    ],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Keep the service at LEVEL whatever the load; the site follows within a second."""
    _decide(Hold(level=wanted), act="brownout.hold", key=as_key, as_json=as_json)


@brownout.command("release")
def release_command(as_key: As = None, as_json: Json = False) -> None:
    """Let the service find its level by itself again."""
    _decide(Hold(), act="brownout.release", key=as_key, as_json=as_json)


def _decide(hold: Hold, *, act: str, key: str | None, as_json: bool) -> None:
    """Audited first: an act that was recorded and not done can be seen and repeated, the reverse cannot."""

    async def recorded(db: Database) -> None:
        actor = await acting_operator(db, key)
        async with db.transaction() as conn:
            await record(conn, account_id=THE_SERVICE, act=act, actor=actor, facts={"level": hold.level})

    with_database(recorded)
    hold.write(_folder().room, uid=Uids.here().app)
    _show(hold, as_json=as_json)


def _show(hold: Hold, *, as_json: bool) -> None:
    answer({"held": hold.level, "now": _level_now(_folder().path)}, as_json=as_json)


def _level_now(data: Path) -> int | None:
    """What the site's process tells; None: it does not answer."""
    try:
        told = httpx.get(f"{RunFile.read(data).metrics['web']}/metrics", timeout=_PATIENCE_S)
    except (NotRunning, KeyError, httpx.HTTPError):
        return None
    return level(read_numbers(told.text).items())


def _folder() -> DataFolder:
    return DataFolder(data_folder(Settings.from_env()))
