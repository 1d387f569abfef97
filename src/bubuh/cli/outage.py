"""`bubuh outage`: declare that something fails, say more of it, close it, and fetch the signed record."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from bubuh.cli.moments import read_moment
from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.clock import utc_now
from bubuh.core.errors import DatabaseUnavailable, Fault
from bubuh.core.ids import THE_SERVICE, fresh_id, read_id, show_id
from bubuh.core.privileges import Uids
from bubuh.db.pool import Database
from bubuh.identity.model import Environment
from bubuh.identity.refusals import KeyRefused
from bubuh.identity.secret import hash_secret, opens
from bubuh.outages.declare import check_said
from bubuh.outages.kept import Act, Kept, Shelf
from bubuh.outages.model import Function, Outage, Said, Word, facts_of
from bubuh.outages.refusals import OutageTimesWrong, OutageUnknown
from bubuh.outages.store import list_since
from bubuh.outages.take_in import declare
from bubuh.settings import Settings, data_folder
from bubuh.statements.model import Kind
from bubuh.statements.store import newest_signed
from bubuh.wiring.facts import read_facts
from bubuh.wiring.folder import WORD_KEY, DataFolder

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
    word = _word(indonesian, english, next_min)
    named = sorted(set(functions))
    kept = Kept(act=Act.OPEN, outage=word.id, word=word, functions=named, began_at=read_moment(began))
    _declare(kept, as_key=as_key, as_json=as_json)


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
    word = _word(indonesian, english, next_min)
    kept = Kept(act=Act.UPDATE, outage=read_id("out", which), word=word)
    _declare(kept, as_key=as_key, as_json=as_json)


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
    word, ended_at = _word(indonesian, english, None), read_moment(ended)
    kept = Kept(act=Act.CLOSE, outage=read_id("out", which), word=word, ended_at=ended_at)
    _declare(kept, as_key=as_key, as_json=as_json)


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


def _declare(kept: Kept, *, as_key: str | None, as_json: bool) -> None:
    """Have an operator's word of an outage written in one transaction, and show what stands then.

    Where the database does not answer, or its answer is lost, the word is kept in a file by the same id.
    """

    async def act(db: Database) -> Outage:
        actor = await acting_operator(db, as_key)
        issuer = (await read_facts(db)).public_url
        async with db.transaction() as conn:
            return await declare(conn, kept, actor=actor, issuer=issuer)

    try:
        changed = with_database(act)
    except DatabaseUnavailable as fault:
        _keep(kept, as_key, fault, as_json=as_json)
        return
    answer(facts_of(changed), as_json=as_json, words=_in_words(changed))


def _keep(kept: Kept, as_key: str | None, fault: Fault, *, as_json: bool) -> None:
    """Leave the word where the status process finds it; raises what can be refused without the database.

    Raises `fault` itself where this machine has no status page.
    """
    folder, uid = DataFolder(data_folder(Settings.from_env())), Uids.here().app
    if not folder.status.is_dir():
        raise fault
    if as_key is not None and not any(opens(as_key, environment) for environment in Environment):
        raise KeyRefused
    said_at = utc_now()
    for which, moment in (("began_at", kept.began_at), ("ended_at", kept.ended_at)):
        if moment is not None and moment > said_at:
            raise OutageTimesWrong(which=which)
    bearer = None if as_key is None else hash_secret(as_key).hex()
    word = replace(kept.word, said_at=said_at)
    shelf = Shelf(folder.status, folder.secret(WORD_KEY, uid))
    path = shelf.keep(msgspec.structs.replace(kept, word=word, bearer=bearer), uid=uid)
    shown = show_id("out", kept.outage)
    facts = {"id": shown, "act": str(kept.act), "said_at": said_at, "kept_in": str(path)}
    ASIDE.print(f"[yellow]{fault.code}[/yellow]  the word is kept until the database is back")
    answer(facts, as_json=as_json, words=f"{shown}  kept  {kept.word.said.english}")


def _in_words(each: Outage) -> str:
    state = "[green]over[/green]" if each.is_over else "[red]open[/red]"
    newest = each.updates[-1]
    return (
        f"{show_id('out', each.id)}  {state}  {', '.join(sorted(each.functions))}  "
        f"since {each.began_at:%Y-%m-%d %H:%M}Z  {newest.said.english}"
    )


def _word(indonesian: str, english: str, next_min: int | None) -> Word:
    """The word, if it can be said: nobody waits for a database to hear that it cannot."""
    promised = None if next_min is None else utc_now() + timedelta(minutes=next_min)
    said = Said(indonesian=indonesian, english=english, next_update_at=promised)
    check_said(said, utc_now())
    return Word(id=fresh_id(THE_SERVICE), said=said)
