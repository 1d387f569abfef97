"""`bubuh deadline`: register an agency's deadline, look at it, close it; and hash the agency's list."""

from __future__ import annotations

import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from bubuh.cli.moments import read_moment
from bubuh.cli.output import Json, answer
from bubuh.cli.room_rules import see_that_now_fits, settle_lanes, settled
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.clock import utc_now
from bubuh.db.pool import Database
from bubuh.deadlines import store
from bubuh.deadlines.model import Deadline, Eligibility, NewDeadline, is_plain, is_salt, mark_of, read_list
from bubuh.deadlines.refusals import DeadlineUnknown
from bubuh.deadlines.register import close, register
from bubuh.edge.figures import moment
from bubuh.identity.people.keys import PersonKey
from bubuh.lanes import store as named_lanes
from bubuh.settings import Settings, data_folder
from bubuh.waitingroom.room_file import read_room_file
from bubuh.wiring.folder import DataFolder

deadline = typer.Typer(no_args_is_help=True, help="Deadlines of agencies: each with a lane and a page.")

Slug = Annotated[str, typer.Argument(metavar="SLUG", help="Its lane's name, and its page's.")]


@deadline.command("register")
def register_command(
    slug: Slug,
    name: Annotated[str, typer.Option(help="What people know it as.")],
    agency: Annotated[str, typer.Option(help="Whose it is.")],
    at: Annotated[str, typer.Option(help="The deadline, as 2026-11-23T23:59+07:00.")],
    listed: Annotated[
        Path | None,
        typer.Option("--list", exists=True, dir_okay=False, help="Salted hashes of who is eligible."),
    ] = None,
    salt: Annotated[str | None, typer.Option(help="What the hashes were salted with.")] = None,
    expected: Annotated[int, typer.Option(min=0, help="People expected in all; 0: nobody knows.")] = 0,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Register a deadline and open its lane. Without --list people declare that they are eligible."""
    marks = [] if listed is None else read_list(listed.read_text(encoding="utf-8", errors="replace"))
    until = read_moment(at)
    assert until is not None
    wanted = NewDeadline(
        slug=slug,
        name=name.strip(),
        agency=agency.strip(),
        at=until,
        eligibility=Eligibility.DECLARED if listed is None else Eligibility.LIST,
        salt=salt,
        expected=expected or len(marks),
    )
    present = read_room_file(_folder().room)

    async def act(db: Database) -> Deadline:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            registered = await register(
                conn,
                wanted,
                marks,
                person_key=_person_key(),
                lanes=(await settled(conn, present.rules)).lanes,
                taken={lane.name for lane in await named_lanes.list_all(conn)},
                now=utc_now(),
                actor=actor,
            )
            see_that_now_fits(await settled(conn, present.rules), present.draw)
            return registered

    made = with_database(act)
    settle_lanes()
    _show(made, len(marks), as_json=as_json)


@deadline.command("close")
def close_command(slug: Slug, as_key: As = None, as_json: Json = False) -> None:
    """Take no more people in, and call nobody of its lane. Proofs of turn can still be asked for."""

    async def act(db: Database) -> Deadline:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await close(conn, slug, actor=actor)

    closed = with_database(act)
    settle_lanes()
    _show(closed, None, as_json=as_json)


@deadline.command("show")
def show_command(
    slug: Annotated[str | None, typer.Argument(metavar="SLUG", help="One; default: all.")] = None,
    as_json: Json = False,
) -> None:
    """What is registered, and how many may stand in its lane. Puts back a lane that the room's file lost."""

    async def act(db: Database) -> list[tuple[Deadline, int]]:
        found = [one for one in await store.list_all(db) if slug in {None, one.slug}]
        return [(one, await store.count_entries(db, one.id)) for one in found]

    found = with_database(act)
    if slug is not None and not found:
        raise DeadlineUnknown
    settle_lanes()
    if as_json:
        answer({"deadlines": [_facts(one, entries) for one, entries in found]}, as_json=True)
        return
    for one, entries in found:
        _show(one, entries, as_json=False)


@deadline.command("hash")
def hash_command(
    salt: Annotated[str | None, typer.Option(help="16 to 64 letters, digits; default: fresh.")] = None,
) -> None:
    """For the agency: read numbers of participants, one a line, and write what `register --list` reads.

    Nothing but hashes is written; the salt is told on the side, when it is a fresh one.
    """
    chosen = secrets.token_urlsafe(24) if salt is None else salt
    if not is_salt(chosen):
        raise typer.BadParameter("16 to 64 letters, digits, _ and -", param_hint="--salt")
    if salt is None:
        typer.echo(f"salt: {chosen}", err=True)
    for line in sys.stdin:
        if is_plain(line):
            typer.echo(mark_of(chosen, line))


def _show(one: Deadline, entries: int | None, *, as_json: bool) -> None:
    answer(_facts(one, entries), as_json=as_json)


def _facts(one: Deadline, entries: int | None) -> dict[str, object]:
    state = "open" if one.is_open else "closed"
    facts: dict[str, object] = {
        "slug": one.slug,
        "name": one.name,
        "agency": one.agency,
        "at": one.at,
        "wib": moment(one.at),
        "eligibility": str(one.eligibility),
        "lane": one.lane_id,
        "page": f"/jalur/{one.slug}",
        "state": state,
    }
    return facts if entries is None else facts | {"entries": entries}


def _person_key() -> PersonKey:
    return PersonKey(_folder().read_secret("person.key"))


def _folder() -> DataFolder:
    return DataFolder(data_folder(Settings.from_env()))
