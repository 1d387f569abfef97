"""`bubuh room lane`: lanes for customers and partners whom the operator names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from bubuh.cli.output import Json, answer
from bubuh.cli.room_file import room_folder
from bubuh.cli.room_rules import see_that_now_fits, settle_lanes, settled
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import read_account, show_account
from bubuh.db.pool import Database
from bubuh.deadlines import store as deadlines
from bubuh.lanes import store
from bubuh.lanes.model import NamedLane, NewLane
from bubuh.lanes.name import name_accounts, unname_accounts
from bubuh.lanes.open import close_lane, open_lane
from bubuh.waitingroom.lanes import LaneKind
from bubuh.waitingroom.room_file import read_room_file

lane = typer.Typer(no_args_is_help=True, help="Lanes for customers and partners whom you name.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The lane's name.")]
Accounts = Annotated[list[str], typer.Argument(metavar="ACCOUNT...", help="acc_…")]


class Whose(StrEnum):
    """For whom a lane is."""

    GROUP = "group"
    PARTNER = "partner"


@lane.command("open")
def open_command(
    name: Name,
    title: Annotated[str, typer.Option(help="What people know it as.")],
    kind: Annotated[
        Whose, typer.Option(help="While a partner's is open, programs queue as people do.")
    ] = Whose.GROUP,
    floor: Annotated[
        float, typer.Option(min=0, max=1, help="The part of all people that it gets first.")
    ] = 0.0,
    ceiling: Annotated[float, typer.Option(min=0, max=1, help="The part that it never exceeds.")] = 1.0,
    weight: Annotated[float, typer.Option(min=0.01, help="Its part of what is left over.")] = 1.0,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Open a lane; on an open one, change it. Who may stand there is named apart."""
    wanted = NewLane(
        name=name, kind=LaneKind(kind), title=title.strip(), floor=floor, ceiling=ceiling, weight=weight
    )
    present = read_room_file(room_folder())

    async def act(db: Database) -> NamedLane:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            taken = {deadline.slug for deadline in await deadlines.list_all(conn)}
            rules = await settled(conn, present.rules)
            opened = await open_lane(conn, wanted, rules=rules, taken=taken, actor=actor)
            see_that_now_fits(await settled(conn, present.rules), present.draw)
            return opened

    opened = with_database(act)
    settle_lanes(anew=opened.lane_id)
    _show(opened.name, as_json=as_json)


@lane.command("close")
def close_command(name: Name, as_key: As = None, as_json: Json = False) -> None:
    """Take nobody in any more, and call nobody; its name and who is named are kept."""

    async def act(db: Database) -> NamedLane:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await close_lane(conn, name, actor=actor)

    with_database(act)
    settle_lanes()
    _show(name, as_json=as_json)


@lane.command("name")
def name_command(name: Name, accounts: Accounts, as_key: As = None, as_json: Json = False) -> None:
    """Let these accounts stand in the lane."""
    wanted = sorted({read_account(account) for account in accounts})

    async def act(db: Database) -> NamedLane:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await name_accounts(conn, name, wanted, actor=actor)

    with_database(act)
    _show(name, as_json=as_json)


@lane.command("unname")
def unname_command(name: Name, accounts: Accounts, as_key: As = None, as_json: Json = False) -> None:
    """Let these accounts stand there no more. Turns that they have stay good."""
    wanted = sorted({read_account(account) for account in accounts})

    async def act(db: Database) -> NamedLane:
        actor = await acting_operator(db, as_key)
        async with db.transaction() as conn:
            return await unname_accounts(conn, name, wanted, actor=actor)

    with_database(act)
    _show(name, as_json=as_json)


@lane.command("list")
def list_command(as_json: Json = False) -> None:
    """All lanes, and who is named. Puts back a lane that the room's file lost."""
    found = with_database(_facts)
    settle_lanes()
    if as_json:
        answer({"lanes": found}, as_json=True)
        return
    for facts in found:
        answer(facts, as_json=False)


async def _facts(db: Database) -> list[dict[str, object]]:
    return [await _facts_of(db, one) for one in await store.list_all(db)]


async def _facts_of(db: Database, one: NamedLane) -> dict[str, object]:
    return {
        "name": one.name,
        "kind": str(one.kind),
        "title": one.title,
        "lane": one.lane_id,
        "floor": one.floor,
        "ceiling": one.ceiling,
        "weight": one.weight,
        "page": f"/jalur/{one.name}",
        "state": "open" if one.is_open else "closed",
        "accounts": [show_account(account_id) for account_id in await store.list_named(db, one.lane_id)],
    }


def _show(name: str, *, as_json: bool) -> None:
    found = [facts for facts in with_database(_facts) if facts["name"] == name]
    answer(found[0], as_json=as_json)
