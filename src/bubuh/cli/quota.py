"""`bubuh quota`: give stamps, show what an account has, hold the books to their invariants."""

from __future__ import annotations

from typing import Annotated

import typer

from bubuh.adapters.object_store import LocalObjects
from bubuh.audit.record import record
from bubuh.cli.output import PEOPLE, Json, answer
from bubuh.cli.service import As, acting_operator, with_database
from bubuh.core.ids import derived_id, fresh_id, read_account, show_account, show_id
from bubuh.db.pool import Database
from bubuh.documents.check import StoredRevisions
from bubuh.quota.allot import allot
from bubuh.quota.look_over import look_over
from bubuh.quota.reconcile import Report
from bubuh.quota.show import show_quota
from bubuh.quota.transfer import find_sent, transfer
from bubuh.settings import Settings, data_folder
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.parts import read_store_key

quota = typer.Typer(no_args_is_help=True, help="Quota: prepaid stamps.")


@quota.command("allot")
def allot_command(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", help="acc_…")],
    stamps: Annotated[int, typer.Argument(min=1, help="How many.")],
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Give an account STAMPS, minted by the authority."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        wanted = read_account(account_id)
        ref = fresh_id(wanted)
        async with db.transaction() as conn:
            result = await allot(conn, ref=ref, account_id=wanted, stamps=stamps, actor=actor)
        return {"id": show_id("alt", ref), "free": result.free, "held": result.held}

    answer(with_database(act), as_json=as_json)


@quota.command("transfer")
def transfer_command(
    giver: Annotated[str, typer.Argument(metavar="GIVER", help="acc_…")],
    receiver: Annotated[str, typer.Argument(metavar="RECEIVER", help="acc_…")],
    stamps: Annotated[int, typer.Argument(min=1, help="How many.")],
    key: Annotated[str | None, typer.Option(help="The same key again sends nothing more.")] = None,
    as_key: As = None,
    as_json: Json = False,
) -> None:
    """Move STAMPS from one account to another. They arrive by themselves, as a rule within seconds."""

    async def act(db: Database) -> dict[str, object]:
        actor = await acting_operator(db, as_key)
        sender = read_account(giver)
        ref = fresh_id(sender) if key is None else derived_id(sender, "bubuh quota transfer", key)
        async with db.transaction() as conn:
            result = await transfer(
                conn, ref=ref, giver=sender, receiver=read_account(receiver), stamps=stamps, actor=actor
            )
            facts = {"transfer": show_id("trf", ref), "receiver": receiver, "stamps": stamps}
            if not result.replayed:
                await record(conn, account_id=sender, act="quota.transfer", actor=actor, facts=facts)
            sent = await find_sent(conn, sender, ref)
        return {
            "id": show_id("trf", ref),
            "state": "in_transit" if sent.arrived_at is None else "arrived",
            "free": result.free,
            "replayed": result.replayed,
        }

    answer(with_database(act), as_json=as_json)


@quota.command("show")
def show_command(
    account_id: Annotated[str, typer.Argument(metavar="ACCOUNT", help="acc_…")], as_json: Json = False
) -> None:
    """What an account has now."""

    async def act(db: Database) -> dict[str, object]:
        balance = await show_quota(db, read_account(account_id))
        share = balance.share
        return {
            "free": balance.free,
            "held": balance.held,
            "used": balance.used,
            "in_transit": balance.in_transit,
            "frozen": balance.frozen,
            **({} if share is None else {"parent": show_account(share.parent_id), "limit": share.limit}),
        }

    answer(with_database(act), as_json=as_json)


@quota.command("reconcile")
def reconcile_command(
    full: Annotated[bool, typer.Option("--full", help="Read every stored document too.")] = False,
    as_json: Json = False,
) -> None:
    """Hold every row of money to every invariant; exit 1 when anything differs, and freeze whose it is."""

    async def act(db: Database) -> Report:
        wait_s = float(Settings.from_env().accept_wait)
        return await look_over(db, revisions=_stored(db) if full else None, accept_wait_s=wait_s)

    report = with_database(act, size=2)
    differences = [f"{found.invariant}: {found}" for found in report.differences]
    facts = {"balanced": report.balanced, "differences": differences}
    if as_json:
        answer(facts, as_json=True)
    else:
        PEOPLE.print("[green]balanced[/green]" if report.balanced else "[red]not balanced[/red]")
        for difference in differences:
            PEOPLE.print(f"  {difference}")
    raise typer.Exit(code=0 if report.balanced else 1)


def _stored(db: Database) -> StoredRevisions:
    """The documents of this machine's data folder."""
    folder = DataFolder(data_folder(Settings.from_env()))
    return StoredRevisions(db=db, objects=LocalObjects(folder.objects), store_key=read_store_key(folder))
