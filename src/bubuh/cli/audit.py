"""`bubuh audit`: hold what must never change to the hashes that bind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

import typer
from rich.progress import Progress

from bubuh.audit.verify import verify_shard as verify_entries
from bubuh.cli.output import ASIDE, PEOPLE, Json, answer
from bubuh.cli.service import with_database
from bubuh.core.ids import show_account
from bubuh.core.shards import ALL_SHARDS, SHARDS
from bubuh.db.pool import Database
from bubuh.pdf.seal.keys import proves
from bubuh.quota.chain.heads import HeadBreak
from bubuh.quota.chain.model import Break
from bubuh.quota.chain.verify import verify_shard as verify_transfers
from bubuh.quota.chain.verify_heads import Proves, verify_heads
from bubuh.settings import Settings, data_folder
from bubuh.wiring.folder import DataFolder
from bubuh.wiring.keys import read_statement_chain

audit = typer.Typer(no_args_is_help=True, help="Audit: what must never change.")


@audit.callback()
def audit_group() -> None:
    """Audit: what must never change."""


@audit.command("verify")
def verify_command(as_json: Json = False) -> None:
    """Walk the chains over transfers and audit and their signed heads; exit 1 when one does not hold."""
    with ExitStack() as stack:
        bar = stack.enter_context(Progress(console=ASIDE, transient=True, disable=as_json))
        task = bar.add_task("shards", total=SHARDS)
        facts = with_database(lambda db: _walk(db, lambda: bar.advance(task)))
    breaks = facts["breaks"]
    assert isinstance(breaks, list)
    if as_json:
        answer(facts, as_json=True)
    else:
        PEOPLE.print("[red]not whole[/red]" if breaks else "[green]whole[/green]")
        PEOPLE.print(f"  {facts['transfers']} transfers in their chains, {facts['unlinked']} not yet")
        PEOPLE.print(f"  {facts['signed_heads']} signed heads")
        for found in breaks:
            PEOPLE.print("  " + ", ".join(f"{name} {value}" for name, value in found.items()))
    raise typer.Exit(code=1 if breaks else 0)


async def _walk(db: Database, walked: Callable[[], None]) -> dict[str, object]:
    """The signed heads and every shard's chains; what breaks first in a chain comes first."""
    breaks: list[Mapping[str, object]] = []
    transfers, unlinked = 0, 0
    signed, broken = await verify_heads(db, _statements())
    breaks += [_of_heads(found) for found in broken]
    for shard in ALL_SHARDS:
        chain = await verify_transfers(db, shard)
        transfers, unlinked = transfers + chain.transfers, unlinked + chain.unlinked
        breaks += [_of_transfers(found) for found in chain.breaks]
        breaks += [
            {"chain": "audit", "shard": found.shard, "kind": str(found.kind), "entry": found.no}
            for found in await verify_entries(db, shard)
        ]
        walked()
    return {
        "whole": not breaks,
        "transfers": transfers,
        "unlinked": unlinked,
        "signed_heads": signed,
        "breaks": breaks,
    }


def _statements() -> Proves:
    """Holds signatures to the data folder's statement certificate; none is believed without it."""
    folder = DataFolder(data_folder(Settings.from_env()))
    chain = read_statement_chain(folder)

    def proves_(signature: bytes, message: bytes, key_id: str) -> bool:
        if chain is None or key_id != chain.key_id:
            return False
        return proves(signature, message, chain.seal_certificate)

    return proves_


def _of_heads(found: HeadBreak) -> dict[str, object]:
    facts = {
        "chain": "heads",
        "head": found.no,
        "kind": str(found.kind),
        "shard": found.shard,
        "link": found.link,
    }
    return {name: value for name, value in facts.items() if value is not None}


def _of_transfers(found: Break) -> dict[str, object]:
    """A break as it is shown: only what is known of it."""
    facts = {
        "chain": "transfers",
        "shard": found.shard,
        "kind": str(found.kind),
        "link": found.link,
        "account": None if found.account_id is None else show_account(found.account_id),
        "transfer": found.no,
        "ref": None if found.ref is None else str(found.ref),
    }
    return {name: value for name, value in facts.items() if value is not None}
