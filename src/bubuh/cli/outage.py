"""`bubuh outage`: declare that something fails, say more of it, close it, and fetch the signed record."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bubuh.cli.moments import read_moment
from bubuh.cli.output import PEOPLE, Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.clock import utc_now
from bubuh.core.ids import read_id, show_id
from bubuh.db.pool import Database
from bubuh.outages.declare import close_outage, open_outage, update_outage
from bubuh.outages.model import Function, Outage, Said, facts_of
from bubuh.outages.refusals import OutageUnknown
from bubuh.outages.store import list_since
from bubuh.statements.model import Kind
from bubuh.statements.store import newest_signed
from bubuh.wiring.facts import read_facts

outage = typer.Typer(no_args_is_help=True, help="What fails: declared in words, signed for the payers.")

Which = Annotated[str, typer.Argument(metavar="OUTAGE", help="out_…")]
Indonesian = Annotated[str, typer.Option("--id", help="What people are told, in Indonesian.")]
English = Annotated[str, typer.Option("--en", help="The same in English.")]
Next = Annotated[
    int | None, typer.Option("--next", min=1, max=24 * 60, help="Minutes until there is more to say.")
]
_LISTED = timedelta(days=90)


@outage.command("open")
def open_command(
    functions: Annotated[list[Function], typer.Argument(help="What fails; several may be named.")],
    indonesian: Indonesian,
    english: English,
    next_min: Next = None,
    began: Annotated[
        str | None, typer.Option(help="When it began, as 2026-11-23T01:30+07:00; default: now.")
    ] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Declare that something fails. The status page tells it; its signed record comes soon after."""
    act = partial(
        open_outage,
        functions=set(functions),
        began_at=read_moment(began),
        said=_said(indonesian, english, next_min),
    )
    _declare(act, as_key=as_key, as_json=as_json)


@outage.command("update")
def update_command(
    which: Which,
    indonesian: Indonesian,
    english: English,
    next_min: Next = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Say more of an outage that is open."""
    said = _said(indonesian, english, next_min)
    _declare(
        partial(update_outage, outage_id=read_id("out", which), said=said), as_key=as_key, as_json=as_json
    )


@outage.command("close")
def close_command(
    which: Which,
    indonesian: Indonesian,
    english: English,
    ended: Annotated[
        str | None, typer.Option(help="When it was over, as 2026-11-23T04:00+07:00; default: now.")
    ] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Say that an outage is over. Nothing more is said of it then."""
    act = partial(
        close_outage,
        outage_id=read_id("out", which),
        ended_at=read_moment(ended),
        said=_said(indonesian, english, None),
    )
    _declare(act, as_key=as_key, as_json=as_json)


@outage.command("list")
def list_command(as_json: Json = False) -> None:
    """Outages that are open, and those of the last 90 days."""

    async def act(db: Database) -> list[Outage]:
        return await list_since(db, utc_now() - _LISTED)

    found = with_database(act)
    if as_json:
        answer({"outages": [facts_of(each) for each in found]}, as_json=True)
        return
    for each in found:
        PEOPLE.print(_in_words(each))
    if not found:
        PEOPLE.print("none")


@outage.command("record")
def record_command(
    which: Which,
    folder: Annotated[
        Path, typer.Option("--to", file_okay=False, help="A folder for the record and its signature.")
    ] = Path(),
    as_json: Json = False,
) -> None:
    """Write the signed record: OUTAGE.json and OUTAGE.p7s, which openssl can hold against each other."""
    signed = with_database(lambda db: newest_signed(db, Kind.OUTAGE, read_id("out", which)))
    if signed is None:
        raise OutageUnknown
    record, signature = folder / f"{which}.json", folder / f"{which}.p7s"
    folder.mkdir(parents=True, exist_ok=True)
    record.write_bytes(signed.statement.facts)
    signature.write_bytes(signed.signature)
    facts = {"record": str(record), "signature": str(signature), "signed_at": signed.signed_at}
    answer(facts, as_json=as_json)


def _declare(act: Callable[..., Awaitable[Outage]], *, as_key: str | None, as_json: bool) -> None:
    """Have an operator's word of an outage written in one transaction, and show what stands then."""

    async def declare(db: Database) -> Outage:
        actor = await acting_operator(db, as_key)
        issuer = (await read_facts(db)).public_url
        async with db.transaction() as conn:
            return await act(conn, actor=actor, issuer=issuer)

    changed = with_database(declare)
    answer(facts_of(changed), as_json=as_json, words=_in_words(changed))


def _in_words(each: Outage) -> str:
    state = "[green]over[/green]" if each.is_over else "[red]open[/red]"
    newest = each.updates[-1]
    return (
        f"{show_id('out', each.id)}  {state}  {', '.join(sorted(each.functions))}  "
        f"since {each.began_at:%Y-%m-%d %H:%M}Z  {newest.said.english}"
    )


def _said(indonesian: str, english: str, next_min: int | None) -> Said:
    promised = None if next_min is None else utc_now() + timedelta(minutes=next_min)
    return Said(indonesian=indonesian, english=english, next_update_at=promised)
